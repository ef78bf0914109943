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
	"github.com/jackc/pgx/v5/pgxpool"
)

// Webhooks that come at the same time share a transaction: while one is on its way to the disk, the next
// ones gather. Each is answered when it is on disk, alone or with others.
const (
	intakeTogether = 64 // webhooks of one transaction
	intakeAtOnce   = 1  // transactions
	intakePatience = 5 * time.Second
)

// intake is where verified webhooks wait for their transaction.
type intake struct {
	mu      sync.Mutex
	waiting []*arrival
	running int
	lately  lately
	fresh   []int64 // on disk and due, and in no job yet
	queuing bool
}

// arrival is a verified webhook that is being stored.
type arrival struct {
	w         *Webhook
	first     int64 // the same webhook, on disk since lately; 0 when none is known
	gone      bool  // that one is not there any more, and nothing was stored
	duplicate bool
	done      chan error
}

// sameness is what two webhooks have in common that are the same.
type sameness struct {
	source string
	store  int64
	sum    string
}

func samenessOf(w *Webhook) sameness {
	return sameness{w.Source, w.StoreID, string(w.BodySHA256)}
}

// storeWebhook stores a verified webhook with its job, or, when it came before, the fact that it came again.
func (db *DB) storeWebhook(ctx context.Context, w *Webhook) (Receipt, error) {
	a := &arrival{w: w, done: make(chan error, 1)}
	in := &db.intake
	in.mu.Lock()
	if first := in.lately.first(samenessOf(w)); first != nil {
		a.first = first.ID
	}
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

// storeTogether stores webhooks by one statement, which is a transaction. When that fails, each is tried by
// itself, so that none fails for another's sake.
func (db *DB) storeTogether(ctx context.Context, together []*arrival) {
	ctx, cancel := context.WithTimeout(ctx, intakePatience)
	defer cancel()
	slices.SortStableFunc(together, func(a, b *arrival) int { return bytes.Compare(a.w.BodySHA256, b.w.BodySHA256) }) // locks are taken in one order
	err := db.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error { return db.insertWebhooks(ctx, conn.Conn(), together) })
	var pgErr *pgconn.PgError
	if (len(together) > 1 || together[0].first != 0) && errors.As(err, &pgErr) {
		for _, a := range together {
			a.first = 0 // it may be gone; the database knows
			db.storeTogether(ctx, []*arrival{a})
		}
		return
	}
	if err != nil {
		for _, a := range together {
			a.done <- err
		}
		return
	}
	db.intake.remember(together)
	db.queueWebhooks(ctx, together)
	for _, a := range together {
		switch {
		case !a.gone:
			a.done <- nil
		case a.w.Body == nil:
			a.done <- errForgotten
		default:
			a.first, a.gone = 0, false
			db.storeTogether(ctx, []*arrival{a})
		}
	}
}

// errForgotten is a webhook that was taken for one of a moment ago, which is not there any more.
var errForgotten = errors.New("the webhook that it repeats is gone")

// intakeColumns are what is stored of a webhook when it comes in, as they are taken out of arrays.
const intakeColumns = `unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::text[], $9::text[],
	$10::text[], $11::text[], $12::text[], $13::text[], $14::bigint[]) AS d (source, store_id, claimed_store_id, event, event_id, body_sha256, body, headers, address,
	partner_order_id, payment_ref, order_ref, mode, first)`

// insertWebhooks writes new webhooks, due to be acted upon, and of those that came before that they came again:
// at once when the first is known to be on disk, else after the database said so.
func (db *DB) insertWebhooks(ctx context.Context, conn *pgx.Conn, together []*arrival) error {
	args, err := intakeArgs(together)
	if err != nil {
		return err
	}
	rows, err := conn.Query(ctx, `INSERT INTO webhooks (source, store_id, claimed_store_id, event, event_id, body_sha256, body, headers, address,
			partner_order_id, payment_ref, order_ref, mode, verdict, state, next_at, processed_at, duplicate_of, order_id, effect)
		SELECT d.source, d.store_id, d.claimed_store_id, d.event, d.event_id, d.body_sha256, CASE WHEN first = 0 THEN d.body ELSE '' END, d.headers::jsonb, d.address,
			d.partner_order_id, d.payment_ref, d.order_ref, d.mode, 'verified', CASE WHEN first = 0 THEN 'received' ELSE 'duplicate' END,
			CASE WHEN first = 0 THEN clock_timestamp() END, CASE WHEN first <> 0 THEN clock_timestamp() END, f.id, f.order_id,
			CASE WHEN first = 0 THEN '' ELSE format('The same as webhook %s; nothing happened again.', first) END
		FROM `+intakeColumns+` LEFT JOIN webhooks f ON f.id = nullif(d.first, 0) AND f.body_sha256 = d.body_sha256
		WHERE first = 0 OR f.id IS NOT NULL
		ON CONFLICT DO NOTHING RETURNING id, source, store_id, body_sha256, duplicate_of IS NOT NULL`, args...)
	if err != nil {
		return err //nolint:wrapcheck // storeWebhook says what was tried
	}
	stored, repeated := map[sameness]int64{}, map[sameness][]int64{}
	var k sameness
	var id int64
	var sum []byte
	var repeat bool
	if _, err := pgx.ForEachRow(rows, []any{&id, &k.source, &k.store, &sum, &repeat}, func() error {
		k.sum = string(sum)
		if repeat {
			repeated[k] = append(repeated[k], id)
		} else {
			stored[k] = id
		}
		return nil
	}); err != nil {
		return err //nolint:wrapcheck // storeWebhook says what was tried
	}
	var again []*arrival
	for _, a := range together {
		k := samenessOf(a.w)
		switch ids := repeated[k]; {
		case a.first != 0 && len(ids) > 0:
			a.w.ID, a.duplicate, repeated[k] = ids[0], true, ids[1:]
		case a.first != 0:
			a.gone = true
		case stored[k] != 0:
			a.w.ID, a.duplicate = stored[k], false
			delete(stored, k) // another one like it in this statement came second
		default:
			a.duplicate, again = true, append(again, a)
		}
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
	stores, firsts, sums, bodies := make([]int64, 0, n), make([]int64, 0, n), make([][]byte, 0, n), make([][]byte, 0, n)
	for _, a := range together {
		w := a.w
		headers, err := json.Marshal(w.Headers)
		if err != nil {
			return nil, fmt.Errorf("write the headers: %w", err)
		}
		stores, firsts = append(stores, w.StoreID), append(firsts, a.first)
		sums, bodies = append(sums, w.BodySHA256), append(bodies, w.Body)
		for i, value := range []string{
			w.Source, w.ClaimedStoreID, w.Event, w.EventID, string(headers), w.Address, w.PartnerOrderID, w.PaymentRef, w.OrderRef, w.Mode,
		} {
			text[i] = append(text[i], strings.ReplaceAll(value, "\x00", ""))
		}
	}
	return []any{text[0], stores, text[1], text[2], text[3], sums, bodies, text[4], text[5], text[6], text[7], text[8], text[9], firsts}, nil
}
