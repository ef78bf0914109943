package gatewaytest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
)

const empty = "nothing at all" // stands for a 200 body of no bytes

// torture is one way of not answering, and what may be concluded from it.
type torture struct {
	name    string
	handler http.HandlerFunc
	kind    gateways.Kind
	says    string // its 200 body, which may mean something to one provider; see empty
}

// tortures are answers that do not come, or cannot be understood.
func tortures(t *testing.T) []torture {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	t.Cleanup(elsewhere.Close)
	return []torture{
		{"the connection is cut", hangUp(""), gateways.Unknown, ""},
		{"the answer is cut", hangUp("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"id\""), gateways.Unknown, ""},
		{"an empty answer", say(200, ""), gateways.Unknown, empty},
		{"an empty object", say(200, "{}"), gateways.Unknown, "{}"},
		{"null", say(200, "null"), gateways.Unknown, "null"},
		{"a list", say(200, "[]"), gateways.Unknown, "[]"},
		{"a page", say(200, "<html>Welcome to the hotel network</html>"), gateways.Unknown, "<html>Welcome to the hotel network</html>"},
		{"a page of a proxy", say(502, "<html><h1>502 Bad Gateway</h1></html>"), gateways.Unknown, ""},
		{"a fault of theirs", say(500, `{"error":{"code":"SERVER_ERROR","description":"sorry"}}`), gateways.Unknown, ""},
		{"more than can be read", say(200, `{"id":"`+strings.Repeat("x", 2<<20)+`"}`), gateways.Unknown, ""},
		{"a refusal nobody documents", say(418, `{"error":{"description":"I am a teapot"}}`), gateways.Unknown, ""},
		{"a redirect", say(307, "", "Location", elsewhere.URL), gateways.Unknown, ""},
		{"wrong keys", say(401, `{}`), gateways.Misconfigured, ""},
		{"keys without the right", say(403, `{}`), gateways.Misconfigured, ""},
		{"too many calls", say(429, `{}`, "Retry-After", "7"), gateways.Unavailable, ""},
	}
}

// silence is answers that do not come, or cannot be understood.
func (c *conformance) silence(t *testing.T) {
	gateway := c.open(t)
	for _, verb := range c.verbs(t) {
		req := c.provider.Requests[verb]
		req.Verb = verb
		for _, tt := range tortures(t) {
			c.server.answer(c.prepared(verb, tt.handler))
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
			c.find(t, gateway, req, tt)
		}
		c.unreachable(t, gateway, req)
	}
}

// find looks an operation up while the provider is silent: that finds nothing out.
func (c *conformance) find(t *testing.T, gateway gateways.Gateway, req gateways.Request, tt torture) {
	t.Helper()
	if _, ok := gateway.(gateways.Finder); !ok {
		return
	}
	c.server.answer(tt.handler)
	result, err := gateways.Find(t.Context(), gateway, req)
	if errors.Is(err, gateways.ErrAbsent) && tt.says != "" && slices.Contains(c.provider.Nothing, strings.TrimPrefix(tt.says, empty)) {
		return // so this provider says that there is nothing
	}
	if err == nil || errors.Is(err, gateways.ErrAbsent) || gateways.KindOf(err) == gateways.Declined {
		t.Errorf("find %s, %s: %+v, %v", req.Verb, tt.name, result, err)
	}
}

// unreachable is a provider where nobody listens, and one that does not answer in time.
func (c *conformance) unreachable(t *testing.T, gateway gateways.Gateway, req gateways.Request) {
	t.Helper()
	closed := c.settings
	closed.BaseURL = "http://127.0.0.1:1"
	away, err := c.driver.Open(closed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gateways.Perform(t.Context(), away, req); gateways.KindOf(err) != gateways.Unavailable {
		t.Errorf("%s, nobody listens: %v", req.Verb, err)
	}
	c.server.answer(c.prepared(req.Verb, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := gateways.Perform(ctx, gateway, req); gateways.KindOf(err) != gateways.Unknown {
		t.Errorf("%s, no answer in time: %v", req.Verb, err)
	}
}

// preparations that fail change nothing: the change is not sent, and it is known that nothing happened.
func (c *conformance) preparations(t *testing.T) {
	for _, verb := range c.verbs(t) {
		if !c.prepares(t, verb) {
			continue
		}
		req := c.provider.Requests[verb]
		req.Verb = verb
		for _, tt := range tortures(t) {
			c.server.answer(tt.handler)
			result, err := gateways.Perform(t.Context(), c.open(t), req)
			if err == nil || gateways.KindOf(err) == gateways.Unknown {
				t.Errorf("%s, %s while it was prepared: %+v, %v", verb, tt.name, result, err)
			}
			if sent := c.server.requests(); len(sent) != 0 {
				t.Errorf("%s, %s while it was prepared: sent %q", verb, tt.name, sent)
			}
		}
	}
}
