package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
)

// The database itself refuses every step an operation cannot take, whatever the program believes.
func TestTheDatabaseRefusesOtherSteps(t *testing.T) {
	states := []string{"awaiting_approval", "queued", "dispatching", "pending", "succeeded", "failed", "unknown", "needs_review", "cancelled"}
	legal := map[string][]string{
		"awaiting_approval": {"queued", "cancelled"},
		"queued":            {"dispatching", "cancelled", "needs_review", "pending", "succeeded", "failed"},
		"dispatching":       {"queued", "pending", "succeeded", "failed", "unknown", "needs_review"},
		"unknown":           {"queued", "dispatching", "pending", "succeeded", "failed", "needs_review"},
		"pending":           {"succeeded", "failed", "needs_review"},
		"needs_review":      {"pending", "succeeded", "failed", "unknown"},
		"failed":            {"succeeded"},
		"succeeded":         {"failed"},
	}
	till := openHold(t, keyed())
	n := 0
	for _, kind := range []string{"capture", "void", "refund", "amount_update"} {
		for _, from := range states {
			for _, to := range states {
				n++
				tx, err := till.db.Pool().Begin(till.ctx)
				if err != nil {
					t.Fatal(err)
				}
				var id int64
				err = tx.QueryRow(till.ctx, `INSERT INTO operations (store_id, order_id, payment_id, kind, source, amount_minor, currency, requester, digest, idempotency_key, state, was_minor)
					VALUES (41, $1, $2, $3, 'staff', 100, 'SEK', 'Farah', '', $4, $5, 11875) RETURNING id`, till.order, till.payment, kind, fmt.Sprintf("edge_test_%d", n), from).Scan(&id)
				if err != nil {
					t.Fatal(err)
				}
				_, err = tx.Exec(till.ctx, `UPDATE operations SET state = $2 WHERE id = $1`, id, to)
				if may := from == to || slices.Contains(legal[from], to); (err == nil) != may {
					t.Errorf("%s from %s to %s: %v, want it done: %t", kind, from, to, err, may)
				}
				if err := tx.Rollback(till.ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// Nor does it take a name for a payment that its money does not fit, from any other to any: what is drawn is never
// called failed, and nothing is called paid or returned that is not.
func TestTheDatabaseRefusesWrongNamesOfPayments(t *testing.T) {
	till := openHold(t, keyed())
	moneys := []struct {
		set string // the counters: authorized, captured, refunded, reserved for a refund, given back
		may string // the statuses they fit
	}{
		{"0, 0, 0, 0, false", "pending failed canceled"},
		{"100, 0, 0, 0, false", "authorized canceled"},
		{"100, 0, 0, 0, true", "canceled"},
		{"100, 60, 0, 0, false", "obtained success stuck"},
		{"100, 100, 0, 0, false", "obtained success stuck"},
		{"100, 100, 0, 40, false", "obtained success stuck refunding"},
		{"100, 100, 40, 0, false", "obtained success stuck partially_refunded"},
		{"100, 100, 40, 60, false", "obtained success stuck partially_refunded refunding"},
		{"100, 100, 100, 0, false", "obtained success stuck partially_refunded refunded"},
	}
	statuses := strings.Fields("pending authorized obtained canceled failed success stuck refunding refunded partially_refunded")
	tried := 0
	for _, money := range moneys {
		for _, from := range statuses {
			for _, to := range statuses {
				if from == to {
					continue
				}
				tx, err := till.db.Pool().Begin(till.ctx)
				if err != nil {
					t.Fatal(err)
				}
				var id int64
				err = tx.QueryRow(till.ctx, `INSERT INTO payments (order_id, store_id, gateway, mode, status, currency, amount_minor, authorized_minor, captured_minor, refunded_minor, refund_reserved_minor, voided_at)
					SELECT $1, 41, 'bogus', 'test', $2, 'SEK', 100, m.a, m.c, m.r, m.x, CASE WHEN m.v THEN now() END FROM (VALUES (`+money.set+`)) AS m (a, c, r, x, v) RETURNING id`, till.order, from).Scan(&id)
				if err != nil {
					t.Fatalf("%s with %s: %v", from, money.set, err)
				}
				_, err = tx.Exec(till.ctx, `UPDATE payments SET status = $2 WHERE id = $1`, id, to)
				if may := slices.Contains(strings.Fields(money.may), to); (err == nil) != may {
					t.Errorf("with %s from %s to %s: %v, want it done: %t", money.set, from, to, err, may)
				}
				tried++
				if err := tx.Rollback(till.ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if tried != 9*10*9 {
		t.Errorf("tried %d", tried)
	}
}

// Nor does it take what excludes what, or is sent twice, from anybody.
func TestTheDatabaseRefusesWhatExcludes(t *testing.T) {
	till := openHold(t, keyed())
	insert := func(kind, state, more string) string {
		return fmt.Sprintf(`INSERT INTO operations (store_id, order_id, payment_id, kind, source, amount_minor, currency, requester, digest, idempotency_key, state, was_minor, once, first_sent_at)
			VALUES (41, %d, %d, '%s', 'staff', 100, 'SEK', 'Farah', '', 'key_' || gen_random_uuid(), '%s', 1, %s)`, till.order, till.payment, kind, state, more)
	}
	tests := []struct {
		name string
		sql  []string
		done bool
	}{
		{"capture beside void", []string{insert("capture", "queued", "false, NULL"), insert("void", "queued", "false, NULL")}, false},
		{"void beside amount update", []string{insert("void", "unknown", "false, NULL"), insert("amount_update", "queued", "false, NULL")}, false},
		{"capture beside capture", []string{insert("capture", "needs_review", "false, NULL"), insert("capture", "queued", "false, NULL")}, false},
		{"capture after a failed void", []string{insert("void", "failed", "false, NULL"), insert("capture", "queued", "false, NULL")}, true},
		{"refund beside capture", []string{insert("refund", "pending", "false, NULL"), insert("capture", "queued", "false, NULL")}, true},
		{"two that are sent once, both under way", []string{insert("refund", "unknown", "true, now()"), insert("refund", "dispatching", "true, now()")}, false},
		{"two that are sent once, one waiting", []string{insert("refund", "unknown", "true, now()"), insert("refund", "queued", "true, NULL")}, true},
		{"sent once, and again", []string{insert("refund", "unknown", "true, now()"), `UPDATE operations SET state = 'dispatching'`}, false},
		{"sent once, and queued to be sent again", []string{insert("refund", "unknown", "true, now()"), `UPDATE operations SET state = 'queued'`, `UPDATE operations SET state = 'dispatching'`}, false},
		{"what was sent once becomes another kind", []string{insert("refund", "unknown", "true, now()"), `UPDATE operations SET once = false`}, false},
		{"what came before is changed", []string{insert("refund", "unknown", "true, now()"), `UPDATE operations SET before = '{}', before_at = now(), before_version = 1`}, false},
		{"an amount update that does not know what was", []string{`UPDATE payments SET version = 1`, `INSERT INTO operations (store_id, order_id, payment_id, kind, source, amount_minor, currency, requester, digest, idempotency_key, state)
			SELECT 41, order_id, id, 'amount_update', 'staff', 100, 'SEK', 'Farah', '', 'key_of_an_update', 'queued' FROM payments`}, false},
		{"reserved after it was given back", []string{`UPDATE payments SET voided_at = now()`, `UPDATE payments SET capture_reserved_minor = 100`}, false},
		{"drawn after it was given back", []string{`UPDATE payments SET voided_at = now()`, `UPDATE payments SET captured_minor = 100`}, false},
		{"more drawn than held", []string{`UPDATE payments SET captured_minor = authorized_minor + 1`}, false},
		{"less held than drawn", []string{`UPDATE payments SET captured_minor = 100`, `UPDATE payments SET authorized_minor = 99`}, false},
		{"more returned than drawn", []string{`UPDATE payments SET captured_minor = 100`, `UPDATE payments SET refunded_minor = 60, refund_reserved_minor = 41`}, false},
		{"an operation deleted", []string{insert("refund", "failed", "false, NULL"), `DELETE FROM operations`}, false},
	}
	for _, tt := range tests {
		tx, err := till.db.Pool().Begin(till.ctx)
		if err != nil {
			t.Fatal(err)
		}
		for i, sql := range tt.sql {
			_, err = tx.Exec(till.ctx, sql)
			if last := i == len(tt.sql)-1; !last && err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
		}
		if (err == nil) != tt.done {
			t.Errorf("%s: %v, want it done: %t", tt.name, err, tt.done)
		}
		if err := tx.Rollback(till.ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// A wish is known by its name: repeated it makes nothing new, changed it is refused, and names are apart by source.
func TestAWishIsDoneOnce(t *testing.T) {
	till := openHold(t, keyed())
	robot := models.Actor{Kind: "api", Name: "ERP"}
	ask := func(source, key string, minor int64) (int64, string) {
		op, err := till.db.CapturePayment(till.ctx, models.CaptureRequest{
			Wish: models.Wish{OrderID: till.order, PaymentID: till.payment, Source: source, Key: key, By: robot}, Amount: sek(minor),
		})
		if err != nil {
			return 0, problemOf(err)
		}
		return op.ID, ""
	}
	if _, refused := ask(models.FromAPI, " ", 100); refused == "" {
		t.Error("captured without a name")
	}
	if _, refused := ask(models.FromProvider, "x", 100); refused == "" {
		t.Error("captured in the provider's name")
	}
	if _, err := till.db.CapturePayment(till.ctx, models.CaptureRequest{Wish: models.Wish{OrderID: till.order, PaymentID: till.payment, By: robot}}); err == nil {
		t.Error("a program used a person's form")
	}
	first, refused := ask(models.FromAPI, "token 1 a", 1000)
	if refused != "" {
		t.Fatal(refused)
	}
	if again, refused := ask(models.FromAPI, "token 1 a", 1000); again != first || refused != "" {
		t.Errorf("repeated: %d %s, want %d", again, refused, first)
	}
	if _, refused := ask(models.FromAPI, "token 1 a", 2000); refused != "This form was already used to capture 10.00 SEK. Reload the page to start another one." {
		t.Errorf("changed: %q", refused)
	}
	if _, refused := ask(models.FromStatus, "token 1 a", 1000); refused != fmt.Sprintf("Capture #%d of 10.00 SEK is under way; wait until it has ended.", first) {
		t.Errorf("the same name of another source: %q", refused)
	}
	var source, requester string
	till.scan(&source, `SELECT source FROM operations WHERE id = $1`, first)
	till.scan(&requester, `SELECT actor || ' ' || actor_name FROM order_history WHERE operation_id = $1 ORDER BY id LIMIT 1`, first)
	if source != "api" || requester != "api ERP" {
		t.Errorf("from %s, by %s", source, requester)
	}
	form := models.CancelRequest{Wish: till.wish(models.CancelAction)}
	form.Token = till.db.FormToken(*till.asha.UserID, string(models.CaptureAction), till.payment)
	if _, err := till.db.CancelOrCredit(till.ctx, form); problemOf(err) != "This form does not belong to you or to this payment. Reload the page and try again." {
		t.Errorf("the form of another action: %v", err)
	}
}
