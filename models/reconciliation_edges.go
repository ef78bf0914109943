package models

// A gateway may count a payment by the day on which it was begun or by the one on which it was made. Where midnight,
// and with it the end of the period, lies between the two, the file of one day need not have what the other has. Such
// an order is taken for absent only once both of its days were compared and neither file had it.
const (
	// When a payment p was made, as far as it is known here: what is learned more than a day after the buyer set out to
	// pay, or was imported, says nothing of the hour at which it was paid.
	paidAt = `CASE WHEN p.obtained_at >= p.created_at AND p.obtained_at < p.created_at + interval '1 day' THEN p.obtained_at ELSE p.created_at END`

	// Whether the day of e.at is in another comparison that was done, and no file has the order e.id. $1: this
	// comparison; $2: the store; $3: the gateway.
	otherSide = `EXISTS (SELECT 1 FROM reconciliations d WHERE d.store_id = $2 AND d.gateway = $3 AND d.state = 'done' AND d.id <> $1 AND (d.mode IN ('', e.mode))
			AND to_char(e.at AT TIME ZONE d.zone, 'YYYY-MM-DD') BETWEEN d.day_from AND d.day_to)
		AND NOT EXISTS (SELECT 1 FROM reconciled_orders c JOIN reconciliations d ON d.id = c.reconciliation_id AND d.gateway = $3
			WHERE c.store_id = $2 AND c.chunk = e.id >> 8 AND (e.id & 255)::smallint = ANY (c.low) AND d.id <> $1
				AND NOT EXISTS (SELECT 1 FROM reconciliation_rows_all h WHERE h.order_id = e.id AND h.reconciliation_id = d.id AND h.kind = 'here' AND h.state <> 'clean'))
		AND NOT EXISTS (SELECT 1 FROM reconciliations d JOIN reconciliation_rows_all r ON r.reconciliation_id = d.id
			WHERE d.store_id = $2 AND d.gateway = $3 AND d.state = 'done' AND d.noted_at IS NULL AND d.id <> $1 AND r.order_id = e.id AND r.kind <> 'here')`

	// Orders of the period that were paid behind it. $4: where the period ends; $5: the mode that was asked for.
	matchPaidLater = `DELETE FROM only_here h USING (
			SELECT DISTINCT ON (p.order_id) p.order_id AS id, p.mode, ` + paidAt + ` AS at FROM payments p
			WHERE p.store_id = $2 AND p.gateway = $3 AND p.captured_minor > 0 AND ($5 = '' OR p.mode = $5) AND p.order_id IN (SELECT id FROM only_here)
			ORDER BY p.order_id, at) e
		WHERE e.id = h.id AND e.at >= $4 AND NOT (` + otherSide + `)`

	// Orders of before the period that were paid in it. $4, $5: the period; $6: the file tells of refunded payments too;
	// $7: the mode that was asked for.
	matchPlacedEarlier = `INSERT INTO only_here SELECT e.id, e.currency, e.at, e.status, e.total_minor
		FROM (SELECT DISTINCT ON (o.id) o.id, o.currency, o.date_added AS at, o.status, o.total_minor, p.mode
			FROM payments p JOIN orders o ON o.id = p.order_id AND o.store_id = p.store_id AND o.gateway = p.gateway
			WHERE p.store_id = $2 AND p.gateway = $3 AND p.captured_minor > 0 AND ($7 = '' OR p.mode = $7)
				AND p.created_at >= $4::timestamptz - interval '1 day' AND p.created_at < $5 AND ` + paidAt + ` >= $4 AND ` + paidAt + ` < $5
				AND o.date_added < $4 AND o.total_minor > 0
				AND (o.status IN ('processing', 'processed', 'shipped', 'complete') OR $6 AND o.status IN ('refunded', 'partially_refunded'))
			ORDER BY o.id, p.id) e
		WHERE NOT EXISTS (SELECT 1 FROM reconciliation_rows_all r WHERE r.reconciliation_id = $1 AND r.order_id = e.id) AND ` + otherSide
)
