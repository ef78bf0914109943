package handlers_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"github.com/kartify/kartify/gateways/all"
	"github.com/kartify/kartify/handlers"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
	"github.com/kartify/kartify/models/modelstest"
	"github.com/kartify/kartify/sandbox"
	"github.com/kartify/kartify/web"
)

// mall is a kartify with the extension of the cast, and Fynd Platform beside it.
type mall struct {
	*site
	box string // Fynd Platform
}

func openMall(t *testing.T, change ...func(*handlers.Options)) *mall {
	t.Helper()
	box, err := sandbox.New(sandbox.Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	there := httptest.NewServer(box.Handler())
	t.Cleanup(func() {
		there.Close()
		_ = box.Close()
	})
	db := modelstest.DB(t, func(o *models.Options) {
		o.Drivers, o.BaseURLs = all.Drivers, map[string]string{"gofynd": there.URL + "/fynd"}
	})
	options := handlers.Options{DB: db, Web: web.Config{Log: slog.New(slog.DiscardHandler)}, Frames: []string{"https://platform.fynd.example"}}
	for _, c := range change {
		c(&options)
	}
	e, err := handlers.New(options)
	if err != nil {
		t.Fatal(err)
	}
	here := httptest.NewServer(e)
	t.Cleanup(here.Close)
	m := &mall{&site{t: t, db: db, url: here.URL}, there.URL}
	ctx := modelstest.System(t.Context())
	modelstest.Store(t, db, cast.Ruosh, "INR")
	m.exec(`UPDATE stores SET fynd = true, fynd_company_id = '1', fynd_application_id = $1 WHERE id = $2`, cast.FyndApplication, cast.Ruosh)
	if err := cast.Fynd(ctx, db, here.URL); err != nil {
		t.Fatal(err)
	}
	m.control("PUT", "/fynd/extensions", map[string]any{
		"api_key": cast.FyndKey, "api_secret": cast.FyndSecret, "name": cast.FyndExtension, "base_url": here.URL,
		"installed": []map[string]any{{"company_id": "1", "refresh_token": cast.FyndRefresh}},
	})
	return m
}

func (m *mall) exec(sql string, args ...any) {
	m.t.Helper()
	if _, err := m.db.Pool().Exec(modelstest.System(m.t.Context()), sql, args...); err != nil {
		m.t.Fatal(err)
	}
}

func (m *mall) text(sql string, args ...any) string {
	m.t.Helper()
	var text string
	if err := m.db.Pool().QueryRow(modelstest.System(m.t.Context()), sql, args...).Scan(&text); err != nil {
		m.t.Fatalf("%v\n%s", err, sql)
	}
	return text
}

// control has Fynd Platform do something.
func (m *mall) control(method, path string, body any) map[string]any {
	m.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		m.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(m.t.Context(), method, m.box+"/_sandbox"+path, strings.NewReader(string(text)))
	if err != nil {
		m.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read
	answer, _ := io.ReadAll(res.Body)
	if res.StatusCode > 299 {
		m.t.Fatalf("%s: %d %s", path, res.StatusCode, answer)
	}
	var out map[string]any
	_ = json.Unmarshal(answer, &out)
	return out
}

// consent begins an installation and says yes at Fynd; it gives the path to which Fynd sends the seller back.
func (m *mall) consent(b *browser, query string) string {
	m.t.Helper()
	begin := b.get("/fp/install?" + query)
	if begin.StatusCode != http.StatusFound {
		m.t.Fatalf("/fp/install?%s: %d %s", query, begin.StatusCode, begin.said("main"))
	}
	req, err := http.NewRequestWithContext(m.t.Context(), http.MethodGet, begin.Header.Get("Location"), nil)
	if err != nil {
		m.t.Fatal(err)
	}
	res, err := b.http.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read
	to := res.Header.Get("Location")
	if to == "" {
		doc, err := goquery.NewDocumentFromReader(res.Body)
		if err != nil {
			m.t.Fatal(err)
		}
		to = doc.Find("a.main").AttrOr("href", "")
	}
	back, ok := strings.CutPrefix(to, m.url)
	if !ok {
		m.t.Fatalf("Fynd sends the seller to %q (%d)", to, res.StatusCode)
	}
	return back
}

// seller is a browser in which a seller has installed the extension.
func (m *mall) seller(query string) *browser {
	m.t.Helper()
	b := m.browser("Sec-Fetch-Site: same-origin")
	if in := b.get(m.consent(b, query)); in.StatusCode != http.StatusFound {
		m.t.Fatalf("installed: %d %s", in.StatusCode, in.said("main"))
	}
	return b
}

// cookie is the cookie that an answer sets.
func (p page) cookie(name string) *http.Cookie {
	for _, c := range p.Cookies() {
		if c.Name == name {
			return c
		}
	}
	return &http.Cookie{}
}

func queryOf(values ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(values); i += 2 {
		q.Set(values[i], values[i+1])
	}
	return q.Encode()
}

var (
	firstChannel = "company_id=1&application_id=" + cast.FyndApplication
	firstForm    = "/company/1/application/" + cast.FyndApplication
	firstJSON    = "/protected/v1/company/1/credentials/" + cast.FyndApplication
)

// order puts in an order of store 40 that Fynd knows by this id.
func (m *mall) order(partner string) {
	m.t.Helper()
	m.exec(`INSERT INTO orders (store_id, partner_order_id, status, currency, items_minor, total_minor) VALUES (40, $1, 'processing', 'INR', 10000, 10000)`, partner)
}
