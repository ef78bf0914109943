package models

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/money"
)

// FyndVolume is what came through an extension in one month of one store: a month is from the first to the last day
// by the store's clocks.
type FyndVolume struct {
	Month    string // 2026-11
	StoreID  int64
	Store    string
	Zone     string // of the store
	Currency string
	Mode     string
	Payments int64 // that were captured
	Captured int64
	Refunds  int64
	Refunded int64
	Fee      int64 // the transaction fees by the extension's terms of today
	Unpriced int64 // payments whose fee is not known
}

// Amount is an amount of the line's currency.
func (v *FyndVolume) Amount(minor int64) money.Amount { return money.New(minor, v.Currency) }

// Net is what was captured and not returned.
func (v *FyndVolume) Net() money.Amount { return v.Amount(v.Captured - v.Refunded) }

// extensionPayments are the payments of an extension ($1): those begun from one of its sessions, and those of an order
// whose latest session is its own.
const extensionPayments = `SELECT p.* FROM payments p WHERE p.order_id IN (SELECT order_id FROM fynd_sessions WHERE extension_id = $1) AND $1 = coalesce(
		(SELECT f.extension_id FROM checkouts c JOIN fynd_sessions f ON f.link_id = c.link_id WHERE c.payment_id = p.id LIMIT 1),
		(SELECT f.extension_id FROM fynd_sessions f WHERE f.order_id = p.order_id AND f.mode = p.mode ORDER BY f.created_at DESC, f.id DESC LIMIT 1))`

// FyndVolumes is what came through an extension in the stores of ctx, a line for every month, store, mode and currency,
// the newest month first. What was captured counts on the day it was captured, what was refunded on the day the refund
// was done.
func (db *DB) FyndVolumes(ctx context.Context, e *FyndExtension) ([]FyndVolume, error) {
	scope := ScopeOf(ctx)
	rows, err := db.reports(ctx).Query(ctx, `WITH p AS MATERIALIZED (`+extensionPayments+` AND ($2 OR p.store_id = ANY ($3))),
		done AS MATERIALIZED (SELECT o.payment_id, o.kind, o.amount_minor, o.finished_at FROM operations o JOIN p ON p.id = o.payment_id
			WHERE o.kind IN ('capture', 'refund') AND o.state = 'succeeded'),
		rest AS (SELECT p.id, p.captured_minor - coalesce((SELECT sum(amount_minor) FROM done WHERE payment_id = p.id AND kind = 'capture'), 0) AS captured,
			p.refunded_minor - coalesce((SELECT sum(amount_minor) FROM done WHERE payment_id = p.id AND kind = 'refund'), 0) AS refunded FROM p),
		moved AS (SELECT payment_id, kind, amount_minor AS minor, finished_at AS at FROM done
			UNION ALL SELECT r.id, 'capture', r.captured, coalesce(p.obtained_at, p.created_at) FROM rest r JOIN p ON p.id = r.id WHERE r.captured > 0
			UNION ALL SELECT r.id, 'refund', r.refunded, coalesce(p.obtained_at, p.created_at) FROM rest r JOIN p ON p.id = r.id WHERE r.refunded > 0)
		SELECT to_char(m.at AT TIME ZONE s.time_zone, 'YYYY-MM'), s.id, s.name, s.time_zone, p.currency, p.mode, p.id, p.method, m.kind, m.minor::bigint
		FROM moved m JOIN p ON p.id = m.payment_id JOIN stores s ON s.id = p.store_id ORDER BY m.at, p.id`, e.ID, scope.All, append([]int64{0}, scope.Stores...))
	if err != nil {
		return nil, fmt.Errorf("add up what came through extension %d: %w", e.ID, err)
	}
	var list []FyndVolume
	counted := map[int64]string{} // payment → the month it was last counted in
	var v FyndVolume
	var payment, minor int64
	var method, kind string
	_, err = pgx.ForEachRow(rows, []any{&v.Month, &v.StoreID, &v.Store, &v.Zone, &v.Currency, &v.Mode, &payment, &method, &kind, &minor}, func() error {
		i := slices.IndexFunc(list, func(o FyndVolume) bool {
			return o.Month == v.Month && o.StoreID == v.StoreID && o.Currency == v.Currency && o.Mode == v.Mode
		})
		if i < 0 {
			i, list = len(list), append(list, v)
		}
		line := &list[i]
		if kind == "refund" {
			line.Refunds, line.Refunded = line.Refunds+1, line.Refunded+minor
			return nil
		}
		month, seen := counted[payment]
		counted[payment] = v.Month
		line.capture(e, method, minor, !seen, month != v.Month)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("add up what came through extension %d: %w", e.ID, err)
	}
	slices.SortStableFunc(list, func(a, b FyndVolume) int {
		return cmp.Or(cmp.Compare(b.Month, a.Month), cmp.Compare(a.Mode, b.Mode), cmp.Compare(a.StoreID, b.StoreID), cmp.Compare(a.Currency, b.Currency))
	})
	return list, nil
}

// capture counts money that was drawn. A payment that is drawn in parts counts once in a month, and its flat fee once.
func (v *FyndVolume) capture(e *FyndExtension, method string, minor int64, first, inMonth bool) {
	v.Captured += minor
	if inMonth {
		v.Payments++
	}
	fee, ok := e.FeeFor(FyndMethodOf(method), v.Amount(minor))
	terms, _ := e.feeOf(FyndMethodOf(method))
	switch {
	case ok && first:
		v.Fee += fee.Minor
	case ok:
		v.Fee += fee.Minor - terms.FlatMinor
	case inMonth:
		v.Unpriced++
	}
}

// fyndMethods are Fynd's codes of what gateways call the ways to pay.
var fyndMethods = map[string]string{
	"card": "CARD", "credit card": "CARD", "debit card": "CARD", "emi": "CARD", "upi": "UPI", "netbanking": "NB", "net banking": "NB", "bank_transfer": "NB", "wallet": "WL", "paylater": "BNPL",
	"cardless_emi": "BNPL", "invoice": "BNPL",
}

// FyndMethodOf is Fynd's code of a gateway's word for a way to pay, or the word itself where there is none.
func FyndMethodOf(method string) string {
	if code, ok := fyndMethods[strings.ToLower(method)]; ok {
		return code
	}
	return method
}

// ExpectedFee is what the transaction fee of a payment comes to by the terms of the extension that it came through.
type ExpectedFee struct {
	Extension string
	Terms     string        // 2 % + 3.00 INR
	Fee       *money.Amount // nil when the terms say nothing about it
}

// ExpectedFee is the fee of a payment, nil when it did not come through an extension or nothing was captured.
func (db *DB) ExpectedFee(ctx context.Context, p *Payment) (*ExpectedFee, error) {
	if p.CapturedMinor == 0 {
		return nil, nil
	}
	s, err := db.SessionOfPayment(ctx, p)
	if err != nil || s == nil {
		return nil, err
	}
	e, err := db.FyndExtension(ctx, s.ExtensionID)
	if err != nil {
		return nil, err
	}
	fee := &ExpectedFee{Extension: e.Name}
	terms, ok := e.feeOf(FyndMethodOf(p.Method))
	if !ok {
		return fee, nil
	}
	fee.Terms = terms.String()
	if amount, ok := e.FeeFor(FyndMethodOf(p.Method), p.Captured()); ok {
		fee.Fee = &amount
	}
	return fee, nil
}
