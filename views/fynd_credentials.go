package views

import (
	"context"
	"errors"
	"net/url"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

// FyndCredentialsView is the credential form as a seller sees it within Fynd's frame.
type FyndCredentialsView struct {
	*models.FyndCredentials
	CSRF     string
	Prefix   string // of the extension's address
	Obstacle string // why no payments can be made; "" when they can
	Saved    bool   // it was just saved

	Form     map[string]string // as it was sent, when it was refused
	Problem  string            // about no field
	Problems []ui.FieldError   // by field
}

// Refuse keeps what was entered and says what is wrong with it.
func (v *FyndCredentialsView) Refuse(ctx context.Context, values map[string]string, err error) {
	v.Form = values
	var fields models.FieldProblems
	var problem *models.Problem
	switch {
	case errors.As(err, &fields):
		for _, p := range fields {
			v.Problems = append(v.Problems, ui.FieldError{Name: p.Field, Message: p.In(ctx)})
		}
	case errors.As(err, &problem):
		v.Problem = problem.In(ctx)
	}
}

// FyndFormPath is the address of a sales channel's credential form.
func FyndFormPath(company, application string) string {
	return "/company/" + url.PathEscape(company) + "/application/" + url.PathEscape(application)
}

func (v FyndCredentialsView) path(mode string) string {
	return v.Prefix + FyndFormPath(v.Channel.Install.CompanyID, v.Channel.Application.ApplicationID) + "?" + url.Values{"mode": {mode}}.Encode()
}

func (v FyndCredentialsView) tabs() []ui.Tab {
	var tabs []ui.Tab
	for _, mode := range []string{"test", "live"} {
		tabs = append(tabs, ui.Tab{Label: fyndWord(mode), Path: v.path(mode), Active: mode == v.Mode})
	}
	return tabs
}

func (v FyndCredentialsView) current() *models.GatewaySettings { return v.Page.Current() }

func (v FyndCredentialsView) version() int {
	if current := v.current(); current != nil {
		return current.Version
	}
	return 0
}

// ready and until say for the mode of the page that payments are taken, and that none are yet.
func (v FyndCredentialsView) ready() string {
	if v.Mode == "live" {
		return "Payments can be made in live mode."
	}
	return "Payments can be made in test mode."
}

func (v FyndCredentialsView) until() string {
	if v.Mode == "live" {
		return "Until these are stored, no live payments are taken."
	}
	return "Until these are stored, no test payments are taken."
}

// field is a field of the form. What was sent and refused stands in it again, secrets too: only this seller sees it,
// and no browser keeps the page.
func (v FyndCredentialsView) field(ctx context.Context, field gateways.Field) ui.FieldView {
	view := ui.FieldView{Name: field.Slug, Label: field.Name, Help: field.Help, Required: field.Required, Wide: true}
	for _, problem := range v.Problems {
		if problem.Name == field.Slug {
			view.Error = problem.Message
		}
	}
	switch current := v.current(); {
	case v.Form != nil:
		view.Value = v.Form[field.Slug]
	case current != nil && !field.Secret:
		view.Value = current.Values[field.Slug]
	case !field.Secret:
		view.Value = field.Default
	}
	if !field.Secret {
		return view
	}
	note, kept := v.Page.Secrets[field.Slug]
	view.Required = field.Required && (!kept || note.Unreadable)
	if note.Unreadable {
		view.Help = lang.T(ctx, "The one stored cannot be read any more; enter it again.") + " " + lang.T(ctx, view.Help)
	}
	return view
}

// last is what is shown of a stored secret.
func (v FyndCredentialsView) last(field gateways.Field) string {
	note, kept := v.Page.Secrets[field.Slug]
	switch {
	case !kept || note.Unreadable:
		return ""
	case note.Last == "":
		return "••••"
	}
	return note.Last
}
