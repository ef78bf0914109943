package web_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
	"github.com/kartify/kartify/web"
)

func TestHeadersOnEveryAnswer(t *testing.T) {
	s := newSite(t, web.Config{TLS: true, FormTargets: []string{"https://secure.ccavenue.com"}})
	session := s.enter()
	for path, status := range map[string]int{
		"/page": http.StatusOK, "/nothing": http.StatusNotFound, "/panic": http.StatusInternalServerError,
		"/problem": http.StatusUnprocessableEntity, "/orders/abc": http.StatusBadRequest,
	} {
		checkHeaders(t, s.ask("GET", path, nil, session), path, status)
	}
	checkHeaders(t, s.ask("GET", "/page", nil), "/page, signed out", http.StatusSeeOther)
	checkHeaders(t, s.ask("POST", "/page", nil), "POST /page", http.StatusMethodNotAllowed)
}

func checkHeaders(t *testing.T, got answer, what string, status int) {
	t.Helper()
	if got.StatusCode != status {
		t.Errorf("%s answered %d, want %d", what, got.StatusCode, status)
	}
	for name, value := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
			"connect-src 'self'; form-action 'self' https://secure.ccavenue.com; base-uri 'none'; frame-ancestors 'none'",
		"Strict-Transport-Security":  "max-age=31536000; includeSubDomains",
		"X-Content-Type-Options":     "nosniff",
		"Referrer-Policy":            "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin",
		"Cache-Control":              "no-store",
	} {
		if got.Header.Get(name) != value {
			t.Errorf("%s: %s is %q, want %q", what, name, got.Header.Get(name), value)
		}
	}
	if got.Header.Get("Access-Control-Allow-Origin") != "" || got.Header.Get("Permissions-Policy") == "" || got.Header.Get("X-Request-Id") == "" {
		t.Errorf("%s: headers %v", what, got.Header)
	}
}

func TestErrorsAsPeopleSeeThem(t *testing.T) {
	s := newSite(t, web.Config{})
	session := s.enter()
	const htmx = "HX-Request: true"
	for _, tt := range []struct {
		name    string
		method  string
		path    string
		headers []string
		status  int
		want    string
	}{
		{"a number that is none", "GET", "/orders/abc", nil, 400, "“abc” is not an order number."},
		{"a number that is too big", "GET", "/orders/9223372036854775808", nil, 400, "“9223372036854775808” is not an order number."},
		{"a zero byte in the address", "GET", "/page?q=%00", nil, 400, "bytes that are no text"},
		{"a zero byte in the path", "GET", "/orders/%00", nil, 400, "bytes that are no text"},
		{"a problem", "GET", "/problem", nil, 422, "Only &lt;1.00&gt; is left."},
		{"a problem in a part of a page", "GET", "/problem", []string{htmx}, 422, `role="alert"`},
		{"a conflict", "GET", "/conflict", nil, 409, "The order moved on."},
		{"a conflict in a part of a page", "GET", "/conflict", []string{htmx}, 409, "The order moved on."},
		{"nothing there", "GET", "/nothing", nil, 404, "There is nothing at this address"},
		{"a panic", "GET", "/panic", nil, 500, "Something went wrong on our side."},
		{"an odd method", "TRACE", "/page", nil, 405, "does not take such a request"},
		{"an odd method on nothing", "TRACE", "/nothing", nil, 405, "does not take such a request"},
		{"JSON where a form belongs", "POST", "/orders/1", []string{"Content-Type: application/json", "Sec-Fetch-Site: same-origin", "Content-Length: 2"}, 415, "Only forms"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var form url.Values
			if tt.method == "POST" {
				form = url.Values{"a": {"b"}}
			}
			got := s.askAs(tt.method, tt.path, form, append(tt.headers, session)...)
			if got.StatusCode != tt.status || !strings.Contains(got.body, tt.want) {
				t.Errorf("answered %d %q, want %d with %q", got.StatusCode, got.body, tt.status, tt.want)
			}
			if strings.Contains(got.body, "secret of the stack") || strings.Contains(got.body, "goroutine") {
				t.Error("the page shows the insides")
			}
		})
	}
	if !strings.Contains(s.logs.String(), "secret of the stack") {
		t.Error("a panic is not in the log")
	}
}

// askAs is ask for requests whose Content-Type is among the headers.
func (s *site) askAs(method, path string, form url.Values, headers ...string) answer {
	s.t.Helper()
	for _, header := range headers {
		if strings.HasPrefix(header, "Content-Type") {
			return s.raw(method, path, "{}", headers...)
		}
	}
	return s.ask(method, path, form, headers...)
}

func TestSignedOut(t *testing.T) {
	s := newSite(t, web.Config{})
	page := s.ask("GET", "/page?q=a+b", nil)
	if page.StatusCode != http.StatusSeeOther || page.Header.Get("Location") != "/login?next=%2Fpage%3Fq%3Da%2Bb" {
		t.Errorf("a page answers %d to %s", page.StatusCode, page.Header.Get("Location"))
	}
	part := s.ask("GET", "/page", nil, "HX-Request: true")
	if part.StatusCode != http.StatusUnauthorized || part.Header.Get("HX-Redirect") != "/login" {
		t.Errorf("a part of a page answers %d to %q", part.StatusCode, part.Header.Get("HX-Redirect"))
	}
}

func TestFormsAreReadStrictly(t *testing.T) {
	s := newSite(t, web.Config{})
	session, own := s.enter(), "Sec-Fetch-Site: same-origin"
	if got := s.ask("POST", "/orders/1?amount=9999", url.Values{"amount": {"1"}}, session, own); got.body != "1" {
		t.Errorf("with another amount in the address: %q, want 1", got.body)
	}
	if got := s.ask("POST", "/orders/1?amount=9999", url.Values{"x": {"1"}}, session, own); got.body != "" {
		t.Errorf("an amount in the address alone was taken: %q", got.body)
	}
	if got := s.ask("POST", "/orders/1", url.Values{"amount": {"1\x00"}}, session, own); got.StatusCode != http.StatusBadRequest {
		t.Errorf("a zero byte answered %d %q", got.StatusCode, got.body)
	}
	if got := s.ask("POST", "/orders/1", url.Values{"amount": {"1", "9999"}}, session, own); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("two amounts answered %d %q", got.StatusCode, got.body)
	}
}

func TestBodyLimit(t *testing.T) {
	s := newSite(t, web.Config{BodyLimit: 1000})
	session := s.enter()
	if got := s.raw("POST", "/hook", "12345678901"); got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("11 bytes of 10 answered %d", got.StatusCode)
	}
	big := url.Values{"amount": {strings.Repeat("1", 1001)}}
	if got := s.ask("POST", "/orders/1", big, session); got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a big form answered %d", got.StatusCode)
	}
	// without saying how long it is
	if got := s.rawReader("POST", "/hook", io.MultiReader(strings.NewReader("12345678901"))); got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a long body of unknown length answered %d", got.StatusCode)
	}
}

func TestClientAddress(t *testing.T) {
	for _, tt := range []struct {
		name    string
		trusted []string
		header  string
		want    string
	}{
		{"no proxy is trusted", nil, "198.51.100.7", "127.0.0.1"},
		{"another proxy is trusted", []string{"10.0.0.0/8"}, "198.51.100.7", "127.0.0.1"},
		{"the proxy is trusted", []string{"127.0.0.1"}, "198.51.100.7", "198.51.100.7"},
		{"the client lies to the proxy", []string{"127.0.0.1"}, "1.2.3.4, 198.51.100.7", "198.51.100.7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, web.Config{TrustedProxies: tt.trusted})
			if got := s.ask("GET", "/address", nil, "X-Forwarded-For: "+tt.header, "X-Real-IP: 1.2.3.4").body; got != tt.want {
				t.Errorf("the client is %s, want %s", got, tt.want)
			}
		})
	}
}

func TestIncompleteRoutesStopTheStart(t *testing.T) {
	handler := func(echo.Context) error { return nil }
	shared, err := web.New(web.Config{}, modelstest.DB(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		route web.Route
		want  string
	}{
		{web.Route{Method: "GET", Path: "/x", Handler: handler}, `route "GET /x" has no permission`},
		{web.Route{Method: "GET", Path: "/x", Permission: models.OrdersRead}, `route "GET /x" has no handler`},
		{web.Route{Method: "GET", Path: "/x", Permission: models.OrdersRead, Handler: handler, NoSession: true}, "looks for no session"},
		{web.Route{Method: "POST", Path: "/x", Permission: models.OrdersRead, Handler: handler, CSRFExempt: true}, "no protection against forged requests"},
	} {
		if err := shared.Add(tt.route); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Add(%+v) = %v, want %q", tt.route, err, tt.want)
		}
	}
}

func TestConfigCheck(t *testing.T) {
	good := web.Config{PublicURL: "https://admin.ruosh.example/", TrustedProxies: []string{"10.0.0.0/8", "::1"}, FormTargets: []string{"https://pay.example"}}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	bad := web.Config{PublicURL: "admin.ruosh.example", TrustedProxies: []string{"everybody"}, FormTargets: []string{"'unsafe-inline'; x"}}
	err := bad.Check()
	for _, want := range []string{"public URL", "trusted proxy", "form target"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check() = %v, want a word about the %s", err, want)
		}
	}
}

func TestLocalPath(t *testing.T) {
	for path, want := range map[string]string{
		"/sales/orders?q=a%20b":     "/sales/orders?q=a%20b",
		"":                          "/",
		"//evil.example":            "/",
		"https://evil.example":      "/",
		`/\evil.example`:            "/",
		"/a\r\nSet-Cookie: x":       "/",
		"javascript:alert(1)":       "/",
		"/\t/evil.example":          "/",
		" /a":                       "/",
		"/ok/../" + `\evil.example`: "/",
	} {
		if got := web.LocalPath(path); got != want {
			t.Errorf("LocalPath(%q) = %q, want %q", path, got, want)
		}
	}
}

// Who is signed in keeps the menu and the finder on the page that says that there is nothing.
func TestNothingHasTheFinderOfItsReader(t *testing.T) {
	s := newSite(t, web.Config{})
	session := s.enter()
	for _, path := range []string{"/nothing", "/sales/nothing/at/all"} {
		if got := s.ask("GET", path, nil, session); got.StatusCode != http.StatusNotFound || !strings.Contains(got.body, `data-finder`) {
			t.Errorf("%s, signed in: %d, a finder %t", path, got.StatusCode, strings.Contains(got.body, `data-finder`))
		}
		if got := s.ask("GET", path, nil); got.StatusCode != http.StatusNotFound || strings.Contains(got.body, `data-finder`) {
			t.Errorf("%s, signed out: %d, a finder %t", path, got.StatusCode, strings.Contains(got.body, `data-finder`))
		}
	}
}
