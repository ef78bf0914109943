package sandbox

import (
	"fmt"
	"net/url"
	"slices"
	"time"
)

func (g *ccavenue) portalPayments(most int) []portalPayment {
	list := []portalPayment{}
	for _, p := range g.payments.newest() {
		if len(list) == most {
			break
		}
		list = append(list, g.inPortal(p))
	}
	return list
}

func (g *ccavenue) portalPayment(id string) (portalPayment, bool) {
	p := g.payments.get(id)
	if p == nil {
		return portalPayment{}, false
	}
	shown := g.inPortal(p)
	words := map[string]string{"TS-REFA": "pending", "TS-REFC": "processed", "TS-REFF": "failed", "TS-REFD": "failed"}
	for _, id := range slices.Backward(g.refundsOf[id]) {
		r := g.refunds.get(id)
		shown.Refunds = append(shown.Refunds, portalRefund{r.ID, words[r.Status], r.MerRef, r.Amount, r.IssuedAt})
	}
	return shown, true
}

// inPortal is a transaction as CCAvenue's dashboard shows it: the truth, whatever lookups hide.
func (g *ccavenue) inPortal(p *ccavenuePayment) portalPayment {
	refunded := g.refunded(p, false)
	left := p.Captured - refunded
	shown := portalPayment{
		ID: p.Ref, Order: p.Order, State: p.Status, Currency: p.Currency, AmountMinor: p.Amount, RefundedMinor: refunded, At: p.CreatedAt,
		CanRefund: left > 0 && (p.Status == "Shipped" || p.Status == "Refunded"), CanCapture: p.Status == "Successful",
		Left: decimal(max(0, left), p.Currency),
		Facts: []fact{
			{"Merchant", p.Account},
			{"Paid with", p.Mode},
			{"Card or bank", p.Card},
			{"Bank reference", p.BankRef},
			{"The bank took the money", map[bool]string{true: "yes", false: "no"}[p.Debited]},
			{"Transaction status", p.Tran},
			{"Risk", p.Fraud},
			{"Buyer", p.Fields["billing_name"]},
			{"E-mail", p.Fields["billing_email"]},
			{"Phone", p.Fields["billing_tel"]},
			{"Why it failed", p.Message},
		},
	}
	if p.Next != "" {
		shown.Facts = append(shown.Facts, fact{"Becomes " + p.Next, p.NextAt.In(india).Format(time.DateTime + " MST")})
	}
	shown.Facts = slices.DeleteFunc(shown.Facts, func(f fact) bool { return f.Value == "" })
	switch {
	case slices.Contains(ccavenueOpen, p.Status):
		shown.Buttons = []portalButton{{Action: "Successful", Label: "The bank says it was paid"}}
		if p.Status == "Awaited" || p.Status == "Initiated" {
			shown.Buttons = append(shown.Buttons, portalButton{Action: "Unsuccessful", Label: "The bank says it was not"})
		}
	case p.Status == "Successful":
		shown.Buttons = []portalButton{{Action: "Cancelled", Label: "Cancel"}}
	case p.Status == "Shipped":
		shown.Buttons = []portalButton{{Action: "Chargeback", Label: "Chargeback"}, {Action: "System refund", Label: "System refund"}}
	}
	return shown
}

// portalAct is the buttons of the dashboard.
func (g *ccavenue) portalAct(id, action string, form url.Values) error {
	var err error
	switch action {
	case "refund":
		amount, ok := minorUnits(form.Get("amount"), g.currency(id))
		if !ok || amount == 0 {
			return fmt.Errorf("%q is no amount", form.Get("amount"))
		}
		_, err = g.portalRefund(id, amount, true)
	case "capture":
		_, err = g.move(id, "Shipped", false)
	case "Successful", "Unsuccessful":
		_, err = g.move(id, action, true)
	case "Cancelled", "Chargeback", "System refund":
		_, err = g.move(id, action, false)
	case "process":
		_, err = g.settleRefund(form.Get("refund"), "processed", true)
	case "fail":
		_, err = g.settleRefund(form.Get("refund"), "failed", true)
	default:
		err = fmt.Errorf("there is no button %q", action)
	}
	return err
}

// currency is that of a transaction, or "" when there is none.
func (g *ccavenue) currency(id string) string {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if p := g.payments.get(id); p != nil {
		return p.Currency
	}
	return ""
}
