package sandbox

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// shopOrder is what the order form of the test shop holds.
type shopOrder struct {
	Channel, Amount, Currency, Name, Email, Contact, Method, Mode string
}

// shopRoutes are a shop on Fynd in which a person places orders and pays them with an extension.
func (g *fynd) shopRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /_sandbox/fynd/shop", func(w http.ResponseWriter, _ *http.Request) {
		g.showShop(w, shopOrder{
			Amount: "499.00", Currency: "INR", Name: "Asha Rao", Email: "asha@buyer.example", Contact: "+919812345678", Method: "CARD", Mode: "test",
		}, "")
	})
	mux.HandleFunc("POST /_sandbox/fynd/shop", g.placeOrder)
	mux.HandleFunc("GET /_sandbox/fynd/shop/success", func(w http.ResponseWriter, r *http.Request) { g.showReceipt(w, r, true) })
	mux.HandleFunc("GET /_sandbox/fynd/shop/cancel", func(w http.ResponseWriter, r *http.Request) { g.showReceipt(w, r, false) })
}

// shopChannel is a sales channel that the shop can sell in.
type shopChannel struct{ Value, Name string }

func (g *fynd) showShop(w http.ResponseWriter, in shopOrder, problem string) {
	g.s.mu.Lock()
	var channels []shopChannel
	for key, e := range g.extensions.oldest() {
		for _, ch := range e.Channels {
			channels = append(channels, shopChannel{
				strings.Join([]string{key, ch.Company, ch.Application}, "/"),
				cmp.Or(ch.ApplicationName, ch.Application) + ", paid with " + e.Name,
			})
		}
	}
	g.s.mu.Unlock()
	status := http.StatusOK
	if problem != "" {
		status = http.StatusUnprocessableEntity
	}
	var methods []fact
	for _, code := range slices.Sorted(maps.Keys(fyndMethods)) {
		methods = append(methods, fact{code, fyndMethods[code]})
	}
	write(w, page("fynd_shop.html", status, map[string]any{
		"Title": "Test shop", "In": in, "Channels": channels, "Problem": problem, "Methods": methods,
	}))
}

// placeOrder asks the extension for the payment of a new order and takes the buyer there.
func (g *fynd) placeOrder(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		write(w, sentence(http.StatusBadRequest, "Not ordered", "The form cannot be read."))
		return
	}
	f := r.PostForm
	in := shopOrder{
		f.Get("channel"), strings.TrimSpace(f.Get("amount")), f.Get("currency"), f.Get("name"), f.Get("email"), f.Get("contact"), f.Get("method"), f.Get("mode"),
	}
	amount, ok := minorUnits(in.Amount, in.Currency)
	if !ok || amount == 0 {
		g.showShop(w, in, in.Amount+" is no amount in "+in.Currency+".")
		return
	}
	where := strings.SplitN(in.Channel+"//", "/", 4)
	out, err := g.purchase(fyndPurchase{
		asking:  asking{Key: where[0]},
		Company: where[1], Application: where[2], AmountMinor: amount, Currency: in.Currency, Mode: in.Mode,
		Name: in.Name, Email: in.Email, Contact: in.Contact, Method: in.Method,
	}, "http://"+r.Host)
	var said struct {
		Redirect string `json:"redirect_url"`
	}
	if err == nil {
		err = out.Answers[0].says(&said)
	}
	if err == nil {
		err = g.s.journal.sync()
	}
	switch {
	case err != nil:
		g.showShop(w, in, "The order cannot be paid: "+strings.TrimSuffix(err.Error(), ".")+".")
	case !webAddress(said.Redirect) || said.Redirect == "":
		g.showShop(w, in, "The order cannot be paid: the extension does not say where.")
	default:
		http.Redirect(w, r, said.Redirect, http.StatusSeeOther)
	}
}

// showReceipt is where a buyer comes back to, and what Fynd knows by then.
func (g *fynd) showReceipt(w http.ResponseWriter, r *http.Request, paid bool) {
	q := r.URL.Query()
	var query []fact
	for _, name := range slices.Sorted(maps.Keys(q)) {
		query = append(query, fact{name, strings.Join(q[name], ", ")})
	}
	data := map[string]any{"Title": "Not paid", "Paid": paid, "Query": query}
	if paid {
		data["Title"] = "Thank you for your order"
	}
	g.s.mu.Lock()
	if p := g.payments.get(q.Get("gid")); p != nil {
		data["Payment"] = *clone(p)
		data["Early"] = paid && p.Status != "complete"
	}
	g.s.mu.Unlock()
	write(w, page("fynd_receipt.html", http.StatusOK, data))
}
