package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models/cast"
)

// slowBody comes in two halves with a pause between them, so that its request is under way for that long.
type slowBody struct {
	halves [2]io.Reader
	pause  time.Duration
	at     int
}

func (b *slowBody) Read(p []byte) (int, error) {
	n, err := b.halves[b.at].Read(p)
	if errors.Is(err, io.EOF) && b.at == 0 {
		time.Sleep(b.pause)
		b.at = 1
		return n, nil
	}
	return n, err
}

// webhookRequest is a signed webhook of Razorpay that changes nothing.
func (w *world) webhookRequest(ctx context.Context, id string, pause time.Duration) (*http.Request, error) {
	text := fmt.Sprintf(`{"entity":"event","event":"settlement.processed","created_at":1767225601,"payload":{},"id":"%s"}`, id)
	var body io.Reader = strings.NewReader(text)
	if pause > 0 {
		body = &slowBody{halves: [2]io.Reader{strings.NewReader(text[:40]), strings.NewReader(text[40:])}, pause: pause}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprintf("%s/callbacks/razorpay/%d", w.base, cast.Ruosh), body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Razorpay-Event-Id", id)
	r.Header.Set("X-Razorpay-Signature", gateways.SumHMAC([]byte(text), cast.Razorpay["webhook_secret"]))
	return r, nil
}

// TestStopUnderLoad stops kartify politely again and again while it is busy. Whoever sends requests there asks
// /readyz, as a load balancer does: every request that was sent is answered, and well.
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	rounds := 6
	if os.Getenv("KARTIFY_CHAOS") == "long" {
		rounds = 200
	}
	w := newWorld(t, "KARTIFY_DRAIN_PAUSE=1s", "KARTIFY_SESSION_IDLE=8h")
	asha := w.signIn("support@ruosh.example")
	var answered, slow atomic.Int64
	var longest time.Duration
	for round := range rounds {
		var open atomic.Bool
		open.Store(true)
		var wait sync.WaitGroup
		send := func(what string, r *http.Request, err error) {
			if err != nil {
				t.Error(err)
				return
			}
			res, err := asha.client.Do(r)
			if err != nil {
				t.Errorf("round %d: %s: %v", round, what, err)
				return
			}
			_, err = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if err != nil || res.StatusCode != http.StatusOK {
				t.Errorf("round %d: %s: %d, %v", round, what, res.StatusCode, err)
				return
			}
			answered.Add(1)
		}
		for n := range 4 {
			wait.Go(func() {
				for i := 0; open.Load(); i++ {
					if n%2 == 0 {
						r, err := w.webhookRequest(t.Context(), fmt.Sprintf("evt_%d_%d_%d", round, n, i), 0)
						send("a webhook", r, err)
					} else {
						r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.base+"/sales/orders", http.NoBody)
						send("a page", r, err)
					}
				}
			})
		}
		time.Sleep(50 * time.Millisecond)
		for n := range 2 { // under way when the stop comes, and for longer than the pause
			wait.Go(func() {
				r, err := w.webhookRequest(t.Context(), fmt.Sprintf("evt_%d_slow%d", round, n), 1400*time.Millisecond)
				send("a slow webhook", r, err)
				slow.Add(1)
			})
		}
		time.Sleep(100 * time.Millisecond)
		began := time.Now()
		_ = w.cmd.Process.Signal(syscall.SIGTERM)
		w.leaves(round)
		open.Store(false)
		if err := w.cmd.Wait(); err != nil {
			t.Errorf("round %d: it ended with %v", round, err)
		}
		longest = max(longest, time.Since(began))
		w.cmd = nil
		wait.Wait()
		if t.Failed() {
			return
		}
		w.start()
	}
	if longest > 21*time.Second {
		t.Errorf("a stop took %s", longest)
	}
	var stored int64
	w.scan(&stored, `SELECT count(*) FROM webhooks WHERE event = 'settlement.processed' AND verdict = 'verified' AND duplicate_of IS NULL`)
	t.Logf("%d stops, %d requests answered, none failed; %d of them slow; the longest stop took %s; %d webhooks stored", rounds, answered.Load(), slow.Load(), longest.Round(time.Millisecond), stored)
}

// leaves waits until kartify says that it is about to stop, while it still answers.
func (w *world) leaves(round int) {
	w.t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	for range 500 {
		res, err := client.Get(w.base + "/readyz")
		if err != nil {
			var refused *net.OpError
			w.t.Errorf("round %d: it went away without saying so: %v (%v)", round, err, errors.As(err, &refused))
			return
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode == http.StatusServiceUnavailable {
			if res.Header.Get("Retry-After") == "" || bytes.Contains(body, []byte("goroutine")) {
				w.t.Errorf("round %d: not ready, Retry-After %q", round, res.Header.Get("Retry-After"))
			}
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	w.t.Errorf("round %d: it stayed ready", round)
}
