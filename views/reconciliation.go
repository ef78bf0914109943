package views

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
	"github.com/kartify/kartify/views/ui"
)

// ReconciliationsView is Sales > Reconciliation: the files, what differs in any of them, or the mappings.
type ReconciliationsView struct {
	Of       string // "" for the files, "queue", "figures", "mappings"
	List     []*models.Reconciliation
	More     bool
	Begun    bool
	Queue    []*models.ReconciliationRow
	Mine     bool
	Mappings []*models.ReconciliationMapping
	Stores   []models.Store
	Gateways []ui.Option
	Sources  []models.ReconciliationSource // gateways that can be asked
	Ask      models.ReconciliationFetch    // as somebody filled it in
	Asked    bool                          // Refused is about asking, not about a file
	Figures  *models.ReconciliationFigures
	Class    models.RowClass // whose figures by day
	Form     ReconciliationForm
	Mapping  models.ReconciliationMapping // as somebody filled it in
	Refused  *models.Problem
	CSRF     string
	Now      time.Time
}

// ReconciliationForm is what somebody filled into the upload form.
type ReconciliationForm struct {
	Store, Mapping int64
	Days, From, To string
}

// ReconciliationView is one file and its rows.
type ReconciliationView struct {
	*models.Reconciliation
	Rows          []*models.ReconciliationRow
	Before, After bool
	Tally         map[models.RowClass]models.RowTally
	Filter        models.RowFilter
	Chosen        *models.ReconciliationRow // the row that is looked at
	Comment       string                    // as somebody filled it in
	Refused       *models.Problem
	Store         *models.Store
	User          *models.User
	CSRF          string
	Now           time.Time
	Fees          []models.FeeComparison // of payments that came through a Fynd extension
}

const reconciliationsPath = "/sales/reconciliations"

// ReconciliationPath is the page of a reconciliation.
func ReconciliationPath(id int64) string { return fmt.Sprintf("%s/%d", reconciliationsPath, id) }

// classWords is how a class reads.
var classWords = map[models.RowClass]struct {
	kind        ui.Kind
	label, what string
}{
	models.RowAgree:         {ui.Good, "Agree", "Both sides say the same."},
	models.RowPaidMissing:   {ui.Bad, "Paid there, missing here", "The gateway has the money and the order is missing here."},
	models.RowPaidFailed:    {ui.Bad, "Paid there, failed or pending here", "The gateway has the money and the order is not paid here."},
	models.RowAbsent:        {ui.Attention, "Paid here, absent there", "The order is paid here, and the file does not have it or does not call it paid."},
	models.RowAmount:        {ui.Attention, "Amount differs", "The gateway's amount is not the order's."},
	models.RowCurrency:      {ui.Attention, "Currency differs", "The gateway's currency is not the order's."},
	models.RowRefundedThere: {ui.Attention, "Refunded there only", "More was returned at the gateway than is known here."},
	models.RowRefundedHere:  {ui.Attention, "Refunded here only", "More was returned here than the gateway says."},
	models.RowDuplicate:     {ui.Bad, "Duplicate there", "The gateway took money for this order more than once, or the file has the row twice."},
	models.RowUnknownOrder:  {ui.Attention, "Unknown order", "No order here has this number, reference or attempt."},
	models.RowUnreadable:    {ui.Neutral, "Unreadable row", "The row cannot be read; nothing was concluded from it."},
	models.RowOther:         {ui.Neutral, "Fees and other lines", "Lines that belong to no order. They are summed up."},
}

func classLabel(class models.RowClass) string { return classWords[class].label }

// actionWords is how an action reads on its button.
var actionWords = map[models.RowAction]string{
	models.ActionConfirm: "Confirm Payment", models.ActionAsk: "Ask the gateway", models.ActionFail: "Mark as failed", models.ActionAccept: "Accept",
	models.ActionTake: "Assign to me", models.ActionLeave: "Assign to nobody",
}

// actionHelp is what an action does.
var actionHelp = map[models.RowAction]string{
	models.ActionConfirm: "Asks the gateway at this moment and, when it says paid, has Fynd confirm the payment.",
	models.ActionAsk:     "Asks the gateway at this moment and takes over what it says: a payment, or a refund that was made in its portal.",
	models.ActionFail:    "Asks the gateway at this moment and, when it says not paid, marks the order as failed.",
	models.ActionAccept:  "Leaves everything as it is. The comment goes into the order's history.",
}

func (v ReconciliationsView) tabs() []ui.Tab {
	return []ui.Tab{
		{Label: "Files", Path: reconciliationsPath, Active: v.Of == ""},
		{Label: "Open differences", Path: reconciliationsPath + "?of=queue", Active: v.Of == "queue"},
		{Label: "Figures", Path: reconciliationsPath + "?of=figures", Active: v.Of == "figures"},
		{Label: "Mappings", Path: reconciliationsPath + "?of=mappings", Active: v.Of == "mappings"},
	}
}

func (v ReconciliationsView) field(ctx context.Context, f ui.FieldView) ui.FieldView {
	if v.Refused != nil && !v.Asked && v.Refused.Field == f.Name {
		f.Error = v.Refused.In(ctx)
	}
	return f
}

// problem is what stands over the form, when it is about no field in particular.
func (v ReconciliationsView) problem(ctx context.Context) string {
	if v.Refused == nil || v.Asked || v.Refused.Field != "" && v.Refused.Field != "store" {
		return ""
	}
	return v.Refused.In(ctx)
}

func (v ReconciliationsView) storeOptions(chosen int64) []ui.Option {
	var options []ui.Option
	for _, s := range v.Stores {
		options = append(options, ui.Option{Value: strconv.FormatInt(s.ID, 10), Label: s.Name, Chosen: s.ID == chosen})
	}
	return options
}

func (v ReconciliationsView) mappingOptions() []ui.Option {
	options := []ui.Option{{Value: "0", Label: "None: recognise it by its headings"}}
	for _, m := range v.Mappings {
		options = append(options, ui.Option{Value: strconv.FormatInt(m.ID, 10), Label: m.Name, Chosen: m.ID == v.Form.Mapping})
	}
	return options
}

func (v ReconciliationsView) storeName(id int64) string {
	for _, s := range v.Stores {
		if s.ID == id {
			return s.Name
		}
	}
	return ""
}

func (v ReconciliationsView) next() string {
	if !v.More || len(v.List) == 0 {
		return ""
	}
	return reconciliationsPath + "?before=" + strconv.FormatInt(v.List[len(v.List)-1].ID, 10)
}

func (v ReconciliationsView) first() string {
	if !v.Begun {
		return ""
	}
	return reconciliationsPath
}

func formatWord(ctx context.Context, r *models.Reconciliation) string {
	switch {
	case r.Source == models.FromGateway && r.Mode == "test":
		return lang.T(ctx, "%s, asked in test mode", r.GatewayName)
	case r.Source == models.FromGateway:
		return lang.T(ctx, "%s, asked in live mode", r.GatewayName)
	case r.Mapping != nil:
		return lang.T(ctx, "%s (mapping)", r.Mapping.Name)
	}
	for _, f := range models.ReconciliationFormats() {
		if f.Value == r.Format {
			return lang.T(ctx, f.Label)
		}
	}
	return r.Format
}

func reconciliationState(ctx context.Context, r *models.Reconciliation) (ui.Kind, string) {
	switch {
	case r.State == models.ReconciliationQueued:
		return ui.Neutral, "Waiting"
	case r.State == models.ReconciliationRunning:
		return ui.Busy, "Being compared"
	case r.State == models.ReconciliationFailed:
		return ui.Bad, "Not compared"
	case r.Differences() == 0:
		return ui.Good, "Agrees"
	case r.Left == 0:
		return ui.Good, "Resolved"
	case r.Left < r.Differences() && r.Left < models.MostLeft:
		return ui.Attention, lang.T(ctx, "%s of %s open", lang.Number(ctx, grouped(r.Left)), lang.Number(ctx, grouped(r.Differences())))
	}
	return ui.Attention, lang.N(ctx, "%s difference", "%s differences", int(r.Differences()), lang.Number(ctx, grouped(r.Differences())))
}

// period is the days that a reconciliation is of, in words.
func period(ctx context.Context, r *models.Reconciliation) string {
	switch {
	case r.DayFrom == "" || r.DayTo == "":
		return lang.T(ctx, "No dates in the file: orders that are paid only here were not looked for")
	case r.DayFrom == r.DayTo:
		return dayText(ctx, r.DayFrom)
	}
	return lang.T(ctx, "%s to %s", dayText(ctx, r.DayFrom), dayText(ctx, r.DayTo))
}

// dayText is a day such as 2026-11-01 as people read it.
func dayText(ctx context.Context, day string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return lang.Format(ctx, at, "2 Jan 2006")
}

func whoseDays(ctx context.Context, r *models.Reconciliation) string {
	if r.Days == "store" {
		return lang.T(ctx, "the store's days, which begin in %s", r.Zone)
	}
	return lang.T(ctx, "the gateway's days, which begin in %s", r.Zone)
}

// query is the page with another filter.
func (v ReconciliationView) query(f models.RowFilter) string {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" && value != "0" {
			q.Set(name, value)
		}
	}
	set("class", string(f.Class))
	set("state", f.State)
	set("q", f.Q)
	if f.Owner != 0 {
		set("owner", "me")
	}
	set("after", strconv.FormatInt(f.After, 10))
	set("before", strconv.FormatInt(f.Before, 10))
	return withQuery(ReconciliationPath(v.ID), q)
}

func (v ReconciliationView) with(change func(f *models.RowFilter)) string {
	f := v.Filter
	f.After, f.Before, f.Rows = 0, 0, nil
	change(&f)
	return v.query(f)
}

// classTabs are the classes with their open rows.
func (v ReconciliationView) classTabs() []ui.Tab {
	var open int64
	for _, t := range v.Tally {
		open += t.Open
	}
	tabs := []ui.Tab{{Label: "All differences", Count: int(open), Path: v.with(func(f *models.RowFilter) { f.Class = "" }), Active: v.Filter.Class == ""}}
	for _, class := range slices.Concat(models.Differences, []models.RowClass{models.RowAgree, models.RowOther}) {
		n := v.Counts[string(class)]
		if n == 0 && v.Filter.Class != class {
			continue
		}
		tab := ui.Tab{Label: classLabel(class), Path: v.with(func(f *models.RowFilter) { f.Class, f.State = class, "" }), Active: v.Filter.Class == class}
		if t, differs := v.Tally[class]; differs {
			tab.Count = int(t.Open)
		} else {
			tab.Count = int(n)
		}
		tabs = append(tabs, tab)
	}
	return tabs
}

func (v ReconciliationView) chips(ctx context.Context) []ui.Chip {
	var chips []ui.Chip
	if v.Filter.Class != "" {
		chips = append(chips, ui.Chip{Label: "Class", Value: classLabel(v.Filter.Class), Path: v.with(func(f *models.RowFilter) { f.Class = "" })})
	}
	if v.Filter.State != "" {
		chips = append(chips, ui.Chip{Label: "State", Value: ui.Words(v.Filter.State), Path: v.with(func(f *models.RowFilter) { f.State = "" })})
	}
	if v.Filter.Owner != 0 {
		chips = append(chips, ui.Chip{Label: "Owner", Value: lang.T(ctx, "me"), Path: v.with(func(f *models.RowFilter) { f.Owner = 0 })})
	}
	if v.Filter.Q != "" {
		chips = append(chips, ui.Chip{Label: "Search", Value: v.Filter.Q, Path: v.with(func(f *models.RowFilter) { f.Q = "" })})
	}
	return chips
}

func (v ReconciliationView) pager(ctx context.Context) ui.PagerView {
	p := ui.PagerView{Shown: strconv.Itoa(len(v.Rows)), Noun: lang.N(ctx, "row", "rows", len(v.Rows))}
	if v.Before && len(v.Rows) > 0 {
		p.First = v.with(func(*models.RowFilter) {})
		p.Prev = v.with(func(f *models.RowFilter) { f.Before = v.Rows[0].Row })
	}
	if v.After && len(v.Rows) > 0 {
		p.Next = v.with(func(f *models.RowFilter) { f.After = v.Rows[len(v.Rows)-1].Row })
	}
	return p
}

func (v ReconciliationView) file(format string) string {
	path := strings.Replace(v.with(func(*models.RowFilter) {}), ReconciliationPath(v.ID), ReconciliationPath(v.ID)+"/rows."+format, 1)
	return path
}

func (v ReconciliationView) rowPath(r *models.ReconciliationRow) string {
	path := v.query(v.Filter)
	if strings.Contains(path, "?") {
		path += "&"
	} else {
		path += "?"
	}
	return path + "row=" + strconv.FormatInt(r.Row, 10) + "#row"
}

func resolvePath(r *models.ReconciliationRow) string {
	return fmt.Sprintf("%s/rows/%d/resolve", ReconciliationPath(r.ReconciliationID), r.Row)
}

// actions are what the person can do about a row.
func (v ReconciliationView) actions(r *models.ReconciliationRow) []models.RowAction {
	return r.Actions(v.User, v.Store.Fynd)
}

// first is the action that stands in the row itself; none when the first needs words.
func (v ReconciliationView) first(r *models.ReconciliationRow) models.RowAction {
	if list := v.actions(r); len(list) > 0 && list[0] != models.ActionAccept {
		return list[0]
	}
	return ""
}

// refundPath is the order's refund form, filled in with what was paid too much.
func (v ReconciliationView) refundPath(r *models.ReconciliationRow) string {
	fits := r.Class == models.RowDuplicate || r.Class == models.RowAmount || r.Class == models.RowRefundedHere || r.Class == models.RowPaidFailed
	if r.State != "open" || !fits || r.OrderID == nil || r.PaymentID == nil || !v.User.May(models.RefundMoney) {
		return ""
	}
	minor := r.AmountMinor
	switch r.Class {
	case models.RowAmount:
		if minor = r.ThereMinor - r.HereMinor; minor <= 0 {
			return ""
		}
	case models.RowRefundedHere:
		return ""
	}
	q := url.Values{"mode": {"partial"}, "amount": {money.New(minor, r.Currency).Decimal()}, "currency": {r.Currency}}
	return fmt.Sprintf("/sales/orders/%d/payments/%d/refunds/new?%s", *r.OrderID, *r.PaymentID, q.Encode())
}

// bulkActions are what can be done about several rows at once.
func (v ReconciliationView) bulkActions() []models.RowAction {
	list := []models.RowAction{models.ActionTake, models.ActionLeave, models.ActionAccept}
	sample := &models.ReconciliationRow{Class: v.Filter.Class, State: "open", OrderID: new(int64), PartnerOrderID: "x", Status: models.StatusMissing}
	if v.Filter.Class != "" {
		for _, a := range sample.Actions(v.User, v.Store.Fynd) {
			if !slices.Contains(list, a) {
				list = append(list, a)
			}
		}
	}
	return list
}

// shownProgress is how far a file is, out of its bytes.
func shownProgress(r *models.Reconciliation) (value, most string) {
	return strconv.FormatInt(min(r.ReadBytes, r.Bytes), 10), strconv.FormatInt(r.Bytes, 10)
}

// live has the page ask for news as long as the file is being compared.
func (v ReconciliationView) live() templ.Attributes {
	if !v.Open() {
		return nil
	}
	return templ.Attributes{"hx-get": ReconciliationPath(v.ID) + "/progress", "hx-trigger": "every 1s", "hx-swap": "outerHTML", "data-background": "true"}
}

func zoneOf(r *models.Reconciliation) *time.Location {
	store := models.Store{TimeZone: r.Zone}
	return store.Zone()
}

// ReconciliationBulk is something that is about to be done about several rows.
type ReconciliationBulk struct {
	Action models.RowAction
	Which  string // "ticked" or "all"
	Query  string // the page it was asked on
	Rows   []int64
	Count  int64
}
