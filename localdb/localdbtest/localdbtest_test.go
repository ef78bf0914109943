package localdbtest

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
)

// fruit fills a template with one row.
func fruit(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "create extension pg_trgm; create table fruit (name text); insert into fruit values ('apple')")
	return err // the session stays open: a careless prepare must not matter
}

func open(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func TestCloneIsATestsOwn(t *testing.T) {
	first := open(t, Clone(t, t.Name(), fruit))
	second := open(t, Clone(t, t.Name(), fruit))
	if _, err := first.Exec(t.Context(), "insert into fruit values ('pear')"); err != nil {
		t.Fatal(err)
	}
	for conn, want := range map[*pgx.Conn]int{first: 2, second: 1} {
		var got int
		if err := conn.QueryRow(t.Context(), "select count(*) from fruit").Scan(&got); err != nil || got != want {
			t.Errorf("the clone has %d rows (%v), want %d", got, err, want)
		}
	}
}

func TestCloneIsGoneWithItsTest(t *testing.T) {
	var url string
	t.Run("user", func(t *testing.T) {
		url = Clone(t, "fruit", fruit)
		open(t, url) // and leaves its session open
	})
	if conn, err := pgx.Connect(t.Context(), url); err == nil {
		_ = conn.Close(t.Context())
		t.Error("the database is still there")
	}
}

func TestTemplateIsFilledOnce(t *testing.T) {
	h, err := theHost()
	if err != nil {
		t.Fatal(err)
	}
	forget(t, h, t.Name())
	filled := 0
	for range 3 {
		Clone(t, t.Name(), func(ctx context.Context, url string) error { filled++; return fruit(ctx, url) })
	}
	h.templates.Clear() // as another program would find it
	Clone(t, t.Name(), func(ctx context.Context, url string) error { filled++; return fruit(ctx, url) })
	if filled != 1 {
		t.Errorf("the template was filled %d times", filled)
	}
}

func TestHalfMadeTemplateIsMadeAgain(t *testing.T) {
	h, err := theHost()
	if err != nil {
		t.Fatal(err)
	}
	forget(t, h, t.Name())
	cut := errors.New("the power went")
	_, err = h.template(t.Context(), t.Name(), func(ctx context.Context, url string) error {
		return errors.Join(fruit(ctx, url), cut)
	})
	if !errors.Is(err, cut) {
		t.Fatalf("a template whose preparation fails gives %v", err)
	}
	h.templates.Clear()
	open(t, Clone(t, t.Name(), fruit)) // "create table fruit" would fail on the half
}

// forget drops the template of key, so that the test sees it made.
func forget(t *testing.T, h *host, key string) {
	t.Helper()
	for _, name := range []string{templateName(key), templateName(key) + "_making"} {
		if err := h.exec(t.Context(), "drop database if exists "+quoted(name)+" with (force)"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRoleIsBoundByRowSecurity(t *testing.T) {
	conn := open(t, Clone(t, "fruit", fruit))
	var super, bypass bool
	err := conn.QueryRow(t.Context(), "select rolsuper, rolbypassrls from pg_roles where rolname = current_user").Scan(&super, &bypass)
	if err != nil || super || bypass {
		t.Errorf("tests connect as a role with superuser %t, bypassrls %t (%v)", super, bypass, err)
	}
	_, err = conn.Exec(t.Context(), "alter table fruit enable row level security; alter table fruit force row level security")
	if err != nil {
		t.Fatal(err)
	}
	var seen int
	if err := conn.QueryRow(t.Context(), "select count(*) from fruit").Scan(&seen); err != nil || seen != 0 {
		t.Errorf("%d rows are seen without a policy (%v)", seen, err)
	}
}

func TestKilledRunsDatabasesAreDropped(t *testing.T) {
	h, err := theHost()
	if err != nil {
		t.Fatal(err)
	}
	mine := open(t, Clone(t, "fruit", fruit))
	left := clonePrefix + "nobodyatall_1"
	if err := h.exec(t.Context(), "create database "+left); err != nil {
		t.Fatal(err)
	}
	if err := h.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	var there bool
	if err := mine.QueryRow(t.Context(), "select exists (select from pg_database where datname = $1)", left).Scan(&there); err != nil {
		t.Fatalf("a living test's database was dropped: %v", err)
	}
	if there {
		t.Error("a killed run's database is still there")
	}
}

func TestWithDatabase(t *testing.T) {
	for address, want := range map[string]string{
		"postgres://u:p@h:5433/a?sslmode=disable": "postgres://u:p@h:5433/b?sslmode=disable",
		"postgresql://h":         "postgresql://h/b",
		"host=h user=u dbname=a": "host=h user=u dbname=a dbname=b",
	} {
		if got := withDatabase(address, "b"); got != want {
			t.Errorf("withDatabase(%q) = %q, want %q", address, got, want)
		}
	}
}
