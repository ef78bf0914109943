package gateways

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"
)

const (
	bodyLimit  = 1 << 20 // bytes of a webhook we are ready to read
	depthLimit = 64
)

// SumHMAC is the lower-case hex HMAC-SHA256 of body.
func SumHMAC(body []byte, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// CheckHMAC compares the one value of a signature header with the hex HMAC-SHA256 of the raw body under each
// secret, in constant time. No header, two headers or no secret is ErrSignature; an empty secret fits nothing.
func CheckHMAC(signatures []string, body []byte, secrets []string) error {
	if len(signatures) != 1 {
		return ErrSignature
	}
	fits := false
	for _, secret := range secrets {
		if secret != "" && hmac.Equal([]byte(signatures[0]), []byte(SumHMAC(body, secret))) {
			fits = true // the others are tried all the same, so that time tells nothing
		}
	}
	if !fits {
		return ErrSignature
	}
	return nil
}

// HeaderID is the id of a webhook in one of its headers, or "" when what stands there cannot be an id.
// No signature covers it.
func HeaderID(header http.Header, name string) string {
	id := header.Get(name)
	if len(id) > 128 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return id
}

// CheckJSON says why a body is not one that we take in: longer than 1 MiB, not UTF-8, holding a NUL,
// nested deeper than 64, or not one JSON value.
func CheckJSON(body []byte) error {
	switch {
	case len(body) > bodyLimit:
		return errors.New("the body is longer than 1 MiB")
	case !utf8.Valid(body):
		return errors.New("the body is not UTF-8")
	}
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch b := body[i]; {
		case b == 0:
			return errors.New("the body holds a NUL")
		case quoted && b == '\\':
			if len(body) > i+5 && string(body[i:i+6]) == `\u0000` {
				return errors.New("the body holds a NUL")
			}
			i++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{' || b == '[':
			if depth++; depth > depthLimit {
				return errors.New("the body is nested too deeply")
			}
		case b == '}' || b == ']':
			depth--
		}
	}
	if !json.Valid(body) {
		return errors.New("the body is not JSON")
	}
	return nil
}
