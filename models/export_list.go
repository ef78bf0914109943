package models

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// maxListed is how many exports are listed.
const maxListed = 100

// Exports are the newest exports a person may see: those of nothing but stores within the scope.
func (db *DB) Exports(ctx context.Context) ([]*Export, error) {
	scope := ScopeOf(ctx)
	rows, err := db.pool.Query(ctx, "SELECT "+exportColumns+" FROM exports WHERE state <> 'removed' AND ($1 OR stores <@ $2) ORDER BY created_at DESC, id LIMIT $3",
		scope.All, slices.Concat([]int64{}, scope.Stores), maxListed)
	if err != nil {
		return nil, fmt.Errorf("list exports: %w", err)
	}
	exports, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[Export])
	if err != nil {
		return nil, fmt.Errorf("list exports: %w", err)
	}
	return exports, nil
}

// Export is one export within the scope; ErrNotFound when it is another store's.
func (db *DB) Export(ctx context.Context, id string) (*Export, error) {
	scope := ScopeOf(ctx)
	rows, err := db.pool.Query(ctx, "SELECT "+exportColumns+" FROM exports WHERE id = $1 AND state <> 'removed' AND ($2 OR stores <@ $3)",
		id, scope.All, slices.Concat([]int64{}, scope.Stores))
	if err != nil {
		return nil, fmt.Errorf("read export %s: %w", id, err)
	}
	e, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[Export])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read export %s: %w", id, err)
	}
	return e, nil
}

// ReadyExport is an export whose file may be downloaded.
func (db *DB) ReadyExport(ctx context.Context, id string, _ Actor) (*Export, error) {
	e, err := db.Export(ctx, id)
	if err != nil {
		return nil, err
	}
	if !e.HasFile(now()) {
		return nil, ErrNotFound
	}
	return e, nil
}

// OpenExport is an export whose file somebody is about to download, which is audited.
func (db *DB) OpenExport(ctx context.Context, id string, by Actor) (*Export, error) {
	e, err := db.ReadyExport(ctx, id, by)
	if err != nil {
		return nil, err
	}
	err = db.Tx(ctx, func(tx *DB) error {
		return tx.audit(ctx, e.chain(), by, "export.downloaded", e.object(), nil, map[string]any{"orders": e.Written, "bytes": e.Bytes})
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// ExportPiece is a piece of a finished file, counted from 0. Each is read by itself, so that a slow
// reader keeps no connection.
func (db *DB) ExportPiece(ctx context.Context, e *Export, n int) ([]byte, error) {
	var data []byte
	err := db.pool.QueryRow(ctx, "SELECT data FROM export_pieces WHERE export_id = $1 AND attempt = $2 AND n = $3", e.ID, e.Attempt, n).Scan(&data)
	if err != nil {
		return nil, fmt.Errorf("read piece %d of export %s: %w", n, e.ID, err)
	}
	return data, nil
}

// RemoveExport cancels an export or deletes its file. Whoever is writing it stops within a second.
func (db *DB) RemoveExport(ctx context.Context, id string, by Actor) (*Export, error) {
	e, err := db.Export(ctx, id)
	if err != nil {
		return nil, err
	}
	err = db.Tx(ctx, func(tx *DB) error {
		var touched int64
		err := tx.raw(func(conn *pgx.Conn) error {
			tag, err := conn.Exec(ctx, "UPDATE exports SET state = 'removed', finished_at = coalesce(finished_at, now()), lease_until = NULL, next_at = NULL WHERE id = $1 AND state <> 'removed'", id)
			touched = tag.RowsAffected()
			if err == nil {
				_, err = conn.Exec(ctx, "DELETE FROM export_pieces WHERE export_id = $1", id)
			}
			return err //nolint:wrapcheck // below
		})
		if err != nil || touched == 0 {
			return err
		}
		return tx.audit(ctx, e.chain(), by, "export.removed", e.object(), nil, map[string]any{"was": string(e.State)})
	})
	if err != nil {
		return nil, fmt.Errorf("remove export %s: %w", id, err)
	}
	return e, nil
}

// SweepExports finds exports whose job or maker was lost, and deletes files whose day is over. It
// reports how many it touched. Several processes may run it at once.
func (db *DB) SweepExports(ctx context.Context) (int, error) {
	touched := 0
	err := db.Tx(ctx, func(tx *DB) error {
		var lost []string
		err := tx.raw(func(conn *pgx.Conn) error {
			// A file that was being sent cannot be taken up again: its reader has gone.
			tag, err := conn.Exec(ctx, `UPDATE exports SET state = 'failed', finished_at = now(), lease_until = NULL,
				problem = CASE WHEN streamed THEN 'The download broke off: the server was stopped.' ELSE 'The server was stopped each time this file was being made.' END
				WHERE state = 'running' AND lease_until < now() AND (streamed OR attempt >= $1)`, maxExportTries)
			if err != nil {
				return err //nolint:wrapcheck // below
			}
			touched += int(tag.RowsAffected())
			rows, err := conn.Query(ctx, `UPDATE exports SET next_at = now() + interval '1 minute' WHERE id IN (
				SELECT id FROM exports WHERE NOT streamed AND (state = 'queued' AND next_at < now()
					OR state = 'running' AND lease_until < now() AND (next_at IS NULL OR next_at < now())) FOR UPDATE SKIP LOCKED) RETURNING id`)
			if err != nil {
				return err //nolint:wrapcheck // below
			}
			if lost, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
				return err //nolint:wrapcheck // below
			}
			tag, err = conn.Exec(ctx, "UPDATE exports SET state = 'expired' WHERE state = 'done' AND expires_at < now()")
			if err != nil {
				return err //nolint:wrapcheck // below
			}
			touched += int(tag.RowsAffected())
			_, err = conn.Exec(ctx, `DELETE FROM export_pieces p USING exports e WHERE e.id = p.export_id AND (e.state IN ('expired', 'failed', 'removed') OR p.attempt < e.attempt)`)
			if err == nil {
				_, err = conn.Exec(ctx, "DELETE FROM exports WHERE finished_at < now() - $1::interval AND state NOT IN ('queued', 'running')", exportMemory)
			}
			return err //nolint:wrapcheck // below
		})
		if err != nil {
			return err
		}
		for _, id := range lost {
			if err := tx.enqueue(ctx, ExportJob{ExportID: id}); err != nil {
				return err
			}
		}
		touched += len(lost)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("sweep exports: %w", err)
	}
	return touched, nil
}
