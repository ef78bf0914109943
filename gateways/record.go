package gateways

import (
	"bytes"
	"encoding/json"
	"errors"
)

// Record is a flat object of a provider that writes its values as text or as numbers. A value that is a list
// or an object stays as its JSON.
type Record map[string]string

// UnmarshalJSON takes any object.
func (r *Record) UnmarshalJSON(raw []byte) error {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(raw, &values); err != nil {
		return err //nolint:wrapcheck // encoding/json says where
	}
	if values == nil {
		return errors.New("null stands where an object belongs")
	}
	*r = make(Record, len(values))
	for key, value := range values {
		var text Text
		if json.Unmarshal(value, &text) != nil {
			text = Text(value)
		}
		(*r)[key] = string(text)
	}
	return nil
}

// First is the first of these values that says anything.
func (r Record) First(keys ...string) string {
	for _, key := range keys {
		if r[key] != "" {
			return r[key]
		}
	}
	return ""
}

// Records are a list of them, or a single one that stands alone.
type Records []Record

// UnmarshalJSON reads [{…}] and {…}.
func (r *Records) UnmarshalJSON(raw []byte) error {
	if raw = bytes.TrimSpace(raw); len(raw) > 0 && raw[0] == '[' {
		var list []Record
		err := json.Unmarshal(raw, &list)
		*r = list
		return err //nolint:wrapcheck // encoding/json says where
	}
	var one Record
	if err := json.Unmarshal(raw, &one); err != nil {
		return err //nolint:wrapcheck // encoding/json says where
	}
	if one == nil {
		return errors.New("null stands where an object belongs")
	}
	*r = Records{one}
	return nil
}
