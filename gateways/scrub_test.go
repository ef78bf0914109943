package gateways

import (
	"encoding/base64"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestScrub(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a card number", `{"number":"4111111111111111"}`, `{"number":"411111…1111"}`},
		{"as a number", `{"n":5555555555554444}`, `{"n":555555…4444}`},
		{"with spaces", "card 4111 1111 1111 1111.", "card 411111…1111."},
		{"with hyphens", "3782-822463-10005", "378282…0005"},
		{"escaped for a form", "n=4111+1111+1111+1111&m=4111%201111%201111%201111", "n=411111…1111&m=411111…1111"},
		{"among other digits", "no 1 4111 1111 1111 1111 2", "no 1 411111…1111 2"},
		{"a wrong check digit", "4111111111111112", "4111111111111112"},
		{"a request id of 20 digits", "16916747740991418099", "16916747740991418099"},
		{"milliseconds", "1700000000000 1700000000001 1700000000002", "1700000000000 1700000000001 1700000000002"},
		{"a verification value", `{"cvv":"123","CVC2": 4567,"security_code":"1\"2"}`, `{"cvv":"•••","CVC2": "•••","security_code":"•••"}`},
		{"in a form", "a=1&cvv=123&b=2", "a=1&cvv=•••&b=2"},
		{"credentials of others", `{"access_token":"abc","password":"x"}`, `{"access_token":"•••","password":"•••"}`},
		{"who somebody is", `{"NationalId":"198001019876","customer":{"date_of_birth":"1980-01-01"}}`, `{"NationalId":"•••","customer":{"date_of_birth":"•••"}}`},
		{"a postal code", `{"pincode":"400001"}`, `{"pincode":"400001"}`},
		{"our secret", "key hush-hush and hush%2Fhush", "key ••• and •••"},
		{"what a database refuses", "a\x00b\xff", "a\uFFFDb\uFFFD"},
	}
	for _, tt := range tests {
		if got := Scrub(tt.text, "hush-hush", "hush/hush", "", "x"); got != tt.want {
			t.Errorf("%s: Scrub(%q) = %q, want %q", tt.name, tt.text, got, tt.want)
		}
	}
	encoded := base64.StdEncoding.EncodeToString([]byte("hush-hush"))
	if got := Scrub("Basic "+encoded, "hush-hush"); got != "Basic •••" {
		t.Errorf("an encoded secret stays: %q", got)
	}
}

func TestATraceIsClipped(t *testing.T) {
	x := Exchange{Answer: strings.Repeat("é", traceLimit)}.scrub(nil)
	if len(x.Answer) > traceLimit || !utf8.ValidString(x.Answer) || !strings.HasSuffix(x.Answer, "…") {
		t.Errorf("%d bytes, ending %q", len(x.Answer), x.Answer[len(x.Answer)-6:])
	}
}

func FuzzScrub(f *testing.F) {
	f.Add("4111 1111 1111 1111", "hush-hush")
	f.Add(`{"cvv":"123`, "4111")
	f.Add("1-4111%201111+1111.1111-1", "%20")
	f.Fuzz(func(t *testing.T, text, secret string) {
		got := Scrub(text, secret)
		if !utf8.ValidString(got) || strings.Contains(got, "\x00") {
			t.Fatalf("Scrub(%q) = %q", text, got)
		}
		const card = "4111111111111111"
		if strings.Contains(Scrub(text+" x"+card+"x "+text, "hush-hush"), card) {
			t.Fatalf("a card number survives in %q", text)
		}
	})
}
