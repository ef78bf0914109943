package models_test

import (
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
)

// A payment that needs somebody to act says whom it waits for, until it is made or over; while a bank or the
// provider decides, the buyer cannot pay a second time.
func TestPaymentSaysWhatItWaitsFor(t *testing.T) {
	for _, tt := range []struct {
		wait       gateways.Wait
		now, later models.PayState // what the buyer is told, when he comes back and half an hour afterwards
	}{
		{gateways.ForBuyer, models.PayChecking, models.PayOpen},
		{gateways.ForConsent, models.PayChecking, models.PayOpen},
		{gateways.ForBank, models.PayChecking, models.PayChecking},
		{gateways.ForProvider, models.PayChecking, models.PayChecking},
	} {
		t.Run(string(tt.wait), func(t *testing.T) {
			h := openHearsay(t, nil)
			order := h.unpaid()
			token := h.token(order)
			if _, err := h.start(token); err != nil {
				t.Fatal(err)
			}
			h.shows(order, "ref_1", func(p *gateways.Payment) { p.Waits = tt.wait })
			page, err := h.db.ReturnFrom(h.ctx, token)
			if err != nil || page.State != tt.now || page.Waits != tt.wait {
				t.Fatalf("the buyer is told %s, waits for %q, %v", page.State, page.Waits, err)
			}
			h.exec(`UPDATE checkouts SET returned_at = now() - interval '2 minutes', shown_at = now()`)
			soon := models.PayOpen
			if tt.wait != gateways.ForBuyer { // a code may still be on its way to the buyer
				soon = models.PayChecking
			}
			if page, err := h.db.PayPage(h.ctx, token); err != nil || page.State != soon {
				t.Errorf("after two minutes the buyer is told %s, %v", page.State, err)
			}
			h.exec(`UPDATE checkouts SET returned_at = now() - interval '30 minutes', shown_at = now()`)
			if page, err := h.db.PayPage(h.ctx, token); err != nil || page.State != tt.later {
				t.Errorf("after half an hour the buyer is told %s, %v", page.State, err)
			}
			if tt.later == models.PayChecking {
				if _, err := h.start(token); err == nil {
					t.Error("a second payment was begun while the first is being decided")
				}
			}
			if got := h.text(`SELECT waits_for FROM payments`); got != string(tt.wait) {
				t.Errorf("the row waits for %q", got)
			}
			h.shows(order, "ref_1", func(p *gateways.Payment) { p.Authorized, p.Captured = true, 10000 })
			h.hint(gateways.Payment{Ref: "ref_1"})
			if got := h.text(`SELECT concat_ws(' ', status, '(' || waits_for || ')') FROM payments`); got != "success ()" {
				t.Errorf("once paid it is %s", got)
			}
		})
	}
}

// What was waited for is no longer said of a payment that came to its end another way.
func TestOnlyPendingPaymentsWait(t *testing.T) {
	for _, status := range []models.PaymentStatus{models.PaymentAuthorized, models.PaymentFailed, models.PaymentCanceled, models.PaymentSuccess} {
		p := models.Payment{Status: status, WaitsFor: gateways.ForConsent}
		if got := p.Waits(); got != gateways.NoWait {
			t.Errorf("a payment that is %s waits for %s", status, got)
		}
	}
}
