package web_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/kartify/kartify/web"
)

func TestForgedRequests(t *testing.T) {
	s := newSite(t, web.Config{PublicURL: "http://admin.ruosh.example"})
	session, other := s.enter(), s.enter()
	token, foreign := s.ask("GET", "/token", nil, session).body, s.ask("GET", "/token", nil, other).body
	const refused, done = http.StatusForbidden, http.StatusOK
	for _, tt := range []struct {
		name    string
		path    string
		field   string
		headers []string
		want    int
	}{
		{"no header and no token", "/orders/1", "", nil, refused},
		{"another origin", "/orders/1", token, []string{"Origin: https://evil.example"}, refused},
		{"no origin at all", "/orders/1", token, []string{"Origin: null"}, refused},
		{"another site", "/orders/1", token, []string{"Sec-Fetch-Site: cross-site"}, refused},
		{"a sibling of our site", "/orders/1", token, []string{"Sec-Fetch-Site: same-site"}, refused},
		{"a token that is none", "/orders/1", "AAAA", nil, refused},
		{"the token of another session", "/orders/1", foreign, nil, refused},
		{"another site calling the header a proof", "/orders/1", "", []string{"Sec-Fetch-Site: cross-site", "X-CSRF-Token: " + token}, refused},
		{"a browser's word alone, but typed into the address bar", "/orders/1", "", []string{"Sec-Fetch-Site: none"}, refused},
		{"a money form of another site", "/refunds", "", []string{"Sec-Fetch-Site: cross-site"}, refused},
		{"a money form without its token", "/refunds", "", nil, refused},

		{"the token in the form", "/orders/1", token, nil, done},
		{"the token in a header", "/orders/1", "", []string{"X-CSRF-Token: " + token}, done},
		{"the browser's word", "/orders/1", "", []string{"Sec-Fetch-Site: same-origin"}, done},
		{"our own origin", "/orders/1", "", []string{"Origin: http://admin.ruosh.example"}, done},
		{"no session, for machines", "/hook", "", nil, done},
	} {
		t.Run(tt.name, func(t *testing.T) {
			form := url.Values{}
			if tt.field != "" {
				form.Set("csrf", tt.field)
			}
			if got := s.ask("POST", tt.path, form, append(tt.headers, session)...); got.StatusCode != tt.want {
				t.Errorf("answered %d %q, want %d", got.StatusCode, got.body, tt.want)
			}
		})
	}
	t.Run("the token of a money form", func(t *testing.T) {
		if got := s.ask("POST", "/refunds", url.Values{"token": {"checked-by-models"}}, session); got.StatusCode != done {
			t.Errorf("answered %d %q", got.StatusCode, got.body)
		}
		if got := s.ask("POST", "/orders/1", url.Values{"token": {"checked-by-models"}}, session); got.StatusCode != refused {
			t.Errorf("another form answered %d", got.StatusCode)
		}
	})
}

func TestSignInFromAnotherSite(t *testing.T) {
	s := newSite(t, web.Config{})
	for _, header := range []string{"Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"} {
		if got := s.ask("POST", "/enter", nil, header); got.StatusCode != http.StatusForbidden || len(got.Cookies()) != 0 {
			t.Errorf("%s: %d with %d cookies, want 403 and none", header, got.StatusCode, len(got.Cookies()))
		}
	}
}
