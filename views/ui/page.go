package ui

import (
	"bytes"
	"encoding/json"

	"github.com/a-h/templ"
)

func named(id string) templ.Attributes {
	if id == "" {
		return nil
	}
	return templ.Attributes{"id": id}
}

// pretty lays JSON out over lines; what is not JSON stays as it is.
func pretty(raw string) string {
	var out bytes.Buffer
	if json.Indent(&out, []byte(raw), "", "  ") != nil {
		return raw
	}
	return out.String()
}

// Pretty lays JSON out over lines; what is not JSON stays as it is.
func Pretty(raw string) string { return pretty(raw) }
