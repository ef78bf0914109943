// Package gallery shows every part of views/ui on pages like those of the product, for the eyes of
// whoever changes a part and for the tests that look at them in a browser.
package gallery

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/kartify/kartify/static"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/views/ui"
)

// Policy is the content security policy of the product's pages.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Handler serves the gallery.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/static/", static.Handler())
	for path, page := range map[string]templ.Component{
		"/{$}":           partsPage(),
		"/sales/orders":  ordersPage(orders(50)),
		"/sales/empty":   ordersPage(nil),
		"/sales/order":   orderPage(""),
		"/login":         loginPage(""),
		"/payment":       settingsPage(),
		"/refused-login": loginPage("The e-mail or the password is wrong."),
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { show(w, r, http.StatusOK, page) })
	}
	mux.HandleFunc("GET /keyboard", func(w http.ResponseWriter, r *http.Request) { show(w, r, http.StatusOK, views.KeyboardHelp()) })
	mux.HandleFunc("POST /refunds", refund)
	return mux
}

// refund refuses the first try and takes the one that says why.
func refund(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("reason") == "" {
		show(w, r, http.StatusUnprocessableEntity, paymentPanel("Say why the money goes back."))
		return
	}
	w.Header().Set("HX-Trigger", `{"toast":{"text":"Refund queued"}}`)
	show(w, r, http.StatusOK, refundedPanel())
}

func show(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", Policy)
	w.WriteHeader(status)
	if err := page.Render(r.Context(), w); err != nil {
		panic(err)
	}
}

var (
	ist = time.FixedZone("IST", 5*3600+1800)
	now = time.Date(2026, 11, 22, 18, 40, 0, 0, time.UTC)
)

func frame(title, active string, crumbs ...ui.Link) views.Frame {
	return views.Frame{
		Title:  title,
		Crumbs: append(crumbs, ui.Link{Label: title}),
		Active: active,
		CSRF:   "gallery",
		Test:   true,
		Finder: true,
		Person: &views.Person{Name: "Asha Verma", Email: "support@ruosh.example", Role: "Support"},
		Menu: []views.MenuGroup{
			{Label: "Sales", Icon: "receipt", Items: []views.MenuItem{
				{Label: "Orders", Path: "/sales/orders"},
				{Label: "Payments", Path: "/sales/payments"},
				{Label: "Limbo", Path: "/sales/limbo", Badge: "4"},
				{Label: "Reconciliation", Path: "/sales/reconciliations"},
			}},
			{Label: "Extensions", Icon: "puzzle", Items: []views.MenuItem{
				{Label: "Extensions", Children: []views.MenuItem{{Label: "Payment", Path: "/extensions/payment"}}},
				{Label: "Fynd payment extension", Path: "/extensions/fynd"},
			}},
			{Label: "Systems", Icon: "settings", Items: []views.MenuItem{
				{Label: "Order status actions", Path: "/system/order-status-actions"},
				{Label: "Tools", Children: []views.MenuItem{
					{Label: "Data Log", Path: "/system/tools/data-log"},
					{Label: "Fynd API", Children: []views.MenuItem{{Label: "GoFynd API", Path: "/system/tools/fynd-api/gofynd-api"}}},
				}},
				{Label: "Users", Path: "/system/users"},
				{Label: "Stores", Path: "/system/stores"},
				{Label: "Audit", Path: "/system/audit"},
				{Label: "Jobs", Path: "/system/jobs"},
			}},
		},
	}
}

// order is one row of the list, as text.
type order struct {
	id                                                  int
	partner, store, customer, status, event, pay, total string
	added, modified                                     time.Time
}

func orders(n int) []order {
	customers := strings.Split("Priya Nair|Сергей Иванов|Ola Nordmann|محمد الفارسي|Ravi Kumar|Anna Lindqvist|田中 さくら|=HYPERLINK(\"x\")|Maria dos Santos Albuquerque e Silva|Kabir Shah", "|")
	statuses := strings.Split("processing|complete|missing|shipped|refunded|pending|failed|partially_refunded|processed|cancelled", "|")
	events := strings.Split("PLACED|DELIVERY_DONE|PAYMENT_FAILED|BAG_PICKED|REFUND_DONE|PENDING|CANCELLED|REFUND_INITIATED|BAG_CONFIRMED|RTO_BAG_DELIVERED", "|")
	pays := strings.Split("Razorpay|CCAvenue|Klarna|Svea|PayKeeper", "|")
	totals := strings.Split("1,499.00 INR|12,08,300.00 INR|749.50 SEK|18,900 JPY|24.350 KWD|3 200,00 RUB", "|")
	list := make([]order, n)
	for i := range list {
		list[i] = order{
			id: 10482 - i, partner: fmt.Sprintf("FY6A%011d", 90817263544-int64(i)*7919), store: []string{"Ruosh", "Nordic", "Moskva"}[i%3],
			customer: customers[i%len(customers)], status: statuses[i*7%len(statuses)], event: events[i*7%len(events)],
			pay: pays[i%len(pays)], total: totals[i*5%len(totals)],
			added: now.Add(-time.Duration(i*i*13+4) * time.Minute), modified: now.Add(-time.Duration(i*i*5+1) * time.Minute),
		}
	}
	return list
}

func options(chosen int, labels ...string) []ui.Option {
	list := make([]ui.Option, len(labels))
	for i, label := range labels {
		list[i] = ui.Option{Value: strings.ToLower(label), Label: label, Chosen: i < chosen}
	}
	return list
}

func pageOf(rows int) string { return fmt.Sprintf("/sales/orders?limit=%d", rows) }
