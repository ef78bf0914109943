package razorpay

import (
	"errors"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
)

// errorBody is what Razorpay answers instead of 2xx, unless a proxy answers with HTML.
type errorBody struct {
	Error struct {
		Code        string `json:"code"`
		Description string `json:"description"`
	} `json:"error"`
}

type meaning struct {
	kind     gateways.Kind
	sentence string
	cause    error // set where the refusal may be our own earlier success
}

var (
	errSpent = errors.New("nothing is left of the payment, or not enough")
	errMoved = errors.New("the payment is past that state")
)

const (
	unknown       = gateways.Unknown
	unavailable   = gateways.Unavailable
	declined      = gateways.Declined
	misconfigured = gateways.Misconfigured
)

// meanings are the documented descriptions, in lower case without the full stop. Razorpay has no finer
// code than BAD_REQUEST_ERROR, so the text decides (Razorpay API docs: refunds/create-normal,
// refunds/normal-refunds-idempotent, payments/capture, errors).
var meanings = map[string]meaning{
	"authentication failed":                         {misconfigured, "Razorpay does not accept this pair of keys. Check Key ID and Key secret under Extensions > Payment.", nil},
	"the requested url was not found on the server": {misconfigured, "Razorpay does not offer this to the account. Ask Razorpay to switch it on.", nil},
	"the id provided does not exist":                {declined, "Razorpay does not know this payment under these keys. It may belong to another account, or to the other mode.", nil},

	// the amount
	"the total refund amount is greater than the refund payment amount": {declined, "Razorpay says that less than this is left of the payment. Reload the order to see what was returned before.", errSpent},
	"the refund amount provided is greater than amount captured":        {declined, "Razorpay says that less than this is left of the payment. Reload the order to see what was returned before.", errSpent},
	"the payment has been fully refunded already":                       {declined, "Razorpay has already returned the whole payment.", errSpent},
	"refund has already been processed":                                 {declined, "Razorpay has already returned the whole payment.", errSpent},
	"the amount must be at least inr 1.00":                              {declined, "Razorpay moves 1.00 INR or more. Enter a larger amount.", nil},
	"amount cannot be blank":                                            {declined, "Enter an amount above zero.", nil},
	"the amount must be an integer":                                     {declined, "Razorpay did not understand the amount; nothing was moved.", nil},
	"notes validation failed":                                           {declined, "Razorpay refused the reason. Write it shorter and with plain letters.", nil},

	// the account
	"your account does not have enough balance to carry out the refund operation. you can add funds to your account from your razorpay dashboard or capture new payments": {declined, "The Razorpay balance is too low for this refund. Add funds in the Razorpay dashboard, then press Refund Money again.", nil},
	"invalid request sent":                      {declined, "Razorpay refused the refund; in test mode this means that the balance is too low. Add funds in the Razorpay dashboard, then press Refund Money again.", nil},
	"refunds cannot be created on your account": {declined, "Razorpay does not let this account refund. Ask Razorpay to switch refunds on.", nil},

	// the payment
	"the payment status should be captured for action to be taken":                      {declined, "This payment is not captured at Razorpay, so there is nothing to refund.", errSpent},
	"refund is not supported by the bank because the payment is more than 6 months old": {declined, "The bank takes no refund of a payment older than six months. Return the money by bank transfer.", nil},
	"instant refund not supported for the payment":                                      {declined, "This payment cannot be refunded at once.", nil},
	"partial refund is currently not supported for this payment method":                 {declined, "This payment method can only be refunded in full.", nil},
	"refund is currently not supported for this payment method":                         {declined, "This payment method cannot be refunded through Razorpay. Return the money by bank transfer.", nil},
	"void is not supported for partial refunds":                                         {declined, "This payment can only be refunded in full for now.", nil},
	"the refund on this payment is blocked due to ongoing dispute investigation":        {declined, "The buyer disputes this payment, and Razorpay holds refunds until that is settled.", nil},
	"request failed because another payment operation is in progress":                   {unavailable, "Razorpay is busy with another operation on this payment. It is tried again.", nil},

	// the idempotency key
	"duplicate receipt found for this refund request":                                        {unknown, "Razorpay already holds a refund with this receipt. It is looked up and taken over.", nil},
	"different request with the same idempotency key has already been processed":             {unknown, "Razorpay already holds another request under this key. It is looked up before anything else is done.", nil},
	"another request with the same idempotency key is still in progress":                     {unknown, "Razorpay is still working on this refund. It is looked up.", nil},
	"the idempotency key must be at least 10 characters long":                                {declined, "Razorpay refused the idempotency key; nothing was moved.", nil},
	"the idempotency key must only contain alphanumeric characters, underscores and hyphens": {declined, "Razorpay refused the idempotency key; nothing was moved.", nil},

	// captures
	"capture amount must be equal to the amount authorized":                                                     {declined, "Razorpay captures the whole authorized amount or nothing.", nil},
	"this payment has already been captured":                                                                    {declined, "Razorpay has already captured this payment.", errMoved},
	"the payment has already been either captured or voided":                                                    {declined, "Razorpay has already captured this payment or let it go.", errMoved},
	"the payment has already been processed":                                                                    {declined, "Razorpay has already finished this payment.", errMoved},
	"payment is not in authorized state":                                                                        {declined, "This payment is not authorized at Razorpay, so there is nothing to capture.", errMoved},
	"only payments which have been authorized and not yet captured can be captured":                             {declined, "This payment is not authorized at Razorpay, so there is nothing to capture.", errMoved},
	"your payment has been declined as the order is already paid. please initiate the payment with a new order": {declined, "Another payment has paid this order. Razorpay returns this one to the buyer by itself.", nil},
	"payment already done for this order":                                                                       {declined, "Another payment has paid this order. Razorpay returns this one to the buyer by itself.", nil},
	"payment amount is greater than the amount due for order":                                                   {declined, "Razorpay says that less than this is due for the order.", nil},
}

// explain reads what Razorpay says of a refused call. A 400 it does not document stays unknown.
func explain(e *gateways.Error, raw []byte) {
	var body errorBody
	if gateways.DecodeJSON(raw, &body) != nil {
		return
	}
	e.Code = body.Error.Code
	description := strings.TrimSpace(body.Error.Description)
	known, ok := meanings[strings.ToLower(strings.TrimSuffix(description, "."))]
	switch {
	case ok && e.Status >= 400 && e.Status < 500:
		e.Kind, e.Message, e.Err = known.kind, known.sentence, known.cause
	case strings.HasSuffix(description, "is not a valid id"):
		e.Kind, e.Message = declined, "This is not the id of a Razorpay payment."
	case strings.Contains(description, "should not be sent"):
		e.Kind, e.Message = declined, "Razorpay refused the request as it was written; nothing was moved."
	case description != "":
		e.Message += " Razorpay says: " + description
	}
	if e.Kind == unavailable && e.After == 0 {
		e.After = 5 * time.Second
	}
}
