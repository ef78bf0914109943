package razorpay

import (
	"testing"

	"github.com/kartify/kartify/gateways"
)

// Between the buyer's card number and the bank's answer lies his confirmation (Razorpay API docs, payments entity).
func TestWaits(t *testing.T) {
	for status, want := range map[string]gateways.Wait{"created": gateways.ForConsent, "authorized": "", "captured": "", "failed": "", "refunded": ""} {
		if got := (payment{ID: "pay_1", Amount: 100, Currency: "INR", Status: status}).payment(nil).Waits; got != want {
			t.Errorf("a payment that is %s waits for %q, want %q", status, got, want)
		}
	}
}
