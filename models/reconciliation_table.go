package models

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// What a file of a gateway's may be. More is refused before it fills the memory.
const (
	MaxReconciliationBytes = 192 << 20
	maxWorkbookBytes       = 48 << 20  // of an XLSX file
	maxWorkbookUnpacked    = 400 << 20 // of all its parts
	maxWorkbookRatio       = 100       // unpacked to packed, of a part above a megabyte
	maxWorkbookParts       = 200
	maxHeadingRow          = 40 // where the headings may begin
	maxFileRows            = 5_000_000
)

// fileTable is the rows of a file, one at a time. What it gives is only good until the next row.
type fileTable interface {
	next() (row int64, cells []string, err error) // io.EOF after the last
	offset() int64                                // bytes of the file gone through, about
	raw() bool                                    // numbers come as the machine keeps them, dates as serial numbers
	close()
}

// openTable opens a file by what is in it, whatever its name says.
func openTable(file *os.File, delimiter rune) (fileTable, string, error) {
	head := make([]byte, 8<<10)
	n, err := file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, "", fmt.Errorf("read the file: %w", err)
	}
	head = head[:n]
	switch {
	case n == 0:
		return nil, "", problemf("The file is empty.")
	case bytes.HasPrefix(head, []byte("PK")):
		table, err := openWorkbook(file)
		return table, "xlsx", err
	case bytes.HasPrefix(head, []byte{0xD0, 0xCF, 0x11, 0xE0}):
		table, err := openOldWorkbook(file)
		return table, "xls", err
	case looksLikeHTML(head):
		table, encoding, err := openMarkup(file)
		return table, encoding, err
	case bytes.HasPrefix(head, []byte("%PDF")):
		return nil, "", problemf("This is a PDF. Download the report as CSV or Excel.")
	}
	table, encoding, err := openLines(file, delimiter)
	return table, encoding, err
}

// looksLikeHTML knows a page, which many panels call a workbook: a table in HTML, or in the XML of Excel 2003.
func looksLikeHTML(head []byte) bool {
	text := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(string(head), "\uFEFF")))
	return strings.HasPrefix(text, "<!doctype") || strings.HasPrefix(text, "<html") || strings.HasPrefix(text, "<table") || strings.HasPrefix(text, "<?xml")
}

// counted counts what is read of a file.
type counted struct {
	io.ReadSeeker
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadSeeker.Read(p)
	c.n += int64(n)
	return n, err //nolint:wrapcheck // io.EOF is what readers look for
}

// lines is a CSV file.
type lines struct {
	csv  *csv.Reader
	from *counted
}

func openLines(file *os.File, delimiter rune) (*lines, string, error) {
	from := &counted{ReadSeeker: file}
	text, encoding, err := importText(from, "")
	var problem *Problem
	if errors.As(err, &problem) && strings.Contains(problem.Sentence, "not UTF-8") {
		err = problemf("The letters of this file cannot be made out. Save it as UTF-8, UTF-16 or Windows-1251.")
	}
	if err != nil {
		return nil, "", err
	}
	from.n = 0
	r := csv.NewReader(&rowGuard{from: text, comma: byte(delimiter), row: 1})
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = delimiter, -1, true
	return &lines{csv: r, from: from}, encoding, nil
}

func (l *lines) next() (int64, []string, error) {
	cells, err := l.csv.Read()
	if err != nil {
		return 0, nil, err //nolint:wrapcheck // unreadable knows it
	}
	row, _ := l.csv.FieldPos(0)
	return int64(row), cells, nil
}

func (l *lines) offset() int64 { return l.from.n }
func (l *lines) raw() bool     { return false }
func (l *lines) close()        {}

// workbook is the first sheet of an XLSX file that has headings.
type workbook struct {
	book   *excelize.File
	sheets []string
	rows   *excelize.Rows
	row    int64
}

// openWorkbook opens an XLSX file whose parts are not larger, when unpacked, than such files are.
func openWorkbook(file *os.File) (*workbook, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	if info.Size() > maxWorkbookBytes {
		return nil, problemf("The Excel file has %d MB; save it as CSV, which may have up to %d MB.", info.Size()>>20, MaxReconciliationBytes>>20)
	}
	parts, err := zip.NewReader(file, info.Size())
	if err != nil {
		return nil, problemf("The Excel file is damaged: it does not end as a workbook does. Download it again.")
	}
	total := uint64(0)
	table := false
	for _, part := range parts.File {
		total += part.UncompressedSize64
		table = table || part.Name == "xl/workbook.xml" || strings.HasSuffix(part.Name, "/workbook.xml")
		bloated := part.UncompressedSize64 > 1<<20 && part.UncompressedSize64/max(part.CompressedSize64, 1) > maxWorkbookRatio
		switch {
		case len(parts.File) > maxWorkbookParts || total > maxWorkbookUnpacked || bloated:
			return nil, problemf("Unpacked, this Excel file would be larger than any report is, so it was not opened. Save it as CSV.")
		case strings.Contains(part.Name, "..") || strings.HasPrefix(part.Name, "/"):
			return nil, problemf("This Excel file has parts in places where a workbook has none, so it was not opened.")
		}
	}
	if !table {
		return nil, problemf("This is an archive, not a workbook. Unpack it and upload the file in it.")
	}
	book, err := excelize.OpenReader(io.NewSectionReader(file, 0, info.Size()), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: maxWorkbookUnpacked, UnzipXMLSizeLimit: 8 << 20,
	})
	if err != nil {
		return nil, problemf("The Excel file cannot be opened: it is damaged, or locked by a password. Save it as CSV.")
	}
	w := &workbook{book: book, sheets: book.GetSheetList()}
	if len(w.sheets) == 0 || !w.sheet() {
		w.close()
		return nil, problemf("The Excel file has no sheet with rows.")
	}
	return w, nil
}

// sheet goes to the next sheet there is.
func (w *workbook) sheet() bool {
	for len(w.sheets) > 0 {
		name := w.sheets[0]
		w.sheets = w.sheets[1:]
		if w.rows != nil {
			_ = w.rows.Close() // it only reads
		}
		rows, err := w.book.Rows(name)
		if err != nil {
			continue // a sheet that is a chart
		}
		w.rows, w.row = rows, 0
		return true
	}
	return false
}

func (w *workbook) next() (int64, []string, error) {
	if !w.rows.Next() {
		if err := w.rows.Error(); err != nil {
			return 0, nil, problemf("Row %d of the sheet cannot be read: %v.", w.row+1, err)
		}
		return 0, nil, io.EOF
	}
	w.row++
	cells, err := w.rows.Columns()
	if err != nil {
		return 0, nil, problemf("Row %d of the sheet cannot be read: %v.", w.row, err)
	}
	if len(cells) > maxImportColumns {
		return 0, nil, problemf("Row %d has more than %d columns.", w.row, maxImportColumns)
	}
	return w.row, cells, nil
}

func (w *workbook) offset() int64 { return 0 }
func (w *workbook) raw() bool     { return true }

func (w *workbook) close() {
	if w.rows != nil {
		_ = w.rows.Close() // it only reads
	}
	_ = w.book.Close() // and removes its temporary files
}

// recognised is a file whose headings were found.
type recognised struct {
	table    fileTable
	format   *fileFormat
	at       map[fileField]int
	heads    int64 // the row of the headings
	totals   map[string]string
	encoding string
}

// recognise opens a file and finds its headings: those of the mapping when there is one, else of any file that
// is known, or of the known one it is said to be. The table stands behind its headings.
func recognise(file *os.File, mapping *ReconciliationMapping, known ...*fileFormat) (*recognised, error) {
	formats := slices.Clone(known)
	switch {
	case len(known) > 0:
	case mapping != nil:
		formats = append(formats, mapping.format())
	default:
		for i := range fileFormats {
			formats = append(formats, &fileFormats[i])
		}
	}
	var likeliest []string
	for _, delimiter := range []rune{',', ';', '\t', '|'} {
		found, widest, err := recogniseBy(file, delimiter, formats)
		if found != nil || err != nil {
			return found, err
		}
		if len(widest) > len(likeliest) {
			likeliest = widest
		}
		if len(widest) > 0 && widest[0] == workbookMark {
			break // a workbook has no delimiters
		}
	}
	if len(likeliest) > 0 && likeliest[0] == workbookMark {
		likeliest = likeliest[1:]
	}
	if len(likeliest) == 0 {
		return nil, problemf("There is no table in this file.")
	}
	list := clip(strings.Join(likeliest, ", "), 400)
	if mapping != nil {
		return nil, problemf("The mapping %q needs columns that this file does not have. Its headings look like: %s.", mapping.Name, list)
	}
	return nil, problemf("This file is not recognised. Its headings look like: %s. Say what they mean in a mapping of your own, and upload it with that.", list)
}

const workbookMark = "\x00workbook"

func recogniseBy(file *os.File, delimiter rune, formats []*fileFormat) (*recognised, []string, error) {
	table, encoding, err := openTable(file, delimiter)
	if err != nil {
		return nil, nil, err
	}
	var widest []string
	if table.raw() {
		widest = []string{workbookMark}
	}
	mark := len(widest)
	var before, values []string // the last rows before, for totals that stand above the headings
	for range maxHeadingRow {
		row, cells, err := table.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			var problem *Problem
			if errors.As(err, &problem) {
				table.close()
				return nil, nil, err
			}
			break // not with this delimiter
		}
		for _, format := range formats {
			at, err := format.find(cells)
			if err != nil {
				table.close()
				return nil, nil, problemf("Row %d: %v", row, err)
			}
			if at == nil {
				continue
			}
			found := &recognised{table: table, format: format, at: at, heads: row, encoding: encoding, totals: map[string]string{}}
			for i, name := range before {
				if i < len(values) && strings.HasPrefix(heading(name), "total") {
					found.totals[heading(name)] = values[i]
				}
			}
			return found, nil, nil
		}
		if len(cells) > len(widest)-mark && utf8.ValidString(strings.Join(cells, "")) {
			widest = append(widest[:mark:mark], cells...)
		}
		if strings.TrimSpace(strings.Join(cells, "")) != "" {
			if len(values) > 0 {
				before = values
			}
			values = append([]string(nil), cells...)
		}
	}
	table.close()
	if _, page := table.(*markup); page {
		return nil, nil, problemf("This is a web page without a table that is known here, whatever its name says. Perhaps the session at the gateway had ended: sign in there and download the file again.")
	}
	return nil, widest, nil
}
