package paykeeper

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/money"
)

// The payment of the testdata: 1499.00 RUB paid by card on 22 November 2026, of which 499.50 RUB goes back.
var (
	settings = gateways.Settings{Mode: "test", Values: map[string]string{
		"server": "https://lavka.server.paykeeper.ru", "login": "lavka", "password": "sandbox-password", "secret_word": "MySecretSeed",
	}}
	drawnBefore = gateways.Payment{Ref: "123456", Word: "success", Amount: money.New(149900, "RUB"), Captured: 149900, Authorized: true}
	heldBefore  = gateways.Payment{Ref: "123456", Word: "obtained", Amount: money.New(149900, "RUB"), Authorized: true, CaptureBefore: at("2026-11-29 00:00:00")}
	refundOf    = gateways.Request{
		Verb: gateways.Refund, PaymentRef: "123456", OrderRef: "1001", Amount: money.New(49950, "RUB"), IdempotencyKey: "KFRF1001A-1", Before: &drawnBefore,
	}
	captureOf = gateways.Request{Verb: gateways.Capture, PaymentRef: "123456", Amount: money.New(149900, "RUB"), IdempotencyKey: "KFCP1001A-1", Before: &heldBefore}
	voidOf    = gateways.Request{Verb: gateways.Void, PaymentRef: "123456", Amount: money.New(149900, "RUB"), IdempotencyKey: "KFVO1001A-1", Before: &heldBefore}

	noon = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) // of Moscow, a week before the hold ends
)

const (
	success = `{"result":"success"}`
	goodKey = "fd50e47596cff6c63c7ea0a633c0d2a8"

	getToken   = "GET /info/settings/token/"
	getPayment = "GET /info/payments/byid/?advanced=true&id=123456"
	getOptions = "GET /info/options/byid/?id=123456"
	getParams  = "GET /info/params/byid/?id=123456"
	getRefunds = "GET /info/refunds/bypaymentid/?id=123456"
	reverse    = "POST /change/payment/reverse/"
	capture    = "POST /change/payment/capture/"
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
	serve := func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/token/") {
			_, _ = io.WriteString(w, `{"token":"`+goodKey+`"}`)
			return
		}
		_, _ = io.WriteString(w, `[{"result":"success"}]`)
	}
	bare := map[gateways.Verb]bool{}
	requests, served := map[gateways.Verb]gateways.Request{}, map[gateways.Verb]http.HandlerFunc{}
	for _, req := range []gateways.Request{refundOf, captureOf, voidOf} {
		held := heldBefore
		held.CaptureBefore = time.Now().Add(time.Hour)
		if req.Verb != gateways.Refund {
			req.Before = &held
		}
		requests[req.Verb], served[req.Verb], bare[req.Verb] = req, serve, true
	}
	gatewaytest.Conform(t, Driver, settings, gatewaytest.Provider{
		ServeCheck: serve, Requests: requests, Serve: served, Bare: bare,
		Prepares: func(r *http.Request) bool { return r.Method == http.MethodGet },
		Webhook: &gatewaytest.Webhooks{
			Body: []byte(sample(t, "notification.txt")), Secret: "MySecretSeed", Name: "notification",
			Unknown: []byte("receipt_id=7&status=success"),
		},
	})
}

// shop is a PayKeeper server that answers by path, and remembers what it was sent.
type shop struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]string // "GET /info/…" → "303 "; 200 when no status stands before. Several are split by " | "
	sent    []string
	forms   []url.Values
}

func newShop(t *testing.T, answers map[string]string) *shop {
	s := &shop{answers: map[string]string{getToken: `{"token":"` + goodKey + `"}`}}
	for path, answer := range answers {
		s.answers[path] = answer
	}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		login, password, _ := r.BasicAuth()
		_ = r.ParseForm()
		s.mu.Lock()
		defer s.mu.Unlock()
		path := r.Method + " " + r.URL.RequestURI()
		s.sent, s.forms = append(s.sent, path), append(s.forms, r.PostForm)
		answer := s.answers[path]
		if now, later, more := strings.Cut(answer, " | "); more {
			answer, s.answers[path] = now, later
		}
		status := 200
		if _, err := fmt.Sscanf(answer, "%3d ", &status); err == nil {
			answer = answer[4:]
		}
		if login != "lavka" || password != "sandbox-password" {
			status = 401
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
	opened, err := open(at)
	if err != nil {
		t.Fatal(err)
	}
	g := opened.(*gateway)
	g.now = func() time.Time { return noon }
	return g
}

// posted is the last form that was sent, without its token.
func (s *shop) posted() url.Values {
	form := url.Values{}
	for key, values := range s.forms[len(s.forms)-1] {
		if key != "token" {
			form[key] = values
		}
	}
	return form
}

func TestTheServerIsAnAddress(t *testing.T) {
	tests := []struct{ value, want string }{
		{"https://lavka.server.paykeeper.ru", ""},
		{"https://lavka.server.paykeeper.ru/", ""},
		{"http://lavka.server.paykeeper.ru", "Write the address"},
		{"lavka.server.paykeeper.ru", "Write the address"},
		{"https://lavka.server.paykeeper.ru/create", "Write the address"},
		{"https://lavka:secret@server.paykeeper.ru", "Write the address"},
	}
	for _, tt := range tests {
		if got := checkServer(tt.value, "test"); !strings.HasPrefix(got, tt.want) || (got == "") != (tt.want == "") {
			t.Errorf("checkServer(%s) = %q", tt.value, got)
		}
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name, answer string
		kind         gateways.Kind
	}{
		{"401", "401 ", gateways.Misconfigured},
		{"303 to the sign-in page", "303 ", gateways.Misconfigured},
		{"the sign-in page itself", "<!DOCTYPE html><html></html>", gateways.Misconfigured},
		{"no token", `{"token":""}`, gateways.Unknown},
		{"nothing", "", gateways.Unknown},
	}
	for _, tt := range tests {
		err := newShop(t, map[string]string{getToken: tt.answer}).open(t).Check(t.Context())
		if err == nil || gateways.KindOf(err) != tt.kind {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.kind)
		}
	}
}

// A token is fetched once, again after 23 hours, and once more when PayKeeper says that it is wrong.
func TestToken(t *testing.T) {
	const wrong = `{"result":"fail","msg":"\u0422\u043e\u043a\u0435\u043d \u0431\u0435\u0437\u043e\u043f\u0430\u0441\u043d\u043e\u0441\u0442\u0438 \u043d\u0435 \u0432\u0435\u0440\u0435\u043d."}`
	fetches := func(s *shop) int { return strings.Count(strings.Join(s.sent, "\n"), getToken) }
	s := newShop(t, map[string]string{reverse: success})
	g := s.open(t)
	for range 2 {
		if _, err := g.Refund(t.Context(), refundOf); err != nil {
			t.Fatal(err)
		}
	}
	if fetches(s) != 1 {
		t.Errorf("sent %q", s.sent)
	}
	g.now = func() time.Time { return noon.Add(tokenLife) }
	if _, err := g.Refund(t.Context(), refundOf); err != nil || fetches(s) != 2 {
		t.Errorf("after a day: %v, %q", err, s.sent)
	}

	s = newShop(t, map[string]string{getToken: `{"token":"aaaaaaaaaa"} | {"token":"bbbbbbbbbb"}`, reverse: wrong + " | " + success})
	if result, err := s.open(t).Refund(t.Context(), refundOf); err != nil || result.Status != gateways.Pending || s.forms[len(s.forms)-1].Get("token") != "bbbbbbbbbb" || len(s.sent) != 4 {
		t.Errorf("a wrong token: %+v, %v, %q", result, err, s.sent)
	}
	s = newShop(t, map[string]string{reverse: wrong})
	if _, err := s.open(t).Refund(t.Context(), refundOf); gateways.KindOf(err) != gateways.Unavailable || len(s.sent) != 4 {
		t.Errorf("two wrong tokens: %v, %q", err, s.sent)
	}
}

// The token is no secret word, and still nobody needs to read it.
func TestTheTokenIsNotShown(t *testing.T) {
	ctx, trace := gateways.WithTrace(t.Context())
	if _, err := newShop(t, map[string]string{reverse: success}).open(t).Refund(ctx, refundOf); err != nil {
		t.Fatal(err)
	}
	told := fmt.Sprintf("%+v", trace.Exchanges())
	if len(trace.Exchanges()) != 2 || strings.Contains(told, goodKey) || !strings.Contains(told, "amount=499.50") {
		t.Errorf("told %s", told)
	}
}
