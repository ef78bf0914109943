package models

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/richardlehane/mscfb"
)

// maxOldWorkbookBytes is how large a workbook of Excel 97 may be; its texts are kept in memory.
const maxOldWorkbookBytes = 32 << 20

// The records of such a workbook that matter here ([MS-XLS], Record Enumeration). Formats, formulas and drawings
// do not: a number is taken as the machine keeps it, and a formula by its last result.
const (
	biffFormula  = 0x0006
	biffEnd      = 0x000A
	biff1904     = 0x0022
	biffLocked   = 0x002F
	biffContinue = 0x003C
	biffSheet    = 0x0085
	biffNumbers  = 0x00BD
	biffRich     = 0x00D6
	biffTexts    = 0x00FC
	biffShared   = 0x00FD
	biffNumber   = 0x0203
	biffText     = 0x0204
	biffBool     = 0x0205
	biffResult   = 0x0207
	biffShort    = 0x027E
	biffBegin    = 0x0809
)

var errOldWorkbook = problemf("The Excel file cannot be read: it is damaged. Open it in Excel or LibreOffice, choose Save as, choose Excel workbook (.xlsx) or CSV, and upload that file.")

// oldWorkbook is the first sheet of a workbook as Excel 97 to 2003 wrote it.
type oldWorkbook struct {
	from  *bufio.Reader
	gone  *counted
	size  int64
	texts oldTexts
	kind  uint16 // of the record that was read
	data  []byte
	again bool // that record is still to be looked at

	row   int64 // the row of the cells, from 0; -1 before the first
	cells []string
}

// openOldWorkbook opens a workbook of Excel 97 and goes to its first sheet.
func openOldWorkbook(file *os.File) (w *oldWorkbook, err error) {
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	if info.Size() > maxOldWorkbookBytes {
		return nil, problemf("The Excel file has %d MB; save it as CSV, which may have up to %d MB.", info.Size()>>20, MaxReconciliationBytes>>20)
	}
	defer func() {
		if recover() != nil { // whoever wrote the file lied about its parts
			w, err = nil, errOldWorkbook
		}
	}()
	parts, err := mscfb.New(io.NewSectionReader(file, 0, info.Size()))
	if err != nil {
		return nil, errOldWorkbook
	}
	for _, part := range parts.File {
		switch strings.ToLower(part.Name) {
		case "workbook":
			w = &oldWorkbook{size: min(part.Size, info.Size()), row: -1}
			sheet, err := w.globals(part)
			if err != nil {
				return nil, err
			}
			return w, w.begin(part, sheet)
		case "book":
			return nil, problemf("This Excel file is older than Excel 97. Open it in Excel or LibreOffice, choose Save as, choose Excel workbook (.xlsx) or CSV, and upload that file.")
		case "encryptedpackage":
			return nil, problemf("The Excel file is locked by a password. Save it without one.")
		}
	}
	return nil, problemf("This is a document of an old Office program, but no Excel workbook.")
}

// begin goes to a place of the workbook.
func (w *oldWorkbook) begin(part io.ReadSeeker, at int64) error {
	if at >= w.size {
		return errOldWorkbook
	}
	if _, err := part.Seek(at, io.SeekStart); err != nil {
		return errOldWorkbook
	}
	w.gone = &counted{ReadSeeker: part, n: at}
	w.from = bufio.NewReaderSize(io.LimitReader(w.gone, w.size-at), 64<<10) // a chain of parts that goes round ends there
	if err := w.record(); err != nil || w.kind != biffBegin || len(w.data) < 2 || binary.LittleEndian.Uint16(w.data) != 0x0600 {
		return errOldWorkbook
	}
	return nil
}

// globals reads what stands before the sheets: their texts, and where the first of them begins.
func (w *oldWorkbook) globals(part io.ReadSeeker) (sheet int64, err error) {
	if err := w.begin(part, 0); err != nil {
		return 0, err
	}
	sheet = -1
	for {
		if err := w.record(); err != nil {
			return 0, errOldWorkbook
		}
		switch {
		case w.kind == biffLocked:
			return 0, problemf("The Excel file is locked by a password. Save it without one.")
		case w.kind == biff1904 && len(w.data) >= 2 && w.data[0] == 1:
			return 0, problemf("This Excel file counts its days from 1904, as old Macs did. Save it as CSV.")
		case w.kind == biffSheet && len(w.data) > 6 && w.data[5] == 0 && sheet < 0: // neither a chart nor a macro
			sheet = int64(binary.LittleEndian.Uint32(w.data))
		case w.kind == biffTexts:
			if err := w.texts.read(w); err != nil {
				return 0, err
			}
		case w.kind == biffEnd && sheet < 0:
			return 0, problemf("The Excel file has no sheet with rows.")
		case w.kind == biffEnd:
			return sheet, nil
		}
	}
}

// record reads the next record.
func (w *oldWorkbook) record() error {
	if w.again {
		w.again = false
		return nil
	}
	var head [4]byte
	if _, err := io.ReadFull(w.from, head[:]); err != nil {
		return err //nolint:wrapcheck // io.EOF and its like, never shown
	}
	w.kind = binary.LittleEndian.Uint16(head[:])
	size := int(binary.LittleEndian.Uint16(head[2:]))
	if cap(w.data) < size {
		w.data = make([]byte, size, 1<<16)
	}
	w.data = w.data[:size]
	_, err := io.ReadFull(w.from, w.data)
	return err //nolint:wrapcheck // io.EOF and its like, never shown
}

// next gives the next row that has cells. Excel writes rows in their order.
func (w *oldWorkbook) next() (row int64, cells []string, err error) {
	defer func() {
		if recover() != nil {
			row, cells, err = 0, nil, errOldWorkbook
		}
	}()
	w.row, w.cells = -1, w.cells[:0]
	for {
		err := w.record()
		switch {
		case err != nil:
			return 0, nil, problemf("The Excel file ends behind row %d before its sheet does. Download it again.", w.row+1)
		case w.kind == biffEnd && w.row < 0:
			w.again = true
			return 0, nil, io.EOF
		case w.kind == biffEnd:
			w.again = true
			return w.row + 1, w.cells, nil
		case !w.holdsCells():
			continue
		}
		at := int64(binary.LittleEndian.Uint16(w.data))
		if w.row >= 0 && at != w.row {
			w.again = true // it is the next row's
			if at < w.row {
				return 0, nil, problemf("Row %d stands behind row %d in this Excel file. Open it in Excel or LibreOffice and save it as CSV.", at+1, w.row+1)
			}
			return w.row + 1, w.cells, nil
		}
		w.row = at
		if err := w.take(); err != nil {
			return 0, nil, err
		}
	}
}

func (w *oldWorkbook) holdsCells() bool {
	switch w.kind {
	case biffFormula, biffNumbers, biffRich, biffShared, biffNumber, biffText, biffBool, biffShort:
		return len(w.data) >= 6
	}
	return false
}

// take reads the cells of a record: behind the row, the column and the format stands what they hold.
func (w *oldWorkbook) take() error {
	column, rest := int(binary.LittleEndian.Uint16(w.data[2:])), w.data[6:]
	switch {
	case w.kind == biffNumbers: // several short numbers, each behind its format, then the last column
		for rest = w.data[4:]; len(rest) >= 8; rest, column = rest[6:], column+1 {
			if err := w.set(column, plainNumber(shortNumber(rest[2:]))); err != nil {
				return err
			}
		}
		return nil
	case w.kind == biffNumber && len(rest) >= 8:
		return w.set(column, plainNumber(math.Float64frombits(binary.LittleEndian.Uint64(rest))))
	case w.kind == biffShort && len(rest) >= 4:
		return w.set(column, plainNumber(shortNumber(rest)))
	case w.kind == biffShared && len(rest) >= 4:
		text, there := w.texts.at(binary.LittleEndian.Uint32(rest))
		if !there {
			return errOldWorkbook
		}
		return w.set(column, text)
	case w.kind == biffText || w.kind == biffRich:
		text, err := w.text(rest)
		if err != nil {
			return err
		}
		return w.set(column, text)
	case w.kind == biffBool && len(rest) >= 2 && rest[1] == 0:
		return w.set(column, strconv.Itoa(int(rest[0])))
	case w.kind == biffFormula && len(rest) >= 8:
		return w.result(column, rest)
	}
	return nil
}

// result is what a formula came to. A text stands in a record of its own.
func (w *oldWorkbook) result(column int, rest []byte) error {
	if binary.LittleEndian.Uint16(rest[6:]) != 0xFFFF {
		return w.set(column, plainNumber(math.Float64frombits(binary.LittleEndian.Uint64(rest))))
	}
	switch kind, value := rest[0], rest[2]; kind {
	case 1:
		return w.set(column, strconv.Itoa(int(value)))
	case 0:
		for { // shared formulas may stand between
			if err := w.record(); err != nil {
				return errOldWorkbook
			}
			if w.kind == biffResult {
				text, err := w.text(w.data)
				if err != nil {
					return err
				}
				return w.set(column, text)
			}
			if w.holdsCells() || w.kind == biffEnd {
				w.again = true
				return nil
			}
		}
	}
	return nil
}

func (w *oldWorkbook) set(column int, text string) error {
	if column >= maxImportColumns {
		return problemf("Row %d has more than %d columns.", w.row+1, maxImportColumns)
	}
	for len(w.cells) <= column {
		w.cells = append(w.cells, "")
	}
	w.cells[column] = text
	return nil
}

// shortNumber is a number in four bytes: the upper ones of a float, or thirty bits, and of either perhaps a hundredth.
func shortNumber(four []byte) float64 {
	bits := binary.LittleEndian.Uint32(four)
	number := math.Float64frombits(uint64(bits&^3) << 32)
	if bits&2 != 0 {
		number = float64(int32(bits) >> 2)
	}
	if bits&1 != 0 {
		number /= 100
	}
	return number
}

// plainNumber is a number as the machine keeps it, without an exponent.
func plainNumber(number float64) string {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return ""
	}
	return strconv.FormatFloat(number, 'f', -1, 64)
}

func (w *oldWorkbook) offset() int64 { return w.gone.n }
func (w *oldWorkbook) raw() bool     { return true }
func (w *oldWorkbook) close()        {}

// text is a text that stands in its record, behind its length.
func (w *oldWorkbook) text(data []byte) (string, error) {
	var texts oldTexts
	if err := texts.add(&oldParts{w: w, rest: data}, false); err != nil {
		return "", err
	}
	text, _ := texts.at(0)
	return text, nil
}
