package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// OperationState is where a money operation stands.
type OperationState string

// The states, in the order a refund passes them. Unknown was sent and not answered: it is looked up, never guessed.
const (
	AwaitingApproval OperationState = "awaiting_approval"
	Queued           OperationState = "queued"
	Dispatching      OperationState = "dispatching"
	Accepted         OperationState = "pending" // the gateway has it and is not finished
	Succeeded        OperationState = "succeeded"
	Failed           OperationState = "failed"
	UnknownOutcome   OperationState = "unknown"
	NeedsReview      OperationState = "needs_review"
	Cancelled        OperationState = "cancelled"
)

// Final says whether nothing more is expected to happen.
func (s OperationState) Final() bool {
	return s == Succeeded || s == Failed || s == Cancelled
}

// Open says whether the operation still holds its reservation.
func (s OperationState) Open() bool { return !s.Final() }

// Operation is one money action: stored before it is sent, with its own key, and settled by evidence only.
type Operation struct {
	ID             int64
	StoreID        int64
	OrderID        int64
	PaymentID      int64
	Kind           gateways.Verb
	Source         string // staff, api, status, provider (done in the provider's own portal); see Wish
	AmountMinor    int64
	Currency       string
	Lines          []RefundLine `gorm:"serializer:json"`
	Reason         string
	Note           string
	RequestedBy    *int64
	Requester      string
	ApprovedBy     *int64
	EventID        *int64 // the REFUND_INITIATED it answers
	TokenHash      []byte
	Digest         []byte
	IdempotencyKey string
	SettingsID     *int64
	State          OperationState
	Attempts       int
	Lookups        int
	LeaseUntil     *time.Time
	NextAt         *time.Time
	FirstSentAt    *time.Time
	Ref            string
	Word           string
	Reference      string
	Problem        string
	Contradiction  string
	CreatedAt      time.Time
	UpdatedAt      time.Time
	FinishedAt     *time.Time
	Once           bool              // of class Once when it was asked for: sent once at most
	Before         *gateways.Payment `gorm:"serializer:json"` // as the provider showed it before the first send
	BeforeAt       *time.Time
	BeforeVersion  *int         // of the payment's row when it was read
	WasMinor       *int64       // what was authorized before an amount update, or before the release of a rest
	WasLines       []RefundLine `gorm:"serializer:json"` // of an amount update: the order's lines before it
	Follows        *int64       // the first operation of the same wish

	Tries []OperationAttempt `gorm:"-"`
}

// Amount is what the operation moves; of an amount update, what is to be held.
func (o *Operation) Amount() money.Amount { return money.New(o.AmountMinor, o.Currency) }

// OperationAttempt is one call to the gateway for an operation, or one webhook that spoke of it.
type OperationAttempt struct {
	ID          int64
	OperationID int64
	StoreID     int64
	N           int
	Kind        string // send, lookup, webhook
	Outcome     string
	Detail      string
	HTTPStatus  int                 `gorm:"column:http_status"`
	Exchanges   []gateways.Exchange `gorm:"serializer:json"`
	StartedAt   time.Time
	FinishedAt  *time.Time
}

// lockOperation takes the row of an operation, after its payment's: the order every change keeps to.
func (db *DB) lockOperation(ctx context.Context, id int64) (*Payment, *Operation, error) {
	var at struct{ OrderID, PaymentID int64 }
	err := db.in(ctx).Model(&Operation{}).Scopes(scoped(ctx, "operations")).Select("order_id, payment_id").Where("id = ?", id).Take(&at).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil, ErrNotFound
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read operation %d: %w", id, err)
	}
	payment, err := db.lockPayment(ctx, at.OrderID, at.PaymentID)
	if err != nil {
		return nil, nil, err
	}
	var op Operation
	if err := db.in(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).First(&op, "id = ?", id).Error; err != nil {
		return nil, nil, fmt.Errorf("lock operation %d: %w", id, err)
	}
	return payment, &op, nil
}

// saveOperation writes what may change of an operation after it was stored. What was asked never changes.
func (db *DB) saveOperation(ctx context.Context, op *Operation) error {
	if op.State.Final() && op.FinishedAt == nil {
		now := time.Now().UTC()
		op.FinishedAt = &now
	}
	if op.State.Final() || op.State == NeedsReview {
		op.NextAt, op.LeaseUntil = nil, nil
	}
	err := db.in(ctx).Model(&Operation{}).Where("id = ?", op.ID).Updates(map[string]any{
		"state": op.State, "attempts": op.Attempts, "lookups": op.Lookups, "lease_until": op.LeaseUntil, "next_at": op.NextAt,
		"first_sent_at": op.FirstSentAt, "ref": op.Ref, "word": op.Word, "reference": op.Reference, "problem": op.Problem,
		"contradiction": op.Contradiction, "was_minor": op.WasMinor, "settings_id": op.SettingsID, "finished_at": op.FinishedAt, "updated_at": gorm.Expr("now()"),
	}).Error
	if err != nil {
		return fmt.Errorf("save operation %d: %w", op.ID, err)
	}
	return nil
}

// operationByToken is the operation that a form's token was used for, or nil.
func (db *DB) operationByToken(ctx context.Context, hash []byte) (*Operation, error) {
	var op Operation
	err := db.in(ctx).Scopes(scoped(ctx, "operations")).First(&op, "token_hash = ?", hash).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for a repeated form: %w", err)
	}
	return &op, nil
}

// now is the database's clock, which leases and due times go by.
func (db *DB) now(ctx context.Context) (time.Time, error) {
	var at time.Time
	if err := db.in(ctx).Raw("SELECT clock_timestamp()").Scan(&at).Error; err != nil {
		return at, fmt.Errorf("ask the database for the time: %w", err)
	}
	return at.UTC(), nil
}
