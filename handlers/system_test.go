package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

func TestUsersPage(t *testing.T) {
	s := newSite(t)
	modelstest.Store(t, s.db, 40, "INR")
	mira := modelstest.Person(t, s.db, "Mira", models.Owner)
	b := s.as(mira)
	b.post("/system/users", "email", "asha@ruosh.example", "name", "Asha", "role", "support").
		want(t, http.StatusUnprocessableEntity, "Choose at least one store, or all of them.")
	invited := b.post("/system/users", "email", "asha@ruosh.example", "name", "Asha <b>", "role", "support", "stores", "40")
	invited.want(t, http.StatusOK, "Asha <b>")
	link := invited.said("#one-time-link code")
	if !strings.HasPrefix(link, s.url+"/setup/") {
		t.Fatalf("the link is %q", link)
	}
	asha := s.browser()
	asha.post(strings.TrimPrefix(link, s.url), "password", "violet tram eats 9")
	if in := asha.post("/login", "email", "asha@ruosh.example", "password", "violet tram eats 9"); in.StatusCode != http.StatusSeeOther {
		t.Fatalf("Asha signs in: %d", in.StatusCode)
	}
	user, err := s.db.UserByEmail(t.Context(), "asha@ruosh.example")
	if err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/system/users/%d", user.ID)
	shown := b.get(path)
	shown.want(t, http.StatusOK, "127.0.0.1")
	if shown.Find("#one-time-link").Length() != 0 {
		t.Error("the link is shown a second time")
	}
	asha.get("/system/users").want(t, http.StatusForbidden, "Your role does not permit this.")
	asha.get("/profile").want(t, http.StatusOK, "Store 40")

	if got := b.post(path+"/disable", "x", "y"); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("disable: %d", got.StatusCode)
	}
	b.get(path).want(t, http.StatusOK, "Disabled, and signed out everywhere.")
	if got := asha.get("/profile"); got.StatusCode != http.StatusSeeOther {
		t.Errorf("Asha, disabled: %d", got.StatusCode)
	}
	b.post(fmt.Sprintf("/system/users/%d/disable", mira.ID)).want(t, http.StatusUnprocessableEntity, "This is the last owner who can sign in.")
	b.post(fmt.Sprintf("/system/users/%d", mira.ID), "name", "Mira", "role", "viewer", "all_stores", "1").
		want(t, http.StatusUnprocessableEntity, "This is the last owner who can sign in.")
	b.get("/system/users/99999").want(t, http.StatusNotFound, "There is nothing at this address")
	b.get("/system/users/abc").want(t, http.StatusBadRequest, "“abc” is not a user number.")
}

func TestProfilePage(t *testing.T) {
	s := newSite(t)
	asha := modelstest.Person(t, s.db, "Asha", models.Support)
	here, there := s.as(asha), s.as(asha)
	here.get("/profile").want(t, http.StatusOK, "This browser")
	here.post("/profile/password", "current", "not it at all", "password", "violet tram eats 9").
		want(t, http.StatusUnprocessableEntity, "This is not your current password.")
	here.post("/profile/password", "current", modelstest.Password, "password", "kartify again").
		want(t, http.StatusUnprocessableEntity, "Leave the word kartify out of the password.")
	if got := there.get("/profile"); got.StatusCode != http.StatusOK {
		t.Fatalf("the other browser: %d", got.StatusCode)
	}
	if got := here.post("/profile/password", "current", modelstest.Password, "password", "violet tram eats 9"); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("changing: %d", got.StatusCode)
	}
	here.get("/profile").want(t, http.StatusOK, "Your password is changed.")
	if got := there.get("/profile"); got.StatusCode != http.StatusSeeOther {
		t.Errorf("the other browser after the change: %d", got.StatusCode)
	}
	third := s.browser()
	third.post("/login", "email", asha.Email, "password", "violet tram eats 9")
	here.post("/profile/sessions/end")
	here.get("/profile").want(t, http.StatusOK, "Every other browser is signed out.")
	if got := third.get("/profile"); got.StatusCode != http.StatusSeeOther {
		t.Errorf("the third browser: %d", got.StatusCode)
	}
}

func TestStoresPage(t *testing.T) {
	s := newSite(t)
	modelstest.Store(t, s.db, 40, "INR")
	modelstest.Store(t, s.db, 41, "SEK")
	list := s.as(modelstest.Person(t, s.db, "Farid", models.Manager, 40)).get("/system/stores")
	list.want(t, http.StatusOK, "Store 40")
	if got := list.said("#store-40 .copy code"); !strings.HasPrefix(got, "40") {
		t.Errorf("the store id shown is %q", got)
	}
	if list.Find("#store-41").Length() != 0 {
		t.Error("a manager of store 40 sees store 41")
	}
}

func TestAuditPage(t *testing.T) {
	s := newSite(t)
	modelstest.Store(t, s.db, 40, "INR")
	mira := modelstest.Person(t, s.db, "Mira", models.Owner)
	b := s.as(mira)
	ctx := modelstest.System(t.Context())
	_, err := s.db.Pool().Exec(ctx, `INSERT INTO audit_log (chain, actor, actor_name, action, object, order_id, details)
		SELECT 40, 'user', 'Asha', 'refund.requested', 'payment ' || n, 1000 + n, '{"amount": "<i>"}' FROM generate_series(1, 60) n`)
	if err != nil {
		t.Fatal(err)
	}
	list := b.get("/system/audit?actor=asha&from=not-a-day&order=x")
	list.want(t, http.StatusOK, "payment 60")
	if n := list.Find("tbody tr").Length(); n != 50 {
		t.Errorf("%d rows, want 50", n)
	}
	if next := list.Find("a[rel=next]").AttrOr("href", ""); b.get(next).Find("tbody tr").Length() != 10 {
		t.Errorf("the next page is %q", next)
	}
	if part := b.get("/system/audit?order=1007", "HX-Request: true"); part.Find("tbody tr").Length() != 1 || part.Find("nav.side").Length() != 0 {
		t.Error("a part of the page is not just the list of one order")
	}
	b.post("/system/audit/verifications").want(t, http.StatusOK, "Verified the log of no store to row 1, the log of store 40 to row 60.")
	for _, sql := range []string{
		"ALTER TABLE audit_log DISABLE TRIGGER USER",
		"UPDATE audit_log SET object = 'payment 9' WHERE chain = 40 AND seq = 8",
		"ALTER TABLE audit_log ENABLE TRIGGER USER",
	} {
		if _, err := s.db.Pool().Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	b.post("/system/audit/verifications").want(t, http.StatusOK, "Row 8 of the log of store 40: it was changed after it was written.")

	auditor := s.as(modelstest.Person(t, s.db, "Ines", models.Auditor))
	auditor.get("/system/audit").want(t, http.StatusOK, "session.started")
	if home := auditor.get("/"); home.Header.Get("Location") != "/system/audit" {
		t.Errorf("an auditor starts at %q", home.Header.Get("Location"))
	}
}
