package gofynd

import (
	"crypto/hmac"

	"github.com/kartify/kartify/gateways"
)

// Checksum is what proves to a payment extension that Fynd sent a message, and the other way round: the lower-case
// hex HMAC-SHA256 of it, keyed with the extension's API secret (payment-extension-boilerplate, signature).
func Checksum(secret string, message []byte) string { return gateways.SumHMAC(message, secret) }

// RightChecksum says whether a checksum was made with the secret over a body, in one of its Forms.
func RightChecksum(secret, given string, raw []byte) bool {
	return RightForm(secret, given, Forms(raw))
}

// RightForm says whether a checksum was made with the secret over one of the messages, in constant time. An empty
// secret makes none.
func RightForm(secret, given string, messages [][]byte) bool {
	fits := false
	for _, message := range messages {
		if secret != "" && hmac.Equal([]byte(given), []byte(Checksum(secret, message))) {
			fits = true // the others are tried all the same, so that time tells nothing
		}
	}
	return fits
}

// Forms are the messages that the checksum of a JSON body may have been made over: the very bytes; the body as
// JavaScript writes it again, for the boilerplates sign JSON.stringify of what they parsed; that with everything that
// is not ASCII escaped; and the body as Python writes it again (Fynd's pages sign json.dumps without spaces).
// A body that changes its meaning when it is written again has no form but its bytes: no digit of a number may be lost.
func Forms(raw []byte) [][]byte {
	forms := [][]byte{raw}
	value, ok := scan(raw)
	if !ok {
		return forms
	}
	for _, write := range []writer{{}, {ascii: true}, {ascii: true, python: true}} {
		if form, ok := write.form(value); ok {
			forms = append(forms, form)
		}
	}
	return forms
}
