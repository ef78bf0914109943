package handlers_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/handlers"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
	"github.com/kartify/kartify/models/modelstest"
)

func TestASellerInstallsTheExtension(t *testing.T) {
	m := openMall(t)
	b := m.browser()
	back := m.consent(b, "company_id=2&application_id=app2")
	in := b.get(back)
	if to := in.Header.Get("Location"); in.StatusCode != http.StatusFound || to != "/company/2/application/app2" {
		t.Fatalf("%d to %q: %s", in.StatusCode, to, in.said("main"))
	}
	if c := in.cookie("ext_session_2"); time.Until(c.Expires) < 50*time.Minute || time.Until(c.Expires) > 2*time.Hour {
		t.Errorf("the form can be filled in until %s", c.Expires)
	}
	want := "t t t | channels 1 linked 0"
	if got := m.text(`SELECT concat_ws(' ', i.access_token LIKE 'v1|%', i.refresh_token LIKE 'v1|%', i.subscribed_at IS NOT NULL, i.problem, '| channels', count(a.id), 'linked', count(a.store_id))
		FROM fynd_installs i JOIN fynd_applications a ON a.install_id = i.id WHERE i.company_id = '2' GROUP BY i.id`); strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
		t.Errorf("installed %q, want %q", got, want)
	}
	if got := m.text(`SELECT string_agg(action, ' ' ORDER BY seq) FROM audit_log WHERE details->>'company' = '2'`); got != "fynd.installed" {
		t.Errorf("audited %q", got)
	}
	if again := b.get(back); again.StatusCode != http.StatusForbidden || !strings.Contains(again.said("main"), "Invalid oauth call") || again.cookie("ext_session_2").MaxAge >= 0 {
		t.Errorf("the same answer of Fynd once more: %d %s", again.StatusCode, again.said("main"))
	}
}

func TestAChannelIsLinkedToItsOnlyStore(t *testing.T) {
	m := openMall(t)
	m.exec(`DELETE FROM fynd_applications`)
	m.seller(firstChannel)
	if got := m.text(`SELECT store_id::text FROM fynd_applications`); got != "40" {
		t.Errorf("linked to %s", got)
	}
	modelstest.Store(t, m.db, 41, "INR")
	m.exec(`UPDATE stores SET fynd_company_id = '9', fynd_application_id = 'twice' WHERE id IN (40, 41)`)
	m.seller("company_id=9&application_id=twice")
	if got := m.text(`SELECT count(*)::text FROM fynd_applications WHERE application_id = 'twice' AND store_id IS NULL`); got != "1" {
		t.Error("a channel that two stores name is linked to one of them")
	}
}

func TestAnAnswerOfFyndCountsOnce(t *testing.T) {
	m := openMall(t)
	b := m.browser()
	back := m.consent(b, "company_id=2&application_id=app2")
	cookie := ""
	for _, c := range b.http.Jar.Cookies(&url.URL{Scheme: "http", Host: "127.0.0.1", Path: "/"}) {
		cookie = c.Name + "=" + c.Value
	}
	var wait sync.WaitGroup
	statuses := make([]int, 20)
	for i := range statuses {
		wait.Go(func() {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m.url+back, nil)
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Cookie", cookie)
			res, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Error(err)
				return
			}
			_ = res.Body.Close()
			statuses[i] = res.StatusCode
		})
	}
	wait.Wait()
	slices.Sort(statuses)
	if statuses[0] != http.StatusFound || statuses[1] == http.StatusFound {
		t.Errorf("twenty answers at once: %v", statuses)
	}
	if got := m.text(`SELECT count(*)::text FROM audit_log WHERE action = 'fynd.installed'`); got != "1" {
		t.Errorf("installed %s times", got)
	}
}

func TestAChoiceIsNotTakenBack(t *testing.T) {
	m := openMall(t)
	ctx := modelstest.System(t.Context())
	m.seller(firstChannel)
	if err := m.db.LinkFyndStore(ctx, 1, 1, nil, models.SystemActor); err != nil {
		t.Fatal(err)
	}
	m.seller(firstChannel).get(firstForm)
	if got := m.text(`SELECT coalesce(store_id::text, 'none')||' '||chosen FROM fynd_applications`); got != "none true" {
		t.Errorf("a channel that somebody has unlinked is %s", got)
	}
}

func TestInstallationsThatGoWrong(t *testing.T) {
	m := openMall(t)
	tests := []struct {
		name   string
		how    string // at Fynd
		back   func(path string) string
		fresh  bool // in a browser without the cookie
		status int
		says   string
	}{
		{"denied", "denied", nil, false, 403, "The installation was refused at Fynd, so nothing was installed."},
		{"another state", "wrong_state", nil, false, 403, "Invalid oauth call"},
		{"a code that is too old", "expired_code", nil, false, 403, "Fynd does not accept the code of this installation"},
		{"a code that was used", "used_code", nil, false, 403, "Fynd does not accept the code of this installation"},
		{"another browser", "", nil, true, 401, "the installation was not begun in this browser"},
		{"no state", "", func(p string) string { return strings.Replace(p, "state=", "stat=", 1) }, false, 403, "Invalid oauth call"},
		{"another company", "", func(p string) string { return strings.Replace(p, "company_id=3", "company_id=1", 1) }, false, 401, "session not found"},
		{"what Fynd says is only text", "denied", func(p string) string { return p + "&error_description=%3Cb%3Ehello%3C%2Fb%3E" }, false, 403, "Fynd says:"},
	}
	for _, tt := range tests {
		m.control("PUT", "/fynd", map[string]any{"company_id": "3", "authorize": tt.how})
		b := m.browser()
		path := m.consent(b, "company_id=3&application_id=app3")
		if tt.back != nil {
			path = tt.back(path)
		}
		if tt.fresh {
			b = m.browser()
		}
		got := b.get(path)
		if got.StatusCode != tt.status || !strings.Contains(got.said("main"), tt.says) || strings.Contains(got.body, "<b>hello") {
			t.Errorf("%s: %d %s", tt.name, got.StatusCode, got.said("main"))
		}
		if n := m.text(`SELECT count(*)::text FROM fynd_installs WHERE company_id = '3'`); n != "0" {
			t.Errorf("%s: %s installs", tt.name, n)
		}
	}
}

func TestInstallAsksForWhatItNeeds(t *testing.T) {
	m := openMall(t)
	tests := []struct {
		query  string
		status int
		says   string
	}{
		{"", 422, "Fynd did not say for which company"},
		{"company_id=1/2", 422, "Fynd did not say for which company"},
		{"company_id=1&application_id=a%20b", 422, "is no id"},
		{"company_id=1&client_id=unknown", 404, "No extension with this API key"},
		{"company_id=1&extension=" + cast.FyndKey, 302, ""},
	}
	for _, tt := range tests {
		got := m.browser().get("/fp/install?" + tt.query)
		if got.StatusCode != tt.status || !strings.Contains(got.said("main"), tt.says) {
			t.Errorf("%s: %d %s", tt.query, got.StatusCode, got.said("main"))
		}
	}
	m.exec(`UPDATE fynd_extensions SET api_key = 'not-at-fynd'`)
	if got := m.browser().get("/fp/install?company_id=1"); got.StatusCode == http.StatusFound {
		t.Error("an extension whose key Fynd does not know begins an installation")
	}
}

// Anybody can begin an installation, and each asks Fynd something: a few in a minute are enough for a company.
func TestInstallationsArePaced(t *testing.T) {
	m := openMall(t)
	begin := func(company string) page { return m.browser().get("/fp/install?company_id=" + company) }
	for i := range 10 {
		if got := begin("7"); got.StatusCode != http.StatusFound {
			t.Fatalf("installation %d: %d %s", i+1, got.StatusCode, got.said("main"))
		}
	}
	if got := begin("7"); got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.said("main"), "Try again in a minute") {
		t.Errorf("the eleventh: %d %s", got.StatusCode, got.said("main"))
	}
	if got := begin("8"); got.StatusCode != http.StatusFound {
		t.Errorf("another company: %d", got.StatusCode)
	}
	m.exec(`UPDATE fynd_visits SET created_at = created_at - interval '2 minutes'`)
	if got := begin("7"); got.StatusCode != http.StatusFound {
		t.Errorf("two minutes later: %d", got.StatusCode)
	}
}

func TestTheSellerGoesOnOnlyWithinKartify(t *testing.T) {
	m := openMall(t)
	for wanted, want := range map[string]string{
		"/exports": "/exports", "https://evil.example/": firstForm, "//evil.example": firstForm, `/\evil.example`: firstForm, "": firstForm,
	} {
		b := m.browser()
		if to := b.get(m.consent(b, firstChannel+"&"+queryOf("redirect_path", wanted))).Header.Get("Location"); to != want {
			t.Errorf("%q leads to %q, want %q", wanted, to, want)
		}
	}
	b := m.browser()
	m.consent(b, "company_id=1")
	b = m.seller("company_id=1")
	if got := b.get("/company/1/credentials"); got.Header.Get("Location") != firstForm {
		t.Errorf("without a channel the seller goes to %q", got.Header.Get("Location"))
	}
}

func TestCookiesOfVisits(t *testing.T) {
	plain := openMall(t)
	c := plain.browser().get("/fp/install?company_id=1").cookie("ext_session_1")
	if c.Secure || c.SameSite != http.SameSiteLaxMode || !c.HttpOnly || c.Path != "/" || time.Until(c.Expires) > 15*time.Minute || time.Until(c.Expires) < 14*time.Minute {
		t.Errorf("without TLS: %s", c)
	}
	safe := openMall(t, func(o *handlers.Options) { o.Web.PublicURL = "https://pay.example.com" })
	c = safe.browser().get("/fp/install?company_id=1").cookie("ext_session_1")
	if !c.Secure || c.SameSite != http.SameSiteNoneMode || !c.Partitioned || !c.HttpOnly {
		t.Errorf("over TLS: %s", c)
	}
}

func TestSeveralExtensionsAtOneKartify(t *testing.T) {
	m := openMall(t)
	second, err := m.db.SaveExtension(modelstest.System(t.Context()), models.ExtensionForm{
		Name: "Nordic Pay", URL: "https://pay.example.com", By: models.SystemActor, ExtensionDetails: models.ExtensionDetails{
			Distribution: "public", ContactEmail: "a@b.example", Description: "Cards in the north for every shop.", APIVersion: "1.0", Methods: []string{"CARD"},
			Countries: []string{"SE"}, Currencies: []string{"SEK"}, Fee: "fixed", Fees: []models.ExtensionFee{{Permyriad: 100}}, Checkout: "standard", AutoCapture: true, Gateway: "razorpay",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := m.browser().get("/fp/install?company_id=1"); got.StatusCode != http.StatusNotFound || !strings.Contains(got.said("main"), "Several extensions") {
		t.Errorf("an address that names none: %d %s", got.StatusCode, got.said("main"))
	}
	prefix := "/x/" + cast.FyndKey
	m.control("PUT", "/fynd/extensions", map[string]any{"api_key": cast.FyndKey, "api_secret": cast.FyndSecret, "name": cast.FyndExtension, "base_url": m.url + prefix})
	b := m.browser()
	begin := b.get(prefix + "/fp/install?company_id=5&application_id=app5")
	if c := begin.cookie("ext_session_5"); begin.StatusCode != http.StatusFound || c.Path != prefix {
		t.Fatalf("%d, cookie %s", begin.StatusCode, c)
	}
	if got := m.text(`SELECT count(*)::text FROM fynd_visits WHERE extension_id = $1`, second.ID); got != "0" {
		t.Error("the visit is of the other extension")
	}
	allow, err := b.http.Get(begin.Header.Get("Location")) //nolint:noctx // in a test
	if err != nil {
		t.Fatal(err)
	}
	defer allow.Body.Close() //nolint:errcheck // its page is of no interest
	if !strings.Contains(begin.Header.Get("Location"), "fp%2Fauth") || allow.StatusCode != http.StatusOK {
		t.Errorf("Fynd answers %d to %s", allow.StatusCode, begin.Header.Get("Location"))
	}
	if got := m.browser().get("/x/" + cast.FyndKey + "/sales/orders"); got.StatusCode != http.StatusNotFound {
		t.Errorf("the pages of staff stand below an extension's address: %d", got.StatusCode)
	}
}

func TestAutoInstall(t *testing.T) {
	m := openMall(t)
	m.control("POST", "/fynd/auto_install", map[string]any{"company_id": "8"})
	if got := m.text(`SELECT (access_token <> '' AND subscribed_at IS NOT NULL)::text FROM fynd_installs WHERE company_id = '8'`); got != "true" {
		t.Error("no token or no subscription")
	}
	got := m.browser().ask("POST", "/fp/auto_install", strings.NewReader(`{"company_id":9,"code":"made-up"}`), "Content-Type: application/json")
	if got.StatusCode != http.StatusForbidden || !strings.Contains(got.body, `"title":"Forbidden"`) || m.text(`SELECT count(*)::text FROM fynd_installs WHERE company_id = '9'`) != "0" {
		t.Errorf("a code of nobody: %d %s", got.StatusCode, got.body)
	}
}

func TestUninstall(t *testing.T) {
	body := `{"company_id":1}`
	basic := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(cast.FyndSecret))
	tests := []struct {
		name   string
		body   string
		gone   bool // Fynd knows no installation any more
		header []string
		status int
	}{
		{"with a checksum", body, false, []string{"checksum: " + gateways.SumHMAC([]byte(body), cast.FyndSecret)}, 200},
		{"written as JavaScript would not", `{ "company_id": 1 }`, false, []string{"checksum: " + gateways.SumHMAC([]byte(body), cast.FyndSecret)}, 200},
		{"with the secret", body, false, []string{basic}, 200},
		{"with another checksum", body, false, []string{"checksum: " + gateways.SumHMAC([]byte(body), "guess")}, 401},
		{"with the secret and another checksum", body, false, []string{basic, "checksum: 00"}, 401},
		{"without proof, while Fynd knows it", body, false, nil, 401},
		{"without proof, and Fynd knows it no more", body, true, nil, 200},
		{"of a company that never had it", `{"company_id":77}`, false, []string{"checksum: " + gateways.SumHMAC([]byte(`{"company_id":77}`), cast.FyndSecret)}, 404},
		{"no JSON", `company_id=1`, false, nil, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := openMall(t)
			b := m.seller(firstChannel)
			if tt.gone {
				m.control("POST", "/fynd/revoke", map[string]any{"company_id": "1"})
			}
			got := m.browser().ask("POST", "/fp/uninstall", strings.NewReader(tt.body), append([]string{"Content-Type: application/json"}, tt.header...)...)
			if got.StatusCode != tt.status {
				t.Fatalf("%d %s", got.StatusCode, got.body)
			}
			want := map[bool]string{true: "true 0 1", false: "false 2 1"}[tt.status == 200]
			state := m.text(`SELECT concat_ws(' ', (i.uninstalled_at IS NOT NULL)::text, (i.access_token <> '')::int + (i.refresh_token <> '')::int, count(a.id)) FROM fynd_installs i
				JOIN fynd_applications a ON a.install_id = i.id WHERE i.company_id = '1' GROUP BY i.id`)
			if state != want {
				t.Errorf("uninstalled, tokens, channels: %s, want %s", state, want)
			}
			if form := b.get(firstForm); (form.StatusCode == http.StatusOK) == (tt.status == 200) {
				t.Errorf("the seller's form answers %d", form.StatusCode)
			}
		})
	}
}
