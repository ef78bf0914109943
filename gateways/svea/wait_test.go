package svea

import (
	"testing"

	"github.com/kartify/kartify/gateways"
)

// While Svea decides, no action is offered (Svea docs, callback events: PendingStatusReleased).
func TestWaits(t *testing.T) {
	for _, tt := range []struct {
		system, status string
		want           gateways.Wait
	}{
		{"Pending", "Open", gateways.ForProvider},
		{"Active", "Processing", gateways.ForProvider},
		{"Active", "Open", ""},
		{"Closed", "Delivered", ""},
		{"Closed", "Cancelled", ""},
		{"Closed", "Failed", ""},
	} {
		seen := order{ID: 7, System: tt.system, Status: tt.status, Amount: 100, Currency: "SEK"}.payment(nil)
		if seen.Waits != tt.want || seen.Waits != "" && seen.Authorized {
			t.Errorf("%s %s waits for %q, want %q; authorized: %t", tt.system, tt.status, seen.Waits, tt.want, seen.Authorized)
		}
	}
}
