package web

import (
	"strings"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/views/ui"
)

// menuLine is a route that the menu shows.
type menuLine struct{ Route }

func (l menuLine) words() []string { return strings.Split(l.Menu, " > ") }

// menuFor is the menu with what user may open.
func (w *Web) menuFor(user *models.User) []views.MenuGroup {
	var groups []views.MenuGroup
	for _, line := range w.menu {
		if !user.May(line.Permission) {
			continue
		}
		words := line.words()
		if len(groups) == 0 || groups[len(groups)-1].Label != words[0] {
			groups = append(groups, views.MenuGroup{Label: words[0], Icon: w.icon(words[0])})
		}
		group := &groups[len(groups)-1]
		if len(words) == 1 {
			words = append(words, words[0])
		}
		group.Items = insert(group.Items, words[1:], line.Path)
	}
	return groups
}

// insert puts a line under the items it belongs to.
func insert(items []views.MenuItem, words []string, path string) []views.MenuItem {
	if len(words) == 1 {
		return append(items, views.MenuItem{Label: words[0], Path: path})
	}
	for i := range items {
		if items[i].Label == words[0] && items[i].Path == "" {
			items[i].Children = insert(items[i].Children, words[1:], path)
			return items
		}
	}
	return append(items, views.MenuItem{Label: words[0], Children: insert(nil, words[1:], path)})
}

func (w *Web) icon(group string) string {
	for _, line := range w.menu {
		if line.words()[0] == group && line.Icon != "" {
			return line.Icon
		}
	}
	return "home"
}

// crumbs is the way to the page called active through the menu; a page under it adds its title.
func (w *Web) crumbs(active, title string) []ui.Link {
	for _, line := range w.menu {
		if line.Path != active {
			continue
		}
		words := line.words()
		crumbs := make([]ui.Link, len(words))
		for i, word := range words {
			crumbs[i].Label = word
		}
		crumbs[len(words)-1].Path = active
		if title != "" && title != words[len(words)-1] {
			crumbs = append(crumbs, ui.Link{Label: title})
		}
		return crumbs
	}
	return []ui.Link{{Label: title}}
}

// Home is the first page of the menu that user may open.
func (w *Web) Home(user *models.User) string {
	for _, line := range w.menu {
		if line.Path != "/" && user.May(line.Permission) {
			return line.Path
		}
	}
	return "/profile"
}
