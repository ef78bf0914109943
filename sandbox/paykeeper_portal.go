package sandbox

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"
)

func (g *paykeeper) portalPayments(most int) []portalPayment {
	list := []portalPayment{}
	for _, p := range g.payments.newest() {
		if len(list) == most {
			break
		}
		list = append(list, g.inPortal(p))
	}
	return list
}

func (g *paykeeper) portalPayment(id string) (portalPayment, bool) {
	p := g.payments.get(id)
	if p == nil {
		return portalPayment{}, false
	}
	shown := g.inPortal(p)
	words := map[string]string{"started": "pending", "done": "processed", "failed": "failed"}
	for _, id := range slices.Backward(g.refundsOf[id]) {
		r := g.refunds.get(id)
		shown.Refunds = append(shown.Refunds, portalRefund{r.ID, words[r.Status], "by " + r.User, r.Amount, r.At})
	}
	return shown, true
}

// inPortal is a payment as the cabinet shows it: the truth, whatever lookups hide.
func (g *paykeeper) inPortal(p *paykeeperPayment) portalPayment {
	left := g.left(p)
	shown := portalPayment{
		ID: p.ID, Order: p.Order, State: p.Status, Currency: paykeeperCurrency, AmountMinor: p.Amount,
		RefundedMinor: g.refunded(p), At: p.PendingAt, CanRefund: g.cannotReturn(p, plan{}) == "" && left > 0,
		CanCapture: p.held() && p.Status != "refunding", Left: decimal(max(0, left), paykeeperCurrency),
		Facts: []fact{
			{"Cabinet", p.Merchant},
			{"Payer", p.Client},
			{"E-mail", p.Email},
			{"Phone", p.Phone},
			{"Card", p.Card},
			{"Payment system", strconv.Itoa(p.System)},
			{"Invoice", p.Invoice},
			{"RRN", p.Params["RRN"]},
			{"Notified", fmt.Sprintf("%d times", p.Repeat)},
			{"Receipt", p.Fiscal["fop_fpd"]},
			{"Goods", p.Cart},
		},
	}
	if p.held() {
		shown.Facts = append(shown.Facts, fact{"Captured by itself on", p.BatchDate.In(moscow).Format(time.DateOnly)})
	}
	shown.Facts = slices.DeleteFunc(shown.Facts, func(f fact) bool { return f.Value == "" })
	if slices.Contains(paykeeperPaid, p.Status) {
		shown.Buttons = append(shown.Buttons, portalButton{Action: "notify", Label: "Send notification"})
	}
	if p.Status == "pending" {
		shown.Buttons = append(shown.Buttons, portalButton{Action: "obtained", Label: "The bank says yes"},
			portalButton{Action: "failed", Label: "The bank says no"})
	}
	return shown
}

// portalAct is the buttons of the cabinet.
func (g *paykeeper) portalAct(id, action string, form url.Values) error {
	var err error
	switch action {
	case "refund":
		amount, ok := readRoubles(form.Get("amount"))
		if !ok {
			return fmt.Errorf("%q is no amount in RUB", form.Get("amount"))
		}
		_, err = g.portalRefund(id, amount, true)
	case "capture":
		_, err = g.move(id, "captured", true)
	case "obtained", "failed":
		_, err = g.move(id, action, true)
	case "notify":
		err = g.notifyAgain(id)
	case "process":
		_, err = g.settleRefund(form.Get("refund"), "processed", true)
	case "fail":
		_, err = g.settleRefund(form.Get("refund"), "failed", true)
	default:
		err = fmt.Errorf("there is no button %q", action)
	}
	return err
}

// notifyAgain is the cabinet's button Send notification.
func (g *paykeeper) notifyAgain(id string) error {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payments.get(id)
	if p == nil || !slices.Contains(paykeeperPaid, p.Status) {
		return fmt.Errorf("payment %s is not one to notify of", id)
	}
	g.repeat(p)
	return nil
}
