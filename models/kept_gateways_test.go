package models_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kartify/kartify/lang"
)

// Every sentence a driver puts together is known again when it is read: a changed word would else fall back to English,
// and nobody would be told.
func TestEverySentenceOfADriverIsKnownAgain(t *testing.T) {
	sentences := driverSentences(t)
	if len(sentences) < 40 {
		t.Fatalf("only %d composed sentences were found in gateways: the search is broken", len(sentences))
	}
	ru := lang.With(t.Context(), "ru")
	for written, place := range sentences {
		if inEnglish(lang.T(ru, written), written) && inEnglish(lang.T(ru, written+" "+aValue+"."), written) {
			t.Errorf("%s: %q is read in English: its format is not in models/kept_gateways.go", place, written)
		}
	}
}

// inEnglish says whether words that were written by the program still stand in what is read.
func inEnglish(said, written string) bool {
	return slices.ContainsFunc(strings.Split(written, aValue), func(piece string) bool {
		piece = strings.TrimSpace(piece)
		return strings.Contains(piece, " ") && strings.Contains(said, piece)
	})
}

// aValue stands for a value in a sentence.
const aValue = "Zq7"

var (
	aVerb           = regexp.MustCompile(`%(?:\[\d\])?[a-z]`)
	aSentenceBefore = regexp.MustCompile("^" + aValue + ` (Compare )`)
	aSentence       = regexp.MustCompile(`^(?:[A-Z“].* .*[.!?])$`)
)

// driverSentences are the sentences of gateways that are put together of literals, constants and values, with the
// file they are written in.
func driverSentences(t *testing.T) map[string]string {
	t.Helper()
	files := map[string][]*ast.File{}
	err := filepath.WalkDir("../gateways", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "gatewaytest") {
			return err
		}
		tree, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		files[filepath.Dir(path)] = append(files[filepath.Dir(path)], tree)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	shared := constants(files["../gateways"])
	for folder, trees := range files {
		words := composer{constants(trees), shared}
		for _, tree := range trees {
			ast.Inspect(tree, func(node ast.Node) bool {
				expr, ok := node.(ast.Expr)
				if !ok {
					return true
				}
				said, composed := words.of(expr)
				if composed && strings.Contains(said, aValue) && aSentence.MatchString(said) {
					found[aSentenceBefore.ReplaceAllString(said, aValue+". $1")] = folder
				}
				return !composed
			})
		}
	}
	return found
}

// constants are the texts of a package's constants, by name.
func constants(trees []*ast.File) map[string]string {
	named := map[string]string{}
	for _, tree := range trees {
		ast.Inspect(tree, func(node ast.Node) bool {
			if value, ok := node.(*ast.ValueSpec); ok {
				for i, name := range value.Names {
					if i < len(value.Values) {
						if text, ok := value.Values[i].(*ast.BasicLit); ok && text.Kind == token.STRING {
							named[name.Name], _ = strconv.Unquote(text.Value)
						}
					}
				}
			}
			return true
		})
	}
	return named
}

// composer reads what an expression of a package says.
type composer struct{ own, shared map[string]string }

// of is the text of an expression with aValue for what only a run knows, and whether it is put together of several.
func (c composer) of(expr ast.Expr) (string, bool) {
	switch expr := expr.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(expr.Value)
		return text, false
	case *ast.Ident:
		if text := c.own[expr.Name]; text != "" {
			return text, false
		}
	case *ast.SelectorExpr:
		if from, ok := expr.X.(*ast.Ident); ok && from.Name == "gateways" && c.shared[expr.Sel.Name] != "" {
			return c.shared[expr.Sel.Name], false
		}
	case *ast.BinaryExpr:
		if expr.Op == token.ADD {
			left, _ := c.of(expr.X)
			right, _ := c.of(expr.Y)
			return left + right, true
		}
	case *ast.CallExpr:
		if name, ok := expr.Fun.(*ast.SelectorExpr); ok && name.Sel.Name == "Sprintf" && len(expr.Args) > 0 {
			if format, _ := c.of(expr.Args[0]); format != aValue {
				return aVerb.ReplaceAllString(format, aValue), true
			}
		}
	}
	return aValue, false
}
