package models_test

import (
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
)

// takenBack is a payment of 100.00 INR that was paid and wholly returned in the provider's portal, with its refund.
func takenBack(status gateways.Status) func(*gateways.Payment) {
	return func(p *gateways.Payment) {
		p.TakenBack = true
		p.Refunds = []gateways.Result{{Status: status, Ref: p.Ref + "-back", PaymentRef: p.Ref, Amount: money.New(10000, "INR")}}
		p.Authorized, p.Refunded = status == gateways.Pending, 10000
		if status == gateways.Succeeded {
			p.Canceled, p.Voided = true, 10000
		}
	}
}

// A payment that was paid and returned before it was ever seen is refunded, with its amounts, whoever asks first.
func TestTakenBackIsRefunded(t *testing.T) {
	for name, ask := range map[string]func(h *hearsay, order int64) error{
		"the sweep": func(h *hearsay, _ int64) error { _, err := h.db.SweepLookups(h.ctx); return err },
		"a person": func(h *hearsay, order int64) error {
			_, err := h.db.AskOrder(h.ctx, order, models.SystemActor)
			return err
		},
	} {
		h := openHearsay(t, nil)
		order := h.order("pending", "")
		h.shows(order, "ref_a", func(p *gateways.Payment) { p.Failed = true })
		h.shows(order, "ref_b", takenBack(gateways.Succeeded))
		if err := ask(h, order); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got := h.text(`SELECT o.status || ' ' || p.status || ' ' || p.captured_minor || ' ' || p.refunded_minor || ' ' || p.refund_reserved_minor
			FROM orders o JOIN payments p ON p.order_id = o.id WHERE o.id = $1 AND p.ref = 'ref_b'`, order)
		if got != "refunded refunded 10000 10000 0" {
			t.Errorf("%s: %s", name, got)
		}
		h.sound()
	}
}

// A payment whose id never came here is known by it once a person has asked, so that it can be refunded.
func TestAskedPaymentHasItsID(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.order("missing", "unknown")
	h.shows(order, "ref_paid", func(p *gateways.Payment) { p.Authorized, p.Captured = true, 10000 })
	if _, err := h.db.AskOrder(h.ctx, order, models.SystemActor); err != nil {
		t.Error(err)
	}
	if got := h.stands(order) + " " + h.text(`SELECT coalesce(ref, 'without an id') FROM payments WHERE order_id = $1`, order); got != "processing success ref_paid" {
		t.Errorf("asked about, it is %s", got)
	}
	h.sound()
}

// While the refund is on its way the payment is refunding, and it is refunded afterwards.
func TestTakenBackOnItsWay(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.order("pending", "")
	h.shows(order, "ref", takenBack(gateways.Pending))
	if _, err := h.db.SweepLookups(h.ctx); err != nil {
		t.Error(err)
	}
	if got := h.stands(order); got != "processing refunding" {
		t.Errorf("on its way: %s", got)
	}
	h.shows(order, "ref", takenBack(gateways.Succeeded))
	if _, err := h.db.AskOrder(h.ctx, order, models.SystemActor); err != nil {
		t.Error(err)
	}
	if got := h.stands(order); got != "refunded refunded" {
		t.Errorf("done: %s", got)
	}
	h.sound()
}

// What is known here to have been held was given back.
func TestTakenBackOfAHold(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.order("pending", "")
	h.exec(`UPDATE payments SET ref = 'ref', status = 'authorized', authorized_minor = 10000 WHERE order_id = $1`, order)
	h.shows(order, "ref", takenBack(gateways.Succeeded))
	if _, err := h.db.AskOrder(h.ctx, order, models.SystemActor); err != nil {
		t.Error(err)
	}
	if got := h.stands(order) + h.text(`SELECT concat(' ', captured_minor, ' ', refunded_minor, ' ', voided_at IS NOT NULL) FROM payments WHERE order_id = $1`, order); got != "cancelled expired canceled 0 0 t" {
		t.Errorf("the hold is %s", got)
	}
	h.sound()
}
