package models

import (
	"context"
	"time"

	"github.com/kartify/kartify/lang"
)

// CheckResult is what one check of a MailChain came to.
type CheckResult string

// The results. Doubt is for what nobody here knows, which is something else than a known cause.
const (
	CheckPassed  CheckResult = "passed"
	CheckFailed  CheckResult = "failed"
	CheckWaits   CheckResult = "waits"
	CheckDoubt   CheckResult = "unknown"
	CheckSkipped CheckResult = "not reached"
)

// CheckStep is one thing that must hold for a customer to get an e-mail.
type CheckStep string

// The steps, in their order.
const (
	StepPartner  CheckStep = "partner_order"
	StepWebhook  CheckStep = "webhook"
	StepStore    CheckStep = "store_id"
	StepEvent    CheckStep = "event"
	StepAddress  CheckStep = "address"
	StepWritten  CheckStep = "written"
	StepHanded   CheckStep = "handed_over"
	StepAccepted CheckStep = "accepted"
)

// MailCheck is one link of a MailChain.
type MailCheck struct {
	Step   CheckStep
	Label  lang.Text
	Result CheckResult
	Said   lang.Text // what was found
	Remedy lang.Text // what can be done about it; "" when nothing needs to be
}

// MailChain answers "why did the customer get no e-mail?": every check with what it came to. After the first
// one that does not pass, nothing more was reached.
type MailChain struct {
	Email   *Email // the decision it explains; nil when there is none
	Checks  []MailCheck
	Verdict lang.Text // in one sentence
	Known   bool      // whether the cause is known
	Sent    bool      // the mail server accepted it
}

// MailWebhook is a webhook of Fynd that named the order.
type MailWebhook struct {
	ID             int64
	Event          string
	ClaimedStoreID string
	State          WebhookState
	Effect         string
	DuplicateOf    *int64
	ReceivedAt     time.Time
}

// OrderMail is all that is known about the e-mails of an order.
type OrderMail struct {
	Emails   []Email       // oldest first, without what they say
	Webhooks []MailWebhook // in the order they arrived
	Rules    []MailEvent
}

// Chain explains the e-mail that matters most: the last one that should have been sent and was not, or else the
// last one that was. Without any decision it explains why there is none.
func (m *OrderMail) Chain(order *Order, store *Store, eventsKnown int) MailChain {
	w := m.lastWebhook()
	stuck := w != nil && w.State != WebhookProcessed && m.emailOf(w) == nil // something new was said, and nothing decided yet
	if shown := m.foremost(); shown != nil && !stuck {
		return m.Explain(shown, order, store)
	}
	c := newChain(nil)
	switch {
	case !store.Fynd && order.PartnerID() == "":
		c.fail(StepPartner, lang.Textf("%s is not integrated with FYND, so this order has no partner order ID.", store.Name), lang.Textf("Nothing is amiss: GoFynd e-mails belong to orders of Fynd."))
	case order.PartnerID() == "":
		c.noPartner()
	case w == nil && eventsKnown > 0:
		c.pass(StepPartner, verbatim(order.PartnerID()))
		c.end(StepWebhook, CheckDoubt, lang.Textf("Events of this order are recorded, but none of their webhooks is kept here."), lang.Textf("Why no e-mail was sent then is not known. Ask Fynd to send the event again."))
	case w == nil:
		c.pass(StepPartner, verbatim(order.PartnerID()))
		c.fail(StepWebhook, lang.Textf("No webhook of Fynd has named this order."), lang.Textf("Look for forged or unreadable webhooks in the Data Log (whoever sees all stores sees forged ones), compare the webhook address and secret with Fynd's settings, and ask Fynd to send it again."))
	default:
		c.pass(StepPartner, verbatim(order.PartnerID()))
		m.withoutDecision(&c, w, order, store)
	}
	return c.done()
}

// foremost is the e-mail that matters most, or nil.
func (m *OrderMail) foremost() *Email {
	var shown *Email
	for i := range m.Emails {
		e := &m.Emails[i]
		if e.Kind != "event" || e.Cause == NoLetter || e.Cause == ToldAlready || e.Problem() && m.madeGood(e) {
			continue
		}
		if shown == nil || e.Problem() || !shown.Problem() {
			shown = e
		}
	}
	return shown
}

// madeGood says whether a later e-mail has told the customer what this one did not.
func (m *OrderMail) madeGood(e *Email) bool {
	for i := range m.Emails {
		if later := &m.Emails[i]; later.ID > e.ID && later.Occurrence == e.Occurrence && later.Audience == "customer" && later.State == EmailSent {
			return true
		}
	}
	return false
}

func (m *OrderMail) emailOf(w *MailWebhook) *Email {
	for i := range m.Emails {
		if id := m.Emails[i].WebhookID; id != nil && *id == w.ID {
			return &m.Emails[i]
		}
	}
	return nil
}

// withoutDecision explains a webhook after which nothing was decided.
func (m *OrderMail) withoutDecision(c *chain, w *MailWebhook, order *Order, store *Store) {
	if !c.webhook(w, store) {
		return
	}
	c.pass(StepWebhook, webhookSaid(w, store))
	if cause, why := storeObjection(w.ClaimedStoreID, store.ID); cause != "" {
		c.store(cause, why)
		return
	}
	c.pass(StepStore, storeSaid(w.ClaimedStoreID, store))
	if cause, why := eventObjection(w.Event, m.Rules); cause != "" {
		c.event(cause, why)
		return
	}
	c.pass(StepEvent, lang.Textf("%s mails the customer.", w.Event))
	if cause, why := addressObjection(order.CustomerEmail); cause != "" {
		c.address(why)
		return
	}
	c.pass(StepAddress, verbatim(order.CustomerEmail))
	c.end(StepWritten, CheckDoubt, lang.Textf("Everything that is needed is there, and yet no e-mail was made; the cause is not known here."), lang.Textf("The webhook may be older than the e-mails. Ask Fynd to send the event again."))
}

// lastWebhook is the last webhook that said something new.
func (m *OrderMail) lastWebhook() *MailWebhook {
	var last *MailWebhook
	for i := range m.Webhooks {
		if w := &m.Webhooks[i]; w.DuplicateOf == nil {
			last = w
		}
	}
	return last
}

func (m *OrderMail) webhookOf(e *Email) *MailWebhook {
	for i := range m.Webhooks {
		if e.WebhookID != nil && m.Webhooks[i].ID == *e.WebhookID {
			return &m.Webhooks[i]
		}
	}
	return nil
}

// Explain follows one e-mail, or one decision not to send it, through every check.
func (m *OrderMail) Explain(e *Email, order *Order, store *Store) MailChain {
	c := newChain(e)
	if e.Kind == "resend" {
		m.byHand(&c, e)
	} else if !m.decided(&c, e, store) {
		return c.done()
	}
	c.transport(e)
	return c.done()
}

// byHand notes that somebody asked for the e-mail, so that what led to others does not matter.
func (m *OrderMail) byHand(c *chain, e *Email) {
	for _, step := range []CheckStep{StepPartner, StepWebhook, StepStore, StepEvent} {
		c.end(step, CheckSkipped, lang.Textf("Does not matter: %s sent it by hand.", e.Requester), lang.Text{})
	}
	c.pass(StepAddress, verbatim(e.Recipient))
}

// decided follows the checks that were made before there was a message.
func (m *OrderMail) decided(c *chain, e *Email, store *Store) bool {
	if e.Cause == NoPartnerOrder {
		c.noPartner()
		return false
	}
	c.pass(StepPartner, verbatim(e.PartnerOrderID))
	said := verbatim(e.Event)
	if w := m.webhookOf(e); w != nil {
		said = webhookSaid(w, store)
	} else if e.WebhookID != nil {
		said = lang.Textf("%s, webhook %d.", e.Event, *e.WebhookID)
	}
	c.pass(StepWebhook, said)
	if e.Cause == StoreZero || e.Cause == StoreWrong {
		c.store(e.Cause, e.Reason())
		return false
	}
	c.pass(StepStore, storeSaid(e.ClaimedStoreID, store))
	if e.Cause == EventOff || e.Cause == NoLetter || e.Cause == ToldAlready {
		c.event(e.Cause, e.Reason())
		return false
	}
	c.pass(StepEvent, lang.Textf("%s mails the customer.", e.Event))
	if e.Cause == NoAddress || e.Cause == BadAddress {
		c.address(e.Reason())
		return false
	}
	c.pass(StepAddress, verbatim(e.Recipient))
	return true
}

// verbatim is what somebody else wrote, which reads the same in every language.
func verbatim(text string) lang.Text { return lang.Textf("%s", text) }

func webhookSaid(w *MailWebhook, store *Store) lang.Text {
	at := w.ReceivedAt.In(store.Zone())
	return lang.Textf("%s, webhook %d, on %s at %s.", w.Event, w.ID, date(at), at.Format("15:04 MST"))
}

// date is a day among the values of a sentence: "22 Nov 2026".
type date time.Time

const dateLayout = "2 Jan 2006"

func (d date) String() string { return time.Time(d).Format(dateLayout) }

// In is the date with the month's name in the language.
func (d date) In(ctx context.Context) string { return lang.Format(ctx, time.Time(d), dateLayout) }

func storeSaid(claimed string, store *Store) lang.Text {
	if claimed == "" {
		return lang.Textf("The webhook names no store_ID; its signature is that of %s, store %d.", store.Name, store.ID)
	}
	return lang.Textf("store_ID %s is the store's own: %s is store %d.", claimed, store.Name, store.ID)
}
