package ui

import (
	"strings"
	"testing"

	"github.com/kartify/kartify/lang"
)

func TestSentencesWithParts(t *testing.T) {
	for _, c := range []struct {
		text  string
		parts []any
		want  string
	}{
		{"Made %s by %s.", []any{Bold("today"), "<Ann>"}, "Made <b>today</b> by &lt;Ann&gt;."},
		{"%[2]s is of %[1]s, 100%%.", []any{1, Bold("2")}, "<b>2</b> is of 1, 100%."},
		{"%s and %s", []any{"one"}, "one and %s"},
		{"%[9]s", []any{"one"}, "%s"},
		{"said %s", []any{lang.Textf("%d times", 3)}, "said 3 times"},
		{"no part & no more", nil, "no part &amp; no more"},
	} {
		var b strings.Builder
		if err := Say(c.text, c.parts...).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		if b.String() != c.want {
			t.Errorf("Say(%q) = %q, want %q", c.text, b.String(), c.want)
		}
	}
}
