package gateways

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const (
	hidden     = "•••"
	traceLimit = 64 << 10 // bytes of a body kept in a trace
	shortest   = 4        // characters of a secret that can be told from ordinary text
)

// Names whose values are never kept: card verification values (PCI DSS 3.3.1), credentials, and the identity
// number and birthday of a buyer, which Nordic providers show with an order.
const hiddenNames = `cvv2?|cvc2?|csc|cid|cav2?|cvv_?number|(?:card_?)?security_?code|verification_?value|track_?[12]?(?:_?data)?|pin_?block|pin|otp|` +
	`password|passwd|secret|secret_?key|api_?secret|client_?secret|key_?secret|webhook_?secret|(?:access|refresh|affiliate|auth)_?token|authorization|` +
	`national_?id|national_identification_number|date_of_birth`

var (
	hiddenJSON = regexp.MustCompile(`(?i)("(?:` + hiddenNames + `)"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s,}\]]+)`)
	hiddenForm = regexp.MustCompile(`(?i)((?:^|[?&;\s])(?:` + hiddenNames + `)=)[^&;\s]*`)
	digitRun   = regexp.MustCompile(`[0-9](?:(?:[ .+-]|%20)?[0-9]){12,}`)
	digitGroup = regexp.MustCompile(`[0-9]+`)
)

// Scrub makes a text fit to keep and to show: secrets and verification values are hidden, card numbers
// keep their first six and last four digits, and what a database refuses as text is replaced.
func Scrub(text string, secrets ...string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	var shapes []string
	for _, secret := range secrets {
		if len(secret) < shortest {
			continue
		}
		quoted, _ := EncodeJSON(secret)
		shapes = append(shapes, secret, url.QueryEscape(secret), url.PathEscape(secret),
			strings.Trim(string(quoted), `"`), base64.StdEncoding.EncodeToString([]byte(secret)))
	}
	slices.SortFunc(shapes, func(a, b string) int { return len(b) - len(a) }) // the longest first: one may hold another
	for _, shape := range shapes {
		text = strings.ReplaceAll(text, shape, hidden)
	}
	text = hiddenJSON.ReplaceAllString(text, `${1}"`+hidden+`"`)
	text = hiddenForm.ReplaceAllString(text, `${1}`+hidden)
	return digitRun.ReplaceAllStringFunc(text, maskCards)
}

// maskCards hides the card numbers in a run of digit groups, such as "1 4111 1111 1111 1111 2".
func maskCards(run string) string {
	run = strings.ReplaceAll(run, "%20", " ")
	groups := digitGroup.FindAllStringIndex(run, -1)
	var out strings.Builder
	written := 0
	for i := 0; i < len(groups); i++ {
		for j := len(groups) - 1; j >= i; j-- {
			number := strings.Join(digitGroup.FindAllString(run[groups[i][0]:groups[j][1]], -1), "")
			if !cardNumber(number) {
				continue
			}
			out.WriteString(run[written:groups[i][0]] + number[:6] + "…" + number[len(number)-4:])
			written, i = groups[j][1], j
			break
		}
	}
	return out.String() + run[written:]
}

// cardNumber says whether digits can be a card number: 13 to 19 of them with a right check digit
// (ISO/IEC 7812-1). Numbers beginning with 0 or 1 are times and counters, not payment cards.
func cardNumber(digits string) bool {
	if len(digits) < 13 || len(digits) > 19 || digits[0] < '2' {
		return false
	}
	sum := 0
	for i := range len(digits) {
		digit := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if digit *= 2; digit > 9 {
				digit -= 9
			}
		}
		sum += digit
	}
	return sum%10 == 0
}

// scrub is the exchange as it may be kept.
func (e Exchange) scrub(secrets []string) Exchange {
	e.URL, e.Err = Scrub(e.URL, secrets...), Scrub(e.Err, secrets...)
	e.Request, e.Answer = clip(Scrub(e.Request, secrets...)), clip(Scrub(e.Answer, secrets...))
	return e
}

func clip(text string) string {
	if len(text) <= traceLimit {
		return text
	}
	return strings.ToValidUTF8(text[:traceLimit-len("…")], "") + "…"
}
