package klarna

import (
	"errors"
	"net/http"
	"regexp"

	"github.com/kartify/kartify/gateways"
)

// errorBody is Klarna's refusal. Proxies and bad credentials answer with HTML instead (Klarna docs, error
// codes and messages for order management).
type errorBody struct {
	Code        string `json:"error_code"`
	Correlation string `json:"correlation_id"`
}

// errState is under a refusal that may be our own earlier success: the state has moved on.
var errState = errors.New("the state of the order does not allow it")

type meaning struct {
	status   int
	kind     gateways.Kind
	sentence string
	cause    error
}

// meanings are the documented error codes. The messages beside them are free text, and are kept for the
// Data Log only.
var meanings = map[string]meaning{
	"CAPTURE_NOT_ALLOWED":   {403, gateways.Declined, "Klarna does not allow this capture: less is held than was asked for, or the authorization ran out or was cancelled. Reload the order to see what Klarna still holds.", errState},
	"CANCEL_NOT_ALLOWED":    {403, gateways.Declined, "Klarna does not cancel this order, as something of it was captured or it is closed. Reload the order; what was captured can be credited.", errState},
	"REFUND_NOT_ALLOWED":    {403, gateways.Declined, "Klarna does not allow this refund: less is left of what was captured. Reload the order to see what was returned before.", errState},
	"NOT_ALLOWED":           {403, gateways.Declined, "Klarna does not allow this change in the order's present state, or its risk check refused a higher amount. The order is as it was; ask the buyer to pay the difference in a new order.", errState},
	"PAYMENT_METHOD_FAILED": {403, gateways.Declined, "The buyer's bank declined the card behind this Klarna order. Nothing was captured; ask the buyer to pay in another way.", nil},
	"NO_SUCH_ORDER":         {404, gateways.Declined, "Klarna does not know this order under these credentials. It may belong to another account, another host or the other mode; compare Username and Host under Extensions > Payment.", nil},
	"NO_SUCH_CAPTURE":       {404, gateways.Declined, "Klarna does not know this capture.", nil},
	"NOT_FOUND":             {0, gateways.Declined, "Klarna does not know this.", nil},
	"INVALID_ORDER_ID":      {400, gateways.Declined, "This is not the id of a Klarna order.", nil},
	"BAD_VALUE":             {400, gateways.Declined, "Klarna refused a value of the request as it was written; nothing was moved. The Data Log shows which.", nil},
	"UNPROCESSABLE_ENTITY":  {422, gateways.Declined, "Klarna refused a value of the request as it was written; nothing was moved. The Data Log shows which.", nil},
	"INVALID_ADDRESS":       {422, gateways.Declined, "Klarna does not accept the address of the buyer. Correct it and try again.", nil},
	"REQUEST_TOO_LARGE":     {413, gateways.Declined, "Klarna does not take an order of this size; nothing was moved.", nil},
	"READ_ONLY_ORDER":       {403, gateways.Declined, "The buyer has already finished this checkout.", errState},
	"HTTP_ERROR":            {405, gateways.Misconfigured, "Klarna does not offer this call at this host. Check Host under Extensions > Payment.", nil},
	"CONFLICT":              {409, gateways.Unknown, "Klarna is still working on this order. It is looked up before anything else is done.", nil},
	"TOO_MANY_REQUESTS":     {429, gateways.Unavailable, "Klarna asks for fewer calls; nothing happened. It is tried again.", nil},
}

var correlation = regexp.MustCompile(`^[0-9A-Za-z-]{8,64}$`)

// explain reads a refusal. An error code that is not documented stays unknown, except that Klarna's own
// words about credentials never come as JSON with a code.
func explain(e *gateways.Error, raw []byte) {
	if e.Status == http.StatusUnauthorized {
		e.Message = "Klarna does not accept this username and password. Check Username, Password and Host under Extensions > Payment."
		return
	}
	var body errorBody
	if gateways.DecodeJSON(raw, &body) != nil || body.Code == "" {
		return
	}
	e.Code = body.Code
	known, ok := meanings[body.Code]
	switch {
	case ok && (known.status == 0 || known.status == e.Status):
		e.Kind, e.Message, e.Err = known.kind, known.sentence, known.cause
	case e.Status == http.StatusForbidden:
		e.Kind, e.Message = gateways.Unknown, "Klarna refused this for a reason it does not document ("+body.Code+"). It is looked up before anything else is done."
	}
	if correlation.MatchString(body.Correlation) {
		e.Message += " Klarna reference " + body.Correlation + "."
	}
}
