package svea

import (
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

var settings = gateways.Settings{Mode: "test", Values: map[string]string{
	"merchant_id": "100001", "secret": "sandbox-secret", "callback_token": "a1b2c3d4e5f6g7h8",
}}

// Requests on the invoice of the testdata: two mugs and their freight, 250.00 SEK.
var (
	captureOf = gateways.Request{Verb: gateways.Capture, PaymentRef: "2300001", Amount: money.New(25000, "SEK"), IdempotencyKey: "KFCP1022A-1"}
	refundOf  = gateways.Request{Verb: gateways.Refund, PaymentRef: "2300001", Amount: money.New(20000, "SEK"), IdempotencyKey: "KFRF1022A-1", Reason: "Damaged"}
	voidOf    = gateways.Request{Verb: gateways.Void, PaymentRef: "2300001", Amount: money.New(25000, "SEK"), IdempotencyKey: "KFVO1022A-1"}
	updateOf  = gateways.Request{
		Verb: gateways.Update, PaymentRef: "2300001", Amount: money.New(15000, "SEK"), IdempotencyKey: "KFAU1022A-1",
		Lines: []gateways.Line{
			{Ref: "A1", Name: "Mugg", Kind: gateways.Goods, Quantity: 1, Unit: 10000, TaxRate: 2500, Tax: 2000, Total: 10000},
			{Ref: "frakt", Name: "Frakt", Kind: gateways.Shipping, Quantity: 1, Unit: 5000, TaxRate: 2500, Tax: 1000, Total: 5000},
		},
	}
)

func sample(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestConform(t *testing.T) {
	open, part := sample(t, "invoice_open.json"), sample(t, "invoice_part.json")
	serve := func(order string, status int, location string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.Contains(r.URL.Path, "/queue/"):
				w.Header().Set("Location", "/api/v1/orders/2300001")
				w.WriteHeader(http.StatusSeeOther)
			case r.Method == http.MethodGet:
				_, _ = io.WriteString(w, order)
			default:
				if location != "" {
					w.Header().Set("Location", location)
				}
				w.WriteHeader(status)
			}
		}
	}
	bare := map[gateways.Verb]bool{}
	for _, verb := range Driver.Can.Verbs {
		bare[verb] = true
	}
	gatewaytest.Conform(t, Driver, settings, gatewaytest.Provider{
		ServeCheck: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		Requests:   map[gateways.Verb]gateways.Request{gateways.Refund: refundOf, gateways.Capture: captureOf, gateways.Void: voidOf, gateways.Update: updateOf},
		Serve: map[gateways.Verb]http.HandlerFunc{
			gateways.Capture: serve(open, 202, "/api/v1/queue/2291662"),
			gateways.Refund:  serve(part, 202, "/api/v1/queue/2291663"),
			gateways.Void:    serve(open, 204, ""),
			gateways.Update:  serve(open, 204, ""),
		},
		Prepares: func(r *http.Request) bool { return r.Method == http.MethodGet },
		Bare:     bare,
		Webhook: &gatewaytest.Webhooks{
			Header:  http.Header{gateways.RefHeader: {"2300001.a1b2c3d4e5f6g7h8"}},
			Body:    []byte(sample(t, "event_delivered.json")),
			Secret:  "a1b2c3d4e5f6g7h8",
			Name:    "CheckoutOrder.Delivered",
			Unknown: []byte(`{"EventName":"CheckoutOrder.Moved","CheckoutOrderId":2300001}`),
		},
	})
}

// The vectors were computed with openssl; the first one's function also makes the tokens of Svea's own libraries.
func TestTokenOf(t *testing.T) {
	tests := []struct{ stamp, body, want string }{
		{"2025-01-15 10:30:00", "", "MTAwMDAxOjU4ZTg1MjJiMjIyYjVhNWFhNTgxNmU1MDI5MTNmNGUxYjRhZjM5ODRhMjM0NGFlZjAxOWNmZGIxOGM3MTdiYmUzYzRiOGYzYjJiOTk3ZmUwZWJjNzBkZWUxMmYxOWZjMjQ3MjkxNTg5NWY5ODM1YjFhNTA3ZjMwMzQxOTI3NWVk"},
		{"2025-01-15 10:30:00", `{"OrderRowIds":[]}`, "MTAwMDAxOjA2YzNmYzdiYzk0MTQ3YzkwNmUxYTNiNzcwZmEzYTgxZDU1MWYzNDgzMmEzOTVlNGYzY2UwMTM0NjFhNzA0NDZkYzAxNDk2NjhhZjM1OWRkOGIwODEzNWYxOTYxODdjMThjMmQ4NTYyZjc0MDBmMDcwMDEyZDQ1YjhkMDgwYThi"},
		{"2025-01-15 10:30", `{"IsCancelled":true}`, "MTAwMDAxOmI4OTQ3NDdmZDNmZjcxNTlmNWQ1MDdkMjExMjExMTQ5NWJhZjBiOTVmYmY2MTBmZGQxZjIwMWE5Y2EwNTJjNTJmMDcxOGFhZjNhOTdkOGUzZmI3MjRlYzQ3MzJkMTY3ZjAyMDIwYzc3YmJmMjdlYzc1YzRlOTQ3MjIwZDg5MTVk"},
		{"2025-01-15 10:30:00", `{"Name":"Återbetalning frakt","UnitPrice":9900}`, "MTAwMDAxOmI1MTk2ZjFiYTM2YjlkNTQ3Mzc5MTMyZGQ5MzJhNDk3MmMyYmJlZjAzYTAzMTY2YjdkZmQ2MzQ4NjU4ODI5OGUyZGI2Zjc5M2M5NjhjZWI1NDFlYjgwM2QwMjFiZjExOTM4ZjY0MTMxNzYwZWE4MzhjZWU3YjQ3OGEyZjVmYTk3"},
	}
	for i, tt := range tests {
		if got := tokenOf("100001", "sandbox-secret", tt.body, tt.stamp); got != tt.want {
			t.Errorf("vector %d: %s", i+1, got)
		}
	}
	header := http.Header{}
	sign(header, "100001", "sandbox-secret", nil, time.Date(2025, 1, 15, 11, 30, 0, 0, time.FixedZone("CET", 3600)))
	if header.Get("Timestamp") != "2025-01-15 10:30:00" || header.Get("Authorization") != "Svea "+tests[0].want {
		t.Errorf("headers %v", header)
	}
}

// shop is a Svea that answers by method and path, and remembers what it was sent. Orders given as a list are
// shown one after another, the last one for good.
type shop struct {
	*httptest.Server
	mu      sync.Mutex
	orders  []string
	answers map[string]string // "PATCH /deliveries/1" → "204", "202 /api/v1/queue/7" or "200 {…}"
	sent    []*http.Request
	changes []string
}

func newShop(t *testing.T, answers map[string]string, orders ...string) *shop {
	s := &shop{answers: answers, orders: orders}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sent = append(s.sent, r)
		path := r.URL.Path
		if i := strings.Index(path, "/orders/23"); i >= 0 && strings.HasPrefix(path, "/admin") {
			path = path[i+len("/orders/2300001"):]
		}
		if r.Method == http.MethodGet && path == "" {
			answer := s.orders[0]
			if len(s.orders) > 1 {
				s.orders = s.orders[1:]
			}
			respond(w, answer)
			return
		}
		if r.Method != http.MethodGet {
			s.changes = append(s.changes, r.Method+" "+path+" "+string(body))
		}
		answer, ok := s.answers[r.Method+" "+path]
		if !ok {
			answer = "404 "
		}
		respond(w, answer)
	}))
	t.Cleanup(s.Close)
	return s
}

func respond(w http.ResponseWriter, answer string) {
	status := 200
	if !strings.HasPrefix(answer, "{") && !strings.HasPrefix(answer, "\ufeff") {
		_, _ = fmt.Sscanf(answer, "%d", &status)
		answer = strings.TrimSpace(answer[3:])
	}
	if strings.HasPrefix(answer, "/") || strings.HasPrefix(answer, "http") {
		w.Header().Set("Location", answer)
		answer = ""
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer)
}

func (s *shop) open(t *testing.T) *gateway {
	t.Helper()
	at := settings
	at.BaseURL = s.URL
	opened, err := open(at)
	if err != nil {
		t.Fatal(err)
	}
	g := opened.(*gateway)
	g.polls = []time.Duration{0, time.Millisecond}
	return g
}

func TestHosts(t *testing.T) {
	for mode, want := range map[string]string{
		"live": "https://checkoutapi.svea.com https://paymentadminapi.svea.com",
		"test": "https://checkoutapistage.svea.com https://paymentadminapistage.svea.com",
	} {
		at := settings
		at.Mode = mode
		opened, err := open(at)
		if err != nil {
			t.Fatal(err)
		}
		if g := opened.(*gateway); g.checkout.Base+" "+g.admin.Base != want {
			t.Errorf("%s: %s %s", mode, g.checkout.Base, g.admin.Base)
		}
	}
	s := newShop(t, map[string]string{"GET /admin/api/v1/orders/1": "403 "})
	if err := s.open(t).Check(t.Context()); err != nil {
		t.Errorf("an order of somebody else proves good credentials: %v", err)
	}
	if token := s.sent[0].Header.Get("Authorization"); token != "Svea "+tokenOf("100001", "sandbox-secret", "", s.sent[0].Header.Get("Timestamp")) {
		t.Errorf("Authorization %q", token)
	}
}
