package klarna

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/kartify/kartify/gateways"
)

// inbox reads what Klarna reports: a push without a body, and fraud notifications. Neither is signed, so
// both only say which order to ask about (Klarna docs, confirm purchase and pending orders).
type inbox struct{}

// SecretField is where the store keeps the token that stands in the address of its callbacks.
func (inbox) SecretField() string { return "callback_token" }

// Verify compares the token in the address, where the store has one.
func (inbox) Verify(header http.Header, _ []byte, secrets []string) error {
	_, token, _ := strings.Cut(header.Get(gateways.RefHeader), ".")
	given, asked, fits := sha256.Sum256([]byte(token)), false, false
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		want := sha256.Sum256([]byte(secret))
		asked = true
		fits = hmac.Equal(given[:], want[:]) || fits
	}
	if asked && !fits {
		return gateways.ErrSignature
	}
	return nil
}

type notification struct {
	OrderID string `json:"order_id"`
	Event   string `json:"event_type"`
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// Read understands which order a report is about. What the order's state is, Klarna is asked.
func (inbox) Read(header http.Header, body []byte) (gateways.Event, error) {
	ref, _, _ := strings.Cut(header.Get(gateways.RefHeader), ".")
	event := gateways.Event{Name: "push"}
	if len(body) > 0 {
		if err := gateways.CheckJSON(body); err != nil {
			return gateways.Event{}, fmt.Errorf("read a Klarna notification: %w", err)
		}
		var in notification
		if err := json.Unmarshal(body, &in); err != nil {
			return gateways.Event{}, fmt.Errorf("read a Klarna notification: %w", err)
		}
		if in.OrderID != "" && ref != "" && in.OrderID != ref {
			return gateways.Event{}, errors.New("read a Klarna notification: its body and its address name two orders")
		}
		if in.Event != "" {
			event.Name = in.Event
		}
		if in.OrderID != "" {
			ref = in.OrderID
		}
	}
	if !uuid.MatchString(ref) {
		return gateways.Event{}, errors.New("read a Klarna notification: it names no order")
	}
	event.Payment = &gateways.Payment{Ref: ref}
	return event, nil
}
