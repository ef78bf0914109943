package models

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
)

// afterSettling does what follows from an operation's new state: the order's history and status, the
// refund requests it closes, what the partner must hear, and the audit row, last.
func (db *DB) afterSettling(ctx context.Context, p *Payment, op *Operation, was OperationState, via string) error {
	err := db.addHistory(ctx, OrderHistory{
		OrderID: op.OrderID, StoreID: op.StoreID, Kind: "operation", OperationID: &op.ID, Comment: op.sentence(via),
	}, JobActor)
	if err != nil {
		return err
	}
	switch op.Kind {
	case gateways.Refund:
		err = db.afterRefund(ctx, p, op, was)
	case gateways.Update:
		err = db.afterUpdate(ctx, op)
	case gateways.Capture, gateways.Void:
		if err = db.notifyCaptured(ctx, p, op); err != nil {
			return err
		}
		if op.State == Succeeded { // the order's status goes by the rules that a webhook with the same news goes by
			if _, err = db.paidStatus(ctx, op.OrderID, JobActor); err == nil {
				err = db.noteLapse(ctx, p, op)
			}
		}
		if err == nil {
			err = db.restGoesBack(ctx, p, op, via)
		}
		if err == nil && (op.State == Succeeded || was == Succeeded) {
			err = db.tellSession(ctx, p)
		}
	}
	if err != nil {
		return err
	}
	if op.Once && op.State.Final() {
		if err := db.wakeNext(ctx, p.ID); err != nil {
			return err
		}
	}
	if err := db.followStatusActions(ctx, p, op); err != nil {
		return err
	}
	return db.audit(ctx, op.StoreID, JobActor, string(op.Kind)+"."+string(op.State), "operation "+strconv.FormatInt(op.ID, 10), &op.OrderID, map[string]any{
		"was": was, "via": via, "amount_minor": op.AmountMinor, "currency": op.Currency, "ref": op.Ref,
	})
}

// sentence says what became of the operation.
func (o *Operation) sentence(via string) string {
	what := fmt.Sprintf("%s of %s", verbName(o.Kind), o.Amount())
	if o.Kind == gateways.Update {
		what = fmt.Sprintf("Amount update to %s", o.Amount())
	}
	ref := ""
	if o.Ref != "" {
		ref = " as " + o.Ref
	}
	switch o.State {
	case Accepted:
		return fmt.Sprintf("%s accepted by the gateway%s (%s).", what, ref, via)
	case Succeeded:
		return fmt.Sprintf("%s done%s (%s).", what, ref, via)
	case Failed:
		return strings.TrimSpace(fmt.Sprintf("%s failed%s (%s). %s", what, ref, via, o.Problem))
	case UnknownOutcome:
		return fmt.Sprintf("%s sent, but the gateway's answer did not come; it is being looked up.", what)
	case NeedsReview:
		return strings.TrimSpace(fmt.Sprintf("%s needs a person. %s", what, o.Problem))
	default:
		return fmt.Sprintf("%s is %s.", what, o.State)
	}
}

// afterRefund brings the order in line with its payments and closes the request the refund answered.
func (db *DB) afterRefund(ctx context.Context, p *Payment, op *Operation, was OperationState) error {
	order, err := db.lockOrder(ctx, op.OrderID)
	if err != nil {
		return err
	}
	if op.State == Succeeded || was == Succeeded {
		if err := db.refundStatus(ctx, order); err != nil {
			return err
		}
		if err := db.closeRefundRequests(ctx, order, p, op); err != nil {
			return err
		}
	}
	return db.tellPartner(ctx, order, op)
}

// refundStatus sets the order's status to what has been returned of all its payments.
func (db *DB) refundStatus(ctx context.Context, order *Order) error {
	var sum struct{ Captured, Refunded int64 }
	err := db.in(ctx).Model(&Payment{}).Where("order_id = ?", order.ID).
		Select("coalesce(sum(captured_minor), 0) AS captured, coalesce(sum(refunded_minor), 0) AS refunded").Scan(&sum).Error
	if err != nil {
		return fmt.Errorf("add up the payments of order %d: %w", order.ID, err)
	}
	status := order.Status
	switch {
	case sum.Refunded == 0 && (status == StatusRefunded || status == StatusPartiallyRefunded):
		status = StatusProcessing // the gateway took its refund back
	case sum.Refunded > 0 && sum.Refunded < sum.Captured:
		status = StatusPartiallyRefunded
	case sum.Refunded > 0:
		status = StatusRefunded
	}
	return db.putStatus(ctx, order, status, "", "", JobActor) // what follows from money moves no money
}

// closeRefundRequests takes a REFUND_INITIATED out of the queue once the money it names has been returned,
// and every one of the order when nothing is left to return. A refund taken back opens its request again.
func (db *DB) closeRefundRequests(ctx context.Context, order *Order, p *Payment, op *Operation) error {
	if op.State != Succeeded {
		if op.EventID == nil {
			return nil
		}
		return db.waitAgain(ctx, *op.EventID)
	}
	var open []OrderEvent
	if err := db.in(ctx).Where("order_id = ? AND event = ? AND waiting", order.ID, EventRefundInitiated).Order("id").Find(&open).Error; err != nil {
		return fmt.Errorf("read the refund requests of order %d: %w", order.ID, err)
	}
	whole := order.Status == StatusRefunded
	for _, event := range open {
		returned, err := db.returnedFor(ctx, event.ID)
		if err != nil {
			return err
		}
		mine := op.EventID != nil && *op.EventID == event.ID
		covered := mine && (event.AmountMinor == nil || returned >= *event.AmountMinor)
		if !whole && !covered {
			continue
		}
		err = db.in(ctx).Model(&OrderEvent{}).Where("id = ?", event.ID).Updates(map[string]any{
			"waiting": false, "closed_at": gorm.Expr("now()"), "closed_by": fmt.Sprintf("Refund of %s, %s", op.Amount(), op.Ref),
		}).Error
		if err != nil {
			return fmt.Errorf("close refund request %d: %w", event.ID, err)
		}
	}
	return nil
}

// returnedFor is how much refunds for a request have returned, in minor units.
func (db *DB) returnedFor(ctx context.Context, event int64) (int64, error) {
	var sum int64
	err := db.in(ctx).Model(&Operation{}).Where("event_id = ? AND kind = ? AND state = ?", event, gateways.Refund, Succeeded).
		Select("coalesce(sum(amount_minor), 0)").Scan(&sum).Error
	if err != nil {
		return 0, fmt.Errorf("add up the refunds of request %d: %w", event, err)
	}
	return sum, nil
}

func (db *DB) waitAgain(ctx context.Context, event int64) error {
	err := db.in(ctx).Model(&OrderEvent{}).Where("id = ?", event).Updates(map[string]any{"waiting": true, "closed_at": nil, "closed_by": ""}).Error
	if err != nil {
		return fmt.Errorf("open refund request %d again: %w", event, err)
	}
	return nil
}
