package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

func TestSignInAndOut(t *testing.T) {
	s := newSite(t)
	mira := modelstest.Person(t, s.db, "Mira", models.Owner)
	b := s.browser()
	asked := b.get("/system/users?q=1")
	if asked.StatusCode != http.StatusSeeOther || asked.Header.Get("Location") != "/login?next=%2Fsystem%2Fusers%3Fq%3D1" {
		t.Fatalf("signed out: %d to %s", asked.StatusCode, asked.Header.Get("Location"))
	}
	form := b.get(asked.Header.Get("Location"))
	next, _ := form.Find("input[name=next]").Attr("value")
	if form.Find("input[name=password]").AttrOr("type", "") != "password" || next != "/system/users?q=1" {
		t.Errorf("the form leads to %q", next)
	}
	b.post("/login", "email", mira.Email, "password", "guess").want(t, http.StatusUnprocessableEntity, "The e-mail address or the password is not right.")
	in := b.post("/login", "email", mira.Email, "password", modelstest.Password, "next", next)
	if in.StatusCode != http.StatusSeeOther || in.Header.Get("Location") != next {
		t.Fatalf("signing in: %d to %s", in.StatusCode, in.Header.Get("Location"))
	}
	list := b.get(next)
	list.want(t, http.StatusOK, "mira@ruosh.example")
	token := list.Find("form[action='/logout'] input[name=csrf]").AttrOr("value", "")
	if token == "" || list.Find("meta[name=csrf-token]").AttrOr("content", "") != token {
		t.Error("the page has no token for its forms")
	}
	out := b.post("/logout", "csrf", token)
	if out.StatusCode != http.StatusSeeOther || out.Header.Get("Clear-Site-Data") == "" {
		t.Errorf("signing out: %d", out.StatusCode)
	}
	if again := b.get(next); again.StatusCode != http.StatusSeeOther {
		t.Errorf("after signing out: %d", again.StatusCode)
	}
}

func TestSignInLeadsNowhereElse(t *testing.T) {
	s := newSite(t)
	mira := modelstest.Person(t, s.db, "Mira", models.Owner)
	for _, next := range []string{"//evil.example", `/\evil.example`, "https://evil.example/", "javascript:alert(1)", "/a\r\nX: y"} {
		in := s.browser().post("/login", "email", mira.Email, "password", modelstest.Password, "next", next)
		if in.StatusCode != http.StatusSeeOther || in.Header.Get("Location") != "/" {
			t.Errorf("next=%q leads to %q", next, in.Header.Get("Location"))
		}
	}
}

func TestForgedAddressDoesNotHelpGuessing(t *testing.T) {
	s := newSite(t)
	asha := modelstest.Person(t, s.db, "Asha", models.Support)
	var last page
	for n := range 11 {
		b := s.browser(fmt.Sprintf("X-Forwarded-For: 203.0.113.%d", n), fmt.Sprintf("X-Real-IP: 203.0.113.%d", n), fmt.Sprintf("Forwarded: for=203.0.113.%d", n))
		last = b.post("/login", "email", asha.Email, "password", fmt.Sprintf("guess %d", n))
	}
	last.want(t, http.StatusTooManyRequests, "Too many tries. Try again in 30 minutes.")
	if last.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	var addresses []string
	if err := s.db.Pool().QueryRow(modelstest.System(t.Context()), "SELECT array_agg(DISTINCT address) FROM audit_log").Scan(&addresses); err != nil {
		t.Fatal(err)
	}
	if strings.Join(addresses, " ") != "127.0.0.1" {
		t.Errorf("the log has the addresses %v", addresses)
	}
}

func TestSetupPage(t *testing.T) {
	s := newSite(t)
	link, err := s.db.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	b.get(link).want(t, http.StatusOK, "Make the first owner")
	b.get(link).want(t, http.StatusOK, "Make the first owner") // looking does not use it
	refused := b.post(link, "name", "Mira", "email", "mira@ruosh.example", "password", "short")
	refused.want(t, http.StatusUnprocessableEntity, "Use at least 12 characters.")
	if refused.Find("input[name=email]").AttrOr("value", "") != "mira@ruosh.example" || strings.Contains(refused.body, "short") {
		t.Error("the refused form lost what was typed, or shows the password")
	}
	made := b.post(link, "name", "Mira", "email", "mira@ruosh.example", "password", "violet tram eats 9", "role", "viewer")
	if made.StatusCode != http.StatusSeeOther {
		t.Fatalf("set up: %d", made.StatusCode)
	}
	b.get(link).want(t, http.StatusGone, "This link has been used or has run out.")
	b.post(link, "name", "Eve", "email", "eve@ruosh.example", "password", "violet tram eats 9").want(t, http.StatusGone, "used")
	in := b.post("/login", "email", "mira@ruosh.example", "password", "violet tram eats 9")
	if in.StatusCode != http.StatusSeeOther {
		t.Errorf("the owner signs in: %d", in.StatusCode)
	}
	b.get("/system/users").want(t, http.StatusOK, "Owner")
}

func TestOperationsRoutes(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ready"} {
		b.get(path).want(t, http.StatusOK, want)
	}
	css := b.get("/login").Find("link[rel=stylesheet]").AttrOr("href", "")
	file := b.get(css)
	if file.StatusCode != http.StatusOK || !strings.Contains(file.Header.Get("Cache-Control"), "immutable") ||
		!strings.Contains(file.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%s: %d %v", css, file.StatusCode, file.Header)
	}
	for _, path := range []string{"/.git/config", "/.env", "/debug/pprof/", "/static/", "/static/../go.mod", "/static//app.css"} {
		if got := b.get(path); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
}
