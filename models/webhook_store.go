package models

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Webhooks that come at the same time share a transaction: while one is on its way to the disk, the next
// ones gather. Each is answered when it is on disk, alone or with others.
const (
	intakeTogether = 64 // webhooks of one transaction
	intakeAtOnce   = 2  // transactions
	intakePatience = 5 * time.Second
)

// intake is where verified webhooks wait for their transaction.
type intake struct {
	mu      sync.Mutex
	waiting []*arrival
	running int
}

// arrival is a verified webhook that is being stored.
type arrival struct {
	w         *Webhook
	duplicate bool
	done      chan error
}

// storeWebhook stores a verified webhook with its job, or, when it came before, the fact that it came again.
func (db *DB) storeWebhook(ctx context.Context, w *Webhook) (Receipt, error) {
	a := &arrival{w: w, done: make(chan error, 1)}
	in := &db.intake
	in.mu.Lock()
	in.waiting = append(in.waiting, a)
	start := in.running < intakeAtOnce
	if start {
		in.running++
	}
	in.mu.Unlock()
	if start {
		go db.storeWaiting(context.WithoutCancel(ctx))
	}
	select {
	case err := <-a.done:
		if err != nil {
			return Receipt{}, fmt.Errorf("store a webhook: %w", err)
		}
		return Receipt{WebhookID: w.ID, Verdict: Verified, Duplicate: a.duplicate}, nil
	case <-ctx.Done():
		return Receipt{}, fmt.Errorf("store a webhook: %w", ctx.Err()) // if it is stored after all, its repeat is a duplicate
	}
}

// storeWaiting stores what waits, until nothing does.
func (db *DB) storeWaiting(ctx context.Context) {
	in := &db.intake
	for {
		in.mu.Lock()
		n := min(len(in.waiting), intakeTogether)
		if n == 0 {
			in.running--
			in.mu.Unlock()
			return
		}
		together := in.waiting[:n:n]
		in.waiting = slices.Clone(in.waiting[n:])
		in.mu.Unlock()
		db.storeTogether(ctx, together)
	}
}

// storeTogether stores webhooks in one transaction. When that fails, each is tried by itself, so that
// none fails for another's sake.
func (db *DB) storeTogether(ctx context.Context, together []*arrival) {
	ctx, cancel := context.WithTimeout(ctx, intakePatience)
	defer cancel()
	slices.SortStableFunc(together, func(a, b *arrival) int { return bytes.Compare(a.w.BodySHA256, b.w.BodySHA256) }) // locks are taken in one order
	err := db.Tx(ctx, func(tx *DB) error {
		return tx.raw(func(conn *pgx.Conn) error { return db.insertWebhooks(ctx, conn, together) })
	})
	var pgErr *pgconn.PgError
	if len(together) > 1 && errors.As(err, &pgErr) {
		for _, a := range together {
			db.storeTogether(ctx, []*arrival{a})
		}
		return
	}
	for _, a := range together {
		a.done <- err
	}
}

// intakeColumns are what is stored of a webhook when it comes in, as they are taken out of arrays.
const intakeColumns = `unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::text[], $9::text[],
	$10::text[], $11::text[], $12::text[], $13::text[]) AS d (source, store_id, claimed_store_id, event, event_id, body_sha256, body, headers, address,
	partner_order_id, payment_ref, order_ref, mode)`

// insertWebhooks writes new webhooks with their jobs, and of those that came before that they came again.
func (db *DB) insertWebhooks(ctx context.Context, conn *pgx.Conn, together []*arrival) error {
	args, err := intakeArgs(together)
	if err != nil {
		return err
	}
	rows, err := conn.Query(ctx, `INSERT INTO webhooks (source, store_id, claimed_store_id, event, event_id, body_sha256, body, headers, address,
			partner_order_id, payment_ref, order_ref, mode, verdict, state, next_at)
		SELECT source, store_id, claimed_store_id, event, event_id, body_sha256, body, headers::jsonb, address,
			partner_order_id, payment_ref, order_ref, mode, 'verified', 'received', clock_timestamp() FROM `+intakeColumns+`
		ON CONFLICT DO NOTHING RETURNING id, source, store_id, body_sha256`, args...)
	if err != nil {
		return err //nolint:wrapcheck // storeWebhook says what was tried
	}
	type key struct {
		source string
		store  int64
		sum    string
	}
	stored := map[key]int64{}
	var id, store int64
	var source string
	var sum []byte
	if _, err := pgx.ForEachRow(rows, []any{&id, &source, &store, &sum}, func() error {
		stored[key{source, store, string(sum)}] = id
		return nil
	}); err != nil {
		return err //nolint:wrapcheck // storeWebhook says what was tried
	}
	var jobs []Job
	var again []*arrival
	for _, a := range together {
		k := key{a.w.Source, a.w.StoreID, string(a.w.BodySHA256)}
		if a.w.ID, a.duplicate = stored[k], stored[k] == 0; a.duplicate {
			again = append(again, a)
			continue
		}
		delete(stored, k) // another one like it in this transaction came second
		jobs = append(jobs, ProcessWebhookJob{WebhookID: a.w.ID})
	}
	if err := db.enqueueAll(ctx, conn, jobs); err != nil {
		return err
	}
	return db.insertRepeats(ctx, conn, again)
}

// insertRepeats notes that webhooks came again, without their bodies.
func (db *DB) insertRepeats(ctx context.Context, conn *pgx.Conn, again []*arrival) error {
	if len(again) == 0 {
		return nil
	}
	args, err := intakeArgs(again)
	if err != nil {
		return err
	}
	// Each by an index of its own: asked for in one go, either of them would be sought among all.
	const stored = `SELECT w.id, w.order_id, w.body_sha256 FROM webhooks w
		WHERE w.source = d.source AND w.store_id = d.store_id AND w.verdict = 'verified' AND w.duplicate_of IS NULL`
	rows, err := conn.Query(ctx, `INSERT INTO webhooks (source, store_id, claimed_store_id, event, event_id, body_sha256, body, headers, address,
			partner_order_id, payment_ref, order_ref, mode, verdict, state, processed_at, order_id, duplicate_of, effect)
		SELECT d.source, d.store_id, d.claimed_store_id, d.event, d.event_id, d.body_sha256, '', d.headers::jsonb, d.address,
			d.partner_order_id, d.payment_ref, d.order_ref, d.mode, 'verified', 'duplicate', clock_timestamp(), f.order_id, f.id,
			CASE WHEN f.body_sha256 = d.body_sha256 THEN format('The same as webhook %s; nothing happened again.', f.id)
				ELSE format('It has the event id of webhook %s and another body; it was not acted upon.', f.id) END
		FROM `+intakeColumns+` CROSS JOIN LATERAL (
			SELECT * FROM ((`+stored+` AND w.body_sha256 = d.body_sha256 LIMIT 1)
				UNION ALL (`+stored+` AND w.event_id = d.event_id AND w.event_id <> '' LIMIT 1)) either
			ORDER BY body_sha256 = d.body_sha256 DESC, id LIMIT 1) f
		RETURNING id, duplicate_of, source, store_id, effect LIKE 'It has%'`, args...)
	if err != nil {
		return err //nolint:wrapcheck // storeWebhook says what was tried
	}
	var id, first, store int64
	var source string
	var other bool
	n := 0
	if _, err := pgx.ForEachRow(rows, []any{&id, &first, &source, &store, &other}, func() error {
		if n < len(again) {
			again[n].w.ID = id // of this transaction; which is which of several alike makes no difference
		}
		n++
		if other {
			db.log.WarnContext(ctx, "a webhook has the event id of another one", "source", source, "store", store, "first", first)
		}
		return nil
	}); err != nil {
		return err //nolint:wrapcheck // storeWebhook says what was tried
	}
	if n != len(again) {
		return fmt.Errorf("%d of %d webhooks that came again have no first", len(again)-n, len(again))
	}
	return nil
}

// intakeArgs are the columns of webhooks, an array each.
func intakeArgs(together []*arrival) ([]any, error) {
	n := len(together)
	text := make([][]string, 11)
	stores, sums, bodies := make([]int64, 0, n), make([][]byte, 0, n), make([][]byte, 0, n)
	for _, a := range together {
		w := a.w
		headers, err := json.Marshal(w.Headers)
		if err != nil {
			return nil, fmt.Errorf("write the headers: %w", err)
		}
		stores, sums, bodies = append(stores, w.StoreID), append(sums, w.BodySHA256), append(bodies, w.Body)
		for i, value := range []string{
			w.Source, w.ClaimedStoreID, w.Event, w.EventID, string(headers), w.Address, w.PartnerOrderID, w.PaymentRef, w.OrderRef, w.Mode,
		} {
			text[i] = append(text[i], strings.ReplaceAll(value, "\x00", ""))
		}
	}
	return []any{text[0], stores, text[1], text[2], text[3], sums, bodies, text[4], text[5], text[6], text[7], text[8], text[9]}, nil
}

// enqueueAll puts jobs into the queue as part of the transaction of conn.
func (db *DB) enqueueAll(ctx context.Context, conn *pgx.Conn, jobs []Job) error {
	if db.enqueuer == nil || len(jobs) == 0 {
		return nil
	}
	if many, ok := db.enqueuer.(interface {
		EnqueueAll(ctx context.Context, tx pgx.Tx, jobs []Job) error
	}); ok {
		return many.EnqueueAll(ctx, ownedTx{conn}, jobs) //nolint:wrapcheck // says what it did
	}
	for _, job := range jobs {
		if err := db.enqueuer.Enqueue(ctx, ownedTx{conn}, job); err != nil {
			return fmt.Errorf("enqueue %s: %w", job.Kind(), err)
		}
	}
	return nil
}
