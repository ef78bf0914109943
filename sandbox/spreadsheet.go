package sandbox

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"

	"github.com/xuri/excelize/v2"
)

// spreadsheet is a file somebody downloads: a header and rows of texts and numbers.
type spreadsheet struct {
	name   string // without an ending
	sheet  string
	header []string
	rows   [][]any
}

// csv is the file as lines with commas, ended as Windows does.
func (f spreadsheet) csv() reply {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	_ = w.Write(f.header) // into memory
	for _, row := range f.rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = fmt.Sprint(cell)
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return f.attachment("text/csv; charset=utf-8", "csv", out.Bytes())
}

// xlsx is the file as a workbook of one sheet.
func (f spreadsheet) xlsx() (reply, error) {
	book := excelize.NewFile()
	defer func() { _ = book.Close() }() // it lives in memory
	if err := book.SetSheetName("Sheet1", f.sheet); err != nil {
		return reply{}, err
	}
	header := make([]any, len(f.header))
	for i, caption := range f.header {
		header[i] = caption
	}
	for i, row := range append([][]any{header}, f.rows...) {
		if err := book.SetSheetRow(f.sheet, fmt.Sprintf("A%d", i+1), &row); err != nil {
			return reply{}, err
		}
	}
	out, err := book.WriteToBuffer()
	if err != nil {
		return reply{}, err
	}
	return f.attachment("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", out.Bytes()), nil
}

func (f spreadsheet) attachment(kind, ending string, body []byte) reply {
	return reply{http.StatusOK, http.Header{
		"Content-Type":        {kind},
		"Content-Disposition": {`attachment; filename="` + f.name + "." + ending + `"`},
	}, body}
}
