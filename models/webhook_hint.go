package models

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strings"

	"github.com/kartify/kartify/gateways"
)

// Hints are webhooks of providers that prove nothing, or not enough: an empty push, a weak digest, a body
// that is encrypted and not signed. A hint only says whom to ask about: the provider is asked, and its answer
// is applied. What a hint itself says about money is never used.

// hintLimit is how many bytes a hint may have. The longest known ones are a few KiB of hex digits.
const hintLimit = 64 << 10

// hints says whether the webhooks of a source are only hints.
func (db *DB) hints(source string) bool { return db.drivers[source].Trust == gateways.Hinted }

// checkBody says why a body is not one that is taken in, or nil. A hint may be a form, or empty.
func checkBody(d Delivery, hint bool) error {
	if !hint {
		return gateways.CheckJSON(d.Body) //nolint:wrapcheck // a sentence
	}
	kind, _, _ := mime.ParseMediaType(d.Header.Get("Content-Type")) //nolint:errcheck // what cannot be read is no JSON
	switch {
	case len(d.Body) > hintLimit:
		return errors.New("the body is longer than 64 KiB")
	case kind == "application/json" && len(d.Body) > 0:
		return gateways.CheckJSON(d.Body) //nolint:wrapcheck // a sentence
	}
	return nil
}

// sumOf tells webhooks apart: signed ones by their bytes. Hints are never duplicates of one another, for the
// same bytes mean something else later; they are told apart by their moment.
func sumOf(d Delivery, hint bool) []byte {
	if !hint {
		sum := sha256.Sum256(d.Body)
		return sum[:]
	}
	moment := make([]byte, 16)
	_, _ = rand.Read(moment) // never fails
	sum := sha256.Sum256(append(moment, d.Body...))
	return sum[:]
}

// sealedValue is a value of a form that is a digest or encrypted: digits in it are no card number.
var sealedValue = regexp.MustCompile(`^[^=]*=(?:[0-9a-fA-F]{32,}|[A-Za-z0-9+/_%-]{200,}(?:=|%3D){0,2})\s*$`)

// withoutCardsOf is a body without card numbers, by what kind of body it is.
func withoutCardsOf(d Delivery, hint bool, keep ...string) []byte {
	kind, _, _ := mime.ParseMediaType(d.Header.Get("Content-Type")) //nolint:errcheck // what cannot be read is no form
	if !hint || kind != "application/x-www-form-urlencoded" {
		return withoutCards(d.Body, keep...)
	}
	parts := bytes.Split(d.Body, []byte("&"))
	for i, part := range parts {
		if !sealedValue.Match(part) {
			parts[i] = withoutCards(part, keep...)
		}
	}
	return bytes.Join(parts, []byte("&"))
}

// secretsFor are the secrets of a store that fit a delivery. None is no obstacle to a hint that needs none.
func (db *DB) secretsFor(ctx context.Context, d Delivery, inbox gateways.Inbox, store signer) ([]string, error) {
	versions, err := db.webhookSettings(ctx, d)
	if err != nil {
		return nil, err
	}
	var secrets []string
	for i := range versions {
		v := &versions[i]
		if v.StoreID != store.store || store.mode != "" && v.Mode != store.mode {
			continue
		}
		own := db.webhookSecrets(ctx, v, inbox)
		if inbox.Verify(d.Header, d.Body, own) == nil {
			secrets = append(secrets, own...)
		}
	}
	return secrets, nil
}

// opened is what is inside a webhook that its provider encrypts.
func opened(inbox gateways.Inbox, d Delivery, secrets []string) ([]byte, error) {
	opener, closed := inbox.(gateways.Opener)
	if !closed {
		return d.Body, nil
	}
	inside, err := opener.Open(d.Header, d.Body, secrets)
	if err != nil {
		return nil, fmt.Errorf("it cannot be opened: %w", err)
	}
	return inside, nil
}

// answerTo is what the provider expects to be told, when it expects anything of its own. One that speaks of
// another amount, or of an order nobody knows, is kept and not told that all is well: so the provider repeats
// itself and shows that the shop has not taken it.
func (db *DB) answerTo(ctx context.Context, inbox gateways.Inbox, event gateways.Event, store signer, source string, secrets []string, receipt *Receipt) error {
	replier, ok := inbox.(gateways.Replier)
	if !ok || event.Payment == nil {
		return nil
	}
	at := origin{store: store.store, gateway: source, mode: store.mode}
	p, err := db.knownPayment(ctx, at, event.Payment)
	switch {
	case err != nil:
		return err
	case p == nil:
		receipt.Doubt = "No order here knows this payment."
	case event.Payment.Amount.Currency != "" && event.Payment.Amount != p.Amount(p.AmountMinor):
		receipt.Doubt = fmt.Sprintf("It speaks of %s, but the payment is of %s.", event.Payment.Amount, p.Amount(p.AmountMinor))
	case event.Payment.OrderRef != "" && p.OrderRef != "" && event.Payment.OrderRef != p.OrderRef && event.Payment.Ref == deref(p.Ref):
		// the digits of the name and the order's number may have been parted elsewhere: the key has nothing between them
		receipt.Doubt = fmt.Sprintf("It says that the payment belongs to %s, but it belongs to %s.", event.Payment.OrderRef, p.OrderRef)
	default:
		receipt.ContentType, receipt.Answer = replier.Reply(event, secrets)
	}
	return nil
}

// CallbackHeaders are the headers of a callback with what its address says in place of whatever the sender
// claims: ref is the provider's order, maybe with a token behind a full stop, or the kind of callback.
func CallbackHeaders(h http.Header, ref string) http.Header {
	h = h.Clone()
	h.Del(gateways.RefHeader)
	if ref != "" {
		h.Set(gateways.RefHeader, ref)
	}
	return h
}

// withoutToken are headers whose callback's address is kept without its token.
func withoutToken(h http.Header) http.Header {
	if ref, _, cut := strings.Cut(h.Get(gateways.RefHeader), "."); cut {
		h.Set(gateways.RefHeader, ref)
	}
	return h
}
