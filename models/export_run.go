package models

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
)

// ExportJob asks for the file of an export.
type ExportJob struct {
	ExportID string `json:"export_id"`
}

// Kind names the job.
func (ExportJob) Kind() string { return "make_export" }

// CreateExport has a file made in the background.
func (db *DB) CreateExport(ctx context.Context, req ExportRequest) (*Export, error) {
	req.Streamed = false
	plan, err := db.startExport(ctx, req)
	if err != nil {
		return nil, err
	}
	return plan.Export, nil
}

// RunExport makes the file of an export that waits, or whose maker has shown no life for a while (Timings.Lease).
// A file is always made from its beginning: half of one snapshot and half of another would be neither.
func (db *DB) RunExport(ctx context.Context, id string) error {
	e, err := db.claimExport(ctx, id)
	if err != nil || e == nil {
		return err
	}
	by := JobActor
	settling := context.WithoutCancel(ctx)
	plan, err := db.resumePlan(ctx, e)
	if err == nil {
		err = db.makeExport(ctx, plan)
	}
	var problem *Problem
	switch {
	case err == nil:
		e.State = ExportDone
	case errors.Is(err, errOver):
		return nil
	case errors.As(err, &problem):
		e.fail(err, "")
	case e.Attempt >= maxExportTries:
		e.fail(err, fmt.Sprintf("The file could not be made in %d attempts.", e.Attempt))
		db.log.ErrorContext(ctx, "an export failed", "export", id, "error", err)
	default: // another attempt, soon
		db.log.WarnContext(ctx, "an export starts again", "export", id, "attempt", e.Attempt, "error", err)
		return db.requeueExport(settling, e)
	}
	if err := db.settleExport(settling, e, by); !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil // removed, or somebody else's by now
}

// claimExport makes this process the maker of an export. It is nil when the export is not to be had.
func (db *DB) claimExport(ctx context.Context, id string) (*Export, error) {
	var e *Export
	err := db.Tx(ctx, func(tx *DB) error {
		return tx.raw(func(conn *pgx.Conn) error {
			rows, err := conn.Query(ctx, `UPDATE exports SET state = 'running', attempt = attempt + 1, promised = NULL, written = 0,
				lease_until = now() + $2::interval, next_at = NULL
				WHERE id = $1 AND NOT streamed AND (state = 'queued' OR (state = 'running' AND lease_until < now())) RETURNING `+exportColumns, id, db.timings.Lease)
			if err != nil {
				return err //nolint:wrapcheck // below
			}
			if e, err = pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[Export]); errors.Is(err, pgx.ErrNoRows) {
				e = nil
				return nil
			}
			if err == nil {
				_, err = conn.Exec(ctx, "DELETE FROM export_pieces WHERE export_id = $1", id)
			}
			return err //nolint:wrapcheck // below
		})
	})
	if err != nil {
		return nil, fmt.Errorf("claim export %s: %w", id, err)
	}
	return e, nil
}

// resumePlan reads an export's filter again, and whether its person may still have it.
func (db *DB) resumePlan(ctx context.Context, e *Export) (*ExportPlan, error) {
	user, err := db.User(ctx, e.UserID)
	if err != nil {
		return nil, err
	}
	if !user.May(OrdersExport) || !e.covered(user.Scope()) {
		return nil, problemf("%s may not export these orders any more.", e.UserName)
	}
	ctx = WithScope(ctx, Scope{Stores: e.Stores})
	choices, err := db.OrderChoices(ctx, e.UserID)
	if err != nil {
		return nil, err
	}
	q, err := url.ParseQuery(e.Query)
	if err != nil {
		return nil, fmt.Errorf("read the filter of export %s: %w", e.ID, err)
	}
	f, err := readExportFilter(q, choices)
	if err != nil {
		return nil, err
	}
	if f.Limit = 0; f.Query().Encode() != e.Query {
		return nil, problemf("The filter means something else by now than when the export was asked for. Export again from the list.")
	}
	return db.planExport(ctx, e, f, choices)
}

// makeExport writes the file in pieces.
func (db *DB) makeExport(ctx context.Context, plan *ExportPlan) error {
	e := plan.Export
	var far progress
	ctx, stop := db.beat(WithScope(ctx, Scope{Stores: e.Stores}), e, &far)
	defer stop()
	pieces := &pieceWriter{ctx: ctx, db: db, export: e}
	err := db.writeExport(ctx, plan, pieces, &far)
	if err == nil {
		err = pieces.flush()
	}
	if err == nil {
		err = db.checkPieces(ctx, e)
	}
	if cause := context.Cause(ctx); errors.Is(cause, errOver) {
		return errOver
	}
	return err
}

// pieceSize is how much of a file is stored at a time, in bytes.
const pieceSize = 1 << 20

// pieceWriter stores a file in pieces.
type pieceWriter struct {
	ctx    context.Context //nolint:containedctx // of the one file it writes
	db     *DB
	export *Export
	piece  []byte
}

func (w *pieceWriter) Write(part []byte) (int, error) {
	w.piece = append(w.piece, part...)
	if len(w.piece) >= pieceSize {
		if err := w.flush(); err != nil {
			return 0, err
		}
	}
	return len(part), nil
}

func (w *pieceWriter) flush() error {
	if len(w.piece) == 0 {
		return nil
	}
	_, err := w.db.pool.Exec(w.ctx, "INSERT INTO export_pieces (export_id, attempt, n, data) VALUES ($1, $2, $3, $4)", w.export.ID, w.export.Attempt, w.export.Pieces, w.piece)
	if err != nil {
		return fmt.Errorf("store piece %d of export %s: %w", w.export.Pieces, w.export.ID, err)
	}
	w.export.Pieces++
	w.piece = w.piece[:0]
	return nil
}

// checkPieces makes sure that what is stored is what was written.
func (db *DB) checkPieces(ctx context.Context, e *Export) error {
	var pieces int
	var bytes int64
	err := db.pool.QueryRow(ctx, "SELECT count(*), coalesce(sum(octet_length(data)), 0) FROM export_pieces WHERE export_id = $1 AND attempt = $2", e.ID, e.Attempt).Scan(&pieces, &bytes)
	if err != nil {
		return fmt.Errorf("look at the pieces of export %s: %w", e.ID, err)
	}
	if pieces != e.Pieces || bytes != e.Bytes {
		return fmt.Errorf("export %s has %d pieces of %d bytes, not %d of %d", e.ID, pieces, bytes, e.Pieces, e.Bytes)
	}
	return nil
}

// requeueExport leaves an export to the next one who has time for it.
func (db *DB) requeueExport(ctx context.Context, e *Export) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_, err := db.pool.Exec(ctx, `UPDATE exports SET state = 'queued', promised = NULL, written = 0, lease_until = NULL, next_at = now() + interval '2 seconds'
		WHERE id = $1 AND attempt = $2 AND state = 'running'`, e.ID, e.Attempt)
	if err != nil {
		return fmt.Errorf("leave export %s to others: %w", e.ID, err)
	}
	return nil
}
