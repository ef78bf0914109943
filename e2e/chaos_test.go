package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
	"github.com/kartify/kartify/money"
)

// prepaid makes n orders of 100.00 INR that Razorpay holds, and gives their numbers and payment ids.
func (w *world) prepaid(n int) (orders []int64, refs map[int64]string) {
	w.t.Helper()
	refs = map[int64]string{}
	for i := range n {
		id := int64(5001 + i)
		ref := fmt.Sprintf("pay_KFchaos%07d", i)
		o := cast.Order{
			ID: id, At: time.Now().Add(-time.Hour), Name: "Chaos", Status: models.StatusProcessing,
			Lines:   []cast.Line{{SKU: "C", Name: "Cloth", Quantity: 1, Unit: 10000}},
			Payment: &cast.Payment{Ref: ref, OrderRef: fmt.Sprintf("order_KFchaos%05d", i), Status: models.PaymentSuccess, Method: "upi", Captured: true},
		}
		o.Fill()
		if err := o.Insert(w.ctx, w.db); err != nil {
			w.t.Fatal(err)
		}
		if err := (cast.Sandbox{Base: w.box}).Payment(w.t.Context(), o); err != nil {
			w.t.Fatal(err)
		}
		orders, refs[id] = append(orders, id), ref
	}
	w.sandbox(http.MethodPut, "/_sandbox/caps", map[string]any{"gateway": "razorpay", "enforce": false}, nil)
	return orders, refs
}

// balanced waits until nothing is under way and compares every payment with the gateway's ledger.
func (w *world) balanced(refs map[int64]string, within time.Duration) (effects int) {
	w.t.Helper()
	open := 0
	for deadline := time.Now().Add(within); ; time.Sleep(100 * time.Millisecond) {
		w.scan(&open, `SELECT count(*) FROM operations WHERE order_id > 5000 AND state NOT IN ('succeeded', 'failed', 'cancelled')`)
		if open == 0 {
			break
		}
		if time.Now().After(deadline) {
			w.t.Errorf("%d operations are still open after %s", open, within)
			break
		}
	}
	for order, ref := range refs {
		var booked, captured, succeeded int64
		w.scan(&booked, `SELECT refunded_minor FROM payments WHERE order_id = $1`, order)
		w.scan(&captured, `SELECT captured_minor FROM payments WHERE order_id = $1`, order)
		w.scan(&succeeded, `SELECT count(*) FROM operations WHERE order_id = $1 AND state = 'succeeded'`, order)
		var moved int64
		keys := map[string]int{}
		for _, e := range w.refunds(ref) {
			moved += e.AmountMinor
			keys[e.IdempotencyKey]++
			effects++
			if keys[e.IdempotencyKey] > 1 {
				w.t.Errorf("order %d: the gateway refunded twice under key %s", order, e.IdempotencyKey)
			}
		}
		if booked != moved || int64(len(keys)) != succeeded || moved > captured {
			w.t.Errorf("order %d: booked %s in %d operations, the gateway moved %s in %d, captured %s", order,
				money.New(booked, "INR"), succeeded, money.New(moved, "INR"), len(keys), money.New(captured, "INR"))
		}
	}
	findings, err := w.db.Fsck(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range findings {
		w.t.Errorf("broken invariant: %s: %v", f.Invariant, f.Records)
	}
	if report, err := w.db.VerifyAudit(w.ctx); err != nil || len(report.Problems()) > 0 {
		w.t.Errorf("the audit log does not verify: %v, %v", report, err)
	}
	return effects
}

// operationOf reads which operation an answer names.
func operationOf(r *reply) string {
	if id := r.Header.Get("X-Operation"); id != "" {
		return id
	}
	_, id, _ := strings.Cut(r.Header.Get("Location"), "#operation-")
	return id
}

// pressUntilNamed sends a form as impatient people do: twice at once, and again when no answer comes. It
// reports whether some answer named the operation; two that name different ones are an error.
func (p *person) pressUntilNamed(action string, form url.Values) bool {
	for range 3 {
		var wait sync.WaitGroup
		named := make([]string, 2)
		for i := range named {
			wait.Go(func() {
				if r, err := p.try(http.MethodPost, action, form); err == nil {
					named[i] = operationOf(r)
				}
			})
		}
		wait.Wait()
		if named[0] != "" && named[1] != "" && named[0] != named[1] {
			p.w.t.Errorf("one form was named operation %s and %s", named[0], named[1])
		}
		if named[0] != "" || named[1] != "" {
			return true
		}
		time.Sleep(30 * time.Millisecond)
	}
	return false
}

func TestFiftyPostsOfOneForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	orders, refs := w.prepaid(1)
	w.sandbox(http.MethodPut, "/_sandbox/faults", map[string]any{"gateway": "razorpay", "verb": "refund", "mode": "delay", "delay_ms": 3000}, nil)
	asha := w.signIn("support@ruosh.example")
	action, form, err := asha.refundForm(orders[0])
	if err != nil {
		t.Fatal(err)
	}
	form.Set("amount", "100.00")
	var wait sync.WaitGroup
	named := make([]string, 50)
	for i := range named {
		wait.Go(func() {
			r, err := asha.try(http.MethodPost, action, form)
			if err != nil {
				t.Error(err)
				return
			}
			named[i] = operationOf(r)
		})
	}
	wait.Wait()
	for _, id := range named {
		if id == "" || id != named[0] {
			t.Fatalf("the answers name operations %q and %q", named[0], id)
		}
	}
	if effects := w.balanced(refs, 20*time.Second); effects != 1 {
		t.Errorf("the ledger shows %d refunds, want 1", effects)
	}
}

func TestFiftyFormsOfThirtyPercent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	orders, refs := w.prepaid(1)
	asha := w.signIn("support@ruosh.example")
	var wait sync.WaitGroup
	var accepted atomic.Int64
	for range 50 {
		action, form, err := asha.refundForm(orders[0])
		if err != nil {
			t.Fatal(err)
		}
		form.Set("amount", "30.00")
		wait.Go(func() {
			r, err := asha.try(http.MethodPost, action, form)
			if err != nil {
				t.Error(err)
				return
			}
			if r.StatusCode == http.StatusSeeOther {
				accepted.Add(1)
			}
		})
	}
	wait.Wait()
	if n := accepted.Load(); n != 3 {
		t.Errorf("%d forms were accepted, want 3", n)
	}
	if effects := w.balanced(refs, 20*time.Second); effects != 3 {
		t.Errorf("the ledger shows %d refunds, want 3", effects)
	}
}

// TestChaos kills kartify again and again while people refund and the gateway misbehaves. The short form
// takes some seconds; KARTIFY_CHAOS=long runs it for minutes and prints figures.
func TestChaos(t *testing.T) {
	t.Parallel()
	length, payments := 8*time.Second, 12
	if os.Getenv("KARTIFY_CHAOS") == "long" {
		length, payments = 5*time.Minute, 400
	}
	w := newWorld(t, "KARTIFY_CALL_TIMEOUT=1s", "KARTIFY_LEASE=1500ms", "KARTIFY_RESEND_AFTER=2s", "KARTIFY_SESSION_IDLE=8h")
	orders, refs := w.prepaid(payments)
	for mode, every := range map[string]int{"drop_after": 3, "500_after": 3, "500_before": 3, "429": 2, "garbage_after": 2, "wrong_amount_after": 2, "drop_before": 3} {
		w.sandbox(http.MethodPut, "/_sandbox/faults", map[string]any{"gateway": "razorpay", "verb": "refund", "mode": mode, "times": every * payments / 10}, nil)
	}
	asha := w.signIn("support@ruosh.example")

	var posted, acked atomic.Int64
	stop := make(chan struct{})
	var wait sync.WaitGroup
	for range 6 {
		wait.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				order := orders[rand.IntN(len(orders))]
				action, form, err := asha.refundForm(order)
				if err != nil {
					time.Sleep(20 * time.Millisecond) // killed, or nothing left to refund
					continue
				}
				form.Set("amount", fmt.Sprintf("%d.00", 1+rand.IntN(20)))
				posted.Add(1)
				if asha.pressUntilNamed(action, form) {
					acked.Add(1)
				}
			}
		})
	}
	kills := 0
	for began := time.Now(); time.Since(began) < length; kills++ {
		time.Sleep(400 * time.Millisecond)
		w.stop(syscall.SIGKILL)
		w.start()
	}
	close(stop)
	wait.Wait()
	w.sandbox(http.MethodDelete, "/_sandbox/faults", nil, nil)
	effects := w.balanced(refs, 90*time.Second)
	var stored int64
	w.scan(&stored, `SELECT count(*) FROM operations WHERE order_id > 5000`)
	if stored < acked.Load() {
		t.Errorf("%d refunds were acknowledged, but only %d are stored", acked.Load(), stored)
	}
	if effects == 0 {
		t.Error("nothing was refunded: the test proves nothing")
	}
	t.Logf("%d kills, %d forms sent, %d acknowledged, %d operations stored, %d refunds at the gateway over %d payments", kills, posted.Load(), acked.Load(), stored, effects, payments)
}
