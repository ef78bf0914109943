package models

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// eraseElsewhere takes a person out of everything that does not hang on their orders: files, messages of no order, what
// staff searched for, the audit log.
func (db *DB) eraseElsewhere(ctx context.Context, r *PrivacyRequest, t *task, marks [][]byte) error {
	if err := db.eraseFiles(ctx, r, t.Orders, tracesOf(t.Words), marks); err != nil {
		return err
	}
	if err := db.eraseMessages(ctx, r, t); err != nil {
		return err
	}
	return db.eraseRecords(ctx, r, t)
}

// sureTraces are the words that name one person only: e-mail addresses and phone numbers. Names are shared.
func sureTraces(list []string) traces {
	return tracesOf(slices.DeleteFunc(slices.Clone(list), func(word string) bool { return !looksLikePhone(word) && !strings.Contains(word, "@") }))
}

// step does a part of erasing in a transaction of its own, which counts what it changed under a name.
func (db *DB) step(ctx context.Context, r *PrivacyRequest, name string, do func(conn *pgx.Conn) (int64, error)) error {
	return db.Tx(ctx, func(tx *DB) error {
		var n int64
		err := tx.raw(func(conn *pgx.Conn) (err error) {
			if err = planBlind(ctx, conn); err == nil {
				n, err = do(conn)
			}
			return err
		})
		if err != nil || n == 0 || name == "" {
			return err
		}
		return tx.addCounts(ctx, r, map[string]int64{name: n})
	})
}

// planBlind has the statements of a transaction planned without their values. To weigh a pattern of a hundred people's
// names against what it knows of a column takes the planner minutes, and no plan is the better for it.
func planBlind(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, "SET LOCAL plan_cache_mode = force_generic_plan"); err != nil {
		return fmt.Errorf("plan without values: %w", err)
	}
	return nil
}

// eraseMessage leaves of a message that it came, and the hash of what came.
const eraseMessage = "UPDATE webhooks SET erased_at = clock_timestamp(), body = privacy_note(), headers = '{}', effect = privacy_text(effect)"

// eraseMessages erases messages as a whole that name a person and belong to no order of theirs. The hash of what came
// or was sent stays.
func (db *DB) eraseMessages(ctx context.Context, r *PrivacyRequest, t *task) error {
	sure := sureTraces(t.Words)
	if sure.none() {
		return nil
	}
	for _, s := range []struct{ name, sql string }{
		{"webhooks", eraseMessage + ` WHERE erased_at IS NULL AND order_id IS NULL AND state NOT IN ('received', 'parked') AND store_id = ANY ($5)
				AND (` + sure.in("encode(body, 'escape')", 1) + " OR " + sure.in("headers::text", 1) + ")"},
		{"emails", `UPDATE emails SET erased_at = clock_timestamp(), raw_sha256 = sha256(raw), raw = privacy_note(), subject = 'Erased', html_body = '', text_body = '', answer = '',
				recipient = CASE WHEN audience = 'self' THEN recipient ELSE 'erased' END
			WHERE erased_at IS NULL AND raw IS NOT NULL AND state <> 'sending' AND store_id = ANY ($5)
				AND (` + sure.in("concat_ws(' ', recipient, subject, text_body, html_body)", 1) + " OR " + sure.in("encode(raw, 'escape')", 1) + ")"},
		{"", `UPDATE operations SET before = privacy_scrub(before) WHERE before IS NOT NULL AND store_id = ANY ($5) AND ` + sure.in("before::text", 1)},
	} {
		err := db.step(ctx, r, s.name, func(conn *pgx.Conn) (int64, error) {
			tag, err := conn.Exec(ctx, s.sql, append(sure.args(), append([]int64{0}, r.Stores...))...)
			return tag.RowsAffected(), err //nolint:wrapcheck // below
		})
		if err != nil {
			return fmt.Errorf("erase messages of no order: %w", err)
		}
	}
	return nil
}

// eraseRecords goes through every table that the catalog knows. In records of other people's orders only e-mail
// addresses and phone numbers tell that somebody is meant.
func (db *DB) eraseRecords(ctx context.Context, r *PrivacyRequest, t *task) error {
	// A record of no order that has an address of the person is about the person: what else may mean them goes with it.
	sure, all, about := sureTraces(t.Words), tracesOf(t.Words), tracesOf(append(slices.Clone(t.Words), t.Hints...))
	stores := append([]int64{0}, r.Stores...)
	var list []spot
	err := db.step(ctx, r, "", func(conn *pgx.Conn) (_ int64, err error) {
		list, err = spots(ctx, conn)
		return 0, err
	})
	if err != nil {
		return err
	}
	for _, p := range list {
		err := db.step(ctx, r, "records", func(conn *pgx.Conn) (n int64, err error) {
			where, args := p.of(stores, 7)
			if p.hangs {
				return p.clean(ctx, conn, sure, all, where, args...)
			}
			if n, err = p.clean(ctx, conn, sure, about, where, args...); err != nil {
				return n, err
			}
			more, err := p.clean(ctx, conn, all, all, where, args...)
			return n + more, err
		})
		if err != nil {
			return err
		}
	}
	return db.step(ctx, r, "audit", func(conn *pgx.Conn) (int64, error) {
		return redact(ctx, conn, sure, all, "chain = ANY ($9)", stores)
	})
}

// of has the rows of a place that are of some stores, as an argument numbered n; of a place that is of none, all.
func (p spot) of(stores []int64, n int) (where string, args []any) {
	if !p.stores {
		return "true", nil
	}
	return fmt.Sprintf("store_id = ANY ($%d)", n) + p.fixed(), []any{stores}
}

// redact takes words out of old rows of the audit log, where where holds. The log says of each that this was done, and
// stays whole. Numbers of args in where begin with $9.
func redact(ctx context.Context, conn *pgx.Conn, sure, all traces, where string, args ...any) (int64, error) {
	if all.none() {
		return 0, nil
	}
	if _, err := conn.Exec(ctx, "SELECT set_config('kartify.redact', 'on', true)"); err != nil {
		return 0, fmt.Errorf("open the audit log: %w", err)
	}
	tag, err := conn.Exec(ctx, `UPDATE audit_log SET object = regexp_replace(regexp_replace(object, $1, 'erased', 'gi'), $2, '0', 'gi'),
			details = regexp_replace(regexp_replace(details::text, $1, 'erased', 'gi'), $2, '0', 'gi')::jsonb
		WHERE `+where+" AND ("+sure.in("details::text", 5)+" OR "+sure.in("object", 5)+`
			OR action IN ('payments.downloaded', 'export.started') AND `+all.in("details::text", 1)+")", slices.Concat(all.args(), sure.args(), args)...)
	if err != nil {
		return 0, fmt.Errorf("take the person out of the audit log: %w", err)
	}
	if _, err := conn.Exec(ctx, "SELECT set_config('kartify.redact', '', true)"); err != nil {
		return 0, fmt.Errorf("close the audit log: %w", err)
	}
	return tag.RowsAffected(), nil
}

// eraseFiles deletes the files that a person may be in: exports that are kept for a day, what gateways listed for
// reconciliations, and data that was gathered for the person.
func (db *DB) eraseFiles(ctx context.Context, r *PrivacyRequest, orders []int64, named traces, marks [][]byte) error {
	shop, own := r.Kind == PrivacyShop, append([]int64{}, orders...)
	err := db.Tx(ctx, func(tx *DB) error {
		counts := map[string]int64{}
		err := tx.raw(func(conn *pgx.Conn) error {
			if err := planBlind(ctx, conn); err != nil {
				return err
			}
			for _, s := range []struct {
				name, sql string
				args      []any
			}{
				{"exports", `UPDATE exports SET state = 'removed', finished_at = coalesce(finished_at, now()), lease_until = NULL, next_at = NULL
					WHERE stores && $1 AND NOT streamed AND state IN ('running', 'done') AND $2`, []any{r.Stores, shop || len(own) > 0}},
				{"", "DELETE FROM export_pieces p USING exports e WHERE e.id = p.export_id AND e.state = 'removed' AND e.stores && $1", []any{r.Stores}},
				{"files", "DELETE FROM privacy_files f USING privacy_requests q WHERE q.id = f.request_id AND q.stores && $1 AND ($2 OR q.marks && $3::bytea[])", []any{r.Stores, shop, marks}},
				{
					"reconciliations", `UPDATE reconciliations c SET erased_at = now() WHERE erased_at IS NULL AND state IN ('done', 'failed') AND store_id = ANY ($1)
					AND ($2 OR EXISTS (SELECT 1 FROM reconciliation_rows x WHERE x.reconciliation_id = c.id AND x.order_id = ANY ($3))
						OR EXISTS (SELECT 1 FROM reconciliation_pieces x WHERE x.reconciliation_id = c.id AND ` + named.in("encode(data, 'escape')", 4) + "))",
					append([]any{r.Stores, shop, own}, named.args()...),
				},
				{"", "DELETE FROM reconciliation_pieces p USING reconciliations c WHERE c.id = p.reconciliation_id AND c.erased_at IS NOT NULL AND c.store_id = ANY ($1)", []any{r.Stores}},
			} {
				tag, err := conn.Exec(ctx, s.sql, s.args...)
				if err != nil {
					return err //nolint:wrapcheck // below
				}
				if s.name != "" && tag.RowsAffected() > 0 {
					counts[s.name] = tag.RowsAffected()
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		return tx.addCounts(ctx, r, counts)
	})
	if err != nil {
		return fmt.Errorf("delete the files that the person may be in: %w", err)
	}
	return nil
}

// nothingLeft says what a wish has to wait for: what is on its way at this moment is erased when it has arrived.
func (db *DB) nothingLeft(ctx context.Context, stores []int64) error {
	var mails, comparing int
	err := db.pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM emails WHERE state = 'sending' AND erased_at IS NULL AND store_id = ANY ($1) AND order_id IN (SELECT order_id FROM erased_orders)),
		(SELECT count(*) FROM reconciliations WHERE store_id = ANY ($1) AND state IN ('queued', 'running'))`, stores).Scan(&mails, &comparing)
	switch {
	case err != nil:
		return fmt.Errorf("look for what is on its way: %w", err)
	case mails > 0:
		return &postponed{"An e-mail is being handed to the mail server at this moment; what it says is erased afterwards."}
	case comparing > 0:
		return &postponed{"A reconciliation is being compared; its file is gone through afterwards."}
	}
	return nil
}
