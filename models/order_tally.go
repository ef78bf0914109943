package models

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// OrderTally is how many orders there are, as far as is worth knowing.
type OrderTally struct {
	Total   int // that match the filter, up to MaxTally or MaxInline
	More    bool
	Missing int   // missing orders that match and are not shown, up to MaxAside
	Done    int   // answered refunds that match and are not shown, up to MaxAside
	Tabs    []int // orders of the filters of OrderTabs, up to MaxAside; 0 where not asked
}

// Counting stops where nobody cares any more.
const (
	MaxTally  = 10000 // when somebody asks for the number
	MaxInline = 1000  // on a page, which shows 1,000+ for more
	MaxAside  = 999

	maxWalkTally = 200 // of a search that walks: it would not come to the end in any case
)

// InlinePatience is how long a page waits for its count before it is shown without.
const InlinePatience = 150 * time.Millisecond

// OrderTab is a view of the order list that everybody has.
type OrderTab struct {
	Label   string
	Filter  OrderFilter
	Counted bool // its number is worth seeing from anywhere
}

// missingTab is the place of the missing orders among OrderTabs.
const missingTab = 1

// OrderTabs are the views everybody has.
var OrderTabs = []OrderTab{
	{Label: "All"},
	{Label: "Missing", Filter: OrderFilter{Statuses: []string{StatusMissing}}, Counted: true},
	{Label: "Refund requested", Filter: OrderFilter{Events: []string{EventRefundInitiated}}, Counted: true},
	{Label: "Failed", Filter: OrderFilter{Statuses: []string{StatusFailed}}},
}

// TallyOrders counts what a filter asks for, and what it leaves out that a person would want to know
// of. It is given up after patience, with a Problem; within InlinePatience it counts no further than
// MaxInline. Numbers above a hundred, and those of the tabs, may be a second old.
func (db *DB) TallyOrders(ctx context.Context, f OrderFilter, choices *OrderChoices, list *OrderList, patience time.Duration) (*OrderTally, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	whole := list != nil && f.After == "" && f.Before == "" && len(list.Rows) < f.Limit // the page has all there are
	f = f.FirstPage()
	most := MaxTally
	if patience <= InlinePatience {
		most = MaxInline
	}
	by := found{}
	if list != nil && (!list.found.walk || whole) {
		by = list.found
	} else if f.Q != "" || f.Customer != "" {
		var err error
		if by, err = db.searchOrders(limited, f, choices); err != nil {
			return nil, slow(ctx, err)
		}
	}
	c := &clauses{}
	count := func(f OrderFilter, by found, most int) string {
		from := f.from(by)
		if f.onlyMissing() && !by.known && (f.unindexed() || by.walk) {
			from = strings.Replace(from, "orders o", f.newestMissing(c, choices)+" o", 1)
		}
		c.where = nil
		f.scope(c, choices)
		by.scope(c, f)
		return "(SELECT count(*) FROM (SELECT 1 FROM " + from + " WHERE " + c.sql() + " LIMIT " + strconv.Itoa(most+1) + ") n)"
	}
	if by.walk {
		most = min(most, maxWalkTally)
	}
	tabs := db.lists.keptTabs(ctx)
	keeps := most == MaxInline && !by.is() && !whole
	if kept := db.lists.keptTally(ctx, f); keeps && kept != nil && tabs != nil {
		kept.Tabs = tabs
		return kept.unfiltered(f), nil
	}
	sql := "SELECT "
	if whole {
		sql += strconv.Itoa(len(list.Rows)) + "::bigint"
	} else {
		sql += count(f, by, most)
	}
	aside := func(wanted bool, f OrderFilter, by found) {
		if wanted {
			sql += ", " + count(f, by, MaxAside)
		} else {
			sql += ", 0::bigint"
		}
	}
	aside(f.hidesMissing() && !f.Unfiltered(), f.OnlyMissing(), by)
	done := f
	switch {
	case !f.OnlyWaiting():
		sql += ", 0::bigint"
	case len(f.Events) == 1:
		done.Waiting = "done"
		sql += ", " + count(done, by, MaxAside)
	default: // an answered refund may be shown for the sake of another event
		done.Waiting = "all"
		sql += ", " + count(done, by, MaxTally) + " - " + count(f, by, MaxTally)
	}
	for _, tab := range OrderTabs {
		aside(tab.Counted && tabs == nil, tab.Filter, found{})
	}
	counts := make([]int64, 3+len(OrderTabs))
	into := make([]any, len(counts))
	for i := range counts {
		into[i] = &counts[i]
	}
	if err := db.pool.QueryRow(limited, sql, planned(c.args)...).Scan(into...); err != nil {
		return nil, slow(ctx, fmt.Errorf("count orders: %w", err))
	}
	t := &OrderTally{
		Total: min(int(counts[0]), most), More: int(counts[0]) > most || !by.edge.At.IsZero(), Tabs: tabs,
		Missing: int(counts[1]), Done: int(min(counts[2], MaxAside)),
	}
	if keeps {
		db.lists.keepTally(ctx, f, *t)
	}
	if tabs == nil {
		for _, n := range counts[3:] {
			t.Tabs = append(t.Tabs, int(n))
		}
		db.lists.keepTabs(ctx, t.Tabs)
	}
	return t.unfiltered(f), nil
}

// unfiltered takes the missing orders that a list without a filter leaves out from their tab.
func (t *OrderTally) unfiltered(f OrderFilter) *OrderTally {
	if f.Unfiltered() {
		t.Missing = t.Tabs[missingTab]
	}
	return t
}

// onlyMissing says whether missing orders and no others are asked for.
func (f OrderFilter) onlyMissing() bool {
	return len(f.Statuses) == 1 && f.Statuses[0] == StatusMissing
}

// unindexed says whether the filter has conditions that no index of missing orders knows: then every one
// of them may be looked at for nothing.
func (f OrderFilter) unindexed() bool {
	return (len(f.Events) > 0 && !f.OnlyWaiting()) || f.Gateway != "" || f.Action != "" || f.PaymentMethod != "" || f.AmountFrom != "" || f.AmountTo != "" || !f.Modified.empty()
}

// newestMissing are the newest missing orders of the stores and days of a filter, as many as a page has
// time to look at.
func (f OrderFilter) newestMissing(c *clauses, choices *OrderChoices) string {
	c.where = nil
	OrderFilter{Statuses: f.Statuses, Store: f.Store, Added: f.Added}.scope(c, choices)
	return "(SELECT * FROM orders o WHERE " + c.sql() + " ORDER BY o.date_added DESC, o.id DESC LIMIT " + strconv.Itoa(MaxAside+1) + ")"
}
