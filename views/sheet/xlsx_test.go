package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"
)

// readXLSX opens a file with a reader that is not ours.
func readXLSX(t interface{ Fatal(...any) }, file []byte) *excelize.File {
	book, err := excelize.OpenReader(bytes.NewReader(file), excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	return book
}

func cell(t interface{ Fatal(...any) }, book *excelize.File, sheet, at string) (string, excelize.CellType) {
	value, err := book.GetCellValue(sheet, at)
	if err != nil {
		t.Fatal(err)
	}
	kind, err := book.GetCellType(sheet, at)
	if err != nil {
		t.Fatal(err)
	}
	return value, kind
}

func TestXLSXIsTyped(t *testing.T) {
	var file bytes.Buffer
	w := NewXLSX(&file, "Orders", columns)
	if file.Len() == 0 {
		t.Error("nothing is sent before the rows")
	}
	at := time.Date(2026, 11, 22, 18, 30, 0, 0, time.UTC).In(kolkata)
	put(t, w, "16916747740991418099", "12, \"High\" Street\nPune ", -1250, 2, at)
	put(t, w, "1001", `=HYPERLINK("http://evil.example","x")`, 149900, 0, at.Add(12*time.Hour))
	put(t, w, "+4712345678", "", 1234567890123456789, 3, time.Time{})
	put(t, w, "", "", 0, 3, time.Date(1850, 1, 1, 0, 0, 0, 0, time.UTC))
	sum := w.Sum()
	if err := w.Close(Cover{Title: "Orders", Facts: []Fact{{"SHA-256", hex.EncodeToString(sum)}, {"Filter", "=all & <more>"}}, Warning: "It broke off."}); err != nil {
		t.Fatal(err)
	}
	book := readXLSX(t, file.Bytes())
	if got := strings.Join(book.GetSheetList(), "|"); got != "About|Orders" {
		t.Errorf("the sheets are %s", got)
	}
	for _, tt := range []struct {
		sheet, at, want string
		kind            excelize.CellType
	}{
		{"Orders", "A1", "id", excelize.CellTypeInlineString},
		{"Orders", "A2", "16916747740991418099", excelize.CellTypeInlineString},
		{"Orders", "B2", "12, \"High\" Street\nPune ", excelize.CellTypeInlineString},
		{"Orders", "C2", "-12.50", excelize.CellTypeUnset},
		{"Orders", "D2", "46349", excelize.CellTypeUnset},
		{"Orders", "A3", "1001", excelize.CellTypeInlineString},
		{"Orders", "B3", `'=HYPERLINK("http://evil.example","x")`, excelize.CellTypeInlineString},
		{"Orders", "C3", "149900", excelize.CellTypeUnset},
		{"Orders", "D3", "46349.5000000000", excelize.CellTypeUnset},
		{"Orders", "A4", "'+4712345678", excelize.CellTypeInlineString},
		{"Orders", "C4", "1234567890123456.789", excelize.CellTypeInlineString},
		{"Orders", "D4", "", excelize.CellTypeUnset},
		{"Orders", "C5", "0.000", excelize.CellTypeUnset},
		{"Orders", "D5", "", excelize.CellTypeUnset},
		{"About", "A1", "Orders", excelize.CellTypeInlineString},
		{"About", "B2", "It broke off.", excelize.CellTypeInlineString},
		{"About", "B3", hex.EncodeToString(sum), excelize.CellTypeInlineString},
		{"About", "B4", "'=all & <more>", excelize.CellTypeInlineString},
	} {
		if got, kind := cell(t, book, tt.sheet, tt.at); got != tt.want || kind != tt.kind {
			t.Errorf("%s!%s is %q of type %d, want %q of %d", tt.sheet, tt.at, got, kind, tt.want, tt.kind)
		}
	}
	shown := excelizeShown(t, file.Bytes(), "D3")
	if shown != "2026-11-23 12:00:00" {
		t.Errorf("a moment is shown as %s", shown)
	}
}

func excelizeShown(t *testing.T, file []byte, at string) string {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	value, err := book.GetCellValue("Orders", at)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// Every part is well-formed, nothing in it is a formula or a link, and every cell says where it is.
func TestXLSXHoldsNoFormula(t *testing.T) {
	var file bytes.Buffer
	w := newXLSX(&file, "Orders", columns, 10)
	for i := range formulas {
		put(t, w, formulas[i].text, "</t></is></c><c><f>1+1</f></c>", 1, 2, time.Unix(1700000000, 0))
	}
	if err := w.Close(Cover{Title: "=1+1"}); err != nil {
		t.Fatal(err)
	}
	pack, err := zip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	cells := 0
	for _, part := range pack.File {
		in, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		read := xml.NewDecoder(bytes.NewReader(text))
		for {
			token, err := read.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", part.Name, err)
			}
			start, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			switch start.Name.Local {
			case "f", "hyperlink", "externalReference":
				t.Errorf("%s holds <%s>", part.Name, start.Name.Local)
			case "c":
				cells++
				if start.Attr[0].Name.Local != "r" || start.Attr[0].Value == "" {
					t.Errorf("%s: a cell does not say where it is", part.Name)
				}
			}
		}
		if bytes.Contains(text, []byte("TargetMode")) {
			t.Errorf("%s leads outside", part.Name)
		}
	}
	if cells < 80 {
		t.Errorf("only %d cells were looked at", cells)
	}
}

func TestXLSXGoesOnOnTheNextSheet(t *testing.T) {
	var file bytes.Buffer
	w := newXLSX(&file, "Orders", columns, 3)
	for i := range 7 {
		put(t, w, string(rune('a'+i)), "x", 1, 2, time.Time{})
	}
	if err := w.Close(Cover{Title: "Orders"}); err != nil {
		t.Fatal(err)
	}
	book := readXLSX(t, file.Bytes())
	var all []string
	for _, name := range book.GetSheetList()[1:] {
		rows, err := book.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		if rows[0][0] != "id" {
			t.Errorf("%s has no header", name)
		}
		for _, row := range rows[1:] {
			all = append(all, name+" "+row[0])
		}
	}
	if got := strings.Join(all, "|"); got != "Orders a|Orders b|Orders c|Orders 2 d|Orders 2 e|Orders 2 f|Orders 3 g" {
		t.Errorf("the rows are %s", got)
	}
}

func TestXLSXRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(anyText, 1, 10).Draw(t, "texts")
		var file bytes.Buffer
		w := NewXLSX(&file, "Orders", []Column{{Name: "a"}, {Name: "b"}})
		for _, text := range texts {
			w.Text([]byte("x"))
			w.Text([]byte(text))
			if err := w.End(); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(Cover{Title: "a"}); err != nil {
			t.Fatal(err)
		}
		book := readXLSX(t, file.Bytes())
		for i, text := range texts {
			want := strings.NewReplacer("\uFFFE", "\uFFFD", "\uFFFF", "\uFFFD").Replace(text)
			if formula([]byte(text)) {
				want = "'" + want
			}
			at, err := excelize.CoordinatesToCellName(2, i+2)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := cell(t, book, "Orders", at); got != want {
				t.Fatalf("%q is read back as %q", text, got)
			}
		}
	})
}

// A cell holds 32,767 units of UTF-16. What does not fit is cut where a character ends, and the cover says so.
func TestXLSXCutsWhatNoCellHolds(t *testing.T) {
	var file bytes.Buffer
	w := NewXLSX(&file, "Orders", []Column{{Name: "a"}, {Name: "b"}})
	for _, text := range []string{strings.Repeat("a", 32766), strings.Repeat("ж", 32766), strings.Repeat("\U0001F600", 20000), "=" + strings.Repeat("a", 40000)} {
		w.Text([]byte("x"))
		w.Text([]byte(text))
		if err := w.End(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(Cover{Title: "a"}); err != nil {
		t.Fatal(err)
	}
	book := readXLSX(t, file.Bytes())
	for at, want := range map[string]string{
		"B2": strings.Repeat("a", 32766), "B3": strings.Repeat("ж", 32766), "B4": strings.Repeat("\U0001F600", 16382) + "…", "B5": "'=" + strings.Repeat("a", 32764) + "…",
	} {
		if got, _ := cell(t, book, "Orders", at); got != want {
			t.Errorf("%s holds %d bytes, want %d", at, len(got), len(want))
		}
	}
	if said, _ := cell(t, book, "About", "B2"); !strings.HasPrefix(said, "2 texts are longer") {
		t.Errorf("the cover says %q", said)
	}
}

func TestColumnNames(t *testing.T) {
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA"} {
		if got := columnName(i); got != want {
			t.Errorf("column %d is %s, want %s", i, got, want)
		}
	}
}
