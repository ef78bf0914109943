package browser

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

// axe.min.js is axe-core 4.14.1 by Deque, MPL-2.0; it serves the tests and is no part of kartify.
//
//go:embed axe/axe.min.js
var axe string

// Violation is one rule of accessibility that a page breaks.
type Violation struct {
	ID     string   `json:"id"`
	Impact string   `json:"impact"`
	Help   string   `json:"help"`
	Where  []string `json:"where"` // the elements, with axe's reason
}

// String is the violation for a test's message.
func (v Violation) String() string {
	return fmt.Sprintf("%s (%s): %s\n\t%s", v.ID, v.Impact, v.Help, strings.Join(v.Where, "\n\t"))
}

const runAxe = `axe.run(document, {runOnly: %s}).then((result) => result.violations.map((v) => ({
  id: v.id, impact: v.impact || "", help: v.help,
  where: v.nodes.map((n) => n.target.join(" ") + ": " + n.any.concat(n.all, n.none).map((c) => c.message).join("; ")),
})))`

// Axe is what axe-core finds wrong with the page as it is now, by WCAG 2.2 AA and good practice; or by the rules
// named alone, such as "color-contrast".
func (t *Tab) Axe(rules ...string) []Violation {
	t.tb.Helper()
	only := `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`
	if len(rules) > 0 {
		only = fmt.Sprintf(`{type: "rule", values: ["%s"]}`, strings.Join(rules, `", "`))
	}
	if !Eval[bool](t, `"axe" in window`) {
		if _, err := chromedp.Run(t.clock(), chromedp.Evaluate[chromedp.Void](axe)); err != nil {
			t.tb.Fatalf("browser: load axe-core: %v", err)
		}
	}
	return Eval[[]Violation](t, fmt.Sprintf(runAxe, only))
}
