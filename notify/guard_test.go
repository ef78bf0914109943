package notify

import (
	"testing"

	"github.com/kartify/kartify/lang"
)

// TestForbiddenInTheReadersLanguage: why an address is refused is said as the sentence around it is.
func TestForbiddenInTheReadersLanguage(t *testing.T) {
	err := Guard{}.CheckURL("https://10.0.0.5/")
	const sentence = "Nothing can be posted to this address: %v."
	for code, want := range map[string]string{
		"en": "Nothing can be posted to this address: 10.0.0.5 is not an address of the public internet.",
		"ru": "На этот адрес нельзя отправить запрос: 10.0.0.5 — не адрес в публичном интернете.",
	} {
		if got := lang.T(lang.With(t.Context(), code), sentence, err); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}
