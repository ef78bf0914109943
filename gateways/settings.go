package gateways

import "slices"

// CheckSettings says in a sentence what is missing or wrong in a store's settings, or nil.
func CheckSettings(name string, fields []Field, s Settings) error {
	for _, field := range fields {
		value, problem := s.Values[field.Slug], ""
		switch {
		case value == "" && field.Required:
			problem = name + " needs its " + field.Name + "."
		case value != "" && field.Options != nil && !slices.Contains(field.Options, value):
			problem = field.Name + " is not one of the choices."
		case value != "" && field.Check != nil:
			problem = field.Check(value, s.Mode)
		}
		if problem != "" {
			return &Error{Kind: Misconfigured, Verb: "open", Message: problem}
		}
	}
	return nil
}
