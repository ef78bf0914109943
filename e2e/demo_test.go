package e2e

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kartify/kartify/models/cast"
)

// demo is kartify demo as a newcomer starts it.
type demo struct {
	t    *testing.T
	dir  string
	addr string
	cmd  *exec.Cmd
	out  bytes.Buffer
	base string
}

var readyAt = regexp.MustCompile(`kartify is ready \([\d.]+ s\): (http://\S+)`)

// start runs the demo until it says where to go.
func (d *demo) start(flags ...string) (took time.Duration) {
	d.t.Helper()
	began := time.Now()
	read, write, err := os.Pipe()
	if err != nil {
		d.t.Fatal(err)
	}
	d.out.Reset()
	d.cmd = exec.Command(binary, append([]string{"demo", "--data", d.dir, "--addr", d.addr, "--sandbox-addr", freeAddr(d.t)}, flags...)...)
	d.cmd.Stdout, d.cmd.Stderr = write, &d.out
	d.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = d.cmd.Process.Kill() })
	_ = write.Close()
	var said bytes.Buffer
	chunk := make([]byte, 4096)
	for {
		n, err := read.Read(chunk)
		said.Write(chunk[:n])
		if found := readyAt.FindStringSubmatch(said.String()); found != nil {
			d.base = found[1]
			took = time.Since(began)
		}
		if err != nil || strings.Contains(said.String(), "Ctrl-C") {
			break
		}
	}
	if d.base == "" {
		d.t.Fatalf("the demo is not ready: %s%s", said.String(), d.out.String())
	}
	_, _ = d.out.Write(said.Bytes())
	return took
}

// end sends the demo a signal and waits until it has ended.
func (d *demo) end(sig syscall.Signal) error {
	d.base = ""
	if err := d.cmd.Process.Signal(sig); err != nil {
		return err
	}
	return d.cmd.Wait()
}

// orders is how many orders somebody sees who signs in.
func (d *demo) orders() string {
	d.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	p := &person{w: &world{t: d.t, base: d.base}, client: &http.Client{Jar: jar}}
	p.post("/login", url.Values{"email": {"owner@ruosh.example"}, "password": {cast.Password}})
	page := p.get("/sales/orders?limit=500").page()
	return strings.Join(strings.Fields(page.Find("nav.pager, .pager").First().Text()), " ")
}

// runs is what another command says of the demo's data.
func (d *demo) runs(command string) string {
	d.t.Helper()
	out, err := exec.CommandContext(d.t.Context(), "sh", "-c", `. "$1/env" && "$2" `+command, "sh", d.dir, binary).CombinedOutput()
	if err != nil {
		d.t.Errorf("kartify %s: %v: %s", command, err, out)
	}
	return string(out)
}

// TestDemo is a newcomer's first hour: a busy port, Ctrl-C, a second start, a power cut, more orders, a fresh start.
func TestDemo(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("/tmp", "kartify-demo-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // PostgreSQL's own user passes through
		t.Fatal(err)
	}
	d := &demo{t: t, dir: dir, addr: freeAddr(t)}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	busy, err := net.Listen("tcp", d.addr)
	if err != nil {
		t.Fatal(err)
	}
	first := d.start()
	if port := busy.Addr().(*net.TCPAddr).Port; !strings.Contains(d.out.String(), fmt.Sprintf("Port %d is busy", port)) || strings.HasSuffix(d.base, fmt.Sprint(port)) {
		t.Errorf("with a busy port it is at %s and says %s", d.base, d.out.String())
	}
	_ = busy.Close()
	if info, err := os.Stat(filepath.Join(dir, "env")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the settings for other commands: %v %v", info, err)
	}
	if said := d.runs("fsck"); !strings.Contains(said, "invariants hold") {
		t.Errorf("fsck: %s", said)
	}
	if said := d.runs("audit verify"); !strings.Contains(said, "as they were written") {
		t.Errorf("audit verify: %s", said)
	}
	if said := d.runs("users create new@ruosh.example --name Newcomer --role viewer"); !strings.Contains(said, "http://127.0.0.1:8080/setup/") {
		t.Errorf("users create: %s", said)
	}
	cast := d.orders()
	if err := d.end(syscall.SIGINT); err != nil {
		t.Errorf("after Ctrl-C: %v\n%s", err, d.out.String())
	}

	second := d.start()
	if said := d.runs("users list"); !strings.Contains(said, "Newcomer") {
		t.Errorf("after a second start: %s", said)
	}
	_ = d.end(syscall.SIGKILL)

	d.start("--orders", "100")
	if said := d.runs("users list"); !strings.Contains(said, "Newcomer") {
		t.Errorf("after a power cut: %s", said)
	}
	if more := d.orders(); more == cast || cast == "" {
		t.Errorf("with 100 orders more the list says %q, and without %q", more, cast)
	}
	if err := d.end(syscall.SIGINT); err != nil {
		t.Errorf("after Ctrl-C: %v\n%s", err, d.out.String())
	}

	d.start("--fresh")
	if said := d.runs("users list"); strings.Contains(said, "Newcomer") || d.orders() != cast {
		t.Errorf("a fresh start remembers: %s%s", said, d.orders())
	}
	if err := d.end(syscall.SIGINT); err != nil {
		t.Errorf("after Ctrl-C: %v\n%s", err, d.out.String())
	}
	t.Logf("ready after %s, the second time after %s", first.Round(10*time.Millisecond), second.Round(10*time.Millisecond))
}
