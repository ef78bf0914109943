package models_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
	"github.com/kartify/kartify/money"
	"github.com/kartify/kartify/notify"
)

const secretWord = "a-secret-word"

// stall is a store that wants to hear of its payments, and the shop it has told kartify of.
type stall struct {
	*mailroom
	shop  *httptest.Server
	heard atomic.Int64
	says  func(id string) string // the answer of the shop; "" to hang up
	asha  models.Actor
	user  int64
}

func openStall(t *testing.T, patience ...time.Duration) *stall {
	t.Helper()
	c := &stall{says: func(string) string { return "" }}
	c.shop = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		c.heard.Add(1)
		answer := c.says(r.PostFormValue("id"))
		if answer == "" {
			panic(http.ErrAbortHandler)
		}
		_, _ = fmt.Fprint(w, answer)
	}))
	t.Cleanup(c.shop.Close)
	c.mailroom = openMailroom(t, func(o *models.Options) {
		o.Notify = notify.Guard{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Patience: append(patience, 2*time.Second)[0]}
	})
	user := modelstest.Person(t, c.db, "Asha", models.Support, 40)
	c.user, c.asha = user.ID, models.Actor{Kind: "user", UserID: &user.ID, Name: "Asha"}
	c.tellAt(c.shop.URL)
	return c
}

func (c *stall) tellAt(address string) {
	c.Helper()
	settings, err := c.db.NotificationSettings(c.ctx, 40)
	if err == nil {
		err = c.db.SaveNotificationSettings(c.ctx, models.NotificationForm{
			StoreID: 40, Channel: models.NotifyPost, URL: address, Secret: secretWord, Shown: settings.Version, By: models.SystemActor,
		})
	}
	if err != nil {
		c.Fatal(err)
	}
}

func right(id string) string { return notify.Notice{ID: id}.Answer(secretWord) }

// pay puts in an order and has its payment drawn by a webhook.
func (c *stall) pay(ref string) (order, payment int64) {
	c.Helper()
	order, payment = c.order(ref, "pending", 0)
	c.send(paid("paid "+ref, ref, "captured"))
	return order, payment
}

// turn makes everything that is queued due, tells whoever is due, and waits for the answers.
func (c *stall) turn(n *models.Notifier) int {
	c.Helper()
	c.exec(`UPDATE notifications SET next_at = now() WHERE state = 'queued'`)
	begun, err := n.Turn(c.ctx)
	if err != nil {
		c.Fatal(err)
	}
	if err := n.Wait(c.ctx); err != nil {
		c.Fatal(err)
	}
	return begun
}

func (c *stall) state(payment int64) string {
	c.Helper()
	return c.text(`SELECT concat_ws(' ', p.status, n.state, n.series, n.tries) FROM payments p JOIN notifications n ON n.payment_id = p.id WHERE p.id = $1`, payment)
}

// A dead shop gets 50 attempts and no more, however often the worker is killed; a person's click begins another 50.
func TestADeadShopIsToldFiftyTimesThroughKills(t *testing.T) {
	c := openStall(t)
	order, payment := c.pay("pay_1")
	if got := c.state(payment); got != "obtained queued 1 0" {
		t.Fatalf("after the payment: %s", got)
	}
	for n := 1; n <= 70; n++ {
		c.turn(c.db.NewNotifier())
		if n%3 == 0 && n <= 60 && c.state(payment)[:8] == "obtained" { // a kill between the call and what came of it leaves this behind
			c.exec(`UPDATE notification_attempts SET outcome = '', finished_at = NULL WHERE id = (SELECT max(id) FROM notification_attempts)`)
			c.exec(`UPDATE notifications SET state = 'sending', next_at = now()`)
		}
	}
	if got := c.state(payment); got != "stuck stuck 1 50" {
		t.Errorf("after 70 turns: %s", got)
	}
	const counted = `SELECT concat_ws(' ', count(*), max(n), count(DISTINCT n), count(*) FILTER (WHERE outcome = '') = 0, count(*) FILTER (WHERE outcome = 'lost') > 10) FROM notification_attempts WHERE series = $1`
	if got := c.text(counted, 1); got != "50 50 50 t t" || c.heard.Load() != 50 {
		t.Errorf("attempts: %s; the shop was called %d times", got, c.heard.Load())
	}
	if _, err := c.db.Pool().Exec(c.ctx, `INSERT INTO notification_attempts (notification_id, store_id, series, n, channel, receiver) SELECT id, store_id, 1, 51, 'post', 'x' FROM notifications`); err == nil {
		t.Error("the database takes a 51st attempt")
	}
	c.says = right
	token := c.db.FormToken(c.user, "notification", payment)
	for range 2 { // clicked twice
		n, err := c.db.SendNotification(c.ctx, models.NotificationRequest{PaymentID: payment, Token: token, By: c.asha})
		if err != nil || n.Series != 2 {
			t.Fatalf("send again: %+v, %v", n, err)
		}
	}
	if got := c.state(payment); got != "obtained queued 2 0" {
		t.Errorf("after the click: %s", got)
	}
	_, err := c.db.SendNotification(c.ctx, models.NotificationRequest{PaymentID: payment, Token: c.db.FormToken(c.user, "notification", payment), By: c.asha})
	if got := problemOf(err); got != "The shop is being told already: attempt 1 of 50 is next." {
		t.Errorf("a second series at once: %s", got)
	}
	c.turn(c.db.NewNotifier())
	if got := c.state(payment); got != "success delivered 2 1" {
		t.Errorf("delivered: %s", got)
	}
	if got := c.text(`SELECT comment FROM order_history WHERE order_id = $1 ORDER BY id DESC LIMIT 1`, order); got != "The shop was told of the payment of 100.00 INR, at attempt 1 of 50." {
		t.Errorf("history: %s", got)
	}
	if findings, err := c.db.Fsck(c.ctx); err != nil || len(findings) > 0 {
		t.Errorf("fsck: %v, %v", findings, err)
	}
}

// What a payment is until the shop has heard, and what it is afterwards, also when money goes back in between.
func TestWhoIsTold(t *testing.T) {
	c := openStall(t)
	c.says = right
	_, payment := c.pay("pay_1")
	c.turn(c.db.NewNotifier())
	if got := c.state(payment); got != "success delivered 1 1" {
		t.Errorf("a shop that answers: %s", got)
	}
	c.send(paid("again", "pay_1", "captured"))
	if begun := c.turn(c.db.NewNotifier()); begun != 0 || c.heard.Load() != 1 {
		t.Errorf("the same news again: %d begun, %d heard", begun, c.heard.Load())
	}
	c.order("pay_failed", "pending", 0)
	c.send(paid("e2", "pay_failed", "failed"))
	c.order("pay_held", "pending", 0)
	c.send(paid("e3", "pay_held", "authorized"))
	if got := c.text(`SELECT count(*) FROM notifications`); got != "1" {
		t.Errorf("a payment that failed, or is held for nobody knows how long, is told: %s", got)
	}
	order, held := c.order("pay_until", "pending", 0)
	c.exec(`UPDATE payments SET capture_before = now() + interval '3 days' WHERE id = $1`, held)
	c.send(paid("e4", "pay_until", "authorized"))
	c.turn(c.db.NewNotifier())
	if got := c.state(held); got != "authorized delivered 1 1" {
		t.Errorf("held until a known time: %s", got)
	}
	c.send(paid("e5", "pay_until", "captured"))
	if got := c.state(held); got != "success delivered 1 1" {
		t.Errorf("drawn after the shop has heard: %s", got)
	}
	if got := c.text(`SELECT (sent LIKE '%batch_date=%' AND sent NOT LIKE '%key=%')::text FROM notification_attempts ORDER BY id DESC LIMIT 1`); got != "true" {
		t.Errorf("what was said of a hold of order %d: %s", order, got)
	}
	c.tellOff()
	_, quiet := c.pay("pay_quiet")
	if got := c.text(`SELECT status || ' ' || (SELECT count(*) FROM notifications WHERE payment_id = $1) FROM payments WHERE id = $1`, quiet); got != "success 0" {
		t.Errorf("with notifications off: %s", got)
	}
}

func (c *stall) tellOff() {
	c.Helper()
	settings, err := c.db.NotificationSettings(c.ctx, 40)
	if err == nil {
		err = c.db.SaveNotificationSettings(c.ctx, models.NotificationForm{StoreID: 40, Channel: models.NotifyOff, Shown: settings.Version, By: models.SystemActor})
	}
	if err != nil {
		c.Fatal(err)
	}
}

// A notification that nobody waits for any more is called off, and a refunded payment is not told as paid.
func TestNotificationsAreCalledOff(t *testing.T) {
	c := openStall(t)
	_, back := c.pay("pay_back")
	c.send(refunded("r1", gateways.Result{Ref: "rfnd_1", PaymentRef: "pay_back", Amount: money.New(10000, "INR"), Status: gateways.Succeeded}))
	c.turn(c.db.NewNotifier())
	if got := c.state(back); got != "refunded cancelled 1 0" || c.heard.Load() != 0 {
		t.Errorf("refunded before the shop heard: %s, %d calls", got, c.heard.Load())
	}
	_, off := c.pay("pay_off")
	c.turn(c.db.NewNotifier())
	c.tellOff()
	c.turn(c.db.NewNotifier())
	if got := c.state(off); got != "success cancelled 1 1" {
		t.Errorf("switched off after one attempt: %s", got)
	}
	_, err := c.db.SendNotification(c.ctx, models.NotificationRequest{PaymentID: off, Token: c.db.FormToken(c.user, "notification", off), By: c.asha})
	if got := problemOf(err); got != "Notifications of this store are switched off, under Extensions > Payment notifications." {
		t.Errorf("by hand: %s", got)
	}
	_, err = c.db.SendNotification(c.ctx, models.NotificationRequest{PaymentID: back, Token: c.db.FormToken(c.user, "notification", back), By: c.asha})
	if got := problemOf(err); got != "Only a payment that is paid is told to the shop; this one is refunded." {
		t.Errorf("a refunded payment by hand: %s", got)
	}
}
