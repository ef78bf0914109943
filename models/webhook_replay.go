package models

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Replay is what acting on a stored webhook once more changes, or would change.
type Replay struct {
	State   WebhookState // what the webhook would be
	Effect  string       // a sentence
	Changes []Change     // of the order and what belongs to it; empty is the usual answer
}

// Digest names what a replay would do, so that Apply does what was looked at and nothing else.
func (r *Replay) Digest() string {
	lines := []string{string(r.State)}
	for _, c := range r.Changes {
		lines = append(lines, c.String())
	}
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:16])
}

// ErrMoved is a replay that would not do any more what was looked at before.
var ErrMoved = errors.New("something has changed since it was looked at")

// CheckReplay says why the webhook cannot be applied once more, or nil.
func (w *Webhook) CheckReplay() error {
	switch {
	case w.Verdict != Verified:
		return conflictf("No store here has signed this webhook, so it is never applied.")
	case w.DuplicateOf != nil:
		return conflictf("This is a repeat of webhook %d; apply that one.", *w.DuplicateOf)
	case w.ErasedAt != nil:
		return conflictf("What this webhook said was erased, so it cannot be applied again.")
	}
	return nil
}

// PreviewReplay acts on a webhook and takes it all back, to say what applying it once more would change.
func (db *DB) PreviewReplay(ctx context.Context, id int64) (*Replay, error) {
	return db.replay(ctx, id, nil)
}

// ReplayWebhook applies a webhook once more, when it does what the preview with this digest said. When it
// would do something else, that is given back with ErrMoved, and nothing is changed.
func (db *DB) ReplayWebhook(ctx context.Context, id int64, digest string, by Actor) (*Replay, error) {
	return db.replay(ctx, id, &replayWish{digest, by})
}

// replayWish is somebody's wish to apply what they have looked at.
type replayWish struct {
	digest string
	by     Actor
}

// errTakenBack ends a transaction that was only a trial.
var errTakenBack = errors.New("only tried")

func (db *DB) replay(ctx context.Context, id int64, wish *replayWish) (*Replay, error) {
	w, err := db.Webhook(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := w.CheckReplay(); err != nil {
		return nil, err
	}
	told := answers{}
	for {
		replay, err := db.tryReplay(ctx, id, told, wish)
		var ask *question
		switch {
		case errors.As(err, &ask) && len(told) < 4:
			told[ask.key()] = db.ask(ctx, ask)
		case err == nil, errors.Is(err, ErrMoved):
			return replay, err
		default:
			return nil, fmt.Errorf("apply webhook %d again: %w", id, err)
		}
	}
}

// tryReplay applies a webhook behind a savepoint, reads what that made of its order, takes it back, and
// compares. With a wish it then applies it in earnest, in the same transaction and so to the same end.
func (db *DB) tryReplay(ctx context.Context, id int64, told answers, wish *replayWish) (replay *Replay, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the program broke down: %v", cause)
		}
	}()
	err = db.Tx(ctx, func(tx *DB) error {
		w, err := tx.Webhook(ctx, id)
		if err != nil {
			return err
		}
		if err := tx.oneAtATime(ctx, w.Source, w.StoreID, w.PartnerOrderID, w.PaymentRef); err != nil {
			return err
		}
		if w, _, err = tx.lockWebhook(ctx, id); err != nil {
			return err
		}
		if replay, err = tx.trial(ctx, w, told); err != nil {
			return err
		}
		if wish == nil {
			return errTakenBack
		}
		if wish.digest != replay.Digest() {
			return ErrMoved
		}
		out, err := tx.applyWebhook(ctx, w, told)
		if err != nil {
			return err
		}
		return tx.saveReplay(ctx, w, out, replay, wish.by)
	})
	if errors.Is(err, errTakenBack) {
		err = nil
	}
	return replay, err
}

// trial is what applying a webhook in this transaction changes; nothing of it stays.
func (db *DB) trial(ctx context.Context, w *Webhook, told answers) (*Replay, error) {
	if err := db.gorm.SavePoint("trial").Error; err != nil {
		return nil, fmt.Errorf("begin the trial: %w", err)
	}
	out, err := db.applyWebhook(ctx, w, told)
	if err != nil {
		return nil, err
	}
	order := out.order
	if order == nil {
		order = w.OrderID
	}
	after, err := db.around(ctx, order, w.ID)
	if err != nil {
		return nil, err
	}
	if err := db.gorm.RollbackTo("trial").Error; err != nil {
		return nil, fmt.Errorf("take the trial back: %w", err)
	}
	before, err := db.around(ctx, order, w.ID)
	if err != nil {
		return nil, err
	}
	return &Replay{State: out.state, Effect: textOf(out.effect), Changes: changes(before, after)}, nil
}

// saveReplay writes what a replay came to. A webhook that was acted upon keeps what it did the first time.
func (db *DB) saveReplay(ctx context.Context, w *Webhook, out outcome, replay *Replay, by Actor) error {
	if w.State == WebhookProcessed {
		first := w.Effect
		if out.state != WebhookProcessed {
			out.state, out.order = WebhookProcessed, nil
		}
		if len(replay.Changes) > 0 {
			out.effect = sentences(first, "Applied again: "+out.effect)
		} else {
			out.effect = first
		}
	}
	if err := db.saveWebhook(ctx, w, out); err != nil {
		return err
	}
	order := out.order
	if order == nil {
		order = w.OrderID
	}
	return db.audit(ctx, w.StoreID, by, "webhook.replayed", "webhook "+strconv.FormatInt(w.ID, 10), order, map[string]any{
		"source": w.Source, "event": w.Event, "was": w.State, "became": out.state, "changes": len(replay.Changes),
	})
}

// RevealWebhook notes that somebody looks at the personal data in a webhook.
func (db *DB) RevealWebhook(ctx context.Context, id int64, by Actor) (*Webhook, error) {
	var w *Webhook
	err := db.Tx(ctx, func(tx *DB) (err error) {
		if w, err = tx.Webhook(ctx, id); err != nil {
			return err
		}
		return tx.audit(ctx, w.StoreID, by, "webhook.revealed", "webhook "+strconv.FormatInt(id, 10), w.OrderID, map[string]any{"source": w.Source, "event": w.Event})
	})
	if err != nil {
		return nil, fmt.Errorf("reveal webhook %d: %w", id, err)
	}
	return w, nil
}
