package handlers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/handlers"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
	"github.com/kartify/kartify/web"
)

// office is a whole kartify with two stores, asked over HTTP. Its Razorpay is Bogus under that name.
type office struct {
	*testing.T
	db    *models.DB
	bogus *gatewaytest.Bogus
	url   string
	ctx   context.Context
}

const password = "kartify-demo"

func openOffice(t *testing.T) *office {
	t.Helper()
	o := &office{T: t, bogus: &gatewaytest.Bogus{Class: gateways.ByKey, KeyLifetime: time.Hour, QuietPeriod: time.Hour}, ctx: modelstest.System(t.Context())}
	razorpay, ccavenue, gofynd := o.bogus.Driver(), o.bogus.Driver(), o.bogus.Driver()
	razorpay.Code, razorpay.Name, razorpay.Support = "razorpay", "Razorpay", "help@razorpay.example"
	ccavenue.Code, ccavenue.Name = "ccavenue", "CCAvenue"
	ccavenue.Fields = append(slices.Clone(ccavenue.Fields), gateways.Field{Slug: "merchant_id", Name: "Merchant ID", Account: gateways.Whole})
	gofynd.Code, gofynd.Name = "gofynd", "GoFynd API"
	o.db = modelstest.DB(t, func(options *models.Options) {
		options.MaxConns = 20
		options.Drivers = []gateways.Driver{razorpay, ccavenue, gofynd}
		options.Timings = models.Timings{ResendAfter: 50 * time.Millisecond, LookupSteps: []time.Duration{10 * time.Millisecond}}
	})
	o.exec(`INSERT INTO stores (id, code, name, currency, time_zone, fynd) VALUES
		(40, 'ruosh', 'Ruosh', 'INR', 'Asia/Kolkata', true), (43, 'chandni', 'Chandni', 'INR', 'Asia/Kolkata', false)`)
	for _, person := range []models.UserDetails{
		{Email: "owner@ruosh.example", Name: "Ravi Menon", Role: models.Owner, AllStores: true},
		{Email: "support@ruosh.example", Name: "Asha Rao", Role: models.Support, StoreIDs: []int64{40}},
		{Email: "finance@ruosh.example", Name: "Farah Khan", Role: models.Finance, StoreIDs: []int64{40}},
		{Email: "viewer@ruosh.example", Name: "Vera Dsouza", Role: models.Viewer, StoreIDs: []int64{40}},
	} {
		if _, err := o.db.SeedUser(o.ctx, person, password); err != nil {
			t.Fatal(err)
		}
	}
	o.settings()
	site, err := handlers.New(handlers.Options{DB: o.db, Web: web.Config{Log: slog.New(slog.DiscardHandler)}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	o.url = server.URL
	return o
}

// settings stores good Razorpay settings for Ruosh.
func (o *office) settings() {
	o.Helper()
	_, err := o.db.SaveSettings(o.ctx, models.SettingsForm{
		StoreID: 40, Gateway: "razorpay", Mode: "test", Enabled: true, By: models.SystemActor,
		Values: map[string]string{"key": "rzp_test_1DP5mmOlF5G5ag", "secret": "kept-away-from-everybody", "webhook_secret": "hush-hush-hush-7f3a"},
	})
	if err != nil {
		o.Fatal(err)
	}
}

func (o *office) exec(sql string, args ...any) {
	o.Helper()
	if _, err := o.db.Pool().Exec(o.ctx, sql, args...); err != nil {
		o.Fatalf("%v\n%s", err, sql)
	}
}

func (o *office) scan(into any, sql string, args ...any) {
	o.Helper()
	if err := o.db.Pool().QueryRow(o.ctx, sql, args...).Scan(into); err != nil {
		o.Fatalf("%v\n%s", err, sql)
	}
}

// order seeds an order of three lines, 1,499.00 INR in all, and gives back its id. change runs over its columns.
func (o *office) order(change map[string]any) int64 {
	o.Helper()
	address, err := json.Marshal(models.Address{Name: "Meera Nair", Line1: "14 Residency Road", Landmark: "Opposite the old mill", City: "Bengaluru", Postcode: "560025", State: "Karnataka", Country: "India", Phone: "+91 98450 12345"})
	if err != nil {
		o.Fatal(err)
	}
	row := map[string]any{
		"store_id": 40, "partner_order_id": fmt.Sprintf("FY6A%d", time.Now().UnixNano()), "customer_name": "Meera Nair", "customer_email": "meera.nair@mail.example",
		"customer_phone": "+919845012345", "status": "processing", "payment_method": "Card (Razorpay)", "gateway": "razorpay", "currency": "INR",
		"items_minor": 127000, "discount_minor": 5000, "tax_minor": 22870, "shipping_minor": 4250, "shipping_tax_minor": 780, "total_minor": 149900,
		"billing_address": address, "shipping_address": address, "date_added": time.Now().Add(-26 * time.Hour),
	}
	for column, value := range change {
		row[column] = value
	}
	id := o.insert("orders", row)
	for i, line := range [][]any{
		{"KUR-0417", "Handloom kurta, indigo, M", 1, 42330, 0, 7620},
		{"DUP-0032", "Block print dupatta", 2, 34000, 5000, 12250},
		{"MOJ-0110", "Leather mojari, 39", 1, 16670, 0, 3000},
	} {
		quantity, unit, discount, tax := line[2].(int), line[3].(int), line[4].(int), line[5].(int)
		o.insert("order_items", map[string]any{
			"order_id": id, "store_id": row["store_id"], "position": i + 1, "sku": line[0], "name": line[1], "quantity": quantity, "unit_minor": unit,
			"discount_minor": discount, "tax_minor": tax, "total_minor": quantity*unit - discount + tax,
		})
	}
	o.insert("order_history", map[string]any{"order_id": id, "store_id": row["store_id"], "at": row["date_added"], "actor": "webhook", "actor_name": "Shop", "kind": "created", "to_status": "pending"})
	return id
}

// payment seeds a captured Razorpay payment of 1,499.00 INR for an order, with changes.
func (o *office) payment(order int64, change map[string]any) int64 {
	o.Helper()
	var store int64
	o.scan(&store, `SELECT store_id FROM orders WHERE id = $1`, order)
	row := map[string]any{
		"order_id": order, "store_id": store, "gateway": "razorpay", "mode": "test", "ref": fmt.Sprintf("pay_%d", time.Now().UnixNano()), "order_ref": "order_29QQoUBi66xm2f",
		"status": "success", "provider_status": "captured", "method": "card", "currency": "INR", "amount_minor": 149900, "authorized_minor": 149900, "captured_minor": 149900,
		"card_network": "Visa", "card_first6": "411111", "card_last4": "1111", "rrn": "441700001001", "created_at": time.Now().Add(-25 * time.Hour),
	}
	for column, value := range change {
		row[column] = value
	}
	return o.insert("payments", row)
}

// request seeds a waiting REFUND_INITIATED of 499.00 INR.
func (o *office) request(order int64, change map[string]any) int64 {
	o.Helper()
	row := map[string]any{
		"order_id": order, "store_id": 40, "event": models.EventRefundInitiated, "request_id": "16916747740991418099", "amount_minor": 49900, "waiting": true,
	}
	for column, value := range change {
		row[column] = value
	}
	return o.insert("order_events", row)
}

// insert writes a row and gives back its id.
func (o *office) insert(table string, row map[string]any) int64 {
	o.Helper()
	var names, marks []string
	var values []any
	for name, value := range row {
		names, values = append(names, name), append(values, value)
		marks = append(marks, fmt.Sprintf("$%d", len(values)))
	}
	var id int64
	o.scan(&id, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+") RETURNING id", values...)
	return id
}

// person is somebody's browser without JavaScript.
type person struct {
	*office
	http *http.Client
}

// enter signs somebody in: "support" is support@ruosh.example.
func (o *office) enter(who string) *person {
	o.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		o.Fatal(err)
	}
	p := &person{office: o, http: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	res := p.post("/login", url.Values{"email": {who + "@ruosh.example"}, "password": {password}})
	if res.status != http.StatusSeeOther {
		o.Fatalf("%s cannot sign in: %d", who, res.status)
	}
	return p
}

// answer is a page as it came.
type answer struct {
	*goquery.Document
	status int
	header http.Header
	html   string
}

func (p *person) get(path string, headers ...string) answer {
	p.Helper()
	req, err := http.NewRequestWithContext(p.Context(), http.MethodGet, p.url+path, nil)
	if err != nil {
		p.Fatal(err)
	}
	return p.do(req, headers)
}

// post sends a form as a browser would from one of our pages.
func (p *person) post(path string, form url.Values, headers ...string) answer {
	p.Helper()
	req, err := http.NewRequestWithContext(p.Context(), http.MethodPost, p.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", p.url)
	return p.do(req, headers)
}

func (p *person) do(req *http.Request, headers []string) answer {
	p.Helper()
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		req.Header.Set(name, value)
	}
	res, err := p.http.Do(req)
	if err != nil {
		p.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read
	doc, err := goquery.NewDocumentFromReader(res.Body)
	if err != nil {
		p.Fatal(err)
	}
	html, err := doc.Html()
	if err != nil {
		p.Fatal(err)
	}
	return answer{doc, res.StatusCode, res.Header, html}
}

// refundForm is the Refund Money form of a payment as the page shows it, filled in with fields.
func (p *person) refundForm(order, payment int64, fields ...string) url.Values {
	p.Helper()
	page := p.get(fmt.Sprintf("/sales/orders/%d", order))
	form := url.Values{}
	page.Find(fmt.Sprintf("#refund-%d form", payment)).Find("input, select, textarea").Each(func(_ int, s *goquery.Selection) {
		name, kind := s.AttrOr("name", ""), s.AttrOr("type", "")
		if _, ticked := s.Attr("checked"); name == "" || (kind == "radio" || kind == "checkbox") && !ticked {
			return
		}
		form.Set(name, s.AttrOr("value", ""))
	})
	if form.Get("token") == "" {
		p.Fatalf("order %d shows no Refund Money form for payment %d", order, payment)
	}
	form.Set("reason", "returned")
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return form
}

func refunds(order, payment int64) string {
	return fmt.Sprintf("/sales/orders/%d/payments/%d/refunds", order, payment)
}

// text is what a person reads of a selection, on one line.
func text(s *goquery.Selection) string {
	var words []string
	var read func(*goquery.Selection)
	read = func(s *goquery.Selection) {
		s.Contents().Each(func(_ int, part *goquery.Selection) {
			if goquery.NodeName(part) == "#text" {
				words = append(words, strings.Fields(part.Text())...)
				return
			}
			read(part)
		})
	}
	read(s)
	return strings.Join(words, " ")
}
