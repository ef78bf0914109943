package gatewaytest

import (
	"encoding/json"
	"net/http"

	"github.com/kartify/kartify/gateways"
)

// inbox reads the webhooks that Webhook writes.
type inbox struct{}

func (inbox) SecretField() string { return "webhook_secret" }

func (inbox) Verify(header http.Header, body []byte, secrets []string) error {
	return gateways.CheckHMAC(header.Values("X-Bogus-Signature"), body, secrets)
}

func (inbox) Read(_ http.Header, body []byte) (gateways.Event, error) {
	var event gateways.Event
	if err := gateways.CheckJSON(body); err != nil {
		return event, err
	}
	return event, gateways.DecodeJSON(body, &event)
}

// Webhook is an event as Bogus would send it, signed with the secret.
func Webhook(event gateways.Event, secret string) (http.Header, []byte) {
	body, err := json.Marshal(event)
	if err != nil {
		panic(err) // an Event is plain data
	}
	header := http.Header{"Content-Type": {"application/json"}}
	header.Set("X-Bogus-Signature", gateways.SumHMAC(body, secret))
	return header, body
}
