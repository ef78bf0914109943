package handlers_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"github.com/kartify/kartify/handlers"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
	"github.com/kartify/kartify/web"
)

// site is a whole kartify on a database of its own.
type site struct {
	t   *testing.T
	db  *models.DB
	url string
}

func newSite(t *testing.T, change ...func(*models.Options)) *site {
	t.Helper()
	db := modelstest.DB(t, change...)
	e, err := handlers.New(handlers.Options{DB: db, Web: web.Config{Log: slog.New(slog.DiscardHandler)}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	return &site{t: t, db: db, url: server.URL}
}

// browser keeps cookies, says where its requests come from, and follows no redirect.
type browser struct {
	*site
	http    *http.Client
	headers []string // "Name: value", with every request
}

func (s *site) browser(headers ...string) *browser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	s.t.Cleanup(client.CloseIdleConnections)
	return &browser{site: s, http: client, headers: headers}
}

// as is the browser of somebody who has signed in.
func (s *site) as(user *models.User) *browser {
	s.t.Helper()
	b := s.browser("Sec-Fetch-Site: same-origin")
	in := b.post("/login", "email", user.Email, "password", modelstest.Password)
	if in.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("%s signs in: %d", user.Name, in.StatusCode)
	}
	return b
}

// page is what came back, with its HTML to look things up in.
type page struct {
	*http.Response
	*goquery.Document
	body string
}

func (b *browser) get(path string, headers ...string) page {
	b.t.Helper()
	return b.ask(http.MethodGet, path, nil, headers...)
}

// post sends a form of names and values.
func (b *browser) post(path string, fields ...string) page {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return b.ask(http.MethodPost, path, strings.NewReader(form.Encode()), "Content-Type: application/x-www-form-urlencoded")
}

func (b *browser) ask(method, path string, body io.Reader, headers ...string) page {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, header := range append(headers, b.headers...) {
		name, value, _ := strings.Cut(header, ": ")
		req.Header.Add(name, value)
	}
	res, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(string(text)))
	if err != nil {
		b.t.Fatal(err)
	}
	return page{res, doc, string(text)}
}

// said is the text at a selector, on one line.
func (p page) said(selector string) string {
	return strings.Join(strings.Fields(p.Find(selector).Text()), " ")
}

// want checks the status, and a text somewhere on the page.
func (p page) want(t *testing.T, status int, text string) {
	t.Helper()
	if got := strings.Join(strings.Fields(p.Document.Text()), " "); p.StatusCode != status || !strings.Contains(got, text) {
		t.Errorf("%s %s answered %d %q, want %d with %q", p.Request.Method, p.Request.URL.Path, p.StatusCode, got, status, text)
	}
}
