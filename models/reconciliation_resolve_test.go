package models_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// differing is a file with a missing order, an unknown one and two other amounts.
func (l *ledgers) differing() *models.Reconciliation {
	l.Helper()
	l.paidOrders(5)
	l.exec("UPDATE orders SET status = 'missing', status_reason = 'debited' WHERE id = 5000")
	l.exec("UPDATE payments SET status = 'pending', captured_minor = 0, authorized_minor = 0 WHERE order_id = 5000")
	text := ccavenueHead + "\n"
	for n := range 5 {
		row := lookupOf(n)
		if n == 1 || n == 2 {
			row.amount = "1.00"
		}
		if n == 3 {
			row.ref, row.order = "9", "999999"
		}
		text += row.line() + "\n"
	}
	return l.upload("lookup.csv", text)
}

func TestResolveRows(t *testing.T) {
	l := newLedgers(t)
	r := l.differing()
	l.counted(r, map[string]int64{"agree": 1, "paid_missing": 1, "amount": 2, "unknown_order": 1, "absent": 1})
	row := func(class models.RowClass) int64 { return l.rows(r, class)[0].Row }
	do := func(user *models.User, action models.RowAction, comment string, n int64) error {
		_, err := l.db.ResolveRow(l.ctx, models.Resolution{ID: r.ID, Action: action, Comment: comment, User: user}, n)
		return err
	}
	viewer := modelstest.Person(t, l.db, "Vera", models.Viewer, 43)
	before := l.snapshotOf()
	for _, tt := range []struct {
		name    string
		user    *models.User
		action  models.RowAction
		comment string
		class   models.RowClass
		want    string
	}{
		{"without the right", viewer, models.ActionAccept, "ok", models.RowAmount, models.ErrForbidden.Error()},
		{"without the right to change statuses", l.user, models.ActionFail, "", models.RowAbsent, models.ErrForbidden.Error()},
		{"without a reason", l.user, models.ActionAccept, " ", models.RowAmount, "Say in a comment why this may stay as it is."},
		{"an unknown action", l.user, "pay", "", models.RowAmount, "Choose what is to be done."},
		{"a gateway that cannot be asked", l.user, models.ActionAsk, "", models.RowPaidMissing, "The gateway could not be asked"},
		{"no order to ask about", l.user, models.ActionAsk, "", models.RowUnknownOrder, "No order here belongs to this row."},
		{"an order Fynd does not know", l.user, models.ActionConfirm, "", models.RowPaidMissing, "The order has no GoFynd order ID"},
	} {
		if err := do(tt.user, tt.action, tt.comment, row(tt.class)); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if l.snapshotOf() != before {
		t.Error("what was refused changed something")
	}

	left := func() int64 {
		t.Helper()
		list, _, err := l.db.Reconciliations(l.ctx, 0)
		one, err2 := l.db.Reconciliation(l.ctx, r.ID)
		if err != nil || err2 != nil || len(list) != 1 || list[0].Left != one.Left {
			t.Fatalf("the list %v and the page %v count differently: %v, %v", list, one, err, err2)
		}
		return one.Left
	}
	if got := left(); got != 5 {
		t.Errorf("of 5 differences %d are left", got)
	}

	// Many press at once; one of them resolves it, and its order is told once.
	n, won := row(models.RowAmount), atomic.Int32{}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			var problem *models.Problem
			switch err := do(l.user, models.ActionAccept, "A rupee less.", n); {
			case err == nil:
				won.Add(1)
			case !errors.As(err, &problem) || !problem.Conflict:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := left(); got != 4 {
		t.Errorf("after one was accepted %d are left", got)
	}
	var told int
	l.scan(&told, "SELECT count(*) FROM order_history WHERE comment LIKE 'Reconciliation %, row %(amount): A rupee less.'")
	if won.Load() != 1 || told != 1 {
		t.Errorf("%d of 8 resolved it, and its order was told %d times", won.Load(), told)
	}

	// Somebody takes what is left, and accepts it at once; the number must be the one that was shown.
	all := models.Resolution{ID: r.ID, Action: models.ActionTake, User: l.user, Count: 4}
	if said, err := l.db.ResolveRows(l.ctx, all); err != nil || said != "4 rows are yours." {
		t.Errorf("%q, %v", said, err)
	}
	queue, err := l.db.ExceptionQueue(l.ctx, l.user.ID, 10)
	if err != nil || len(queue) != 4 || queue[0].OwnerName != "Farah" || queue[0].OpenedAt == nil {
		t.Errorf("the queue has %d rows (%v)", len(queue), err)
	}
	all.Action, all.Comment, all.Count = models.ActionAccept, "Looked at.", 5
	if _, err := l.db.ResolveRows(l.ctx, all); err == nil || err.Error() != "4 differences match by now, and 5 were shown. Look at them again." {
		t.Errorf("with another number: %v", err)
	}
	all.Count = 4
	if said, err := l.db.ResolveRows(l.ctx, all); err != nil || said != "4 rows are resolved." {
		t.Errorf("%q, %v", said, err)
	}
	var open, audits int
	l.scan(&open, "SELECT count(*) FROM reconciliation_rows WHERE state = 'open'")
	l.scan(&audits, "SELECT count(*) FROM audit_log WHERE action IN ('reconciliation.accept', 'reconciliation.take')")
	if open != 0 || audits != 3 {
		t.Errorf("%d rows are open, and the audit log tells of it %d times", open, audits)
	}
}

// A difference that has gone by itself is closed by the sweep.
func TestSweepClosesWhatHasGone(t *testing.T) {
	l := newLedgers(t)
	r := l.differing()
	l.exec("UPDATE orders SET status = 'processing', status_reason = '' WHERE id = 5000")
	if n, err := l.db.SweepReconciliations(l.ctx); err != nil || n != 1 {
		t.Errorf("the sweep touched %d (%v), want 1", n, err)
	}
	row := l.rows(r, models.RowPaidMissing)[0]
	if row.State != "resolved" || row.Action != "settled" || row.Comment != "The order is processing now." {
		t.Errorf("%+v", row)
	}
}

// Another store's people see nothing of a file, by either wall.
func TestReconciliationWalls(t *testing.T) {
	l := newLedgers(t)
	r := l.differing()
	foreign := models.WithScope(l.ctx, models.Scope{Stores: []int64{40}})
	if _, err := l.db.Reconciliation(foreign, r.ID); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("from another store it is %v", err)
	}
	if list, _, err := l.db.Reconciliations(foreign, 0); err != nil || len(list) != 0 {
		t.Errorf("another store lists %d (%v)", len(list), err)
	}
	if queue, err := l.db.ExceptionQueue(foreign, 0, 10); err != nil || len(queue) != 0 {
		t.Errorf("another store's queue has %d (%v)", len(queue), err)
	}
	var n int
	if err := l.db.Pool().QueryRow(foreign, `SELECT (SELECT count(*) FROM reconciliations) + (SELECT count(*) FROM reconciliation_rows) + (SELECT count(*) FROM reconciliation_pieces)
		+ (SELECT count(*) FROM reconciliation_mappings)`).Scan(&n); err != nil || n != 0 {
		t.Errorf("the second wall lets %d rows through (%v)", n, err)
	}
}
