package ui

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/kartify/kartify/lang"
)

// Say is a sentence with parts of the page in it, such as a time or a link: Say("Made %s by %s.",
// Time(at, zone), name). A part is a component or a plain value. A language may put the parts in another
// order, as %[2]s.
func Say(text string, parts ...any) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return SayIn(lang.T(ctx, text), parts...).Render(ctx, w)
	})
}

// SayIn is Say for a sentence that is in the person's language already, such as one lang.N made.
func SayIn(text string, parts ...any) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		next := 0
		for text != "" {
			plain, rest, found := strings.Cut(text, "%")
			if _, err := io.WriteString(w, templ.EscapeString(plain)); err != nil {
				return err //nolint:wrapcheck // the browser went away
			}
			if !found {
				return nil
			}
			var part any = "%"
			if after, ok := strings.CutPrefix(rest, "%"); ok {
				text = after
			} else {
				part, text, next = pick(rest, parts, next)
			}
			if err := render(ctx, w, part); err != nil {
				return err
			}
		}
		return nil
	})
}

// pick reads a verb after its %, "s …" or "[2]s …", and gives the part it stands for, the text after
// it, and which part comes next.
func pick(rest string, parts []any, next int) (any, string, int) {
	if number, after, ok := strings.Cut(strings.TrimPrefix(rest, "["), "]"); ok && strings.HasPrefix(rest, "[") {
		if n, err := strconv.Atoi(number); err == nil {
			rest, next = after, n-1
		}
	}
	if rest == "" || next < 0 || next >= len(parts) {
		return "%", rest, next
	}
	return parts[next], rest[1:], next + 1
}

func render(ctx context.Context, w io.Writer, part any) error {
	switch part := part.(type) {
	case templ.Component:
		return part.Render(ctx, w) //nolint:wrapcheck // the browser went away
	case lang.Text:
		_, err := io.WriteString(w, templ.EscapeString(part.In(ctx)))
		return err //nolint:wrapcheck // the browser went away
	}
	_, err := io.WriteString(w, templ.EscapeString(fmt.Sprint(part)))
	return err //nolint:wrapcheck // the browser went away
}
