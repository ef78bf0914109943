package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kartify/kartify/gateways"
)

// attempt is a claim on an operation: its number fences what may be recorded of it.
type attempt struct {
	op      Operation
	n       int
	first   bool // nothing of it can have reached the gateway before
	gateway gateways.Gateway
	driver  gateways.Driver
	request gateways.Request
}

// DispatchOperation makes one attempt of an operation at its gateway. An answer that does not come
// leaves it unknown, and SettleDue looks it up. An operation that is not due is left alone.
func (db *DB) DispatchOperation(ctx context.Context, id int64) error {
	if ready, err := db.beforeSend(ctx, id); err != nil || !ready {
		return err
	}
	a, err := db.claim(ctx, id) // committed before the network
	if err != nil || a == nil {
		return err
	}
	ctx, trace := gateways.WithTrace(context.WithoutCancel(ctx)) // what is sent is sent: nobody's leaving cuts it short
	ctx, cancel := context.WithTimeout(ctx, db.timings.CallTimeout+5*time.Second)
	result, err := gateways.Perform(ctx, a.gateway, a.request)
	cancel()
	ctx = context.WithoutCancel(ctx)
	if err := db.recordAnswer(ctx, a, result, err, trace.Exchanges()); err != nil {
		return fmt.Errorf("record attempt %d of operation %d: %w", a.n, id, err)
	}
	return nil
}

// beforeSend does what must come before the claim: of an operation that can be sent once at most the payment
// is read. It says whether to go on.
func (db *DB) beforeSend(ctx context.Context, id int64) (bool, error) {
	var op Operation
	if err := db.in(ctx).Scopes(scoped(ctx, "operations")).Select("id, once, state").Limit(1).Find(&op, "id = ?", id).Error; err != nil {
		return false, fmt.Errorf("read operation %d: %w", id, err)
	}
	if !op.Once || op.State != Queued {
		return true, nil // claim knows what to do
	}
	return db.readBefore(ctx, id)
}

// claim takes a queued operation for one attempt: the lease, the attempt's row and the commit come before the first byte.
func (db *DB) claim(ctx context.Context, id int64) (*attempt, error) {
	var a *attempt
	err := db.Tx(ctx, func(tx *DB) error {
		a = nil
		p, op, err := tx.lockOperation(ctx, id)
		if err != nil {
			return err
		}
		now, err := tx.now(ctx)
		if err != nil {
			return err
		}
		if op.State != Queued || (op.NextAt != nil && op.NextAt.After(now)) {
			return nil
		}
		if op.Once && (op.FirstSentAt != nil || !op.known(p, now)) {
			return nil // read again first
		}
		if op.Once {
			if turn, err := tx.turn(ctx, op, now); err != nil || !turn {
				return err
			}
		}
		a, err = tx.prepare(ctx, op)
		if sentence := unopened(err); sentence != "" {
			return tx.misconfigured(ctx, op, sentence, op.FirstSentAt == nil)
		}
		if err != nil {
			return err
		}
		lease := now.Add(tx.timings.Lease)
		a.first = op.FirstSentAt == nil
		op.State, op.Attempts, op.LeaseUntil, op.NextAt = Dispatching, op.Attempts+1, &lease, &lease
		if op.FirstSentAt == nil {
			op.FirstSentAt = &now
		}
		if a.n, err = tx.openAttempt(ctx, op, "send"); err != nil {
			return err
		}
		a.op = *op
		return tx.saveOperation(ctx, op)
	})
	if err != nil {
		return nil, fmt.Errorf("claim operation %d: %w", id, err)
	}
	return a, nil
}

// openAttempt writes the row of a call that is about to be made, and returns its number.
func (db *DB) openAttempt(ctx context.Context, op *Operation, kind string) (int, error) {
	var n int
	err := db.in(ctx).Raw(`INSERT INTO operation_attempts (operation_id, store_id, n, kind)
		SELECT ?, ?, coalesce(max(n), 0) + 1, ? FROM operation_attempts WHERE operation_id = ? RETURNING n`,
		op.ID, op.StoreID, kind, op.ID).Scan(&n).Error
	if err != nil {
		return 0, fmt.Errorf("open an attempt of operation %d: %w", op.ID, err)
	}
	return n, nil
}

// closeAttempt writes what came of a call.
func (db *DB) closeAttempt(ctx context.Context, op int64, n int, outcome, detail string, exchanges []gateways.Exchange) error {
	status := 0
	if len(exchanges) > 0 {
		status = exchanges[len(exchanges)-1].Status
	} else {
		exchanges = []gateways.Exchange{}
	}
	err := db.in(ctx).Model(&OperationAttempt{}).Where("operation_id = ? AND n = ?", op, n).
		Select("Outcome", "Detail", "HTTPStatus", "Exchanges", "FinishedAt").
		Updates(&OperationAttempt{Outcome: outcome, Detail: detail, HTTPStatus: status, Exchanges: exchanges, FinishedAt: new(time.Now().UTC())}).Error
	if err != nil {
		return fmt.Errorf("close attempt %d of operation %d: %w", n, op, err)
	}
	return nil
}

// recordAnswer records what came of an attempt. Evidence counts whenever it comes; an error counts only
// while the attempt is still the one under way.
func (db *DB) recordAnswer(ctx context.Context, a *attempt, result gateways.Result, answer error, exchanges []gateways.Exchange) error {
	return db.Tx(ctx, func(tx *DB) error {
		p, op, err := tx.lockOperation(ctx, a.op.ID)
		if err != nil {
			return err
		}
		outcome, detail := string(result.Status), result.Word
		if answer != nil {
			outcome, detail = gateways.KindOf(answer).String(), message(answer)
		}
		if err := tx.closeAttempt(ctx, op.ID, a.n, outcome, detail, exchanges); err != nil {
			return err
		}
		if answer == nil {
			_, err := tx.settle(ctx, p, op, Evidence{Via: "answer", Result: result})
			return err
		}
		if op.State != Dispatching || op.Attempts != a.op.Attempts {
			return nil // settled by other evidence, or taken over, in the meantime
		}
		return tx.recordFailure(ctx, p, op, answer, a.first)
	})
}

// recordFailure decides what an error means for the operation. An error of the first attempt that
// proves nothing arrived is simple; after a repeat only a look-up can tell what the earlier ones did.
func (db *DB) recordFailure(ctx context.Context, p *Payment, op *Operation, answer error, first bool) error {
	switch kind := gateways.KindOf(answer); {
	case kind == gateways.Declined && first:
		return db.decline(ctx, p, op, message(answer))
	case kind == gateways.Declined:
		op.Word = wordDeclined
		return db.becomeUnknown(ctx, op, message(answer))
	case kind == gateways.Unavailable && first:
		return db.waitAndRepeat(ctx, op, answer)
	case kind == gateways.Misconfigured:
		return db.misconfigured(ctx, op, message(answer), first)
	default:
		return db.becomeUnknown(ctx, op, message(answer))
	}
}

// wordDeclined marks an operation whose repeat was declined: absent from a look-up, it did not happen.
const wordDeclined = "declined"

// decline ends an operation that the gateway refused: its money is free again.
func (db *DB) decline(ctx context.Context, p *Payment, op *Operation, sentence string) error {
	return db.giveUp(ctx, p, op, sentence, "answer")
}

// giveUp ends an operation that did not happen.
func (db *DB) giveUp(ctx context.Context, p *Payment, op *Operation, sentence, via string) error {
	was := op.State
	p.move(op, Failed)
	op.State, op.Problem = Failed, sentence
	if err := db.savePayment(ctx, p); err != nil {
		return err
	}
	if err := db.saveOperation(ctx, op); err != nil {
		return err
	}
	return db.afterSettling(ctx, p, op, was, via)
}

// becomeUnknown keeps the money reserved and looks the operation up.
func (db *DB) becomeUnknown(ctx context.Context, op *Operation, sentence string) error {
	was := op.State
	op.State, op.Problem, op.LeaseUntil = UnknownOutcome, sentence, nil
	if err := db.schedule(ctx, op, 0); err != nil {
		return err
	}
	if err := db.saveOperation(ctx, op); err != nil {
		return err
	}
	if was == UnknownOutcome {
		return nil
	}
	return db.addHistory(ctx, OrderHistory{
		OrderID: op.OrderID, StoreID: op.StoreID, Kind: "operation", OperationID: &op.ID, Comment: op.sentence("answer"),
	}, JobActor)
}

// waitAndRepeat queues an operation that certainly did not reach the gateway once more.
func (db *DB) waitAndRepeat(ctx context.Context, op *Operation, answer error) error {
	wait := db.timings.lookupPause(op.Attempts - 1)
	var e *gateways.Error
	if errors.As(answer, &e) && e.After > wait {
		wait = e.After
	}
	op.FirstSentAt = nil
	return db.requeue(ctx, op, wait, message(answer))
}

// misconfigured leaves an operation that never arrived queued until the settings are mended.
func (db *DB) misconfigured(ctx context.Context, op *Operation, sentence string, first bool) error {
	if !first {
		return db.becomeUnknown(ctx, op, sentence)
	}
	op.FirstSentAt = nil // the settings with which it is sent again are free to be others
	advice, err := db.credentialsAdvice(ctx, op.SettingsID)
	if err != nil {
		return err
	}
	return db.requeue(ctx, op, 5*time.Minute, "The gateway does not accept the credentials. "+advice+" "+sentence)
}

func (db *DB) requeue(ctx context.Context, op *Operation, wait time.Duration, sentence string) error {
	now, err := db.now(ctx)
	if err != nil {
		return err
	}
	next := now.Add(wait)
	if next.After(op.CreatedAt.Add(db.timings.ReviewAfter)) {
		op.State, op.Problem = NeedsReview, sentence
		if err := db.saveOperation(ctx, op); err != nil {
			return err
		}
		return db.alert(ctx, op, "needs_review", sentence)
	}
	op.State, op.NextAt, op.LeaseUntil, op.Problem = Queued, &next, nil, sentence
	return db.saveOperation(ctx, op)
}

// message is an error's sentence for people, without what only programs read.
func message(err error) string {
	var e *gateways.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}
