package models

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ofOrders are the statements that erase what hangs on orders $1: most of them touch rows, and the database's own
// triggers do the rest, as they do for whatever comes later.
var ofOrders = []struct{ name, sql string }{
	{"payments", "UPDATE payments SET params = params WHERE order_id = ANY ($1)"},
	{"", "UPDATE operations SET before = before WHERE order_id = ANY ($1) AND before IS NOT NULL"},
	{"attempts", "UPDATE operation_attempts SET exchanges = exchanges WHERE operation_id IN (SELECT id FROM operations WHERE order_id = ANY ($1))"},
	{"webhooks", `UPDATE webhooks w SET erased_at = clock_timestamp(), body = privacy_note(), headers = '{}', effect = privacy_text(effect)
		WHERE erased_at IS NULL AND state NOT IN ('received', 'parked') AND id IN (
			SELECT id FROM webhooks WHERE order_id = ANY ($1)
			UNION SELECT x.id FROM webhooks x JOIN orders o ON o.id = ANY ($1) AND x.partner_order_id = o.partner_order_id WHERE x.partner_order_id <> '' AND x.store_id IN (0, o.store_id)
			UNION SELECT x.id FROM webhooks x JOIN payments p ON p.order_id = ANY ($1) AND x.payment_ref = p.ref AND x.source = p.gateway WHERE x.payment_ref <> '' AND x.store_id IN (0, p.store_id)
			UNION SELECT x.id FROM webhooks x JOIN webhooks y ON y.id = x.duplicate_of WHERE y.order_id = ANY ($1))`},
	{"emails", "UPDATE emails SET state = state WHERE order_id = ANY ($1) AND erased_at IS NULL"},
	{"", "UPDATE checkouts SET state = state WHERE order_id = ANY ($1)"},
	{"", "UPDATE payment_links SET revoked_at = now() WHERE order_id = ANY ($1) AND revoked_at IS NULL"},
	{"notifications", "UPDATE notification_attempts SET answer = '' WHERE outcome <> '' AND notification_id IN (SELECT id FROM notifications WHERE order_id = ANY ($1))"},
	{"sessions", "UPDATE fynd_sessions SET body = body WHERE order_id = ANY ($1)"},
	{"", "UPDATE fynd_refunds SET body = body WHERE order_id = ANY ($1)"},
	{"", "UPDATE partner_updates SET log = log WHERE order_id = ANY ($1)"},
}

// erasedAtOnce is how many orders are erased in one transaction, which nobody else changes meanwhile.
const erasedAtOnce = 100

// eraseOrders takes whoever bought orders out of them and out of everything that hangs on them, so many at a time in a
// transaction, which counts them. Ids, amounts, dates and states stay. An order that is erased already is left alone.
// named are the words to take out of what hangs on an order.
func (db *DB) eraseOrders(ctx context.Context, r *PrivacyRequest, orders []int64, named func(order int64) []string) error {
	for ids := range slices.Chunk(slices.Sorted(slices.Values(orders)), erasedAtOnce) {
		if err := db.Tx(ctx, func(tx *DB) error { return tx.eraseSome(ctx, r, ids, named) }); err != nil {
			return fmt.Errorf("erase orders %d to %d: %w", ids[0], ids[len(ids)-1], err)
		}
	}
	return nil
}

func (db *DB) eraseSome(ctx context.Context, r *PrivacyRequest, ids []int64, named func(order int64) []string) error {
	counts := map[string]int64{}
	err := db.raw(func(conn *pgx.Conn) error {
		if err := planBlind(ctx, conn); err != nil {
			return err
		}
		fresh, err := markErased(ctx, conn, ids)
		if err != nil || len(fresh) == 0 {
			return err // erased by an earlier try
		}
		ids = fresh
		counts["orders"] = int64(len(ids))
		for _, s := range ofOrders {
			tag, err := conn.Exec(ctx, s.sql, ids)
			if err != nil {
				return fmt.Errorf("%s: %w", strings.Fields(s.sql)[1], err)
			}
			if s.name != "" {
				counts[s.name] += tag.RowsAffected()
			}
		}
		if err := cleanOrders(ctx, conn, ids, named); err != nil {
			return err
		}
		_, err = conn.Exec(ctx, `INSERT INTO order_history (order_id, store_id, actor, actor_name, kind, comment)
			SELECT id, store_id, $2, $3, 'note', $4 FROM orders WHERE id = ANY ($1) ORDER BY id`,
			ids, SystemActor.history(), SystemActor.Name, "The customer's data was erased (request "+strconv.FormatInt(r.ID, 10)+").")
		if err != nil {
			return fmt.Errorf("write their history: %w", err)
		}
		return nil
	})
	if err != nil || counts["orders"] == 0 {
		return err
	}
	if err := db.addCounts(ctx, r, counts); err != nil {
		return err
	}
	return db.auditErased(ctx, r, ids)
}

// markErased erases the orders themselves, but for those that are erased already, and tells which it were.
func markErased(ctx context.Context, conn *pgx.Conn, ids []int64) ([]int64, error) {
	// As whoever moves money does: payments first, then their orders.
	if _, err := conn.Exec(ctx, "SELECT 1 FROM payments WHERE order_id = ANY ($1) ORDER BY id FOR UPDATE", ids); err != nil {
		return nil, fmt.Errorf("lock their payments: %w", err)
	}
	rows, err := conn.Query(ctx, `WITH mine AS (SELECT id FROM orders WHERE id = ANY ($1) AND erased_at IS NULL ORDER BY id FOR UPDATE)
		UPDATE orders o SET erased_at = now(), customer_name = 'Erased', customer_email = '', customer_phone = '', company = '', date_modified = now(), version = version + 1
		FROM mine WHERE o.id = mine.id RETURNING o.id`, ids)
	if err != nil {
		return nil, fmt.Errorf("take their customers away: %w", err)
	}
	fresh, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("take their customers away: %w", err)
	}
	slices.Sort(fresh)
	return fresh, nil
}

// cleanOrders takes the words out of every record that names one of the orders.
func cleanOrders(ctx context.Context, conn *pgx.Conn, ids []int64, named func(order int64) []string) error {
	all, err := spots(ctx, conn)
	if err != nil {
		return err
	}
	looks := map[int64]*lookout{}
	for _, id := range ids {
		looks[id] = newLookout(named(id))
	}
	for _, p := range all {
		if !p.orders {
			continue
		}
		err := p.each(ctx, conn, "order_id", "order_id = ANY ($1)"+p.fixed(), []any{ids}, func(order int64, texts []string) []string { return looks[order].in(texts...) },
			func(row string, words []string) error {
				w := tracesOf(words)
				_, err := p.clean(ctx, conn, w, w, "ctid = $7::text::tid", row)
				return err
			})
		if err != nil {
			return err
		}
	}
	return nil
}

// auditErased has the audit log say of each order that it was erased.
func (db *DB) auditErased(ctx context.Context, r *PrivacyRequest, ids []int64) error {
	by := r.by()
	return db.raw(func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `INSERT INTO audit_log (chain, actor, actor_id, actor_name, address, action, object, order_id, details)
			SELECT store_id, $2, $3, $4, $5, 'order.erased', 'order ' || id, id, jsonb_build_object('request', $6::bigint) FROM orders WHERE id = ANY ($1) ORDER BY id`,
			ids, by.Kind, by.UserID, by.Name, by.Address, r.ID)
		if err != nil {
			return fmt.Errorf("audit erased orders: %w", err)
		}
		return nil
	})
}

// fixed keeps rows out that the database does not let anybody write otherwise.
func (p spot) fixed() string {
	if p.table == "emails" {
		return " AND (raw IS NULL OR erased_at IS NOT NULL)"
	}
	return ""
}
