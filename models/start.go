package models

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways"
)

// DispatchJob asks for one attempt of an operation.
type DispatchJob struct {
	OperationID int64 `json:"operation_id"`
}

// Kind names the job.
func (DispatchJob) Kind() string { return "dispatch_operation" }

// start stores an operation: reserves its money, inserts it, tells the order's history and the audit
// log, and queues the first attempt; all in the caller's transaction.
func (db *DB) start(ctx context.Context, p *Payment, op *Operation, by Actor) error {
	now, err := db.now(ctx)
	if err != nil {
		return err
	}
	op.NextAt = &now // the sweeper finds it should the job get lost
	p.reserve(op)
	if err := db.savePayment(ctx, p); err != nil {
		return err
	}
	if err := db.in(ctx).Create(op).Error; err != nil {
		return fmt.Errorf("store the operation: %w", err)
	}
	err = db.addHistory(ctx, OrderHistory{
		OrderID: op.OrderID, StoreID: op.StoreID, Kind: "operation", OperationID: &op.ID,
		Comment: op.requested(),
	}, by)
	if err != nil {
		return err
	}
	if err := db.enqueue(ctx, DispatchJob{OperationID: op.ID}); err != nil {
		return err
	}
	if err := db.tellBegun(ctx, p, op); err != nil {
		return err
	}
	return db.audit(ctx, op.StoreID, by, string(op.Kind)+".requested", "operation "+strconv.FormatInt(op.ID, 10), &op.OrderID, map[string]any{
		"payment": op.PaymentID, "amount_minor": op.AmountMinor, "currency": op.Currency, "reason": op.Reason, "key": op.IdempotencyKey,
	})
}

// requested says who wanted what, for the order's history.
func (o *Operation) requested() string {
	text := fmt.Sprintf("%s of %s requested", verbName(o.Kind), o.Amount())
	if o.Kind == gateways.Update {
		text = fmt.Sprintf("Amount update to %s requested", o.Amount())
	}
	if reason := reasonLabel(strings.TrimSpace(o.Reason)); reason != "" {
		text += ": " + strings.TrimSuffix(reason, ".")
	}
	return text + "."
}

// reserve sets the operation's money aside, so that nothing else can promise it.
func (p *Payment) reserve(op *Operation) {
	switch op.Kind {
	case gateways.Refund:
		p.RefundReservedMinor += op.AmountMinor
		p.Status = p.settledStatus()
	case gateways.Capture:
		p.CaptureReservedMinor += op.AmountMinor
	}
}

// addHistory writes what happened to an order and marks the order as modified.
func (db *DB) addHistory(ctx context.Context, h OrderHistory, by Actor) error {
	h.Actor, h.ActorID, h.ActorName = by.history(), by.UserID, by.Name
	if err := db.in(ctx).Omit("At").Create(&h).Error; err != nil {
		return fmt.Errorf("write the history of order %d: %w", h.OrderID, err)
	}
	err := db.in(ctx).Model(&Order{}).Where("id = ?", h.OrderID).Updates(map[string]any{
		"date_modified": gorm.Expr("now()"), "version": gorm.Expr("version + 1"),
	}).Error
	if err != nil {
		return fmt.Errorf("mark order %d as modified: %w", h.OrderID, err)
	}
	return nil
}

// lockOrder takes an order's row for this transaction, after its payment's.
func (db *DB) lockOrder(ctx context.Context, id int64) (*Order, error) {
	var order Order
	err := db.in(ctx).Scopes(scoped(ctx, "orders")).Clauses(clause.Locking{Strength: "UPDATE"}).First(&order, "id = ?", id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("lock order %d: %w", id, err)
	}
	return &order, nil
}

func verbName(v gateways.Verb) string {
	return map[gateways.Verb]string{gateways.Refund: "Refund", gateways.Capture: "Capture", gateways.Void: "Cancellation", gateways.Update: "Amount update"}[v]
}

func reasonLabel(value string) string {
	for _, c := range RefundReasons {
		if c.Value == value {
			return c.Label
		}
	}
	return value
}
