package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

const extensionSecret = "ext_secret_123"

// fyndGuest is an extension that Fynd asks; it remembers what came and answers as it is told.
type fyndGuest struct {
	*httptest.Server
	mu     sync.Mutex
	got    []fyndRequest
	answer func(path string) (int, string)
}

func newGuest(t *testing.T, b *bench) *fyndGuest {
	g := &fyndGuest{answer: func(string) (int, string) { return 200, `{"success":true}` }}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		req := fyndRequest{Method: r.Method, Path: r.URL.Path, Header: map[string]string{}, Body: string(body)}
		for name := range r.Header {
			req.Header[strings.ToLower(name)] = r.Header.Get(name)
		}
		g.mu.Lock()
		g.got = append(g.got, req)
		status, text := g.answer(r.URL.Path)
		g.mu.Unlock()
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(g.Close)
	b.control("PUT", "/fynd/extensions", obj{
		"api_key": "key1", "api_secret": extensionSecret, "name": "Pay <here>", "base_url": g.URL,
		"channels": []obj{{"company_id": "1", "company": "Ruosh", "application_id": "64d2", "application": "Ruosh shop"}},
	}, nil)
	return g
}

func (g *fyndGuest) last() fyndRequest {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.got[len(g.got)-1]
}

func TestFyndAsksForSessions(t *testing.T) {
	b := newBench(t)
	g := newGuest(t, b)
	g.answer = func(string) (int, string) {
		return 200, `{"_id":"64d4","redirect_url":"` + g.URL + `/api/v1/pgloader/64d4"}`
	}
	purchase := obj{"gid": "TR1", "amount_minor": 49900, "customer_name": "Zoë 💐 \"A\\B\"", "customer_email": "z@x.example"}
	var out asked
	compactly := func(text string) string {
		return strings.NewReplacer("\": ", "\":", ", \"", ",\"", "}, {", "},{").Replace(text)
	}
	tests := []struct {
		as, header string
		signed     func(body string) string // what the checksum is of
	}{
		{"", "checksum", func(body string) string { return body }},
		{"python", "checksum", compactly},
		{"indented", "checksum", func(body string) string { return body }},
		{"checksum_auth", "checksum_auth", func(body string) string { return body }},
		{"order_checksum_auth", "order_checksum_auth", func(body string) string { return body }},
	}
	for _, tt := range tests {
		b.control("POST", "/fynd/sessions", merged(purchase, obj{"as": tt.as}), &out)
		got := g.last()
		if got.Method != "POST" || got.Path != "/api/v1/payment_session/TR1" || got.Header[tt.header] != hexHMAC(extensionSecret, []byte(tt.signed(got.Body))) {
			t.Errorf("%q sent %+v", tt.as, got)
		}
		if out.Answers[0].Status != 200 || out.GID != "TR1" {
			t.Errorf("%q says %+v", tt.as, out)
		}
	}
	for _, tt := range []struct{ as, why string }{{"wrong_secret", "signed"}, {"tampered_body", "changed"}, {"missing_header", "unsigned"}} {
		b.control("POST", "/fynd/sessions", merged(purchase, obj{"as": tt.as}), &out)
		if got := g.last(); got.Header["checksum"] == hexHMAC(extensionSecret, []byte(got.Body)) {
			t.Errorf("%s is not %s", tt.as, tt.why)
		}
	}

	b.control("POST", "/fynd/sessions", merged(purchase, obj{"with": obj{"amount": "49900", "extra": obj{"b": 1}}, "without": []string{"locale"}}), &out)
	first := g.last()
	var body map[string]any
	if err := json.Unmarshal([]byte(first.Body), &body); err != nil {
		t.Fatal(err)
	}
	if body["amount"] != "49900" || body["locale"] != nil || body["extra"] == nil || body["company_id"] != 1.0 || body["app_id"] != "64d2" || body["customer_name"] != purchase["customer_name"] {
		t.Errorf("sent %s", first.Body)
	}
	if home := body["success_url"].(string); !strings.HasPrefix(home, b.url+"/_sandbox/fynd/shop/success?") || !strings.Contains(home, "gid=TR1") {
		t.Errorf("the buyer comes back to %s", home)
	}
	b.control("POST", "/fynd/sessions", merged(purchase, obj{"as": "replay", "times": 3, "parallel": true}), &out)
	if again := g.last(); again.Body != first.Body || again.Header["checksum"] != first.Header["checksum"] || len(out.Answers) != 3 {
		t.Errorf("replayed %+v", again)
	}
	b.do("POST", "/_sandbox/fynd/sessions", `{"gid":"TR9","amount_minor":1,"as":"replay"}`).says(t, 400, "nothing was sent yet")
	b.do("POST", "/_sandbox/fynd/sessions", `{"amount_minor":1,"as":"sideways"}`).says(t, 400, "there is no way")
	b.do("POST", "/_sandbox/fynd/sessions", `{"amount_minor":1,"api_key":"other"}`).says(t, 400, "no extension")
}

func TestFyndAsksForRefundsAndPolls(t *testing.T) {
	b := newBench(t)
	g := newGuest(t, b)
	g.answer = func(string) (int, string) { return 403, `{"success":false,"title":"Forbidden","message":"Not yet"}` }
	b.control("POST", "/fynd/sessions", obj{"gid": "TR0", "amount_minor": 49900}, nil)
	g.answer = func(string) (int, string) { return 202, `{"gid":"TR1","redirect_url":"https://x/"}` }
	b.control("POST", "/fynd/sessions", obj{"gid": "TR1", "amount_minor": 49900}, nil)
	var out asked
	b.control("POST", "/fynd/refunds", obj{"gid": "TR1", "amount_minor": 100}, &out)
	if len(out.Request) != 20 || !strings.Contains(g.last().Body, `"request_id":"`+out.Request+`"`) || g.last().Path != "/api/v1/payment_session/TR1/refund" {
		t.Errorf("asked %+v by %s", out, g.last().Body)
	}
	g.answer = func(string) (int, string) {
		return 400, `{"success":false,"title":"No","message":"transaction pending"}`
	}
	b.control("POST", "/fynd/refunds", obj{"gid": "TR1", "amount_minor": 100, "request_id": "R2", "path_gid": "TR2"}, nil)
	if got := g.last().Path; got != "/api/v1/payment_session/TR2/refund" {
		t.Errorf("asked at %s", got)
	}

	status, refund := "started", "refund_initiated"
	g.answer = func(path string) (int, string) {
		if strings.HasSuffix(path, "/refund") {
			return 200, fmt.Sprintf(`{"refund_details":[{"request_id":%q,"status":%q,"amount":100}]}`, out.Request, refund)
		}
		return 200, fmt.Sprintf(`{"gid":"TR1","status":%q,"currency":"INR","total_amount":49900}`, status)
	}
	poll := func(want string) {
		t.Helper()
		var list []fyndPolled
		b.control("POST", "/fynd/polls", obj{}, &list)
		if got := strings.Join(list[0].Divergence, "; "); got != want {
			t.Errorf("the poll says %q, want %q", got, want)
		}
	}
	poll("")
	if got := g.last(); got.Method != "GET" || got.Header["checksum"] != hexHMAC(extensionSecret, []byte("TR1")) {
		t.Errorf("polled with %+v", got)
	}
	status, refund = "complete", "refund_done"
	poll(`status: the extension says "complete", Fynd knows "started"; refund ` + out.Request + `: the extension says "refund_done 100", Fynd knows "refund_initiated 100"`)
	shown := b.do("GET", "/_sandbox/fynd/panel/key1/1/64d2", "")
	shown.says(t, 200, "the extension says")

	b.control("POST", "/fynd/gdpr", obj{"topic": "customers/redact", "customer": obj{"email": "z@x.example"}, "request_id": "P1"}, nil)
	if got := g.last(); got.Path != "/api/v1/gdpr/customers/redact" || got.Body != `{"company_id":1,"application_id":"64d2","customer":{"email":"z@x.example"},"request_id":"P1"}` {
		t.Errorf("asked %+v", got)
	}
}

func TestFyndInstallsAndSubscribes(t *testing.T) {
	b := newBench(t)
	g := newGuest(t, b)
	const oauth = "/service/panel/authentication/v1.0/company/1/oauth"
	authorize := func(more string) answer {
		return b.do("GET", oauth+"/authorize?client_id=key1&scope=company/payment&state=abc&redirect_uri="+g.URL+"/fp/auth"+more, "")
	}
	b.do("GET", oauth+"/authorize?client_id=other&redirect_uri="+g.URL, "").says(t, 400, "client_id")
	b.do("GET", oauth+"/authorize?client_id=key1&scope=company/payment&redirect_uri=http://elsewhere.example/fp/auth", "").says(t, 400, "redirect_uri")
	b.do("GET", oauth+"/authorize?client_id=key1&scope=everything&redirect_uri="+g.URL+"/fp/auth", "").says(t, 400, "scope")
	authorize("&x-fp-date=20261122T222000Z&x-fp-signature=v1.1:00").says(t, 403, "Invalid signature")
	allow := authorize("").read(t)
	_, code, _ := strings.Cut(allow.Find("a.main").AttrOr("href", ""), "code=")
	code, _, _ = strings.Cut(code, "&")
	const basic = "Basic a2V5MTpleHRfc2VjcmV0XzEyMw==" // key1:ext_secret_123
	token := b.do("POST", oauth+"/offline-token", `{"grant_type":"authorization_code","code":"`+code+`"}`, "Authorization", basic)
	token.says(t, 200, "refresh_token")
	if to := authorize("").header.Get("Location"); !strings.Contains(to, "code=") || !strings.Contains(to, "state=abc") {
		t.Errorf("a seller who allowed it goes to %q", to)
	}

	bearer := "Bearer " + token.text(t, "access_token")
	const hooks = "/service/platform/webhook/v%s/company/1/subscriber"
	b.do("POST", "/service/common/webhook/v1.0/events/query-event-details", `[{"event_category":"application","event_name":"refund","event_type":"refund_done","version":1},{"event_category":"x","event_name":"y","event_type":"z","version":"1"}]`).
		says(t, 200, `"id":9`)
	third := `{"webhook_config":{"notification_email":"ops@x.example","name":"key1","status":"active","event_map":{"rest":{"events":[{"event_category":"application","event_name":"refund","event_type":"refund_done","version":"1"}],"webhook_url":"` + g.URL + `/hooks","auth_meta":{"type":"hmac","secret":"ext_secret_123"}}}}}`
	second := `{"name":"key1","webhook_url":"` + g.URL + `/hooks","email_id":"ops@x.example","status":"active","auth_meta":{"type":"hmac","secret":"ext_secret_123"},"events":[{"slug":"application/refund/refund_done/v1"}]}`
	first := strings.Replace(second, `"events":[{"slug":"application/refund/refund_done/v1"}]`, `"event_id":[9]`, 1)
	for _, tt := range []struct {
		newest, version, body string
		want                  int
	}{{"1.0", "3.0", third, 404}, {"1.0", "2.0", second, 404}, {"1.0", "1.0", first, 200}, {"2.0", "2.0", second, 200}, {"3.0", "3.0", third, 200}} {
		b.control("PUT", "/fynd", obj{"company_id": "1", "webhook_api": tt.newest}, nil)
		if got := b.do("PUT", fmt.Sprintf(hooks, tt.version), tt.body, "Authorization", bearer); got.status != tt.want {
			t.Errorf("version %s where %s is the newest: %d %s", tt.version, tt.newest, got.status, got.body)
		}
	}
	b.do("PUT", fmt.Sprintf(hooks, "3.0"), third).says(t, 401, "unauthorized")
	b.do("PUT", fmt.Sprintf(hooks, "3.0"), strings.Replace(third, "refund_done", "refund_undone", 1), "Authorization", bearer).says(t, 400, "There is no event")
	b.do("GET", "/service/platform/webhook/v1.0/company/1/extension/key1/subscriber", "", "Authorization", bearer).says(t, 200, `"provider":"rest"`)

	b.control("POST", "/fynd/webhooks", obj{"event": "REFUND_DONE", "company_id": 1, "application_id": "64d2", "gid": "TR1", "amount": "1.00", "currency": "INR", "subscribed": true}, nil)
	if got := g.last(); got.Path != "/hooks" || got.Header["x-fp-signature"] != hexHMAC(extensionSecret, []byte(got.Body)) || !strings.Contains(got.Body, `"type":"refund_done"`) {
		t.Errorf("sent %+v", got)
	}
	b.do("POST", "/_sandbox/fynd/webhooks", `{"event":"ORDER_PLACED","company_id":1,"subscribed":true}`).says(t, 400, "no extension subscribed")

	b.control("POST", "/fynd/uninstall", obj{"company_id": "1"}, nil)
	if got := g.last(); got.Path != "/fp/uninstall" || got.Body != `{"company_id":1}` || got.Header["checksum"] != hexHMAC(extensionSecret, []byte(got.Body)) {
		t.Errorf("uninstalled by %+v", got)
	}
	b.do("GET", "/service/platform/webhook/v1.0/company/1/extension/key1/subscriber", "", "Authorization", bearer).says(t, 401, "unauthorized")
	b.control("POST", "/fynd/auto_install", obj{"company_id": "1"}, nil)
	var in struct{ Code string }
	if err := json.Unmarshal([]byte(g.last().Body), &in); err != nil || in.Code == "" {
		t.Errorf("installed by %+v", g.last())
	}
	b.control("POST", "/fynd/revoke", obj{"company_id": "1", "kind": "code"}, nil)
	b.do("POST", oauth+"/offline-token", `{"grant_type":"authorization_code","code":"`+in.Code+`"}`, "Authorization", basic).says(t, 400, "Invalid code")
}

func TestFyndAuthorizationGoesWrong(t *testing.T) {
	b := newBench(t)
	g := newGuest(t, b)
	const at = "/service/panel/authentication/v1.0/company/1/oauth"
	for how, want := range map[string]string{"denied": "error=access_denied", "wrong_state": "state=", "expired_code": "code=", "used_code": "code="} {
		b.control("PUT", "/fynd", obj{"company_id": "1", "authorize": how}, nil)
		got := b.do("GET", at+"/authorize?client_id=key1&scope=company/payment&state=abc&redirect_uri="+g.URL+"/fp/auth", "")
		to := got.header.Get("Location")
		if to == "" {
			to = got.read(t).Find("a.main").AttrOr("href", "")
		}
		if !strings.Contains(to, want) || strings.Contains(to, "state=abc") != (how != "wrong_state") {
			t.Errorf("%s leads to %q", how, to)
		}
		if _, code, ok := strings.Cut(to, "code="); ok && how != "wrong_state" {
			code, _, _ = strings.Cut(code, "&")
			b.do("POST", at+"/token", "grant_type=authorization_code&code="+code, "Authorization", "Basic a2V5MTpleHRfc2VjcmV0XzEyMw==").says(t, 400, "Invalid code")
		}
	}
}

func TestFyndKnowsCompaniesFromBefore(t *testing.T) {
	b := newBench(t)
	g := newGuest(t, b)
	again := func() {
		t.Helper()
		b.control("PUT", "/fynd/extensions", obj{
			"api_key": "key1", "api_secret": extensionSecret, "base_url": g.URL, "installed": []obj{{"company_id": "1", "refresh_token": "old-token"}},
		}, nil)
	}
	renew := func() answer {
		return b.do("POST", "/service/panel/authentication/v1.0/company/1/oauth/token", "grant_type=refresh_token&refresh_token=old-token", "Authorization", "Basic a2V5MTpleHRfc2VjcmV0XzEyMw==")
	}
	again()
	renew().says(t, 200, "access_token")
	b.control("POST", "/fynd/uninstall", obj{"company_id": "1"}, nil)
	again()
	renew().says(t, 400, "Invalid refresh")
}

func TestFyndShopAndPanel(t *testing.T) {
	b := newBench(t)
	g := newGuest(t, b)
	b.do("GET", "/_sandbox/fynd/shop", "").says(t, 200, "Ruosh shop, paid with Pay &lt;here&gt;")
	order := func(amount string) answer {
		return b.do("POST", "/_sandbox/fynd/shop", "channel=key1/1/64d2&amount="+amount+"&currency=INR&name=Asha&email=a@b.example&method=UPI&mode=test", "Content-Type", "application/x-www-form-urlencoded")
	}
	order("12.345").says(t, 422, "is no amount in INR")
	g.answer = func(string) (int, string) {
		return 403, `{"success":false,"title":"Forbidden","message":"No credentials yet"}`
	}
	order("499").says(t, 422, "the extension answers 403: Forbidden. No credentials yet")
	g.answer = func(string) (int, string) {
		return 200, `{"_id":"64d4","redirect_url":"` + g.URL + `/api/v1/pgloader/64d4"}`
	}
	if got := order("499.5"); got.status != 303 || got.header.Get("Location") != g.URL+"/api/v1/pgloader/64d4" {
		t.Errorf("the buyer goes to %d %q", got.status, got.header.Get("Location"))
	}
	var sent struct {
		GID     string
		Success string `json:"success_url"`
		Amount  int
	}
	if err := json.Unmarshal([]byte(g.last().Body), &sent); err != nil || sent.Amount != 49950 {
		t.Fatalf("asked %s", g.last().Body)
	}
	receipt := b.do("GET", strings.TrimPrefix(sent.Success, b.url)+"&success=true", "")
	receipt.says(t, 200, "Fynd has not been told yet")
	receipt.says(t, 200, "cart-"+sent.GID)

	panel := b.do("GET", "/_sandbox/fynd/panel/key1/1/64d2?open=1", "")
	panel.says(t, 200, `<iframe src="`+g.URL+`/fp/install?application_id=64d2&amp;company_id=1"`)
	panel.says(t, 200, sent.GID)
	if policy := panel.header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-src 'self' "+g.URL) {
		t.Errorf("the panel's policy is %q", policy)
	}
	g.answer = func(string) (int, string) { return 400, `{"message":"transaction pending"}` }
	refund := b.do("POST", "/_sandbox/fynd/panel/key1/1/64d2/refund", "gid="+sent.GID+"&amount=10", "Content-Type", "application/x-www-form-urlencoded")
	refund.says(t, 422, "transaction pending")
	b.do("GET", "/_sandbox/fynd/panel", "").says(t, 200, "Ruosh shop")
	b.do("GET", "/_sandbox/fynd/panel/other/1/64d2", "").says(t, 404, "There is no such extension")
}
