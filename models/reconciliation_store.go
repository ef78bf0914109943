package models

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// reconciliationBatch is how many rows are stored at a time, after a few smaller batches that show early how
	// far the file is.
	reconciliationBatch = 25_000
	// spareBatches is how many there are at once: one being read, one that waits, two being stored.
	spareBatches = 4
)

// stageReconciliation stores the rows of the file, behind those that are stored already.
func (db *DB) stageReconciliation(ctx context.Context, r *Reconciliation, seen *fileSeen) error {
	store, err := db.Store(ctx, r.StoreID)
	if err != nil {
		return err
	}
	file, err := db.keptFile(ctx, r)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it has no name any more
	var known []*fileFormat
	if r.Format == listingFormat {
		known = append(known, listing(r.Gateway))
	}
	found, err := recognise(file, r.Mapping, known...)
	if err != nil {
		return err
	}
	defer found.table.close()
	var stored int64
	if err := db.pool.QueryRow(ctx, "SELECT coalesce(max(row), 0) FROM reconciliation_rows WHERE reconciliation_id = $1 AND kind <> 'here'", r.ID).Scan(&stored); err != nil {
		return fmt.Errorf("see how far reconciliation %d is: %w", r.ID, err)
	}
	reader := newFileReader(found, store)
	batches := make(chan *rowBatch, 1)
	spare := make(chan *rowBatch, spareBatches)
	for range spareBatches {
		spare <- &rowBatch{}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	read := make(chan error, 1)
	go func() { // the file is read while the rows before are being stored
		defer close(batches)
		read <- readBatches(ctx, r, reader, seen, stored, spare, batches)
	}()
	if err := db.storeBatches(ctx, r, spare, batches); err != nil {
		cancel()
		<-read //nolint:errcheck // the reader stops for the same reason
		return err
	}
	err = <-read
	r.ProblemRow = reader.badRow
	return err
}

// rowBatch is rows on their way into the database.
type rowBatch struct {
	text   []byte // as COPY takes them
	rows   int64
	last   int64
	offset int64 // of the file
}

func readBatches(ctx context.Context, r *Reconciliation, reader *fileReader, seen *fileSeen, stored int64, spare, batches chan *rowBatch) error {
	take := func() *rowBatch {
		select {
		case b := <-spare:
			return b
		case <-ctx.Done():
			return nil
		}
	}
	opened := time.Now().UTC()
	batch, full := take(), int64(2_000)
	var row fileRow
	for batch != nil {
		err := reader.next(&row)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err == nil {
			seen.note(&row)
		}
		if err == nil && row.row > stored {
			batch.text = row.appendTo(batch.text, r, opened)
			batch.rows++
			batch.last = row.row
		}
		if batch.rows >= full || errors.Is(err, io.EOF) {
			full = min(2*full, reconciliationBatch)
			batch.offset = reader.table.offset()
			select {
			case batches <- batch:
			case <-ctx.Done():
				return ctx.Err() //nolint:wrapcheck // told by what ended it
			}
			if err != nil {
				return nil
			}
			batch = take()
		}
	}
	return ctx.Err()
}

// storeBatches stores what is read, on two connections at once. They commit in the order of the file, so that
// what is stored is always its beginning.
func (db *DB) storeBatches(ctx context.Context, r *Reconciliation, spare, batches chan *rowBatch) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var storing sync.WaitGroup
	places := make(chan struct{}, 2)
	turn := make(chan struct{})
	close(turn) // the first waits for nobody
	for batch := range batches {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
		}
		tx, err := db.pool.Begin(ctx) // in order too: nobody waits for a batch that has no connection
		if err != nil {
			stop(fmt.Errorf("store the rows to %d of reconciliation %d: %w", batch.last, r.ID, err))
			break
		}
		before, after := turn, make(chan struct{})
		turn = after
		storing.Go(func() {
			if err := storeBatch(ctx, tx, r, batch, before); err != nil {
				stop(err)
				return // and nothing behind it is stored
			}
			close(after)
			batch.text, batch.rows = batch.text[:0], 0
			spare <- batch
			<-places
		})
	}
	storing.Wait()
	return context.Cause(ctx)
}

// storeBatch stores rows and, once the batch before is there, how far the file is, in one transaction.
func storeBatch(ctx context.Context, tx pgx.Tx, r *Reconciliation, batch *rowBatch, before <-chan struct{}) error {
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // after the commit it does nothing
	err := func() error {
		if batch.rows > 0 {
			if _, err := tx.Exec(ctx, "SET LOCAL synchronous_commit = off"); err != nil { // rows that are lost with their count are read again
				return err //nolint:wrapcheck // below
			}
			if _, err := tx.Conn().PgConn().CopyFrom(ctx, io.MultiReader(strings.NewReader(copyHead), &byteReader{batch.text}, strings.NewReader(copyTail)), copyRows); err != nil {
				return err //nolint:wrapcheck // below
			}
		}
		select {
		case <-before:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err := fenced(ctx, tx, r, "read_rows = read_rows + $3, read_bytes = greatest(read_bytes, $4)", batch.rows, batch.offset); err != nil {
			return err
		}
		return tx.Commit(ctx) //nolint:wrapcheck // below
	}()
	if err != nil {
		return fmt.Errorf("store the rows to %d of reconciliation %d: %w", batch.last, r.ID, err)
	}
	return nil
}

// byteReader reads bytes in large parts.
type byteReader struct{ rest []byte }

func (b *byteReader) Read(to []byte) (int, error) {
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(to, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}
