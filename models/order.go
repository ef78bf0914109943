package models

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/kartify/kartify/money"
)

// Order is what a customer bought. Its money is minor units of Currency.
type Order struct {
	ID               int64
	StoreID          int64
	PartnerOrderID   *string // the GoFynd order id; nil until Fynd has created it
	AffiliateOrderID *string
	GID              *string `gorm:"column:gid"`
	CustomerName     string
	CustomerEmail    string
	CustomerPhone    string
	Company          string
	Status           string // a code of order_statuses
	StatusReason     string // for missing: debited, unknown or abandoned
	PaymentMethod    string // as people read it
	Gateway          string
	Currency         string
	ItemsMinor       int64 // quantity × unit, before discount and tax
	DiscountMinor    int64
	TaxMinor         int64
	ShippingMinor    int64
	ShippingTaxMinor int64
	TotalMinor       int64
	LastEvent        string
	LastEventAt      *time.Time
	BillingAddress   Address `gorm:"serializer:json"`
	ShippingAddress  Address `gorm:"serializer:json"`
	Version          int
	DateAdded        time.Time
	DateModified     time.Time
	ErasedAt         *time.Time // when who bought it was erased; the database keeps it so
}

// Address is where an order is billed or sent. Keys a partner sends beyond these are kept in Extra.
type Address struct {
	Name     string `json:"name,omitempty"`
	Company  string `json:"company,omitempty"`
	Line1    string `json:"line1,omitempty"`
	Line2    string `json:"line2,omitempty"`
	Landmark string `json:"landmark,omitempty"`
	City     string `json:"city,omitempty"`
	State    string `json:"state,omitempty"`
	Postcode string `json:"postcode,omitempty"`
	Country  string `json:"country,omitempty"`
	Phone    string `json:"phone,omitempty"`
	Email    string `json:"email,omitempty"`

	Extra map[string]json.RawMessage `json:"extra,omitempty"`
}

// Lines are the address as it is written on a parcel, without empty lines.
func (a Address) Lines() []string {
	var lines []string
	for _, line := range []string{a.Name, a.Company, a.Line1, a.Line2, a.Landmark, strings.TrimSpace(a.Postcode + " " + a.City), a.State, a.Country} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// Total is what the customer owes for the order.
func (o *Order) Total() money.Amount { return money.New(o.TotalMinor, o.Currency) }

// Amount is minor minor units in the order's currency.
func (o *Order) Amount(minor int64) money.Amount { return money.New(minor, o.Currency) }

// PartnerID is the GoFynd order id, or "".
func (o *Order) PartnerID() string { return deref(o.PartnerOrderID) }

// OrderItem is a line of an order.
type OrderItem struct {
	ID            int64
	OrderID       int64
	StoreID       int64
	Position      int
	SKU           string `gorm:"column:sku"`
	Name          string
	Quantity      int64
	UnitMinor     int64
	DiscountMinor int64
	TaxMinor      int64
	TotalMinor    int64 // quantity × unit − discount + tax
}

// OrderStatus is one of the words an order's state can have.
type OrderStatus struct {
	Code     string `gorm:"primaryKey"`
	Label    string
	Colour   string // green, blue, amber, red, grey
	Position int
	BuiltIn  bool
}

// The built-in order statuses. Missing is never part of "all".
const (
	StatusMissing           = "missing"
	StatusPending           = "pending"
	StatusProcessing        = "processing"
	StatusProcessed         = "processed"
	StatusShipped           = "shipped"
	StatusComplete          = "complete"
	StatusCancelled         = "cancelled"
	StatusFailed            = "failed"
	StatusRefunded          = "refunded"
	StatusPartiallyRefunded = "partially_refunded"
)

// EventRefundInitiated is the partner's word that money is owed back.
const EventRefundInitiated = "REFUND_INITIATED"

// OrderEvent is one partner event as it was received. A REFUND_INITIATED is Waiting until money has moved for it.
type OrderEvent struct {
	ID          int64
	OrderID     int64
	StoreID     int64
	Event       string
	WebhookID   *int64
	RequestID   string // the partner's refund id, of any length
	ShipmentID  string
	AmountMinor *int64
	UnitDoubt   bool // the amount fits the order only when read in the other unit
	Waiting     bool
	Snapshot    bool // it told the order as a whole
	ClosedAt    *time.Time
	ClosedBy    string
	OccurredAt  *time.Time
	ReceivedAt  time.Time
}

// OrderHistory is one thing that happened to an order, and who did it.
type OrderHistory struct {
	ID          int64
	OrderID     int64
	StoreID     int64
	At          time.Time
	Actor       string
	ActorID     *int64
	ActorName   string
	Kind        string // created, status, event, payment, operation, note, partner
	FromStatus  *string
	ToStatus    *string
	Comment     string
	Notified    bool
	OperationID *int64
}

// TableName is order_history.
func (OrderHistory) TableName() string { return "order_history" }

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
