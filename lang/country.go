package lang

import (
	"context"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

var countries = map[string]*display.Dictionary{Usual: display.English, "hi": display.Hindi, "ru": display.Russian, "sv": display.Swedish}

// Country is the name of a country in the language, by its code of ISO 3166-1. What is no code stays as it is.
func Country(ctx context.Context, code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	if name := countries[Code(ctx)].Regions().Name(region); name != "" {
		return name
	}
	return code
}
