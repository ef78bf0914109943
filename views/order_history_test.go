package views

import (
	"testing"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

func TestEventsOfTheHistoryAreTitles(t *testing.T) {
	for comment, want := range map[string]struct {
		title string
		kind  ui.Kind
	}{
		"ORDER_PLACED.": {"ORDER_PLACED", ui.Neutral},
		"REFUND_DONE.":  {"REFUND_DONE", ui.Good},
		"REFUND_INITIATED, request 16916747740991418099, 388.00 INR.": {"REFUND_INITIATED, request 16916747740991418099, 388.00 INR", ui.Attention},
	} {
		h := models.OrderHistory{Kind: "event", Actor: "webhook", Comment: comment}
		v := OrderView{}
		if got := v.historyTitle(t.Context(), h); got != want.title {
			t.Errorf("%q is titled %q, want %q", comment, got, want.title)
		}
		if got := v.historyKind(h); got != want.kind {
			t.Errorf("%q is %q, want %q", comment, got, want.kind)
		}
		if text := v.historyText(t.Context(), h); text != "" {
			t.Errorf("%q is said twice: %q", comment, text)
		}
	}
}

// An update is overtaken as soon as there is a later one of the payment, whether Fynd has heard that or not.
func TestOvertakenDoesNotSayWhatFyndKnows(t *testing.T) {
	for _, tt := range []struct{ request, want string }{
		{"", "More has become of the payment since."},
		{"16916747740991418099", "Fynd knows more of this refund already."},
	} {
		if got := overtaken(models.PartnerUpdate{RequestID: tt.request}); got != tt.want {
			t.Errorf("request %q: %q, want %q", tt.request, got, tt.want)
		}
	}
}
