package paykeeper

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
)

const (
	unknown       = gateways.Unknown
	unavailable   = gateways.Unavailable
	declined      = gateways.Declined
	misconfigured = gateways.Misconfigured
)

var errToken = errors.New("the token is not the one in force")

type meaning struct {
	part     string // of PayKeeper's text, in lower case
	kind     gateways.Kind
	sentence string
}

// meanings are what PayKeeper says in {"result":"fail","msg":…}. The first two texts are documented (Security
// token; the reference handlers of its refunds); of the others the words that matter are looked for.
var meanings = []meaning{
	{"токен безопасности не верен", unavailable, "PayKeeper did not accept a fresh security token; nothing happened. It is tried again."},
	{"нельзя сделать возврат", declined, "PayKeeper returns money of a payment that is paid, and this one is in another state. Reload the order to see how it stands."},
	{"превышает", declined, "PayKeeper says that less than this is left of the payment. Reload the order to see what was returned before."},
	{"недостаточно прав", misconfigured, "The PayKeeper user may not do this. Give him the right to refund in the cabinet, or enter another login under Extensions > Payment."},
	{"списание невозможно", declined, "PayKeeper cannot draw this payment: it is not held, or no longer."},
	{"не авторизован", declined, "This payment is not held at PayKeeper, so there is nothing to draw."},
	{"не найден", declined, "PayKeeper does not know this payment. It may belong to another cabinet."},
	{"товар", declined, "PayKeeper wants the goods that are returned, because the payment has a receipt with goods. Choose the lines of the order."},
	{"корзин", declined, "PayKeeper wants the goods that are returned, because the payment has a receipt with goods. Choose the lines of the order."},
}

// failure is what a business error means. It says that nothing happened, unless the bank's own error is
// passed on with it in words nobody wrote down.
func failure(verb string, status int, said record) error {
	text := said.First("msg", "message", "errorMessage")
	e := &gateways.Error{Kind: declined, Verb: verb, Status: status, Code: said["errorCode"], Message: "PayKeeper refused this without saying why."}
	if text != "" {
		e.Message = "PayKeeper refused this. It says: " + shorten(text, 400)
	}
	plain := strings.ToLower(text)
	for _, known := range meanings {
		if strings.Contains(plain, known.part) {
			e.Kind, e.Message = known.kind, known.sentence
			if known.part == meanings[0].part {
				e.Err, e.After = errToken, 5*time.Second
			}
			return e
		}
	}
	if said["errorCode"] != "" && said["errorCode"] != "0" {
		e.Kind = unknown
		e.Message += " The bank's error is not known, so the payment is looked up before anything else is done."
	}
	return e
}

// explain names the fields to mend when a login is refused.
func explain(e *gateways.Error, _ []byte) {
	if e.Kind == misconfigured {
		e.Message = "PayKeeper does not accept this login. Check server, login and password under Extensions > Payment."
	}
}

// signedOut knows the 303 with which some installations answer a wrong login.
func signedOut(err error) error {
	var e *gateways.Error
	if !errors.As(err, &e) || e.Status != http.StatusSeeOther {
		return err
	}
	moved := *e
	moved.Kind = misconfigured
	explain(&moved, nil)
	return &moved
}

func unclear(verb string, status int, cause error) error {
	return &gateways.Error{Kind: unknown, Verb: verb, Status: status, Message: "PayKeeper answered something that could not be understood. " + gateways.Unsure(verb), Err: cause}
}

// doubtful is an answer that was understood and cannot be believed.
func doubtful(verb, sentence string) error {
	return &gateways.Error{Kind: unknown, Verb: verb, Message: sentence + " Compare the payment in the PayKeeper cabinet."}
}

func refused(verb, sentence string) error {
	return &gateways.Error{Kind: declined, Verb: verb, Message: sentence}
}
