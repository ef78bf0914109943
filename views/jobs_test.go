package views

import (
	"testing"
	"time"
)

func TestWaitsAreReadAtAGlance(t *testing.T) {
	now := time.Date(2026, 11, 23, 15, 55, 0, 0, time.UTC)
	for wait, want := range map[time.Duration]string{
		-time.Second:                  "now",
		8 * time.Second:               "in 8 s",
		9*time.Minute + 4*time.Second: "in 9 min",
		61 * time.Minute:              "in 61 min",
		23*time.Hour + 59*time.Minute: "in 24 h",
		23*time.Hour + 10*time.Minute: "in 23 h",
	} {
		if got := soon(t.Context(), now.Add(wait), now); got != want {
			t.Errorf("in %s: %q, want %q", wait, got, want)
		}
	}
	if got := soon(t.Context(), now.Add(2*time.Hour+31*time.Minute), now); got != "in 2.5 h" {
		t.Errorf("in 2 h 31 min: %q", got)
	}
}
