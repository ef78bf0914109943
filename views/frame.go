// Package views has a .templ file for every screen. A view takes values and shows them; it asks
// nothing of the database and knows nothing of the request.
package views

import (
	"context"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/views/ui"
)

// Frame is what stands around every page.
type Frame struct {
	Title   string
	Crumbs  []ui.Link // "Sales", "Orders", "#1001"; the last one is the page
	Active  string    // the menu path of the current page, "/sales/orders"
	Menu    []MenuGroup
	Person  *Person // nil when nobody is signed in
	CSRF    string
	Notice  string // said once: what the last action did
	Problem string // said once: why it did not
	Test    bool   // the gateways move no real money, and the page says so
	Finder  bool   // this person may look for orders
}

// MenuGroup is one heading of the menu with what this person may open under it.
type MenuGroup struct {
	Label, Icon string
	Items       []MenuItem
}

// lone is the path of a group that is one page of the same name, such as the dashboard.
func (g MenuGroup) lone() string {
	if len(g.Items) == 1 && g.Items[0].Label == g.Label {
		return g.Items[0].Path
	}
	return ""
}

// MenuItem is one line of the menu. An item without a path only opens its children.
type MenuItem struct {
	Label, Path string
	Badge       string // such as the number of payments in limbo
	Children    []MenuItem
}

// Person is who is signed in.
type Person struct{ Name, Email, Role string }

// holds says whether the page called active is this item or under it.
func (m MenuItem) holds(active string) bool {
	return m.Path != "" && m.Path == active ||
		slices.ContainsFunc(m.Children, func(child MenuItem) bool { return child.holds(active) })
}

// windowTitle names the page for tabs and bookmarks, the most particular word first.
func (f Frame) windowTitle(ctx context.Context) string {
	words := []string{}
	if f.Title != "" {
		words = append(words, lang.T(ctx, f.Title))
	}
	for _, crumb := range slices.Backward(f.Crumbs) {
		if label := lang.T(ctx, crumb.Label); !slices.Contains(words, label) {
			words = append(words, label)
		}
	}
	return strings.Join(append(words, "kartify"), " · ")
}

func current(yes bool) templ.Attributes {
	if !yes {
		return nil
	}
	return templ.Attributes{"aria-current": "page"}
}
