package views

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"github.com/kartify/kartify/lang"
)

// wordsFor is what a page in a language brings app.js, nil when it brings nothing.
func wordsFor(t *testing.T, ctx context.Context) map[string]string { //nolint:revive // the test comes first
	t.Helper()
	var page strings.Builder
	if err := BarePage(Frame{Title: "Sign in"}).Render(ctx, &page); err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(page.String()))
	if err != nil {
		t.Fatal(err)
	}
	block := doc.Find("script#words")
	if block.Length() == 0 {
		return nil
	}
	if kind := block.AttrOr("type", ""); kind != "application/json" {
		t.Errorf("the words are %q, which a browser would run or refuse", kind)
	}
	var words map[string]string
	if err := json.Unmarshal([]byte(block.Text()), &words); err != nil {
		t.Fatalf("%v in %s", err, block.Text())
	}
	return words
}

func TestWordsOfScripts(t *testing.T) {
	if words := wordsFor(t, t.Context()); words != nil {
		t.Errorf("a page in English brings %v", words)
	}
	for _, code := range []string{"sv", "ru", "hi"} {
		ctx := lang.With(t.Context(), code)
		words := wordsFor(t, ctx)
		for _, sentence := range scripted {
			if words[sentence] != lang.T(ctx, sentence) || words[sentence] == "" {
				t.Errorf("%s: app.js says %q for %q", code, words[sentence], sentence)
			}
		}
		if on := words[lang.T(ctx, "View")+" %s"]; on != lang.T(ctx, "View %s") {
			t.Errorf("%s: a row is viewed with %q", code, on)
		}
	}
}

// TestScriptsSayNothingElse fails for a sentence of a script that pages in other languages do not bring.
func TestScriptsSayNothingElse(t *testing.T) {
	files, err := filepath.Glob("../static/js/app-*.js")
	if err != nil || len(files) == 0 {
		t.Fatalf("scripts: %v, %v", files, err)
	}
	call, quoted := regexp.MustCompile(`\bsay\([^;]*`), regexp.MustCompile(`"([A-Z%][^"]*)"`)
	loud := regexp.MustCompile("(?:toast|setAttribute)\\([^;]*[\"`][A-Z][a-z]")
	said := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			for _, m := range quoted.FindAllStringSubmatch(call.FindString(line), -1) {
				said[m[1]] = true
			}
			if loud.MatchString(line) && !call.MatchString(line) {
				t.Errorf("%s says something in English only: %s", filepath.Base(file), strings.TrimSpace(line))
			}
		}
	}
	if got, want := slices.Sorted(maps.Keys(said)), slices.Sorted(slices.Values(scripted)); !slices.Equal(got, want) {
		t.Errorf("the scripts say\n%q, pages bring\n%q", got, want)
	}
}
