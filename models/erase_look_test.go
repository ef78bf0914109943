package models

import (
	"encoding/base64"
	"fmt"
	"mime/quotedprintable"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestLookout(t *testing.T) {
	people := []string{
		"Zerlina O'Quînn-Faßbender", "zerlina.oquinn@mail.example", "x@mail.example", "+91 98111 22334", "17/B Larkspur Terrace", "मीरा नायर", "Щербакова Ольга", "李小龍先生", "Al Bo", "Жа1",
	}
	look := newLookout(people)
	qp := func(text string) string {
		var b strings.Builder
		w := quotedprintable.NewWriter(&b)
		_, _ = w.Write([]byte(text)) //nolint:errcheck // into memory
		_ = w.Close()                //nolint:errcheck // into memory
		return strings.ReplaceAll(b.String(), "=\r\n", "")
	}
	octal := func(text string) string { // as PostgreSQL's encode(…, 'escape')
		var b strings.Builder
		for _, c := range []byte(text) {
			if c > 127 {
				fmt.Fprintf(&b, `\%03o`, c)
				continue
			}
			b.WriteByte(c)
		}
		return b.String()
	}
	escaped := func(text string) string { // as JSON in ASCII
		var b strings.Builder
		for _, r := range text {
			if r > 127 {
				fmt.Fprintf(&b, `\u%04x`, r)
				continue
			}
			b.WriteRune(r)
		}
		return b.String()
	}
	ways := map[string]func(string) string{
		"as it is": func(s string) string { return s }, "in capitals": strings.ToUpper, "in small letters": strings.ToLower,
		"in a URL": url.QueryEscape, "in a path": url.PathEscape, "quoted-printable": qp, "bytes": octal, "JSON": escaped,
	}
	for _, person := range people {
		for way, write := range ways {
			if got := look.in(`{"note": "for ` + write(person) + `, please"}`); !slices.Contains(got, person) {
				t.Errorf("%s %s is not found, but %q", person, way, got)
			}
		}
		if len(person) < 12 || looksLikePhone(person) {
			continue
		}
		for shift := range 3 {
			if coded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("-", shift) + person + " and more")); !slices.Contains(look.in(coded), person) {
				t.Errorf("%s is not found in base64, %d behind", person, shift)
			}
		}
	}
	for _, phone := range []string{"9811122334", "098111-22334", "(98111) 22 334", "00919811122334"} {
		if got := look.in("call " + phone); !slices.Contains(got, "+91 98111 22334") {
			t.Errorf("%s is %q", phone, got)
		}
	}
	if got := newLookout([]string{"zerlina.oquinn@mail.example", "+91 98111 22334", "17/B Larkspur Terrace"}).in("rahul@mail.example, 9000011111, 4 Mint Terrace"); len(got) > 0 {
		t.Errorf("somebody else is taken for %q", got)
	}
	if got := newLookout(nil).in("anything"); got != nil {
		t.Errorf("of nobody, %q is found", got)
	}
}
