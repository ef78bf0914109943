package sheet

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// startRow opens a row, on a new sheet when this one is full.
func (w *xlsxWriter) startRow() {
	w.row++
	w.col = 0
	w.number = strconv.AppendInt(w.number[:0], int64(w.row), 10)
	w.xml = append(w.xml, `<row r="`...)
	w.xml = append(w.xml, w.number...)
	w.xml = append(w.xml, `">`...)
}

func (w *xlsxWriter) endRow() {
	w.xml = append(w.xml, `</row>`...)
	w.col = 0
}

// data opens the row of a cell of data when it is the first.
func (w *xlsxWriter) data() {
	if w.col > 0 {
		return
	}
	if w.row > w.limit { // the header is one of them
		w.finish()
		w.begin()
	}
	w.startRow()
}

// cell opens a cell where the row has come to: <c r="B7" s="1".
func (w *xlsxWriter) cell(style int) {
	w.xml = append(w.xml, `<c r="`...)
	w.xml = append(w.xml, columnName(w.col)...)
	w.xml = append(w.xml, w.number...)
	w.xml = append(w.xml, `" s="`...)
	w.xml = strconv.AppendInt(w.xml, int64(style), 10)
	w.xml = append(w.xml, '"')
	w.col++
}

// Text writes a cell that is text whatever is in it.
func (w *xlsxWriter) Text(value []byte) {
	w.csv.Text(value)
	w.data()
	w.text(value, styleText)
}

func (w *xlsxWriter) text(value []byte, style int) {
	if len(value) == 0 {
		w.col++
		return
	}
	w.cell(style)
	w.xml = append(w.xml, ` t="inlineStr"><is><t`...)
	if spaced(value) {
		w.xml = append(w.xml, ` xml:space="preserve"`...)
	}
	w.xml = append(w.xml, '>')
	if formula(value) {
		w.xml = append(w.xml, '\'')
	}
	kept, whole := fit(value)
	w.xml = appendXML(w.xml, kept)
	if !whole {
		w.xml = append(w.xml, "…"...)
		w.cut++
	}
	w.xml = append(w.xml, `</t></is></c>`...)
}

// exactMinor is up to where a spreadsheet keeps a decimal number exactly: fifteen digits.
const exactMinor = 999_999_999_999_999

// Amount writes a number with its decimals; one too long to be kept exactly is text.
func (w *xlsxWriter) Amount(minor int64, digits int) {
	w.csv.Amount(minor, digits)
	w.data()
	if minor > exactMinor || minor < -exactMinor {
		w.cell(styleText)
		w.xml = append(w.xml, ` t="inlineStr"><is><t>`...)
		w.xml = appendAmount(w.xml, minor, digits)
		w.xml = append(w.xml, `</t></is></c>`...)
		return
	}
	w.cell(amountStyle(digits))
	w.xml = append(w.xml, `><v>`...)
	w.xml = appendAmount(w.xml, minor, digits)
	w.xml = append(w.xml, `</v></c>`...)
}

const day = 24 * 60 * 60

// epoch is the day before the first of a spreadsheet's days, 1899-12-30, in seconds of Unix time.
const epoch = -25569 * day

// Time writes a date as spreadsheets count them: days and a fraction, as the clocks of its zone show it.
func (w *xlsxWriter) Time(at time.Time) {
	w.csv.Time(at)
	w.data()
	_, offset := at.Zone()
	seconds := at.Unix() + int64(offset) - epoch
	if at.IsZero() || seconds < 61*day || seconds >= 2958466*day { // outside of 1900-03-01 to 9999-12-31
		w.col++
		return
	}
	w.cell(styleDate)
	w.xml = append(w.xml, `><v>`...)
	w.xml = strconv.AppendInt(w.xml, seconds/day, 10)
	if rest := seconds % day; rest > 0 {
		fraction := strconv.AppendInt(make([]byte, 0, 12), 10_000_000_000+(rest*10_000_000_000+day/2)/day, 10)
		w.xml = append(w.xml, '.')
		w.xml = append(w.xml, fraction[1:]...)
	}
	w.xml = append(w.xml, `</v></c>`...)
}

// maxText is how much a cell holds, in units of UTF-16 as Excel counts.
const maxText = 32767

// fit cuts a text to what a cell holds, with room for an apostrophe and the sign that it was cut.
func fit(text []byte) (kept []byte, whole bool) {
	if len(text) < maxText {
		return text, true
	}
	units, edge := 0, 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		units++
		if r > 0xFFFF {
			units++
		}
		i += size
		if units <= maxText-2 {
			edge = i
		}
	}
	if units < maxText {
		return text, true
	}
	return text[:edge], false
}

// spaced says whether XML would be read without some of the white space of a text.
func spaced(text []byte) bool {
	white := func(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
	if white(text[0]) || white(text[len(text)-1]) {
		return true
	}
	for i, c := range text {
		if c == '\n' || c == '\r' || c == '\t' || c == ' ' && text[i+1] == ' ' {
			return true
		}
	}
	return false
}

// plainXML are the bytes that XML text takes as they are.
var plainXML = func() (plain [256]bool) {
	for c := range plain {
		plain[c] = c >= 0x20 && c != '<' && c != '>' && c != '&' && c != '_' && c != 0xEF || c == '\t' || c == '\n'
	}
	return plain
}()

// appendXML writes text as the content of an element. Characters that XML cannot hold are written as
// _x0001_, as ECMA-376 (22.9.2.19, ST_Xstring) has it, and a text that reads like that is kept apart.
func appendXML(to, text []byte) []byte {
	start := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if plainXML[c] {
			continue
		}
		with, size := "", 1
		switch {
		case c == '<':
			with = "&lt;"
		case c == '>':
			with = "&gt;"
		case c == '&':
			with = "&amp;"
		case c == '\r':
			with = "&#13;"
		case c == '_':
			if !escapeLike(text[i:]) {
				continue
			}
			with = "_x005F_"
		case c == 0xEF: // U+FFFE and U+FFFF are no characters
			if i+2 >= len(text) || text[i+1] != 0xBF || text[i+2] < 0xBE {
				continue
			}
			with, size = "\uFFFD", 3
		default:
			with = "_x00" + string([]byte{hexDigits[c>>4], hexDigits[c&15]}) + "_"
		}
		to = append(to, text[start:i]...)
		to = append(to, with...)
		i += size - 1
		start = i + 1
	}
	return append(to, text[start:]...)
}

const hexDigits = "0123456789ABCDEF"

// escapeLike says whether a text begins like an escaped character: _x0041_.
func escapeLike(text []byte) bool {
	if len(text) < 7 || text[1] != 'x' || text[6] != '_' {
		return false
	}
	for _, c := range text[2:6] {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}
