// Package gateways holds the verbs that kartify speaks to payment providers, in kartify's own words.
// A provider is a folder beside this file: its Driver, its wire messages with their status tables,
// and its callbacks. What a provider can do is what its gateway implements.
package gateways

import (
	"context"
	"net/http"
	"time"

	"github.com/kartify/kartify/money"
)

// Class says what may be done when an answer did not come.
type Class int

const (
	// ByReference has a unique reference of ours that can be looked up, but no promise that a repeat is refused.
	ByReference Class = iota
	// ByKey has a documented idempotency key: the same key and the same bytes may be sent again.
	ByKey
	// Once has neither: one dispatch, then only look-ups, then a person decides.
	Once
)

// Driver is a gateway as Extensions > Payment shows it.
type Driver struct {
	Code string // "razorpay": in URLs, records and settings
	Name string // "Razorpay"
	Docs string // one sentence for the settings page: where the merchant finds these values

	Fields []Field // the settings form, in order

	Class       Class          // of its verbs
	Classes     map[Verb]Class // of the verbs that differ from Class
	KeyLifetime time.Duration  // how long a key is known to be honoured; ByKey only
	QuietPeriod time.Duration  // how long after a send an effect may still appear in look-ups

	Portal  string // where the merchant sees payments: https://dashboard.razorpay.com
	Partner bool   // it sells or ships for the store and moves no money itself

	// Open makes a gateway of a store's settings. Secrets in it are in the clear.
	Open func(Settings) (Gateway, error)
	// Inbox reads the provider's webhooks; nil when it sends none.
	Inbox Inbox
}

// ClassOf is what may be done when an answer to verb did not come.
func (d Driver) ClassOf(verb Verb) Class {
	if class, ok := d.Classes[verb]; ok {
		return class
	}
	return d.Class
}

// Field is one box of the settings form.
type Field struct {
	Slug     string // "key_secret"
	Name     string // "Key secret"
	Help     string
	Required bool
	Secret   bool     // sealed at rest, never shown again
	Options  []string // a choice instead of a text box
	Default  string
	// Check says in a sentence what is wrong with a value in this mode ("test" or "live"), or "".
	Check func(value, mode string) string
}

// Settings are what a store entered for a gateway, at one version.
type Settings struct {
	BaseURL string // the provider's API, without a slash at the end; the driver's own when empty
	Mode    string // "test" or "live"
	Values  map[string]string
	HTTP    *http.Client  // nil: the Client's own
	Timeout time.Duration // of one call; 20 s when zero
}

// Gateway is a driver opened with a store's settings. Its abilities are the interfaces below.
type Gateway interface {
	// Check asks the provider whether the credentials are good, changing nothing.
	Check(ctx context.Context) error
}

// Refunder returns money of a captured payment, in full or in part.
type Refunder interface {
	Refund(ctx context.Context, req Request) (Result, error)
}

// WholeRefunder is a Refunder that can only return the whole amount.
type WholeRefunder interface {
	Refunder
	RefundsWholeOnly()
}

// Capturer draws authorized money.
type Capturer interface {
	Capture(ctx context.Context, req Request) (Result, error)
}

// Voider gives an authorization back.
type Voider interface {
	Void(ctx context.Context, req Request) (Result, error)
}

// Finder looks up what became of an operation whose answer did not come. It returns ErrAbsent when the
// provider answered and does not know the operation (yet).
type Finder interface {
	Find(ctx context.Context, req Request) (Result, error)
}

// Reader reads a payment as the provider sees it now.
type Reader interface {
	Payment(ctx context.Context, ref string) (Payment, error)
}

// Verb is what an operation does with money.
type Verb string

const (
	Refund  Verb = "refund"
	Capture Verb = "capture"
	Void    Verb = "void"
)

// Request is one operation, as stored before the first send; every repeat carries the same values.
type Request struct {
	Verb           Verb
	PaymentRef     string // the provider's id of the payment
	OrderRef       string // the provider's id of its order, where it has one
	OperationRef   string // the provider's id of this operation, once known
	Amount         money.Amount
	IdempotencyKey string // ours, [A-Za-z0-9_-]{10,40}; also the receipt or reference
	Reason         string // for the provider's notes
}

// Status is what the provider says of an operation.
type Status string

const (
	Pending   Status = "pending"   // accepted, not finished; also any word we do not know yet
	Succeeded Status = "succeeded" // done
	Failed    Status = "failed"    // accepted once, did not happen
)

// Result is an answer that was understood. Amount is what the provider says it moved.
type Result struct {
	Status     Status
	Ref        string // the provider's id of the operation: rfnd_…
	PaymentRef string // the provider's id of its payment, where it says
	Amount     money.Amount
	Reference  string // ARN, RRN or UTR, when the bank has given one
	Word       string // the provider's own status word
	Reason     string // the provider's sentence when it failed
	Key        string // the idempotency key or receipt the provider stored with it; "" when it stores none
	At         time.Time
	Raw        []byte
}

// Payment is a payment as the provider sees it, in minor units of Amount.Currency.
type Payment struct {
	Ref        string
	OrderRef   string
	Word       string // the provider's own status word
	Amount     money.Amount
	Captured   int64
	Refunded   int64
	Authorized bool // the money is held or drawn
	Failed     bool
	Reason     string
	Method     string // "card", "upi"
	RRN        string
	CardLast4  string
	Refunds    []Result
	At         time.Time
	Raw        []byte
}
