package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
)

// beforeLasts is how long what was read before a send may be relied on; then it is read anew.
const beforeLasts = 30 * time.Second

// readBefore reads the payment of an operation that can be sent once at most, and stores what the provider
// shows in a commit of its own: later it tells whether the operation happened. A read that fails sends nothing
// and is tried again. It says whether the operation may be sent now.
func (db *DB) readBefore(ctx context.Context, id int64) (bool, error) {
	var (
		op      *Operation
		payment *Payment
		due     bool
		fresh   bool // what was read before will do
	)
	err := db.Tx(ctx, func(tx *DB) (err error) {
		due, fresh = false, false
		if payment, op, err = tx.lockOperation(ctx, id); err != nil {
			return err
		}
		now, err := tx.now(ctx)
		if err != nil {
			return err
		}
		due = op.Once && op.FirstSentAt == nil && op.State == Queued && (op.NextAt == nil || !op.NextAt.After(now))
		if fresh = due && op.known(payment, now); !due || fresh {
			return nil
		}
		if due, err = tx.turn(ctx, op, now); err != nil || !due {
			return err
		}
		_, err = tx.prepare(ctx, op)
		if sentence := unopened(err); sentence != "" {
			due = false
			return tx.misconfigured(ctx, op, sentence, true)
		}
		if err != nil {
			return err
		}
		op.NextAt = new(now.Add(tx.timings.Lease)) // nobody else reads meanwhile
		return tx.saveOperation(ctx, op)
	})
	if err != nil || !due || fresh {
		return due, err
	}
	seen, exchanges, answer := db.readWith(ctx, *op.SettingsID, deref(payment.Ref))
	err = db.Tx(context.WithoutCancel(ctx), func(tx *DB) error {
		due, err = tx.keepBefore(ctx, payment, op, seen, answer, exchanges)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("keep what came before operation %d: %w", id, err)
	}
	return due, nil
}

// known says whether what came before the operation was read lately and nothing was done to the payment since.
func (o *Operation) known(p *Payment, now time.Time) bool {
	return o.Before != nil && *o.BeforeVersion == p.Version && now.Sub(*o.BeforeAt) < beforeLasts
}

// turn says whether it is the operation's turn: of those that can be sent once, a payment has one under way at
// a time. One that must wait is looked at again later, and woken when the other ends.
func (db *DB) turn(ctx context.Context, op *Operation, now time.Time) (bool, error) {
	var first Operation
	err := db.in(ctx).Where("payment_id = ? AND once AND id <> ?", op.PaymentID, op.ID).
		Where("(first_sent_at IS NOT NULL AND state IN ?) OR (state = ? AND id < ?)",
			[]OperationState{Dispatching, UnknownOutcome, Accepted, NeedsReview}, Queued, op.ID).
		Order("id").First(&first).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for operations under way: %w", err)
	}
	op.NextAt = new(now.Add(db.timings.lookupPause(1)))
	op.Problem = fmt.Sprintf("It waits until %s #%d has ended: this gateway is asked one thing at a time.", verbName(first.Kind), first.ID)
	return false, db.saveOperation(ctx, op)
}

// keepBefore stores what was read, or when the read is tried again.
func (db *DB) keepBefore(ctx context.Context, read *Payment, was *Operation, seen *gateways.Payment, answer error, exchanges []gateways.Exchange) (bool, error) {
	_, op, err := db.lockOperation(ctx, was.ID)
	if err != nil {
		return false, err
	}
	if op.State != Queued || op.FirstSentAt != nil {
		return false, nil
	}
	now, err := db.now(ctx)
	if err != nil {
		return false, err
	}
	if errors.Is(answer, errNoReader) {
		seen, answer = &gateways.Payment{Ref: deref(read.Ref)}, nil
	}
	if answer != nil {
		n, err := db.openAttempt(ctx, op, "lookup")
		if err != nil {
			return false, err
		}
		detail := "The payment could not be read, so nothing was sent: " + message(answer)
		if err := db.closeAttempt(ctx, op.ID, n, gateways.KindOf(answer).String(), detail, exchanges); err != nil {
			return false, err
		}
		op.Lookups++
		op.SettingsID = was.SettingsID
		return false, db.requeue(ctx, op, db.timings.lookupPause(op.Lookups-1), sentenceOf(detail))
	}
	op.NextAt, op.SettingsID, op.Problem = &now, was.SettingsID, ""
	if err := db.saveOperation(ctx, op); err != nil {
		return false, err
	}
	err = db.in(ctx).Model(&Operation{}).Where("id = ?", op.ID).Select("Before", "BeforeAt", "BeforeVersion").
		Updates(&Operation{Before: lean(seen), BeforeAt: &now, BeforeVersion: &read.Version}).Error
	if err != nil {
		return false, fmt.Errorf("store what came before operation %d: %w", op.ID, err)
	}
	return true, nil
}

// lean is a payment without the provider's own words for it, which may hold what must not be kept.
func lean(seen *gateways.Payment) *gateways.Payment {
	slim := *seen
	strip := func(results []gateways.Result) []gateways.Result {
		var out []gateways.Result
		for _, r := range results {
			r.Raw = nil
			out = append(out, r)
		}
		return out
	}
	slim.Raw, slim.Refunds, slim.Captures = nil, strip(seen.Refunds), strip(seen.Captures)
	return &slim
}

// wakeNext has the next operation that waited for its turn looked at now.
func (db *DB) wakeNext(ctx context.Context, payment int64) error {
	var ids []int64
	err := db.in(ctx).Raw(`UPDATE operations SET next_at = clock_timestamp(), problem = '' WHERE id = (
		SELECT min(id) FROM operations WHERE payment_id = ? AND once AND state = 'queued') RETURNING id`, payment).Scan(&ids).Error
	if err != nil {
		return fmt.Errorf("wake what waits on payment %d: %w", payment, err)
	}
	for _, id := range ids {
		if err := db.enqueue(ctx, DispatchJob{OperationID: id}); err != nil {
			return err
		}
	}
	return nil
}
