package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/web"
)

func TestSignInMakesANewID(t *testing.T) {
	s := newSite(t, web.Config{})
	planted := "Cookie: kartify=planted-by-somebody-else"
	first := s.enter(planted)
	if first == planted || s.status("/page", planted) != http.StatusSeeOther {
		t.Error("an id that the browser brought is a session after signing in")
	}
	second := s.enter(first)
	if second == first {
		t.Error("signing in again kept the id")
	}
	if got := s.status("/page", first); got != http.StatusSeeOther {
		t.Errorf("the session before signing in again answers %d, want it ended", got)
	}
	if got := s.status("/page", second); got != http.StatusOK {
		t.Errorf("the new session answers %d", got)
	}
}

func TestSignedOutSessionIsDead(t *testing.T) {
	s := newSite(t, web.Config{})
	session := s.enter()
	token := s.ask("GET", "/token", nil, session).body
	out := s.ask("POST", "/leave", nil, session, "X-CSRF-Token: "+token)
	if out.StatusCode != http.StatusSeeOther || out.Header.Get("Clear-Site-Data") == "" {
		t.Errorf("signing out answers %d, Clear-Site-Data %q", out.StatusCode, out.Header.Get("Clear-Site-Data"))
	}
	if got := s.status("/page", session); got != http.StatusSeeOther {
		t.Errorf("the cookie of an ended session answers %d", got)
	}
}

func TestIdleSessionEndsWhilePolling(t *testing.T) {
	idle := func(o *models.Options) { o.Timings.SessionIdle = 600 * time.Millisecond }
	s := newSite(t, web.Config{}, idle)
	busy, polled, background := s.enter(), s.enter(), s.enter()
	for end := time.Now().Add(1200 * time.Millisecond); time.Now().Before(end); time.Sleep(40 * time.Millisecond) {
		s.status("/page", busy)
		s.status("/poll", polled)
		s.status("/page", background, "X-Background: 1")
	}
	for _, tt := range []struct {
		name, session string
		want          int
	}{
		{"one in use", busy, http.StatusOK},
		{"one that only a self-refreshing region asks with", polled, http.StatusSeeOther},
		{"one that only the page itself asks with", background, http.StatusSeeOther},
	} {
		if got := s.status("/page", tt.session); got != tt.want {
			t.Errorf("%s answers %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestSessionEndsHoweverBusy(t *testing.T) {
	s := newSite(t, web.Config{}, func(o *models.Options) { o.Timings.SessionAbsolute = 500 * time.Millisecond })
	session := s.enter()
	if got := s.status("/page", session); got != http.StatusOK {
		t.Fatalf("a new session answers %d", got)
	}
	for end := time.Now().Add(600 * time.Millisecond); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		s.status("/page", session)
	}
	if got := s.status("/page", session); got != http.StatusSeeOther {
		t.Errorf("a session past its end answers %d", got)
	}
}

func TestRightsCountFromTheNextRequest(t *testing.T) {
	s := newSite(t, web.Config{})
	other, err := s.db.SeedUser(t.Context(), models.UserDetails{Email: "olga@ruosh.example", Name: "Olga", Role: models.Owner}, "kartify-demo")
	if err != nil {
		t.Fatal(err)
	}
	session := s.enter()
	if got := s.status("/manage", session); got != http.StatusOK {
		t.Fatalf("an owner gets %d", got)
	}
	by := other.Actor("")
	err = s.db.ChangeUser(t.Context(), by, s.user.ID, models.UserDetails{Name: "Mira", Role: models.Viewer, AllStores: true})
	if err != nil {
		t.Fatal(err)
	}
	changed := s.ask("GET", "/manage", nil, session)
	if changed.StatusCode != http.StatusForbidden || len(changed.Cookies()) != 1 {
		t.Fatalf("after the change of role: %d with %d cookies, want 403 and a new id", changed.StatusCode, len(changed.Cookies()))
	}
	renewed := "Cookie: kartify=" + changed.Cookies()[0].Value
	if old, now := s.status("/page", session), s.status("/page", renewed); old != http.StatusSeeOther || now != http.StatusOK {
		t.Errorf("the old id answers %d and the new one %d, want 303 and 200", old, now)
	}
	// the row alone, so that the session is still there
	if _, err := s.db.Pool().Exec(t.Context(), "UPDATE users SET disabled_at = now() WHERE id = $1", s.user.ID); err != nil {
		t.Fatal(err)
	}
	if got := s.status("/page", renewed); got != http.StatusSeeOther {
		t.Errorf("a disabled person gets %d", got)
	}
}

func TestSessionCookie(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config web.Config
		cookie string
		secure bool
	}{
		{"over TLS", web.Config{TLS: true}, "__Host-kartify", true},
		{"behind a proxy that speaks TLS", web.Config{PublicURL: "https://admin.ruosh.example"}, "__Host-kartify", true},
		{"plain", web.Config{}, "kartify", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, tt.config)
			cookies := s.ask("POST", "/enter", nil).Cookies()
			if len(cookies) != 1 {
				t.Fatalf("%d cookies, want 1", len(cookies))
			}
			c := cookies[0]
			if c.Name != tt.cookie || c.Secure != tt.secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("cookie %s", c.Raw)
			}
			if len(c.Value) != 43 {
				t.Errorf("the id has %d characters, want 43 for 256 bits", len(c.Value))
			}
			var kept []byte
			if err := s.db.Pool().QueryRow(t.Context(), "SELECT id_hash FROM sessions").Scan(&kept); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(kept), c.Value) || len(kept) != 32 {
				t.Error("the database holds the id itself")
			}
		})
	}
}

func TestSessionIDsAreRandom(t *testing.T) {
	s := newSite(t, web.Config{})
	seen := []string{}
	for range 100 {
		seen = append(seen, s.enter())
	}
	slices.Sort(seen)
	if n := len(slices.Compact(seen)); n != 100 {
		t.Errorf("%d different ids of 100", n)
	}
}
