package gofynd

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
)

// Vectors made with fp-signature 1.0.2, signQuery.
func TestAuthorizeURL(t *testing.T) {
	tests := []struct{ base, key, company, back, state, scopes, want string }{
		{"http://127.0.0.1:9190", "66f1c0de40a1b2c3d4e5f601", "1", "https://pay.example.com/fp/auth?application_id=64d24a8a911bf1c20ac3685c", "s1", "company/payment company/application/settings", "v1.1:cbf86282ee427b9190cdcb081edb7e24932423bddf5eaa2cc5c1afe3f5ada509"},
		{"https://api.fynd.com", "k", "17", "http://127.0.0.1:8080/fp/auth", "x_y-z", "a", "v1.1:f692c5e923d59dc682ac3f0ebf75f403440e2d37c6307fab352d0c56d60acddb"},
	}
	for _, tt := range tests {
		e := NewExtension(ExtensionSettings{BaseURL: tt.base, Key: tt.key, Secret: "s"})
		e.now = func() time.Time { return time.Date(2026, 11, 22, 22, 20, 0, 0, time.UTC) }
		text, err := e.AuthorizeURL(tt.company, tt.back, tt.state, strings.Fields(tt.scopes))
		if err != nil {
			t.Fatal(err)
		}
		address, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got := address.Query()
		if got.Get("x-fp-signature") != tt.want {
			t.Errorf("%s is signed %s, want %s", text, got.Get("x-fp-signature"), tt.want)
		}
		if got.Get("redirect_uri") != tt.back || got.Get("state") != tt.state || got.Get("access_mode") != "online" || got.Get("response_type") != "code" || got.Get("client_id") != tt.key {
			t.Errorf("asks for %v", got)
		}
	}
}

// platform answers paths with bodies, and remembers what it was asked.
type platform struct {
	answers map[string]string // "PUT /path" → "200 {}"
	asked   []string
	bodies  map[string]string
	header  http.Header
}

func newPlatform(t *testing.T, answers map[string]string) (*platform, *Extension) {
	p := &platform{answers: answers, bodies: map[string]string{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		line := r.Method + " " + r.URL.Path
		p.asked, p.bodies[line], p.header = append(p.asked, line), string(raw), r.Header
		status, body := 404, `{"success":false,"message":"Not Found"}`
		if answer, ok := p.answers[line]; ok {
			_, body, _ = strings.Cut(answer, " ")
			_, _ = fmt.Sscan(answer, &status)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return p, NewExtension(ExtensionSettings{BaseURL: server.URL, Key: "key1", Secret: "ext_secret_123", Timeout: 5 * time.Second})
}

const oauth1 = "POST /service/panel/authentication/v1.0/company/1/oauth/"

func TestTokens(t *testing.T) {
	const good = `200 {"access_token":"a1","refresh_token":"r1","expires_in":3599,"scope":["company/payment"],"token_type":"Bearer"}`
	p, e := newPlatform(t, map[string]string{oauth1 + "token": good, oauth1 + "offline-token": good})
	token, err := e.Exchange(t.Context(), "1", "code123")
	if err != nil || token.Access != "a1" || token.Refresh != "r1" || token.Life != 3599*time.Second || !slices.Equal(token.Scopes, []string{"company/payment"}) {
		t.Errorf("token %+v, %v", token, err)
	}
	if got := p.bodies[oauth1+"token"]; got != "code=code123&grant_type=authorization_code" {
		t.Errorf("asked with %s", got)
	}
	if key, secret, _ := (&http.Request{Header: p.header}).BasicAuth(); key != "key1" || secret != "ext_secret_123" {
		t.Errorf("showed %s:%s", key, secret)
	}
	if _, err := e.Renew(t.Context(), "1", "r1"); err != nil || p.bodies[oauth1+"token"] != "grant_type=refresh_token&refresh_token=r1" {
		t.Errorf("renewed with %s, %v", p.bodies[oauth1+"token"], err)
	}
	if _, err := e.Offline(t.Context(), "1", "code123", []string{"a"}); err != nil ||
		p.bodies[oauth1+"offline-token"] != `{"client_id":"key1","client_secret":"ext_secret_123","grant_type":"authorization_code","scope":["a"],"code":"code123"}` {
		t.Errorf("asked with %s, %v", p.bodies[oauth1+"offline-token"], err)
	}
}

func TestTokensThatAreNotGiven(t *testing.T) {
	tests := []struct {
		answer string
		want   gateways.Kind
	}{
		{`400 {"success":false,"message":"Invalid code"}`, gateways.Declined},
		{`403 {"message":"forbidden"}`, gateways.Declined},
		{`401 {"message":"unauthorized"}`, gateways.Misconfigured},
		{`500 {"message":"Internal Server Error"}`, gateways.Unknown},
		{`200 {"token_type":"Bearer"}`, gateways.Unknown},
		{`200 {"access_token":"a","expires_in":0}`, gateways.Unknown},
		{`200 <html>`, gateways.Unknown},
	}
	for _, tt := range tests {
		_, e := newPlatform(t, map[string]string{oauth1 + "token": tt.answer})
		if _, err := e.Renew(t.Context(), "1", "r"); err == nil || gateways.KindOf(err) != tt.want {
			t.Errorf("%s is %v (%v), want %v", tt.answer, err, gateways.KindOf(err), tt.want)
		}
	}
}

// configs are the events that Fynd offers, without one.
func configs(without string) string {
	var list []string
	for i, n := range Events {
		if n.Type != without {
			list = append(list, fmt.Sprintf(`{"id":%d,"event_category":%q,"event_name":%q,"event_type":%q,"version":%q}`, i+1, n.Category, n.Name, n.Type, n.Version))
		}
	}
	return `200 {"event_configs":[` + strings.Join(list, ",") + `]}`
}

func TestSubscribe(t *testing.T) {
	const details, known = "POST /service/common/webhook/v1.0/events/query-event-details", "GET /service/platform/webhook/v1.0/company/1/extension/key1/subscriber"
	at := func(method, version string) string {
		return method + " /service/platform/webhook/" + version + "/company/1/subscriber"
	}
	old := `200 {"items":[{"id":7,"provider":"kafka"},{"id":8,"provider":"rest","webhook_url":"https://old"}]}`
	tests := []struct {
		name    string
		answers map[string]string
		missing string
		last    string // call
		body    string // part of it
		wrong   gateways.Kind
		fails   bool
	}{
		{"the third version", map[string]string{details: configs(""), known: `200 {"items":[]}`, at("PUT", "v3.0"): "200 {}"}, "", at("PUT", "v3.0"), `"association":{"extension_id":"key1","application_id":[],"criteria":"ALL"},"status":"active","event_map":{"rest":{"events":[{"event_category":"application","event_name":"order","event_type":"placed","version":"1"}`, 0, false},
		{"an event that is not offered", map[string]string{details: configs("data_update"), known: `200 {"items":[]}`, at("PUT", "v3.0"): "200 {}"}, "application/shipment/data_update/v1", at("PUT", "v3.0"), `"webhook_url":"https://us/hooks","auth_meta":{"type":"hmac","secret":"ext_secret_123"}`, 0, false},
		{"the second version", map[string]string{details: configs(""), known: `200 {"items":[]}`, at("POST", "v2.0"): "200 {}"}, "", at("POST", "v2.0"), `"events":[{"slug":"application/order/placed/v1"}`, 0, false},
		{"the second version, known", map[string]string{details: configs(""), known: old, at("PUT", "v2.0"): "200 {}"}, "", at("PUT", "v2.0"), `{"id":8,"name":"key1","webhook_url":"https://us/hooks","provider":"rest","association":{"company_id":1,"application_id":[],"criteria":"ALL"}`, 0, false},
		{"the first version", map[string]string{details: configs(""), known: `200 {"items":[]}`, at("POST", "v1.0"): "200 {}"}, "", at("POST", "v1.0"), `"event_id":[1,2,3,`, 0, false},
		{"no version", map[string]string{details: configs(""), known: `200 {"items":[]}`}, "", at("POST", "v1.0"), "", gateways.Misconfigured, true},
		{"refused", map[string]string{details: configs(""), known: `200 {"items":[]}`, at("PUT", "v3.0"): `400 {"success":false,"message":"no"}`}, "", at("PUT", "v3.0"), "", gateways.Declined, true},
		{"a token that is not good", map[string]string{details: configs(""), known: `401 {"message":"unauthorized"}`}, "", known, "", gateways.Misconfigured, true},
		{"nothing offered", map[string]string{details: `200 {"event_configs":[]}`}, strings.Join(slugs(), " "), details, "", gateways.Misconfigured, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, e := newPlatform(t, tt.answers)
			missing, err := e.Subscribe(t.Context(), "1", "tok", Subscription{URL: "https://us/hooks", Email: "ops@us"})
			if (err != nil) != tt.fails || tt.fails && gateways.KindOf(err) != tt.wrong || strings.Join(missing, " ") != tt.missing {
				t.Errorf("missing %v, %v", missing, err)
			}
			if last := p.asked[len(p.asked)-1]; last != tt.last || !strings.Contains(p.bodies[last], tt.body) {
				t.Errorf("last asked %s with %s", last, p.bodies[last])
			}
			if tt.last != details && p.header.Get("Authorization") != "Bearer tok" {
				t.Errorf("asked with %q", p.header.Get("Authorization"))
			}
		})
	}
}

func slugs() []string {
	var all []string
	for _, n := range Events {
		all = append(all, n.slug())
	}
	return all
}

func TestPings(t *testing.T) {
	tests := []struct {
		body string
		want bool
	}{
		{`{"event":{"name":"ping","type":"test"},"payload":{}}`, true},
		{`{"event":{"name":"pings"}}`, false},
		{`{"event":"ping"}`, false},
		{`{"event":{"name":"refund"},"payload":{"event":{"name":"ping"}}}`, false},
		{`{"event":{"name":"ping"}`, false},
	}
	for _, tt := range tests {
		if got := IsPing([]byte(tt.body)); got != tt.want {
			t.Errorf("%s is a ping: %t", tt.body, got)
		}
	}
}
