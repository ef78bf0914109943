package models

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kartify/kartify/money"
)

// LimboKinds are what Sales > Limbo lists, the most pressing first.
var LimboKinds = []NeedKind{NeedReview, NeedContradiction, NeedUnknown, NeedPartner}

// LimboRow is one money operation whose end is not known or not believed, or one thing Fynd was not told.
type LimboRow struct {
	ID        int64
	OrderID   int64
	StoreID   int64
	Customer  string
	Kind      string // refund, capture, … of an operation; the partner's word of an update
	State     string
	Amount    money.Amount
	Since     time.Time
	Why       string     // a sentence
	NextAt    *time.Time // when kartify does something about it by itself
	Requester string
}

// MostLimbo is how many rows a page of it has.
const MostLimbo = 100

var limboSQL = map[NeedKind]string{
	NeedReview:        limboOperations + "p.state = 'needs_review'",
	NeedContradiction: limboOperations + "p.contradiction <> ''",
	NeedUnknown:       limboOperations + "p.state = 'unknown'",
	NeedPartner: `SELECT p.id, p.order_id, p.store_id, o.customer_name, p.status, p.state, p.amount_minor, p.currency, p.created_at, p.problem, p.next_at, ''
		FROM partner_updates p JOIN orders o ON o.id = p.order_id WHERE p.state = 'failed'`,
}

const limboOperations = `SELECT p.id, p.order_id, p.store_id, o.customer_name, p.kind, p.state, p.amount_minor, p.currency, p.created_at,
		CASE WHEN p.contradiction <> '' THEN p.contradiction ELSE p.problem END, p.next_at, p.requester
	FROM operations p JOIN orders o ON o.id = p.order_id WHERE `

// Limbo lists what waits for a person in one way, the oldest first, from after the row of this id. more says
// whether there are others behind it.
func (db *DB) Limbo(ctx context.Context, kind NeedKind, after int64) (list []LimboRow, more bool, err error) {
	sql, ok := limboSQL[kind]
	if !ok {
		return nil, false, ErrNotFound
	}
	scope := ScopeOf(ctx)
	rows, err := db.pool.Query(ctx, sql+` AND p.store_id IN (SELECT id FROM stores WHERE $1 OR id = ANY ($2)) AND p.id > $3 ORDER BY p.id LIMIT $4`,
		scope.All, slices.Concat([]int64{0}, scope.Stores), after, MostLimbo+1)
	if err != nil {
		return nil, false, fmt.Errorf("list limbo: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r LimboRow
		if err := rows.Scan(&r.ID, &r.OrderID, &r.StoreID, &r.Customer, &r.Kind, &r.State, &r.Amount.Minor, &r.Amount.Currency, &r.Since, &r.Why, &r.NextAt, &r.Requester); err != nil {
			return nil, false, fmt.Errorf("list limbo: %w", err)
		}
		list = append(list, r)
	}
	if err := rows.Err(); err != nil {
		return nil, false, fmt.Errorf("list limbo: %w", err)
	}
	if len(list) > MostLimbo {
		return list[:MostLimbo], true, nil
	}
	return list, false, nil
}
