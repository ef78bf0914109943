package handlers_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/kartify/kartify/models/cast"
	"github.com/kartify/kartify/models/modelstest"
)

// entered is a filled-in credential form of Razorpay.
func entered(form page, change ...string) []string {
	fields := []string{
		"csrf", form.Find("input[name=csrf]").AttrOr("value", ""), "mode", form.Find("input[name=mode]").AttrOr("value", ""),
		"version", form.Find("input[name=version]").AttrOr("value", ""), "payment_action", "capture",
		"key_id", "rzp_test_SELLER00000001", "key_secret", "seller-secret-kept-away-0001", "webhook_secret", "seller-hook-kept-away-0001",
	}
	for i := 0; i+1 < len(change); i += 2 {
		for j := 0; j < len(fields); j += 2 {
			if fields[j] == change[i] {
				fields[j+1] = change[i+1]
			}
		}
	}
	return fields
}

func TestCredentialForm(t *testing.T) {
	m := openMall(t)
	b := m.seller(firstChannel)
	form := b.get(firstForm)
	policy := form.Header.Get("Content-Security-Policy")
	if form.StatusCode != http.StatusOK || !strings.HasSuffix(policy, "frame-ancestors https://platform.fynd.example") || form.Header.Get("X-Frame-Options") != "" {
		t.Errorf("%d, policy %s", form.StatusCode, policy)
	}
	if got := form.Find("form input[type=password]").Length(); got != 2 || form.Find("input[name=key_id][required]").Length() != 1 || form.Find("button[data-unmask][hidden]").Length() != 2 {
		t.Errorf("%d masked fields: %s", got, form.said("form"))
	}
	if !strings.Contains(form.said("main"), "Until these are stored, no test payments are taken.") {
		t.Errorf("does not say that payments wait for it: %s", form.said("main"))
	}
	login := b.get("/login")
	if got := login.Header.Get("Content-Security-Policy"); !strings.HasSuffix(got, "frame-ancestors 'none'") {
		t.Errorf("other pages may be framed: %s", got)
	}

	wrong := b.post(firstForm, entered(form, "key_id", "", "key_secret", "typed-and-not-lost")...)
	if wrong.StatusCode != http.StatusUnprocessableEntity || wrong.Find(".field.wrong input[name=key_id]").Length() != 1 {
		t.Errorf("without the key: %d %s", wrong.StatusCode, wrong.said("main"))
	}
	if got := wrong.Find("input[name=key_secret]").AttrOr("value", ""); got != "typed-and-not-lost" || wrong.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("what was typed is lost: %q", got)
	}
	if got := m.text(`SELECT count(*)::text FROM gateway_settings`); got != "0" {
		t.Errorf("%s versions are stored", got)
	}

	saved := b.post(firstForm, entered(form)...)
	if saved.StatusCode != http.StatusSeeOther {
		t.Fatalf("saved: %d %s", saved.StatusCode, saved.said("main"))
	}
	shown := b.get(saved.Header.Get("Location"))
	if !strings.Contains(shown.said("main"), "Payments can be made in test mode") || strings.Contains(shown.body, "kept-away") || shown.Find("input[name=key_id]").AttrOr("value", "") != "rzp_test_SELLER00000001" {
		t.Errorf("afterwards: %s", shown.said("main"))
	}
	if got := m.text(`SELECT concat_ws(' ', store_id, gateway, mode, enabled) FROM gateway_settings WHERE current`); got != "40 razorpay test t" {
		t.Errorf("stored %s", got)
	}
	if got := m.text(`SELECT actor_name FROM audit_log WHERE action = 'settings.saved'`); got != "Fynd company 1, seller" {
		t.Errorf("audited as %s", got)
	}
	for _, secret := range []string{"seller-secret-kept-away-0001", "seller-hook-kept-away-0001", cast.FyndRefresh, cast.FyndSecret} {
		if table := m.holding(secret); table != "" {
			t.Errorf("%s holds %s in the clear", table, secret)
		}
	}
	stale := b.post(firstForm, entered(form, "key_id", "rzp_test_SELLER00000002")...)
	if stale.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(stale.said("main"), "changed since the form was shown") || stale.Find("input[name=key_id]").AttrOr("value", "") != "rzp_test_SELLER00000002" {
		t.Errorf("in a second browser: %d %s", stale.StatusCode, stale.said("main"))
	}
	kept := b.post(firstForm, entered(shown, "key_secret", "", "webhook_secret", "")...)
	if kept.StatusCode != http.StatusSeeOther || m.text(`SELECT count(*)::text FROM gateway_settings`) != "1" {
		t.Errorf("secrets left empty are not kept: %d", kept.StatusCode)
	}
}

// holding is the first table with a text in any of its columns, or "".
func (m *mall) holding(text string) string {
	m.t.Helper()
	ctx := modelstest.System(m.t.Context())
	rows, err := m.db.Pool().Query(ctx, `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`)
	if err != nil {
		m.t.Fatal(err)
	}
	var tables []string
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			m.t.Fatal(err)
		}
		tables = append(tables, table)
	}
	if len(tables) < 20 {
		m.t.Fatalf("%d tables", len(tables))
	}
	for _, table := range tables {
		if m.text(`SELECT EXISTS (SELECT 1 FROM "`+table+`" t WHERE position($1 IN t::text) > 0 OR position($2 IN t::text) > 0)::text`, text, hexText(text)) == "true" {
			return table
		}
	}
	return ""
}

// hexText is a text as a dump shows it within bytes.
func hexText(text string) string {
	const digits = "0123456789abcdef"
	var out strings.Builder
	for _, b := range []byte(text) {
		out.WriteByte(digits[b>>4])
		out.WriteByte(digits[b&15])
	}
	return out.String()
}

func TestCredentialsAreThoseOfTheVisit(t *testing.T) {
	m := openMall(t)
	first, second := m.seller(firstChannel), m.seller("company_id=2&application_id=app2")
	form := first.get(firstForm)
	other := "/company/1/application/another"
	tests := []struct {
		name   string
		who    *browser
		path   string
		fields []string
		status int
	}{
		{"nobody", m.browser(), firstForm, nil, 401},
		{"nobody posts", m.browser(), firstForm, entered(form), 401},
		{"another company", second, firstForm, nil, 403},
		{"another company posts", second, firstForm, entered(form), 403},
		{"company 1 posts for company 2", first, "/company/2/application/app2", entered(form), 403},
		{"another channel", first, other, nil, 403},
		{"another channel's post", first, other, entered(form), 403},
		{"the older address of another channel", first, "/company/1/credentials?application_id=another", entered(form), 403},
		{"without the form's token", first, firstForm, entered(form, "csrf", ""), 403},
		{"with the token of another visit", first, firstForm, entered(form, "csrf", second.get("/company/2/application/app2").Find("input[name=csrf]").AttrOr("value", "x")), 403},
		{"a mode that does not exist", first, firstForm + "?mode=fast", nil, 422},
		{"a channel without a store", second, "/company/2/application/app2", nil, 200},
		{"the older address", first, "/company/1/credentials?application_id=" + cast.FyndApplication, nil, 200},
	}
	for _, tt := range tests {
		var got page
		if tt.fields == nil {
			got = tt.who.get(tt.path)
		} else {
			got = tt.who.post(tt.path, tt.fields...)
		}
		if got.StatusCode != tt.status {
			t.Errorf("%s: %d %s, want %d", tt.name, got.StatusCode, got.said("main"), tt.status)
		}
		if policy := got.Header.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "frame-ancestors https://platform.fynd.example") {
			t.Errorf("%s: the answer cannot be seen in Fynd's frame: %s", tt.name, policy)
		}
	}
	if got := m.text(`SELECT count(*)::text FROM gateway_settings`); got != "0" {
		t.Errorf("%s settings are stored", got)
	}
	pending := m.browser()
	pending.get("/fp/install?company_id=1")
	if got := pending.get(firstForm); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("a visit that Fynd has not vouched for opens the form: %d", got.StatusCode)
	}
	m.exec(`UPDATE fynd_visits SET expires_at = now() - interval '1 second'`)
	if got := first.get(firstForm); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("a visit that is over opens the form: %d", got.StatusCode)
	}
}

// credentials is what is told of stored credentials.
type credentials struct {
	Success bool
	Title   string
	Message string
	AppID   string `json:"app_id"`
	Active  bool   `json:"is_active"`
	Data    []struct {
		Slug, Name        string
		Required, Display bool
		Value             *string
	}
}

func (p page) credentials(t *testing.T) (out credentials) {
	t.Helper()
	if err := json.Unmarshal([]byte(p.body), &out); err != nil {
		t.Fatalf("%v: %s", err, p.body)
	}
	return out
}

// values are the stored values, "slug=value", with nothing behind it for null.
func (c credentials) values() string {
	var all []string
	for _, f := range c.Data {
		value := "null"
		if f.Value != nil {
			value = *f.Value
		}
		all = append(all, f.Slug+"="+value)
	}
	return strings.Join(all, " ")
}

const sellersJSON = `{"data":[{"slug":"key_id","value":"rzp_test_SELLER00000001"},{"slug":"key_secret","value":"seller-secret-kept-away-0001"}]}`

func TestProtectedCredentials(t *testing.T) {
	m := openMall(t)
	first, second := m.seller(firstChannel), m.seller("company_id=2&application_id=app2")
	isJSON := "Content-Type: application/json"
	tests := []struct {
		name, method, path, body string
		who                      *browser
		header                   []string
		status                   int
		says                     string
	}{
		{"nobody", "GET", firstJSON, "", m.browser(), nil, 401, `"message":"unauthorized"`},
		{"nobody posts", "POST", firstJSON, sellersJSON, m.browser(), []string{isJSON}, 401, `"title":"Unauthorized"`},
		{"another company", "GET", firstJSON, "", second, nil, 403, `"title":"Forbidden"`},
		{"another company posts", "POST", firstJSON, sellersJSON, second, []string{isJSON}, 403, `"title":"Forbidden"`},
		{"company 1 posts for company 2", "POST", "/protected/v1/company/2/credentials/app2", sellersJSON, first, []string{isJSON}, 403, `"title":"Forbidden"`},
		{"another channel", "POST", "/protected/v1/company/1/credentials/another", sellersJSON, first, []string{isJSON}, 403, `"title":"Forbidden"`},
		{"nothing stored", "GET", firstJSON, "", first, nil, 200, `"is_active":false`},
		{"an empty list", "POST", firstJSON, `{"data":[]}`, first, []string{isJSON}, 400, "Invalid or empty credentials array"},
		{"no list", "POST", firstJSON, `{}`, first, []string{isJSON}, 400, "Invalid or empty credentials array"},
		{"no JSON", "POST", firstJSON, `{`, first, []string{isJSON}, 400, "is not JSON"},
		{"a form of another site", "POST", firstJSON, sellersJSON, first, []string{"Content-Type: text/plain"}, 400, "Send JSON"},
		{"a required field is missing", "POST", firstJSON, `{"data":[{"slug":"key_id","value":"rzp_test_SELLER00000001"}]}`, first, []string{isJSON}, 400, "Key secret"},
		{"good", "POST", firstJSON, sellersJSON, first, []string{isJSON}, 200, `"is_active":true`},
		{"one field, the masked one as it was shown", "POST", firstJSON, `{"data":[{"slug":"key_id","value":"rzp_test_SELLER00000002"},{"slug":"key_secret","value":"••••0001"}]}`, first, []string{isJSON}, 200, `"is_active":true`},
		{"the oldest address", "GET", "/protected/v1/credentials/" + cast.FyndApplication, "", first, []string{"X-Company-Id: 1"}, 200, `rzp_test_SELLER00000002`},
	}
	for _, tt := range tests {
		got := tt.who.ask(tt.method, tt.path, strings.NewReader(tt.body), tt.header...)
		if got.StatusCode != tt.status || !strings.Contains(got.body, tt.says) {
			t.Errorf("%s: %d %s, want %d", tt.name, got.StatusCode, got.body, tt.status)
		}
	}
	if got := first.get(firstJSON).credentials(t); got.values() != "key_id=rzp_test_SELLER00000002 key_secret=••••0001 webhook_secret=null payment_action=capture" && !strings.Contains(got.values(), "key_secret=••••0001") {
		t.Errorf("told %s", got.values())
	}
	const versions = `SELECT count(*)::text FROM gateway_settings WHERE gateway = 'razorpay' AND values->>'key_id' = 'rzp_test_SELLER00000050'`
	const again = `{"data":[{"slug":"key_id","value":"rzp_test_SELLER00000050"}]}`
	var all sync.WaitGroup
	for range 50 { // the same at once, and once more
		all.Go(func() {
			if got := first.ask("POST", firstJSON, strings.NewReader(again), isJSON); got.StatusCode != http.StatusOK {
				t.Errorf("one of fifty: %d %s", got.StatusCode, got.body)
			}
		})
	}
	all.Wait()
	if got := first.ask("POST", firstJSON, strings.NewReader(again), isJSON); got.StatusCode != http.StatusOK || m.text(versions) != "1" {
		t.Errorf("fifty times the same: %d, %s versions", got.StatusCode, m.text(versions))
	}
	foreign := m.browser("Sec-Fetch-Site: cross-site")
	foreign.http.Jar = first.http.Jar
	if got := foreign.ask("POST", firstJSON, strings.NewReader(sellersJSON), isJSON); got.StatusCode != http.StatusForbidden {
		t.Errorf("another site's script: %d %s", got.StatusCode, got.body)
	}
}
