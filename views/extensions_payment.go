package views

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

// GatewayView is the settings page of a gateway as one person sees it.
type GatewayView struct {
	*models.SettingsPage
	Person  *models.User
	CSRF    string
	Stores  []models.Store // that can use the gateway
	Address string         // how providers reach kartify

	Form     map[string]string // as it was sent, when it was refused; without the secrets
	Enabled  bool              // as it was sent
	Problem  string            // about no field
	Problems []ui.FieldError   // by field

	Checked      bool // the connection was just tested
	CheckProblem *models.Problem
}

// Refuse keeps what was entered, but for the secrets, and says what is wrong with it.
func (v *GatewayView) Refuse(form models.SettingsForm, err error) {
	v.Form, v.Enabled = map[string]string{}, form.Enabled
	for _, field := range v.Driver.Fields {
		if !field.Secret {
			v.Form[field.Slug] = form.Values[field.Slug]
		}
	}
	var fields models.FieldProblems
	var problem *models.Problem
	switch {
	case errors.As(err, &fields):
		for _, p := range fields {
			v.Problems = append(v.Problems, ui.FieldError{Name: p.Field, Message: p.Sentence})
		}
	case errors.As(err, &problem):
		v.Problem = problem.Sentence
	}
}

// GatewayPath is the address of a gateway's settings.
func GatewayPath(gateway string, store int64, mode string) string {
	query := url.Values{"store": {strconv.FormatInt(store, 10)}, "mode": {mode}}
	return "/extensions/payment/" + gateway + "?" + query.Encode()
}

func (v GatewayView) path() string { return GatewayPath(v.Driver.Code, v.Store.ID, v.Mode) }

func (v GatewayView) checkPath() string {
	query := url.Values{"store": {strconv.FormatInt(v.Store.ID, 10)}, "mode": {v.Mode}}
	return "/extensions/payment/" + v.Driver.Code + "/checks?" + query.Encode()
}

func (v GatewayView) version() int {
	if current := v.Current(); current != nil {
		return current.Version
	}
	return 0
}

func (v GatewayView) state() string {
	switch current := v.Current(); {
	case current == nil:
		return "not set up"
	case current.Enabled:
		return "enabled"
	default:
		return "disabled"
	}
}

func (v GatewayView) enabled() bool {
	if v.Form != nil {
		return v.Enabled
	}
	return v.Current() == nil || v.Current().Enabled
}

// value is what stands in a field that is no secret.
func (v GatewayView) value(field gateways.Field) string {
	if v.Form != nil {
		return v.Form[field.Slug]
	}
	if current := v.Current(); current != nil {
		return current.Values[field.Slug]
	}
	return field.Default
}

func (v GatewayView) field(field gateways.Field) ui.FieldView {
	view := ui.FieldView{Name: field.Slug, Label: field.Name, Help: field.Help, Value: v.value(field), Required: field.Required, Wide: true}
	for _, problem := range v.Problems {
		if problem.Name == field.Slug {
			view.Error = problem.Message
		}
	}
	if !field.Secret {
		return view
	}
	note, kept := v.Secrets[field.Slug]
	view.Value, view.Required = "", field.Required && !kept
	if v.Form != nil {
		view.Help = "Enter it again if you had changed it: a secret is never shown. " + view.Help
	}
	switch {
	case note.Unreadable:
		view.Help = "The one stored cannot be opened with the keys of this server; enter it again. " + view.Help
		view.Required = field.Required
	case kept:
		view.Help = fmt.Sprintf("Set on %s. %s", v.day(note.SetAt), view.Help)
	}
	return view
}

// last is what is shown of a stored secret.
func (v GatewayView) last(field gateways.Field) string {
	note, kept := v.Secrets[field.Slug]
	switch {
	case !kept || note.Unreadable:
		return ""
	case note.Last == "":
		return "••••"
	}
	return note.Last
}

func (v GatewayView) day(t time.Time) string { return t.In(v.Store.Zone()).Format("2 Jan 2006") }

// webhookURL is what the merchant pastes at the provider, or "" when it sends no webhooks.
func (v GatewayView) webhookURL() string {
	switch {
	case v.Driver.Inbox == nil:
		return ""
	case v.Driver.Code == "gofynd":
		return v.Address + "/callbacks/gofynd"
	}
	return fmt.Sprintf("%s/callbacks/%s/%d", v.Address, v.Driver.Code, v.Store.ID)
}

func (v GatewayView) storeTabs() []ui.Tab {
	var tabs []ui.Tab
	for _, store := range v.Stores {
		tabs = append(tabs, ui.Tab{Label: store.Name, Path: GatewayPath(v.Driver.Code, store.ID, store.Mode), Active: store.ID == v.Store.ID})
	}
	return tabs
}

func (v GatewayView) modeTabs() []ui.Tab {
	var tabs []ui.Tab
	for _, mode := range []string{"test", "live"} {
		tabs = append(tabs, ui.Tab{Label: ui.Words(mode), Path: GatewayPath(v.Driver.Code, v.Store.ID, mode), Active: mode == v.Mode})
	}
	return tabs
}

// author is who saved a version.
func (v GatewayView) author(s models.GatewaySettings) string {
	if s.CreatedBy != nil && v.Authors[*s.CreatedBy] != "" {
		return v.Authors[*s.CreatedBy]
	}
	return "kartify"
}

func fieldOptions(field gateways.Field) []ui.Option {
	var options []ui.Option
	for _, value := range field.Options {
		options = append(options, ui.Option{Value: value, Label: ui.Words(value)})
	}
	return options
}

// stateKindOf is the colour of "enabled", "disabled" or "not set up".
func stateKindOf(state string) ui.Kind {
	if state == "enabled" {
		return ui.Good
	}
	return ui.Neutral
}

func modeKind(mode string) ui.Kind {
	if mode == "live" {
		return ui.Good
	}
	return ui.Busy
}
