package gatewaytest

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
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

	// ServeCheck and Serve are used instead of Check and Answers where a body of 200 does not say it:
	// answers in headers, in form text, or to several calls. Serve answers every call of a verb.
	ServeCheck http.HandlerFunc
	Serve      map[gateways.Verb]http.HandlerFunc
	ServeOdd   map[gateways.Verb]http.HandlerFunc
	// Prepares says which calls only prepare a change: they read what is there, or fetch a token. They are
	// answered well while the change is tortured, and so are reads after it. A change is sent once.
	Prepares func(*http.Request) bool
	// Bare are verbs whose 2xx answer says that it is done and not how much.
	Bare map[gateways.Verb]bool
	// KeyHeaders are headers that must be the same in every repeat of a change.
	KeyHeaders []string
	// Nothing are the 200 bodies with which this provider says that it found nothing, such as "" or "[]".
	Nothing []string
}

// Webhooks is one real webhook, and one whose event nobody knows.
type Webhooks struct {
	Header  http.Header // with the right signature of Body
	Body    []byte
	Secret  string // "" when nothing proves who sent it
	Name    string // of its event
	Unknown []byte // nil where an event has no name of its own
}

// Conform checks what is asked of every driver: it tells what happened from what may have happened, it
// never shows a secret, and no answer or webhook breaks it down.
func Conform(t *testing.T, driver gateways.Driver, settings gateways.Settings, provider Provider) {
	t.Helper()
	s := &server{keys: provider.KeyHeaders, prepares: provider.Prepares}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	settings.BaseURL, settings.Timeout = s.URL, 2*time.Second
	c := &conformance{driver, settings, provider, s}
	t.Run("form", c.form)
	t.Run("answers", c.answers)
	t.Run("silence", c.silence)
	t.Run("preparations", c.preparations)
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
	keys     []string
	prepares func(*http.Request) bool

	mu      sync.Mutex
	handler http.HandlerFunc
	sent    []string // method, path, headers that repeat, and body, of every change
	reads   int      // that came before the first change
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	preparing := s.prepares != nil && s.prepares(r)
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	handler := s.handler
	switch {
	case preparing && len(s.sent) == 0:
		s.reads++
	case !preparing:
		said := []string{r.Method, r.URL.String(), r.Header.Get("X-Refund-Idempotency")}
		for _, name := range s.keys {
			said = append(said, name+"="+r.Header.Get(name))
		}
		s.sent = append(s.sent, strings.Join(append(said, string(body)), " "))
	}
	s.mu.Unlock()
	handler(w, r)
}

// answer sets the handler and forgets what was sent.
func (s *server) answer(handler http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handler, s.sent, s.reads = handler, nil, 0
}

func (s *server) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.sent...)
}

// well is how the provider answers a verb when all is well.
func (c *conformance) well(verb gateways.Verb) http.HandlerFunc {
	if serve := c.provider.Serve[verb]; serve != nil {
		return serve
	}
	return say(200, c.provider.Answers[verb])
}

// prepared answers what prepares a change well, and the change itself with handler.
func (c *conformance) prepared(verb gateways.Verb, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if c.provider.Prepares != nil && c.provider.Prepares(r) {
			c.well(verb)(w, r)
			return
		}
		handler(w, r)
	}
}

// prepares says whether a verb is prepared by other calls.
func (c *conformance) prepares(t *testing.T, verb gateways.Verb) bool {
	t.Helper()
	c.server.answer(c.well(verb))
	req := c.provider.Requests[verb]
	req.Verb = verb
	_, _ = gateways.Perform(t.Context(), c.open(t), req)
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return c.server.reads > 0
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
	verbs := abilities(c.open(t))
	for _, verb := range verbs {
		if c.provider.Answers[verb] == "" && c.provider.Serve[verb] == nil || c.provider.Requests[verb].PaymentRef == "" {
			t.Fatalf("the gateway can %s, and no answer is given for it", verb)
		}
	}
	return verbs
}

// abilities are the verbs that an opened gateway implements.
func abilities(gateway gateways.Gateway) []gateways.Verb {
	var verbs []gateways.Verb
	if _, ok := gateway.(gateways.Refunder); ok {
		verbs = append(verbs, gateways.Refund)
	}
	if _, ok := gateway.(gateways.Capturer); ok {
		verbs = append(verbs, gateways.Capture)
	}
	if _, ok := gateway.(gateways.Voider); ok {
		verbs = append(verbs, gateways.Void)
	}
	if _, ok := gateway.(gateways.Updater); ok {
		verbs = append(verbs, gateways.Update)
	}
	return verbs
}

// answers are those that come.
func (c *conformance) answers(t *testing.T) {
	gateway := c.open(t)
	c.server.answer(say(200, c.provider.Check))
	if c.provider.ServeCheck != nil {
		c.server.answer(c.provider.ServeCheck)
	}
	if err := gateway.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
	c.server.answer(say(401, `{}`))
	if err := c.open(t).Check(t.Context()); gateways.KindOf(err) != gateways.Misconfigured {
		t.Errorf("check with wrong keys: %v", err)
	}
	for _, verb := range c.verbs(t) {
		req, good, bare := c.provider.Requests[verb], c.well(verb), c.provider.Bare[verb]
		req.Verb = verb
		c.server.answer(good)
		result, err := gateways.Perform(t.Context(), gateway, req)
		if err != nil || result.Status == "" || result.Amount != req.Amount || len(result.Raw) == 0 && !bare {
			t.Errorf("%s: %+v, %v", verb, result, err)
		}
		_, _ = gateways.Perform(t.Context(), gateway, req)
		if sent := c.server.requests(); len(sent) != 2 || sent[0] != sent[1] {
			t.Errorf("%s: a repeat differs: %q", verb, sent)
		}
		odd, serveOdd := c.provider.Odd[verb], c.provider.ServeOdd[verb]
		if serveOdd == nil && odd != "" {
			serveOdd = say(200, odd)
		}
		if serveOdd != nil {
			c.server.answer(serveOdd)
			result, err := gateways.Perform(t.Context(), gateway, req)
			if err != nil || result.Status != gateways.Pending || result.Word == "" || odd != "" && !strings.Contains(odd, result.Word) {
				t.Errorf("%s with a status word nobody knows: %+v, %v", verb, result, err)
			}
		}
		if bare {
			continue
		}
		for name, other := range others(req) {
			c.server.answer(good)
			result, err := gateways.Perform(t.Context(), gateway, other)
			if err == nil || len(c.server.requests()) > 0 && gateways.KindOf(err) != gateways.Unknown {
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
