// Package lang says the words of the screens in the language of the person who reads them.
//
// The words in the code are English, and are the keys of the catalogs: T(ctx, "Refund of %s", amount)
// looks for that sentence in sv.po, ru.po or hi.po and says it in English where there is none. What is
// stored, sent to machines, written to files or mailed to customers does not pass through here.
package lang

import (
	"context"
	"embed"
	"fmt"
	"strings"
	"sync"

	"github.com/go-playground/locales"
	"github.com/go-playground/locales/hi"
	"github.com/go-playground/locales/ru"
	"github.com/go-playground/locales/sv"
	"github.com/leonelquinteros/gotext"
)

// Usual is the language of the code, which needs no catalog.
const Usual = "en"

// A Language is one that people can choose.
type Language struct{ Code, Name string } // "sv", "Svenska"

// All are the languages, each under its own name.
func All() []Language {
	return []Language{{"en", "English"}, {"hi", "हिन्दी"}, {"ru", "Русский"}, {"sv", "Svenska"}}
}

// Known says whether people can choose code.
func Known(code string) bool { return code == Usual || tongues[code] != nil }

// tongue is a language other than English. It is read when it is first spoken.
type tongue struct {
	code  string
	rules func() locales.Translator // of dates and numbers
	once  sync.Once
	words *gotext.Po
	local locales.Translator
}

var tongues = map[string]*tongue{
	"hi": {code: "hi", rules: hi.New},
	"ru": {code: "ru", rules: ru.New},
	"sv": {code: "sv", rules: sv.New},
}

//go:embed *.po
var catalogs embed.FS

func (t *tongue) read() {
	t.once.Do(func() {
		text, err := catalogs.ReadFile(t.code + ".po")
		if err != nil {
			panic(err) // it is built in
		}
		t.words, t.local = gotext.NewPo(), t.rules()
		t.words.Parse(text)
	})
}

type key struct{}

// With has what is said under the context said in a language; one it does not know is English.
func With(ctx context.Context, code string) context.Context {
	return context.WithValue(ctx, key{}, tongues[code])
}

func of(ctx context.Context) *tongue {
	t, _ := ctx.Value(key{}).(*tongue)
	if t != nil {
		t.read()
	}
	return t
}

// Code is the language of the context, "en" when none was set.
func Code(ctx context.Context) string {
	if t, _ := ctx.Value(key{}).(*tongue); t != nil {
		return t.code
	}
	return Usual
}

// T says a sentence, with its verbs filled as fmt does. An amount of money or a Text among the values
// is said in the same language. A catalog may name the values in another order, as %[2]s. A sentence that was
// stored with its values is known by Keep.
func T(ctx context.Context, text string, args ...any) string {
	t := of(ctx)
	if t == nil {
		return fill(text, args)
	}
	if text == "" { // the key of a catalog's own header
		return ""
	}
	said := t.words.Get(text, nothing...)
	if len(args) == 0 && said == text {
		if sentence, ok := t.stored(ctx, text); ok {
			return sentence
		}
	}
	return fill(said, t.values(ctx, args))
}

// Word says a word that means something of its own about one thing: Word(ctx, "payment", "Canceled") is what the
// catalogs have for "payment|Canceled".
func Word(ctx context.Context, about, word string) string {
	key := about + "|" + word
	if said := T(ctx, key); said != key {
		return said
	}
	return T(ctx, word)
}

// N says the sentence for n of something, one or many: N(ctx, "%d order", "%d orders", n, n).
func N(ctx context.Context, one, many string, n int, args ...any) string {
	t := of(ctx)
	switch {
	case t != nil:
		return fill(t.words.GetN(one, many, n, nothing...), t.values(ctx, args))
	case n == 1:
		return fill(one, args)
	}
	return fill(many, args)
}

// nothing to fill: gotext only looks up, so that values can be said in the language first.
var nothing []any

func fill(text string, args []any) string {
	if len(args) == 0 || !strings.Contains(text, "%") { // "One order" needs no number
		return text
	}
	return fmt.Sprintf(text, args...)
}
