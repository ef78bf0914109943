package models

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/kartify/kartify/gateways"
)

// parallelSteps is how many operations one sweep works on at a time.
const parallelSteps = 8

// SettleDue takes every operation whose next step is due one step further: queued ones are sent, lost
// attempts become unknown, unknown and accepted ones are looked up. It reports how many it touched.
// Several processes may run it at once.
func (db *DB) SettleDue(ctx context.Context) (int, error) {
	var ids []int64
	err := db.in(ctx).Model(&Operation{}).Where("next_at <= clock_timestamp()").Order("next_at").Limit(200).Pluck("id", &ids).Error
	if err != nil {
		return 0, fmt.Errorf("look for due operations: %w", err)
	}
	var (
		wait   sync.WaitGroup
		mu     sync.Mutex
		failed error
		slots  = make(chan struct{}, parallelSteps)
	)
	for _, id := range ids {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			if err := db.StepOperation(ctx, id); err != nil {
				mu.Lock()
				failed = errors.Join(failed, err)
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return len(ids), failed
}

// StepOperation takes one operation a step further if it is due.
func (db *DB) StepOperation(ctx context.Context, id int64) error {
	var op Operation
	if err := db.in(ctx).Scopes(scoped(ctx, "operations")).First(&op, "id = ?", id).Error; err != nil {
		return fmt.Errorf("read operation %d: %w", id, err)
	}
	switch op.State {
	case Queued:
		return db.DispatchOperation(ctx, id)
	case Dispatching:
		return db.expireLease(ctx, id)
	case UnknownOutcome, Accepted:
		return db.LookUpOperation(ctx, id)
	default:
		return nil
	}
}

// expireLease gives up on an attempt whose process died: it may have been sent.
func (db *DB) expireLease(ctx context.Context, id int64) error {
	return db.Tx(ctx, func(tx *DB) error {
		_, op, err := tx.lockOperation(ctx, id)
		if err != nil {
			return err
		}
		now, err := tx.now(ctx)
		if err != nil {
			return err
		}
		if op.State != Dispatching || op.LeaseUntil == nil || op.LeaseUntil.After(now) {
			return nil
		}
		err = tx.in(ctx).Exec(`UPDATE operation_attempts SET outcome = 'lost', detail = 'The program stopped before an answer was recorded.', finished_at = now()
			WHERE operation_id = ? AND finished_at IS NULL`, op.ID).Error
		if err != nil {
			return fmt.Errorf("close the lost attempts of operation %d: %w", op.ID, err)
		}
		return tx.becomeUnknown(ctx, op, "The program stopped while the gateway was being called; it is asked what happened.")
	})
}

// LookUpOperation asks the gateway what became of an unknown or accepted operation.
func (db *DB) LookUpOperation(ctx context.Context, id int64) error {
	a, err := db.claimLookup(ctx, id)
	if err != nil || a == nil {
		return err
	}
	calling, trace := gateways.WithTrace(context.WithoutCancel(ctx))
	calling, cancel := context.WithTimeout(calling, db.timings.CallTimeout+5*time.Second)
	result, answer := gateways.Find(calling, a.gateway, a.request)
	cancel()
	err = db.Tx(context.WithoutCancel(ctx), func(tx *DB) error {
		return tx.recordLookup(ctx, a, result, answer, trace.Exchanges())
	})
	if err != nil {
		return fmt.Errorf("record a look-up of operation %d: %w", id, err)
	}
	return nil
}

// claimLookup takes a due operation for one look-up; nobody else looks while it runs.
func (db *DB) claimLookup(ctx context.Context, id int64) (*attempt, error) {
	var a *attempt
	err := db.Tx(ctx, func(tx *DB) error {
		a = nil
		_, op, err := tx.lockOperation(ctx, id)
		if err != nil {
			return err
		}
		now, err := tx.now(ctx)
		if err != nil {
			return err
		}
		if (op.State != UnknownOutcome && op.State != Accepted) || op.NextAt == nil || op.NextAt.After(now) {
			return nil
		}
		a, err = tx.prepareLookup(ctx, op)
		op.Lookups++
		if sentence := unopened(err); sentence != "" {
			op.Problem = sentence
			return tx.lookAgain(ctx, op)
		}
		if err != nil {
			return err
		}
		op.NextAt = new(now.Add(tx.timings.Lease))
		if a.n, err = tx.openAttempt(ctx, op, "lookup"); err != nil {
			return err
		}
		a.op = *op
		return tx.saveOperation(ctx, op)
	})
	if err != nil {
		return nil, fmt.Errorf("claim operation %d for a look-up: %w", id, err)
	}
	return a, nil
}

// recordLookup records what a look-up found. Found is evidence; absent may mean send again, wait, or ask a person.
func (db *DB) recordLookup(ctx context.Context, a *attempt, result gateways.Result, answer error, exchanges []gateways.Exchange) error {
	p, op, err := db.lockOperation(ctx, a.op.ID)
	if err != nil {
		return err
	}
	outcome, detail := string(result.Status), result.Word
	switch {
	case errors.Is(answer, gateways.ErrAbsent):
		outcome, detail = "absent", "The gateway does not know this operation."
	case answer != nil:
		outcome, detail = gateways.KindOf(answer).String(), message(answer)
	}
	if err := db.closeAttempt(ctx, op.ID, a.n, outcome, detail, exchanges); err != nil {
		return err
	}
	if op.State != UnknownOutcome && op.State != Accepted {
		return nil // settled by other evidence in the meantime
	}
	if answer == nil {
		changed, err := db.settle(ctx, p, op, Evidence{Via: "look-up", Result: result})
		if err != nil || changed {
			return err
		}
		return db.lookAgain(ctx, op) // accepted, and still not finished
	}
	switch absent := errors.Is(answer, gateways.ErrAbsent); {
	case absent && op.State == UnknownOutcome:
		return db.absent(ctx, p, op, a.driver)
	case absent:
		return db.vanished(ctx, op, a.driver)
	}
	return db.lookAgain(ctx, op)
}

// vanished waits for an operation that the gateway took on and does not show. What does not show after the
// quiet period is for a person.
func (db *DB) vanished(ctx context.Context, op *Operation, driver gateways.Driver) error {
	now, err := db.now(ctx)
	if err != nil {
		return err
	}
	if now.Sub(*op.FirstSentAt) < driver.QuietPeriod {
		return db.lookAgain(ctx, op)
	}
	return db.toReview(ctx, op, "The gateway took this on and does not show it. Somebody must look at what it lists and decide whether it happened.")
}

// absent decides what to do about an operation the gateway does not know.
func (db *DB) absent(ctx context.Context, p *Payment, op *Operation, driver gateways.Driver) error {
	now, err := db.now(ctx)
	if err != nil {
		return err
	}
	sent := *op.FirstSentAt
	switch {
	case now.Sub(sent) < db.timings.ResendAfter:
		return db.lookAgainAt(ctx, op, sent.Add(db.timings.ResendAfter))
	case op.Word == wordDeclined:
		return db.decline(ctx, p, op, op.Problem)
	case !op.Once && driver.ClassOf(op.Kind) == gateways.ByKey && now.Sub(sent) < driver.KeyLifetime:
		op.State, op.NextAt = Queued, &now // the same key and the same bytes: once at most
		if err := db.saveOperation(ctx, op); err != nil {
			return err
		}
		return db.enqueue(ctx, DispatchJob{OperationID: op.ID})
	case now.Sub(sent) < driver.QuietPeriod:
		return db.lookAgain(ctx, op)
	default:
		return db.toReview(ctx, op, "The gateway's answer did not come, and the gateway does not know this operation. Somebody must look at what it lists and decide whether it happened.")
	}
}

// lookAgain sets the time of the next look-up, or hands the operation to a person when it has taken too long.
func (db *DB) lookAgain(ctx context.Context, op *Operation) error {
	if time.Since(op.CreatedAt) > db.timings.ReviewAfter {
		return db.toReview(ctx, op, fmt.Sprintf("The gateway has not finished this for %.0f days.", db.timings.ReviewAfter.Hours()/24))
	}
	if err := db.schedule(ctx, op, op.Lookups); err != nil {
		return err
	}
	return db.saveOperation(ctx, op)
}

func (db *DB) lookAgainAt(ctx context.Context, op *Operation, at time.Time) error {
	op.NextAt = &at
	return db.saveOperation(ctx, op)
}

func (db *DB) toReview(ctx context.Context, op *Operation, sentence string) error {
	op.State, op.Problem = NeedsReview, sentence
	if err := db.saveOperation(ctx, op); err != nil {
		return err
	}
	return db.alert(ctx, op, "needs_review", sentence)
}

// schedule sets when the operation is looked up next, after n look-ups.
func (db *DB) schedule(ctx context.Context, op *Operation, n int) error {
	now, err := db.now(ctx)
	if err != nil {
		return err
	}
	op.NextAt = new(now.Add(db.timings.lookupPause(n)))
	return nil
}

// AskAgain looks an operation up now because somebody wants to know.
func (db *DB) AskAgain(ctx context.Context, id int64, by Actor) (*Operation, error) {
	var out *Operation
	err := db.Tx(ctx, func(tx *DB) error {
		_, op, err := tx.lockOperation(ctx, id)
		if err != nil {
			return err
		}
		out = op
		now, err := tx.now(ctx)
		if err != nil {
			return err
		}
		switch op.State {
		case Queued, UnknownOutcome, Accepted:
		case NeedsReview:
			op.State = UnknownOutcome
		default:
			return conflictf("This operation is %s; there is nothing to ask.", op.State)
		}
		op.NextAt = &now
		if err := tx.saveOperation(ctx, op); err != nil {
			return err
		}
		if err := tx.enqueue(ctx, StepJob{OperationID: op.ID}); err != nil {
			return err
		}
		return tx.audit(ctx, op.StoreID, by, "operation.asked_again", fmt.Sprintf("operation %d", op.ID), &op.OrderID, nil)
	})
	return out, err
}

// StepJob asks for the next step of an operation.
type StepJob struct {
	OperationID int64 `json:"operation_id"`
}

// Kind names the job.
func (StepJob) Kind() string { return "step_operation" }
