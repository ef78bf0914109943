package generate_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/generate"
	"github.com/kartify/kartify/models/modelstest"
)

var until = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// shop is a database with three stores, the last of them without FYND.
func shop(t *testing.T) (context.Context, *models.DB) {
	t.Helper()
	db := modelstest.DB(t)
	modelstest.Store(t, db, 40, "INR")
	modelstest.Store(t, db, 41, "SEK")
	modelstest.Store(t, db, 42, "JPY")
	ctx := modelstest.System(t.Context())
	if _, err := db.Pool().Exec(ctx, "UPDATE stores SET fynd = id = 40"); err != nil {
		t.Fatal(err)
	}
	return ctx, db
}

func fill(t *testing.T, ctx context.Context, db *models.DB, o generate.Options) {
	t.Helper()
	o.Until = until
	if err := generate.Run(ctx, db, o); err != nil {
		t.Fatal(err)
	}
}

func text(t *testing.T, ctx context.Context, db *models.DB, sql string) string {
	t.Helper()
	var got string
	if err := db.Pool().QueryRow(ctx, sql).Scan(&got); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return got
}

// contents is a hash of every row that was generated.
const contents = `SELECT md5(string_agg(t::text, '|')) FROM (
	SELECT md5(string_agg(x::text, '|' ORDER BY id)) FROM orders x UNION ALL
	SELECT md5(string_agg((to_jsonb(x) - 'id')::text, '|' ORDER BY order_id, position)) FROM order_items x UNION ALL
	SELECT md5(string_agg(x::text, '|' ORDER BY id)) FROM payments x UNION ALL
	SELECT md5(string_agg(x::text, '|' ORDER BY id)) FROM operations x UNION ALL
	SELECT md5(string_agg(x::text, '|' ORDER BY id)) FROM order_events x UNION ALL
	SELECT md5(string_agg(x::text, '|' ORDER BY id)) FROM webhooks x) t`

func TestSameSeedGivesTheSameOrders(t *testing.T) {
	hash := func(seed uint64) string {
		ctx, db := shop(t)
		fill(t, ctx, db, generate.Options{Orders: 3000, Seed: seed})
		return text(t, ctx, db, contents)
	}
	one, again, other := hash(7), hash(7), hash(8)
	if one != again {
		t.Error("the same seed gave other orders")
	}
	if one == other {
		t.Error("another seed gave the same orders")
	}
}

func TestGeneratedOrdersAreSound(t *testing.T) {
	for _, orders := range []int{2000, 20_000} { // with the indexes kept, and built again
		ctx, db := shop(t)
		before := text(t, ctx, db, schema)
		fill(t, ctx, db, generate.Options{Orders: orders, Seed: 1})
		if got := text(t, ctx, db, schema); got != before {
			t.Errorf("after %d orders the schema has %q, had %q", orders, beyond(got, before), beyond(before, got))
		}
		findings, err := db.Fsck(ctx)
		if err != nil || len(findings) > 0 {
			t.Errorf("%d orders: %v %v", orders, findings, err)
		}
		// The search text is what the trigger would have written.
		if _, err := db.Pool().Exec(ctx, `CREATE TABLE was AS SELECT * FROM order_search; UPDATE orders SET customer_name = customer_name`); err != nil {
			t.Fatal(err)
		}
		if n := text(t, ctx, db, `SELECT count(*)::text FROM (TABLE was EXCEPT TABLE order_search) x`); n != "0" {
			t.Errorf("%s search texts differ from the trigger's", n)
		}
		if n := text(t, ctx, db, `SELECT count(*)::text FROM (
			(SELECT store_id, day, kind, status, currency, sum(n), sum(minor) FROM day_totals GROUP BY 1, 2, 3, 4, 5)
			EXCEPT SELECT store_id, day, kind, status, currency, n, minor FROM day_counts) x`); n != "0" {
			t.Errorf("%s totals of days are not what the orders come to", n)
		}
		if n := text(t, ctx, db, "SELECT count(*)::text FROM orders"); n != map[int]string{2000: "2000", 20_000: "20000"}[orders] {
			t.Errorf("there are %s orders", n)
		}
		// What comes after has ids of its own.
		if _, err := db.Pool().Exec(ctx, `INSERT INTO orders (store_id, status, currency, total_minor) VALUES (40, 'pending', 'INR', 0);
			INSERT INTO order_events (order_id, store_id, event) SELECT max(id), 40, 'ORDER_PLACED' FROM orders`); err != nil {
			t.Error(err)
		}
		fill(t, ctx, db, generate.Options{Orders: 500, Seed: 1, Stores: []int64{41}})
		if findings, err := db.Fsck(ctx); err != nil || len(findings) > 0 {
			t.Errorf("after a second run: %v %v", findings, err)
		}
	}
}

// beyond are the lines that only one of two texts has.
func beyond(one, other string) []string {
	lines := strings.Split(other, "\n")
	return slices.DeleteFunc(strings.Split(one, "\n"), func(line string) bool { return slices.Contains(lines, line) })
}

// schema is the indexes, references, triggers and walls.
const schema = `SELECT string_agg(x, E'\n' ORDER BY x) FROM (
	SELECT indexdef AS x FROM pg_indexes WHERE schemaname = 'public' UNION ALL
	SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace UNION ALL
	SELECT tgrelid::regclass || ' ' || tgname || ' ' || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal UNION ALL
	SELECT relname || ' ' || relrowsecurity || ' ' || relforcerowsecurity FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r') s`

func TestGeneratedOrdersAreLikeAShops(t *testing.T) {
	ctx, db := shop(t)
	fill(t, ctx, db, generate.Options{Orders: 8000, Seed: 3})
	for _, tt := range []struct {
		what     string
		sql      string
		low, top float64 // parts of a hundred
	}{
		{"complete", "status = 'complete'", 50, 75},
		{"missing", "status = 'missing'", 0.4, 1.5},
		{"refunded", "status = 'refunded'", 0.8, 3},
		{"in the busiest store", "store_id = 40", 45, 70},
		{"waiting for a refund", "EXISTS (SELECT 1 FROM order_events_seen s WHERE s.order_id = orders.id AND s.waiting)", 0.02, 1},
		{"in letters other than Latin", "customer_name !~ '[A-Za-z]'", 3, 30},
		{"of the last year", "date_added >= '2025-11-01'", 36, 55},
		{"of a customer who came back", "customer_email IN (SELECT customer_email FROM orders GROUP BY 1 HAVING count(*) > 1)", 50, 99},
		{"with a partner order id", "partner_order_id IS NOT NULL", 45, 70},
		{"in whole yen", "currency = 'JPY' AND total_minor > 100000", 0, 0.5},
	} {
		var share float64
		if err := db.Pool().QueryRow(ctx, "SELECT 100.0 * count(*) FILTER (WHERE "+tt.sql+") / count(*) FROM orders").Scan(&share); err != nil {
			t.Fatal(err)
		}
		if share < tt.low || share > tt.top {
			t.Errorf("%.2f %% of the orders are %s, want %g to %g", share, tt.what, tt.low, tt.top)
		}
	}
	if n := text(t, ctx, db, "SELECT count(*)::text FROM payments WHERE status = 'authorized' AND capture_before < '2026-11-01'"); n != "0" {
		t.Errorf("%s authorizations have ended and are still held", n)
	}
	if newest := text(t, ctx, db, "SELECT (max(date_added) < '2026-11-01' AND min(date_added) >= '2023-11-01' AND max(date_modified) <= '2026-11-01')::text FROM orders"); newest != "true" {
		t.Error("orders lie outside their three years")
	}
}

func TestGeneratingStopsWithoutATrace(t *testing.T) {
	ctx, db := shop(t)
	before := text(t, ctx, db, schema)
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	err := generate.Run(ctx, db, generate.Options{Orders: 5_000_000, Seed: 1, Until: until})
	if err == nil {
		t.Fatal("it went on")
	}
	ctx = modelstest.System(t.Context())
	if n := text(t, ctx, db, "SELECT count(*)::text FROM orders"); n != "0" {
		t.Errorf("%s orders are left", n)
	}
	if text(t, ctx, db, schema) != before {
		t.Error("the schema is not what it was")
	}
	for _, wrong := range []generate.Options{{Orders: 0}, {Orders: 10, Stores: []int64{99}}} {
		if err := generate.Run(ctx, db, wrong); err == nil {
			t.Errorf("%+v was accepted", wrong)
		}
	}
}

func TestGeneratingUpToANumber(t *testing.T) {
	ctx, db := shop(t)
	for _, n := range []int{0, 100, 100, 150} {
		if err := generate.UpTo(ctx, db, n, nil); err != nil {
			t.Fatal(err)
		}
		if got := text(t, ctx, db, "SELECT count(*)::text FROM orders"); got != fmt.Sprint(n) {
			t.Errorf("up to %d there are %s", n, got)
		}
	}
}
