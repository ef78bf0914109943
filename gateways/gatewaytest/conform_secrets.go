package gatewaytest

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
)

// secrets come back in the provider's answer, with a card number; none may reach an error or a trace.
func (c *conformance) secrets(t *testing.T) {
	gateway := c.open(t)
	secrets := c.secretValues()
	if len(secrets) == 0 {
		t.Fatal("the settings hold no secret")
	}
	echo := func(w http.ResponseWriter, r *http.Request) {
		said := strings.Join(secrets, " ") + " " + r.Header.Get("Authorization") + " 4111 1111 1111 1111"
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"error":{"code":%q,"description":%q},"message":%q,"cvv":"987"}`, said, said, said)
	}
	calls := map[string]func(context.Context) error{"check": gateway.Check}
	for _, verb := range c.verbs(t) {
		req := c.provider.Requests[verb]
		req.Verb, req.Reason = verb, "asked by "+secrets[0]
		calls[string(verb)] = func(ctx context.Context) error {
			_, err := gateways.Perform(ctx, gateway, req)
			return err
		}
		if _, ok := gateway.(gateways.Finder); ok {
			calls["find "+string(verb)] = func(ctx context.Context) error {
				_, err := gateways.Find(ctx, gateway, req)
				return err
			}
		}
	}
	c.readers(gateway, calls)
	for name, call := range calls {
		handler := http.HandlerFunc(echo)
		if _, moves := c.provider.Requests[gateways.Verb(name)]; moves {
			handler = c.prepared(gateways.Verb(name), echo)
		}
		c.server.answer(handler)
		ctx, trace := gateways.WithTrace(t.Context())
		err := call(ctx)
		if err == nil || len(trace.Exchanges()) == 0 {
			t.Errorf("%s: err %v, %d exchanges", name, err, len(trace.Exchanges()))
			continue
		}
		told := fmt.Sprintf("%v %+v", err, trace.Exchanges())
		for cause := err; cause != nil; {
			told += " " + cause.Error()
			wrapper, ok := cause.(interface{ Unwrap() error })
			if !ok {
				break
			}
			cause = wrapper.Unwrap()
		}
		for _, secret := range append(secrets, "4111 1111", "4111111111", `"987"`) {
			for _, shape := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))} {
				if strings.Contains(told, shape) {
					t.Errorf("%s tells %q: %s", name, shape, told)
				}
			}
		}
		for i, exchange := range trace.Exchanges() {
			if exchange.URL == "" || exchange.Verb == "" || i == len(trace.Exchanges())-1 && exchange.Status != http.StatusBadRequest {
				t.Errorf("%s: exchange %+v", name, exchange)
			}
		}
	}
}

// readers are the calls of a gateway that move no money.
func (c *conformance) readers(gateway gateways.Gateway, calls map[string]func(context.Context) error) {
	var ref string
	for _, req := range c.provider.Requests {
		ref = req.PaymentRef
	}
	if g, ok := gateway.(gateways.Reader); ok && ref != "" {
		calls["payment"] = func(ctx context.Context) error {
			_, err := g.Payment(ctx, ref)
			return err
		}
	}
	if g, ok := gateway.(gateways.OrderReader); ok {
		calls["order payments"] = func(ctx context.Context) error {
			_, err := g.OrderPayments(ctx, "1001-1")
			return err
		}
	}
	if g, ok := gateway.(gateways.Lister); ok {
		calls["payments"] = func(ctx context.Context) error {
			return g.Payments(ctx, time.Now().Add(-time.Hour), time.Now(), func(gateways.Payment) error { return nil })
		}
	}
}

// mutations are damaged answers: no driver breaks down over one, and none makes another sum of it.
func (c *conformance) mutations(t *testing.T) {
	gateway := c.open(t)
	for _, verb := range c.verbs(t) {
		req := c.provider.Requests[verb]
		req.Verb = verb
		for i, damaged := range damage(c.spoken(t, verb, req)) {
			c.server.answer(c.prepared(verb, func(w http.ResponseWriter, r *http.Request) {
				well := record(c.well(verb), r)
				for name, values := range well.Header() {
					w.Header()[name] = values
				}
				w.WriteHeader(well.Code)
				_, _ = w.Write(damaged)
			}))
			result, err := gateways.Perform(t.Context(), gateway, req)
			if err == nil && (result.Amount != req.Amount || result.Status == "") {
				t.Fatalf("%s: mutation %d is taken for %+v: %s", verb, i, result, damaged)
			}
			if err != nil && (gateways.KindOf(err) != gateways.Unknown || strings.Contains(err.Error(), "broke down")) {
				t.Fatalf("%s: mutation %d: %v: %s", verb, i, err, damaged)
			}
		}
	}
}

// spoken is the body with which the provider answers a good change.
func (c *conformance) spoken(t *testing.T, verb gateways.Verb, req gateways.Request) []byte {
	t.Helper()
	var body []byte
	c.server.answer(c.prepared(verb, func(w http.ResponseWriter, r *http.Request) {
		well := record(c.well(verb), r)
		body = well.Body.Bytes()
		for name, values := range well.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(well.Code)
		_, _ = w.Write(body)
	}))
	if _, err := gateways.Perform(t.Context(), c.open(t), req); err != nil {
		t.Fatalf("%s: %v", verb, err)
	}
	return body
}

func record(handler http.HandlerFunc, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	handler(w, r)
	return w
}

// damage cuts a text, swaps its bytes and changes its digits, always in the same places.
func damage(text []byte) [][]byte {
	var all [][]byte
	step := max(1, len(text)/60)
	for i := 0; i < len(text); i += step {
		all = append(all, text[:i])
		for _, b := range []byte{'"', '{', '0', '-', 0, 0xff} {
			mutant := append([]byte(nil), text...)
			mutant[i] = b
			all = append(all, mutant)
		}
	}
	return all
}
