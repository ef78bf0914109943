package klarna

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/money"
)

// The order of the testdata: two mugs and their freight, 250.00 SEK on invoice.
const orderID = "8a6b0c1e-3c2d-4b6f-9c57-0d1f2a3b4c5d"

var (
	settings = gateways.Settings{Mode: "test", Values: map[string]string{
		"username": "K123456_0a1b2c3d4e5f", "password": "sandbox-secret", "host": "klarna-eu", "callback_token": "a1b2c3d4e5f6g7h8",
	}}
	captureOf = gateways.Request{Verb: gateways.Capture, PaymentRef: orderID, Amount: money.New(10000, "SEK"), IdempotencyKey: "KFCP1021A-1"}
	refundOf  = gateways.Request{Verb: gateways.Refund, PaymentRef: orderID, Amount: money.New(2500, "SEK"), IdempotencyKey: "KFRF1021A-1", Reason: "Damaged"}
	voidOf    = gateways.Request{Verb: gateways.Void, PaymentRef: orderID, Amount: money.New(25000, "SEK"), IdempotencyKey: "KFVO1021A-1"}
	updateOf  = gateways.Request{
		Verb: gateways.Update, PaymentRef: orderID, Amount: money.New(15000, "SEK"), IdempotencyKey: "KFAU1021A-1",
		Lines: []gateways.Line{
			{Ref: "A1", Name: "Mugg", Kind: gateways.Goods, Quantity: 1, Unit: 10000, TaxRate: 2500, Tax: 2000, Total: 10000},
			{Ref: "frakt", Name: "Frakt", Kind: gateways.Shipping, Quantity: 1, Unit: 5000, TaxRate: 2500, Tax: 1000, Total: 5000},
		},
	}
)

const (
	captureID = "4f0c3a52-7d1e-4a88-9a6d-5e2b7c9d0f11"
	refundID  = "b2f5f3a0-96c5-4a3b-9c0c-2f1f4c1f0a77"
)

func sample(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// serve answers GET with an order and a change with a status and headers.
func serve(order string, status int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, order)
			return
		}
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
	}
}

func TestConform(t *testing.T) {
	part, whole := sample(t, "order_part_captured.json"), sample(t, "order.json")
	place := "https://api.klarna.com/ordermanagement/v1/orders/" + orderID
	all := []gateways.Verb{gateways.Refund, gateways.Capture, gateways.Void, gateways.Update}
	bare := map[gateways.Verb]bool{}
	for _, verb := range all {
		bare[verb] = true
	}
	gatewaytest.Conform(t, Driver, settings, gatewaytest.Provider{
		ServeCheck: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(404)
			_, _ = io.WriteString(w, `{"error_code":"NO_SUCH_ORDER","error_messages":["Order cannot be found"],"correlation_id":"66782175-ae05-44fc-9eb3-eeceadbad271"}`)
		},
		Requests: map[gateways.Verb]gateways.Request{gateways.Refund: refundOf, gateways.Capture: captureOf, gateways.Void: voidOf, gateways.Update: updateOf},
		Serve: map[gateways.Verb]http.HandlerFunc{
			gateways.Capture: serve(part, 201, "Capture-Id", captureID, "Location", place+"/captures/"+captureID),
			gateways.Refund:  serve(part, 201, "Refund-Id", refundID, "Location", place+"/refunds/"+refundID),
			gateways.Void:    serve(whole, 204),
			gateways.Update:  serve(whole, 204),
		},
		Prepares:   func(r *http.Request) bool { return r.Method == http.MethodGet },
		Bare:       bare,
		KeyHeaders: []string{"Klarna-Idempotency-Key"},
		Webhook: &gatewaytest.Webhooks{
			Header:  http.Header{gateways.RefHeader: {orderID + ".a1b2c3d4e5f6g7h8"}},
			Body:    []byte(sample(t, "fraud.json")),
			Secret:  "a1b2c3d4e5f6g7h8",
			Name:    "FRAUD_RISK_ACCEPTED",
			Unknown: []byte(`{"order_id":"` + orderID + `","event_type":"SOMETHING_NEW"}`),
		},
	})
}

// shop is a Klarna that answers by method and path, and remembers what it was sent.
type shop struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]string // "GET /x" → "403 {…}" or "201 Header: value"; 200 when no status stands before
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
		answer, ok := s.answers[r.Method+" "+strings.TrimPrefix(r.URL.RequestURI(), "/ordermanagement/v1/orders/"+orderID)]
		if !ok {
			answer = `404 {"error_code":"NO_SUCH_ORDER","error_messages":[],"correlation_id":"c-00000001"}`
		}
		status := 200
		if !strings.HasPrefix(answer, "{") {
			_, _ = fmt.Sscanf(answer, "%d", &status)
			answer = strings.TrimSpace(answer[3:])
		}
		if id, made := strings.CutPrefix(answer, "id "); made {
			kind := map[bool]string{true: "Capture-Id", false: "Refund-Id"}[strings.HasSuffix(r.URL.Path, "/captures")]
			w.Header().Set(kind, id)
			w.Header().Set("Location", s.URL+r.URL.Path+"/"+id)
			answer = ""
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

// changes are the bodies of what was sent to change something, in order, each with its path.
func (s *shop) changes() []string {
	var list []string
	for i, r := range s.sent {
		if r.Method != http.MethodGet {
			list = append(list, strings.TrimSpace(r.Method+" "+strings.TrimPrefix(r.URL.Path, "/ordermanagement/v1/orders/"+orderID)+" "+s.bodies[i]))
		}
	}
	return list
}

// A vector computed with two other implementations of RFC 9562.
func TestKeyOf(t *testing.T) {
	if got := fmt.Sprintf("%x", space); got != "1770ac323c6f5040bfd7d4fdbf8b4fb4" {
		t.Errorf("namespace %s", got)
	}
	if got := keyOf(orderID, "capture", "1042"); got != "f7332617-d45f-5631-b432-9ac2d66eca37" {
		t.Errorf("key %s", got)
	}
	if keyOf(orderID, "cancel", "1042") == keyOf(orderID, "release", "1042") {
		t.Error("two steps share a key")
	}
}

func TestCredentialsAndHosts(t *testing.T) {
	s := newShop(t, nil)
	if err := s.open(t).Check(t.Context()); err != nil {
		t.Error(err)
	}
	if got := s.sent[0].Header.Get("Authorization"); got != "Basic SzEyMzQ1Nl8wYTFiMmMzZDRlNWY6c2FuZGJveC1zZWNyZXQ=" {
		t.Errorf("Authorization %q", got)
	}
	tests := []struct{ host, mode, want string }{
		{"", "test", "https://api.playground.klarna.com"},
		{"klarna-eu", "live", "https://api.klarna.com"},
		{"klarna-na", "live", "https://api-na.klarna.com"},
		{"klarna-oc", "test", "https://api-oc.playground.klarna.com"},
		{"kustom", "live", "https://api.kustom.co"},
		{"kustom", "test", "https://api.playground.kustom.co"},
	}
	for _, tt := range tests {
		at := gateways.Settings{Mode: tt.mode, Values: map[string]string{"username": "K1", "password": "p", "host": tt.host}}
		g, err := open(at)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.(*gateway).api.Base; got != tt.want {
			t.Errorf("%s in %s mode is %s, want %s", tt.host, tt.mode, got, tt.want)
		}
	}
}

func TestWhatASettingMayBe(t *testing.T) {
	for token, good := range map[string]bool{"a1b2c3d4e5f6g7h8": true, "short": false, "a1b2c3d4e5f6g7h8.": false, strings.Repeat("a", 65): false} {
		if got := checkToken(token, ""); (got == "") != good {
			t.Errorf("checkToken(%q) = %q", token, got)
		}
	}
	for page, good := range map[string]bool{"https://shop.example/terms": true, "http://shop.example": false, "javascript:1": false, "https://u:p@shop.example": false} {
		if got := checkPage(page, ""); (got == "") != good {
			t.Errorf("checkPage(%q) = %q", page, got)
		}
	}
}
