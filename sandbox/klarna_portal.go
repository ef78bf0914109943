package sandbox

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

func (g *klarna) portalPayments(most int) []portalPayment {
	list := []portalPayment{}
	for _, o := range g.orders.newest() {
		if len(list) == most {
			break
		}
		list = append(list, g.inPortal(o))
	}
	return list
}

func (g *klarna) portalPayment(id string) (portalPayment, bool) {
	o := g.orders.get(id)
	if o == nil {
		return portalPayment{}, false
	}
	shown := g.inPortal(o)
	for _, r := range slices.Backward(o.Entity.Refunds) {
		shown.Refunds = append(shown.Refunds, portalRefund{r.ID, "refunded", r.Reference, r.Amount, r.refundedAt()})
	}
	return shown, true
}

// inPortal is an order as the merchant's portal shows it: the truth, whatever reads hide.
func (g *klarna) inPortal(o *klarnaOrder) portalPayment {
	e := &o.Entity
	left := max(0, e.Captured-e.Refunded)
	money := func(minor int64) string { return decimal(minor, e.Currency) + " " + e.Currency }
	shown := portalPayment{
		ID: e.ID, Order: e.Reference1, State: strings.ToLower(e.Status), Currency: e.Currency, AmountMinor: e.Amount,
		RefundedMinor: e.Refunded, At: o.created(), CanRefund: left > 0, Left: decimal(left, e.Currency),
		Facts: []fact{
			{"Klarna reference", e.KlarnaReference},
			{"Fraud status", e.Fraud},
			{"Merchant", o.Merchant},
			{"Method", e.Method.Type},
			{"Captured", money(e.Captured)},
			{"Still authorized", money(e.Remaining)},
			{"Authorized until", o.expiry().Format("2006-01-02")},
			{"Customer", e.Billing.GivenName},
			{"E-mail", e.Billing.Email},
		},
	}
	if o.Acknowledged {
		shown.Facts = append(shown.Facts, fact{"Acknowledged", "yes"})
	}
	for _, k := range e.Captures {
		shown.Facts = append(shown.Facts, fact{"Capture " + k.KlarnaReference, money(k.Amount) + " at " + k.At[:19]})
	}
	shown.Facts = slices.DeleteFunc(shown.Facts, func(f fact) bool { return f.Value == "" })
	button := func(action, label, amount string) {
		shown.Buttons = append(shown.Buttons, portalButton{action, label, amount})
	}
	if o.open() && e.Fraud != "PENDING" {
		button("capture", "Capture", decimal(e.Remaining, e.Currency))
	}
	switch e.Status {
	case "AUTHORIZED":
		button("cancel", "Cancel order", "")
	case "PART_CAPTURED":
		button("release", "Release the rest", "")
	}
	if e.Fraud == "PENDING" {
		button("accepted", "Accept", "")
		button("rejected", "Reject", "")
	}
	button("push", "Push to the shop", "")
	return shown
}

// portalAct is the buttons of the portal.
func (g *klarna) portalAct(id, action string, form url.Values) error {
	switch action {
	case "refund", "capture":
		g.s.mu.Lock()
		o := g.orders.get(id)
		g.s.mu.Unlock()
		if o == nil {
			return errNotMine
		}
		amount, ok := minorUnits(form.Get("amount"), o.Entity.Currency)
		if !ok || amount == 0 {
			return fmt.Errorf("%q is no amount in %s", form.Get("amount"), o.Entity.Currency)
		}
		if action == "capture" {
			return g.portalCapture(id, amount)
		}
		_, err := g.portalRefund(id, amount, true)
		return err
	case "push":
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		if o := g.orders.get(id); o != nil {
			g.s.emit(g.event("push", o))
		}
		return nil
	}
	_, err := g.move(id, map[string]string{
		"cancel": "cancelled", "release": "released", "accepted": "accepted", "rejected": "rejected",
	}[action], true)
	return err
}

// portalCapture takes a part of an order in the portal: no key, no reference.
func (g *klarna) portalCapture(id string, amount int64) error {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	o := g.orders.get(id)
	if g.cannotCapture(o, amount) != nil {
		return fmt.Errorf("%s %s are left to capture", decimal(o.Entity.Remaining, o.Entity.Currency), o.Entity.Currency)
	}
	g.capture(o, captureRequest{Amount: &amount, Description: "Captured in the portal"}, "")
	g.orders.put(id, o)
	return nil
}
