package e2e

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
)

// stand is a payment of 1,000.00 as it stands before somebody presses a button, and what the button is to do.
type stand struct {
	gateway string
	kind    string // how the buyer paid, where that decides what can be done
	action  string // the last part of the form's address
	much    string // the form's mode and amount, or one of two pieces: "part 400.00", "full", "lines"
	drawn   bool   // the money is drawn, not only held
	verb    string // of the ledger, when it is done
	minor   int64  // of the ledger
	class   gateways.Class
	fails   bool // it can be taken on and fail later
}

func (s stand) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %s", s.gateway, s.kind, s.action, s.much))
}

// stands are every action at every gateway that has it.
var stands = []stand{
	{gateway: "razorpay", action: "refunds", much: "part 400.00", drawn: true, verb: "refund", minor: 40000, class: gateways.ByKey, fails: true},
	{gateway: "razorpay", action: "captures", much: "full", verb: "capture", minor: 100000, class: gateways.ByReference},

	{gateway: "klarna", action: "refunds", much: "part 400.00", drawn: true, verb: "refund", minor: 40000, class: gateways.ByKey},
	{gateway: "klarna", action: "captures", much: "part 600.00", verb: "capture", minor: 60000, class: gateways.ByKey},
	{gateway: "klarna", action: "cancellations", verb: "void", minor: 100000, class: gateways.ByKey},
	{gateway: "klarna", kind: "drawn", action: "cancellations", drawn: true, verb: "refund", minor: 100000, class: gateways.ByKey},
	{gateway: "klarna", action: "amount-updates", much: "lines", verb: "amount_update", minor: 52500, class: gateways.ByKey},

	{gateway: "svea", kind: "Invoice", action: "refunds", much: "part 400.00", drawn: true, verb: "refund", minor: 40000, class: gateways.Once, fails: true},
	{gateway: "svea", kind: "Invoice", action: "captures", much: "lines", verb: "capture", minor: 52500, class: gateways.Once, fails: true},
	{gateway: "svea", kind: "Invoice", action: "captures", much: "full", verb: "capture", minor: 100000, class: gateways.Once, fails: true},
	{gateway: "svea", kind: "Invoice", action: "cancellations", verb: "void", minor: 100000, class: gateways.Once},
	{gateway: "svea", kind: "Invoice", action: "cancellations", drawn: true, verb: "refund", minor: 100000, class: gateways.Once, fails: true},
	{gateway: "svea", kind: "Invoice", action: "amount-updates", much: "lines", verb: "amount_update", minor: 52500, class: gateways.Once},
	{gateway: "svea", kind: "Card", action: "captures", much: "full", verb: "capture", minor: 100000, class: gateways.Once, fails: true},
	{gateway: "svea", kind: "Card", action: "refunds", much: "part 400.00", drawn: true, verb: "refund", minor: 40000, class: gateways.Once},
	{gateway: "svea", kind: "Card", action: "amount-updates", much: "part 800.00", verb: "amount_update", minor: 80000, class: gateways.Once},
	{gateway: "svea", kind: "Swish", action: "refunds", much: "part 400.00", drawn: true, verb: "refund", minor: 40000, class: gateways.Once, fails: true},

	{gateway: "paykeeper", kind: "cart", action: "refunds", much: "lines", drawn: true, verb: "refund", minor: 52500, class: gateways.Once, fails: true},
	{gateway: "paykeeper", action: "refunds", much: "part 400.00", drawn: true, verb: "refund", minor: 40000, class: gateways.Once, fails: true},
	{gateway: "paykeeper", action: "captures", much: "full", verb: "capture", minor: 100000, class: gateways.Once},
	{gateway: "paykeeper", action: "cancellations", verb: "void", minor: 100000, class: gateways.Once, fails: true},

	{gateway: "ccavenue", action: "refunds", much: "part 400.00", drawn: true, verb: "refund", minor: 40000, class: gateways.ByReference, fails: true},
	{gateway: "ccavenue", action: "captures", much: "full", verb: "capture", minor: 100000, class: gateways.ByReference},
	{gateway: "ccavenue", action: "cancellations", verb: "void", minor: 100000, class: gateways.ByReference},
}

// homes are the stores of the gateways, and how they number payments.
var homes = map[string]struct {
	store    int64
	currency string
	ref      string
}{
	"razorpay":  {cast.Ruosh, "INR", "pay_KFstand%07d"},
	"klarna":    {cast.Nordisk, "SEK", "5ca1ab1e-0000-4000-8000-%012d"},
	"svea":      {cast.Nordisk, "SEK", "24%05d"},
	"paykeeper": {cast.Lavka, "RUB", "77%05d"},
	"ccavenue":  {cast.Chandni, "INR", "3130%08d"},
}

// creditHere has the Nordic store credit parts of payments here.
func (w *world) creditHere() {
	w.t.Helper()
	for code, values := range map[string]map[string]string{"klarna": cast.Klarna, "svea": cast.Svea} {
		here := map[string]string{"partial_credit": "here"}
		for slug, value := range values {
			here[slug] = value
		}
		_, err := w.db.SaveSettings(w.ctx, models.SettingsForm{StoreID: cast.Nordisk, Gateway: code, Mode: "test", Values: here, Enabled: true, By: models.SystemActor})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// put makes order n of a stand, here and at its provider, and gives the provider's id of the payment.
func (w *world) put(n int64, s stand) string {
	w.t.Helper()
	home := homes[s.gateway]
	ref := fmt.Sprintf(home.ref, n)
	attempt := fmt.Sprint(n)
	if s.gateway == "razorpay" || s.gateway == "ccavenue" { // each attempt has a number of its own there
		attempt += "-1"
	}
	status, payment := models.StatusPending, models.PaymentAuthorized
	if s.drawn {
		status, payment = models.StatusProcessing, models.PaymentSuccess
	}
	o := cast.Order{
		ID: n, Store: home.store, At: time.Now().Add(-time.Hour), Name: "Stand", Status: status, Gateway: s.gateway, Method: "Card", Currency: home.currency,
		Lines: []cast.Line{{SKU: "LAMP-7", Name: "Lamp", Quantity: 2, Unit: 38000, Tax: 19000}}, Shipping: 4000, ShippingTax: 1000,
		Payment: &cast.Payment{Ref: ref, OrderRef: attempt, Status: payment, Method: cmp.Or(strings.ToLower(s.kind), "card"), Captured: s.drawn},
	}
	o.Fill()
	if err := o.Insert(w.ctx, w.db); err != nil {
		w.t.Fatal(err)
	}
	body := map[string]any{
		"gateway": s.gateway, "id": ref, "order": fmt.Sprint(n), "amount_minor": o.Total(), "currency": home.currency, "state": s.state(),
		"created_at": o.At.Unix(), "name": o.Name, "email": o.Email,
	}
	switch s.gateway {
	case "klarna", "svea":
		body["lines"] = []map[string]any{
			{"reference": "LAMP-7", "type": "physical", "name": "Lamp", "quantity": 2, "unit_minor": 47500, "tax_rate": 2500},
			{"reference": "Shipping", "type": "shipping_fee", "name": "Shipping", "quantity": 1, "unit_minor": 5000, "tax_rate": 2500},
		}
		if s.gateway == "svea" {
			body["payment_type"] = s.kind
		}
	case "paykeeper":
		body["hold"] = !s.drawn
		if s.kind == "cart" {
			body["cart"] = []map[string]any{{"name": "Lamp", "price": 475, "quantity": 2, "sum": 950, "tax": "none"}, {"name": "Shipping", "price": 50, "quantity": 1, "sum": 50, "tax": "none"}}
		}
	default:
		body["order_id"] = o.Payment.OrderRef
	}
	w.sandbox(http.MethodPost, "/_sandbox/payments", body, nil)
	return ref
}

// state is the payment's in its provider's words.
func (s stand) state() string {
	words := map[string][2]string{"paykeeper": {"obtained", "success"}, "ccavenue": {"Successful", "Shipped"}}[s.gateway]
	if words[0] == "" {
		words = [2]string{"authorized", "captured"}
	}
	if s.drawn {
		return words[1]
	}
	return words[0]
}

// form is the form of a stand on the page of its order, filled in.
func (p *person) form(n int64, s stand) (string, url.Values, error) {
	r, err := p.try(http.MethodGet, fmt.Sprintf("/sales/orders/%d", n), nil)
	if err != nil {
		return "", nil, err
	}
	node := r.page().Find(fmt.Sprintf(`form[action$="/%s"]`, s.action)).First()
	action, ok := node.Attr("action")
	if !ok {
		blocked := strings.Join(strings.Fields(r.page().Find(".blocked").Text()), " ")
		return "", nil, fmt.Errorf("order %d has no form for %s: %s", n, s.action, blocked)
	}
	values := url.Values{"reason": {"returned"}}
	for _, name := range []string{"token", "currency"} {
		values.Set(name, node.Find(fmt.Sprintf(`input[name=%q]`, name)).AttrOr("value", ""))
	}
	mode, amount, _ := strings.Cut(s.much, " ")
	switch mode {
	case "part":
		values.Set("mode", "partial")
		values.Set("amount", amount)
	case "full":
		values.Set("mode", "full")
	case "lines":
		values.Set("mode", "lines")
		values.Set("shipping", "1")
		values.Set(node.Find(`input[name^="line_"]`).AttrOr("name", ""), "1")
	}
	return action, values, nil
}

// ledger is what really happened to a payment at its provider.
func (w *world) ledger(gateway, ref string) []effect {
	w.t.Helper()
	var all []effect
	w.sandbox(http.MethodGet, "/_sandbox/ledger?gateway="+gateway+"&payment="+url.QueryEscape(ref), nil, &all)
	return all
}

// books are the figures of a payment: here by its counters, there by the ledger.
type books struct{ held, captured, refunded int64 }

// booked reads the counters of an order's payment.
func (w *world) booked(order int64) books {
	w.t.Helper()
	var b books
	err := w.db.Pool().QueryRow(w.ctx, `SELECT CASE WHEN voided_at IS NULL THEN authorized_minor - captured_minor ELSE 0 END, captured_minor, refunded_minor
		FROM payments WHERE order_id = $1`, order).Scan(&b.held, &b.captured, &b.refunded)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// added adds a ledger up to the same figures.
func added(list []effect) books {
	var b books
	voids := map[string]bool{} // by their ids
	for _, e := range list {
		switch e.Verb {
		case "payment":
			b.held += e.AmountMinor
		case "capture":
			b.held, b.captured = b.held-e.AmountMinor, b.captured+e.AmountMinor
		case "refund":
			b.refunded += e.AmountMinor
		case "refund_failed":
			if voids[e.Ref] {
				b.held += e.AmountMinor
			} else {
				b.refunded -= e.AmountMinor
			}
		case "void":
			b.held, voids[e.Ref] = b.held-e.AmountMinor, true
		case "amount_update":
			b.held = e.AmountMinor - b.captured
		}
	}
	return b
}

// sound checks what must hold whatever happened.
func (w *world) sound(t *testing.T) {
	t.Helper()
	findings, err := w.db.Fsck(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Errorf("broken invariant: %s: %v", f.Invariant, f.Records)
	}
	if report, err := w.db.VerifyAudit(w.ctx); err != nil || len(report.Problems()) > 0 {
		t.Errorf("the audit log does not verify: %v, %v", report, err)
	}
}
