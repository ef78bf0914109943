package views

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
	"github.com/kartify/kartify/views/ui"
)

const statusRunsPath = "/sales/status-changes"

// StatusRunPath is the page of a change of many orders.
func StatusRunPath(id string) string { return statusRunsPath + "/" + id }

// StatusRunForm is the choice of a status for many orders.
type StatusRunForm struct {
	CSRF     string
	Orders   []int64
	All      bool
	Query    string // of the list
	Matching string // how many orders that is; "" when it is not known
	Status   string
	Reason   string
	Comment  string
	Statuses []models.OrderStatus
	Runs     []models.StatusRun
	Problem  *models.Problem
}

// MatchingOrders is a count as people read it: "428", or "1,000+".
func MatchingOrders(t *models.OrderTally) string {
	if t.More {
		return grouped(int64(t.Total)) + "+"
	}
	return grouped(int64(t.Total))
}

func (v StatusRunForm) back() string {
	if v.Query == "" {
		return "/sales/orders"
	}
	return "/sales/orders?" + v.Query
}

func (v StatusRunForm) options() []ui.Option {
	options := []ui.Option{{Label: "Choose a status"}}
	for _, code := range models.HandStatuses {
		options = append(options, ui.Option{Value: code, Label: statusLabel(v.Statuses, code)})
	}
	return options
}

func (v StatusRunForm) all() bool { return v.All || len(v.Orders) == 0 }

func statusLabel(statuses []models.OrderStatus, code string) string {
	for _, s := range statuses {
		if s.Code == code {
			return s.Label
		}
	}
	return code
}

// StatusRunView is a change of many orders as its person sees it.
type StatusRunView struct {
	*models.StatusRunPage

	CSRF     string
	Statuses []models.OrderStatus
	Show     string // one kind of rows
	After    int
	Delay    time.Duration
	MayRetry bool
	Said     string
}

func (v StatusRunView) label(code string) string { return statusLabel(v.Statuses, code) }

func (v StatusRunView) colour(code string) ui.Kind {
	for _, s := range v.Statuses {
		if s.Code == code {
			return ui.Kind(s.Colour)
		}
	}
	return ui.Neutral
}

func (v StatusRunView) path(show string, after int) string {
	q := url.Values{}
	if show != "" {
		q.Set("show", show)
	}
	if after > 0 {
		q.Set("after", strconv.Itoa(after))
	}
	return withQuery(StatusRunPath(v.ID), q)
}

// live has the page ask for news as long as the run or something it started goes on.
func (v StatusRunView) live() templ.Attributes {
	if !v.StatusRun.Live() && (v.State != models.RunDone || v.Counts.UnderWay == 0) {
		return nil
	}
	every := "2s"
	if v.State == models.RunQueued {
		every = "1s"
	}
	path := strings.Replace(v.path(v.Show, v.After), v.ID, v.ID+"/progress", 1)
	return templ.Attributes{"hx-get": path, "hx-trigger": "every " + every, "hx-swap": "outerHTML", "data-background": "true"}
}

// began says whether rows were done, or are about to be without a way back.
func (v StatusRunView) began() bool {
	return v.State == models.RunRunning || v.State == models.RunDone || v.State == models.RunCancelled && v.Counts.Rows > v.Counts.Waiting
}

// seconds is how long it still takes until the run starts.
func (v StatusRunView) seconds() int {
	if v.StartsAt == nil {
		return 0
	}
	return max(int(v.StartsAt.Sub(v.Now).Round(time.Second).Seconds()), 0)
}

// headline is where the run stands, in a sentence.
func (v StatusRunView) headline(ctx context.Context) string {
	c, to, rows := v.Counts, lang.T(ctx, v.label(v.ToStatus)), orders(ctx, v.Counts.Rows)
	switch v.State {
	case models.RunPlanning:
		return lang.T(ctx, "Looking at %d of %s.", c.Planned, rows)
	case models.RunPlanned:
		return lang.T(ctx, "This is what would happen when %s become %s. Nothing has been changed or called yet.", rows, to)
	case models.RunQueued:
		if v.seconds() == 0 {
			return lang.T(ctx, "It starts now.")
		}
		return lang.T(ctx, "It starts in %d s. Until then Cancel calls nobody and changes nothing.", v.seconds())
	case models.RunRunning:
		return lang.T(ctx, "%d of %s done.", c.Rows-c.Waiting, rows)
	case models.RunCancelled:
		if v.began() {
			return lang.T(ctx, "Stopped after %d of %s. The others are as they were.", c.Rows-c.Waiting, rows)
		}
		return lang.T(ctx, "Cancelled. Nobody was called, and no order was changed.")
	}
	if c.UnderWay > 0 {
		return lang.T(ctx, "Every order has been asked for; %s still wait for their payment.", orders(ctx, c.UnderWay))
	}
	return lang.T(ctx, "Finished: %d done, %d left alone, %d failed.", c.Done, c.Skipped, c.Failed)
}

func (v StatusRunView) headlineKind() ui.Kind {
	switch {
	case v.State == models.RunQueued:
		return ui.Attention
	case v.State == models.RunDone && v.Counts.Failed > 0:
		return ui.Bad
	case v.State == models.RunDone && v.Counts.UnderWay == 0:
		return ui.Good
	}
	return ui.Busy
}

func orders(ctx context.Context, n int) string {
	return lang.N(ctx, "%s order", "%s orders", n, lang.Number(ctx, grouped(int64(n))))
}

// tabs are the kinds of rows there are.
func (v StatusRunView) tabs(ctx context.Context) []ui.Tab {
	c := v.Counts
	tabs := []ui.Tab{{Label: lang.T(ctx, "All %s", lang.Number(ctx, grouped(int64(c.Rows)))), Path: v.path("", 0), Active: v.Show == ""}}
	kinds := []struct {
		show, label string
		n           int
	}{
		{"call", "A payment is moved", c.Call}, {"status", "Status only", c.StatusOnly}, {"skip", "Left alone", c.Skip},
	}
	if v.began() {
		kinds = append(kinds[:0:0], []struct {
			show, label string
			n           int
		}{
			{"done", "Done", c.Done}, {"under_way", "Under way", c.UnderWay}, {"failed", "Failed", c.Failed}, {"skipped", "Left alone", c.Skipped}, {"waiting", "To do", c.Waiting},
		}...)
	}
	for _, k := range kinds {
		if k.n > 0 || v.Show == k.show {
			tabs = append(tabs, ui.Tab{Label: lang.T(ctx, k.label) + " " + lang.Number(ctx, grouped(int64(k.n))), Path: v.path(k.show, 0), Active: v.Show == k.show})
		}
	}
	return tabs
}

// does is what is planned for a row, as a badge.
func does(l models.StatusRunLine) (ui.Kind, string) {
	switch l.Forecast {
	case models.DoesCall:
		return ui.Busy, "Payment is moved"
	case models.DoesStatus:
		return ui.Good, "Status only"
	case models.DoesSkip:
		return ui.Neutral, "Left alone"
	}
	return ui.Neutral, "Not looked at yet"
}

func came(l models.StatusRunLine) (ui.Kind, string) {
	switch l.Result {
	case models.ResultDone:
		return ui.Good, "Done"
	case models.ResultUnderWay:
		return ui.Busy, "Under way"
	case models.ResultFailed:
		return ui.Bad, "Failed"
	case models.ResultSkipped:
		return ui.Neutral, "Left alone"
	}
	return ui.Neutral, "To do"
}

// callText is what a call does, with its amount and the gateway: "Capture 118.75 SEK at Klarna".
func callText(ctx context.Context, verb, amount, gateway string) string {
	switch verb {
	case "capture":
		return lang.T(ctx, "Capture %s at %s", amount, gateway)
	case "void":
		return lang.T(ctx, "Give back %s at %s", amount, gateway)
	case "refund":
		return lang.T(ctx, "Credit %s at %s", amount, gateway)
	case "amount_update":
		return lang.T(ctx, "Hold %s at %s", amount, gateway)
	}
	return amount
}

// totalLabel is what the calls of one kind at a gateway are called, with how many orders they are of.
func totalLabel(ctx context.Context, t models.StatusRunTotal) string {
	count := orders(ctx, t.Orders)
	switch t.Verb {
	case "capture":
		return lang.T(ctx, "Capture at %s, %s", t.Gateway, count)
	case "void":
		return lang.T(ctx, "Give back at %s, %s", t.Gateway, count)
	case "refund":
		return lang.T(ctx, "Credit at %s, %s", t.Gateway, count)
	case "amount_update":
		return lang.T(ctx, "Hold at %s, %s", t.Gateway, count)
	}
	return t.Gateway
}

// call is one call of a row in words.
func call(ctx context.Context, c models.StatusRunCall) string {
	return callText(ctx, c.Verb, inFigures(ctx, money.New(c.Minor, c.Currency)), c.Gateway)
}
