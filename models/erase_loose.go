package models

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// eraseLoose takes many customers of a shop out of records that hang on no order: messages, jobs, what staff searched
// for, the audit log. It does to each record what eraseElsewhere does for one person.
func (db *DB) eraseLoose(ctx context.Context, r *PrivacyRequest, t *task) error {
	if len(t.Words) == 0 {
		return nil
	}
	look := newLookout(slices.Concat(t.Words, t.Hints))
	stores := append([]int64{0}, r.Stores...)
	var list []spot
	err := db.step(ctx, r, "webhooks", func(conn *pgx.Conn) (n int64, err error) {
		if list, err = spots(ctx, conn); err != nil {
			return 0, err
		}
		// Those of the shop itself go as a whole in the end.
		messages := spot{table: "webhooks", columns: []spotColumn{{"body", "bytea"}, {"headers", "jsonb"}}}
		err = messages.each(ctx, conn, "0", "erased_at IS NULL AND order_id IS NULL AND state NOT IN ('received', 'parked') AND store_id = 0", nil,
			func(_ int64, texts []string) []string { return t.known(look.in(texts...)).anywhere },
			func(row string, words []string) error {
				sure := sureTraces(words)
				if sure.none() {
					return nil
				}
				tag, err := conn.Exec(ctx, eraseMessage+" WHERE ctid = $5::text::tid AND ("+sure.in("encode(body, 'escape')", 1)+" OR "+sure.in("headers::text", 1)+")", append(sure.args(), row)...)
				n += tag.RowsAffected()
				return err //nolint:wrapcheck // below
			})
		return n, err
	})
	if err != nil {
		return fmt.Errorf("erase messages of no order: %w", err)
	}
	for _, p := range list {
		if p.hangs {
			continue
		}
		if err := db.step(ctx, r, "records", func(conn *pgx.Conn) (int64, error) { return p.loosen(ctx, conn, t, look, stores) }); err != nil {
			return err
		}
	}
	return db.step(ctx, r, "audit", func(conn *pgx.Conn) (int64, error) { return redactLoose(ctx, conn, t, look, stores) })
}

// known divides words that were found into those that name somebody anywhere and those that do beside them.
func (t *task) known(words []string) names {
	var n names
	for _, word := range words {
		if _, anywhere := slices.BinarySearch(t.Words, word); anywhere {
			n.anywhere = append(n.anywhere, word)
		} else {
			n.beside = append(n.beside, word)
		}
	}
	return n
}

// loosen takes the customers out of the rows of a place that hang on no order.
func (p spot) loosen(ctx context.Context, conn *pgx.Conn, t *task, look *lookout, stores []int64) (n int64, err error) {
	where, args := p.of(stores, 1)
	err = p.each(ctx, conn, "0", where, args, func(_ int64, texts []string) []string {
		if words := look.in(texts...); len(t.known(words).anywhere) > 0 {
			return words
		}
		return nil
	}, func(row string, words []string) error {
		// A record that has an address of somebody is about them: what else may mean them goes with it.
		anywhere := t.known(words).anywhere
		changed, err := p.clean(ctx, conn, sureTraces(anywhere), tracesOf(words), "ctid = $7::text::tid", row)
		if err == nil && changed == 0 {
			changed, err = p.clean(ctx, conn, tracesOf(anywhere), tracesOf(anywhere), "ctid = $7::text::tid", row)
		}
		n += changed
		return err
	})
	return n, err
}

// redactLoose takes the customers out of old rows of the audit log.
func redactLoose(ctx context.Context, conn *pgx.Conn, t *task, look *lookout, stores []int64) (n int64, err error) {
	log := spot{table: "audit_log", columns: []spotColumn{{"object", "text"}, {"details", "jsonb"}}}
	err = log.each(ctx, conn, "0", "chain = ANY ($1) AND action NOT IN ('order.erased', 'audit.redacted')", []any{stores},
		func(_ int64, texts []string) []string { return t.known(look.in(texts...)).anywhere },
		func(row string, words []string) error {
			changed, err := redact(ctx, conn, sureTraces(words), tracesOf(words), "ctid = $9::text::tid", row)
			n += changed
			return err
		})
	return n, err
}
