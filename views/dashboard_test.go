package views

import (
	"testing"

	"github.com/kartify/kartify/models"
)

func TestReasonsAreNoMoreThanWasCounted(t *testing.T) {
	parts := []models.NeedReason{{Reason: "abandoned", Count: 852}, {Reason: "debited", Count: 1408}}
	for more, want := range map[bool]string{false: "852 abandoned, 1,408 debited", true: "852+ abandoned, 1,408+ debited"} {
		if got := reasons(t.Context(), models.Need{Kind: models.NeedMissing, Reasons: parts, More: more}); got != want {
			t.Errorf("more %t: %q, want %q", more, got, want)
		}
	}
}
