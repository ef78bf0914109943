package views

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

// FyndExtensionsPath is Extensions > Fynd payment extension.
const FyndExtensionsPath = "/extensions/fynd"

// The tabs of an extension's page besides those that hold what steps need.
const (
	TabKey         = "key"
	TabSubscribers = "subscribers"
	TabVolume      = "volume"
	TabDuties      = "duties"
	TabInstalls    = "installs" // a page of its own
)

// FyndExtensionView is an extension as one person sees it. On the page of a new one Extension is empty.
type FyndExtensionView struct {
	Person    *models.User
	CSRF      string
	Tab       string
	Extension *models.FyndExtension
	Gateways  []gateways.Driver
	Address   string // how Fynd reaches kartify

	Form     *models.ExtensionForm // as it was sent, when it was refused
	Typed    *models.PublicationForm
	Problem  string // about no field
	Problems []ui.FieldError

	Steps        []models.ExtensionStep
	Tests        *models.FyndTests
	Reviews      []models.ExtensionReview
	Instructions string // for the reviewers; for those who may manage extensions
	Comment      string // on a review, as it was sent
	Secret       string // shown this once
	Key          string // as it was sent

	Subscribers []models.FyndSubscriber
	Company     string // as it was sent
	Volumes     []models.FyndVolume
	Duties      *models.FyndDuties
	SDK         string // the version of Fynd's library whose requests ours equal
}

// FyndExtensionPath is the page of an extension.
func FyndExtensionPath(id int64) string { return fmt.Sprintf("%s/%d", FyndExtensionsPath, id) }

// FyndTabPath is a tab of the page of an extension.
func FyndTabPath(id int64, tab string) string {
	if tab == models.TabOverview {
		return FyndExtensionPath(id)
	}
	return FyndExtensionPath(id) + "?tab=" + tab
}

// FyndTab is the tab that an address asks for; one that is not there is the first.
func FyndTab(text string) string {
	if slices.Contains([]string{models.TabDetails, models.TabPublish, TabKey, TabSubscribers, TabVolume, TabDuties}, text) {
		return text
	}
	return models.TabOverview
}

func (v FyndExtensionView) path(part string) string {
	return FyndExtensionPath(v.Extension.ID) + part
}

func (v FyndExtensionView) manages() bool { return v.Person.May(models.FyndManage) }

// extensionTabs are the parts of an extension, the one named in front.
func extensionTabs(e *models.FyndExtension, shown string) []ui.Tab {
	tab := func(label, name string) ui.Tab {
		return ui.Tab{Label: label, Path: FyndTabPath(e.ID, name), Active: shown == name}
	}
	tabs := []ui.Tab{tab("Overview", models.TabOverview), tab("Details", models.TabDetails), tab("Publish", models.TabPublish), tab("API key", TabKey)}
	if e.Wanted().Distribution == models.DistributionPrivate {
		tabs = append(tabs, tab("Subscribers", TabSubscribers))
	}
	return append(tabs, ui.Tab{Label: "Installs", Path: FyndInstallsPath(e.ID), Active: shown == TabInstalls}, tab("Volume", TabVolume), tab("Duties", TabDuties))
}

// Refuse puts what is wrong with a form into the page.
func (v *FyndExtensionView) Refuse(ctx context.Context, problems []*models.Problem) {
	for _, p := range problems {
		if p.Field == "" {
			v.Problem = p.In(ctx)
			continue
		}
		v.Problems = append(v.Problems, ui.FieldError{Name: p.Field, Message: p.In(ctx)})
	}
}

// wrong is what is wrong with a field.
func (v FyndExtensionView) wrong(ctx context.Context, field string) string {
	for _, p := range v.Problems {
		if p.Name == field {
			return p.Message
		}
	}
	return ""
}

func extensionKind(s models.ExtensionState) ui.Kind {
	return map[models.ExtensionState]ui.Kind{
		models.ExtensionDevelopment: ui.Neutral, models.ExtensionUnderReview: ui.Busy, models.ExtensionPublished: ui.Good, models.ExtensionApproved: ui.Good, models.ExtensionRejected: ui.Bad,
	}[s]
}

// stepsShown are the steps with how far each has come.
func (v FyndExtensionView) stepsShown(ctx context.Context) []ui.Step {
	var list []ui.Step
	reached := true
	for _, s := range v.Steps {
		step := ui.Step{Label: s.Title, State: ui.StepAhead}
		switch {
		case s.Done:
			step.State = ui.StepDone
		case s.Failed:
			step.State, reached = ui.StepFailed, false
		case s.Title == "Review" && v.Extension.State == models.ExtensionUnderReview:
			step.State, reached = ui.StepNow, false
		case reached:
			step.State, reached = ui.StepNow, false
		}
		if n := len(s.Missing); n > 0 {
			step.Note = lang.N(ctx, "%d missing", "%d missing", n, n)
		}
		list = append(list, step)
	}
	return list
}

// missingSteps are the steps that lack something.
func (v FyndExtensionView) missingSteps() []models.ExtensionStep {
	return slices.DeleteFunc(slices.Clone(v.Steps), func(s models.ExtensionStep) bool { return len(s.Missing) == 0 })
}

func (v FyndExtensionView) missingPath(m models.MissingPart) string {
	path := FyndTabPath(v.Extension.ID, m.Tab)
	if m.Field != "" {
		path += "#field-" + m.Field
	}
	return path
}

// submittable says whether there is something to submit, and how the button is called.
func (v FyndExtensionView) submittable() string {
	e := v.Extension
	switch {
	case e.SubmittedAt == nil:
		return "Submit for review"
	case e.State == models.ExtensionRejected || e.Unsent:
		return "Submit again"
	}
	return ""
}

// standing says in a sentence where an extension is.
func standing(e *models.FyndExtension) string {
	switch {
	case e.State == models.ExtensionDevelopment:
		return "In development: it takes payments in test, from every company that installs it."
	case e.State == models.ExtensionUnderReview && e.Unsent:
		return "Fynd reviews it, and details were changed since. Submit it again; the review begins anew."
	case e.State == models.ExtensionUnderReview && e.AcceptedAt != nil:
		return "Fynd reviews the changes. What was accepted before stays in force until then."
	case e.State == models.ExtensionUnderReview:
		return "Fynd reviews it. Details that are changed now have to be submitted again, and the review begins anew."
	case e.State == models.ExtensionRejected && e.AcceptedAt != nil:
		return "Fynd did not accept the changes. What was accepted before stays in force."
	case e.State == models.ExtensionRejected:
		return "Fynd did not accept it. Change what it names and submit it again."
	case e.Draft != nil:
		return "Details were changed and are not in force: submit them for review."
	case e.State == models.ExtensionPublished:
		return "Every seller finds it among the payment settings of Fynd."
	}
	return "The companies under Subscribers may use it for live payments."
}

// publication is what stands in the form about publishing.
func (v FyndExtensionView) publication() models.PublicationForm {
	if v.Typed != nil {
		return *v.Typed
	}
	e := v.Extension
	return models.PublicationForm{
		ID: e.ID, Shown: e.Version, Organisation: e.Organisation, ApprovedOn: e.ApprovedOn, AgreementOn: e.AgreementOn, BillingEmail: e.BillingEmail, SupportEmail: e.SupportEmail,
		SupportPhone: e.SupportPhone, WebsiteURL: e.WebsiteURL, FAQURL: e.FAQURL, PrivacyURL: e.PrivacyURL, ReviewEmail: e.ReviewEmail, Instructions: v.Instructions,
	}
}

func namesOf(ctx context.Context, codes []string, name func(string) string) string {
	var names []string
	for _, code := range codes {
		names = append(names, lang.T(ctx, name(code)))
	}
	return strings.Join(names, ", ")
}

// fees are what the payments cost, as people read it.
func (v FyndExtensionView) fees(ctx context.Context) string {
	var parts []string
	for _, fee := range v.Extension.Wanted().Fees {
		text := terms(ctx, fee.String())
		if fee.Method != "" {
			text = lang.T(ctx, models.FyndMethodName(fee.Method)) + ": " + text
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// terms writes 2.5 % + 3.00 INR the way of the language.
func terms(ctx context.Context, text string) string {
	parts := strings.Split(text, " + ")
	for i, part := range parts {
		number, share := strings.CutSuffix(part, " %")
		if parts[i] = lang.Number(ctx, number); share {
			parts[i] += " %"
		}
	}
	return strings.Join(parts, " + ")
}

// told says whom the outcome of a review was mailed to.
func told(ctx context.Context, r models.ExtensionReview) string {
	to := ""
	for _, m := range r.Tell {
		if to != "" {
			to = lang.T(ctx, "%[1]s and %[2]s", to, m.Address)
		} else {
			to = m.Address
		}
	}
	switch {
	case r.Event == models.ReviewSubmit || to == "":
		return ""
	case r.ToldAt != nil:
		return lang.T(ctx, "E-mail sent to %s.", to)
	case r.ToldProblem != "":
		return lang.T(ctx, "The e-mail to %[1]s was not sent: %[2]s", to, lang.T(ctx, r.ToldProblem))
	}
	return lang.T(ctx, "The e-mail to %s is on its way.", to)
}

// reviewTitle is a line of the history: Accepted: Published, review 2.
func reviewTitle(ctx context.Context, r models.ExtensionReview) string {
	title := lang.T(ctx, r.Event.Label())
	if r.Event == models.ReviewApprove {
		title += ": " + lang.T(ctx, r.ToState.Label())
	}
	return lang.T(ctx, "%[1]s, review %[2]d", title, r.Round)
}

func reviewKind(e models.ReviewEvent) ui.Kind {
	return map[models.ReviewEvent]ui.Kind{models.ReviewSubmit: ui.Busy, models.ReviewApprove: ui.Good, models.ReviewReject: ui.Bad}[e]
}

// dash stands for what is not entered.
func dash(text string) string { return orElse(text, "–") }
