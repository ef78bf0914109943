package models

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/money"
)

// FeeComparison is what the transaction fees of an extension's payments in a gateway's file come to by the terms of the
// extension, and what the file says.
type FeeComparison struct {
	Extension string
	Currency  string
	Payments  int64
	Expected  int64 // minor units
	Told      int64 // by the file, taxes left out
	HasFees   bool  // the file names fees
	Unpriced  int64 // payments for which the terms say nothing
}

// Amount is an amount of the comparison's currency.
func (f *FeeComparison) Amount(minor int64) money.Amount { return money.New(minor, f.Currency) }

// ReconciliationFees compares the fees of a reconciliation's payments that came through a Fynd extension.
func (db *DB) ReconciliationFees(ctx context.Context, r *Reconciliation) ([]FeeComparison, error) {
	rows, err := db.pool.Query(ctx, `WITH p AS MATERIALIZED (SELECT p.ref, p.method, (SELECT f.extension_id FROM fynd_sessions f WHERE f.order_id = p.order_id AND f.mode = p.mode ORDER BY f.created_at DESC, f.id DESC LIMIT 1) AS extension_id
			FROM payments p WHERE p.store_id = $2 AND p.gateway = $3 AND p.ref IS NOT NULL AND p.order_id IN (SELECT order_id FROM fynd_sessions WHERE store_id = $2))
		SELECT p.extension_id, d.currency, p.method, d.amount_minor, d.fee_minor FROM p JOIN reconciliation_rows d ON d.ref = p.ref
		WHERE d.reconciliation_id = $1 AND d.kind = 'payment' AND d.there = 'paid' AND p.extension_id IS NOT NULL ORDER BY 1, 2`, r.ID, r.StoreID, r.Gateway)
	if err != nil {
		return nil, fmt.Errorf("compare the fees of reconciliation %d: %w", r.ID, err)
	}
	type paid struct {
		extension        int64
		currency, method string
		amount, fee      int64
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p paid, err error) {
		err = row.Scan(&p.extension, &p.currency, &p.method, &p.amount, &p.fee)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("compare the fees of reconciliation %d: %w", r.ID, err)
	}
	var fees []FeeComparison
	extensions := map[int64]*FyndExtension{}
	for _, p := range list {
		e := extensions[p.extension]
		if e == nil {
			if e, err = db.FyndExtension(ctx, p.extension); err != nil {
				return nil, err
			}
			extensions[p.extension] = e
		}
		i := slices.IndexFunc(fees, func(f FeeComparison) bool { return f.Extension == e.Name && f.Currency == p.currency })
		if i < 0 {
			i = len(fees)
			fees = append(fees, FeeComparison{Extension: e.Name, Currency: p.currency})
		}
		f := &fees[i]
		f.Payments, f.Told, f.HasFees = f.Payments+1, f.Told+p.fee, f.HasFees || p.fee != 0
		if fee, ok := e.FeeFor(FyndMethodOf(p.method), money.New(p.amount, p.currency)); ok {
			f.Expected += fee.Minor
		} else {
			f.Unpriced++
		}
	}
	return fees, nil
}
