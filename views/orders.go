package views

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

// OrderListView is the order list as one person sees it.
type OrderListView struct {
	Filter   models.OrderFilter
	Choices  *models.OrderChoices
	Notices  []models.FilterNotice
	List     *models.OrderList  // nil when it could not be read, and Problem says why
	Tally    *models.OrderTally // nil when counting takes longer than a page should
	Gateways []ui.Option
	Problem  string

	User      int64
	CSRF      string
	MayShare  bool
	MayExport bool
	MayChange bool             // the status of orders
	View      models.SavedView // as the person filled it in
	Refused   *models.Problem  // why it was not saved
	Open      string           // which of the forms is open, such as FormColumns
	Now       time.Time
}

// OrdersPath is the address of the list with a filter.
func OrdersPath(f models.OrderFilter) string { return withQuery("/sales/orders", f.Query()) }

func withQuery(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

const (
	orderRegion = "orders"
	orderTarget = "#orders"
	orderForm   = "order-filter"
)

// The forms of the list that come when they are opened.
const (
	FormExport  = "export"
	FormSave    = "save"
	FormColumns = "columns"
)

// The parts of its filter that do so as well.
const (
	FormEvents  = "event"
	FormDates   = "added"
	FormFilters = "more"
)

// FormsOfFilter are all parts of the filter that come when they are opened.
var FormsOfFilter = []string{FormEvents, FormDates, FormFilters}

// SavedQuery is a filter as a saved view keeps it: what is listed and in which order, but no page.
func SavedQuery(f models.OrderFilter) string {
	f = f.FirstPage()
	f.Limit = 0
	return f.Query().Encode()
}

// orderLinks makes the links in an element replace the list and write their addresses into the address bar. A
// link takes the place of what the form has under way.
func orderLinks() templ.Attributes {
	return templ.Attributes{"hx-boost": "true", "hx-target": orderTarget, "hx-swap": "outerHTML", "hx-sync": "#order-filter:replace"}
}

// apart sends a part of the page along with the list it stands outside of.
func apart(yes bool) templ.Attributes {
	if !yes {
		return nil
	}
	return templ.Attributes{"hx-swap-oob": "true"}
}

func (v OrderListView) columns() []string { return v.Choices.Shown(v.Filter) }

func (v OrderListView) shows(column string) bool { return slices.Contains(v.columns(), column) }

// orderPath is the page of an order, which leads back to this list.
func (v OrderListView) orderPath(id int64) string {
	if q := v.Filter.Query(); len(q) > 0 {
		return withQuery(OrderPath(id), url.Values{"back": {withQuery("/sales/orders", q)}})
	}
	return OrderPath(id)
}

// seeks says whether the person looks for a certain order or customer.
func (v OrderListView) seeks() bool {
	f := v.Filter
	return f.Q != "" || f.OrderID != "" || f.PartnerOrderID != "" || f.Customer != ""
}

// hidden is how many missing orders match and are not shown.
func (v OrderListView) hidden() int {
	if v.Tally == nil {
		return 0
	}
	return v.Tally.Missing
}

// hiddenTitle says how many missing orders match.
func (v OrderListView) hiddenTitle(ctx context.Context) string {
	return lang.N(ctx, "%s missing order matches", "%s missing orders match", v.hidden(), upTo(v.hidden(), models.MaxAside))
}

const hiddenWhy = "Missing orders are listed only when they are asked for."

// upTo is a number that was counted no further than most.
func upTo(n, most int) string {
	if n > most {
		return strconv.Itoa(most) + "+"
	}
	return strconv.Itoa(n)
}

// mixed is the remark on a list of missing and other orders, or "".
func (v OrderListView) mixed(ctx context.Context) string {
	if !v.Filter.WithMissing() || len(v.Filter.Statuses) < 2 {
		return ""
	}
	var others []string
	for _, code := range v.Filter.Statuses {
		if code != models.StatusMissing {
			others = append(others, lang.T(ctx, v.Choices.Status(code).Label))
		}
	}
	return lang.T(ctx, "These are missing orders together with: %s.", strings.Join(others, ", "))
}

func (v OrderListView) withoutMissing() models.OrderFilter {
	f := v.Filter.FirstPage()
	f.Statuses = slices.DeleteFunc(slices.Clone(f.Statuses), func(code string) bool { return code == models.StatusMissing })
	return f
}

// canonical is the address of what is shown, without what was not understood.
func (v OrderListView) canonical() string { return OrdersPath(v.Filter) }

func (v OrderListView) sort(label, column, class string) ui.Sort {
	f, now := v.Filter.FirstPage(), v.Filter.Sort
	s := ui.Sort{Label: label, Class: class}
	f.Sort = models.OrderSort{Column: column}
	if now.Column == column {
		s.Dir = "descending"
		f.Sort.Oldest = !now.Oldest
		if now.Oldest {
			s.Dir = "ascending"
		}
	}
	s.Path = OrdersPath(f)
	return s
}

// oldestFirst is offered where the list is work to be done in the order it came.
func (v OrderListView) oldestFirst() string {
	if !v.Filter.OnlyWaiting() || v.Filter.Sort != (models.OrderSort{}) {
		return ""
	}
	f := v.Filter.FirstPage()
	f.Sort.Oldest = true
	return OrdersPath(f)
}

func (v OrderListView) pager(ctx context.Context) ui.PagerView {
	f, rows := v.Filter, len(v.List.Rows)
	p := ui.PagerView{Shown: strconv.Itoa(rows), Noun: lang.N(ctx, "order", "orders", rows)}
	if v.List.First && rows > 1 {
		p.Shown = "1–" + p.Shown
	}
	if total := v.total(); total != "" {
		p.Total = total
		p.Noun = lang.N(ctx, "order", "orders", v.Tally.Total)
	}
	at := func(after, before string) string {
		f := f
		f.After, f.Before = after, before
		return OrdersPath(f)
	}
	if v.List.Prev != "" {
		p.First, p.Prev = at("", ""), at("", v.List.Prev)
	}
	if v.List.Next != "" {
		p.Next = at(v.List.Next, "")
	}
	p.Sizes = ui.PageSizes(f.Limit, func(rows int) string {
		f := f.FirstPage()
		f.Limit = rows
		return OrdersPath(f)
	})
	if !slices.ContainsFunc(p.Sizes, func(s ui.PageSize) bool { return s.Active }) {
		p.Sizes = append(p.Sizes, ui.PageSize{Rows: f.Limit, Path: OrdersPath(f), Active: true})
	}
	return p
}

func (v OrderListView) total() string {
	switch {
	case v.Tally == nil:
		return ""
	case v.Tally.More:
		return grouped(int64(v.Tally.Total)) + "+"
	}
	return strconv.Itoa(v.Tally.Total)
}

// countPath counts the list after it is shown; without scripts it is a link to the list with its count.
func (v OrderListView) countPath() string {
	return withQuery("/sales/orders/count", v.Filter.Query())
}

// lacksPartner says whether an order of a Fynd store has no partner order id.
func (v OrderListView) lacksPartner(row *models.OrderRow) bool {
	store := v.Choices.Store(row.StoreID)
	return row.PartnerOrderID == "" && store != nil && store.Fynd
}

func (v OrderListView) anyLacksPartner() bool {
	return v.shows("partner_order_id") && slices.ContainsFunc(v.List.Rows, func(row models.OrderRow) bool { return v.lacksPartner(&row) })
}

func (v OrderListView) storeName(id int64) string {
	if store := v.Choices.Store(id); store != nil {
		return store.Name
	}
	return strconv.FormatInt(id, 10)
}

// emptyWhy says why there are no rows.
func (v OrderListView) emptyWhy(ctx context.Context) (title, why string) {
	f := v.Filter
	switch {
	case f.After != "" || f.Before != "":
		return "Nothing on this page", "The list has changed since you opened it."
	case f.Unfiltered() && v.hidden() == 0:
		return "No orders yet", "An order appears here as soon as one of your stores receives it."
	case f.Unfiltered():
		return "No orders but missing ones", lang.T(ctx, "%s. %s", v.hiddenTitle(ctx), lang.T(ctx, hiddenWhy))
	case v.hidden() > 0:
		return v.hiddenTitle(ctx), hiddenWhy
	case f.OrderID != "" && len(f.Matching().Query()) == 1:
		return "No order has this number", lang.T(ctx, "There is no order %s in your stores.", f.OrderID)
	case f.PartnerOrderID != "" && len(f.Matching().Query()) == 1:
		return "No order has this partner order ID", lang.T(ctx, "Nothing in your stores is known to the partner as %s.", f.PartnerOrderID)
	}
	var parts []string
	for _, chip := range v.chips(ctx) {
		parts = append(parts, lang.T(ctx, chip.Label)+" "+chip.Shown(ctx))
	}
	return "No order matches", lang.T(ctx, "In force: %s.", strings.Join(parts, " · "))
}

// everywhere looks for an id that is no order's number among all other ids.
func (v OrderListView) everywhere() string {
	f := v.Filter
	if id := f.OrderID + f.PartnerOrderID; id != "" && f.Q == "" {
		f = f.Cleared()
		f.Q = id
		return OrdersPath(f)
	}
	return ""
}
