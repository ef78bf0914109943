package models

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// ConfirmationRun is one press of Execute, which can be looked at as long as it is kept.
type ConfirmationRun struct {
	ID        string
	UserID    *int64
	Name      string // who pressed it
	CreatedAt time.Time
	Items     []Confirmation // in the order of the ids
}

// Open says whether something of the run is still to be awaited.
func (r *ConfirmationRun) Open() bool {
	return slices.ContainsFunc(r.Items, func(c Confirmation) bool { return c.State == ConfirmWaiting || c.State == ConfirmRetrying })
}

// Count is how many of the run's ids stand like this.
func (r *ConfirmationRun) Count(state ConfirmationState) int {
	n := 0
	for _, c := range r.Items {
		if c.State == state {
			n++
		}
	}
	return n
}

// ConfirmRunJob asks for what is still to be done of a run.
type ConfirmRunJob struct {
	RunID string `json:"run_id"`
}

// Kind names the job.
func (ConfirmRunJob) Kind() string { return "confirm_payments" }

// confirmLease is how long one id may take before another worker takes it up.
const confirmLease = 2 * time.Minute

// keptConfirmations is how long the page of a run stays.
const keptConfirmations = 90 * 24 * time.Hour

// StartConfirmations stores that By wants the payments of these GoFynd order ids confirmed, and queues it.
func (db *DB) StartConfirmations(ctx context.Context, ids []string, by Actor) (string, error) {
	scope, id := ScopeOf(ctx), rand.Text()
	err := db.Tx(ctx, func(tx *DB) error {
		err := tx.in(ctx).Exec(`INSERT INTO confirmation_runs (id, user_id, actor, actor_name, address, all_stores, stores) VALUES (?, ?, ?, ?, ?, ?, ?::bigint[])`,
			id, by.UserID, by.Kind, by.Name, by.Address, scope.All, bigints(scope.Stores)).Error
		if err != nil {
			return fmt.Errorf("store the run: %w", err)
		}
		err = tx.raw(func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, `INSERT INTO confirmation_items (run_id, position, partner_order_id, next_at)
				SELECT $1, n, id, clock_timestamp() FROM unnest($2::text[]) WITH ORDINALITY AS i (id, n)`, id, ids)
			return err //nolint:wrapcheck // wrapped below
		})
		if err != nil {
			return fmt.Errorf("store the ids: %w", err)
		}
		if err := tx.enqueue(ctx, ConfirmRunJob{RunID: id}); err != nil {
			return err
		}
		return tx.audit(ctx, 0, by, "confirm_payment.executed", "run "+id, nil, map[string]any{"ids": len(ids)})
	})
	if err != nil {
		return "", fmt.Errorf("start confirming payments: %w", err)
	}
	return id, nil
}

// bigints is a list as PostgreSQL writes it.
func bigints(list []int64) string { return "{" + Scope{Stores: list}.setting() + "}" }

// RunConfirmations works on the ids of a run that nobody works on, until enough have been done or ctx is over.
// Each keeps to the stores that the person saw who pressed Execute.
func (db *DB) RunConfirmations(ctx context.Context, run string) error {
	by := Actor{}
	var scope Scope
	err := db.pool.QueryRow(ctx, `SELECT actor, user_id, actor_name, address, all_stores, stores FROM confirmation_runs WHERE id = $1`, run).
		Scan(&by.Kind, &by.UserID, &by.Name, &by.Address, &scope.All, &scope.Stores)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("read the run %s: %w", run, err)
	}
	workers := make([]int64, parallelConfirmations)
	return each(workers, parallelConfirmations, func(int64) error {
		for ctx.Err() == nil {
			more, err := db.nextConfirmation(ctx, run, scope, by)
			if err != nil || !more {
				return err
			}
		}
		return nil
	})
}

// nextConfirmation takes one id of a run and does it.
func (db *DB) nextConfirmation(ctx context.Context, run string, scope Scope, by Actor) (bool, error) {
	var position int
	var id string
	err := db.pool.QueryRow(ctx, `UPDATE confirmation_items SET next_at = clock_timestamp() + $2 WHERE (run_id, position) = (
			SELECT run_id, position FROM confirmation_items WHERE run_id = $1 AND next_at <= clock_timestamp() ORDER BY position LIMIT 1 FOR UPDATE SKIP LOCKED)
		RETURNING position, partner_order_id`, run, confirmLease).Scan(&position, &id)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("take an id of run %s: %w", run, err)
	}
	working := WithScope(context.WithoutCancel(ctx), scope)
	c, err := db.confirmOne(working, id, by)
	if err != nil {
		return false, err // it is due again after the lease
	}
	_, err = db.pool.Exec(working, `UPDATE confirmation_items SET state = $3, said = $4, update_id = $5, next_at = NULL WHERE run_id = $1 AND position = $2`,
		run, position, c.State, c.Said, c.UpdateID)
	if err != nil {
		return false, fmt.Errorf("record id %d of run %s: %w", position, run, err)
	}
	return true, nil
}

// RunDueConfirmations takes up runs that were left in the middle, forgets old ones, and reports how many it took up.
func (db *DB) RunDueConfirmations(ctx context.Context) (int, error) {
	var runs []string
	err := db.in(ctx).Raw(`SELECT run_id FROM confirmation_items WHERE next_at <= clock_timestamp() GROUP BY run_id ORDER BY min(next_at) LIMIT 10`).Scan(&runs).Error
	if err != nil {
		return 0, fmt.Errorf("look for confirmations: %w", err)
	}
	for _, run := range runs {
		if err := db.RunConfirmations(ctx, run); err != nil {
			return len(runs), err
		}
	}
	err = db.in(ctx).Exec(`DELETE FROM confirmation_runs WHERE created_at < ? AND NOT EXISTS (
		SELECT 1 FROM confirmation_items WHERE run_id = id AND next_at IS NOT NULL)`, now().Add(-keptConfirmations)).Error
	if err != nil {
		return len(runs), fmt.Errorf("forget old confirmations: %w", err)
	}
	return len(runs), nil
}

// ConfirmationRun reads a run with its results as they stand now. A person sees their own runs.
func (db *DB) ConfirmationRun(ctx context.Context, id string, user *User) (*ConfirmationRun, error) {
	r := ConfirmationRun{}
	err := db.pool.QueryRow(ctx, `SELECT id, user_id, actor_name, created_at FROM confirmation_runs WHERE id = $1 AND user_id = $2`, id, user.ID).
		Scan(&r.ID, &r.UserID, &r.Name, &r.CreatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read the run %s: %w", id, err)
	}
	scope := ScopeOf(ctx)
	rows, err := db.pool.Query(ctx, `SELECT i.partner_order_id, i.state, i.said, i.update_id, coalesce(o.id, 0),
			coalesce(u.state, ''), coalesce(u.problem, ''), coalesce(u.tries, 0), coalesce(u.amount_minor, 0), coalesce(u.currency, '')
		FROM confirmation_items i LEFT JOIN partner_updates u ON u.id = i.update_id
		LEFT JOIN LATERAL (SELECT o.id FROM orders o JOIN stores s ON s.id = o.store_id AND s.fynd WHERE o.partner_order_id = i.partner_order_id
			AND ($2 OR o.store_id = ANY ($3)) LIMIT 1) o ON true
		WHERE i.run_id = $1 ORDER BY i.position`, id, scope.All, slices.Concat([]int64{0}, scope.Stores))
	if err != nil {
		return nil, fmt.Errorf("read the run %s: %w", id, err)
	}
	defer rows.Close()
	for rows.Next() {
		var c Confirmation
		var u PartnerUpdate
		if err := rows.Scan(&c.PartnerOrderID, &c.State, &c.Said, &c.UpdateID, &c.OrderID, &u.State, &u.Problem, &u.Tries, &u.AmountMinor, &u.Currency); err != nil {
			return nil, fmt.Errorf("read the run %s: %w", id, err)
		}
		if c.State == ConfirmRetrying && u.State != "" { // how it stands by now
			c.State, c.Said = u.confirmation()
		}
		r.Items = append(r.Items, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the run %s: %w", id, err)
	}
	return &r, nil
}
