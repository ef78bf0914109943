package models

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gofynd"
)

// fyndAmount is what a refund event asks for, in minor units of the order's currency, and whether its unit
// is in doubt. Where the unit is stated, it holds or nothing does; where it is not, whole units of the
// currency are tried first and its smallest units second, against the order's total.
func fyndAmount(event *gofynd.Event, order *Order) (minor *int64, doubt bool) {
	fits := func(n int64) bool { return n > 0 && n <= order.TotalMinor }
	switch {
	case event.Currency != "" && event.Currency != order.Currency:
		return nil, true
	case event.Amount != nil && fits(event.Amount.Minor):
		return &event.Amount.Minor, false
	case event.Amount != nil:
		return nil, true
	case event.AmountText == "":
		return nil, false
	}
	units, smallest := event.Readings(order.Currency)
	switch {
	case units != nil && fits(units.Minor):
		return &units.Minor, false
	case smallest != nil && fits(smallest.Minor):
		return &smallest.Minor, true
	}
	return nil, true
}

// doubtful says why the amount of an event is not taken as it is written.
func doubtful(event *gofynd.Event, order *Order, minor *int64) string {
	switch {
	case event.Currency != "" && event.Currency != order.Currency:
		return fmt.Sprintf("It asks for %s %s, but the order is in %s.", event.AmountText, event.Currency, order.Currency)
	case minor != nil:
		return fmt.Sprintf("Its amount %s fits the order only when read as %s; check it before refunding.", event.AmountText, order.Amount(*minor))
	}
	return fmt.Sprintf("Its amount %s does not fit the order's total of %s; ask Fynd before refunding.", event.AmountText, order.Total())
}

// openRefundRequest lets a request wait for its money, unless all of the order's money has been returned.
func (db *DB) openRefundRequest(ctx context.Context, order *Order, row *OrderEvent) error {
	var sum struct{ Captured, Refunded int64 }
	err := db.in(ctx).Model(&Payment{}).Where("order_id = ?", order.ID).
		Select("coalesce(sum(captured_minor), 0) AS captured, coalesce(sum(refunded_minor), 0) AS refunded").Scan(&sum).Error
	if err != nil {
		return fmt.Errorf("add up the payments of order %d: %w", order.ID, err)
	}
	row.Waiting = sum.Captured == 0 || sum.Refunded < sum.Captured
	if !row.Waiting {
		row.ClosedAt, row.ClosedBy = new(now()), "All of the order's money had been returned before"
	}
	return nil
}

// answeredElsewhere joins a request with the refund that the provider made for it by itself, or in its own
// portal, before the request came: of the same amount, and answering no other request.
func (db *DB) answeredElsewhere(ctx context.Context, order *Order, request *OrderEvent) error {
	if request.AmountMinor == nil {
		return nil
	}
	var op Operation
	err := db.in(ctx).Where("order_id = ? AND kind = ? AND source = 'provider' AND event_id IS NULL AND amount_minor = ?", order.ID, gateways.Refund, *request.AmountMinor).
		Where("state NOT IN ?", []OperationState{Failed, Cancelled}).Order("id").First(&op).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for a refund that request %d asks for: %w", request.ID, err)
	}
	op.EventID = &request.ID
	if err := db.in(ctx).Model(&Operation{}).Where("id = ?", op.ID).Update("event_id", request.ID).Error; err != nil {
		return fmt.Errorf("join request %d with operation %d: %w", request.ID, op.ID, err)
	}
	if op.State == Succeeded {
		if err := db.closeRefundRequests(ctx, order, &Payment{}, &op); err != nil {
			return err
		}
	}
	return db.tellPartner(ctx, order, &op)
}

// requestFor is the request that a refund of the provider's own answers: the oldest that waits for this very
// amount, when no refund of ours is under way for it.
func (db *DB) requestFor(ctx context.Context, order, minor int64) (*int64, error) {
	var ids []int64
	err := db.in(ctx).Model(&OrderEvent{}).Where("order_id = ? AND event = ? AND waiting AND amount_minor = ?", order, EventRefundInitiated, minor).
		Where("NOT EXISTS (SELECT 1 FROM operations o WHERE o.event_id = order_events.id AND o.state NOT IN ('failed', 'cancelled'))").
		Order("id").Limit(1).Pluck("id", &ids).Error
	if err != nil {
		return nil, fmt.Errorf("look for the request of a refund: %w", err)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return &ids[0], nil
}
