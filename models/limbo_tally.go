package models

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/money"
)

// LimboTally is how much there is on the board.
type LimboTally struct {
	Kinds []Need         // of the kinds that have rows, in the order of LimboKinds
	Risk  []money.Amount // of all orders on it, each once, an amount for each currency
	Ages  []LimboAge     // the same by how long it has lasted
}

// Of is what there is of one kind.
func (t *LimboTally) Of(kind NeedKind) Need {
	for _, n := range t.Kinds {
		if n.Kind == kind {
			return n
		}
	}
	return Need{Kind: kind}
}

// Count is how many rows there are of all kinds, and whether there are more than were counted.
func (t *LimboTally) Count() (n int, more bool) {
	for _, kind := range t.Kinds {
		n, more = n+kind.Count, more || kind.More
	}
	return n, more
}

// Today puts what is in limbo now in the place of the last of days.
func (t *LimboTally) Today(days *DayTotals) {
	if len(days.Days) == 0 {
		return
	}
	today := &days.Days[len(days.Days)-1]
	today.Orders, today.Ordered = 0, nil
	for _, kind := range t.Kinds {
		today.Orders += int64(kind.Count)
		for _, risk := range kind.AtRisk {
			today.Ordered = addTo(today.Ordered, risk.Minor, risk.Currency)
		}
	}
}

// LimboAge is what has been in limbo for so long: its orders, each once.
type LimboAge struct {
	Name   lang.Text
	Orders int64
	Risk   []money.Amount
}

// limboAges are the ages the board tells apart, by when each begins.
var limboAges = []struct {
	name lang.Text
	from time.Duration
}{
	{lang.Textf("Under 1 hour"), 0}, {lang.Textf("1 to 24 hours"), time.Hour}, {lang.Textf("1 to 3 days"), 24 * time.Hour}, {lang.Textf("3 to 7 days"), 72 * time.Hour}, {lang.Textf("7 to 30 days"), 7 * 24 * time.Hour}, {lang.Textf("Over 30 days"), 30 * 24 * time.Hour},
}

// tallied is what is counted, with limits: rows of kind, id, order_id, reason, currency, at, minor.
func (f LimboFilter) tallied() string {
	var parts []string
	for i := range limboKinds {
		k := &limboKinds[i]
		reason := "''"
		if k.kind == NeedMissing {
			reason = k.word
		}
		more := ""
		if f.Age > 0 {
			more = fmt.Sprintf(" AND %s <= now() - interval '%d seconds'", k.began(), int(f.Age.Seconds()))
		}
		sql := k.rows(fmt.Sprintf("%s AS id, %s AS order_id, %s AS reason, %s AS currency, %s AS at, %s AS minor", k.id(), k.order, reason, k.money, k.began(), k.minor), more)
		parts = append(parts, fmt.Sprintf("SELECT %d AS k, my.id AS store_id, r.* FROM my CROSS JOIN LATERAL (%s LIMIT %d) r", i, sql, MostNeeds+1))
	}
	return strings.Join(parts, " UNION ALL ")
}

// LimboTally counts the board for a store, or for all of ctx, from an age on. It stops after a thousand of a
// kind in a store.
func (db *DB) LimboTally(ctx context.Context, f LimboFilter) (*LimboTally, error) {
	var from []float64
	for _, age := range limboAges {
		from = append(from, age.from.Seconds())
	}
	scope := ScopeOf(ctx)
	rows, err := db.pool.Query(ctx, `WITH my AS MATERIALIZED (SELECT id FROM stores WHERE ($1 OR id = ANY ($2)) AND ($3 = 0 OR id = $3)),
			board AS MATERIALIZED (`+f.tallied()+`),
			once AS (SELECT order_id, max(currency) AS currency, max(minor) AS minor, width_bucket(extract(epoch FROM now() - min(at))::float8, $4::float8[]) AS age
				FROM board GROUP BY order_id)
		SELECT 'kind', k, reason, currency, count(*), min(at), sum(minor)::bigint FROM board GROUP BY k, reason, currency
		UNION ALL SELECT 'age', age, '', currency, count(*), now(), sum(minor)::bigint FROM once GROUP BY age, currency
		ORDER BY 1, 2, 3, 4`, scope.All, slices.Concat([]int64{0}, scope.Stores), f.Store, from)
	if err != nil {
		return nil, fmt.Errorf("count limbo: %w", err)
	}
	defer rows.Close()
	t := &LimboTally{Ages: make([]LimboAge, len(limboAges))}
	for i, age := range limboAges {
		t.Ages[i].Name = age.name
	}
	kinds := map[NeedKind]*Need{}
	for rows.Next() {
		var (
			group, reason, currency string
			n                       int
			count                   int64
			oldest                  time.Time
			minor                   int64
		)
		if err := rows.Scan(&group, &n, &reason, &currency, &count, &oldest, &minor); err != nil {
			return nil, fmt.Errorf("count limbo: %w", err)
		}
		if group == "age" {
			age := &t.Ages[max(n-1, 0)]
			age.Orders += count
			if minor > 0 {
				age.Risk, t.Risk = addTo(age.Risk, minor, currency), addTo(t.Risk, minor, currency)
			}
			continue
		}
		kind := limboKinds[n].kind
		if kinds[kind] == nil {
			kinds[kind] = &Need{Kind: kind, Oldest: oldest.UTC()}
		}
		kinds[kind].add(reason, currency, int(count), oldest.UTC(), minor)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("count limbo: %w", err)
	}
	for _, kind := range LimboKinds {
		if n := kinds[kind]; n != nil {
			t.Kinds = append(t.Kinds, *n)
		}
	}
	return t, nil
}
