package views

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

const confirmPath = "/system/tools/fynd-api/gofynd-api"

// ConfirmView is the form of Confirm Payment, and what could be filled into it.
type ConfirmView struct {
	CSRF    string
	IDs     string   // as they were typed
	Picks   []string // ticked below
	Problem *models.Problem
	Missing []models.MissingPaid
	More    bool
	Now     time.Time
}

func (v ConfirmView) picked(id string) bool { return slices.Contains(v.Picks, id) }

func (v ConfirmView) problem(ctx context.Context) string {
	if v.Problem == nil {
		return ""
	}
	return v.Problem.In(ctx)
}

func confirmationPath(r *models.ConfirmationRun) string {
	return confirmPath + "/confirmations/" + r.ID
}

// confirmLive has the page ask for news as long as Fynd is being told something.
func confirmLive(r *models.ConfirmationRun) templ.Attributes {
	if !r.Open() {
		return nil
	}
	return templ.Attributes{"hx-get": confirmationPath(r) + "/progress", "hx-trigger": "every 2s", "hx-swap": "outerHTML", "data-background": "true"}
}

// confirmWord is a result as a badge.
func confirmWord(state models.ConfirmationState) (ui.Kind, string) {
	switch state {
	case models.ConfirmDone:
		return ui.Good, "Done"
	case models.ConfirmAlready:
		return ui.Good, "Already done"
	case models.ConfirmRefused:
		return ui.Bad, "Refused"
	case models.ConfirmRetrying:
		return ui.Busy, "Confirming"
	}
	return ui.Busy, "Waiting"
}

// confirmSum says in a sentence how a run went: "2 done, 1 refused".
func confirmSum(ctx context.Context, r *models.ConfirmationRun) string {
	var words []string
	for _, state := range []models.ConfirmationState{models.ConfirmDone, models.ConfirmAlready, models.ConfirmRefused, models.ConfirmRetrying, models.ConfirmWaiting} {
		if n := r.Count(state); n > 0 {
			_, word := confirmWord(state)
			words = append(words, fmt.Sprintf("%d %s", n, strings.ToLower(lang.T(ctx, word))))
		}
	}
	return strings.Join(words, ", ")
}

// again is the ids worth executing again.
func again(r *models.ConfirmationRun) string {
	var ids []string
	for _, c := range r.Items {
		if c.State == models.ConfirmRefused && c.OrderID != 0 {
			ids = append(ids, c.PartnerOrderID)
		}
	}
	return strings.Join(ids, "\n")
}
