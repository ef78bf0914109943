package lang

import (
	"context"
	"regexp"
	"strings"
	"time"
)

// Number writes a number or an amount that is written as "1,23,456.50 INR" the way of the language:
// "1 23 456,50 INR" in Swedish. How many digits stand together is the currency's, and stays.
func Number(ctx context.Context, text string) string {
	if t := of(ctx); t != nil {
		return t.number(text)
	}
	return text
}

func (t *tongue) number(text string) string {
	if strings.Trim(text, "−-0123456789,. ABCDEFGHIJKLMNOPQRSTUVWXYZ+") != "" {
		return text // no number, but words
	}
	signs, ok := t.local.(interface {
		Group() string
		Decimal() string
	})
	if !ok {
		return text
	}
	return strings.NewReplacer(",", signs.Group(), ".", signs.Decimal()).Replace(text)
}

// typed is an amount as it is written where a comma stands before the decimals: one or two of them, for three after
// a comma may as well be thousands; and thousands set apart by a space, if at all.
var typed = regexp.MustCompile(`^(?:\d+|\d{1,3}(?: \d{2,3})* \d{3})(?:,\d{1,2})?$`)

// Typed is an amount as somebody typed it or copied it from a page, with a point before the decimals and no thousands
// set apart: "1 234,50" of a Swede is "1234.50". What may mean two things, and what is no amount, stays as it is, and
// so does everything in the languages that write the comma between thousands.
func Typed(ctx context.Context, text string) string {
	t := of(ctx)
	if t == nil {
		return text
	}
	signs, ok := t.local.(interface{ Decimal() string })
	if !ok || signs.Decimal() != "," {
		return text
	}
	plain := strings.TrimSpace(strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(text))
	if !typed.MatchString(plain) {
		return text
	}
	return strings.NewReplacer(" ", "", ",", ".").Replace(plain)
}

// Format writes a moment by a layout of package time, with the names of months and days in the
// language. The layout's English month and day names may only stand alone: Jan, January, Mon, Monday.
func Format(ctx context.Context, moment time.Time, layout string) string {
	t := of(ctx)
	if t == nil {
		return moment.Format(layout)
	}
	var said strings.Builder
	for layout != "" {
		at, name, word := len(layout), "", ""
		for _, n := range []struct {
			name string
			word string
		}{
			{"January", t.local.MonthWide(moment.Month())},
			{"Jan", t.local.MonthAbbreviated(moment.Month())},
			{"Monday", t.local.WeekdayWide(moment.Weekday())},
			{"Mon", t.local.WeekdayAbbreviated(moment.Weekday())},
		} {
			if i := strings.Index(layout, n.name); i >= 0 && i < at {
				at, name, word = i, n.name, n.word
			}
		}
		said.WriteString(moment.Format(layout[:at]))
		said.WriteString(word)
		layout = layout[at+len(name):]
	}
	return said.String()
}

// Prefer is the first language of an Accept-Language header that people can choose, English when
// there is none. Its weights are taken to be in order, as browsers send them.
func Prefer(header string) string {
	for tag := range strings.SplitSeq(header, ",") {
		tag, _, _ = strings.Cut(strings.TrimSpace(tag), ";")
		code, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if Known(code) {
			return code
		}
	}
	return Usual
}
