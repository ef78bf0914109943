package lang

import (
	"context"
	"fmt"
)

// Text is a sentence that does not know yet who will read it.
type Text struct {
	Format string
	Args   []any
}

// Textf is a sentence with its values, to be said later.
func Textf(format string, args ...any) Text { return Text{Format: format, Args: args} }

// In says it in the language of the context.
func (t Text) In(ctx context.Context) string { return T(ctx, t.Format, t.Args...) }

// String says it in English, for logs and machines.
func (t Text) String() string { return fill(t.Format, t.Args) }

// Counted is a sentence about a number that is not known yet.
type Counted struct{ One, Many string }

// Several is a sentence for one of something and for many, to be said when it is known how many there are.
func Several(one, many string) Counted { return Counted{One: one, Many: many} }

// In says it for n, as N does.
func (c Counted) In(ctx context.Context, n int, args ...any) string {
	return N(ctx, c.One, c.Many, n, args...)
}

// amount is money, which writes itself with a decimal point.
type amount interface {
	fmt.Stringer
	GroupedDecimal() string
}

// values has those among the values of a sentence that differ by language said in it.
func (t *tongue) values(ctx context.Context, args []any) []any {
	said := args
	for i, arg := range args {
		var text string
		switch value := arg.(type) {
		case interface {
			In(ctx context.Context) string
		}:
			text = value.In(ctx)
		case amount:
			text = t.number(value.String())
		default:
			continue
		}
		if &said[0] == &args[0] {
			said = append([]any(nil), args...)
		}
		said[i] = text
	}
	return said
}
