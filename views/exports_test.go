package views

import (
	"testing"

	"github.com/kartify/kartify/models"
)

func TestMissingOrdersAreAskedAboutByTheirNumber(t *testing.T) {
	for n, want := range map[int]string{
		0:                   "",
		1:                   "1 missing order matches this filter: include it?",
		37:                  "37 missing orders match this filter: include them?",
		models.MaxAside + 1: "999+ missing orders match this filter: include them?", // the list counts no further
		1928:                "1,928 missing orders match this filter: include them?",
	} {
		if got := (OrderListView{Tally: &models.OrderTally{Missing: n}}).missingQuestion(t.Context()); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
