package sandbox

import (
	"fmt"
	"sync"
	"testing"
)

func TestIdempotencyKey(t *testing.T) {
	b := newBench(t)
	id := b.pay("captured")
	refund := func(body, key string) answer {
		return b.rzp("POST", "/payments/"+id+"/refund", body, idempotencyHeader, key)
	}
	first := refund(`{"amount":10000}`, "kartify-40-1")
	again := refund(`{"amount":10000}`, "kartify-40-1")
	if first.status != 200 || again.status != 200 || first.text(t, "id") != again.text(t, "id") {
		t.Errorf("the same request gave %s and %s", first.body, again.body)
	}
	refund(`{"amount":20000}`, "kartify-40-1").is(t, 409, "Different request with the same idempotency key has already been processed.")
	refund(`{ "amount":10000}`, "kartify-40-1").is(t, 409, "Different request with the same idempotency key has already been processed.")
	refund(`{"amount":10000}`, "short").is(t, 400, "The idempotency key must be at least 10 characters long.")
	refund(`{"amount":10000}`, "kartify 40 1").is(t, 400, "The idempotency key must only contain alphanumeric characters, underscores and hyphens.")
	b.effects(id, "refund", 1)
	if got := b.ledger(id, "refund"); got[0].IdempotencyKey != "kartify-40-1" || got[0].Ref != first.text(t, "id") {
		t.Errorf("ledger %+v", got[0])
	}
	// A key whose request was refused has made nothing, and is free.
	other := b.pay("authorized")
	b.rzp("POST", "/payments/"+other+"/refund", `{}`, idempotencyHeader, "kartify-40-2")
	b.control("POST", "/payments/"+other+"/state", obj{"state": "captured"}, nil)
	if got := b.rzp("POST", "/payments/"+other+"/refund", `{}`, idempotencyHeader, "kartify-40-2"); got.status != 200 {
		t.Errorf("after a refusal: %d %s", got.status, got.body)
	}
}

func TestIdempotencyKeyIsHeldWhileItsRequestRuns(t *testing.T) {
	b := newBench(t)
	id := b.pay("captured")
	b.fault("refund", modeDelay, obj{"delay_ms": 150, "times": 1})
	done := make(chan answer)
	go func() {
		done <- b.rzp("POST", "/payments/"+id+"/refund", `{"amount":100}`, idempotencyHeader, "kartify-40-1")
	}()
	eventually(t, "the first request is on its way", func() bool { return len(b.box.faults.all()) == 0 })
	eventually(t, "the key is in progress", func() bool {
		b.box.mu.Lock()
		defer b.box.mu.Unlock()
		return len(b.box.provider("razorpay").(*razorpay).held) == 1
	})
	b.rzp("POST", "/payments/"+id+"/refund", `{"amount":100}`, idempotencyHeader, "kartify-40-1").
		is(t, 409, "Another request with the same idempotency key is still in progress.")
	if first := <-done; first.status != 200 {
		t.Errorf("the first ended %d %s", first.status, first.body)
	}
	b.effects(id, "refund", 1)
}

func TestFiftyAtOnce(t *testing.T) {
	b := newBench(t)
	hammer := func(id string, key func(i int) string) (ok int) {
		var all sync.WaitGroup
		var mu sync.Mutex
		for i := range 50 {
			all.Go(func() {
				got := b.rzp("POST", "/payments/"+id+"/refund", `{"amount":30000}`, idempotencyHeader, key(i))
				mu.Lock()
				defer mu.Unlock()
				switch got.status {
				case 200:
					ok++
				case 400, 409:
				default:
					t.Errorf("answer %d %s", got.status, got.body)
				}
			})
		}
		all.Wait()
		return ok
	}
	same := b.pay("captured")
	if ok := hammer(same, func(int) string { return "kartify-same-key" }); ok == 0 {
		t.Error("nobody got the refund")
	}
	b.effects(same, "refund", 1)

	different := b.pay("captured")
	if ok := hammer(different, func(i int) string { return fmt.Sprintf("kartify-key-%04d", i) }); ok != 3 {
		t.Errorf("%d refunds of 30 %% were taken, want 3", ok)
	}
	b.effects(different, "refund", 3)

	b.control("PUT", "/caps", obj{"gateway": "razorpay", "enforce": false}, nil)
	uncapped := b.pay("captured")
	hammer(uncapped, func(i int) string { return fmt.Sprintf("kartify-uncapped-%04d", i) })
	b.effects(uncapped, "refund", 50)
}
