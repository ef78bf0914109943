package models

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways"
)

// PartnerUpdate is one thing Fynd must hear once: the outbox.
type PartnerUpdate struct {
	ID          int64
	StoreID     int64
	OrderID     int64
	OperationID *int64 // of a refund
	PaymentID   *int64 // of a confirmation
	Kind        string // refund_session, confirm_payment
	GID         string `gorm:"column:gid"`
	RequestID   string
	Status      string // the partner's word: refund_pending, refund_done, refund_failed, complete
	AmountMinor int64
	Currency    string
	State       string // queued, done, failed
	Tries       int
	NextAt      *time.Time
	Problem     string
	Log         json.RawMessage `gorm:"type:jsonb"`
	CreatedAt   time.Time
	DoneAt      *time.Time
	Actor       string `gorm:"default:job"` // who asked for it: user, webhook, job, api, system
	ActorID     *int64
	ActorName   string
}

// PartnerJob asks for one attempt to tell Fynd something.
type PartnerJob struct {
	UpdateID int64 `json:"update_id"`
}

// Kind names the job.
func (PartnerJob) Kind() string { return "tell_partner" }

// partnerWords are Fynd's words for a refund (payment extension documentation, refund statuses).
var partnerWords = map[OperationState]string{
	Accepted: "refund_pending", Succeeded: "refund_done", Failed: "refund_failed",
}

// tellPartner queues what Fynd must hear about a refund, once per word: only for stores integrated with
// FYND, and only when Fynd asked for the refund, for it knows it by its own request id.
func (db *DB) tellPartner(ctx context.Context, order *Order, op *Operation) error {
	word, ok := partnerWords[op.State]
	if !ok || op.Kind != gateways.Refund || op.EventID == nil {
		return nil
	}
	var event OrderEvent
	if err := db.in(ctx).First(&event, "id = ?", *op.EventID).Error; err != nil {
		return fmt.Errorf("read refund request %d: %w", *op.EventID, err)
	}
	if event.RequestID == "" {
		return nil
	}
	now, err := db.now(ctx)
	if err != nil {
		return err
	}
	update := PartnerUpdate{
		StoreID: order.StoreID, OrderID: order.ID, OperationID: &op.ID, Kind: "refund_session", GID: deref(order.GID), RequestID: event.RequestID,
		Status: word, AmountMinor: op.AmountMinor, Currency: op.Currency, State: "queued", NextAt: &now, Log: json.RawMessage("[]"),
	}
	res := db.in(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&update)
	if res.Error != nil {
		return fmt.Errorf("queue what Fynd must hear: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return nil // it has been told, or is about to be
	}
	return db.enqueue(ctx, PartnerJob{UpdateID: update.ID})
}
