//go:build sdk

package fyndsdk

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways/all"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
	"github.com/kartify/kartify/models/modelstest"
)

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// serve runs kartify with the cast loaded at a port; fynd is where it finds Fynd Platform.
func serve(t *testing.T, port, box, fynd string) {
	t.Helper()
	ctx, base, address := models.AsSystem(t.Context()), "http://127.0.0.1:"+port, modelstest.URL(t)
	db := modelstest.Open(t, address, func(o *models.Options) { o.Drivers = all.Drivers })
	side, now := cast.Sandbox{Base: box, Kartify: base}, time.Now()
	for _, err := range []error{cast.Load(ctx, db, now), cast.Settings(ctx, db), cast.Fynd(ctx, db, base), side.Load(t.Context(), now), side.Returns(ctx, db)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	binary := filepath.Join(t.TempDir(), "kartify")
	if said, err := exec.Command("go", "build", "-o", binary, "../..").CombinedOutput(); err != nil {
		t.Fatalf("build kartify: %v\n%s", err, said)
	}
	var out bytes.Buffer
	cmd := exec.Command(binary, "serve")
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Env = []string{
		"DATABASE_URL=" + address, "KARTIFY_MASTER_KEY=" + modelstest.MasterKey, "KARTIFY_ADDR=127.0.0.1:" + port, "KARTIFY_PUBLIC_URL=" + base,
		"KARTIFY_RAZORPAY_URL=" + box + "/razorpay/v1", "KARTIFY_FYND_URL=" + fynd, "KARTIFY_LOG=text", "KARTIFY_DRAIN_PAUSE=0s",
		"KARTIFY_SWEEP=200ms", "KARTIFY_CALL_TIMEOUT=4s", "KARTIFY_LEASE=6s", "KARTIFY_RESEND_AFTER=1s", "KARTIFY_LOOKUP_STEPS=200ms,500ms,1s",
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"),
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			text := out.String()
			t.Logf("kartify said:\n%s", text[max(0, len(text)-6000):])
		}
	})
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		res, err := http.Get(base + "/readyz")
		if err != nil {
			continue
		}
		_ = res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return
		}
	}
	t.Fatal("kartify is not ready")
}

// TestExtension has kartify be the extension: Fynd Platform is played in JavaScript, with Fynd's libraries judging
// every request that kartify makes.
func TestExtension(t *testing.T) {
	box, port, own := newBox(t), freePort(t), freePort(t)
	s := start(t, "extension.js", strings.Fields(fmt.Sprintf(
		"SANDBOX=%s KARTIFY=http://127.0.0.1:%s SECRET=%s COMPANY=%s APPLICATION=%s PORT=%s", box, port, cast.FyndSecret, cast.FyndCompany, cast.FyndApplication, own,
	))...)
	if l, _ := s.next(); !l.Ready {
		t.Fatalf("the platform in JavaScript does not start: %s", s.stderr.String())
	}
	serve(t, port, box, "http://127.0.0.1:"+own)
	if _, err := s.in.Write([]byte("go\n")); err != nil {
		t.Fatal(err)
	}
	s.facts(12)
}
