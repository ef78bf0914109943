package ui

import "github.com/a-h/templ"

// sorted marks the one column that decides the order; the others carry no mark.
func sorted(dir string) templ.Attributes {
	if dir == "" {
		return nil
	}
	return templ.Attributes{"aria-sort": dir}
}
