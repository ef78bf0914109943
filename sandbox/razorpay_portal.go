package sandbox

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"time"
)

func (g *razorpay) portalPayments(most int) []portalPayment {
	list := []portalPayment{}
	for _, p := range g.payments.newest() {
		if len(list) == most {
			break
		}
		list = append(list, g.inPortal(p))
	}
	return list
}

func (g *razorpay) portalPayment(id string) (portalPayment, bool) {
	p := g.payments.get(id)
	if p == nil {
		return portalPayment{}, false
	}
	shown := g.inPortal(p)
	for _, id := range slices.Backward(g.refundsOf[id]) {
		r := g.refunds.get(id).Entity
		receipt := ""
		if r.Receipt != nil {
			receipt = *r.Receipt
		}
		shown.Refunds = append(shown.Refunds, portalRefund{r.ID, r.Status, receipt, r.Amount, time.Unix(r.CreatedAt, 0)})
	}
	return shown, true
}

// inPortal is a payment as the merchant's dashboard shows it: the truth, whatever lookups hide.
func (g *razorpay) inPortal(p *razorpayPayment) portalPayment {
	e, o := &p.Entity, g.orders.get(*p.Entity.OrderID)
	left := e.Amount - e.AmountRefunded
	shown := portalPayment{
		ID: e.ID, State: e.Status, Currency: e.Currency, AmountMinor: e.Amount, RefundedMinor: e.AmountRefunded,
		At: time.Unix(e.CreatedAt, 0), CanRefund: e.Captured && left > 0, CanCapture: e.Status == "authorized",
		Left: decimal(max(0, left), e.Currency),
		Facts: []fact{
			{"Order", o.Entity.ID},
			{"Order status", o.Entity.Status},
			{"Merchant", p.Merchant},
			{"Method", e.Method},
			{"Customer", p.Customer},
			{"E-mail", e.Email},
			{"Phone", e.Contact},
		},
	}
	if o.Entity.Receipt != nil {
		shown.Order = *o.Entity.Receipt
	}
	if e.Card != nil {
		shown.Facts = append(shown.Facts, fact{"Card", e.Card.Network + " ending in " + e.Card.Last4})
	}
	if e.Status == "authorized" {
		shown.Facts = append(shown.Facts, fact{"Goes back to the buyer", p.expires().Format("2006-01-02 15:04:05")})
	}
	if e.ErrorReason != nil {
		shown.Facts = append(shown.Facts, fact{"Failed because", *e.ErrorReason})
	}
	shown.Facts = slices.DeleteFunc(shown.Facts, func(f fact) bool { return f.Value == "" })
	return shown
}

// portalAct is the buttons of the dashboard. They send webhooks, as the dashboard does.
func (g *razorpay) portalAct(id, action string, form url.Values) error {
	switch action {
	case "refund":
		currency := g.currency(id)
		amount, ok := minorUnits(form.Get("amount"), currency)
		if !ok || amount == 0 {
			return fmt.Errorf("%q is no amount in %s", form.Get("amount"), currency)
		}
		_, err := g.portalRefund(id, amount, true)
		return err
	case "capture":
		_, err := g.move(id, "captured", true)
		return err
	case "process", "fail":
		state := map[string]string{"process": "processed", "fail": "failed"}[action]
		_, err := g.settleRefund(form.Get("refund"), state, true)
		return err
	}
	return fmt.Errorf("there is no button %q", cmp.Or(action, "without a name"))
}

// currency is that of a payment, or "" when there is none.
func (g *razorpay) currency(id string) string {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if p := g.payments.get(id); p != nil {
		return p.Entity.Currency
	}
	return ""
}
