package models_test

import (
	"testing"

	"github.com/kartify/kartify/gateways"
)

// Some ways to pay give the rest back when a part is drawn: the payment is read again, and the rest is held no more.
func TestRestOfAPartCapture(t *testing.T) {
	till := openHold(t, keyed())
	till.done(till.capture(4000))
	till.portal(gateways.Void, 7875)
	for range 2 {
		if err := till.db.ReadPayment(till.ctx, till.payment); err != nil {
			t.Fatal(err)
		}
	}
	if got := till.entered() + ": " + till.counters(); got != "capture staff succeeded 4000, void provider succeeded 7875: success 4000 4000 0 0 f" {
		t.Errorf("entered: %s", got)
	}
	till.sound()
}
