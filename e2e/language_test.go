package e2e

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
)

// -leaks lists what the pages say in Latin letters alone when they are asked for in Russian: names and
// ids, and what nobody thought of translating.
var leaks = flag.String("leaks", "", "file for what is not said in Russian")

// TestEveryPageInRussian opens every page in another language: none says a sentence in English for which there is
// a translation, those included that were stored with their values, and the page tells the browser which language it is in.
func TestEveryPageInRussian(t *testing.T) {
	t.Parallel()
	w, _ := withPost(t)
	w.tellMail()
	w.tellShop()
	russian := lang.With(t.Context(), "ru")
	w.speak("ru")
	var english []string
	people := map[string]*person{}
	for _, page := range pages {
		if people[page.email] == nil {
			people[page.email] = w.signIn(page.email)
		}
		path, _, _ := strings.Cut(page.path, "#")
		doc := people[page.email].get(path).page()
		if code := doc.Find("html").AttrOr("lang", ""); code != "ru" {
			t.Errorf("%s: the page says it is in %q", page.name, code)
		}
		for _, words := range wordsOf(doc) {
			if told := lang.T(russian, words); told != words {
				t.Errorf("%s says %q and not %q", page.name, words, told)
			}
			if !strings.ContainsFunc(words, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }) && strings.ContainsFunc(words, unicode.IsLower) {
				english = append(english, fmt.Sprintf("%-24s %s", page.name, words))
			}
		}
	}
	if *leaks != "" {
		slices.Sort(english)
		if err := os.WriteFile(*leaks, []byte(strings.Join(slices.Compact(english), "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// speak has everybody read the pages in a language; "" leaves them to their browser.
func (w *world) speak(code string) {
	w.t.Helper()
	if code == "" {
		return
	}
	if _, err := w.db.Pool().Exec(w.ctx, `UPDATE users SET preferences = jsonb_set(preferences, '{language}', to_jsonb($1::text))`, code); err != nil {
		w.t.Fatal(err)
	}
}

// wordsOf is every text of a page that people read or hear, but for codes, what they typed, and the names of
// languages.
func wordsOf(doc *goquery.Document) []string {
	var list []string
	add := func(text string) {
		if text = strings.Join(strings.Fields(text), " "); text != "" {
			list = append(list, text)
		}
	}
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			add(n.Data)
		case n.Type == html.ElementNode && slices.Contains([]string{"script", "style", "code", "pre", "kbd", "textarea", "template"}, n.Data):
			return
		case slices.Contains(n.Attr, html.Attribute{Key: "translate", Val: "no"}): // as it was sent
			return
		case n.Type == html.ElementNode && n.Data == "select" && slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "name" && a.Val == "language" }):
			return
		}
		for _, a := range n.Attr {
			exact := a.Key == "title" && slices.Contains(models.PaymentStatuses, models.PaymentStatus(a.Val)) // PayKeeper's own word, on hover
			if slices.Contains([]string{"title", "placeholder", "aria-label", "alt"}, a.Key) && !exact {
				add(a.Val)
			}
		}
		for child := n.FirstChild; child != nil; child = child.NextSibling {
			walk(child)
		}
	}
	for _, n := range doc.Nodes {
		walk(n)
	}
	return list
}
