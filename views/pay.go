package views

import (
	"maps"
	"slices"
)

// sortedNames are the names of a form's fields in order, so that the same form is written alike each time.
func sortedNames(form map[string]string) []string { return slices.Sorted(maps.Keys(form)) }
