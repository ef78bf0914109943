package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/kartify/kartify/models/cast"
	"github.com/kartify/kartify/models/modelstest"
)

// TestLogsAreStructuredAndKeepSecrets goes the ways of people, providers and attackers, and then reads what
// kartify wrote: every line is JSON, every request has its id, and nothing in it is a secret or about a customer.
func TestLogsAreStructuredAndKeepSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "KARTIFY_LOG=json")
	w.sandbox(http.MethodPut, "/_sandbox/faults", map[string]any{"gateway": "razorpay", "verb": "refund", "mode": "garbage_after", "times": 1}, nil)

	// People: a sign-in that fails, one that does not, searches, a refund whose answer is garbage, a new secret.
	stranger := w.nobody()
	stranger.post("/login", url.Values{"email": {"canary.mallory@evil.example"}, "password": {"canary-password-1"}})
	support, owner := w.signIn("support@ruosh.example"), w.signIn("owner@ruosh.example")
	for _, path := range []string{"/", "/sales/orders?q=Meera+Nair", "/sales/orders?customer=meera%40example.com", "/sales/orders/1001", "/sales/limbo", "/sales/orders/4711", "/system/users"} {
		support.get(path)
	}
	action, form, err := support.refundForm(1001)
	if err != nil {
		t.Fatal(err)
	}
	form.Set("amount", "10.00")
	form.Set("note", "canary-note of the customer")
	posted := support.post(action, form)
	if operationOf(posted) == "" {
		t.Fatalf("the refund: %d %s", posted.StatusCode, tail(posted.text, 300))
	}
	w.eventually("1", `SELECT count(*) FROM operations WHERE order_id = 1001 AND state = 'succeeded'`)
	settings := owner.get("/extensions/payment/razorpay?store=40")
	csrf, _ := settings.page().Find(`meta[name="csrf-token"]`).Attr("content")
	owner.post("/extensions/payment/razorpay?store=40", url.Values{
		"store": {"40"}, "mode": {"test"}, "key_id": {"rzp_test_canary00000001"}, "key_secret": {"canary-key-secret-1"}, "csrf": {csrf}, "enabled": {"1"},
	})
	owner.post("/system/users", url.Values{"email": {"canary.new@ruosh.example"}, "name": {"Canary Newcomer"}, "role": {"viewer"}, "all_stores": {"1"}, "csrf": {csrf}})

	// Machines: a forged webhook, a broken one, one with a customer in it.
	for _, signature := range []string{"canary-signature", ""} {
		body := `{"event":"payment.captured","payload":{"payment":{"entity":{"id":"pay_canary","email":"canary.buyer@example.com","contact":"+919812340000"}}}}`
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.base+"/callbacks/razorpay/40", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Razorpay-Signature", signature)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}

	var sessions []string
	base, err := url.Parse(w.base)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*person{support, owner} {
		for _, c := range p.client.Jar.Cookies(base) {
			sessions = append(sessions, c.Value)
		}
	}
	w.stop(syscall.SIGTERM)
	out := w.out.String()
	never := map[string]string{
		"a master key": modelstest.MasterKey, "a password": cast.Password, "a refused password": "canary-password-1", "a note": "canary-note",
		"a new secret": "canary-key-secret-1", "Razorpay's key secret": cast.Razorpay["key_secret"], "Razorpay's webhook secret": cast.Razorpay["webhook_secret"],
		"GoFynd's secret": cast.GoFynd["secret_key"], "GoFynd's token": cast.GoFynd["affiliate_token"],
		"a customer's name": "Meera", "an address of e-mail": "@ruosh.example", "a customer's e-mail": "example.com", "a stranger's e-mail": "mallory",
		"a customer's phone": "98123", "a form's token": form.Get("token"), "a session's form token": csrf, "a signature": "canary-signature", "a name": "Newcomer",
		"SQL with values": "WHERE lower(email) = '",
	}
	for n, id := range sessions {
		never["session "+string(rune('1'+n))] = id
	}
	for what, canary := range never {
		if canary == "" {
			t.Errorf("the test knows no %s to look for", what)
		} else if i := strings.Index(out, canary); i >= 0 {
			t.Errorf("the log holds %s: …%s…", what, out[max(0, i-200):min(len(out), i+len(canary)+100)])
		}
	}

	ids := regexp.MustCompile(`^[0-9a-f]{16}$`)
	requests, found := 0, false
	for line := range strings.Lines(out) {
		var entry struct {
			Time, Level, Msg, Route string
			RequestID               string `json:"request_id"`
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Time == "" || entry.Level == "" || entry.Msg == "" {
			t.Errorf("a line is not structured: %s", line)
			continue
		}
		if entry.Msg != "request" {
			continue
		}
		requests++
		if !ids.MatchString(entry.RequestID) {
			t.Errorf("a request has no id: %s", line)
		}
		found = found || entry.RequestID == posted.Header.Get("X-Request-Id") && strings.HasSuffix(entry.Route, "/refunds")
	}
	if requests < 10 || !found {
		t.Errorf("%d requests are in the log; the refund with the id the browser was told: %v", requests, found)
	}
}
