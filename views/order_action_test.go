package views

import (
	"slices"
	"testing"

	"github.com/kartify/kartify/models"
)

// Every button that cannot be pressed has its reason, and a reason that several share is said once.
func TestReasonsOfButtons(t *testing.T) {
	v := OrderView{Person: &models.User{Role: models.Owner}}
	for _, fact := range []struct {
		capture, update string
		want            []string
	}{
		{"It has no id yet.", "It has no id yet.", []string{"Capture, Change amount: It has no id yet."}},
		{"All of it has been captured.", "It is captured.", []string{"Capture: All of it has been captured.", "Change amount: It is captured."}},
		{"", "It is captured.", []string{"Change amount: It is captured."}},
		{"", "", nil},
	} {
		p := &models.OrderPayment{Plans: map[models.Action]models.Plan{
			models.CaptureAction: {Skip: fact.capture},
			models.UpdateAction:  {Skip: fact.update},
		}}
		if got := v.refused(t.Context(), p); !slices.Equal(got, fact.want) {
			t.Errorf("%q and %q: %q, want %q", fact.capture, fact.update, got, fact.want)
		}
	}
}
