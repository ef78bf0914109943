package gatewaytest

import (
	"context"
	"net/url"
	"slices"

	"github.com/kartify/kartify/gateways"
)

// What else Bogus can do: begin payments and show them.
var (
	_ gateways.Starter     = (*gateway)(nil)
	_ gateways.Reader      = (*gateway)(nil)
	_ gateways.OrderReader = (*gateway)(nil)
)

// Start sends the buyer to a page that is not there. The payment begins to exist with AddPayment.
func (g *gateway) Start(_ context.Context, checkout gateways.Checkout) (gateways.Start, error) {
	g.b.mu.Lock()
	defer g.b.mu.Unlock()
	g.b.checkouts = append(g.b.checkouts, checkout)
	return gateways.Start{OrderRef: checkout.OrderRef, URL: "https://bogus.example/pay/" + url.PathEscape(checkout.OrderRef)}, nil
}

// Payment is a payment that AddPayment made, with the effects on it.
func (g *gateway) Payment(_ context.Context, ref string) (gateways.Payment, error) {
	g.b.mu.Lock()
	defer g.b.mu.Unlock()
	payment, ok := g.b.payments[ref]
	if !ok {
		return gateways.Payment{}, &gateways.Error{Kind: gateways.Declined, Verb: "payment", Status: 404, Message: "Bogus does not know this payment."}
	}
	return g.b.show(payment), nil
}

// OrderPayments are the payments that AddPayment made for an order, by their refs.
func (g *gateway) OrderPayments(_ context.Context, orderRef string) ([]gateways.Payment, error) {
	g.b.mu.Lock()
	defer g.b.mu.Unlock()
	var list []gateways.Payment
	for _, payment := range g.b.payments {
		if payment.OrderRef == orderRef {
			list = append(list, g.b.show(payment))
		}
	}
	slices.SortFunc(list, func(a, b gateways.Payment) int {
		if a.Ref < b.Ref {
			return -1
		}
		return 1
	})
	return list, nil
}

// show is a payment with the effects on it, unless they are hidden; b is locked.
func (b *Bogus) show(payment gateways.Payment) gateways.Payment {
	if b.hidden {
		return payment
	}
	payment.Refunds, payment.Captures = slices.Clone(payment.Refunds), slices.Clone(payment.Captures)
	for _, effect := range b.effects {
		if effect.PaymentRef != payment.Ref {
			continue
		}
		done := effect.Status == gateways.Succeeded
		switch effect.Verb {
		case gateways.Refund:
			payment.Refunds = append(payment.Refunds, effect.result())
			if done || effect.Status == gateways.Pending && !b.CountsDone {
				payment.Refunded += effect.Amount.Minor
			}
		case gateways.Capture:
			payment.Captures = append(payment.Captures, effect.result())
			if done {
				payment.Captured += effect.Amount.Minor
			}
		case gateways.Void:
			if done {
				payment.Voided += effect.Amount.Minor
			}
		case gateways.Update:
			if done {
				payment.Amount = effect.Amount
			}
		}
	}
	if payment.Voided > 0 && payment.Captured == 0 && payment.Voided >= payment.Amount.Minor {
		payment.Authorized, payment.Canceled = false, true
	}
	return payment
}
