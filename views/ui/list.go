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

// grouped is a count with its thousands set apart.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
