package models

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// What Fynd does not want in the name of an extension: praise of itself, promises about prices, and places in a
// list that nobody gave it (Fynd partner documentation, payment extension, naming).
var (
	praise = []string{
		"best", "cheap", "cheaper", "cheapest", "lowest", "fastest", "quickest", "easiest", "safest", "greatest", "finest", "ultimate", "amazing", "awesome", "perfect",
		"free", "discount", "discounts", "discounted", "offer", "offers", "sale", "deal", "deals", "cashback", "bonus", "promo", "guaranteed", "guarantee", "unbeatable", "exclusive",
	}
	ranks     = regexp.MustCompile(`(?i)(^|[^\pL\pN])(no\.? ?1|№ ?1|# ?1|nr\.? ?1|number (one|1)|top|leading|leader|first choice|award[- ]winning|1st|world'?s)([^\pL\pN]|$)`)
	nameWords = regexp.MustCompile(`[\pL\pN]+`)
)

// namedMethods are words that say for which payment methods an extension is.
var namedMethods = map[string][]string{
	"upi": {"UPI"}, "card": {"CARD", "CHECKOUT"}, "cards": {"CARD", "CHECKOUT"}, "wallet": {"WL", "JIOPP", "CHECKOUT"}, "wallets": {"WL", "JIOPP", "CHECKOUT"}, "netbanking": {"NB", "CHECKOUT"},
	"jio": {"JIOPP"}, "bnpl": {"BNPL"}, "emi": {"BNPL", "CARD", "CHECKOUT"},
}

// wrongExtensionName says what Fynd would not accept about a name, or "". What a name says of payment methods and
// countries must be so.
func wrongExtensionName(name string, methods, countries []string) string {
	runes := []rune(name)
	lower := strings.ToLower(name)
	parts := nameWords.FindAllString(lower, -1)
	switch {
	case name == "":
		return "Enter the name of the extension."
	case len(runes) < 3 || len(runes) > 40:
		return "A name has 3 to 40 characters."
	case slices.ContainsFunc(runes, unfit):
		return "The name holds characters that cannot be part of it."
	case slices.ContainsFunc(runes, pictured):
		return "A name is written in letters: without emoji and signs."
	case !unicode.IsLetter(runes[0]):
		return "A name begins with a letter. Signs and digits in front would only move it up in lists."
	case len(runes) > 2 && unicode.ToLower(runes[0]) == unicode.ToLower(runes[1]) && unicode.ToLower(runes[1]) == unicode.ToLower(runes[2]):
		return "A name that begins with the same letter three times would only move up in lists. Write the true one."
	case shouted(runes):
		return "Write the name in capitals and small letters, such as Ruosh Pay; only abbreviations stand in capitals."
	case strings.Contains(lower, "fynd"):
		return "Fynd's own name must not be part of it: it would look like an extension by Fynd."
	case RefusedFyndMethod(name) != "":
		return fmt.Sprintf("Payment extensions of Fynd must not be for %s, so it must not be in the name.", RefusedFyndMethod(name))
	case ranks.MatchString(name):
		return fmt.Sprintf("“%s” ranks the extension. A name says what it is, not how good it is.", strings.TrimSpace(ranks.FindString(name)))
	}
	for _, part := range parts {
		if slices.Contains(praise, part) {
			return fmt.Sprintf("“%s” is advertising. A name says what the extension is; the rest belongs into the description.", part)
		}
		if codes, named := namedMethods[part]; named && !slices.ContainsFunc(codes, func(c string) bool { return slices.Contains(methods, c) }) {
			return fmt.Sprintf("The name says “%s”, and the extension is not for that payment method.", part)
		}
	}
	if country := namedCountry(parts); country != nil && !slices.Contains(countries, country.Value) {
		return fmt.Sprintf("The name says %s, and the extension is not for that country.", country.Label)
	}
	return ""
}

// pictured says whether a rune is a picture or a sign rather than writing.
func pictured(r rune) bool {
	return unicode.Is(unicode.So, r) || unicode.Is(unicode.Sk, r) || unicode.Is(unicode.Sc, r) || r >= 0x1f000 || r == 0x200d || r >= 0xfe00 && r <= 0xfe0f || strings.ContainsRune("!?*~^|<>{}[]@=%$€£₹★", r)
}

// shouted says whether a name is in capitals, beyond an abbreviation of four letters.
func shouted(name []rune) bool {
	upper, other := 0, 0
	for _, r := range name {
		switch {
		case unicode.IsUpper(r):
			upper++
		case unicode.IsLetter(r):
			other++
		}
	}
	return upper > 4 && other == 0
}

// namedCountry is the country that the words of a name speak of, or nil.
func namedCountry(parts []string) *Choice {
	text := " " + strings.Join(parts, " ") + " "
	for _, c := range Countries() {
		if strings.Contains(text, " "+strings.Join(nameWords.FindAllString(strings.ToLower(c.Label), -1), " ")+" ") {
			return &c
		}
	}
	return nil
}
