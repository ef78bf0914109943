package gofynd

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
)

// Kept is the body of a request as it is stored.
type Kept struct {
	Body json.RawMessage // JSON that every program can read, with every digit of its numbers
	Hash []byte          // SHA-256 of what it says: the same however its members are ordered and written
}

var errNotKept = errors.New("the body is not JSON that can be kept: UTF-8, at most 64 levels deep, without NUL and with numbers of at most 100 digits")

// Keep makes a body fit to be stored, also the members that are not known here.
func Keep(body []byte) (Kept, error) {
	v, ok := scan(body)
	if !ok || !v.ordinary() {
		return Kept{}, errNotKept
	}
	stored, _ := writer{keep: true}.form(v)
	meaning, _ := writer{keep: true, sorted: true}.form(v)
	sum := sha256.Sum256(meaning)
	return Kept{stored, sum[:]}, nil
}

// ordinary says whether a value has no NUL in its texts and no number that would fill pages.
func (v *value) ordinary() bool {
	switch v.kind {
	case '0':
		n, ok := digitsOf(v.text)
		return ok && len(v.text) <= 100 && n.power <= 100 && n.power >= -100
	case '"':
		return !bytes.ContainsRune([]byte(v.text), 0)
	}
	for i := range v.items {
		if !v.items[i].ordinary() || i < len(v.names) && bytes.ContainsRune([]byte(v.names[i]), 0) {
			return false
		}
	}
	return true
}

// member is the member of an object with this name, or a value of no kind.
func (v *value) member(name string) value {
	if at, ok := v.places[name]; ok {
		return v.items[at]
	}
	return value{}
}

// byName are the places of an object's members in the order of their names.
func (v *value) byName() []int {
	order := make([]int, 0, len(v.items))
	for i := range v.items {
		order = append(order, i)
	}
	slices.SortFunc(order, func(a, b int) int { return bytes.Compare([]byte(v.names[a]), []byte(v.names[b])) })
	return order
}
