package gateways

import (
	"cmp"
	"strings"
)

// Account names the account at the provider that a store's settings are of, or is "" when they do not tell. Two
// settings of one account differ in passwords and habits; payments begun with one can be reached with the other.
// values are those that may be shown, by slug.
func (d Driver) Account(values map[string]string) string {
	var parts []string
	for _, field := range d.Fields {
		if field.Account == nil {
			continue
		}
		value := cmp.Or(strings.TrimSpace(values[field.Slug]), field.Default)
		if value == "" {
			return ""
		}
		parts = append(parts, field.Account(value))
	}
	return strings.Join(parts, " at ")
}

// Whole is the Account of a field whose value is all of the name.
func Whole(value string) string { return value }
