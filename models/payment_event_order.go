package models

import (
	"context"
	"fmt"
	"slices"
)

// expired is the reason of an order that was cancelled because its authorization ran out: money that comes
// in after all revives it.
const expired = "expired"

// paidStatus gives an order the status that its payments speak for: processing once money is drawn, failed
// when every attempt failed. It moves only orders that still wait for their money, and says what it moved.
func (db *DB) paidStatus(ctx context.Context, id int64, by Actor) (string, error) {
	order, err := db.lockOrder(ctx, id)
	if err != nil {
		return "", err
	}
	var payments []Payment
	if err := db.in(ctx).Where("order_id = ?", id).Find(&payments).Error; err != nil {
		return "", fmt.Errorf("read the payments of order %d: %w", id, err)
	}
	next, reason := order.paid(payments)
	if next == order.Status {
		return "", nil
	}
	was := order.Status
	if err := db.setStatus(ctx, order, next, reason, "", by); err != nil {
		return "", err
	}
	return fmt.Sprintf("The order went from %s to %s.", was, next), nil
}

// paid is the status that payments speak for.
func (o *Order) paid(payments []Payment) (status, reason string) {
	has := func(fits func(p Payment) bool) bool { return slices.ContainsFunc(payments, fits) }
	waits := slices.Contains([]string{StatusPending, StatusFailed, StatusMissing}, o.Status)
	revivable := o.Status == StatusFailed || o.Status == StatusCancelled && o.StatusReason == expired
	switch {
	case has(func(p Payment) bool { return p.CapturedMinor > 0 }):
		if waits || revivable {
			return StatusProcessing, ""
		}
	case has(func(p Payment) bool { return p.Status == PaymentAuthorized }):
		if revivable {
			return StatusPending, ""
		}
	case has(func(p Payment) bool { return p.VoidedAt != nil }):
		if waits {
			return StatusCancelled, expired
		}
	case len(payments) > 0 && !has(func(p Payment) bool { return p.Status != PaymentFailed }):
		if o.Status == StatusPending {
			return StatusFailed, ""
		}
	}
	return o.Status, o.StatusReason
}
