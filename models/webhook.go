package models

import (
	"net/http"
	"time"
)

// WebhookState is what became of a webhook.
type WebhookState string

// The states. A parked one waits for its order or payment to appear; a failed one waits for a person.
const (
	WebhookReceived  WebhookState = "received"
	WebhookProcessed WebhookState = "processed"
	WebhookParked    WebhookState = "parked"
	WebhookDuplicate WebhookState = "duplicate"
	WebhookRefused   WebhookState = "refused"
	WebhookFailed    WebhookState = "failed"
)

// Verdict is what the signature of a webhook says of it.
type Verdict string

// The verdicts. An unreadable one may carry a good signature.
const (
	Verified   Verdict = "verified"
	Forged     Verdict = "forged"
	Unreadable Verdict = "unreadable"
)

// Webhook is one message of a provider or partner as it came in: the inbox, and a row of the Data Log.
type Webhook struct {
	ID             int64
	Source         string // "razorpay", "gofynd"
	StoreID        int64  // whose secret fitted; 0 when none did
	ClaimedStoreID string // store_ID as the payload says it, or the store of the address when it was refused
	Mode           string // of the settings whose secret fitted; "" when test and live have the same
	Event          string
	EventID        string
	BodySHA256     []byte      `gorm:"column:body_sha256"` // of the body as it came; of a hint, with its moment
	Body           []byte      // as it came, but for card numbers; empty for a duplicate
	Headers        http.Header `gorm:"serializer:json"`
	Address        string      // the sender's
	Verdict        Verdict
	State          WebhookState
	Effect         string // a sentence: what it changed, or why nothing
	PartnerOrderID string
	PaymentRef     string
	OrderRef       string // the provider's id of the order a payment is for
	OrderID        *int64
	DuplicateOf    *int64
	Tries          int
	NextAt         *time.Time
	ReceivedAt     time.Time
	ProcessedAt    *time.Time
	AskedAt        *time.Time // when the provider was asked because of it, for hints
	ErasedAt       *time.Time // when its body was erased; BodySHA256 stays
}

// Delivery is a webhook on its way in.
type Delivery struct {
	Source  string // whose: "razorpay", "gofynd"
	StoreID int64  // of the address it was sent to; 0 when the address names none
	Header  http.Header
	Body    []byte // raw, at most 1 MiB
	Address string // the sender's
}

// Receipt is what the sender is to be told.
type Receipt struct {
	WebhookID int64 // 0 when it was not stored
	Verdict   Verdict
	Duplicate bool // it had come before, so nothing happens again

	ContentType string // of Answer
	Answer      []byte // what the provider expects to hear; nil for an answer of our own
	Doubt       string // why the provider is not told that all is well, or ""
	OrderRef    string // the order it names, as the provider knows it
}

// ProcessWebhookJob asks for stored webhooks to be acted upon, one after the other.
type ProcessWebhookJob struct {
	WebhookID int64   `json:"webhook_id"`
	More      []int64 `json:"more,omitempty"`
}

// Kind names the job.
func (ProcessWebhookJob) Kind() string { return "process_webhook" }
