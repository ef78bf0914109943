package models

import (
	"context"
	"fmt"
	"time"
)

// Waiting is the work that waits in the database, for whoever watches over kartify. Every number is one range
// of a partial index and stops at a thousand.
type Waiting struct {
	Operations map[OperationState]int // that are not final; every open state is there
	Due        map[string]Queue       // operations, webhooks, partner_updates, emails, jobs: what should be done by now
	Waits      map[string]Queue       // refunds, unknown, review, contradictions, parked, failed_webhooks, partner_failed, missing
	Workers    int                    // copies that have lately said that they work
}

// Queue is how many wait and how long the oldest has.
type Queue struct {
	Count  int
	Oldest time.Duration
}

// waiting gives rows of group, kind and at.
const waiting = `
	(SELECT 'due', 'operations', next_at FROM operations WHERE next_at <= clock_timestamp() ORDER BY next_at LIMIT 1000)
	UNION ALL (SELECT 'due', 'webhooks', next_at FROM webhooks WHERE next_at <= clock_timestamp() ORDER BY next_at LIMIT 1000)
	UNION ALL (SELECT 'due', 'partner_updates', next_at FROM partner_updates WHERE next_at <= clock_timestamp() ORDER BY next_at LIMIT 1000)
	UNION ALL (SELECT 'due', 'emails', next_at FROM emails WHERE next_at <= clock_timestamp() ORDER BY next_at LIMIT 1000)
	UNION ALL (SELECT 'due', 'jobs', j.scheduled_at FROM river_queue q CROSS JOIN LATERAL (SELECT scheduled_at FROM river_job
		WHERE state = 'available' AND queue = q.name ORDER BY priority, scheduled_at LIMIT 1000) j WHERE j.scheduled_at <= clock_timestamp())
	UNION ALL (SELECT 'operation', state, created_at FROM operations WHERE state NOT IN ('succeeded', 'failed', 'cancelled') LIMIT 10000)
	UNION ALL SELECT 'waits', r.kind, r.at FROM stores s CROSS JOIN LATERAL (
		(SELECT 'refunds' AS kind, received_at AS at FROM order_events WHERE store_id = s.id AND event = 'REFUND_INITIATED' AND waiting ORDER BY received_at LIMIT 1000)
		UNION ALL (SELECT 'unknown', created_at FROM operations WHERE store_id = s.id AND state = 'unknown' ORDER BY created_at LIMIT 1000)
		UNION ALL (SELECT 'review', created_at FROM operations WHERE store_id = s.id AND state = 'needs_review' ORDER BY created_at LIMIT 1000)
		UNION ALL (SELECT 'contradictions', created_at FROM operations WHERE store_id = s.id AND contradiction <> '' ORDER BY created_at LIMIT 1000)
		UNION ALL (SELECT 'missing', date_added FROM orders WHERE store_id = s.id AND status = 'missing' ORDER BY date_added LIMIT 1000)
		UNION ALL (SELECT 'partner_failed', created_at FROM partner_updates WHERE store_id = s.id AND state = 'failed' ORDER BY created_at LIMIT 1000)
		UNION ALL (SELECT 'parked', received_at FROM webhooks WHERE store_id = s.id AND state = 'parked' ORDER BY received_at LIMIT 1000)
		UNION ALL (SELECT 'failed_webhooks', received_at FROM webhooks WHERE store_id = s.id AND state = 'failed' ORDER BY received_at LIMIT 1000)) r
	UNION ALL (SELECT 'workers', '', beat_at FROM workers WHERE beat_at > clock_timestamp() - interval '1 minute' LIMIT 1000)`

// Waiting counts the work that waits, in one statement.
func (db *DB) Waiting(ctx context.Context) (*Waiting, error) {
	w := &Waiting{Operations: map[OperationState]int{}, Due: map[string]Queue{}, Waits: map[string]Queue{}}
	for _, state := range []OperationState{AwaitingApproval, Queued, Dispatching, Accepted, UnknownOutcome, NeedsReview} {
		w.Operations[state] = 0
	}
	for _, kind := range []string{"operations", "webhooks", "partner_updates", "emails", "jobs"} {
		w.Due[kind] = Queue{}
	}
	for _, kind := range []string{"refunds", "unknown", "review", "contradictions", "missing", "partner_failed", "parked", "failed_webhooks"} {
		w.Waits[kind] = Queue{}
	}
	rows, err := db.pool.Query(ctx, `SELECT g, kind, count(*), greatest(extract(epoch FROM clock_timestamp() - min(at)), 0)::float8
		FROM (`+waiting+`) w (g, kind, at) GROUP BY g, kind`)
	if err != nil {
		return nil, fmt.Errorf("count the work that waits: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var (
			group, kind string
			n           int
			seconds     float64
		)
		if err := rows.Scan(&group, &kind, &n, &seconds); err != nil {
			return nil, fmt.Errorf("count the work that waits: %w", err)
		}
		q := Queue{Count: min(n, MostNeeds), Oldest: time.Duration(seconds * float64(time.Second))}
		switch group {
		case "due":
			w.Due[kind] = q
		case "waits":
			w.Waits[kind] = q
		case "operation":
			w.Operations[OperationState(kind)] = n
		case "workers":
			w.Workers = n
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("count the work that waits: %w", err)
	}
	return w, nil
}
