package models

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// personOrders are the orders of a person that are not erased.
func (db *DB) personOrders(ctx context.Context, stores []int64, p Person) ([]int64, error) {
	phone := digits(p.Phone)
	if len(phone) < fewestDigits {
		phone = ""
	}
	rows, err := db.pool.Query(ctx, `
		SELECT o.id FROM orders o JOIN order_search s ON s.order_id = o.id
			WHERE o.store_id = ANY ($1) AND o.erased_at IS NULL AND ($2 <> '' AND s.email = kartify_fold($2) OR $3 <> '' AND s.phone = $3)
		UNION SELECT o.id FROM orders o JOIN fynd_sessions x ON x.order_id = o.id
			WHERE o.store_id = ANY ($1) AND o.erased_at IS NULL AND ($4 <> '' AND x.body->>'g_user_id' = $4 OR $2 <> '' AND lower(x.body->>'customer_email') = lower($2))
		UNION SELECT o.id FROM orders o JOIN payments y ON y.order_id = o.id
			WHERE o.store_id = ANY ($1) AND o.erased_at IS NULL AND $4 <> '' AND $4 IN (y.params->>'clientid', y.params->>'customer_id')
		ORDER BY 1`, stores, p.Email, phone, p.ID)
	if err != nil {
		return nil, fmt.Errorf("look for the person's orders: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("look for the person's orders: %w", err)
	}
	return ids, nil
}

// nobodyElse leaves out e-mail addresses and phone numbers that are another customer's as well, such as a family's.
func (db *DB) nobodyElse(ctx context.Context, stores, own []int64, list []string) ([]string, error) {
	var kept []string
	for _, word := range list {
		email, phone := "", ""
		switch {
		case looksLikePhone(word):
			phone = digits(word)
		default:
			email = word
		}
		var others bool
		err := db.pool.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM order_search s JOIN orders o ON o.id = s.order_id
			WHERE o.store_id = ANY ($1) AND o.id <> ALL ($2) AND o.erased_at IS NULL AND ($3 <> '' AND s.email = kartify_fold($3) OR $4 <> '' AND s.phone = $4))`, stores, own, email, phone).Scan(&others)
		if err != nil {
			return nil, fmt.Errorf("look for others with the same address: %w", err)
		}
		if !others {
			kept = append(kept, word)
		}
	}
	return kept, nil
}
