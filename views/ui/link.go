package ui

import (
	"strings"

	"github.com/a-h/templ"
)

// Link is an address and what it is called.
type Link struct{ Label, Path string }

// swap makes a link or a form replace the region called target ("#orders") and write its address
// into the address bar. Without a target the browser follows it in the ordinary way.
func swap(path, target string) templ.Attributes {
	if target == "" || path == "" {
		return nil
	}
	return templ.Attributes{"hx-get": path, "hx-target": target, "hx-swap": "outerHTML", "hx-push-url": "true"}
}

// swaps makes the links in an element replace the region called target ("#orders") and write their addresses
// into the address bar: said once for all of them.
func swaps(target string) templ.Attributes {
	if target == "" {
		return nil
	}
	return templ.Attributes{"hx-boost": "true", "hx-target": target, "hx-swap": "outerHTML"}
}

// initials are one or two letters that stand for a name.
func initials(name string) string {
	var letters []rune
	for _, word := range strings.Fields(name) {
		letters = append(letters, []rune(strings.ToUpper(word))[0])
	}
	switch len(letters) {
	case 0:
		return "?"
	case 1:
		return string(letters)
	}
	return string([]rune{letters[0], letters[len(letters)-1]})
}

// id makes a name fit for an id attribute: "gateway settings[key]" becomes gateway-settings-key.
func id(parts ...string) string {
	fit := func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return ' '
	}
	return strings.Join(strings.Fields(strings.Map(fit, strings.Join(parts, " "))), "-")
}

// here marks the link to what is shown already.
func here(yes bool) templ.Attributes {
	if !yes {
		return nil
	}
	return templ.Attributes{"aria-current": "page"}
}
