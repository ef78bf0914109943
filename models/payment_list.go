package models

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// PaymentRow is one attempt to pay, as the registry shows it.
type PaymentRow struct {
	ID             int64
	OrderID        int64
	StoreID        int64
	Gateway        string
	Mode           string
	Ref            string // the provider's id; "" until it has given one
	Status         PaymentStatus
	ProviderStatus string
	System         string // the payment system it went through, or how it was paid
	Method         string
	Currency       string
	AmountMinor    int64 // asked of the buyer
	CapturedMinor  int64
	RefundedMinor  int64
	Payer          string
	PayerEmail     string
	CardFirst6     string
	CardLast4      string
	RRN            string
	CreatedAt      time.Time // the buyer was sent to pay
	ObtainedAt     *time.Time
	SuccessAt      *time.Time
	RefundingSince *time.Time
	CaptureBefore  *time.Time
	WaitsFor       gateways.Wait
}

// Amount is minor units in the payment's currency.
func (r *PaymentRow) Amount(minor int64) money.Amount { return money.New(minor, r.Currency) }

// Waits is what a pending payment waits for, as the provider said.
func (r *PaymentRow) Waits() gateways.Wait { return waits(r.Status, r.WaitsFor) }

// paymentRow are the columns of a PaymentRow, in its order.
const paymentRow = `p.id, p.order_id, p.store_id, p.gateway, p.mode, coalesce(p.ref, '') AS ref, p.status, p.provider_status, coalesce(s.system, p.method) AS system, p.method,
	p.currency, p.amount_minor, p.captured_minor, p.refunded_minor, coalesce(nullif(o.customer_name, ''), o.company) AS payer, o.customer_email, p.card_first6, p.card_last4, p.rrn,
	p.created_at, p.obtained_at, p.success_at, p.refunding_since, p.capture_before, p.waits_for`

// PaymentList is one page of the registry.
type PaymentList struct {
	Rows       []PaymentRow
	Prev, Next string // cursors; "" when there is nothing that way
	First      bool   // nothing comes before
	Exact      bool   // the search is exactly an id of these payments, and is not sought inside others
	// SearchedTo is set when a search stopped early: it looked through the newest payments as far back as this,
	// and Next goes on from there.
	SearchedTo time.Time

	found found
}

// Payments is the page of the registry that a filter asks for. A search that takes longer than five seconds is
// given up with a Problem.
func (db *DB) Payments(ctx context.Context, f PaymentFilter, choices *PaymentChoices) (*PaymentList, error) {
	limited, cancel := context.WithTimeout(ctx, orderPatience)
	defer cancel()
	page, err := db.paymentPage(limited, f, choices)
	if err != nil {
		return nil, slow(ctx, fmt.Errorf("list payments: %w", err))
	}
	return page, nil
}

func (db *DB) paymentPage(ctx context.Context, f PaymentFilter, choices *PaymentChoices) (*PaymentList, error) {
	page := &PaymentList{}
	var err error
	if page.found, err = db.searchPayments(ctx, f, choices); err != nil {
		return nil, err
	}
	page.Exact = page.found.exact
	sql, args := f.listSQL(choices, page.found, paymentRow, f.Limit+1)
	rows, err := db.pool.Query(ctx, sql, planned(args)...)
	if err != nil {
		return nil, err
	}
	if page.Rows, err = pgx.CollectRows(rows, pgx.RowToStructByPos[PaymentRow]); err != nil {
		return nil, err
	}
	page.turn(f)
	return page, nil
}

// turn takes the row too many off the page and says where the pages before and after it begin.
func (p *PaymentList) turn(f PaymentFilter) {
	more := len(p.Rows) > f.Limit
	if more {
		p.Rows = p.Rows[:f.Limit]
	}
	back := f.Before != ""
	if back {
		slices.Reverse(p.Rows)
	}
	at := func(r PaymentRow) string { return place{At: r.CreatedAt, ID: r.ID}.cursor(paymentSort) }
	if (more && !back) || (back && len(p.Rows) > 0) {
		p.Next = at(p.Rows[len(p.Rows)-1])
	}
	if (more && back) || (f.After != "" && len(p.Rows) > 0) {
		p.Prev = at(p.Rows[0])
	}
	p.First = p.Prev == "" && f.After == ""
	if edge := p.found.edge; !more && !edge.At.IsZero() {
		p.SearchedTo = edge.At
		if back {
			p.Prev = edge.cursor(paymentSort)
		} else {
			p.Next = edge.cursor(paymentSort)
		}
	}
}

// branches are filters that together are f, each of which one index serves in the order of the list: one for
// each of several statuses and payment systems.
func (f PaymentFilter) branches(by found) []PaymentFilter {
	if by.is() || max(len(f.Statuses), 1)*max(len(f.Systems), 1) > maxBranches {
		return []PaymentFilter{f}
	}
	each := func(list []PaymentFilter, values []string, with func(f *PaymentFilter, only []string)) []PaymentFilter {
		if len(values) < 2 {
			return list
		}
		var all []PaymentFilter
		for _, part := range list {
			for _, value := range values {
				with(&part, []string{value})
				all = append(all, part)
			}
		}
		return all
	}
	list := each([]PaymentFilter{f}, f.Statuses, func(f *PaymentFilter, only []string) { f.Statuses = only })
	return each(list, f.Systems, func(f *PaymentFilter, only []string) { f.Systems = only })
}

// from is where a list reads: the payments, led by their search text when it goes by that.
func (f PaymentFilter) from(by found) (from, at, id string) {
	if by.walk || len(f.Systems) > 0 && !by.known {
		return "payment_search s JOIN payments p ON p.id = s.payment_id", "s.created_at", "s.payment_id"
	}
	if len(f.Systems) > 0 {
		return "payments p JOIN payment_search s ON s.payment_id = p.id", "p.created_at", "p.id"
	}
	return "payments p", "p.created_at", "p.id"
}

// listSQL is the statement of a page of so many rows; of every row when limit is 0.
func (f PaymentFilter) listSQL(choices *PaymentChoices, by found, columns string, limit int) (string, []any) {
	c := &clauses{}
	dir := " DESC"
	cursor, after, beyond := f.cursor()
	if beyond && !after {
		dir = ""
	}
	most := ""
	if limit > 0 {
		most = " LIMIT " + strconv.Itoa(limit)
	}
	var parts []string
	for _, part := range f.branches(by) {
		c.where = nil
		from, at, id := part.from(by)
		part.scope(c, choices, by)
		if beyond {
			sign := " < "
			if !after {
				sign = " > "
			}
			c.and("("+at+", "+id+")"+sign+"(?, ?)", cursor.At, cursor.ID)
		}
		parts = append(parts, "(SELECT "+id+" AS id, "+at+" AS created_at FROM "+from+" WHERE "+c.sql()+" ORDER BY "+at+dir+", "+id+dir+most+")")
	}
	return "SELECT " + columns + " FROM (" + strings.Join(parts, " UNION ALL ") + ") k JOIN payments p ON p.id = k.id JOIN orders o ON o.id = p.order_id" +
		" LEFT JOIN payment_search s ON s.payment_id = p.id ORDER BY k.created_at" + dir + ", k.id" + dir + most, c.args
}

// PaymentTally is how many payments there are, as far as is worth counting.
type PaymentTally struct {
	Total int
	More  bool // than Total
}

// TallyPayments counts what a filter asks for, up to MaxInline, or up to MaxTally for who is willing to wait
// longer than InlinePatience. It is given up after patience, with a Problem.
func (db *DB) TallyPayments(ctx context.Context, f PaymentFilter, choices *PaymentChoices, list *PaymentList, patience time.Duration) (*PaymentTally, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	most := MaxTally
	if patience <= InlinePatience {
		most = MaxInline
	}
	if f.After == "" && f.Before == "" && len(list.Rows) < f.Limit && list.SearchedTo.IsZero() {
		return &PaymentTally{Total: len(list.Rows)}, nil // the page has all there are
	}
	by := list.found
	if by.walk {
		most = min(most, maxWalkTally)
	}
	f = f.FirstPage()
	c := &clauses{}
	from, _, _ := f.from(by)
	f.scope(c, choices, by)
	var n int
	err := db.pool.QueryRow(limited, "SELECT count(*) FROM (SELECT 1 FROM "+from+" WHERE "+c.sql()+" LIMIT "+strconv.Itoa(most+1)+") n", planned(c.args)...).Scan(&n)
	if err != nil {
		return nil, slow(ctx, fmt.Errorf("count payments: %w", err))
	}
	return &PaymentTally{Total: min(n, most), More: n > most || !by.edge.At.IsZero()}, nil
}
