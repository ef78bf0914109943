package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ofOrder are the statements that erase what hangs on order $1: most of them touch rows, and the database's own
// triggers do the rest, as they do for whatever comes later.
var ofOrder = []struct{ name, sql string }{
	{"payments", "UPDATE payments SET params = params WHERE order_id = $1"},
	{"", "UPDATE operations SET before = before WHERE order_id = $1 AND before IS NOT NULL"},
	{"attempts", "UPDATE operation_attempts SET exchanges = exchanges WHERE operation_id IN (SELECT id FROM operations WHERE order_id = $1)"},
	{"webhooks", `UPDATE webhooks w SET erased_at = clock_timestamp(), body = privacy_note(), headers = '{}', effect = privacy_text(effect)
		WHERE erased_at IS NULL AND state NOT IN ('received', 'parked') AND id IN (
			SELECT id FROM webhooks WHERE order_id = $1
			UNION SELECT x.id FROM webhooks x JOIN orders o ON o.id = $1 AND x.partner_order_id = o.partner_order_id WHERE x.partner_order_id <> '' AND x.store_id IN (0, o.store_id)
			UNION SELECT x.id FROM webhooks x JOIN payments p ON p.order_id = $1 AND x.payment_ref = p.ref AND x.source = p.gateway WHERE x.payment_ref <> '' AND x.store_id IN (0, p.store_id)
			UNION SELECT x.id FROM webhooks x JOIN webhooks y ON y.id = x.duplicate_of WHERE y.order_id = $1)`},
	{"emails", "UPDATE emails SET state = state WHERE order_id = $1 AND erased_at IS NULL"},
	{"", "UPDATE checkouts SET state = state WHERE order_id = $1"},
	{"", "UPDATE payment_links SET revoked_at = now() WHERE order_id = $1 AND revoked_at IS NULL"},
	{"notifications", "UPDATE notification_attempts SET answer = '' WHERE outcome <> '' AND notification_id IN (SELECT id FROM notifications WHERE order_id = $1)"},
	{"sessions", "UPDATE fynd_sessions SET body = body WHERE order_id = $1"},
	{"", "UPDATE fynd_refunds SET body = body WHERE order_id = $1"},
	{"", "UPDATE partner_updates SET log = log WHERE order_id = $1"},
}

// eraseOrder takes whoever bought an order out of it and out of everything that hangs on it, in one transaction, which counts it. Ids,
// amounts, dates and states stay. An order that is erased already is left alone.
func (db *DB) eraseOrder(ctx context.Context, r *PrivacyRequest, id int64, named traces) error {
	counts := map[string]int64{}
	err := db.Tx(ctx, func(tx *DB) error {
		clear(counts)
		var store int64
		err := tx.raw(func(conn *pgx.Conn) error {
			if err := planBlind(ctx, conn); err != nil {
				return err
			}
			err := conn.QueryRow(ctx, `UPDATE orders SET erased_at = now(), customer_name = 'Erased', customer_email = '', customer_phone = '', company = ''
				WHERE id = $1 AND erased_at IS NULL RETURNING store_id`, id).Scan(&store)
			if err != nil {
				return err //nolint:wrapcheck // below
			}
			counts["orders"] = 1
			for _, s := range ofOrder {
				tag, err := conn.Exec(ctx, s.sql, id)
				if err != nil {
					return fmt.Errorf("%s: %w", strings.Fields(s.sql)[1], err)
				}
				if s.name != "" {
					counts[s.name] += tag.RowsAffected()
				}
			}
			all, err := spots(ctx, conn)
			if err != nil {
				return err
			}
			for _, p := range all {
				if !p.orders {
					continue
				}
				if _, err := p.clean(ctx, conn, named, named, "order_id = $7"+p.fixed(), id); err != nil {
					return err
				}
			}
			return nil
		})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // erased by an earlier try
		}
		if err != nil {
			return err
		}
		err = tx.addHistory(ctx, OrderHistory{OrderID: id, StoreID: store, Kind: "note", Comment: "The customer's data was erased (request " + strconv.FormatInt(r.ID, 10) + ")."}, SystemActor)
		if err != nil {
			return err
		}
		if err := tx.addCounts(ctx, r, counts); err != nil {
			return err
		}
		return tx.audit(ctx, store, r.by(), "order.erased", "order "+strconv.FormatInt(id, 10), &id, map[string]any{"request": r.ID})
	})
	if err != nil {
		return fmt.Errorf("erase order %d: %w", id, err)
	}
	return nil
}

// fixed keeps rows out that the database does not let anybody write otherwise.
func (p spot) fixed() string {
	if p.table == "emails" {
		return " AND (raw IS NULL OR erased_at IS NOT NULL)"
	}
	return ""
}

// personalKinds tells which values of a document name a person anywhere, and which only beside their own orders.
func personalKinds(key, word string) (anywhere bool) {
	plain := plainKey(key)
	switch {
	case strings.Contains(word, "@"), looksLikePhone(word) && contains(plain, append(phoneParts, "contact", "tel")):
		return true
	case slices.Contains([]string{"line1", "line2", "address", "address1", "address2", "street", "landmark", "name", "customername", "fullname", "company"}, plain), strings.HasSuffix(plain, "name"), strings.HasSuffix(plain, "address"):
		return len(strings.Fields(word)) >= 2 && len([]rune(word)) >= 7
	}
	return false
}

// tracesOfOrders are the texts that name whoever bought these orders: those that name them wherever they stand, and
// those that only mean them beside the orders themselves, such as a city or a first name.
func (db *DB) wordsOfOrders(ctx context.Context, ids []int64) (anywhere, beside []string, err error) {
	rows, err := db.pool.Query(ctx, `
		WITH docs AS (
			SELECT jsonb_build_object('customer', jsonb_build_object('name', customer_name, 'email', customer_email, 'phone', customer_phone, 'company', company),
				'billing_address', billing_address, 'shipping_address', shipping_address) AS doc FROM orders WHERE id = ANY ($1) AND erased_at IS NULL
			UNION ALL SELECT body FROM fynd_sessions WHERE order_id = ANY ($1)
			UNION ALL SELECT params FROM payments WHERE order_id = ANY ($1)
			UNION ALL SELECT fiscal FROM payments WHERE order_id = ANY ($1)
			UNION ALL SELECT jsonb_build_object('customer_email', recipient) FROM emails WHERE order_id = ANY ($1) AND audience = 'customer' AND recipient NOT IN ('', 'erased')
		)
		SELECT DISTINCT w.key, w.word FROM docs CROSS JOIN LATERAL privacy_words(doc) w WHERE length(w.word) BETWEEN 3 AND 300 ORDER BY 1, 2 LIMIT 5000`, ids)
	if err != nil {
		return nil, nil, fmt.Errorf("look for what names the person: %w", err)
	}
	var key, word string
	_, err = pgx.ForEachRow(rows, []any{&key, &word}, func() error {
		word := strings.TrimSpace(word)
		switch {
		case slices.Contains(shared, strings.ToLower(word)) || len(word) < 3:
		case strings.HasSuffix(plainKey(key), "id"):
			if len(word) >= 8 && !onlyNumber(word) && slices.Contains([]string{"guserid", "userid", "customerid"}, plainKey(key)) {
				anywhere = append(anywhere, word)
			}
		case personalKinds(key, word):
			anywhere = append(anywhere, word)
			if strings.HasSuffix(plainKey(key), "name") {
				for _, part := range strings.Fields(word) {
					if len([]rune(part)) >= 3 {
						beside = append(beside, part)
					}
				}
			}
		case !onlyNumber(word):
			beside = append(beside, word)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("look for what names the person: %w", err)
	}
	slices.Sort(anywhere)
	slices.Sort(beside)
	return slices.Compact(anywhere), slices.Compact(beside), nil
}

// shared are values under personal names that name nobody.
var shared = []string{"erased", "home", "work", "office", "other", "india", "null", "none", "n/a", "card", "upi", "cash", "inr", "test", "live", "true", "false"}

func onlyNumber(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}
