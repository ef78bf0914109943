package models

import (
	"net/url"
	"slices"
	"strings"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/notify"
)

// WebhookStates are the states of a webhook, for the choice of the Data Log.
var WebhookStates = []WebhookState{WebhookReceived, WebhookProcessed, WebhookParked, WebhookDuplicate, WebhookRefused, WebhookFailed}

// EmailStates are the states of an e-mail.
var EmailStates = []EmailState{EmailTrouble, EmailNotSent, EmailQueued, EmailSending, EmailSent, EmailFailed, EmailUnknown}

// Verdicts are the verdicts on a webhook's signature.
var Verdicts = []Verdict{Verified, Forged, Unreadable}

// CallOutcomes are what a call to a gateway may have come to.
var CallOutcomes = []string{"succeeded", "pending", "failed", "declined", "unknown", "unavailable", "misconfigured", "absent", "lost"}

// NoticeOutcomes are what an attempt to tell a shop may have come to.
var NoticeOutcomes = []notify.Outcome{
	notify.Accepted, notify.Refused, notify.Redirected, notify.Unreachable, notify.Blocked, notify.Timeout, notify.Lost,
}

// ReadLogFilter reads a filter of the Data Log from a URL. tables are those the person may read. Nothing in
// the URL is an error: what makes no sense is left out, and a sentence says so.
func ReadLogFilter(q url.Values, c *OrderChoices, tables []LogTable) (LogFilter, []FilterNotice) {
	r := &filterReader{values: q, choices: c}
	f := LogFilter{
		Table:         r.table(tables),
		GofyndOrderID: strings.TrimLeft(strings.ReplaceAll(r.words("gofynd_order_id", 128), " ", ""), "#"),
		Store:         r.store(),
		Days:          DayRange{r.day("from"), r.day("to")},
		Limit:         r.limit(),
	}
	switch f.Table {
	case LogCalls:
		f.Gateway = r.words("gateway", maxText)
		f.Outcome = r.choice("outcome", "an outcome", CallOutcomes)
	case LogNotice:
		f.Outcome = r.choice("outcome", "an outcome", texts(NoticeOutcomes))
	case LogEmails:
		f.Event = r.event()
		f.State = r.choice("state", "a state of an e-mail", texts(EmailStates))
	default:
		f.Event = r.event()
		f.Verdict = Verdict(r.choice("verdict", "a verdict", texts(Verdicts)))
		f.State = r.choice("state", "a state of a webhook", texts(WebhookStates))
		f.Mismatch = r.one("mismatch") == "1"
	}
	f.After, f.Before = r.cursors(OrderSort{})
	if f.Days.From != "" && f.Days.To != "" && f.Days.From > f.Days.To {
		r.say("to", "The dates go from %s back to %s, so nothing can match; swap them.", f.Days.From, f.Days.To)
	}
	return f, r.notices
}

func (r *filterReader) table(tables []LogTable) LogTable {
	value := LogTable(strings.ToLower(r.one("table")))
	if slices.Contains(tables, value) {
		return value
	}
	if len(tables) == 0 {
		return ""
	}
	if value != "" {
		r.say("table", "There is no table “%s”; this is %s.", short(string(value)), lang.Textf(tables[0].Label()))
	}
	return tables[0]
}

// event is the name of one event. Fynd's are in capitals, however they are typed.
func (r *filterReader) event() string {
	value := r.one("event")
	switch {
	case value == "":
		return ""
	case !eventWord.MatchString(value):
		r.say("event", "“%s” is not an event; events are words such as %s.", short(value), EventRefundInitiated)
		return ""
	case strings.Contains(value, "."):
		return value // a gateway's: payment.captured
	}
	return strings.ToUpper(value)
}

func (r *filterReader) choice(name, what string, words []string) string {
	value := strings.ToLower(r.one(name))
	if value == "" || slices.Contains(words, value) {
		return value
	}
	r.say(name, "“%s” is not %s; choose one from the list.", short(value), lang.Textf(what))
	return ""
}

// texts are words of a kind as plain texts.
func texts[T ~string](words []T) []string {
	plain := make([]string, len(words))
	for i, word := range words {
		plain[i] = string(word)
	}
	return plain
}
