package views

import (
	"context"
	"fmt"
	"strings"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

// ReviewView is an operation that only a person can settle, with what was typed about it.
type ReviewView struct {
	*models.Review
	CSRF              string
	Pick, Ref, Reason string
	Problem           *models.Problem
}

// OperationTitle is what an operation is called: "Refund #7 of 40.00 SEK".
func OperationTitle(ctx context.Context, op *models.Operation) string {
	return lang.T(ctx, "%s #%d of %s", lang.T(ctx, operationName(*op)), op.ID, inFigures(ctx, op.Amount()))
}

func (v ReviewView) gateway() string {
	if v.Driver.Name != "" {
		return v.Driver.Name
	}
	return ui.Words(v.Payment.Gateway)
}

func (v ReviewView) path() string { return fmt.Sprintf("/operations/%d", v.Operation.ID) }

// whose says of something the gateway lists what it is here.
func whose(ctx context.Context, l models.Listed) string {
	switch {
	case l.Operation != 0:
		return lang.T(ctx, "is operation #%d", l.Operation)
	case l.Before:
		return lang.T(ctx, "was there before")
	case l.Fits:
		return lang.T(ctx, "fits")
	}
	return lang.T(ctx, "does not fit")
}

func whoseKind(l models.Listed) ui.Kind {
	if l.Fits {
		return ui.Good
	}
	return ui.Neutral
}

// figures are the payment as the gateway shows it, in a sentence.
func (v ReviewView) figures(ctx context.Context) string {
	seen, amount := v.Seen, v.Payment.Amount
	parts := []string{lang.T(ctx, "%s captured", inFigures(ctx, amount(seen.Captured))), lang.T(ctx, "%s refunded", inFigures(ctx, amount(seen.Refunded)))}
	if seen.Voided > 0 {
		parts = append(parts, lang.T(ctx, "%s given back", inFigures(ctx, amount(seen.Voided))))
	}
	return lang.T(ctx, "%s in all: %s.", inFigures(ctx, seen.Amount), strings.Join(parts, ", "))
}
