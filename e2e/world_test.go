// Package e2e runs the built program against the gateway sandbox and looks at it from outside: over
// HTTP, in a real browser, and while it is being killed.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/kartify/kartify/gateways/all"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
	"github.com/kartify/kartify/models/modelstest"
	"github.com/kartify/kartify/sandbox"
)

var binary string // kartify, built once for all tests

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "kartify-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "kartify")
	build := exec.Command("go", "build", "-o", binary, "..")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build kartify:", err)
		os.Exit(1)
	}
	if err := nameSources(); err != nil {
		fmt.Fprintln(os.Stderr, "list the sources of kartify:", err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// nameSources looks at every file that kartify is built of. go test remembers which files a test looked at,
// and cannot know of those that another process reads: it would call these tests passed after a change.
func nameSources() error {
	const files = `{{if and .Module .Module.Main}}{{$dir := .Dir}}{{range .GoFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}{{range .EmbedFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}{{end}}`
	list, err := exec.Command("go", "list", "-deps", "-f", files, "..").Output()
	if err != nil {
		return err
	}
	for path := range strings.Lines(string(list)) {
		if path = strings.TrimSpace(path); path == "" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			return err
		}
	}
	return nil
}

// world is a running kartify with its database and its gateways.
type world struct {
	t    *testing.T
	db   *models.DB // the same database, from the side
	ctx  context.Context
	base string // of kartify
	box  string // of the sandbox
	addr string
	env  []string
	cmd  *exec.Cmd
	out  *bytes.Buffer
}

// newWorld starts everything with the cast loaded. More environment may be given as KEY=value.
func newWorld(t *testing.T, env ...string) *world {
	t.Helper()
	return newWorldAt(t, modelstest.URL(t), env...)
}

// newWorldAt is newWorld on a migrated, empty database.
func newWorldAt(t *testing.T, dbURL string, env ...string) *world {
	t.Helper()
	w := &world{t: t, ctx: models.AsSystem(t.Context()), out: &bytes.Buffer{}}
	w.db = modelstest.Open(t, dbURL, func(o *models.Options) { o.Drivers = all.Drivers })
	box, err := sandbox.New(sandbox.Config{Log: slog.New(slog.DiscardHandler), WebhookDelay: 20 * time.Millisecond, RefundDelay: 150 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box.Handler())
	t.Cleanup(func() {
		server.Close()
		_ = box.Close()
	})
	w.box = server.URL
	w.addr = freeAddr(t)
	w.base = "http://" + w.addr
	w.env = append([]string{
		"DATABASE_URL=" + dbURL, "KARTIFY_MASTER_KEY=" + modelstest.MasterKey, "KARTIFY_ADDR=" + w.addr, "KARTIFY_PUBLIC_URL=" + w.base,
		"KARTIFY_RAZORPAY_URL=" + w.box + "/razorpay/v1", "KARTIFY_FYND_URL=" + w.box + "/fynd", "KARTIFY_FYND_FRAMES=" + w.box,
		"KARTIFY_KLARNA_URL=" + w.box + "/klarna", "KARTIFY_SVEA_URL=" + w.box + "/svea",
		"KARTIFY_PAYKEEPER_URL=" + w.box + "/paykeeper", "KARTIFY_CCAVENUE_URL=" + w.box + "/ccavenue", "KARTIFY_LOG=text", "KARTIFY_DRAIN_PAUSE=0s",
		"KARTIFY_SWEEP=200ms", "KARTIFY_CALL_TIMEOUT=4s", "KARTIFY_LEASE=6s", "KARTIFY_RESEND_AFTER=1s", "KARTIFY_LOOKUP_STEPS=200ms,500ms,1s",
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"),
	}, env...)
	now := time.Now()
	for _, err := range []error{
		cast.Load(w.ctx, w.db, now), cast.Settings(w.ctx, w.db), cast.Fynd(w.ctx, w.db, w.base), cast.Webhooks(w.ctx, w.db), cast.Sandbox{Base: w.box, Kartify: w.base}.Load(t.Context(), now), cast.Sandbox{Base: w.box}.Returns(w.ctx, w.db),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	w.start()
	t.Cleanup(func() {
		w.stop(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("kartify said:\n%s", tail(w.out.String(), 6000))
		}
	})
	return w
}

func tail(text string, n int) string { return text[max(0, len(text)-n):] }

// freeAddr is an address nobody listens on. Its port lies below those that a system gives to lines that go out:
// one of them could have it while kartify is down to be started again.
func freeAddr(t *testing.T) string {
	t.Helper()
	for range 100 {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)))
		if err == nil {
			defer listener.Close() //nolint:errcheck // its address is all that is wanted
			return listener.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

// start runs kartify and waits until it is ready.
func (w *world) start() {
	w.t.Helper()
	w.cmd = exec.Command(binary, "serve")
	w.cmd.Env, w.cmd.Stdout, w.cmd.Stderr = w.env, w.out, w.out
	if err := w.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		res, err := http.Get(w.base + "/readyz")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Fatalf("kartify is not ready:\n%s", tail(w.out.String(), 4000))
}

// stop ends kartify: SIGTERM politely, SIGKILL at once.
func (w *world) stop(sig syscall.Signal) {
	if w.cmd == nil || w.cmd.Process == nil {
		return
	}
	_ = w.cmd.Process.Signal(sig)
	_ = w.cmd.Wait()
	w.cmd = nil
}

// scan reads one value from the database.
func (w *world) scan(into any, sql string, args ...any) {
	w.t.Helper()
	if err := w.db.Pool().QueryRow(w.ctx, sql, args...).Scan(into); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// eventually waits until a query gives want, for a minute and a half: what a killed copy had taken on waits for up to one.
func (w *world) eventually(want, sql string, args ...any) {
	w.t.Helper()
	var got string
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); time.Sleep(30 * time.Millisecond) {
		w.scan(&got, "SELECT coalesce(("+sql+")::text, '')", args...)
		if got == want {
			return
		}
	}
	w.t.Fatalf("%s is %q, want %q", sql, got, want)
}

// sandbox calls one of the sandbox's control routes.
func (w *world) sandbox(method, path string, body, answer any) {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.box+path, bytes.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	data, _ := io.ReadAll(res.Body)
	if res.StatusCode >= 300 {
		w.t.Fatalf("%s %s: %s %s", method, path, res.Status, data)
	}
	if answer != nil {
		if err := json.Unmarshal(data, answer); err != nil {
			w.t.Fatalf("%s %s: %v in %s", method, path, err, data)
		}
	}
}

// effect is a line of the sandbox's ledger.
type effect struct {
	Verb           string `json:"verb"`
	Payment        string `json:"payment"`
	AmountMinor    int64  `json:"amount_minor"`
	Ref            string `json:"ref"`
	IdempotencyKey string `json:"idempotency_key"`
}

// refunds are the refunds that really happened to a payment at the gateway.
func (w *world) refunds(payment string) []effect {
	w.t.Helper()
	var all, refunds []effect
	w.sandbox(http.MethodGet, "/_sandbox/ledger?gateway=razorpay&payment="+url.QueryEscape(payment), nil, &all)
	for _, e := range all {
		if e.Verb == "refund" {
			refunds = append(refunds, e)
		}
	}
	return refunds
}

// person is somebody at a browser without JavaScript.
type person struct {
	w      *world
	client *http.Client
}

// nobody is a browser without a session.
func (w *world) nobody() *person {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &person{w: w, client: &http.Client{
		Jar: jar, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
	}}
}

// signIn signs somebody of the cast in.
func (w *world) signIn(email string) *person {
	w.t.Helper()
	p := w.nobody()
	res := p.post("/login", url.Values{"email": {email}, "password": {cast.Password}})
	if res.StatusCode != http.StatusSeeOther {
		w.t.Fatalf("sign in as %s: %d %s", email, res.StatusCode, tail(res.text, 500))
	}
	return p
}

// reply is an answer, read to its end.
type reply struct {
	*http.Response
	text string
}

func (r *reply) page() *goquery.Document {
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(r.text))
	if err != nil {
		return &goquery.Document{}
	}
	return doc
}

func (p *person) get(path string) *reply {
	p.w.t.Helper()
	r, err := p.try(http.MethodGet, path, nil)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return r
}

func (p *person) post(path string, form url.Values) *reply {
	p.w.t.Helper()
	r, err := p.try(http.MethodPost, path, form)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return r
}

// try is a request that may fail because kartify was just killed.
func (p *person) try(method, path string, form url.Values) (*reply, error) {
	req, err := http.NewRequestWithContext(p.w.t.Context(), method, p.w.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", p.w.base)
	}
	res, err := p.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	data, err := io.ReadAll(res.Body)
	return &reply{res, string(data)}, err
}

// refundForm is a freshly shown Refund Money form.
func (p *person) refundForm(order int64) (action string, form url.Values, err error) {
	r, err := p.try(http.MethodGet, fmt.Sprintf("/sales/orders/%d", order), nil)
	if err != nil {
		return "", nil, err
	}
	node := r.page().Find(`form[action*="/refunds"]`).First()
	action, ok := node.Attr("action")
	if !ok {
		return "", nil, errors.New("no Refund Money form on the page")
	}
	token, _ := node.Find(`input[name="token"]`).Attr("value")
	currency, _ := node.Find(`input[name="currency"]`).Attr("value")
	return action, url.Values{"token": {token}, "currency": {currency}, "reason": {"returned"}}, nil
}
