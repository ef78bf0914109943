//go:build linux || darwin

package localdb

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/localdb/internal/scratch"
)

// helperEnv has the test program start a server in the folder it names, say so, and wait.
const helperEnv = "LOCALDB_TEST_HELPER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperEnv); dir != "" {
		os.Exit(help(dir))
	}
	os.Exit(m.Run())
}

func help(dir string) int {
	s, err := Start(context.Background(), Options{Dir: dir, Fast: true})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("started", s.Started(), s.URL("postgres"))
	_, _ = os.Stdin.Read(make([]byte, 1)) // until the test is done with us, or kills us
	if err := s.Stop(context.Background()); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// place is a folder that a server of any user may be in: the folders of t.TempDir let nobody else in.
func place(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(scratch.Dir(), "localdb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

func start(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := Start(t.Context(), Options{Dir: dir, Fast: true, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func ask[T any](t *testing.T, url, sql string) T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer closeConn(conn)
	var got T
	if err := conn.QueryRow(t.Context(), sql).Scan(&got); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return got
}

func postmaster(t *testing.T, dir string) int {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
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

// gone waits until a process is no more.
func gone(pid int) bool {
	for range 200 {
		if syscall.Kill(pid, 0) != nil {
			return true
		}
		time.Sleep(50 * time.Millisecond)
	}
	return false
}

func TestStartKeepsItsData(t *testing.T) {
	dir := filepath.Join(place(t), "postgres")
	first := start(t, dir)
	if err := first.CreateDatabase(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	if err := first.CreateDatabase(t.Context(), "shop"); err != nil {
		t.Fatalf("a database that is there: %v", err)
	}
	ask[int](t, first.URL("shop"), "with new as (select 1) select count(*) from new")
	conn, err := pgx.Connect(t.Context(), first.URL("shop"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "create extension pg_trgm; create table kept as select 7 as n"); err != nil {
		t.Fatal(err)
	}
	stop(t, first) // with a session open
	if !gone(first.process.cmd.Process.Pid) {
		t.Fatal("the server outlives Stop")
	}

	began := time.Now()
	second := start(t, dir)
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the second start took %s", took)
	}
	if got := ask[int](t, second.URL("shop"), "select n from kept"); got != 7 {
		t.Errorf("kept %d", got)
	}
}

func TestServerIsPrivateAndItsRolePlain(t *testing.T) {
	dir := filepath.Join(place(t), "postgres")
	url := start(t, dir).URL("postgres")
	for _, tt := range []struct{ sql, want string }{
		{"select current_setting('listen_addresses')", ""},
		{"select current_user", "kartify"},
		{"select rolsuper or rolbypassrls from pg_roles where rolname = current_user", "false"},
		{"select rolcreatedb from pg_roles where rolname = current_user", "true"},
		{"select current_setting('timezone')", "UTC"},
		{"select 'ÅSA ЖАННА' ilike 'åsa жанна'", "true"},
		{"select 'b' < 'a' or 'B' > 'a'", "false"}, // as bytes
	} {
		if got := ask[string](t, url, "select ("+tt.sql+")::text"); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.sql, got, tt.want)
		}
	}
	for path, want := range map[string]os.FileMode{"": 0o700, "data": 0o700, "kartify.password": 0o600, "postgres.password": 0o600} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v (%v), want %v", path, info.Mode().Perm(), err, want)
		}
	}
}

func TestSecondProgramUsesTheFirstOnesServer(t *testing.T) {
	dir := filepath.Join(place(t), "postgres")
	first := start(t, dir)
	second := start(t, dir)
	if !first.Started() || second.Started() {
		t.Errorf("started: first %t, second %t", first.Started(), second.Started())
	}
	stop(t, second)
	if got := ask[int](t, first.URL("postgres"), "select 1"); got != 1 {
		t.Error("the second program's Stop ended the first one's server")
	}
}

func TestProgramsThatStartAtOnceShare(t *testing.T) {
	dir := filepath.Join(place(t), "postgres")
	type result struct {
		s   *Server
		err error
	}
	results := make(chan result)
	for range 3 {
		go func() {
			s, err := Start(t.Context(), Options{Dir: dir, Fast: true})
			results <- result{s, err}
		}()
	}
	started := 0
	for range 3 {
		r := <-results
		if r.err != nil {
			t.Error(r.err)
			continue
		}
		t.Cleanup(func() { stop(t, r.s) })
		if r.s.Started() {
			started++
		}
	}
	if started != 1 {
		t.Errorf("%d servers were started", started)
	}
}

// helper runs this test program as another one, as uid, and waits until its server answers.
func helper(t *testing.T, dir string, uid int) (cmd *exec.Cmd, line string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	bin, err := os.MkdirTemp("", "localdb") // where another user may run it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(bin) })
	if err := os.Chmod(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(bin, "helper")
	if err := os.WriteFile(program, raw, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(program)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), helperEnv+"="+dir, "HOME=/nonexistent")
	if uid != os.Geteuid() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	said := make([]byte, 4096)
	n, _ := out.Read(said)
	line = strings.TrimSpace(string(said[:n]))
	if !strings.HasPrefix(line, "started true ") {
		t.Fatalf("the helper says %q", line)
	}
	return cmd, line
}

func TestStartAsEveryUserWeCanBe(t *testing.T) {
	uids := []int{os.Geteuid()}
	if os.Geteuid() == 0 {
		uids = append(uids, 65534)
	}
	for _, uid := range uids {
		dir := filepath.Join(place(t), "postgres")
		_, line := helper(t, dir, uid)
		if got := ask[string](t, strings.TrimPrefix(line, "started true "), "select current_user::text"); got != role {
			t.Errorf("as user %d: %s", uid, got)
		}
		info, err := os.Stat(filepath.Join(dir, "data"))
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t).Uid; owner == 0 {
			t.Errorf("as user %d: the data belongs to root", uid)
		}
	}
}

func TestServerEndsWithAKilledProgram(t *testing.T) {
	dir := filepath.Join(place(t), "postgres")
	cmd, _ := helper(t, dir, os.Geteuid())
	pid := postmaster(t, dir)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if !gone(pid) {
		t.Error("the server is left behind")
	}
	start(t, dir) // and the folder is fit to start again
}
