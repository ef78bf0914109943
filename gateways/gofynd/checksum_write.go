package gofynd

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// writer writes a JSON value compactly as another language would.
type writer struct {
	ascii  bool // everything else is escaped
	python bool // json.dumps, else JSON.stringify
	keep   bool // for a database: every digit stays, and a lone surrogate becomes the sign for what cannot be read
	sorted bool // members by name, and numbers in one form where that changes none
}

// form is the value written again. It is not ok when a number would change.
func (w writer) form(v value) ([]byte, bool) {
	out, ok := w.append(nil, v)
	return out, ok
}

func (w writer) append(out []byte, v value) ([]byte, bool) {
	switch v.kind {
	case 'l':
		return append(out, v.text...), true
	case '"':
		return w.text(out, v.text), true
	case '0':
		written := jsNumber(v.text)
		switch {
		case w.python:
			written = pythonNumber(v.text)
		case w.keep && !(w.sorted && sameNumber(v.text, written)):
			written = v.text
		}
		return append(out, written...), sameNumber(v.text, written)
	}
	out = append(out, v.kind)
	all := true
	for n, i := range w.order(v) {
		if n > 0 {
			out = append(out, ',')
		}
		if v.kind == '{' {
			out = append(w.text(out, v.names[i]), ':')
		}
		var ok bool
		if out, ok = w.append(out, v.items[i]); !ok {
			all = false
		}
	}
	return append(out, v.kind+2), all // } and ] are two behind { and [
}

// order is the order in which the items are written: JavaScript puts names that are array indices first, by number.
func (w writer) order(v value) []int {
	if v.kind == '{' && w.sorted {
		return v.byName()
	}
	order := make([]int, len(v.items))
	for i := range order {
		order[i] = i
	}
	if v.kind != '{' || w.python || w.keep {
		return order
	}
	slices.SortStableFunc(order, func(a, b int) int {
		left, isLeft := arrayIndex(v.names[a])
		right, isRight := arrayIndex(v.names[b])
		switch {
		case isLeft && isRight:
			return int(left - right)
		case isLeft:
			return -1
		case isRight:
			return 1
		}
		return 0
	})
	return order
}

// arrayIndex is a name that JavaScript takes for a place in an array: a whole number below 2³² − 1 without zeros in front.
func arrayIndex(name string) (int64, bool) {
	n, err := strconv.ParseUint(name, 10, 32)
	if err != nil || n == math.MaxUint32 || strconv.FormatUint(n, 10) != name {
		return 0, false
	}
	return int64(n), true //nolint:gosec // 32 bits
}

var shorts = map[rune]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}

// text writes a text in quotes.
func (w writer) text(out []byte, text string) []byte {
	out = append(out, '"')
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 { // a lone surrogate, which is escaped everywhere
			r, size = rune(text[0]&0x0F)<<12|rune(text[1]&0x3F)<<6|rune(text[2]&0x3F), 3
			if w.keep {
				r = utf8.RuneError
			}
			out = fmt.Appendf(out, `\u%04x`, r)
			text = text[size:]
			continue
		}
		short, isShort := shorts[r]
		switch {
		case isShort:
			out = append(out, short...)
		case r < ' ', r > '~' && w.ascii && r < 0x10000 && (r != 0x7F || w.python):
			out = fmt.Appendf(out, `\u%04x`, r)
		case r >= 0x10000 && w.ascii:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = append(out, text[:size]...)
		}
		text = text[size:]
	}
	return append(out, '"')
}

// jsNumber is a number as JavaScript writes it (ECMA-262, Number::toString). One that is too large for it becomes null.
func jsNumber(literal string) string {
	f, err := strconv.ParseFloat(literal, 64)
	switch size := math.Abs(f); {
	case err != nil && math.IsInf(f, 0):
		return "null"
	case f == 0:
		return "0"
	case size < 1e-6 || size >= 1e21:
		return exponent(strconv.FormatFloat(f, 'e', -1, 64), 1)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// pythonNumber is a number as Python writes it: a whole one with its digits, any other as repr of a float.
func pythonNumber(literal string) string {
	if !strings.ContainsAny(literal, ".eE") {
		if literal == "-0" {
			return "0"
		}
		return literal
	}
	f, err := strconv.ParseFloat(literal, 64)
	switch size := math.Abs(f); {
	case err != nil && math.IsInf(f, 0):
		return "Infinity"
	case size != 0 && (size < 1e-4 || size >= 1e16):
		return exponent(strconv.FormatFloat(f, 'e', -1, 64), 2)
	}
	written := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(written, ".") {
		written += ".0"
	}
	return written
}

// exponent gives the exponent of a number at least so many digits: 1e-07 is 1e-7 in JavaScript.
func exponent(written string, digits int) string {
	mantissa, power, _ := strings.Cut(written, "e")
	sign, number := power[:1], strings.TrimLeft(power[1:], "0")
	for len(number) < digits {
		number = "0" + number
	}
	return mantissa + "e" + sign + number
}

// sameNumber says whether two ways to write a number mean the same one, digit for digit.
func sameNumber(a, b string) bool {
	left, lok := digitsOf(a)
	right, rok := digitsOf(b)
	return lok && rok && left == right
}

// decimalNumber is sign × 0.digits × 10^power; digits neither begin nor end with a zero, and zero has none.
type decimalNumber struct {
	negative bool
	digits   string
	power    int
}

func digitsOf(literal string) (decimalNumber, bool) {
	var n decimalNumber
	rest, negative := strings.CutPrefix(literal, "-")
	mantissa, power, _ := strings.Cut(strings.ToLower(rest), "e")
	if power != "" {
		p, err := strconv.ParseInt(power, 10, 32)
		if err != nil {
			return n, false
		}
		n.power = int(p)
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	all := whole + fraction
	if strings.Trim(all, "0123456789") != "" || all == "" {
		return n, false
	}
	kept := strings.TrimLeft(all, "0")
	n.power += len(whole) - (len(all) - len(kept))
	n.digits, n.negative = strings.TrimRight(kept, "0"), negative
	if n.digits == "" {
		return decimalNumber{}, true
	}
	return n, true
}
