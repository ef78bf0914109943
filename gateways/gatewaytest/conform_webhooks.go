package gatewaytest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways"
)

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
	if c.driver.Trust == gateways.Hinted {
		c.hints(t)
		return
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

// hints are webhooks that prove little: they need name only whom to ask about, and a secret that is set is asked for.
func (c *conformance) hints(t *testing.T) {
	t.Helper()
	hook, inbox := c.provider.Webhook, c.driver.Inbox
	if hook.Secret != "" {
		for name, secrets := range map[string][]string{"another secret": {"another"}, "two other secrets": {"another", "yet another"}} {
			if err := inbox.Verify(hook.Header, hook.Body, secrets); err == nil {
				t.Errorf("verified with %s", name)
			}
		}
	}
	event, err := inbox.Read(hook.Header, hook.Body)
	if err != nil || event.Payment == nil || event.Payment.Ref == "" && event.Payment.OrderRef == "" {
		t.Errorf("a hint says about no payment that it happened: %+v, %v", event, err)
	}
	if hook.Unknown != nil {
		if event, err := inbox.Read(hook.Header, hook.Unknown); err != nil || event.Name == "" {
			t.Errorf("an event nobody knows is read as %+v, %v", event, err)
		}
	}
	for i, body := range append(damage(hook.Body), []byte(strings.Repeat(`{"a":`, 20_000)), []byte("\x00"), []byte(`{"event":"\u0000"}`), nil) {
		func() {
			defer func() {
				if cause := recover(); cause != nil {
					t.Errorf("poison %d breaks the inbox down: %v: %s", i, cause, body)
				}
			}()
			_ = inbox.Verify(http.Header{}, body, []string{hook.Secret})
			if event, err := inbox.Read(http.Header{}, body); err == nil && strings.ContainsRune(fmt.Sprintf("%s %+v", event.Name, event.Payment), 0) {
				t.Errorf("poison %d brings a NUL in", i)
			}
		}()
	}
}
