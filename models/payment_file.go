package models

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// PaymentFileRow is a payment as the registry file has it. Everything after the row itself is for the extended
// file, and is not read for the plain one.
type PaymentFileRow struct {
	PaymentRow
	OrderRef       string
	PartnerOrderID string
	PayerPhone     string
	CardNetwork    string
	Fiscal         map[string]string
	Refunds        string // the provider's ids of its refunds
}

const paymentFileRow = paymentRow + `, p.order_ref, coalesce(o.partner_order_id, ''), o.customer_phone, p.card_network, p.fiscal,
	coalesce((SELECT string_agg(t.ref, ' ' ORDER BY t.id) FROM operations t WHERE t.payment_id = p.id AND t.kind = 'refund' AND t.ref <> ''), '')`

// EachPayment hands every payment of a filter to do, newest first, all as of one moment. A row is good until do
// returns. What was found by a search is what the list has.
func (db *DB) EachPayment(ctx context.Context, f PaymentFilter, choices *PaymentChoices, extended bool, do func(*PaymentFileRow) error) error {
	f = f.FirstPage()
	by, err := db.searchPayments(ctx, f, choices)
	if err != nil {
		return err
	}
	by.edge = place{} // a file goes to the end
	columns := paymentRow
	if extended {
		columns = paymentFileRow
	}
	sql, args := f.listSQL(choices, by, columns, 0)
	err = pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, sql, planned(args)...)
		if err != nil {
			return err //nolint:wrapcheck // wrapped below
		}
		defer rows.Close()
		for rows.Next() {
			row, err := scanPaymentFile(rows, extended)
			if err != nil {
				return err
			}
			if err := do(row); err != nil {
				return err
			}
		}
		return rows.Err() //nolint:wrapcheck // wrapped below
	})
	if err != nil {
		return fmt.Errorf("read the registry of payments: %w", err)
	}
	return nil
}

func scanPaymentFile(rows pgx.Rows, extended bool) (*PaymentFileRow, error) {
	var r PaymentFileRow
	var fiscal []byte
	into := []any{
		&r.ID, &r.OrderID, &r.StoreID, &r.Gateway, &r.Mode, &r.Ref, &r.Status, &r.ProviderStatus, &r.System, &r.Method,
		&r.Currency, &r.AmountMinor, &r.CapturedMinor, &r.RefundedMinor, &r.Payer, &r.PayerEmail, &r.CardFirst6, &r.CardLast4, &r.RRN,
		&r.CreatedAt, &r.ObtainedAt, &r.SuccessAt, &r.RefundingSince, &r.CaptureBefore, &r.WaitsFor,
	}
	if extended {
		into = append(into, &r.OrderRef, &r.PartnerOrderID, &r.PayerPhone, &r.CardNetwork, &fiscal, &r.Refunds)
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err //nolint:wrapcheck // wrapped by the caller
	}
	if extended {
		if err := json.Unmarshal(fiscal, &r.Fiscal); err != nil {
			return nil, fmt.Errorf("read the receipt of payment %d: %w", r.ID, err)
		}
	}
	return &r, nil
}

// NotePaymentFile writes into the audit log that somebody took the registry of payments away, and which part.
func (db *DB) NotePaymentFile(ctx context.Context, by Actor, f PaymentFilter, extended bool) error {
	q := f.Query()
	if q.Has("q") {
		q.Set("q", "(words)") // they may name a customer
	}
	err := db.Tx(ctx, func(tx *DB) error {
		return tx.audit(ctx, f.Store, by, "payments.downloaded", "payments", nil, map[string]any{"query": q.Encode(), "extended": extended})
	})
	if err != nil {
		return fmt.Errorf("note the download of the registry: %w", err)
	}
	return nil
}
