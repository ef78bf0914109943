//go:build sdk

// Package fyndsdk has Fynd's own client libraries for JavaScript judge the wire: the sandbox as the platform that
// they expect, and kartify as the extension that the platform expects. It needs Node and npm, which nothing else of
// kartify does, so it is run by itself: task test:sdk.
package fyndsdk

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/sandbox"
)

// libraries is the folder of the installed packages, made at the first use from the lock file and kept in the user's
// cache: what is in it is said by its name.
var libraries = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	files := map[string][]byte{}
	for _, name := range []string{"package.json", "package-lock.json", ".npmrc"} {
		content, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		sum.Write(content)
		files[name] = content
	}
	dir := filepath.Join(cache, "kartify", "fyndsdk-"+hex.EncodeToString(sum.Sum(nil))[:16])
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "fyndsdk-new-")
	if err != nil {
		return "", err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(fresh, name), content, 0o644); err != nil {
			return "", err
		}
	}
	npm := exec.Command("npm", "ci", "--no-progress")
	npm.Dir = fresh
	if said, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w\n%s", err, said)
	}
	if err := os.Rename(fresh, dir); err != nil { // somebody was quicker
		_ = os.RemoveAll(fresh)
	}
	return dir, nil
})

// script is a running Node program that checks one fact after the other.
type script struct {
	t      *testing.T
	cmd    *exec.Cmd
	in     io.WriteCloser
	lines  *bufio.Scanner
	stderr bytes.Buffer
}

// line is something a script says.
type line struct {
	Fact  string          `json:"fact"`
	OK    bool            `json:"ok"`
	Error string          `json:"error"`
	Ready bool            `json:"ready"`
	Done  json.RawMessage `json:"done"`
}

// start runs one of the scripts beside this file with more environment.
func start(t *testing.T, name string, env ...string) *script {
	t.Helper()
	dir, err := libraries()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	s := &script{t: t, cmd: exec.CommandContext(ctx, "node", name)}
	s.cmd.Env = append(os.Environ(), append(env, "NODE_PATH="+filepath.Join(dir, "node_modules"), "NODE_ENV=test")...)
	s.cmd.Stderr = &s.stderr // the libraries are talkative
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.lines = bufio.NewScanner(out)
	s.lines.Buffer(nil, 4<<20)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// next is what the script says next; lines of the libraries are passed over. It is false at the end.
func (s *script) next() (line, bool) {
	for s.lines.Scan() {
		var l line
		if json.Unmarshal(s.lines.Bytes(), &l) == nil && (l.Fact != "" || l.Ready || l.Done != nil) {
			return l, true
		}
	}
	return line{}, false
}

// facts reports what the script finds until it ends, each as a test of its own, and returns how many there were.
func (s *script) facts(least int) {
	s.t.Helper()
	var n int
	for {
		l, ok := s.next()
		if !ok {
			break
		}
		if l.Fact == "" {
			continue
		}
		n++
		s.t.Run(l.Fact, func(t *testing.T) {
			if !l.OK {
				t.Error(l.Error)
			}
		})
	}
	err := s.cmd.Wait()
	if err != nil && !s.t.Failed() {
		s.t.Errorf("the script ended with %v", err)
	}
	if n < least {
		s.t.Errorf("the script checked %d facts, want at least %d", n, least)
	}
	if s.t.Failed() {
		text := s.stderr.String()
		s.t.Logf("the libraries said:\n%s", text[max(0, len(text)-4000):])
	}
}

// newBox is a gateway sandbox behind a port.
func newBox(t *testing.T) string {
	t.Helper()
	box, err := sandbox.New(sandbox.Config{Log: slog.New(slog.DiscardHandler), WebhookDelay: 20 * time.Millisecond, RefundDelay: 150 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box.Handler())
	t.Cleanup(func() {
		server.Close()
		_ = box.Close()
	})
	return server.URL
}

// TestPlatform sets up a real extension with Fynd's libraries against the sandbox.
func TestPlatform(t *testing.T) {
	start(t, "platform.js", "SANDBOX="+newBox(t)).facts(30)
}

// versions are those the scripts judge with; a change of them is a decision.
func TestVersions(t *testing.T) {
	content, err := os.ReadFile("package.json")
	if err != nil {
		t.Fatal(err)
	}
	var in struct{ Dependencies map[string]string }
	if err := json.Unmarshal(content, &in); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"@gofynd/fdk-client-javascript": "3.4.2", "@gofynd/fdk-extension-javascript": "1.1.4", "@gofynd/fp-signature": "1.0.2"}
	for name, version := range want {
		if in.Dependencies[name] != version {
			t.Errorf("%s is %q, want exactly %s", name, in.Dependencies[name], version)
		}
	}
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(lock), `"resolved"`) {
		t.Error("the lock file names a registry; run npm install with omit-lockfile-registry-resolved")
	}
}
