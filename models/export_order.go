package models

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
)

// ExportedOrder is an order as a file has it. Its texts are the bytes the database sent: they are good
// until the next order and nobody else's to keep. Money is minor units of Currency.
type ExportedOrder struct {
	ID, StoreID                             int64
	PartnerOrderID, AffiliateOrderID, GID   []byte
	CustomerName, Company, CustomerEmail    []byte
	CustomerPhone                           []byte
	Status, StatusReason, LastEvent         []byte
	PaymentMethod, Gateway, Currency        []byte
	ShippingAddress                         []byte // its lines
	TotalMinor                              int64
	DateAdded, DateModified                 time.Time
	PaymentRefs, PaymentOrderRefs, BankRefs []byte // of all its payments, the first one first, with " | " between
	PaymentStatuses                         []byte // likewise; of a payment in another currency, "success in EUR"
	CapturedMinor, RefundedMinor            int64  // of the payments in the order's currency
	Reconciled                              Standing
}

// exportedOrder are the columns of an ExportedOrder, in the order of read.
const exportedOrder = `o.id, o.store_id, o.partner_order_id, o.affiliate_order_id, o.gid,
	o.customer_name, o.company, o.customer_email, o.customer_phone, o.status, o.status_reason, o.last_event,
	o.payment_method, o.gateway, o.currency::text,
	concat_ws(E'\n', nullif(o.shipping_address->>'name', ''), nullif(o.shipping_address->>'company', ''),
		nullif(o.shipping_address->>'line1', ''), nullif(o.shipping_address->>'line2', ''), nullif(o.shipping_address->>'landmark', ''),
		nullif(concat_ws(' ', o.shipping_address->>'postcode', o.shipping_address->>'city'), ''),
		nullif(o.shipping_address->>'state', ''), nullif(o.shipping_address->>'country', '')),
	o.total_minor, o.date_added, o.date_modified, p.refs, p.order_refs, p.bank_refs, p.statuses, p.captured, p.refunded`

// exportedPayments are the payments of each order as one row.
const exportedPayments = ` LEFT JOIN LATERAL (
	SELECT string_agg(p.ref, ' | ') AS refs, string_agg(nullif(p.order_ref, ''), ' | ') AS order_refs, string_agg(nullif(p.rrn, ''), ' | ') AS bank_refs,
		string_agg(CASE WHEN p.currency = o.currency THEN p.status ELSE p.status || ' in ' || p.currency END, ' | ') AS statuses,
		coalesce(sum(p.captured_minor) FILTER (WHERE p.currency = o.currency), 0)::bigint AS captured,
		coalesce(sum(p.refunded_minor) FILTER (WHERE p.currency = o.currency), 0)::bigint AS refunded
	FROM (SELECT * FROM payments WHERE order_id = o.id ORDER BY id) p) p ON true`

// read takes a row as the database sends it in binary.
func (o *ExportedOrder) read(row [][]byte) {
	o.ID, o.StoreID = binaryInt(row[0]), binaryInt(row[1])
	o.PartnerOrderID, o.AffiliateOrderID, o.GID = row[2], row[3], row[4]
	o.CustomerName, o.Company, o.CustomerEmail, o.CustomerPhone = row[5], row[6], row[7], row[8]
	o.Status, o.StatusReason, o.LastEvent = row[9], row[10], row[11]
	o.PaymentMethod, o.Gateway, o.Currency, o.ShippingAddress = row[12], row[13], row[14], row[15]
	o.TotalMinor, o.DateAdded, o.DateModified = binaryInt(row[16]), binaryTime(row[17]), binaryTime(row[18])
	o.PaymentRefs, o.PaymentOrderRefs, o.BankRefs, o.PaymentStatuses = row[19], row[20], row[21], row[22]
	o.CapturedMinor, o.RefundedMinor = binaryInt(row[23]), binaryInt(row[24])
}

// binaryInt is a bigint as PostgreSQL sends it in binary; null is 0.
func binaryInt(value []byte) int64 {
	if len(value) != 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(value))
}

// microEpoch is where PostgreSQL's timestamps begin, 2000-01-01, in microseconds of Unix time.
const microEpoch = 946_684_800_000_000

// binaryTime is a timestamptz as PostgreSQL sends it in binary: microseconds.
func binaryTime(value []byte) time.Time {
	if len(value) != 8 {
		return time.Time{}
	}
	return time.UnixMicro(binaryInt(value) + microEpoch).UTC()
}

// exportSQL is the statement whose rows an export of the filter holds, and its arguments. The count of
// those rows is the other one's. by is what a search by words came to.
func (f OrderFilter) exportSQL(choices *OrderChoices, by found) (rows, count string, args []any) {
	f = f.FirstPage()
	c := &clauses{}
	f.scope(c, choices)
	if by.walk {
		scopeWords(c, "s.txt", f) // all of them: however they are best looked for
	} else {
		by.scope(c, f)
	}
	from := f.from(by)
	rows = "SELECT " + exportedOrder + " FROM " + from + exportedPayments + " WHERE " + c.sql() + f.order(f.key(by))
	return rows, "SELECT count(*), coalesce(pg_last_xact_replay_timestamp(), now()) FROM " + from + " WHERE " + c.sql(), c.args
}

// exportSearch looks for the words of a filter. A key (an order id, an e-mail, a phone, a reference) is
// looked up as the list does; words are left to the statement itself, which finds every order with them.
func (db *DB) exportSearch(ctx context.Context, f OrderFilter, choices *OrderChoices) (found, error) {
	if f.Q != "" && !f.Parts {
		ids, err := db.ordersByKey(ctx, f, choices)
		if err != nil {
			return found{}, err
		}
		if len(ids) >= maxFound {
			return found{}, problemf("%d orders or more have “%s” as their key. Search for it as Customer instead, or narrow the dates.", maxFound, short(f.Q))
		}
		if len(ids) > 0 {
			return found{ids: ids, known: true, exact: true}, nil
		}
	}
	return found{walk: f.Q != "" || f.Customer != ""}, nil
}

// ExportTally is how many orders an export would hold, counted to the last, and how many missing orders
// match besides and would be left out.
func (db *DB) ExportTally(ctx context.Context, f OrderFilter, choices *OrderChoices) (*OrderTally, error) {
	limited, cancel := context.WithTimeout(ctx, orderPatience)
	defer cancel()
	by, err := db.exportSearch(limited, f, choices)
	if err != nil {
		return nil, slow(ctx, err)
	}
	counted := func(f OrderFilter) (n int, err error) {
		_, sql, args := f.exportSQL(choices, by)
		var at time.Time
		if err = db.pool.QueryRow(limited, sql, planned(args)...).Scan(&n, &at); err != nil {
			return 0, slow(ctx, fmt.Errorf("count the orders of an export: %w", err))
		}
		return n, nil
	}
	tally := &OrderTally{}
	if tally.Total, err = counted(f); err != nil {
		return nil, err
	}
	if f.hidesMissing() {
		tally.Missing, err = counted(f.OnlyMissing())
	}
	return tally, err
}

// eachOrder reads the rows of a statement one after the other. Nothing is kept, whatever their number.
func eachOrder(ctx context.Context, tx pgx.Tx, sql string, args []any, do func(*ExportedOrder) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	rows, err := tx.Query(ctx, sql, planned(args)...)
	if err != nil {
		return fmt.Errorf("read orders: %w", err)
	}
	defer rows.Close()
	for _, i := range []int{0, 1, 16, 17, 18, 23, 24} {
		if fields := rows.FieldDescriptions(); len(fields) != 25 || fields[i].Format != pgx.BinaryFormatCode {
			return fmt.Errorf("read orders: column %d of %d did not come in binary", i, len(fields))
		}
	}
	var order ExportedOrder
	for rows.Next() {
		order.read(rows.RawValues())
		if err := do(&order); err != nil {
			cancel() // or closing the rows would read what is left of them
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read orders: %w", err)
	}
	return nil
}

// ExportStatement is the statement whose rows an export of a list's query holds, with its arguments, as
// the person with this id would get it: for those who want to know what reading it costs.
func (db *DB) ExportStatement(ctx context.Context, user int64, query url.Values) (sql string, args []any, err error) {
	choices, err := db.OrderChoices(ctx, user)
	if err != nil {
		return "", nil, err
	}
	f, err := readExportFilter(query, choices)
	if err != nil {
		return "", nil, err
	}
	by, err := db.exportSearch(ctx, f, choices)
	if err != nil {
		return "", nil, err
	}
	sql, _, args = f.exportSQL(choices, by)
	return sql, args, nil
}
