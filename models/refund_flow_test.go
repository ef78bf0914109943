package models_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
	"github.com/kartify/kartify/money"
)

// till is a store with one captured payment of 100.00 INR, and the gateway that holds it.
type till struct {
	*testing.T
	db      *models.DB
	bogus   *gatewaytest.Bogus
	ctx     context.Context
	asha    models.Actor
	order   int64
	payment int64
}

func openTill(t *testing.T, bogus *gatewaytest.Bogus) *till {
	t.Helper()
	driver := bogus.Driver()
	driver.Code = "razorpay" // Refund Money is for Razorpay
	db := modelstest.DB(t, func(o *models.Options) {
		o.MaxConns = 20
		o.Drivers = []gateways.Driver{driver}
		o.Timings = models.Timings{Lease: 400 * time.Millisecond, ResendAfter: 50 * time.Millisecond, LookupSteps: []time.Duration{10 * time.Millisecond}}
	})
	ctx := modelstest.System(t.Context())
	tt := &till{T: t, db: db, bogus: bogus, ctx: ctx}
	var user int64
	tt.scan(&user, `INSERT INTO users (email, name, role) VALUES ('asha@ruosh.example', 'Asha', 'support') RETURNING id`)
	tt.exec(`INSERT INTO stores (id, code, name, currency, time_zone, fynd) VALUES (40, 'ruosh', 'Ruosh', 'INR', 'Asia/Kolkata', true)`)
	tt.exec(`INSERT INTO gateway_settings (store_id, gateway, mode, version, values) VALUES (40, 'razorpay', 'test', 1, '{"key":"k","secret":"s"}')`)
	tt.scan(&tt.order, `INSERT INTO orders (store_id, partner_order_id, gid, status, gateway, currency, items_minor, total_minor, customer_name)
		VALUES (40, 'FY1', 'TR1', 'processing', 'razorpay', 'INR', 10000, 10000, 'Meera') RETURNING id`)
	tt.exec(`INSERT INTO order_items (order_id, store_id, position, name, quantity, unit_minor, total_minor) VALUES ($1, 40, 1, 'Kurta', 3, 3333, 9999)`, tt.order)
	tt.scan(&tt.payment, `INSERT INTO payments (order_id, store_id, gateway, mode, ref, status, currency, amount_minor, authorized_minor, captured_minor)
		VALUES ($1, 40, 'razorpay', 'test', 'pay_1', 'success', 'INR', 10000, 10000, 10000) RETURNING id`, tt.order)
	bogus.AddPayment(gateways.Payment{Ref: "pay_1", Word: "captured", Amount: money.New(10000, "INR"), Captured: 10000, Authorized: true, Method: "card"})
	tt.asha = models.Actor{Kind: "user", UserID: &user, Name: "Asha"}
	return tt
}

func (t *till) exec(sql string, args ...any) {
	t.Helper()
	if _, err := t.db.Pool().Exec(t.ctx, sql, args...); err != nil {
		t.Fatal(err)
	}
}

func (t *till) scan(into any, sql string, args ...any) {
	t.Helper()
	if err := t.db.Pool().QueryRow(t.ctx, sql, args...).Scan(into); err != nil {
		t.Fatal(err)
	}
}

// ask makes the wish of a freshly shown form.
func (t *till) ask(minor int64) models.RefundRequest {
	return models.RefundRequest{
		OrderID: t.order, PaymentID: t.payment, Amount: money.New(minor, "INR"), Reason: "returned",
		Token: t.db.FormToken(*t.asha.UserID, "refund", t.payment), By: t.asha,
	}
}

func (t *till) refund(minor int64) *models.Operation {
	t.Helper()
	op, err := t.db.RefundPayment(t.ctx, t.ask(minor))
	if err != nil {
		t.Fatalf("refund %d: %v", minor, err)
	}
	return op
}

// run sweeps until nothing is due or the operation is in one of the states.
func (t *till) run(op *models.Operation, states ...models.OperationState) models.OperationState {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		if _, err := t.db.SettleDue(t.ctx); err != nil {
			t.Fatalf("sweep: %v", err)
		}
		var state models.OperationState
		t.scan(&state, `SELECT state FROM operations WHERE id = $1`, op.ID)
		for _, want := range states {
			if state == want {
				return state
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("operation %d is %s, want %v", op.ID, state, states)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// books compares the payment's counters with what the gateway really moved.
func (t *till) books() (refunded, reserved, moved int64) {
	t.Helper()
	if err := t.db.Pool().QueryRow(t.ctx, `SELECT refunded_minor, refund_reserved_minor FROM payments WHERE id = $1`, t.payment).Scan(&refunded, &reserved); err != nil {
		t.Fatal(err)
	}
	for _, effect := range t.bogus.Effects() {
		if effect.Status != gateways.Failed {
			moved += effect.Amount.Minor
		}
	}
	return refunded, reserved, moved
}

func keyed() *gatewaytest.Bogus {
	return &gatewaytest.Bogus{Class: gateways.ByKey, KeyLifetime: time.Hour, QuietPeriod: time.Hour}
}

func TestRefundEndsWithTheTruth(t *testing.T) {
	tests := []struct {
		name     string
		outcomes []gatewaytest.Outcome
		want     models.OperationState
		moved    int64
	}{
		{"done at once", nil, models.Succeeded, 4000},
		{"declined", []gatewaytest.Outcome{gatewaytest.Decline}, models.Failed, 0},
		{"accepted, then failed", []gatewaytest.Outcome{gatewaytest.Fail}, models.Failed, 0},
		{"busy, then done", []gatewaytest.Outcome{gatewaytest.Busy, gatewaytest.Busy}, models.Succeeded, 4000},
		{"answer lost after it happened", []gatewaytest.Outcome{gatewaytest.DropAfter}, models.Succeeded, 4000},
		{"lost before it happened", []gatewaytest.Outcome{gatewaytest.DropBefore}, models.Succeeded, 4000},
		{"wrong amount in the answer", []gatewaytest.Outcome{gatewaytest.WrongAmount}, models.Succeeded, 4000},
		{"the driver panics", []gatewaytest.Outcome{gatewaytest.BreakDown}, models.Succeeded, 4000},
		{"lost, then declined on the repeat", []gatewaytest.Outcome{gatewaytest.DropBefore, gatewaytest.Decline}, models.Failed, 0},
		{"lost twice", []gatewaytest.Outcome{gatewaytest.DropBefore, gatewaytest.DropAfter}, models.Succeeded, 4000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			till := openTill(t, keyed())
			till.bogus.Next(tt.outcomes...)
			op := till.refund(4000)
			till.run(op, tt.want)
			refunded, reserved, moved := till.books()
			if refunded != tt.moved || reserved != 0 || moved != tt.moved {
				t.Errorf("refunded %d, reserved %d, moved %d; want %d, 0, %[4]d", refunded, reserved, moved, tt.moved)
			}
		})
	}
}

func TestUnknownHoldsItsMoney(t *testing.T) {
	till := openTill(t, &gatewaytest.Bogus{Class: gateways.Once, QuietPeriod: 200 * time.Millisecond})
	till.bogus.Next(gatewaytest.Late)
	op := till.refund(8000)
	till.run(op, models.UnknownOutcome)
	if _, err := till.db.RefundPayment(till.ctx, till.ask(2001)); err == nil {
		t.Error("money of an unknown refund was promised again")
	}
	till.run(op, models.NeedsReview) // absent after the quiet period: a person decides
	if calls := till.bogus.Calls(); len(calls) != 1 {
		t.Fatalf("%d calls without an idempotency key, want 1", len(calls))
	}
	till.bogus.Land()
	if _, err := till.db.AskAgain(till.ctx, op.ID, till.asha); err != nil {
		t.Fatal(err)
	}
	till.run(op, models.Succeeded)
	if refunded, _, moved := till.books(); refunded != 8000 || moved != 8000 {
		t.Errorf("refunded %d, moved %d", refunded, moved)
	}
}

func TestOneFormIsOneRefund(t *testing.T) {
	till := openTill(t, keyed())
	wish := till.ask(3000)
	var wait sync.WaitGroup
	ids := make([]int64, 50)
	for i := range ids {
		wait.Go(func() {
			op, err := till.db.RefundPayment(till.ctx, wish)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = op.ID
		})
	}
	wait.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("one form made operations %d and %d", ids[0], id)
		}
	}
	till.run(&models.Operation{ID: ids[0]}, models.Succeeded)
	if _, _, moved := till.books(); moved != 3000 {
		t.Errorf("moved %d, want 3000", moved)
	}
	wish.Amount = money.New(3001, "INR")
	var problem *models.Problem
	if _, err := till.db.RefundPayment(till.ctx, wish); !errors.As(err, &problem) || !problem.Conflict {
		t.Errorf("the form with another amount: %v, want a conflict", err)
	}
}

func TestFiftyFormsOfThirtyPercentAreThreeRefunds(t *testing.T) {
	till := openTill(t, keyed())
	var wait sync.WaitGroup
	var mu sync.Mutex
	won := []int64{}
	for range 50 {
		wish := till.ask(3000)
		wait.Go(func() {
			op, err := till.db.RefundPayment(till.ctx, wish)
			if err == nil {
				mu.Lock()
				won = append(won, op.ID)
				mu.Unlock()
			} else if !strings.Contains(err.Error(), "left to refund") {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if len(won) != 3 {
		t.Fatalf("%d refunds were taken, want 3", len(won))
	}
	for _, id := range won {
		till.run(&models.Operation{ID: id}, models.Succeeded)
	}
	if refunded, reserved, moved := till.books(); refunded != 9000 || reserved != 0 || moved != 9000 {
		t.Errorf("refunded %d, reserved %d, moved %d; want 9000, 0, 9000", refunded, reserved, moved)
	}
}

func TestTwoWorkersSendOnce(t *testing.T) {
	bogus := &gatewaytest.Bogus{Class: gateways.Once, QuietPeriod: time.Hour, Delay: 50 * time.Millisecond}
	till := openTill(t, bogus)
	op := till.refund(1000)
	var wait sync.WaitGroup
	for range 10 {
		wait.Go(func() {
			if err := till.db.DispatchOperation(till.ctx, op.ID); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if calls := bogus.Calls(); len(calls) != 1 {
		t.Errorf("%d calls, want 1", len(calls))
	}
}

func TestLostWorkerIsLookedUp(t *testing.T) {
	till := openTill(t, keyed())
	op := till.refund(1000)
	// A worker that dies after its claim leaves a lease behind.
	till.exec(`UPDATE operations SET state = 'dispatching', attempts = 1, first_sent_at = now(), lease_until = now() - interval '1 second', next_at = now() WHERE id = $1`, op.ID)
	till.exec(`INSERT INTO operation_attempts (operation_id, store_id, n, kind) VALUES ($1, 40, 1, 'send')`, op.ID)
	till.run(op, models.Succeeded)
	if _, _, moved := till.books(); moved != 1000 {
		t.Errorf("moved %d, want 1000", moved)
	}
	var outcome string
	till.scan(&outcome, `SELECT outcome FROM operation_attempts WHERE operation_id = $1 AND n = 1`, op.ID)
	if outcome != "lost" {
		t.Errorf("the dead worker's attempt is %q, want lost", outcome)
	}
}

func TestWrongCredentialsWait(t *testing.T) {
	till := openTill(t, keyed())
	till.bogus.Next(gatewaytest.Refuse)
	op := till.refund(1000)
	if err := till.db.DispatchOperation(till.ctx, op.ID); err != nil {
		t.Fatal(err)
	}
	var state, problem string
	till.scan(&state, `SELECT state FROM operations WHERE id = $1`, op.ID)
	till.scan(&problem, `SELECT problem FROM operations WHERE id = $1`, op.ID)
	if state != "queued" || !strings.Contains(problem, "credentials") {
		t.Errorf("state %s, problem %q; want queued with a word about the credentials", state, problem)
	}
}

func TestRefundClosesTheRequest(t *testing.T) {
	till := openTill(t, keyed())
	till.exec(`INSERT INTO order_events (order_id, store_id, event, request_id, amount_minor, waiting) VALUES ($1, 40, 'REFUND_INITIATED', '16916747740991418099', 4000, true)`, till.order)
	till.exec(`INSERT INTO order_events (order_id, store_id, event, request_id, amount_minor, waiting) VALUES ($1, 40, 'REFUND_INITIATED', '16916747740991418100', 6000, true)`, till.order)
	waiting := func() (n int) {
		till.scan(&n, `SELECT count(*) FROM order_events WHERE waiting`)
		return n
	}
	till.run(till.refund(4000), models.Succeeded)
	if n := waiting(); n != 1 {
		t.Fatalf("%d requests wait after the first refund, want 1", n)
	}
	var status, told string
	till.scan(&status, `SELECT status FROM orders WHERE id = $1`, till.order)
	if status != models.StatusPartiallyRefunded {
		t.Errorf("order is %s, want partially_refunded", status)
	}
	till.scan(&told, `SELECT request_id || ' ' || status FROM partner_updates`)
	if told != "16916747740991418099 refund_done" {
		t.Errorf("Fynd is told %q", told)
	}
	till.run(till.refund(6000), models.Succeeded)
	till.scan(&status, `SELECT status FROM orders WHERE id = $1`, till.order)
	if n := waiting(); n != 0 || status != models.StatusRefunded {
		t.Errorf("%d requests wait and the order is %s, want 0 and refunded", n, status)
	}
}

func TestRefundByLinesAddsUp(t *testing.T) {
	till := openTill(t, keyed())
	var item int64
	till.scan(&item, `SELECT id FROM order_items`)
	var total int64
	for range 3 {
		wish := till.ask(0)
		wish.Amount, wish.ByLines, wish.Lines = money.Amount{}, true, []models.LineChoice{{ItemID: item, Quantity: 1}}
		op, err := till.db.RefundPayment(till.ctx, wish)
		if err != nil {
			t.Fatal(err)
		}
		total += op.AmountMinor
		till.run(op, models.Succeeded)
	}
	if total != 9999 {
		t.Errorf("three single pieces came to %d, want 9999", total)
	}
	wish := till.ask(0)
	wish.Amount, wish.ByLines, wish.Lines = money.Amount{}, true, []models.LineChoice{{ItemID: item, Quantity: 1}}
	if _, err := till.db.RefundPayment(till.ctx, wish); err == nil || !strings.Contains(err.Error(), "Only 0 of") {
		t.Errorf("a fourth piece of three: %v", err)
	}
}

func TestRefundOfAnotherStoreIsNotFound(t *testing.T) {
	till := openTill(t, keyed())
	ctx := models.WithScope(t.Context(), models.Scope{Stores: []int64{41}})
	if _, err := till.db.RefundPayment(ctx, till.ask(100)); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("another store's payment: %v, want not found", err)
	}
}

func TestDatabaseRefusesWhatTheProgramMustNotDo(t *testing.T) {
	till := openTill(t, keyed())
	op := till.refund(1000)
	for name, sql := range map[string]string{
		"more refunded than captured": fmt.Sprintf(`UPDATE payments SET refunded_minor = 9001 WHERE id = %d`, till.payment),
		"a step that does not exist":  fmt.Sprintf(`UPDATE operations SET state = 'unknown' WHERE id = %d`, op.ID),
		"deleting an operation":       fmt.Sprintf(`DELETE FROM operations WHERE id = %d`, op.ID),
		"deleting a payment":          fmt.Sprintf(`DELETE FROM payments WHERE id = %d`, till.payment),
		"changing the audit log":      `UPDATE audit_log SET action = 'nothing'`,
		"deleting from the audit log": `DELETE FROM audit_log`,
		"emptying the audit log":      `TRUNCATE audit_log`,
	} {
		if _, err := till.db.Pool().Exec(till.ctx, sql); err == nil {
			t.Errorf("the database allowed %s", name)
		}
	}
}
