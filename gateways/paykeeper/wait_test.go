package paykeeper

import (
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways"
)

// A pending payment is at the bank's page, where the buyer is asked for a code (Payments, statuses).
func TestWaits(t *testing.T) {
	for word, want := range map[string]gateways.Wait{"pending": gateways.ForConsent, "canceled": ""} {
		s := newShop(t, map[string]string{getPayment: strings.Replace(sample(t, "payment.json"), `"success"`, `"`+word+`"`, 1)})
		got, err := s.open(t).Payment(t.Context(), "123456")
		if err != nil || got.Waits != want || got.Authorized {
			t.Errorf("a payment that is %s waits for %q, want %q: %v", word, got.Waits, want, err)
		}
	}
}
