package gofynd

import (
	"context"
	"slices"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// RefundWords are the only words Fynd takes for a refund (Fynd docs, implement refund flow).
var RefundWords = []string{"refund_initiated", "refund_pending", "refund_done", "refund_failed", "refund_rejected", "refund_disputed"}

// RefundUpdate says what became of a refund that Fynd asked for. The same update may be sent again.
type RefundUpdate struct {
	GID        string       // what Fynd calls the payment: TR…
	RequestID  string       // Fynd's id of the refund request; text, for it may have 20 digits
	Status     string       // one of RefundWords
	Amount     money.Amount // of this refund
	Total      money.Amount // of the payment
	Gateway    string       // "Razorpay"
	PaymentRef string       // the gateway's id of the payment
	OrderRef   string       // the gateway's id of its order
	RefundRef  string       // the gateway's id of the refund, once known
	UTR        string       // the bank's reference, once known
	Reason     string
	Mode       string    // "test" or "live"
	At         time.Time // when the refund was asked of the gateway; the same in every repeat

	Session *SessionFacts // of a payment that Fynd asked an extension for; nil for a store's own GoFynd API
	Receipt string        // our key of the refund, for those of an extension
}

// RefundReply is Fynd's answer to a RefundUpdate.
type RefundReply struct {
	Status        string
	PartnerOrder  string // the GoFynd order id, where Fynd says it
	FyndRefundIDs []string
	Raw           []byte
}

// The members, in the order in which they are sent and summed (fdk-client-javascript, RefundSessionRequestSerializer).
type refundMessage struct {
	GID       string         `json:"gid"`
	PFOrderID string         `json:"pf_order_id,omitempty"`
	Status    string         `json:"status"`
	Currency  string         `json:"currency"`
	Total     int64          `json:"total_amount"`
	Payment   paymentDetails `json:"payment_details"`
	Refunds   []refundDetail `json:"refund_details"`
}

// paymentDetails are one object in an update of a refund and a list of them in one of a payment.
type paymentDetails struct {
	GID             string       `json:"gid"`
	PaymentID       string       `json:"payment_id"`
	Mode            string       `json:"mode"`
	Amount          int64        `json:"amount"`
	AmountCaptured  int64        `json:"amount_captured"`
	SuccessURL      string       `json:"success_url"`
	CancelURL       string       `json:"cancel_url"`
	PaymentMethods  []ToldMethod `json:"payment_methods"`
	UserID          string       `json:"g_user_id"`
	Currency        string       `json:"currency"`
	AggregatorOrder string       `json:"aggregator_order_id"`
	Status          string       `json:"status"`
	Created         string       `json:"created,omitempty"` // milliseconds, as text
	Captured        *bool        `json:"captured,omitempty"`
	Kind            string       `json:"kind,omitempty"`
	Locale          string       `json:"locale,omitempty"`
	MerchantLocale  string       `json:"merchant_locale,omitempty"`
	Reason          *failure     `json:"reason,omitempty"`
}

// failure is why a payment failed.
type failure struct {
	Code        string `json:"code"`
	Description string `json:"description"`
}

type refundDetail struct {
	RequestID string `json:"request_id"`
	PaymentID string `json:"payment_id"`
	Amount    int64  `json:"amount"`
	Status    string `json:"status"`
	Created   string `json:"created"` // milliseconds, as text
	Currency  string `json:"currency"`
	UTR       string `json:"refund_utr,omitempty"`
	Reason    string `json:"reason,omitempty"`
	RefundID  string `json:"pg_refund_id,omitempty"`
	Receipt   string `json:"receipt_number,omitempty"`
}

// UpdateRefundSession tells Fynd what became of a refund.
func (g *Gateway) UpdateRefundSession(ctx context.Context, u RefundUpdate) (RefundReply, error) {
	refuse := func(sentence string) (RefundReply, error) {
		return RefundReply{}, &gateways.Error{Kind: gateways.Declined, Verb: "refund_session", Message: sentence}
	}
	switch {
	case u.GID == "" || u.RequestID == "":
		return refuse("Fynd did not say under which payment and request it asked for this refund; there is nothing to report to.")
	case !slices.Contains(RefundWords, u.Status):
		return refuse("Fynd does not know the refund status " + u.Status + ".")
	case u.Amount.Currency != u.Total.Currency || u.Amount.Minor <= 0:
		return refuse("The refund and its payment must be in one currency and above zero.")
	}
	session := SessionFacts{GID: u.GID, Mode: u.Mode}
	if u.Session != nil {
		session = *u.Session
		session.GID = u.GID
	}
	body, err := withChecksum(refundMessage{
		GID: u.GID, PFOrderID: session.PFOrderID, Status: u.Status, Currency: u.Amount.Currency, Total: u.Total.Minor,
		Payment: session.details(PaymentFacts{PaymentRef: u.PaymentRef, OrderRef: u.OrderRef, Status: "complete", Amount: u.Total, Captured: u.Total.Minor}),
		Refunds: []refundDetail{{
			RequestID: u.RequestID, PaymentID: u.PaymentRef, Amount: u.Amount.Minor, Status: u.Status,
			Created: millis(u.At), Currency: u.Amount.Currency, UTR: u.UTR, Reason: plain(u.Reason), RefundID: u.RefundRef, Receipt: u.Receipt,
		}},
	}, g.checksumSecret)
	if err != nil {
		return refuse("The report could not be written down.")
	}
	var out struct {
		GID          string `json:"gid"`
		Status       string `json:"status"`
		PartnerOrder string `json:"pf_order_id"`
		Refunds      []struct {
			ID text `json:"refund_id"`
		} `json:"platform_refund_details"`
	}
	raw, err := g.api.PutJSON(ctx, "refund_session", g.path("/%s/refund/session/%s", u.GID, u.RequestID), body, &out)
	if err != nil {
		return RefundReply{}, err
	}
	if out.GID != u.GID {
		return RefundReply{}, &gateways.Error{Kind: gateways.Unknown, Verb: "refund_session", Status: 200, Message: "Fynd answered about another payment than the one reported. The report is sent again."}
	}
	reply := RefundReply{Status: out.Status, PartnerOrder: out.PartnerOrder, Raw: raw}
	for _, refund := range out.Refunds {
		reply.FyndRefundIDs = append(reply.FyndRefundIDs, string(refund.ID))
	}
	return reply, nil
}
