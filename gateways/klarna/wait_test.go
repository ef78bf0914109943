package klarna

import (
	"testing"

	"github.com/kartify/kartify/gateways"
)

// An order whose risk check goes on is nothing to ship yet (Klarna docs, pending orders).
func TestWaits(t *testing.T) {
	for _, tt := range []struct {
		status, fraud string
		want          gateways.Wait
	}{
		{"AUTHORIZED", "PENDING", gateways.ForProvider},
		{"AUTHORIZED", "REJECTED", gateways.ForProvider}, // until Klarna cancels it
		{"AUTHORIZED", "ACCEPTED", ""},
		{"CAPTURED", "PENDING", ""},
		{"CANCELLED", "REJECTED", ""},
		{"EXPIRED", "PENDING", ""},
	} {
		seen := order{ID: "o1", Status: tt.status, Fraud: tt.fraud, Amount: 100, Currency: "SEK"}.payment(nil)
		if seen.Waits != tt.want || seen.Waits != "" && seen.Authorized {
			t.Errorf("%s with risk check %s waits for %q, want %q; authorized: %t", tt.status, tt.fraud, seen.Waits, tt.want, seen.Authorized)
		}
	}
}
