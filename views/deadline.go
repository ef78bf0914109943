package views

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

// deadlineOptions are the deadlines to filter orders by.
func deadlineOptions() []ui.Option {
	options := []ui.Option{{Label: "Any"}}
	for _, d := range models.Deadlines {
		options = append(options, ui.Option{Value: d.Value, Label: d.Label})
	}
	return options
}

// deadlineName is a deadline as a chip has it: "ends within 48 hours".
func deadlineName(deadline models.Deadline) string {
	return map[models.Deadline]string{
		models.EndsIn48h: "ends within 48 hours", models.EndsIn7d: "ends within 7 days", models.Ended: lang.Textf("has ended").Format,
	}[deadline]
}

// deadlineKind is how pressing a hold is that lasts for so long yet.
func deadlineKind(left time.Duration) ui.Kind {
	switch {
	case left <= 24*time.Hour:
		return ui.Bad
	case left <= 48*time.Hour:
		return ui.Attention
	}
	return ui.Busy
}

// deadlineWords is how long a hold lasts yet: "26 h left". Days are counted once there are several of them.
func deadlineWords(ctx context.Context, left time.Duration) string {
	switch hours := int(left.Hours()); {
	case left <= 0:
		return lang.T(ctx, "ended")
	case hours >= 72:
		return lang.T(ctx, "%d d left", hours/24)
	case hours >= 1:
		return lang.T(ctx, "%d h left", hours)
	}
	return lang.T(ctx, "%d min left", int(left.Minutes()))
}

// held says whether money of a payment is held and must be drawn in time.
func held(v OrderView, p *models.OrderPayment) bool {
	_, is := p.Remaining(v.Now)
	return is
}

// plansPath is where captures of a payment are planned.
func plansPath(v OrderView, p *models.OrderPayment) string {
	return fmt.Sprintf("%s/payments/%d/planned-captures", v.path(), p.ID)
}

// PlanForm is what stands in the Plan capture form, as typed.
type PlanForm struct {
	PaymentID int64
	Token     func(payment int64) string
	Open      bool
	At        string // of an input of the type datetime-local, by the store's clocks
	Problem   *models.Problem
}

// PlanTime is how a browser writes a moment into such an input.
const PlanTime = "2006-01-02T15:04"

// planForm is the form of a payment: as it was sent, or as it begins, some hours before the hold ends.
func (v OrderView) planForm(p *models.OrderPayment) PlanForm {
	f := v.Plan
	if f.PaymentID == p.ID {
		return f
	}
	at := v.Now.Add(24 * time.Hour)
	if left, is := p.Remaining(v.Now); is {
		at = v.Now.Add(left - min(left/2, 6*time.Hour)).Truncate(time.Hour)
	}
	return PlanForm{PaymentID: p.ID, Token: f.Token, At: at.In(v.zone()).Format(PlanTime)}
}

// overdueWords says how long a refund has been under way: "2 h", "3 days".
func overdueWords(ctx context.Context, since time.Duration) string {
	if hours := int(since.Hours()); hours < 48 {
		return lang.T(ctx, "%d h", max(hours, 1))
	}
	days := int(since.Hours()) / 24
	return lang.N(ctx, "%d day", "%d days", days, days)
}

// statusList names statuses inside a sentence: "processing, shipped or complete".
func (v OrderView) statusList(ctx context.Context, codes []string) string {
	var labels []string
	for _, code := range codes {
		labels = append(labels, strings.ToLower(lang.T(ctx, v.status(code).Label)))
	}
	return orList(ctx, labels)
}

func orList(ctx context.Context, words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return lang.T(ctx, "%s or %s", strings.Join(words[:len(words)-1], ", "), words[len(words)-1])
}

// CaptureRulesPath is Systems > Capture deadlines.
const CaptureRulesPath = "/system/capture-deadlines"

// CaptureRulesView is Systems > Capture deadlines.
type CaptureRulesView struct {
	Lines    []models.RuleLine
	Statuses []models.OrderStatus
	Store    int64 // whose form is shown as it was sent
	Gateway  string
	Hours    string
	Chosen   []string
	Problem  *models.Problem
}

// sent says whether the form of a line is shown as it was sent.
func (v CaptureRulesView) sent(line models.RuleLine) bool {
	return v.Problem != nil && v.Store == line.Store.ID && v.Gateway == line.Driver.Code
}

// hours is what stands in the box of a line.
func (v CaptureRulesView) hours(line models.RuleLine) string {
	switch {
	case v.sent(line):
		return v.Hours
	case line.Rule != nil:
		return strconv.Itoa(line.Rule.Hours)
	}
	return ""
}

// ticked says whether a status is chosen in the form of a line. What is shipped is what most stores capture.
func (v CaptureRulesView) ticked(line models.RuleLine, status string) bool {
	switch {
	case v.sent(line):
		return slices.Contains(v.Chosen, status)
	case line.Rule != nil:
		return line.Rule.Applies(status)
	}
	return status == models.StatusShipped || status == models.StatusComplete
}

func (v CaptureRulesView) label(code string) string {
	for _, s := range v.Statuses {
		if s.Code == code {
			return s.Label
		}
	}
	return ui.Words(code)
}

// lasts says how long the gateway's holds last.
func lasts(ctx context.Context, line models.RuleLine) string {
	if days := int(math.Round(line.Driver.Can.Hold("").Hours() / 24)); days > 0 {
		return lang.N(ctx, "An authorization of %s lasts %d day, unless it says otherwise.", "An authorization of %s lasts %d days, unless it says otherwise.", days, line.Driver.Name, days)
	}
	return lang.T(ctx, "%s says of each authorization when it ends.", line.Driver.Name)
}

// ruleSentence says what is in force.
func (v CaptureRulesView) ruleSentence(ctx context.Context, line models.RuleLine) string {
	if line.Rule == nil {
		return lang.T(ctx, "Nothing is captured by itself.")
	}
	var labels []string
	for _, code := range line.Rule.Statuses {
		labels = append(labels, strings.ToLower(lang.T(ctx, v.label(code))))
	}
	return lang.T(ctx, "In force: captured %d h before the end, of orders that are %s.", line.Rule.Hours, orList(ctx, labels))
}
