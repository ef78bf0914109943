package models

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// maxReconciliationTries is how often a file is taken up whose maker was killed.
const maxReconciliationTries = 6

// RunReconciliation compares a file that waits, or whose maker has shown no life for a while (Timings.Lease).
// Rows that were stored by a maker that was killed stay, and the next one goes on behind them.
func (db *DB) RunReconciliation(ctx context.Context, id int64) error {
	r, err := db.claimReconciliation(ctx, id)
	if err != nil || r == nil {
		return err
	}
	settling := context.WithoutCancel(ctx)
	err = db.reconcile(ctx, r)
	var problem *Problem
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errOver):
		return nil // removed, or somebody else's by now
	case errors.As(err, &problem):
		return db.failReconciliation(settling, r, problem.Sentence)
	case r.Attempt >= maxReconciliationTries:
		db.log.ErrorContext(ctx, "a reconciliation failed", "reconciliation", id, "error", err)
		return db.failReconciliation(settling, r, fmt.Sprintf("The file could not be compared in %d attempts.", r.Attempt))
	}
	db.log.WarnContext(ctx, "a reconciliation is taken up again", "reconciliation", id, "attempt", r.Attempt, "error", err)
	return db.requeueReconciliation(settling, r)
}

// claimReconciliation makes this process the maker of a reconciliation. It is nil when it is not to be had.
func (db *DB) claimReconciliation(ctx context.Context, id int64) (*Reconciliation, error) {
	tag, err := db.pool.Exec(ctx, `UPDATE reconciliations SET state = 'running', stage = 'Reading the file', attempt = attempt + 1, lease_until = now() + $2::interval, next_at = NULL
		WHERE id = $1 AND (state = 'queued' OR (state = 'running' AND lease_until < now()))`, id, db.timings.Lease)
	if err != nil {
		return nil, fmt.Errorf("claim reconciliation %d: %w", id, err)
	}
	if tag.RowsAffected() == 0 {
		return nil, nil
	}
	return db.Reconciliation(ctx, id)
}

// fenced changes a reconciliation that is still this maker's; errOver when it is not.
func fenced(ctx context.Context, conn interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}, r *Reconciliation, set string, args ...any,
) error {
	args = append([]any{r.ID, r.Attempt}, args...)
	tag, err := conn.Exec(ctx, "UPDATE reconciliations SET "+set+" WHERE id = $1 AND attempt = $2 AND state = 'running'", args...)
	if err != nil {
		return fmt.Errorf("note how far reconciliation %d is: %w", r.ID, err)
	}
	if tag.RowsAffected() == 0 {
		return errOver
	}
	return nil
}

// reconcile reads the file, stores its rows and compares them.
func (db *DB) reconcile(ctx context.Context, r *Reconciliation) error {
	ctx, stop := db.beatReconciliation(ctx, r)
	defer stop()
	seen := newFileSeen()
	err := db.fetchReconciliation(ctx, r)
	if err == nil {
		err = db.stageReconciliation(ctx, r, seen)
	}
	if err == nil {
		err = db.matchReconciliation(ctx, r, seen)
	}
	if cause := context.Cause(ctx); errors.Is(cause, errOver) {
		return errOver
	}
	return err
}

// beatReconciliation shows every second that its maker lives. The context it gives ends when it is not the
// maker's any more.
func (db *DB) beatReconciliation(ctx context.Context, r *Reconciliation) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	quiet := context.WithoutCancel(ctx)
	var once atomic.Bool
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(reconciliationBeat)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			short, done := context.WithTimeout(quiet, reconciliationBeat)
			tag, err := db.pool.Exec(short, `UPDATE reconciliations SET lease_until = now() + $3::interval
				WHERE id = (SELECT id FROM reconciliations WHERE id = $1 AND attempt = $2 AND state = 'running' FOR UPDATE SKIP LOCKED)`, r.ID, r.Attempt, db.timings.Lease)
			done()
			if err == nil && tag.RowsAffected() == 0 && db.lostReconciliation(quiet, r) && once.CompareAndSwap(false, true) {
				cancel(errOver)
				return
			}
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-stopped
	}
}

// lostReconciliation says whether it is somebody else's by now.
func (db *DB) lostReconciliation(ctx context.Context, r *Reconciliation) bool {
	var mine bool
	err := db.pool.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM reconciliations WHERE id = $1 AND attempt = $2 AND state = 'running')", r.ID, r.Attempt).Scan(&mine)
	return err == nil && !mine
}

// requeueReconciliation leaves it to another attempt, soon.
func (db *DB) requeueReconciliation(ctx context.Context, r *Reconciliation) error {
	return db.Tx(ctx, func(tx *DB) error {
		var touched int64
		err := tx.raw(func(conn *pgx.Conn) error {
			tag, err := conn.Exec(ctx, "UPDATE reconciliations SET state = 'queued', next_at = now() + interval '5 seconds', lease_until = NULL WHERE id = $1 AND attempt = $2 AND state = 'running'", r.ID, r.Attempt)
			touched = tag.RowsAffected()
			return err //nolint:wrapcheck // below
		})
		if err != nil {
			return fmt.Errorf("queue reconciliation %d again: %w", r.ID, err)
		}
		if touched == 0 {
			return nil
		}
		return tx.enqueue(ctx, ReconciliationJob{ReconciliationID: r.ID})
	})
}

// failReconciliation says why nothing was compared, and takes back the rows that were stored.
func (db *DB) failReconciliation(ctx context.Context, r *Reconciliation, sentence string) error {
	return db.Tx(ctx, func(tx *DB) error {
		over := false
		err := tx.raw(func(conn *pgx.Conn) error {
			tag, err := conn.Exec(ctx, `UPDATE reconciliations SET state = 'failed', problem = $3, problem_row = $4, finished_at = now(), lease_until = NULL, next_at = NULL, read_rows = 0
				WHERE id = $1 AND attempt = $2 AND state = 'running'`, r.ID, r.Attempt, sentence, r.ProblemRow)
			if over = tag.RowsAffected() == 0; err != nil || over {
				return err //nolint:wrapcheck // below
			}
			_, err = conn.Exec(ctx, "DELETE FROM reconciliation_rows WHERE reconciliation_id = $1", r.ID)
			return err //nolint:wrapcheck // below
		})
		if err != nil {
			return fmt.Errorf("note why reconciliation %d failed: %w", r.ID, err)
		}
		if over {
			return nil
		}
		return tx.audit(ctx, r.StoreID, JobActor, "reconciliation.failed", r.object(), nil, map[string]any{"problem": sentence})
	})
}

// SweepReconciliations finds those whose job or maker was lost, and closes differences that have gone. It
// reports how many it touched. Several processes may run it at once.
func (db *DB) SweepReconciliations(ctx context.Context) (int, error) {
	touched := 0
	err := db.Tx(ctx, func(tx *DB) error {
		var lost []int64
		err := tx.raw(func(conn *pgx.Conn) error {
			rows, err := conn.Query(ctx, `UPDATE reconciliations SET next_at = now() + interval '1 minute' WHERE id IN (
				SELECT id FROM reconciliations WHERE (state = 'queued' AND next_at < now()) OR (state = 'running' AND lease_until < now() AND (next_at IS NULL OR next_at < now()))
				FOR UPDATE SKIP LOCKED) RETURNING id`)
			if err != nil {
				return err //nolint:wrapcheck // below
			}
			if lost, err = pgx.CollectRows(rows, pgx.RowTo[int64]); err != nil {
				return err //nolint:wrapcheck // below
			}
			tag, err := conn.Exec(ctx, closeGone)
			touched = len(lost) + int(tag.RowsAffected())
			return err //nolint:wrapcheck // below
		})
		if err != nil {
			return err
		}
		for _, id := range lost {
			if err := tx.enqueue(ctx, ReconciliationJob{ReconciliationID: id}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("sweep reconciliations: %w", err)
	}
	return touched, nil
}

// closeGone closes differences whose order has come to agree: paid by now, or returned by now.
const closeGone = `UPDATE reconciliation_rows r SET state = 'resolved', action = 'settled', resolved_by = 'kartify', resolved_at = now(), comment = g.comment
	FROM (
		SELECT d.reconciliation_id, d.row, 'The order is ' || replace(o.status, '_', ' ') || ' now.' AS comment
		FROM reconciliation_rows d JOIN orders o ON o.id = d.order_id AND o.store_id = d.store_id
		WHERE d.state = 'open' AND d.class IN ('paid_missing', 'paid_failed') AND o.status IN ('processing', 'processed', 'shipped', 'complete', 'refunded', 'partially_refunded')
		UNION ALL
		SELECT d.reconciliation_id, d.row, 'As much has been returned here now.'
		FROM reconciliation_rows d JOIN LATERAL (SELECT sum(p.refunded_minor) AS refunded FROM payments p WHERE p.order_id = d.order_id) p ON true
		WHERE d.state = 'open' AND d.class = 'refunded_there' AND d.there_refunded_minor > 0 AND p.refunded >= d.there_refunded_minor
		UNION ALL
		SELECT d.reconciliation_id, d.row, 'This payment has been returned.'
		FROM reconciliation_rows d JOIN payments p ON p.id = d.payment_id
		WHERE d.state = 'open' AND d.class = 'duplicate' AND p.captured_minor > 0 AND p.refunded_minor = p.captured_minor
	) g WHERE r.reconciliation_id = g.reconciliation_id AND r.row = g.row AND r.state = 'open'`
