package lang

import (
	"context"
	"regexp"
	"slices"
	"strings"
)

// keptSentence is a sentence that is stored in English with its values, and how it is known again.
type keptSentence struct {
	format string
	own    int    // the length of its own words, without its values
	mark   string // the longest text between its values
	match  *regexp.Regexp
}

var kept []keptSentence

// Keep has T know sentences again that were stored in English, by the formats they were made with: histories and
// causes stay as they were written, and everybody reads them in their language. It is called while the program
// starts; of two formats that fit, the one with more words of its own counts, as one sentence may hold another.
func Keep(sentences ...Text) int {
	for _, s := range sentences {
		own, mark := 0, ""
		for _, piece := range verb.Split(s.Format, -1) {
			if own += len(piece); len(piece) > len(mark) {
				mark = piece
			}
		}
		kept = append(kept, keptSentence{s.Format, own, mark, regexp.MustCompile("^" + verb.ReplaceAllString(regexp.QuoteMeta(s.Format), "(.+?)") + "$")})
	}
	slices.SortStableFunc(kept, func(a, b keptSentence) int { return b.own - a.own })
	return len(kept)
}

// verb is the place of a value in a format.
var verb = regexp.MustCompile(`%(?:\[(\d)\])?[sdvq]`)

// aSum is an amount of money within a stored sentence.
var aSum = regexp.MustCompile(`^−?[0-9][0-9,]*(?:\.[0-9]+)? [A-Z]{3}$`)

// stored says a stored sentence, and whether it is known.
func (t *tongue) stored(ctx context.Context, text string) (string, bool) {
	if !strings.Contains(text, " ") || len(text) > 2000 {
		return "", false
	}
	for _, s := range kept {
		if !strings.Contains(text, s.mark) {
			continue
		}
		values := s.match.FindStringSubmatch(text)
		if len(values) < 2 {
			continue
		}
		said := make([]any, len(values)-1)
		for i, value := range values[1:] {
			if said[i] = T(ctx, value); aSum.MatchString(value) {
				said[i] = t.number(value)
			}
		}
		return fill(verb.ReplaceAllStringFunc(t.words.Get(s.format, nothing...), asText), said), true
	}
	return t.joined(ctx, text)
}

// ends is where one sentence of a stored text ends and the next begins.
var ends = regexp.MustCompile(`[.:] \p{Lu}`)

// joined says a text of several sentences that are known one by one, or in their first few: a cause and what to do
// about it are stored as one.
func (t *tongue) joined(ctx context.Context, text string) (string, bool) {
	breaks := ends.FindAllStringIndex(text, -1)
	for _, at := range slices.Backward(breaks) {
		first, rest := text[:at[0]+1], text[at[0]+2:]
		if said := t.words.Get(first, nothing...); said != first {
			return said + " " + T(ctx, rest), true
		}
		if said := t.words.Get(rest, nothing...); said != rest {
			return T(ctx, first) + " " + said, true
		}
	}
	return "", false
}

// asText has a verb take a text: the values of a stored sentence are texts.
func asText(verb string) string { return verb[:len(verb)-1] + "s" }
