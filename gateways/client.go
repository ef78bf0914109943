package gateways

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

const (
	callTimeout = 20 * time.Second
	answerLimit = 1 << 20 // bytes of an answer we are ready to read
)

// Client speaks HTTP to one provider for one store. A call is sent once and never repeated by itself;
// what may be done after an error is its Kind. Every call leaves its exchange in the Trace of its context.
type Client struct {
	Name    string        // of the provider, for sentences: "Razorpay"
	Base    string        // where its API begins, without a slash at the end
	Public  bool          // Base was typed by a store: dial public addresses over TLS only
	Timeout time.Duration // of one call from dialling to the last byte; 20 s when zero
	HTTP    *http.Client  // nil: our own. Redirects are not followed either way
	Secrets []string      // never shown in a trace or an error
	Silence string        // said where no sure answer came; "": what Unsure says

	// Sign adds the credentials to a request. The body is exactly what will be sent.
	Sign func(req *http.Request, body []byte)
	// Explain reads an answer that is not 2xx: it fills in Code and Message, and sets Kind where the
	// provider documents what its answer means. A 4xx it does not know stays Unknown.
	Explain func(e *Error, body []byte)
	// Show is what people are to read of a body that is sent or answered, where the provider encrypts it.
	// Secrets and card numbers in it are hidden like those of any other.
	Show func(body string) string
}

// Call is one request. Body is sent byte for byte.
type Call struct {
	Verb   string // "refund", for errors and traces
	Method string
	Path   string // after Base, with its query, each part escaped
	Header http.Header
	Body   []byte // nil for none
}

// Answer is a 2xx answer.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// NewClient is a Client of a store's settings: its secrets are known, so that they stay out of traces.
// It fails when a required field is empty or a value is refused by its Check. base is used when the
// operator has set no other.
func NewClient(name string, fields []Field, s Settings, base string) (*Client, error) {
	if err := CheckSettings(name, fields, s); err != nil {
		return nil, err
	}
	c := &Client{Name: name, Base: base, HTTP: s.HTTP, Timeout: s.Timeout}
	if s.BaseURL != "" {
		c.Base = s.BaseURL
	}
	c.Base = strings.TrimRight(c.Base, "/")
	for _, field := range fields {
		if value := s.Values[field.Slug]; field.Secret && value != "" {
			c.Secrets = append(c.Secrets, value)
		}
	}
	return c, nil
}

// Header is a header of one call.
func Header(name, value string) func(*Call) {
	return func(call *Call) { call.Header.Set(name, value) }
}

// GetJSON asks for path and decodes the answer into out.
func (c *Client) GetJSON(ctx context.Context, verb, path string, out any, options ...func(*Call)) ([]byte, error) {
	return c.json(ctx, verb, http.MethodGet, path, nil, out, options)
}

// PostJSON sends in and decodes the answer into out. A []byte is sent as it is.
func (c *Client) PostJSON(ctx context.Context, verb, path string, in, out any, options ...func(*Call)) ([]byte, error) {
	return c.json(ctx, verb, http.MethodPost, path, in, out, options)
}

// PutJSON is PostJSON with PUT.
func (c *Client) PutJSON(ctx context.Context, verb, path string, in, out any, options ...func(*Call)) ([]byte, error) {
	return c.json(ctx, verb, http.MethodPut, path, in, out, options)
}

func (c *Client) json(ctx context.Context, verb, method, path string, in, out any, options []func(*Call)) ([]byte, error) {
	call := Call{Verb: verb, Method: method, Path: path, Header: http.Header{}}
	call.Header.Set("Accept", "application/json")
	if in != nil {
		body, err := EncodeJSON(in)
		if err != nil {
			return nil, &Error{Kind: Declined, Verb: verb, Message: "The request could not be written down; nothing was sent.", Err: err}
		}
		call.Body = body
		call.Header.Set("Content-Type", "application/json")
	}
	for _, option := range options {
		option(&call)
	}
	answer, err := c.Do(ctx, call)
	if err != nil {
		return answer.Body, err
	}
	if err := DecodeJSON(answer.Body, out); err != nil {
		return answer.Body, &Error{Kind: Unknown, Verb: verb, Status: answer.Status, Message: c.Name + " answered something that could not be understood. " + c.silence(verb), Err: err}
	}
	return answer.Body, nil
}

// Do sends a call once. An answer that is not 2xx is an *Error; its body is returned with it.
func (c *Client) Do(ctx context.Context, call Call) (answer Answer, err error) {
	exchange := Exchange{Verb: call.Verb, Method: call.Method, URL: c.Base + call.Path, Request: string(call.Body), Started: time.Now().UTC()}
	defer func() {
		exchange.Duration = time.Since(exchange.Started)
		exchange.Status, exchange.Answer = answer.Status, string(answer.Body)
		if c.Show != nil {
			exchange.Request, exchange.Answer = c.Show(exchange.Request), c.Show(exchange.Answer)
		}
		if err != nil {
			exchange.Err = err.Error()
		}
		if trace := traceOf(ctx); trace != nil {
			trace.add(exchange.scrub(c.Secrets))
		}
	}()

	req, err := c.request(ctx, call)
	if err != nil {
		return answer, &Error{Kind: Misconfigured, Verb: call.Verb, Message: "The address of " + c.Name + " is not usable; nothing was sent.", Err: err}
	}
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = callTimeout
	}
	var dialling, connected atomic.Bool
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req = req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { dialling.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	}))

	res, err := c.client(call.Method).Do(req)
	if err != nil {
		// Nothing was sent only when we saw a connection sought and none obtained.
		return answer, c.unanswered(call.Verb, timeout, dialling.Load() && !connected.Load(), err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, answerLimit+1))
	answer = Answer{Status: res.StatusCode, Header: res.Header, Body: body[:min(len(body), answerLimit)]}
	switch {
	case err != nil:
		e := c.unanswered(call.Verb, timeout, false, err)
		e.Status = res.StatusCode
		return answer, e
	case len(body) > answerLimit:
		return answer, &Error{Kind: Unknown, Verb: call.Verb, Status: res.StatusCode, Message: c.Name + " answered more than can be read. " + c.silence(call.Verb)}
	case res.StatusCode < 200 || res.StatusCode > 299:
		return answer, c.refused(call.Verb, res, body)
	}
	return answer, nil
}

// request is the HTTP request of a call. A change has a body that cannot be read again, even when it is empty:
// net/http repeats what it can rewind, above all under an Idempotency-Key header.
func (c *Client) request(ctx context.Context, call Call) (*http.Request, error) {
	base, err := url.Parse(c.Base)
	if err != nil {
		return nil, withoutURL(err)
	}
	if base.Host == "" || base.User != nil || (base.Scheme != "https" && (base.Scheme != "http" || c.Public)) {
		return nil, errors.New("it must begin with https:// and name a host")
	}
	if !strings.HasPrefix(call.Path, "/") {
		return nil, errors.New("a path must begin with a slash")
	}
	req, err := http.NewRequestWithContext(ctx, call.Method, c.Base+call.Path, nil)
	if err != nil {
		return nil, withoutURL(err)
	}
	if req.URL.Host != base.Host {
		return nil, errors.New("a path must stay at its host")
	}
	if call.Body != nil || call.Method != http.MethodGet {
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(call.Body)), int64(len(call.Body))
	}
	for name, values := range call.Header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", "kartify")
	if c.Sign != nil {
		c.Sign(req, call.Body)
	}
	return req, nil
}

// EncodeJSON writes v compactly, without the escapes of HTML and without a newline. A []byte stays as it is.
func EncodeJSON(v any) ([]byte, error) {
	if raw, ok := v.([]byte); ok {
		return raw, nil
	}
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}

// DecodeJSON reads one JSON value into out, nothing after it. Numbers of unknown shape stay text.
func DecodeJSON(body []byte, out any) error {
	if out == nil {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(out); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON value")
	}
	return nil
}
