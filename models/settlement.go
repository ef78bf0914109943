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

// UnsettledPayment is a payment that should have been paid out by now, and is in none of its gateway's settlements.
type UnsettledPayment struct {
	PaymentID int64
	Since     time.Time // when it was drawn
	KnownTo   string    // the last day of the settlements that are known here, 2026-11-01
}

// Days is how long it has been waited for at a moment, in whole days.
func (u *UnsettledPayment) Days(at time.Time) int { return int(at.Sub(u.Since).Hours()) / 24 }

// unsettledOfOrder are the payments of an order that were drawn five days before the last day of the settlements
// that are known of their gateway, and are in none of them. Where no settlement is known nothing is claimed.
const unsettledOfOrder = `SELECT p.id AS payment_id, p.obtained_at AS since, s.known_to
	FROM payments p CROSS JOIN LATERAL (SELECT max(r.day_to) AS known_to FROM reconciliations r
		WHERE r.store_id = p.store_id AND r.gateway = p.gateway AND r.state = 'done' AND r.noted_at IS NOT NULL
			AND (r.format IN ('razorpay', 'klarna') OR r.format = 'listing' AND r.gateway = 'klarna')) s
	WHERE p.order_id = $1 AND ($2 OR p.store_id = ANY ($3)) AND p.captured_minor > p.refunded_minor AND p.obtained_at IS NOT NULL
		AND to_char(p.obtained_at + interval '5 days', 'YYYY-MM-DD') <= s.known_to
		AND NOT EXISTS (SELECT 1 FROM reconciled_orders c JOIN reconciliations r ON r.id = c.reconciliation_id
			WHERE c.chunk = $1::bigint >> 8 AND ($1::bigint & 255)::smallint = ANY (c.low) AND r.store_id = p.store_id AND r.gateway = p.gateway AND r.state = 'done'
				AND NOT EXISTS (SELECT 1 FROM reconciliation_rows w WHERE w.order_id = $1 AND w.state <> 'clean' AND w.reconciliation_id = r.id AND w.kind = 'here'))`

// UnsettledOf is since when a payment waits to be paid out, or nil when it does not or nobody can say.
func (p *OrderPage) UnsettledOf(payment int64) *UnsettledPayment {
	for i := range p.Unsettled {
		if p.Unsettled[i].PaymentID == payment {
			return &p.Unsettled[i]
		}
	}
	return nil
}

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
