package models

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// maxMarkup is how long a tag or a text of a page may be, in bytes.
const maxMarkup = 1 << 20

// markup is the tables of a page of HTML, or the rows of a workbook in the XML of Excel 2003. Panels give such files
// the name of a workbook.
type markup struct {
	page  *html.Tokenizer
	from  *counted
	row   int64 // the one that was begun last
	begun bool  // and goes on
}

func openMarkup(file *os.File) (*markup, string, error) {
	from := &counted{ReadSeeker: file}
	text, encoding, err := importText(from, "")
	if err != nil {
		return nil, "", problemf("The letters of this page cannot be made out. Download the table as CSV.")
	}
	from.n = 0
	page := html.NewTokenizer(text)
	page.SetMaxBuf(maxMarkup)
	return &markup{page: page, from: from}, encoding, nil
}

// next gives the next row, from its first cell to the last. Tables within tables are rows like any.
func (m *markup) next() (int64, []string, error) {
	var cells []string
	open, beside := false, 0 // a cell; columns that it goes over besides its own
	var text strings.Builder
	end := func() {
		if open {
			cells[len(cells)-1] = strings.Join(strings.Fields(text.String()), " ")
			cells = append(cells, make([]string, beside)...)
		}
		open, beside = false, 0
		text.Reset()
	}
	for {
		kind := m.page.Next()
		if kind == html.ErrorToken {
			if err := m.page.Err(); !errors.Is(err, io.EOF) {
				return 0, nil, problemf("The page cannot be read behind row %d of its table. Download the table as CSV.", m.row)
			}
			if m.begun && len(cells) > 0 {
				return 0, nil, problemf("The page ends within row %d of its table. Download it again.", m.row)
			}
			return 0, nil, io.EOF
		}
		name, more := m.page.TagName()
		tag := string(name[bytes.IndexByte(name, ':')+1:])
		switch {
		case kind == html.TextToken:
			if open && text.Len() < maxMarkup {
				text.Write(m.page.Text())
			}
		case tag == "tr" || tag == "row" || tag == "table": // that a row ends need not be said
			end()
			row, said := m.row, m.begun && len(cells) > 0
			if m.begun = kind == html.StartTagToken && tag != "table"; m.begun {
				m.row++
			}
			if said {
				return row, cells, nil
			}
		case tag == "td" || tag == "th" || tag == "cell":
			end()
			if kind == html.EndTagToken || !m.begun {
				continue
			}
			skipped, wide := m.place(more, len(cells))
			if len(cells)+skipped+wide > maxImportColumns {
				return 0, nil, problemf("Row %d has more than %d columns.", m.row, maxImportColumns)
			}
			cells = append(cells, make([]string, skipped+1)...)
			open, beside = true, wide-1
			if kind == html.SelfClosingTagToken {
				end()
			}
		case tag == "br" && open:
			text.WriteByte(' ')
		}
	}
}

// place is how many columns a cell leaves out before it, and over how many it goes.
func (m *markup) place(more bool, at int) (skipped, wide int) {
	wide = 1
	for more {
		var key, value []byte
		key, value, more = m.page.TagAttr()
		n, err := strconv.Atoi(string(value))
		if err != nil || n < 1 || n > maxImportColumns+1 {
			continue
		}
		switch string(key) {
		case "colspan":
			wide = n
		case "ss:index":
			skipped = max(n-1-at, 0)
		}
	}
	return skipped, wide
}

func (m *markup) offset() int64 { return m.from.n }
func (m *markup) raw() bool     { return false }
func (m *markup) close()        {}
