package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kartify/kartify/models/cast"
)

// prepared is an order of CCAvenue's in one combination of what is known here and what happened there.
type prepared struct {
	here, word string
	debited    bool // the bank took the money, whatever the word says
	want       string
}

// preparations are all combinations of a status here and a word there.
func preparations() []prepared {
	var all []prepared
	for _, here := range []string{"missing", "failed", "pending"} {
		untouched := map[string]string{"missing": "missing unknown pending 0", "failed": "failed pending 0", "pending": "pending pending 0"}[here]
		for _, there := range []struct {
			word    string
			debited bool
			want    string
		}{
			{"Shipped", false, "processing success 100000"},
			{"Shipped", true, "processing success 100000"},
			{"Successful", false, "processing authorized 0"},
			{"Unsuccessful", false, "failed failed 0"},
			{"Unsuccessful", true, "missing unknown failed 0"},
			{"Aborted", false, "failed canceled 0"},
			{"Invalid", false, "failed failed 0"},
			{"Timeout", false, "failed failed 0"},
			{"Awaited", false, "missing unknown pending 0"},
			{"Awaited", true, "missing unknown pending 0"},
			{"Initiated", false, untouched},
			{"", false, untouched}, // nothing there
		} {
			all = append(all, prepared{here, there.word, there.debited, there.want})
		}
	}
	return all
}

// prepare makes n orders, the preparations over and over, and their payments at CCAvenue.
func (w *world) prepare(n int) map[int64]prepared {
	w.t.Helper()
	list, orders := preparations(), map[int64]prepared{}
	for i := range n {
		p := list[i%len(list)]
		var id int64
		w.scan(&id, `INSERT INTO orders (store_id, status, status_reason, gateway, currency, items_minor, total_minor, customer_name)
			VALUES ($1, $2, CASE WHEN $2 = 'missing' THEN 'unknown' ELSE '' END, 'ccavenue', 'INR', 100000, 100000, 'Asha Buyer') RETURNING id`, cast.Chandni, p.here)
		_, err := w.db.Pool().Exec(w.ctx, `INSERT INTO payments (order_id, store_id, gateway, mode, order_ref, status, currency, amount_minor)
			VALUES ($1::bigint, $2, 'ccavenue', 'test', $1::bigint || '-1', 'pending', 'INR', 100000)`, id, cast.Chandni)
		if err != nil {
			w.t.Fatal(err)
		}
		orders[id] = p
		if p.word != "" {
			w.sandbox(http.MethodPost, "/_sandbox/payments", map[string]any{
				"gateway": "ccavenue", "order": fmt.Sprintf("%d-1", id), "amount_minor": 100000, "currency": "INR", "state": p.word, "debited": p.debited,
			}, nil)
		}
	}
	return orders
}

// lookUp has the look-ups of orders run by hand, and does not wait for them.
func (p *person) lookUp() {
	p.w.t.Helper()
	token, _ := p.get("/system/jobs").page().Find(`meta[name="csrf-token"]`).Attr("content")
	if r := p.post("/system/jobs/look-up-orders/runs", url.Values{"csrf_token": {token}, "csrf": {token}, "_csrf": {token}}); r.StatusCode != http.StatusSeeOther {
		p.w.t.Fatalf("the run answers %d: %s", r.StatusCode, tail(r.text, 400))
	}
}

// answered waits until every prepared order was asked about and answered, having more runs made.
func (w *world) answered(owner *person, orders map[int64]prepared) {
	w.t.Helper()
	ids := make([]int64, 0, len(orders))
	for id := range orders {
		ids = append(ids, id)
	}
	left := -1
	for range 12 {
		owner.lookUp()
		for deadline := time.Now().Add(8 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			w.scan(&left, `SELECT count(*) FROM unnest($1::bigint[]) AS o(id) LEFT JOIN order_lookups l ON l.order_id = o.id WHERE l.order_id IS NULL OR l.outcome IN ('asking', 'error')`, ids)
			if left == 0 {
				return
			}
			var busy bool
			if w.scan(&busy, `SELECT EXISTS (SELECT 1 FROM order_lookups WHERE outcome = 'asking' OR asked_at > clock_timestamp() - interval '700 milliseconds')`); !busy {
				break
			}
		}
	}
	w.t.Errorf("%d of %d orders have not been answered about", left, len(orders))
}

// right says which orders are not as they should be, by their combination.
func (w *world) right(orders map[int64]prepared) {
	w.t.Helper()
	wrong := map[string]int{}
	for id, p := range orders {
		var got string
		w.scan(&got, `SELECT concat_ws(' ', o.status, nullif(o.status_reason, ''), string_agg(p.status || ' ' || p.captured_minor, ', ' ORDER BY p.id)) FROM orders o LEFT JOIN payments p ON p.order_id = o.id WHERE o.id = $1 GROUP BY o.id`, id)
		if got != p.want {
			wrong[fmt.Sprintf("%s here, %q there, debited %v: %s, want %s", p.here, p.word, p.debited, got, p.want)]++
		}
	}
	for what, n := range wrong {
		w.t.Errorf("%d × %s", n, what)
	}
	if findings, err := w.db.Fsck(w.ctx); err != nil || len(findings) > 0 {
		w.t.Errorf("the books: %v %v", findings, err)
	}
}

// TestLookupsOfFiveHundredOrders asks a CCAvenue that is out of order now and then about 500 orders in every
// combination of what is known here and what happened there, while kartify is killed twice in the middle. Every
// debited one surfaces and moves, and no other.
func TestLookupsOfFiveHundredOrders(t *testing.T) {
	t.Parallel()
	n := 500
	if testing.Short() {
		n = 72
	}
	w := newWorld(t, "KARTIFY_LOOKUP_RATE=2000", "KARTIFY_LOOKUP_PAGE=1000")
	w.eventually("true", `SELECT coalesce(bool_and(ended_at IS NOT NULL), false)::text FROM chores WHERE name = 'look-up-orders'`)
	owner := w.signIn("owner@ruosh.example")
	orders := w.prepare(n)
	for _, fault := range []map[string]any{
		{"mode": "500_before", "times": 12}, {"mode": "429", "times": 8}, {"mode": "garbage_after", "times": 8}, {"mode": "drop_after", "times": 8}, {"mode": "drop_before", "times": 8},
	} {
		fault["verb"] = "find"
		fault["gateway"] = "ccavenue"
		w.sandbox(http.MethodPut, "/_sandbox/faults", fault, nil)
	}
	for _, part := range []int{n / 5, n / 2} {
		owner.lookUp()
		asked := 0
		for range 400 {
			if w.scan(&asked, `SELECT count(*) FROM order_lookups WHERE outcome <> 'asking'`); asked >= part {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		w.stop(syscall.SIGKILL)
		// What the dead process had taken is free again after a minute.
		if _, err := w.db.Pool().Exec(w.ctx, `UPDATE order_lookups SET next_at = now() WHERE outcome = 'asking'`); err != nil {
			t.Fatal(err)
		}
		w.start()
	}
	w.answered(owner, orders)
	w.right(orders)
	if t.Failed() {
		return
	}
	moved := 0
	w.scan(&moved, `SELECT count(*) FROM order_lookups`)
	owner.lookUp() // again: nothing is different
	time.Sleep(300 * time.Millisecond)
	w.right(orders)
	page := owner.get("/system/jobs").text
	for _, word := range []string{"checked", "moved", "unknown"} {
		if !strings.Contains(strings.ToLower(page), word) {
			t.Errorf("Systems > Jobs does not say what was %s", word)
		}
	}
}
