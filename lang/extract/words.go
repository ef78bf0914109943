package main

import (
	"go/ast"
	"slices"
	"strings"

	"github.com/kartify/kartify/views/ui"
)

// lists takes the words of lists that are said elsewhere: the menu, the fields of gateways, jobs, and states.
func (r reader) lists(node ast.Node) {
	switch node := node.(type) {
	case *ast.CallExpr:
		if nameOf(node.Fun) == "menu" && len(node.Args) > 0 {
			for words := range strings.SplitSeq(text(node.Args[0]), " > ") {
				r.take(r.place, words, "")
			}
		}
	case *ast.CompositeLit:
		r.field(node)
		r.chores(node)
	case *ast.KeyValueExpr:
		if kind, ok := node.Value.(*ast.Ident); ok && slices.Contains([]string{"Good", "Busy", "Attention", "Bad", "Neutral"}, kind.Name) {
			r.take(r.place, ui.Words(text(node.Key)), "")
		}
	case *ast.ValueSpec:
		if kind, ok := node.Type.(*ast.Ident); ok && slices.ContainsFunc(stateTypes, func(end string) bool { return strings.HasSuffix(kind.Name, end) }) {
			for _, value := range node.Values {
				r.take(r.place, ui.Words(text(value)), "")
			}
		}
	case *ast.FuncDecl:
		if node.Name.Name == "State" && node.Body != nil {
			r.states(node.Body, "")
		}
	}
}

// stateTypes are how the names of types end whose values are shown as badges.
var stateTypes = []string{"State", "Status", "Verdict", "Outcome"}

// field takes what a setting of a gateway is called, and its choices.
func (r reader) field(list *ast.CompositeLit) {
	parts := map[string]ast.Expr{}
	for _, element := range list.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok {
				parts[key.Name] = pair.Value
			}
		}
	}
	r.take(r.place, text(parts["Docs"]), "")
	if parts["Slug"] == nil {
		return
	}
	r.take(r.place, text(parts["Name"]), "")
	if options, ok := parts["Options"].(*ast.CompositeLit); ok {
		for _, option := range options.Elts {
			r.take(r.place, ui.Words(text(option)), "")
		}
	}
}

// chores takes what jobs are called, and what they do.
func (r reader) chores(list *ast.CompositeLit) {
	kind, rows := list.Type, []ast.Expr{list}
	if many, ok := kind.(*ast.ArrayType); ok {
		kind, rows = many.Elt, list.Elts
	}
	if name, ok := kind.(*ast.Ident); !ok || name.Name != "chore" {
		return
	}
	for _, row := range rows {
		if row, ok := row.(*ast.CompositeLit); ok && len(row.Elts) > 1 {
			r.take(r.place, ui.Words(strings.ReplaceAll(text(row.Elts[0]), "-", " ")), "")
			r.take(r.place, text(row.Elts[1]), "")
		}
	}
}

// aboutWhat is the first half of what lang.Word looks up for the labels of a type, "" for most.
func aboutWhat(label *ast.FuncDecl) string {
	if label.Recv == nil || len(label.Recv.List) != 1 || label.Body == nil {
		return ""
	}
	kind, ok := label.Recv.List[0].Type.(*ast.Ident)
	if !ok {
		return ""
	}
	return map[string]string{"PaymentStatus": "payment"}[kind.Name]
}

func (r reader) states(body ast.Node, about string) {
	ast.Inspect(body, func(node ast.Node) bool {
		if word, ok := node.(*ast.BasicLit); ok {
			r.take(r.place, about+ui.Words(text(word)), "")
		}
		return true
	})
}
