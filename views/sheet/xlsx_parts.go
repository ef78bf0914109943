package sheet

import (
	"strconv"
	"strings"
)

// The fixed parts of a workbook (ECMA-376, part 1).
const (
	xmlHead   = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	mainSpace = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	relSpace  = `http://schemas.openxmlformats.org/officeDocument/2006/relationships`
	sheetHead = xmlHead + `<worksheet ` + mainSpace + `>`

	packageRels = xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="` + relSpace + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`
)

// The styles of cells, by their place in styles.
const (
	styleText = 1 // stays text when somebody edits it
	styleDate = 2
	styleHead = 3
)

const styles = xmlHead + `<styleSheet ` + mainSpace + `>` +
	`<numFmts count="3"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd\ hh:mm:ss"/><numFmt numFmtId="165" formatCode="0.000"/><numFmt numFmtId="166" formatCode="0.0000"/></numFmts>` +
	`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
	`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
	`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
	`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
	`<cellXfs count="8">` +
	`<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
	`<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
	`<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
	`<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>` +
	`<xf numFmtId="1" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
	`<xf numFmtId="2" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
	`<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
	`<xf numFmtId="166" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
	`</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`

// amountStyle is the style of a number with so many decimals.
func amountStyle(digits int) int {
	switch digits {
	case 0:
		return 4
	case 3:
		return 6
	case 4:
		return 7
	}
	return 5
}

func sheetPart(n int) string { return "xl/worksheets/sheet" + strconv.Itoa(n) + ".xml" }

// workbook names the sheets: the cover, then title, title 2, title 3.
func workbook(title string, data int) string {
	var b strings.Builder
	b.WriteString(xmlHead + `<workbook ` + mainSpace + ` xmlns:r="` + relSpace + `"><bookViews><workbookView activeTab="1"/></bookViews><sheets>`)
	name := func(n int, text string) {
		id := strconv.Itoa(n)
		b.WriteString(`<sheet name="` + string(appendXML(nil, []byte(text))) + `" sheetId="` + id + `" r:id="rId` + id + `"/>`)
	}
	name(1, "About")
	for i := range data {
		if i == 0 {
			name(2, title)
		} else {
			name(i+2, title+" "+strconv.Itoa(i+1))
		}
	}
	b.WriteString(`</sheets></workbook>`)
	return b.String()
}

func workbookRels(sheets int) string {
	var b strings.Builder
	b.WriteString(xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`)
	for n := 1; n <= sheets; n++ {
		b.WriteString(`<Relationship Id="rId` + strconv.Itoa(n) + `" Type="` + relSpace + `/worksheet" Target="worksheets/sheet` + strconv.Itoa(n) + `.xml"/>`)
	}
	b.WriteString(`<Relationship Id="rId` + strconv.Itoa(sheets+1) + `" Type="` + relSpace + `/styles" Target="styles.xml"/></Relationships>`)
	return b.String()
}

func contentTypes(sheets int) string {
	var b strings.Builder
	b.WriteString(xmlHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>`)
	for n := 1; n <= sheets; n++ {
		b.WriteString(`<Override PartName="/` + sheetPart(n) + `" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`)
	}
	b.WriteString(`</Types>`)
	return b.String()
}

// columnNames are the letters of the first columns, made once.
var columnNames = func() (names [64]string) {
	for i := range names {
		names[i] = letters(i)
	}
	return names
}()

// columnName is a column as cells are addressed: 0 is A, 25 is Z, 26 is AA.
func columnName(i int) string {
	if i < len(columnNames) {
		return columnNames[i]
	}
	return letters(i)
}

func letters(i int) string {
	name := ""
	for i++; i > 0; i = (i - 1) / 26 {
		name = string(rune('A'+(i-1)%26)) + name
	}
	return name
}
