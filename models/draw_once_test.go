package models_test

import (
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
)

// What a part leaves of a hold that is drawn once is held no more, in the books as at the provider.
func TestRestOfWhatIsDrawnOnce(t *testing.T) {
	till := openHold(t, keyed(), func(d *gateways.Driver) { d.Can.DrawnOnce = []string{"invoice"} })
	plan, err := till.db.PlanAction(till.ctx, till.order, till.payment, models.Want{Action: models.CaptureAction, Amount: sek(4000)})
	if err != nil || plan.GivenUp != sek(7875) {
		t.Errorf("planned %+v, %v", plan, err)
	}
	till.done(till.capture(4000))
	if got := till.entered() + ": " + till.counters(); got != "capture staff succeeded 4000, void provider succeeded 7875: success 4000 4000 0 0 f" {
		t.Errorf("entered: %s", got)
	}
	var said int
	till.scan(&said, `SELECT count(*) FROM order_history WHERE order_id = $1 AND comment = 'The rest of the hold, 78.75 SEK, went back with the capture.'`, till.order)
	if said != 1 {
		t.Errorf("the history says it %d times", said)
	}
	till.portal(gateways.Void, 7875)
	done, err := till.cancel() // reads the payment, whose rest went back
	if err != nil || len(done.Operations) != 1 || done.Operations[0].Kind != gateways.Refund {
		t.Errorf("cancel: %+v, %v", done, err)
	}
	if got := till.entered(); got != "capture staff succeeded 4000, void provider succeeded 7875, refund staff queued 4000" {
		t.Errorf("entered: %s", got)
	}
	till.sound()
}
