package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// soldKlarna is what somebody who made an order exist is told of it.
type soldKlarna struct {
	Gateway     string `json:"gateway"`
	ID          string `json:"id"`
	Order       string `json:"order"`
	State       string `json:"state"`
	AmountMinor int64  `json:"amount_minor"`
	Captured    int64  `json:"captured_minor"`
	Refunded    int64  `json:"refunded_minor"`
	Remaining   int64  `json:"remaining_minor"`
	Currency    string `json:"currency"`
	Fraud       string `json:"fraud_status"`
	ExpiresAt   string `json:"expires_at"`
}

func (g *klarna) sold(o *klarnaOrder) soldKlarna {
	e := &o.Entity
	return soldKlarna{
		g.code(), e.ID, e.Reference1, e.Status, e.Amount, e.Captured, e.Refunded, e.Remaining, e.Currency, e.Fraud, e.ExpiresAt,
	}
}

// sell makes an order exist: authorized, part_captured (of captured_minor), captured, refunded,
// cancelled or expired. An order whose id is known is returned as it is.
func (g *klarna) sell(in paymentRequest) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if o := g.orders.get(in.ID); o != nil {
		return g.sold(o), nil
	}
	m := g.s.merchantOf(g.code(), in.KeyID)
	in.State, in.FraudStatus = cmp.Or(in.State, "authorized"), cmp.Or(in.FraudStatus, "ACCEPTED")
	switch {
	case m == nil:
		return nil, fmt.Errorf("klarna has no merchant %q", in.KeyID)
	case in.ID != "" && !klarnaID.MatchString(in.ID):
		return nil, errors.New("the id of an order at klarna is a UUID in lower case")
	case !slices.Contains([]string{"authorized", "part_captured", "captured", "refunded", "cancelled", "expired"}, in.State):
		return nil, fmt.Errorf("an order at klarna cannot be %q", in.State)
	case !slices.Contains([]string{"ACCEPTED", "PENDING", "REJECTED"}, in.FraudStatus):
		return nil, fmt.Errorf("the fraud status of an order at klarna cannot be %q", in.FraudStatus)
	case in.State == "part_captured" && (in.Captured <= 0 || in.Captured >= in.AmountMinor):
		return nil, errors.New("part_captured needs captured_minor between nothing and the amount")
	case in.Refunded < 0 || in.Refunded > in.AmountMinor:
		return nil, errors.New("refunded_minor is more than the amount")
	}
	lines := klarnaLines(in)
	var total int64
	for _, l := range lines {
		total += l.Total
	}
	if total != in.AmountMinor {
		return nil, fmt.Errorf("the lines make %d, the amount is %d", total, in.AmountMinor)
	}
	o := g.newOrder(m, cmp.Or(in.ID, randomUUID()), lines, in.AmountMinor, in.Currency)
	e := &o.Entity
	e.Reference1, e.Fraud = in.Order, in.FraudStatus
	if in.PaymentType != "" {
		e.Method = klarnaMethod{in.PaymentType, cmp.Or(klarnaMethods[in.PaymentType], in.PaymentType)}
	}
	if in.Currency == "EUR" {
		e.Country, e.Locale = "FI", "fi-FI"
	}
	e.Billing = klarnaAddress{
		GivenName: in.Name, Email: in.Email, Phone: in.Contact, Street: "Drottninggatan 1", PostalCode: "11151", City: "Stockholm", Country: e.Country,
	}
	e.Shipping = e.Billing
	if in.CreatedAt > 0 {
		o.date(time.Unix(in.CreatedAt, 0).UTC())
	}
	o.PushURL = cmp.Or(in.PushURL, o.PushURL)
	o.Silent = !in.Webhook
	g.bring(o, in)
	return g.sold(o), nil
}

// bring takes a new order to the state that is wanted. The caller holds the lock.
func (g *klarna) bring(o *klarnaOrder, in paymentRequest) {
	g.place(o)
	all := in.AmountMinor
	switch in.State {
	case "part_captured":
		g.capture(o, captureRequest{Amount: &in.Captured}, "")
	case "captured", "refunded":
		g.capture(o, captureRequest{Amount: &all}, "")
	case "cancelled":
		g.record("void", o, all, o.Entity.ID, "")
		o.cancel()
	case "expired":
		o.Entity.Status = "EXPIRED"
	}
	if in.CapturedAt > 0 && len(o.Entity.Captures) > 0 {
		o.Entity.Captures[0].At = time.Unix(in.CapturedAt, 0).UTC().Format(klarnaTime)
	}
	if in.State == "refunded" {
		in.Refunded = all
	}
	if in.Refunded > 0 && o.Entity.Captured >= in.Refunded {
		g.refund(o, klarnaRefund{Amount: in.Refunded, Lines: []klarnaLine{}}, "")
		o.allocate()
	}
	g.orders.put(o.Entity.ID, o)
}

// move brings an order to another state, as the portal, the risk department or time would.
func (g *klarna) move(payment, state string, webhook bool) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	o := g.orders.get(payment)
	if o == nil {
		return nil, errNotMine
	}
	e := &o.Entity
	switch {
	case state == "captured" && o.open() && e.Remaining > 0:
		rest := e.Remaining
		g.capture(o, captureRequest{Amount: &rest}, "")
	case state == "cancelled" && e.Status == "AUTHORIZED":
		g.record("void", o, e.Remaining, e.ID, "")
		o.cancel()
	case state == "released" && e.Status == "PART_CAPTURED":
		g.record("void", o, e.Remaining, e.ID, "")
		e.Remaining = 0
		o.settle()
	case state == "expired" && o.open():
		e.Status = "EXPIRED"
	case state == "closed" && e.Status == "CAPTURED":
		e.Status = "CLOSED"
	case state == "accepted" || state == "rejected" || state == "stopped":
		if err := g.decide(o, state, webhook); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("an order that is %s does not become %s", e.Status, state)
	}
	g.orders.put(e.ID, o)
	return g.sold(o), nil
}

// portalRefund is a refund made in Klarna's portal: no key, no reference.
func (g *klarna) portalRefund(payment string, amount int64, _ bool) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	o := g.orders.get(payment)
	if o == nil {
		return nil, errNotMine
	}
	left := o.Entity.Captured - o.Entity.Refunded
	amount = cmp.Or(amount, left)
	if amount <= 0 || amount > left && g.s.capped(g.code()) {
		return nil, fmt.Errorf("%s %s are left to refund", decimal(left, o.Entity.Currency), o.Entity.Currency)
	}
	g.refund(o, klarnaRefund{Amount: amount, Description: "Refunded in the portal", Lines: []klarnaLine{}}, "")
	g.orders.put(payment, o)
	return g.sold(o), nil
}

// settleRefund has nothing to decide: a refund at Klarna is done when it is made.
func (g *klarna) settleRefund(string, string, bool) (any, error) { return nil, errNotMine }

// controls are Klarna's own routes of the sandbox.
func (g *klarna) controls(mux *http.ServeMux) {
	mux.HandleFunc("POST /_sandbox/klarna/orders/{id}", control(g.s, g.tune))
	mux.HandleFunc("POST /_sandbox/klarna/payouts", control(g.s, func(_ *http.Request, in struct {
		KeyID    string   `json:"key_id"`
		Currency string   `json:"currency"`
		LeaveOut []string `json:"leave_out"` // capture and refund ids that are forgotten
		Dispute  string   `json:"dispute"`   // an order the buyer has won back
	},
	) (any, error) {
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		m := g.s.merchantOf(g.code(), in.KeyID)
		if m == nil {
			return nil, fmt.Errorf("klarna has no merchant %q", in.KeyID)
		}
		p, err := g.payout(m, cmp.Or(in.Currency, "SEK"), in.LeaveOut, in.Dispute)
		if err != nil {
			return nil, err
		}
		return map[string]any{"payment_reference": p.Reference, "totals": p.totals(), "rows": p.Rows}, nil
	}))
}

// tune answers POST /_sandbox/klarna/orders/{id}: what will be refused, what the status word is.
func (g *klarna) tune(r *http.Request, in struct {
	FailCapture  *bool   `json:"fail_capture"`  // the card behind the order is declined
	FailIncrease *bool   `json:"fail_increase"` // no to a larger amount
	Status       *string `json:"status"`        // any word, also one nobody knows
	Method       *string `json:"payment_type"`
	Acknowledged *bool   `json:"acknowledged"`
},
) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	o := g.orders.get(r.PathValue("id"))
	if o == nil {
		return nil, errNotMine
	}
	set(&o.FailCapture, in.FailCapture)
	set(&o.FailIncrease, in.FailIncrease)
	set(&o.Entity.Status, in.Status)
	set(&o.Entity.Method.Type, in.Method)
	set(&o.Acknowledged, in.Acknowledged)
	g.orders.put(o.Entity.ID, o)
	return g.sold(o), nil
}
