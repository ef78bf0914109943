package razorpay

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strconv"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// Amounts are whole minor units of their currency, times are unix seconds (Razorpay API docs, understand).

type refundRequest struct {
	Amount  int64             `json:"amount"`
	Speed   string            `json:"speed"`
	Notes   map[string]string `json:"notes"` // written in the order of the keys, so every repeat is the same
	Receipt string            `json:"receipt"`
}

type captureRequest struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

type collection[T any] struct {
	Items []T `json:"items"`
}

type refund struct {
	ID        string   `json:"id"`
	Amount    int64    `json:"amount"`
	Currency  string   `json:"currency"`
	PaymentID string   `json:"payment_id"`
	Receipt   string   `json:"receipt"`
	Status    string   `json:"status"`
	Acquirer  acquirer `json:"acquirer_data"`
	CreatedAt int64    `json:"created_at"`

	raw []byte
}

// refundStatus is what Razorpay says of a refund. Processed means handed to the bank.
var refundStatus = map[string]gateways.Status{
	"pending":   gateways.Pending,
	"processed": gateways.Succeeded,
	"failed":    gateways.Failed,
}

type payment struct {
	ID               string   `json:"id"`
	OrderID          string   `json:"order_id"`
	Amount           int64    `json:"amount"`
	Currency         string   `json:"currency"`
	Status           string   `json:"status"`
	Captured         bool     `json:"captured"` // docs samples contradict their status: never decide by it alone
	AmountRefunded   int64    `json:"amount_refunded"`
	Method           string   `json:"method"`
	Fee              *int64   `json:"fee"` // set by a capture
	Card             *card    `json:"card"`
	Acquirer         acquirer `json:"acquirer_data"`
	ErrorDescription string   `json:"error_description"`
	CreatedAt        int64    `json:"created_at"`
}

type card struct {
	Last4 string `json:"last4"`
}

// captureStatus is what the status of a payment says of its capture. A refunded payment was captured
// once, unless its authorization ran out: see neverCaptured.
var captureStatus = map[string]gateways.Status{
	"created":    gateways.Pending,
	"authorized": gateways.Pending,
	"captured":   gateways.Succeeded,
	"refunded":   gateways.Succeeded,
	"failed":     gateways.Failed,
}

// acquirer is what the bank has given. Razorpay writes an empty object as [], as it does with notes.
type acquirer struct {
	ARN string `json:"arn"`
	RRN string `json:"rrn"`
	UTR string `json:"utr"`
}

func (a *acquirer) UnmarshalJSON(raw []byte) error {
	type plain acquirer
	*a = acquirer{}
	if !bytes.HasPrefix(raw, []byte("{")) {
		return nil
	}
	return json.Unmarshal(raw, (*plain)(a))
}

func (a acquirer) reference() string { return cmp.Or(a.ARN, a.RRN, a.UTR) }

// UnmarshalJSON keeps the bytes of each refund of a list.
func (r *refund) UnmarshalJSON(raw []byte) error {
	type plain refund
	if err := json.Unmarshal(raw, (*plain)(r)); err != nil {
		return err
	}
	r.raw = bytes.Clone(raw)
	return nil
}

func (r refund) result(raw []byte) gateways.Result {
	result := gateways.Result{
		Status:     cmp.Or(refundStatus[r.Status], gateways.Pending), // a word we do not know yet
		Ref:        r.ID,
		PaymentRef: r.PaymentID,
		Amount:     money.New(r.Amount, r.Currency),
		Reference:  r.Acquirer.reference(),
		Word:       r.Status,
		Key:        r.Receipt,
		At:         at(r.CreatedAt),
		Raw:        raw,
	}
	if result.Status == gateways.Failed {
		result.Reason = "Razorpay could not bring the money to the buyer; it is back in the Razorpay balance."
	}
	return result
}

// answer is the result of a refund that is the one asked for, or an Unknown error saying what differs.
func (r refund) answer(verb string, req gateways.Request, raw []byte) (gateways.Result, error) {
	result := r.result(raw)
	problem := mismatch(r.PaymentID, req.PaymentRef, result.Amount, req.Amount)
	switch {
	case problem != "":
	case r.ID == "":
		problem = "Razorpay answered with a refund that has no id."
	case req.OperationRef != "" && r.ID != req.OperationRef:
		problem = "Razorpay answered with another refund than the one asked for."
	case r.Receipt != "" && r.Receipt != req.IdempotencyKey:
		problem = "Razorpay answered with a refund that has another receipt."
	}
	if problem != "" {
		return gateways.Result{}, doubtful(verb, problem+" Compare the payment in the Razorpay dashboard.")
	}
	return result, nil
}

// captured is the result of a capture as its payment shows it.
func (p payment) captured(verb string, req gateways.Request, raw []byte) (gateways.Result, error) {
	if problem := mismatch(p.ID, req.PaymentRef, money.New(p.Amount, p.Currency), req.Amount); problem != "" {
		return gateways.Result{}, doubtful(verb, problem+" Compare the payment in the Razorpay dashboard.")
	}
	result := gateways.Result{
		Status:     cmp.Or(captureStatus[p.Status], gateways.Pending),
		Ref:        p.ID,
		PaymentRef: p.ID,
		Amount:     money.New(p.Amount, p.Currency),
		Reference:  p.Acquirer.reference(),
		Word:       p.Status,
		Reason:     p.ErrorDescription,
		At:         at(p.CreatedAt),
		Raw:        raw,
	}
	if p.neverCaptured() {
		result.Status, result.Reason = gateways.Failed, "The authorization ran out and Razorpay returned the money to the buyer."
	}
	return result, nil
}

// neverCaptured says that an authorization went back to the buyer without having been drawn.
func (p payment) neverCaptured() bool {
	return p.Status == "refunded" && !p.Captured && p.Fee == nil
}

func (p payment) payment(raw []byte) gateways.Payment {
	seen := gateways.Payment{
		Ref:      p.ID,
		OrderRef: p.OrderID,
		Word:     p.Status,
		Amount:   money.New(p.Amount, p.Currency),
		Refunded: p.AmountRefunded,
		Failed:   p.Status == "failed",
		Reason:   p.ErrorDescription,
		Method:   p.Method,
		RRN:      p.Acquirer.RRN,
		At:       at(p.CreatedAt),
		Raw:      raw,
	}
	switch p.Status {
	case "captured", "refunded":
		seen.Authorized = true
		if !p.neverCaptured() {
			seen.Captured = p.Amount
		}
	case "authorized":
		seen.Authorized = true
	case "created": // the buyer named his card or account, and the bank has not answered (Razorpay docs, payments entity)
		seen.Waits = gateways.ForConsent
	}
	if p.Card != nil {
		seen.CardLast4 = p.Card.Last4
	}
	return seen
}

func at(seconds int64) time.Time {
	if seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

func pageOf(skip int) string {
	return "?count=" + strconv.Itoa(page) + "&skip=" + strconv.Itoa(skip)
}

// notes are what the merchant sees beside the refund at Razorpay.
func notes(req gateways.Request) map[string]string {
	said := map[string]string{}
	if req.Reason != "" {
		said["reason"] = shorten(req.Reason)
	}
	if req.OrderRef != "" {
		said["order"] = shorten(req.OrderRef)
	}
	return said
}

// shorten keeps a note within 256 characters (Razorpay API docs, orders/entity).
func shorten(text string) string {
	if runes := []rune(text); len(runes) > 256 {
		return string(runes[:255]) + "…"
	}
	return text
}
