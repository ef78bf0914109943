package ccavenue

import (
	"errors"
	"regexp"

	"github.com/kartify/kartify/gateways"
)

const (
	unknown       = gateways.Unknown
	misconfigured = gateways.Misconfigured
	declined      = gateways.Declined
)

var (
	errNothing = errors.New("there is no such record")                    // the answer of an empty list
	errDone    = errors.New("the refusal may be our own earlier success") // look it up
)

type meaning struct {
	kind     gateways.Kind
	sentence string
	cause    error
}

const (
	noPair     = "CCAvenue does not let this in: the access code is wrong, this server's address is not among those it allows, or the command is not switched on. Check Access code, and ask CCAvenue to allow the address."
	noKey      = "CCAvenue could not open the request: the working key does not belong to this access code. Check both under Extensions > Payment."
	notWritten = "CCAvenue did not understand the request; nothing was moved."
)

// meanings are CCAvenue's codes: its text is the same for most of them, so only the code tells the reason (API
// guide, error codes, refund, confirm, cancel).
var meanings = map[string]meaning{
	// the outer layer: nothing was opened
	"51401": {declined, notWritten, nil},
	"51402": {declined, notWritten, nil},
	"51403": {misconfigured, "CCAvenue saw no access code. Enter it under Extensions > Payment.", nil},
	"51404": {declined, notWritten, nil},
	"51405": {declined, notWritten, nil},
	"51407": {misconfigured, noPair, nil},
	"51408": {declined, notWritten, nil},
	"51410": {misconfigured, "CCAvenue does not offer this command to the account. Ask CCAvenue to switch it on.", nil},
	"51411": {misconfigured, noKey, nil},
	"51412": {misconfigured, noKey, nil},
	"51413": {misconfigured, noKey, nil},
	"51419": {declined, "CCAvenue has no such record.", errNothing},
	"51420": {unknown, "CCAvenue could not process the request just now. It is looked up before anything else is done.", nil},
	"51421": {declined, notWritten, nil},
	"-1":    {misconfigured, noKey, nil},

	// what every command checks
	"51001": {declined, "CCAvenue saw no reference number.", nil},
	"51002": {declined, "This is not the reference number of a CCAvenue payment.", nil},
	"51003": {declined, "This is not the reference number of a CCAvenue payment.", nil},
	"51004": {declined, "CCAvenue saw neither reference number nor order number.", nil},
	"51006": {declined, notWritten, nil},
	"51007": {declined, notWritten, nil},
	"51008": {declined, notWritten, nil},
	"51014": {declined, "Enter an amount above zero.", nil},
	"51015": {declined, "CCAvenue did not understand the amount; nothing was moved.", nil},
	"51017": {declined, "CCAvenue knows order numbers of letters, digits, hyphens, underscores and slashes.", nil},
	"51018": {declined, "CCAvenue knows order numbers of at most 30 characters.", nil},
	"51020": {declined, notWritten, nil},
	"51022": {declined, notWritten, nil},
	"51023": {declined, notWritten, nil},
	"51024": {declined, notWritten, nil},
	"51085": {declined, "CCAvenue refused the reference of the refund; nothing was moved.", nil},
	"51086": {declined, "CCAvenue refused the reference of the refund; nothing was moved.", nil},
	"51087": {declined, "CCAvenue refused the reference of the refund; nothing was moved.", nil},
	"51313": {declined, "CCAvenue does not know this payment under these keys. It may belong to another account, or to the other mode.", errNothing},

	// refundOrder
	"51308": {declined, "CCAvenue does not know this payment under these keys. It may belong to another account, or to the other mode.", nil},
	"51309": {unknown, "CCAvenue already holds a refund with this reference. It is looked up and taken over.", errDone},
	"51310": {declined, "CCAvenue does not allow a refund of this payment: it is not confirmed (Shipped) yet, or too old. An unconfirmed one can be cancelled; for an old one, return the money by bank transfer.", errDone},
	"51311": {declined, "The bank of this payment takes one refund only. Return the rest by bank transfer.", errDone},
	"51312": {declined, "CCAvenue cannot refund this order now. Ask CCAvenue, with the reference number, for the reason.", errDone},
	"51314": {declined, "CCAvenue says that less than this is left of the payment. Reload the order to see what was returned before.", errDone},
	"51315": {declined, "The buyer disputes this payment, and CCAvenue refunds it only up to a limit until that is settled.", errDone},
	"51328": {declined, "CCAvenue takes one refund of this order only. Return the rest by bank transfer.", errDone},

	// confirmOrder and cancelOrder
	"51205": {declined, notWritten, nil},
	"51206": {declined, notWritten, nil},
	"51301": {declined, "CCAvenue has confirmed this payment before. If its money is to go back, refund it.", errDone},
	"51302": {declined, "CCAvenue has cancelled this payment before.", errDone},
	"51303": {declined, "This payment is in a state that CCAvenue does not confirm or cancel any more. Ask how it stands now.", errDone},
	"51304": {declined, "CCAvenue does not know this payment under these keys. It may belong to another account, or to the other mode.", nil},
	"51305": {declined, "CCAvenue's risk check is still looking at this payment. Wait for its decision, or ask CCAvenue.", nil},
	"51306": {declined, "CCAvenue does not accept this amount: it is more than was paid, or a part was confirmed before.", errDone},
	"51307": {declined, "CCAvenue's risk check is still looking at this payment. Wait for its decision, or ask CCAvenue.", nil},
}

var codeInText = regexp.MustCompile(`\b5[0-9]{4}\b`)

// coded is what an error code means. One that is not documented says nothing about what happened.
func coded(verb, code, text string) error {
	if code == "" {
		code = codeInText.FindString(text)
	}
	e := &gateways.Error{Kind: unknown, Verb: verb, Status: 200, Code: shorten(code, 20)}
	known, ok := meanings[code]
	switch {
	case ok:
		e.Kind, e.Message, e.Err = known.kind, known.sentence, known.cause
	case text != "":
		e.Message = "CCAvenue refused this with a code it does not document. It is looked up before anything else is done. CCAvenue says: " + shorten(text, 300)
	default:
		e.Message = "CCAvenue answered in a way it does not document. It is looked up before anything else is done."
	}
	return e
}

func unclear(verb string, status int, cause error) error {
	return &gateways.Error{Kind: unknown, Verb: verb, Status: status, Message: "CCAvenue answered something that could not be understood. " + gateways.Unsure(verb), Err: cause}
}

// doubtful is an answer that was understood and cannot be believed.
func doubtful(verb, sentence string) error {
	return &gateways.Error{Kind: unknown, Verb: verb, Message: sentence + " Compare the payment in the CCAvenue dashboard."}
}

func refused(verb, sentence string) error {
	return &gateways.Error{Kind: declined, Verb: verb, Message: sentence}
}

func shorten(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
