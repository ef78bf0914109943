package models_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/kartify/kartify/mail/sink"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// A shop that answers 200 and any word at all has not heard. After fifty of those the payment is stuck, and an
// attempt that somebody asks for and that is answered right completes it.
func TestAFriendlyWordIsNotHeard(t *testing.T) {
	c := openStall(t)
	c.says = func(string) string { return "hello" }
	_, payment := c.pay("pay_1")
	for range 52 {
		c.turn(c.db.NewNotifier())
	}
	if got := c.state(payment); got != "stuck stuck 1 50" || c.heard.Load() != 50 {
		t.Errorf("%s after %d calls", got, c.heard.Load())
	}
	if got := c.text(`SELECT DISTINCT concat_ws(' ', outcome, http_status, answer) FROM notification_attempts`); got != "refused 200 hello" {
		t.Errorf("the attempts: %s", got)
	}
	c.says = right
	_, err := c.db.SendNotification(c.ctx, models.NotificationRequest{PaymentID: payment, Token: c.db.FormToken(c.user, "notification", payment), By: c.asha})
	if err != nil {
		t.Fatal(err)
	}
	c.turn(c.db.NewNotifier())
	if got := c.state(payment); got != "success delivered 2 1" || c.heard.Load() != 51 {
		t.Errorf("told again: %s after %d calls", got, c.heard.Load())
	}
}

// A merchant who wants an e-mail is told when the mail server takes it; one that is refused is sent again.
func TestNotificationsByEmail(t *testing.T) {
	p := openPostOffice(t, func(to string, n int) sink.Behaviour {
		switch {
		case strings.HasPrefix(to, "gone@"):
			return sink.RefuseEver
		case n == 1:
			return sink.RefuseLater
		}
		return sink.Accept
	})
	asha := modelstest.Person(t, p.db, "Asha", models.Support, 40)
	const state = `SELECT concat_ws(' ', p.status, n.state, n.series, n.tries) FROM payments p JOIN notifications n ON n.payment_id = p.id WHERE p.id = $1`
	version := 0
	mailTo := func(address string) {
		t.Helper()
		err := p.db.SaveNotificationSettings(p.ctx, models.NotificationForm{StoreID: 40, Channel: models.NotifyEmail, Email: address, Shown: version, By: models.SystemActor})
		if err != nil {
			t.Fatal(err)
		}
		version++
	}
	turn := func() {
		t.Helper()
		p.exec(`UPDATE notifications SET next_at = now() WHERE state = 'queued'`)
		n := p.db.NewNotifier()
		if _, err := n.Turn(p.ctx); err != nil {
			t.Fatal(err)
		}
		if err := n.Wait(p.ctx); err != nil {
			t.Fatal(err)
		}
	}
	mailTo("till@ruosh.example")
	_, payment := p.order("pay_1", "pending", 0)
	p.send(paid("e1", "pay_1", "captured"))
	turn()
	if got := p.text(state, payment); got != "obtained queued 1 1" {
		t.Errorf("refused once: %s", got)
	}
	turn()
	if got := p.text(state, payment); got != "success delivered 1 2" {
		t.Errorf("taken: %s", got)
	}
	if got := p.sink.To("till@ruosh.example"); len(got) != 1 || !bytes.Contains(got[0].Raw, []byte("100.00 INR was paid for order FYpay_1.")) {
		t.Errorf("the merchant has %d e-mails: %+v", len(got), got)
	}
	mailTo("gone@ruosh.example")
	_, lost := p.order("pay_2", "pending", 0)
	p.send(paid("e2", "pay_2", "captured"))
	for range 52 {
		turn()
	}
	if got := p.text(state, lost); got != "stuck stuck 1 50" {
		t.Errorf("refused for ever: %s", got)
	}
	mailTo("till@ruosh.example")
	by := models.Actor{Kind: "user", UserID: &asha.ID, Name: "Asha"}
	if _, err := p.db.SendNotification(p.ctx, models.NotificationRequest{PaymentID: lost, Token: p.db.FormToken(asha.ID, "notification", lost), By: by}); err != nil {
		t.Fatal(err)
	}
	turn()
	turn()
	if got := p.text(state, lost); !strings.HasPrefix(got, "success delivered 2 ") || len(p.sink.To("till@ruosh.example")) != 2 {
		t.Errorf("sent by hand: %s", got)
	}
}
