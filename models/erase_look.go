package models

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// lookout tells quickly which of many words may stand in a text. It finds too many rather than too few: a word's
// patterns match nowhere else. PostgreSQL compares a row with the patterns of these words only; to compare each row with
// the patterns of a thousand people takes it minutes.
type lookout struct {
	words   []string
	texts   map[string][]clue // by how they begin
	numbers map[string][]clue
}

// clue is what of a word stands wherever the word stands.
type clue struct {
	part string
	word int
}

// clueHead is how many bytes of a clue it is sought by; a shorter one by all it has.
const clueHead = 3

func newLookout(words []string) *lookout {
	l := &lookout{words: slices.Compact(slices.Sorted(slices.Values(words))), texts: map[string][]clue{}, numbers: map[string][]clue{}}
	for i, word := range l.words {
		if looksLikePhone(word) {
			number := digits(word)
			l.numbers[number[:clueHead]] = append(l.numbers[number[:clueHead]], clue{number, i})
			continue
		}
		if textPattern(word) == "" {
			continue
		}
		for _, part := range partsOf(word) {
			head := part[:min(len(part), clueHead)]
			l.texts[head] = append(l.texts[head], clue{part, i})
		}
	}
	return l
}

// in are the words that may stand in any of some texts.
func (l *lookout) in(texts ...string) []string {
	found := map[int]bool{}
	for _, text := range texts {
		if len(l.texts) > 0 {
			l.scan(l.texts, lowerASCII(text), found)
		}
		if len(l.numbers) > 0 {
			l.scan(l.numbers, unspaced.ReplaceAllString(text, ""), found)
		}
	}
	var words []string
	for i := range found {
		words = append(words, l.words[i])
	}
	slices.Sort(words)
	return words
}

func (l *lookout) scan(clues map[string][]clue, text string, found map[int]bool) {
	for at := range len(text) {
		for n := range min(clueHead, len(text)-at) {
			for _, c := range clues[text[at:at+n+1]] {
				if strings.HasPrefix(text[at:], c.part) {
					found[c.word] = true
				}
			}
		}
	}
}

// unspaced takes out what people write between the digits of a phone number.
var unspaced = regexp.MustCompile(`[ ().+-]|%2[0-9a-fA-F]`)

// lowerASCII is a text in small letters, as PostgreSQL's lower has it in the collation "C".
func lowerASCII(text string) string {
	b := []byte(text)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// each looks through the rows of a place, and changes those in which look finds words. by is a number of each row
// that look is told, or "0". A row that somebody else changes meanwhile is looked through again.
func (p spot) each(ctx context.Context, conn *pgx.Conn, by, where string, args []any, look func(by int64, texts []string) []string, change func(row string, words []string) error) error {
	columns := make([]string, len(p.columns))
	for i, c := range p.columns {
		columns[i] = "coalesce(" + c.text() + ", '')"
	}
	read := "SELECT ctid::text, " + by + "::bigint, ARRAY[" + strings.Join(columns, ", ") + "] FROM " + quoteName(p.table) + " WHERE " + where
	lock := "SELECT ctid::text FROM " + quoteName(p.table) + " WHERE ctid = ANY ($1::text[]::tid[]) FOR UPDATE"
	for {
		found := map[string][]string{}
		rows, err := conn.Query(ctx, read, args...)
		if err != nil {
			return fmt.Errorf("look through %s: %w", p.table, err)
		}
		var (
			row   string
			n     int64
			texts []string
		)
		_, err = pgx.ForEachRow(rows, []any{&row, &n, &texts}, func() error {
			if words := look(n, texts); len(words) > 0 {
				found[row] = words
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("look through %s: %w", p.table, err)
		}
		if len(found) == 0 {
			return nil
		}
		rows, err = conn.Query(ctx, lock, slices.Collect(maps.Keys(found)))
		if err != nil {
			return fmt.Errorf("lock rows of %s: %w", p.table, err)
		}
		locked, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return fmt.Errorf("lock rows of %s: %w", p.table, err)
		}
		for _, row := range locked {
			if err := change(row, found[row]); err != nil {
				return err
			}
		}
		if len(locked) == len(found) {
			return nil
		}
	}
}
