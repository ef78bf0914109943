package models

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// ExportRequest is what somebody wants as a file.
type ExportRequest struct {
	Query       url.Values // of the list
	WithMissing bool       // missing orders too, which a list without them leaves out
	Format      string
	User        *User
	Address     string // of the client
	Streamed    bool   // sent while it is made
}

// startExport checks a request, notes the export and audits it. Everything about it is decided here: the
// filter as it is understood now, the stores, the person.
func (db *DB) startExport(ctx context.Context, req ExportRequest) (*ExportPlan, error) {
	if req.Format != ExportCSV && req.Format != ExportXLSX {
		return nil, FieldProblem("format", "Choose CSV or Excel.")
	}
	choices, err := db.OrderChoices(ctx, req.User.ID)
	if err != nil {
		return nil, err
	}
	f, err := readExportFilter(req.Query, choices)
	if err != nil {
		return nil, err
	}
	if req.WithMissing {
		f = f.withMissing(choices)
	}
	f.Limit, f.Columns = 0, nil
	e := &Export{
		ID: rand.Text(), Stores: choices.storeIDs(f), UserID: req.User.ID, UserName: req.User.Name, Format: req.Format, Streamed: req.Streamed,
		Query: f.FirstPage().Query().Encode(), Zone: strings.Join(choices.Zones(f), ", "), State: ExportQueued,
	}
	if len(e.Stores) == 0 {
		return nil, problemf("You see no store yet, so there is nothing to export.")
	}
	if req.Streamed {
		e.State, e.Attempt = ExportRunning, 1
	}
	if err := db.Tx(ctx, func(tx *DB) error { return tx.noteExport(ctx, e, req.User.Actor(req.Address)) }); err != nil {
		return nil, fmt.Errorf("start an export: %w", err)
	}
	return db.planExport(ctx, e, f, choices)
}

// noteExport inserts an export within the limits of its person.
func (db *DB) noteExport(ctx context.Context, e *Export, by Actor) error {
	err := db.raw(func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE", e.UserID); err != nil {
			return fmt.Errorf("wait for other exports of user %d: %w", e.UserID, err)
		}
		var hour, open int
		var oldest *time.Time
		err := conn.QueryRow(ctx, `SELECT count(*), min(created_at), count(*) FILTER (WHERE state IN ('queued', 'running') AND NOT streamed)
			FROM exports WHERE user_id = $1 AND created_at > now() - interval '1 hour'`, e.UserID).Scan(&hour, &oldest, &open)
		if err != nil {
			return fmt.Errorf("count the exports of user %d: %w", e.UserID, err)
		}
		switch {
		case hour >= maxExports:
			return &TooManyTries{Until: oldest.Add(time.Hour)}
		case !e.Streamed && open >= maxWaiting:
			return conflictf("%d exports of yours are not finished yet. Wait for one of them, or cancel one under Exports.", open)
		}
		err = conn.QueryRow(ctx, `INSERT INTO exports (id, stores, user_id, user_name, format, streamed, query, zone, state, attempt, lease_until, next_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, CASE WHEN $6 THEN now() + $11::interval END, CASE WHEN NOT $6 THEN now() + interval '1 minute' END)
			RETURNING created_at`,
			e.ID, e.Stores, e.UserID, e.UserName, e.Format, e.Streamed, e.Query, e.Zone, string(e.State), e.Attempt, db.timings.Lease).Scan(&e.CreatedAt)
		if err != nil {
			return fmt.Errorf("note an export: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !e.Streamed {
		if err := db.enqueue(ctx, ExportJob{ExportID: e.ID}); err != nil {
			return err
		}
	}
	return db.audit(ctx, e.chain(), by, "export.started", e.object(), nil, e.told())
}
