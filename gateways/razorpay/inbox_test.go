package razorpay

import (
	"net/http"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// Vectors computed with openssl. The second to fourth fail every receiver that writes the JSON anew.
func TestVerify(t *testing.T) {
	const secret = "whsec_kartify_0001"
	tests := []struct{ body, signature string }{
		{`{"event":"payment.captured"}`, "c2265daaaab5ccfad2b135708b459a22a86d4e7fb6c6266256bbdcc93a57dd0d"},
		{`{"event": "payment.captured"}`, "2893c07132a5e7125406d17cd7add850cabf81fb2f9948a69450b88ac2c32c55"},
		{`{"event":"payment.captured"}` + "\n", "8ffffea4bf40967110b056eda9cfd326b5548f57efdd78a3690342a859a01f65"},
		{`{"description":"रवि \/ ₹1"}`, "2040a16b522447f37232e723573ccd1ced019c5b87dae4124fae99b77f441729"},
		{sample(t, "webhook_refund_processed.json"), "e9c51dbdb6986987c2959bf3bb3c6547e78805328a53f4716fbc37443c921172"},
	}
	for i, tt := range tests {
		header := http.Header{"X-Razorpay-Signature": {tt.signature}}
		if err := Driver.Inbox.Verify(header, []byte(tt.body), []string{secret}); err != nil {
			t.Errorf("vector %d: %v", i+1, err)
		}
		if err := Driver.Inbox.Verify(header, []byte(tests[(i+1)%len(tests)].body), []string{secret}); err == nil {
			t.Errorf("vector %d fits another body", i+1)
		}
	}
}

func TestRead(t *testing.T) {
	header := http.Header{"X-Razorpay-Event-Id": {"Rp71ZiqdEWusLa"}}
	read := func(name string) gateways.Event {
		t.Helper()
		event, err := Driver.Inbox.Read(header, []byte(sample(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		return event
	}
	event := read("webhook_refund_processed.json")
	if event.ID != "Rp71ZiqdEWusLa" || event.Name != "refund.processed" || event.At.Unix() != 1767225601 {
		t.Errorf("event %+v", event)
	}
	if r := event.Refund; r == nil || r.Ref != "rfnd_KF00000000001C" || r.Status != gateways.Succeeded || r.Amount != money.New(49950, "INR") ||
		r.Key != "KFRF1001A" || r.Reference != "10000000000000" || r.PaymentRef != "pay_KF00000000001B" {
		t.Errorf("refund %+v", r)
	}
	if p := event.Payment; p == nil || p.Ref != "pay_KF00000000001B" || p.Captured != 149900 || p.Refunded != 49950 {
		t.Errorf("payment %+v", p)
	}

	// A failed payment of the samples says captured, names no time and has bank data written as a list.
	event = read("webhook_payment_failed.json")
	if p := event.Payment; p == nil || !p.Failed || p.Authorized || p.Captured != 0 || p.Reason != "Payment failed" || event.Refund != nil || !event.At.IsZero() {
		t.Errorf("failed payment %+v of %+v", p, event)
	}
	event = read("webhook_payment_captured.json")
	if p := event.Payment; p == nil || p.Failed || p.Captured != 149900 || p.Method != "upi" || p.RRN != "600000000001" {
		t.Errorf("captured payment %+v", p)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"no event":                `{}`,
		"an amount of words":      `{"event":"refund.created","payload":{"refund":{"entity":{"id":"rfnd_1","amount":"ten"}}}}`,
		"an amount with decimals": `{"event":"payment.captured","payload":{"payment":{"entity":{"id":"pay_1","amount":1.5}}}}`,
		"a list for an entity":    `{"event":"payment.captured","payload":{"payment":[]}}`,
	} {
		if event, err := Driver.Inbox.Read(http.Header{}, []byte(body)); err == nil {
			t.Errorf("%s is read as %+v", name, event)
		}
	}
	event, err := Driver.Inbox.Read(http.Header{"X-Razorpay-Event-Id": {"a\x00b"}}, []byte(`{"event":"payment.captured","payload":{}}`))
	if err != nil || event.ID != "" || event.Payment != nil {
		t.Errorf("got %+v, %v", event, err)
	}
}

func FuzzRead(f *testing.F) {
	for _, body := range []string{
		`{"event":"refund.processed","payload":{"refund":{"entity":{"id":"rfnd_1","notes":[]}},"payment":{"entity":{"id":"pay_1","card":null}}}}`,
		`{"event":"payment.failed","event":"refund.failed","created_at":-1}`, `{"event":1}`, `[]`, ``,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		event, err := Driver.Inbox.Read(http.Header{}, body)
		if err == nil && event.Name == "" {
			t.Fatalf("%q is an event without a name", body)
		}
	})
}
