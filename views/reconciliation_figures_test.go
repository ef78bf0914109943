package views

import (
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
)

// On a narrow screen each number of a class stands under its own heading, not one over another.
func TestFiguresOfAClassHaveHeadings(t *testing.T) {
	stake := []money.Amount{money.New(65000, "INR")}
	figures := &models.ReconciliationFigures{Open: 2, Stake: stake, Classes: []models.ClassFigure{{Class: models.RowAbsent, Open: 2, Resolved: 1, Stake: stake}}}
	var page strings.Builder
	if err := classTable(ReconciliationsView{Figures: figures}).Render(t.Context(), &page); err != nil {
		t.Fatal(err)
	}
	html := page.String()
	for _, heading := range []string{"Class", "Share of what is open", "Open", "Resolved", "At stake"} {
		if !strings.Contains(html, `data-label="`+heading+`"`) {
			t.Errorf("no cell says that it is %q: %s", heading, html)
		}
	}
	if strings.Contains(html, `class="lead"`) {
		t.Error("a row with a lead shows one amount only, and puts the others over it")
	}
}
