package ui

import (
	"strconv"

	"github.com/a-h/templ"
)

// live makes a filter form apply as the person goes. A newer change replaces one still under way.
func live(path, target string) templ.Attributes {
	attrs := swap(path, target)
	if attrs != nil {
		attrs["hx-trigger"] = "submit, change, input changed delay:300ms from:find input[type=search]"
		attrs["hx-sync"] = "this:replace"
	}
	return attrs
}

func number(n int) string { return strconv.Itoa(n) }
