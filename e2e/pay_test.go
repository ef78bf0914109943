package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/kartify/kartify/e2e/browser"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
)

// unpaid puts in an order of 1,000.00 that waits for its money.
func (w *world) unpaid(store int64, gateway, currency, country string) (id int64) {
	w.t.Helper()
	address := fmt.Sprintf(`{"name":"Asha Buyer","line1":"14 Garden Road","city":"Pune","postcode":"11122","country":"%s"}`, country)
	w.scan(&id, `INSERT INTO orders (store_id, status, gateway, payment_method, currency, items_minor, discount_minor, tax_minor, shipping_minor, total_minor, customer_name, customer_email, customer_phone, billing_address, shipping_address)
		VALUES ($1, 'pending', $2, 'Card', $3, 76000, 0, 19000, 5000, 100000, 'Asha Buyer', 'asha@buyer.example', '+46701234567', $4, $4) RETURNING id`, store, gateway, currency, address)
	if _, err := w.db.Pool().Exec(w.ctx, `INSERT INTO order_items (order_id, store_id, position, sku, name, quantity, unit_minor, tax_minor, total_minor) VALUES ($1, $2, 1, 'LAMP-7', 'Lamp', 2, 38000, 19000, 95000)`, id, store); err != nil {
		w.t.Fatal(err)
	}
	return id
}

// link is the address of an order's payment page.
func (w *world) link(order int64) string {
	w.t.Helper()
	path, err := w.db.PaymentLink(w.ctx, order, models.SystemActor)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.base + path
}

// shopper is a buyer at a browser without JavaScript, who goes wherever pages lead.
type shopper struct {
	w      *world
	client *http.Client
	at     *url.URL
	page   *goquery.Document
	text   string
	seen   []string
}

func (w *world) shopper() *shopper {
	s := &shopper{w: w, client: w.nobody().client}
	s.client.CheckRedirect = func(req *http.Request, _ []*http.Request) error {
		s.seen = append(s.seen, req.URL.String())
		if req.URL.Host == "shop.example" {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return s
}

func (s *shopper) ask(method, address string, form url.Values) int {
	s.w.t.Helper()
	req, err := http.NewRequestWithContext(s.w.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		s.w.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := s.client.Do(req)
	if err != nil {
		s.w.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	data, _ := io.ReadAll(res.Body)
	s.at, s.text = res.Request.URL, string(data)
	s.seen = append(s.seen, s.at.String())
	if s.page, err = goquery.NewDocumentFromReader(strings.NewReader(s.text)); err != nil {
		s.w.t.Fatal(err)
	}
	return res.StatusCode
}

// press sends the page's form with one of its buttons.
func (s *shopper) press(button string) int {
	s.w.t.Helper()
	form := s.page.Find("form").First()
	if form.Length() == 0 {
		s.w.t.Fatalf("no form at %s: %s", s.at, tail(s.text, 600))
	}
	values := url.Values{}
	form.Find("input").Each(func(_ int, in *goquery.Selection) {
		kind, name := in.AttrOr("type", "text"), in.AttrOr("name", "")
		if _, on := in.Attr("checked"); name != "" && (kind != "radio" || on) {
			values.Set(name, in.AttrOr("value", ""))
		}
	})
	if button != "" {
		values.Set("outcome", button)
	}
	to, err := s.at.Parse(form.AttrOr("action", ""))
	if err != nil {
		s.w.t.Fatal(err)
	}
	return s.ask(http.MethodPost, to.String(), values)
}

// pay goes from the payment link through the provider's pages, with this outcome, back to kartify.
func (s *shopper) pay(link, outcome string) {
	s.w.t.Helper()
	if status := s.ask(http.MethodGet, link, nil); status != http.StatusOK {
		s.w.t.Fatalf("%s answers %d: %s", link, status, tail(s.text, 600))
	}
	for range 6 {
		switch home := strings.HasPrefix(s.at.String(), s.w.base); {
		case s.page.Find(`button[name="outcome"]`).Length() > 0:
			s.press(outcome)
		case home && s.page.Find("form[data-go]").Length() == 0:
			return
		case s.page.Find("form").Length() > 0:
			s.press("")
		default:
			return
		}
	}
}

func (w *world) paymentOf(order int64, want string) {
	w.t.Helper()
	w.eventually(want, `SELECT concat_ws(' ', o.status, nullif(o.status_reason, ''), string_agg(p.status || ' ' || p.captured_minor, ', ' ORDER BY p.id)) FROM orders o LEFT JOIN payments p ON p.order_id = o.id WHERE o.id = $1 GROUP BY o.id`, order)
}

// TestBuyersPay lets buyers pay at every provider's own page, and turn back, and be declined.
func TestBuyersPay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tests := []struct {
		gateway           string
		store             int64
		currency, country string
		outcome           string
		want              string // of the order and its payment
		told              string // the buyer
	}{
		{"klarna", cast.Nordisk, "SEK", "SE", "pay", "pending authorized 0", "Paid"},
		{"klarna", cast.Nordisk, "SEK", "SE", "cancel", "pending pending 0", "Not paid"},
		{"svea", cast.Nordisk, "SEK", "SE", "pay", "pending authorized 0", "Paid"},
		{"paykeeper", cast.Lavka, "RUB", "RU", "pay", "processing success 100000", "Paid"},
		{"paykeeper", cast.Lavka, "RUB", "RU", "decline", "failed failed 0", "Not paid"},
		{"ccavenue", cast.Chandni, "INR", "IN", "success", "processing success 100000", "Paid"},
		{"ccavenue", cast.Chandni, "INR", "IN", "failure", "failed failed 0", "Not paid"},
		{"ccavenue", cast.Chandni, "INR", "IN", "abort", "failed canceled 0", "Not paid"},
	}
	for _, tt := range tests {
		t.Run(tt.gateway+" "+tt.outcome, func(t *testing.T) {
			was := w.t
			w.t = t
			defer func() { w.t = was }()
			order := w.unpaid(tt.store, tt.gateway, tt.currency, tt.country)
			buyer := w.shopper()
			buyer.pay(w.link(order), tt.outcome)
			w.paymentOf(order, tt.want)
			if !strings.Contains(buyer.page.Find("h1").Text(), tt.told) {
				t.Errorf("the buyer is told %q at %s after %v", buyer.page.Find("main").Text(), buyer.at, buyer.seen)
			}
			if findings, err := w.db.Fsck(w.ctx); err != nil || len(findings) > 0 {
				t.Errorf("the books: %v %v", findings, err)
			}
		})
	}
}

// TestLookupsFindDebited lets buyers be debited without anybody hearing of it, and has the look-ups run from
// Systems > Jobs: what was debited surfaces, moves once CCAvenue knows, and is lifted out of failed and missing.
func TestLookupsFindDebited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := func() {
		t.Helper()
		var before, after int64
		w.scan(&before, `SELECT coalesce(max(id), 0) FROM lookup_sweeps WHERE kind = 'orders'`)
		owner := w.signIn("owner@ruosh.example")
		token, _ := owner.get("/system/jobs").page().Find(`meta[name="csrf-token"]`).Attr("content")
		if r := owner.post("/system/jobs/look-up-orders/runs", url.Values{"csrf_token": {token}, "csrf": {token}, "_csrf": {token}}); r.StatusCode != http.StatusSeeOther {
			t.Fatalf("the run answers %d: %s", r.StatusCode, tail(r.text, 400))
		}
		for range 400 {
			if w.scan(&after, `SELECT coalesce(max(id), 0) FROM lookup_sweeps WHERE kind = 'orders'`); after > before {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Fatal("the look-ups do not end")
	}
	var orders []int64
	for _, outcome := range []string{"debited", "failure_debited", "failure", "success"} {
		order := w.unpaid(cast.Chandni, "ccavenue", "INR", "IN")
		w.shopper().pay(w.link(order), outcome)
		orders = append(orders, order)
	}
	w.paymentOf(orders[1], "missing unknown failed 0")
	w.paymentOf(orders[2], "failed failed 0")
	run()
	w.paymentOf(orders[0], "missing unknown pending 0")
	w.sandbox(http.MethodPost, "/_sandbox/clock", map[string]any{"advance_seconds": 2 * 86400}, nil)
	if _, err := w.db.Pool().Exec(w.ctx, `DELETE FROM webhooks WHERE state = 'received' AND source = 'ccavenue'`); err != nil {
		t.Fatal(err)
	}
	run()
	w.paymentOf(orders[0], "processing success 100000")
	w.paymentOf(orders[1], "processing success 100000")
	w.paymentOf(orders[2], "failed failed 0")
	w.paymentOf(orders[3], "processing success 100000")
	var counts string
	// Those of the schedule may have been first.
	w.scan(&counts, `SELECT concat_ws(' ', sum(checked) >= 3, sum(moved) >= 1, sum(errors)) FROM lookup_sweeps WHERE kind = 'orders'`)
	if counts != "t t 0" {
		t.Errorf("the runs count %s, want at least 3 checked, 1 moved and no errors", counts)
	}
}

// TestBuyerOpensTheLinkTwice makes one attempt of a double click, and sends buyers back to the shop's own
// addresses only.
func TestBuyerOpensTheLinkTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.db.SetReturnURLs(w.ctx, cast.Nordisk, []string{"https://shop.example/thanks"}, models.SystemActor); err != nil {
		t.Fatal(err)
	}
	order := w.unpaid(cast.Nordisk, "klarna", "SEK", "SE")
	link := w.link(order)
	for _, foreign := range []string{"https://evil.example/", "https://shop.example.evil.example/thanks", "https://shop.example/thanks-not", "//shop.example/thanks", "https://shop.example@evil.example/thanks", "javascript:alert(1)", "https://shop.example/thanks/../steal"} {
		if status := w.shopper().ask(http.MethodGet, link+"?return="+url.QueryEscape(foreign), nil); status != http.StatusUnprocessableEntity {
			t.Errorf("the way back to %s answers %d, want 422", foreign, status)
		}
	}
	w.eventually("0", `SELECT count(*) FROM checkouts WHERE order_id = $1`, order)
	done := make(chan string, 20)
	for range cap(done) {
		go func() {
			s := w.shopper()
			s.ask(http.MethodGet, link+"?return="+url.QueryEscape("https://shop.example/thanks?a=1"), nil)
			done <- s.at.String()
		}()
	}
	for range cap(done) {
		<-done
	}
	w.eventually("1 1", `SELECT count(*) || ' ' || (SELECT count(*) FROM payments WHERE order_id = $1) FROM checkouts WHERE order_id = $1`, order)
	buyer := w.shopper()
	buyer.pay(link, "pay")
	w.paymentOf(order, "pending authorized 0")
	if want := fmt.Sprintf("https://shop.example/thanks?a=1&order=%d&payment=paid", order); buyer.at.String() != want && !strings.Contains(strings.Join(buyer.seen, " "), want) {
		t.Errorf("the buyer ends at %s, want %s", buyer.at, want)
	}
	for _, path := range []string{"/pay/none", strings.TrimPrefix(link, w.base) + "x", "/pay/" + strings.Repeat("A", 54)} {
		if status := w.shopper().ask(http.MethodGet, w.base+path, nil); status != http.StatusNotFound {
			t.Errorf("%s answers %d, want 404", path, status)
		}
	}
}

// TestPayInABrowser lets the form lead on by itself, under the content security policy, and looks at what the
// buyer sees on a telephone.
func TestPayInABrowser(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	if b == nil {
		return
	}
	w := newWorld(t)
	tab := b.Tab(t)
	tab.Allow("status of 404") // a link that leads nowhere
	tab.Size(390, 844)
	order := w.unpaid(cast.Chandni, "ccavenue", "INR", "IN")
	link := w.link(order)
	tab.Open(link)
	tab.WaitFor(`button[name="outcome"][value="success"]`)
	tab.Click(`button[name="outcome"][value="success"]`)
	tab.WaitFor(`[data-pay="paid"]`)
	w.paymentOf(order, "processing success 100000")
	late := w.unpaid(cast.Chandni, "ccavenue", "INR", "IN")
	if _, err := w.db.Pool().Exec(w.ctx, `UPDATE payment_links SET expires_at = now() WHERE order_id = $1`, order); err != nil {
		t.Fatal(err)
	}
	for name, address := range map[string]string{"pay-paid": link, "pay-none": w.base + "/pay/none", "pay-note": w.base + "/pay", "pay-failed": w.link(late) + "/result"} {
		tab.Open(address)
		for _, v := range tab.Axe() {
			t.Errorf("%s: %s", name, v)
		}
		if wide := browser.Eval[int](tab, `document.documentElement.scrollWidth`); wide > 390 {
			t.Errorf("%s is %d wide", name, wide)
		}
		if *shots != "" {
			tab.Screenshot(filepath.Join(*shots, name+"-390-light.png"), 390, 844, false)
		}
	}
}
