package models_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// prepared is a file of 10,000 rows, in an order of its own, with differences that are known one by one.
func prepared(l *ledgers) (text string, want map[string]int64, differ map[models.RowClass][]string) {
	l.Helper()
	const rows, orders = 9_950, 9_990 // fewer rows of orders than orders: 40 are not in the file
	l.paidOrders(orders)
	var lines []string
	differ = map[models.RowClass][]string{}
	mark := func(class models.RowClass, n int) { differ[class] = append(differ[class], fmt.Sprint(5000+n)) }
	for n := range rows {
		row := lookupOf(n)
		id := 5000 + n
		switch {
		case n < 60:
			l.exec("UPDATE orders SET status = 'missing', status_reason = 'debited' WHERE id = $1", id)
			l.exec("UPDATE payments SET status = 'pending', captured_minor = 0, authorized_minor = 0 WHERE order_id = $1", id)
			mark(models.RowPaidMissing, n)
		case n < 100:
			l.exec("UPDATE orders SET status = $2 WHERE id = $1", id, []string{"failed", "pending"}[n%2])
			l.exec("UPDATE payments SET status = 'failed', captured_minor = 0, authorized_minor = 0 WHERE order_id = $1", id)
			mark(models.RowPaidFailed, n)
		case n < 130:
			row.amount = "1.00"
			mark(models.RowAmount, n)
		case n < 140:
			row.currency = "USD"
			mark(models.RowCurrency, n)
		case n < 165:
			row.refunded, row.word = "10.00", "Refunded"
			mark(models.RowRefundedThere, n)
		case n < 185:
			l.exec("UPDATE payments SET refunded_minor = 500, status = 'partially_refunded' WHERE order_id = $1", id)
			mark(models.RowRefundedHere, n)
		case n < 205: // refunded on both sides
			row.refunded, row.word = "5.00", "Refunded"
			l.exec("UPDATE payments SET refunded_minor = 500, status = 'partially_refunded' WHERE order_id = $1", id)
			l.exec("UPDATE orders SET status = 'partially_refunded' WHERE id = $1", id)
		case n < 230: // a further attempt that failed
			failed := row
			failed.ref, failed.order, failed.word = "40"+fmt.Sprint(id), fmt.Sprintf("%d-2", id), "Unsuccessful"
			lines = append(lines, failed.line())
		case n < 240: // failed on both sides
			row.word = "Aborted"
			l.exec("UPDATE orders SET status = 'failed' WHERE id = $1", id)
			l.exec("UPDATE payments SET status = 'failed', captured_minor = 0, authorized_minor = 0 WHERE order_id = $1", id)
		case n < 245: // there is no word of it being paid
			row.word = "Awaited"
			mark(models.RowAbsent, n)
		}
		lines = append(lines, row.line())
	}
	again := lookupOf(300)
	lines = append(lines, again.line()) // the very same row
	mark(models.RowDuplicate, 300)
	again.ref, again.order = "888", "5301-2"
	again.amount = lookupOf(301).amount
	lines = append(lines, again.line()) // another attempt that was paid as well
	mark(models.RowDuplicate, 301)
	for n := range 7 {
		strange := lookupOf(n)
		strange.ref, strange.order = fmt.Sprintf("77%d", n), fmt.Sprintf("99999%d", n)
		lines = append(lines, strange.line())
		differ[models.RowUnknownOrder] = append(differ[models.RowUnknownOrder], strange.order)
	}
	for n := range 5 {
		broken := lookupOf(400 + n)
		broken.ref, broken.order, broken.amount = "66", "66", "ninety"
		lines = append(lines, broken.line())
		differ[models.RowUnreadable] = append(differ[models.RowUnreadable], "66")
	}
	for n := rows; n < orders; n++ {
		mark(models.RowAbsent, n)
	}
	for i := range lines { // a fixed shuffle
		j := (i * 7919) % len(lines)
		lines[i], lines[j] = lines[j], lines[i]
	}
	for len(lines) < 10_000 {
		lines = append(lines, strings.Repeat(",", 19)) // rows that say nothing
	}
	want = map[string]int64{}
	for class, list := range differ {
		want[string(class)] = int64(len(list))
	}
	return ccavenueHead + "\r\n" + strings.Join(lines, "\r\n") + "\r\n", want, differ
}

func TestTenThousandRows(t *testing.T) {
	l := newLedgers(t)
	text, want, differ := prepared(l)
	want["agree"] = 9950 - 60 - 40 - 30 - 10 - 25 - 20 - 5 + 25
	r := l.upload(`C:\Downloads\OrderLookup.csv`, text)
	l.counted(r, want)
	if r.Format != "ccavenue" || r.FileName != "OrderLookup.csv" || r.DayFrom != "2026-11-01" || r.Zone != "Asia/Kolkata" {
		t.Errorf("%+v", r)
	}
	for class, orders := range differ {
		var got []string
		for _, row := range l.rows(r, class) {
			if order, _, _ := strings.Cut(row.OrderText, "-"); len(row.Fields()) > 0 && row.State == "open" {
				got = append(got, order)
			}
		}
		slices.Sort(got)
		slices.Sort(orders)
		if !slices.Equal(got, orders) {
			t.Errorf("%s are %v, want %v", class, got, orders)
		}
	}
	for _, sum := range r.Sums {
		if sum.Currency == "INR" && (sum.Fees < 1_900_000 || sum.Taxes == 0 || sum.Paid == 0) {
			t.Errorf("the rows add up to %+v", sum)
		}
	}
	before := l.snapshotOf()
	again, known := l.keep("the same, by another name.csv", text)
	if !known || again.ID != r.ID {
		t.Errorf("the same file again is %d, known %v; want %d", again.ID, known, r.ID)
	}
	if err := l.db.RunReconciliation(l.ctx, r.ID); err != nil {
		t.Error(err)
	}
	if l.snapshotOf() != before {
		t.Error("a second upload changed something")
	}
	var pieces, audits int
	l.scan(&pieces, "SELECT count(*) FROM reconciliation_pieces WHERE length(data) > 0")
	l.scan(&audits, "SELECT count(*) FROM audit_log WHERE object = $1", fmt.Sprintf("reconciliation %d", r.ID))
	if pieces == 0 || audits != 2 {
		t.Errorf("the file is kept in %d pieces, and the audit log tells of it %d times", pieces, audits)
	}
}

// A maker that is stopped at any point leaves rows to be gone on behind; the end is the same.
func TestReconciliationOutlivesItsMaker(t *testing.T) {
	l := newLedgers(t)
	text, want, _ := prepared(l)
	want["agree"] = 9950 - 60 - 40 - 30 - 10 - 25 - 20 - 5 + 25
	r, _ := l.keep("OrderLookup.csv", text)
	for _, after := range []time.Duration{time.Millisecond, 20 * time.Millisecond, 60 * time.Millisecond, 120 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(l.ctx, after)
		err := l.db.RunReconciliation(ctx, r.ID)
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "deadline") && !strings.Contains(err.Error(), "timeout") {
			t.Errorf("stopped after %v it says %v", after, err)
		}
		open := l.read(r.ID)
		if open.State == models.ReconciliationDone {
			break
		}
		if rows, _, _, err := l.db.ReconciliationRows(l.ctx, open, models.RowFilter{}); err != nil || len(rows) != 0 {
			t.Errorf("stopped after %v, %d rows are shown (%v)", after, len(rows), err)
		}
		l.exec("UPDATE reconciliations SET lease_until = now() - interval '1 second'") // as after kill -9
	}
	other := modelstest.Open(t, l.url)
	if err := other.RunReconciliation(l.ctx, r.ID); err != nil {
		t.Fatal(err)
	}
	l.counted(l.read(r.ID), want)
	var rows, distinct int
	l.scan(&rows, "SELECT count(*) FROM reconciliation_rows WHERE kind <> 'here'")
	l.scan(&distinct, "SELECT count(DISTINCT row) FROM reconciliation_rows WHERE kind <> 'here'")
	if rows != distinct || rows == 0 {
		t.Errorf("%d rows, %d of them different", rows, distinct)
	}
}

// An order of before the period agrees as well, and a row that turns out to be of another order than the one it names
// leaves that one only here.
func TestRowsOfOtherOrdersAndOtherDays(t *testing.T) {
	l := newLedgers(t)
	l.paidOrders(20)
	l.exec("UPDATE orders SET date_added = date_added - interval '40 days' WHERE id = 5003")
	var lines []string
	for n := range 20 {
		row := lookupOf(n)
		switch n {
		case 5:
			row.order = "5006-1" // its reference is that of 5005
		case 6, 9:
			continue
		}
		lines = append(lines, row.line())
	}
	r := l.upload("days.csv", ccavenueHead+"\n"+strings.Join(lines, "\n"))
	l.counted(r, map[string]int64{"agree": 18, "absent": 2})
	var absent []string
	for _, row := range l.rows(r, models.RowAbsent) {
		absent = append(absent, row.OrderText)
	}
	slices.Sort(absent)
	if !slices.Equal(absent, []string{"5006", "5009"}) {
		t.Errorf("only here are %v", absent)
	}
	first := l.upload("whole.csv", ccavenueHead+"\n"+strings.Join(lines[:5], "\n")) // no row has moved
	l.counted(first, map[string]int64{"agree": 5, "absent": 15})
}
