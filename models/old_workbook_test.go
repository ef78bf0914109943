package models

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tableRows opens a file by what is in it and gives its rows as text, each behind its number.
func tableRows(t testing.TB, data []byte) (rows []string, err error) {
	t.Helper()
	file, err := os.CreateTemp("", "kartify-test-*")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()         //nolint:errcheck // it is thrown away
	_ = os.Remove(file.Name()) // it lives as long as it is open
	if _, err := file.Write(data); err != nil {
		t.Fatal(err)
	}
	table, _, err := openTable(file, ',')
	if err != nil {
		return nil, err
	}
	defer table.close()
	for len(rows) < 70_000 {
		row, cells, err := table.next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows = append(rows, fmt.Sprint(row, " ", strings.Join(cells, "|")))
	}
	t.Fatal("more rows than a sheet of Excel 97 has")
	return nil, nil
}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestOldWorkbooks reads workbooks as other programs wrote them: long ids as they are, numbers and days as the
// machine keeps them, letters of every alphabet, and what a formula came to.
func TestOldWorkbooks(t *testing.T) {
	tests := []struct {
		file string // lookup: xlwt 1.3; office: LibreOffice 7.4
		want []string
	}{
		{"lookup.xls", []string{
			"1 Order Lookup",
			"3 CCAvenue Ref#|Order No|Order Datetime|Currency|Order Amount|Fee Perc Value|Tax|Bill Name|Order Status",
			"4 11201300000012345678|2001|46327.229166666664|INR|1499|0.36|0.06|Prià शर्मा 😀|Shipped",
			"5 11201300000012345679|2002|46327.99998842592|INR|1.1|2.5|0.45|Asha|Shipped",
			"6 11201300000012345680|2003|02-11-2026 10:00:00|INR|2,500.50||0||Unsuccessful",
		}},
		{"office.xls", []string{
			"1 CCAvenue Ref#|Order No|Order Datetime|Order Amount|Order Status",
			"2 11201300000012345678|2001|46327.22916666667|1499|Shipped",
			"3 112013000001|2002|02-11-2026 10:00:00|2500.5|Unsuccessful",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			rows, err := tableRows(t, testdata(t, tt.file))
			if err != nil || !slices.Equal(rows, tt.want) {
				t.Errorf("it has %v, %v\n%s\nwant\n%s", len(rows), err, strings.Join(rows, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// TestLongTextsOfAnOldWorkbook reads texts that go on in the next record, where they may be written otherwise.
func TestLongTextsOfAnOldWorkbook(t *testing.T) {
	rows, err := tableRows(t, testdata(t, "long-texts.xls"))
	if err != nil || len(rows) != 151 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for r, row := range rows[1:] {
		name := strings.Repeat(fmt.Sprintf("Ω%d ", r), r%40+1)
		if r%3 == 0 {
			name = strings.Repeat(fmt.Sprintf("Name %d ", r), 20)
		}
		want := fmt.Sprintf("%d 112013%014d|%d|01-11-2026 05:30:00|INR|%s|0|0|%s|Shipped", r+2, r, 900_000+r, plainNumber(100+float64(r)/100), name)
		if row != want {
			t.Errorf("row %q, want %q", row, want)
		}
	}
}

// TestCellsOfAnOldWorkbook reads each kind of cell, as Excel writes its records ([MS-XLS], Records).
func TestCellsOfAnOldWorkbook(t *testing.T) {
	record := func(kind uint16, parts ...string) string {
		data := strings.Join(parts, "")
		head := binary.LittleEndian.AppendUint16(nil, kind)
		return string(binary.LittleEndian.AppendUint16(head, uint16(len(data)))) + data
	}
	const first, format = "\x00\x00\x01\x00", "\x0f\x00" // row 1, column B
	end := record(biffEnd)
	tests := []struct{ name, records, want string }{
		{"a text of a formula", record(biffFormula, first, format, "\x00\x00\x00\x00\x00\x00\xff\xff", "\x00\x00\x00\x00\x00\x00") + record(0x04BC, "shared") +
			record(biffResult, "\x04\x00\x00", "2001") + end, "|2001"},
		{"a formula that came to nothing", record(biffFormula, first, format, "\x03\x00\x00\x00\x00\x00\xff\xff") + record(biffNumber, "\x00\x00\x02\x00", format, "\x00\x00\x00\x00\x00\x00\xf8\x3f") + end, "||1.5"},
		{"true", record(biffBool, first, format, "\x01\x00") + end, "|1"},
		{"an error", record(biffBool, first, format, "\x2a\x01") + record(biffText, "\x00\x00\x00\x00", format, "\x01\x00\x01", "\xa9\x03") + end, "Ω"},
		{"a text written beside its cell", record(biffText, first, format, "\x03\x00\x00", "KF-") + end, "|KF-"},
		{"several short numbers", record(biffNumbers, first, format, "\x4a\x1f\x00\x00", format, "\xcb\x85\x03\x00", "\x02\x00") + end, "|2002|577.14"},
		{"a short number below zero, in hundredths", record(biffShort, first, format, "\x07\xfe\xff\xff") + end, "|-1.27"},
		{"the upper half of a float", record(biffShort, first, format, "\x00\x00\xf8\x3f") + end, "|1.5"},
		{"a text that there is not", record(biffShared, first, format, "\x07\x00\x00\x00") + end, errOldWorkbook.Error()},
		{"a text longer than its record", record(biffText, first, format, "\x09\x00\x00", "KF-") + end, errOldWorkbook.Error()},
		{"a row behind a later one", record(biffShort, "\x05\x00\x00\x00", format, "\x02\x00\x00\x00") + record(biffShort, first, format, "\x02\x00\x00\x00") + end, "Row 1 stands behind row 6 in this Excel file. Open it in Excel or LibreOffice and save it as CSV."},
		{"too wide", record(biffShort, "\x00\x00\xc8\x00", format, "\x02\x00\x00\x00") + end, "Row 1 has more than 200 columns."},
		{"no end", record(biffShort, first, format, "\x02\x00\x00\x00"), "The Excel file ends behind row 1 before its sheet does. Download it again."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := &oldWorkbook{from: bufio.NewReader(strings.NewReader(tt.records))}
			_, cells, err := w.next()
			got := strings.Join(cells, "|")
			if err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("it reads %q, want %q", got, tt.want)
			}
		})
	}
}

// TestPagesCalledWorkbooks reads tables of HTML, and the XML of Excel 2003.
func TestPagesCalledWorkbooks(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
		problem    string
	}{
		{
			"a page", "<html><body><table border=1><tr><th colspan=2>Order&nbsp;Lookup<th>Tax</tr><tr><td>1&amp;2</td><td> a <b>b</b><br>c </td><td/></tr></table></body></html>",
			[]string{"1 Order Lookup||Tax", "2 1&2|a b c|"},
			"",
		},
		{"rows that do not say their end", "<table><tr><td>1<td>2<tr><td>3<td>4</table>", []string{"1 1|2", "2 3|4"}, ""},
		{
			"the XML of Excel 2003", `<?xml version="1.0"?><ss:Workbook><Worksheet><Table><Row><Cell ss:Index="2"><Data ss:Type="String">00123456789012345678</Data></Cell></Row></Table></Worksheet></ss:Workbook>`,
			[]string{"1 |00123456789012345678"},
			"",
		},
		{"cut off within a row", "<table><tr><td>1</td></tr><tr><td>2", []string{"1 1"}, "The page ends within row 2 of its table."},
		{"a million columns", "<table><tr>" + strings.Repeat("<td>1", 1_000_000), nil, "Row 1 has more than 200 columns."},
		{"one endless tag", "<table><tr><td " + strings.Repeat("a", 3<<20), nil, "The page cannot be read behind row 1"},
		{"a page to sign in", "<!DOCTYPE html><html><body>Sign in</body></html>", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows, err := tableRows(t, []byte(tt.text))
			if said := fmt.Sprint(err); !slices.Equal(rows, tt.want) || (err == nil) != (tt.problem == "") || !strings.Contains(said, tt.problem) && err != nil {
				t.Errorf("rows %q, %v; want %q, %q", rows, err, tt.want, tt.problem)
			}
		})
	}
}

// TestDamagedOldWorkbooks cuts a workbook off at every length and changes each of its bytes: it is read or refused in a
// sentence, and never more rows come out of it than it can hold.
func TestDamagedOldWorkbooks(t *testing.T) {
	whole := testdata(t, "office.xls")
	read := func(what string, data []byte) {
		_, err := tableRows(t, data)
		var problem *Problem
		if err != nil && !errors.As(err, &problem) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for n := 8; n < len(whole); n += 37 {
		read(fmt.Sprintf("cut off at %d", n), whole[:n])
		for _, b := range []byte{0, 0xFF, whole[n] ^ 1} {
			data := slices.Clone(whole)
			data[n] = b
			read(fmt.Sprintf("byte %d is %d", n, b), data)
		}
	}
}

// FuzzOldWorkbook reads whatever begins as a workbook of Excel 97 does.
func FuzzOldWorkbook(f *testing.F) {
	for _, name := range []string{"lookup.xls", "office.xls"} {
		f.Add(testdata(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 8 {
			return
		}
		copy(data, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
		_, err := tableRows(t, data)
		var problem *Problem
		if err != nil && !errors.As(err, &problem) {
			t.Fatal(err)
		}
	})
}
