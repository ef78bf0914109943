package e2e

import (
	"net/http"
	"net/url"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestFiftyWhileKilled presses one form fifty times, and fifty forms of thirty percent, at a gateway that is
// 3 s slow with its caps off, while kartify is killed every 400 ms and started again.
func TestFiftyWhileKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "KARTIFY_LEASE=6s", "KARTIFY_RESEND_AFTER=1s")
	orders, refs := w.prepaid(2)
	asha := w.signIn("support@ruosh.example")
	w.sandbox(http.MethodPut, "/_sandbox/faults", map[string]any{"gateway": "razorpay", "verb": "refund", "mode": "delay", "delay_ms": 3000}, nil)
	type press struct {
		action string
		form   url.Values
	}
	var presses []press
	one, form, err := asha.refundForm(orders[0])
	if err != nil {
		t.Fatal(err)
	}
	form.Set("amount", "100.00")
	for range 50 {
		presses = append(presses, press{one, form})
		action, thirty, err := asha.refundForm(orders[1])
		if err != nil {
			t.Fatal(err)
		}
		thirty.Set("amount", "30.00")
		presses = append(presses, press{action, thirty})
	}
	var wait sync.WaitGroup
	for _, p := range presses {
		wait.Go(func() {
			for range 40 { // until kartify lives long enough to answer
				if r, err := asha.try(http.MethodPost, p.action, p.form); err == nil && r.StatusCode < http.StatusInternalServerError {
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
		})
	}
	for range 10 {
		time.Sleep(400 * time.Millisecond)
		w.stop(syscall.SIGKILL)
		w.start()
	}
	wait.Wait()
	w.sandbox(http.MethodDelete, "/_sandbox/faults", nil, nil)
	w.balanced(refs, 60*time.Second)
	for order, want := range map[int64]int{orders[0]: 1, orders[1]: 3} {
		if got := len(w.refunds(refs[order])); got != want {
			t.Errorf("order %d: %d refunds at the gateway, want %d", order, got, want)
		}
	}
}
