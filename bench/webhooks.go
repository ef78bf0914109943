package bench

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/kartify/kartify/jobs"
	"github.com/kartify/kartify/models"
)

// webhooks takes signed webhooks of Razorpay in over HTTP: checked, told apart, and on disk with their
// jobs before the answer. The other side is the same row inserted by a bare statement.
func (b *bench) webhooks(ctx context.Context) error {
	s, err := b.site(ctx, 0)
	if err != nil {
		return err
	}
	if _, err := jobs.New(s.db, quiet); err != nil { // queues, and works on nothing
		return err //nolint:wrapcheck // says what it did
	}
	_, err = s.db.SaveSettings(s.ctx, models.SettingsForm{
		StoreID: hookStore, Gateway: "razorpay", Mode: "test", Enabled: true, By: models.SystemActor,
		Values: map[string]string{"key_id": "rzp_test_KF00000000000A", "key_secret": "kartify_bench_secret", "webhook_secret": hookSecret, "payment_action": "capture"},
	})
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	hooks := &hooks{site: s, run: time.Now().UnixNano()}
	for _, atOnce := range []int{8, 32} {
		r, err := b.turns(ctx, atOnce, side{"webhook", hooks.send}, side{"insert", hooks.insert})
		if err != nil {
			return err
		}
		gate, stretch := 0.45, 0.55
		if atOnce == 32 {
			gate, stretch = 0.5, 0.75
		}
		rate, ratio := r.rates(0, 1)
		raw, _ := r.rates(1, 0)
		b.add(figure{"P12", fmt.Sprintf("webhooks over HTTP ÷ the bare INSERT, %d at once", atOnce), ratio, "×", gate, stretch, true, fmt.Sprintf("%.0f / %.0f a second", rate, raw)})
		if atOnce == 8 {
			b.add(figure{"P13", "webhook over HTTP, p99, 8 at once", milli(r.all[0].at(0.99)), "ms", 10, 5, false, "median " + ms(r.all[0].median())})
		}
	}
	r, err := b.turns(ctx, 8, side{"half again", hooks.sendTwice}, side{"all new", hooks.send})
	if err != nil {
		return err
	}
	rate, ratio := r.rates(0, 1)
	b.add(figure{"P13", "rate with half of them repeated ÷ with none", ratio, "×", 1, 1.3, true, fmt.Sprintf("%.0f a second", rate)})
	return nil
}

// The store that webhooks are for, and what they are signed with.
const (
	hookStore  int64 = 40
	hookSecret       = "whsec_kartify_bench"
)

// hooks are webhooks that nobody sent before.
type hooks struct {
	*site
	run  int64
	next atomic.Int64
}

// body is the n-th webhook, of about 900 bytes.
func (h *hooks) body(n int64) []byte {
	id := fmt.Sprintf("%d%08d", h.run, n)
	return fmt.Appendf(nil, `{"entity":"event","account_id":"acc_KF00000000001A","event":"payment.captured","contains":["payment"],"payload":{"payment":{"entity":{"id":"pay_%s","entity":"payment","amount":149900,"currency":"INR","status":"captured","order_id":"order_%s","invoice_id":null,"international":false,"method":"upi","amount_refunded":0,"refund_status":null,"captured":true,"description":"Order %d","vpa":"neha.rao@upi.example","email":"neha.rao@mail.example","contact":"+919876543210","notes":{"order":"%d","note":%q},"fee":2998,"tax":458,"error_code":null,"error_description":null,"acquirer_data":{"rrn":"441700001001","upi_transaction_id":"%s"},"created_at":1793500000}}},"created_at":1793500002}`,
		id, id, n, n, strings.Repeat("delivery by the side gate, ", 5), id)
}

func (h *hooks) send(ctx context.Context, _ int) error { return h.deliver(ctx, h.next.Add(1)) }

// sendTwice repeats every second webhook a little later.
func (h *hooks) sendTwice(ctx context.Context, n int) error {
	if n%2 == 1 {
		return h.deliver(ctx, max(h.next.Load()-20, 1))
	}
	return h.send(ctx, n)
}

func (h *hooks) deliver(ctx context.Context, n int64) error {
	body := h.body(n)
	mac := hmac.New(sha256.New, []byte(hookSecret))
	_, _ = mac.Write(body)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprintf("%s/callbacks/razorpay/%d", h.base, hookStore), strings.NewReader(string(body)))
	if err != nil {
		return fmt.Errorf("send a webhook: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Razorpay-Signature", hex.EncodeToString(mac.Sum(nil)))
	r.Header.Set("X-Razorpay-Event-Id", fmt.Sprintf("evt_%d_%d", h.run, n))
	answer, err := h.http.Do(r)
	if err != nil {
		return fmt.Errorf("send a webhook: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("a webhook is answered with %d", answer.StatusCode)
	}
	return nil
}

// insert stores a webhook by one statement, as pgbench would.
func (h *hooks) insert(context.Context, int) error {
	n := h.next.Add(1)
	body := h.body(n)
	sum := sha256.Sum256(body)
	_, err := h.db.Pool().Exec(h.ctx, `INSERT INTO webhooks (source, store_id, event, event_id, body_sha256, body, headers, address, verdict, state, payment_ref, order_ref, mode, next_at)
		VALUES ('razorpay', $1, 'payment.captured', $2, $3, $4, '{"Content-Type":["application/json"]}', '127.0.0.1', 'verified', 'received', $2, $2, 'test', now())
		ON CONFLICT DO NOTHING`, hookStore, fmt.Sprintf("evt_%d_%d", h.run, n), sum[:], body)
	if err != nil {
		return fmt.Errorf("insert a webhook: %w", err)
	}
	return nil
}
