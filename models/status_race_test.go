package models_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
)

// The order becomes shipped, which captures, while somebody presses a button: one effect that fits, and the order is
// only called shipped where its money is drawn.
func TestStatusRacesButtons(t *testing.T) {
	tt := openHold(t, &gatewaytest.Bogus{Class: gateways.ByKey})
	tt.link(group(models.CaptureAction, "", "", models.StatusShipped))
	done := 0
	for name, press := range map[string]func() error{
		"capture": func() error { _, err := tt.capture(0); return err },
		"cancel":  func() error { _, err := tt.cancel(); return err },
		"update":  func() error { _, err := tt.update(9000); return err },
	} {
		for round := range *raceRounds {
			tt.hold(fmt.Sprintf("%s-%d", name, round))
			var wait sync.WaitGroup
			for _, do := range []func() error{press, func() error {
				_, err := tt.db.ChangeStatus(tt.ctx, models.StatusChange{OrderID: tt.order, Status: models.StatusShipped, Source: "api", By: tt.asha})
				return err
			}} {
				wait.Go(func() {
					var problem *models.Problem
					if err := do(); err != nil && !errors.As(err, &problem) {
						t.Errorf("%s beside shipped: %v", name, err)
					}
				})
			}
			wait.Wait()
			tt.carry()
			tt.end(tt.payment)
			tt.carry()
			tt.compare(name + " beside shipped")
			var drawn int64
			if tt.scan(&drawn, `SELECT captured_minor FROM payments WHERE id = $1`, tt.payment); tt.status() == models.StatusShipped && drawn == 0 {
				t.Errorf("%s beside shipped, round %d: shipped, and nothing is drawn", name, round)
			}
			done++
		}
	}
	tt.sound()
	t.Logf("%d rounds", done)
}
