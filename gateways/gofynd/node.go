package gofynd

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
)

// node is a value somewhere in a webhook. What is not there, or is something else, is empty: two shapes
// and many versions of them are in use. Of two members with one name the last counts.
type node struct{ value any }

func parse(body []byte) (node, error) {
	var n node
	err := gateways.DecodeJSON(body, &n.value)
	return n, err
}

// at is the member at the end of a way: at("meta", "ordering_store_details", "id").
func (n node) at(way ...string) node {
	for _, name := range way {
		members, _ := n.value.(map[string]any)
		n = node{members[name]}
	}
	return n
}

// list is the elements of an array.
func (n node) list() []node {
	values, _ := n.value.([]any)
	nodes := make([]node, len(values))
	for i, value := range values {
		nodes[i] = node{value}
	}
	return nodes
}

func (n node) isObject() bool {
	_, ok := n.value.(map[string]any)
	return ok
}

// text is a text or a number, as it was written; of a list it is the first.
func (n node) text() string {
	switch value := n.value.(type) {
	case string:
		return strings.TrimSpace(value)
	case json.Number:
		return value.String()
	case []any:
		if len(value) > 0 {
			if _, nested := value[0].([]any); !nested {
				return node{value[0]}.text()
			}
		}
	}
	return ""
}

// of is the text of the first member that has one.
func (n node) of(names ...string) string {
	for _, name := range names {
		if found := n.at(name).text(); found != "" {
			return found
		}
	}
	return ""
}

// moment is a time written as RFC 3339, in seconds or in milliseconds; the zero time when it is none.
func (n node) moment() time.Time {
	written := n.text()
	if at, err := time.Parse(time.RFC3339, written); err == nil && at.Year() > 0 {
		return at.UTC()
	}
	var number int64
	for _, digit := range written {
		if digit < '0' || digit > '9' || len(written) > 13 {
			return time.Time{}
		}
		number = number*10 + int64(digit-'0')
	}
	switch len(written) {
	case 10:
		return time.Unix(number, 0).UTC()
	case 13:
		return time.UnixMilli(number).UTC()
	}
	return time.Time{}
}

// text is a scalar that Fynd writes as text or as a number.
type text string

func (t *text) UnmarshalJSON(raw []byte) error {
	n, err := parse(raw)
	*t = text(n.text())
	return err
}

func first(texts ...string) string { return cmp.Or(texts...) }

func same(a, b string) bool {
	return strings.EqualFold(strings.TrimRight(strings.TrimSpace(a), "."), b)
}
