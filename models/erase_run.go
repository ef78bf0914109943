package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// privacySteps are the pauses before a wish that went wrong is taken up again; the last one repeats.
var privacySteps = []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute, time.Hour}

// postponed says why a wish cannot be fulfilled to the end yet: a sentence.
type postponed struct{ why string }

func (p *postponed) Error() string { return p.why }

// RunPrivacy fulfils a wish about somebody's data that waits, or whose worker has shown no life for a while
// (Timings.Lease). Every step may be done again, so what was cut short is done to the end by the next try.
func (db *DB) RunPrivacy(ctx context.Context, id int64) error {
	r, t, digest, err := db.claimPrivacy(ctx, id)
	if err != nil || r == nil {
		return err
	}
	working, stop := db.beatPrivacy(ctx, r)
	counts, err := db.fulfil(working, r, t, digest)
	stop()
	settling := context.WithoutCancel(ctx)
	var later *postponed
	switch {
	case err == nil:
		return db.closePrivacy(settling, r, counts)
	case errors.As(err, &later):
		return db.requeuePrivacy(settling, r, "waiting", later.why, 30*time.Second)
	}
	db.log.WarnContext(ctx, "a privacy request is taken up again", "request", id, "try", r.Tries, "error", err)
	return db.requeuePrivacy(settling, r, "queued", "It could not be done to the end yet, and is taken up again.", privacySteps[min(r.Tries, len(privacySteps))-1])
}

// RunDuePrivacy fulfils every wish that is due and reports how many it found. Several processes may run it at once.
func (db *DB) RunDuePrivacy(ctx context.Context) (int, error) {
	var ids []int64
	err := db.in(ctx).Raw("SELECT id FROM privacy_requests WHERE next_at <= clock_timestamp() ORDER BY id LIMIT 100").Scan(&ids).Error
	if err != nil {
		return 0, fmt.Errorf("look for due privacy requests: %w", err)
	}
	return len(ids), each(ids, 1, func(id int64) error { return db.RunPrivacy(ctx, id) })
}

// SweepPrivacyFiles deletes the data of people that nobody has taken away in time, and reports how many.
func (db *DB) SweepPrivacyFiles(ctx context.Context) (int, error) {
	res := db.in(ctx).Exec("DELETE FROM privacy_files WHERE expires_at < clock_timestamp()")
	if res.Error != nil {
		return 0, fmt.Errorf("delete people's data that was not taken away: %w", res.Error)
	}
	return int(res.RowsAffected), nil
}

func (db *DB) claimPrivacy(ctx context.Context, id int64) (*PrivacyRequest, *task, []byte, error) {
	var sealed string
	var digest []byte
	err := db.pool.QueryRow(ctx, `UPDATE privacy_requests SET state = 'running', tries = tries + 1, started_at = coalesce(started_at, now()), lease_until = clock_timestamp() + $2::interval,
		next_at = clock_timestamp() + $2::interval WHERE id = $1 AND state <> 'done' AND next_at <= clock_timestamp() RETURNING sealed, digest`, id, db.timings.Lease).Scan(&sealed, &digest)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, nil, nil
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("claim privacy request %d: %w", id, err)
	}
	r, err := db.PrivacyRequest(ctx, id)
	if err != nil {
		return nil, nil, nil, err
	}
	t, err := db.openTask(sealed, digest)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("open privacy request %d: %w", id, err)
	}
	return r, t, digest, nil
}

// beatPrivacy shows that a wish is being worked on, until it is stopped. The work ends when the lease is lost.
func (db *DB) beatPrivacy(ctx context.Context, r *PrivacyRequest) (context.Context, func()) {
	working, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(db.timings.Lease / 4)
		defer ticker.Stop()
		for {
			select {
			case <-working.Done():
				return
			case <-ticker.C:
			}
			tag, err := db.pool.Exec(working, `UPDATE privacy_requests SET lease_until = clock_timestamp() + $3::interval, next_at = clock_timestamp() + $3::interval
				WHERE id = $1 AND tries = $2 AND state = 'running'`, r.ID, r.Tries, db.timings.Lease)
			if err == nil && tag.RowsAffected() == 0 {
				cancel() // somebody else's by now
			}
		}
	}()
	return working, func() {
		cancel()
		<-done
	}
}

func (db *DB) requeuePrivacy(ctx context.Context, r *PrivacyRequest, state, why string, pause time.Duration) error {
	_, err := db.pool.Exec(ctx, `UPDATE privacy_requests SET state = $3, problem = $4, lease_until = NULL, next_at = clock_timestamp() + $5::interval
		WHERE id = $1 AND tries = $2 AND state = 'running'`, r.ID, r.Tries, state, why, pause)
	if err != nil {
		return fmt.Errorf("put privacy request %d off: %w", r.ID, err)
	}
	return nil
}

func (db *DB) closePrivacy(ctx context.Context, r *PrivacyRequest, counts map[string]int64) error {
	err := db.Tx(ctx, func(tx *DB) error {
		res := tx.in(ctx).Exec(`UPDATE privacy_requests SET state = 'done', problem = '', sealed = '', lease_until = NULL, next_at = NULL, done_at = clock_timestamp()
			WHERE id = ? AND tries = ? AND state = 'running'`, r.ID, r.Tries)
		if res.Error != nil {
			return fmt.Errorf("save it: %w", res.Error)
		}
		if res.RowsAffected == 0 {
			return nil // somebody else's by now
		}
		if err := tx.addCounts(ctx, r, counts); err != nil {
			return err
		}
		return tx.audit(ctx, r.chain(), JobActor, "privacy.done", r.object(), nil, map[string]any{"kind": r.Kind, "request_id": r.RequestID})
	})
	if err != nil {
		return fmt.Errorf("close privacy request %d: %w", r.ID, err)
	}
	return nil
}

// addCounts adds what a step did to what is told of a wish.
func (db *DB) addCounts(ctx context.Context, r *PrivacyRequest, counts map[string]int64) error {
	for name, n := range counts {
		err := db.in(ctx).Exec(`UPDATE privacy_requests SET counts = jsonb_set(counts, ARRAY[?::text], to_jsonb(coalesce((counts->>?)::bigint, 0) + ?)) WHERE id = ?`, name, name, n, r.ID).Error
		if err != nil {
			return fmt.Errorf("count the %s of privacy request %d: %w", name, r.ID, err)
		}
	}
	return nil
}

// fulfil does what is wished.
func (db *DB) fulfil(ctx context.Context, r *PrivacyRequest, t *task, digest []byte) (map[string]int64, error) {
	if len(r.Stores) == 0 && r.Kind != PrivacyShop {
		return nil, nil // the company has no store here, and so no customers
	}
	switch r.Kind {
	case PrivacyData:
		return db.gatherData(ctx, r, t.Person)
	case PrivacyErase:
		return nil, db.erasePerson(ctx, r, t, digest)
	default:
		return nil, db.eraseShop(ctx, r, t, digest)
	}
}

// erasePerson erases somebody: what to look for is written down first, sealed, so that a try that was cut short
// does not forget it with the records it stood in.
func (db *DB) erasePerson(ctx context.Context, r *PrivacyRequest, t *task, digest []byte) error {
	marks, err := db.rememberAll(ctx, r, t)
	if err != nil {
		return err
	}
	for {
		more, err := db.personOrders(ctx, r.Stores, t.Person)
		if err != nil {
			return err
		}
		if t.Begun && len(more) == 0 {
			break
		}
		if err := db.widen(ctx, r, t, digest, more); err != nil {
			return err
		}
		if marks, err = db.rememberAll(ctx, r, t); err != nil {
			return err
		}
		named := slices.Concat(t.Words, t.Hints)
		if err := db.eraseOrders(ctx, r, t.Orders, func(int64) []string { return named }); err != nil {
			return err
		}
	}
	if err := db.eraseElsewhere(ctx, r, t, marks); err != nil {
		return err
	}
	return db.nothingLeft(ctx, r.Stores)
}

// rememberAll keeps the marks of a person, by everything that is known to name nobody else.
func (db *DB) rememberAll(ctx context.Context, r *PrivacyRequest, t *task) ([][]byte, error) {
	marks, err := db.marks(ctx, t.Person)
	if err != nil {
		return nil, err
	}
	for _, word := range t.Words {
		p := Person{}
		switch {
		case looksLikePhone(word):
			p.Phone = word
		case strings.Contains(word, "@"):
			p.Email = word
		}
		more, err := db.marks(ctx, p)
		if err != nil {
			return nil, err
		}
		marks = append(marks, more...)
	}
	err = db.Tx(ctx, func(tx *DB) error {
		return tx.raw(func(conn *pgx.Conn) error { return remember(ctx, conn, r.Stores, marks) })
	})
	return marks, err
}

// widen adds orders, and what is in them, to what a wish is about.
func (db *DB) widen(ctx context.Context, r *PrivacyRequest, t *task, digest []byte, orders []int64) error {
	found, err := db.namesOf(ctx, orders)
	if err != nil {
		return err
	}
	theirs := together(found)
	anywhere, err := db.nobodyElse(ctx, r.Stores, slices.Concat(t.Orders, orders), theirs.anywhere)
	if err != nil {
		return err
	}
	t.Begun = true
	t.Orders = append(t.Orders, orders...)
	for _, word := range []string{t.Person.Email, t.Person.Phone, t.Person.ID} {
		if len(word) >= 6 {
			anywhere = append(anywhere, word)
		}
	}
	t.Words = slices.Compact(slices.Sorted(slices.Values(append(t.Words, anywhere...))))
	t.Hints = slices.Compact(slices.Sorted(slices.Values(append(t.Hints, theirs.beside...))))
	return db.keepTask(ctx, r, t, digest)
}

// keepTask writes down, sealed, what there is to look for.
func (db *DB) keepTask(ctx context.Context, r *PrivacyRequest, t *task, digest []byte) error {
	sealed, err := db.sealTask(t, digest)
	if err != nil {
		return err
	}
	tag, err := db.pool.Exec(ctx, "UPDATE privacy_requests SET sealed = $3 WHERE id = $1 AND tries = $2 AND state = 'running'", r.ID, r.Tries, sealed)
	if err != nil {
		return fmt.Errorf("write down what to look for: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errOver
	}
	return nil
}
