package models_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
)

// Where the old account's credentials are gone, nothing is sent anywhere, and the operation says what to do. What
// it says is enough: the account entered once more is found, though another one is in force again.
func TestLostCredentialsOfTheOldAccount(t *testing.T) {
	for _, kind := range []string{"by key", "once"} {
		for name, lose := range map[string]func(*till, *accounts){
			"the secrets are gone": func(till *till, _ *accounts) {
				till.exec(`UPDATE gateway_settings SET secrets = '{}' WHERE version = 2`)
			},
			"the secrets do not open": func(till *till, _ *accounts) {
				till.exec(`UPDATE gateway_settings SET secrets = '{"secret":"v1.x.y"}' WHERE version = 2`)
			},
			"the password was replaced": func(_ *till, shops *accounts) { shops.rotate("north", "north-2") },
		} {
			t.Run(kind+", "+name, func(t *testing.T) {
				t.Parallel()
				till, shops := openAccountTill(t, kinds()[kind])
				shops.enter(t, till.db, 41, "south")
				lose(till, shops)
				op, err := till.capture(0)
				if err != nil {
					t.Fatal(err)
				}
				if err := till.db.StepOperation(till.ctx, op.ID); err != nil {
					t.Fatal(err)
				}
				var problem, state string
				till.scan(&state, `SELECT state FROM operations WHERE id = $1`, op.ID)
				till.scan(&problem, `SELECT problem FROM operations WHERE id = $1`, op.ID)
				if state != "queued" || !strings.Contains(problem, "Enter the credentials of north under") || strings.Contains(problem, "north-1") {
					t.Fatalf("the operation is %s and says %q", state, problem)
				}
				if n := len(shops.north.Calls()) + len(shops.south.Calls()); n != 0 {
					t.Fatalf("%d calls were made", n)
				}
				shops.enter(t, till.db, 41, "north")
				shops.enter(t, till.db, 41, "south")
				till.run(op, models.Succeeded)
				if till.version(op) != 4 || len(shops.north.Effects()) != 1 || len(shops.south.Calls()) != 0 {
					t.Errorf("it was sent with version %d, and %d calls went to the other account", till.version(op), len(shops.south.Calls()))
				}
			})
		}
	}
}

// A look-up whose credentials are gone waits for better ones, and concludes nothing.
func TestLookUpWithoutCredentialsWaits(t *testing.T) {
	till, shops := openAccountTill(t, keyed)
	shops.north.Next(gatewaytest.DropAfter)
	op, err := till.capture(0)
	if err != nil {
		t.Fatal(err)
	}
	if err := till.db.DispatchOperation(till.ctx, op.ID); err != nil {
		t.Fatal(err)
	}
	shops.rotate("north", "north-2")
	for range 3 {
		till.exec(`UPDATE operations SET next_at = now()`)
		if err := till.db.StepOperation(till.ctx, op.ID); err != nil {
			t.Fatal(err)
		}
	}
	var state string
	till.scan(&state, `SELECT concat_ws(' ', state, lookups, next_at > now() - interval '1 minute', problem) FROM operations WHERE id = $1`, op.ID)
	if state != "unknown 3 t Bogus does not know this password of north." {
		t.Fatalf("the operation is %s", state)
	}
	shops.enter(t, till.db, 41, "north")
	till.run(op, models.Succeeded)
	if got := shops.north.EffectsOf(op.IdempotencyKey); got != 1 {
		t.Errorf("%d effects", got)
	}
}

// Test and live are apart in the database itself: a payment is never of settings of the other mode, another
// gateway or another store.
func TestPaymentIsNotOfSettingsOfTheOtherMode(t *testing.T) {
	till, _ := openAccountTill(t, keyed)
	for _, place := range []string{"(41, 'bogus', 'live', 1)", "(41, 'other', 'test', 1)", "(42, 'bogus', 'test', 1)"} {
		var id int64
		till.exec(`INSERT INTO stores (id, code, name, currency, time_zone) VALUES (42, 'lavka', 'Lavka', 'RUB', 'Europe/Moscow') ON CONFLICT DO NOTHING`)
		till.scan(&id, `INSERT INTO gateway_settings (store_id, gateway, mode, version) VALUES `+place+` RETURNING id`)
		_, err := till.db.Pool().Exec(till.ctx, `UPDATE payments SET settings_id = $1`, id)
		if err == nil || !strings.Contains(err.Error(), "payments_settings") {
			t.Errorf("settings of %s: %v", place, err)
		}
		op, err := till.capture(0)
		if err != nil {
			t.Fatal(err)
		}
		till.exec(`UPDATE operations SET settings_id = $1 WHERE id = $2`, id, op.ID)
		findings, err := till.db.Fsck(till.ctx)
		if err != nil || len(findings) != 1 || !strings.Contains(findings[0].Invariant, "in its mode") {
			t.Errorf("an operation with settings of %s: %v, %v", place, findings, err)
		}
		till.run(op, models.Succeeded) // not sent yet, it takes those of its payment
		till.sound()
		till.hold(fmt.Sprintf("pay_%d", id+100))
	}
}
