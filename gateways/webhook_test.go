package gateways

import (
	"strings"
	"testing"
)

func TestCheckHMAC(t *testing.T) {
	const good = "b800807ed2c815a9d559a8e2f991f7716b55d5353f8a07dcf873c194c2d5d32c" // of {"key":"test value"} with "secret"
	body := []byte(`{"key":"test value"}`)
	tests := []struct {
		name       string
		signatures []string
		secrets    []string
		fits       bool
	}{
		{"the current secret", []string{good}, []string{"secret", "older"}, true},
		{"the one before", []string{good}, []string{"newer", "secret"}, true},
		{"another secret", []string{good}, []string{"newer", "older"}, false},
		{"no secret", []string{good}, nil, false},
		{"an empty secret", []string{SumHMAC(body, "")}, []string{""}, false},
		{"no header", nil, []string{"secret"}, false},
		{"an empty header", []string{""}, []string{"secret"}, false},
		{"two headers", []string{good, good}, []string{"secret"}, false},
		{"a prefix", []string{"sha256=" + good}, []string{"secret"}, false},
		{"half of it", []string{good[:32]}, []string{"secret"}, false},
	}
	for _, tt := range tests {
		if got := CheckHMAC(tt.signatures, body, tt.secrets) == nil; got != tt.fits {
			t.Errorf("%s: fits = %v", tt.name, got)
		}
	}
}

func TestCheckJSON(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"an object", `{"a":[1,"\\u0000 is no NUL","[[["]}`, ""},
		{"as deep as allowed", strings.Repeat("[", 64) + strings.Repeat("]", 64), ""},
		{"too deep", strings.Repeat("[", 65) + strings.Repeat("]", 65), "nested too deeply"},
		{"very deep and unfinished", strings.Repeat(`{"a":`, 100_000), "nested too deeply"},
		{"too long", `"` + strings.Repeat("x", bodyLimit) + `"`, "longer than 1 MiB"},
		{"not UTF-8", "\"\xff\"", "not UTF-8"},
		{"a NUL", "\"\x00\"", "holds a NUL"},
		{"an escaped NUL", `"\u0000"`, "holds a NUL"},
		{"nothing", "", "not JSON"},
		{"two values", "{}{}", "not JSON"},
		{"cut", `{"a":`, "not JSON"},
		{"ends in a backslash", `"\`, "not JSON"},
	}
	for _, tt := range tests {
		err := CheckJSON([]byte(tt.body))
		if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}
