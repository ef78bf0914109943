package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/e2e/browser"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
)

// portal is what a provider's own portal shows of a payment.
func (w *world) portal(gateway, ref string) string {
	w.t.Helper()
	s := w.shopper()
	if status := s.ask(http.MethodGet, w.box+"/_sandbox/portal/"+gateway+"/"+ref, nil); status != http.StatusOK {
		w.t.Fatalf("the portal of %s answers %d about %s", gateway, status, ref)
	}
	return strings.Join(strings.Fields(s.page.Find("body").Text()), " ")
}

// desk is somebody at a browser, at the page of an order.
type desk struct {
	*world
	tab  *browser.Tab
	done int // operations that have ended well
}

// does opens the form of an action, fills it in, sends it and waits until it is done.
func (d *desk) does(action, fill string) {
	d.t.Helper()
	form := fmt.Sprintf(`form[action$="/%s"]`, action)
	d.tab.Click(fmt.Sprintf(`a[href$="/%s/new"]`, action))
	d.tab.WaitFor(form + ` button.go, ` + form + ` button.danger`)
	browser.Eval[bool](d.tab, fmt.Sprintf(`(() => {
		const form = document.querySelector(%q);
		const set = (name, value) => {
			for (const field of form.querySelectorAll(name)) {
				if (field.type === "radio") { if (field.value === value) field.click(); continue; }
				field.value = value;
				field.dispatchEvent(new Event("input", {bubbles: true}));
				field.dispatchEvent(new Event("change", {bubbles: true}));
			}
		};
		%s
		return true;
	})()`, form, fill))
	d.shot(d.t.Name() + "-" + action)
	time.Sleep(700 * time.Millisecond) // as long as the form waits before it asks what pressing will do
	d.tab.WaitUntil(`!document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling")`)
	d.tab.Click(form + ` button.go, ` + form + ` button.danger`)
	d.done++
	d.tab.WaitUntil(fmt.Sprintf(`document.querySelectorAll('[data-operation][data-state="succeeded"]').length == %d || document.querySelector('dialog[open] [role="alert"]')`, d.done))
	if said := browser.Eval[string](d.tab, `document.querySelector('dialog[open] [role="alert"]')?.innerText ?? ""`); said != "" {
		d.t.Fatalf("%s: %s", action, said)
	}
}

// sees says which of these texts the page lacks.
func (d *desk) sees(texts ...string) {
	d.t.Helper()
	d.tab.Open(d.tab.URL())
	shown := strings.Join(strings.Fields(d.tab.Text("main")), " ")
	for _, text := range texts {
		if !strings.Contains(shown, text) {
			d.t.Errorf("the page of the order does not say %q: %s", text, shown)
		}
	}
	for _, v := range d.tab.Axe() {
		d.t.Errorf("the page of the order: %s", v)
	}
}

func (d *desk) shot(name string) {
	if *shots == "" {
		return
	}
	name = strings.NewReplacer("/", "-", "Test", "").Replace(name)
	d.tab.Screenshot(filepath.Join(*shots, name+"-1440.png"), 1440, 900, false)
	d.tab.Screenshot(filepath.Join(*shots, name+"-390-dark.png"), 390, 844, true)
	d.tab.Dark(false)
	d.tab.Size(1440, 900)
}

// bought is an order that its buyer has paid at the provider's page, and the provider's id of the payment.
func (w *world) bought(store int64, gateway, currency, country, outcome, want string) (order int64, ref string) {
	w.t.Helper()
	order = w.unpaid(store, gateway, currency, country)
	w.shopper().pay(w.link(order), outcome)
	w.paymentOf(order, want)
	w.scan(&ref, `SELECT ref FROM payments WHERE order_id = $1`, order)
	return order, ref
}

// TestGatewayJourneys takes orders from the provider's pay page through everything a store does with them, in a
// browser, and compares the page with the provider's own portal.
func TestGatewayJourneys(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	if b == nil {
		return
	}
	w := newWorld(t)
	w.creditHere()
	tab := b.Tab(t)
	tab.Size(1440, 900)
	w.open(tab, "owner@ruosh.example", "/sales/orders")
	begin := func(t *testing.T, order int64) *desk {
		t.Helper()
		d := &desk{world: w, tab: tab}
		tab.Open(fmt.Sprintf("%s/sales/orders/%d", w.base, order))
		return d
	}
	step := func(name string, do func(t *testing.T)) {
		t.Run(name, func(t *testing.T) {
			was := w.t
			w.t = t
			defer func() { w.t = was }()
			do(t)
		})
	}
	step("Klarna", func(t *testing.T) {
		order, ref := w.bought(cast.Nordisk, "klarna", "SEK", "SE", "pay", "pending authorized 0")
		d := begin(t, order)
		d.sees("Authorized", "1,000.00", "Capture before")
		d.does("amount-updates", `set('[name^="line_"]', "1");`)
		d.sees("525.00", "The order now comes to 525.00 SEK: 1 instead of 2 × Lamp.")
		d.does("captures", ``)
		d.does("refunds", `set('[name="mode"]', "partial"); set('[name="amount"]', "25.00"); set('[name="reason"]', "returned");`)
		d.sees("Partially refunded", "500.00")
		d.shot("klarna-end")
		if here, there := w.booked(order), added(w.ledger("klarna", ref)); here != there || here != (books{0, 52500, 2500}) {
			t.Errorf("booked %+v, the ledger says %+v", here, there)
		}
		for _, text := range []string{"captured", "525.00", "25.00"} {
			if shown := w.portal("klarna", ref); !strings.Contains(shown, text) {
				t.Errorf("Klarna's portal does not say %q: %s", text, shown)
			}
		}
	})
	step("Svea", func(t *testing.T) {
		order, ref := w.bought(cast.Nordisk, "svea", "SEK", "SE", "pay", "pending authorized 0")
		d := begin(t, order)
		d.does("captures", ``)
		d.sees("1,000.00 SEK captured", "The money is drawn.")
		if shown := w.portal("svea", ref); !strings.Contains(strings.ToLower(shown), "delivered") {
			t.Errorf("Svea's portal does not say that it is delivered: %s", shown)
		}
		d.does("cancellations", ``)
		d.sees("Refunded")
		d.shot("svea-end")
		if here, there := w.booked(order), added(w.ledger("svea", ref)); here != there || here != (books{0, 100000, 100000}) {
			t.Errorf("booked %+v, the ledger says %+v", here, there)
		}
	})
	step("PayKeeper", func(t *testing.T) {
		hold := maps.Clone(cast.PayKeeper)
		hold["payment_action"] = "authorize"
		if _, err := w.db.SaveSettings(w.ctx, models.SettingsForm{StoreID: cast.Lavka, Gateway: "paykeeper", Mode: "test", Values: hold, Enabled: true, By: models.SystemActor}); err != nil {
			t.Fatal(err)
		}
		w.sandbox(http.MethodPost, "/_sandbox/merchants", map[string]any{"gateway": "paykeeper", "key_id": cast.PayKeeper["login"], "manual_capture": true}, nil)
		order, ref := w.bought(cast.Lavka, "paykeeper", "RUB", "RU", "pay", "pending authorized 0")
		d := begin(t, order)
		d.sees("Authorized", "Capture before")
		d.shot("paykeeper-held")
		d.does("captures", ``)
		d.sees("1,000.00 RUB captured", "The money is drawn.")
		if here, there := w.booked(order), added(w.ledger("paykeeper", ref)); here != there || here != (books{0, 100000, 0}) {
			t.Errorf("booked %+v, the ledger says %+v", here, there)
		}
		if shown := w.portal("paykeeper", ref); !strings.Contains(shown, "1000.00") {
			t.Errorf("PayKeeper's cabinet does not say 1000.00: %s", shown)
		}
	})
	w.sound(t)
}
