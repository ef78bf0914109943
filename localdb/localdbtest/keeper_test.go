//go:build linux || darwin

package localdbtest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kartify/kartify/localdb/internal/scratch"
)

// helperEnv has the test program join the server of the folder it names, as another test run would.
const helperEnv = "LOCALDBTEST_HELPER"

func TestMain(m *testing.M) {
	base := os.Getenv(helperEnv)
	if base == "" {
		os.Exit(m.Run())
	}
	h, err := joinServer(context.Background(), base)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("joined", h.url)
	time.Sleep(time.Minute) // the test kills us before
	runtime.KeepAlive(h)
}

// newBase is a folder for a server of this test alone.
func newBase(t *testing.T) string {
	t.Helper()
	base, err := os.MkdirTemp(scratch.Dir(), "localdbtest")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(base, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	return base
}

// begin starts another test run.
func begin(t *testing.T, base string) (cmd *exec.Cmd, joined func() string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(self)
	cmd.Env = append(os.Environ(), helperEnv+"="+base)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end(cmd) })
	return cmd, func() string {
		line, _ := bufio.NewReader(out).ReadString('\n')
		url, ok := strings.CutPrefix(strings.TrimSpace(line), "joined ")
		if !ok {
			t.Fatalf("another test run says %q", line)
		}
		return url
	}
}

// end kills a test run as rudely as can be.
func end(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

func serverPID(t *testing.T, base string) int {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(base, "postgres", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func TestRunsShareAServerThatEndsAfterTheLast(t *testing.T) {
	t.Parallel()
	base := newBase(t)
	first, firstJoined := begin(t, base)
	second, secondJoined := begin(t, base)
	if one, other := firstJoined(), secondJoined(); one != other {
		t.Fatalf("two runs use %s and %s", one, other)
	}
	pid := serverPID(t, base)
	end(first)
	time.Sleep(lull + time.Second)
	if !alive(pid) {
		t.Fatal("the server ended while a run uses it")
	}
	end(second)
	awaitEnd(t, pid)
}

func TestServerThatDiedIsReplaced(t *testing.T) {
	t.Parallel()
	base := newBase(t)
	first, joined := begin(t, base)
	joined()
	pid := serverPID(t, base)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	end(first)
	h := join(t, base)
	if err := h.exec(t.Context(), "select 1"); err != nil {
		t.Error(err)
	}
	if serverPID(t, base) == pid {
		t.Error("the dead server is still named")
	}
}

// join uses the server of base, and waits at the end of the test until it is gone.
func join(t *testing.T, base string) *host {
	t.Helper()
	h, err := joinServer(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	pid := serverPID(t, base)
	t.Cleanup(func() {
		_ = h.life.Close(context.Background())
		for len(h.idle) > 0 {
			_ = (<-h.idle).Close(context.Background())
		}
		awaitEnd(t, pid)
	})
	return h
}

func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	for patience := time.Now().Add(20 * time.Second); alive(pid); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(patience) {
			t.Fatal("the server is left behind")
		}
	}
}

func TestOldTemplatesAreDropped(t *testing.T) {
	t.Parallel()
	h := join(t, newBase(t)) // on the shared server others make theirs
	for name, made := range map[string]string{"old": "2001-01-01T00:00:00Z", "new": "2026-11-22T10:00:00Z"} {
		for _, sql := range []string{"create database " + templatePrefix + name, "comment on database " + templatePrefix + name + " is '" + made + "'"} {
			if err := h.exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := h.dropOldTemplates(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	conn, err := h.conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer h.release(conn)
	var kept string
	err = conn.QueryRow(t.Context(), "select string_agg(datname, ',') from pg_database where starts_with(datname, $1)", templatePrefix).Scan(&kept)
	if err != nil || kept != templatePrefix+"new" {
		t.Errorf("of two templates, %q is kept (%v)", kept, err)
	}
}
