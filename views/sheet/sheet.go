// Package sheet writes tables to files that people open elsewhere: CSV and XLSX. Rows go out as they
// come, so a file of any length takes the same memory.
//
// Text is never taken for a formula: a text that begins like one gets an apostrophe before it, in both
// kinds of file. Numbers stay numbers, whatever their sign.
package sheet

import (
	"crypto/sha256"
	"hash"
	"time"
)

// Kind is what a column holds.
type Kind int

// The kinds of columns.
const (
	Text   Kind = iota // names, ids, phones: never a number, never a formula
	Amount             // a decimal number
	Date               // a moment
)

// Column is one column of a table. Width is in characters, for files that have widths.
type Column struct {
	Name  string
	Kind  Kind
	Width int
}

// Writer takes a table cell by cell. Cells come in the order of the columns and a row ends with End,
// which is also where errors show. Nothing of value is kept after a call.
type Writer interface {
	Text(value []byte)
	Amount(minor int64, digits int) // minor units of a currency with so many decimals
	Time(at time.Time)              // shown in its own zone
	End() error
	// Sum is the SHA-256 of the table as a CSV file, once every row has ended. Two files of the same
	// rows have the same sum, whatever their kind.
	Sum() []byte
	// Close completes the file. An XLSX file begins with the cover; a CSV file has room for none.
	Close(Cover) error
}

// Cover is a page that says what a file is.
type Cover struct {
	Title   string
	Facts   []Fact
	Warning string // why the file must not be used, when it must not
}

// Fact is one line of a cover.
type Fact struct{ Name, Value string }

// full is how much is collected before it is passed on, in bytes.
const full = 64 << 10

// summed is a CSV table that is only summed up.
type summed struct{ hash hash.Hash }

func newSum() *summed { return &summed{sha256.New()} }

// Write takes a part of the CSV file in.
func (s *summed) Write(part []byte) (int, error) { return s.hash.Write(part) } //nolint:wrapcheck // never fails

// appendAmount writes minor units as a decimal: -1250 of two digits is -12.50.
func appendAmount(to []byte, minor int64, digits int) []byte {
	n := uint64(minor)
	if minor < 0 {
		to, n = append(to, '-'), -n
	}
	var text [24]byte
	at := len(text)
	for i := 0; n > 0 || i <= digits; i++ {
		if i == digits && digits > 0 {
			at--
			text[at] = '.'
		}
		at--
		text[at] = byte('0' + n%10)
		n /= 10
	}
	return append(to, text[at:]...)
}

// formula says whether a spreadsheet could take the text for a formula: what it begins with is an
// operator, in ASCII or in full width, or a character that some programs drop before they look.
func formula(text []byte) bool {
	if len(text) == 0 {
		return false
	}
	switch text[0] {
	case '=', '+', '-', '@', '\t', '\r', '\n':
		return true
	case 0xEF: // U+FF1D ＝, U+FF0B ＋, U+FF0D －, U+FF20 ＠
		return len(text) > 2 && (text[1] == 0xBC && (text[2] == 0x9D || text[2] == 0x8B || text[2] == 0x8D || text[2] == 0xA0))
	}
	return false
}
