package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/money"
)

// OrderRow is an order as the list shows it.
type OrderRow struct {
	ID             int64
	StoreID        int64
	PartnerOrderID string // "" until the partner has created it
	CustomerName   string
	Company        string
	CustomerEmail  string
	Status         string
	StatusReason   string // for missing: debited, unknown or abandoned
	LastEvent      string
	Waiting        bool // a refund was requested and not answered yet, whatever came after it
	PaymentMethod  string
	Currency       string
	TotalMinor     int64
	DateAdded      time.Time
	DateModified   time.Time
	Asked          string     // a status that was asked for and waits for the payment, or ""
	AskedFailed    bool       // the payment did not follow
	CaptureBefore  *time.Time // when its held money must be drawn; nil when none is held, or the column is not shown
	Compared       string     // how it stands in the comparisons, as Standing reads it; "" when the column is not shown
}

// Total is what the customer owes for the order.
func (r *OrderRow) Total() money.Amount { return money.New(r.TotalMinor, r.Currency) }

// orderRow are the columns of an OrderRow, in its order, all but those that few choose to see.
const orderRow = `o.id, o.store_id, coalesce(o.partner_order_id, '') AS partner_order_id, o.customer_name, o.company, o.customer_email,
	o.status, o.status_reason, o.last_event,
	(SELECT true FROM order_events_seen w WHERE w.order_id = o.id AND w.waiting LIMIT 1) IS NOT NULL AS waiting,
	o.payment_method, o.currency, o.total_minor, o.date_added, o.date_modified,
	coalesce((SELECT a.to_status FROM status_actions a WHERE a.order_id = o.id AND a.state IN ('waiting', 'sent', 'failed') AND a.dropped_at IS NULL ORDER BY a.id DESC LIMIT 1), '') AS asked,
	EXISTS (SELECT 1 FROM status_actions a WHERE a.order_id = o.id AND a.state = 'failed') AS asked_failed`

// OrderList is one page of the list.
type OrderList struct {
	Rows       []OrderRow
	Prev, Next string // cursors; "" when there is nothing that way
	First      bool   // nothing comes before
	Exact      bool   // the search is exactly the key of these orders, and is not sought inside others
	// SearchedTo is set when a search of many words' worth stopped early: it looked through the
	// newest orders as far back as this, and Next goes on from there.
	SearchedTo time.Time
	ByDate     bool // the sort was given up, for too many orders match to be sorted by anything else

	found found
}

// orderPatience is how long a list may take before it is stopped.
const orderPatience = 5 * time.Second

// errSlow is a statement that was stopped.
var errSlow = &Problem{Sentence: "This took longer than five seconds and was stopped. Narrow it down with a date, a store or a whole word."}

// Orders is the page of the list that a filter asks for.
func (db *DB) Orders(ctx context.Context, f OrderFilter, choices *OrderChoices) (*OrderList, error) {
	limited, cancel := context.WithTimeout(ctx, orderPatience)
	defer cancel()
	page, err := db.orders(limited, f, choices)
	if err != nil {
		return nil, slow(ctx, fmt.Errorf("list orders: %w", err))
	}
	return page, nil
}

// slow tells a statement stopped by its own time limit from one whose asker left.
func slow(ctx context.Context, err error) error {
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return errSlow
	}
	return err
}

func (db *DB) orders(ctx context.Context, f OrderFilter, choices *OrderChoices) (*OrderList, error) {
	page := &OrderList{}
	var err error
	if page.found, err = db.searchOrders(ctx, f, choices); err != nil {
		return nil, err
	}
	page.Exact = page.found.exact
	if page.found.walk && f.Sort.Column != SortAdded {
		f.Sort, page.ByDate = OrderSort{}, true
		f = f.FirstPage()
		if page.found, err = db.searchOrders(ctx, f, choices); err != nil {
			return nil, err
		}
	}
	sql, args := f.listSQL(choices, page.found)
	if !page.found.known { // a list of known orders is read by their ids, however it is planned
		args = planned(args)
	}
	rows, err := db.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	if page.Rows, err = pgx.CollectRows(rows, pgx.RowToStructByPos[OrderRow]); err != nil {
		return nil, err
	}
	page.turn(f)
	return page, nil
}

// planned has a statement planned anew with its values in sight. A plan made without them, which
// PostgreSQL would come to use after a few calls, takes ten to a thousand times as long.
func planned(args []any) []any {
	return append([]any{pgx.QueryExecModeCacheDescribe}, args...)
}

// turn takes the row too many off the page and says where the pages before and after it begin.
func (p *OrderList) turn(f OrderFilter) {
	more := len(p.Rows) > f.Limit
	if more {
		p.Rows = p.Rows[:f.Limit]
	}
	back := f.Before != ""
	if back {
		slices.Reverse(p.Rows)
	}
	if (more && !back) || (back && len(p.Rows) > 0) {
		p.Next = p.Rows[len(p.Rows)-1].place(f.Sort).cursor(f.Sort)
	}
	if (more && back) || (f.After != "" && len(p.Rows) > 0) {
		p.Prev = p.Rows[0].place(f.Sort).cursor(f.Sort)
	}
	p.First = p.Prev == "" && f.After == ""
	if edge := p.found.edge; !more && !edge.At.IsZero() {
		p.SearchedTo = edge.At
		if back {
			p.Prev = edge.cursor(f.Sort)
		} else {
			p.Next = edge.cursor(f.Sort)
		}
	}
}

// place is where the row stands in a list sorted so.
func (r *OrderRow) place(sort OrderSort) place {
	switch sort.Column {
	case SortModified:
		return place{At: r.DateModified, ID: r.ID}
	case SortID:
		return place{ID: r.ID}
	}
	return place{At: r.DateAdded, ID: r.ID}
}

// maxBranches is how many statements one list may be put together from.
const maxBranches = 40

// branches are filters that together are f, each of which one index serves in the order of the list:
// one for each of several statuses, or for each store when sorted by the date modified.
func (f OrderFilter) branches(choices *OrderChoices, by found) []OrderFilter {
	if len(f.Events) == 1 || by.is() || f.OrderID != "" || f.PartnerOrderID != "" || f.Deadline != "" || f.Reconciled == ReconciledDiffers {
		return []OrderFilter{f} // few orders, or an order of their own
	}
	all := []OrderFilter{f}
	if stores := choices.within(f); f.Sort.Column == SortModified && len(stores) > 1 && len(stores) <= maxBranches {
		all = nil
		for _, s := range stores {
			f.Store = s.ID
			all = append(all, f)
		}
	}
	if len(f.Statuses) > 1 && len(all)*len(f.Statuses) <= maxBranches {
		var each []OrderFilter
		for _, part := range all {
			for _, status := range f.Statuses {
				part.Statuses = []string{status}
				each = append(each, part)
			}
		}
		all = each
	}
	return all
}

// listSQL is the statement of a page: one row more than the page has, to know whether more follow.
func (f OrderFilter) listSQL(choices *OrderChoices, by found) (string, []any) {
	c := &clauses{}
	var parts []string
	columns := orderRow
	for _, chosen := range []struct{ column, value, none string }{{ColumnCaptureBefore, captureBefore, "NULL::timestamptz"}, {ColumnReconciled, comparedAs, "''"}} {
		if !slices.Contains(choices.Shown(f), chosen.column) {
			chosen.value = chosen.none
		}
		columns += ", " + chosen.value + " AS " + chosen.column
	}
	for _, part := range f.branches(choices, by) {
		c.where = nil
		from := part.from(by)
		part.scope(c, choices)
		by.scope(c, part)
		key := part.key(by)
		if text, beyond := cmpText(f); text != "" {
			at, _ := readCursor(text, f.Sort)
			f.pass(c, key, beyond, at)
		}
		parts = append(parts, "SELECT "+columns+" FROM "+from+" WHERE "+c.sql()+f.order(key)+" LIMIT "+strconv.Itoa(f.Limit+1))
	}
	if len(parts) == 1 {
		return parts[0], c.args
	}
	return "SELECT * FROM ((" + strings.Join(parts, ") UNION ALL (") + ")) o" + f.order(f.key(found{})) + " LIMIT " + strconv.Itoa(f.Limit+1), c.args
}

// cmpText is the cursor in force, and whether the page lies after it.
func cmpText(f OrderFilter) (cursor string, after bool) {
	if f.Before != "" {
		return f.Before, false
	}
	return f.After, true
}

// from is where a list reads: the orders, led by the one event or the search text it goes by.
func (f OrderFilter) from(by found) string {
	events := len(f.Events) == 1
	switch {
	case by.walk && events:
		return "order_search s JOIN orders o ON o.id = s.order_id JOIN order_events_seen e ON e.order_id = s.order_id"
	case by.walk:
		return "order_search s JOIN orders o ON o.id = s.order_id"
	case events:
		return "order_events_seen e JOIN orders o ON o.id = e.order_id"
	}
	return "orders o"
}

// key are the columns a list is sorted by, taken from the table that leads it.
func (f OrderFilter) key(by found) []string {
	switch {
	case f.Sort.Column == SortModified:
		return []string{"o.date_modified", "o.id"}
	case f.Sort.Column == SortID:
		return []string{"o.id"}
	case by.walk:
		return []string{"s.date_added", "s.order_id"}
	case len(f.Events) == 1:
		return []string{"e.date_added", "e.order_id"}
	}
	return []string{"o.date_added", "o.id"}
}

// order walks the key, backwards for the page before a cursor.
func (f OrderFilter) order(key []string) string {
	dir := " DESC"
	if f.Sort.Oldest != (f.Before != "") {
		dir = ""
	}
	return " ORDER BY " + strings.Join(key, dir+", ") + dir
}

// pass keeps a list to what lies beyond a place, in the direction of the list or against it.
func (f OrderFilter) pass(c *clauses, key []string, beyond bool, at place) {
	sign := " < "
	if f.Sort.Oldest == beyond {
		sign = " > "
	}
	if len(key) == 1 {
		c.and(key[0]+sign+"?", at.ID)
		return
	}
	c.and("("+strings.Join(key, ", ")+")"+sign+"(?, ?)", at.At, at.ID)
}
