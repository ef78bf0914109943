package models

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// ReconciliationUpload is a file somebody wants compared.
type ReconciliationUpload struct {
	StoreID  int64
	File     io.Reader
	Name     string
	Mapping  int64  // one's own; 0 to have the file recognised
	Days     string // "gateway" or "store"
	From, To string // days of the period, 2026-11-01; empty for that of the file
	User     *User
	Address  string
}

// ReconciliationJob asks for a file to be compared.
type ReconciliationJob struct {
	ReconciliationID int64 `json:"reconciliation_id"`
}

// Kind names the job.
func (ReconciliationJob) Kind() string { return "reconcile" }

// CreateReconciliation keeps a file and has it compared in the background. The same file of the same store
// again gives the reconciliation it has become, known says so; only one that failed is tried again.
func (db *DB) CreateReconciliation(ctx context.Context, up ReconciliationUpload) (r *Reconciliation, known bool, err error) {
	store, err := db.Store(ctx, up.StoreID)
	if err != nil {
		return nil, false, FieldProblem("store", "Choose the store whose payments the file lists.")
	}
	if err := up.check(); err != nil {
		return nil, false, err
	}
	var mapping *ReconciliationMapping
	if up.Mapping != 0 {
		if mapping, err = db.ReconciliationMapping(ctx, up.Mapping); err != nil {
			return nil, false, err
		}
		if mapping.StoreID != store.ID {
			return nil, false, FieldProblem("mapping", "This mapping is another store's.")
		}
	}
	file, size, sum, err := scratch(up.File)
	if err != nil {
		return nil, false, err
	}
	defer file.Close() //nolint:errcheck // it has no name any more
	found, err := recognise(file, mapping)
	if err != nil {
		return nil, false, err
	}
	found.table.close()
	r = &Reconciliation{
		StoreID: store.ID, Gateway: found.format.gateway, Format: found.format.code, Mapping: mapping, FileName: fileName(up.Name), Bytes: size, SHA256: sum,
		Encoding: found.encoding, Days: up.Days, AskedFrom: up.From, AskedTo: up.To, State: ReconciliationQueued, UserID: up.User.ID, UserName: up.User.Name,
	}
	if mapping != nil {
		r.MappingID = &mapping.ID
	}
	r.Zone = found.format.zone
	if up.Days == "store" {
		r.Zone = store.TimeZone
	}
	err = db.Tx(ctx, func(tx *DB) error {
		known, err = tx.keepReconciliation(ctx, r, file, up.User.Actor(up.Address))
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("keep the file %q: %w", up.Name, err)
	}
	r, err = db.Reconciliation(ctx, r.ID)
	return r, known, err
}

func (up *ReconciliationUpload) check() error {
	switch {
	case up.Days != "gateway" && up.Days != "store":
		return FieldProblem("days", "Choose whose days count: the gateway's or the store's.")
	case up.From != "" && !readDay(up.From):
		return FieldProblem("from", "Write the first day as 2026-01-31.")
	case up.To != "" && !readDay(up.To):
		return FieldProblem("to", "Write the last day as 2026-01-31.")
	case up.From != "" && up.To != "" && up.To < up.From:
		return FieldProblem("to", "The last day is before the first.")
	}
	return nil
}

// fileName is the last part of what a browser calls a file.
func fileName(name string) string {
	name = filepath.Base(strings.ReplaceAll(textOf(name), `\`, "/"))
	return clip(name, 200)
}

// scratch copies a file to a temporary one without a name, with its size and its SHA-256.
func scratch(from io.Reader) (*os.File, int64, []byte, error) {
	file, err := os.CreateTemp("", "kartify-file-*")
	if err != nil {
		return nil, 0, nil, fmt.Errorf("take the file in: %w", err)
	}
	_ = os.Remove(file.Name()) // it lives as long as it is open; where that is not possible, the system clears its folder
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(file, hash), io.LimitReader(from, MaxReconciliationBytes+1))
	switch {
	case err != nil:
		err = fmt.Errorf("take the file in: %w", err)
	case size == 0:
		err = FieldProblem("file", "The file is empty.")
	case size > MaxReconciliationBytes:
		err = FieldProblem("file", "The file has more than %d MB; split it.", MaxReconciliationBytes>>20)
	}
	if err != nil {
		_ = file.Close() // nobody has written to it
		return nil, 0, nil, err
	}
	return file, size, hash.Sum(nil), nil
}

// keepReconciliation stores the file and its reconciliation, or finds the one it has become.
func (db *DB) keepReconciliation(ctx context.Context, r *Reconciliation, file *os.File, by Actor) (known bool, err error) {
	mapping, err := json.Marshal(r.Mapping)
	if err != nil {
		return false, fmt.Errorf("write the mapping: %w", err)
	}
	failed := false
	err = db.raw(func(conn *pgx.Conn) error {
		err := conn.QueryRow(ctx, `INSERT INTO reconciliations (store_id, gateway, format, mapping_id, mapping, file_name, bytes, sha256, encoding, days, zone, asked_from, asked_to,
				state, user_id, user_name, next_at)
			VALUES ($1, $2, $3, $4, nullif($5::jsonb, 'null'), $6, $7, $8, $9, $10, $11, $12, $13, 'queued', $14, $15, now() + interval '1 minute')
			ON CONFLICT (store_id, sha256) WHERE source = 'file' DO NOTHING RETURNING id`,
			r.StoreID, r.Gateway, r.Format, r.MappingID, string(mapping), r.FileName, r.Bytes, r.SHA256, r.Encoding, r.Days, r.Zone, r.AskedFrom, r.AskedTo, r.UserID, r.UserName).Scan(&r.ID)
		if errors.Is(err, pgx.ErrNoRows) {
			known = true
			if err := conn.QueryRow(ctx, "SELECT id, state = 'failed' FROM reconciliations WHERE store_id = $1 AND sha256 = $2 AND source = 'file' FOR UPDATE", r.StoreID, r.SHA256).Scan(&r.ID, &failed); err != nil {
				return err //nolint:wrapcheck // below
			}
			if !failed {
				return nil
			}
			_, err = conn.Exec(ctx, `UPDATE reconciliations SET state = 'queued', attempt = 0, problem = '', problem_row = 0, read_rows = 0, read_bytes = 0, gateway = $2, format = $3,
				mapping_id = $4, mapping = nullif($5::jsonb, 'null'), days = $6, zone = $7, asked_from = $8, asked_to = $9, next_at = now() + interval '1 minute', finished_at = NULL WHERE id = $1`,
				r.ID, r.Gateway, r.Format, r.MappingID, string(mapping), r.Days, r.Zone, r.AskedFrom, r.AskedTo)
			return err //nolint:wrapcheck // below
		}
		if err != nil {
			return err //nolint:wrapcheck // below
		}
		_, err = copyPieces(ctx, conn, r, file, 0)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("store the file: %w", err)
	}
	if known && !failed {
		return true, nil
	}
	if err := db.enqueue(ctx, ReconciliationJob{ReconciliationID: r.ID}); err != nil {
		return false, err
	}
	return known, db.audit(ctx, r.StoreID, by, "reconciliation.started", r.object(), nil, map[string]any{
		"gateway": r.Gateway, "format": r.Format, "bytes": r.Bytes, "sha256": fmt.Sprintf("%x", r.SHA256), "again": known,
	})
}

// copyPieces stores a file a megabyte at a time, from the piece with number first on, and says how many they are.
func copyPieces(ctx context.Context, conn *pgx.Conn, r *Reconciliation, file *os.File, first int) (int, error) {
	piece := make([]byte, pieceSize)
	for n := 0; ; n++ {
		size, err := file.ReadAt(piece, int64(n)*pieceSize)
		if size > 0 {
			if _, err := conn.Exec(ctx, "INSERT INTO reconciliation_pieces (reconciliation_id, store_id, n, data) VALUES ($1, $2, $3, $4)", r.ID, r.StoreID, first+n, piece[:size]); err != nil {
				return n, err //nolint:wrapcheck // told by the caller
			}
		}
		if errors.Is(err, io.EOF) {
			return n + min(size, 1), nil
		}
		if err != nil {
			return n, fmt.Errorf("read the file: %w", err)
		}
	}
}

// keptFile copies the file of a reconciliation out of the database, to be read from its beginning.
func (db *DB) keptFile(ctx context.Context, r *Reconciliation) (*os.File, error) {
	reading, stop := context.WithCancel(ctx)
	defer stop()
	file, size, sum, err := scratch(&pieceReader{next: ahead(reading, db.pieces(reading, r.ID))})
	if err != nil {
		return nil, err
	}
	if size != r.Bytes || string(sum) != string(r.SHA256) {
		_ = file.Close() // it is of no use
		return nil, fmt.Errorf("the file of reconciliation %d has %d bytes and not the sum it came with", r.ID, size)
	}
	return file, nil
}

// pieceReader reads a kept file.
type pieceReader struct {
	next func() ([]byte, error) // io.EOF after the last
	rest []byte
}

func (p *pieceReader) Read(to []byte) (n int, err error) {
	if len(p.rest) == 0 {
		if p.rest, err = p.next(); err != nil {
			return 0, err
		}
	}
	n = copy(to, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// pieces gives the pieces of a kept file one after the other.
func (db *DB) pieces(ctx context.Context, id int64) func() ([]byte, error) {
	n := -1
	return func() (data []byte, err error) {
		n++
		err = db.pool.QueryRow(ctx, "SELECT data FROM reconciliation_pieces WHERE reconciliation_id = $1 AND n = $2", id, n).Scan(&data)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil, io.EOF
		}
		if err != nil {
			return nil, fmt.Errorf("read piece %d of reconciliation %d: %w", n, id, err)
		}
		return data, nil
	}
}

// ahead fetches each piece while the one before is being used, until ctx ends.
func ahead(ctx context.Context, next func() ([]byte, error)) func() ([]byte, error) {
	type piece struct {
		data []byte
		err  error
	}
	fetched := make(chan piece)
	go func() {
		for {
			data, err := next()
			select {
			case fetched <- piece{data, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return func() ([]byte, error) {
		select {
		case p := <-fetched:
			return p.data, p.err
		case <-ctx.Done():
			return nil, ctx.Err() //nolint:wrapcheck // told by what ended it
		}
	}
}

// OpenReconciliationFile is the file as it came, for somebody who downloads it, which is audited.
func (db *DB) OpenReconciliationFile(ctx context.Context, id int64, by Actor) (*Reconciliation, io.Reader, error) {
	r, err := db.Reconciliation(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if r.ErasedAt != nil {
		return nil, nil, conflictf("This file was erased, because somebody in it had a right to that. The rows that were read from it are here.")
	}
	err = db.Tx(ctx, func(tx *DB) error {
		return tx.audit(ctx, r.StoreID, by, "reconciliation.downloaded", r.object(), nil, map[string]any{"bytes": r.Bytes})
	})
	if err != nil {
		return nil, nil, err
	}
	return r, &pieceReader{next: db.pieces(ctx, id)}, nil
}

// reconciliationBeat is how often the maker of a reconciliation shows that it lives.
const reconciliationBeat = time.Second
