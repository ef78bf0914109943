package sheet

import (
	"archive/zip"
	"bufio"
	"io"
	"strconv"
	"time"

	"github.com/klauspost/compress/flate"
)

// maxRows is how many rows of data a sheet holds: Excel reads 1,048,576, of which the header is one.
const maxRows = 1048575

// xlsxWriter writes an Office Open XML workbook (ECMA-376) straight into a zip. Cells are typed: text is
// text and a number a number, and none is a formula. The parts that must know how many sheets there are
// come last.
type xlsxWriter struct {
	out     *bufio.Writer
	zip     *zip.Writer
	part    io.Writer // the sheet under way
	csv     *csvWriter
	title   string
	columns []Column
	limit   int // rows of data to a sheet

	xml    []byte // of the sheet, not yet passed on
	sheets int    // of data
	row    int    // of the sheet under way; the header is 1
	number []byte // of the row, as text
	col    int
	cut    int // texts that were longer than a cell can hold
	err    error
}

// NewXLSX begins a workbook whose sheets of data bear this title. Its first bytes are passed on at once.
func NewXLSX(to io.Writer, title string, columns []Column) Writer {
	return newXLSX(to, title, columns, maxRows)
}

func newXLSX(to io.Writer, title string, columns []Column, limit int) *xlsxWriter {
	w := &xlsxWriter{
		out: bufio.NewWriterSize(to, full), csv: newCSV(io.Discard, columns), title: title, columns: columns, limit: limit,
		xml: make([]byte, 0, full+full/4),
	}
	w.zip = zip.NewWriter(w.out)
	w.zip.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(to, flate.BestSpeed) //nolint:wrapcheck // only a wrong level fails
	})
	w.add("_rels/.rels", packageRels) // first, so that programs know from the beginning what this is
	w.keep(w.zip.Flush())
	w.keep(w.out.Flush())
	w.begin()
	return w
}

func (w *xlsxWriter) keep(err error) {
	if w.err == nil {
		w.err = err
	}
}

// open begins a part of the package.
func (w *xlsxWriter) open(name string) {
	part, err := w.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Now().UTC()})
	w.keep(err)
	if err != nil {
		part = io.Discard
	}
	w.part = part
}

func (w *xlsxWriter) add(name, text string) {
	w.open(name)
	_, err := io.WriteString(w.part, text)
	w.keep(err)
}

// begin opens the next sheet of data with its header.
func (w *xlsxWriter) begin() {
	w.sheets++
	w.open(sheetPart(w.sheets + 1)) // the first sheet is the cover
	w.xml = append(w.xml, sheetHead...)
	w.xml = append(w.xml, `<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>`...)
	for i, column := range w.columns {
		n := strconv.Itoa(i + 1)
		w.xml = append(w.xml, `<col min="`+n+`" max="`+n+`" width="`+strconv.Itoa(max(column.Width, 8))+`" customWidth="1"/>`...)
	}
	w.xml = append(w.xml, `</cols><sheetData>`...)
	w.row = 0
	w.startRow()
	for _, column := range w.columns {
		w.text([]byte(column.Name), styleHead)
	}
	w.endRow()
}

// finish closes the sheet under way.
func (w *xlsxWriter) finish() {
	last := columnName(len(w.columns)-1) + strconv.Itoa(max(w.row, 1))
	w.xml = append(w.xml, `</sheetData><autoFilter ref="A1:`+last+`"/>`+
		`<ignoredErrors><ignoredError sqref="A1:`+last+`" numberStoredAsText="1"/></ignoredErrors></worksheet>`...)
	w.flush()
}

func (w *xlsxWriter) flush() {
	if w.err == nil {
		_, w.err = w.part.Write(w.xml)
	}
	w.xml = w.xml[:0]
}

// End ends the row. The row after it may begin a new sheet.
func (w *xlsxWriter) End() error {
	w.keep(w.csv.End())
	if w.col > 0 {
		w.endRow()
	}
	if len(w.xml) >= full {
		w.flush()
	}
	return w.err
}

// Sum is the SHA-256 of the rows as a CSV file.
func (w *xlsxWriter) Sum() []byte { return w.csv.Sum() }

// Close adds the cover and the parts that name the sheets.
func (w *xlsxWriter) Close(cover Cover) error {
	w.finish()
	if w.cut > 0 {
		cover.Facts = append(cover.Facts, Fact{"Shortened", strconv.Itoa(w.cut) + " texts are longer than the 32,767 characters a cell can hold. A CSV file has them whole."})
	}
	w.cover(cover)
	w.add("xl/styles.xml", styles)
	w.add("xl/workbook.xml", workbook(w.title, w.sheets))
	w.add("xl/_rels/workbook.xml.rels", workbookRels(w.sheets+1))
	w.add("[Content_Types].xml", contentTypes(w.sheets+1))
	w.keep(w.zip.Close())
	w.keep(w.out.Flush())
	return w.err
}

// cover writes the first sheet.
func (w *xlsxWriter) cover(cover Cover) {
	w.open(sheetPart(1))
	w.xml = append(w.xml, sheetHead...)
	w.xml = append(w.xml, `<cols><col min="1" max="1" width="24" customWidth="1"/><col min="2" max="2" width="96" customWidth="1"/></cols><sheetData>`...)
	w.row = 0
	line := func(style int, cells ...string) {
		w.startRow()
		for _, cell := range cells {
			w.text([]byte(cell), style)
		}
		w.endRow()
	}
	line(styleHead, cover.Title)
	if cover.Warning != "" {
		line(styleHead, "NOT COMPLETE", cover.Warning)
	}
	for _, fact := range cover.Facts {
		line(styleText, fact.Name, fact.Value)
	}
	w.xml = append(w.xml, `</sheetData></worksheet>`...)
	w.flush()
}
