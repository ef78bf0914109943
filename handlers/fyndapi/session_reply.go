package fyndapi

import (
	"encoding/json"
	"strconv"

	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/models"
)

// sessionStanding is the answer to a question about a payment: the members of the payment extension documentation, and
// those of the boilerplate, which lists the payments under another name.
type sessionStanding struct {
	GID       string           `json:"gid"`
	PFOrderID string           `json:"pf_order_id"`
	Status    string           `json:"status"`
	Total     int64            `json:"total_amount"`
	Currency  string           `json:"currency"`
	Order     orderStanding    `json:"order_details"`
	Payments  []sessionPayment `json:"payments"`
	Details   []sessionPayment `json:"payment_details"`
}

type orderStanding struct {
	GID        string      `json:"gid"`
	Amount     int64       `json:"amount"`
	Status     string      `json:"status"`
	Currency   string      `json:"currency"`
	Aggregator string      `json:"aggregator"`
	Details    orderAtBank `json:"aggregator_order_details"`
	Misspelt   orderAtBank `json:"aggergator_order_details"` // as the samples have it
}

type orderAtBank struct {
	OrderID    string `json:"aggregator_order_id"`
	Amount     int64  `json:"amount"`
	Currency   string `json:"currency"`
	Aggregator string `json:"aggregator"`
	Status     string `json:"status"`
}

// sessionPayment is one attempt to pay. What was refunded stands there as Fynd's samples spell it, too.
type sessionPayment struct {
	PaymentID  string              `json:"payment_id"`
	OrderID    string              `json:"order_id"`
	Aggregator string              `json:"aggregator_order_id"`
	Captured   bool                `json:"captured"`
	Status     string              `json:"status"`
	Drawn      int64               `json:"amount_captured"`
	Misspelt   int64               `json:"amound_refunded"`
	Refunded   int64               `json:"amount_refunded"`
	GID        string              `json:"gid"`
	UserID     string              `json:"g_user_id"`
	Amount     int64               `json:"amount"`
	Currency   string              `json:"currency"`
	Merchant   string              `json:"merchant_locale"`
	Locale     string              `json:"locale"`
	Mode       string              `json:"mode"`
	Methods    []gofynd.ToldMethod `json:"payment_methods"`
	SuccessURL string              `json:"success_url"`
	CancelURL  string              `json:"cancel_url"`
	Billing    json.RawMessage     `json:"billing_address"`
	Shipping   json.RawMessage     `json:"shipping_address"`
	Kind       string              `json:"kind"`
	Initiated  int64               `json:"initiated_at"` // seconds
	Created    string              `json:"created"`      // milliseconds, as text
	Reason     *sessionReason      `json:"reason,omitempty"`
}

type sessionReason struct {
	Code        string `json:"code"`
	Description string `json:"description"`
}

// standing is how a session stands, in Fynd's words. Nothing of it is made up: before anybody has tried to pay there
// is no payment in it.
func (a *API) standing(state *models.FyndSessionState) sessionStanding {
	s := state.Session
	answer := sessionStanding{
		GID: s.GID, PFOrderID: s.PFOrderID, Status: state.Word, Total: s.AmountMinor, Currency: s.Currency,
		Order: orderStanding{GID: s.GID, Amount: s.AmountMinor, Status: state.Word, Currency: s.Currency}, Payments: []sessionPayment{},
	}
	facts, _ := gofynd.Facts(s.Body) //nolint:errcheck // it was read when it came
	if facts.Methods == nil {
		facts.Methods = []gofynd.ToldMethod{}
	}
	initiated := s.CreatedAt.Unix()
	if !facts.Initiated.IsZero() {
		initiated = facts.Initiated.Unix()
	}
	var sent struct {
		Billing  json.RawMessage `json:"billing_address"`
		Shipping json.RawMessage `json:"shipping_address"`
	}
	_ = json.Unmarshal(s.Body, &sent) //nolint:errcheck // it was read when it came
	for i := range state.Payments {
		p := &state.Payments[i]
		one := sessionPayment{
			PaymentID: ref(p), OrderID: p.OrderRef, Aggregator: p.OrderRef, Captured: p.CapturedMinor > 0, Status: state.Words[i], Drawn: p.CapturedMinor,
			Misspelt: p.RefundedMinor, Refunded: p.RefundedMinor, GID: s.GID, UserID: facts.UserID, Amount: p.AmountMinor, Currency: p.Currency,
			Merchant: facts.Merchant, Locale: facts.Locale, Mode: p.Mode, Methods: facts.Methods, SuccessURL: s.SuccessURL, CancelURL: s.CancelURL,
			Billing: object(sent.Billing), Shipping: object(sent.Shipping), Kind: facts.Kind, Initiated: initiated, Created: strconv.FormatInt(p.CreatedAt.UnixMilli(), 10),
		}
		if code, why := state.Why(i); why != "" {
			one.Reason = &sessionReason{code, why}
		}
		answer.Payments = append(answer.Payments, one)
	}
	answer.Details = answer.Payments
	if p := state.Latest(); p != nil {
		answer.Order.Aggregator = a.db.GatewayName(p.Gateway)
		answer.Order.Details = orderAtBank{p.OrderRef, s.AmountMinor, s.Currency, answer.Order.Aggregator, state.Word}
		answer.Order.Misspelt = answer.Order.Details
	}
	return answer
}

// object is a member that is an object, or an empty one.
func object(member json.RawMessage) json.RawMessage {
	if len(member) == 0 || member[0] != '{' {
		return json.RawMessage("{}")
	}
	return member
}
