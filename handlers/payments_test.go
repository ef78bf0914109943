package handlers_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/xuri/excelize/v2"

	"github.com/kartify/kartify/gateways/all"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// paymentSite is a site with payments in several statuses.
func paymentSite(t *testing.T, with ...func(*models.Options)) *site {
	t.Helper()
	s := listSite(t, with...)
	for _, p := range []struct {
		id, order, store int64
		ref, status      string
		amount, back     int64
		params, fiscal   string
	}{
		{
			11, 1001, 40, "pay_KFtest00000011", "success", 149900, 0, `{"payment_system_id":"52","system_description":"Cards by bank","card_number":"411111******1111","note":"pan 4111111111111111","unique_id":"20261122101500123"}`,
			`{"fop_receipt_key":"8c3c2a4e-5f0b-4f9d-9d6e-2f8c1a7b6d5e","fop_fpd":"3512313478"}`,
		},
		{12, 1002, 40, "", "pending", 149900, 0, `{}`, `{}`},
		{13, 1006, 40, "pay_KFtest00000013", "partially_refunded", 149900, 40050, `{"vpa":"=HYPERLINK(1)"}`, `{}`},
		{14, 1004, 41, "6f1a3c52-0b7e", "authorized", 149900, 0, `{}`, `{}`},
		{15, 1006, 40, "pay_KFtest00000015", "refunding", 149900, 0, `{}`, `{}`},
	} {
		s.exec(`INSERT INTO payments (id, order_id, store_id, gateway, mode, ref, status, currency, amount_minor, authorized_minor, captured_minor, refunded_minor, method, card_last4, params, fiscal,
				refunding_since, capture_before, created_at, updated_at)
			OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, 'razorpay', 'test', nullif($4, ''), $5, 'INR', $6, CASE WHEN $5 = 'pending' THEN 0 ELSE $6::bigint END,
				CASE WHEN $5 IN ('pending', 'authorized') THEN 0 ELSE $6::bigint END, $7, 'card', '1111', $8::jsonb, $9::jsonb,
				CASE $5 WHEN 'refunding' THEN now() - interval '3 hours' END, CASE $5 WHEN 'authorized' THEN now() + interval '26 hours' END, $10, $10)`,
			p.id, p.order, p.store, p.ref, p.status, p.amount, p.back, p.params, p.fiscal, time.Date(2026, 11, 20, 11, int(p.id), 0, 0, time.UTC))
	}
	return s
}

func (p page) payments() string {
	var ids []string
	p.Find("tr[data-payment]").Each(func(_ int, row *goquery.Selection) { ids = append(ids, row.AttrOr("data-payment", "")) })
	return strings.Join(ids, " ")
}

// says checks an answer: its status and the words in it.
func (p page) says(t *testing.T, status int, texts ...string) {
	t.Helper()
	if p.StatusCode != status {
		t.Errorf("%s answers %d, want %d", p.Request.URL, p.StatusCode, status)
	}
	for _, text := range texts {
		if !strings.Contains(strings.Join(strings.Fields(p.Text()), " "), text) {
			t.Errorf("%s does not say %q", p.Request.URL, text)
		}
	}
}

func TestPaymentRegistry(t *testing.T) {
	s := paymentSite(t)
	ravi := s.as(modelstest.Person(t, s.db, "Ravi", models.Owner))
	p := ravi.get("/sales/payments")
	p.says(t, http.StatusOK, "1–5 of 5 payments")
	if got := p.payments(); got != "15 14 13 12 11" {
		t.Fatalf("the registry lists %s", got)
	}
	if heads := p.each("#payments thead th"); heads != "Payment|Order|Payer|Amount|Refunded|Status|Payment system|Gateway|Store|Started|Obtained|Success" {
		t.Errorf("the columns are %s", heads)
	}
	if got := p.each("tr[data-payment='13'] td"); !strings.HasPrefix(got, "pay_KFtest00000013|1006|Kabir Singh|1,499.00 INR|400.50 INR|Partially refunded|Card|") {
		t.Errorf("payment 13 reads %q", got)
	}
	if got := p.each("tr[data-payment='11'] td"); !strings.Contains(got, "|Completed|52 · Cards by bank|") {
		t.Errorf("payment 11 reads %q", got)
	}
	if got := p.said("tr[data-payment='12'] td.state"); !strings.HasPrefix(got, "Awaiting payment") || !strings.Contains(got, "for ") {
		t.Errorf("a payment that is waited for reads %q", got)
	}
	if p.Find("a[href='/sales/payments/registry.xlsx']").Length() != 1 || p.Find("#payment-q").Length() != 1 {
		t.Error("the registry has no file or no search")
	}
}

// Without scripts the block of filters opens by a link, filters, and stays open.
func TestPaymentFilterBlockStaysOpen(t *testing.T) {
	s := paymentSite(t)
	ravi := s.as(modelstest.Person(t, s.db, "Ravi", models.Owner))
	p := ravi.get("/sales/payments")
	if p.Find("#payment-filter fieldset.ticks").Length() != 0 || p.Find("#payment-filter a[aria-expanded=false]").Length() != 1 {
		t.Fatal("the block is not shut at first")
	}
	p = ravi.get(p.Find("#payment-filter a.toggle").AttrOr("href", ""))
	if p.Find("#payment-filter input[name=status]").Length() != 10 {
		t.Fatal("the open block has not ten statuses")
	}
	p = ravi.get("/sales/payments?filter=open&status=pending&status=refunding&ps=card&from=2026-11-01&limit=10&store=40")
	if got := p.payments(); got != "15 12" || p.Find("#payment-filter fieldset.ticks").Length() != 1 || p.Find("#payment-filter input[name=status][checked]").Length() != 2 {
		t.Errorf("the filter lists %s", got)
	}
	if chips := p.each(".chip span"); chips != "Status|Status|Payment system|Store|Started" {
		t.Errorf("the chips are %s", chips)
	}
	next := ravi.get(p.Find(".chip").First().AttrOr("href", ""))
	if next.Find("#payment-filter fieldset.ticks").Length() != 1 || next.payments() != "15" {
		t.Error("the block did not stay open")
	}
	if sizes := p.each(".pager .menu a"); sizes != "10 rows|25 rows|50 rows|100 rows|250 rows|500 rows" {
		t.Errorf("the page sizes are %s", sizes)
	}
	if p.Find("#payment-search input[type=hidden][name=status]").Length() != 2 {
		t.Error("a search forgets the filter")
	}
	ravi.get("/sales/payments?status=paid&limit=7").says(t, http.StatusOK, "not a payment status", "choose from 10 to 500")
	ravi.get("/sales/payments?q=nobody").says(t, http.StatusOK, "No payment matches", "Clear filters")
	shut := ravi.get(p.Find("#payment-filter a.toggle").AttrOr("href", ""))
	if shut.Find("#payment-filter fieldset.ticks").Length() != 0 || shut.payments() != "15 12" {
		t.Error("the shut block forgets its filter")
	}
}

// A row expands in its place to the four tabs, with scripts and without; the same stands on its own page.
func TestPaymentTabs(t *testing.T) {
	s := paymentSite(t)
	ravi := s.as(modelstest.Person(t, s.db, "Ravi", models.Owner))
	plain := ravi.get("/sales/payments?status=success&open=11&tab=request")
	if plain.Find("tbody#payment-11 tr.detail").Length() != 1 || plain.Find("tr.detail").Length() != 1 {
		t.Fatal("the row is not expanded in its place")
	}
	if tabs := plain.each("tr.detail .tabs a"); tabs != "Payment information|Operation parameters|Refunds|Request parameters" {
		t.Errorf("the tabs are %s", tabs)
	}
	if plain.said("tr.detail [aria-current]") != "Request parameters" || plain.Find("tr.detail [data-copy=pre]").Length() != 1 {
		t.Error("the request parameters cannot be copied at once")
	}
	if strings.Contains(plain.body, "4111111111111111") || !strings.Contains(plain.body, "20261122101500123") {
		t.Error("the request parameters are not masked, or not there")
	}
	swapped := ravi.get("/sales/payments/11?in=list", "HX-Request: true", "HX-Current-URL: http://x/sales/payments?status=success&filter=open")
	if !strings.HasPrefix(strings.TrimSpace(swapped.body), "<tbody") || !strings.Contains(swapped.body, "Fiscal receipt") || !strings.Contains(swapped.body, "3512313478") {
		t.Errorf("the row for itself is %.200s", swapped.body)
	}
	if !strings.Contains(swapped.body, "status=success") {
		t.Error("the row forgets its list")
	}
	shut := ravi.get("/sales/payments/11?in=list&shut=1", "HX-Request: true")
	if strings.Contains(shut.body, "class=\"detail\"") || !strings.Contains(shut.body, "data-payment=\"11\"") {
		t.Error("the row does not shut")
	}
	for tab, says := range map[string]string{
		"info": "Number here", "operation": "card_number", "refunds": "No money of this payment", "request": "unique_id", "nonsense": "Number here",
	} {
		own := ravi.get("/sales/payments/11?tab=" + tab)
		own.says(t, http.StatusOK, "Payment pay_KFtest00000011", says)
	}
	ravi.get("/sales/payments/12").says(t, http.StatusOK, "Awaiting payment since 20 Nov 2026", "not proof of non-payment")
	ravi.get("/sales/payments/15").says(t, http.StatusOK, "The refund has been on its way for 3 h", "no second one is sent")
	ravi.get("/sales/payments/14").says(t, http.StatusOK, "25 h left")
	ravi.get("/sales/payments/99").says(t, http.StatusNotFound)
}

func TestPaymentButtonsByRight(t *testing.T) {
	o := openOffice(t)
	order := o.order(nil)
	payment := o.payment(order, nil)
	held := o.payment(order, map[string]any{"status": "authorized", "captured_minor": 0, "capture_before": time.Now().Add(26 * time.Hour)})
	over := o.payment(order, map[string]any{"status": "authorized", "captured_minor": 0, "capture_before": time.Now().Add(-time.Hour)})
	forms := fmt.Sprintf("/sales/orders/%d/payments/", order)
	for _, tt := range []struct {
		email           string
		refund, capture int
	}{{"owner", 1, 1}, {"support", 1, 0}, {"viewer", 0, 0}} {
		who := o.enter(tt.email)
		page := who.get(fmt.Sprintf("/sales/payments/%d", payment))
		if n := page.Find(fmt.Sprintf("a[href='%s%d/refunds/new']", forms, payment)).Length(); n != tt.refund {
			t.Errorf("%s has %d refund buttons", tt.email, n)
		}
		page = who.get(fmt.Sprintf("/sales/payments/%d", held))
		if n := page.Find(fmt.Sprintf("[href='%s%d/captures/new'], .payment-buttons button[disabled]:contains('Capture funds')", forms, held)).Length(); n != tt.capture {
			t.Errorf("%s has %d capture buttons", tt.email, n)
		}
		if page.Find(fmt.Sprintf("a[href='%s%d/refunds/new']", forms, held)).Length() != 0 {
			t.Errorf("%s can refund what is only held", tt.email)
		}
		if page = who.get(fmt.Sprintf("/sales/payments/%d", over)); strings.Contains(page.Find(".payment-buttons").Text(), "Capture funds") {
			t.Errorf("%s can capture after the automatic capture", tt.email)
		}
	}
}

// PayKeeper captures what is still held on its day. Elsewhere the hold ends, and nobody may wait for a capture.
func TestHeldMoneyIsDrawnByPayKeeperAlone(t *testing.T) {
	s := paymentSite(t, func(o *models.Options) { o.Drivers = all.Drivers })
	ravi := s.as(modelstest.Person(t, s.db, "Ravi", models.Owner))
	for gateway, tt := range map[string]struct{ says, never string }{
		"paykeeper": {"automatic capture", "before the hold ends"},
		"klarna":    {"before the hold ends", "utomatic capture"},
	} {
		s.exec(`UPDATE payments SET gateway = $1 WHERE id = 14`, gateway)
		page := ravi.get("/sales/payments/14")
		page.says(t, http.StatusOK, tt.says)
		if strings.Contains(page.Text(), tt.never) {
			t.Errorf("a payment held at %s says %q", gateway, tt.never)
		}
	}
}

func TestPaymentRegistryFile(t *testing.T) {
	s := paymentSite(t)
	ravi := s.as(modelstest.Person(t, s.db, "Ravi", models.Owner))
	read := func(path string) [][]string {
		t.Helper()
		p := ravi.get(path)
		if p.StatusCode != http.StatusOK || !strings.Contains(p.Header.Get("Content-Disposition"), ".xlsx") {
			t.Fatalf("%s answers %d %s", path, p.StatusCode, p.Header.Get("Content-Disposition"))
		}
		book, err := excelize.OpenReader(bytes.NewReader([]byte(p.body)))
		if err != nil {
			t.Fatalf("%s is no workbook: %v", path, err)
		}
		defer book.Close() //nolint:errcheck // read
		rows, err := book.GetRows("Payments", excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	rows := read("/sales/payments/registry.xlsx")
	if len(rows) != 6 || strings.Join(rows[0], " ") != "payment_id gateway_reference order_id payer amount refunded currency status payment_system gateway store_id store_name started obtained success time_zone" {
		t.Fatalf("the file has %d rows and the columns %v", len(rows), rows[0])
	}
	if got := strings.Join(rows[3][:12], "|"); got != "13|pay_KFtest00000013|1006|Kabir Singh|1499|400.5|INR|partially_refunded|Card|razorpay|40|Store 40" && got != "13|pay_KFtest00000013|1006|Kabir Singh|1499.00|400.50|INR|partially_refunded|Card|razorpay|40|Store 40" {
		t.Errorf("payment 13 is %s", got)
	}
	if rows = read("/sales/payments/registry.xlsx?status=success"); len(rows) != 2 || rows[1][0] != "11" {
		t.Errorf("the filtered file has %v", rows)
	}
	rows = read("/sales/payments/registry.xlsx?with=details&q=3512313478")
	if len(rows) != 2 || len(rows[0]) != 16+14+7 || !strings.Contains(strings.Join(rows[1], "|"), "3512313478") {
		t.Errorf("the extended file has %v", rows)
	}
	var noted int
	if err := s.db.Pool().QueryRow(modelstest.System(t.Context()), `SELECT count(*) FROM audit_log WHERE action = 'payments.downloaded'`).Scan(&noted); err != nil || noted != 3 {
		t.Errorf("%d downloads are noted: %v", noted, err)
	}
	vera := s.as(modelstest.Person(t, s.db, "Vera", models.Viewer, 40))
	vera.get("/sales/payments/registry.xlsx").says(t, http.StatusForbidden)
	if vera.get("/sales/payments").Find("#payment-downloads a").Length() != 0 {
		t.Error("a viewer is offered the file")
	}
}

func TestPaymentsOfAnotherStore(t *testing.T) {
	s := paymentSite(t)
	sven := s.as(modelstest.Person(t, s.db, "Sven", models.Finance, 41))
	for _, path := range []string{"/sales/payments", "/sales/payments?store=40", "/sales/payments?q=neha", "/sales/payments?open=11", "/sales/payments?q=1001"} {
		if got := sven.get(path).payments(); strings.ReplaceAll(got, "14", "") != "" {
			t.Errorf("%s shows %s", path, got)
		}
	}
	sven.get("/sales/payments/11").says(t, http.StatusNotFound)
	if p := sven.get("/sales/payments/registry.xlsx?store=40"); strings.Contains(p.body, "KFtest") {
		t.Error("the file has another store's payments")
	}
}
