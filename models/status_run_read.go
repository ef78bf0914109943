package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/money"
)

var forUpdate = clause.Locking{Strength: "UPDATE"}

// StatusRunPage is a run as its page shows it.
type StatusRunPage struct {
	StatusRun

	Rows    []StatusRunLine
	Next    int // the position after which the next page begins; 0 on the last one
	Counts  StatusRunCounts
	Totals  []StatusRunTotal
	Now     time.Time // the database's clock
	Failing bool      // something of it failed and can be tried again
}

// StatusRunLine is a row with its order and what came of it.
type StatusRunLine struct {
	Position int
	Number   int64
	Customer string
	Status   string // of the order now; "" when there is no such order
	Total    money.Amount
	Forecast StatusRunDoes
	Calls    []StatusRunCall
	Code     SkipCode
	Why      string
	Result   StatusRunResult
	Said     string
}

// StatusRunResult is how a row stands.
type StatusRunResult string

// The results. A row is under way until the providers have done their part.
const (
	ResultWaiting  StatusRunResult = "waiting"
	ResultUnderWay StatusRunResult = "under_way"
	ResultDone     StatusRunResult = "done"
	ResultSkipped  StatusRunResult = "skipped"
	ResultFailed   StatusRunResult = "failed"
)

// StatusRunCounts are how many rows there are of each kind.
type StatusRunCounts struct {
	Rows, Planned           int
	Call, StatusOnly, Skip  int
	Waiting, UnderWay, Done int
	Skipped, Failed         int
}

// StatusRunTotal is what the calls of a run come to at one gateway.
type StatusRunTotal struct {
	Gateway string
	Verb    string
	Orders  int
	Amount  money.Amount
}

// StatusRunRows is how many rows a page of a run has.
const StatusRunRows = 100

// resultOf is how a row stands, from its own state and those of its actions.
const resultOf = `CASE WHEN r.state = 'waiting' THEN 'waiting' WHEN r.state = 'skipped' THEN 'skipped' WHEN r.state = 'failed' THEN 'failed'
	WHEN EXISTS (SELECT 1 FROM status_actions a WHERE a.id = ANY (r.action_ids) AND a.state = 'failed') THEN 'failed'
	WHEN EXISTS (SELECT 1 FROM status_actions a WHERE a.id = ANY (r.action_ids) AND a.state IN ('waiting', 'sent')) THEN 'under_way' ELSE 'done' END`

// StatusRun reads a run of the person's with its results as they stand now: the rows after a position, of one kind
// of forecast or result when show names one.
func (db *DB) StatusRun(ctx context.Context, id string, user *User, show string, after int) (*StatusRunPage, error) {
	page := &StatusRunPage{}
	err := db.in(ctx).Raw(`SELECT `+columns[StatusRun](db)+` FROM status_runs WHERE id = ? AND user_id = ?`, id, user.ID).Scan(&page.StatusRun).Error
	if err != nil {
		return nil, fmt.Errorf("read the run %s: %w", id, err)
	}
	if page.ID == "" {
		return nil, ErrNotFound
	}
	if page.Now, err = db.now(ctx); err != nil {
		return nil, err
	}
	if err := db.countRun(ctx, page); err != nil {
		return nil, err
	}
	if err := db.totalRun(ctx, page); err != nil {
		return nil, err
	}
	rows, err := db.pool.Query(ctx, `SELECT * FROM (SELECT r.position, r.number, coalesce(o.customer_name, ''), coalesce(o.status, ''), coalesce(o.total_minor, 0), coalesce(o.currency, ''),
			r.forecast, r.calls::text, r.code, r.why, `+resultOf+` AS result,
			coalesce(nullif(r.said, ''), (SELECT string_agg(a.problem, ' ') FROM status_actions a WHERE a.id = ANY (r.action_ids) AND a.problem <> ''), '') AS said
		FROM status_run_rows r LEFT JOIN orders o ON o.id = r.number WHERE r.run_id = $1 AND r.position > $2) l
		WHERE $3 = '' OR forecast = $3 OR result = $3 ORDER BY position LIMIT $4`, id, after, show, StatusRunRows+1)
	if err != nil {
		return nil, fmt.Errorf("read the run %s: %w", id, err)
	}
	page.Rows, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (StatusRunLine, error) {
		var l StatusRunLine
		var calls string
		err := row.Scan(&l.Position, &l.Number, &l.Customer, &l.Status, &l.Total.Minor, &l.Total.Currency, &l.Forecast, &calls, &l.Code, &l.Why, &l.Result, &l.Said)
		return l, errors.Join(err, json.Unmarshal([]byte(calls), &l.Calls))
	})
	if err != nil {
		return nil, fmt.Errorf("read the run %s: %w", id, err)
	}
	if len(page.Rows) > StatusRunRows {
		page.Rows = page.Rows[:StatusRunRows]
		page.Next = page.Rows[StatusRunRows-1].Position
	}
	return page, nil
}

// StatusRunState is where a run of the person's stands.
func (db *DB) StatusRunState(ctx context.Context, id string, user *User) (StatusRunState, error) {
	var states []StatusRunState
	err := db.in(ctx).Model(&StatusRun{}).Where("id = ? AND user_id = ?", id, user.ID).Pluck("state", &states).Error
	if err == nil && len(states) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("read the run %s: %w", id, err)
	}
	return states[0], nil
}

func (db *DB) countRun(ctx context.Context, page *StatusRunPage) error {
	c := &page.Counts
	err := db.pool.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE forecast <> ''), count(*) FILTER (WHERE forecast = 'call'), count(*) FILTER (WHERE forecast = 'status'),
			count(*) FILTER (WHERE forecast = 'skip'), count(*) FILTER (WHERE result = 'waiting'), count(*) FILTER (WHERE result = 'under_way'), count(*) FILTER (WHERE result = 'done'),
			count(*) FILTER (WHERE result = 'skipped'), count(*) FILTER (WHERE result = 'failed')
		FROM (SELECT forecast, `+resultOf+` AS result FROM status_run_rows r WHERE r.run_id = $1) l`, page.ID).
		Scan(&c.Rows, &c.Planned, &c.Call, &c.StatusOnly, &c.Skip, &c.Waiting, &c.UnderWay, &c.Done, &c.Skipped, &c.Failed)
	page.Failing = c.Failed > 0
	return wrapf(err, "count the run %s", page.ID)
}

// totalRun adds up what the calls of a run come to.
func (db *DB) totalRun(ctx context.Context, page *StatusRunPage) error {
	rows, err := db.pool.Query(ctx, `SELECT c.gateway, c.verb, count(DISTINCT r.position), sum(c.minor)::bigint, c.currency
		FROM status_run_rows r CROSS JOIN LATERAL jsonb_to_recordset(r.calls) AS c (gateway text, verb text, minor bigint, currency text)
		WHERE r.run_id = $1 AND r.forecast = 'call' GROUP BY c.gateway, c.verb, c.currency ORDER BY c.currency, c.gateway, c.verb`, page.ID)
	if err != nil {
		return fmt.Errorf("add up the run %s: %w", page.ID, err)
	}
	page.Totals, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (StatusRunTotal, error) {
		var t StatusRunTotal
		err := row.Scan(&t.Gateway, &t.Verb, &t.Orders, &t.Amount.Minor, &t.Amount.Currency)
		return t, err //nolint:wrapcheck // wrapped below
	})
	return wrapf(err, "add up the run %s", page.ID)
}

// StatusRuns are the latest runs of a person, the newest first.
func (db *DB) StatusRuns(ctx context.Context, user *User) ([]StatusRun, error) {
	var list []StatusRun
	err := db.in(ctx).Where("user_id = ?", user.ID).Order("created_at DESC").Limit(20).Find(&list).Error
	return slices.Clip(list), wrapf(err, "list changes of many orders")
}
