package models

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// matchReconciliation compares the rows of a file with the orders, all of it in one transaction: it is done or
// not begun. Most rows agree with their order at first sight and are only read; what is left is few and is
// looked at with all rows of its order together.
func (db *DB) matchReconciliation(ctx context.Context, r *Reconciliation, seen *fileSeen) error {
	if _, err := db.pool.Exec(ctx, "UPDATE reconciliations SET stage = 'Comparing with the orders' WHERE id = $1 AND attempt = $2", r.ID, r.Attempt); err != nil {
		return fmt.Errorf("compare reconciliation %d: %w", r.ID, err)
	}
	if _, err := db.pool.Exec(ctx, "ANALYZE reconciliation_rows_all (reconciliation_id, row, order_id)"); err != nil {
		return fmt.Errorf("compare reconciliation %d: %w", r.ID, err)
	}
	err := db.Tx(ctx, func(tx *DB) error {
		err := tx.raw(func(conn *pgx.Conn) error { return r.match(ctx, conn, seen) })
		if err != nil {
			return err
		}
		return tx.audit(ctx, r.StoreID, JobActor, "reconciliation.finished", r.object(), nil, map[string]any{
			"rows": r.Rows(), "differences": r.Differences(), "counts": r.Counts, "from": r.DayFrom, "to": r.DayTo,
		})
	})
	if err != nil {
		return fmt.Errorf("compare reconciliation %d: %w", r.ID, err)
	}
	return nil
}

// match does so on one connection.
func (r *Reconciliation) match(ctx context.Context, conn *pgx.Conn, seen *fileSeen) error {
	if err := fenced(ctx, conn, r, "stage = stage"); err != nil {
		return err
	}
	run := func(what, sql string, args ...any) error {
		if _, err := conn.Exec(ctx, sql, args...); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	}
	if err := run("prepare", "SELECT set_config('work_mem', '256MB', true), set_config('jit', 'off', true)"); err != nil {
		return err
	}
	from, before := r.period(seen.first, seen.last)
	together, err := r.together(ctx, conn, seen)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		what, sql string
		args      []any
	}{
		{"find what does not agree at first sight", matchSuspects, []any{r.ID, r.StoreID, together}},
		{"count what is to be looked at", "ANALYZE suspects", nil},
		{"find the orders of rows", matchOrders, []any{r.StoreID, r.Gateway}},
		{"note the orders of rows", matchNote, []any{r.ID}},
		{"collect the rows of these orders", matchWork, []any{r.ID}},
		{"count them", "ANALYZE work", nil},
		{"compare them", matchClassify, []any{r.ID, r.StoreID, r.Gateway, seen.returned || r.Snapshot(), r.Snapshot(), from, before}},
	} {
		if err := run(step.what, step.sql, step.args...); err != nil {
			return err
		}
	}
	if !from.IsZero() {
		if err := run("find what is only here", matchOnly, r.ID, r.StoreID, r.Gateway, from, before, (seen.returned || r.Format == listingFormat) && r.Snapshot(), r.Settled(), r.Mode); err != nil {
			return err
		}
		if err := run("note what is only here", matchAbsent, r.ID, r.StoreID); err != nil {
			return err
		}
		if !r.Snapshot() {
			if err := run("find refunds that are only here", matchRefundsHere, r.ID, r.StoreID, r.Gateway, from, before); err != nil {
				return err
			}
		}
	}
	if err := run("close what an earlier file did not have", matchFound, r.ID, r.StoreID, r.Gateway); err != nil {
		return err
	}
	return r.finish(ctx, conn, seen)
}

// together are the orders that are only compared with all their rows: those that may have several, and those of
// which money went back or only a part was drawn.
func (r *Reconciliation) together(ctx context.Context, conn *pgx.Conn, seen *fileSeen) ([]int64, error) {
	rows, err := conn.Query(ctx, matchReturned, r.StoreID, r.Gateway)
	if err != nil {
		return nil, fmt.Errorf("find orders with refunds: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("find orders with refunds: %w", err)
	}
	return slices.AppendSeq(list, maps.Keys(seen.again)), nil
}

// period is the moments from which and before which an order of the period was placed: whole days in the
// zone that was chosen, as the order list has them. Without a date in the file there is none.
func (r *Reconciliation) period(first, last time.Time) (from, before time.Time) {
	store := Store{TimeZone: r.Zone}
	zone := store.Zone()
	r.DayFrom, r.DayTo = r.AskedFrom, r.AskedTo
	if r.DayFrom == "" && !first.IsZero() {
		r.DayFrom = first.In(zone).Format(time.DateOnly)
	}
	if r.DayTo == "" && !last.IsZero() {
		r.DayTo = last.In(zone).Format(time.DateOnly)
	}
	if r.DayFrom == "" || r.DayTo == "" {
		return time.Time{}, time.Time{}
	}
	return DayRange{From: r.DayFrom, To: r.DayTo}.Bounds(zone)
}

// finish counts the differences and closes the reconciliation. What does not differ agrees.
func (r *Reconciliation) finish(ctx context.Context, conn *pgx.Conn, seen *fileSeen) error {
	rows, err := conn.Query(ctx, `SELECT class, count(*), count(*) FILTER (WHERE kind <> 'here') FROM reconciliation_rows_all
		WHERE reconciliation_id = $1 AND state <> 'clean' GROUP BY class`, r.ID)
	if err != nil {
		return fmt.Errorf("count the rows: %w", err)
	}
	r.Counts, r.Sums = map[string]int64{}, []ReconciliationSum{}
	var class string
	var n, inFile int64
	agree := seen.rows - seen.others
	if seen.others > 0 {
		r.Counts[string(RowOther)] = seen.others
	}
	_, err = pgx.ForEachRow(rows, []any{&class, &n, &inFile}, func() error {
		r.Counts[class] = n
		agree -= inFile
		return nil
	})
	if err != nil {
		return fmt.Errorf("count the rows: %w", err)
	}
	if agree > 0 {
		r.Counts[string(RowAgree)] = agree
	}
	for _, currency := range slices.Sorted(maps.Keys(seen.sums)) {
		r.Sums = append(r.Sums, *seen.sums[currency])
	}
	counts, err := json.Marshal(r.Counts)
	if err != nil {
		return fmt.Errorf("write the counts: %w", err)
	}
	sums, err := json.Marshal(r.Sums)
	if err != nil {
		return fmt.Errorf("write the sums: %w", err)
	}
	return fenced(ctx, conn, r, `state = 'done', stage = '', counts = $3, sums = $4, day_from = $5, day_to = $6, finished_at = now(), lease_until = NULL, next_at = NULL`,
		string(counts), string(sums), r.DayFrom, r.DayTo)
}

const (
	// Orders with a refund, or of which only a part was drawn.
	matchReturned = `SELECT DISTINCT order_id FROM payments
		WHERE store_id = $1 AND gateway = $2 AND (refunded_minor > 0 OR captured_minor > 0 AND captured_minor <> amount_minor)`

	// Whatever does not agree with its order at first sight. $3: what is only compared as a whole.
	matchSuspects = `CREATE TEMP TABLE suspects ON COMMIT DROP AS
		SELECT r.row, r.order_id AS guess, r.order_text, r.ref, NULL::bigint AS order_id, NULL::bigint AS payment_id
		FROM reconciliation_rows_all r LEFT JOIN orders o ON o.id = r.order_id AND o.store_id = $2
		WHERE r.reconciliation_id = $1 AND r.kind IN ('payment', 'refund') AND (r.kind = 'payment' AND r.there = 'paid' AND r.refunded_minor = 0
			AND o.total_minor = r.amount_minor AND o.currency = r.currency AND o.status IN ('processing', 'processed', 'shipped', 'complete')
			AND r.order_id NOT IN (SELECT unnest($3::bigint[]))) IS NOT TRUE`

	// The order of a row: by the gateway's id of the payment, by its number, by the id the attempt has there,
	// and by the numbers others know it by.
	matchOrders = `UPDATE suspects s SET order_id = coalesce(f.by_ref, f.by_number, f.by_attempt, f.by_partner, f.by_affiliate), payment_id = f.payment_id
		FROM (SELECT x.row, p.order_id AS by_ref, coalesce(p.id, a.id) AS payment_id, o.id AS by_number, a.order_id AS by_attempt, b.id AS by_partner, c.id AS by_affiliate
			FROM suspects x
			LEFT JOIN payments p ON x.ref <> '' AND p.store_id = $1 AND p.gateway = $2 AND p.ref = x.ref
			LEFT JOIN orders o ON o.id = x.guess AND o.store_id = $1
			LEFT JOIN LATERAL (SELECT id, order_id FROM payments WHERE store_id = $1 AND gateway = $2 AND order_ref <> '' AND order_ref IN (x.order_text, x.ref)
				AND (ref IS NULL OR x.ref IN ('', ref, order_ref)) ORDER BY id LIMIT 1) a ON p.id IS NULL
			LEFT JOIN orders b ON x.order_text <> '' AND b.store_id = $1 AND b.partner_order_id = x.order_text
			LEFT JOIN orders c ON x.order_text <> '' AND c.store_id = $1 AND c.affiliate_order_id = x.order_text) f
		WHERE f.row = s.row`

	matchNote = `UPDATE reconciliation_rows_all r SET order_id = s.order_id, payment_id = s.payment_id FROM suspects s
		WHERE r.reconciliation_id = $1 AND r.row = s.row AND (r.order_id IS DISTINCT FROM s.order_id OR r.payment_id IS DISTINCT FROM s.payment_id)`

	// All rows of the orders that are in question, and the rows without one.
	matchWork = `CREATE TEMP TABLE work ON COMMIT DROP AS
		SELECT r.* FROM reconciliation_rows_all r
		WHERE r.reconciliation_id = $1 AND r.kind IN ('payment', 'refund') AND (r.order_id IN (SELECT order_id FROM suspects) OR r.row IN (SELECT row FROM suspects WHERE order_id IS NULL))`

	// $4: the file tells of refunds; $5: it tells how each payment stands as a whole; $6, $7: its period.
	matchClassify = `WITH copies AS (
		SELECT w.*, CASE WHEN ref <> '' OR line_ref <> '' THEN row_number() OVER (PARTITION BY order_id, order_text, kind, there, ref, line_ref, currency, amount_minor ORDER BY row) ELSE 1 END AS copy FROM work w
	), groups AS (
		SELECT order_id,
			sum(amount_minor) FILTER (WHERE kind = 'payment' AND there = 'paid' AND copy = 1)::bigint AS paid,
			count(*) FILTER (WHERE kind = 'payment' AND there = 'paid' AND copy = 1) AS payments,
			count(*) FILTER (WHERE kind = 'payment') AS attempts,
			CASE WHEN bool_or(refunded_minor < 0 AND copy = 1) THEN -1 ELSE coalesce(sum(CASE WHEN copy > 1 THEN 0 WHEN kind = 'refund' THEN amount_minor ELSE refunded_minor END), 0) END::bigint AS refunded,
			max(row) FILTER (WHERE kind = 'refund' AND copy = 1) AS refund_row,
			min(row) FILTER (WHERE kind = 'payment' AND there = 'paid' AND copy = 1) AS paid_row,
			min(row) FILTER (WHERE kind = 'payment') AS first_row,
			bool_or(there = 'held') AS held
		FROM copies WHERE order_id IS NOT NULL GROUP BY order_id
	), money AS (
		SELECT order_id, sum(captured_minor)::bigint AS captured, sum(refunded_minor)::bigint AS refunded FROM payments
		WHERE store_id = $2 AND gateway = $3 AND order_id IN (SELECT order_id FROM groups) GROUP BY order_id
	), lately AS (
		SELECT n.order_id, sum(n.amount_minor)::bigint AS refunded FROM operations n JOIN payments p ON p.id = n.payment_id
		WHERE NOT $5 AND n.store_id = $2 AND p.gateway = $3 AND n.kind = 'refund' AND n.state = 'succeeded' AND n.finished_at >= $6 AND n.finished_at < $7 GROUP BY n.order_id
	), here AS (
		SELECT o.id, o.status, o.currency, o.gateway, CASE WHEN coalesce(m.captured, 0) > 0 THEN m.captured ELSE o.total_minor END AS minor, coalesce(m.captured, 0) AS captured,
			coalesce(m.refunded, 0) AS refunded, CASE WHEN $5 THEN coalesce(m.refunded, 0) ELSE coalesce(l.refunded, 0) END AS due_there,
			o.status IN ('processing', 'processed', 'shipped', 'complete', 'refunded', 'partially_refunded') OR o.status = 'pending' AND coalesce(m.captured, 0) > 0 AS paid,
			coalesce(m.captured, 0) > 0 AND coalesce(m.refunded, 0) >= coalesce(m.captured, 0) AS all_back
		FROM orders o JOIN groups g ON g.order_id = o.id LEFT JOIN money m ON m.order_id = o.id LEFT JOIN lately l ON l.order_id = o.id
	), joined AS (
		SELECT c.*, g.paid AS paid_there, g.payments, g.refunded AS refunded_there, g.refund_row, g.paid_row, g.first_row, g.held,
			h.status, h.currency AS here_now, h.gateway, h.minor, h.captured, h.refunded AS here_refunded, h.due_there, h.paid, h.all_back,
			c.kind = 'payment' AND c.there = 'paid' AND c.copy = 1 AND c.amount_minor = h.minor AS fits
		FROM copies c LEFT JOIN groups g ON g.order_id = c.order_id LEFT JOIN here h ON h.id = c.order_id
	), kept AS ( -- of several payments for an order, keep is the one it was for
		SELECT j.*, first_value(CASE WHEN fits THEN row END) OVER (PARTITION BY order_id ORDER BY fits IS NOT TRUE, payment_id IS NULL, row) AS keep FROM joined j
	), classed AS (
		SELECT row, status, here_now AS currency, minor, here_refunded, coalesce(paid_there, amount_minor) AS paid_there, refunded_there, CASE
			WHEN order_id IS NULL THEN CASE WHEN there = 'paid' THEN 'unknown_order' ELSE 'agree' END
			WHEN copy > 1 THEN CASE WHEN there = 'paid' THEN 'duplicate' ELSE 'agree' END
			WHEN kind = 'payment' AND there <> 'paid' THEN CASE
				WHEN payments = 0 AND row = first_row AND paid AND (NOT held OR captured > 0) AND NOT all_back AND gateway = $3 AND status NOT IN ('refunded') THEN 'absent' ELSE 'agree' END
			WHEN currency <> here_now THEN 'currency'
			WHEN kind = 'payment' AND payments > 1 AND paid_there <> minor AND keep <> row THEN 'duplicate'
			WHEN kind = 'payment' AND NOT paid AND NOT all_back THEN CASE
				WHEN refunded_there < 0 OR refunded_there >= paid_there THEN 'agree'
				WHEN status = 'missing' THEN 'paid_missing' ELSE 'paid_failed' END
			WHEN kind = 'payment' AND paid_there <> minor AND (payments = 1 OR keep IS NULL) THEN 'amount'
			WHEN row = coalesce(refund_row, paid_row) AND $4 THEN CASE
				WHEN refunded_there < 0 THEN CASE WHEN here_refunded = 0 AND paid THEN 'refunded_there' ELSE 'agree' END
				WHEN NOT paid AND NOT all_back THEN 'agree'
				WHEN refunded_there > here_refunded THEN 'refunded_there'
				WHEN refunded_there < due_there THEN 'refunded_here'
				ELSE 'agree' END
			ELSE 'agree' END AS class
		FROM kept
	)
	UPDATE reconciliation_rows_all r SET class = c.class, state = 'open', opened_at = now(), here_status = coalesce(c.status, ''), here_currency = coalesce(c.currency, ''),
		here_minor = coalesce(c.minor, 0), here_refunded_minor = coalesce(c.here_refunded, 0), there_minor = coalesce(c.paid_there, 0), there_refunded_minor = coalesce(c.refunded_there, 0)
	FROM classed c WHERE r.reconciliation_id = $1 AND r.row = c.row AND c.class <> 'agree'`

	// Orders of the period that are paid here and not in the file. $6: the file tells of refunded payments too; $7: it
	// lists what was paid out; $8: the mode that was asked for.
	matchOnly = `CREATE TEMP TABLE only_here ON COMMIT DROP AS SELECT o.id, o.currency, o.date_added, o.status, o.total_minor
		FROM orders o WHERE o.store_id = $2 AND o.gateway = $3 AND o.date_added >= $4 AND o.date_added < $5 AND o.total_minor > 0
			AND (o.status IN ('processing', 'processed', 'shipped', 'complete') OR $6 AND o.status IN ('refunded', 'partially_refunded'))
			AND NOT EXISTS (SELECT 1 FROM reconciliation_rows_all r WHERE r.reconciliation_id = $1 AND r.order_id = o.id AND r.kind IN ('payment', 'refund'))
			AND (NOT $7 OR (SELECT coalesce(bool_or(p.captured_minor > 0), true) FROM payments p WHERE p.order_id = o.id AND p.gateway = $3))
			AND ($8 = '' OR EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.gateway = $3 AND p.mode = $8))`

	matchAbsent = `INSERT INTO reconciliation_rows_all (reconciliation_id, row, store_id, kind, order_text, order_id, currency, class, state, opened_at, at, here_status, here_currency, here_minor)
		SELECT $1, (SELECT coalesce(max(row), 0) FROM reconciliation_rows_all WHERE reconciliation_id = $1) + row_number() OVER (ORDER BY o.id), $2, 'here', o.id::text, o.id, o.currency,
			'absent', 'open', now(), o.date_added, o.status, o.currency, o.total_minor
		FROM only_here o`

	// What an earlier file did not have and this one has as paid is no difference any more.
	matchFound = `UPDATE reconciliation_rows_all d SET state = 'resolved', action = 'settled', resolved_by = 'kartify', resolved_at = now(), comment = 'It is in reconciliation ' || $1::bigint || '.'
		WHERE d.store_id = $2 AND d.reconciliation_id <> $1 AND d.state = 'open' AND d.class = 'absent' AND d.kind = 'here'
			AND d.reconciliation_id IN (SELECT id FROM reconciliations WHERE store_id = $2 AND gateway = $3)
			AND EXISTS (SELECT 1 FROM reconciliation_rows_all r WHERE r.reconciliation_id = $1 AND r.order_id = d.order_id AND r.kind = 'payment' AND r.there = 'paid')`

	// Refunds of the period that are done here and whose order is not in the file at all.
	matchRefundsHere = `INSERT INTO reconciliation_rows_all (reconciliation_id, row, store_id, kind, order_text, order_id, payment_id, currency, class, state, opened_at, at, here_status, here_currency, here_minor, here_refunded_minor)
		SELECT $1, (SELECT coalesce(max(row), 0) FROM reconciliation_rows_all WHERE reconciliation_id = $1) + row_number() OVER (ORDER BY o.id), $2, 'here', o.id::text, o.id, n.payment_id, o.currency,
			'refunded_here', 'open', now(), n.at, o.status, o.currency, o.total_minor, n.minor
		FROM (SELECT n.order_id, max(n.payment_id) AS payment_id, sum(n.amount_minor)::bigint AS minor, max(n.finished_at) AS at FROM operations n JOIN payments p ON p.id = n.payment_id
			WHERE n.store_id = $2 AND p.gateway = $3 AND n.kind = 'refund' AND n.state = 'succeeded' AND n.finished_at >= $4 AND n.finished_at < $5 GROUP BY n.order_id) n
		JOIN orders o ON o.id = n.order_id
		WHERE NOT EXISTS (SELECT 1 FROM reconciliation_rows_all r WHERE r.reconciliation_id = $1 AND r.order_id = o.id)`
)
