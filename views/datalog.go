package views

import (
	"context"
	"fmt"
	"net/http"
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

// DataLogView is a page of one table of the Data Log, as one person sees it.
type DataLogView struct {
	Filter   models.LogFilter
	Choices  *models.OrderChoices
	Tables   []models.LogTable // that the person may read
	Notices  []models.FilterNotice
	Log      *models.DataLog // nil when it could not be read, and Problem says why
	Gateways []ui.Option
	Problem  string
	User     *models.User
	Now      time.Time
}

const (
	dataLogRegion = "data-log"
	dataLogTarget = "#data-log"
)

// DataLogPath is the address of the Data Log with a filter.
func DataLogPath(f models.LogFilter) string { return withQuery("/system/tools/data-log", f.Query()) }

func webhookPath(id int64) string { return fmt.Sprintf("/system/tools/data-log/webhooks/%d", id) }

// swapLog makes a link replace the list and write its address into the address bar.
func swapLog(path string) templ.Attributes {
	return templ.Attributes{"hx-get": path, "hx-target": dataLogTarget, "hx-swap": "outerHTML", "hx-push-url": "true"}
}

// is says whether the page shows this table.
func (v DataLogView) is(t models.LogTable) bool { return v.Filter.Table == t }

func (v DataLogView) tableOptions() []ui.Option {
	var options []ui.Option
	for _, t := range v.Tables {
		options = append(options, ui.Option{Value: string(t), Label: t.Label(), Chosen: t == v.Filter.Table})
	}
	return options
}

func (v DataLogView) storeOptions() []ui.Option {
	return OrderListView{Choices: v.Choices, Filter: models.OrderFilter{Store: v.Filter.Store}}.storeOptions()
}

// states are the states that rows of the table can be in.
func (v DataLogView) states() []ui.Option {
	if v.is(models.LogEmails) {
		options := []ui.Option{{Label: "Any state"}}
		for _, s := range models.EmailStates {
			options = append(options, ui.Option{Value: string(s), Label: s.Label(), Chosen: string(s) == v.Filter.State})
		}
		return options
	}
	return words("Any state", models.WebhookStates, v.Filter.State)
}

// words are choices of plain words, after a first one that chooses none.
func words[T ~string](first string, list []T, chosen string) []ui.Option {
	options := []ui.Option{{Label: first}}
	for _, word := range list {
		options = append(options, ui.Option{Value: string(word), Label: ui.Words(string(word)), Chosen: string(word) == chosen})
	}
	return options
}

func (v DataLogView) outcomes() []ui.Option {
	options := words("Any outcome", models.CallOutcomes, v.Filter.Outcome)
	for i := range options[1:] {
		options[i+1].Label = tryOutcome(options[i+1].Value)
	}
	return options
}

func (v DataLogView) gatewayOptions() []ui.Option {
	options := []ui.Option{{Label: "Any gateway"}}
	for _, o := range v.Gateways {
		if o.Value != "cod" {
			o.Chosen = o.Value == v.Filter.Gateway
			options = append(options, o)
		}
	}
	return options
}

// zone says where the days of the filter begin.
func (v DataLogView) daysBegin(ctx context.Context) string {
	return OrderListView{Choices: v.Choices, Filter: models.OrderFilter{Store: v.Filter.Store}}.daysBegin(ctx)
}

// fewFilters is how many of the filters behind More filters are in force.
func (v DataLogView) fewFilters() int {
	n := 0
	for _, set := range []bool{v.Filter.Event != "", v.Filter.Verdict != "", v.Filter.State != "", v.Filter.Outcome != "", v.Filter.Gateway != ""} {
		if set {
			n++
		}
	}
	return n
}

// chips are the filters in force, each with the table as it would be without it.
func (v DataLogView) chips(ctx context.Context) []ui.Chip {
	f := v.Filter.FirstPage()
	var chips []ui.Chip
	chip := func(label, value string, without func(f *models.LogFilter)) {
		if value == "" {
			return
		}
		left := f
		without(&left)
		chips = append(chips, ui.Chip{Label: label, Value: value, Path: DataLogPath(left)})
	}
	chip("Gofynd Order ID", f.GofyndOrderID, func(f *models.LogFilter) { f.GofyndOrderID = "" })
	if f.Store != 0 {
		chip("Store", v.storeName(ctx, f.Store), func(f *models.LogFilter) { f.Store = 0 })
	}
	if f.Mismatch {
		chip("store_ID", "0 or wrong only", func(f *models.LogFilter) { f.Mismatch = false })
	}
	chip("Event", f.Event, func(f *models.LogFilter) { f.Event = "" })
	chip("Signature", ui.Words(string(f.Verdict)), func(f *models.LogFilter) { f.Verdict = "" })
	chip("State", v.stateName(), func(f *models.LogFilter) { f.State = "" })
	chip("Gateway", OrderListView{Gateways: v.Gateways}.gatewayName(f.Gateway), func(f *models.LogFilter) { f.Gateway = "" })
	if f.Outcome != "" {
		chip("Outcome", v.outcomeName(), func(f *models.LogFilter) { f.Outcome = "" })
	}
	chip("Date", daysText(ctx, f.Days), func(f *models.LogFilter) { f.Days = models.DayRange{} })
	return chips
}

func (v DataLogView) stateName() string {
	if v.is(models.LogEmails) {
		return models.EmailState(v.Filter.State).Label()
	}
	return ui.Words(v.Filter.State)
}

func (v DataLogView) storeName(ctx context.Context, id int64) string {
	if id == 0 {
		return lang.T(ctx, "No store")
	}
	return OrderListView{Choices: v.Choices}.storeName(id)
}

// found says what the Gofynd Order ID box was taken for, when it was no GoFynd order id.
func (v DataLogView) found(ctx context.Context) string {
	if v.Log == nil || v.Log.Order == nil || v.Log.Order.By == "partner" {
		return ""
	}
	o, typed := v.Log.Order, v.Filter.GofyndOrderID
	what := lang.T(ctx, "“%s” is our order number.", typed)
	switch o.By {
	case "shop":
		what = lang.T(ctx, "“%s” is the shop's number of order %d.", typed, o.ID)
	case "session":
		what = lang.T(ctx, "“%s” is the payment session of order %d.", typed, o.ID)
	}
	if o.PartnerID == "" {
		return what + " " + lang.T(ctx, "The order has no partner order ID: Fynd has not created it, so Fynd sends no webhooks about it and no e-mail goes to the customer.")
	}
	return what + " " + lang.T(ctx, "These are the rows of its GoFynd order ID %s.", o.PartnerID)
}

func (v DataLogView) pager(ctx context.Context) ui.PagerView {
	f, rows := v.Filter, v.Log.Rows()
	p := ui.PagerView{Shown: strconv.Itoa(rows), Noun: lang.N(ctx, "row", "rows", rows), Target: dataLogTarget}
	if v.Log.First && rows > 1 {
		p.Shown = "1–" + p.Shown
	}
	if v.Log.Counted {
		p.Total, p.Noun = strconv.Itoa(v.Log.Total), lang.N(ctx, "row", "rows", v.Log.Total)
		if v.Log.More {
			p.Total = "10,000+"
		}
	}
	at := func(after, before string) string {
		f := f
		f.After, f.Before = after, before
		return DataLogPath(f)
	}
	if v.Log.Prev != "" {
		p.First, p.Prev = at("", ""), at("", v.Log.Prev)
	}
	if v.Log.Next != "" {
		p.Next = at(v.Log.Next, "")
	}
	p.Sizes = ui.PageSizes(f.Limit, func(rows int) string {
		f := f.FirstPage()
		f.Limit = rows
		return DataLogPath(f)
	})
	return p
}

// emptyWhy says why there are no rows.
func (v DataLogView) emptyWhy(ctx context.Context) (title, why string) {
	f := v.Filter
	switch {
	case f.After != "" || f.Before != "":
		return "Nothing on this page", "The log has changed since you opened it."
	case f.Unfiltered() && v.is(models.LogCalls):
		return "No calls yet", "A call appears here as soon as a gateway is asked to move money."
	case f.Unfiltered() && v.is(models.LogNotice):
		return "No notifications yet", "An attempt appears here as soon as a shop that wants to be told is paid."
	case f.Unfiltered() && v.is(models.LogEmails):
		return "No e-mails yet", "An e-mail, or why there is none, appears here as soon as Fynd tells about an order."
	case f.Unfiltered():
		return "No webhooks yet", "A webhook appears here as soon as it arrives."
	case f.GofyndOrderID != "" && len(v.chips(ctx)) == 1 && v.is(models.LogGofynd):
		return "No webhook names this order", lang.T(ctx, "Fynd has sent nothing about %s to your stores. Without a webhook no e-mail goes to the customer.", f.GofyndOrderID)
	}
	var parts []string
	for _, chip := range v.chips(ctx) {
		parts = append(parts, lang.T(ctx, chip.Label)+" "+chip.Shown(ctx))
	}
	return "No row matches", lang.T(ctx, "In force: %s.", strings.Join(parts, " · "))
}

// short keeps an id that is none from filling the page.
func short(text string) string {
	if runes := []rune(text); len(runes) > 24 {
		return string(runes[:24]) + "…"
	}
	return text
}

// webhookKind colours the state of a webhook.
func webhookKind(s models.WebhookState) ui.Kind {
	switch s {
	case models.WebhookProcessed:
		return ui.Good
	case models.WebhookReceived:
		return ui.Busy
	case models.WebhookParked:
		return ui.Attention
	case models.WebhookFailed, models.WebhookRefused:
		return ui.Bad
	}
	return ui.Neutral
}

// logEmailKind colours the state of an e-mail as its own page does.
func logEmailKind(e models.LogEmail) ui.Kind {
	return emailKind(&models.Email{State: e.State, Cause: e.Cause})
}

// eventName is an event, or what stands for one that could not be read, or was not because it is forged.
func eventName(ctx context.Context, event string, verdict models.Verdict) string {
	switch {
	case event != "":
		return event
	case verdict == models.Forged:
		return lang.T(ctx, "(not read)")
	}
	return lang.T(ctx, "(unreadable)")
}

// zone is whose clock a row is told by: its store's, or none for one that no store's secret fitted.
func (v DataLogView) zone(store int64) *time.Location {
	if store == 0 {
		return nil
	}
	return v.Choices.Zone(store)
}

func verbWord(v gateways.Verb) string {
	if name := operationName(models.Operation{Kind: v}); name != "" {
		return name
	}
	return ui.Words(string(v))
}

func statusText(code int) string {
	switch {
	case code == 0:
		return "–"
	case http.StatusText(code) != "":
		return fmt.Sprintf("%d %s", code, http.StatusText(code))
	}
	return strconv.Itoa(code)
}

func callKind(code int) ui.Kind {
	switch {
	case code == 0:
		return ui.Neutral
	case code < 300:
		return ui.Good
	case code < 500:
		return ui.Bad
	}
	return ui.Attention
}

// headerLines are the headers of a webhook as they came, by name.
func headerLines(header http.Header) string {
	var lines []string
	for name, values := range header {
		for _, value := range values {
			lines = append(lines, name+": "+value)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
