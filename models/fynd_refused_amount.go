package models

import (
	"context"
	"fmt"
)

// noteAmount puts an order on the limbo board of which Fynd asks for another amount than the order comes to. The
// same payment asked for again is the same row.
func (db *DB) noteAmount(ctx context.Context, o *fyndObjection) error {
	err := db.in(ctx).Exec(`INSERT INTO refused_amounts AS r (store_id, order_id, gid, said) VALUES (?, ?, ?, ?)
		ON CONFLICT (order_id, gid) WHERE seen_at IS NULL DO UPDATE SET said = excluded.said, times = r.times + 1, last_at = clock_timestamp()`,
		o.store, o.order, idOf(o.gid), clip(textOf(o.sentence), 500)).Error
	if err != nil {
		return fmt.Errorf("note that another amount was asked of order %d: %w", o.order, err)
	}
	return nil
}

// amountAgreed takes an order off the limbo board of which another amount was asked: by now it is asked for what it
// comes to, or paid.
func (db *DB) amountAgreed(ctx context.Context, order int64) error {
	if err := db.in(ctx).Exec("UPDATE refused_amounts SET seen_at = clock_timestamp() WHERE order_id = ? AND seen_at IS NULL", order).Error; err != nil {
		return fmt.Errorf("note that the amount of order %d is agreed upon: %w", order, err)
	}
	return nil
}
