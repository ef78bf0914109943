package money

import (
	"fmt"
	"strconv"
	"strings"
)

// maxDigits keeps amounts far from the limits of 64 bits, also when many are added up.
const maxDigits = 15

// ParseError says in a sentence what is wrong with a typed amount and what to do about it.
type ParseError struct {
	Sentence string
	Format   string // the sentence before Args were filled in, for whoever reads another language
	Args     []any
}

func (e *ParseError) Error() string { return e.Sentence }

// Parse reads an amount as people type it: digits with at most one decimal point, "1234.50".
// Anything else is refused with a *ParseError; nothing is rounded or guessed.
func Parse(text, code string) (Amount, error) {
	fail := func(format string, args ...any) (Amount, error) {
		return Amount{}, &ParseError{Sentence: fmt.Sprintf(format, args...), Format: format, Args: args}
	}
	text = strings.TrimSpace(text)
	digits, example := Digits(code), New(123450, code).Decimal()
	switch {
	case !Known(code):
		return fail("%q is not a currency; use a three-letter code such as INR.", code)
	case text == "":
		return fail("Enter an amount, such as %s.", example)
	case strings.HasPrefix(text, "-") || strings.HasPrefix(text, "−"):
		return fail("Enter an amount above zero, without a minus sign.")
	case strings.Contains(text, ",") && strings.Trim(text, "0123456789.,") == "":
		return fail("Write the amount without commas and with a point before the decimals, such as %s.", example)
	}
	whole, fraction, pointed := strings.Cut(text, ".")
	if !asciiDigits(whole) || (pointed && !asciiDigits(fraction)) {
		return fail("Write the amount with the digits 0 to 9 only, such as %s.", example)
	}
	if len(fraction) > digits {
		if digits == 0 {
			return fail("%s has no decimals; write a whole number, such as %s.", code, example)
		}
		return fail("%s has %d decimals; write the amount as in %s.", code, digits, example)
	}
	minorText := strings.TrimLeft(whole+fraction+strings.Repeat("0", digits-len(fraction)), "0")
	if len(minorText) > maxDigits {
		return fail("This amount is larger than any payment; check the digits.")
	}
	if minorText == "" {
		return fail("Enter an amount above zero.")
	}
	minor, err := strconv.ParseInt(minorText, 10, 64)
	if err != nil {
		return fail("Write the amount with the digits 0 to 9 only, such as %s.", example)
	}
	return New(minor, code), nil
}

func asciiDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}
