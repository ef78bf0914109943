package gateways

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/kartify/kartify/money"
)

// Text is a scalar that a provider writes now as text, now as a number: 7 and "7" are both 7. It is
// trimmed, and null, also the word in quotes, is no text.
type Text string

// UnmarshalJSON reads a scalar; a list or an object is refused.
func (t *Text) UnmarshalJSON(raw []byte) error {
	*t = ""
	switch raw = bytes.TrimSpace(raw); {
	case len(raw) == 0 || raw[0] == '{' || raw[0] == '[':
		return errors.New("a list or an object stands where a value belongs")
	case raw[0] != '"':
		*t = Text(raw)
	default:
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return err //nolint:wrapcheck // encoding/json says where
		}
		*t = Text(strings.TrimSpace(text))
	}
	if *t == "null" {
		*t = ""
	}
	return nil
}

// Decimal reads an amount as providers write it: "1499.00", "1499.0", "0". Zeros beyond the currency's
// decimals are nothing; other digits there are refused, as is everything that is no plain decimal.
func Decimal(text, currency string) (money.Amount, error) {
	text = strings.TrimSpace(text)
	if whole, fraction, pointed := strings.Cut(text, "."); pointed {
		for len(fraction) > money.Digits(currency) && strings.HasSuffix(fraction, "0") {
			fraction = strings.TrimSuffix(fraction, "0")
		}
		if text = whole; fraction != "" {
			text += "." + fraction
		}
	}
	if money.Known(currency) && text != "" && len(text) <= 20 && strings.Trim(strings.Replace(text, ".", "", 1), "0") == "" {
		if text[0] != '.' && text[len(text)-1] != '.' {
			return money.New(0, currency), nil
		}
	}
	return money.Parse(text, currency) //nolint:wrapcheck // a *money.ParseError says what is wrong
}
