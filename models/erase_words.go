package models

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// traces are what a person is known by, as two PostgreSQL patterns: texts and phone numbers. They match in any case
// and as JSON, URLs, HTML, quoted-printable, base64 and PostgreSQL's escapes of bytes write them.
type traces struct {
	texts  string // "" for none
	phones string
}

// tracesOf are the patterns of a list of texts. Phone numbers are told by their looks.
func tracesOf(list []string) traces {
	var texts, phones []string
	for _, text := range list {
		if looksLikePhone(text) {
			if p := phonePattern(digits(text)); !slices.Contains(phones, p) {
				phones = append(phones, p)
			}
			continue
		}
		if p := textPattern(text); p != "" && !slices.Contains(texts, p) {
			texts = append(texts, p)
		}
	}
	// Longer ones first: of a name and the e-mail address in it the address goes as a whole.
	slices.SortStableFunc(texts, func(a, b string) int { return len(b) - len(a) })
	return traces{strings.Join(texts, "|"), strings.Join(phones, "|")}
}

var phoneText = regexp.MustCompile(`^\+?[0-9 ().-]+$`)

func looksLikePhone(text string) bool {
	return phoneText.MatchString(text) && len(digits(text)) >= fewestDigits
}

// phonePattern is a number with and without its country, with and without what people write between digits.
func phonePattern(number string) string {
	return `(?<![0-9])(?:\+|%2b|00)?[0-9]{0,3}[ ().-]{0,2}` + strings.Join(strings.Split(number, ""), `[ ().-]{0,2}`) + `(?![0-9])`
}

const (
	wordBegins = `(?:(?<![[:alnum:]%s])|(?<=\\[nrtbf])|(?<=%%[0-9a-f]{2})|(?<=u00[0-9a-f]{2})|(?<=\\[0-7]{3}))`
	wordEnds   = `(?![[:alnum:]])`
	between    = `(?:[^[:alnum:]]|%[0-9a-f]{2}|\\+u00[0-9a-f]{2}|&#?[a-z0-9]{1,8};|=[0-9a-f]{2}|\\[0-7]{3}){1,8}`
)

// textPattern is a name, an address or a line of one; "" for what is too short to mean somebody.
func textPattern(text string) string {
	var runs []string
	letters := 0
	for _, run := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		var b strings.Builder
		for _, r := range run {
			b.WriteString(runePattern(r))
			letters++
		}
		runs = append(runs, b.String())
	}
	if letters < 3 {
		return ""
	}
	begins := fmt.Sprintf(wordBegins, "")
	ends := wordEnds
	if strings.Contains(text, "@") {
		begins, ends = fmt.Sprintf(wordBegins, `._-`), `(?![[:alnum:]]|[.-][[:alnum:]])`
	}
	pattern := begins + strings.Join(runs, between) + ends
	if len(text) >= 8 {
		for _, p := range base64Patterns(text) {
			pattern += "|" + p
		}
	}
	return pattern
}

// runePattern is a letter in either case as it may be written.
func runePattern(r rune) string {
	if r < 128 {
		return string(r) // letters and digits only, and patterns are matched in any case
	}
	seen := []string{}
	for _, c := range []rune{r, unicode.ToLower(r), unicode.ToUpper(r)} {
		utf8 := []byte(string(c))
		var percent, quoted, octal string
		for _, b := range utf8 {
			percent += fmt.Sprintf("%%%02x", b)
			quoted += fmt.Sprintf("=%02x", b)
			octal += fmt.Sprintf(`\\%03o`, b)
		}
		escaped := fmt.Sprintf(`\\+u%04x`, c)
		if c > 0xffff {
			hi, lo := (c-0x10000)>>10+0xd800, (c-0x10000)&0x3ff+0xdc00
			escaped = fmt.Sprintf(`\\+u%04x\\+u%04x`, hi, lo)
		}
		for _, form := range []string{string(c), escaped, percent, quoted, octal, fmt.Sprintf("&#%d;", c), fmt.Sprintf("&#x%x;", c)} {
			if !slices.Contains(seen, form) {
				seen = append(seen, form)
			}
		}
	}
	return "(?:" + strings.Join(seen, "|") + ")"
}

// base64Patterns are the three ways a text stands inside base64, by where it begins.
func base64Patterns(text string) []string {
	var patterns []string
	for shift := range 3 {
		coded := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), text...))
		from := []int{0, 2, 3}[shift]
		to := len(coded)
		if (len(text)+shift)%3 != 0 {
			to-- // the last letter depends on what follows
		}
		if to-from >= 10 {
			patterns = append(patterns, strings.NewReplacer("+", "[+-]", "/", "[/_]").Replace(coded[from:to]))
		}
	}
	return patterns
}

// and is both lists of words.
func (w traces) and(more traces) traces {
	join := func(a, b string) string {
		if a == "" || b == "" {
			return a + b
		}
		return a + "|" + b
	}
	return traces{join(w.texts, more.texts), join(w.phones, more.phones)}
}

func (w traces) none() bool { return w.texts == "" && w.phones == "" }
