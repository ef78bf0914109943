package views

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

// StatusActionsPath is the page of Systems > Order status actions.
const StatusActionsPath = "/system/order-status-actions"

// StatusActionsView is the settings of one store and payment method.
type StatusActionsView struct {
	*models.StatusActionsPage

	Chosen    *models.StatusGateway // nil when the store has none that can be driven
	Groups    []models.StatusGroupForm
	Suggested bool // the form holds the suggestion, which is not saved
	Problems  models.FieldProblems
	Problem   string
}

func (v StatusActionsView) path(store int64, gateway string) string {
	q := url.Values{"store": {strconv.FormatInt(store, 10)}}
	if gateway != "" {
		q.Set("gateway", gateway)
	}
	return StatusActionsPath + "?" + q.Encode()
}

func (v StatusActionsView) storeTabs() []ui.Tab {
	var tabs []ui.Tab
	for _, s := range v.Stores {
		tabs = append(tabs, ui.Tab{Label: s.Name, Path: v.path(s.ID, ""), Active: v.Store != nil && v.Store.ID == s.ID})
	}
	return tabs
}

func (v StatusActionsView) gatewayTabs() []ui.Tab {
	var tabs []ui.Tab
	for _, g := range v.StatusActionsPage.Chosen() {
		tabs = append(tabs, ui.Tab{Label: g.Driver.Name, Path: v.path(v.Store.ID, g.Driver.Code), Active: v.Chosen != nil && v.Chosen.Driver.Code == g.Driver.Code})
	}
	return tabs
}

// group is what stands in one group of the form.
func (v StatusActionsView) group(action models.Action) models.StatusGroupForm {
	for _, g := range v.Groups {
		if g.Action == action {
			return g
		}
	}
	return models.StatusGroupForm{Action: action}
}

// wrong are the sentences about one field.
func (v StatusActionsView) wrong(ctx context.Context, field string) string {
	var list []string
	for _, p := range v.Problems {
		if p.Field == field {
			list = append(list, p.In(ctx))
		}
	}
	return strings.Join(list, " ")
}

func (v StatusActionsView) fieldErrors(ctx context.Context) []ui.FieldError {
	var list []ui.FieldError
	for _, p := range v.Problems {
		list = append(list, ui.FieldError{Name: p.Field, Message: p.In(ctx)})
	}
	return list
}

func (v StatusActionsView) label(code string) string {
	for _, s := range v.Statuses {
		if s.Code == code {
			return s.Label
		}
	}
	return code
}

// after are the statuses an order can get after an action, with what choosing none means.
func (v StatusActionsView) after(none string) []ui.Option {
	options := []ui.Option{{Label: none}}
	for _, code := range models.LinkableStatuses {
		options = append(options, ui.Option{Value: code, Label: v.label(code)})
	}
	return options
}

// fresh says that nothing was ever linked, so that the suggestion is worth a line.
func (v StatusActionsView) fresh() bool {
	return v.Chosen != nil && len(v.Chosen.Rules.Rules) == 0 && !v.Suggested && len(v.Problems) == 0
}

// saved says since when the settings are in force.
func (v StatusActionsView) saved(ctx context.Context) string {
	rules := v.Chosen.Rules
	if rules.Version == 0 {
		return lang.T(ctx, "Nothing has been saved yet: no change of status calls %s.", v.Chosen.Driver.Name)
	}
	return lang.T(ctx, "Version %d, saved by %s on %s.", rules.Version, rules.CreatedName, lang.Format(ctx, rules.CreatedAt.In(v.Store.Zone()), "2 Jan 2006, 15:04"))
}

func ticked(list []string, code string) bool { return slices.Contains(list, code) }

// What an order's page shows of status actions.

// actionWord is a state as a badge.
func actionWord(a models.StatusAction) (ui.Kind, string) {
	switch a.State {
	case models.ActionDone:
		return ui.Good, "Done"
	case models.ActionFailed:
		return ui.Bad, "Failed"
	case models.ActionPassed:
		return ui.Attention, "Passed over"
	case models.ActionDropped:
		return ui.Neutral, "Taken back"
	case models.ActionSent:
		return ui.Busy, "Under way"
	}
	return ui.Busy, "Waiting"
}

func groupName(action models.Action) string {
	for _, g := range models.StatusGroups {
		if g.Action == action {
			return g.Label
		}
	}
	return string(action)
}

func (v OrderView) gatewayName(code string) string {
	for _, p := range v.Payments {
		if p.Gateway == code && p.Driver.Name != "" {
			return p.Driver.Name
		}
	}
	return code
}

func (v OrderView) statusActionPath(a models.StatusAction, what string) string {
	return fmt.Sprintf("%s/status-actions/%d/%s", v.path(), a.ID, what)
}

// awaited is the status the order waits for, with whether it failed to get it; "" when there is none.
func (v OrderView) awaited() (label string, failed bool) {
	for _, a := range v.Actions {
		if a.Open() && a.DroppedAt == nil {
			label, failed = v.status(a.ToStatus).Label, failed || a.State == models.ActionFailed
		}
	}
	return label, failed
}

// failedActions are those that wait for a person.
func (v OrderView) failedActions() []models.StatusAction {
	return slices.DeleteFunc(slices.Clone(v.Actions), func(a models.StatusAction) bool { return a.State != models.ActionFailed })
}

// failure says what did not happen, and what the order is instead.
func (v OrderView) failure(ctx context.Context, a models.StatusAction) string {
	what := map[models.Action]string{
		models.CaptureAction: "%s did not capture the payment, so the order is not %s. It is %s. %s",
		models.CancelAction:  "%s did not cancel or credit the payment, so the order is not %s. It is %s. %s",
		models.UpdateAction:  "%s did not change the amount of the payment, so the order is not %s. It is %s. %s",
	}[a.Action]
	return lang.T(ctx, what, v.gatewayName(a.Gateway), strings.ToLower(lang.T(ctx, v.status(a.ToStatus).Label)), strings.ToLower(lang.T(ctx, v.status(v.Order.Status).Label)), lang.T(ctx, a.Problem))
}

// plans are the statuses that would do something to a payment, with what.
func (v OrderView) plans(ctx context.Context) []statusPlan {
	var list []statusPlan
	for _, code := range models.HandStatuses {
		f := v.Forecast(code)
		if text := f.In(ctx); text != "" {
			blocked := f.Blocked() != nil
			list = append(list, statusPlan{Code: code, Label: v.status(code).Label, Text: text, Moves: f.Moves(), Blocked: blocked})
		}
	}
	return list
}

// statusPlan is what one status would do.
type statusPlan struct {
	Code, Label, Text string
	Moves, Blocked    bool
}

// PassForm is what stands in the Proceed without form of one action.
type PassForm struct {
	ActionID int64
	Reason   string
	Problem  *models.Problem
}

func (f PassForm) reason(a models.StatusAction) string {
	if f.ActionID != a.ID {
		return ""
	}
	return f.Reason
}

func (f PassForm) wrong(ctx context.Context, a models.StatusAction) string {
	if f.ActionID != a.ID {
		return ""
	}
	return fieldError(ctx, f.Problem, "reason")
}

// actionName is a choice of the filter by status action, or "".
func actionName(value string) string {
	for _, c := range models.OrderActions {
		if c.Value == value {
			return strings.ToLower(c.Label)
		}
	}
	return ""
}
