package ui

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/kartify/kartify/lang"
)

func html(t *testing.T, c templ.Component) string {
	t.Helper()
	var out strings.Builder
	if err := c.Render(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestKindOf(t *testing.T) {
	for word, want := range map[string]Kind{
		"complete": Good, "Processing": Busy, "REFUND_INITIATED": Attention, "needs review": Attention,
		"failed": Bad, "pending": Neutral, "a word nobody knows": Neutral, "": Neutral,
	} {
		if got := KindOf(word); got != want {
			t.Errorf("KindOf(%q) = %s, want %s", word, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	for word, want := range map[string]string{
		"partially_refunded": "Partially refunded", "missing": "Missing", "REFUND_DONE": "REFUND_DONE", "": "",
		"upi": "UPI", "forget api answers": "Forget API answers", "subscribe to fynd": "Subscribe to Fynd", "under_review": "Under review",
	} {
		if got := Words(word); got != want {
			t.Errorf("Words(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestClock(t *testing.T) {
	kolkata := time.FixedZone("IST", 5*3600+1800)
	at := time.Date(2026, 11, 22, 20, 30, 5, 0, time.UTC)
	if got, want := full(t.Context(), at, kolkata), "23 Nov 2026, 02:00:05 IST (UTC+05:30)"; got != want {
		t.Errorf("full = %q, want %q", got, want)
	}
	if got, want := full(t.Context(), at, nil), "22 Nov 2026, 20:30:05 UTC"; got != want {
		t.Errorf("full = %q, want %q", got, want)
	}
	for since, want := range map[time.Duration]string{
		30 * time.Second: "just now", 61 * time.Minute: "1 h ago", 59 * time.Minute: "59 min ago",
		50 * time.Hour: "2 d ago", 200 * time.Hour: "22 Nov 2026", -time.Minute: "22 Nov 2026, 20:30",
	} {
		if got := distance(t.Context(), since, at); got != want {
			t.Errorf("distance(t.Context(), %s) = %q, want %q", since, got, want)
		}
	}
	if got := html(t, Time(time.Time{}, nil)); got != "" {
		t.Errorf("a time that is not known shows as %q", got)
	}
}

func TestParts(t *testing.T) {
	field := FieldView{Name: "key[id]", Label: "Key", Help: "From the dashboard.", Error: "Too short.", Value: `"><b>`}
	tests := []struct {
		name string
		part templ.Component
		has  []string
		not  []string
	}{
		{"a field names its help and its error", Input(field), []string{`aria-describedby="field-key-id-error field-key-id-help"`, `aria-invalid="true"`, `for="field-key-id"`}, []string{"<b>"}},
		{"a secret is never shown", Secret(FieldView{Name: "s", Value: "sk_live_123"}, "9fA2"), []string{"•••• 9fA2"}, []string{"sk_live_123"}},
		{"no problem, no box", Problem(""), nil, []string{"div"}},
		{"a problem is spoken", Problem("Only 10.00 INR is left."), []string{`role="alert"`, "Only 10.00 INR is left."}, nil},
		{"only the sorted column says so", SortHeader(Sort{Label: "Total", Path: "?sort=total"}), []string{`scope="col"`}, []string{"aria-sort"}},
		{"a sorted column", SortHeader(Sort{Label: "Total", Dir: "descending", Path: "?"}), []string{`aria-sort="descending"`}, nil},
		{"a link swaps a region only when told to", Chips([]Chip{{Label: "Status", Value: "Missing", Path: "?q=1"}}, "", "#orders"), []string{`hx-get="?q=1"`, `hx-target="#orders"`, `aria-label="Remove filter Status Missing"`}, nil},
		{"and is a plain link otherwise", Chips([]Chip{{Path: "?q=1"}}, "", ""), []string{`href="?q=1"`}, []string{"hx-"}},
		{"the last page has no next", Pager(PagerView{Shown: "1–3", Total: "3", Noun: "orders"}), []string{`aria-disabled="true"`}, []string{"<a"}},
		{"a choice counts itself", MultiSelect("Status", "status", []Option{{Value: "a", Label: "A", Chosen: true}, {Value: "b", Label: "B"}}), []string{`<b class="count" data-count>1</b>`, `name="status" value="b"`}, nil},
		{"an unknown outcome is not a failure", OperationSteps("unknown"), []string{"No answer yet", `class="unknown"`}, []string{"failed"}},
		{"a script in an address is no address", Chips([]Chip{{Path: "javascript:alert(1)"}}, "", ""), nil, []string{"javascript:"}},
		{"JSON is laid out", Payload("Answer", `{"a":1}`), []string{"{\n  &#34;a&#34;: 1\n}"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := html(t, tt.part)
			for _, text := range tt.has {
				if !strings.Contains(got, text) {
					t.Errorf("no %s in\n%s", text, got)
				}
			}
			for _, text := range append(tt.not, "style=", "<script", "onclick") {
				if strings.Contains(got, text) {
					t.Errorf("%s in\n%s", text, got)
				}
			}
		})
	}
}

// The counts of tabs are written as the reader writes numbers.
func TestCountsOfTabs(t *testing.T) {
	for code, want := range map[string]string{"en": ">12,345<", "ru": ">12\u00a0345<", "sv": ">12\u00a0345<"} {
		var got strings.Builder
		if err := Tabs("Kinds", []Tab{{Label: "All", Count: 12345}}, "").Render(lang.With(t.Context(), code), &got); err != nil || !strings.Contains(got.String(), want) {
			t.Errorf("%s: %s, %v; want %q", code, got.String(), err, want)
		}
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{"Asha Verma": "AV", "owner": "O", "": "?", "Maria dos Santos": "MS", "сергей иванов": "СИ"} {
		if got := initials(name); got != want {
			t.Errorf("initials(%q) = %q, want %q", name, got, want)
		}
	}
}
