package bench

import (
	"context"
	"fmt"
)

// search compares keys that people paste with their look-up by the same index, and times free text.
func (b *bench) search(ctx context.Context) error {
	s, err := b.site(ctx, b.large())
	if err != nil {
		return err
	}
	if err := b.keys(ctx, s); err != nil {
		return err
	}
	for _, needle := range []struct{ name, text string }{
		{"rare", "щербакова ёлкин"},
		{"common", "sharma"},
		{"two common words", "priya sharma"},
		{"id prefix", "fy0"},
		{"two characters", "sh"},
		{"digits", "1234"},
		{"no match", "zqxjkw"},
		{"whole name, other script", "प्रिया"},
		{"percent sign", "%"},
	} {
		var took times
		for range b.Rounds {
			one, err := run(ctx, side{needle.name, s.asks(orders("q", needle.text))}, max(b.Requests/10, 5), 1)
			if err != nil {
				return err
			}
			took = append(took, one...)
		}
		b.add(figure{"P6", "search " + needle.name + " “" + needle.text + "”, p95", milli(took.p95()), "ms", 300, 100, false, "median " + ms(took.median())})
	}
	return nil
}

// keys takes an order from the middle and looks for it by everything that names it.
func (b *bench) keys(ctx context.Context, s *site) error {
	var id int64
	err := s.db.Pool().QueryRow(s.ctx, `SELECT p.order_id FROM payments p JOIN orders o ON o.id = p.order_id
		WHERE p.rrn <> '' AND o.partner_order_id IS NOT NULL AND p.order_id > (SELECT (min(id) + max(id)) / 2 FROM orders) ORDER BY p.order_id LIMIT 1`).Scan(&id)
	if err != nil {
		return fmt.Errorf("find an order with every key: %w", err)
	}
	for _, key := range []struct{ name, value, raw string }{
		{"order id", "SELECT id::text FROM orders WHERE id = $1", "SELECT * FROM orders WHERE id = $1::bigint"},
		{"partner order id", "SELECT partner_order_id FROM orders WHERE id = $1", "SELECT * FROM orders WHERE partner_order_id = $1"},
		{"gid", "SELECT gid FROM orders WHERE id = $1", "SELECT * FROM orders WHERE gid = $1"},
		{"e-mail", "SELECT email FROM order_search WHERE order_id = $1", "SELECT * FROM orders WHERE id = ANY (ARRAY(SELECT order_id FROM order_search WHERE email = $1 AND email <> ''))"},
		{"phone", "SELECT phone FROM order_search WHERE order_id = $1", "SELECT * FROM orders WHERE id = ANY (ARRAY(SELECT order_id FROM order_search WHERE phone = $1 AND phone <> ''))"},
		{"RRN", "SELECT rrn FROM payments WHERE order_id = $1 AND rrn <> '' LIMIT 1", "SELECT * FROM orders WHERE id = ANY (ARRAY(SELECT order_id FROM payments WHERE rrn = $1 AND rrn <> ''))"},
		{"payment reference", "SELECT ref FROM payments WHERE order_id = $1 AND rrn <> '' LIMIT 1", "SELECT * FROM orders WHERE id = ANY (ARRAY(SELECT order_id FROM payments WHERE ref = $1))"},
	} {
		value, err := s.text(key.value, id)
		if err != nil {
			return err
		}
		path := orders("q", value)
		r, err := b.turns(ctx, 1, side{"page", s.asks(path)}, side{"raw", s.sends(&statement{sql: key.raw, args: []any{value}})}, side{"first page", s.asks(orders())})
		if err != nil {
			return err
		}
		both := fmt.Sprintf("raw look-up %s, first page of the list %s", ms(r.all[1].median()), ms(r.all[2].median()))
		b.add(figure{"P5", "search by " + key.name + " over HTTP, median", milli(r.all[0].median()), "ms", 5, 3, false, both})
	}
	return nil
}
