package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Reconciled is what a file of a gateway's, or its own list, said of an order.
type Reconciled struct {
	ReconciliationID int64
	Gateway          string
	FileName         string // "" when the gateway was asked
	Source           string // FromFile or FromGateway
	FinishedAt       time.Time
	Class            RowClass // the first difference that is open, else a resolved one, else RowAgree
	State            string   // of that row: clean, open, resolved
}

// reconciledOrder are the comparisons that an order was in, the latest first.
const reconciledOrder = `SELECT r.id AS reconciliation_id, r.gateway, r.file_name, r.source, r.finished_at,
		coalesce(d.class, 'agree') AS class, coalesce(d.state, 'clean') AS state
	FROM reconciled_orders c JOIN reconciliations r ON r.id = c.reconciliation_id
	LEFT JOIN LATERAL (SELECT w.class, w.state FROM reconciliation_rows w
		WHERE w.order_id = $1 AND w.state <> 'clean' AND w.reconciliation_id = r.id ORDER BY w.state = 'open' DESC, w.row LIMIT 1) d ON true
	WHERE c.chunk = $1::bigint >> 8 AND ($1::bigint & 255)::smallint = ANY (c.low) AND ($2 OR c.store_id = ANY ($3)) AND r.state = 'done'
	ORDER BY r.id DESC LIMIT 20`

// ReconciledBy is the latest comparison with a payment's gateway that the order was in, or nil.
func (p *OrderPage) ReconciledBy(gateway string) *Reconciled {
	i := slices.IndexFunc(p.Reconciled, func(r Reconciled) bool { return r.Gateway == gateway })
	if i < 0 {
		return nil
	}
	return &p.Reconciled[i]
}

// NoteReconciled writes down which orders were in the comparisons that have ended since it was last done. It
// reports how many comparisons that were.
func (db *DB) NoteReconciled(ctx context.Context) (int, error) {
	for n := 0; ; n++ {
		var id int64
		err := db.Tx(ctx, func(tx *DB) error {
			return tx.raw(func(conn *pgx.Conn) error {
				err := conn.QueryRow(ctx, `UPDATE reconciliations SET noted_at = clock_timestamp() WHERE id =
					(SELECT id FROM reconciliations WHERE state = 'done' AND noted_at IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id`).Scan(&id)
				if err != nil {
					return err //nolint:wrapcheck // wrapped below
				}
				_, err = conn.Exec(ctx, `INSERT INTO reconciled_orders (reconciliation_id, store_id, chunk, low)
					SELECT $1::bigint, store_id, order_id >> 8, array_agg(DISTINCT (order_id & 255)::smallint) FROM reconciliation_rows
					WHERE reconciliation_id = $1 AND order_id IS NOT NULL AND kind IN ('payment', 'refund', 'here') GROUP BY store_id, order_id >> 8
					ON CONFLICT (chunk, reconciliation_id) DO UPDATE SET low = excluded.low`, id)
				return err //nolint:wrapcheck // wrapped below
			})
		})
		if errors.Is(err, pgx.ErrNoRows) {
			return n, nil
		}
		if err != nil {
			return n, fmt.Errorf("note the orders of reconciliation %d: %w", id, err)
		}
	}
}

// ColumnReconciled is the column of the list of orders that says how each stands in the comparisons. It is shown to
// those who choose it, and whenever the list is filtered by that.
const ColumnReconciled = "reconciled"

// comparedAs is how an order o stands, as Standing reads it: the difference that is open; else what the latest
// comparison came to; else a difference that was resolved; else whether there is anything to compare.
const comparedAs = `coalesce(
	(SELECT 'differs ' || w.class FROM reconciliation_rows w WHERE w.order_id = o.id AND w.state = 'open' ORDER BY w.reconciliation_id DESC, w.row LIMIT 1),
	(SELECT coalesce((SELECT 'resolved ' || w.class FROM reconciliation_rows w WHERE w.order_id = o.id AND w.reconciliation_id = c.reconciliation_id AND w.state <> 'clean' ORDER BY w.row LIMIT 1), 'agrees agree')
		FROM reconciled_orders c JOIN reconciliations r ON r.id = c.reconciliation_id AND r.state = 'done'
		WHERE c.chunk = o.id >> 8 AND (o.id & 255)::smallint = ANY (c.low) AND c.store_id = o.store_id ORDER BY c.reconciliation_id DESC LIMIT 1),
	(SELECT 'resolved ' || w.class FROM reconciliation_rows w WHERE w.order_id = o.id AND w.state <> 'clean' ORDER BY w.reconciliation_id DESC, w.row LIMIT 1),
	CASE WHEN EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.captured_minor > 0) THEN 'no' ELSE '' END)`

// Standing is how the order stands in the comparisons, without the time; its Word is "" when nothing was paid that
// could be compared, or the column is not shown.
func (r *OrderRow) Standing() Standing {
	word, class, _ := strings.Cut(r.Compared, " ")
	return Standing{Word: word, Class: RowClass(class)}
}

// ReconciledAs is how an order stands in the comparisons with gateways, as the list of orders is filtered by it.
type ReconciledAs string

// The ways it can stand.
const (
	ReconciledAgrees  ReconciledAs = "agrees"
	ReconciledDiffers ReconciledAs = "differs"
	ReconciledNotYet  ReconciledAs = "not_yet"
)

// ReconciledChoices are all of them, with how people read them.
var ReconciledChoices = []Choice{
	{Value: string(ReconciledAgrees), Label: "Agrees with the gateway"},
	{Value: string(ReconciledDiffers), Label: "Differs, and nobody resolved it"},
	{Value: string(ReconciledNotYet), Label: "Paid, and in no comparison yet"},
}

// scopeReconciled keeps a statement to orders that stand like that. What differs is few, and read first.
func (f OrderFilter) scopeReconciled(c *clauses, choices *OrderChoices) {
	const compared = "EXISTS (SELECT 1 FROM reconciled_orders c WHERE c.chunk = o.id >> 8 AND (o.id & 255)::smallint = ANY (c.low) AND c.store_id = o.store_id)"
	const differs = "EXISTS (SELECT 1 FROM reconciliation_rows w WHERE w.order_id = o.id AND w.state = 'open')"
	switch f.Reconciled {
	case ReconciledDiffers:
		c.and("o.id = ANY (ARRAY(SELECT DISTINCT w.order_id FROM reconciliation_rows w WHERE w.store_id = ANY (?) AND w.state = 'open' AND w.order_id IS NOT NULL))", choices.storeIDs(f))
	case ReconciledAgrees:
		c.and(compared)
		c.and("NOT " + differs)
	case ReconciledNotYet:
		c.and("NOT " + compared)
		c.and("EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.captured_minor > 0)")
	}
}
