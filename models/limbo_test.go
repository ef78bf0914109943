package models_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// board is every row of the limbo board, page by page.
func (m *mailroom) board(f models.LimboFilter) []models.LimboRow {
	m.Helper()
	var rows []models.LimboRow
	for range 500 {
		page, err := m.db.Limbo(m.ctx, f)
		if err != nil {
			m.Fatal(err)
		}
		rows = append(rows, page.Rows...)
		if page.Next == "" {
			return rows
		}
		f.After = page.Next
	}
	m.Fatal("the board has no end")
	return nil
}

func keys(rows []models.LimboRow) string {
	var list []string
	for _, r := range rows {
		list = append(list, fmt.Sprintf("%s of %d", r.Kind, r.OrderID))
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// openOperation puts in an operation of 100.00 INR in a state, sent a while ago.
func (m *mailroom) openOperation(order, payment int64, state, contradiction string) (id int64) {
	m.Helper()
	m.scan(&id, `INSERT INTO operations (store_id, order_id, payment_id, kind, source, amount_minor, currency, requester, digest, idempotency_key, state, contradiction,
			settings_id, first_sent_at, created_at, attempts)
		SELECT 40, $1, $2, 'refund', 'staff', 10000, 'INR', 'Asha', '\x', 'kfylimbo' || $2::bigint || $3::text, $3, $4,
			(SELECT id FROM gateway_settings WHERE store_id = 40 AND gateway = 'razorpay' AND current), now() - interval '2 minutes', now() - interval '2 hours', 1
		RETURNING id`, order, payment, state, contradiction)
	if state == "succeeded" {
		m.exec(`UPDATE operations SET attempts = 0, first_sent_at = NULL, finished_at = now() WHERE id = $1`, id)
	} else {
		m.exec(`UPDATE payments SET refund_reserved_minor = 10000, status = 'refunding', refunding_since = now() WHERE id = $1`, payment)
	}
	return id
}

// settled makes the gateway know the refund of an operation as succeeded.
func (m *mailroom) settled(id, payment int64) {
	m.Helper()
	key, ref := m.text(`SELECT idempotency_key FROM operations WHERE id = $1`, id), m.text(`SELECT ref FROM payments WHERE id = $1`, payment)
	_, err := gateways.Perform(m.ctx, m.open(), gateways.Request{Verb: gateways.Refund, PaymentRef: ref, Amount: snapshot(ref, "captured").Amount, IdempotencyKey: key})
	if err != nil {
		m.Fatal(err)
	}
}

// open is the gateway behind razorpay here.
func (m *mailroom) open() gateways.Gateway {
	m.Helper()
	driver := m.bogus.Driver()
	gateway, err := driver.Open(gateways.Settings{Values: map[string]string{"key": "k", "secret": "s"}})
	if err != nil {
		m.Fatal(err)
	}
	return gateway
}

// limboSet puts in an order of every kind of limbo and gives what the board must show.
func (m *mailroom) limboSet() string {
	m.Helper()
	var want []string
	add := func(kind models.NeedKind, order int64) int64 {
		want = append(want, fmt.Sprintf("%s of %d", kind, order))
		return order
	}
	add(models.NeedMissing, m.missing("pay_debited", "captured"))
	unknown := add(models.NeedMissing, m.missing("pay_unknown", "captured"))
	m.exec(`UPDATE orders SET status_reason = 'unknown' WHERE id = $1`, unknown)
	abandoned := add(models.NeedMissing, m.missing("pay_abandoned", "failed"))
	m.exec(`UPDATE orders SET status_reason = 'abandoned' WHERE id = $1`, abandoned)

	failed, _ := m.order("pay_lost", "success", 10000)
	m.bogus.AddPayment(*snapshot("pay_lost", "captured"))
	m.exec(`UPDATE orders SET status = 'failed' WHERE id = $1`, add(models.NeedFailedPaid, failed))

	pending, _ := m.order("pay_slow", "pending", 0)
	m.bogus.AddPayment(*snapshot("pay_slow", "captured"))
	m.exec(`UPDATE orders SET date_added = now() - interval '2 hours' WHERE id = $1`, add(models.NeedPending, pending))
	never, _ := m.order("pay_never", "pending", 0)
	m.bogus.AddPayment(*snapshot("pay_never", "failed"))
	m.exec(`UPDATE orders SET date_added = now() - interval '2 hours' WHERE id = $1`, add(models.NeedPending, never))
	m.order("pay_just_now", "pending", 0)

	stuck, payment := m.order("pay_stuck", "stuck", 10000)
	m.bogus.AddPayment(*snapshot("pay_stuck", "captured"))
	_ = payment
	add(models.NeedStuck, stuck)

	refunding, payment := m.order("pay_back", "success", 10000)
	m.settled(m.openOperation(refunding, payment, "pending", ""), payment)
	m.exec(`UPDATE payments SET refunding_since = now() - interval '2 hours' WHERE id = $1`, payment)
	add(models.NeedRefunding, refunding)

	silent, payment := m.order("pay_silent", "success", 10000)
	m.settled(m.openOperation(silent, payment, "unknown", ""), payment)
	add(models.NeedUnknown, silent)
	review, payment := m.order("pay_review", "success", 10000)
	m.settled(m.openOperation(review, payment, "needs_review", ""), payment)
	add(models.NeedReview, review)
	twice, payment := m.order("pay_twice", "partially_refunded", 10000)
	m.exec(`UPDATE payments SET refunded_minor = 10000, status = 'refunded' WHERE id = $1`, payment)
	m.exec(`UPDATE orders SET status = 'refunded' WHERE id = $1`, twice)
	m.openOperation(twice, payment, "succeeded", "The gateway first said succeeded and later failed.")
	add(models.NeedContradiction, twice)

	untold, payment := m.order("pay_untold", "success", 10000)
	m.exec(`INSERT INTO partner_updates (store_id, order_id, payment_id, kind, status, amount_minor, currency, state, actor, actor_name, problem)
		VALUES (40, $1, $2, 'confirm_payment', 'complete', 10000, 'INR', 'failed', 'user', 'Asha Rao', 'Order not found.')`, add(models.NeedPartner, untold), payment)

	other, _ := m.order("pay_other", "success", 10000)
	m.exec(`INSERT INTO refused_amounts (store_id, order_id, gid, said) VALUES (40, $1, 'TR1', 'Fynd asks for 1.00 INR.')`, add(models.NeedAmount, other))

	held, payment := m.order("pay_held", "authorized", 0)
	m.exec(`UPDATE payments SET authorized_minor = 10000, capture_before = now() + interval '1 hour' WHERE id = $1`, payment)
	m.exec(`UPDATE orders SET status = 'processing' WHERE id = $1`, held)
	m.bogus.AddPayment(*snapshot("pay_held", "captured")) // captured in the portal meanwhile
	add(models.NeedHold, held)
	later, payment := m.order("pay_later", "authorized", 0)
	m.exec(`UPDATE payments SET authorized_minor = 10000, capture_before = now() + interval '5 days' WHERE id = $1`, payment)
	m.exec(`UPDATE orders SET status = 'processing' WHERE id = $1`, later)

	owed, _ := m.order("pay_owed", "success", 10000)
	m.exec(`INSERT INTO order_events (order_id, store_id, event, request_id, amount_minor, waiting, received_at) VALUES ($1, 40, 'REFUND_INITIATED', 'r1', 4000, true, now() - interval '25 hours')`,
		add(models.NeedOverdue, owed))
	slices.Sort(want)
	return strings.Join(want, "\n")
}

// Everything that is in limbo is on the board once, can be fixed from its row, and is gone then.
func TestLimboShowsAllAndLosesAll(t *testing.T) {
	m, fynd := openCounter(t)
	want := m.limboSet()
	rows := m.board(models.LimboFilter{})
	if got := keys(rows); got != want {
		t.Fatalf("the board shows\n%s\nwant\n%s", got, want)
	}
	if small := m.board(models.LimboFilter{Limit: 3}); keys(small) != want || !slices.IsSortedFunc(small, func(a, b models.LimboRow) int { return a.Since.Compare(b.Since) }) {
		t.Errorf("three rows to a page it shows\n%s", keys(small))
	}
	tally, err := m.db.LimboTally(m.ctx, models.LimboFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if n, more := tally.Count(); n != len(rows) || more {
		t.Errorf("%d rows are counted as %d", len(rows), n)
	}
	user := modelstest.Person(t, m.db, "Ravi", models.Owner)
	for _, row := range rows {
		var fix models.LimboFix
		switch {
		case row.Kind == models.NeedOverdue:
			payment := row.PaymentID
			op := m.asked(row.OrderID, payment, 4000)
			if err := m.db.DispatchOperation(m.ctx, op.ID); err != nil {
				t.Fatal(err)
			}
			m.exec(`UPDATE order_events SET waiting = false WHERE order_id = $1`, row.OrderID)
			continue
		case row.Kind == models.NeedMissing && row.Word == "abandoned", row.Kind == models.NeedPending && row.OrderID == m.idOf("pay_never"):
			fix = models.FixFail
		default:
			fix = row.Fixes()[0]
		}
		said, err := m.db.FixLimbo(m.ctx, fix, row.Kind, row.ID, user, "192.0.2.1")
		if err != nil || !strings.Contains(said, fmt.Sprintf("Order %d", row.OrderID)) {
			t.Errorf("%s of %s: %q, %v", fix, row.Key(), said, err)
		}
		if _, err := m.db.FixLimbo(m.ctx, fix, row.Kind, row.ID, user, "192.0.2.1"); err == nil || !strings.Contains(err.Error(), "not in limbo any more") {
			t.Errorf("%s of %s a second time: %v", fix, row.Key(), err)
		}
	}
	if left := keys(m.board(models.LimboFilter{})); left != "" {
		t.Errorf("left on the board:\n%s", left)
	}
	slices.Sort(fynd.heard)
	if got := strings.Join(fynd.heard, " "); got != "FYpay_debited FYpay_stuck FYpay_unknown FYpay_untold" {
		t.Errorf("Fynd heard %s", got)
	}
	statuses := m.text(`SELECT string_agg(partner_order_id||' '||status, ', ' ORDER BY partner_order_id) FROM orders WHERE status IN ('processed', 'failed')`)
	if statuses != "FYpay_abandoned failed, FYpay_debited processed, FYpay_never failed, FYpay_stuck processed, FYpay_unknown processed, FYpay_untold processed" {
		t.Errorf("statuses: %s", statuses)
	}
	m.sound()
}

func (m *mailroom) idOf(ref string) (id int64) {
	m.Helper()
	m.scan(&id, `SELECT order_id FROM payments WHERE ref = $1`, ref)
	return id
}

func TestLimboKeepsToFilters(t *testing.T) {
	m, _ := openCounter(t)
	m.limboSet()
	m.exec(`UPDATE orders SET date_added = now() - interval '8 days' WHERE id = $1`, m.idOf("pay_debited"))
	for _, tt := range []struct {
		f    models.LimboFilter
		want int
	}{
		{models.LimboFilter{Kind: models.NeedMissing}, 3},
		{models.LimboFilter{Kind: models.NeedMissing, Age: 7 * 24 * time.Hour}, 1},
		{models.LimboFilter{Store: 41}, 0},
		{models.LimboFilter{Store: 40, Kind: models.NeedHold}, 1},
		{models.LimboFilter{After: "nonsense", Kind: models.NeedPending}, 2},
	} {
		if rows := m.board(tt.f); len(rows) != tt.want {
			t.Errorf("%+v: %s", tt.f, keys(rows))
		}
	}
	if _, err := m.db.Limbo(m.ctx, models.LimboFilter{Kind: "forged"}); err != models.ErrNotFound { //nolint:errorlint // returned as it is
		t.Errorf("a kind that is none: %v", err)
	}
	m.ctx = models.WithScope(t.Context(), models.Scope{Stores: []int64{41}})
	if rows := m.board(models.LimboFilter{}); len(rows) != 0 {
		t.Errorf("another store sees %s", keys(rows))
	}
}

// No gateway's answer, no failed order: an error is not "not paid".
func TestNoAnswerMarksNothingAsFailed(t *testing.T) {
	m, _ := openCounter(t)
	user := modelstest.Person(t, m.db, "Ravi", models.Owner)
	for ref, word := range map[string]string{"pay_silent": "", "pay_drawn": "captured", "pay_held": "authorized"} {
		order := m.missing(ref, word)
		said, err := m.db.FixLimbo(m.ctx, models.FixFail, models.NeedMissing, order, user, "")
		if err == nil || !strings.Contains(err.Error(), "not marked as failed") {
			t.Errorf("%s: %q, %v", ref, said, err)
		}
		if got := m.text(`SELECT status FROM orders WHERE id = $1`, order); got == "failed" {
			t.Errorf("%s: the order is %s", ref, got)
		}
	}
}

// An order that was marked as failed because its gateway has no money for it stays failed when the gateway says so again.
func TestDeniedMoneyRevivesNothing(t *testing.T) {
	m, fynd := openCounter(t)
	user := modelstest.Person(t, m.db, "Ravi", models.Owner)
	for word, want := range map[string]string{"failed": "failed", "captured": "processing"} {
		order := m.missing("pay_"+word, word)
		m.exec(`UPDATE payments SET status = 'success', authorized_minor = amount_minor, captured_minor = amount_minor WHERE order_id = $1`, order)
		m.exec(`UPDATE orders SET status = 'failed', status_reason = '' WHERE id = $1`, order)
		for _, row := range m.board(models.LimboFilter{Kind: models.NeedFailedPaid}) {
			if row.OrderID != order {
				continue
			}
			if _, err := m.db.FixLimbo(m.ctx, models.FixAsk, row.Kind, row.ID, user, ""); err != nil {
				t.Error(err)
			}
			want += " asked"
		}
		if got := m.text(`SELECT status||' asked' FROM orders WHERE id = $1`, order); got != want {
			t.Errorf("the gateway says %s: the order is %s, want %s", word, got, want)
		}
	}
	if len(fynd.heard) != 0 {
		t.Errorf("Fynd heard %s", fynd.heard)
	}
}

func TestLimboAsksForRights(t *testing.T) {
	m, fynd := openCounter(t)
	order := m.missing("pay_1", "captured")
	viewer, manager, support := modelstest.Person(t, m.db, "Vera", models.Viewer), modelstest.Person(t, m.db, "Mira", models.Manager), modelstest.Person(t, m.db, "Asha", models.Support)
	for _, who := range []*models.User{viewer, manager} {
		for _, fix := range []models.LimboFix{models.FixAsk, models.FixConfirm, models.FixFail} {
			if _, err := m.db.FixLimbo(m.ctx, fix, models.NeedMissing, order, who, ""); err != models.ErrForbidden { //nolint:errorlint // returned as it is
				t.Errorf("%s may %s: %v", who.Role, fix, err)
			}
		}
	}
	for _, want := range []string{"yours", "nobody's"} {
		if said, err := m.db.FixLimbo(m.ctx, models.FixTake, models.NeedMissing, order, support, ""); err != nil || !strings.Contains(said, want) {
			t.Errorf("take it: %q, %v", said, err)
		}
	}
	elsewhere := models.WithScope(context.WithoutCancel(t.Context()), models.Scope{Stores: []int64{41}})
	if _, err := m.db.FixLimbo(elsewhere, models.FixAsk, models.NeedMissing, order, support, ""); err == nil || len(fynd.heard) != 0 {
		t.Errorf("from another store: %v", err)
	}
}

func TestLimboDaysAreNoted(t *testing.T) {
	m, _ := openCounter(t)
	m.limboSet()
	for range 2 {
		if _, err := m.db.NoteLimbo(m.ctx); err != nil {
			t.Fatal(err)
		}
	}
	days, err := m.db.LimboDays(m.ctx, 30)
	if err != nil || len(days.Days) != 30 || days.Days[29].Orders != int64(len(m.board(models.LimboFilter{}))) {
		t.Fatalf("%+v, %v", days, err)
	}
	m.exec(`UPDATE orders SET status = 'processed' WHERE status = 'missing'`)
	if _, err := m.db.NoteLimbo(m.ctx); err != nil {
		t.Fatal(err)
	}
	if got := m.text(`SELECT count(*)::text FROM limbo_days WHERE kind = 'missing'`); got != "0" {
		t.Errorf("%s lines of what is gone", got)
	}
}
