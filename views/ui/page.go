package ui

import (
	"bytes"
	"encoding/json"

	"github.com/a-h/templ"
)

func panelNames(id, title string) templ.Attributes {
	names := templ.Attributes{}
	if id != "" {
		names["id"] = id
	}
	if title != "" {
		names["aria-label"] = title
	}
	return names
}

// pretty lays JSON out over lines; what is not JSON stays as it is.
func pretty(raw string) string {
	var out bytes.Buffer
	if json.Indent(&out, []byte(raw), "", "  ") != nil {
		return raw
	}
	return out.String()
}
