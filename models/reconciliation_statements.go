package models

// The statements that lay a file beside the orders of its store. They are run in their order, in one transaction.
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

	// The same, with the orders of the period that no row names, in one pass: a file of as many rows as there are
	// orders is laid beside them once and not twice. $4 to $7 as in matchOnly. A row of an older order is a suspect.
	matchBoth = `CREATE TEMP TABLE both_sides ON COMMIT DROP AS
		SELECT r.row, r.order_id AS guess, r.order_text, r.ref, o.id, o.currency, o.date_added, o.status, o.total_minor
		FROM (SELECT * FROM reconciliation_rows_all WHERE reconciliation_id = $1 AND kind IN ('payment', 'refund')) r
		FULL JOIN (SELECT * FROM orders WHERE store_id = $2 AND gateway = $4 AND date_added >= $5 AND date_added < $6) o ON o.id = r.order_id
		WHERE CASE WHEN r.row IS NULL
			THEN o.total_minor > 0 AND (o.status IN ('processing', 'processed', 'shipped', 'complete') OR $7 AND o.status IN ('refunded', 'partially_refunded'))
			ELSE (r.kind = 'payment' AND r.there = 'paid' AND r.refunded_minor = 0 AND o.total_minor = r.amount_minor AND o.currency = r.currency
				AND o.status IN ('processing', 'processed', 'shipped', 'complete') AND r.order_id NOT IN (SELECT unnest($3::bigint[]))) IS NOT TRUE END`

	matchBothSuspects = `CREATE TEMP TABLE suspects ON COMMIT DROP AS
		SELECT row, guess, order_text, ref, NULL::bigint AS order_id, NULL::bigint AS payment_id FROM both_sides WHERE row IS NOT NULL`

	// Whether a row turned out to be of another order than the one whose number it names: that one may be only here, then.
	matchMoved = `SELECT EXISTS (SELECT 1 FROM suspects s JOIN orders o ON o.id = s.guess AND o.store_id = $1 WHERE s.order_id IS DISTINCT FROM s.guess)`

	// What is only here, when no row has moved. $2: the mode that was asked for.
	matchBothOnly = `CREATE TEMP TABLE only_here ON COMMIT DROP AS SELECT o.id, o.currency, o.date_added, o.status, o.total_minor
		FROM both_sides o WHERE o.row IS NULL AND o.id NOT IN (SELECT order_id FROM suspects WHERE order_id IS NOT NULL)
			AND ($2 = '' OR EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.gateway = $1 AND p.mode = $2))`

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

	// The rows that are in question, as what they turned out to be.
	matchWork = `CREATE TEMP TABLE work ON COMMIT DROP AS
		SELECT r.row, s.order_id, s.payment_id, r.order_text, r.kind, r.there, r.ref, r.line_ref, r.currency, r.amount_minor, r.refunded_minor
		FROM suspects s JOIN reconciliation_rows_all r ON r.reconciliation_id = $1 AND r.row = s.row`

	// Whether a row is of another order than the one whose number it names, which may have rows that agree with it.
	matchOther = `SELECT EXISTS (SELECT 1 FROM suspects WHERE order_id IS NOT NULL AND order_id IS DISTINCT FROM guess)`

	// These rows. An order with several of its own number is compared as a whole anyhow.
	matchWorkOther = `INSERT INTO work
		SELECT r.row, r.order_id, r.payment_id, r.order_text, r.kind, r.there, r.ref, r.line_ref, r.currency, r.amount_minor, r.refunded_minor
		FROM reconciliation_rows_all r
		WHERE r.reconciliation_id = $1 AND r.kind IN ('payment', 'refund') AND r.order_id IN (SELECT order_id FROM suspects WHERE order_id IS DISTINCT FROM guess)
			AND r.row NOT IN (SELECT row FROM suspects)`

	// The orders of rows that agree after all.
	matchNote = `UPDATE reconciliation_rows_all r SET order_id = s.order_id, payment_id = s.payment_id FROM suspects s
		WHERE r.reconciliation_id = $1 AND r.row = s.row AND (s.order_id IS DISTINCT FROM s.guess OR s.payment_id IS NOT NULL)
			AND (r.order_id IS DISTINCT FROM s.order_id OR r.payment_id IS DISTINCT FROM s.payment_id)`

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
		SELECT row, order_id, payment_id, status, here_now AS currency, minor, here_refunded, coalesce(paid_there, amount_minor) AS paid_there, refunded_there, CASE
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
	UPDATE reconciliation_rows_all r SET class = c.class, state = 'open', opened_at = now(), order_id = c.order_id, payment_id = c.payment_id, here_status = coalesce(c.status, ''), here_currency = coalesce(c.currency, ''),
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
