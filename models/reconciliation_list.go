package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const reconciliationColumns = `id, store_id, gateway, mode, source, fetched_to, fetched_rows, format, mapping_id, mapping, file_name, bytes, sha256, encoding, days, zone, day_from, day_to, asked_from, asked_to, state, stage,
	attempt, read_rows, read_bytes, problem, problem_row, counts, sums, user_id, user_name, created_at, finished_at, erased_at`

func scanReconciliation(row pgx.CollectableRow) (*Reconciliation, error) {
	var r Reconciliation
	var mapping, counts, sums []byte
	err := row.Scan(&r.ID, &r.StoreID, &r.Gateway, &r.Mode, &r.Source, &r.FetchedTo, &r.FetchedRows, &r.Format, &r.MappingID, &mapping, &r.FileName, &r.Bytes, &r.SHA256, &r.Encoding, &r.Days, &r.Zone, &r.DayFrom, &r.DayTo,
		&r.AskedFrom, &r.AskedTo, &r.State, &r.Stage, &r.Attempt, &r.ReadRows, &r.ReadBytes, &r.Problem, &r.ProblemRow, &counts, &sums, &r.UserID, &r.UserName, &r.CreatedAt, &r.FinishedAt, &r.ErasedAt)
	if err != nil {
		return nil, err //nolint:wrapcheck // told by the callers
	}
	return &r, errors.Join(readJSON(mapping, &r.Mapping), readJSON(counts, &r.Counts), readJSON(sums, &r.Sums))
}

// mine keeps a query of a table to the stores of ctx, with two arguments from $n on.
func mine(ctx context.Context, table string, n int) (string, []any) {
	scope := ScopeOf(ctx)
	return fmt.Sprintf("($%d OR %sstore_id = ANY ($%d))", n, table, n+1), []any{scope.All, slices.Concat([]int64{}, scope.Stores)}
}

// MostReconciliations is how many a page of them has.
const MostReconciliations = 50

// Reconciliations are the newest of the stores of ctx, from before the one with this id; more says whether
// there are others behind them.
func (db *DB) Reconciliations(ctx context.Context, before int64) (list []*Reconciliation, more bool, err error) {
	where, args := mine(ctx, "", 3)
	rows, err := db.pool.Query(ctx, "SELECT "+reconciliationColumns+" FROM reconciliations WHERE ($1 = 0 OR id < $1) AND "+where+" ORDER BY id DESC LIMIT $2",
		append([]any{before, MostReconciliations + 1}, args...)...)
	if err != nil {
		return nil, false, fmt.Errorf("list reconciliations: %w", err)
	}
	if list, err = pgx.CollectRows(rows, scanReconciliation); err != nil {
		return nil, false, fmt.Errorf("list reconciliations: %w", err)
	}
	for _, r := range list {
		r.GatewayName = db.drivers[r.Gateway].Name
	}
	if more = len(list) > MostReconciliations; more {
		list = list[:MostReconciliations]
	}
	return list, more, db.countLeft(ctx, list)
}

// Reconciliation is one within the scope.
func (db *DB) Reconciliation(ctx context.Context, id int64) (*Reconciliation, error) {
	where, args := mine(ctx, "", 2)
	rows, err := db.pool.Query(ctx, "SELECT "+reconciliationColumns+" FROM reconciliations WHERE id = $1 AND "+where, append([]any{id}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("read reconciliation %d: %w", id, err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, scanReconciliation)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read reconciliation %d: %w", id, err)
	}
	r.GatewayName = db.drivers[r.Gateway].Name
	return r, db.countLeft(ctx, []*Reconciliation{r})
}

// RowFilter is what a person asks of the rows of a reconciliation. The zero one is every difference.
type RowFilter struct {
	Class  RowClass // "" for all that differ
	State  string   // open, resolved, or "" for both
	Owner  int64    // whose; 0 for anybody's
	Q      string   // an order, or an id at the gateway
	After  int64    // from behind this row
	Before int64    // up to this row
	Rows   []int64  // only these
	Limit  int
}

// where is the filter as SQL, of rows called d, with its arguments.
func (f RowFilter) where(r *Reconciliation) (string, []any) {
	args := []any{r.ID}
	arg := func(value any) string {
		args = append(args, value)
		return fmt.Sprintf("$%d", len(args))
	}
	where := []string{"d.reconciliation_id = $1"}
	switch f.Class {
	case "":
		where = append(where, "d.state <> 'clean'")
	case RowAgree, RowOther:
		where = append(where, "d.class = "+arg(string(f.Class)))
	default:
		where = append(where, "d.state <> 'clean'", "d.class = "+arg(string(f.Class)))
	}
	if f.State == "open" || f.State == "resolved" {
		where = append(where, "d.state = "+arg(f.State))
	}
	if f.Owner != 0 {
		where = append(where, "d.owner_id = "+arg(f.Owner))
	}
	if len(f.Rows) > 0 {
		where = append(where, "d.row = ANY ("+arg(f.Rows)+")")
	}
	if q := strings.TrimSpace(f.Q); q != "" {
		a := arg(q)
		where = append(where, "(d.order_text = "+a+" OR d.ref = "+a+" OR d.line_ref = "+a+" OR d.order_id::text = "+a+" OR d.row::text = "+a+")")
	}
	return strings.Join(where, " AND "), args
}

// ReconciliationRows is a page of the rows of a reconciliation that is done, in the order of the file. before
// and after say whether there are others on either side.
func (db *DB) ReconciliationRows(ctx context.Context, r *Reconciliation, f RowFilter) (list []*ReconciliationRow, before, after bool, err error) {
	if r.State != ReconciliationDone {
		return nil, false, false, nil
	}
	limit := min(max(f.Limit, 10), 500)
	where, args := f.where(r)
	direction, beyond := "", ""
	switch {
	case f.Before > 0:
		args = append(args, f.Before)
		direction, beyond = " DESC", fmt.Sprintf(" AND d.row < $%d", len(args))
	case f.After > 0:
		args = append(args, f.After)
		beyond = fmt.Sprintf(" AND d.row > $%d", len(args))
	}
	args = append(args, limit+1)
	list, err = db.rowsOf(ctx, r, where+beyond+fmt.Sprintf(" ORDER BY d.row%s LIMIT $%d", direction, len(args)), args)
	if err != nil {
		return nil, false, false, err
	}
	more := len(list) > limit
	list = list[:min(len(list), limit)]
	if f.Before > 0 {
		slices.Reverse(list)
		return list, more, true, nil
	}
	return list, f.After > 0, more, nil
}

const rowColumns = `d.reconciliation_id, d.row, d.store_id, d.kind, d.order_text, d.order_id, d.payment_id, d.ref, d.line_ref, d.word, d.there, d.currency, d.amount_minor, d.refunded_minor,
	d.fee_minor, d.tax_minor, d.at, d.problem, d.class, d.here_status, d.here_currency, d.here_minor, d.here_refunded_minor, d.there_minor, d.there_refunded_minor, d.state, d.opened_at,
	d.owner_id, d.owner_name, d.action, d.comment, d.resolved_by, d.resolved_at, coalesce(o.status, ''), coalesce(o.customer_name, ''), coalesce(o.partner_order_id, '')`

func (row *ReconciliationRow) fields() []any {
	return []any{
		&row.ReconciliationID, &row.Row, &row.StoreID, &row.Kind, &row.OrderText, &row.OrderID, &row.PaymentID, &row.Ref, &row.LineRef, &row.Word, &row.There, &row.Currency, &row.AmountMinor,
		&row.RefundedMinor, &row.FeeMinor, &row.TaxMinor, &row.At, &row.Problem, &row.Class, &row.HereStatus, &row.HereCurrency, &row.HereMinor, &row.HereRefundedMinor, &row.ThereMinor,
		&row.ThereRefundedMinor, &row.State, &row.OpenedAt, &row.OwnerID, &row.OwnerName, &row.Action, &row.Comment, &row.ResolvedBy, &row.ResolvedAt, &row.Status, &row.Customer, &row.PartnerOrderID,
	}
}

const rowsFrom = " FROM reconciliation_rows d LEFT JOIN orders o ON o.id = d.order_id AND o.store_id = d.store_id WHERE "

func (db *DB) rowsOf(ctx context.Context, r *Reconciliation, where string, args []any) ([]*ReconciliationRow, error) {
	rows, err := db.pool.Query(ctx, "SELECT "+rowColumns+rowsFrom+where, args...)
	if err != nil {
		return nil, fmt.Errorf("list the rows of reconciliation %d: %w", r.ID, err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*ReconciliationRow, error) {
		var one ReconciliationRow
		return &one, row.Scan(one.fields()...)
	})
	if err != nil {
		return nil, fmt.Errorf("list the rows of reconciliation %d: %w", r.ID, err)
	}
	return list, nil
}

// EachReconciliationRow hands every row that fits to visit, in the order of the file.
func (db *DB) EachReconciliationRow(ctx context.Context, r *Reconciliation, f RowFilter, visit func(*ReconciliationRow) error) error {
	where, args := f.where(r)
	rows, err := db.pool.Query(ctx, "SELECT "+rowColumns+rowsFrom+where+" ORDER BY d.row", args...)
	if err != nil {
		return fmt.Errorf("read the rows of reconciliation %d: %w", r.ID, err)
	}
	var row ReconciliationRow
	if _, err := pgx.ForEachRow(rows, row.fields(), func() error { return visit(&row) }); err != nil {
		return fmt.Errorf("read the rows of reconciliation %d: %w", r.ID, err)
	}
	return nil
}

// RowTally is how many rows of one class are open and how many are resolved.
type RowTally struct{ Open, Resolved int64 }

// TallyRows counts the differences of a reconciliation by class.
func (db *DB) TallyRows(ctx context.Context, r *Reconciliation) (map[RowClass]RowTally, error) {
	rows, err := db.pool.Query(ctx, `SELECT class, count(*) FILTER (WHERE state = 'open'), count(*) FILTER (WHERE state = 'resolved')
		FROM reconciliation_rows WHERE reconciliation_id = $1 AND state <> 'clean' GROUP BY class`, r.ID)
	if err != nil {
		return nil, fmt.Errorf("count the differences of reconciliation %d: %w", r.ID, err)
	}
	tally := map[RowClass]RowTally{}
	var class RowClass
	var t RowTally
	if _, err := pgx.ForEachRow(rows, []any{&class, &t.Open, &t.Resolved}, func() error { tally[class] = t; return nil }); err != nil {
		return nil, fmt.Errorf("count the differences of reconciliation %d: %w", r.ID, err)
	}
	return tally, nil
}

// CountRows is how many open differences fit a filter.
func (db *DB) CountRows(ctx context.Context, r *Reconciliation, f RowFilter) (n int64, err error) {
	f.State = "open"
	where, args := f.where(r)
	if err := db.pool.QueryRow(ctx, "SELECT count(*) FROM reconciliation_rows d WHERE "+where, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("count the rows of reconciliation %d: %w", r.ID, err)
	}
	return n, nil
}

// ExceptionQueue is what differs in any reconciliation of the stores of ctx and is open, the oldest first.
func (db *DB) ExceptionQueue(ctx context.Context, owner int64, limit int) ([]*ReconciliationRow, error) {
	where, args := mine(ctx, "d.", 1)
	args = append(args, owner, limit)
	return db.rowsOf(ctx, &Reconciliation{}, where+" AND d.state = 'open' AND ($3 = 0 OR d.owner_id = $3) ORDER BY d.opened_at, d.reconciliation_id, d.row LIMIT $4", args)
}

// ReconciliationMappings are those of the stores of ctx, by name.
func (db *DB) ReconciliationMappings(ctx context.Context) ([]*ReconciliationMapping, error) {
	where, args := mine(ctx, "", 1)
	rows, err := db.pool.Query(ctx, "SELECT id, store_id, name, gateway, columns, zone, currency, paid, refunded FROM reconciliation_mappings WHERE "+where+" ORDER BY name, id", args...)
	if err != nil {
		return nil, fmt.Errorf("list mappings: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*ReconciliationMapping, error) {
		var m ReconciliationMapping
		var columns []byte
		if err := row.Scan(&m.ID, &m.StoreID, &m.Name, &m.Gateway, &columns, &m.Zone, &m.Currency, &m.Paid, &m.Refunded); err != nil {
			return nil, err //nolint:wrapcheck // below
		}
		return &m, readJSON(columns, &m.Columns)
	})
	if err != nil {
		return nil, fmt.Errorf("list mappings: %w", err)
	}
	return list, nil
}

// ReconciliationMapping is one within the scope.
func (db *DB) ReconciliationMapping(ctx context.Context, id int64) (*ReconciliationMapping, error) {
	list, err := db.ReconciliationMappings(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		if m.ID == id {
			return m, nil
		}
	}
	return nil, ErrNotFound
}

// SaveReconciliationMapping keeps a mapping, or changes the one of this name. Reconciliations keep the mapping
// they were made with.
func (db *DB) SaveReconciliationMapping(ctx context.Context, m *ReconciliationMapping, by Actor) error {
	if _, err := db.Store(ctx, m.StoreID); err != nil {
		return FieldProblem("store", "Choose the store whose files these are.")
	}
	if err := m.check(db); err != nil {
		return err
	}
	columns, err := json.Marshal(m.Columns)
	if err != nil {
		return fmt.Errorf("write the columns: %w", err)
	}
	err = db.Tx(ctx, func(tx *DB) error {
		err := tx.raw(func(conn *pgx.Conn) error {
			return conn.QueryRow(ctx, `INSERT INTO reconciliation_mappings (store_id, name, gateway, columns, zone, currency, paid, refunded, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
				ON CONFLICT (store_id, name) DO UPDATE SET gateway = excluded.gateway, columns = excluded.columns, zone = excluded.zone, currency = excluded.currency, paid = excluded.paid,
					refunded = excluded.refunded RETURNING id`,
				m.StoreID, m.Name, m.Gateway, string(columns), m.Zone, m.Currency, m.Paid, m.Refunded, by.UserID).Scan(&m.ID)
		})
		if err != nil {
			return err
		}
		return tx.audit(ctx, m.StoreID, by, "reconciliation.mapping", fmt.Sprintf("mapping %d", m.ID), nil, map[string]any{"gateway": m.Gateway})
	})
	if err != nil {
		return fmt.Errorf("save the mapping %q: %w", m.Name, err)
	}
	return nil
}

func (m *ReconciliationMapping) check(db *DB) error {
	m.Name = clip(strings.TrimSpace(textOf(m.Name)), 100)
	m.Currency = strings.ToUpper(strings.TrimSpace(m.Currency))
	if _, known := db.drivers[m.Gateway]; !known && m.Gateway != "cod" {
		return FieldProblem("gateway", "Choose the gateway whose file it is.")
	}
	if _, err := time.LoadLocation(m.Zone); err != nil || m.Zone == "" {
		return FieldProblem("zone", "Write the time zone as Asia/Kolkata.")
	}
	switch {
	case m.Name == "":
		return FieldProblem("name", "Give the mapping a name.")
	case heading(m.Columns["amount"]) == "":
		return FieldProblem("column_amount", "Name the column with the amount, as its heading in the file has it.")
	case heading(m.Columns["order"])+heading(m.Columns["ref"]) == "":
		return FieldProblem("column_order", "Name the column with the order number, or the one with the payment id.")
	}
	return nil
}

// ReconciliationRow is one row; nil when there is none of this number.
func (db *DB) ReconciliationRow(ctx context.Context, r *Reconciliation, row int64) (*ReconciliationRow, error) {
	if r.State != ReconciliationDone {
		return nil, nil
	}
	list, err := db.rowsOf(ctx, r, "d.reconciliation_id = $1 AND d.row = $2", []any{r.ID, row})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}
