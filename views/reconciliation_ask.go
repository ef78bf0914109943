package views

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
	"github.com/kartify/kartify/views/ui"
)

// askField is a field of the form that asks a gateway.
func (v ReconciliationsView) askField(ctx context.Context, f ui.FieldView) ui.FieldView {
	f.ID = "ask-" + f.Name
	if v.Asked && v.Refused.Field == f.Name {
		f.Error = v.Refused.In(ctx)
	}
	return f
}

// askProblem is what stands over that form, when it is about no field.
func (v ReconciliationsView) askProblem(ctx context.Context) string {
	if !v.Asked || slices.Contains([]string{"source", "days", "first", "last"}, v.Refused.Field) {
		return ""
	}
	return v.Refused.In(ctx)
}

// sourceOptions are the gateways that can be asked. A mode is only said where it is not the one the store works in.
func (v ReconciliationsView) sourceOptions(ctx context.Context) []ui.Option {
	var options []ui.Option
	for _, s := range v.Sources {
		label := s.Name
		if len(v.Stores) > 1 {
			label = s.Store + ": " + label
		}
		if !s.Main {
			label = inMode(ctx, label, s.Mode)
		}
		chosen := v.Ask.StoreID == s.StoreID && v.Ask.Gateway == s.Gateway && v.Ask.Mode == s.Mode
		options = append(options, ui.Option{Value: strconv.FormatInt(s.StoreID, 10) + " " + s.Gateway + " " + s.Mode, Label: label, Chosen: chosen})
	}
	return options
}

// inMode is a gateway with the mode that it is asked in.
func inMode(ctx context.Context, name, mode string) string {
	switch mode {
	case "test":
		return lang.T(ctx, "%s, test mode", name)
	case "live":
		return lang.T(ctx, "%s, live mode", name)
	}
	return name + ", " + mode
}

// askDay is a day of that form: as filled in, or the whole week before today.
func (v ReconciliationsView) askDay(filled string, back int) string {
	if filled != "" || v.Asked {
		return filled
	}
	return v.Now.UTC().AddDate(0, 0, -back).Format(time.DateOnly)
}

func ordered(d models.DayTotal) (int64, []money.Amount) { return d.Orders, d.Ordered }

func (v ReconciliationsView) daysPlot() plot {
	return dayPlot("by-day", "Differences by day of the payment", lang.Textf("differences"), lang.Several("%s difference", "%s differences"), v.Figures.ByDay, ordered)
}

func (v ReconciliationsView) closedPlot() plot {
	return dayPlot("resolved-by-day", "Resolved by day", lang.Textf("differences"), lang.Several("%s difference", "%s differences"), v.Figures.Closed, ordered)
}

// classOptions choose whose days are drawn.
func (v ReconciliationsView) classOptions() []ui.Option {
	options := []ui.Option{{Value: "", Label: "All classes"}}
	for _, class := range models.Differences {
		options = append(options, ui.Option{Value: string(class), Label: classLabel(class), Chosen: class == v.Class})
	}
	return options
}

// rowName is what a row is called: our order, the order as the file has it, or its number.
func rowName(ctx context.Context, r *models.ReconciliationRow) string {
	switch {
	case r.OrderID != nil:
		return strconv.FormatInt(*r.OrderID, 10)
	case r.OrderText != "":
		return r.OrderText
	}
	return lang.T(ctx, "Row %d", r.Row)
}

// cameWord is how it came here.
func (v ReconciliationView) cameWord() string {
	if v.Source == models.FromGateway {
		return "Asked by"
	}
	return "Uploaded"
}

// hint is why a payment that is only here may be no difference, or "".
func (v ReconciliationView) hint(r *models.ReconciliationRow) string {
	if r.Class != models.RowAbsent || r.Kind != "here" {
		return ""
	}
	if v.Settled() {
		return "What is listed was paid out by then. This may be paid out later: it is closed by itself when a later file has it."
	}
	if day, err := time.Parse(time.DateOnly, v.DayTo); err == nil && r.At != nil && r.At.In(zoneOf(v.Reconciliation)).Format(time.DateOnly) == day.Format(time.DateOnly) {
		return "The order is of the last day. Its payment may have come after that: it is closed by itself when a later file has it."
	}
	return ""
}

// openRows counts differences: "12 open differences".
func openRows(ctx context.Context, n int64) string {
	return lang.N(ctx, "%s open difference", "%s open differences", int(n), lang.Number(ctx, grouped(n)))
}

// heldIn is the file that rows are of, with the class they are kept to.
func (v ReconciliationView) heldIn(ctx context.Context) string {
	if v.Filter.Class == "" {
		return v.FileName
	}
	return v.FileName + " (" + lang.T(ctx, classLabel(v.Filter.Class)) + ")"
}

// hereWords is what is known here of a field: a status as people read it, or a value.
func hereWords(ctx context.Context, here lang.Text) string {
	if len(here.Args) > 0 {
		return here.In(ctx)
	}
	if said := here.In(ctx); said != here.Format {
		return said
	}
	return lang.T(ctx, ui.Words(here.Format))
}

// stageWords is what is being done about a file, or asked of a gateway: "Asking Klarna for 2026-11-02".
func stageWords(ctx context.Context, stage string) string {
	switch stage {
	case "Reading the file":
		return lang.T(ctx, "Reading the file")
	case "Reading what was handed out":
		return lang.T(ctx, "Reading what was handed out")
	case "Comparing with the orders":
		return lang.T(ctx, "Comparing with the orders")
	}
	if rest, asking := strings.CutPrefix(stage, "Asking "); asking {
		if at := strings.LastIndex(rest, " for "); at > 0 {
			return lang.T(ctx, "Asking %s for %s", rest[:at], rest[at+len(" for "):])
		}
	}
	return stage
}
