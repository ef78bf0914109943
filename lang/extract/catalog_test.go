package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/leonelquinteros/gotext"
)

// verb is a place for a value in a sentence; the number of the value does not matter, what it is does.
var verb = regexp.MustCompile(`%(?:\[(\d+)\])?[-+# 0]*\d*(?:\.\d+)?([a-zA-Z%])`)

// verbs are the values a sentence is filled with, by their place among the values.
func verbs(text string) map[int]string {
	at, next := map[int]string{}, 1
	for _, m := range verb.FindAllStringSubmatch(text, -1) {
		if m[2] == "%" {
			continue
		}
		if n, err := strconv.Atoi(m[1]); err == nil {
			next = n
		}
		at[next] = m[2]
		next++
	}
	return at
}

// within says whether all of some values are among others: "one order" may go without its number.
func within(some, others map[int]string) bool {
	for at, kind := range some {
		if others[at] != kind {
			return false
		}
	}
	return true
}

// TestCatalogsAreComplete fails for a sentence of the screens that a language lacks, and for one whose
// values got lost on the way. "task words" brings the catalogs up to date.
func TestCatalogsAreComplete(t *testing.T) {
	said, err := messages("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(said) < 1000 {
		t.Fatalf("only %d messages were found in the code", len(said))
	}
	files, err := filepath.Glob("../*.po")
	if err != nil || len(files) != 3 {
		t.Fatalf("catalogs: %v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		po := gotext.NewPo()
		po.Parse(text)
		known := po.GetDomain().GetTranslations()
		for _, m := range said {
			told := known[m.One]
			if told == nil || m.Many != "" && told.PluralID != m.Many {
				t.Errorf("%s lacks %q, said in %s", file, m.One, m.Place)
				continue
			}
			forms := 1
			if m.Many != "" {
				forms = plurals(header(text))
			}
			for n := range forms {
				switch {
				case told.Trs[n] == "":
					t.Errorf("%s: %q of %s is not translated (form %d)", file, m.One, m.Place, n)
				case m.Many == "" && !maps.Equal(verbs(m.One), verbs(told.Trs[n])), m.Many != "" && !within(verbs(told.Trs[n]), verbs(m.Many)):
					t.Errorf("%s: %q has the values %v, its translation %q has %v", file, m.One, verbs(m.One), told.Trs[n], verbs(told.Trs[n]))
				}
			}
		}
		if len(known) > len(said)+1 { // and the header
			t.Errorf("%s has %d messages, the code says %d: run task words", file, len(known)-1, len(said))
		}
	}
}
