package gofynd

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// PaymentWords are the only words Fynd takes for a payment (Fynd docs, implement payment flow).
var PaymentWords = []string{"started", "pending", "complete", "failed"}

// PaymentUpdate says how the payment of a session stands. The same update may be sent again.
type PaymentUpdate struct {
	Session  SessionFacts
	Status   string       // one of PaymentWords
	Total    money.Amount // that Fynd asked for
	Payments []PaymentFacts
}

// SessionFacts are what Fynd itself said of a payment when it asked for it; it hears them again.
type SessionFacts struct {
	GID        string // what Fynd calls the payment: TR…
	PFOrderID  string // the order at Fynd, "" when it did not say
	UserID     string // Fynd's id of the buyer
	Locale     string
	Merchant   string // the locale of the seller
	Kind       string // sale
	Mode       string // "test" or "live"
	SuccessURL string
	CancelURL  string
	Methods    []ToldMethod
	Initiated  time.Time // when Fynd says that its buyer began; zero when it does not say
}

// ToldMethod is a payment method as Fynd names it.
type ToldMethod struct {
	Code string       `json:"code,omitempty"`
	Name string       `json:"name,omitempty"`
	Subs []ToldMethod `json:"sub_payment_mode,omitempty"`
}

// PaymentFacts are one payment at its gateway.
type PaymentFacts struct {
	Gateway    string // "Razorpay"
	PaymentRef string // the gateway's id of the payment, "" while there is none
	OrderRef   string // the gateway's id of its order
	Status     string // one of PaymentWords
	Amount     money.Amount
	Captured   int64     // minor units
	Code       string    // of a failure, the gateway's
	Reason     string    // of a failure, in words
	At         time.Time // when it began; the same in every repeat
}

// PaymentReply is Fynd's answer to a PaymentUpdate.
type PaymentReply struct {
	Status         string
	PartnerOrder   string // the GoFynd order id, where Fynd says it
	TransactionIDs []string
	Raw            []byte
}

// The members, in the order in which they are sent and summed (fdk-client-javascript, PaymentSessionRequestSerializer).
type paymentMessage struct {
	GID       string           `json:"gid"`
	PFOrderID string           `json:"pf_order_id,omitempty"`
	Status    string           `json:"status"`
	Currency  string           `json:"currency"`
	Total     int64            `json:"total_amount"`
	Payments  []paymentDetails `json:"payment_details"`
	Order     orderDetails     `json:"order_details"`
}

// orderDetails have the aggregator's part under both of its spellings: the client libraries demand the right one, the
// samples of Fynd's payment extension documentation have the other.
type orderDetails struct {
	GID        string          `json:"gid"`
	Amount     int64           `json:"amount"`
	Status     string          `json:"status"`
	Currency   string          `json:"currency"`
	Aggregator string          `json:"aggregator"`
	Details    aggregatorOrder `json:"aggregator_order_details"`
	Misspelt   aggregatorOrder `json:"aggergator_order_details"`
}

type aggregatorOrder struct {
	OrderID    string `json:"aggregator_order_id"`
	Amount     int64  `json:"amount"`
	Currency   string `json:"currency"`
	Aggregator string `json:"aggregator"`
	Status     string `json:"status"`
}

// UpdatePaymentSession tells Fynd how the payment of a session stands.
func (g *Gateway) UpdatePaymentSession(ctx context.Context, u PaymentUpdate) (PaymentReply, error) {
	refuse := func(sentence string) (PaymentReply, error) {
		return PaymentReply{}, &gateways.Error{Kind: gateways.Declined, Verb: "payment_session", Message: sentence}
	}
	switch {
	case u.Session.GID == "" || len(u.Payments) == 0:
		return refuse("There is no payment to tell Fynd of.")
	case !slices.Contains(PaymentWords, u.Status):
		return refuse("Fynd does not know the payment status " + u.Status + ".")
	case u.Total.Minor <= 0 || slices.ContainsFunc(u.Payments, func(p PaymentFacts) bool { return p.Amount.Currency != u.Total.Currency }):
		return refuse("The payments of a session must be in its currency and above zero.")
	}
	body, err := withChecksum(u.message(), g.checksumSecret)
	if err != nil {
		return refuse("The update could not be written down.")
	}
	var out struct {
		GID          string `json:"gid"`
		Status       string `json:"status"`
		PartnerOrder string `json:"pf_order_id"`
		Transactions []struct {
			ID text `json:"transaction_id"`
		} `json:"platform_transaction_details"`
	}
	raw, err := g.api.PutJSON(ctx, "payment_session", g.path("/session/%s", u.Session.GID), body, &out)
	if err != nil {
		return PaymentReply{}, err
	}
	if out.GID != u.Session.GID {
		return PaymentReply{}, &gateways.Error{Kind: gateways.Unknown, Verb: "payment_session", Status: 200, Message: "Fynd answered about another payment than the one reported. The report is sent again."}
	}
	reply := PaymentReply{Status: out.Status, PartnerOrder: out.PartnerOrder, Raw: raw}
	for _, transaction := range out.Transactions {
		reply.TransactionIDs = append(reply.TransactionIDs, string(transaction.ID))
	}
	return reply, nil
}

func (u PaymentUpdate) message() paymentMessage {
	m := paymentMessage{GID: u.Session.GID, PFOrderID: u.Session.PFOrderID, Status: u.Status, Currency: u.Total.Currency, Total: u.Total.Minor}
	for _, p := range u.Payments {
		details := u.Session.details(p)
		details.Captured = new(p.Captured > 0)
		details.Created = millis(p.At)
		if p.Status == "failed" {
			details.Reason = &failure{plain(p.Code), plain(p.Reason)}
		}
		m.Payments = append(m.Payments, details)
	}
	first := u.Payments[0]
	aggregator := aggregatorOrder{first.OrderRef, u.Total.Minor, u.Total.Currency, first.Gateway, u.Status}
	m.Order = orderDetails{u.Session.GID, u.Total.Minor, u.Status, u.Total.Currency, first.Gateway, aggregator, aggregator}
	return m
}

// details are a payment with what Fynd said of its session.
func (s SessionFacts) details(p PaymentFacts) paymentDetails {
	methods := s.Methods
	if len(methods) == 0 {
		methods = []ToldMethod{{}}
	}
	return paymentDetails{
		GID: s.GID, PaymentID: p.PaymentRef, Mode: s.Mode, Amount: p.Amount.Minor, AmountCaptured: p.Captured, SuccessURL: plain(s.SuccessURL), CancelURL: plain(s.CancelURL),
		PaymentMethods: methods, UserID: plain(s.UserID), Currency: p.Amount.Currency, AggregatorOrder: p.OrderRef, Status: p.Status,
		Kind: plain(s.Kind), Locale: plain(s.Locale), MerchantLocale: plain(s.Merchant),
	}
}

// millis is a moment as Fynd wants it: its milliseconds, as text.
func millis(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }

// Facts are what the body of a session says of it besides its amount, read leniently: two shapes of it are in use
// (payment extension documentation, payment-extension-boilerplate).
func Facts(body []byte) (SessionFacts, error) {
	n, err := parse(body)
	return SessionFacts{
		GID: n.of("gid"), PFOrderID: n.of("pf_order_id", "fynd_platform_id"), UserID: n.of("g_user_id"), Locale: n.of("locale"),
		Merchant: n.of("merchant_locale", "seller_locale"), Kind: first(n.of("kind"), "sale"), Mode: n.of("mode"),
		SuccessURL: n.of("success_url"), CancelURL: n.of("cancel_url"), Methods: methods(n.at("payment_methods")),
		Initiated: n.at("initiated_at").moment(),
	}, err
}

func methods(n node) []ToldMethod {
	var list []ToldMethod
	for _, one := range n.list() {
		if m := (ToldMethod{plain(one.of("code")), plain(one.of("name")), methods(one.at("sub_payment_mode"))}); m.Code != "" || m.Name != "" {
			list = append(list, m)
		}
	}
	return list
}
