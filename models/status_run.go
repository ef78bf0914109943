package models

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

// StatusRun is one change of status for many orders: planned first, so that everybody sees what it would call,
// then started, and done row by row after a delay in which it can be called off.
type StatusRun struct {
	ID         string
	UserID     int64
	UserName   string
	Address    string
	ToStatus   string
	Reason     string // of missing orders
	Comment    string
	Query      string // of the list, when all of it was chosen
	State      StatusRunState
	Problem    string
	StartsAt   *time.Time
	LeaseUntil *time.Time
	NextAt     *time.Time
	CreatedAt  time.Time
	QueuedAt   *time.Time
	FinishedAt *time.Time
}

// StatusRunState is where a run stands.
type StatusRunState string

// The states. A run that is queued can be cancelled without anything having been called.
const (
	RunPlanning  StatusRunState = "planning"
	RunPlanned   StatusRunState = "planned"
	RunQueued    StatusRunState = "queued"
	RunRunning   StatusRunState = "running"
	RunDone      StatusRunState = "done"
	RunCancelled StatusRunState = "cancelled"
)

// Live says whether the run goes on by itself.
func (r *StatusRun) Live() bool {
	return r.State == RunPlanning || r.State == RunQueued || r.State == RunRunning
}

// MaxStatusRun is how many orders can be changed at once.
const MaxStatusRun = 5000

// StatusRunJob asks for what is still to be done of a run.
type StatusRunJob struct {
	RunID string `json:"run_id"`
}

// Kind names the job.
func (StatusRunJob) Kind() string { return "change_statuses" }

// StatusRunRequest is what somebody chose on the list of orders.
type StatusRunRequest struct {
	Orders  []int64    // the numbers, when All is not set
	All     bool       // every order that Query matches
	Query   url.Values // of the list
	Status  string     // of HandStatuses
	Reason  string     // of MissingReasons; for missing only
	Comment string
	User    *User
	Address string
}

// PlanStatusRun stores a change of status for many orders, to be planned. Nothing is changed or called until it is
// started.
func (db *DB) PlanStatusRun(ctx context.Context, req StatusRunRequest) (string, error) {
	if req.Status != StatusMissing {
		req.Reason = ""
	}
	switch {
	case !slices.Contains(HandStatuses, req.Status):
		return "", FieldProblem("status", "Choose the status the orders are to get.")
	case req.Status == StatusMissing && !slices.ContainsFunc(MissingReasons, func(r Choice) bool { return r.Value == req.Reason }):
		return "", FieldProblem("missing_reason", "Say why the orders are missing: debited, unknown or abandoned.")
	case utf8.RuneCountInString(req.Comment) > 1000:
		return "", FieldProblem("comment", "Keep the comment under 1000 characters.")
	}
	numbers, query, err := db.chosen(ctx, req)
	if err != nil {
		return "", err
	}
	id := rand.Text()
	err = db.Tx(ctx, func(tx *DB) error {
		now, err := tx.now(ctx)
		if err != nil {
			return err
		}
		run := &StatusRun{
			ID: id, UserID: req.User.ID, UserName: req.User.Name, Address: req.Address, ToStatus: req.Status, Reason: req.Reason, Comment: req.Comment,
			Query: query, State: RunPlanning, NextAt: &now, CreatedAt: now,
		}
		if err := tx.in(ctx).Create(run).Error; err != nil {
			return fmt.Errorf("store the run: %w", err)
		}
		err = tx.raw(func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, `INSERT INTO status_run_rows (run_id, position, number) SELECT $1, n, id FROM unnest($2::bigint[]) WITH ORDINALITY AS i (id, n)`, id, numbers)
			return err //nolint:wrapcheck // wrapped below
		})
		if err != nil {
			return fmt.Errorf("store the orders: %w", err)
		}
		return tx.enqueue(ctx, StatusRunJob{RunID: id})
	})
	return id, wrapf(err, "plan a change of %d orders", len(numbers))
}

// chosen are the numbers of the orders that were chosen, each once.
func (db *DB) chosen(ctx context.Context, req StatusRunRequest) ([]int64, string, error) {
	if !req.All {
		var numbers []int64
		for _, n := range req.Orders {
			if !slices.Contains(numbers, n) {
				numbers = append(numbers, n)
			}
		}
		switch {
		case len(numbers) == 0:
			return nil, "", FieldProblem("order", "Choose at least one order.")
		case len(numbers) > MaxStatusRun:
			return nil, "", FieldProblem("order", "At most %d orders can be changed at once.", MaxStatusRun)
		}
		return numbers, "", nil
	}
	choices, err := db.OrderChoices(ctx, req.User.ID)
	if err != nil {
		return nil, "", err
	}
	asked := url.Values{}
	for name, values := range req.Query {
		if !slices.Contains([]string{"cols", "limit", "after", "before", "count", "sort"}, name) {
			asked[name] = values
		}
	}
	f, notices := ReadOrderFilter(asked, choices)
	if len(notices) > 0 {
		return nil, "", FieldProblem("order", "Nothing was chosen, because the filter is not clear. %s", notices[0].Sentence)
	}
	f.Limit = MaxOrderLimit
	var numbers []int64
	for {
		page, err := db.Orders(ctx, f, choices)
		if err != nil {
			return nil, "", err
		}
		for _, row := range page.Rows {
			numbers = append(numbers, row.ID)
		}
		switch {
		case len(numbers) > MaxStatusRun:
			return nil, "", FieldProblem("order", "More than %d orders match, and at most so many can be changed at once. Narrow the filter, by a day for example.", MaxStatusRun)
		case page.Next == "" && len(numbers) == 0:
			return nil, "", FieldProblem("order", "No order matches the filter any more.")
		case page.Next == "":
			return numbers, strings.TrimPrefix(f.Matching().Query().Encode(), "?"), nil
		}
		f.After = page.Next
	}
}

// StartStatusRun has a planned run begin after the delay.
func (db *DB) StartStatusRun(ctx context.Context, id string, user *User, address string) error {
	err := db.Tx(ctx, func(tx *DB) error {
		run, err := tx.lockStatusRun(ctx, id, user)
		if err != nil {
			return err
		}
		if run.State == RunQueued || run.State == RunRunning || run.State == RunDone {
			return nil // pressed twice
		}
		if run.State != RunPlanned {
			return conflictf("This change is %s; it cannot be started.", run.State)
		}
		now, err := tx.now(ctx)
		if err != nil {
			return err
		}
		starts := now.Add(tx.timings.StatusDelay)
		err = tx.in(ctx).Model(&StatusRun{}).Where("id = ?", id).Updates(map[string]any{"state": RunQueued, "queued_at": now, "starts_at": starts, "next_at": starts}).Error
		if err != nil {
			return fmt.Errorf("queue the run: %w", err)
		}
		return tx.audit(ctx, 0, user.Actor(address), "order.status.bulk.started", "run "+id, nil, map[string]any{"to": run.ToStatus})
	})
	return wrapf(err, "start the run %s", id)
}

// CancelStatusRun calls a run off. Before it began nothing is called at all; later, the rows that are left stay as
// they are.
func (db *DB) CancelStatusRun(ctx context.Context, id string, user *User, address string) error {
	err := db.Tx(ctx, func(tx *DB) error {
		run, err := tx.lockStatusRun(ctx, id, user)
		if err != nil || run.State == RunCancelled {
			return err
		}
		if run.State == RunDone {
			return conflictf("Too late: every order of this change has been done.")
		}
		err = tx.in(ctx).Model(&StatusRun{}).Where("id = ?", id).
			Updates(map[string]any{"state": RunCancelled, "next_at": nil, "lease_until": nil, "finished_at": gorm.Expr("now()")}).Error
		if err != nil {
			return fmt.Errorf("cancel the run: %w", err)
		}
		return tx.audit(ctx, 0, user.Actor(address), "order.status.bulk.cancelled", "run "+id, nil, map[string]any{"was": run.State})
	})
	return wrapf(err, "cancel the run %s", id)
}

// RetryStatusRun does what failed of a finished run once more: orders that could not be changed, and payments
// whose providers did not do their part.
func (db *DB) RetryStatusRun(ctx context.Context, id string, user *User, address string) error {
	err := db.Tx(ctx, func(tx *DB) error {
		run, err := tx.lockStatusRun(ctx, id, user)
		if err != nil {
			return err
		}
		if run.State != RunDone {
			return conflictf("This change is %s; what failed can be tried again once it is done.", run.State)
		}
		var failed []StatusAction
		err = tx.in(ctx).Where("state = ? AND id IN (SELECT unnest(action_ids) FROM status_run_rows WHERE run_id = ?)", ActionFailed, id).Order("order_id, id").Find(&failed).Error
		if err != nil {
			return fmt.Errorf("read what failed: %w", err)
		}
		for _, was := range failed {
			_, a, err := tx.lockStatusAction(ctx, was.ID)
			if errors.Is(err, ErrNotFound) || err == nil && a.State != ActionFailed {
				continue
			}
			if err != nil {
				return err
			}
			if err := tx.anew(ctx, a); err != nil {
				return err
			}
		}
		rows := tx.in(ctx).Exec(`UPDATE status_run_rows SET state = 'waiting', said = '', done_at = NULL WHERE run_id = ? AND state = 'failed'`, id)
		if rows.Error != nil {
			return fmt.Errorf("take up the rows that failed: %w", rows.Error)
		}
		if rows.RowsAffected == 0 && len(failed) == 0 {
			return conflictf("Nothing of this change has failed.")
		}
		if rows.RowsAffected > 0 {
			err := tx.in(ctx).Model(&StatusRun{}).Where("id = ?", id).Updates(map[string]any{"state": RunRunning, "next_at": gorm.Expr("clock_timestamp()"), "finished_at": nil}).Error
			if err != nil {
				return fmt.Errorf("take up the run: %w", err)
			}
			if err := tx.enqueue(ctx, StatusRunJob{RunID: id}); err != nil {
				return err
			}
		}
		return tx.audit(ctx, 0, user.Actor(address), "order.status.bulk.retried", "run "+id, nil, map[string]any{"rows": rows.RowsAffected, "actions": len(failed)})
	})
	return wrapf(err, "retry the run %s", id)
}

// lockStatusRun takes a run of the person's.
func (db *DB) lockStatusRun(ctx context.Context, id string, user *User) (*StatusRun, error) {
	var list []StatusRun
	err := db.in(ctx).Raw(`SELECT `+columns[StatusRun](db)+` FROM status_runs WHERE id = ? AND user_id = ? FOR UPDATE`, id, user.ID).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("lock the run %s: %w", id, err)
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return &list[0], nil
}
