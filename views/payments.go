package views

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

// PaymentListView is the registry of payments as one person sees it.
type PaymentListView struct {
	Filter   models.PaymentFilter
	Choices  *models.PaymentChoices
	Notices  []models.FilterNotice
	List     *models.PaymentList  // nil when it could not be read, and Problem says why
	Tally    *models.PaymentTally // nil when counting takes longer than a page should
	Gateways []ui.Option
	Problem  string
	Person   *models.User
	Detail   *PaymentDetailView // of the row that is expanded, or nil
	Now      time.Time
}

const paymentTarget = "#payments"

// PaymentsPath is the address of the registry with a filter.
func PaymentsPath(f models.PaymentFilter) string { return withQuery("/sales/payments", f.Query()) }

// PaymentPath is the address of a payment's own page.
func PaymentPath(id int64) string { return "/sales/payments/" + strconv.FormatInt(id, 10) }

// swapPayments makes a link replace the list and write its address into the address bar.
func swapPayments(path string) templ.Attributes {
	return templ.Attributes{"hx-get": path, "hx-target": paymentTarget, "hx-swap": "outerHTML", "hx-push-url": "true"}
}

// openPath is the registry with a payment expanded in its place.
func (v PaymentListView) openPath(id int64, tab string) string {
	q := v.Filter.Query()
	q.Set("open", strconv.FormatInt(id, 10))
	if tab != "" && tab != PaymentTabs[0].Value {
		q.Set("tab", tab)
	}
	return withQuery("/sales/payments", q) + "#payment-" + strconv.FormatInt(id, 10)
}

// toggled is the same list with the block of filters shown, or not.
func (v PaymentListView) toggled() string {
	f := v.Filter
	f.Open = !f.Open
	return PaymentsPath(f)
}

// inParts looks for the search inside longer ids too.
func (v PaymentListView) inParts() string {
	f := v.Filter.FirstPage()
	f.Parts = true
	return PaymentsPath(f)
}

// further goes on with a search where it stopped.
func (v PaymentListView) further() string {
	f := v.Filter.FirstPage()
	if v.Filter.Before != "" {
		f.Before = v.List.Prev
	} else {
		f.After = v.List.Next
	}
	return PaymentsPath(f)
}

// filePath is the registry file of the list; extended is with what the details have.
func (v PaymentListView) filePath(extended bool) string {
	f := v.Filter.FirstPage()
	f.Open, f.Limit = false, 0
	q := f.Query()
	if extended {
		q.Set("with", "details")
	}
	return withQuery("/sales/payments/registry.xlsx", q)
}

// kept are the parameters of the list that a form of it carries along, without those it has itself.
func (v PaymentListView) kept(but ...string) []models.NamedValue {
	q := v.Filter.FirstPage().Query()
	var list []models.NamedValue
	for _, name := range []string{"q", "parts", "status", "ps", "gateway", "store", "from", "to", "filter", "limit"} {
		for _, value := range q[name] {
			if !slices.Contains(but, name) {
				list = append(list, models.NamedValue{Name: name, Value: value})
			}
		}
	}
	return list
}

func (v PaymentListView) statusOptions(ctx context.Context) []ui.Option {
	var options []ui.Option
	for _, s := range models.PaymentStatuses {
		options = append(options, ui.Option{Value: string(s), Label: s.Word(ctx), Chosen: slices.Contains(v.Filter.Statuses, string(s))})
	}
	return options
}

func (v PaymentListView) systemOptions(ctx context.Context) []ui.Option {
	var options []ui.Option
	for _, s := range v.Choices.Systems {
		options = append(options, ui.Option{Value: s.System, Label: systemName(ctx, s), Chosen: slices.Contains(v.Filter.Systems, s.System)})
	}
	for _, system := range v.Filter.Systems {
		if !slices.ContainsFunc(v.Choices.Systems, func(s models.PaymentSystem) bool { return s.System == system }) {
			options = append(options, ui.Option{Value: system, Label: system, Chosen: true})
		}
	}
	return options
}

// systemName is a payment system as people read it: its id with its name, or the way of paying.
func systemName(ctx context.Context, s models.PaymentSystem) string {
	switch {
	case s.Name != "" && s.Name != s.System:
		return s.System + " · " + s.Name
	case strings.Trim(s.System, "0123456789") == "":
		return s.System
	}
	return lang.T(ctx, methodWord(s.System))
}

// methodWord is a way of paying as people read it.
func methodWord(method string) string {
	if word := map[string]string{"card": "Card", "upi": "UPI", "netbanking": "Net banking", "wallet": "Wallet", "emi": "EMI", "sbp": "SBP"}[method]; word != "" {
		return word
	}
	return ui.Words(method)
}

func (v PaymentListView) orders() OrderListView {
	return OrderListView{
		Choices: v.Choices.OrderChoices, Gateways: v.Gateways, Filter: models.OrderFilter{Store: v.Filter.Store, Gateway: v.Filter.Gateway},
	}
}

func (v PaymentListView) chips(ctx context.Context) []ui.Chip {
	f := v.Filter.FirstPage()
	var chips []ui.Chip
	chip := func(label, value string, without func(f *models.PaymentFilter)) {
		if value != "" {
			left := f
			without(&left)
			chips = append(chips, ui.Chip{Label: label, Value: value, Path: PaymentsPath(left)})
		}
	}
	chip("Search", f.Q, func(f *models.PaymentFilter) { f.Q, f.Parts = "", false })
	for _, status := range f.Statuses {
		chip("Status", models.PaymentStatus(status).Word(ctx), func(f *models.PaymentFilter) { f.Statuses = without(f.Statuses, status) })
	}
	for _, system := range f.Systems {
		chip("Payment system", systemName(ctx, v.Choices.System(system)), func(f *models.PaymentFilter) { f.Systems = without(f.Systems, system) })
	}
	chip("Gateway", v.orders().gatewayName(f.Gateway), func(f *models.PaymentFilter) { f.Gateway = "" })
	if f.Store != 0 {
		chip("Store", v.orders().storeName(f.Store), func(f *models.PaymentFilter) { f.Store = 0 })
	}
	chip("Started", daysText(ctx, f.Started), func(f *models.PaymentFilter) { f.Started = models.DayRange{} })
	return chips
}

func (v PaymentListView) pager(ctx context.Context) ui.PagerView {
	f, rows := v.Filter, len(v.List.Rows)
	p := ui.PagerView{Shown: strconv.Itoa(rows), Noun: lang.N(ctx, "payment", "payments", rows), Sizes: v.sizes(), Target: paymentTarget}
	if v.List.First && rows > 1 {
		p.Shown = "1–" + p.Shown
	}
	if t := v.Tally; t != nil {
		p.Total = grouped(int64(t.Total))
		if t.More {
			p.Total += "+"
		}
		p.Noun = lang.N(ctx, "payment", "payments", t.Total)
	}
	at := func(after, before string) string {
		f := f
		f.After, f.Before = after, before
		return PaymentsPath(f)
	}
	if v.List.Prev != "" {
		p.First, p.Prev = at("", ""), at("", v.List.Prev)
	}
	if v.List.Next != "" {
		p.Next = at(v.List.Next, "")
	}
	return p
}

// sizes are the numbers of rows to a page that can be chosen.
func (v PaymentListView) sizes() []ui.PageSize {
	path := func(rows int) string {
		f := v.Filter.FirstPage()
		f.Limit = rows
		return PaymentsPath(f)
	}
	var sizes []ui.PageSize
	rows := []int{10, 25, 50, 100, 250, 500}
	if !slices.Contains(rows, v.Filter.Limit) {
		rows = append(rows, v.Filter.Limit)
		slices.Sort(rows)
	}
	for _, n := range rows {
		sizes = append(sizes, ui.PageSize{Rows: n, Path: path(n), Active: n == v.Filter.Limit})
	}
	return sizes
}

// emptyWhy says why there are no rows.
func (v PaymentListView) emptyWhy(ctx context.Context) (title, why string) {
	switch f := v.Filter; {
	case f.After != "" || f.Before != "":
		return "Nothing on this page", "The registry has changed since you opened it."
	case f.Unfiltered():
		return "No payments yet", "A payment appears here as soon as a buyer is sent to pay."
	}
	var parts []string
	for _, chip := range v.chips(ctx) {
		parts = append(parts, lang.T(ctx, chip.Label)+" "+chip.Shown(ctx))
	}
	return "No payment matches", lang.T(ctx, "In force: %s.", strings.Join(parts, " · "))
}

// statusAside is what a status needs said beside it: how long a payment has been waited for, or its refund.
func (v PaymentListView) statusAside(ctx context.Context, r *models.PaymentRow) string {
	switch {
	case r.Waits() != gateways.NoWait:
		return lang.T(ctx, waitWords(r.Waits()))
	case r.Status == models.PaymentPending && v.Now.Sub(r.CreatedAt) > stale:
		return lang.T(ctx, "for %s", span(ctx, v.Now.Sub(r.CreatedAt)))
	case r.Status == models.PaymentRefunding && r.RefundingSince != nil && v.Now.Sub(*r.RefundingSince) > models.SlowRefund:
		return lang.T(ctx, "for %s", span(ctx, v.Now.Sub(*r.RefundingSince)))
	case r.Status == models.PaymentAuthorized && r.CaptureBefore != nil:
		return leftUntil(ctx, v.Now, *r.CaptureBefore)
	}
	return ""
}

// stale is after how long it is worth saying that a buyer who was sent to pay has not come back.
const stale = 30 * time.Minute

// span is a duration in one unit.
func span(ctx context.Context, d time.Duration) string {
	switch {
	case d < time.Hour:
		return lang.T(ctx, "%d min", d/time.Minute)
	case d < 48*time.Hour:
		return lang.T(ctx, "%d h", d/time.Hour)
	}
	return lang.T(ctx, "%d d", d/(24*time.Hour))
}

// ListQuery is the query of a registry's address, for the links of a row that is replaced by itself.
func ListQuery(address string) url.Values {
	at, err := url.Parse(address)
	if err != nil || at.Path != "/sales/payments" {
		return url.Values{}
	}
	return at.Query()
}
