package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// buyer is somebody who wants to be erased, with traces in orders and elsewhere.
type buyer struct{ name, email, phone, street string }

func (w *world) regular(n int) buyer {
	w.t.Helper()
	b := buyer{
		fmt.Sprintf("Xanthippe Okonkwo%c", 'a'+n), fmt.Sprintf("xanthippe%d@okonkwo.example", n), fmt.Sprintf("+9198770012%02d", n), fmt.Sprintf("%d7 Cinnamon Stairs", n+1),
	}
	w.ordersOf(b, 40, fmt.Sprintf("FYX%d-", n), 105)
	w.exec(`INSERT INTO saved_views (user_id, list, name, query) SELECT id, 'orders', $1, $2 FROM users WHERE email = 'owner@ruosh.example'`, fmt.Sprintf("mine %d", n), url.Values{"q": {b.email}}.Encode())
	return b
}

// ordersOf are some orders of somebody, numbered behind a prefix, each with a note of who spoke to them.
func (w *world) ordersOf(b buyer, store int64, prefix string, orders int) {
	w.t.Helper()
	w.exec(`WITH placed AS (INSERT INTO orders (store_id, partner_order_id, status, currency, items_minor, total_minor, customer_name, customer_email, customer_phone, shipping_address)
			SELECT $1, $2 || lpad(i::text, 3, '0'), 'complete', 'INR', 100, 100, $3, $4, $5, jsonb_build_object('line1', $6::text) FROM generate_series(0, $7 - 1) i RETURNING id)
		INSERT INTO order_history (order_id, store_id, actor, actor_name, kind, comment) SELECT id, $1, 'user', 'Asha', 'note', $8 FROM placed`,
		store, prefix, b.name, b.email, b.phone, b.street, orders, "Spoke to "+b.name+" on "+b.phone)
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.db.Pool().Exec(w.ctx, sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// mentions are the tables in which anything of a person stands.
func (w *world) mentions(b buyer) (tables []string) {
	w.t.Helper()
	rows, err := w.db.Pool().Query(w.ctx, `SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1`)
	if err != nil {
		w.t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(all) < 50 {
		w.t.Fatalf("the catalog names %d tables (%v)", len(all), err)
	}
	for _, table := range all {
		var n int
		w.scan(&n, `SELECT count(*) FROM `+pgx.Identifier{table}.Sanitize()+` x, unnest($1::text[]) needle
			WHERE position(lower(needle) IN lower(x::text)) > 0 OR position(encode(convert_to(needle, 'UTF8'), 'hex') IN x::text) > 0`,
			[]string{b.name, b.email, url.QueryEscape(b.email), b.phone, strings.TrimPrefix(b.phone, "+91"), b.street})
		if n > 0 {
			tables = append(tables, table)
		}
	}
	return tables
}

// left is what remains of a person's orders, but for numbers and times.
func (w *world) left(n int) (text string) {
	w.t.Helper()
	w.scan(&text, `SELECT string_agg(concat_ws(' ', right(o.partner_order_id, 3), (to_jsonb(o) - ARRAY['id', 'partner_order_id', 'erased_at', 'date_added', 'date_modified', 'updated_at'])::text,
			(SELECT string_agg(regexp_replace(h.comment, 'request [0-9]+', 'request'), ' / ' ORDER BY h.id) FROM order_history h WHERE h.order_id = o.id),
			(SELECT count(*) FROM audit_log a WHERE a.order_id = o.id AND a.action = 'order.erased')), E'\n' ORDER BY o.partner_order_id)
		FROM orders o WHERE o.partner_order_id LIKE $1`, fmt.Sprintf("FYX%d-%%", n))
	return text
}

// TestEraseWhileKilled kills what erases somebody with SIGKILL, once among their orders and once among everything else.
// Whoever takes it up afterwards ends where an erasing that nobody disturbed ends.
func TestEraseWhileKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "KARTIFY_CALL_TIMEOUT=1s", "KARTIFY_LEASE=2s")
	owner := w.signIn("owner@ruosh.example")
	byCommand := func(b buyer) *exec.Cmd {
		cmd := exec.Command(binary, "erase", "--store", "40", "--email", b.email)
		cmd.Env = w.env
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	byPage := func(b buyer) *exec.Cmd {
		r := owner.post("/system/privacy/requests", url.Values{"person_store": {"40"}, "find": {b.email}, "kind": {"customer"}, "confirm": {"ERASE"}})
		if r.StatusCode != http.StatusSeeOther {
			t.Fatalf("erase %s: %d %s", b.email, r.StatusCode, tail(r.page().Find("main").Text(), 400))
		}
		return w.cmd
	}
	undisturbed := w.regular(0)
	if err := byCommand(undisturbed).Wait(); err != nil {
		t.Fatal(err)
	}
	want := w.left(0)
	if at := w.mentions(undisturbed); len(at) > 0 || strings.Count(want, "The customer's data was erased") != 105 {
		t.Fatalf("nobody was in the way, and the person is still in %v: %s", at, want)
	}
	const amongOrders, elsewhere = `SELECT 1 FROM orders WHERE partner_order_id = $1 FOR UPDATE`, `LOCK TABLE saved_views IN SHARE MODE`
	tests := []struct {
		name, lock string
		begin      func(buyer) *exec.Cmd
		erased     int // orders by the time of the kill
	}{
		{"the command among the orders", amongOrders, byCommand, 100},
		{"the command elsewhere", elsewhere, byCommand, 105},
		{"the server among the orders", amongOrders, byPage, 100},
		{"the server elsewhere", elsewhere, byPage, 105},
	}
	for i, tt := range tests {
		n := i + 1
		b := w.regular(n)
		var args []any
		if tt.lock == amongOrders {
			args = []any{fmt.Sprintf("FYX%d-104", n)}
		}
		tx, err := w.db.Pool().Begin(w.ctx)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = tx.Rollback(w.ctx) })
		if _, err = tx.Exec(w.ctx, tt.lock, args...); err != nil {
			t.Fatal(err)
		}
		cmd := tt.begin(b)
		w.within(tt.name+" is stopped by the lock", 30*time.Second, func() bool {
			var erased, waiting int
			w.scan(&erased, `SELECT count(*) FROM orders WHERE partner_order_id LIKE $1 AND erased_at IS NOT NULL`, fmt.Sprintf("FYX%d-%%", n))
			w.scan(&waiting, `SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) OR NOT granted AND locktype = 'transactionid'`)
			return erased == tt.erased && waiting > 0
		})
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if at := w.mentions(b); len(at) == 0 {
			t.Errorf("%s: nothing was left to do when it was killed", tt.name)
		}
		if err := tx.Rollback(w.ctx); err != nil {
			t.Fatal(err)
		}
		if cmd == w.cmd {
			w.start()
		} else { // nobody waits here for the 45 s of a command's lease
			w.exec(`UPDATE privacy_requests SET next_at = clock_timestamp() WHERE state = 'running'`)
		}
		w.eventually("0", `SELECT count(*) FROM privacy_requests WHERE state <> 'done'`)
		if at := w.mentions(b); len(at) > 0 {
			t.Errorf("%s: the person is still in %v", tt.name, at)
		}
		if got := w.left(n); got != want {
			t.Errorf("%s: it ends with\n%s\nand not with\n%s", tt.name, got, want)
		}
		if err := byCommand(b).Wait(); err != nil {
			t.Errorf("%s: once more: %v", tt.name, err)
		}
		if got := w.left(n); got != want {
			t.Errorf("%s: once more it ends with\n%s", tt.name, got)
		}
	}
	w.auditIsWhole()
}

func (w *world) auditIsWhole() {
	w.t.Helper()
	if report, err := w.db.VerifyAudit(w.ctx); err != nil || len(report.Problems()) > 0 {
		w.t.Errorf("the audit log is not whole: %v (%v)", report, err)
	}
}

// TestEraseAShopWhileKilled kills what erases a shop with SIGKILL, among its orders and among everything else. It ends
// and counts like an erasing that nobody disturbed.
func TestEraseAShopWhileKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "KARTIFY_CALL_TIMEOUT=1s", "KARTIFY_LEASE=2s")
	shop := func(n int) (store int64, people []buyer) {
		w.scan(&store, `INSERT INTO stores (id, code, name, currency, time_zone) VALUES ($1, $2, $2, 'INR', 'Asia/Kolkata') RETURNING id`, 900+n, fmt.Sprintf("shop%d", n))
		for i := range 3 {
			b := buyer{
				fmt.Sprintf("Quillon Abernathy%c", 'a'+3*n+i), fmt.Sprintf("quillon%d@abernathy.example", 3*n+i), fmt.Sprintf("+9198770034%02d", 3*n+i), fmt.Sprintf("%d9 Nutmeg Rise", 3*n+i+1),
			}
			w.ordersOf(b, store, fmt.Sprintf("FYY%d-%d", n, i), 50)
			w.exec(`INSERT INTO saved_views (user_id, list, name, query) SELECT id, 'orders', $1, $2 FROM users WHERE email = 'owner@ruosh.example'`, fmt.Sprintf("shop %d %d", n, i), url.Values{"q": {b.email}}.Encode())
			people = append(people, b)
		}
		return store, people
	}
	erase := func(store int64) *exec.Cmd {
		cmd := exec.Command(binary, "erase", "--shop", "--yes", "--store", fmt.Sprint(store))
		cmd.Env = w.env
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	ended := func(name string, store int64, people []buyer) (counts string) {
		for _, b := range people {
			if at := w.mentions(b); len(at) > 0 {
				t.Errorf("%s: %s is still in %v", name, b.name, at)
			}
		}
		var notes int
		w.scan(&notes, `SELECT count(*) FROM order_history h JOIN orders o ON o.id = h.order_id WHERE o.store_id = $1 AND h.comment LIKE 'The customer''s data was erased%'`, store)
		if notes != 150 {
			t.Errorf("%s: %d notes of what was erased", name, notes)
		}
		w.scan(&counts, `SELECT string_agg(k || ' ' || v, ' ' ORDER BY k) FROM privacy_requests, jsonb_each_text(counts) AS c(k, v) WHERE stores = ARRAY[$1::bigint] AND v <> '0'`, store)
		return counts
	}
	calm, people := shop(0)
	if err := erase(calm).Wait(); err != nil {
		t.Fatal(err)
	}
	want := ended("undisturbed", calm, people)
	if want != "orders 150 records 3" {
		t.Fatalf("nobody was in the way, and it counts %s", want)
	}
	for i, lock := range []string{`SELECT 1 FROM orders WHERE partner_order_id = 'FYY%d-2049' FOR UPDATE`, `SELECT 1 FROM saved_views WHERE name = 'shop %d 1' FOR UPDATE`} {
		n := i + 1
		store, people := shop(n)
		tx, err := w.db.Pool().Begin(w.ctx)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = tx.Rollback(w.ctx) })
		if _, err := tx.Exec(w.ctx, fmt.Sprintf(lock, n)); err != nil {
			t.Fatal(err)
		}
		cmd := erase(store)
		erased := []int{100, 150}[i]
		w.within("it is stopped by the lock", 30*time.Second, func() bool {
			var there, waiting int
			w.scan(&there, `SELECT count(*) FROM orders WHERE store_id = $1 AND erased_at IS NOT NULL`, store)
			w.scan(&waiting, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
			return there == erased && waiting > 0
		})
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if err := tx.Rollback(w.ctx); err != nil {
			t.Fatal(err)
		}
		w.exec(`UPDATE privacy_requests SET next_at = clock_timestamp() WHERE state = 'running'`)
		w.eventually("0", `SELECT count(*) FROM privacy_requests WHERE state <> 'done'`)
		if got := ended(lock, store, people); got != want {
			t.Errorf("%s: it counts %s, want %s", lock, got, want)
		}
	}
	w.auditIsWhole()
}
