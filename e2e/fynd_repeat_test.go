package e2e

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/kartify/kartify/models/cast"
)

// posts sends the same POST to kartify so many times at once and gives the statuses with how often each came.
func (w *world) posts(times int, path, body string, header http.Header) map[int]int {
	w.t.Helper()
	var (
		mu  sync.Mutex
		all sync.WaitGroup
	)
	got := map[int]int{}
	for range times {
		all.Go(func() {
			req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.base+path, strings.NewReader(body))
			if err != nil {
				w.t.Error(err)
				return
			}
			req.Header = header.Clone()
			req.Header.Set("Content-Type", "application/json")
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				w.t.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			mu.Lock()
			got[res.StatusCode]++
			mu.Unlock()
		})
	}
	all.Wait()
	return got
}

// TestFyndRepeatsOfSellers has Fynd tell fifty times at once, and once more, of what sellers do: they install the
// extension, enter credentials, leave, and want people's data or all of their shop's erased. Each happens once.
func TestFyndRepeatsOfSellers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	count := func(what, want, sql string) {
		t.Helper()
		var got string
		if w.scan(&got, "SELECT ("+sql+")::text"); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	often := map[string]any{"company_id": cast.FyndCompany, "times": 50, "parallel": true}
	again := map[string]any{"company_id": cast.FyndCompany, "times": 2, "as": "replay"}

	out := w.fynd("auto_install", often)
	w.fynd("auto_install", again) // its code was used: Fynd is told so, and nothing changes
	if !strings.Contains(out.each(), "200 × ") {
		t.Errorf("the installation is answered %s", out.each())
	}
	count("installations", "1", `SELECT count(*) FROM fynd_installs WHERE company_id = '`+cast.FyndCompany+`' AND uninstalled_at IS NULL AND access_token <> ''`)
	count("installations in the audit log", "1", `SELECT count(*) FROM audit_log WHERE action = 'fynd.installed'`)

	credentials := fmt.Sprintf(`{"app_id":%q,"data":[{"slug":"webhook_secret","value":"whsec_entered_again_01"}]}`, cast.FyndApplication)
	secret := http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(cast.FyndSecret))}}
	var before int
	const versions = `SELECT count(*) FROM gateway_settings WHERE store_id = 40 AND gateway = 'razorpay' AND mode = 'test'`
	w.scan(&before, versions)
	if got := w.posts(50, "/api/v1/secrets", credentials, secret); got[http.StatusCreated] != 50 {
		t.Errorf("the credentials are answered %v", got)
	}
	if got := w.posts(1, "/api/v1/secrets", credentials, secret); got[http.StatusCreated] != 1 {
		t.Errorf("the credentials are answered %v", got)
	}
	count("versions of the settings", fmt.Sprint(before+1), versions)
	for name, header := range map[string]http.Header{
		"nobody": {}, "another secret": {"Authorization": {"Basic YW5vdGhlcg=="}}, "a user and a secret": {"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("x:"+cast.FyndSecret))}},
	} {
		if got := w.posts(1, "/api/v1/secrets", credentials, header); got[http.StatusUnauthorized] != 1 {
			t.Errorf("credentials from %s are answered %v", name, got)
		}
	}

	for _, topic := range []string{"customers/redact", "shop/redact"} {
		wish := map[string]any{"topic": topic, "request_id": topic}
		if topic == "customers/redact" {
			wish["customer"] = map[string]string{"email": "asha@buyer.example"}
		}
		for _, how := range []map[string]any{{"times": 50, "parallel": true}, {"times": 2, "as": "replay"}} {
			if out := w.fynd("gdpr", wish, how); out.each() != fmt.Sprintf("202 × %d", len(out.Answers)) || !out.alike() {
				t.Errorf("%s is answered %s: %.300s", topic, out.each(), out.Answers[0].Body)
			}
		}
		w.eventually("1 done", `SELECT count(*) || ' ' || max(state) FROM privacy_requests WHERE request_id = $1`, topic)
	}

	for _, how := range []map[string]any{{}, often, again} {
		if out := w.fynd("uninstall", map[string]any{"company_id": cast.FyndCompany}, how); out.each() != fmt.Sprintf("200 × %d", len(out.Answers)) {
			t.Errorf("the end of the installation is answered %s: %.300s", out.each(), out.Answers[0].Body)
		}
	}
	count("ends of the installation in the audit log", "1", `SELECT count(*) FROM audit_log WHERE action = 'fynd.uninstalled'`)
	if out := w.fynd("sessions", map[string]any{"amount_minor": 49900}); out.each() != "403 × 1" {
		t.Errorf("a payment after the end is answered %s", out.each())
	}
	w.sound(t)
}
