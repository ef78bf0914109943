package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/leonelquinteros/gotext"
)

// header is the first entry of a catalog, up to the empty line after it.
func header(catalog []byte) []byte {
	head, _, _ := bytes.Cut(catalog, []byte("\n\n"))
	return append(bytes.TrimRight(head, "\n"), '\n')
}

// write makes a catalog of messages with the translations known, and counts those that have none.
func write(head []byte, said []message, known map[string]*gotext.Translation) (catalog []byte, missing int) {
	var out bytes.Buffer
	out.Write(head)
	forms := plurals(head)
	place := ""
	for _, m := range said {
		out.WriteByte('\n')
		if m.Place != place {
			place = m.Place
			fmt.Fprintf(&out, "#: %s\n", place)
		}
		fmt.Fprintf(&out, "msgid %s\n", quote(m.One))
		told := known[m.One]
		form := func(n int) string {
			if told == nil || told.Trs[n] == "" || (told.PluralID == "") != (m.Many == "") {
				missing++
				return quote("")
			}
			return quote(told.Trs[n])
		}
		if m.Many == "" {
			fmt.Fprintf(&out, "msgstr %s\n", form(0))
			continue
		}
		fmt.Fprintf(&out, "msgid_plural %s\n", quote(m.Many))
		for n := range forms {
			fmt.Fprintf(&out, "msgstr[%d] %s\n", n, form(n))
		}
	}
	return out.Bytes(), missing
}

// plurals is how many plural forms a catalog's language has.
func plurals(head []byte) int {
	n := 2
	if i := bytes.Index(head, []byte("nplurals=")); i >= 0 {
		n = int(head[i+len("nplurals=")] - '0')
	}
	return n
}

func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(text) + `"`
}
