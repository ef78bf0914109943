package sandbox

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

const whsec = "whsec_kartify_0001"

func TestSignatureVectors(t *testing.T) {
	w5, err := os.ReadFile("testdata/razorpay_refund_processed.json")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, key, message, want string }{
		{"C1", "EnLs21M47BllR3X8PSFtjtbd", "order_IEIaMR65cu6nz3|pay_IH4NVgf4Dreq1l", "0d4e745a1838664ad6c9c9902212a32d627d68e917290b0ad5f08ff4561bc50f"},
		{"C2", "kartify_test_secret_0001", "order_KF00000000001A|pay_KF00000000001B", "4d442ab194f83e5ea0091404b2528f66173a204a31919a6d2211ca32ddfb5d6a"},
		{"W1", whsec, `{"event":"payment.captured"}`, "c2265daaaab5ccfad2b135708b459a22a86d4e7fb6c6266256bbdcc93a57dd0d"},
		{"W2", whsec, `{"event": "payment.captured"}`, "2893c07132a5e7125406d17cd7add850cabf81fb2f9948a69450b88ac2c32c55"},
		{"W3", whsec, `{"event":"payment.captured"}` + "\n", "8ffffea4bf40967110b056eda9cfd326b5548f57efdd78a3690342a859a01f65"},
		{"W4", whsec, `{"description":"रवि \/ ₹1"}`, "2040a16b522447f37232e723573ccd1ced019c5b87dae4124fae99b77f441729"},
		{"W5", whsec, string(w5), "e9c51dbdb6986987c2959bf3bb3c6547e78805328a53f4716fbc37443c921172"},
	}
	for _, tt := range tests {
		if got := hexHMAC(tt.key, []byte(tt.message)); got != tt.want {
			t.Errorf("%s is %s, want %s", tt.name, got, tt.want)
		}
	}
	var e razorpayEvent // and what is published reads as what is sent here
	if err := json.Unmarshal(w5, &e); err != nil || e.Payload.Refund.Entity.Amount != 49950 || *e.Payload.Payment.Entity.RefundStatus != "partial" {
		t.Errorf("W5 reads as %+v, %v", e, err)
	}
}

// connect sends the default merchant's webhooks to a shop.
func (b *bench) connect(s *shop) {
	b.control("POST", "/merchants", obj{"gateway": "razorpay", "key_id": defaultRazorpay.KeyID, "webhook_url": s.URL}, nil)
}

func names(t *testing.T, got []delivery) []string {
	var list []string
	for _, d := range got {
		list = append(list, d.event(t).Event)
	}
	slices.Sort(list)
	return list
}

func TestWebhooksOfARefund(t *testing.T) {
	cfg := quick()
	cfg.RefundDelay = 30 * time.Millisecond
	b, s := openBench(t, cfg), newShop(t, always(200))
	b.connect(s)
	id := b.pay("captured", obj{"email": "a/b@x.example"})
	made := b.rzp("POST", "/payments/"+id+"/refund", `{"amount":49950,"receipt":"KFRF1001A"}`)
	got := s.wait(t, 2)
	created, processed := got[0].event(t), got[1].event(t)
	if created.Event != "refund.created" || created.Payload.Refund.Entity.Status != "pending" {
		t.Errorf("first %s", got[0].body)
	}
	r := processed.Payload.Refund.Entity
	if processed.Event != "refund.processed" || r.Status != "processed" || r.ID != made.text(t, "id") || *r.Receipt != "KFRF1001A" {
		t.Errorf("second %s", got[1].body)
	}
	if p := processed.Payload.Payment.Entity; p.AmountRefunded != 49950 || *p.RefundStatus != "partial" || !p.Captured {
		t.Errorf("payment in it %+v", p)
	}
	for _, d := range got {
		if d.header.Get("X-Razorpay-Signature") != hexHMAC(whsec, d.body) {
			t.Errorf("signature of %s", d.body)
		}
		if id := d.header.Get("X-Razorpay-Event-Id"); len(id) != 14 || d.header.Get("Request-Id") != id {
			t.Errorf("event id %q", id)
		}
		if !bytes.Contains(d.body, []byte(`a\/b@x.example`)) || d.header.Get("User-Agent") != "Razorpay-Webhook/v1" {
			t.Errorf("not written as Razorpay writes: %s", d.body)
		}
	}
}

func TestWebhooksAreSentUntilTaken(t *testing.T) {
	b, s := newBench(t), newShop(t, func(n int) int { return []int{500, 400, 200}[min(n, 2)] })
	b.connect(s)
	id := b.pay("captured")
	b.rzp("POST", "/payments/"+id+"/refund", `{"amount":100}`)
	got := s.wait(t, 3)
	for _, d := range got[1:] {
		if !bytes.Equal(d.body, got[0].body) || d.header.Get("X-Razorpay-Event-Id") != got[0].header.Get("X-Razorpay-Event-Id") {
			t.Error("an attempt differs from the first one")
		}
	}
	eventually(t, "the event is done", func() bool {
		var events []event
		b.control("GET", "/events?payment="+id, nil, &events)
		return len(events) == 1 && events[0].Done && len(events[0].Tries) == 3 && events[0].Tries[1].Status == 400
	})
}

func TestWebhooksAreGivenUp(t *testing.T) {
	b, s := newBench(t), newShop(t, always(500))
	b.connect(s)
	id := b.pay("captured")
	b.rzp("POST", "/payments/"+id+"/refund", `{"amount":100}`)
	s.wait(t, 3)
	time.Sleep(20 * time.Millisecond)
	if got := len(s.deliveries()); got != 3 {
		t.Errorf("%d attempts, want 3", got)
	}
}

func TestWebhooksOnRequest(t *testing.T) {
	b, s := newBench(t), newShop(t, func(n int) int { return 200 + n })
	id := b.pay("captured")
	send := func(in obj) sent {
		var out sent
		b.control("POST", "/webhooks", merged(obj{"gateway": "razorpay", "payment": id, "to": s.URL}, in), &out)
		return out
	}
	if got := send(obj{"event": "payment.captured", "times": 3}); !slices.Equal(got.Statuses, []int{200, 201, 202}) {
		t.Errorf("statuses %v", got.Statuses)
	}
	three := s.deliveries()
	if !bytes.Equal(three[0].body, three[2].body) || three[0].header.Get("X-Razorpay-Event-Id") != three[2].header.Get("X-Razorpay-Event-Id") {
		t.Error("times did not repeat the same bytes and id")
	}
	if e := three[0].event(t); e.Payload.Payment.Entity.Status != "captured" || e.AccountID != defaultRazorpay.AccountID {
		t.Errorf("sent %s", three[0].body)
	}
	send(obj{"event": "payment.failed"})
	if e := s.deliveries()[3].event(t); e.Payload.Payment.Entity.Status != "failed" || *e.Payload.Payment.Entity.ErrorReason != "payment_failed" {
		t.Errorf("failed is shown as %+v", e.Payload.Payment.Entity)
	}
	if got := b.rzp("GET", "/payments/"+id, ""); got.text(t, "status") != "captured" {
		t.Errorf("sending an event changed the payment: %s", got.body)
	}
	if got := b.do("POST", "/_sandbox/webhooks", `{"gateway":"razorpay","event":"refund.processed","payment":"`+id+`","to":"`+s.URL+`"}`); got.status != 400 {
		t.Errorf("an event about no refund answered %d", got.status)
	}
}

func merged(a, b obj) obj {
	out := obj{}
	for name, value := range a {
		out[name] = value
	}
	for name, value := range b {
		out[name] = value
	}
	return out
}

func TestWebhookHistoryInAnyOrder(t *testing.T) {
	b, s := newBench(t), newShop(t, always(200))
	id := b.pay("captured", obj{"refunded_minor": 5000})
	var out sent
	b.control("POST", "/webhooks", obj{"gateway": "razorpay", "payment": id, "to": s.URL, "shuffle": true, "times": 2}, &out)
	want := []string{"order.paid", "payment.authorized", "payment.captured", "refund.created", "refund.processed"}
	want = append(want, want...)
	slices.Sort(want)
	if got := names(t, s.deliveries()); !slices.Equal(got, want) {
		t.Errorf("sent %v", got)
	}
}

func TestForgedWebhooks(t *testing.T) {
	b, s := newBench(t), newShop(t, always(401))
	id := b.pay("captured")
	forged := func(how string) (sent []delivery) {
		before := len(s.deliveries())
		b.control("POST", "/webhooks", obj{"gateway": "razorpay", "event": "payment.captured", "payment": id, "to": s.URL, "forge": how}, nil)
		return s.deliveries()[before:]
	}
	signed := func(d delivery) bool { return d.header.Get("X-Razorpay-Signature") == hexHMAC(whsec, d.body) }
	eventID := func(d delivery) string { return d.header.Get("X-Razorpay-Event-Id") }

	if d := forged("signature")[0]; signed(d) || len(d.header.Get("X-Razorpay-Signature")) != 64 {
		t.Error("signature: it is the right one, or none")
	}
	if d := forged("missing")[0]; len(d.header.Values("X-Razorpay-Signature")) != 0 || eventID(d) == "" {
		t.Error("missing: it is signed, or has no id")
	}
	d := forged("reserialized")[0]
	var small bytes.Buffer
	if err := json.Compact(&small, d.body); err != nil || signed(d) || d.header.Get("X-Razorpay-Signature") != hexHMAC(whsec, small.Bytes()) {
		t.Error("reserialized: the signature is not that of the body before")
	}
	if d := forged("oversized")[0]; len(d.body) < 2<<20 || !signed(d) || !json.Valid(d.body) {
		t.Error("oversized: it is small, or not signed properly")
	}
	if d := forged("non_utf8")[0]; utf8.Valid(d.body) || !signed(d) {
		t.Error("non_utf8: it is text, or not signed properly")
	}

	replay := forged("replay_new_id") // nothing was sent before: a genuine one comes first
	if len(replay) != 2 || !bytes.Equal(replay[0].body, replay[1].body) || eventID(replay[0]) == eventID(replay[1]) || !signed(replay[1]) {
		t.Errorf("replay_new_id: %d messages", len(replay))
	}
	again := forged("replay_new_id")
	if len(again) != 1 || !bytes.Equal(again[0].body, replay[0].body) || eventID(again[0]) == eventID(replay[1]) {
		t.Errorf("replay_new_id again: %d messages", len(again))
	}
	other := forged("other_event_bytes")
	if len(other) != 1 || eventID(other[0]) != eventID(replay[0]) || !signed(other[0]) || other[0].event(t).Event != "payment.failed" {
		t.Errorf("other_event_bytes: %d messages", len(other))
	}
	if got := b.do("POST", "/_sandbox/webhooks", `{"gateway":"razorpay","event":"payment.captured","payment":"`+id+`","to":"`+s.URL+`","forge":"gold"}`); got.status != 400 || !strings.Contains(got.body, "gold") {
		t.Errorf("an unknown forgery answered %d %s", got.status, got.body)
	}
}
