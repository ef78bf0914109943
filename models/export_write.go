package models

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// progress is how far a file has come, for those who watch it being written.
type progress struct{ promised, written atomic.Int64 }

// planExport reads what an export is of, for a person with this id.
func (db *DB) planExport(ctx context.Context, e *Export, filter OrderFilter, choices *OrderChoices) (*ExportPlan, error) {
	p := &ExportPlan{Export: e, Filter: filter, Choices: choices, Affiliates: map[int64]string{}}
	rows, err := db.pool.Query(ctx, "SELECT id, fynd_affiliate_id FROM stores WHERE id = ANY ($1) AND fynd_affiliate_id IS NOT NULL", e.Stores)
	if err != nil {
		return nil, fmt.Errorf("read the affiliates of stores: %w", err)
	}
	var id int64
	var affiliate string
	if _, err := pgx.ForEachRow(rows, []any{&id, &affiliate}, func() error { p.Affiliates[id] = affiliate; return nil }); err != nil {
		return nil, fmt.Errorf("read the affiliates of stores: %w", err)
	}
	return p, nil
}

// writeExport writes the file of a plan. All of it, the count too, is one snapshot: what changes
// meanwhile is not in it, and no order is in it twice or missing. The export is told what came of it.
func (db *DB) writeExport(ctx context.Context, p *ExportPlan, to io.Writer, far *progress) error {
	if db.orderFiles == nil {
		return errors.New("nobody has said how files of orders are written")
	}
	by, err := db.exportSearch(ctx, p.Filter, p.Choices)
	if err != nil {
		return err
	}
	sql, count, args := p.Filter.exportSQL(p.Choices, by)
	e := p.Export
	summed := &summedWriter{to: to}
	if e.Format != ExportCSV { // which is its own sum
		summed.sum = sha256.New()
	}
	err = db.snapshot(ctx, func(pool *pgxpool.Pool, tx pgx.Tx) error {
		file := db.orderFiles(p, summed) // its first bytes are on their way while the orders are counted
		var promised int64
		var at time.Time
		if err := tx.QueryRow(ctx, count, planned(args)...).Scan(&promised, &at); err != nil {
			return fmt.Errorf("count the orders of an export: %w", err)
		}
		e.Promised, e.SnapshotAt = &promised, &at
		far.promised.Store(promised)
		err := db.beside(ctx, pool, tx, func(second pgx.Tx) error {
			compared := &standings{tx: second}
			return eachOrder(ctx, tx, sql, args, func(o *ExportedOrder) (err error) {
				e.Written++
				if e.Written%256 == 0 {
					far.written.Store(e.Written)
				}
				if o.Reconciled, err = compared.of(ctx, o.ID); err != nil {
					return err
				}
				return file.Add(o)
			})
		})
		if err != nil {
			return err
		}
		far.written.Store(e.Written)
		e.RowsSHA256 = file.Sum()
		problem := e.check()
		if problem != nil {
			e.Problem = problem.Error() // the file says so itself
		}
		return errors.Join(problem, file.Close(e))
	})
	e.Bytes, e.SHA256 = summed.size, e.RowsSHA256
	if summed.sum != nil {
		e.SHA256 = summed.sum.Sum(nil)
	}
	return err
}

// snapshot runs do in a transaction that sees the database, or its replica, as it is now and changes nothing. It leaves
// the other cores to the pages, and compiles no statement, for that takes longer than the first row.
func (db *DB) snapshot(ctx context.Context, do func(pool *pgxpool.Pool, tx pgx.Tx) error) error {
	var from *pgxpool.Pool
	var tx pgx.Tx
	_, err := db.readReport(ctx, func(pool *pgxpool.Pool) (err error) {
		from = pool
		tx, err = pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		return err //nolint:wrapcheck // below
	})
	if err != nil {
		return fmt.Errorf("begin a snapshot: %w", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // it only reads
	if _, err := tx.Exec(ctx, "SELECT set_config('jit', 'off', true), set_config('max_parallel_workers_per_gather', '0', true)"); err != nil {
		return fmt.Errorf("begin a snapshot: %w", err)
	}
	return do(from, tx)
}

// summedWriter counts and sums up what it passes on.
type summedWriter struct {
	to   io.Writer
	sum  hash.Hash // nil to count only
	size int64
}

func (w *summedWriter) Write(part []byte) (int, error) {
	n, err := w.to.Write(part)
	if w.sum != nil {
		_, _ = w.sum.Write(part[:n])
	}
	w.size += int64(n)
	return n, err //nolint:wrapcheck // the reader left
}

// errOver says that an export is not this maker's any more: it was removed, or another one took over.
var errOver = errors.New("the export is over")

// beat shows every second that the maker of an export lives, and how far it is. The context it gives
// ends when the export is not the maker's any more.
func (db *DB) beat(ctx context.Context, e *Export, far *progress) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	id, attempt, quiet := e.ID, e.Attempt, context.WithoutCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(exportBeat)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			tag, err := db.pool.Exec(quiet, `UPDATE exports SET promised = nullif($3, 0), written = $4, lease_until = now() + $5::interval
				WHERE id = $1 AND attempt = $2 AND state = 'running'`, id, attempt, far.promised.Load(), far.written.Load(), db.timings.Lease)
			if err == nil && tag.RowsAffected() == 0 {
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

// settleExport records what became of an attempt, unless it is not the export's own any more: then ErrNotFound.
func (db *DB) settleExport(ctx context.Context, e *Export, by Actor) error {
	err := db.Tx(ctx, func(tx *DB) error {
		var touched int64
		err := tx.raw(func(conn *pgx.Conn) error {
			tag, err := conn.Exec(ctx, `UPDATE exports SET state = $3, promised = $4, written = $5, bytes = $6, pieces = $7, sha256 = $8, rows_sha256 = $9,
				problem = $10, snapshot_at = $11, finished_at = now(), expires_at = CASE WHEN $3 = 'done' AND NOT streamed THEN now() + $12::interval END,
				lease_until = NULL, next_at = NULL WHERE id = $1 AND attempt = $2 AND state = 'running'`,
				e.ID, e.Attempt, string(e.State), e.Promised, e.Written, e.Bytes, e.Pieces, e.SHA256, e.RowsSHA256, e.Problem, e.SnapshotAt, ExportLifetime)
			touched = tag.RowsAffected()
			if err == nil && e.State != ExportDone {
				_, err = conn.Exec(ctx, "DELETE FROM export_pieces WHERE export_id = $1", e.ID)
			}
			return err //nolint:wrapcheck // below
		})
		if err != nil {
			return err
		}
		if touched == 0 {
			return ErrNotFound
		}
		told := e.told()
		told["written"], told["promised"] = e.Written, e.Promised
		action := "export.failed"
		if e.State == ExportDone {
			action = "export.finished"
			told["sha256"] = fmt.Sprintf("%x", e.SHA256)
		}
		return tx.audit(ctx, e.chain(), by, action, e.object(), nil, told)
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("settle export %s: %w", e.ID, err)
	}
	return err
}

// fail says why there is no file: in the person's words where there are any.
func (e *Export) fail(err error, otherwise string) {
	e.State, e.SHA256, e.RowsSHA256, e.Bytes, e.Pieces = ExportFailed, nil, nil, 0, 0
	var problem *Problem
	if e.Problem = otherwise; errors.As(err, &problem) {
		e.Problem = problem.Sentence
	}
}

// covered says whether a scope holds every store of the export.
func (e *Export) covered(s Scope) bool {
	return s.All || !slices.ContainsFunc(e.Stores, func(id int64) bool { return !s.Sees(id) })
}
