package models

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/money"
)

// noteAmount puts an order on the limbo board of which Fynd asks for another amount than the order comes to, or for
// another refund than there can be. The same payment or refund asked for again is the same row.
func (db *DB) noteAmount(ctx context.Context, o *fyndObjection) error {
	err := db.in(ctx).Exec(`INSERT INTO refused_amounts AS r (store_id, order_id, gid, request_id, said) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (order_id, gid, request_id) WHERE seen_at IS NULL DO UPDATE SET said = excluded.said, times = r.times + 1, last_at = clock_timestamp()`,
		o.store, o.order, idOf(o.gid), idOf(o.request), clip(textOf(o.sentence), 500)).Error
	if err != nil {
		return fmt.Errorf("note that another amount was asked of order %d: %w", o.order, err)
	}
	return nil
}

// amountAgreed takes an order off the limbo board of which another amount was asked: by now it is asked for what it
// comes to, or paid. What was asked back of it stays.
func (db *DB) amountAgreed(ctx context.Context, order int64) error {
	return db.agreed(ctx, order, "")
}

// agreed takes the payment of an order off the board, or the refund of a request: it is asked for rightly by now.
func (db *DB) agreed(ctx context.Context, order int64, request string) error {
	err := db.in(ctx).Exec("UPDATE refused_amounts SET seen_at = clock_timestamp() WHERE order_id = ? AND request_id = ? AND seen_at IS NULL", order, idOf(request)).Error
	if err != nil {
		return fmt.Errorf("note that the amount of order %d is agreed upon: %w", order, err)
	}
	return nil
}

// otherRefund is a refund that is refused for its amount: what Fynd is answered, and beside which amount the one that
// it asked for does not fit.
type otherRefund struct {
	error
	known  money.Amount
	beside string // what is known of that amount: "only %s is left"
}

func (r *otherRefund) Unwrap() error { return r.error }

// noteOtherRefund tells the history of the order, the limbo board and the audit log that a refund was refused for its
// amount. Any other refusal is only told to Fynd. It gives the refusal back.
func (db *DB) noteOtherRefund(ctx context.Context, req FyndRefundRequest, refused error) error {
	var other *otherRefund
	if !errors.As(refused, &other) {
		return refused
	}
	s, unit := req.Session, ""
	if gofynd.Hundredfold(other.known.Minor, req.Amount.Minor) {
		unit = ": one of them is in another unit"
	}
	said := fmt.Sprintf("Fynd asks for a refund of %s of %s as request %s, but %s%s. The refund was refused.", req.Amount, s.GID, req.RequestID, fmt.Sprintf(other.beside, other.known), unit)
	err := db.noteFyndObjection(ctx, &fyndObjection{order: s.OrderID, store: s.StoreID, sentence: clip(textOf(said), 500), gid: s.GID, request: req.RequestID, amount: true})
	if o := (*fyndObjection)(nil); !errors.As(err, &o) {
		return err
	}
	return refused
}

// what names in the audit log what was refused.
func (o *fyndObjection) what() string {
	if o.request != "" {
		return "fynd_refund.refused"
	}
	return "fynd_session.refused"
}

// about is whom the audit log has it of.
func (o *fyndObjection) about() string { return "order " + strconv.FormatInt(o.order, 10) }
