package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestOneThingAfterAnother does several things to each payment, one after the other, at providers that refuse what
// is too much: after each the books are the ledger, and in the end nothing is held or left.
func TestOneThingAfterAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.creditHere()
	tests := []struct {
		stand
		turns []string // the button and how much; or a state that the provider gives the payment by itself
		want  books
	}{
		{stand{gateway: "klarna"}, []string{"captures part 300.00", "captures part 200.00", "refunds part 400.00", "cancellations"}, books{0, 50000, 50000}},
		{stand{gateway: "klarna"}, []string{"amount-updates lines", "captures part 500.00", "refunds part 499.99", "captures full", "refunds part 25.01"}, books{0, 52500, 52500}},
		{stand{gateway: "klarna", drawn: true}, []string{"refunds lines", "refunds part 1.00", "cancellations"}, books{0, 100000, 100000}},
		{stand{gateway: "svea", kind: "Invoice"}, []string{"captures lines", "refunds part 100.00", "cancellations"}, books{0, 52500, 52500}},
		{stand{gateway: "svea", kind: "Invoice"}, []string{"amount-updates lines", "captures full", "refunds part 100.00", "refunds part 25.00", "cancellations"}, books{0, 52500, 52500}},
		{stand{gateway: "svea", kind: "Invoice"}, []string{"captures lines", "captures full", "refunds part 50.00", "cancellations"}, books{0, 100000, 100000}},
		{stand{gateway: "svea", kind: "Invoice", drawn: true}, []string{"refunds lines", "cancellations"}, books{0, 100000, 100000}},
		{stand{gateway: "svea", kind: "PaymentPlan"}, []string{"captures full", "refunds part 400.00", "cancellations"}, books{0, 100000, 100000}},
		{stand{gateway: "svea", kind: "AccountCredit"}, []string{"captures full", "cancellations"}, books{0, 100000, 100000}},
		{stand{gateway: "svea", kind: "Card"}, []string{"captures part 600.00", "refunds part 100.00", "settled", "refunds part 200.00", "cancellations"}, books{0, 60000, 60000}},
		{stand{gateway: "svea", kind: "Card"}, []string{"amount-updates part 800.00", "amount-updates part 700.00", "captures full", "refunds part 1.00", "refunds part 2.00", "cancellations"}, books{0, 70000, 70000}},
		{stand{gateway: "svea", kind: "Card"}, []string{"captures full", "refunds part 300.00", "settled", "cancellations"}, books{0, 100000, 100000}},
		{stand{gateway: "svea", kind: "Card"}, []string{"captures full", "cancellations"}, books{0, 100000, 100000}},
		{stand{gateway: "svea", kind: "Swish", drawn: true}, []string{"refunds part 100.00", "refunds part 200.00", "cancellations"}, books{0, 100000, 100000}},
		{stand{gateway: "svea", kind: "Trustly", drawn: true}, []string{"refunds part 100.00", "refunds part 200.00", "cancellations"}, books{0, 100000, 100000}},
		{stand{gateway: "paykeeper", drawn: true}, []string{"refunds part 100.00", "refunds part 200.00", "refunds part 700.00"}, books{0, 100000, 100000}},
		{stand{gateway: "paykeeper", kind: "cart", drawn: true}, []string{"refunds lines", "cancellations"}, books{0, 100000, 100000}},
		{stand{gateway: "paykeeper"}, []string{"captures full", "refunds part 100.00", "cancellations"}, books{0, 100000, 100000}},
		{stand{gateway: "paykeeper", kind: "cart"}, []string{"captures full", "cancellations"}, books{0, 100000, 100000}},
		{stand{gateway: "ccavenue"}, []string{"captures part 600.00", "refunds part 100.00", "cancellations"}, books{0, 60000, 60000}},
		{stand{gateway: "ccavenue", drawn: true}, []string{"refunds part 100.00", "refunds lines", "cancellations"}, books{0, 100000, 100000}},
		{stand{gateway: "razorpay", drawn: true}, []string{"refunds part 100.00", "refunds lines", "refunds part 375.00"}, books{0, 100000, 100000}},
	}
	ravi := w.signIn("owner@ruosh.example")
	var wait sync.WaitGroup
	slots := make(chan struct{}, 6)
	for i, tt := range tests {
		order := int64(8501 + i)
		ref := w.put(order, tt.stand)
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			for n, turn := range tt.turns {
				if err := w.turn(ravi, order, ref, tt.stand, turn); err != nil {
					t.Errorf("%s %s, order %d, turn %d of %v: %v", tt.gateway, tt.kind, order, n+1, tt.turns, err)
					return
				}
			}
			if got := w.booked(order); got != tt.want {
				t.Errorf("%s %s, order %d, after %v: booked %+v, want %+v", tt.gateway, tt.kind, order, tt.turns, got, tt.want)
			}
		})
	}
	wait.Wait()
	w.sound(t)
}

// turn does one thing to a payment and waits until the books are the ledger again.
func (w *world) turn(p *person, order int64, ref string, s stand, turn string) error {
	action, much, _ := strings.Cut(turn, " ")
	if !strings.HasSuffix(action, "s") { // the provider's own doing
		w.sandbox(http.MethodPost, "/_sandbox/payments/"+ref+"/state", map[string]any{"state": action}, nil)
		return nil
	}
	s.action, s.much = action, much
	path, form, err := p.form(order, s)
	if err != nil {
		return err
	}
	r, err := p.try(http.MethodPost, path, form)
	if err != nil {
		return err
	}
	if operationOf(r) == "" {
		return fmt.Errorf("%d: %s", r.StatusCode, strings.Join(strings.Fields(r.page().Find("dialog[open] [role=alert], dialog[open] .error").Text()), " "))
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		var open, failed string
		w.scan(&open, `SELECT coalesce(string_agg(kind || ' ' || state || ': ' || problem, ', '), '') FROM operations WHERE order_id = $1 AND state NOT IN ('succeeded', 'failed', 'cancelled')`, order)
		w.scan(&failed, `SELECT coalesce(string_agg(kind || ' failed: ' || problem, ', '), '') FROM operations WHERE order_id = $1 AND state = 'failed'`, order)
		if failed != "" {
			return fmt.Errorf("%s", failed)
		}
		here, there := w.booked(order), added(w.ledger(s.gateway, ref))
		if open == "" && here == there {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s; booked %+v, the ledger says %+v: %+v", open, here, there, w.ledger(s.gateway, ref))
		}
	}
}
