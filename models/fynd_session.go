package models

import (
	"encoding/json"
	"time"

	"github.com/kartify/kartify/money"
)

// FyndSession is one payment that Fynd asked for: an order, and the way of its buyer to the gateway and back.
type FyndSession struct {
	ID            string // 24 hexadecimal digits
	ExtensionID   int64
	StoreID       int64
	OrderID       int64
	LinkID        *int64 // of the payment link with which its buyer pays
	CompanyID     string
	ApplicationID string
	GID           string `gorm:"column:gid"`
	PFOrderID     string `gorm:"column:pf_order_id"` // Fynd's order id
	AmountMinor   int64
	Currency      string
	Mode          string          // test, live
	SuccessURL    string          `gorm:"column:success_url"`
	CancelURL     string          `gorm:"column:cancel_url"`
	Body          json.RawMessage `gorm:"type:jsonb"` // as it came, also what is not known here
	BodyHash      []byte
	Reply         string // what Fynd was answered, and is answered again
	CreatedAt     time.Time
	ExpiresAt     time.Time
}

// Amount is what Fynd asks for.
func (s *FyndSession) Amount() money.Amount { return money.New(s.AmountMinor, s.Currency) }

// FyndActor is Fynd Platform, which asks an extension for payments and refunds.
var FyndActor = Actor{Kind: "api", Name: "Fynd Platform"}

// FyndRefund is one refund that Fynd asked for. What became of it is its operation's to say.
type FyndRefund struct {
	ID          int64
	SessionID   string
	StoreID     int64
	OrderID     int64
	OperationID *int64
	EventID     *int64 // the REFUND_INITIATED that it is in the order's list
	RequestID   string // up to 20 digits: never a number
	AmountMinor int64
	Currency    string
	JourneyType string
	Body        json.RawMessage `gorm:"type:jsonb"`
	BodyHash    []byte
	Problem     string // why it waits for a person, or ""
	Reply       string // what Fynd was answered
	CreatedAt   time.Time

	Begun bool `gorm:"-"` // its refund has just been started, by this very request
}
