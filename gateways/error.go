package gateways

import (
	"errors"
	"fmt"
	"time"
)

// ErrAbsent says that the provider answered a look-up and does not know the operation.
var ErrAbsent = errors.New("the provider does not know this operation")

// Kind says what may be done after an error. The zero value is the careful one.
type Kind int

const (
	// Unknown may have happened: look it up.
	Unknown Kind = iota
	// Unavailable did not happen: send again later.
	Unavailable
	// Declined did not happen and will not: give up.
	Declined
	// Misconfigured did not happen: the settings must be mended first.
	Misconfigured
)

func (k Kind) String() string {
	return [...]string{"unknown", "unavailable", "declined", "misconfigured"}[k]
}

// Error is a call to a provider that did not succeed. It never holds a secret.
type Error struct {
	Kind    Kind
	Verb    string        // "refund"
	Status  int           // HTTP status; 0 when no answer came
	Code    string        // the provider's code: BAD_REQUEST_ERROR
	Message string        // the provider's sentence, or ours
	After   time.Duration // how long the provider asks us to wait; 0 when it does not say
	Err     error         // what lies beneath
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s: %s", e.Verb, e.Message)
	if e.Status != 0 {
		text += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of any error of a gateway call: Unknown unless the gateway says better.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Unknown
}
