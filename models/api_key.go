package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// APICall is one request of a program that changes something, under the key the program gave it.
type APICall struct {
	TokenID int64
	Key     string // 1 to 255 characters, of the program's choosing
	Digest  []byte // of what is asked
	// Apart says that the work asks a provider, so that it cannot be one transaction. It must do itself what the
	// same key asks for only once, as money actions do, whose operation carries the key (see Name).
	Apart bool
}

// Name is the key as it is unique among all programs, for Wish.Key.
func (c APICall) Name() string { return fmt.Sprintf("token %d %s", c.TokenID, c.Key) }

// APIAnswer is what a program was answered: byte for byte what it is answered again.
type APIAnswer struct {
	Status   int
	Location string // of what was made, "" for none
	Body     []byte
}

// ErrKeyReused is a key under which something else was asked before.
var ErrKeyReused = errors.New("this key was used for another request")

// ErrKeyBusy is a key whose request is being worked on at this moment.
var ErrKeyBusy = errors.New("the request of this key is being worked on")

// answersKept is how long an answer is given again.
const answersKept = 24 * time.Hour

// busyPatience is how long a request waits for another of the same key.
const busyPatience = "5s"

// AnswerOnce does what a program asks under a key and keeps the answer with it. The same request under the same key
// gets the same answer for a day, and nothing is done again; another request is ErrKeyReused. What is refused
// changes nothing and leaves the key free. replayed says that the answer was kept from before.
func (db *DB) AnswerOnce(ctx context.Context, call APICall, do func(db *DB) (APIAnswer, error)) (answer APIAnswer, replayed bool, err error) {
	if call.Apart {
		return db.answerApart(ctx, call, do)
	}
	err = db.Tx(ctx, func(tx *DB) error {
		kept, err := tx.claimKey(ctx, call)
		if err != nil || kept != nil {
			answer, replayed = deref2(kept), kept != nil
			return err
		}
		if answer, err = do(tx); err != nil {
			return err // takes the claim back with everything else
		}
		_, err = tx.keepAnswer(ctx, call, answer)
		return err
	})
	return answer, replayed, err
}

// answerApart claims the key first, so that another request under it is refused from then on, does the work, and
// keeps the answer. Whoever is killed in between leaves a claim without an answer: the same request then finds
// what the work had stored under the key. Of several at once the first to keep its answer is everybody's.
func (db *DB) answerApart(ctx context.Context, call APICall, do func(db *DB) (APIAnswer, error)) (APIAnswer, bool, error) {
	kept, err := db.claimKey(ctx, call)
	if err != nil || kept != nil {
		return deref2(kept), kept != nil, err
	}
	answer, err := do(db)
	if err != nil {
		return APIAnswer{}, false, errors.Join(err, db.freeKey(context.WithoutCancel(ctx), call))
	}
	first, err := db.keepAnswer(context.WithoutCancel(ctx), call, answer)
	if err != nil || first == nil {
		return answer, false, err
	}
	return *first, true, nil
}

func deref2(a *APIAnswer) APIAnswer {
	if a == nil {
		return APIAnswer{}
	}
	return *a
}

// claimKey gives back the kept answer of a key, or enters that it is being worked on and gives back nil. In a
// transaction it waits for another that works on the same key.
func (db *DB) claimKey(ctx context.Context, call APICall) (*APIAnswer, error) {
	if db.conn != nil {
		if err := db.in(ctx).Exec("SET LOCAL lock_timeout = '" + busyPatience + "'").Error; err != nil {
			return nil, fmt.Errorf("wait for a key: %w", err)
		}
	}
	err := db.in(ctx).Exec(`INSERT INTO api_keys AS k (token_id, key, digest) VALUES (?, ?, ?)
		ON CONFLICT (token_id, key) DO UPDATE SET digest = excluded.digest, status = NULL, location = '', body = '', created_at = excluded.created_at
		WHERE k.created_at < clock_timestamp() - make_interval(secs => ?)`, call.TokenID, call.Key, call.Digest, answersKept.Seconds()).Error
	if pgErr := new(pgconn.PgError); errors.As(err, &pgErr) && pgErr.Code == "55P03" {
		return nil, ErrKeyBusy
	}
	if err == nil && db.conn != nil {
		err = db.in(ctx).Exec("SET LOCAL lock_timeout = 0").Error
	}
	if err != nil {
		return nil, fmt.Errorf("claim the key of a request: %w", err)
	}
	return db.keptAnswer(ctx, call)
}

// keptAnswer is what was answered under a key, nil while nothing was.
func (db *DB) keptAnswer(ctx context.Context, call APICall) (*APIAnswer, error) {
	var row struct {
		Digest   []byte
		Status   *int
		Location string
		Body     []byte
	}
	res := db.in(ctx).Raw("SELECT digest, status, location, body FROM api_keys WHERE token_id = ? AND key = ?", call.TokenID, call.Key).Scan(&row)
	switch {
	case res.Error != nil:
		return nil, fmt.Errorf("read the answer of a key: %w", res.Error)
	case res.RowsAffected == 0: // another request under it was refused a moment ago
		return nil, ErrKeyBusy
	case !slices.Equal(row.Digest, call.Digest):
		return nil, ErrKeyReused
	case row.Status == nil:
		return nil, nil
	}
	return &APIAnswer{Status: *row.Status, Location: row.Location, Body: row.Body}, nil
}

// keepAnswer keeps an answer for a day. Where one was kept before, it gives that back and keeps it.
func (db *DB) keepAnswer(ctx context.Context, call APICall, a APIAnswer) (*APIAnswer, error) {
	res := db.in(ctx).Exec(`INSERT INTO api_keys AS k (token_id, key, digest, status, location, body) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (token_id, key) DO UPDATE SET status = excluded.status, location = excluded.location, body = excluded.body
		WHERE k.status IS NULL AND k.digest = excluded.digest`, call.TokenID, call.Key, call.Digest, a.Status, a.Location, a.Body)
	if res.Error != nil {
		return nil, fmt.Errorf("keep the answer of a key: %w", res.Error)
	}
	if res.RowsAffected == 1 {
		return nil, nil
	}
	return db.keptAnswer(ctx, call)
}

// freeKey gives up the claim of a request that was refused.
func (db *DB) freeKey(ctx context.Context, call APICall) error {
	err := db.in(ctx).Exec("DELETE FROM api_keys WHERE token_id = ? AND key = ? AND digest = ? AND status IS NULL", call.TokenID, call.Key, call.Digest).Error
	if err != nil {
		return fmt.Errorf("free the key of a request: %w", err)
	}
	return nil
}

// ForgetAPIAnswers deletes the answers that are no longer given again, and reports how many.
func (db *DB) ForgetAPIAnswers(ctx context.Context) (int, error) {
	res := db.in(ctx).Exec("DELETE FROM api_keys WHERE created_at < clock_timestamp() - make_interval(secs => ?)", answersKept.Seconds())
	if res.Error != nil {
		return 0, fmt.Errorf("forget old answers of the API: %w", res.Error)
	}
	return int(res.RowsAffected), nil
}

// CheckAPIKey says what is wrong with a key, or nil.
func CheckAPIKey(key string) error {
	if key == "" || len(key) > 255 || strings.ContainsFunc(key, func(r rune) bool { return r < '!' || r > '~' }) {
		return problemf("An idempotency key is 1 to 255 letters, digits and signs without spaces; a random one such as a UUID is best.")
	}
	return nil
}

// OrderOfPayment is the number of the order that a payment belongs to.
func (db *DB) OrderOfPayment(ctx context.Context, id int64) (int64, error) {
	return db.orderOf(ctx, "payments", id)
}

// OrderOfOperation is the number of the order that an operation belongs to.
func (db *DB) OrderOfOperation(ctx context.Context, id int64) (int64, error) {
	return db.orderOf(ctx, "operations", id)
}

func (db *DB) orderOf(ctx context.Context, table string, id int64) (int64, error) {
	var order int64
	scope := ScopeOf(ctx)
	err := db.pool.QueryRow(ctx, "SELECT order_id FROM "+table+" WHERE id = $1 AND ($2 OR store_id = ANY($3))", id, scope.All, append([]int64{}, scope.Stores...)).Scan(&order)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, ErrNotFound
	}
	if err != nil {
		return 0, fmt.Errorf("look for the order of a record of %s: %w", table, err)
	}
	return order, nil
}
