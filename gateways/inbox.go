package gateways

import (
	"errors"
	"net/http"
	"time"
)

// ErrSignature says that a webhook does not carry the signature of any secret given.
var ErrSignature = errors.New("the signature does not match")

// Inbox reads a provider's webhooks.
type Inbox interface {
	// Verify checks the signature over the raw bytes against the secrets, in constant time, before
	// anything is parsed. It returns ErrSignature when none fits.
	Verify(header http.Header, body []byte, secrets []string) error
	// Read understands a verified body. An event it does not know is an Event with only Name and ID.
	Read(header http.Header, body []byte) (Event, error)
	// SecretField is the slug of the settings field that holds the webhook secret.
	SecretField() string
}

// Replier is an Inbox whose provider expects a certain answer to a webhook that was taken in, in place of
// kartify's own. An empty answer is kartify's own.
type Replier interface {
	Reply(event Event, secrets []string) (contentType string, body []byte)
}

// Opener is an Inbox whose provider encrypts its webhooks. Open gives what is inside, under the secret that
// fits, and Read understands both: of the closed body it tells only what stands outside of it.
type Opener interface {
	Open(header http.Header, body []byte, secrets []string) ([]byte, error)
}

// Event is what a provider's webhook says, in our words: a snapshot of a payment and of an operation.
type Event struct {
	ID      string // the provider's id of this delivery, for deduplication; "" when it gives none
	Name    string // the provider's own word: refund.processed
	At      time.Time
	Payment *Payment // nil when the event is about no payment
	Refund  *Result  // nil when the event is about no refund
}
