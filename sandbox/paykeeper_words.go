package sandbox

import (
	"fmt"
	"net/http"
	"regexp"
	"time"
	"unicode/utf16"
)

// paykeeperCurrency is the only currency of PayKeeper's payment API.
const paykeeperCurrency = "RUB"

// moscow is PayKeeper's wall clock; it has known no summer time since 2014.
var moscow = time.FixedZone("MSK", 3*60*60)

// moscowTime is a moment as PayKeeper writes it; null when there is none.
func moscowTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.In(moscow).Format(time.DateTime)
}

// moscowDay is the moment a day begins in Moscow; false when the text is no day.
func moscowDay(text string) (time.Time, bool) {
	t, err := time.ParseInLocation(time.DateOnly, text, moscow)
	return t, err == nil
}

// paykeeperJSON is an answer in JSON whose every character is ASCII, as PHP writes it.
func paykeeperJSON(v any) reply {
	var out []byte
	for _, r := range string(compact(v)) {
		switch {
		case r < 0x80:
			out = append(out, byte(r))
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return reply{http.StatusOK, http.Header{"Content-Type": {"application/json"}}, out}
}

// paykeeperNothing is what PayKeeper says when it finds nothing: 200 and not one byte.
func paykeeperNothing() reply {
	return reply{http.StatusOK, http.Header{"Content-Type": {"application/json"}}, nil}
}

// paykeeperList is rows, or nothing.
func paykeeperList[T any](rows []T) reply {
	if len(rows) == 0 {
		return paykeeperNothing()
	}
	return paykeeperJSON(rows)
}

// paykeeperFail is a refusal: 200, and a sentence in Russian.
func paykeeperFail(text string) reply {
	return paykeeperJSON(struct {
		Result string `json:"result"`
		Msg    string `json:"msg"`
	}{"fail", text})
}

// done is the answer of a change that was accepted. Some servers put it into an array; inArray says
// what this call does when the merchant has not said how it is to be.
func (m *merchant) done(inArray bool) reply {
	done := map[string]string{"result": "success"}
	if how := m.Options["wrap"]; how == "all" || how == "" && inArray {
		return paykeeperJSON([]any{done})
	}
	return paykeeperJSON(done)
}

// roubles is an amount a shop may send: digits, a point and at most two more (PayKeeper docs,
// Возврат платежа: 1234.56).
var roubles = regexp.MustCompile(`^[0-9]+(\.[0-9]{1,2})?$`)

func readRoubles(text string) (int64, bool) {
	if !roubles.MatchString(text) {
		return 0, false
	}
	minor, ok := minorUnits(text, paykeeperCurrency)
	return minor, ok && minor > 0
}
