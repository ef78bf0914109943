package generate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// table is one that gets rows, with the columns of them. The order is such that a row comes after
// those it refers to.
type table struct {
	name    string
	columns string
}

const (
	tOrders = iota
	tItems
	tPayments
	tWebhooks
	tEvents
	tSeen
	tOperations
	tAttempts
	tHistory
	tSearch
	tEmails
	tableCount
)

var all = [tableCount]table{
	tOrders: {"orders", `id, store_id, partner_order_id, affiliate_order_id, gid, customer_name, customer_email, customer_phone, company,
		status, status_reason, payment_method, gateway, currency, items_minor, discount_minor, tax_minor, shipping_minor, shipping_tax_minor, total_minor,
		last_event, last_event_at, billing_address, shipping_address, date_added, date_modified`},
	tItems: {"order_items", "order_id, store_id, position, sku, name, quantity, unit_minor, discount_minor, tax_minor, total_minor"},
	tPayments: {"payments", `id, order_id, store_id, gateway, mode, ref, order_ref, status, provider_status, method, currency, amount_minor, authorized_minor,
		captured_minor, refunded_minor, refund_reserved_minor, voided_at, capture_before, card_first6, card_last4, card_network, rrn, params, refunding_since,
		created_at, updated_at`},
	tWebhooks: {"webhooks", `id, source, store_id, claimed_store_id, event, event_id, body_sha256, body, headers, address, verdict, state, effect,
		partner_order_id, payment_ref, order_ref, order_id, mode, received_at, processed_at`},
	tEvents: {"order_events", `id, order_id, store_id, event, webhook_id, request_id, amount_minor, waiting, closed_at, closed_by, occurred_at, received_at`},
	tSeen:   {"order_events_seen", "order_id, store_id, event, waiting, date_added"},
	tOperations: {"operations", `id, store_id, order_id, payment_id, kind, source, amount_minor, currency, reason, requester, event_id, digest,
		idempotency_key, state, attempts, first_sent_at, ref, word, problem, created_at, updated_at, finished_at`},
	tAttempts: {"operation_attempts", "operation_id, store_id, n, kind, outcome, http_status, started_at, finished_at"},
	tHistory:  {"order_history", "order_id, store_id, at, actor, actor_name, kind, from_status, to_status, comment, operation_id"},
	tSearch:   {"order_search", "order_id, store_id, date_added, txt, email, phone"},
	tEmails: {"emails", `store_id, order_id, partner_order_id, kind, webhook_id, claimed_store_id, event, occurrence, state, cause, why, recipient, sender,
		subject, html_body, text_body, message_id, raw, answer, server, tries, created_at, written_at, done_at`},
}

func tableNames() []string {
	var names []string
	for _, t := range all {
		names = append(names, t.name)
	}
	return names
}

// replaced are the triggers whose rows are generated too, or counted at the end, by name. All others fire.
var replaced = map[string]string{
	"orders_search_insert": "orders", "day_totals_added": "orders",
	"order_events_note": "order_events", "order_event_names_note": "order_events",
	"day_totals_refunded":    "operations",
	"payments_search_insert": "payments", "operations_search_insert": "operations",
}

// rows are the rows of a batch of orders, a buffer for each table.
type rows [tableCount]buffer

func newRows() *rows { return new(rows) }

func (r *rows) reset() {
	for i := range r {
		r[i] = append(r[i][:0], copyHead...)
	}
}

// tables are the order tables in a transaction that has them to itself: without the wall, which COPY
// knows nothing of, without the triggers that are replaced, and, for many
// orders, without the indexes and references, which are sooner built again than kept.
type tables struct {
	tx      pgx.Tx
	next    ids
	restore []string // what is built again, one statement each
}

// ids are the last ids in use.
type ids struct{ order, payment, webhook, event, operation int64 }

// lockTables takes the tables. Whoever works on orders at the same moment takes them one by one, so a
// deadlock is possible, and then it is tried again.
func lockTables(ctx context.Context, tx pgx.Tx) error {
	sql := "SET LOCAL lock_timeout = '20s'; LOCK TABLE " + strings.Join(tableNames(), ", ") + " IN ACCESS EXCLUSIVE MODE; SET LOCAL lock_timeout = 0"
	var err error
	for range 5 {
		err = pgx.BeginFunc(ctx, tx, func(inner pgx.Tx) error {
			_, err := inner.Exec(ctx, sql)
			return err //nolint:wrapcheck // said below
		})
		var refused *pgconn.PgError
		if err == nil || !errors.As(err, &refused) || refused.Code != "40P01" {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("take the tables: %w", err)
	}
	return nil
}

func openTables(ctx context.Context, tx pgx.Tx, orders int) (*tables, error) {
	t := &tables{tx: tx}
	if err := lockTables(ctx, tx); err != nil {
		return nil, err
	}
	steps := []string{"SET LOCAL maintenance_work_mem = '512MB'"}
	for trigger, name := range replaced {
		steps = append(steps, "ALTER TABLE "+name+" DISABLE TRIGGER "+trigger)
	}
	for _, name := range tableNames() {
		steps = append(steps, "ALTER TABLE "+name+" NO FORCE ROW LEVEL SECURITY")
	}
	for _, sql := range steps {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return nil, fmt.Errorf("prepare the tables: %w", err)
		}
	}
	var have int64
	err := tx.QueryRow(ctx, `SELECT (SELECT count(*) FROM orders), (SELECT coalesce(max(id), 1000) FROM orders), (SELECT coalesce(max(id), 0) FROM payments),
		(SELECT coalesce(max(id), 0) FROM webhooks), (SELECT coalesce(max(id), 0) FROM order_events), (SELECT coalesce(max(id), 0) FROM operations)`).
		Scan(&have, &t.next.order, &t.next.payment, &t.next.webhook, &t.next.event, &t.next.operation)
	if err != nil {
		return nil, fmt.Errorf("look at the tables: %w", err)
	}
	if orders >= 20_000 && int64(orders) >= have/2 {
		if err := t.strip(ctx); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// strip takes away the references and the indexes that are no key, and notes how to build them again.
func (t *tables) strip(ctx context.Context) error {
	rows, err := t.tx.Query(ctx, `
		SELECT format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
		FROM pg_index i WHERE i.indrelid = ANY ($1::text[]::regclass[]) AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)
		UNION ALL
		SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
			format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
		FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY ($1::text[]::regclass[])`, tableNames())
	if err != nil {
		return fmt.Errorf("list the indexes: %w", err)
	}
	type pair struct{ Drop, Create string }
	pairs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[pair])
	if err != nil {
		return fmt.Errorf("list the indexes: %w", err)
	}
	for _, p := range pairs {
		if _, err := t.tx.Exec(ctx, p.Drop); err != nil {
			return fmt.Errorf("%s: %w", p.Drop, err)
		}
		t.restore = append(t.restore, p.Create)
	}
	return nil
}

// send copies a batch into the tables.
func (t *tables) send(ctx context.Context, r *rows) error {
	for i, rows := range r {
		if len(rows) == len(copyHead) {
			continue
		}
		sql := "COPY " + all[i].name + " (" + all[i].columns + ") FROM STDIN BINARY"
		if _, err := t.tx.Conn().PgConn().CopyFrom(ctx, io.MultiReader(bytes.NewReader(rows), bytes.NewReader(copyTail)), sql); err != nil {
			return fmt.Errorf("copy into %s: %w", all[i].name, err)
		}
	}
	return nil
}

// close builds again what was taken away, and sets the counters behind the last ids.
func (t *tables) close(ctx context.Context, log func(string, ...any)) error {
	steps := append([]string{}, t.restore...)
	steps = append(steps, "INSERT INTO order_event_names SELECT DISTINCT event FROM order_events ON CONFLICT DO NOTHING", "SELECT rebuild_day_totals()")
	steps = append(steps, paymentSearch(len(t.restore) > 0)...)
	for trigger, name := range replaced {
		steps = append(steps, "ALTER TABLE "+name+" ENABLE TRIGGER "+trigger)
	}
	for _, table := range []string{"orders", "order_items", "payments", "webhooks", "order_events", "operations", "operation_attempts", "order_history", "emails"} {
		steps = append(steps, fmt.Sprintf("SELECT setval(pg_get_serial_sequence('%s', 'id'), greatest((SELECT max(id) FROM %[1]s), 1))", table))
	}
	for _, name := range tableNames() {
		if name != all[tSearch].name { // the search text has no wall
			steps = append(steps, "ALTER TABLE "+name+" FORCE ROW LEVEL SECURITY")
		}
	}
	for _, sql := range steps {
		began := time.Now()
		if _, err := t.tx.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
		if took := time.Since(began); took > 5*time.Second {
			log("%s: %s", since(began), sql)
		}
	}
	return nil
}
