package views

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
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

	ReturnTyped   *string // the addresses as they were sent, when they were refused
	ReturnProblem string

	Checked      bool // the connection was just tested
	CheckProblem *models.Problem
}

// Refuse keeps what was entered, but for the secrets, and says what is wrong with it.
func (v *GatewayView) Refuse(ctx context.Context, form models.SettingsForm, err error) {
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
			v.Problems = append(v.Problems, ui.FieldError{Name: p.Field, Message: p.In(ctx)})
		}
	case errors.As(err, &problem):
		v.Problem = problem.In(ctx)
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

func (v GatewayView) returnPath() string {
	query := url.Values{"store": {strconv.FormatInt(v.Store.ID, 10)}, "mode": {v.Mode}}
	return "/extensions/payment/" + v.Driver.Code + "/return-urls?" + query.Encode()
}

// returnURLs are the addresses of the shop, one to a line.
func (v GatewayView) returnURLs() string {
	if v.ReturnTyped != nil {
		return *v.ReturnTyped
	}
	return strings.Join(v.SettingsPage.ReturnURLs, "\n")
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

func (v GatewayView) field(ctx context.Context, field gateways.Field) ui.FieldView {
	view := ui.FieldView{Name: field.Slug, Label: field.Name, Help: lang.T(ctx, field.Help), Value: v.value(field), Required: field.Required, Wide: true}
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
		view.Help = lang.T(ctx, "Enter it again if you had changed it: a secret is never shown.") + " " + view.Help
	}
	switch {
	case note.Unreadable:
		view.Help = lang.T(ctx, "The one stored cannot be opened with the keys of this server; enter it again.") + " " + view.Help
		view.Required = field.Required
	case kept:
		view.Help = lang.T(ctx, "Set on %s.", v.day(ctx, note.SetAt)) + " " + view.Help
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

func (v GatewayView) day(ctx context.Context, t time.Time) string {
	return lang.Format(ctx, t.In(v.Store.Zone()), "2 Jan 2006")
}

// callbackAddress is an address that the merchant pastes at the provider.
type callbackAddress struct {
	Name, Address, Help string
	Last                *time.Time
}

// callbacks are the addresses that a provider must be told of, none when it sends nothing.
func (v GatewayView) callbacks(ctx context.Context) []callbackAddress {
	if v.Driver.Inbox == nil {
		return nil
	}
	base := fmt.Sprintf("%s/callbacks/%s/%d", v.Address, v.Driver.Code, v.Store.ID)
	last := func(event string) *time.Time {
		if at, came := v.LastEvents[event]; came {
			return &at
		}
		return nil
	}
	switch v.Driver.Code {
	case "gofynd":
		return []callbackAddress{{"", v.Address + "/callbacks/gofynd", lang.T(ctx, "Paste this address into the webhook settings of %s.", v.Driver.Name), v.LastWebhook}}
	case "ccavenue":
		return []callbackAddress{
			{"Order Status echo URL", base + "/echo", "At CCAvenue: Settings > Dynamic Event Notification > Order Status echo URL, and the same under Order Reconciliation Status.", last("echo")},
			{"Order Status URL", base + "/return", "In the same place: Order Status. Buyers come back there.", last("return")},
		}
	case "klarna", "svea":
		return []callbackAddress{{"", base + "/…", lang.T(ctx, "%s is told this address with every payment that starts here, with its order at the end; there is nothing to paste.", v.Driver.Name), v.LastWebhook}}
	case "paykeeper":
		return []callbackAddress{{"", base, "In the PayKeeper cabinet: Settings > Receiving information about payments > POST notification. Enter the same secret word there and here.", v.LastWebhook}}
	}
	return []callbackAddress{{"", base, lang.T(ctx, "Paste this address into the webhook settings of %s.", v.Driver.Name), v.LastWebhook}}
}

// setUpStep is one of the three steps after which a gateway can follow the orders.
type setUpStep struct {
	Title string
	Done  bool
	Help  string
	Path  string // where it is done; "" for here
}

// setUpSteps are what a gateway needs that orders can drive; none for others.
func (v GatewayView) setUpSteps(ctx context.Context) []setUpStep {
	if !v.Driver.Can.ByStatus {
		return nil
	}
	var missing []string
	for _, verb := range []struct {
		verb gateways.Verb
		name string
	}{{gateways.Capture, lang.T(ctx, "a capture")}, {gateways.Void, lang.T(ctx, "a cancellation")}, {gateways.Refund, lang.T(ctx, "a refund")}} {
		if v.Driver.Can.Does(verb.verb) && !v.Tried[verb.verb] {
			missing = append(missing, verb.name)
		}
	}
	help := lang.T(ctx, "Captures, cancellations and refunds of test orders have arrived there. Compare them in the provider's portal.")
	if len(missing) > 0 {
		help = lang.T(ctx, "Not seen done in test mode yet: %s. Place test orders, change them here, and look in the provider's portal whether it came out right.", strings.Join(missing, ", "))
	}
	driven := lang.T(ctx, "Which order status draws the money, and which gives it back.")
	if v.Driven {
		driven = lang.T(ctx, "Changes of order status drive it.") + " " + driven
	}
	return []setUpStep{
		{lang.T(ctx, "Install %s", v.Driver.Name), v.Current() != nil && v.Current().Enabled, "Its credentials are stored and it is enabled.", ""},
		{"Say how captures and cancellations work", v.Driven, driven, "/system/order-status-actions?store=" + strconv.FormatInt(v.Store.ID, 10)},
		{"Test the connection", len(missing) == 0, help, ""},
	}
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
		tabs = append(tabs, ui.Tab{Label: modeName(mode), Path: GatewayPath(v.Driver.Code, v.Store.ID, mode), Active: mode == v.Mode})
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
		label := ui.Words(value)
		if strings.ContainsAny(value, "-0123456789") { // a name of the provider's, such as cbc-md5: as its documents write it
			label = value
		}
		options = append(options, ui.Option{Value: value, Label: label})
	}
	return options
}

// modeName is a mode as people read it.
func modeName(mode string) string {
	if mode == "live" {
		return "Live"
	}
	return "Test"
}

// about says of which store and mode the settings are.
func (v GatewayView) about(ctx context.Context) string {
	if v.Mode == "live" {
		return lang.T(ctx, "%s, live mode.", v.Store.Name)
	}
	return lang.T(ctx, "%s, test mode.", v.Store.Name)
}

// otherMode says that the store works in the other mode.
func (v GatewayView) otherMode(ctx context.Context) string {
	if v.Mode == "live" {
		return lang.T(ctx, "%s works in test mode now; these settings are for live mode.", v.Store.Name)
	}
	return lang.T(ctx, "%s works in live mode now; these settings are for test mode.", v.Store.Name)
}

// stateName is "enabled", "disabled" or "not set up" as people read it.
func stateName(state string) string {
	switch state {
	case "enabled":
		return "Enabled"
	case "disabled":
		return "Disabled"
	}
	return "Not set up"
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
