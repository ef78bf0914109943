package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/lang"
)

// ResolveRows does something about every open difference that fits the filter. The number must be the one
// that was shown. The gateway is asked about at most 50 at once.
func (db *DB) ResolveRows(ctx context.Context, res Resolution) (string, error) {
	r, err := db.Reconciliation(ctx, res.ID)
	if err != nil {
		return "", err
	}
	if err := res.check(res.Filter.Class); err != nil {
		return "", err
	}
	res.Filter.State = "open"
	n, err := db.CountRows(ctx, r, res.Filter)
	if err != nil {
		return "", err
	}
	switch {
	case n == 0:
		return "", conflictf("No open difference fits any more.")
	case n != res.Count:
		return "", conflictf("%d differences match by now, and %d were shown. Look at them again.", n, res.Count)
	}
	switch res.Action {
	case ActionAccept, ActionTake, ActionLeave:
		return db.setRows(ctx, r, res, n)
	}
	if n > mostAsked {
		return "", problemf("The gateway is asked about at most %d rows at once, and %d fit. Tick fewer.", mostAsked, n)
	}
	rows, _, _, err := db.ReconciliationRows(ctx, r, RowFilter{Class: res.Filter.Class, State: "open", Owner: res.Filter.Owner, Q: res.Filter.Q, Rows: res.Filter.Rows, Limit: mostAsked})
	if err != nil {
		return "", err
	}
	return db.askRows(ctx, rows, res)
}

// askRows does one after another, and says how many went well and what was said of the others.
func (db *DB) askRows(ctx context.Context, rows []*ReconciliationRow, res Resolution) (string, error) {
	done, left := 0, []string{}
	for _, row := range rows {
		said, err := db.ResolveRow(ctx, res, row.Row)
		var problem *Problem
		switch {
		case errors.As(err, &problem):
			left = append(left, lang.T(ctx, "Row %d: %s", row.Row, problem.In(ctx)))
		case errors.Is(err, ErrForbidden):
			left = append(left, lang.T(ctx, "Row %d: your role does not permit this.", row.Row))
		case err != nil:
			return "", err
		default:
			done++
			_ = said // the row has it
		}
	}
	text := lang.N(ctx, "%[1]d of %[2]d rows were taken up.", "%[1]d of %[2]d rows were taken up.", len(rows), done, len(rows))
	if len(left) > 0 {
		text += " " + strings.Join(left[:min(len(left), 5)], " ")
	}
	if done == 0 {
		return "", problemf("%s", text)
	}
	return text, nil
}

// setRows accepts many differences, or takes or leaves them, by one statement.
func (db *DB) setRows(ctx context.Context, r *Reconciliation, res Resolution, n int64) (string, error) {
	actor := res.User.Actor(res.Address)
	where, args := res.Filter.where(r)
	arg := func(value any) string {
		args = append(args, value)
		return fmt.Sprintf("$%d", len(args))
	}
	set := "owner_id = NULL, owner_name = ''"
	switch res.Action {
	case ActionAccept:
		set = "state = 'resolved', action = 'accept', comment = " + arg(res.Comment) + ", resolved_by = " + arg(actor.Name) + ", resolved_at = now()"
	case ActionTake:
		set = "owner_id = " + arg(res.User.ID) + ", owner_name = " + arg(res.User.Name)
	}
	err := db.Tx(ctx, func(tx *DB) error {
		err := tx.raw(func(conn *pgx.Conn) error {
			sql := "WITH done AS (UPDATE reconciliation_rows d SET " + set + " WHERE " + where + " AND d.state = 'open' RETURNING d.row, d.order_id, d.store_id, d.class)"
			all := args
			if res.Action == ActionAccept {
				all = append(slices.Clone(args), actor.history(), actor.UserID, actor.Name, r.ID, res.Comment)
				k := len(args)
				sql += fmt.Sprintf(`, told AS (INSERT INTO order_history (order_id, store_id, actor, actor_id, actor_name, kind, comment)
					SELECT order_id, store_id, $%d, $%d, $%d, 'note', 'Reconciliation ' || $%d::bigint || ', row ' || row || ' (' || replace(class, '_', ' ') || '): ' || $%d::text FROM done WHERE order_id IS NOT NULL),
					marked AS (UPDATE orders SET date_modified = now(), version = version + 1 WHERE id IN (SELECT order_id FROM done))`, k+1, k+2, k+3, k+4, k+5)
			}
			var touched int64
			if err := conn.QueryRow(ctx, sql+" SELECT count(*) FROM done", all...).Scan(&touched); err != nil {
				return fmt.Errorf("note what was done about %d rows: %w", n, err)
			}
			if touched != n {
				return conflictf("Some of these rows have been resolved in the meantime. Look at them again.")
			}
			return nil
		})
		if err != nil {
			return err
		}
		return tx.audit(ctx, r.StoreID, actor, "reconciliation."+string(res.Action), r.object(), nil, map[string]any{"rows": n, "class": res.Filter.Class})
	})
	if err != nil {
		return "", err
	}
	switch res.Action {
	case ActionAccept:
		return lang.N(ctx, "%d row is resolved.", "%d rows are resolved.", int(n), n), nil
	case ActionTake:
		return lang.N(ctx, "%d row is yours.", "%d rows are yours.", int(n), n), nil
	}
	return lang.N(ctx, "%d row is nobody's.", "%d rows are nobody's.", int(n), n), nil
}
