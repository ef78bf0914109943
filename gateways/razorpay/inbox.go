package razorpay

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/kartify/kartify/gateways"
)

// inbox reads Razorpay's webhooks. They come at least once and in any order, each a snapshot of the time
// of its event (Razorpay docs, webhooks/best-practices).
type inbox struct{}

// SecretField is where the store keeps the webhook secret.
func (inbox) SecretField() string { return "webhook_secret" }

// Verify checks X-Razorpay-Signature over the raw body. After a change of the secret, Razorpay still signs
// the repeats of older events with the old one.
func (inbox) Verify(header http.Header, body []byte, secrets []string) error {
	return gateways.CheckHMAC(header.Values("X-Razorpay-Signature"), body, secrets)
}

type envelope struct {
	Event     string                     `json:"event"`
	CreatedAt int64                      `json:"created_at"`
	Payload   map[string]json.RawMessage `json:"payload"`
}

// Read understands a verified body. The state is that of the entities, not of the event's name. The event's
// id comes from a header that the signature does not cover.
func (inbox) Read(header http.Header, body []byte) (gateways.Event, error) {
	if err := gateways.CheckJSON(body); err != nil {
		return gateways.Event{}, fmt.Errorf("read a Razorpay webhook: %w", err)
	}
	var in envelope
	if err := json.Unmarshal(body, &in); err != nil {
		return gateways.Event{}, fmt.Errorf("read a Razorpay webhook: %w", err)
	}
	if in.Event == "" {
		return gateways.Event{}, fmt.Errorf("read a Razorpay webhook: it names no event")
	}
	event := gateways.Event{ID: gateways.HeaderID(header, "X-Razorpay-Event-Id"), Name: in.Event, At: at(in.CreatedAt)}
	family, _, _ := strings.Cut(in.Event, ".")
	if family != "payment" && family != "order" && family != "refund" || strings.Count(in.Event, ".") != 1 {
		return event, nil // payment.dispute.created, settlement.processed and what is yet to come
	}
	var p struct{ Entity payment }
	if raw, err := entity(in.Payload["payment"], &p.Entity); err != nil {
		return event, fmt.Errorf("read the payment of a Razorpay webhook: %w", err)
	} else if p.Entity.ID != "" {
		seen := p.Entity.payment(raw)
		event.Payment = &seen
	}
	var r refund
	if raw, err := entity(in.Payload["refund"], &r); err != nil {
		return event, fmt.Errorf("read the refund of a Razorpay webhook: %w", err)
	} else if r.ID != "" {
		result := r.result(raw)
		event.Refund = &result
	}
	return event, nil
}

// entity reads {"entity":{…}} and gives the bytes of what is inside.
func entity(raw json.RawMessage, out any) ([]byte, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var in struct {
		Entity json.RawMessage `json:"entity"`
	}
	if err := json.Unmarshal(raw, &in); err != nil || len(in.Entity) == 0 {
		return nil, err
	}
	return in.Entity, json.Unmarshal(in.Entity, out)
}
