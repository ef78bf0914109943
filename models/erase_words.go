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
	// What every text that matches has in it, quick to look for: parts in small letters, and digits.
	parts  []string
	digits string
}

// tracesOf are the patterns of a list of texts. Phone numbers are told by their looks.
func tracesOf(list []string) traces {
	var texts, phones, numbers []string
	var parts []string
	for _, text := range list {
		if looksLikePhone(text) {
			number := digits(text)
			if p := phonePattern(number); !slices.Contains(phones, p) {
				phones, numbers = append(phones, p), append(numbers, spaced(number))
			}
			continue
		}
		if p := textPattern(text); p != "" && !slices.Contains(texts, p) {
			texts, parts = append(texts, p), append(parts, partsOf(text)...)
		}
	}
	// Longer ones first: of a name and the e-mail address in it the address goes as a whole.
	slices.SortStableFunc(texts, func(a, b string) int { return len(b) - len(a) })
	slices.Sort(parts)
	return traces{strings.Join(texts, "|"), strings.Join(phones, "|"), slices.Compact(parts), strings.Join(numbers, "|")}
}

// in is whether a text in SQL has a trace, with the arguments of args beginning with the one numbered n. The quick
// look comes first, for most texts have none.
func (w traces) in(text string, n int) string {
	return fmt.Sprintf(`(lower(%[1]s COLLATE "C") LIKE ANY ($%[4]d::text[]) AND %[1]s ~* $%[2]d OR %[1]s ~ $%[5]d AND %[1]s ~* $%[3]d)`, text, n, n+1, n+2, n+3)
}

// args are the arguments of in, four of them.
func (w traces) args() []any {
	quick := make([]string, len(w.parts))
	for i, part := range w.parts {
		quick[i] = "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(part) + "%"
	}
	var numbers *string // nothing is compared with none
	if w.digits != "" {
		numbers = &w.digits
	}
	return []any{orNever(w.texts), orNever(w.phones), quick, numbers}
}

// partsOf are texts of which one stands, in small letters, wherever a text stands.
func partsOf(text string) []string {
	telling := text
	if local, _, _ := strings.Cut(text, "@"); longestRun(local) != "" {
		telling = local // half of the world has the rest of the address
	}
	longest := longestRun(telling)
	var parts []string
	at := strings.IndexFunc(text, func(r rune) bool { return r > 127 && (unicode.IsLetter(r) || unicode.IsDigit(r)) })
	switch {
	case len(longest) >= 2 || at < 0:
		parts = append(parts, strings.ToLower(longest))
	default:
		// Letters that are not ASCII, by the first of them: in each way it is written, in either case.
		for _, form := range runeForms([]rune(text[at:])[0]) {
			parts = append(parts, form.plain)
		}
	}
	if len(text) >= 8 {
		for _, coded := range base64Parts(text) {
			run := slices.MaxFunc(strings.FieldsFunc(coded, func(r rune) bool { return r == '+' || r == '/' }), func(a, b string) int { return len(a) - len(b) })
			parts = append(parts, strings.ToLower(run))
		}
	}
	return parts
}

// longestRun are the most ASCII letters and digits that stand together in a text.
func longestRun(text string) string {
	longest := ""
	for _, run := range strings.FieldsFunc(text, func(r rune) bool { return r > 127 || !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if len(run) > len(longest) {
			longest = run
		}
	}
	return longest
}

var phoneText = regexp.MustCompile(`^\+?[0-9 ().-]+$`)

func looksLikePhone(text string) bool {
	return phoneText.MatchString(text) && len(digits(text)) >= fewestDigits
}

// phonePattern is a number with and without its country, with and without what people write between digits.
func phonePattern(number string) string {
	return `(?<![0-9])(?:\+|%2b|00)?[0-9]{0,3}` + gap + spaced(number) + `(?![0-9])`
}

// gap is what people write between the digits of a phone number, also in a URL.
const gap = `(?:[ ().+-]|%2[0-9a-fA-F]){0,2}`

// spaced are digits with what people write between them.
func spaced(number string) string { return strings.Join(strings.Split(number, ""), gap) }

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
		for _, p := range base64Parts(text) {
			pattern += "|" + strings.NewReplacer("+", "[+-]", "/", "[/_]").Replace(p)
		}
	}
	return pattern
}

// runePattern is a letter in either case as it may be written.
func runePattern(r rune) string {
	if r < 128 {
		return string(r) // letters and digits only, and patterns are matched in any case
	}
	var patterns []string
	for _, form := range runeForms(r) {
		patterns = append(patterns, form.pattern)
	}
	return "(?:" + strings.Join(patterns, "|") + ")"
}

// runeForm is one way to write a letter: as a pattern, and what of it stands in every such text, in small letters.
type runeForm struct{ pattern, plain string }

// runeForms are the ways in which JSON, URLs, HTML, quoted-printable and PostgreSQL's escapes write a letter, in either case.
func runeForms(r rune) []runeForm {
	var forms []runeForm
	add := func(pattern, plain string) {
		if !slices.ContainsFunc(forms, func(f runeForm) bool { return f.pattern == pattern }) {
			forms = append(forms, runeForm{pattern, plain})
		}
	}
	for _, c := range []rune{r, unicode.ToLower(r), unicode.ToUpper(r)} {
		var percent, quoted, octal, plainOctal string
		for _, b := range []byte(string(c)) {
			percent += fmt.Sprintf("%%%02x", b)
			quoted += fmt.Sprintf("=%02x", b)
			octal += fmt.Sprintf(`\\%03o`, b)
			plainOctal += fmt.Sprintf(`\%03o`, b)
		}
		escaped, plain := fmt.Sprintf(`\\+u%04x`, c), fmt.Sprintf(`u%04x`, c)
		if c > 0xffff {
			hi, lo := (c-0x10000)>>10+0xd800, (c-0x10000)&0x3ff+0xdc00
			escaped, plain = fmt.Sprintf(`\\+u%04x\\+u%04x`, hi, lo), fmt.Sprintf(`u%04x`, hi)
		}
		add(regexp.QuoteMeta(string(c)), string(c))
		add(escaped, plain)
		add(percent, percent)
		add(quoted, quoted)
		add(octal, plainOctal)
		add(fmt.Sprintf("&#%d;", c), fmt.Sprintf("&#%d;", c))
		add(fmt.Sprintf("&#x%x;", c), fmt.Sprintf("&#x%x;", c))
	}
	return forms
}

// base64Parts are the three ways a text stands inside base64, by where it begins.
func base64Parts(text string) []string {
	var parts []string
	for shift := range 3 {
		coded := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), text...))
		from := []int{0, 2, 3}[shift]
		to := len(coded)
		if (len(text)+shift)%3 != 0 {
			to-- // the last letter depends on what follows
		}
		if to-from >= 10 {
			parts = append(parts, coded[from:to])
		}
	}
	return parts
}

func (w traces) none() bool { return w.texts == "" && w.phones == "" }
