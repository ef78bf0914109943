package models

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Standing is how an order stands in the comparisons with its gateway.
type Standing struct {
	Word  string    // no: it was in none; agrees; differs: somebody is to look at it; resolved
	At    time.Time // when the latest comparison ended, or the one that the difference is of; zero for none
	Class RowClass  // what that came to; "" for none
}

// standings tells of orders how they stand in comparisons. Orders that follow each other are read together, so
// that a file of very many costs few statements.
type standings struct {
	tx       pgx.Tx
	from, to int64 // the chunks that were read, without the last
	compared map[int64][]comparedChunk
	differ   map[int64]Standing
}

// comparedChunk are the orders of a chunk that a comparison had, by their last eight bits.
type comparedChunk struct {
	at  time.Time
	low [4]uint64
}

// mostChunks is how many chunks of 256 orders are read together.
const mostChunks = 64

// beside runs do with a second connection of pool that sees the same snapshot as tx, which is pool's.
func (db *DB) beside(ctx context.Context, pool *pgxpool.Pool, tx pgx.Tx, do func(tx pgx.Tx) error) error {
	var snapshot string
	if err := tx.QueryRow(ctx, "SELECT pg_export_snapshot()").Scan(&snapshot); err != nil {
		return fmt.Errorf("share a snapshot: %w", err)
	}
	second, err := pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return fmt.Errorf("share a snapshot: %w", err)
	}
	defer second.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // it only reads
	if _, err := second.Exec(ctx, "SET TRANSACTION SNAPSHOT '"+snapshot+"'"); err != nil {
		return fmt.Errorf("share a snapshot: %w", err)
	}
	return do(second)
}

// of is how an order stands.
func (s *standings) of(ctx context.Context, order int64) (Standing, error) {
	chunk := order >> 8
	if chunk < s.from || chunk >= s.to {
		if err := s.read(ctx, chunk); err != nil {
			return Standing{}, err
		}
	}
	standing, differs := s.differ[order]
	if differs && standing.Word == "differs" {
		return standing, nil
	}
	for _, c := range s.compared[chunk] { // the latest first
		if c.low[order&255>>6]>>(order&63)&1 == 0 {
			continue
		}
		if differs && !c.at.After(standing.At) {
			return standing, nil
		}
		return Standing{"agrees", c.at, RowAgree}, nil
	}
	if differs {
		return standing, nil
	}
	return Standing{Word: "no"}, nil
}

// read takes in the chunks from this one on, more of them the longer orders have followed each other.
func (s *standings) read(ctx context.Context, chunk int64) error {
	many := max(1, min(4*(s.to-s.from), mostChunks))
	switch {
	case chunk >= s.to && chunk < s.to+4: // the lists go up
		s.from, s.to = chunk, chunk+many
	case chunk < s.from && chunk >= s.from-4: // or down
		s.from, s.to = chunk+1-many, chunk+1
	default:
		s.from, s.to = chunk, chunk+1
	}
	s.compared, s.differ = map[int64][]comparedChunk{}, map[int64]Standing{}
	rows, err := s.tx.Query(ctx, `SELECT c.chunk, c.low, r.finished_at FROM reconciled_orders c JOIN reconciliations r ON r.id = c.reconciliation_id
		WHERE c.chunk >= $1 AND c.chunk < $2 AND r.state = 'done' ORDER BY c.reconciliation_id DESC`, s.from, s.to)
	if err != nil {
		return fmt.Errorf("read what was compared: %w", err)
	}
	var n int64
	var at time.Time
	var low []int16
	if _, err := pgx.ForEachRow(rows, []any{&n, &low, &at}, func() error {
		c := comparedChunk{at: at}
		for _, bit := range low {
			c.low[bit&255>>6] |= 1 << (bit & 63)
		}
		s.compared[n] = append(s.compared[n], c)
		return nil
	}); err != nil {
		return fmt.Errorf("read what was compared: %w", err)
	}
	rows, err = s.tx.Query(ctx, `SELECT w.order_id, CASE w.state WHEN 'open' THEN 'differs' ELSE 'resolved' END, r.finished_at, w.class
		FROM reconciliation_rows w JOIN reconciliations r ON r.id = w.reconciliation_id
		WHERE w.order_id >= $1 AND w.order_id < $2 AND w.state <> 'clean' AND r.state = 'done' ORDER BY w.state <> 'open' DESC, w.reconciliation_id, w.row DESC`, s.from<<8, s.to<<8)
	if err != nil {
		return fmt.Errorf("read what differs: %w", err)
	}
	var d Standing
	if _, err := pgx.ForEachRow(rows, []any{&n, &d.Word, &d.At, &d.Class}, func() error {
		s.differ[n] = d // what is open comes last, and of the latest
		return nil
	}); err != nil {
		return fmt.Errorf("read what differs: %w", err)
	}
	return nil
}
