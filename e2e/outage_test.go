package e2e

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/localdb"
	"github.com/kartify/kartify/migrations"
	"github.com/kartify/kartify/models/cast"
)

// ownPostgres is a PostgreSQL of this test alone that keeps its promises to the disk, with a migrated database.
type ownPostgres struct {
	t      *testing.T
	dir    string
	server *localdb.Server
}

func newOwnPostgres(t *testing.T) (*ownPostgres, string) {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} { // as root, the server runs as somebody else
		if err := os.Chmod(d, 0o755); err != nil { //nolint:gosec // nothing else is kept in it
			t.Fatal(err)
		}
	}
	pg := &ownPostgres{t: t, dir: filepath.Join(dir, "postgres")}
	pg.start()
	t.Cleanup(func() { _ = pg.server.Stop(context.WithoutCancel(t.Context())) })
	if err := pg.server.CreateDatabase(t.Context(), "kartify_outage"); err != nil {
		t.Fatal(err)
	}
	url := pg.server.URL("kartify_outage")
	if err := migrations.Up(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	return pg, url
}

func (pg *ownPostgres) start() {
	pg.t.Helper()
	server, err := localdb.Start(pg.t.Context(), localdb.Options{Dir: pg.dir})
	if err != nil {
		pg.t.Fatal(err)
	}
	pg.server = server
}

// crash ends PostgreSQL as a power cut would: at once, with nothing written that was not written already.
func (pg *ownPostgres) crash() {
	pg.t.Helper()
	text, err := os.ReadFile(filepath.Join(pg.dir, "data", "postmaster.pid"))
	if err != nil {
		pg.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(strings.SplitN(string(text), "\n", 2)[0]))
	if err != nil {
		pg.t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		pg.t.Fatal(err)
	}
	<-pg.server.Done()
}

// refundWebhook is Razorpay telling of a refund of 1.00 that was made in its portal.
func (w *world) refundWebhook(payment, refund string) (int, string, error) {
	text := fmt.Sprintf(`{"entity":"event","event":"refund.processed","contains":["refund"],"created_at":%d,"payload":{"refund":{"entity":{"id":"%s","entity":"refund",`+
		`"amount":100,"currency":"INR","payment_id":"%s","notes":[],"receipt":null,"status":"processed","created_at":1767225600}}}}`, time.Now().Unix(), refund, payment)
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, fmt.Sprintf("%s/callbacks/razorpay/%d", w.base, cast.Ruosh), strings.NewReader(text))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Razorpay-Event-Id", "evt_"+refund)
	r.Header.Set("X-Razorpay-Signature", gateways.SumHMAC([]byte(text), cast.Razorpay["webhook_secret"]))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode, res.Header.Get("Retry-After"), nil
}

// TestWebhooksWhilePostgreSQLCrashes sends webhooks as a provider does, again until they are acknowledged, while
// PostgreSQL is ended at once several times: every one that was acknowledged is there, and has its effect once.
func TestWebhooksWhilePostgreSQLCrashes(t *testing.T) {
	t.Parallel()
	crashes, between := 3, 1500*time.Millisecond
	if os.Getenv("KARTIFY_CHAOS") == "long" {
		crashes, between = 30, 10*time.Second
	}
	pg, url := newOwnPostgres(t)
	w := newWorldAt(t, url)
	orders, refs := w.prepaid(40)

	var sent, refused, strange atomic.Int64
	var mu sync.Mutex
	acked := map[string]int64{} // refund → order
	stop := make(chan struct{})
	var wait sync.WaitGroup
	for sender := range 6 {
		wait.Go(func() {
			for i := 0; ; i++ {
				order := orders[rand.IntN(len(orders))]
				refund := fmt.Sprintf("rfnd_KF%02d%08d", sender, i)
				for { // until it is acknowledged, as providers do
					select {
					case <-stop:
						return
					default:
					}
					sent.Add(1)
					status, after, err := w.refundWebhook(refs[order], refund)
					if err == nil && status == http.StatusOK {
						mu.Lock()
						acked[refund] = order
						mu.Unlock()
						if rand.IntN(4) == 0 { // and once more, as they do too
							_, _, _ = w.refundWebhook(refs[order], refund)
						}
						break
					}
					refused.Add(1)
					if err != nil || status != http.StatusServiceUnavailable || after == "" {
						strange.Add(1)
						t.Errorf("with the database gone a webhook is answered %d, Retry-After %q, %v", status, after, err)
					}
					time.Sleep(50 * time.Millisecond)
				}
				time.Sleep(5 * time.Millisecond)
				mu.Lock()
				full := len(acked) >= 1800 // of the 40 payments of 100.00 each: drawn at random, none comes near its hundred
				mu.Unlock()
				if full {
					return
				}
			}
		})
	}
	var healed []time.Duration
	for range crashes {
		time.Sleep(between)
		pg.crash()
		w.downIsSaid()
		time.Sleep(700 * time.Millisecond)
		pg.start()
		began := time.Now()
		w.isUp(5 * time.Second)
		healed = append(healed, time.Since(began).Round(time.Millisecond))
	}
	time.Sleep(between)
	close(stop)
	wait.Wait()

	w.eventually("0", `SELECT count(*) FROM webhooks WHERE event = 'refund.processed' AND next_at IS NOT NULL`)
	lost, doubled := 0, 0
	for refund, order := range acked {
		var stored, effects int
		w.scan(&stored, `SELECT count(*) FROM webhooks WHERE event_id = $1 AND verdict = 'verified' AND duplicate_of IS NULL`, "evt_"+refund)
		w.scan(&effects, `SELECT count(*) FROM operations WHERE ref = $1 AND order_id = $2 AND state = 'succeeded'`, refund, order)
		if stored != 1 || effects < 1 {
			lost++
		}
		if effects > 1 {
			doubled++
		}
	}
	var booked, counted int64
	w.scan(&booked, `SELECT coalesce(sum(refunded_minor), 0)::bigint FROM payments WHERE order_id > 5000`)
	w.scan(&counted, `SELECT 100 * count(*) FROM operations WHERE order_id > 5000 AND state = 'succeeded'`)
	if lost > 0 || doubled > 0 || booked != counted || len(acked) == 0 {
		t.Errorf("%d acknowledged, %d lost, %d with two effects; booked %d, operations %d", len(acked), lost, doubled, booked, counted)
	}
	findings, err := w.db.Fsck(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Errorf("broken invariant: %s: %v", f.Invariant, f.Records)
	}
	if err := w.cmd.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("kartify itself went down with the database: %v", err)
	}
	t.Logf("%d crashes: %d webhooks sent, %d turned away (%d of them oddly), %d acknowledged, %d lost, %d doubled; ready again after %v",
		crashes, sent.Load(), refused.Load(), strange.Load(), len(acked), lost, doubled, healed)
}

// downIsSaid checks what people and load balancers are told while the database is gone.
func (w *world) downIsSaid() {
	w.t.Helper()
	for _, path := range []string{"/readyz", "/sales/orders"} {
		r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.base+path, http.NoBody)
		if err != nil {
			w.t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: "kartify", Value: "somebody"})
		began := time.Now()
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			w.t.Errorf("%s: %v", path, err)
			continue
		}
		text, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" || time.Since(began) > 4*time.Second {
			w.t.Errorf("with the database gone %s answers %d after %s, Retry-After %q: %s", path, res.StatusCode, time.Since(began), res.Header.Get("Retry-After"), tail(string(text), 300))
		}
	}
	if res, err := http.Get(w.base + "/healthz"); err != nil || res.StatusCode != http.StatusOK {
		w.t.Errorf("the process itself lives, but /healthz says otherwise: %v", err)
	} else {
		_ = res.Body.Close()
	}
}

// isUp waits until kartify takes requests again.
func (w *world) isUp(within time.Duration) {
	w.t.Helper()
	for began := time.Now(); time.Since(began) < within; time.Sleep(20 * time.Millisecond) {
		res, err := http.Get(w.base + "/readyz")
		if err != nil {
			continue
		}
		_ = res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return
		}
	}
	w.t.Errorf("kartify is not ready %s after the database came back", within)
}
