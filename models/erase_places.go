package models

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// spot is a table in which personal data may stand, as the database's catalog has it: a new table or column is a
// place by itself.
type spot struct {
	table   string
	columns []spotColumn
	hangs   bool // its rows hang on orders
	orders  bool // and name theirs
	stores  bool // it is of stores
}

type spotColumn struct{ name, kind string }

// notPersonal are the tables that never hold a customer: what staff, stores and the program are, what is sealed or
// only a copy that follows by itself, and the audit log, which has a way of its own.
var notPersonal = []string{
	"users", "user_stores", "login_places", "login_links", "login_failures", "sessions", "stores", "gateway_settings", "notification_settings", "api_tokens",
	"fynd_extensions", "fynd_installs", "order_statuses", "chores", "workers", "privacy_requests", "privacy_files", "privacy_keys", "privacy_people",
	"audit_log", "audit_heads", "goose_db_version", "order_search", "payment_search",
}

// ownWay are columns that are erased in a way of their own.
var ownWay = []string{"export_pieces.data", "reconciliation_pieces.data", "operations.before", "emails.recipient", "emails.raw"}

// quiet are names of columns that hold ids, codes, keys and the names of staff.
var quietNames = regexp.MustCompile(`(^|_)(id|ref|gid|key|keys|hash|sha256|digest|mark|status|state|kind|source|event|currency|mode|gateway|verdict|logo|rrn|scopes)$|^(actor|actor_name|requester|maker|user_name|changed_name|created_name|planned_name|owner_name|resolved_by|revoked_by|planned_address|address|zone|time_zone|server|sender|worker)$`)

// spots reads the catalog.
func spots(ctx context.Context, conn *pgx.Conn) ([]spot, error) {
	rows, err := conn.Query(ctx, `
		SELECT c.relname, a.attname, t.typname,
			EXISTS (SELECT 1 FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname = 'order_id' AND NOT o.attisdropped),
			EXISTS (SELECT 1 FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname IN ('operation_id', 'payment_id', 'notification_id', 'session_id') AND NOT o.attisdropped),
			EXISTS (SELECT 1 FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname = 'store_id' AND NOT o.attisdropped)
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
			AND t.typname IN ('text', 'varchar', 'json', 'jsonb', 'bytea', '_text', '_varchar', '_jsonb')
			AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND a.attnum = ANY (i.indkey))
			AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conrelid = c.oid AND a.attnum = ANY (k.conkey)
				AND (k.contype = 'f' OR k.contype = 'c' AND cardinality(k.conkey) = 1 AND pg_get_constraintdef(k.oid) ~ '= ANY|~'))
		ORDER BY c.relname, a.attnum`)
	if err != nil {
		return nil, fmt.Errorf("read which tables there are: %w", err)
	}
	var (
		list                    []spot
		table, column, kind     string
		named, further, ofStore bool
	)
	_, err = pgx.ForEachRow(rows, []any{&table, &column, &kind, &named, &further, &ofStore}, func() error {
		if slices.Contains(notPersonal, table) || slices.Contains(ownWay, table+"."+column) || quietNames.MatchString(column) {
			return nil
		}
		if len(list) == 0 || list[len(list)-1].table != table {
			list = append(list, spot{table: table, hangs: named || further || table == "orders", orders: named, stores: ofStore})
		}
		last := &list[len(list)-1]
		last.columns = append(last.columns, spotColumn{column, kind})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read which tables there are: %w", err)
	}
	return list, nil
}

// text is a column as text to look through.
func (c spotColumn) text() string {
	if c.kind == "bytea" {
		return "encode(" + quoteName(c.name) + ", 'escape')"
	}
	return quoteName(c.name) + "::text"
}

// without is a column without what two patterns match: $1 for texts, $2 for phone numbers. It stays as valid as it was.
func (c spotColumn) without() string {
	clean := "regexp_replace(regexp_replace(" + c.text() + ", $1, 'erased', 'gi'), $2, '0', 'gi')"
	switch {
	case c.kind == "bytea":
		return "decode(" + clean + ", 'escape')"
	case strings.HasPrefix(c.kind, "_"):
		return clean + "::" + c.kind[1:] + "[]"
	}
	return clean + "::" + c.kind
}

func quoteName(name string) string { return pgx.Identifier{name}.Sanitize() }

// never is a pattern that matches nothing.
const never = `(?!)`

func orNever(pattern string) string {
	if pattern == "" {
		return never
	}
	return pattern
}

// clean takes words out of the rows of a place, where where holds and a row has one of those of when. It reports
// how many rows it changed. Numbers of args in where begin with $7.
func (p spot) clean(ctx context.Context, conn *pgx.Conn, when, out traces, where string, args ...any) (int64, error) {
	if when.none() {
		return 0, nil
	}
	sets, has := make([]string, len(p.columns)), make([]string, len(p.columns))
	for i, c := range p.columns {
		sets[i] = quoteName(c.name) + " = " + c.without()
		has[i] = when.in(c.text(), 3)
	}
	sql := "UPDATE " + quoteName(p.table) + " SET " + strings.Join(sets, ", ") + " WHERE " + where + " AND (" + strings.Join(has, " OR ") + ")"
	args = slices.Concat([]any{orNever(out.texts), orNever(out.phones)}, when.args(), args)
	tag, err := conn.Exec(ctx, sql, args...)
	if err != nil {
		return 0, fmt.Errorf("erase in %s: %w", p.table, err)
	}
	return tag.RowsAffected(), nil
}
