package models

import (
	"time"
)

// settledLate is the condition of a row of a gateway's file about a payment that was paid out later than five days
// after it was made, as the indexes of late rows have it. Of what no file says a date, nothing is claimed.
const settledLate = "kind = 'payment' AND settled_at - at > interval '5 days'"

// LateSettlement is a payment that its gateway paid out late, by a file of the gateway's.
type LateSettlement struct {
	PaymentID        int64
	ReconciliationID int64
	At               time.Time // when it was made, by the file
	SettledAt        time.Time
}

// Days is how many days lay between.
func (s *LateSettlement) Days() int { return int(s.SettledAt.Sub(s.At).Hours()) / 24 }

// lateOfOrder are the payments of an order that were settled late, each by the latest file that says so.
const lateOfOrder = `SELECT DISTINCT ON (p.id) p.id AS payment_id, r.reconciliation_id, r.at, r.settled_at
	FROM payments p JOIN reconciliation_rows r ON r.ref = p.ref AND r.store_id = p.store_id
	WHERE p.order_id = $1 AND ($2 OR p.store_id = ANY($3)) AND r.kind = 'payment' AND r.settled_at - r.at > interval '5 days'
	ORDER BY p.id, r.reconciliation_id DESC`

// LapsedHold is a hold of an order that ran out without being captured.
type LapsedHold struct {
	PaymentID int64
	Since     time.Time
}

// lapsedOfOrder are the holds of an order that ran out.
const lapsedOfOrder = "SELECT payment_id, since FROM lapsed_holds WHERE order_id = $1 AND ($2 OR store_id = ANY($3))"

// LapseOf is when the hold of a payment ran out, or nil when it did not.
func (p *OrderPage) LapseOf(payment int64) *LapsedHold {
	for i := range p.Lapsed {
		if p.Lapsed[i].PaymentID == payment {
			return &p.Lapsed[i]
		}
	}
	return nil
}

// LateOf is how late a payment was settled, or nil when nobody says that it was.
func (p *OrderPage) LateOf(payment int64) *LateSettlement {
	for i := range p.Late {
		if p.Late[i].PaymentID == payment {
			return &p.Late[i]
		}
	}
	return nil
}
