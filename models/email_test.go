package models_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/mail/sink"
	"github.com/kartify/kartify/models"
)

func TestStoredBytesAreWhatTheMailServerGot(t *testing.T) {
	p := openPostOffice(t, nil)
	order := p.buyer("1", "meera@mail.example")
	p.exec(`UPDATE stores SET name = 'Лавка чудес №1 🎁' WHERE id = 40`)
	p.send(told("e1", "ORDER_PLACED", "FY1", nil), told("e2", "REFUND_DONE", "FY1", map[string]any{"amount": "49.50", "refund_id": "R1"}))
	p.mail()
	got := p.sink.To("meera@mail.example")
	if len(got) != 2 {
		t.Fatalf("%d e-mails arrived, want 2: %s", len(got), p.emails(order))
	}
	for _, m := range got {
		var n int
		p.scan(&n, `SELECT count(*) FROM emails WHERE raw = $1 AND state = 'sent' AND message_id <> '' AND answer <> ''`, m.Raw)
		if n != 1 {
			t.Errorf("no e-mail is stored as\n%s", m.Raw)
		}
	}
	text := p.text(`SELECT text_body FROM emails WHERE event = 'REFUND_DONE'`)
	if !strings.Contains(text, "49.50 INR") || !strings.Contains(text, "FY1") {
		t.Errorf("the refund's e-mail says %q", text)
	}
	if c := p.chain(order); !c.Sent || !c.Known || !strings.Contains(c.Verdict.String(), "meera@mail.example") {
		t.Errorf("chain %+v", c)
	}
}

// The four broken orders, and the other causes, each at a check of its own.
func TestEveryCauseIsToldApart(t *testing.T) {
	p := openPostOffice(t, sink.Behave)
	none := p.buyer("none", "none@mail.example")
	p.exec(`UPDATE orders SET partner_order_id = NULL, affiliate_order_id = 'A-none' WHERE id = $1`, none)
	cases := []struct {
		name    string
		order   int64
		webhook map[string]any // nil: none comes
		event   string
		row     string
		step    models.CheckStep
		result  models.CheckResult
		said    string
	}{
		{"no partner order ID", none, map[string]any{"gofynd_order_id": "", "affiliate_order_id": "A-none"}, "ORDER_PLACED", "ORDER_PLACED not_sent no_partner_order", models.StepPartner, models.CheckFailed, "no partner order ID"},
		{"webhook not received", p.buyer("2", "two@mail.example"), nil, "", "", models.StepWebhook, models.CheckFailed, "No webhook"},
		{"store_ID 0", p.buyer("3", "three@mail.example"), map[string]any{"store_id": 0}, "ORDER_PLACED", "ORDER_PLACED not_sent store_zero", models.StepStore, models.CheckFailed, "store_ID 0; the store is 40"},
		{"another store", p.buyer("4", "four@mail.example"), map[string]any{"store_id": 41}, "ORDER_PLACED", "ORDER_PLACED not_sent store_wrong", models.StepStore, models.CheckFailed, "store_ID 41; the store is 40"},
		{"no store at all", p.buyer("5", "five@mail.example"), map[string]any{"store_id": "ruosh"}, "ORDER_PLACED", "ORDER_PLACED not_sent store_wrong", models.StepStore, models.CheckFailed, "store_ID ruosh"},
		{"switched off", p.buyer("6", "six@mail.example"), map[string]any{}, "SHIPMENT_CREATED", "SHIPMENT_CREATED not_sent event_off", models.StepEvent, models.CheckFailed, "switched off"},
		{"no letter", p.buyer("7", "seven@mail.example"), map[string]any{}, "ORDER_SOMETHING", "ORDER_SOMETHING not_sent no_letter", models.StepEvent, models.CheckFailed, "No e-mail is written"},
		{"no address", p.buyer("8", ""), map[string]any{}, "ORDER_PLACED", "ORDER_PLACED not_sent no_address", models.StepAddress, models.CheckFailed, "no e-mail address"},
		{"no real address", p.buyer("9", "nine@mail.example\r\nBcc: x@mail.example"), map[string]any{}, "ORDER_PLACED", "ORDER_PLACED not_sent bad_address", models.StepAddress, models.CheckFailed, "cannot be written to"},
		{"sending failed", p.buyer("10", "ten@bounce.example"), map[string]any{}, "ORDER_PLACED", "ORDER_PLACED failed refused", models.StepAccepted, models.CheckFailed, "550 5.1.1 No such mailbox here"},
		{"no answer", p.buyer("11", "eleven@silence.example"), map[string]any{}, "ORDER_PLACED", "ORDER_PLACED unknown no_answer", models.StepAccepted, models.CheckDoubt, "did not say whether it takes it"},
		{"parked", p.buyer("12", "twelve@mail.example"), nil, "", "", models.StepWebhook, models.CheckFailed, "No webhook"},
		{"sent", p.buyer("13", "thirteen@mail.example"), map[string]any{}, "ORDER_PLACED", "ORDER_PLACED sent", "", models.CheckPassed, "accepted"},
	}
	for _, tt := range cases {
		if tt.webhook != nil {
			order := p.text(`SELECT coalesce(partner_order_id, '') FROM orders WHERE id = $1`, tt.order)
			p.send(told("e-"+tt.name, tt.event, order, tt.webhook))
		}
	}
	p.mail()
	verdicts := map[string]string{}
	for _, tt := range cases {
		if got := p.emails(tt.order); got != tt.row {
			t.Errorf("%s: decided %q, want %q", tt.name, got, tt.row)
		}
		c := p.chain(tt.order)
		if tt.name == "no letter" {
			continue // stands in the log, and no customer waits for it
		}
		step, result := broken(c)
		if step != tt.step || result != tt.result || !strings.Contains(c.Verdict.String(), tt.said) || c.Known != (tt.result != models.CheckDoubt) {
			t.Errorf("%s: %s %s, %q (known %v), want %s %s with %q", tt.name, step, result, c.Verdict.String(), c.Known, tt.step, tt.result, tt.said)
		}
		if len(c.Checks) != 8 {
			t.Errorf("%s: %d checks", tt.name, len(c.Checks))
		}
		verdicts[c.Verdict.String()] = tt.name
	}
	if len(verdicts) != len(cases)-2 { // two have no webhook, one has no chain of its own
		t.Errorf("%d verdicts for %d orders: %v", len(verdicts), len(cases), verdicts)
	}
	for _, silent := range []string{"three@mail.example", "four@mail.example", "none@mail.example", "six@mail.example", "x@mail.example"} {
		if n := len(p.sink.To(silent)); n != 0 {
			t.Errorf("%s got %d e-mails", silent, n)
		}
	}
	p.sound()
}

func TestUnknownCausesAreNotGivenAName(t *testing.T) {
	p := openPostOffice(t, nil)
	order := p.buyer("1", "meera@mail.example")
	p.exec(`INSERT INTO order_events (order_id, store_id, event) VALUES ($1, 40, 'ORDER_PLACED')`, order)
	c := p.chain(order)
	if step, result := broken(c); step != models.StepWebhook || result != models.CheckDoubt || c.Known {
		t.Errorf("an event without its webhook: %s %s, known %v", step, result, c.Known)
	}
	p.exec(`INSERT INTO webhooks (source, store_id, claimed_store_id, event, body_sha256, body, verdict, state, partner_order_id, order_id)
		VALUES ('gofynd', 40, '40', 'ORDER_PLACED', '\x00', '{}', 'verified', 'processed', 'FY1', $1)`, order)
	if c = p.chain(order); c.Known || !strings.Contains(c.Verdict.String(), "not known") {
		t.Errorf("a webhook without a decision: %q, known %v", c.Verdict.String(), c.Known)
	}
}

func TestRepeatedWebhooksMailOnce(t *testing.T) {
	p := openPostOffice(t, nil)
	order := p.buyer("1", "meera@mail.example")
	placed := told("e1", "ORDER_PLACED", "FY1", nil)
	p.send(placed, placed, placed)
	p.send(told("e2", "ORDER_PLACED", "FY1", map[string]any{"note": "the same under another id"}))
	for i, id := range []string{"e3", "e4"} {
		p.send(told(id, "REFUND_DONE", "FY1", map[string]any{"amount": "10.00", "refund_id": "R1", "n": i}))
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(p.mail)
	}
	wait.Wait()
	if n := len(p.sink.Messages()); n != 2 {
		t.Errorf("%d e-mails arrived, want 2", n)
	}
	want := "ORDER_PLACED sent\nORDER_PLACED not_sent told_already\nREFUND_DONE sent\nREFUND_DONE not_sent told_already"
	if got := p.emails(order); got != want {
		t.Errorf("decisions:\n%s\nwant\n%s", got, want)
	}
	p.exec(`UPDATE webhooks SET state = 'received', next_at = now() WHERE state = 'processed'`) // acted upon once more
	p.work()
	if got := p.emails(order); got != want {
		t.Errorf("acted upon again:\n%s", got)
	}
}

func TestCorrectedWebhookMailsAfterStoreZero(t *testing.T) {
	p := openPostOffice(t, nil)
	order := p.buyer("1", "meera@mail.example")
	refund := func(id string, store int) { // the same request, as Fynd sends it again
		p.send(told(id, "REFUND_DONE", "FY1", map[string]any{"amount": "10.00", "refund_id": "R1", "store_id": store}))
	}
	refund("e1", 0)
	p.mail()
	if n := len(p.sink.Messages()); n != 0 {
		t.Fatalf("store_ID 0 sent %d e-mails", n)
	}
	refund("e2", 40)
	p.mail()
	if got := p.emails(order); got != "REFUND_DONE not_sent store_zero\nREFUND_DONE sent" || len(p.sink.Messages()) != 1 {
		t.Errorf("decisions %q, %d e-mails", got, len(p.sink.Messages()))
	}
	if c := p.chain(order); !c.Sent {
		t.Errorf("the chain still says %q", c.Verdict.String())
	}
}

func TestSilenceAfterTheMessageIsUnknownAndNeverTwo(t *testing.T) {
	p := openPostOffice(t, func(string, int) sink.Behaviour { return sink.Hangup })
	order := p.buyer("1", "meera@mail.example")
	p.send(told("e1", "ORDER_PLACED", "FY1", nil))
	for range 5 {
		p.mail()
	}
	if n := len(p.sink.Messages()); n != 1 || p.emails(order) != "ORDER_PLACED unknown no_answer" {
		t.Errorf("%d e-mails arrived, decided %q", n, p.emails(order))
	}
	if _, err := p.db.Pool().Exec(p.ctx, `UPDATE emails SET state = 'queued', next_at = now()`); err == nil {
		t.Error("the database lets an e-mail of unknown outcome be sent again")
	}
}

func TestRefusedForNowArrivesOnce(t *testing.T) {
	p := openPostOffice(t, func(_ string, n int) sink.Behaviour {
		if n <= 2 {
			return sink.RefuseLater
		}
		return sink.Accept
	})
	order := p.buyer("1", "meera@mail.example")
	p.send(told("e1", "ORDER_PLACED", "FY1", nil))
	p.mail()
	if step, result := broken(p.chain(order)); step != models.StepHanded || result != models.CheckWaits {
		t.Errorf("refused for now: %s %s", step, result)
	}
	first := p.text(`SELECT encode(raw, 'hex') FROM emails`)
	p.mail()
	p.mail()
	if n := len(p.sink.Messages()); n != 1 || p.emails(order) != "ORDER_PLACED sent" || p.text(`SELECT tries::text FROM emails`) != "3" {
		t.Errorf("%d e-mails arrived, decided %q", n, p.emails(order))
	}
	if p.text(`SELECT encode(raw, 'hex') FROM emails`) != first {
		t.Error("another try hands over other bytes")
	}
}

func TestNobodyListens(t *testing.T) {
	p := openPostOffice(t, nil)
	order := p.buyer("1", "meera@mail.example")
	p.send(told("e1", "ORDER_PLACED", "FY1", nil))
	_ = p.sink.Close()
	p.mail()
	c := p.chain(order)
	if step, result := broken(c); step != models.StepHanded || result != models.CheckWaits || !strings.Contains(c.Verdict.String(), "refused") {
		t.Errorf("%s %s, %q", step, result, c.Verdict.String())
	}
	p.exec(`UPDATE emails SET tries = 49`)
	p.mail()
	if got := p.emails(order); got != "ORDER_PLACED failed given_up" {
		t.Errorf("after 50 tries it is %q", got)
	}
}

func TestWorkerThatDied(t *testing.T) {
	p := openPostOffice(t, nil)
	early, late := p.buyer("1", "early@mail.example"), p.buyer("2", "late@mail.example")
	p.send(told("e1", "ORDER_PLACED", "FY1", nil), told("e2", "ORDER_PLACED", "FY2", nil))
	p.mail()
	// As if both attempts had died: one before the server got the message, one while it did.
	p.exec(`ALTER TABLE emails DISABLE TRIGGER emails_guard`)
	p.exec(`UPDATE emails SET state = 'sending', next_at = now() - interval '1 s', done_at = NULL, handing_at = CASE WHEN order_id = $1 THEN NULL ELSE now() END`, early)
	p.exec(`ALTER TABLE emails ENABLE TRIGGER emails_guard`)
	p.mail()
	if len(p.sink.To("early@mail.example")) != 2 || len(p.sink.To("late@mail.example")) != 1 {
		t.Errorf("early %d, late %d", len(p.sink.To("early@mail.example")), len(p.sink.To("late@mail.example")))
	}
	if p.emails(early) != "ORDER_PLACED sent" || p.emails(late) != "ORDER_PLACED unknown no_answer" {
		t.Errorf("early %q, late %q", p.emails(early), p.emails(late))
	}
}

func TestWithoutAMailServerNothingIsLost(t *testing.T) {
	p := openPostOffice(t, nil)
	bare := openMailroom(t)
	order, _ := bare.order("1", "success", 10000)
	bare.exec(`UPDATE orders SET customer_email = 'meera@mail.example'`)
	bare.send(told("e1", "ORDER_PLACED", "FY1", nil))
	if _, err := bare.db.SendDueEmails(bare.ctx); err != nil {
		t.Fatal(err)
	}
	page, err := bare.db.OrderPage(bare.ctx, order)
	if err != nil {
		t.Fatal(err)
	}
	if c := page.MailChain(); !c.Known || c.Verdict.String() != "No e-mail. No mail server is configured." {
		t.Errorf("chain %q", c.Verdict.String())
	}
	// The same in a kartify that has one since: it can be sent by hand.
	sent := p.buyer("1", "meera@mail.example")
	p.exec(`INSERT INTO emails (store_id, order_id, partner_order_id, kind, webhook_id, event, occurrence, state, cause, why, recipient)
		VALUES (40, $1, 'FY1', 'event', 1, 'ORDER_PLACED', 'ORDER_PLACED', 'not_sent', 'no_server', 'No mail server is configured.', 'meera@mail.example')`, sent)
	var id int64
	p.scan(&id, `SELECT id FROM emails`)
	p.resend(id, "customer", "")
	p.mail()
	if n := len(p.sink.To("meera@mail.example")); n != 1 {
		t.Errorf("%d e-mails arrived", n)
	}
	if c := p.chain(sent); !strings.Contains(p.emails(sent), "sent") || len(c.Checks) != 8 {
		t.Errorf("e-mails %q", p.emails(sent))
	}
}

// resend asks for an e-mail again as Asha would; want is the sentence it is refused with.
func (p *postOffice) resend(id int64, to, want string) *models.Email {
	p.Helper()
	user, actor := p.user, p.actor
	if user == nil {
		user, actor = p.clerk()
		p.user, p.actor = user, actor
	}
	e, err := p.db.ResendEmail(p.ctx, models.ResendRequest{EmailID: id, Audience: to, Token: p.db.FormToken(user.ID, "email", id), By: user, Actor: actor})
	var problem *models.Problem
	switch {
	case want == "" && err != nil:
		p.Fatalf("resend: %v", err)
	case want != "" && (!errors.As(err, &problem) || !strings.Contains(problem.Sentence, want)):
		p.Errorf("resend: %v, want %q", err, want)
	}
	return e
}

func TestResend(t *testing.T) {
	p := openPostOffice(t, sink.Behave)
	sent, zero := p.buyer("1", "meera@mail.example"), p.buyer("2", "zero@mail.example")
	p.send(told("e1", "ORDER_PLACED", "FY1", nil), told("e2", "ORDER_PLACED", "FY2", map[string]any{"store_id": 0}))
	p.mail()
	id := func(order int64) (id int64) {
		p.scan(&id, `SELECT min(id) FROM emails WHERE order_id = $1`, order)
		return id
	}
	p.resend(id(sent), "self", "")
	p.mail()
	if len(p.sink.To("asha@ruosh.example")) != 1 || len(p.sink.To("meera@mail.example")) != 1 {
		t.Errorf("a copy to oneself: %d to oneself, %d to the customer", len(p.sink.To("asha@ruosh.example")), len(p.sink.To("meera@mail.example")))
	}
	if c := p.chain(sent); !strings.Contains(c.Verdict.String(), "meera@mail.example") {
		t.Errorf("a copy takes the place of the customer's e-mail: %q", c.Verdict.String())
	}
	p.resend(id(sent), "customer", "")
	p.mail()
	if got := p.sink.To("meera@mail.example"); len(got) != 2 || bytes.Equal(got[0].Raw, got[1].Raw) {
		t.Errorf("%d e-mails to the customer", len(got))
	}
	p.resend(id(zero), "customer", "store_ID 0")
	p.resend(id(zero), "self", "")
	p.resend(id(sent), "everybody", "Choose who")
	p.mail()
	if n := len(p.sink.To("zero@mail.example")); n != 0 {
		t.Errorf("store_ID 0 reached the customer %d times", n)
	}
	if got := p.text(`SELECT action||' '||(details->>'to') FROM audit_log WHERE action = 'email.resent' ORDER BY seq`); got != "email.resent self\nemail.resent customer\nemail.resent self" {
		t.Errorf("audit %q", got)
	}

	token := p.db.FormToken(p.user.ID, "email", id(sent))
	var ids []int64
	for range 3 {
		e, err := p.db.ResendEmail(p.ctx, models.ResendRequest{EmailID: id(sent), Audience: "self", Token: token, By: p.user, Actor: p.actor})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, e.ID)
	}
	if ids[0] != ids[1] || ids[1] != ids[2] {
		t.Errorf("one form made the e-mails %v", ids)
	}
	elsewhere := models.WithScope(t.Context(), models.Scope{Stores: []int64{41}})
	if _, err := p.db.ResendEmail(elsewhere, models.ResendRequest{EmailID: id(sent), Audience: "self", Token: token, By: p.user, Actor: p.actor}); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("from another store: %v", err)
	}
	if _, err := p.db.EmailPage(elsewhere, id(sent)); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("read from another store: %v", err)
	}
}

func TestEmailRulesDecide(t *testing.T) {
	p := openPostOffice(t, nil)
	order := p.buyer("1", "meera@mail.example")
	_, actor := p.clerk()
	if err := p.db.SaveEmailRules(p.ctx, 40, []string{"SHIPMENT_CREATED"}, actor); err != nil {
		t.Fatal(err)
	}
	p.send(told("e1", "ORDER_PLACED", "FY1", nil), told("e2", "SHIPMENT_CREATED", "FY1", map[string]any{"shipment_id": "S1"}))
	p.mail()
	if got := p.emails(order); got != "ORDER_PLACED not_sent event_off\nSHIPMENT_CREATED sent" {
		t.Errorf("decisions %q", got)
	}
	if err := p.db.SaveEmailRules(p.ctx, 40, []string{"NOTHING"}, actor); err == nil {
		t.Error("an event nobody writes about is saved")
	}
	if err := p.db.SaveEmailRules(models.WithScope(p.ctx, models.Scope{Stores: []int64{41}}), 40, nil, actor); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("the rules of another store: %v", err)
	}
	if n := p.text(`SELECT count(*)::text FROM audit_log WHERE action = 'email_rules.changed'`); n != "1" {
		t.Errorf("%s audit rows", n)
	}
}

func TestShippedIsToldOncePerParcel(t *testing.T) {
	p := openPostOffice(t, nil)
	order := p.buyer("1", "meera@mail.example")
	shipment := func(id, bag, status string) parcel {
		return fyndParcel(id, map[string]any{
			"company_id": 1, "event": map[string]any{"id": id, "name": "shipment", "type": "update", "created_timestamp": time.Now().UnixMilli()},
			"payload": map[string]any{"shipment": map[string]any{"fynd_order_id": "FY1", "shipment_id": bag, "shipment_status": map[string]any{"status": status}}},
		}, fyndSecret)
	}
	p.send(shipment("e1", "S1", "bag_packed"), shipment("e2", "S1", "bag_picked"), shipment("e3", "S1", "in_transit"), shipment("e4", "S2", "bag_picked"))
	p.mail()
	want := "SHIPMENT_UPDATED not_sent no_letter\nSHIPMENT_SHIPPED sent\nSHIPMENT_SHIPPED not_sent told_already\nSHIPMENT_SHIPPED sent"
	if got := p.emails(order); got != want {
		t.Errorf("decisions\n%s\nwant\n%s", got, want)
	}
}
