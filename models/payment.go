package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/money"
)

// PaymentStatus is where a payment stands. The words are those of the payments cabinet merchants know,
// plus authorized.
type PaymentStatus string

// The payment statuses.
const (
	PaymentPending           PaymentStatus = "pending"            // the buyer was sent to pay
	PaymentAuthorized        PaymentStatus = "authorized"         // held, not drawn
	PaymentObtained          PaymentStatus = "obtained"           // drawn
	PaymentCanceled          PaymentStatus = "canceled"           // the buyer turned back, or the hold was given back
	PaymentFailed            PaymentStatus = "failed"             // declined
	PaymentSuccess           PaymentStatus = "success"            // drawn, and everybody told
	PaymentStuck             PaymentStatus = "stuck"              // drawn, but a notification did not arrive
	PaymentRefunding         PaymentStatus = "refunding"          // a refund is on its way
	PaymentRefunded          PaymentStatus = "refunded"           // all of it returned
	PaymentPartiallyRefunded PaymentStatus = "partially_refunded" // some of it returned
)

// Captured says whether there is, or was, money drawn.
func (s PaymentStatus) Captured() bool {
	switch s {
	case PaymentObtained, PaymentSuccess, PaymentStuck, PaymentRefunding, PaymentRefunded, PaymentPartiallyRefunded:
		return true
	default:
		return false
	}
}

// Label is the status as people read it.
func (s PaymentStatus) Label() string {
	return map[PaymentStatus]string{
		PaymentPending: "Awaiting payment", PaymentAuthorized: "Authorized", PaymentObtained: "Received", PaymentCanceled: "Canceled",
		PaymentFailed: "Failed", PaymentSuccess: "Completed", PaymentStuck: "Completed, not notified", PaymentRefunding: "Refunding",
		PaymentRefunded: "Refunded", PaymentPartiallyRefunded: "Partially refunded",
	}[s]
}

// Word is the label in the language of the context: in Russian PayKeeper's own word.
func (s PaymentStatus) Word(ctx context.Context) string { return lang.Word(ctx, "payment", s.Label()) }

// Payment is one attempt to pay for an order. Its counters are minor units of Currency; the database
// refuses any in which captured + reserved exceeds authorized, or refunded + reserved exceeds captured.
type Payment struct {
	ID                   int64
	OrderID              int64
	StoreID              int64
	Gateway              string
	Mode                 string
	SettingsID           *int64  // with which it was begun, or first shown; nil when nobody knows its account
	Ref                  *string // the provider's id: pay_…
	OrderRef             string  // the provider's id of its order
	Status               PaymentStatus
	ProviderStatus       string
	WaitsFor             gateways.Wait // as the provider said last; it counts while the status is pending
	Method               string
	Currency             string
	AmountMinor          int64
	AuthorizedMinor      int64
	CapturedMinor        int64
	CaptureReservedMinor int64
	RefundedMinor        int64
	RefundReservedMinor  int64
	VoidedAt             *time.Time
	CaptureBefore        *time.Time
	CardFirst6           string `gorm:"column:card_first6"`
	CardLast4            string `gorm:"column:card_last4"`
	CardNetwork          string
	RRN                  string         `gorm:"column:rrn"`
	Params               map[string]any `gorm:"serializer:json"`
	RefundingSince       *time.Time
	Notice               string // whether the shop was told of it: waiting, told, untold, or "" when nobody waits
	Version              int
	CreatedAt            time.Time
	UpdatedAt            time.Time

	Operations []Operation `gorm:"-"`
}

// Amount is minor minor units in the payment's currency.
func (p *Payment) Amount(minor int64) money.Amount { return money.New(minor, p.Currency) }

// Captured is the money drawn.
func (p *Payment) Captured() money.Amount { return p.Amount(p.CapturedMinor) }

// Refundable is what may still be asked back: drawn, not returned, and not reserved by a refund under way.
func (p *Payment) Refundable() money.Amount {
	return p.Amount(max(p.CapturedMinor-p.RefundedMinor-p.RefundReservedMinor, 0))
}

// Held is what may still be captured: authorized, not drawn, and not reserved by a capture under way.
func (p *Payment) Held() money.Amount {
	if p.VoidedAt != nil {
		return p.Amount(0)
	}
	return p.Amount(max(p.AuthorizedMinor-p.CapturedMinor-p.CaptureReservedMinor, 0))
}

// onHold says whether the provider holds money of the buyer's for it, or did before it was drawn.
func (p *Payment) onHold() bool {
	return p.AuthorizedMinor > 0 && (p.Status == PaymentAuthorized || p.Status.Captured())
}

// settledStatus is the status that the counters of a captured payment add up to.
func (p *Payment) settledStatus() PaymentStatus {
	switch {
	case p.RefundReservedMinor > 0:
		return PaymentRefunding
	case p.RefundedMinor == 0:
		return p.toldStatus()
	case p.RefundedMinor < p.CapturedMinor:
		return PaymentPartiallyRefunded
	default:
		return PaymentRefunded
	}
}

// toldStatus is the status of money that is drawn and not returned, by whether the shop was told of it.
func (p *Payment) toldStatus() PaymentStatus {
	switch {
	case p.Notice == noticeWaiting:
		return PaymentObtained
	case p.Notice == noticeUntold:
		return PaymentStuck
	case p.Notice == "" && (p.Status == PaymentStuck || p.Status == PaymentObtained):
		return p.Status
	}
	return PaymentSuccess
}

// lockPayment takes the payment's row for this transaction. The payment is sought under its order.
func (db *DB) lockPayment(ctx context.Context, order, id int64) (*Payment, error) {
	var payment Payment
	err := db.in(ctx).Scopes(scoped(ctx, "payments")).Clauses(clause.Locking{Strength: "UPDATE"}).
		First(&payment, "id = ? AND order_id = ?", id, order).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("lock payment %d: %w", id, err)
	}
	return &payment, nil
}

// savePayment writes what operations change of a payment, and nothing else.
func (db *DB) savePayment(ctx context.Context, p *Payment) error {
	if p.Status == PaymentRefunding && p.RefundingSince == nil {
		now := time.Now().UTC()
		p.RefundingSince = &now
	}
	if p.Status != PaymentRefunding {
		p.RefundingSince = nil
	}
	res := db.in(ctx).Model(&Payment{}).Where("id = ? AND version = ?", p.ID, p.Version).Updates(map[string]any{
		"status": p.Status, "provider_status": p.ProviderStatus,
		"amount_minor": p.AmountMinor, "authorized_minor": p.AuthorizedMinor, "captured_minor": p.CapturedMinor, "capture_reserved_minor": p.CaptureReservedMinor,
		"refunded_minor": p.RefundedMinor, "refund_reserved_minor": p.RefundReservedMinor,
		"voided_at": p.VoidedAt, "refunding_since": p.RefundingSince, "notice": p.Notice,
		"version": p.Version + 1, "updated_at": gorm.Expr("now()"),
	})
	if res.Error != nil {
		return fmt.Errorf("save payment %d: %w", p.ID, res.Error)
	}
	if res.RowsAffected != 1 {
		return fmt.Errorf("save payment %d: it changed under the lock", p.ID)
	}
	p.Version++
	return nil
}
