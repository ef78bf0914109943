package models

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/money"
)

// ClassFigure is how many differences of one class there are, and what is at stake in the open ones.
type ClassFigure struct {
	Class    RowClass
	Open     int64
	Resolved int64 // in the last days
	Stake    []money.Amount
}

// ReconciliationFigures are the differences of the stores of a scope as numbers.
type ReconciliationFigures struct {
	Classes  []ClassFigure // those there are, the most pressing first
	Open     int64
	Resolved int64 // in the last days
	Stake    []money.Amount
	ByDay    *DayTotals // Orders and Ordered: differences by the day of the payment, and what is or was at stake
	Closed   *DayTotals // Orders and Ordered: differences by the day they were resolved
}

// rowStake is the money a difference is about, in minor units: what differs, or else the whole payment.
const rowStake = `CASE d.class WHEN 'unreadable' THEN 0 WHEN 'amount' THEN abs(d.there_minor - d.here_minor)
	WHEN 'refunded_there' THEN CASE WHEN d.there_refunded_minor < 0 THEN d.there_minor ELSE abs(d.there_refunded_minor - d.here_refunded_minor) END
	WHEN 'refunded_here' THEN abs(greatest(d.there_refunded_minor, 0) - d.here_refunded_minor)
	ELSE CASE WHEN d.kind = 'here' THEN d.here_minor ELSE d.amount_minor END END`

// ReconciliationFigures counts the differences of the stores of ctx, those of one class or of all, over the last n
// days. Each store's days are those of its own clocks.
func (db *DB) ReconciliationFigures(ctx context.Context, class RowClass, n int) (*ReconciliationFigures, error) {
	stores, err := db.Stores(ctx)
	if err != nil {
		return nil, err
	}
	where, args := mine(ctx, "d.", 3)
	rows, err := db.pool.Query(ctx, `WITH r AS MATERIALIZED (
			SELECT d.class, d.state, CASE WHEN d.kind = 'here' THEN d.here_currency ELSE d.currency END AS currency, `+rowStake+` AS stake,
				(now() AT TIME ZONE s.time_zone)::date - (coalesce(d.at, d.opened_at) AT TIME ZONE s.time_zone)::date AS ago,
				(now() AT TIME ZONE s.time_zone)::date - (d.resolved_at AT TIME ZONE s.time_zone)::date AS closed
			FROM reconciliation_rows d JOIN stores s ON s.id = d.store_id
			WHERE d.state <> 'clean' AND `+where+`)
		SELECT 'open', class, 0, currency, count(*), sum(stake)::bigint FROM r WHERE state = 'open' GROUP BY 2, 4
		UNION ALL SELECT 'resolved', class, 0, currency, count(*), 0 FROM r WHERE state = 'resolved' AND closed < $2 GROUP BY 2, 4
		UNION ALL SELECT 'day', '', ago, currency, count(*), sum(stake)::bigint FROM r WHERE ago BETWEEN 0 AND $2 - 1 AND $1 IN ('', class) GROUP BY 3, 4
		UNION ALL SELECT 'closed', '', closed, currency, count(*), sum(stake)::bigint FROM r WHERE closed BETWEEN 0 AND $2 - 1 AND $1 IN ('', class) GROUP BY 3, 4
		ORDER BY 1, 2, 3, 4`, append([]any{string(class), n}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("count differences: %w", err)
	}
	f := &ReconciliationFigures{ByDay: lastDays(stores, n), Closed: lastDays(stores, n)}
	byClass := map[RowClass]*ClassFigure{}
	for _, c := range Differences {
		byClass[c] = &ClassFigure{Class: c}
	}
	var what, currency string
	var of RowClass
	var ago int
	var count, minor int64
	_, err = pgx.ForEachRow(rows, []any{&what, &of, &ago, &currency, &count, &minor}, func() error {
		days := f.ByDay
		switch c := byClass[of]; {
		case what == "open" && c != nil:
			c.Open, f.Open = c.Open+count, f.Open+count
			if minor > 0 {
				c.Stake, f.Stake = addTo(c.Stake, minor, currency), addTo(f.Stake, minor, currency)
			}
			return nil
		case what == "resolved" && c != nil:
			c.Resolved, f.Resolved = c.Resolved+count, f.Resolved+count
			return nil
		case what == "closed":
			days = f.Closed
		}
		if of == "" {
			day := &days.Days[n-1-ago]
			if day.Orders += count; minor > 0 {
				day.Ordered = addTo(day.Ordered, minor, currency)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count differences: %w", err)
	}
	for _, c := range Differences {
		if figure := byClass[c]; figure.Open+figure.Resolved > 0 {
			f.Classes = append(f.Classes, *figure)
		}
	}
	return f, nil
}

// lastDays are n days without anything, today last.
func lastDays(stores []Store, n int) *DayTotals {
	t := &DayTotals{Stores: slices.Clone(stores), Days: make([]DayTotal, n)}
	year, month, day := time.Now().In(t.Zone()).Date()
	for i := range t.Days {
		t.Days[i].Day = time.Date(year, month, day-(n-1-i), 0, 0, 0, 0, time.UTC)
	}
	return t
}
