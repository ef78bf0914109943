package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// StatusRunRow is one order of a run.
type StatusRunRow struct {
	RunID    string
	Position int
	Number   int64           // of the order, as it was chosen
	Forecast StatusRunDoes   // "" until it is planned
	Calls    []StatusRunCall `gorm:"serializer:json"`
	Code     SkipCode
	Why      string // why nothing is called, or why the order is left alone
	Version  *int   // of the order when it was planned
	State    StatusRunRowState
	Said     string
	DoneAt   *time.Time
}

// StatusRunDoes is what a run does with an order.
type StatusRunDoes string

// What is done: a provider is called, only the status changes, or the order is left alone.
const (
	DoesCall   StatusRunDoes = "call"
	DoesStatus StatusRunDoes = "status"
	DoesSkip   StatusRunDoes = "skip"
)

// StatusRunRowState is how far an order of a run is.
type StatusRunRowState string

// The states of a row.
const (
	RowWaiting StatusRunRowState = "waiting"
	RowChanged StatusRunRowState = "changed" // its status was changed, or asked for
	RowSkipped StatusRunRowState = "skipped"
	RowFailed  StatusRunRowState = "failed"
)

// StatusRunCall is one call of a row.
type StatusRunCall struct {
	Gateway  string `json:"gateway"` // its name
	Verb     string `json:"verb"`
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

// The reasons for which an order is left alone, besides those of a plan.
const (
	SkipSame    SkipCode = "same"      // it has the status, or is about to
	SkipUnknown SkipCode = "not_found" // no such order in the person's stores
	SkipNoRight SkipCode = "no_right"  // the person may not change orders any more
)

// RunStatusRun plans a run, or does what is left of one whose time has come, until ctx is over. Rows are done one
// by one, each in a transaction of its own, so that whoever goes on after a stop does none of them twice.
func (db *DB) RunStatusRun(ctx context.Context, id string) error {
	run, err := db.claimStatusRun(ctx, id)
	if err != nil || run == nil {
		return err
	}
	scope, by, refusal, err := db.runFor(ctx, run)
	if err != nil {
		return err
	}
	working := WithScope(ctx, scope)
	for ctx.Err() == nil {
		more, err := db.nextRunRow(working, run, by, refusal)
		if err != nil {
			return err // it is taken up again after the lease
		}
		if !more {
			return db.endStatusRun(ctx, run)
		}
	}
	return wrapf(db.in(context.WithoutCancel(ctx)).Exec(`UPDATE status_runs SET lease_until = NULL, next_at = clock_timestamp() WHERE id = ? AND state = ?`, run.ID, run.State).Error,
		"leave run %s to others", id)
}

// claimStatusRun makes this process the one that works on a run. It is nil when it is not to be had.
func (db *DB) claimStatusRun(ctx context.Context, id string) (*StatusRun, error) {
	var list []StatusRun
	lease := db.timings.Lease.Seconds()
	err := db.in(ctx).Raw(`UPDATE status_runs SET state = CASE state WHEN 'queued' THEN 'running' ELSE state END,
			lease_until = clock_timestamp() + ? * interval '1 second', next_at = clock_timestamp() + ? * interval '1 second'
		WHERE id = ? AND state IN ('planning', 'queued', 'running') AND next_at <= clock_timestamp() RETURNING `+columns[StatusRun](db), lease, lease, id).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("claim run %s: %w", id, err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return &list[0], nil
}

// runFor is what the person of a run sees, and why they may not change orders any more.
func (db *DB) runFor(ctx context.Context, run *StatusRun) (Scope, Actor, string, error) {
	user, err := db.User(ctx, run.UserID)
	if err != nil {
		return Scope{}, Actor{}, "", err
	}
	refusal := ""
	if !user.May(OrdersStatus) {
		refusal = user.Name + " may not change the status of orders any more."
	}
	return user.Scope(), user.Actor(run.Address), refusal, nil
}

// nextRunRow plans or does one row, and says whether there was one.
func (db *DB) nextRunRow(ctx context.Context, run *StatusRun, by Actor, refusal string) (bool, error) {
	var more bool
	var position int
	err := db.Tx(ctx, func(tx *DB) error {
		more = false
		var state StatusRunState
		if err := tx.in(ctx).Raw(`SELECT state FROM status_runs WHERE id = ? FOR SHARE`, run.ID).Scan(&state).Error; err != nil {
			return fmt.Errorf("read the run %s: %w", run.ID, err)
		}
		if state != run.State {
			return nil // it was called off
		}
		left := "state = 'waiting'"
		if run.State == RunPlanning {
			left += " AND forecast = ''"
		}
		var rows []StatusRunRow
		err := tx.in(ctx).Raw(`SELECT run_id, position, number, forecast FROM status_run_rows WHERE run_id = ? AND `+left+` ORDER BY position LIMIT 1 FOR UPDATE SKIP LOCKED`, run.ID).Scan(&rows).Error
		if err != nil || len(rows) == 0 {
			return wrapf(err, "take a row of run %s", run.ID)
		}
		more, position = true, rows[0].Position
		if run.State == RunPlanning {
			return tx.planRunRow(ctx, run, &rows[0], refusal)
		}
		return tx.doRunRow(ctx, run, &rows[0], by, refusal)
	})
	if err == nil || !more || ctx.Err() != nil {
		return more, err
	}
	db.log.ErrorContext(ctx, "an order of a run could not be changed", "run", run.ID, "row", position, "error", err)
	err = db.in(ctx).Exec(`UPDATE status_run_rows SET state = 'failed', forecast = CASE forecast WHEN '' THEN 'skip' ELSE forecast END,
			said = 'It could not be changed because of a fault on our side. Try it again.', done_at = now()
		WHERE run_id = ? AND position = ? AND state = 'waiting'`, run.ID, position).Error
	return true, wrapf(err, "note that row %d of run %s failed", position, run.ID)
}

// planRunRow writes down what would be done with an order.
func (db *DB) planRunRow(ctx context.Context, run *StatusRun, row *StatusRunRow, refusal string) error {
	if refusal != "" {
		row.Forecast, row.Code, row.Why = DoesSkip, SkipNoRight, refusal
	} else if _, err := db.lookAtRow(ctx, run, row, false); err != nil {
		return err
	}
	calls, err := json.Marshal(row.Calls)
	if err != nil {
		return fmt.Errorf("write down what row %d calls: %w", row.Position, err)
	}
	if row.Calls == nil {
		calls = []byte("[]")
	}
	err = db.in(ctx).Exec(`UPDATE status_run_rows SET forecast = ?, calls = ?, code = ?, why = ?, version = ? WHERE run_id = ? AND position = ?`,
		row.Forecast, string(calls), row.Code, row.Why, row.Version, run.ID, row.Position).Error
	return wrapf(err, "plan row %d of run %s", row.Position, run.ID)
}

// lookAtRow fills in what would be done with the order of a row as it stands. locked takes the order for the
// caller's transaction.
func (db *DB) lookAtRow(ctx context.Context, run *StatusRun, row *StatusRunRow, locked bool) (*Order, error) {
	row.Calls, row.Code, row.Why = nil, "", ""
	var order Order
	g := db.in(ctx).Scopes(scoped(ctx, "orders"))
	if locked {
		g = g.Clauses(forUpdate)
	}
	err := g.First(&order, "id = ?", row.Number).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		row.Forecast, row.Code, row.Why = DoesSkip, SkipUnknown, "There is no order of this number in your stores."
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read order %d: %w", row.Number, err)
	}
	row.Version = &order.Version
	at, err := db.statusPosition(ctx, &order)
	if err != nil {
		return nil, err
	}
	row.Forecast, row.Calls, row.Code, row.Why = at.outcome(run)
	return &order, nil
}

// outcome is what a run would do with an order.
func (at *statusPosition) outcome(run *StatusRun) (does StatusRunDoes, calls []StatusRunCall, code SkipCode, why string) {
	if run.ToStatus == at.order.Status && run.Reason == at.order.StatusReason && at.asked() == at.order.Status {
		return DoesSkip, nil, SkipSame, "It has this status already."
	}
	f := at.forecast(run.ToStatus)
	if f.Same && at.asked() != at.order.Status {
		return DoesSkip, nil, SkipSame, "It was asked for already, and waits for the payment."
	}
	if blocked := f.Blocked(); blocked != nil {
		return DoesSkip, nil, blocked.Plan.Code, blocked.Plan.Skip
	}
	for _, call := range f.Calls {
		for _, step := range call.Plan.Steps {
			calls = append(calls, StatusRunCall{call.Plan.Name, string(step.Verb), step.Amount.Minor, step.Amount.Currency})
		}
		if call.Plan.Code == SkipUnderWay {
			code, why = SkipUnderWay, call.Plan.Skip
		}
	}
	switch {
	case len(calls) > 0 || code == SkipUnderWay:
		return DoesCall, calls, code, why
	case len(f.Calls) > 0:
		return DoesStatus, nil, f.Calls[0].Plan.Code, f.Calls[0].Plan.Skip
	}
	return DoesStatus, nil, "", "No payment is linked to this status."
}

// doRunRow changes the order of a row, unless it would do otherwise than was planned and shown.
func (db *DB) doRunRow(ctx context.Context, run *StatusRun, row *StatusRunRow, by Actor, refusal string) error {
	planned := row.Forecast
	if refusal != "" {
		return db.closeRunRow(ctx, row, RowSkipped, SkipNoRight, refusal, nil)
	}
	if planned == DoesSkip {
		return db.in(ctx).Exec(`UPDATE status_run_rows SET state = 'skipped', said = why, done_at = now() WHERE run_id = ? AND position = ?`, row.RunID, row.Position).Error
	}
	order, err := db.lookAtRow(ctx, run, row, true)
	if err != nil {
		return err
	}
	if row.Forecast == DoesSkip {
		return db.closeRunRow(ctx, row, RowSkipped, row.Code, "It has changed since this was planned. "+row.Why, nil)
	}
	if row.Forecast == DoesCall && planned == DoesStatus {
		return db.closeRunRow(ctx, row, RowSkipped, row.Code, "It has changed since this was planned: its payment would be moved now. Plan it anew.", nil)
	}
	done, err := db.ChangeStatus(ctx, StatusChange{OrderID: order.ID, Status: run.ToStatus, Reason: run.Reason, Comment: run.Comment, Source: "bulk", By: by})
	var problem *Problem
	switch {
	case errors.As(err, &problem):
		return db.closeRunRow(ctx, row, RowFailed, "", problem.Sentence, nil)
	case err != nil:
		return err
	}
	var ids []int64
	for _, a := range done.Actions {
		ids = append(ids, a.ID)
	}
	return db.closeRunRow(ctx, row, RowChanged, "", "", ids)
}

func (db *DB) closeRunRow(ctx context.Context, row *StatusRunRow, state StatusRunRowState, code SkipCode, said string, actions []int64) error {
	err := db.in(ctx).Exec(`UPDATE status_run_rows SET state = ?, code = CASE WHEN ? = '' THEN code ELSE ? END, said = ?, action_ids = ?::bigint[], done_at = now() WHERE run_id = ? AND position = ?`,
		state, code, code, said, bigints(actions), row.RunID, row.Position).Error
	return wrapf(err, "record row %d of run %s", row.Position, row.RunID)
}

// endStatusRun notes that nothing of a run is left to plan, or to do.
func (db *DB) endStatusRun(ctx context.Context, run *StatusRun) error {
	next := map[StatusRunState]StatusRunState{RunPlanning: RunPlanned, RunRunning: RunDone}[run.State]
	err := db.in(ctx).Exec(`UPDATE status_runs SET state = ?, next_at = NULL, lease_until = NULL, finished_at = CASE WHEN ? = 'done' THEN now() END
		WHERE id = ? AND state = ? AND NOT EXISTS (SELECT 1 FROM status_run_rows WHERE run_id = status_runs.id AND state = 'waiting' AND (? = 'running' OR forecast = ''))`,
		next, next, run.ID, run.State, run.State).Error
	return wrapf(err, "end run %s", run.ID)
}

// keptStatusRuns is how long the page of a run stays.
const keptStatusRuns = 90 * 24 * time.Hour

// RunDueStatusRuns takes up runs whose time has come or that were left in the middle, forgets old ones, and
// reports how many it took up.
func (db *DB) RunDueStatusRuns(ctx context.Context) (int, error) {
	var ids []string
	if err := db.in(ctx).Model(&StatusRun{}).Where("next_at <= clock_timestamp()").Order("next_at").Limit(10).Pluck("id", &ids).Error; err != nil {
		return 0, fmt.Errorf("look for changes of many orders: %w", err)
	}
	for _, id := range ids {
		if err := db.RunStatusRun(ctx, id); err != nil {
			return len(ids), err
		}
	}
	err := db.in(ctx).Exec(`DELETE FROM status_runs WHERE created_at < ? AND next_at IS NULL`, now().Add(-keptStatusRuns)).Error
	return len(ids), wrapf(err, "forget old changes of many orders")
}
