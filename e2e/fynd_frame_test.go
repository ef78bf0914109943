package e2e

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/kartify/kartify/e2e/browser"
	"github.com/kartify/kartify/models/cast"
)

// front serves over TLS what another server serves, once that is named. look sees every answer before the browser does.
type front struct {
	*httptest.Server
	mu   sync.Mutex
	to   *url.URL
	look func(*http.Response)
}

func newFront(t *testing.T, look func(*http.Response)) *front {
	t.Helper()
	f := &front{look: look}
	f.Server = httptest.NewTLSServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			f.mu.Lock()
			defer f.mu.Unlock()
			r.SetURL(f.to)
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(res *http.Response) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.look(res)
			return nil
		},
	})
	t.Cleanup(f.Close)
	return f
}

func (f *front) leadTo(t *testing.T, to string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	var err error
	if f.to, err = url.Parse(to); err != nil {
		t.Fatal(err)
	}
}

// TestCredentialsInAFrameOfAnotherSite opens the extension in the panel of Fynd, which is another site here, in a
// browser that keeps no cookies of sites that are only in a frame. The cookie of the visit is kept apart for Fynd's pages
// (CHIPS), goes along within the frame, and the credentials are stored.
func TestCredentialsInAFrameOfAnotherSite(t *testing.T) {
	t.Parallel()
	const host = "pay.kartify.example"
	b := browser.StartStrict(t, host)
	if b == nil {
		return
	}
	var told, came []string // what the browser was told to keep, and the names of what it sent
	kartify := newFront(t, func(res *http.Response) {
		for _, c := range res.Cookies() {
			if c.Value != "" {
				told = append(told, c.Raw)
			}
		}
		for _, c := range res.Request.Cookies() {
			came = append(came, c.Name)
		}
		// As any site in a frame might: one that is not kept apart.
		res.Header.Add("Set-Cookie", "everywhere=1; Path=/; Secure; HttpOnly; SameSite=None")
	})
	panel := newFront(t, func(*http.Response) {})
	trusted := filepath.Join(t.TempDir(), "panel.pem")
	if err := os.WriteFile(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: panel.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	here := "https://" + host + kartify.URL[strings.LastIndex(kartify.URL, ":"):]
	w := newWorld(t, "KARTIFY_PUBLIC_URL="+here, "KARTIFY_FYND_URL="+panel.URL+"/fynd", "KARTIFY_FYND_FRAMES="+panel.URL, "SSL_CERT_FILE="+trusted)
	kartify.leadTo(t, w.base)
	panel.leadTo(t, w.box)
	w.exec("UPDATE fynd_extensions SET url = $1, platform_url = ''", here)
	w.exec("UPDATE gateway_settings SET enabled = false WHERE store_id = 40")
	w.sandbox(http.MethodPut, "/_sandbox/fynd/extensions", map[string]any{
		"api_key": cast.FyndKey, "api_secret": cast.FyndSecret, "name": cast.FyndExtension, "base_url": here,
		"channels": []map[string]any{{"company_id": cast.FyndCompany, "company": "Ruosh", "application_id": cast.FyndApplication, "application": "Ruosh web shop"}},
	}, nil)

	seller := b.Tab(t)
	seller.Allow("Failed to execute 'postMessage'") // axe-core looks for itself in the frame
	seller.Open(fmt.Sprintf("%s/_sandbox/fynd/panel/%s/%s/%s", panel.URL, cast.FyndKey, cast.FyndCompany, cast.FyndApplication))
	seller.Click("a.button.main")
	seller.InFrame(here, `(() => {
		const form = document.querySelector('form[action*="/company/"]');
		if (!form) return false;
		for (const [name, value] of Object.entries({key_id: "`+cast.Razorpay["key_id"]+`", key_secret: "`+cast.Razorpay["key_secret"]+`", webhook_secret: "`+cast.Razorpay["webhook_secret"]+`"})) {
			form.elements[name].value = value;
		}
		form.requestSubmit();
		return true;
	})()`)
	seller.InFrame(here, `document.body.innerText.includes("The credentials are stored.")`)
	inspect(t, seller, "panel-of-another-site")

	kartify.mu.Lock()
	defer kartify.mu.Unlock()
	visits := 0
	for _, raw := range told {
		if !strings.HasPrefix(raw, "ext_session_"+cast.FyndCompany+"=") {
			continue
		}
		visits++
		for _, part := range []string{"; Secure", "; HttpOnly", "; SameSite=None", "; Partitioned"} {
			if !strings.Contains(raw, part) {
				t.Errorf("the cookie of the visit lacks %q: %s", part, raw)
			}
		}
	}
	if visits < 2 {
		t.Errorf("%d cookies of visits were set in %q", visits, told)
	}
	sent := map[string]int{}
	for _, name := range came {
		sent[name]++
	}
	if sent["ext_session_"+cast.FyndCompany] < 3 {
		t.Errorf("the cookie of the visit came %d times: %v", sent["ext_session_"+cast.FyndCompany], sent)
	}
	if sent["everywhere"] > 0 {
		t.Errorf("this browser keeps cookies of other sites, so that nothing is shown: %v", sent)
	}
}
