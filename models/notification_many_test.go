package models_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kartify/kartify/models/modelstest"
)

// A thousand shops that take a call and never answer hold on to their calls. Meanwhile everybody who answers hears
// at once: nothing of theirs waits for the end of a single one of those calls.
func TestAThousandDeadShopsKeepNobodyWaiting(t *testing.T) {
	c := openStall(t, time.Minute)
	c.says = right
	_, first := c.pay("pay_0") // so that the shop is known to answer
	c.turn(c.db.NewNotifier())
	if got := c.state(first); got != "success delivered 1 1" {
		t.Fatalf("the shop that answers: %s", got)
	}
	release := make(chan struct{})
	var hanging atomic.Int64
	dead := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, _ *http.Request) {
		hanging.Add(1)
		<-release
		panic(http.ErrAbortHandler)
	}))
	defer dead.Close()
	sealed := make([]string, 1000)
	for i := range sealed {
		var err error
		if sealed[i], err = modelstest.Keys(t).Seal(fmt.Sprintf("notification_settings %d secret", 1000+i), secretWord); err != nil {
			t.Fatal(err)
		}
	}
	c.exec(`INSERT INTO stores (id, code, name, currency, time_zone) SELECT n, 'dead-'||n, 'Dead '||n, 'INR', 'UTC' FROM generate_series(1000, 1999) n`)
	c.exec(`INSERT INTO notification_settings (store_id, channel, url, secret) SELECT 999 + n, 'post', $1, s FROM unnest($2::text[]) WITH ORDINALITY u (s, n)`, dead.URL, sealed)
	c.exec(`INSERT INTO orders (store_id, status, gateway, currency, items_minor, total_minor) SELECT n, 'processing', 'razorpay', 'INR', 100, 100 FROM generate_series(1000, 1999) n`)
	c.exec(`INSERT INTO payments (order_id, store_id, gateway, mode, status, currency, amount_minor, authorized_minor, captured_minor, notice)
		SELECT id, store_id, 'razorpay', 'test', 'obtained', 'INR', 100, 100, 100, 'waiting' FROM orders WHERE store_id >= 1000`)
	c.exec(`INSERT INTO notifications (store_id, order_id, payment_id, state, most, next_at) SELECT store_id, order_id, id, 'queued', 50, now() - interval '1 hour' FROM payments WHERE store_id >= 1000`)
	c.exec(`INSERT INTO notification_series (notification_id, store_id, n, most) SELECT id, store_id, 1, 50 FROM notifications WHERE store_id >= 1000`)

	n := c.db.NewNotifier()
	for deadline := time.Now().Add(time.Minute); hanging.Load() < 896 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if _, err := n.Turn(c.ctx); err != nil {
			t.Fatal(err)
		}
	}
	if got := hanging.Load(); got != 896 {
		t.Errorf("%d shops hang on to their calls, want all that may", got)
	}
	for i := range 10 {
		c.pay(fmt.Sprintf("pay_live_%d", i))
	}
	const live = `SELECT count(*) FROM notifications WHERE store_id = 40 AND state = 'delivered'`
	for deadline := time.Now().Add(30 * time.Second); c.text(live) != "11" && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, err := n.Turn(c.ctx); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.text(live); got != "11" {
		t.Errorf("of the shop that answers %s are delivered, want all 11", got)
	}
	if got := c.text(`SELECT count(*) FROM notification_attempts WHERE store_id >= 1000 AND finished_at IS NOT NULL`); got != "0" {
		t.Errorf("%s calls of dead shops had ended meanwhile: this shows nothing", got)
	}
	close(release)
	if err := n.Wait(c.ctx); err != nil {
		t.Error(err)
	}
}
