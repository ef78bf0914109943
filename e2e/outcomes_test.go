package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// press sends Refund Money for an order and gives the operation the answer names.
func (p *person) press(order int64, amount string) string {
	p.w.t.Helper()
	action, form, err := p.refundForm(order)
	if err != nil {
		p.w.t.Fatal(err)
	}
	form.Set("amount", amount)
	r := p.post(action, form)
	id := operationOf(r)
	if id == "" {
		p.w.t.Fatalf("refund of %s: %d %s", amount, r.StatusCode, tail(r.text, 800))
	}
	return id
}

func TestOneRefundAndTheTruth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	orders, refs := w.prepaid(12)
	asha := w.signIn("support@ruosh.example")
	tests := []struct {
		name   string
		fault  map[string]any
		state  string
		effect int
	}{
		{"no fault", nil, "succeeded", 1},
		{"time-out after accept", map[string]any{"mode": "drop_after", "delay_ms": 4500}, "succeeded", 1},
		{"connection cut after accept", map[string]any{"mode": "drop_after"}, "succeeded", 1},
		{"502 after accept", map[string]any{"mode": "500_after"}, "succeeded", 1},
		{"garbage after accept", map[string]any{"mode": "garbage_after"}, "succeeded", 1},
		{"wrong amount after accept", map[string]any{"mode": "wrong_amount_after"}, "succeeded", 1},
		{"cut before accept", map[string]any{"mode": "drop_before"}, "succeeded", 1},
		{"500 before accept", map[string]any{"mode": "500_before"}, "succeeded", 1},
		{"too many requests", map[string]any{"mode": "429"}, "succeeded", 1},
		{"accepted late", map[string]any{"mode": "late_commit", "delay_ms": 900}, "succeeded", 1},
		{"pending, then failed", map[string]any{"mode": "pending_then_failed"}, "failed", 1},
	}
	ops := map[string]string{}
	for i, tt := range tests {
		if tt.fault != nil {
			tt.fault["gateway"], tt.fault["verb"], tt.fault["payment"], tt.fault["times"] = "razorpay", "refund", refs[orders[i]], 1
			w.sandbox(http.MethodPut, "/_sandbox/faults", tt.fault, nil)
		}
		ops[tt.name] = asha.press(orders[i], "40.00")
	}
	for i, tt := range tests {
		w.eventually(tt.state, `SELECT state FROM operations WHERE id = $1::bigint`, ops[tt.name])
		effects := w.refunds(refs[orders[i]])
		if len(effects) != tt.effect {
			t.Errorf("%s: %d refunds at the gateway, want %d", tt.name, len(effects), tt.effect)
		}
		page := asha.get(fmt.Sprintf("/sales/orders/%d", orders[i])).page()
		shown := strings.ToLower(page.Find("#operation-" + ops[tt.name]).Text())
		if want := map[string]string{"succeeded": "done", "failed": "failed"}[tt.state]; !strings.Contains(shown, want) {
			t.Errorf("%s: the page says %q, want a word like %q", tt.name, strings.Join(strings.Fields(shown), " "), want)
		}
		var refunded, want int64
		w.scan(&refunded, `SELECT refunded_minor FROM payments WHERE order_id = $1`, orders[i])
		if tt.state == "succeeded" {
			want = 4000
		}
		if refunded != want {
			t.Errorf("%s: %d refunded, want %d", tt.name, refunded, want)
		}
	}
}

func TestWebhookBeforeTheAnswerAndFiveDuplicates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	orders, refs := w.prepaid(1)
	asha := w.signIn("support@ruosh.example")
	w.sandbox(http.MethodPut, "/_sandbox/faults", map[string]any{"gateway": "razorpay", "verb": "refund", "mode": "drop_after", "delay_ms": 3500, "times": 1}, nil)
	id := asha.press(orders[0], "40.00")
	// The gateway's webhooks arrive while its answer is still being waited for.
	w.eventually("succeeded", `SELECT state FROM operations WHERE id = $1::bigint`, id)
	var sent, lookups int
	w.scan(&sent, `SELECT attempts FROM operations WHERE id = $1::bigint`, id)
	w.scan(&lookups, `SELECT lookups FROM operations WHERE id = $1::bigint`, id)
	if sent != 1 || lookups != 0 {
		t.Errorf("%d sends and %d look-ups, want the webhook to have settled it after 1 and 0", sent, lookups)
	}
	for _, event := range []string{"refund.processed", "refund.created", "payment.captured"} {
		w.sandbox(http.MethodPost, "/_sandbox/webhooks", map[string]any{"gateway": "razorpay", "event": event, "payment": refs[orders[0]], "times": 5}, nil)
	}
	time.Sleep(600 * time.Millisecond)
	if effects := w.balanced(refs, 10*time.Second); effects != 1 {
		t.Errorf("%d refunds, want 1", effects)
	}
	var notes int
	w.scan(&notes, `SELECT count(*) FROM order_history WHERE order_id = $1 AND comment LIKE 'Refund of 40.00 INR done%'`, orders[0])
	if notes != 1 {
		t.Errorf("the history says %d times that it is done, want once", notes)
	}
}

func TestForgedWebhooksChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	orders, refs := w.prepaid(1)
	asha := w.signIn("support@ruosh.example")
	w.sandbox(http.MethodPut, "/_sandbox/faults", map[string]any{"gateway": "razorpay", "verb": "refund", "mode": "pending_then_failed", "times": 1}, nil)
	id := asha.press(orders[0], "40.00")
	w.eventually("failed", `SELECT state FROM operations WHERE id = $1::bigint`, id)
	before := w.state()
	for _, forge := range []string{"signature", "missing", "reserialized", "oversized", "non_utf8", "replay_new_id"} {
		var answer struct{ Statuses []int }
		w.sandbox(http.MethodPost, "/_sandbox/webhooks", map[string]any{"gateway": "razorpay", "event": "refund.created", "payment": refs[orders[0]], "forge": forge}, &answer)
		last := answer.Statuses[len(answer.Statuses)-1]
		refused := last >= 400 && last < 500
		if forge != "replay_new_id" && !refused {
			t.Errorf("%s: answered %d, want a refusal", forge, last)
		}
	}
	time.Sleep(400 * time.Millisecond)
	if after := w.state(); after != before {
		t.Errorf("forged webhooks changed something:\n%s\n%s", before, after)
	}
	// A genuine one is unharmed by the forged ones before it.
	w.sandbox(http.MethodPost, "/_sandbox/webhooks", map[string]any{"gateway": "razorpay", "event": "payment.captured", "payment": refs[orders[0]]}, nil)
	w.eventually("processed", `SELECT state FROM webhooks WHERE event = 'payment.captured' AND verdict = 'verified' AND duplicate_of IS NULL ORDER BY id DESC LIMIT 1`)
}

// state is everything a webhook could change of the money.
func (w *world) state() string {
	var text string
	w.scan(&text, `SELECT string_agg(p.id || ' ' || p.status || ' ' || p.captured_minor || ' ' || p.refunded_minor || ' ' || p.refund_reserved_minor, ', ' ORDER BY p.id)
		|| ' | ' || (SELECT string_agg(id || ' ' || state, ', ' ORDER BY id) FROM operations)
		|| ' | ' || (SELECT string_agg(id || ' ' || status, ', ' ORDER BY id) FROM orders) FROM payments p`)
	return text
}

func TestRefundIsToldToFynd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asha := w.signIn("support@ruosh.example")
	queue := asha.get("/sales/orders?event=REFUND_INITIATED")
	if !strings.Contains(queue.text, "Meera Nair") {
		t.Fatal("Meera's order is not in the queue")
	}
	asha.press(1001, "499.50")
	w.eventually("done", `SELECT state FROM partner_updates WHERE order_id = 1001 AND status = 'refund_done'`)
	w.eventually("false", `SELECT bool_or(waiting) FROM order_events WHERE order_id = 1001`)
	w.eventually("partially_refunded", `SELECT status FROM orders WHERE id = 1001`)
	var told []effect
	w.sandbox(http.MethodGet, "/_sandbox/ledger?gateway=fynd", nil, &told)
	if len(told) == 0 {
		t.Fatal("Fynd was told nothing")
	}
	if queue := asha.get("/sales/orders?event=REFUND_INITIATED"); strings.Contains(queue.text, "Meera Nair") {
		t.Error("Meera's order is still in the queue")
	}
	if done := asha.get("/sales/orders?event=REFUND_INITIATED&waiting=all"); !strings.Contains(done.text, "Meera Nair") {
		t.Log("the done ones are shown under another name of the choice")
	}
	w.eventually("REFUND_DONE", `SELECT event FROM order_events WHERE order_id = 1001 AND event = 'REFUND_DONE'`)
}
