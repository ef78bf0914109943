package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// bench is a sandbox behind a real port, and somebody who talks to it.
type bench struct {
	t   *testing.T
	box *Sandbox
	url string
}

func quick() Config {
	return Config{
		Log: slog.New(slog.DiscardHandler), WebhookDelay: time.Millisecond, RefundDelay: time.Hour,
		RetryAfter: []time.Duration{time.Millisecond, time.Millisecond},
	}
}

func newBench(t *testing.T) *bench { return openBench(t, quick()) }

func openBench(t *testing.T, cfg Config) *bench {
	t.Helper()
	box, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box.Handler())
	b := &bench{t, box, server.URL}
	t.Cleanup(func() {
		server.Close()
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// answer is what came back; status 0 is a cut connection.
type answer struct {
	status int
	header http.Header
	body   string
}

// is finds out whether the answer is an error with that status and description.
func (a answer) is(t *testing.T, status int, description string) {
	t.Helper()
	var got struct {
		Error struct {
			Description string `json:"description"`
		} `json:"error"`
	}
	_ = json.Unmarshal([]byte(a.body), &got)
	if a.status != status || got.Error.Description != description {
		t.Errorf("answer %d %s, want %d %q", a.status, a.body, status, description)
	}
}

func (a answer) text(t *testing.T, name string) string {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatalf("answer %d is not JSON: %s", a.status, a.body)
	}
	text, _ := got[name].(string)
	return text
}

// do sends one request on a connection of its own. Headers are pairs of name and value.
func (b *bench) do(method, path, body string, headers ...string) answer {
	b.t.Helper()
	req, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	req.Close = true
	resp, err := lone.Do(req)
	if err != nil {
		return answer{}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}
	}
	return answer{resp.StatusCode, resp.Header, string(raw)}
}

// lone reuses no connection, so that a cut one is seen and not tried again.
var lone = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Timeout:       5 * time.Second,
}

// rzp calls Razorpay's API as the default merchant.
func (b *bench) rzp(method, path, body string, headers ...string) answer {
	b.t.Helper()
	return b.do(method, "/razorpay/v1"+path, body, append(headers, "Authorization",
		"Basic cnpwX3Rlc3RfS0YwMDAwMDAwMDAwMEE6a2FydGlmeV90ZXN0X3NlY3JldF8wMDAx")...)
}

// control calls a control route and decodes what it answers into out.
func (b *bench) control(method, path string, in, out any) {
	b.t.Helper()
	body := ""
	if in != nil {
		body = string(compact(in))
	}
	got := b.do(method, "/_sandbox"+path, body)
	if got.status != http.StatusOK {
		b.t.Fatalf("%s %s answered %d %s", method, path, got.status, got.body)
	}
	if out != nil {
		if err := json.Unmarshal([]byte(got.body), out); err != nil {
			b.t.Fatal(err)
		}
	}
}

type obj map[string]any

// pay makes a payment of 1000.00 INR in a state and returns its id.
func (b *bench) pay(state string, more ...obj) string {
	b.t.Helper()
	in := obj{"gateway": "razorpay", "order": "1001", "amount_minor": 100000, "currency": "INR", "state": state}
	for _, m := range more {
		for name, value := range m {
			in[name] = value
		}
	}
	var out struct{ ID string }
	b.control("POST", "/payments", in, &out)
	return out.ID
}

func (b *bench) fault(verb, mode string, more ...obj) {
	b.t.Helper()
	in := obj{"gateway": "razorpay", "verb": verb, "mode": mode}
	for _, m := range more {
		for name, value := range m {
			in[name] = value
		}
	}
	b.control("PUT", "/faults", in, nil)
}

// ledger is the effects of a payment with a verb.
func (b *bench) ledger(payment, verb string) []Entry {
	b.t.Helper()
	var out []Entry
	b.control("GET", "/ledger?payment="+payment+"&verb="+verb, nil, &out)
	return out
}

// effects checks how many effects of a verb a payment has had.
func (b *bench) effects(payment, verb string, want int) {
	b.t.Helper()
	if got := b.ledger(payment, verb); len(got) != want {
		b.t.Errorf("%d %s effects, want %d: %v", len(got), verb, want, got)
	}
}

// shop is a receiver of webhooks that answers what it is told to.
type shop struct {
	*httptest.Server
	mu     sync.Mutex
	got    []delivery
	answer func(n int) int // the status of the nth delivery, from 0
}

type delivery struct {
	header http.Header
	body   []byte
}

func newShop(t *testing.T, answer func(n int) int) *shop {
	s := &shop{answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		n := len(s.got)
		s.got = append(s.got, delivery{r.Header, body})
		s.mu.Unlock()
		w.WriteHeader(s.answer(n))
	}))
	t.Cleanup(s.Close)
	return s
}

func always(status int) func(int) int { return func(int) int { return status } }

func (s *shop) deliveries() []delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]delivery{}, s.got...)
}

// wait returns once n deliveries have come, or fails.
func (s *shop) wait(t *testing.T, n int) []delivery {
	t.Helper()
	for range 400 {
		if got := s.deliveries(); len(got) >= n {
			return got
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("%d webhooks came, want %d", len(s.deliveries()), n)
	return nil
}

func (d delivery) event(t *testing.T) razorpayEvent {
	t.Helper()
	var e razorpayEvent
	if err := json.Unmarshal(bytes.TrimSpace(d.body), &e); err != nil {
		t.Fatalf("%v in %s", err, d.body)
	}
	return e
}

// eventually waits for something that happens in the background.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 400 {
		if is() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("it never happened: %s", what)
}
