package razorpay

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/money"
)

// The order of the testdata: 1499.00 INR paid by card, of which 499.50 INR goes back.
var (
	settings = gateways.Settings{Mode: "test", Values: map[string]string{
		"key_id": "rzp_test_KF00000000000A", "key_secret": "kartify_test_secret_0001", "webhook_secret": "whsec_kartify_0001",
	}}
	refundOf = gateways.Request{
		Verb: gateways.Refund, PaymentRef: "pay_KF00000000001B", OrderRef: "order_KF00000000001A",
		Amount: money.New(49950, "INR"), IdempotencyKey: "KFRF1001A-1", Reason: "Damaged",
	}
	captureOf = gateways.Request{Verb: gateways.Capture, PaymentRef: "pay_KF00000000001B", Amount: money.New(149900, "INR"), IdempotencyKey: "KFCP1001A-1"}
)

func sample(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestConform(t *testing.T) {
	refund, payment := sample(t, "refund.json"), sample(t, "payment.json")
	body := sample(t, "webhook_refund_processed.json")
	gatewaytest.Conform(t, Driver, settings, gatewaytest.Provider{
		Check:    `{"entity":"collection","count":0,"items":[]}`,
		Requests: map[gateways.Verb]gateways.Request{gateways.Refund: refundOf, gateways.Capture: captureOf},
		Answers:  map[gateways.Verb]string{gateways.Refund: refund, gateways.Capture: payment},
		Odd: map[gateways.Verb]string{
			gateways.Refund:  strings.Replace(refund, "processed", "reversed", 1),
			gateways.Capture: strings.Replace(payment, `"captured"`, `"on_hold"`, 1),
		},
		Webhook: &gatewaytest.Webhooks{
			Header:  http.Header{"X-Razorpay-Signature": {"e9c51dbdb6986987c2959bf3bb3c6547e78805328a53f4716fbc37443c921172"}, "X-Razorpay-Event-Id": {"Rp71ZiqdEWusLa"}},
			Body:    []byte(body),
			Secret:  "whsec_kartify_0001",
			Name:    "refund.processed",
			Unknown: []byte(`{"entity":"event","event":"payment.downtime.started","payload":{"payment.downtime":{"entity":{"id":"down_1"}}}}`),
		},
	})
}

// shop is a Razorpay that answers by path, and remembers what it was sent.
type shop struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]string // "GET /payments/x" → "400 {…}"; 200 when no status stands before
	sent    []*http.Request
	bodies  []string
}

func newShop(t *testing.T, answers map[string]string) *shop {
	s := &shop{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sent, s.bodies = append(s.sent, r), append(s.bodies, string(body))
		answer, ok := s.answers[r.Method+" "+r.URL.RequestURI()]
		if !ok {
			answer = `400 {"error":{"code":"BAD_REQUEST_ERROR","description":"The id provided does not exist"}}`
		}
		status := 200
		if !strings.HasPrefix(answer, "{") {
			_, _ = fmt.Sscanf(answer, "%d", &status)
			answer = answer[4:]
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *shop) open(t *testing.T) *gateway {
	t.Helper()
	at := settings
	at.BaseURL = s.URL
	g, err := open(at)
	if err != nil {
		t.Fatal(err)
	}
	return g.(*gateway)
}

func fault(description string) string {
	return `{"error":{"code":"BAD_REQUEST_ERROR","description":"` + description + `","source":"NA","step":"NA","reason":"NA"}}`
}

const (
	postRefund  = "POST /payments/pay_KF00000000001B/refund"
	postCapture = "POST /payments/pay_KF00000000001B/capture"
	getPayment  = "GET /payments/pay_KF00000000001B"
	getRefunds  = "GET /payments/pay_KF00000000001B/refunds?count=100&skip=0"
)

func TestRefund(t *testing.T) {
	s := newShop(t, map[string]string{postRefund: sample(t, "refund.json")})
	g := s.open(t)
	for range 2 {
		result, err := g.Refund(t.Context(), refundOf)
		if err != nil {
			t.Fatal(err)
		}
		if result.Status != gateways.Succeeded || result.Ref != "rfnd_KF00000000001C" || result.PaymentRef != refundOf.PaymentRef ||
			result.Amount != refundOf.Amount || result.Key != "KFRF1001A-1" || result.Word != "processed" || !result.At.Equal(time.Unix(1767225600, 0)) {
			t.Errorf("result %+v", result)
		}
	}
	want := `{"amount":49950,"speed":"normal","notes":{"order":"order_KF00000000001A","reason":"Damaged"},"receipt":"KFRF1001A-1"}`
	for i, req := range s.sent {
		if s.bodies[i] != want || req.Header.Get("X-Refund-Idempotency") != "KFRF1001A-1" {
			t.Errorf("sent %s under %q", s.bodies[i], req.Header.Get("X-Refund-Idempotency"))
		}
		// Computed with base64(1) from the key pair.
		if got := req.Header.Get("Authorization"); got != "Basic cnpwX3Rlc3RfS0YwMDAwMDAwMDAwMEE6a2FydGlmeV90ZXN0X3NlY3JldF8wMDAx" {
			t.Errorf("Authorization %q", got)
		}
	}
}

func TestRefundAnswers(t *testing.T) {
	good := sample(t, "refund.json")
	with := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	tests := []struct {
		name, answer string
		status       gateways.Status // "" when it is an error
		part         string          // of the reason or of the error
	}{
		{"processed", good, gateways.Succeeded, ""},
		{"pending", with("processed", "pending"), gateways.Pending, ""},
		{"failed", with("processed", "failed"), gateways.Failed, "back in the Razorpay balance"},
		{"a word we do not know", with("processed", "on_the_moon"), gateways.Pending, ""},
		{"notes and bank data written as lists", with(`{"reason":"Damaged","order":"order_KF00000000001A"}`, `[]`), gateways.Succeeded, ""},
		{"no receipt", with(`"KFRF1001A-1"`, `null`), gateways.Succeeded, ""},
		{"another amount", with("49950", "49951"), "", "answered with 499.51 INR where 499.50 INR was asked"},
		{"another currency", with("INR", "USD"), "", "answered with 499.50 USD"},
		{"another payment", with("pay_KF00000000001B", "pay_KF0000000000XX"), "", "another payment"},
		{"another receipt", with("KFRF1001A-1", "KFRF1001A-2"), "", "another receipt"},
		{"no id", with("rfnd_KF00000000001C", ""), "", "no id"},
		{"an amount that is no whole number", with("49950", "499.5e2"), "", "could not be understood"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			result, err := newShop(t, map[string]string{postRefund: tt.answer}).open(t).Refund(t.Context(), refundOf)
			if tt.status == "" {
				if err == nil || gateways.KindOf(err) != gateways.Unknown || !strings.Contains(err.Error(), tt.part) {
					t.Errorf("err = %v (%v), want unknown with %q", err, gateways.KindOf(err), tt.part)
				}
				return
			}
			if err != nil || result.Status != tt.status || !strings.Contains(result.Reason, tt.part) {
				t.Errorf("got %+v, %v", result, err)
			}
		})
	}
}

func TestWhatRazorpaySays(t *testing.T) {
	tests := []struct {
		status            int
		description, part string
		kind              gateways.Kind
	}{
		{400, "The total refund amount is greater than the refund payment amount", "less than this is left", gateways.Declined},
		{400, "The refund amount provided is greater than amount captured.", "less than this is left", gateways.Declined},
		{400, "The payment has been fully refunded already.", "already returned the whole", gateways.Declined},
		{400, "Refund has already been processed.", "already returned the whole", gateways.Declined},
		{400, "The payment status should be captured for action to be taken.", "nothing to refund", gateways.Declined},
		{400, "Your account does not have enough balance to carry out the refund operation. You can add funds to your account from your Razorpay dashboard or capture new payments.", "Add funds", gateways.Declined},
		{400, "invalid request sent", "Add funds", gateways.Declined},
		{400, "The amount must be at least INR 1.00", "1.00 INR or more", gateways.Declined},
		{400, "foo is/are not required and should not be sent", "nothing was moved", gateways.Declined},
		{400, "Duplicate receipt found for this refund request.", "looked up", gateways.Unknown},
		{400, "Refund is not supported by the bank because the payment is more than 6 months old", "bank transfer", gateways.Declined},
		{400, "Partial refund is currently not supported for this payment method.", "in full", gateways.Declined},
		{400, "The refund on this payment is blocked due to ongoing dispute investigation.", "disputes", gateways.Declined},
		{400, "Request failed because another payment operation is in progress.", "tried again", gateways.Unavailable},
		{409, "Different request with the same idempotency key has already been processed.", "another request under this key", gateways.Unknown},
		{409, "Another request with the same idempotency key is still in progress.", "still working", gateways.Unknown},
		{400, "The idempotency key must be at least 10 characters long.", "idempotency key", gateways.Declined},
		{500, "Failed to fetch idempotency record", "Failed to fetch", gateways.Unknown},
		{500, "The payment has been fully refunded already.", "", gateways.Unknown},
		{401, "Authentication failed", "Key secret", gateways.Misconfigured},
		{400, "Authentication failed", "Key secret", gateways.Misconfigured},
		{400, "The id provided does not exist", "does not know this payment", gateways.Declined},
		{400, "pay_x is not a valid id", "not the id", gateways.Declined},
		{400, "Something nobody wrote down", "Razorpay says: Something nobody wrote down", gateways.Unknown},
		{429, "Too many requests", "fewer calls", gateways.Unavailable},
	}
	for _, tt := range tests {
		t.Run(tt.description, func(t *testing.T) {
			s := newShop(t, map[string]string{
				postRefund: fmt.Sprintf("%d %s", tt.status, fault(tt.description)),
				getRefunds: `{"entity":"collection","count":0,"items":[]}`,
			})
			_, err := s.open(t).Refund(t.Context(), refundOf)
			var e *gateways.Error
			if !errors.As(err, &e) || e.Kind != tt.kind || e.Status != tt.status || e.Code != "BAD_REQUEST_ERROR" || !strings.Contains(e.Message, tt.part) {
				t.Errorf("got %+v, want %v with %q", e, tt.kind, tt.part)
			}
		})
	}
}

// Every meaning is a sentence for people, filed under the text as it is compared.
func TestMeaningsAreSentences(t *testing.T) {
	for description, m := range meanings {
		if description != strings.ToLower(strings.TrimSuffix(description, ".")) {
			t.Errorf("%q is never found", description)
		}
		if !strings.HasSuffix(m.sentence, ".") || m.sentence[0] < 'A' || m.sentence[0] > 'Z' {
			t.Errorf("%q is no sentence", m.sentence)
		}
	}
}

func TestARefusedRefundThatDidHappen(t *testing.T) {
	good := sample(t, "refund.json")
	over := "400 " + fault("The payment has been fully refunded already.")
	tests := []struct {
		name, refunds string
		kind          gateways.Kind
		ref           string
	}{
		{"it is ours", list(good), 0, "rfnd_KF00000000001C"},
		{"it is somebody else's", list(strings.Replace(good, "KFRF1001A-1", "other", 1)), gateways.Declined, ""},
		{"the list does not come", "502 <html>", gateways.Unknown, ""},
		{"the list is refused", "401 {}", gateways.Unknown, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			result, err := newShop(t, map[string]string{postRefund: over, getRefunds: tt.refunds}).open(t).Refund(t.Context(), refundOf)
			if result.Ref != tt.ref || (tt.ref == "") != (err != nil) || (err != nil && gateways.KindOf(err) != tt.kind) {
				t.Errorf("got %+v, %v", result, err)
			}
		})
	}
}

func TestTheKeyBelongsToItsMode(t *testing.T) {
	tests := []struct{ key, mode, want string }{
		{"rzp_test_KF00000000000A", "test", ""},
		{"rzp_live_KF00000000000A", "live", ""},
		{"rzp_live_KF00000000000A", "test", "This Key ID is not of test mode; in test mode it begins with rzp_test_."},
		{"rzp_test_KF00000000000A", "live", "This Key ID is not of live mode; in live mode it begins with rzp_live_."},
		{"KF00000000000A", "test", "A Key ID begins with rzp_test_ or rzp_live_."},
	}
	for _, tt := range tests {
		if got := checkKey(tt.key, tt.mode); got != tt.want {
			t.Errorf("checkKey(%s, %s) = %q, want %q", tt.key, tt.mode, got, tt.want)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	for _, name := range []string{"refund.json", "payment.json"} {
		raw, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`{"notes":[],"acquirer_data":[],"amount":null}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var r refund
		if gateways.DecodeJSON(raw, &r) == nil {
			if result, err := r.answer("refund", refundOf, raw); err == nil && (result.Amount != refundOf.Amount || result.PaymentRef != refundOf.PaymentRef) {
				t.Fatalf("%s is taken for %+v", raw, result)
			}
		}
		var p payment
		if gateways.DecodeJSON(raw, &p) == nil {
			if result, err := p.captured("capture", captureOf, raw); err == nil && result.Amount != captureOf.Amount {
				t.Fatalf("%s is taken for %+v", raw, result)
			}
		}
		explain(&gateways.Error{Status: 400}, raw)
	})
}
