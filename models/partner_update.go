package models

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways"
)

// PartnerUpdate is one thing Fynd must hear once: the outbox.
type PartnerUpdate struct {
	ID           int64
	StoreID      int64
	OrderID      int64
	OperationID  *int64  // of a refund
	PaymentID    *int64  // of a confirmation, or the payment that moved in a session
	SessionID    *string // of the payment that Fynd asked an extension for; nil when the store's own GoFynd API tells it
	Kind         string  // refund_session, confirm_payment, payment_session
	GID          string  `gorm:"column:gid"`
	RequestID    string
	Status       string // the partner's word: refund_pending, refund_done, refund_failed, pending, complete, failed
	AmountMinor  int64
	Currency     string
	State        string // queued, done, failed
	Tries        int
	NextAt       *time.Time
	SendingUntil *time.Time // while an attempt is under way
	Problem      string
	Log          json.RawMessage `gorm:"type:jsonb"`
	CreatedAt    time.Time
	DoneAt       *time.Time
	Actor        string `gorm:"default:job"` // who asked for it: user, webhook, job, api, system
	ActorID      *int64
	ActorName    string
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

// refundKind is the kind of a PartnerUpdate that says what became of a refund.
const refundKind = "refund_session"

// tellPartner queues what Fynd must hear about a refund, once per word. Of a payment that Fynd asked an extension for
// it hears of every refund; of other orders of stores integrated with FYND only of those that Fynd asked for, for it
// knows them by its own request id.
func (db *DB) tellPartner(ctx context.Context, order *Order, op *Operation) error {
	word, ok := partnerWords[op.State]
	if !ok || op.Kind != gateways.Refund {
		return nil
	}
	request, err := db.requestOf(ctx, op)
	if err != nil {
		return err
	}
	session, err := db.sessionOfOperation(ctx, op)
	switch {
	case err != nil:
		return err
	case session != nil:
		return db.tellRefund(ctx, op, session, cmp.Or(request, ownRequest(op)), word)
	case request == "":
		return nil
	}
	return db.queueRefund(ctx, PartnerUpdate{GID: deref(order.GID), RequestID: request, Status: word}, op)
}

// queueRefund queues an update about a refund.
func (db *DB) queueRefund(ctx context.Context, update PartnerUpdate, op *Operation) error {
	now, err := db.now(ctx)
	if err != nil {
		return err
	}
	update.StoreID, update.OrderID, update.OperationID, update.Kind = op.StoreID, op.OrderID, &op.ID, refundKind
	update.AmountMinor, update.Currency, update.State, update.NextAt, update.Log = op.AmountMinor, op.Currency, "queued", &now, json.RawMessage("[]")
	res := db.in(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&update)
	if res.Error != nil {
		return fmt.Errorf("queue what Fynd must hear: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return nil // it has been told, or is about to be
	}
	return db.enqueue(ctx, PartnerJob{UpdateID: update.ID})
}

// sessionOfOperation is the session of the payment that an operation is about, or nil.
func (db *DB) sessionOfOperation(ctx context.Context, op *Operation) (*FyndSession, error) {
	var p Payment
	if err := db.in(ctx).First(&p, "id = ?", op.PaymentID).Error; err != nil {
		return nil, fmt.Errorf("read payment %d: %w", op.PaymentID, err)
	}
	return db.SessionOfPayment(ctx, &p)
}

// requestOf is Fynd's id of the request that a refund answers, or "".
func (db *DB) requestOf(ctx context.Context, op *Operation) (string, error) {
	if op.EventID == nil {
		return "", nil
	}
	var event OrderEvent
	if err := db.in(ctx).First(&event, "id = ?", *op.EventID).Error; err != nil {
		return "", fmt.Errorf("read refund request %d: %w", *op.EventID, err)
	}
	return event.RequestID, nil
}
