//go:build linux || darwin

package localdb

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Sessions of a killed server end a moment after it; until then they hold its memory.
func TestServerThatWasKilledIsStartedAgain(t *testing.T) {
	dir := filepath.Join(place(t), "postgres")
	s := start(t, dir)
	conn, err := pgx.Connect(t.Context(), s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer closeConn(conn)
	session := int(conn.PgConn().PID())
	if err := syscall.Kill(session, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := s.process.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-s.Done()
	time.AfterFunc(700*time.Millisecond, func() { _ = syscall.Kill(session, syscall.SIGCONT) })
	again := start(t, dir)
	if !again.Started() || ask[int](t, again.URL("postgres"), "select 1") != 1 {
		t.Error("it was not started again")
	}
}

func TestStalePostmasterPID(t *testing.T) {
	dir := filepath.Join(place(t), "postgres")
	stop(t, start(t, dir))
	path := filepath.Join(dir, "data", "postmaster.pid")
	owner, err := chooseOwner(filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	other := exec.Command("sleep", "60") // the server's user has it
	other.SysProcAttr = owner.attributes()
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	}()
	for name, content := range map[string]string{
		"a number given out again": fmt.Sprintf("%d\n%s\n1700000000\n5432\n%s\n\n\nready\n", other.Process.Pid, filepath.Join(dir, "data"), dir),
		"a number of nobody":       fmt.Sprintf("%d\n%s\n1700000000\n5432\n%s\n\n\nready\n", unusedPID-1, filepath.Join(dir, "data"), dir),
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := owner.give(path); err != nil {
				t.Fatal(err)
			}
			s := start(t, dir)
			if !s.Started() {
				t.Error("a server was taken to be running")
			}
			stop(t, s)
		})
	}
}

func TestOtherVersionsDataIsRefusedAndKept(t *testing.T) {
	dir := filepath.Join(place(t), "postgres")
	stop(t, start(t, dir))
	version := filepath.Join(dir, "data", "PG_VERSION")
	if err := os.WriteFile(version, []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := names(t, filepath.Join(dir, "data"))
	s, err := Start(t.Context(), Options{Dir: dir})
	if err == nil {
		stop(t, s)
		t.Fatal("data of PostgreSQL 9 was opened")
	}
	for _, want := range []string{"made by PostgreSQL 9", "install PostgreSQL", "nothing was changed"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if after := names(t, filepath.Join(dir, "data")); !bytes.Equal(before, after) {
		t.Errorf("the data changed from\n%s\nto\n%s", before, after)
	}
}

func names(t *testing.T, dir string) []byte {
	t.Helper()
	var out bytes.Buffer
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		fmt.Fprintln(&out, e.Name())
	}
	return out.Bytes()
}
