package models

import "fmt"

// checkLabels are the checks as people read them, in their order.
var checkLabels = []struct {
	step  CheckStep
	label string
}{
	{StepPartner, "Partner order ID is there"},
	{StepWebhook, "Webhook was received"},
	{StepStore, "store_ID is the store's"},
	{StepEvent, "Event mails the customer"},
	{StepAddress, "Address is there"},
	{StepWritten, "E-mail was written"},
	{StepHanded, "Handed to the mail server"},
	{StepAccepted, "Accepted by the mail server"},
}

// chain is a MailChain while it is put together.
type chain struct{ MailChain }

func newChain(e *Email) chain { return chain{MailChain{Email: e, Known: true}} }

func (c *chain) end(step CheckStep, result CheckResult, said, remedy string) {
	label := ""
	for _, known := range checkLabels {
		if known.step == step {
			label = known.label
		}
	}
	c.Checks = append(c.Checks, MailCheck{step, label, result, said, remedy})
	switch result {
	case CheckFailed:
		c.Verdict = "No e-mail: " + said
	case CheckWaits:
		c.Verdict = "Not yet: " + said
	case CheckDoubt:
		c.Verdict, c.Known = "Not known: "+said, false
	}
}

func (c *chain) pass(step CheckStep, said string)         { c.end(step, CheckPassed, said, "") }
func (c *chain) fail(step CheckStep, said, remedy string) { c.end(step, CheckFailed, said, remedy) }

// done adds the checks that were not reached.
func (c *chain) done() MailChain {
	for _, known := range checkLabels[len(c.Checks):] {
		c.end(known.step, CheckSkipped, "", "")
	}
	return c.MailChain
}

func (c *chain) noPartner() {
	c.fail(StepPartner, "The order has no partner order ID: Fynd has not created it.", "Have the order created at Fynd; its next webhook brings the partner order ID.")
}

// webhook says why a webhook has led to no decision yet, or true when it was acted upon.
func (c *chain) webhook(w *MailWebhook, store *Store) bool {
	switch w.State {
	case WebhookReceived:
		c.end(StepWebhook, CheckWaits, webhookSaid(w, store)+" It is about to be acted upon.", "")
	case WebhookParked:
		c.end(StepWebhook, CheckWaits, webhookSaid(w, store)+" It waits: "+w.Effect, "It is tried again by itself; the Data Log can try it at once.")
	case WebhookFailed, WebhookRefused:
		c.fail(StepWebhook, webhookSaid(w, store)+" It was not acted upon: "+w.Effect, "Mend what it names, and act on the webhook again in the Data Log.")
	default:
		return true
	}
	return false
}

func (c *chain) store(cause EmailCause, why string) {
	remedy := "Ask Fynd to send the webhook again with the store's own store_ID."
	if cause == StoreZero {
		remedy = "store_ID 0 means that Fynd does not know the store: link the store at Fynd, and have the webhook sent again."
	}
	c.fail(StepStore, why, remedy)
}

func (c *chain) event(cause EmailCause, why string) {
	remedy := map[EmailCause]string{EventOff: "Switch it on under Systems > E-mails."}[cause]
	c.fail(StepEvent, why, remedy)
}

func (c *chain) address(why string) {
	c.fail(StepAddress, why, "Ask the customer for their address; Fynd's next state of the order brings it.")
}

// transport follows a message from here to the mail server.
func (c *chain) transport(e *Email) {
	if e.Cause == NotWritten {
		c.fail(StepWritten, e.Why, "Tell whoever runs kartify; the log of the server says more.")
		return
	}
	switch {
	case e.Raw != nil || e.WrittenAt != nil:
		c.pass(StepWritten, "“"+e.Subject+"”")
	case e.Cause == NoMailServer:
		c.end(StepWritten, CheckSkipped, "", "")
	default:
		c.end(StepWritten, CheckWaits, "It is about to be written.", "")
		return
	}
	again := "Send it again by hand once that is mended."
	switch {
	case e.State == EmailSent:
		c.pass(StepHanded, "To "+e.Server+".")
		c.pass(StepAccepted, "“"+e.Answer+"”")
		c.Sent = true
		c.Verdict = fmt.Sprintf("The mail server accepted the e-mail for %s. Whether it reached the inbox is not known here.", e.Recipient)
		if e.Audience == "self" {
			c.Verdict = "This copy went to " + e.Requester + ", not to the customer."
		}
	case e.Cause == NoMailServer:
		c.fail(StepHanded, "No mail server is configured.", "Set KARTIFY_SMTP_URL and KARTIFY_MAIL_FROM; then send it by hand.")
	case e.Cause == GivenUp:
		c.fail(StepHanded, e.Why, again)
	case e.Cause == Refused:
		c.pass(StepHanded, "To "+e.Server+".")
		c.fail(StepAccepted, e.Why, again)
	case e.State == EmailUnknown:
		c.pass(StepHanded, "To "+e.Server+".")
		c.end(StepAccepted, CheckDoubt, e.Why, "It may have arrived, so it is not sent again by itself. Ask the customer, or look into the mail server's log, before sending it by hand.")
	case e.Tries > 0 && e.Why != "":
		c.end(StepHanded, CheckWaits, fmt.Sprintf("Tried %d times. %s", e.Tries, e.Why), "It is tried again by itself.")
	default:
		c.end(StepHanded, CheckWaits, "It is on its way to the mail server.", "")
	}
}
