package ccavenue

import (
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// The page is the buyer's for a quarter of an hour; what was sent to the bank waits for the bank (API guide,
// pending orders).
func TestWaits(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		word string
		ago  time.Duration
		want gateways.Wait
	}{
		{"Initiated", time.Minute, gateways.ForBuyer},
		{"Initiated", time.Hour, ""},
		{"Awaited", time.Minute, gateways.ForBank},
		{"Awaited", time.Hour, gateways.ForBank},
		{"Successful", time.Minute, ""},
		{"Aborted", time.Minute, ""},
	} {
		seen := gateways.Payment{Word: tt.word, Amount: money.New(10000, "INR"), At: now.Add(-tt.ago)}
		judge(&seen, 0, "", now)
		if seen.Waits != tt.want {
			t.Errorf("%s since %v waits for %q, want %q", tt.word, tt.ago, seen.Waits, tt.want)
		}
	}
}
