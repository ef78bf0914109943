package paykeeper

import (
	"crypto/md5" //nolint:gosec // the provider's own signature (POST notifications)
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"math/big"
	"net/http"
	"strings"

	"github.com/kartify/kartify/gateways"
)

// inbox reads the notification of a payment that was made. It comes up to fifty times, until it is answered as
// PayKeeper wants it (POST notifications).
type inbox struct{}

// SecretField is where the store keeps the secret word.
func (inbox) SecretField() string { return "secret_word" }

// Verify checks the field key, an MD5 over four fields and the secret word. The fields stand there without
// anything between them, so a right key does not prove which is which: what the notification says is only
// a reason to ask PayKeeper.
func (inbox) Verify(_ http.Header, body []byte, secrets []string) error {
	fields, err := gateways.ReadForm(body)
	if err != nil {
		return gateways.ErrSignature
	}
	if signedBy(fields, secrets) == "" {
		return gateways.ErrSignature
	}
	return nil
}

// signedBy is the secret word under which the key is right, or "".
func signedBy(fields map[string]string, secrets []string) string {
	key := strings.ToLower(fields["key"])
	if fields["id"] == "" || fields["sum"] == "" || len(key) != 2*md5.Size {
		return ""
	}
	fits := ""
	for _, secret := range secrets {
		for _, sum := range []string{twoDecimals(fields["sum"]), fields["sum"]} {
			want := digest(fields["id"] + sum + fields["clientid"] + fields["orderid"] + secret)
			if subtle.ConstantTimeCompare([]byte(key), []byte(want)) == 1 && secret != "" {
				fits = secret // the others are tried all the same, so that time tells nothing
			}
		}
	}
	return fits
}

func digest(text string) string {
	sum := md5.Sum([]byte(text)) //nolint:gosec // the provider's own signature
	return hex.EncodeToString(sum[:])
}

// twoDecimals writes a plain decimal with two digits after the point, rounded as the cabinet rounds; any other
// text stays as it is.
func twoDecimals(text string) string {
	whole, fraction, pointed := strings.Cut(text, ".")
	if len(text) > 20 || !digits(whole) || pointed && !digits(fraction) {
		return text
	}
	number, ok := new(big.Rat).SetString(text)
	if !ok {
		return text
	}
	return number.FloatString(2)
}

func digits(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}

// Read understands a notification: which payment PayKeeper should be asked about, and what it claims of it.
func (inbox) Read(_ http.Header, body []byte) (gateways.Event, error) {
	fields, err := gateways.ReadForm(body)
	if err != nil {
		return gateways.Event{}, fmt.Errorf("read a PayKeeper notification: %w", err)
	}
	event := gateways.Event{Name: "notification", At: at(fields["obtain_datetime"])}
	if fields["id"] == "" || fields["sum"] == "" {
		return gateways.Event{Name: "other"}, nil // such as the end of a receipt
	}
	amount, err := amountOf(fields["sum"])
	if err != nil {
		return gateways.Event{}, fmt.Errorf("read the sum of a PayKeeper notification: %w", err)
	}
	seen := gateways.Payment{
		Ref: fields["id"], OrderRef: fields["orderid"], Amount: amount, Word: "obtained", Authorized: true, At: event.At, Raw: body,
	}
	if seen.CaptureBefore = at(fields["batch_date"]); seen.CaptureBefore.IsZero() && fields["batch_date"] == "" {
		seen.Captured = amount.Minor
	}
	describe(&seen, nil, fields)
	delete(seen.Params, "key")
	event.Payment = &seen
	return event, nil
}

// Reply is the answer after which PayKeeper counts a notification as taken in, written with the secret word
// that signed it.
func (inbox) Reply(event gateways.Event, secrets []string) (contentType string, body []byte) {
	if event.Payment == nil || len(secrets) == 0 {
		return "", nil
	}
	secret := secrets[0]
	if fields, err := gateways.ReadForm(event.Payment.Raw); err == nil {
		if fits := signedBy(fields, secrets); fits != "" {
			secret = fits
		}
	}
	return "text/plain; charset=utf-8", []byte("OK " + digest(event.Payment.Ref+secret))
}
