package models

import (
	"context"
	"errors"
	"fmt"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/money"
)

// ErrNotFound is a record that does not exist, or not for this person.
var ErrNotFound = errors.New("not found")

// ErrForbidden is something this person may not do.
var ErrForbidden = errors.New("not permitted")

// Problem is a sentence for the person at the screen, shown in place.
type Problem struct {
	Sentence string
	Text     lang.Text // the same, for whoever reads another language; none when it has no values
	Conflict bool      // the state of things has moved on: 409 to machines
	Field    string    // the field it is about, when it is about one
}

func (p *Problem) Error() string { return p.Sentence }

// In is the sentence in the language of who asked.
func (p *Problem) In(ctx context.Context) string {
	if p.Text.Format != "" {
		return p.Text.In(ctx)
	}
	return lang.T(ctx, p.Sentence)
}

func problemf(format string, args ...any) error {
	return &Problem{Sentence: fmt.Sprintf(format, args...), Text: lang.Textf(format, args...)}
}

func conflictf(format string, args ...any) error {
	return &Problem{Sentence: fmt.Sprintf(format, args...), Text: lang.Textf(format, args...), Conflict: true}
}

// FieldProblem is a Problem about one field of a form.
func FieldProblem(field, format string, args ...any) error {
	return &Problem{Sentence: fmt.Sprintf(format, args...), Text: lang.Textf(format, args...), Field: field}
}

// ParseAmount reads an amount as typed; what is wrong with it is a Problem.
func ParseAmount(text, currency string) (money.Amount, error) {
	amount, err := money.Parse(text, currency)
	var parse *money.ParseError
	if errors.As(err, &parse) {
		return money.Amount{}, &Problem{Sentence: parse.Sentence, Text: lang.Textf(parse.Format, parse.Args...), Field: "amount"}
	}
	return amount, err
}
