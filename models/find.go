package models

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/money"
)

// Found is what the finder came up with: everything in the person's stores that a text names, by what it is.
// Missing orders are among the orders.
type Found struct {
	Sought     string
	Kinds      []string // what the text may be, in words: "order ID", "part of a card number"
	Orders     []FoundOrder
	Payments   []FoundPayment
	Operations []FoundOperation
	Customers  []FoundCustomer
	Webhooks   []FoundWebhook
	Now        time.Time
}

// mostFound is how many of a kind are shown; one more is read, to know whether there are more.
const mostFound = 10

// FoundOrder is an order that was found.
type FoundOrder struct {
	ID             int64
	StoreID        int64
	PartnerOrderID string
	Customer       string
	Status         string
	StatusReason   string
	Total          money.Amount
	DateAdded      time.Time
	Exact          bool // the text is a whole id of it
}

// FoundPayment is a payment that was found.
type FoundPayment struct {
	ID        int64
	OrderID   int64
	Ref       string
	Gateway   string
	Status    PaymentStatus
	Amount    money.Amount
	Card      string // 411111 … 1111
	CreatedAt time.Time
	Exact     bool // the text is a whole id of it, and not a part of its card
}

// FoundOperation is a refund or another operation that was found by its id or its bank reference.
type FoundOperation struct {
	ID        int64
	OrderID   int64
	PaymentID int64
	Kind      gateways.Verb
	State     OperationState
	Amount    money.Amount
	Ref       string
	Reference string
	CreatedAt time.Time
}

// FoundCustomer is somebody whose name, e-mail or phone was found, with how many orders.
type FoundCustomer struct {
	Name, Email, Phone string
	Orders             int // up to those that were looked at
	Last               time.Time
}

// FoundWebhook is a webhook that speaks of what is sought.
type FoundWebhook struct {
	ID         int64
	Source     string
	Event      string
	State      string
	OrderID    int64 // 0 when it belongs to none
	ReceivedAt time.Time
}

// Empty says whether nothing was found.
func (f *Found) Empty() bool {
	return len(f.Orders)+len(f.Payments)+len(f.Operations)+len(f.Customers)+len(f.Webhooks) == 0
}

// Only is the one thing that the text is exactly an id of, when there is no other it may mean: an order, or else
// a payment. Operations and webhooks of that very thing do not make it two. order is 0 when it is none.
func (f *Found) Only() (order, payment int64) {
	for _, o := range f.Orders {
		if !o.Exact || order != 0 {
			return 0, 0
		}
		order = o.ID
	}
	alone := order == 0
	for _, p := range f.Payments {
		switch {
		case alone && p.Exact && payment == 0:
			order, payment = p.OrderID, p.ID
		case alone || p.OrderID != order:
			return 0, 0
		}
	}
	for _, op := range f.Operations {
		if op.OrderID != order || payment != 0 && op.PaymentID != payment {
			return 0, 0
		}
	}
	for _, w := range f.Webhooks {
		if w.OrderID != 0 && w.OrderID != order {
			return 0, 0
		}
	}
	if order == 0 || len(f.Customers) > 0 {
		return 0, 0
	}
	return order, payment
}

// sought is a text with what it may be.
type sought struct {
	text          string
	number        int64 // an order number, or 0
	id            bool  // one word without spaces
	email         bool
	phone         string // the last ten digits, or ""
	first6, last4 string // of a card, or ""
	words         bool   // may be a name
	named         bool   // it has letters, and is not only digits
}

var (
	utrLike   = regexp.MustCompile(`^[A-Za-z]{4}[A-Za-z0-9]{8,18}$`)
	gidLike   = regexp.MustCompile(`^(?i)(TR|FY)[A-Z0-9]{8,30}$`)
	letterful = regexp.MustCompile(`\p{L}`)
)

// recogniseText says what a text may be. Whatever is possible is looked for, each by its own index.
func recogniseText(text string) (sought, []string) {
	s := sought{text: text}
	s.id = len(text) >= 3 && !strings.Contains(text, " ")
	s.email = s.id && strings.Contains(text, "@")
	bare := strings.TrimPrefix(text, "#")
	if n, err := strconv.ParseInt(bare, 10, 64); err == nil && n > 0 && digitsOnly.MatchString(bare) {
		s.number, s.id = n, true
	}
	if digits := notDigit.ReplaceAllString(text, ""); phoneLike.MatchString(text) && len(digits) >= 7 && len(digits) <= 15 {
		s.phone = digits[max(0, len(digits)-10):]
	}
	s.first6, s.last4, _ = CardParts(text)
	s.named = letterful.MatchString(text)
	s.words = s.named && !s.email

	var kinds []string
	for _, k := range []struct {
		is   bool
		name lang.Text
	}{
		{s.number != 0, lang.Textf("order ID")},
		{s.id && s.named && !s.email, lang.Textf("partner order ID")},
		{gidLike.MatchString(text), lang.Textf("transaction ID (gid)")},
		{s.id && s.number == 0 && digitsOnly.MatchString(text) || len(text) >= 15 && digitsOnly.MatchString(text), lang.Textf("refund request ID")},
		{s.id && !s.email && len(text) >= 5, lang.Textf("payment ID")},
		{digitsOnly.MatchString(text) && len(text) == 12, lang.Textf("RRN")},
		{utrLike.MatchString(text) || digitsOnly.MatchString(text) && len(text) == 12, lang.Textf("UTR")},
		{s.email, lang.Textf("e-mail")},
		{s.phone != "", lang.Textf("phone")},
		{s.first6+s.last4 != "", lang.Textf("part of a card number")},
		{digitsOnly.MatchString(text) && len(text) >= 6 && len(text) <= 10, lang.Textf("fiscal sign")},
		{s.words, lang.Textf("name")},
	} {
		if name := k.name.String(); k.is && !slices.Contains(kinds, name) {
			kinds = append(kinds, name)
		}
	}
	return s, kinds
}
