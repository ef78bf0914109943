package models

import (
	"bytes"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

const (
	refusedBodyLimit = 16 << 10 // bytes kept of a body that was not accepted
	headerLimit      = 40       // headers kept
	headerSize       = 1 << 10  // bytes kept of one value
)

// Headers that may carry a credential of the sender, or that say nothing.
var droppedHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie", "Connection", "Accept-Encoding"}

// keptHeaders are the headers of a webhook as they may be stored.
func keptHeaders(header http.Header) http.Header {
	kept := http.Header{}
	for name, values := range header {
		lower := strings.ToLower(name)
		if slices.Contains(droppedHeaders, name) || strings.Contains(lower, "token") || strings.Contains(lower, "secret") || len(kept) >= headerLimit {
			continue
		}
		for _, value := range values[:min(len(values), 4)] {
			kept.Add(name, textOf(value[:min(len(value), headerSize)]))
		}
	}
	return kept
}

// textOf is what the database takes as text: UTF-8 without NUL.
func textOf(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

var (
	cardLike     = regexp.MustCompile(`[2-8][0-9]{3}(?:[ -]?[0-9]){9,15}`)
	verification = regexp.MustCompile(`(?i)("(?:cvv2?|cvc2?|cav2?|cid|card_?security_?code)"\s*:\s*)("[^"]*"|[0-9]+)`)
)

// withoutCards is a body in which card numbers keep their first six and last four digits, the others being
// 0, and verification values are empty (PCI DSS 3.3 and 3.5). It stays as readable as it was: ids that
// happen to look like card numbers are named in keep and stay.
func withoutCards(body []byte, keep ...string) []byte {
	body = verification.ReplaceAll(body, []byte(`${1}""`))
	spans := cardLike.FindAllIndex(body, -1)
	if spans == nil {
		return body
	}
	masked := bytes.Clone(body)
	for _, span := range spans {
		if touchesDigit(body, span) || slices.Contains(keep, string(body[span[0]:span[1]])) {
			continue
		}
		maskCard(masked[span[0]:span[1]])
	}
	return masked
}

// touchesDigit says whether a run of digits goes on beyond the span: then it is longer than a card number.
func touchesDigit(body []byte, span []int) bool {
	digit := func(i int) bool { return i >= 0 && i < len(body) && body[i] >= '0' && body[i] <= '9' }
	return digit(span[0]-1) || digit(span[1])
}

// maskCard hides the middle of a number whose check digit is right (ISO/IEC 7812-1).
func maskCard(text []byte) {
	var at []int
	for i, b := range text {
		if b >= '0' && b <= '9' {
			at = append(at, i)
		}
	}
	sum := 0
	for i := range at {
		d := int(text[at[len(at)-1-i]] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	if sum%10 != 0 {
		return
	}
	for _, i := range at[6 : len(at)-4] {
		text[i] = '0'
	}
}
