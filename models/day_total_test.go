package models_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
)

// holds says whether the totals equal what is counted anew.
func (d *desk) holds(when string) {
	d.Helper()
	findings, err := d.db.Fsck(d.ctx)
	if err != nil {
		d.Fatal(err)
	}
	for _, f := range findings {
		if strings.Contains(f.Invariant, "totals of days") {
			d.Errorf("%s: %v", when, f.Records)
		}
	}
}

func (d *desk) today(email string) models.DayTotal {
	d.Helper()
	ctx, _ := d.user(email)
	totals, err := d.db.DayTotals(ctx, 30)
	if err != nil {
		d.Fatal(err)
	}
	if len(totals.Days) != 30 {
		d.Fatalf("%d days", len(totals.Days))
	}
	return totals.Days[29]
}

func (d *desk) order(id int64, status, at string) {
	d.Helper()
	d.exec(`INSERT INTO orders (id, store_id, status, status_reason, currency, items_minor, total_minor, date_added)
		VALUES ($1, 40, $2, CASE $2 WHEN 'missing' THEN 'unknown' ELSE '' END, 'INR', 5000, 5000, $3::text::timestamptz)`, id, status, at)
}

func TestDayTotalsFollowEveryChange(t *testing.T) {
	d := newDesk(t)
	d.holds("as loaded")
	before := d.today("support@ruosh.example")
	d.order(7001, "pending", "now")
	d.order(7002, "missing", "now")
	if after := d.today("support@ruosh.example"); after.Orders != before.Orders+1 {
		t.Errorf("an order and a missing one: %d orders, before %d", after.Orders, before.Orders)
	}
	d.exec("UPDATE orders SET status = 'processing', status_reason = '' WHERE id = 7002")
	d.exec("UPDATE orders SET items_minor = 6000, total_minor = 6000 WHERE id = 7001")
	d.exec("UPDATE orders SET date_added = date_added - interval '3 days' WHERE id = 7001")
	d.holds("after changes")
	if after := d.today("support@ruosh.example"); after.Orders != before.Orders+1 {
		t.Errorf("one confirmed, one moved to another day: %d orders, before %d", after.Orders, before.Orders)
	}
	d.operation(1001, "queued", "", "0")
	d.exec("UPDATE operations SET state = 'succeeded', finished_at = now() WHERE order_id = 1001 AND state = 'queued'")
	if after := d.today("support@ruosh.example"); after.Refunds != before.Refunds+1 {
		t.Errorf("a refund: %d, before %d", after.Refunds, before.Refunds)
	}
	d.exec("UPDATE operations SET state = 'failed' WHERE order_id = 1001 AND state = 'succeeded'")
	d.holds("after a refund that was taken back")
	if after := d.today("support@ruosh.example"); after.Refunds != before.Refunds {
		t.Errorf("a refund taken back: %d, before %d", after.Refunds, before.Refunds)
	}
	d.exec("UPDATE stores SET time_zone = 'Pacific/Auckland' WHERE id = 40")
	d.holds("in another zone")
	d.exec("DELETE FROM order_search WHERE order_id = 7002")
	d.exec("DELETE FROM orders WHERE id = 7002")
	d.holds("after an order went")
}

func TestDaysAreTheStores(t *testing.T) {
	d := newDesk(t)
	d.exec("DELETE FROM day_totals WHERE store_id = 40")
	d.order(7001, "pending", "2026-03-10 18:29:59+00") // 23:59:59 in India
	d.order(7002, "pending", "2026-03-10 18:30:00+00") // midnight
	var days string
	if err := d.db.Pool().QueryRow(d.ctx, "SELECT string_agg(day::text || ' ' || n, ', ' ORDER BY day) FROM day_totals WHERE store_id = 40").Scan(&days); err != nil || days != "2026-03-10 1, 2026-03-11 1" {
		t.Errorf("the two orders are counted as %q (%v)", days, err)
	}
}

func TestFoldingChangesNoSum(t *testing.T) {
	d := newDesk(t)
	var wait sync.WaitGroup
	for worker := range 4 {
		wait.Go(func() {
			for i := range 20 {
				id := 8000 + int64(worker)*100 + int64(i)
				d.order(id, "pending", "now")
				d.exec("UPDATE orders SET status = 'processing' WHERE id = $1", id)
			}
		})
		wait.Go(func() {
			for range 10 {
				if _, err := d.db.FoldDayTotals(d.ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	d.holds("after folding beside changes")
	if _, err := d.db.FoldDayTotals(d.ctx); err != nil {
		t.Fatal(err)
	}
	d.holds("folded")
	var rows, groups int
	if err := d.db.Pool().QueryRow(d.ctx, "SELECT count(*), count(DISTINCT (store_id, day, kind, status, currency)) FROM day_totals").Scan(&rows, &groups); err != nil || rows != groups {
		t.Errorf("%d rows of %d totals after folding (%v)", rows, groups, err)
	}
	d.exec("DELETE FROM day_totals")
	if n, err := d.db.RebuildDayTotals(d.ctx); err != nil || n == 0 {
		t.Errorf("rebuild wrote %d rows (%v)", n, err)
	}
	d.holds("rebuilt")
}

// Totals that went wrong are found by fsck, named by store and day, and put right by counting anew.
func TestFsckFindsWrongDayTotals(t *testing.T) {
	d := newDesk(t)
	wrong := func() []string {
		t.Helper()
		findings, err := d.db.Fsck(d.ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range findings {
			if f.Invariant == "the totals of days equal the orders and refunds" {
				return f.Records
			}
		}
		return nil
	}
	if got := wrong(); got != nil {
		t.Fatalf("before anything went wrong fsck finds %v", got)
	}
	for _, harm := range []string{
		"DELETE FROM day_totals WHERE store_id = 41",
		"UPDATE day_totals SET minor = minor + 1 WHERE ctid IN (SELECT ctid FROM day_totals WHERE kind = 'refund' LIMIT 1)",
		"INSERT INTO day_totals (store_id, day, kind, status, currency, n, minor) VALUES (40, '2001-01-01', 'order', 'complete', 'INR', 1, 100)",
	} {
		d.exec(harm)
		if got := wrong(); len(got) == 0 {
			t.Errorf("fsck finds nothing after %s", harm)
		}
		if _, err := d.db.RebuildDayTotals(d.ctx); err != nil {
			t.Fatal(err)
		}
		if got := wrong(); got != nil {
			t.Errorf("counted anew after %s, fsck finds %v", harm, got)
		}
	}
}

func TestDayTotalsOfSeveralStores(t *testing.T) {
	d := newDesk(t)
	ctx, _ := d.user("owner@ruosh.example")
	totals, err := d.db.DayTotals(ctx, 30)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, a := range totals.Sums().Ordered {
		codes = append(codes, a.Currency)
	}
	if !slices.IsSorted(codes) || len(slices.Compact(slices.Clone(codes))) != len(codes) || len(codes) < 4 {
		t.Errorf("the sums are in %v, want each currency once", codes)
	}
	if len(totals.Zones()) < 3 || totals.Zone() != time.UTC || totals.Empty || len(totals.Stores) != 4 {
		t.Errorf("zones %v, empty %v, %d stores", totals.Zones(), totals.Empty, len(totals.Stores))
	}
	viewer, _ := d.user("viewer@ruosh.example")
	own, err := d.db.DayTotals(viewer, 30)
	if err != nil || fmt.Sprint(own.Zones()) != "[Asia/Kolkata]" || own.Sums().Orders >= totals.Sums().Orders {
		t.Errorf("a viewer of store %d sees %d orders in %v (%v)", cast.Ruosh, own.Sums().Orders, own.Zones(), err)
	}
}
