package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// copy starts another kartify over the same database and gateways, at an address of its own.
func (w *world) copy() *world {
	w.t.Helper()
	c := *w
	c.addr = freeAddr(w.t)
	c.base, c.out, c.cmd = "http://"+c.addr, &bytes.Buffer{}, nil
	c.env = nil
	for _, line := range w.env {
		switch {
		case strings.HasPrefix(line, "KARTIFY_ADDR="):
			line = "KARTIFY_ADDR=" + c.addr
		case strings.HasPrefix(line, "KARTIFY_PUBLIC_URL="):
			line = "KARTIFY_PUBLIC_URL=" + c.base
		}
		c.env = append(c.env, line)
	}
	c.start()
	w.t.Cleanup(func() {
		c.stop(syscall.SIGTERM)
		if w.t.Failed() {
			w.t.Logf("the other copy said:\n%s", tail(c.out.String(), 4000))
		}
	})
	return &c
}

// at is the same browser, sent to another copy as a load balancer would.
func (p *person) at(w *world) *person { return &person{w: w, client: p.client} }

// TestOneOfTwoCopiesIsKilled refunds at two copies over one database and kills one of them while it works:
// nobody signs in again, and every refund that was acknowledged is made once.
func TestOneOfTwoCopiesIsKilled(t *testing.T) {
	t.Parallel()
	one := newWorld(t, "KARTIFY_CALL_TIMEOUT=1s", "KARTIFY_LEASE=1500ms", "KARTIFY_RESEND_AFTER=2s", "KARTIFY_SESSION_IDLE=8h")
	other := one.copy()
	orders, refs := one.prepaid(12)
	one.sandbox(http.MethodPut, "/_sandbox/faults", map[string]any{"gateway": "razorpay", "verb": "refund", "mode": "delay", "delay_ms": 250}, nil)
	asha := one.signIn("support@ruosh.example")
	if r := asha.at(other).get("/sales/orders"); r.StatusCode != http.StatusOK {
		t.Fatalf("a session of one copy is answered %d by the other", r.StatusCode)
	}

	var killed atomic.Bool
	var acked, askedToSignIn atomic.Int64
	until := time.Now().Add(6 * time.Second)
	var wait sync.WaitGroup
	for n := range 6 {
		wait.Go(func() {
			for time.Now().Before(until) {
				p := asha
				if n%2 == 0 || killed.Load() {
					p = asha.at(other)
				}
				action, form, err := p.refundForm(orders[rand.IntN(len(orders))])
				if err != nil {
					if r, err := asha.at(other).try(http.MethodGet, "/sales/orders", nil); err == nil && r.StatusCode != http.StatusOK {
						askedToSignIn.Add(1)
					}
					time.Sleep(10 * time.Millisecond)
					continue
				}
				form.Set("amount", fmt.Sprintf("%d.00", 1+rand.IntN(9)))
				for range 3 { // pressed again at the other copy when no answer comes: the same form, the same operation
					if r, err := p.try(http.MethodPost, action, form); err == nil && operationOf(r) != "" {
						acked.Add(1)
						break
					}
					p = asha.at(other)
				}
			}
		})
	}
	time.Sleep(2 * time.Second)
	killed.Store(true)
	one.stop(syscall.SIGKILL)
	wait.Wait()
	one.sandbox(http.MethodDelete, "/_sandbox/faults", nil, nil)
	effects := other.balanced(refs, 60*time.Second)
	var stored int64
	one.scan(&stored, `SELECT count(*) FROM operations WHERE order_id > 5000`)
	switch {
	case stored < acked.Load():
		t.Errorf("%d refunds were acknowledged, but only %d are stored", acked.Load(), stored)
	case effects == 0:
		t.Error("nothing was refunded: the test proves nothing")
	case askedToSignIn.Load() > 0:
		t.Errorf("%d times the copy that lived did not know the session", askedToSignIn.Load())
	}
	t.Logf("%d acknowledged, %d operations stored, %d refunds at the gateway", acked.Load(), stored, effects)

	// What belongs to nobody in particular goes on too: the chores are still done, by the copy that lives.
	other.eventually("true", `SELECT started_at > now() - interval '10 seconds' FROM chores WHERE name = 'settle-operations'`)
}
