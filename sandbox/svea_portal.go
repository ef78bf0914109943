package sandbox

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (g *svea) portalPayments(most int) []portalPayment {
	list := []portalPayment{}
	for _, o := range g.orders.newest() {
		if len(list) == most {
			break
		}
		list = append(list, g.inPortal(o))
	}
	return list
}

func (g *svea) portalPayment(id string) (portalPayment, bool) {
	o := g.orders.get(id)
	if o == nil {
		return portalPayment{}, false
	}
	shown := g.inPortal(o)
	for _, d := range slices.Backward(o.Entity.Deliveries) {
		at, _ := time.Parse(sveaTime, d.CreatedAt) // we wrote it
		for n, credit := range slices.Backward(d.Credits) {
			shown.Refunds = append(shown.Refunds, portalRefund{
				fmt.Sprintf("%d/%d", d.ID, n+1), "refunded", "", -credit.Amount, at,
			})
		}
	}
	return shown, true
}

// inPortal is an order as the merchant's portal shows it: the truth, whatever reads hide.
func (g *svea) inPortal(o *sveaOrder) portalPayment {
	o.act()
	e := &o.Entity
	at, _ := time.Parse(sveaTime, e.CreatedAt) // we wrote it
	left := max(0, o.delivered()-o.back())
	money := func(minor int64) string { return decimal(minor, e.Currency) + " " + e.Currency }
	state := strings.ToLower(e.Status)
	if e.SystemStatus == "Pending" {
		state = "pending"
	}
	shown := portalPayment{
		ID: o.key(), Order: e.MerchantOrderID, State: state, Currency: e.Currency, AmountMinor: e.Amount, RefundedMinor: o.back(),
		At: at, CanRefund: left > 0 && o.Flying == 0, Left: decimal(left, e.Currency),
		Facts: []fact{
			{"Payment type", e.PaymentType},
			{"System status", e.SystemStatus},
			{"Merchant", o.Merchant},
			{"Delivered", money(o.delivered())},
			{"Cancelled", money(e.Cancelled)},
			{"Actions", strings.Join(e.Actions, ", ")},
			{"Customer", e.Billing.Name},
			{"E-mail", e.Email},
		},
	}
	if o.Flying > 0 {
		shown.Facts = append(shown.Facts, fact{"Credit on its way", money(o.Flying)})
	}
	for _, d := range e.Deliveries {
		shown.Facts = append(shown.Facts, fact{
			"Delivery " + strconv.FormatInt(d.ID, 10), strings.Join(append([]string{money(d.Amount)}, d.Actions...), ", "),
		})
	}
	shown.Facts = slices.DeleteFunc(shown.Facts, func(f fact) bool { return f.Value == "" })
	for _, b := range []struct {
		shows  bool
		button portalButton
	}{
		{o.can("CanDeliverOrder"), portalButton{"captured", "Deliver", ""}},
		{o.can("CanCancelOrder"), portalButton{"cancelled", "Cancel order", ""}},
		{o.kind() == "card" && e.Status == "Delivered" && !o.Settled, portalButton{"settled", "Settle", ""}},
		{e.SystemStatus == "Pending", portalButton{"released", "Approve", ""}},
		{e.SystemStatus == "Pending", portalButton{"closed", "Turn down", ""}},
		{true, portalButton{"push", "Push to the shop", ""}},
	} {
		if b.shows {
			shown.Buttons = append(shown.Buttons, b.button)
		}
	}
	return shown
}

// portalAct is the buttons of the portal.
func (g *svea) portalAct(id, action string, form url.Values) error {
	g.s.mu.Lock()
	o := g.orders.get(id)
	g.s.mu.Unlock()
	if o == nil {
		return errNotMine
	}
	switch action {
	case "refund":
		amount, ok := minorUnits(form.Get("amount"), o.Entity.Currency)
		if !ok || amount == 0 {
			return fmt.Errorf("%q is no amount in %s", form.Get("amount"), o.Entity.Currency)
		}
		_, err := g.portalRefund(id, amount, true)
		return err
	case "push":
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		g.s.emit(g.push(o.PushURL, id))
		return nil
	}
	_, err := g.move(id, action, true)
	return err
}
