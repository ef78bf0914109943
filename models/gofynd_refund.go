package models

import (
	"context"
	"fmt"

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
