package models

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// matchReconciliation compares the rows of a file with the orders, all of it in one transaction: it is done or
// not begun. Most rows agree with their order at first sight and are only read; what is left is few and is
// looked at with all rows of its order together.
func (db *DB) matchReconciliation(ctx context.Context, r *Reconciliation, seen *fileSeen) error {
	if _, err := db.pool.Exec(ctx, "UPDATE reconciliations SET stage = 'Comparing with the orders' WHERE id = $1 AND attempt = $2", r.ID, r.Attempt); err != nil {
		return fmt.Errorf("compare reconciliation %d: %w", r.ID, err)
	}
	if err := db.countReconciliationRows(ctx); err != nil {
		return fmt.Errorf("compare reconciliation %d: %w", r.ID, err)
	}
	err := db.Tx(ctx, func(tx *DB) error {
		err := tx.raw(func(conn *pgx.Conn) error { return r.match(ctx, conn, seen) })
		if err != nil {
			return err
		}
		return tx.audit(ctx, r.StoreID, JobActor, "reconciliation.finished", r.object(), nil, map[string]any{
			"rows": r.Rows(), "differences": r.Differences(), "counts": r.Counts, "from": r.DayFrom, "to": r.DayTo,
		})
	})
	if err != nil {
		return fmt.Errorf("compare reconciliation %d: %w", r.ID, err)
	}
	return nil
}

// countReconciliationRows tells the planner about how many rows there are by now; a small sample is enough.
func (db *DB) countReconciliationRows(ctx context.Context) error {
	return pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error { //nolint:wrapcheck // told by the caller
		if _, err := tx.Exec(ctx, "SET LOCAL default_statistics_target = 10"); err != nil {
			return err //nolint:wrapcheck // told by the caller
		}
		_, err := tx.Exec(ctx, "ANALYZE reconciliation_rows_all (reconciliation_id, row, order_id, state)")
		return err //nolint:wrapcheck // told by the caller
	})
}

// match does so on one connection.
func (r *Reconciliation) match(ctx context.Context, conn *pgx.Conn, seen *fileSeen) error {
	if err := fenced(ctx, conn, r, "stage = stage"); err != nil {
		return err
	}
	run := func(what, sql string, args ...any) error {
		if _, err := conn.Exec(ctx, sql, args...); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	}
	if err := run("prepare", "SELECT set_config('work_mem', '256MB', true), set_config('jit', 'off', true)"); err != nil {
		return err
	}
	from, before := r.period(seen.first, seen.last)
	together, err := r.together(ctx, conn, seen)
	if err != nil {
		return err
	}
	returnedToo := (seen.returned || r.Format == listingFormat) && r.Snapshot()
	both := !from.IsZero() && !r.Settled()
	if both {
		err = run("lay the file beside the orders of its period", matchBoth, r.ID, r.StoreID, together, r.Gateway, from, before, returnedToo)
		if err == nil {
			err = run("find what does not agree at first sight", matchBothSuspects)
		}
	} else {
		err = run("find what does not agree at first sight", matchSuspects, r.ID, r.StoreID, together)
	}
	if err != nil {
		return err
	}
	for _, step := range []struct {
		what, sql string
		args      []any
	}{
		{"count what is to be looked at", "ANALYZE suspects", nil},
		{"find the orders of rows", matchOrders, []any{r.StoreID, r.Gateway}},
		{"collect what is in question", matchWork, []any{r.ID}},
	} {
		if err := run(step.what, step.sql, step.args...); err != nil {
			return err
		}
	}
	var others bool
	if err := conn.QueryRow(ctx, matchOther).Scan(&others); err != nil {
		return fmt.Errorf("look for rows of other orders: %w", err)
	}
	if others {
		if err := run("collect the rows beside them", matchWorkOther, r.ID); err != nil {
			return err
		}
	}
	for _, step := range []struct {
		what, sql string
		args      []any
	}{
		{"count them", "ANALYZE work", nil},
		{"compare them", matchClassify, []any{r.ID, r.StoreID, r.Gateway, seen.returned || r.Snapshot(), r.Snapshot(), from, before}},
		{"note the orders of rows", matchNote, []any{r.ID}},
	} {
		if err := run(step.what, step.sql, step.args...); err != nil {
			return err
		}
	}
	if !from.IsZero() {
		moved := !both
		if both {
			if err := conn.QueryRow(ctx, matchMoved, r.StoreID).Scan(&moved); err != nil {
				return fmt.Errorf("look for rows of other orders than they name: %w", err)
			}
		}
		if moved {
			err = run("find what is only here", matchOnly, r.ID, r.StoreID, r.Gateway, from, before, returnedToo, r.Settled(), r.Mode)
		} else {
			err = run("find what is only here", matchBothOnly, r.Gateway, r.Mode)
		}
		if err != nil {
			return err
		}
		if err := run("leave out what was paid on a later day", matchPaidLater, r.ID, r.StoreID, r.Gateway, before, r.Mode); err != nil {
			return err
		}
		if err := run("find what was placed on an earlier day", matchPlacedEarlier, r.ID, r.StoreID, r.Gateway, from, before, returnedToo, r.Mode); err != nil {
			return err
		}
		if err := run("note what is only here", matchAbsent, r.ID, r.StoreID); err != nil {
			return err
		}
		if !r.Snapshot() {
			if err := run("find refunds that are only here", matchRefundsHere, r.ID, r.StoreID, r.Gateway, from, before); err != nil {
				return err
			}
		}
	}
	if err := run("close what an earlier file did not have", matchFound, r.ID, r.StoreID, r.Gateway); err != nil {
		return err
	}
	return r.finish(ctx, conn, seen)
}

// together are the orders that are only compared with all their rows: those that may have several, and those of
// which money went back or only a part was drawn.
func (r *Reconciliation) together(ctx context.Context, conn *pgx.Conn, seen *fileSeen) ([]int64, error) {
	rows, err := conn.Query(ctx, matchReturned, r.StoreID, r.Gateway)
	if err != nil {
		return nil, fmt.Errorf("find orders with refunds: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("find orders with refunds: %w", err)
	}
	return slices.AppendSeq(list, maps.Keys(seen.again)), nil
}

// period is the moments from which and before which an order of the period was placed: whole days in the
// zone that was chosen, as the order list has them. Without a date in the file there is none.
func (r *Reconciliation) period(first, last time.Time) (from, before time.Time) {
	store := Store{TimeZone: r.Zone}
	zone := store.Zone()
	r.DayFrom, r.DayTo = r.AskedFrom, r.AskedTo
	if r.DayFrom == "" && !first.IsZero() {
		r.DayFrom = first.In(zone).Format(time.DateOnly)
	}
	if r.DayTo == "" && !last.IsZero() {
		r.DayTo = last.In(zone).Format(time.DateOnly)
	}
	if r.DayFrom == "" || r.DayTo == "" {
		return time.Time{}, time.Time{}
	}
	return DayRange{From: r.DayFrom, To: r.DayTo}.Bounds(zone)
}

// finish counts the differences and closes the reconciliation. What does not differ agrees.
func (r *Reconciliation) finish(ctx context.Context, conn *pgx.Conn, seen *fileSeen) error {
	rows, err := conn.Query(ctx, `SELECT class, count(*), count(*) FILTER (WHERE kind <> 'here') FROM reconciliation_rows_all
		WHERE reconciliation_id = $1 AND state <> 'clean' GROUP BY class`, r.ID)
	if err != nil {
		return fmt.Errorf("count the rows: %w", err)
	}
	r.Counts, r.Sums = map[string]int64{}, []ReconciliationSum{}
	var class string
	var n, inFile int64
	agree := seen.rows - seen.others
	if seen.others > 0 {
		r.Counts[string(RowOther)] = seen.others
	}
	_, err = pgx.ForEachRow(rows, []any{&class, &n, &inFile}, func() error {
		r.Counts[class] = n
		agree -= inFile
		return nil
	})
	if err != nil {
		return fmt.Errorf("count the rows: %w", err)
	}
	if agree > 0 {
		r.Counts[string(RowAgree)] = agree
	}
	for _, currency := range slices.Sorted(maps.Keys(seen.sums)) {
		r.Sums = append(r.Sums, *seen.sums[currency])
	}
	counts, err := json.Marshal(r.Counts)
	if err != nil {
		return fmt.Errorf("write the counts: %w", err)
	}
	sums, err := json.Marshal(r.Sums)
	if err != nil {
		return fmt.Errorf("write the sums: %w", err)
	}
	return fenced(ctx, conn, r, `state = 'done', stage = '', counts = $3, sums = $4, day_from = $5, day_to = $6, finished_at = now(), lease_until = NULL, next_at = NULL`,
		string(counts), string(sums), r.DayFrom, r.DayTo)
}
