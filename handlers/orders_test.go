package handlers_test

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// listSite is a site with two stores and a few orders of every kind.
func listSite(t *testing.T, with ...func(*models.Options)) *site {
	t.Helper()
	s := newSite(t, with...)
	modelstest.Store(t, s.db, 40, "INR")
	modelstest.Store(t, s.db, 41, "SEK")
	s.exec("UPDATE stores SET fynd = true WHERE id = 40")
	for i, o := range []struct {
		id, store             int64
		partner, name, status string
		reason, event         string
	}{
		{1001, 40, "FY62A1B2C3D4E5F60001", "Neha Rao", "processed", "", "REFUND_INITIATED"},
		{1002, 40, "", "Иван Щербаков", "processing", "", ""},
		{1003, 40, "FY62A1B2C3D4E5F60003", "Rohan <b>Gupta</b>", "missing", "debited", ""},
		{1004, 41, "", "Åsa Öberg", "failed", "", "BAG_PICKED"},
		{1005, 40, "FY62A1B2C3D4E5F60005", "Neha Shah", "missing", "abandoned", ""},
		{1006, 40, "FY62A1B2C3D4E5F60006", "Kabir Singh", "refunded", "", "REFUND_INITIATED"},
	} {
		at := time.Date(2026, 11, 20, 10, i, 0, 0, time.UTC)
		s.exec(`INSERT INTO orders (id, store_id, partner_order_id, customer_name, status, status_reason, currency, total_minor, items_minor,
			payment_method, gateway, last_event, date_added, date_modified)
			VALUES ($1, $2, nullif($3, ''), $4, $5, $6, 'INR', 149900, 149900, 'UPI (Razorpay)', 'razorpay', $7, $8, $8)`,
			o.id, o.store, o.partner, o.name, o.status, o.reason, o.event, at)
		if o.event != "" {
			s.exec("INSERT INTO order_events (order_id, store_id, event, waiting) VALUES ($1, $2, $3, $4)", o.id, o.store, o.event, o.id == 1001)
		}
	}
	return s
}

func (s *site) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.db.Pool().Exec(modelstest.System(s.t.Context()), sql, args...); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

// orders are the ids of the rows on a page.
func (p page) orders() string {
	var ids []string
	p.Find("#orders a.open").Each(func(_ int, link *goquery.Selection) { ids = append(ids, link.Text()) })
	return strings.Join(ids, " ")
}

// rowOf selects the row of an order.
func rowOf(id any) string { return fmt.Sprintf("tr:has(a.open[href^='/sales/orders/%v'])", id) }

// each is the texts of all that match a selector.
func (p page) each(selector string) string {
	var texts []string
	p.Find(selector).Each(func(_ int, found *goquery.Selection) {
		texts = append(texts, strings.Join(strings.Fields(found.Text()), " "))
	})
	return strings.Join(texts, "|")
}

// link is where the first link with this text leads.
func (p page) link(text string) string {
	return p.Find("a").FilterFunction(func(_ int, a *goquery.Selection) bool {
		return strings.HasPrefix(strings.Join(strings.Fields(a.Text()), " "), text) || a.AttrOr("aria-label", "") == text
	}).First().AttrOr("href", "")
}

func TestOrderListShowsWhatSupportLooksFor(t *testing.T) {
	s := listSite(t)
	b := s.as(modelstest.Person(t, s.db, "Asha", models.Owner))
	p := b.get("/sales/orders")
	p.want(t, http.StatusOK, "1–4 of 4 orders")
	if got := p.orders(); got != "1006 1004 1002 1001" {
		t.Fatalf("the list shows %s", got)
	}
	if heads := p.each("thead th:not(.pick)"); heads != "Order ID|Partner order ID|Store|Customer|Status|Event|Payment method|Total|Date added|Date modified|Action" {
		t.Errorf("the columns are %s", heads)
	}
	if got := p.each(rowOf(1001) + " td:not(.pick)"); !strings.HasPrefix(got, "1001|FY62A1B2C3D4E5F60001|Store 40|Neha Rao|Processed|REFUND_INITIATED|UPI (Razorpay)|1,499.00 INR|") || !strings.HasSuffix(got, "|View") {
		t.Errorf("order 1001 reads %q", got)
	}
	if got := p.said(rowOf(1002)); !strings.Contains(got, "None : no e-mail is sent to the customer without it") {
		t.Errorf("an order without a partner order id reads %q", got)
	}
	if p.said(".footnote") != "No partner order ID: no e-mail is sent to the customer without it." {
		t.Errorf("the page says %q", p.said(".footnote"))
	}
	if p.Find("th[aria-sort]").Length() != 1 || p.Find("th[aria-sort=descending]").Text() == "" {
		t.Error("not exactly one column is sorted")
	}
	tabs := p.each("#order-tabs a")
	if tabs != "All|Missing 2|Refund requested 1|Failed" || p.said("#order-tabs [aria-current]") != "All" {
		t.Errorf("the tabs are %q, now %q", tabs, p.said("#order-tabs [aria-current]"))
	}
	if first := p.Find("#order-filter input[name=status]").First(); first.AttrOr("value", "") != "missing" {
		t.Error("missing orders are not the first choice of status")
	}
}

// The flow of support without scripts: forms are sent, links are followed, nothing is lost.
func TestOrderListWithoutScripts(t *testing.T) {
	s := listSite(t)
	b := s.as(modelstest.Person(t, s.db, "Asha", models.Owner))
	tests := []struct{ query, orders, says string }{
		{"order_id=+1001+&q=&customer=&added_from=", "1001", "Order ID 1001"},
		{"order_id=1003", "", "1 missing order matches"},
		{"order_id=16916747740991418099", "", "There is no order 16916747740991418099 in your stores."},
		{"order_id=FY62A1B2C3D4E5F60001", "1001", "is a partner order ID, so it is looked for in that field."},
		{"order_id=abc", "1006 1004 1002 1001", "“abc” is not an order ID; write its digits only, such as 1001."},
		{"status=missing", "1005 1003", "Missing: abandoned"},
		{"status=missing&status=failed", "1005 1004 1003", "These are missing orders together with: Failed."},
		{"event=REFUND_INITIATED", "1001", "waiting only (1 done hidden)"},
		{"event=REFUND_INITIATED&waiting=all", "1006 1001", "waiting and answered"},
		{"q=neha", "1001", "1 missing order matches."},
		{"q=ЩЕРБАКОВ", "1002", "Search ЩЕРБАКОВ"},
		{"q=%25", "", "No order matches"},
		{"q=fy62a1b2c3d4e5f60006", "1006", "is exactly the ID"},
		{"store=41&status=failed&amount_from=1e3", "1004", "Total from: “1e3” is not an amount"},
		{"added_from=31/02/2026", "1006 1004 1002 1001", "“31/02/2026” is not a date; write it as 2026-02-28."},
		{"added_from=2026-11-20&added_to=2026-11-20", "1006 1004 1002 1001", "2 missing not shown"},
		{"gateway=nobody", "", "In force: Gateway nobody."},
		{"limit=7&sort=colour&status=blue", "1006 1004 1002 1001", "“blue” is not an order status"},
		{"after=rubbish", "1006 1004 1002 1001", "this is the first page."},
	}
	for _, tt := range tests {
		q, err := url.ParseQuery(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		p := b.get("/sales/orders?" + q.Encode())
		p.want(t, http.StatusOK, tt.says)
		if got := p.orders(); got != tt.orders {
			t.Errorf("%s shows %q, want %q", tt.query, got, tt.orders)
		}
	}
	// From the announcement to the order, and back to the same list.
	hidden := b.get("/sales/orders?order_id=1003")
	shown := b.get(hidden.link("Show it"))
	if shown.orders() != "1003" || strings.Contains(shown.body, "<b>Gupta") {
		t.Errorf("the missing order is shown as %q", shown.orders())
	}
	if view := shown.link("View"); view != "/sales/orders/1003?back="+url.QueryEscape("/sales/orders?order_id=1003&status=missing") {
		t.Errorf("View leads to %s", view)
	}
	// Every chip takes its own filter away, and no other.
	p := b.get("/sales/orders?status=failed&status=processed&store=41&sort=date_added&limit=10")
	if got := b.get(p.link("Remove filter Status Failed")); got.Request.URL.RawQuery != "limit=10&sort=date_added&status=processed&store=41" {
		t.Errorf("without Failed the list is %s", got.Request.URL.RawQuery)
	}
	if got := p.link("Clear all"); got != "/sales/orders?limit=10&sort=date_added" {
		t.Errorf("Clear all leads to %s", got)
	}
	if got := p.Find("#order-filter input[type=hidden]").Length(); got != 2 {
		t.Errorf("the form keeps %d of sort and limit", got)
	}
	if got := b.get("/sales/orders/count?status=failed"); got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "/sales/orders?count=1&status=failed" {
		t.Errorf("the count without scripts: %d %s", got.StatusCode, got.Header.Get("Location"))
	}
}

func TestOrderListByHTMX(t *testing.T) {
	s := listSite(t)
	b := s.as(modelstest.Person(t, s.db, "Asha", models.Owner))
	typing := b.get("/sales/orders?q=neha", "HX-Request: true", "HX-Trigger: order-filter", "HX-Target: orders")
	if typing.orders() != "1001" || typing.Find(".top, .side, #order-filter").Length() != 0 || typing.Find("#orders").Length() != 1 {
		t.Error("while somebody types more than the list comes back")
	}
	if typing.Header.Get("Vary") == "" || !strings.Contains(strings.Join(typing.Header.Values("Vary"), ","), "HX-Request") {
		t.Errorf("Vary is %q", typing.Header.Values("Vary"))
	}
	clicked := b.get("/sales/orders?status=failed", "HX-Request: true", "HX-Target: orders")
	if clicked.Find("#order-filter[hx-swap-oob]").Length() != 1 || clicked.Find("#order-tabs[hx-swap-oob] [aria-current]").Text() == "" {
		t.Error("the form and the tabs do not follow a click")
	}
	if moved := b.get("/sales/orders?order_id=FY62A1B2C3D4E5F60001", "HX-Request: true", "HX-Trigger: order-filter"); moved.Find("#order-filter input[name=partner_order_id]").AttrOr("value", "") != "FY62A1B2C3D4E5F60001" {
		t.Error("the form does not show what was understood")
	}
	restored := b.get("/sales/orders?q=neha", "HX-Request: true", "HX-History-Restore-Request: true")
	if restored.Find(".top").Length() != 1 || restored.Find("#order-q").AttrOr("value", "") != "neha" {
		t.Error("going back does not bring the whole page with its filter")
	}
	b.get("/sales/orders/count?status=failed", "HX-Request: true").want(t, http.StatusOK, "1 of 1 order")
	b.get("/sales/orders/count?store=40", "HX-Request: true").want(t, http.StatusOK, "2 missing not shown")
}

func TestOrderListStaysInItsStores(t *testing.T) {
	s := listSite(t)
	b := s.as(modelstest.Person(t, s.db, "Vera", models.Viewer, 40))
	for query, want := range map[string]string{"": "1006 1002 1001", "order_id=1004": "", "q=berg": "", "store=41": "1006 1002 1001", "event=BAG_PICKED": ""} {
		if p := b.get("/sales/orders?" + query); p.orders() != want || strings.Contains(p.body, "Åsa") {
			t.Errorf("%q shows %q, want %q", query, p.orders(), want)
		}
	}
	b.get("/sales/orders?store=41").want(t, http.StatusOK, "“41” is not one of your stores")
	auditor := s.as(modelstest.Person(t, s.db, "Arjun", models.Auditor))
	auditor.get("/sales/orders").want(t, http.StatusForbidden, "Your role does not permit this.")
}

func TestOrderColumnsAndViews(t *testing.T) {
	s := listSite(t)
	mira := s.as(modelstest.Person(t, s.db, "Mira", models.Manager, 40))
	asha := s.as(modelstest.Person(t, s.db, "Asha", models.Support, 40))
	token := func(b *browser) string {
		return b.get("/sales/orders/columns").Find("form[action='/sales/orders/columns'] input[name=csrf]").AttrOr("value", "")
	}
	done := mira.post("/sales/orders/columns", "csrf", token(mira), "col", "status", "col", "total", "query", "status=failed")
	if done.StatusCode != http.StatusSeeOther || done.Header.Get("Location") != "/sales/orders?status=failed" {
		t.Fatalf("choosing columns: %d to %s", done.StatusCode, done.Header.Get("Location"))
	}
	if heads := mira.get("/sales/orders").each("thead th:not(.pick)"); heads != "Order ID|Status|Total|Action" {
		t.Errorf("the columns are %s", heads)
	}
	if heads := mira.get("/sales/orders?cols=store").each("thead th:not(.pick)"); heads != "Order ID|Store|Action" {
		t.Errorf("the columns of the address are %s", heads)
	}
	if heads := asha.get("/sales/orders").each("thead th:not(.pick)"); !strings.HasPrefix(heads, "Order ID|Partner order ID|Store|") {
		t.Errorf("another person's columns are %s", heads)
	}

	save := func(b *browser, fields ...string) page {
		return b.post("/sales/orders/views", append(fields, "csrf", token(b))...)
	}
	saved := save(mira, "name", "Failed here", "shared", "1", "query", "status=failed&limit=10&after=rubbish&evil=1")
	if saved.Header.Get("Location") != "/sales/orders?status=failed" {
		t.Fatalf("saving a view: %d to %s", saved.StatusCode, saved.Header.Get("Location"))
	}
	save(mira, "name", "Only mine", "query", "status=missing&q=neha")
	if tabs := asha.get("/sales/orders?status=failed").each("#order-tabs a"); !strings.HasSuffix(tabs, "Failed|Failed here") {
		t.Errorf("Asha has the tabs %s", tabs)
	}
	if mira.get("/sales/orders?status=missing&q=neha").said("#order-tabs [aria-current]") != "Only mine" {
		t.Error("a saved view is not marked when it is shown")
	}
	save(asha, "name", "For all", "shared", "1", "query", "").want(t, http.StatusForbidden, "Your role does not permit this.")
	again := save(mira, "name", "Only mine", "query", "status=failed")
	again.want(t, http.StatusUnprocessableEntity, "You have a view called “Only mine” already; choose another name.")
	if again.Find("input[name=name][aria-invalid]").AttrOr("value", "") != "Only mine" || again.Find("details[open] form[action='/sales/orders/views']").Length() != 1 {
		t.Error("the refused form lost what was typed, or is closed")
	}
	for id := 1; id <= 2; id++ {
		asha.post(fmt.Sprintf("/sales/orders/views/%d/delete", id), "csrf", token(asha)).want(t, http.StatusNotFound, "")
		asha.post(fmt.Sprintf("/sales/orders/views/%d", id), "csrf", token(asha), "name", "Taken").want(t, http.StatusNotFound, "")
	}
	if list := asha.get("/sales/orders/views"); strings.Contains(list.body, "Only mine") || !strings.Contains(list.said("main"), "Mira shares this view") {
		t.Errorf("Asha's views are %s", list.said("main"))
	}
	mira.post("/sales/orders/views/1", "csrf", token(mira), "name", "Renamed")
	mira.post("/sales/orders/views/2/delete", "csrf", token(mira))
	if list := mira.get("/sales/orders/views").said("main"); !strings.Contains(list, "Renamed") || strings.Contains(list, "Only mine") {
		t.Errorf("after changing and deleting the views are %s", list)
	}
	if tabs := asha.get("/sales/orders").said("#order-tabs"); strings.Contains(tabs, "Renamed") {
		t.Error("a view that is no longer shared is still seen")
	}
}

func TestEmptyOrderList(t *testing.T) {
	s := newSite(t)
	modelstest.Store(t, s.db, 40, "INR")
	b := s.as(modelstest.Person(t, s.db, "Asha", models.Owner))
	b.get("/sales/orders").want(t, http.StatusOK, "No orders yet")
	b.get("/sales/orders?status=failed&q=x").want(t, http.StatusOK, "In force: Search x · Status Failed.")
	s.exec(`INSERT INTO orders (id, store_id, status, status_reason, currency, total_minor) VALUES (1, 40, 'missing', 'unknown', 'INR', 0)`)
	b.get("/sales/orders").want(t, http.StatusOK, "1 missing order matches. Missing orders are listed only when they are asked for.")
}

// The forms come when they are opened: by themselves to a page with scripts, and on the list to all others, who
// follow the link that stands in their place. What is in force is there from the start.
func TestOrderFormsComeWhenTheyAreOpened(t *testing.T) {
	s := listSite(t)
	b := s.as(modelstest.Person(t, s.db, "Asha", models.Owner))
	list := b.get("/sales/orders?status=failed")
	for _, tt := range []struct{ label, has, says string }{
		{"Export", "form[action='/exports'] input[name=query][value='status=failed']", "1 order matches"},
		{"Save view", "form[action='/sales/orders/views'] input[name=query][value='status=failed']", "Everybody sees it"},
		{"Columns", "form[action='/sales/orders/columns'] input[name=col][value=total][checked]", "Show these"},
		{"Event", "input[name=event][value=REFUND_INITIATED]", "REFUND_INITIATED"},
		{"Date added", "input[name=added_from][type=date]", "Days begin at midnight in"},
		{"More filters", "select[name=store] option[value='41']", "Store 41"},
	} {
		if list.Find(tt.has).Length() != 0 {
			t.Errorf("%s is on the list before it is opened", tt.label)
		}
		later := list.Find(".later a").FilterFunction(func(_ int, a *goquery.Selection) bool { return text(a) == tt.label })
		path := later.AttrOr("href", "")
		if asked := later.Parent().AttrOr("hx-get", ""); later.Length() != 1 || asked != path {
			t.Fatalf("%s: the link leads to %q, and %q is asked for", tt.label, path, asked)
		}
		alone := b.get(path, "HX-Request: true")
		alone.want(t, http.StatusOK, tt.says)
		if alone.Find(tt.has).Length() != 1 || alone.Find(".top, #orders, .later").Length() != 0 || alone.Find("body > *").Length() != 1 {
			t.Errorf("%s alone is %s", tt.label, alone.body)
		}
		whole := b.get(path)
		whole.want(t, http.StatusOK, tt.says)
		if whole.Find("details[open] > .sheet").Find(tt.has).Length() != 1 || whole.orders() != "1004" {
			t.Errorf("%s without scripts is not open on the list of %q", tt.label, whole.orders())
		}
	}
	for query, has := range map[string]string{
		"event=BAG_PICKED": "input[name=event][value=BAG_PICKED][checked]", "added_to=2026-11-20": "input[name=added_to][value='2026-11-20']", "store=41": "select[name=store] option[value='41'][selected]",
	} {
		if p := b.get("/sales/orders?" + query); p.Find("#order-filter").Find(has).Length() != 1 {
			t.Errorf("%s is in force and not in the form", query)
		}
	}
	b.get("/sales/orders/filters/none").want(t, http.StatusNotFound, "")
	if keys := b.get("/keyboard", "HX-Request: true"); keys.Find("dialog[open]").Length() != 1 || keys.Find(".top").Length() != 0 {
		t.Errorf("the help about the keys is %s", keys.body)
	}
	b.get("/keyboard").want(t, http.StatusOK, "Next row, previous row")
}

// A page of orders is a few kilobytes, and its list alone is less.
func TestOrderListIsLight(t *testing.T) {
	s := listSite(t)
	s.exec(`INSERT INTO orders (id, store_id, partner_order_id, customer_name, status, currency, total_minor, items_minor, payment_method, last_event)
		SELECT 5000 + i, 40, 'FY62' || upper(substr(md5(i::text), 1, 16)), 'Customer ' || i, 'processed', 'INR', i * 100, i * 100, 'UPI (Razorpay)', 'BAG_PICKED' FROM generate_series(1, 300) i`)
	b := s.as(modelstest.Person(t, s.db, "Asha", models.Owner))
	full := b.get("/sales/orders")
	part := b.get("/sales/orders", "HX-Request: true", "HX-Trigger: order-filter")
	if full.Find("tr:has(a.open)").Length() != 50 || float64(len(part.body)) > 0.97*float64(len(full.body)) {
		t.Errorf("the list alone has %d bytes, the page %d", len(part.body), len(full.body))
	}
	var zipped strings.Builder
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write([]byte(full.body)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil || zipped.Len() > 6000 {
		t.Errorf("a page of 50 orders is %d bytes compressed, want at most 6,000 (%v)", zipped.Len(), err)
	}
}
