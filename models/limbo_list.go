package models

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// LimboFilter says which rows of the board are wanted. The zero filter wants all of them.
type LimboFilter struct {
	Kind  NeedKind      // "" for every kind
	Store int64         // 0 for every store
	Age   time.Duration // at least this old
	After string        // the place after which to go on, of a LimboPage
	Limit int           // rows to a page; MostLimbo when it is 0
}

// MostLimbo is how many rows a page of the board has.
const MostLimbo = 50

// LimboPage is one page of the board, the oldest first.
type LimboPage struct {
	Rows []LimboRow
	Next string // the place after which the next page begins; "" on the last one
}

// limboPlace is where a row stands on the board. Two rows never share one.
type limboPlace struct {
	since time.Time
	kind  int
	id    int64
}

func (p limboPlace) String() string {
	return fmt.Sprintf("%d.%d.%d", p.since.UnixMicro(), p.kind, p.id)
}

// readLimboPlace reads what String wrote; anything else is the beginning.
func readLimboPlace(text string) (limboPlace, bool) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return limboPlace{}, false
	}
	var n [3]int64
	for i, part := range parts {
		var err error
		if n[i], err = strconv.ParseInt(part, 10, 64); err != nil || n[i] < 0 {
			return limboPlace{}, false
		}
	}
	if n[0] > 253402300799e6 || n[1] >= int64(len(limboKinds)) {
		return limboPlace{}, false
	}
	return limboPlace{time.UnixMicro(n[0]).UTC(), int(n[1]), n[2]}, true
}

// behind is the condition that the rows of a kind stand behind the place.
func (p limboPlace) behind(n int, k *limboKind) string {
	at := fmt.Sprintf("to_timestamp(%d::numeric / 1000000)", p.since.Add(-k.shift).UnixMicro())
	switch {
	case n < p.kind:
		return fmt.Sprintf(" AND %s > %s", k.at, at)
	case n > p.kind:
		return fmt.Sprintf(" AND %s >= %s", k.at, at)
	}
	return fmt.Sprintf(" AND (%s, %s) > (%s, %d)", k.at, k.id(), at, p.id)
}

// sql is the rows of the filter's page, without what stands beside them.
func (f LimboFilter) sql() (string, error) {
	if _, k := findLimboKind(f.Kind); f.Kind != "" && k == nil {
		return "", ErrNotFound
	}
	place, begun := readLimboPlace(f.After)
	var parts []string
	for n := range limboKinds {
		k := &limboKinds[n]
		if f.Kind != "" && f.Kind != k.kind {
			continue
		}
		more := ""
		if begun {
			more = place.behind(n, k)
		}
		if f.Age > 0 {
			more += fmt.Sprintf(" AND %s <= now() - interval '%d seconds'", k.began(), int(f.Age.Seconds()))
		}
		parts = append(parts, fmt.Sprintf("SELECT my.id AS store_id, r.* FROM my CROSS JOIN LATERAL (%s LIMIT %d) r", k.listed(n, more), f.Limit+1))
	}
	return strings.Join(parts, " UNION ALL "), nil
}

// Limbo lists the orders whose money and whose state disagree, a row for each way in which they do. Each kind
// and store is a few rows of one index, however many orders there are.
func (db *DB) Limbo(ctx context.Context, f LimboFilter) (*LimboPage, error) {
	if f.Limit == 0 {
		f.Limit = MostLimbo
	}
	sql, err := f.sql()
	if err != nil {
		return nil, err
	}
	scope := ScopeOf(ctx)
	rows, err := db.pool.Query(ctx, `WITH my AS MATERIALIZED (SELECT id FROM stores WHERE ($1 OR id = ANY ($2)) AND ($3 = 0 OR id = $3)),
			page AS MATERIALIZED (SELECT * FROM (`+sql+`) r ORDER BY since, k, id LIMIT $4)
		SELECT r.k, r.id, r.order_id, r.store_id, coalesce(r.payment_id, 0), r.since, r.minor, coalesce(r.currency, ''), r.word, r.state, r.problem, coalesce(r.next_at, l.next_at),
			o.customer_name, o.status, coalesce(o.partner_order_id, ''), s.fynd, coalesce(c.user_id, 0), coalesce(c.user_name, ''),
			greatest(h.checked_at, l.asked_at, (SELECT max(a.finished_at) FROM operations p JOIN operation_attempts a ON a.operation_id = p.id WHERE p.order_id = r.order_id)),
			CASE WHEN l.asked_at > h.checked_at THEN l.said ELSE coalesce(h.said, l.said, '') END, coalesce((SELECT p.gateway FROM payments p WHERE p.id = r.payment_id), o.gateway)
		FROM page r JOIN orders o ON o.id = r.order_id JOIN stores s ON s.id = r.store_id
		LEFT JOIN limbo_claims c ON c.kind = ($5::text[])[r.k + 1] AND c.record_id = r.id
		LEFT JOIN order_checks h ON h.order_id = r.order_id
		LEFT JOIN order_lookups l ON l.order_id = r.order_id
		ORDER BY r.since, r.k, r.id`, scope.All, slices.Concat([]int64{0}, scope.Stores), f.Store, f.Limit+1, limboWords())
	if err != nil {
		return nil, fmt.Errorf("list limbo: %w", err)
	}
	page := &LimboPage{}
	page.Rows, err = pgx.CollectRows(rows, db.limboRow)
	if err != nil {
		return nil, fmt.Errorf("list limbo: %w", err)
	}
	if len(page.Rows) > f.Limit {
		page.Rows = page.Rows[:f.Limit]
		last := &page.Rows[f.Limit-1]
		n, _ := findLimboKind(last.Kind)
		page.Next = limboPlace{last.Since, n, last.ID}.String()
	}
	return page, nil
}

// limboWords are the words of the kinds, in their order.
func limboWords() []string {
	words := make([]string, len(limboKinds))
	for i := range limboKinds {
		words[i] = string(limboKinds[i].kind)
	}
	return words
}

func (db *DB) limboRow(row pgx.CollectableRow) (LimboRow, error) {
	var r LimboRow
	var k int
	err := row.Scan(&k, &r.ID, &r.OrderID, &r.StoreID, &r.PaymentID, &r.Since, &r.Amount.Minor, &r.Amount.Currency, &r.Word, &r.State, &r.Problem, &r.NextAt,
		&r.Customer, &r.OrderStatus, &r.Partner, &r.Fynd, &r.OwnerID, &r.Owner, &r.LastAt, &r.LastSaid, &r.Gateway)
	if err != nil {
		return r, err //nolint:wrapcheck // wrapped by the caller
	}
	r.Kind, r.Since = limboKinds[k].kind, r.Since.UTC()
	r.ByHand = (r.Kind == NeedMissing || r.Kind == NeedPending) && r.NextAt == nil && !slices.Contains(db.orderReaders(), r.Gateway)
	if driver, known := db.drivers[r.Gateway]; known {
		r.Gateway, r.Support = driver.Name, driver.Support
	}
	return r, nil
}
