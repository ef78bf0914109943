package sheet

import (
	"io"
	"time"
)

// csvWriter writes CSV as RFC 4180 has it, in UTF-8 with a byte order mark, so that spreadsheets know.
type csvWriter struct {
	to   io.Writer
	sum  *summed
	line []byte // what is not passed on yet
	cell bool   // the row has cells already
	err  error
}

// NewCSV begins a CSV file with its header line, which is passed on at once.
func NewCSV(to io.Writer, columns []Column) Writer {
	w := newCSV(to, columns)
	w.flush()
	return w
}

func newCSV(to io.Writer, columns []Column) *csvWriter {
	w := &csvWriter{to: to, sum: newSum(), line: make([]byte, 0, full+full/4)}
	w.line = append(w.line, 0xEF, 0xBB, 0xBF)
	for _, column := range columns {
		w.Text([]byte(column.Name))
	}
	w.endLine()
	return w
}

func (w *csvWriter) next() {
	if w.cell {
		w.line = append(w.line, ',')
	}
	w.cell = true
}

// exactDigits is how long a number a spreadsheet keeps exactly.
const exactDigits = 15

// What a byte means for a cell: that it must stand in quotes, or that it is no digit.
const (
	quoteIt = 1 << iota
	noDigit
)

var csvMeaning = func() (meaning [256]byte) {
	for c := range meaning {
		if c < '0' || c > '9' {
			meaning[c] = noDigit
		}
	}
	for _, c := range []byte("\",;\t\n\r") {
		meaning[c] |= quoteIt
	}
	return meaning
}()

// Text quotes what must be quoted: for what is in it, for the spaces around it, because it is no formula,
// or because it is a number too long to be taken for one.
func (w *csvWriter) Text(value []byte) {
	w.next()
	if len(value) == 0 {
		return
	}
	var meaning byte
	for _, c := range value {
		meaning |= csvMeaning[c]
	}
	risky := formula(value)
	long := meaning&noDigit == 0 && len(value) > exactDigits
	if meaning&quoteIt == 0 && !risky && !long && value[0] != ' ' && value[len(value)-1] != ' ' {
		w.line = append(w.line, value...)
		return
	}
	w.line = append(w.line, '"')
	if risky {
		w.line = append(w.line, '\'')
	}
	for _, c := range value {
		if c == '"' {
			w.line = append(w.line, '"')
		}
		w.line = append(w.line, c)
	}
	w.line = append(w.line, '"')
}

// Amount writes a plain decimal number.
func (w *csvWriter) Amount(minor int64, digits int) {
	w.next()
	w.line = appendAmount(w.line, minor, digits)
}

// Time writes ISO 8601 with the offset from UTC: 2026-11-23T08:50:00+05:30.
func (w *csvWriter) Time(at time.Time) {
	w.next()
	if !at.IsZero() {
		w.line = at.AppendFormat(w.line, time.RFC3339)
	}
}

// End ends the row.
func (w *csvWriter) End() error {
	w.endLine()
	if len(w.line) >= full {
		w.flush()
	}
	return w.err
}

func (w *csvWriter) endLine() {
	w.line, w.cell = append(w.line, '\r', '\n'), false
}

func (w *csvWriter) flush() {
	_, _ = w.sum.Write(w.line)
	if w.err == nil {
		_, w.err = w.to.Write(w.line)
	}
	w.line = w.line[:0]
}

// Sum is the SHA-256 of the file.
func (w *csvWriter) Sum() []byte {
	w.flush()
	return w.sum.hash.Sum(nil)
}

// Close passes on what is left.
func (w *csvWriter) Close(Cover) error {
	w.flush()
	return w.err
}
