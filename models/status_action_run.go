package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// StatusActionJob asks for a status action to be carried out.
type StatusActionJob struct {
	ActionID int64 `json:"action_id"`
}

// Kind names the job.
func (StatusActionJob) Kind() string { return "carry_out_status_action" }

// statusActionTries is how often a provider that does not answer is asked before a person must decide.
const statusActionTries = 3

// called is what came of carrying an action out.
type called struct {
	ops  []*Operation
	code SkipCode
	said string // a sentence
	err  error
}

// RunStatusAction has the provider do what a change of status started. Operations are made as by the buttons,
// under the name of the change, so that running it again makes none anew.
func (db *DB) RunStatusAction(ctx context.Context, id int64) error {
	a, err := db.claimStatusAction(ctx, id)
	if err != nil || a == nil {
		return err
	}
	result := db.callStatusAction(ctx, a)
	if result.err != nil && !result.known() {
		return fmt.Errorf("carry out status action %d: %w", id, result.err) // it is due again after the lease
	}
	err = db.Tx(context.WithoutCancel(ctx), func(tx *DB) error { return tx.keepStatusAction(ctx, id, result) })
	return wrapf(err, "record status action %d", id)
}

// claimStatusAction makes this process the one that carries an action out. It is nil when it is not to be had.
func (db *DB) claimStatusAction(ctx context.Context, id int64) (*StatusAction, error) {
	var list []StatusAction
	err := db.in(ctx).Raw(`UPDATE status_actions SET tries = tries + 1, lease_until = clock_timestamp() + ? * interval '1 second', next_at = clock_timestamp() + ? * interval '1 second',
			updated_at = now()
		WHERE id = ? AND state = 'waiting' AND (dropped_at IS NULL OR lease_until IS NOT NULL) AND next_at <= clock_timestamp() RETURNING *`,
		db.statusLease().Seconds(), db.statusLease().Seconds(), id).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("claim status action %d: %w", id, err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return &list[0], nil
}

// statusLease is how long carrying an action out may take: a question and what is written around it.
func (db *DB) statusLease() time.Duration { return db.timings.Lease + db.timings.CallTimeout }

// callStatusAction asks for the operations of an action.
func (db *DB) callStatusAction(ctx context.Context, a *StatusAction) called {
	var out called
	if a.DroppedAt != nil { // asked for no more; what may have been begun before is followed
		hash, _, err := db.wishName(a.wish(), a.Action)
		if err != nil {
			return called{err: err}
		}
		op, err := db.operationByToken(ctx, hash)
		if op != nil {
			out.ops = []*Operation{op}
		}
		out.err = err
		return out
	}
	var op *Operation
	switch a.Action {
	case CaptureAction:
		op, out.err = db.CapturePayment(ctx, CaptureRequest{Wish: a.wish()})
	case CancelAction:
		var done Cancellation
		if done, out.err = db.CancelOrCredit(ctx, CancelRequest{a.wish()}); out.err == nil {
			out.ops, out.code, out.said = done.Operations, SkipDone, done.Said
		}
	case UpdateAction:
		op, out.err = db.UpdateAmount(ctx, UpdateRequest{Wish: a.wish(), Amount: a.total(ctx, db)})
	}
	if op != nil {
		out.ops = []*Operation{op}
	}
	var problem *Problem
	if out.err == nil || !errors.As(out.err, &problem) {
		return out
	}
	out.said = problem.Sentence
	plan, err := db.PlanStatusCall(ctx, a)
	if err != nil {
		out.err = err
		return out
	}
	out.code = plan.Code
	if plan.Skip == "" {
		out.code = "" // the provider was not asked, or refuses what looks possible from here
	}
	return out
}

// total is the amount an update is to come to.
func (a *StatusAction) total(ctx context.Context, db *DB) money.Amount {
	var currency string
	if err := db.in(ctx).Model(&Order{}).Where("id = ?", a.OrderID).Pluck("currency", &currency).Error; err != nil || a.AmountMinor == nil {
		return money.Amount{}
	}
	return money.New(*a.AmountMinor, currency)
}

// PlanStatusCall says what an action would call now, as the payment stands here.
func (db *DB) PlanStatusCall(ctx context.Context, a *StatusAction) (Plan, error) {
	var p Payment
	if err := db.in(ctx).First(&p, "id = ? AND order_id = ?", a.PaymentID, a.OrderID).Error; err != nil {
		return Plan{}, fmt.Errorf("read payment %d: %w", a.PaymentID, err)
	}
	at, err := db.position(ctx, &p)
	if err != nil {
		return Plan{}, err
	}
	return at.forStatus(a.Action), nil
}

// known says that the outcome is one people can be told.
func (c *called) known() bool {
	var problem *Problem
	var said *gateways.Error
	return errors.As(c.err, &problem) || errors.As(c.err, &said)
}

// passing says that nobody answered, and that asking again soon may do.
func (c *called) passing() bool {
	var said *gateways.Error
	return errors.As(c.err, &said) && (said.Kind == gateways.Unavailable || said.Kind == gateways.Unknown)
}

// keepStatusAction records what came of carrying an action out.
func (db *DB) keepStatusAction(ctx context.Context, id int64, c called) error {
	order, a, err := db.lockStatusAction(ctx, id)
	if err != nil || a.State != ActionWaiting {
		return err
	}
	a.LeaseUntil = nil
	switch {
	case len(c.ops) > 0:
		a.State, a.OperationID, a.Problem, a.Code, a.NextAt = ActionSent, &c.ops[0].ID, "", "", nil
		if err := db.saveStatusAction(ctx, a); err != nil {
			return err
		}
		return db.settleStatusAction(ctx, order, a)
	case a.DroppedAt != nil:
		now, err := db.now(ctx)
		if err != nil {
			return err
		}
		a.State, a.NextAt, a.FinishedAt = ActionDropped, nil, &now
		return db.saveStatusAction(ctx, a)
	case c.err == nil, c.code == SkipDone:
		return db.doneStatusAction(ctx, order, a, c.said)
	case c.code == SkipUnderWay, c.passing() && a.Tries < statusActionTries:
		now, err := db.now(ctx)
		if err != nil {
			return err
		}
		a.Code, a.Problem, a.NextAt = c.code, c.said, new(now.Add(db.timings.lookupPause(a.Tries-1)))
		return db.saveStatusAction(ctx, a)
	}
	sentence := c.said
	if sentence == "" {
		sentence = message(c.err)
	}
	return db.failStatusAction(ctx, order, a, c.code, sentence)
}

// lockStatusAction takes an action's row, after its order's.
func (db *DB) lockStatusAction(ctx context.Context, id int64) (*Order, *StatusAction, error) {
	var orders []int64
	if err := db.in(ctx).Model(&StatusAction{}).Scopes(scoped(ctx, "status_actions")).Where("id = ?", id).Pluck("order_id", &orders).Error; err != nil {
		return nil, nil, fmt.Errorf("read status action %d: %w", id, err)
	}
	if len(orders) == 0 {
		return nil, nil, ErrNotFound
	}
	order, err := db.lockOrder(ctx, orders[0])
	if err != nil {
		return nil, nil, err
	}
	var a StatusAction
	if err := db.in(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).First(&a, "id = ?", id).Error; err != nil {
		return nil, nil, fmt.Errorf("lock status action %d: %w", id, err)
	}
	return order, &a, nil
}

// saveStatusAction writes what may change of an action.
func (db *DB) saveStatusAction(ctx context.Context, a *StatusAction) error {
	err := db.in(ctx).Model(&StatusAction{}).Where("id = ?", a.ID).Updates(map[string]any{
		"state": a.State, "code": a.Code, "problem": a.Problem, "operation_id": a.OperationID, "round": a.Round, "tries": a.Tries,
		"next_at": a.NextAt, "lease_until": a.LeaseUntil, "finished_at": a.FinishedAt, "updated_at": gorm.Expr("now()"),
	}).Error
	return wrapf(err, "save status action %d", a.ID)
}

// RunDueStatusActions carries out actions whose job got lost or whose next try has come, and reports how many.
// Several processes may do it at once.
func (db *DB) RunDueStatusActions(ctx context.Context) (int, error) {
	var ids []int64
	err := db.in(ctx).Model(&StatusAction{}).Where("next_at <= clock_timestamp()").Order("next_at").Limit(200).Pluck("id", &ids).Error
	if err != nil {
		return 0, fmt.Errorf("look for due status actions: %w", err)
	}
	return len(ids), each(ids, parallelSteps, func(id int64) error { return db.RunStatusAction(ctx, id) })
}
