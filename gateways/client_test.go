package gateways

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// provider is a server that counts what reaches it.
type provider struct {
	*httptest.Server
	calls atomic.Int32
}

func serve(t *testing.T, handler http.HandlerFunc) *provider {
	p := &provider{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.calls.Add(1)
		handler(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) client() *Client {
	return &Client{Name: "Bank", Base: p.URL, Timeout: 5 * time.Second}
}

// answering writes one status, header and body.
func answering(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// cut reads the whole request, then breaks the connection after writing some bytes.
func cut(bytes string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, bytes)
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

func TestWhatAnAnswerMeans(t *testing.T) {
	tests := []struct {
		name   string
		answer http.HandlerFunc
		kind   Kind
		status int
		after  time.Duration
	}{
		{"the connection is cut", cut(""), Unknown, 0, 0},
		{"the answer is cut", cut("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":"), Unknown, 200, 0},
		{"200 that is no JSON", answering(200, "<html>welcome</html>"), Unknown, 200, 0},
		{"200 with two values", answering(200, `{"id":"a"}{"id":"b"}`), Unknown, 200, 0},
		{"200 without a body", answering(200, ""), Unknown, 200, 0},
		{"200 longer than can be read", answering(200, `{"id":"`+strings.Repeat("x", answerLimit)+`"}`), Unknown, 200, 0},
		{"a redirect", answering(307, "", "Location", "/elsewhere"), Unknown, 307, 0},
		{"a refusal nobody documents", answering(400, `{}`), Unknown, 400, 0},
		{"a time-out at their side", answering(408, ""), Unknown, 408, 0},
		{"a conflict", answering(409, ""), Unknown, 409, 0},
		{"too early", answering(425, ""), Unknown, 425, 0},
		{"their fault", answering(500, `{}`), Unknown, 500, 0},
		{"a page of a proxy", answering(502, "<html><h1>502 Bad Gateway</h1></html>"), Unknown, 502, 0},
		{"their fault, with a time to wait", answering(503, "", "Retry-After", "9"), Unknown, 503, 9 * time.Second},
		{"too many calls", answering(429, "", "Retry-After", "7"), Unavailable, 429, 7 * time.Second},
		{"too many calls, for a year", answering(429, "", "Retry-After", "31536000"), Unavailable, 429, time.Hour},
		{"too many calls, for who knows how long", answering(429, "", "Retry-After", "-1"), Unavailable, 429, 0},
		{"wrong credentials", answering(401, ""), Misconfigured, 401, 0},
		{"credentials without the right", answering(403, ""), Misconfigured, 403, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bank := serve(t, tt.answer)
			var out struct{ ID string }
			_, err := bank.client().PostJSON(t.Context(), "refund", "/refunds", map[string]int{"amount": 1}, &out)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("err = %v, want an *Error", err)
			}
			if e.Kind != tt.kind || e.Status != tt.status || e.After != tt.after || e.Verb != "refund" || e.Message == "" {
				t.Errorf("got %+v, want kind %v, status %d, after %v", e, tt.kind, tt.status, tt.after)
			}
			if n := bank.calls.Load(); n != 1 {
				t.Errorf("the bank was called %d times", n)
			}
		})
	}
}

// What was only asked for has not happened, and is not looked up either.
func TestReadingChangesNothing(t *testing.T) {
	for _, answer := range []http.HandlerFunc{cut(""), answering(200, "<html>"), answering(200, strings.Repeat("x", answerLimit+1)), answering(307, ""), answering(400, "{}"), answering(502, "")} {
		bank := serve(t, answer)
		for verb, want := range map[string]string{"payments": onlyRead, "payment": onlyRead, "check": onlyRead, "find": lookedUp, "refund": lookedUp} {
			var e *Error
			if _, err := bank.client().GetJSON(t.Context(), verb, "/payments", &struct{}{}); !errors.As(err, &e) || e.Kind != Unknown || !strings.HasSuffix(e.Message, ". "+want) {
				t.Errorf("%s: %v, want %q", verb, err, want)
			}
		}
	}
}

func TestNothingWasSent(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	tests := []struct {
		name, base, path string
		public           bool
		kind             Kind
	}{
		{"nobody listens", "http://" + closed.Addr().String(), "/refunds", false, Unavailable},
		{"no such name", "http://kartify-nowhere.invalid", "/refunds", false, Unavailable},
		{"no scheme", "127.0.0.1:1", "/refunds", false, Misconfigured},
		{"a password in the address", "https://user:word@127.0.0.1:1", "/refunds", false, Misconfigured},
		{"a path that changes the host", "http://127.0.0.1:1", "@example.com/", false, Misconfigured},
		{"a store's address without TLS", "http://example.com", "/refunds", true, Misconfigured},
		{"a store's address inside the house", "https://127.0.0.1:1", "/refunds", true, Misconfigured},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &Client{Name: "Bank", Base: tt.base, Public: tt.public, Timeout: 5 * time.Second}
			if _, err := c.PostJSON(t.Context(), "refund", tt.path, struct{}{}, nil); KindOf(err) != tt.kind {
				t.Errorf("err = %v, kind %v, want %v", err, KindOf(err), tt.kind)
			}
		})
	}
	t.Run("the certificate is not trusted", func(t *testing.T) {
		calls := 0
		bank := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls++ }))
		bank.Config.ErrorLog = nil
		bank.StartTLS()
		defer bank.Close()
		c := &Client{Name: "Bank", Base: bank.URL}
		_, err := c.PostJSON(t.Context(), "refund", "/refunds", struct{}{}, nil)
		if KindOf(err) != Unavailable || !strings.Contains(err.Error(), "certificate") || calls != 0 {
			t.Errorf("err = %v after %d calls", err, calls)
		}
	})
}

// A RoundTripper that fails without telling whether it dialled may have sent the request.
func TestATransportThatSaysNothingIsUnknown(t *testing.T) {
	c := &Client{Name: "Bank", Base: "http://127.0.0.1", HTTP: &http.Client{Transport: silent{}}}
	if _, err := c.PostJSON(t.Context(), "refund", "/", nil, nil); KindOf(err) != Unknown {
		t.Errorf("err = %v is %v", err, KindOf(err))
	}
}

type silent struct{}

func (silent) RoundTrip(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

func TestACallEndsInTime(t *testing.T) {
	release := make(chan struct{})
	bank := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	c := bank.client()
	c.Timeout = 50 * time.Millisecond
	started := time.Now()
	_, err := c.PostJSON(t.Context(), "refund", "/", struct{}{}, nil)
	if KindOf(err) != Unknown || !strings.Contains(err.Error(), "did not answer within 50ms") || time.Since(started) > 2*time.Second {
		t.Errorf("err = %v after %v", err, time.Since(started))
	}
}

func TestAProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	for _, transport := range []*http.Transport{reads, changes, public} {
		if transport.Proxy != nil {
			t.Error("a transport asks the environment for a proxy")
		}
		if transport.TLSClientConfig.InsecureSkipVerify {
			t.Error("a transport trusts every certificate")
		}
	}
}

func TestATraceHoldsNoSecrets(t *testing.T) {
	const secret = `s3cr3t/"word"`
	bank := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"message":"bad key %s for 4111 1111 1111 1111","cvv":"123","nul":"`+"\x00"+`"}`, r.Header.Get("Authorization"))
	})
	c := bank.client()
	c.Secrets = []string{secret}
	c.Sign = func(req *http.Request, _ []byte) { req.Header.Set("Authorization", secret) }
	c.Explain = func(e *Error, body []byte) { e.Message = string(body) }
	ctx, trace := WithTrace(context.Background())
	_, err := c.PostJSON(ctx, "refund", "/refunds?key=s3cr3t%2F%22word%22", map[string]string{"note": secret, "CVC": "999"}, nil)
	exchanges := trace.Exchanges()
	if len(exchanges) != 1 {
		t.Fatalf("%d exchanges", len(exchanges))
	}
	x := exchanges[0]
	if x.Verb != "refund" || x.Method != "POST" || x.Status != 400 || x.Duration <= 0 || x.Started.IsZero() {
		t.Errorf("exchange %+v", x)
	}
	for name, text := range map[string]string{"URL": x.URL, "request": x.Request, "answer": x.Answer, "error": x.Err, "err": err.Error()} {
		for _, leak := range []string{"s3cr3t", "4111 1111", "411111111111", `"123"`, "999", "\x00"} {
			if strings.Contains(text, leak) {
				t.Errorf("the %s holds %q: %s", name, leak, text)
			}
		}
	}
	if !strings.Contains(x.Answer, "411111…1111") {
		t.Errorf("answer %s", x.Answer)
	}
}

func TestWhatIsSent(t *testing.T) {
	var body, accept, key, agent string
	bank := serve(t, func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		body, accept, key, agent = string(raw), r.Header.Get("Accept"), r.Header.Get("X-Key"), r.UserAgent()
		_, _ = io.WriteString(w, `{"number":12345678901234567890,"amount":9007199254740993}`)
	})
	var out struct {
		Number any
		Amount int64
	}
	raw, err := bank.client().PutJSON(t.Context(), "update", "/x", map[string]string{"name": "Zoë <A&B>"}, &out, Header("X-Key", "1"))
	if err != nil {
		t.Fatal(err)
	}
	if body != `{"name":"Zoë <A&B>"}` || accept != "application/json" || key != "1" || agent != "kartify" {
		t.Errorf("sent %q, %q, %q, %q", body, accept, key, agent)
	}
	if fmt.Sprint(out.Number) != "12345678901234567890" || out.Amount != 9007199254740993 || len(raw) == 0 {
		t.Errorf("understood %+v of %s", out, raw)
	}
}

func TestPublicAddress(t *testing.T) {
	tests := map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "127.0.0.1": false, "::1": false, "10.1.2.3": false, "172.16.0.1": false,
		"192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false, "::": false, "fe80::1": false,
		"fd00::1": false, "::ffff:127.0.0.1": false, "64:ff9b::7f00:1": false, "224.0.0.1": false, "255.255.255.255": false, "2002:7f00:1::": false,
	}
	for text, want := range tests {
		if got := PublicAddress(netip.MustParseAddr(text)); got != want {
			t.Errorf("PublicAddress(%s) = %v", text, got)
		}
	}
}
