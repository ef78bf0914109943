package models

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/kartify/kartify/money"
)

// DayTotal is how many orders or refunds there were on one day, and what they come to in each currency.
type DayTotal struct {
	Day     time.Time // midnight UTC of its date; the day itself is the store's
	Orders  int64     // but for the missing ones
	Refunds int64     // that succeeded
	Ordered []money.Amount
	Given   []money.Amount // back to customers
}

// DayTotals are the last days of the stores of a scope, today last.
type DayTotals struct {
	Days   []DayTotal
	Stores []Store       // within the scope, by id
	Empty  bool          // there has never been an order
	Behind time.Duration // how old these figures may be, because they were read from a replica
}

// Zones are the names of the time zones whose days these are, each once.
func (t *DayTotals) Zones() []string {
	var zones []string
	for _, s := range t.Stores {
		if name := s.Zone().String(); !slices.Contains(zones, name) {
			zones = append(zones, name)
		}
	}
	return zones
}

// Zone is in whose clocks times are told: the one zone of all stores, or UTC.
func (t *DayTotals) Zone() *time.Location {
	if len(t.Zones()) == 1 {
		return t.Stores[0].Zone()
	}
	return time.UTC
}

// DayTotals reads the totals of the last n days of the stores of ctx, in one statement. Each store's days are
// those of its own clocks.
func (db *DB) DayTotals(ctx context.Context, n int) (*DayTotals, error) {
	var t *DayTotals
	behind, err := db.readReport(ctx, func(pool *pgxpool.Pool) (err error) {
		t, err = readDayTotals(ctx, pool, n)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the totals of days: %w", err)
	}
	t.Behind = behind
	return t, nil
}

func readDayTotals(ctx context.Context, pool *pgxpool.Pool, n int) (*DayTotals, error) {
	scope := ScopeOf(ctx)
	rows, err := pool.Query(ctx, `SELECT s.id, s.name, s.currency, s.time_zone, (now() AT TIME ZONE s.time_zone)::date,
			NOT EXISTS (SELECT 1 FROM orders o WHERE o.store_id = s.id),
			(SELECT coalesce(json_agg(json_build_object('Day', day, 'Kind', kind, 'Currency', currency, 'N', n, 'Minor', minor)), '[]')
				FROM (SELECT day, kind, currency, sum(n) AS n, sum(minor) AS minor FROM day_totals
					WHERE store_id = s.id AND day > (now() AT TIME ZONE s.time_zone)::date - $3::int AND status <> 'missing' GROUP BY 1, 2, 3) d)
		FROM stores s WHERE $1 OR s.id = ANY ($2) ORDER BY s.id`, scope.All, slices.Concat([]int64{0}, scope.Stores), n)
	if err != nil {
		return nil, err //nolint:wrapcheck // by its caller
	}
	defer rows.Close()
	t := &DayTotals{Empty: true}
	var (
		last  time.Time
		found []dayLine
	)
	for rows.Next() {
		var (
			s     Store
			today time.Time
			empty bool
			text  []byte
			lines []dayLine
		)
		if err := rows.Scan(&s.ID, &s.Name, &s.Currency, &s.TimeZone, &today, &empty, &text); err != nil {
			return nil, err //nolint:wrapcheck // by its caller
		}
		if err := json.Unmarshal(text, &lines); err != nil {
			return nil, err //nolint:wrapcheck // by its caller
		}
		t.Stores, t.Empty, found = append(t.Stores, s), t.Empty && empty, append(found, lines...)
		if today.After(last) {
			last = today
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err //nolint:wrapcheck // by its caller
	}
	if len(t.Stores) > 0 {
		t.fill(last, n, found)
	}
	return t, nil
}

// dayLine is one line of the totals as the database gives them.
type dayLine struct {
	Day, Kind, Currency string
	N, Minor            int64
}

func (t *DayTotals) fill(last time.Time, n int, lines []dayLine) {
	at := map[string]int{}
	for i := range n {
		day := last.AddDate(0, 0, i-n+1)
		t.Days = append(t.Days, DayTotal{Day: day})
		at[day.Format(time.DateOnly)] = i
	}
	for _, line := range lines {
		i, ok := at[line.Day]
		if !ok {
			continue // a day that has begun in one zone and is not told of in another
		}
		if day := &t.Days[i]; line.Kind == "refund" {
			day.Refunds += line.N
			day.Given = addTo(day.Given, line.Minor, line.Currency)
		} else {
			day.Orders += line.N
			day.Ordered = addTo(day.Ordered, line.Minor, line.Currency)
		}
	}
}

// addTo adds to the sum of a currency; the sums stay sorted by currency.
func addTo(sums []money.Amount, minor int64, currency string) []money.Amount {
	i, ok := slices.BinarySearchFunc(sums, currency, func(a money.Amount, code string) int {
		switch {
		case a.Currency < code:
			return -1
		case a.Currency > code:
			return 1
		}
		return 0
	})
	if ok {
		sums[i].Minor += minor
		return sums
	}
	return slices.Insert(sums, i, money.New(minor, currency))
}

// Sums are the orders and refunds of all days together.
func (t *DayTotals) Sums() DayTotal {
	var sum DayTotal
	for _, day := range t.Days {
		sum.Orders += day.Orders
		sum.Refunds += day.Refunds
		for _, a := range day.Ordered {
			sum.Ordered = addTo(sum.Ordered, a.Minor, a.Currency)
		}
		for _, a := range day.Given {
			sum.Given = addTo(sum.Given, a.Minor, a.Currency)
		}
	}
	return sum
}

// FoldDayTotals makes one row of the many that a day has gathered, and reports how many are fewer. What it
// takes away and what it puts in its place are one statement, so every reader sees the same sums before and after.
func (db *DB) FoldDayTotals(ctx context.Context) (int, error) {
	var before, after int
	err := db.pool.QueryRow(ctx, `WITH gone AS (
			DELETE FROM day_totals d USING (
				SELECT store_id, day, kind, status, currency FROM day_totals GROUP BY 1, 2, 3, 4, 5 HAVING count(*) > 1 OR sum(n) = 0 LIMIT 5000
			) k WHERE (d.store_id, d.day, d.kind, d.status, d.currency) = (k.store_id, k.day, k.kind, k.status, k.currency) RETURNING d.*
		), folded AS (
			INSERT INTO day_totals (store_id, day, kind, status, currency, n, minor)
			SELECT store_id, day, kind, status, currency, sum(n), sum(minor) FROM gone GROUP BY 1, 2, 3, 4, 5
			HAVING sum(n) <> 0 OR sum(minor) <> 0 RETURNING 1
		) SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM folded)`).Scan(&before, &after)
	if err != nil {
		return 0, fmt.Errorf("fold the totals of days: %w", err)
	}
	return before - after, nil
}

// RebuildDayTotals counts the totals of all days anew and reports how many rows they take. Orders wait meanwhile.
func (db *DB) RebuildDayTotals(ctx context.Context) (int64, error) {
	var rows int64
	err := db.Tx(ctx, func(tx *DB) error {
		return tx.in(ctx).Raw("SELECT rebuild_day_totals()").Scan(&rows).Error
	})
	if err != nil {
		return 0, fmt.Errorf("count the totals of days anew: %w", err)
	}
	return rows, nil
}
