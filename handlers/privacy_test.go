package handlers_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/kartify/kartify/models"
)

const erasePath = "/api/v1/gdpr/customers/redact"

func eraseBody(email, id string) []byte {
	return []byte(`{"company_id":1,"application_id":"64d24a8a911bf1c20ac3685c","customer":{"id":"64f0c1","email":"` + email + `","phone":"+919000090000"},"request_id":"` + id + `"}`)
}

func TestFyndAsksForPrivacy(t *testing.T) {
	p := openPlatform(t)
	one := func(sql string, args ...any) string {
		t.Helper()
		var text string
		if err := p.db.Pool().QueryRow(p.ctx, sql, args...).Scan(&text); err != nil {
			t.Fatal(err)
		}
		return text
	}
	p.exec(`INSERT INTO orders (store_id, partner_order_id, status, currency, items_minor, total_minor, customer_name, customer_email) VALUES (40, 'FYprivate', 'complete', 'INR', 100, 100, 'Zerlina Quist', 'zerlina@mail.example')`)
	body := eraseBody("zerlina@mail.example", "16916747740991418099")
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			if h := p.asks("POST", erasePath, body); h.status != 202 || h.body != `{"success":true,"request_id":"16916747740991418099"}` {
				t.Errorf("asked 50-fold, it answers %d %s", h.status, h.body)
			}
		})
	}
	wait.Wait()
	if h := p.asks("POST", "/api/v1/webhooks/gdpr/customers/redact", body); h.status != 202 {
		t.Errorf("at the other address it answers %d %s", h.status, h.body)
	}
	if n := one("SELECT count(*)::text FROM privacy_requests"); n != "1" {
		t.Errorf("%s requests", n)
	}
	p.asks("POST", erasePath, eraseBody("else@mail.example", "16916747740991418099")).refused(t, "another customer", 409, "Something else was asked")
	for _, tt := range []struct {
		name, path, body string
		status           int
		message          string
	}{
		{"no JSON", erasePath, `{`, 400, "JSON"},
		{"no company", erasePath, `{"request_id":"1","customer":{"email":"a@mail.example"}}`, 400, "company_id"},
		{"no request id", erasePath, `{"company_id":1,"customer":{"email":"a@mail.example"}}`, 400, "request_id"},
		{"no customer", erasePath, `{"company_id":1,"request_id":"1"}`, 400, "customer"},
		{"a customer without anything", erasePath, `{"company_id":1,"request_id":"1","customer":{"email":""}}`, 400, "Say whose data"},
		{"an id that is an object", erasePath, `{"company_id":{},"request_id":"1"}`, 400, "JSON"},
		{"another company", erasePath, `{"company_id":2,"request_id":"1","customer":{"email":"a@mail.example"}}`, 403, "installed"},
		{"another channel", "/api/v1/gdpr/shop/redact", `{"company_id":1,"application_id":"else","request_id":"1"}`, 403, "installed"},
	} {
		p.asks("POST", tt.path, []byte(tt.body)).refused(t, tt.name, tt.status, tt.message)
	}
	p.ask("POST", erasePath, body, "checksum: 00").refused(t, "a wrong checksum", 401, "Checksum")
	p.asks("GET", erasePath, nil).refused(t, "a GET", 405, "POST")
	if h := p.asks("POST", "/api/v1/gdpr/customers/data_request", []byte(`{"company_id":"1","customer":{"id":64,"phone":"9000090000"},"request_id":12345678901234567890}`)); h.status != 202 || !strings.Contains(h.body, `"12345678901234567890"`) {
		t.Errorf("ids as numbers: %d %s", h.status, h.body)
	}
	p.begins(nil)
	if h := p.asks("POST", erasePath, eraseBody("test@example.com", "session-1")); h.status != 202 {
		t.Errorf("the customer of a session: %d %s", h.status, h.body)
	}
	if _, err := p.db.RunDuePrivacy(p.ctx); err != nil {
		t.Fatal(err)
	}
	if h := p.asks("GET", fyndSession, nil); h.status != 200 || strings.Contains(h.body, "test@example.com") {
		t.Errorf("the session of an erased customer is %d %s", h.status, h.body)
	}
	if h := p.asks("POST", "/api/v1/gdpr/shop/redact", []byte(`{"company_id":1,"request_id":"shop-1"}`)); h.status != 202 {
		t.Errorf("the shop: %d %s", h.status, h.body)
	}
	if _, err := p.db.RunDuePrivacy(p.ctx); err != nil {
		t.Fatal(err)
	}
	if got := one("SELECT string_agg(concat_ws(' ', kind, state, subject, stores), '; ' ORDER BY id) FROM privacy_requests"); got != "customer done z•••@•••.example, •••00 {40}; data_request done •••00 {40}; customer done t•••@•••.com, •••00 {40}; shop done  {40}" {
		t.Errorf("the requests are %s", got)
	}
	if got := one("SELECT concat_ws(' ', customer_name, customer_email) FROM orders WHERE partner_order_id = 'FYprivate'"); got != "Erased " {
		t.Errorf("the order is %q", got)
	}
}

func TestPrivacyPage(t *testing.T) {
	o := openOffice(t)
	o.exec(`INSERT INTO orders (id, store_id, partner_order_id, status, currency, items_minor, total_minor, customer_name, customer_email) VALUES (7001, 40, 'FYprivate', 'complete', 'INR', 100, 100, 'Zerlina Quist', 'zerlina@mail.example')`)
	person := o.enterAs(models.Owner)
	form := func(find, kind, typed string) url.Values {
		return url.Values{"person_store": {"40"}, "find": {find}, "kind": {kind}, "confirm": {typed}}
	}
	for _, find := range []string{"zerlina@mail.example", "7001"} {
		if page := person.post("/system/privacy/people", form(find, "", "")); !strings.Contains(page.html, "z•••@•••.example") || !strings.Contains(page.html, "orders: 1") {
			t.Errorf("%s is not found: %s", find, page.html)
		}
	}
	for _, tt := range []struct{ path, find, kind, typed, want string }{
		{"people", "", "", "", "Say whose data it is"},
		{"people", "somebody", "", "", "Say whose data it is"},
		{"people", "12", "", "", "The store has no order 12"},
		{"people", "a@", "", "", "no e-mail address"},
		{"requests", "zerlina@mail.example", "customer", "erase?", "Type ERASE"},
		{"requests", "zerlina@mail.example", "else", "", "Choose what is to be done"},
	} {
		if page := person.post("/system/privacy/"+tt.path, form(tt.find, tt.kind, tt.typed)); page.status != 422 || !strings.Contains(page.html, tt.want) {
			t.Errorf("%v answers %d", tt, page.status)
		}
	}
	person.post("/system/privacy/requests", form("zerlina@mail.example", "data_request", ""))
	if _, err := o.db.RunDuePrivacy(o.ctx); err != nil {
		t.Fatal(err)
	}
	if page := person.get("/system/privacy"); !strings.Contains(page.html, "/system/privacy/1/file") {
		t.Errorf("no file is offered: %s", page.html)
	}
	for range 2 {
		if seen := person.get("/system/privacy/1/file"); seen.status != 405 || strings.Contains(seen.html, "Zerlina Quist") {
			t.Errorf("whoever only looks at its address is answered %d", seen.status)
		}
	}
	if file := person.post("/system/privacy/1/file", url.Values{}); file.status != 200 || !strings.Contains(file.html, "Zerlina Quist") {
		t.Errorf("the file is %d %s", file.status, file.html)
	}
	if again := person.post("/system/privacy/1/file", url.Values{}); again.status != 422 || strings.Contains(again.html, "Zerlina Quist") || !strings.Contains(again.html, "You have taken this file away already.") {
		t.Errorf("the second time it answers %d %s", again.status, again.html)
	}
	person.post("/system/privacy/requests", form("zerlina@mail.example", "customer", "ERASE"))
	if _, err := o.db.RunDuePrivacy(o.ctx); err != nil {
		t.Fatal(err)
	}
	if page := person.get("/sales/orders/7001"); !strings.Contains(page.html, "data was erased on") || strings.Contains(page.html, "Zerlina") {
		t.Errorf("the order's page says %s", page.html)
	}
	if page := person.get("/system/privacy"); strings.Contains(page.html, "zerlina@") || !strings.Contains(page.html, "z•••@•••.example") {
		t.Error("the page shows who was erased")
	}
	if page := o.enterAs(models.Support).get("/system/privacy"); page.status != 403 {
		t.Errorf("support sees it: %s", fmt.Sprint(page.status))
	}
}
