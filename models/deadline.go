package models

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/kartify/kartify/gateways"
)

// Deadline is how near the end of a hold is, as the list of orders is filtered by it.
type Deadline string

// The deadlines. An order belongs to one by its held payments that are not drawn.
const (
	EndsIn48h Deadline = "48h"     // ends within 48 hours
	EndsIn7d  Deadline = "7d"      // ends within seven days
	Ended     Deadline = "expired" // has ended, and its provider has not been heard to say so
)

// Deadlines are all of them, with how people read them.
var Deadlines = []Choice{
	{Value: string(EndsIn48h), Label: "Ends within 48 hours"},
	{Value: string(EndsIn7d), Label: "Ends within 7 days"},
	{Value: string(Ended), Label: "Has ended"},
}

// condition is the deadline of a payment called p, as far as the index of open authorizations goes.
func (d Deadline) condition() string {
	const open = "p.status = 'authorized' AND p.capture_before IS NOT NULL AND p.capture_before "
	switch d {
	case EndsIn48h:
		return open + "> now() AND p.capture_before <= now() + interval '48 hours'"
	case EndsIn7d:
		return open + "> now() AND p.capture_before <= now() + interval '7 days'"
	}
	return open + "<= now()"
}

// scopeDeadline keeps a statement to orders whose money is held until then. Few holds are open at any time: they
// are read from their own index first, and the orders by their ids.
func (f OrderFilter) scopeDeadline(c *clauses, choices *OrderChoices) {
	if f.Deadline != "" {
		c.and("o.id = ANY (ARRAY(SELECT p.order_id FROM payments p WHERE p.store_id = ANY (?) AND "+f.Deadline.condition()+"))", choices.storeIDs(f))
	}
}

// captureBefore is the column of that name: when the first hold of an order called o ends. It is read for the
// rows of a page only, and only when the column is shown.
const captureBefore = "(SELECT min(p.capture_before) FROM payments p WHERE p.order_id = o.id AND p.status = 'authorized' AND p.capture_before IS NOT NULL)"

// ColumnCaptureBefore is the column of the list of orders that is shown to those who choose it, and whenever
// the list is about deadlines.
const ColumnCaptureBefore = "capture_before"

// holdEnd is when the hold of a payment that was just seen ends, by what is known of its gateway, or the zero
// time. A provider's own date is better, and is used wherever there is one.
func (db *DB) holdEnd(p *Payment, seen *gateways.Payment) time.Time {
	lasts := db.drivers[p.Gateway].Can.Hold(seen.Method)
	if p.CaptureBefore != nil || !seen.CaptureBefore.IsZero() || !seen.Authorized || seen.Captured > 0 || p.Status.Captured() || p.VoidedAt != nil || lasts == 0 {
		return time.Time{}
	}
	since := now()
	if !seen.At.IsZero() && seen.At.Before(since) {
		since = seen.At.UTC()
	}
	return since.Add(lasts)
}

// FillDeadlines notes when holds end that nobody has said the end of, by how long their gateway's holds last. It
// counts from when the payment began, which is never after it was authorized: too early is better than too late.
// It reports how many it noted.
func (db *DB) FillDeadlines(ctx context.Context) (int, error) {
	filled := 0
	for _, code := range slices.Sorted(maps.Keys(db.drivers)) {
		holds := db.drivers[code].Can.Holds
		if len(holds) == 0 {
			continue
		}
		var methods []string
		var seconds []float64
		for _, method := range slices.Sorted(maps.Keys(holds)) {
			methods, seconds = append(methods, method), append(seconds, holds[method].Seconds())
		}
		tag, err := db.pool.Exec(ctx, `WITH undated AS (SELECT id, method FROM payments WHERE gateway = $1 AND status = 'authorized' AND capture_before IS NULL ORDER BY id LIMIT 1000),
				holds AS (SELECT * FROM unnest($2::text[], $3::float8[]) AS h (method, seconds))
			UPDATE payments p SET capture_before = p.created_at + make_interval(secs => h.seconds)
			FROM undated u JOIN holds h ON h.method = CASE WHEN u.method IN (SELECT method FROM holds) THEN u.method ELSE '' END
			WHERE p.id = u.id AND p.status = 'authorized' AND p.capture_before IS NULL`, code, methods, seconds)
		if err != nil {
			return filled, fmt.Errorf("note when the holds of %s end: %w", code, err)
		}
		filled += int(tag.RowsAffected())
	}
	return filled, nil
}

// Remaining is how long a payment's hold lasts yet at a moment, and whether it has an end that matters: held money
// that is not drawn. Of a hold that has ended it is zero or less.
func (p *Payment) Remaining(at time.Time) (left time.Duration, held bool) {
	if p.CaptureBefore == nil || p.Status != PaymentAuthorized || p.VoidedAt != nil || p.CapturedMinor > 0 {
		return 0, false
	}
	return p.CaptureBefore.Sub(at), true
}

// RefundOverdue is how long a refund of the payment has been under way, once that is over an hour; else 0.
func (p *Payment) RefundOverdue(at time.Time) time.Duration {
	if p.Status != PaymentRefunding || p.RefundingSince == nil || at.Sub(*p.RefundingSince) <= time.Hour {
		return 0
	}
	return at.Sub(*p.RefundingSince)
}
