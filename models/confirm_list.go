package models

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kartify/kartify/money"
)

// MissingPaid is a missing order whose payment is known to be made: what Confirm Payment is there for.
type MissingPaid struct {
	OrderID        int64
	PartnerOrderID string
	Customer       string
	Store          string
	Total          money.Amount
	DateAdded      time.Time
	Drawn          bool // a payment of it is drawn here; otherwise the customer was debited as far as the gateway said
}

// MostMissingPaid is how many of them are offered at once.
const MostMissingPaid = MostConfirmations

// MissingPaid lists the missing orders of Fynd stores whose payment is confirmed, the newest first. more says
// whether there are others behind them.
func (db *DB) MissingPaid(ctx context.Context) (list []MissingPaid, more bool, err error) {
	scope := ScopeOf(ctx)
	rows, err := db.pool.Query(ctx, `SELECT o.id, o.partner_order_id, o.customer_name, s.name, o.total_minor, o.currency, o.date_added, d.drawn
		FROM stores s JOIN orders o ON o.store_id = s.id AND o.status = 'missing' AND o.partner_order_id IS NOT NULL
		CROSS JOIN LATERAL (SELECT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.captured_minor > p.refunded_minor) AS drawn) d
		WHERE s.fynd AND ($1 OR s.id = ANY ($2)) AND (o.status_reason = 'debited' OR d.drawn)
		ORDER BY o.date_added DESC, o.id DESC LIMIT $3`, scope.All, slices.Concat([]int64{0}, scope.Stores), MostMissingPaid+1)
	if err != nil {
		return nil, false, fmt.Errorf("list missing orders that are paid: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var m MissingPaid
		if err := rows.Scan(&m.OrderID, &m.PartnerOrderID, &m.Customer, &m.Store, &m.Total.Minor, &m.Total.Currency, &m.DateAdded, &m.Drawn); err != nil {
			return nil, false, fmt.Errorf("list missing orders that are paid: %w", err)
		}
		list = append(list, m)
	}
	if err := rows.Err(); err != nil {
		return nil, false, fmt.Errorf("list missing orders that are paid: %w", err)
	}
	if len(list) > MostMissingPaid {
		return list[:MostMissingPaid], true, nil
	}
	return list, false, nil
}
