package gofynd

import (
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// mostDepth is how deep a body may be nested for it to be written again.
const mostDepth = 64

// value is a JSON value as it was written, its members in their order.
type value struct {
	kind   byte   // '{', '[', '"', '0' for a number, 'l' for true, false and null
	text   string // of a text: its code points, a lone surrogate in three bytes; of the others: as written
	items  []value
	names  []string       // of an object, beside items
	places map[string]int // of its names

	dropped map[string][]value // what stood under a name before its last value
}

// scan reads one JSON value with nothing after it. It is not ok when there is none, when it is nested too deeply, or
// when it is not UTF-8, which every language reads in its own way.
func scan(raw []byte) (value, bool) {
	if !utf8.Valid(raw) || !json.Valid(raw) {
		return value{}, false
	}
	s := scanner{rest: raw}
	v := s.value(0)
	return v, !s.deep
}

// scanner reads what is known to be JSON.
type scanner struct {
	rest []byte
	deep bool
}

// next drops white space and gives the sign after it.
func (s *scanner) next() byte {
	for len(s.rest) > 0 {
		switch b := s.rest[0]; b {
		case ' ', '\t', '\n', '\r':
			s.rest = s.rest[1:]
		default:
			return b
		}
	}
	return 0
}

func (s *scanner) value(depth int) value {
	if depth > mostDepth {
		s.deep = true
		s.rest = nil
		return value{}
	}
	switch first := s.next(); first {
	case '{':
		return s.object(depth)
	case '[':
		return s.array(depth)
	case '"':
		return value{kind: '"', text: s.text()}
	case 't', 'f', 'n':
		return value{kind: 'l', text: s.word()}
	default:
		return value{kind: '0', text: s.word()}
	}
}

// object reads members. Of two with one name the last counts, at the place of the first, in JavaScript and in Python.
func (s *scanner) object(depth int) value {
	v := value{kind: '{', places: map[string]int{}, dropped: map[string][]value{}}
	s.rest = s.rest[1:]
	for s.next() != '}' && len(s.rest) > 0 {
		if s.rest[0] == ',' {
			s.rest = s.rest[1:]
			s.next()
		}
		name := s.text()
		if s.next() == ':' {
			s.rest = s.rest[1:]
		}
		member := s.value(depth + 1)
		if at, known := v.places[name]; known {
			v.dropped[name] = append(v.dropped[name], v.items[at])
			v.items[at] = member
			continue
		}
		v.places[name] = len(v.items)
		v.names, v.items = append(v.names, name), append(v.items, member)
	}
	s.skip()
	return v
}

func (s *scanner) array(depth int) value {
	v := value{kind: '['}
	s.rest = s.rest[1:]
	for s.next() != ']' && len(s.rest) > 0 {
		if s.rest[0] == ',' {
			s.rest = s.rest[1:]
		}
		v.items = append(v.items, s.value(depth+1))
	}
	s.skip()
	return v
}

// skip drops one sign, unless reading was given up.
func (s *scanner) skip() {
	if len(s.rest) > 0 {
		s.rest = s.rest[1:]
	}
}

// word is everything up to the sign that ends a number or a word.
func (s *scanner) word() string {
	n := 0
	for n < len(s.rest) {
		switch s.rest[n] {
		case ',', ']', '}', ' ', '\t', '\n', '\r':
			word := string(s.rest[:n])
			s.rest = s.rest[n:]
			return word
		}
		n++
	}
	word := string(s.rest)
	s.rest = nil
	return word
}

// text reads a text in quotes. Two escaped surrogates that belong together are one sign; one alone stays one.
func (s *scanner) text() string {
	if len(s.rest) == 0 {
		return ""
	}
	out := make([]byte, 0, 32)
	s.rest = s.rest[1:]
	for len(s.rest) > 0 && s.rest[0] != '"' {
		if s.rest[0] != '\\' {
			out = append(out, s.rest[0])
			s.rest = s.rest[1:]
			continue
		}
		out = s.escape(out)
	}
	s.skip()
	return string(out)
}

var escapes = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads what follows a backslash.
func (s *scanner) escape(out []byte) []byte {
	sign := s.rest[1]
	if sign != 'u' {
		s.rest = s.rest[2:]
		if control, ok := escapes[sign]; ok {
			sign = control
		}
		return append(out, sign)
	}
	unit := s.unit()
	if utf16.IsSurrogate(unit) && len(s.rest) > 5 && s.rest[0] == '\\' && s.rest[1] == 'u' {
		ahead := scanner{rest: s.rest}
		if pair := utf16.DecodeRune(unit, ahead.unit()); pair != utf8.RuneError {
			s.rest = ahead.rest
			return utf8.AppendRune(out, pair)
		}
	}
	if utf16.IsSurrogate(unit) { // three bytes that no UTF-8 has
		return append(out, 0xE0|byte(unit>>12), 0x80|byte(unit>>6)&0x3F, 0x80|byte(unit)&0x3F)
	}
	return utf8.AppendRune(out, unit)
}

// unit is the number in \uXXXX.
func (s *scanner) unit() rune {
	n, _ := strconv.ParseUint(string(s.rest[2:6]), 16, 16)
	s.rest = s.rest[6:]
	return rune(n)
}
