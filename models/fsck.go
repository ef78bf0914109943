package models

import (
	"context"
	"fmt"
)

// Finding is a broken invariant: what must hold, and the records for which it does not.
type Finding struct {
	Invariant string
	Records   []string
}

// invariants hold at any moment, whatever was killed when. Each query lists the records that break one.
var invariants = []struct{ name, sql string }{
	{"refunded and reserved money fits into what was captured", `
		SELECT 'payment ' || id FROM payments WHERE refunded_minor + refund_reserved_minor > captured_minor`},
	{"captured and reserved money fits into what was authorized", `
		SELECT 'payment ' || id FROM payments WHERE captured_minor + capture_reserved_minor > authorized_minor`},
	{"no payment is both voided and captured", `
		SELECT 'payment ' || id FROM payments WHERE voided_at IS NOT NULL AND captured_minor > 0`},
	{"the refund counters equal the sum of the operations", `
		SELECT 'payment ' || p.id FROM payments p
		LEFT JOIN (SELECT payment_id,
				coalesce(sum(amount_minor) FILTER (WHERE state = 'succeeded'), 0) AS done,
				coalesce(sum(amount_minor) FILTER (WHERE state NOT IN ('succeeded', 'failed', 'cancelled')), 0) AS open
			FROM operations WHERE kind = 'refund' GROUP BY payment_id) o ON o.payment_id = p.id
		WHERE p.refunded_minor <> coalesce(o.done, 0) OR p.refund_reserved_minor <> coalesce(o.open, 0)`},
	{"the capture counters fit the operations", `
		SELECT 'payment ' || p.id FROM payments p
		LEFT JOIN (SELECT payment_id,
				coalesce(sum(amount_minor) FILTER (WHERE state = 'succeeded'), 0) AS done,
				coalesce(sum(amount_minor) FILTER (WHERE state NOT IN ('succeeded', 'failed', 'cancelled')), 0) AS open
			FROM operations WHERE kind = 'capture' GROUP BY payment_id) o ON o.payment_id = p.id
		WHERE p.captured_minor < coalesce(o.done, 0) OR p.capture_reserved_minor <> coalesce(o.open, 0)`},
	{"what was given back has nothing set aside to be drawn", `
		SELECT 'payment ' || id FROM payments WHERE voided_at IS NOT NULL AND capture_reserved_minor > 0`},
	{"one capture, void or amount update of a payment is under way at a time", `
		SELECT 'payment ' || payment_id FROM operations WHERE kind IN ('capture', 'void', 'amount_update') AND source <> 'provider'
			AND state NOT IN ('succeeded', 'failed', 'cancelled') GROUP BY payment_id HAVING count(*) > 1`},
	{"an amount update that was done is what the payment holds", `
		SELECT 'payment ' || p.id FROM payments p
		JOIN LATERAL (SELECT amount_minor, finished_at FROM operations WHERE payment_id = p.id AND kind = 'amount_update' AND state = 'succeeded' ORDER BY id DESC LIMIT 1) u ON true
		WHERE p.authorized_minor <> u.amount_minor
			AND NOT EXISTS (SELECT 1 FROM operations v WHERE v.payment_id = p.id AND v.kind = 'void' AND v.state = 'succeeded')`},
	{"what can be sent once was sent once, after the payment was read", `
		SELECT 'operation ' || id FROM operations o WHERE once AND first_sent_at IS NOT NULL AND source <> 'provider'
			AND idempotency_key NOT LIKE 'kfycast%' AND (before IS NULL OR before_at > first_sent_at + interval '1 second')`},
	{"an operation that was sent has an attempt", `
		SELECT 'operation ' || o.id FROM operations o WHERE o.attempts > 0 AND o.source <> 'provider' AND o.idempotency_key NOT LIKE 'kfycast%'
			AND NOT EXISTS (SELECT 1 FROM operation_attempts a WHERE a.operation_id = o.id)`},
	{"an open operation has a next step, or a person", `
		SELECT 'operation ' || id FROM operations WHERE next_at IS NULL AND state IN ('queued', 'dispatching', 'unknown', 'pending')
			AND idempotency_key NOT LIKE 'kfycast%'`},
	{"no lease is older than ten minutes", `
		SELECT 'operation ' || id FROM operations WHERE state = 'dispatching' AND lease_until < now() - interval '10 minutes'`},
	{"a final operation has an end", `
		SELECT 'operation ' || id FROM operations WHERE state IN ('succeeded', 'failed', 'cancelled') AND finished_at IS NULL`},
	{"no two operations of a payment share a provider's id", `
		SELECT 'payment ' || payment_id FROM operations WHERE ref <> '' GROUP BY payment_id, kind, ref HAVING count(*) > 1`},
	{"what is done with a payment is done in its store, at its gateway and in its mode", `
		SELECT 'operation ' || o.id FROM operations o JOIN payments p ON p.id = o.payment_id JOIN gateway_settings s ON s.id = o.settings_id
		WHERE (s.store_id, s.gateway, s.mode) <> (p.store_id, p.gateway, p.mode)`},
	{"the totals of an order equal its lines", `
		SELECT 'order ' || o.id FROM orders o JOIN (SELECT order_id, sum(quantity * unit_minor) AS items, sum(discount_minor) AS discount, sum(tax_minor) AS tax
			FROM order_items GROUP BY order_id) i ON i.order_id = o.id
		WHERE (o.items_minor, o.discount_minor, o.tax_minor) <> (i.items, i.discount, i.tax)`},
	{"records belong to the store of their order", `
		SELECT 'payment ' || p.id FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.store_id <> o.store_id
		UNION ALL SELECT 'operation ' || x.id FROM operations x JOIN payments p ON p.id = x.payment_id WHERE x.store_id <> p.store_id OR x.order_id <> p.order_id
		UNION ALL SELECT 'event ' || e.id FROM order_events e JOIN orders o ON o.id = e.order_id WHERE e.store_id <> o.store_id
		UNION ALL SELECT 'history ' || h.id FROM order_history h JOIN orders o ON o.id = h.order_id WHERE h.store_id <> o.store_id`},
	{"the event filter knows every event", `
		SELECT 'order ' || e.order_id FROM order_events e LEFT JOIN order_events_seen s ON s.order_id = e.order_id AND s.event = e.event
		GROUP BY e.order_id, e.event, s.order_id, s.waiting HAVING s.order_id IS NULL OR s.waiting <> bool_or(e.waiting)`},
	{"a fully refunded order has no refund request waiting", `
		SELECT 'order ' || o.id FROM orders o JOIN order_events e ON e.order_id = o.id AND e.waiting
		WHERE o.status = 'refunded' AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.captured_minor > p.refunded_minor)
			AND EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.captured_minor > 0)`},
	{"a verified webhook that was received is on its way", `
		SELECT 'webhook ' || id FROM webhooks WHERE state = 'received' AND next_at IS NULL`},
	{"a webhook that came again names the first one", `
		SELECT 'webhook ' || w.id FROM webhooks w WHERE w.duplicate_of IS NOT NULL
			AND NOT EXISTS (SELECT 1 FROM webhooks f WHERE f.id = w.duplicate_of AND f.duplicate_of IS NULL)`},
	{"an erased order names nobody, and neither does what hangs on it", `
		SELECT 'order ' || id FROM orders WHERE erased_at IS NOT NULL AND ((customer_email, customer_phone, company) <> ('', '', '') OR customer_name <> 'Erased'
			OR NOT EXISTS (SELECT 1 FROM erased_orders e WHERE e.order_id = id))
		UNION ALL SELECT 'payment ' || p.id FROM payments p JOIN erased_orders e ON e.order_id = p.order_id WHERE p.card_last4 <> '' OR p.params <> privacy_scrub(p.params)
		UNION ALL SELECT 'e-mail ' || m.id FROM emails m JOIN erased_orders e ON e.order_id = m.order_id WHERE m.erased_at IS NULL AND m.state <> 'sending' AND m.audience = 'customer'
		UNION ALL SELECT 'webhook ' || w.id FROM webhooks w JOIN erased_orders e ON e.order_id = w.order_id WHERE w.erased_at IS NULL AND w.state NOT IN ('received', 'parked')`},
	{"the totals of days equal the orders and refunds", `
		SELECT 'store ' || store_id || ' on ' || day FROM day_counts c
		FULL JOIN (SELECT store_id, day, kind, status, currency, sum(n) AS n, sum(minor) AS minor FROM day_totals GROUP BY 1, 2, 3, 4, 5
			HAVING sum(n) <> 0 OR sum(minor) <> 0) t USING (store_id, day, kind, status, currency)
		WHERE (c.n, c.minor) IS DISTINCT FROM (t.n, t.minor)`},
}

// Fsck checks every invariant and lists the broken ones.
func (db *DB) Fsck(ctx context.Context) ([]Finding, error) {
	var findings []Finding
	for _, inv := range invariants {
		var records []string
		if err := db.in(ctx).Raw("SELECT * FROM (" + inv.sql + ") AS broken LIMIT 100").Scan(&records).Error; err != nil {
			return nil, fmt.Errorf("check that %s: %w", inv.name, err)
		}
		if len(records) > 0 {
			findings = append(findings, Finding{inv.name, records})
		}
	}
	return findings, nil
}

// Invariants counts what Fsck checks.
func Invariants() int { return len(invariants) }
