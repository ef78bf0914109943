package models

import (
	"time"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/money"
)

// EmailState is what became of an e-mail.
type EmailState string

// The states. One that is not sent says why, and one of unknown outcome is never sent again by itself.
const (
	EmailNotSent EmailState = "not_sent"
	EmailQueued  EmailState = "queued"
	EmailSending EmailState = "sending"
	EmailSent    EmailState = "sent"
	EmailFailed  EmailState = "failed"
	EmailUnknown EmailState = "unknown"
)

// EmailCause is in one word why an e-mail was not sent, or not for certain.
type EmailCause string

// The causes. The first ones are decisions, the last ones are what happened on the way.
const (
	NoPartnerOrder EmailCause = "no_partner_order"
	StoreZero      EmailCause = "store_zero"  // store_ID 0
	StoreWrong     EmailCause = "store_wrong" // store_ID of another store, or no number
	EventOff       EmailCause = "event_off"   // switched off in the settings
	NoLetter       EmailCause = "no_letter"   // no e-mail is written about this event
	ToldAlready    EmailCause = "told_already"
	NoAddress      EmailCause = "no_address"
	BadAddress     EmailCause = "bad_address"
	NoMailServer   EmailCause = "no_server"
	NotWritten     EmailCause = "not_written" // the message could not be made
	Refused        EmailCause = "refused"     // the mail server will not take it
	GivenUp        EmailCause = "given_up"    // the mail server did not take it in many tries
	NoAnswer       EmailCause = "no_answer"   // the mail server had it and did not say whether it takes it
)

// Email is one e-mail to a customer, or the decision not to send it: a row of the Data Log. There is one for
// every event that Fynd tells about an order, and one for every time somebody sends one again.
type Email struct {
	ID             int64
	StoreID        int64
	OrderID        int64
	PartnerOrderID string
	Kind           string // "event", "resend"
	WebhookID      *int64
	ClaimedStoreID string // store_ID of the webhook
	ResendOf       *int64
	Audience       string // "customer", or "self" for a copy to whoever asked
	RequesterID    *int64
	Requester      string
	TokenHash      []byte
	Event          string
	Occurrence     string
	RequestID      string
	ShipmentID     string
	AmountMinor    *int64
	State          EmailState
	Cause          EmailCause
	Why            string // a sentence
	Recipient      string
	Sender         string
	Subject        string
	HTMLBody       string `gorm:"column:html_body"`
	TextBody       string
	MessageID      string
	Raw            []byte // as it is handed over
	Answer         string // of the server that took it
	Server         string
	Tries          int
	NextAt         *time.Time
	HandingAt      *time.Time
	CreatedAt      time.Time
	WrittenAt      *time.Time
	DoneAt         *time.Time
	ErasedAt       *time.Time // when the message was erased
	RawSHA256      []byte     `gorm:"column:raw_sha256"` // of the message that was erased
}

// Letter is what an e-mail is written from.
type Letter struct {
	Event      string // ORDER_PLACED, SHIPMENT_SHIPPED …
	Order      *Order
	Store      *Store
	Items      []OrderItem
	Amount     *money.Amount // of a refund; nil when it is not known for certain
	RequestID  string
	ShipmentID string
}

// WrittenLetter is the text of an e-mail.
type WrittenLetter struct{ Subject, HTML, Text string }

// SendEmailJob asks for one attempt to hand an e-mail over.
type SendEmailJob struct {
	EmailID int64 `json:"email_id"`
}

// Kind names the job.
func (SendEmailJob) Kind() string { return "send_email" }

// Problem says whether somebody should look at it: the customer may be waiting for this e-mail.
func (e *Email) Problem() bool {
	switch e.State {
	case EmailFailed, EmailUnknown:
		return true
	case EmailNotSent:
		return e.Cause != EventOff && e.Cause != NoLetter && e.Cause != ToldAlready
	}
	return false
}

// Reason is Why for whoever reads it. What was written down is English; where it can be put together again, it can
// be said in any language.
func (e *Email) Reason() lang.Text {
	said := lang.Textf(e.Why)
	switch e.Cause {
	case NoPartnerOrder:
		said = noPartnerOrder
	case StoreZero, StoreWrong:
		_, said = storeObjection(e.ClaimedStoreID, e.StoreID)
	case EventOff:
		_, said = eventObjection(e.Event, []MailEvent{{Event: e.Event}})
	case NoLetter:
		_, said = eventObjection(e.Event, nil)
	case NoAddress, BadAddress:
		_, said = addressObjection(e.Recipient)
	}
	if said.String() != e.Why {
		return lang.Textf(e.Why)
	}
	return said
}

// Label is the state for people.
func (s EmailState) Label() string {
	return map[EmailState]string{
		EmailNotSent: "Not sent", EmailQueued: "Queued", EmailSending: "Sending", EmailSent: "Sent", EmailFailed: "Failed", EmailUnknown: "Unknown",
		EmailTrouble: "Not sent, though it should have been",
	}[s]
}
