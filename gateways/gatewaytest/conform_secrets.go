package gatewaytest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways"
)

// secrets come back in the provider's answer, with a card number; none may reach an error or a trace.
func (c *conformance) secrets(t *testing.T) {
	gateway := c.open(t)
	var secrets []string
	for _, field := range c.driver.Fields {
		if value := c.settings.Values[field.Slug]; field.Secret && value != "" {
			secrets = append(secrets, value)
		}
	}
	if len(secrets) == 0 {
		t.Fatal("the settings hold no secret")
	}
	echo := func(w http.ResponseWriter, r *http.Request) {
		said := strings.Join(secrets, " ") + " " + r.Header.Get("Authorization") + " 4111 1111 1111 1111"
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"error":{"code":%q,"description":%q},"message":%q,"cvv":"987"}`, said, said, said)
	}
	calls := map[string]func(*testing.T) (*gateways.Trace, error){
		"check": func(t *testing.T) (*gateways.Trace, error) {
			ctx, trace := gateways.WithTrace(t.Context())
			return trace, gateway.Check(ctx)
		},
	}
	for _, verb := range c.verbs(t) {
		req := c.provider.Requests[verb]
		req.Verb, req.Reason = verb, "asked by "+secrets[0]
		calls[string(verb)] = func(t *testing.T) (*gateways.Trace, error) {
			ctx, trace := gateways.WithTrace(t.Context())
			_, err := gateways.Perform(ctx, gateway, req)
			return trace, err
		}
	}
	for name, call := range calls {
		c.server.answer(echo)
		trace, err := call(t)
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
		for _, exchange := range trace.Exchanges() {
			if exchange.Status != http.StatusBadRequest || exchange.URL == "" || exchange.Verb == "" {
				t.Errorf("%s: exchange %+v", name, exchange)
			}
		}
	}
}

// mutations are damaged answers: no driver breaks down over one, and none makes another sum of it.
func (c *conformance) mutations(t *testing.T) {
	gateway := c.open(t)
	for _, verb := range c.verbs(t) {
		req := c.provider.Requests[verb]
		req.Verb = verb
		for i, damaged := range damage([]byte(c.provider.Answers[verb])) {
			c.server.answer(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(damaged) })
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

// webhooks are forged, damaged and unknown.
func (c *conformance) webhooks(t *testing.T) {
	hook := c.provider.Webhook
	if hook == nil {
		t.Fatal("the driver has an inbox, and no webhook is given for it")
	}
	inbox := c.driver.Inbox
	if err := inbox.Verify(hook.Header, hook.Body, []string{hook.Secret}); err != nil {
		t.Errorf("a genuine webhook: %v", err)
	}
	if err := inbox.Verify(hook.Header, hook.Body, []string{"the newer one", hook.Secret}); err != nil {
		t.Errorf("a webhook signed with the secret before: %v", err)
	}
	event, err := inbox.Read(hook.Header, hook.Body)
	if err != nil || event.Name != hook.Name {
		t.Errorf("a genuine webhook is read as %+v, %v, want %s", event, err, hook.Name)
	}
	doubled := hook.Header.Clone()
	for name, values := range doubled {
		if strings.Contains(name, "Signature") {
			doubled[name] = append(values, values...)
		}
	}
	flipped := append([]byte(nil), hook.Body...)
	flipped[len(flipped)/2] ^= 1
	forged := map[string]error{
		"another secret":      inbox.Verify(hook.Header, hook.Body, []string{"another"}),
		"no secret":           inbox.Verify(hook.Header, hook.Body, nil),
		"an empty secret":     inbox.Verify(hook.Header, hook.Body, []string{""}),
		"no header":           inbox.Verify(http.Header{}, hook.Body, []string{hook.Secret}),
		"two headers":         inbox.Verify(doubled, hook.Body, []string{hook.Secret}),
		"one bit changed":     inbox.Verify(hook.Header, flipped, []string{hook.Secret}),
		"a newline more":      inbox.Verify(hook.Header, append(append([]byte(nil), hook.Body...), '\n'), []string{hook.Secret}),
		"an empty body":       inbox.Verify(hook.Header, nil, []string{hook.Secret}),
		"the body re-ordered": inbox.Verify(hook.Header, append([]byte(" "), hook.Body...), []string{hook.Secret}),
	}
	for name, err := range forged {
		if err == nil {
			t.Errorf("verified with %s", name)
		}
	}
	if event, err := inbox.Read(http.Header{}, hook.Unknown); err != nil || event.Name == "" || event.Payment != nil || event.Refund != nil {
		t.Errorf("an event nobody knows is read as %+v, %v", event, err)
	}
	poison := append(damage(hook.Body), []byte(strings.Repeat(`{"a":`, 20_000)), []byte("\x00"), []byte(`{"event":"\u0000"}`), nil)
	for i, body := range poison {
		func() {
			defer func() {
				if cause := recover(); cause != nil {
					t.Errorf("poison %d breaks the inbox down: %v: %s", i, cause, body)
				}
			}()
			_, _ = inbox.Read(hook.Header, body)
		}()
	}
	for _, body := range poison[len(poison)-4:] {
		if _, err := inbox.Read(hook.Header, body); err == nil {
			t.Errorf("read %.40q", body)
		}
	}
}
