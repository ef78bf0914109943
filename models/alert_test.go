package models_test

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"strings"
	"testing"

	"github.com/kartify/kartify/mail"
	"github.com/kartify/kartify/mail/sink"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// post is a mail server, and a mailroom that sends through it.
func openPost(t *testing.T) (*mailroom, *sink.Sink) {
	t.Helper()
	post, err := sink.Start("127.0.0.1:0", "", func(string, int) sink.Behaviour { return sink.Accept })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = post.Close() })
	server, err := mail.Parse(post.URL(), "kartify@ruosh.example")
	if err != nil {
		t.Fatal(err)
	}
	return openMailroom(t, func(o *models.Options) { o.Mail, o.Public = server, "https://pay.ruosh.example/" }), post
}

func (m *mailroom) alert(want int) {
	m.Helper()
	n, err := m.db.SendLimboAlerts(m.ctx)
	if err != nil || n != want {
		m.Errorf("%d alerts were sent (%v), want %d", n, err, want)
	}
}

func TestWhatIsNewInLimboIsMailedOnce(t *testing.T) {
	m, post := openPost(t)
	m.missing("pay_1", "")
	m.alert(0) // nobody asked for it
	modelstest.Person(t, m.db, "Farah", models.Finance, 40)
	modelstest.Person(t, m.db, "Nils", models.Finance, 41)
	modelstest.Person(t, m.db, "Vera", models.Viewer, 40)
	alert := models.LimboAlert{StoreID: 40, Mails: true, EveryMinutes: 30}
	if err := m.db.SaveLimboAlert(m.ctx, alert, models.SystemActor); err != nil {
		t.Fatal(err)
	}
	m.alert(1)
	messages := post.To("farah@ruosh.example")
	if len(messages) != 1 || len(post.Messages()) != 1 {
		t.Fatalf("%d messages, %d of them to finance", len(post.Messages()), len(messages))
	}
	raw := string(messages[0].Raw)
	for _, want := range []string{"Subject: Store 40: 1 new in limbo", "1 missing order, 100.00 INR at risk", "Orders: " + m.text(`SELECT id::text FROM orders`), "\r\nhttps://pay.ruosh.example/sales/limbo?store=3D40\r\n"} {
		if !strings.Contains(raw, want) {
			t.Errorf("the message lacks %q:\n%s", want, raw)
		}
	}
	if strings.Contains(raw, "Meera") {
		t.Error("the message names the customer")
	}
	again := func(want int) {
		t.Helper()
		m.exec(`UPDATE limbo_alerts SET sent_at = now() - interval '31 minutes'`)
		m.alert(want)
	}
	again(0) // nothing new
	m.missing("pay_2", "")
	m.alert(1) // nothing was sent for half an hour
	m.missing("pay_3", "")
	m.alert(0) // too soon
	again(1)
	m.exec(`UPDATE orders SET status = 'processed' WHERE partner_order_id = 'FYpay_1'`)
	again(0)
	m.exec(`UPDATE orders SET status = 'missing', status_reason = 'debited' WHERE partner_order_id = 'FYpay_1'`)
	again(1) // it has come back
	alert.Mails = false
	if err := m.db.SaveLimboAlert(m.ctx, alert, models.SystemActor); err != nil {
		t.Fatal(err)
	}
	m.missing("pay_4", "")
	again(0)
}

func TestAnAlertNobodyHeardIsSentAgain(t *testing.T) {
	m, post := openPost(t)
	m.missing("pay_1", "")
	if err := m.db.SaveLimboAlert(m.ctx, models.LimboAlert{StoreID: 40, Mails: true, EveryMinutes: 5, Address: "ops@ruosh.example, cfo@ruosh.example"}, models.SystemActor); err != nil {
		t.Fatal(err)
	}
	_ = post.Close()
	m.alert(0)
	if got := m.text(`SELECT problem FROM limbo_alerts`); got == "" {
		t.Error("nobody is told that the mail server is down")
	}
	if got := m.text(`SELECT count(*)::text FROM limbo_told`); got != "0" {
		t.Errorf("%s rows count as told", got)
	}
	for _, wrong := range []models.LimboAlert{{StoreID: 40, EveryMinutes: 1}, {StoreID: 40, EveryMinutes: 60, Address: "nonsense"}} {
		if err := m.db.SaveLimboAlert(m.ctx, wrong, models.SystemActor); err == nil {
			t.Errorf("saved %+v", wrong)
		}
	}
}

// An alert that has nobody to go to is new again once somebody is there; an order that is in limbo twice in one way is
// named once.
func TestAnAlertWaitsForSomebodyToTell(t *testing.T) {
	m, post := openPost(t)
	order, _ := m.order("pay_1", "success", 10000)
	for _, request := range []string{"r1", "r2"} {
		m.exec(`INSERT INTO order_events (order_id, store_id, event, request_id, amount_minor, waiting, received_at) VALUES ($1, 40, 'REFUND_INITIATED', $2, 4000, true, now() - interval '25 hours')`, order, request)
	}
	if err := m.db.SaveLimboAlert(m.ctx, models.LimboAlert{StoreID: 40, Mails: true, EveryMinutes: 5}, models.SystemActor); err != nil {
		t.Fatal(err)
	}
	m.exec(`UPDATE users SET disabled_at = now()`)
	m.alert(0)
	if got := m.text(`SELECT problem || (SELECT count(*) FROM limbo_told) FROM limbo_alerts`); got != "Nobody is there to be told.0" {
		t.Errorf("with nobody there: %s", got)
	}
	modelstest.Person(t, m.db, "Ravi", models.Owner)
	m.exec(`UPDATE limbo_alerts SET sent_at = now() - interval '6 minutes'`)
	m.alert(1)
	letter := string(post.Messages()[0].Raw)
	for _, want := range []string{"2 refunds asked for over a day ago, 80.00 INR at risk", fmt.Sprintf("Orders: %d\r\n", order)} {
		if !strings.Contains(letter, want) {
			t.Errorf("the letter lacks %q:\n%s", want, letter)
		}
	}
}

// textOf is the first part of a message, as its reader has it.
func textOf(t *testing.T, m sink.Message) string {
	t.Helper()
	letter, err := netmail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(letter.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	part, err := multipart.NewReader(letter.Body, params["boundary"]).NextPart()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(part)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(letter.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	return subject + "\n" + strings.ReplaceAll(string(text), "\r\n", "\n")
}

// An alert is in the language that its reader chose, whether it goes to them for their role or to their address, and
// links to the board under the address that people reach kartify at.
func TestAnAlertIsInItsReadersLanguage(t *testing.T) {
	m, post := openPost(t)
	astrid := modelstest.Person(t, m.db, "Astrid", models.Finance, 40)
	modelstest.Person(t, m.db, "Farah", models.Finance, 40)
	if err := m.db.SetLanguage(m.ctx, astrid.ID, "sv"); err != nil {
		t.Fatal(err)
	}
	for i, address := range []string{"", "Astrid <Astrid@ruosh.example>, farah@ruosh.example"} {
		m.missing(fmt.Sprintf("pay_%d", i), "")
		if err := m.db.SaveLimboAlert(m.ctx, models.LimboAlert{StoreID: 40, Mails: true, EveryMinutes: 30, Address: address}, models.SystemActor); err != nil {
			t.Fatal(err)
		}
		m.exec(`UPDATE limbo_alerts SET sent_at = now() - interval '31 minutes'`)
		m.alert(2)
		order := m.text(`SELECT max(id)::text FROM orders`)
		const link = "https://pay.ruosh.example/sales/limbo?store=40"
		swedish, english := map[string]string{}, map[string]string{}
		for _, message := range post.Messages()[2*i:] {
			to := english
			if strings.EqualFold(message.To[0], "astrid@ruosh.example") {
				to = swedish
			}
			to["text"] = textOf(t, message)
		}
		if want := "Store 40: 1 new in limbo\nNew in limbo at Store 40. Look at Sales > Limbo of kartify.\n\n- 1 missing order, 100.00 INR at risk\n  Orders: " + order + "\n\n" + link + "\n"; english["text"] != want {
			t.Errorf("to %q in English:\n%s\nwant\n%s", address, english["text"], want)
		}
		for _, want := range []string{"1 saknad order, 100,00 INR", order, link} {
			if !strings.Contains(swedish["text"], want) {
				t.Errorf("to %q in Swedish it lacks %q:\n%s", address, want, swedish["text"])
			}
		}
		if strings.Contains(swedish["text"], "missing") || strings.Contains(swedish["text"], "New in limbo") {
			t.Errorf("to %q in Swedish it is English:\n%s", address, swedish["text"])
		}
	}
}
