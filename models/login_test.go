package models_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

const (
	home  = "192.0.2.1"
	wrong = "The e-mail address or the password is not right."
)

// signIn says how it went: "" for in, the sentence otherwise.
func signIn(t *testing.T, db *models.DB, email, password, address string) string {
	t.Helper()
	_, err := db.SignIn(t.Context(), models.SignInRequest{Email: email, Password: password, Address: address})
	var wait *models.TooManyTries
	switch {
	case errors.As(err, &wait):
		return "wait"
	case err != nil:
		return err.Error()
	}
	return ""
}

func TestSignIn(t *testing.T) {
	db := modelstest.DB(t)
	modelstest.Person(t, db, "Asha", models.Support)
	gone := modelstest.Person(t, db, "Gone", models.Viewer)
	if err := db.DisableUser(t.Context(), models.SystemActor, gone.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.CreateUser(t.Context(), models.SystemActor, models.UserDetails{Email: "new@ruosh.example", Name: "New", Role: models.Viewer, AllStores: true}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, email, password, want string }{
		{"right", "asha@ruosh.example", modelstest.Password, ""},
		{"the address in capitals and with spaces", " Asha@Ruosh.Example ", modelstest.Password, ""},
		{"wrong password", "asha@ruosh.example", "kartify-Demo", wrong},
		{"a space more", "asha@ruosh.example", modelstest.Password + " ", wrong},
		{"no such account", "nobody@ruosh.example", modelstest.Password, wrong},
		{"disabled", "gone@ruosh.example", modelstest.Password, wrong},
		{"invited, without a password", "new@ruosh.example", "", wrong},
		{"nothing", "", "", wrong},
	} {
		if got := signIn(t, db, tt.email, tt.password, home); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	var refused, started int
	err := db.Pool().QueryRow(modelstest.System(t.Context()), `SELECT count(*) FILTER (WHERE action = 'session.refused'),
		count(*) FILTER (WHERE action = 'session.started') FROM audit_log WHERE chain = 0`).Scan(&refused, &started)
	if err != nil || refused != 6 || started != 2 {
		t.Errorf("the log has %d refused and %d started sign-ins (%v), want 6 and 2", refused, started, err)
	}
}

func TestLongPasswordsAreNotCut(t *testing.T) {
	db := modelstest.DB(t)
	long := strings.Repeat("a long password ", 5)
	user, err := db.SeedUser(t.Context(), models.UserDetails{Email: "asha@ruosh.example", Name: "Asha", Role: models.Viewer, AllStores: true}, long+"1")
	if err != nil {
		t.Fatal(err)
	}
	if got := signIn(t, db, user.Email, long+"2", home); got != wrong {
		t.Errorf("with another last character: %q", got)
	}
	if got := signIn(t, db, user.Email, long+"1", home); got != "" {
		t.Errorf("with the password: %q", got)
	}
}

func TestGuessingIsPaused(t *testing.T) {
	db := modelstest.DB(t)
	modelstest.Person(t, db, "Asha", models.Support)
	for range 10 {
		if got := signIn(t, db, "asha@ruosh.example", "guess", home); got != wrong {
			t.Fatalf("a guess: %q", got)
		}
	}
	for _, tt := range []struct{ name, email, password, address, want string }{
		{"the eleventh, though right", "asha@ruosh.example", modelstest.Password, home, "wait"},
		{"in capitals", "ASHA@ruosh.example", modelstest.Password, home, "wait"},
		{"Asha herself, elsewhere", "asha@ruosh.example", modelstest.Password, "198.51.100.9", ""},
		{"somebody else, here", "mira@ruosh.example", "guess", home, wrong},
	} {
		if got := signIn(t, db, tt.email, tt.password, tt.address); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	age(t, db, 31*time.Minute)
	if got := signIn(t, db, "asha@ruosh.example", modelstest.Password, home); got != "" {
		t.Errorf("after half an hour: %q", got)
	}
}

func TestGuessingSideBySideIsCounted(t *testing.T) {
	db := modelstest.DB(t)
	modelstest.Person(t, db, "Asha", models.Support)
	var wg sync.WaitGroup
	var mu sync.Mutex
	looked := 0
	for range 24 {
		wg.Go(func() {
			_, err := db.SignIn(context.Background(), models.SignInRequest{Email: "asha@ruosh.example", Password: "guess", Address: home})
			var problem *models.Problem
			if errors.As(err, &problem) {
				mu.Lock()
				looked++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if looked != 10 {
		t.Errorf("%d of 24 guesses made at once were looked at, want 10", looked)
	}
}

func TestOneAddressTryingManyAccounts(t *testing.T) {
	db := modelstest.DB(t)
	modelstest.Person(t, db, "Asha", models.Support)
	for n := range 30 {
		if got := signIn(t, db, fmt.Sprintf("user%d@ruosh.example", n), "guess", "2001:db8::"+fmt.Sprint(n)); got != wrong {
			t.Fatalf("guess %d: %q", n, got)
		}
	}
	if got := signIn(t, db, "asha@ruosh.example", modelstest.Password, "2001:db8::ffff"); got != "wait" {
		t.Errorf("another address of the same network: %q, want a pause", got)
	}
	if got := signIn(t, db, "asha@ruosh.example", modelstest.Password, "2001:db8:1::1"); got != "" {
		t.Errorf("another network: %q", got)
	}
}

func TestAttackFromEverywhereLocksNobodyOut(t *testing.T) {
	db := modelstest.DB(t)
	modelstest.Person(t, db, "Asha", models.Support)
	if got := signIn(t, db, "asha@ruosh.example", modelstest.Password, home); got != "" {
		t.Fatal(got)
	}
	_, err := db.Pool().Exec(t.Context(), `INSERT INTO login_failures (account, address)
		SELECT 'asha@ruosh.example', '203.0.113.' || n FROM generate_series(1, 100) n`)
	if err != nil {
		t.Fatal(err)
	}
	if got := signIn(t, db, "asha@ruosh.example", modelstest.Password, "203.0.113.200"); got != "wait" {
		t.Errorf("a new address: %q, want a pause", got)
	}
	if got := signIn(t, db, "asha@ruosh.example", modelstest.Password, home); got != "" {
		t.Errorf("where she has signed in before: %q", got)
	}
}

func TestWeakHashesAreRenewed(t *testing.T) {
	db := modelstest.DB(t)
	user := modelstest.Person(t, db, "Asha", models.Support)
	key := argon2.IDKey([]byte(modelstest.Password), []byte("saltsaltsaltsalt"), 1, 8192, 1, 32)
	weak := "$argon2id$v=19$m=8192,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$" + base64.RawStdEncoding.EncodeToString(key)
	if _, err := db.Pool().Exec(t.Context(), "UPDATE users SET password_hash = $1 WHERE id = $2", weak, user.ID); err != nil {
		t.Fatal(err)
	}
	if got := signIn(t, db, user.Email, modelstest.Password, home); got != "" {
		t.Fatal(got)
	}
	var hash string
	if err := db.Pool().QueryRow(t.Context(), "SELECT password_hash FROM users WHERE id = $1", user.ID).Scan(&hash); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the hash is still %s", hash)
	}
	if got := signIn(t, db, user.Email, modelstest.Password, home); got != "" {
		t.Errorf("with the renewed hash: %q", got)
	}
}

func TestUnknownAccountsTakeAsLong(t *testing.T) {
	db := modelstest.DB(t)
	modelstest.Person(t, db, "Asha", models.Support)
	known, unknown := time.Hour, time.Hour
	took := func(email string, n int) time.Duration {
		start := time.Now()
		signIn(t, db, email, "guess", fmt.Sprintf("192.0.2.%d", n))
		return time.Since(start)
	}
	for n := range 8 { // in turn, so that a busy machine slows both
		known, unknown = min(known, took("asha@ruosh.example", n)), min(unknown, took("nobody@ruosh.example", n))
	}
	if unknown < known/3 || unknown > known*3 {
		t.Errorf("an unknown account takes %v, a known one %v", unknown, known)
	}
}

// age makes every failed sign-in older.
func age(t *testing.T, db *models.DB, by time.Duration) {
	t.Helper()
	_, err := db.Pool().Exec(t.Context(), "UPDATE login_failures SET at = at - $1::interval", by.String())
	if err != nil {
		t.Fatal(err)
	}
}
