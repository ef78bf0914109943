package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"syscall"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
)

// Two hundred orders are shipped at once, with five kinds of obstacle among them, and the server is killed in the
// middle, twice. What was planned is what happens, and Klarna captures nothing twice.
func TestTwoHundredShippedThroughAKill(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "KARTIFY_STATUS_DELAY=1s", "KARTIFY_LEASE=2s", "KARTIFY_CALL_TIMEOUT=1s")
	var owner int64
	w.scan(&owner, `SELECT id FROM users WHERE email = 'owner@ruosh.example'`)
	by := models.Actor{Kind: "user", UserID: &owner, Name: "Ravi Menon"}
	if _, err := w.db.SaveStatusRules(w.ctx, models.StatusRuleForm{StoreID: cast.Nordisk, Gateway: "klarna", Groups: models.SuggestedStatuses, By: by}); err != nil {
		t.Fatal(err)
	}
	form := url.Values{"status": {"shipped"}}
	refs := map[int64]string{}
	for i := range int64(200) {
		n := 53001 + i
		s := stand{gateway: "klarna", drawn: i%10 == 1} // drawn already
		if i%10 == 4 {
			s.gateway = "razorpay" // not driven by status
		}
		refs[n] = w.put(n, s)
		status := "processing"
		if i%10 == 5 {
			status = "shipped" // already
		}
		for _, sql := range []string{
			fmt.Sprintf(`UPDATE orders SET status = '%s' WHERE id = %d`, status, n),
			map[bool]string{true: fmt.Sprintf(`WITH asked AS (INSERT INTO lapse_checks (payment_id, store_id, asked_at, next_at)
				SELECT id, store_id, now(), now() + interval '1 day' FROM payments WHERE order_id = %[1]d)
				UPDATE payments SET capture_before = now() - interval '1 hour' WHERE order_id = %[1]d`, n), false: `SELECT 1`}[i%10 == 2], // ran out, and Klarna was asked
		} {
			if _, err := w.db.Pool().Exec(w.ctx, sql); err != nil {
				t.Fatal(err)
			}
		}
		number := n
		if i%10 == 3 {
			number += 900000 // there is no such order
		}
		form.Add("order", fmt.Sprint(number))
	}
	ravi := w.signIn("owner@ruosh.example")
	r := ravi.post("/sales/status-changes", form)
	run := r.Header.Get("Location")
	if r.StatusCode != http.StatusSeeOther || len(run) < 26 {
		t.Fatalf("planning answers %d to %q: %s", r.StatusCode, run, tail(r.text, 600))
	}
	id := run[len(run)-26:]
	w.eventually("planned", `SELECT state FROM status_runs WHERE id = $1`, id)
	var forecast string
	const counted = `SELECT string_agg(forecast || ' ' || n, ', ' ORDER BY forecast) FROM (SELECT forecast, count(*) AS n FROM status_run_rows WHERE run_id = $1 GROUP BY forecast) f`
	if w.scan(&forecast, counted, id); forecast != "call 100, skip 60, status 40" {
		t.Errorf("planned: %s", forecast)
	}
	if r := ravi.post(run+"/start", url.Values{}); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("start answers %d: %s", r.StatusCode, tail(r.text, 600))
	}
	for _, most := range []int{20, 90} {
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
			var done int
			if w.scan(&done, `SELECT count(*) FROM status_run_rows WHERE run_id = $1 AND state <> 'waiting'`, id); done >= most {
				break
			}
		}
		w.stop(syscall.SIGKILL)
		var left int
		w.scan(&left, `SELECT count(*) FROM status_run_rows WHERE run_id = $1 AND state = 'waiting'`, id)
		t.Logf("killed with %d rows to do", left)
		w.start()
	}
	w.eventually("done", `SELECT state FROM status_runs WHERE id = $1`, id)
	w.eventually("0", `SELECT count(*)::text FROM status_actions WHERE state IN ('waiting', 'sent')`)
	var outcome string
	w.scan(&outcome, `SELECT string_agg(does || ' ' || n, ', ' ORDER BY does) FROM (SELECT does, count(*) AS n FROM (
			SELECT CASE WHEN r.state = 'skipped' THEN 'skip' WHEN r.state <> 'changed' OR o.status <> 'shipped' THEN 'wrong'
				WHEN (SELECT count(*) FROM operations p WHERE p.order_id = o.id AND p.kind = 'capture' AND p.state = 'succeeded') = 1 THEN 'call' ELSE 'status' END AS does
			FROM status_run_rows r LEFT JOIN orders o ON o.id = r.number WHERE r.run_id = $1) d GROUP BY does) f`, id)
	if outcome != forecast {
		t.Errorf("planned %s, and done %s", forecast, outcome)
	}
	for n, ref := range refs {
		if (n-53001)%10 == 4 {
			continue
		}
		if got := w.moved(ref); len(got) > 1 {
			t.Errorf("Klarna captured order %d %d times: %v", n, len(got), got)
		}
	}
	w.sound(t)
}
