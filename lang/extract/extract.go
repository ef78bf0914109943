package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A message is what the screens can say, and where it is said first.
type message struct {
	One, Many string // Many only where it is counted
	Place     string // "views/orders.templ"
}

// spoken are the functions whose literals are said, with the place of the sentence among the arguments.
var spoken = map[string][]int{
	"lang.T": {1}, "lang.N": {1, 2}, "lang.Textf": {0}, "lang.Several": {0, 1}, "ui.Say": {0}, "Say": {0},
	"problemf": {0}, "conflictf": {0}, "FieldProblem": {1}, "models.FieldProblem": {1},
	"ui.Badge": {1}, "web.Notice": {1}, "web.Problem": {1}, "fail": {0}, "web.Page": {2}, "closedf": {0}, "forbid": {0}, "sellerErrors": {2}, "refuseSeller": {2}, "h.stepReview": {2}, "say": {1}, "r.say": {1}, "r.choice": {1}, "h.planned": {2}, "h.afterExtension": {3},
}

// notes are the functions that say a title and a sentence, with the place of both among the arguments.
var notes = map[string][]int{"sellerNote": {2, 3}}

// silent are the functions whose literals nobody reads on a screen.
var silent = []string{"fmt.Errorf", "errors.New", "templruntime.WriteString", "Format", "regexp.MustCompile", "panic", "log", "slog", "templ.Error"}

// screens are the folders where any literal that looks like words is taken to be said.
var screens = []string{"views", "views/ui"}

// named are the fields whose literals are said wherever they stand: labels, and the sentences of lists.
var named = []string{"Label", "Help", "Sentence", "Title", "Remedy", "Why", "Noun", "Hint"}

// looks is what words look like: a capitalized word, or several words.
var looks = regexp.MustCompile(`^[A-Z][a-z’]+[:.…]?$|[A-Za-z,.;:)”] [A-Za-z0-9(“%]`)

// whole is a whole sentence: what a gateway's driver says went wrong. It is stored, and read in every language.
var whole = regexp.MustCompile(`^[A-Z][^%]* [^%]*\.$`)

// odd are literals that look like words and are none.
var odd = regexp.MustCompile(`^(hx-|every \d|[a-z-]+: |Content-|2 Jan|Jan 2006|Mon, |Mon 2|POST /|GET /|Europe/)|^[a-z-]+ [a-z-]+( [a-z-]+)?$|^[a-z]+_[a-z_, ]+$|[<{}=]|[^ ]>|>[^ ]|^Bearer |input changed|^outerHTML |^not token,|from:closest |:queue last|\b15:04`)

// messages are what the program under root can say, by place.
func messages(root string) ([]message, error) {
	found := map[string]message{}
	take := func(place, one, many string) {
		if one == "" || !strings.ContainsFunc(one, isLetter) {
			return
		}
		old, ok := found[one]
		if !ok || place < old.Place {
			old.Place = place
		}
		found[one] = message{One: one, Many: firstOf(many, old.Many), Place: old.Place}
	}
	for _, folder := range []string{"views", "handlers", "web", "models", "money", "notify", "gateways", "jobs"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() && slices.Contains([]string{"mail", "sheet", "gallery", "testdata", "cast", "modelstest", "gatewaytest", "generate", "api", "fyndapi", "callbacks"}, entry.Name()) {
				return filepath.SkipDir
			}
			if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			tree, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return fmt.Errorf("read %s: %w", path, err)
			}
			place, _ := filepath.Rel(root, path)
			dir := filepath.ToSlash(filepath.Dir(place))
			r := reader{place: strings.Replace(filepath.ToSlash(place), "_templ.go", ".templ", 1), loose: slices.Contains(screens, dir), take: take}
			ast.Inspect(tree, r.visit)
			return nil
		})
		if err != nil {
			return nil, err //nolint:wrapcheck // says what it did
		}
	}
	list := make([]message, 0, len(found))
	counted := map[string]bool{} // a literal of views is taken once for itself, and once as the many of another
	for _, m := range found {
		counted[m.Many] = true
	}
	for _, m := range found {
		if m.Many != "" || !counted[m.One] {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b message) int {
		return strings.Compare(a.Place+"\x00"+a.One, b.Place+"\x00"+b.One)
	})
	return list, nil
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

// reader takes the words out of one file.
type reader struct {
	place string
	loose bool
	take  func(place, one, many string)
}

func (r reader) visit(node ast.Node) bool {
	r.lists(node)
	switch node := node.(type) {
	case *ast.ImportSpec:
		return false
	case *ast.CallExpr:
		name := nameOf(node.Fun)
		if name == "lang.Word" && len(node.Args) == 3 && text(node.Args[2]) != "" {
			r.take(r.place, text(node.Args[1])+"|"+text(node.Args[2]), "")
			return false
		}
		if at, ok := spoken[name]; ok {
			r.said(node.Args, at)
		}
		for _, n := range notes[name] {
			r.said(node.Args, []int{n})
		}
		last := name[strings.LastIndex(name, ".")+1:]
		for _, s := range silent {
			if name == s || last == s || strings.HasPrefix(name, s+".") {
				return false
			}
		}
	case *ast.FuncDecl:
		if about := aboutWhat(node); node.Name.Name == "Label" && about != "" {
			r.states(node.Body, about+"|")
			return false
		}
		if node.Name.Name == "Label" && node.Body != nil { // what a state or a kind is called
			r.loose = true
			ast.Inspect(node.Body, r.visit)
			return false
		}
	case *ast.KeyValueExpr:
		if key, ok := node.Key.(*ast.Ident); ok && slices.Contains(named, key.Name) {
			r.take(r.place, text(node.Value), "")
		}
	case *ast.BasicLit:
		words := text(node)
		if strings.HasPrefix(r.place, "gateways/") && whole.MatchString(words) {
			r.take(r.place, words, "")
		}
		if r.loose && looks.MatchString(words) && !odd.MatchString(words) {
			r.take(r.place, words, "")
		}
	}
	return true
}

func (r reader) said(args []ast.Expr, at []int) {
	words := make([]string, 2)
	for i, n := range at {
		if n < len(args) {
			words[i] = text(args[n])
		}
	}
	r.take(r.place, words[0], words[1])
}

// text is the value of a literal, or of literals joined by +, else "".
func text(expr ast.Expr) string {
	switch expr := expr.(type) {
	case *ast.BasicLit:
		if expr.Kind == token.STRING {
			words, _ := strconv.Unquote(expr.Value)
			return words
		}
	case *ast.BinaryExpr:
		left, right := text(expr.X), text(expr.Y)
		if left != "" && right != "" {
			return left + right
		}
	}
	return ""
}

func nameOf(fun ast.Expr) string {
	switch fun := fun.(type) {
	case *ast.Ident:
		return fun.Name
	case *ast.SelectorExpr:
		return nameOf(fun.X) + "." + fun.Sel.Name
	}
	return ""
}
