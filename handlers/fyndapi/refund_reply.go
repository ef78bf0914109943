package fyndapi

import (
	"cmp"
	"slices"

	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/models"
)

// refundAcknowledged is the answer to a refund request. It has the members of the payment extension documentation and
// those of the boilerplate.
type refundAcknowledged struct {
	GID       string        `json:"gid"`
	PFOrderID string        `json:"pf_order_id"`
	Journey   string        `json:"journey_type"`
	Payment   refundPayment `json:"aggregator_payment_details"`
	Refund    refundDetails `json:"aggregator_payment_refund_details"` // one object here, a list in refundStanding
}

// refundStanding is the answer to a question about refunds: the members of the payment extension documentation, and
// those of the boilerplate, which lists the refunds under another name.
type refundStanding struct {
	GID       string          `json:"gid"`
	Status    string          `json:"status"` // of the payment
	Total     int64           `json:"total_amount"`
	Currency  string          `json:"currency"`
	PFOrderID string          `json:"pf_order_id"`
	Payment   refundPayment   `json:"payment_details"`
	Refunds   []refundDetails `json:"refund_details"`
	Listed    []refundDetails `json:"aggregator_payment_refund_details"`
}

// refundPayment is the payment that refunds are of. What was refunded stands there as Fynd's samples spell it, too.
type refundPayment struct {
	PaymentID  string              `json:"payment_id"`
	OrderRef   string              `json:"aggregator_order_id"`
	CustomerID string              `json:"aggregator_customer_id"`
	Status     string              `json:"status"`
	Captured   bool                `json:"captured"`
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
	Kind       string              `json:"kind"`
	Initiated  int64               `json:"initiated_at"` // seconds
}

// refundDetails are one refund. Its reason is a text in the shape of the documentation and an object in the list of
// the boilerplate.
type refundDetails struct {
	RequestID      string  `json:"request_id"`
	Amount         int64   `json:"amount"`
	Status         string  `json:"status"`
	Currency       string  `json:"currency"`
	UTR            string  `json:"refund_utr"`
	PaymentID      string  `json:"payment_id"`
	RefundID       string  `json:"pg_refund_id"`
	Reason         any     `json:"reason"`
	Receipt        string  `json:"receipt_number"`
	Reversal       *string `json:"transfer_reversal"`
	SourceReversal *string `json:"source_transfer_reversal"`
	Created        int64   `json:"created"` // milliseconds
	Balance        *string `json:"balance_transaction"`
}

type refundReason struct {
	Description string `json:"description"`
}

// acknowledgement is the answer to a request that was just taken. The refund that it began is initiated, whatever has
// become of it since; one that waits for a person, or was made before, stands as it does.
func acknowledgement(state *models.FyndSessionState, refund *models.FyndRefund, list []models.SessionRefund) refundAcknowledged {
	answer := refundAcknowledged{GID: state.Session.GID, PFOrderID: state.Session.PFOrderID, Journey: refund.JourneyType, Payment: paymentOf(state)}
	i := slices.IndexFunc(list, func(r models.SessionRefund) bool { return r.RequestID == refund.RequestID })
	if i >= 0 {
		answer.Refund = detailsOf(list[i], state.Session.Currency)
	}
	if refund.Begun {
		answer.Refund.Status = models.FyndRefundInitiated
	}
	answer.Refund.PaymentID = cmp.Or(answer.Refund.PaymentID, answer.Payment.PaymentID)
	return answer
}

func refundStatus(state *models.FyndSessionState, list []models.SessionRefund) refundStanding {
	s := state.Session
	answer := refundStanding{
		GID: s.GID, Status: state.Word, Total: s.AmountMinor, Currency: s.Currency, PFOrderID: s.PFOrderID, Payment: paymentOf(state),
		Refunds: []refundDetails{}, Listed: []refundDetails{},
	}
	for i := range list {
		refund := detailsOf(list[i], s.Currency)
		answer.Refunds = append(answer.Refunds, refund)
		refund.Reason = refundReason{cmp.Or(list[i].Problem, list[i].Reason)}
		answer.Listed = append(answer.Listed, refund)
	}
	return answer
}

func detailsOf(r models.SessionRefund, currency string) refundDetails {
	return refundDetails{
		RequestID: r.RequestID, Amount: r.Amount.Minor, Status: r.Word, Currency: currency, UTR: r.UTR, PaymentID: r.PaymentRef, RefundID: r.Ref,
		Reason: cmp.Or(r.Problem, r.Reason), Receipt: r.Receipt, Created: r.At.UnixMilli(),
	}
}

// paymentOf is the payment of a session, without the people in it: Fynd knows them.
func paymentOf(state *models.FyndSessionState) refundPayment {
	s := state.Session
	facts, _ := gofynd.Facts(s.Body) //nolint:errcheck // it was read when it came
	answer := refundPayment{
		Status: state.Word, GID: s.GID, UserID: facts.UserID, Amount: s.AmountMinor, Currency: s.Currency, Merchant: facts.Merchant, Locale: facts.Locale, Mode: s.Mode,
		Methods: facts.Methods, SuccessURL: s.SuccessURL, CancelURL: s.CancelURL, Kind: facts.Kind, Initiated: s.CreatedAt.Unix(),
	}
	if answer.Methods == nil {
		answer.Methods = []gofynd.ToldMethod{}
	}
	if !facts.Initiated.IsZero() {
		answer.Initiated = facts.Initiated.Unix()
	}
	if p := state.Latest(); p != nil {
		answer.PaymentID, answer.OrderRef = ref(p), p.OrderRef
	}
	for i := range state.Payments {
		answer.Drawn += state.Payments[i].CapturedMinor
		answer.Refunded += state.Payments[i].RefundedMinor
	}
	answer.Captured, answer.Misspelt = answer.Drawn > 0, answer.Refunded
	return answer
}

// ref is the gateway's id of a payment, or "".
func ref(p *models.Payment) string {
	if p.Ref == nil {
		return ""
	}
	return *p.Ref
}
