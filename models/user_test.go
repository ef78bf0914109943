package models_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

const goodPassword = "violet tram eats 9"

func sentence(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestSetupLinkMakesOneOwner(t *testing.T) {
	db := modelstest.DB(t)
	first, err := db.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := db.SetupLink(t.Context()) // another copy of kartify starts
	if err != nil || second == first {
		t.Fatalf("the second link is %q (%v)", second, err)
	}
	use := models.LinkUse{Name: "Mira", Email: "mira@ruosh.example", Password: goodPassword}
	token := strings.TrimPrefix(first, "/setup/")
	for _, tt := range []struct {
		name  string
		token string
		use   models.LinkUse
		want  string
	}{
		{"made up", "AAAA", use, models.ErrLinkSpent.Error()},
		{"a short password", token, models.LinkUse{Name: "Mira", Email: "mira@ruosh.example", Password: "short"}, "Use at least 12 characters."},
		{"no address", token, models.LinkUse{Name: "Mira", Password: goodPassword}, "Enter an e-mail address, such as asha@example.com."},
		{"right", token, use, ""},
		{"again", token, use, models.ErrLinkSpent.Error()},
		{"the other one", strings.TrimPrefix(second, "/setup/"), use, models.ErrLinkSpent.Error()},
	} {
		if _, err := db.UseLink(t.Context(), tt.token, tt.use); sentence(err) != tt.want {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if got := signIn(t, db, "mira@ruosh.example", goodPassword, home); got != "" {
		t.Errorf("the owner signs in: %q", got)
	}
	if path, err := db.SetupLink(t.Context()); path != "" || err != nil {
		t.Errorf("with an owner there is a set-up link %q (%v)", path, err)
	}
}

func TestInvitation(t *testing.T) {
	db := modelstest.DB(t)
	modelstest.Store(t, db, 40, "INR")
	details := models.UserDetails{Email: "asha@ruosh.example", Name: "Asha", Role: models.Support, StoreIDs: []int64{40, 40}}
	user, path, err := db.CreateUser(t.Context(), models.SystemActor, details)
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimPrefix(path, "/setup/")
	if link, err := db.FindLink(t.Context(), token); err != nil || link.User.ID != user.ID {
		t.Fatalf("the link is for %+v (%v)", link, err)
	}
	// two browsers at once: one of them sets the password
	var wg sync.WaitGroup
	results := make([]error, 4)
	for n := range results {
		wg.Go(func() {
			_, results[n] = db.UseLink(context.Background(), token, models.LinkUse{Password: goodPassword})
		})
	}
	wg.Wait()
	used := 0
	for _, err := range results {
		if err == nil {
			used++
		} else if !errors.Is(err, models.ErrLinkSpent) {
			t.Error(err)
		}
	}
	if used != 1 {
		t.Errorf("the link was used %d times", used)
	}
	if got := signIn(t, db, user.Email, goodPassword, home); got != "" {
		t.Error(got)
	}
	read, err := db.UserByEmail(t.Context(), "ASHA@ruosh.example")
	if err != nil || len(read.StoreIDs) != 1 || read.StoreIDs[0] != 40 || read.AllStores {
		t.Errorf("read back %+v (%v)", read, err)
	}
}

func TestOldLinksDie(t *testing.T) {
	db := modelstest.DB(t)
	asha := modelstest.Person(t, db, "Asha", models.Support)
	link := func() string {
		path, err := db.ResetLink(t.Context(), models.SystemActor, asha.ID)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimPrefix(path, "/setup/")
	}
	spent := func(name, token string) {
		if _, err := db.UseLink(t.Context(), token, models.LinkUse{Password: goodPassword}); !errors.Is(err, models.ErrLinkSpent) {
			t.Errorf("%s: %v, want it spent", name, err)
		}
	}
	old := link()
	late := link()
	spent("replaced by a newer one", old)
	if _, err := db.Pool().Exec(t.Context(), "UPDATE login_links SET expires_at = now() - interval '1 second'"); err != nil {
		t.Fatal(err)
	}
	spent("run out", late)
	withdrawn := link()
	if err := db.DisableUser(t.Context(), models.SystemActor, asha.ID); err != nil {
		t.Fatal(err)
	}
	spent("of a disabled person", withdrawn)
}

func TestNewPasswordEndsSessions(t *testing.T) {
	db := modelstest.DB(t)
	asha := modelstest.Person(t, db, "Asha", models.Support)
	id, _, err := db.StartSession(t.Context(), asha, home, "Firefox", nil)
	if err != nil {
		t.Fatal(err)
	}
	path, err := db.ResetLink(t.Context(), models.SystemActor, asha.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.UseLink(t.Context(), strings.TrimPrefix(path, "/setup/"), models.LinkUse{Password: goodPassword}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.SessionByID(t.Context(), id); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("the session before the new password: %v, want it gone", err)
	}
	if got := signIn(t, db, asha.Email, modelstest.Password, home); got != wrong {
		t.Errorf("the old password: %q", got)
	}
}

func TestLastOwnerStays(t *testing.T) {
	db := modelstest.DB(t)
	mira := modelstest.Person(t, db, "Mira", models.Owner)
	// invited, but cannot sign in yet, so she does not count
	invited, _, err := db.CreateUser(t.Context(), models.SystemActor, models.UserDetails{Email: "olga@ruosh.example", Name: "Olga", Role: models.Owner})
	if err != nil {
		t.Fatal(err)
	}
	const last = "This is the last owner who can sign in. Make somebody else an owner first."
	viewer := models.UserDetails{Name: "Mira", Role: models.Viewer, AllStores: true}
	if err := db.ChangeUser(t.Context(), models.SystemActor, mira.ID, viewer); sentence(err) != last {
		t.Errorf("another role: %v", err)
	}
	if err := db.DisableUser(t.Context(), models.SystemActor, mira.ID); sentence(err) != last {
		t.Errorf("disabled: %v", err)
	}
	if err := db.DisableUser(t.Context(), models.SystemActor, invited.ID); err != nil {
		t.Errorf("the one who cannot sign in: %v", err)
	}
}

func TestOwnersWhoDisableEachOther(t *testing.T) {
	db := modelstest.DB(t)
	mira, olga := modelstest.Person(t, db, "Mira", models.Owner), modelstest.Person(t, db, "Olga", models.Owner)
	for range 15 {
		var wg sync.WaitGroup
		for _, id := range []int64{mira.ID, olga.ID} {
			wg.Go(func() { _ = db.DisableUser(context.Background(), models.SystemActor, id) }) // one of them is refused
		}
		wg.Wait()
		left := 0
		for _, id := range []int64{mira.ID, olga.ID} {
			user, err := db.User(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if user.Active() {
				left++
			}
			if err := db.EnableUser(t.Context(), models.SystemActor, id); err != nil {
				t.Fatal(err)
			}
		}
		if left != 1 {
			t.Fatalf("%d owners are left, want 1", left)
		}
	}
}

func TestUserDetails(t *testing.T) {
	db := modelstest.DB(t)
	modelstest.Person(t, db, "Asha", models.Support)
	for _, tt := range []struct {
		name string
		in   models.UserDetails
		want string
	}{
		{"taken", models.UserDetails{Email: "ASHA@ruosh.example", Name: "A", Role: models.Viewer, AllStores: true}, "There is a user with this e-mail address already."},
		{"no role", models.UserDetails{Email: "b@ruosh.example", Name: "B", AllStores: true}, "Choose one of the roles."},
		{"a role of their own", models.UserDetails{Email: "b@ruosh.example", Name: "B", Role: "root", AllStores: true}, "Choose one of the roles."},
		{"no store", models.UserDetails{Email: "b@ruosh.example", Name: "B", Role: models.Viewer}, "Choose at least one store, or all of them."},
		{"a store that is none", models.UserDetails{Email: "b@ruosh.example", Name: "B", Role: models.Viewer, StoreIDs: []int64{7}}, "One of these stores does not exist."},
		{"a line break in the name", models.UserDetails{Email: "b@ruosh.example", Name: "B\nC", Role: models.Viewer, AllStores: true}, "Enter a name of at most 100 characters."},
	} {
		if _, _, err := db.CreateUser(t.Context(), models.SystemActor, tt.in); sentence(err) != tt.want {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}
