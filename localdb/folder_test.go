//go:build linux || darwin

package localdb

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOtherFilesAreLeftAlone(t *testing.T) {
	dir := place(t)
	letter := filepath.Join(dir, "letter.txt")
	if err := os.WriteFile(letter, []byte("Dear Asha"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "holds other files") {
		t.Errorf("a folder with a letter in it gives %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder now has %v (%v)", entries, err)
	}
}

func TestRemoveTakesOnlyAnIdleDataFolder(t *testing.T) {
	dir := filepath.Join(place(t), "postgres")
	if err := Remove(dir); err != nil {
		t.Errorf("what is not there: %v", err)
	}
	s := start(t, dir)
	if err := Remove(dir); err == nil || !strings.Contains(err.Error(), "stop what started it first") {
		t.Errorf("under a running server: %v", err)
	}
	if ask[int](t, s.URL("postgres"), "select 1") != 1 {
		t.Error("the server does not answer any more")
	}
	stop(t, s)
	if err := Remove(dir); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder is still there")
	}
	home := place(t)
	if err := os.WriteFile(filepath.Join(home, "letter.txt"), []byte("Dear Asha"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Remove(home); err == nil {
		t.Error("a folder with a letter in it was deleted")
	}
}

// Root's server runs as another user, so every folder on the way must let that user through.
func TestFolderOnTheWayThatLetsNobodyIn(t *testing.T) {
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	o := owner{name: "asha", uid: 4_000_000, gid: 4_000_000, drop: true}
	err := o.mayEnter(closed)
	if err == nil || !strings.Contains(err.Error(), "user asha, who may not enter "+closed) {
		t.Errorf("mayEnter = %v", err)
	}
	if err := o.mayEnter("/usr"); err != nil {
		t.Errorf("the way to /usr: %v", err)
	}
	if err := (owner{}).mayEnter(closed); err != nil {
		t.Errorf("our own user needs no look: %v", err)
	}
}

func TestLongFolderHasItsSocketElsewhere(t *testing.T) {
	dir := filepath.Join(place(t), strings.Repeat("very-long-", 10), "postgres")
	s := start(t, dir)
	t.Cleanup(func() { _ = os.RemoveAll(s.folder.socket) })
	if s.folder.socket == dir || ask[int](t, s.URL("postgres"), "select 1") != 1 {
		t.Errorf("the socket is in %s", s.folder.socket)
	}
}

func TestGivenDatabaseIsUsedAsItIs(t *testing.T) {
	own := start(t, filepath.Join(place(t), "postgres"))
	given, err := Start(t.Context(), Options{URL: own.URL("kartify"), Dir: "/nowhere/at/all"})
	if err != nil {
		t.Fatal(err)
	}
	if got := given.URL("another"); got != own.URL("kartify") {
		t.Errorf("URL = %q", got)
	}
	if err := given.CreateDatabase(t.Context(), "another"); err != nil {
		t.Error(err)
	}
	if n := ask[int](t, own.URL("postgres"), "select count(*) from pg_database where datname = 'another'"); n != 0 {
		t.Error("a database was made on somebody's server")
	}
	stop(t, given)
	if ask[int](t, own.URL("postgres"), "select 1") != 1 {
		t.Error("somebody's server was stopped")
	}
	_, err = Start(t.Context(), Options{URL: "postgres://nobody@127.0.0.1:1/nothing?connect_timeout=2"})
	if err == nil || !strings.Contains(err.Error(), "DATABASE_URL is set, but its database does not answer") {
		t.Errorf("a database that does not answer gives %v", err)
	}
}
