package models

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// OrderFilter is what a person asks of the order list. It is the URL of the list as values: Query
// writes it, ReadOrderFilter reads it, and the list, its count and its exports apply the same one.
// The zero filter, with Limit set, is every order but the missing ones, newest first.
type OrderFilter struct {
	Q              string   // words to find in ids, names, e-mails and phones
	Parts          bool     // Q is sought inside longer ids too, although something has exactly that id
	OrderID        string   // digits; kept as text, for a number of twenty digits is a fair question
	PartnerOrderID string   // the GoFynd order id, whole
	Customer       string   // words of name, company, e-mail or phone
	Statuses       []string // empty for all but missing
	Events         []string // any of which has ever been received
	Waiting        string   // for REFUND_INITIATED: "" still waiting, "done" answered, "all" both
	Store          int64
	Gateway        string
	PaymentMethod  string // a part of it
	Added          DayRange
	Modified       DayRange
	AmountFrom     string // decimal, in the currency of each order
	AmountTo       string
	Deadline       Deadline // of held money that is not drawn
	Reconciled     ReconciledAs
	Action         string // of its status: "failed", or "open" for all that are not done
	Sort           OrderSort
	Columns        []string // shown besides the order id and the action; empty for the person's own choice
	Limit          int      // rows to a page
	After, Before  string   // cursors
}

// OrderSort is one of the columns that can be walked in order by an index.
type OrderSort struct {
	Column string // "" for date_added
	Oldest bool   // ascending
}

// The columns a list of orders can be sorted by. There is no other: a total is of many currencies,
// and a sort that no index serves would read every order before it shows the first.
const (
	SortAdded    = ""
	SortModified = "date_modified"
	SortID       = "id"
)

// OrderLimits are how many rows a page may have, and has unless asked otherwise.
const (
	MinOrderLimit     = 10
	MaxOrderLimit     = 500
	DefaultOrderLimit = 50
)

// Param is the sort as the URL has it: "date_added" for oldest first, "-date_added" for newest first.
func (s OrderSort) Param() string {
	name := s.Column
	if name == SortAdded {
		name = "date_added"
	}
	if !s.Oldest {
		name = "-" + name
	}
	return name
}

// Query is the filter as the URL has it, in its shortest form: what is as usual is left out.
func (f OrderFilter) Query() url.Values {
	q := url.Values{}
	for _, p := range []struct{ name, value string }{
		{"q", f.Q},
		{"order_id", f.OrderID},
		{"partner_order_id", f.PartnerOrderID},
		{"customer", f.Customer},
		{"waiting", f.Waiting},
		{"gateway", f.Gateway},
		{"payment_method", f.PaymentMethod},
		{"added_from", f.Added.From},
		{"added_to", f.Added.To},
		{"modified_from", f.Modified.From},
		{"modified_to", f.Modified.To},
		{"amount_from", f.AmountFrom},
		{"amount_to", f.AmountTo},
		{"deadline", string(f.Deadline)},
		{"reconciled", string(f.Reconciled)},
		{"action", f.Action},
		{"cols", strings.Join(f.Columns, ",")},
		{"after", f.After},
		{"before", f.Before},
	} {
		if p.value != "" {
			q.Set(p.name, p.value)
		}
	}
	if f.Parts {
		q.Set("parts", "1")
	}
	for _, status := range f.Statuses {
		q.Add("status", status)
	}
	for _, event := range f.Events {
		q.Add("event", event)
	}
	if f.Store != 0 {
		q.Set("store", strconv.FormatInt(f.Store, 10))
	}
	if f.Sort != (OrderSort{}) {
		q.Set("sort", f.Sort.Param())
	}
	if f.Limit != 0 && f.Limit != DefaultOrderLimit {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	return q
}

// Matching is the filter without what only says how to show its orders: sort, page and columns.
func (f OrderFilter) Matching() OrderFilter {
	f.Sort, f.Columns, f.Limit, f.After, f.Before = OrderSort{}, nil, 0, "", ""
	return f
}

// FirstPage is the filter without a place in the list.
func (f OrderFilter) FirstPage() OrderFilter {
	f.After, f.Before = "", ""
	return f
}

// Cleared is the filter that filters nothing, shown as f is shown.
func (f OrderFilter) Cleared() OrderFilter {
	return OrderFilter{Sort: f.Sort, Columns: f.Columns, Limit: f.Limit}
}

// Unfiltered says whether the filter leaves out nothing but missing orders.
func (f OrderFilter) Unfiltered() bool { return len(f.Matching().Query()) == 0 }

// WithMissing says whether missing orders are asked for.
func (f OrderFilter) WithMissing() bool { return slices.Contains(f.Statuses, StatusMissing) }

// OnlyMissing is the same filter for missing orders alone.
func (f OrderFilter) OnlyMissing() OrderFilter {
	f = f.FirstPage()
	f.Statuses = []string{StatusMissing}
	return f
}

// hidesMissing says whether the person should be told of missing orders that match otherwise. With
// statuses chosen, only somebody who looks for a certain order or customer has reason to wonder.
func (f OrderFilter) hidesMissing() bool {
	if f.WithMissing() {
		return false
	}
	return len(f.Statuses) == 0 || f.Q != "" || f.OrderID != "" || f.PartnerOrderID != "" || f.Customer != ""
}

// OnlyWaiting says whether refunds that were answered are left out.
func (f OrderFilter) OnlyWaiting() bool {
	return f.Waiting == "" && slices.Contains(f.Events, EventRefundInitiated)
}
