package views

import (
	"fmt"
	"strings"

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
func OperationTitle(op *models.Operation) string {
	return fmt.Sprintf("%s #%d of %s", operationName(*op), op.ID, op.Amount().Grouped())
}

func (v ReviewView) gateway() string {
	if v.Driver.Name != "" {
		return v.Driver.Name
	}
	return ui.Words(v.Payment.Gateway)
}

func (v ReviewView) path() string { return fmt.Sprintf("/operations/%d", v.Operation.ID) }

// whose says of something the gateway lists what it is here.
func whose(l models.Listed) string {
	switch {
	case l.Operation != 0:
		return fmt.Sprintf("is operation #%d", l.Operation)
	case l.Before:
		return "was there before"
	case l.Fits:
		return "fits"
	}
	return "does not fit"
}

func whoseKind(l models.Listed) ui.Kind {
	if l.Fits {
		return ui.Good
	}
	return ui.Neutral
}

// figures are the payment as the gateway shows it, in a sentence.
func (v ReviewView) figures() string {
	seen, amount := v.Seen, v.Payment.Amount
	parts := []string{amount(seen.Captured).Grouped() + " captured", amount(seen.Refunded).Grouped() + " refunded"}
	if seen.Voided > 0 {
		parts = append(parts, amount(seen.Voided).Grouped()+" given back")
	}
	return fmt.Sprintf("%s in all: %s.", seen.Amount.Grouped(), strings.Join(parts, ", "))
}
