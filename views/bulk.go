package views

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

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
func (v StatusRunView) headline() string {
	c, to := v.Counts, v.label(v.ToStatus)
	switch v.State {
	case models.RunPlanning:
		return fmt.Sprintf("Looking at %d of %s.", c.Planned, orders(c.Rows))
	case models.RunPlanned:
		return fmt.Sprintf("This is what would happen when %s become %s. Nothing has been changed or called yet.", orders(c.Rows), to)
	case models.RunQueued:
		if v.seconds() == 0 {
			return "It starts now."
		}
		return fmt.Sprintf("It starts in %d s. Until then Cancel calls nobody and changes nothing.", v.seconds())
	case models.RunRunning:
		return fmt.Sprintf("%d of %s done.", c.Rows-c.Waiting, orders(c.Rows))
	case models.RunCancelled:
		if v.began() {
			return fmt.Sprintf("Stopped after %d of %s. The others are as they were.", c.Rows-c.Waiting, orders(c.Rows))
		}
		return "Cancelled. Nobody was called, and no order was changed."
	}
	if c.UnderWay > 0 {
		return fmt.Sprintf("Every order has been asked for; %s still wait for their payment.", orders(c.UnderWay))
	}
	return fmt.Sprintf("Finished: %d done, %d left alone, %d failed.", c.Done, c.Skipped, c.Failed)
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

func orders(n int) string {
	if n == 1 {
		return "1 order"
	}
	return grouped(int64(n)) + " orders"
}

// tabs are the kinds of rows there are.
func (v StatusRunView) tabs() []ui.Tab {
	c := v.Counts
	tabs := []ui.Tab{{Label: fmt.Sprintf("All %s", grouped(int64(c.Rows))), Path: v.path("", 0), Active: v.Show == ""}}
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
			tabs = append(tabs, ui.Tab{Label: fmt.Sprintf("%s %s", k.label, grouped(int64(k.n))), Path: v.path(k.show, 0), Active: v.Show == k.show})
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

var verbWords = map[string]string{"capture": "Capture", "void": "Give back", "refund": "Credit", "amount_update": "Hold"}

// call is one call of a row in words: "Capture 118.75 SEK at Klarna".
func call(c models.StatusRunCall) string {
	return fmt.Sprintf("%s %s at %s", verbWords[c.Verb], money.New(c.Minor, c.Currency).Grouped(), c.Gateway)
}
