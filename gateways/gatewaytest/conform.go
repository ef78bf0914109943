package gatewaytest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
)

// Provider is what a provider answers when all is well, from the driver's testdata.
type Provider struct {
	Check    string                             // the 2xx answer to Check
	Requests map[gateways.Verb]gateways.Request // a good request of each verb the gateway can do
	Answers  map[gateways.Verb]string           // the 2xx answer to it
	Odd      map[gateways.Verb]string           // the same with a status word that nobody knows
	Webhook  *Webhooks                          // nil when the provider sends none
}

// Webhooks is one real webhook, and one whose event nobody knows.
type Webhooks struct {
	Header  http.Header // with the right signature of Body
	Body    []byte
	Secret  string
	Name    string // of its event
	Unknown []byte
}

// Conform checks what is asked of every driver: it tells what happened from what may have happened, it
// never shows a secret, and no answer or webhook breaks it down.
func Conform(t *testing.T, driver gateways.Driver, settings gateways.Settings, provider Provider) {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	settings.BaseURL, settings.Timeout = s.URL, 2*time.Second
	c := &conformance{driver, settings, provider, s}
	t.Run("form", c.form)
	t.Run("answers", c.answers)
	t.Run("silence", c.silence)
	t.Run("secrets", c.secrets)
	t.Run("mutations", c.mutations)
	if driver.Inbox != nil {
		t.Run("webhooks", c.webhooks)
	}
}

type conformance struct {
	driver   gateways.Driver
	settings gateways.Settings
	provider Provider
	server   *server
}

// server answers every request with one handler at a time, and remembers what was sent.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	handler http.HandlerFunc
	sent    []string // method, path, headers that repeat, and body
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	handler := s.handler
	s.sent = append(s.sent, strings.Join([]string{r.Method, r.URL.String(), r.Header.Get("X-Refund-Idempotency"), string(body)}, " "))
	s.mu.Unlock()
	handler(w, r)
}

// answer sets the handler and forgets what was sent.
func (s *server) answer(handler http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handler, s.sent = handler, nil
}

func (s *server) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.sent...)
}

func say(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// hangUp breaks the connection after the request was read and some bytes were answered.
func hangUp(bytes string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, bytes)
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

func (c *conformance) open(t *testing.T) gateways.Gateway {
	t.Helper()
	gateway, err := c.driver.Open(c.settings)
	if err != nil {
		t.Fatalf("open with good settings: %v", err)
	}
	return gateway
}

// verbs are the verbs of the gateway that move money.
func (c *conformance) verbs(t *testing.T) []gateways.Verb {
	t.Helper()
	var verbs []gateways.Verb
	gateway := c.open(t)
	if _, ok := gateway.(gateways.Refunder); ok {
		verbs = append(verbs, gateways.Refund)
	}
	if _, ok := gateway.(gateways.Capturer); ok {
		verbs = append(verbs, gateways.Capture)
	}
	if _, ok := gateway.(gateways.Voider); ok {
		verbs = append(verbs, gateways.Void)
	}
	for _, verb := range verbs {
		if c.provider.Answers[verb] == "" || c.provider.Requests[verb].PaymentRef == "" {
			t.Fatalf("the gateway can %s, and no answer is given for it", verb)
		}
	}
	return verbs
}

var slug = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// form is the settings form and the promises of the driver.
func (c *conformance) form(t *testing.T) {
	d := c.driver
	if !slug.MatchString(d.Code) || d.Name == "" || d.Docs == "" {
		t.Errorf("code %q, name %q, docs %q", d.Code, d.Name, d.Docs)
	}
	if d.Class == gateways.ByKey && d.KeyLifetime <= 0 {
		t.Error("an idempotency key without a lifetime")
	}
	seen := map[string]bool{}
	for _, field := range d.Fields {
		if !slug.MatchString(field.Slug) || field.Name == "" || seen[field.Slug] {
			t.Errorf("field %+v", field)
		}
		seen[field.Slug] = true
		if field.Secret && field.Default != "" {
			t.Errorf("the secret %s has a default", field.Slug)
		}
		if !field.Required {
			continue
		}
		poor := c.settings
		poor.Values = map[string]string{}
		for slug, value := range c.settings.Values {
			if slug != field.Slug {
				poor.Values[slug] = value
			}
		}
		if _, err := d.Open(poor); gateways.KindOf(err) != gateways.Misconfigured || !strings.Contains(err.Error(), field.Name) {
			t.Errorf("opened without %s: %v", field.Slug, err)
		}
	}
	if d.Inbox != nil && !seen[d.Inbox.SecretField()] {
		t.Errorf("the webhook secret %q is no field", d.Inbox.SecretField())
	}
}

// answers are those that come.
func (c *conformance) answers(t *testing.T) {
	gateway := c.open(t)
	c.server.answer(say(200, c.provider.Check))
	if err := gateway.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
	c.server.answer(say(401, `{}`))
	if err := gateway.Check(t.Context()); gateways.KindOf(err) != gateways.Misconfigured {
		t.Errorf("check with wrong keys: %v", err)
	}
	for _, verb := range c.verbs(t) {
		req, good := c.provider.Requests[verb], c.provider.Answers[verb]
		req.Verb = verb
		c.server.answer(say(200, good))
		result, err := gateways.Perform(t.Context(), gateway, req)
		if err != nil || result.Status == "" || result.Amount != req.Amount || len(result.Raw) == 0 {
			t.Errorf("%s: %+v, %v", verb, result, err)
		}
		_, _ = gateways.Perform(t.Context(), gateway, req)
		if sent := c.server.requests(); len(sent) != 2 || sent[0] != sent[1] {
			t.Errorf("%s: a repeat differs: %q", verb, sent)
		}
		if odd := c.provider.Odd[verb]; odd != "" {
			c.server.answer(say(200, odd))
			result, err := gateways.Perform(t.Context(), gateway, req)
			if err != nil || result.Status != gateways.Pending || result.Word == "" || !strings.Contains(odd, result.Word) {
				t.Errorf("%s with a status word nobody knows: %+v, %v", verb, result, err)
			}
		}
		c.server.answer(say(200, good))
		for name, other := range others(req) {
			if result, err := gateways.Perform(t.Context(), gateway, other); err == nil || gateways.KindOf(err) != gateways.Unknown {
				t.Errorf("%s: an answer about another %s is taken for ours: %+v, %v", verb, name, result, err)
			}
		}
	}
}

// others are requests to which the good answer is no answer.
func others(req gateways.Request) map[string]gateways.Request {
	amount, currency, payment := req, req, req
	amount.Amount.Minor++
	currency.Amount.Currency = "XTS"
	payment.PaymentRef += "x"
	return map[string]gateways.Request{"amount": amount, "currency": currency, "payment": payment}
}

// silence is answers that do not come, or cannot be understood.
func (c *conformance) silence(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	tests := []struct {
		name    string
		handler http.HandlerFunc
		kind    gateways.Kind
	}{
		{"the connection is cut", hangUp(""), gateways.Unknown},
		{"the answer is cut", hangUp("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"id\""), gateways.Unknown},
		{"an empty answer", say(200, ""), gateways.Unknown},
		{"an empty object", say(200, "{}"), gateways.Unknown},
		{"null", say(200, "null"), gateways.Unknown},
		{"a list", say(200, "[]"), gateways.Unknown},
		{"a page", say(200, "<html>Welcome to the hotel network</html>"), gateways.Unknown},
		{"a page of a proxy", say(502, "<html><h1>502 Bad Gateway</h1></html>"), gateways.Unknown},
		{"a fault of theirs", say(500, `{"error":{"code":"SERVER_ERROR","description":"sorry"}}`), gateways.Unknown},
		{"more than can be read", say(200, `{"id":"`+strings.Repeat("x", 2<<20)+`"}`), gateways.Unknown},
		{"a refusal nobody documents", say(418, `{"error":{"description":"I am a teapot"}}`), gateways.Unknown},
		{"a redirect", say(307, "", "Location", elsewhere.URL), gateways.Unknown},
		{"wrong keys", say(401, `{}`), gateways.Misconfigured},
		{"keys without the right", say(403, `{}`), gateways.Misconfigured},
		{"too many calls", say(429, `{}`, "Retry-After", "7"), gateways.Unavailable},
	}
	gateway := c.open(t)
	for _, verb := range c.verbs(t) {
		req := c.provider.Requests[verb]
		req.Verb = verb
		for _, tt := range tests {
			c.server.answer(tt.handler)
			result, err := gateways.Perform(t.Context(), gateway, req)
			var e *gateways.Error
			if !errors.As(err, &e) || e.Kind != tt.kind || e.Verb == "" || e.Message == "" {
				t.Errorf("%s, %s: %+v, %v, want %v", verb, tt.name, result, err, tt.kind)
			}
			if tt.kind == gateways.Unavailable && (e == nil || e.After != 7*time.Second) {
				t.Errorf("%s, %s: the time to wait is not told: %+v", verb, tt.name, e)
			}
			if sent := c.server.requests(); len(sent) != 1 {
				t.Errorf("%s, %s: sent %d times", verb, tt.name, len(sent))
			}
			if _, ok := gateway.(gateways.Finder); ok {
				if result, err := gateways.Find(t.Context(), gateway, req); err == nil || errors.Is(err, gateways.ErrAbsent) || gateways.KindOf(err) == gateways.Declined {
					t.Errorf("find %s, %s: %+v, %v", verb, tt.name, result, err)
				}
			}
		}
		closed := c.settings
		closed.BaseURL = "http://127.0.0.1:1"
		away, err := c.driver.Open(closed)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := gateways.Perform(t.Context(), away, req); gateways.KindOf(err) != gateways.Unavailable {
			t.Errorf("%s, nobody listens: %v", verb, err)
		}
		c.server.answer(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if _, err := gateways.Perform(ctx, gateway, req); gateways.KindOf(err) != gateways.Unknown {
			t.Errorf("%s, no answer in time: %v", verb, err)
		}
		cancel()
	}
}
