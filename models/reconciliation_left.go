package models

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// MostLeft is how far the open differences of a reconciliation are counted.
const MostLeft = 1000

// countLeft says of reconciliations how many of their differences are open.
func (db *DB) countLeft(ctx context.Context, list []*Reconciliation) error {
	differ := map[int64]*Reconciliation{}
	var ids []int64
	for _, r := range list {
		if r.State == ReconciliationDone && r.Differences() > 0 {
			differ[r.ID] = r
			ids = append(ids, r.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := db.pool.Query(ctx, `SELECT id, (SELECT count(*) FROM (SELECT 1 FROM reconciliation_rows w WHERE w.reconciliation_id = i.id AND w.state = 'open' LIMIT $2) o)
		FROM unnest($1::bigint[]) AS i(id)`, ids, MostLeft)
	if err != nil {
		return fmt.Errorf("count open differences: %w", err)
	}
	var id, left int64
	if _, err := pgx.ForEachRow(rows, []any{&id, &left}, func() error {
		differ[id].Left = left
		return nil
	}); err != nil {
		return fmt.Errorf("count open differences: %w", err)
	}
	return nil
}
