package models_test

import (
	"errors"
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
)

var raceRounds = flag.Int("race-rounds", 12, "how often each pair of actions is raced")

// Two people press two buttons at the same moment, in all pairs: what the provider did fits together, and is
// what the books say.
func TestActionsRace(t *testing.T) {
	type action = func(*till) error
	actions := []struct {
		name string
		do   action
	}{
		{"capture", func(t *till) error { _, err := t.capture(0); return err }},
		{"capture in part", func(t *till) error { _, err := t.capture(5000); return err }},
		{"cancel", func(t *till) error { _, err := t.cancel(); return err }},
		{"update", func(t *till) error { _, err := t.update(9000); return err }},
		{"refund", func(t *till) error { _, err := t.credit(3000); return err }},
	}
	for kind, open := range kinds() {
		if kind == "by reference" {
			continue // the same path as by key until an answer is lost
		}
		t.Run(kind, func(t *testing.T) {
			bogus := open()
			bogus.QuietPeriod = time.Hour
			till := openHold(t, bogus)
			done := 0
			for i, a := range actions {
				for _, b := range actions[i:] {
					for round := range *raceRounds {
						till.hold(fmt.Sprintf("%s-%s-%d", a.name, b.name, round))
						if round%3 == 2 { // a third of them with part of it drawn
							op, err := till.capture(6000)
							if err != nil {
								t.Fatal(err)
							}
							till.end(op.PaymentID)
						}
						if round%4 == 3 {
							bogus.Next(gatewaytest.DropAfter)
						}
						var wait sync.WaitGroup
						for _, do := range []action{a.do, b.do} {
							wait.Go(func() {
								var problem *models.Problem
								if err := do(till); err != nil && !errors.As(err, &problem) {
									t.Errorf("%s beside %s: %v", a.name, b.name, err)
								}
							})
						}
						wait.Wait()
						till.end(till.payment)
						till.compare(a.name + " beside " + b.name)
						done++
					}
				}
			}
			till.sound()
			t.Logf("%d rounds", done)
		})
	}
}

// end sweeps until nothing of a payment is open.
func (t *till) end(payment int64) {
	t.Helper()
	for range 2000 {
		var open int
		if t.scan(&open, `SELECT count(*) FROM operations WHERE payment_id = $1 AND state NOT IN ('succeeded', 'failed', 'cancelled')`, payment); open == 0 {
			return
		}
		if _, err := t.db.SettleDue(t.ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond)
	}
	t.Fatalf("payment %d does not come to rest", payment)
}

// compare adds up what the provider did to the payment and compares it with the books.
func (t *till) compare(what string) {
	t.Helper()
	ref, sums, held, full := t.ref(), map[gateways.Verb]int64{}, int64(11875), false
	for _, effect := range t.bogus.Effects() {
		if effect.PaymentRef != ref || effect.Status == gateways.Failed {
			continue
		}
		switch effect.Verb {
		case gateways.Update:
			if sums[gateways.Capture] > 0 || full {
				t.Errorf("%s: updated after it was drawn or given back", what)
			}
			held = effect.Amount.Minor
		case gateways.Void:
			if full = sums[gateways.Capture] == 0; !full {
				held -= effect.Amount.Minor
			}
		case gateways.Capture:
			if full {
				t.Errorf("%s: drawn after it was given back", what)
			}
		}
		sums[effect.Verb] += effect.Amount.Minor
	}
	if sums[gateways.Capture] > held || sums[gateways.Refund] > sums[gateways.Capture] {
		t.Errorf("%s: %v of %d", what, sums, held)
	}
	var books string
	t.scan(&books, `SELECT concat_ws(' ', authorized_minor, captured_minor, refunded_minor, voided_at IS NOT NULL) FROM payments WHERE id = $1`, t.payment)
	if want := fmt.Sprintf("%d %d %d %.1s", held, sums[gateways.Capture], sums[gateways.Refund], fmt.Sprint(full)); books != want {
		t.Errorf("%s: the books say %s, the provider %s", what, books, want)
	}
}
