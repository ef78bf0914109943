package models

import "github.com/kartify/kartify/lang"

// checkLabels are the checks as people read them, in their order.
var checkLabels = []struct {
	step  CheckStep
	label lang.Text
}{
	{StepPartner, lang.Textf("Partner order ID is there")},
	{StepWebhook, lang.Textf("Webhook was received")},
	{StepStore, lang.Textf("store_ID is the store's")},
	{StepEvent, lang.Textf("Event mails the customer")},
	{StepAddress, lang.Textf("Address is there")},
	{StepWritten, lang.Textf("E-mail was written")},
	{StepHanded, lang.Textf("Handed to the mail server")},
	{StepAccepted, lang.Textf("Accepted by the mail server")},
}

// chain is a MailChain while it is put together.
type chain struct{ MailChain }

func newChain(e *Email) chain { return chain{MailChain{Email: e, Known: true}} }

func (c *chain) end(step CheckStep, result CheckResult, said, remedy lang.Text) {
	var label lang.Text
	for _, known := range checkLabels {
		if known.step == step {
			label = known.label
		}
	}
	c.Checks = append(c.Checks, MailCheck{step, label, result, said, remedy})
	switch result {
	case CheckFailed:
		c.Verdict = lang.Textf("No e-mail. %s", said)
	case CheckWaits:
		c.Verdict = lang.Textf("Not yet. %s", said)
	case CheckDoubt:
		c.Verdict, c.Known = lang.Textf("Not known. %s", said), false
	}
}

func (c *chain) pass(step CheckStep, said lang.Text) { c.end(step, CheckPassed, said, lang.Text{}) }

func (c *chain) fail(step CheckStep, said, remedy lang.Text) { c.end(step, CheckFailed, said, remedy) }

// done adds the checks that were not reached.
func (c *chain) done() MailChain {
	for _, known := range checkLabels[len(c.Checks):] {
		c.end(known.step, CheckSkipped, lang.Text{}, lang.Text{})
	}
	return c.MailChain
}

func (c *chain) noPartner() {
	c.fail(StepPartner, noPartnerOrder, lang.Textf("Have the order created at Fynd; its next webhook brings the partner order ID."))
}

// webhook says why a webhook has led to no decision yet, or true when it was acted upon.
func (c *chain) webhook(w *MailWebhook, store *Store) bool {
	switch w.State {
	case WebhookReceived:
		c.end(StepWebhook, CheckWaits, lang.Textf("%s It is about to be acted upon.", webhookSaid(w, store)), lang.Text{})
	case WebhookParked:
		c.end(StepWebhook, CheckWaits, lang.Textf("%s It waits: %s", webhookSaid(w, store), lang.Textf(w.Effect)), lang.Textf("It is tried again by itself; the Data Log can try it at once."))
	case WebhookFailed, WebhookRefused:
		c.fail(StepWebhook, lang.Textf("%s It was not acted upon: %s", webhookSaid(w, store), lang.Textf(w.Effect)), lang.Textf("Mend what it names, and act on the webhook again in the Data Log."))
	default:
		return true
	}
	return false
}

func (c *chain) store(cause EmailCause, why lang.Text) {
	remedy := lang.Textf("Ask Fynd to send the webhook again with the store's own store_ID.")
	if cause == StoreZero {
		remedy = lang.Textf("store_ID 0 means that Fynd does not know the store: link the store at Fynd, and have the webhook sent again.")
	}
	c.fail(StepStore, why, remedy)
}

func (c *chain) event(cause EmailCause, why lang.Text) {
	var remedy lang.Text
	if cause == EventOff {
		remedy = lang.Textf("Switch it on under Systems > E-mails.")
	}
	c.fail(StepEvent, why, remedy)
}

func (c *chain) address(why lang.Text) {
	c.fail(StepAddress, why, lang.Textf("Ask the customer for their address; Fynd's next state of the order brings it."))
}

// transport follows a message from here to the mail server.
func (c *chain) transport(e *Email) {
	if e.Cause == NotWritten {
		c.fail(StepWritten, e.Reason(), lang.Textf("Tell whoever runs kartify; the log of the server says more."))
		return
	}
	switch {
	case e.Raw != nil || e.WrittenAt != nil:
		c.pass(StepWritten, lang.Textf("“%s”", e.Subject))
	case e.Cause == NoMailServer:
		c.end(StepWritten, CheckSkipped, lang.Text{}, lang.Text{})
	default:
		c.end(StepWritten, CheckWaits, lang.Textf("It is about to be written."), lang.Text{})
		return
	}
	again := lang.Textf("Send it again by hand once that is mended.")
	switch {
	case e.State == EmailSent:
		c.pass(StepHanded, lang.Textf("To %s.", e.Server))
		c.pass(StepAccepted, lang.Textf("“%s”", e.Answer))
		c.Sent = true
		c.Verdict = lang.Textf("The mail server accepted the e-mail for %s. Whether it reached the inbox is not known here.", e.Recipient)
		if e.Audience == "self" {
			c.Verdict = lang.Textf("This copy went to %s, not to the customer.", e.Requester)
		}
	case e.Cause == NoMailServer:
		c.fail(StepHanded, lang.Textf("No mail server is configured."), lang.Textf("Set KARTIFY_SMTP_URL and KARTIFY_MAIL_FROM; then send it by hand."))
	case e.Cause == GivenUp:
		c.fail(StepHanded, e.Reason(), again)
	case e.Cause == Refused:
		c.pass(StepHanded, lang.Textf("To %s.", e.Server))
		c.fail(StepAccepted, e.Reason(), again)
	case e.State == EmailUnknown:
		c.pass(StepHanded, lang.Textf("To %s.", e.Server))
		c.end(StepAccepted, CheckDoubt, e.Reason(), lang.Textf("It may have arrived, so it is not sent again by itself. Ask the customer, or look into the mail server's log, before sending it by hand."))
	case e.Tries > 0 && e.Why != "":
		c.end(StepHanded, CheckWaits, lang.Textf("Tried %d times. %s", e.Tries, e.Reason()), lang.Textf("It is tried again by itself."))
	default:
		c.end(StepHanded, CheckWaits, lang.Textf("It is on its way to the mail server."), lang.Text{})
	}
}
