package models_test

import (
	"testing"

	"github.com/kartify/kartify/mail"
	"github.com/kartify/kartify/mail/sink"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
	letters "github.com/kartify/kartify/views/mail"
)

// postOffice is a mailroom whose e-mails go to a sink that behaves as each test likes.
type postOffice struct {
	*mailroom
	sink  *sink.Sink
	user  *models.User // who asks for e-mails again
	actor models.Actor
}

func openPostOffice(t *testing.T, behave func(to string, n int) sink.Behaviour) *postOffice {
	t.Helper()
	s, err := sink.Start("127.0.0.1:0", "", behave)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	server, err := mail.Parse(s.URL(), "orders@ruosh.example")
	if err != nil {
		t.Fatal(err)
	}
	return &postOffice{sink: s, mailroom: openMailroom(t, func(o *models.Options) { o.Mail, o.Letters = server, letters.Write })}
}

// buyer puts in an order FY… of a customer with this address.
func (p *postOffice) buyer(ref, address string) int64 {
	p.Helper()
	order, _ := p.order(ref, "success", 10000)
	p.exec(`UPDATE orders SET customer_email = $2 WHERE id = $1`, order, address)
	return order
}

// mail offers everything that is due to the mail server, as if its time had come.
func (p *postOffice) mail() {
	p.Helper()
	p.exec(`UPDATE emails SET next_at = now() WHERE state = 'queued'`)
	if _, err := p.db.SendDueEmails(p.ctx); err != nil {
		p.Fatal(err)
	}
}

// chain is why the customer of an order got no e-mail.
func (p *postOffice) chain(order int64) models.MailChain {
	p.Helper()
	page, err := p.db.OrderPage(p.ctx, order)
	if err != nil {
		p.Fatal(err)
	}
	return page.MailChain()
}

// broken is the check at which a chain ends, and how.
func broken(c models.MailChain) (models.CheckStep, models.CheckResult) {
	for _, check := range c.Checks {
		if check.Result != models.CheckPassed {
			return check.Step, check.Result
		}
	}
	return "", models.CheckPassed
}

// emails are state and cause of an order's e-mails, a line each.
func (p *postOffice) emails(order int64) string {
	p.Helper()
	return p.text(`SELECT trim(concat_ws(' ', event, state, cause)) FROM emails WHERE order_id = $1 ORDER BY id`, order)
}

// clerk is somebody of the staff.
func (p *postOffice) clerk() (*models.User, models.Actor) {
	p.Helper()
	user := modelstest.Person(p.T, p.db, "Asha", models.Support, 40)
	return user, models.Actor{Kind: "user", UserID: &user.ID, Name: user.Name}
}
