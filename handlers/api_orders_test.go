package handlers_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
)

// Orders made and listed by programs.

func TestCreateOrderByAPI(t *testing.T) {
	o := openOffice(t)
	o.exec(`UPDATE stores SET return_urls = '{https://shop.example/thanks}' WHERE id = 40`)
	erp := o.erp()
	body := func(change map[string]any) map[string]any {
		b := map[string]any{
			"store_id": 40, "partner_order_id": "FY6A9001", "customer": map[string]any{"name": "Meera Nair", "email": "meera.nair@mail.example"},
			"lines": []any{map[string]any{"name": "Kurta", "sku": "KUR-1", "quantity": 2, "unit": inr(10000), "discount": inr(500), "tax": inr(1950)}},
			"total": inr(21450), "return_url": "https://shop.example/thanks?x=1", "shipping_address": map[string]any{"line1": "14 Residency Road", "city": "Bengaluru"},
		}
		for name, value := range change {
			b[name] = value
		}
		return b
	}
	made := erp.post("/orders", body(nil)).want(t, http.StatusCreated, "")
	id := made.id(t)
	if made.header.Get("Location") != fmt.Sprintf("%s/orders/%d", apiBase, id) || made.json["status"] != "pending" {
		t.Errorf("answered %v %s", made.header, made.text)
	}
	link, _ := made.json["payment_link"].(string)
	if !strings.HasPrefix(link, o.url+"/pay/") || !strings.HasSuffix(link, "?return=https%3A%2F%2Fshop.example%2Fthanks%3Fx%3D1") {
		t.Errorf("the payment link is %q", link)
	}
	shown := erp.get(fmt.Sprintf("/orders/%d", id)).want(t, http.StatusOK, "")
	if shown.json["version"] != made.json["version"] || shown.json["partner_order_id"] != "FY6A9001" || shown.json["total"].(map[string]any)["decimal"] != "214.50" {
		t.Errorf("the order reads %s, and was made as %s", shown.text, made.text)
	}
	if pay := (&program{office: o}).nobody(strings.TrimPrefix(link, o.url)); pay != http.StatusSeeOther && pay != http.StatusOK {
		t.Errorf("the payment link answers %d", pay)
	}
	for _, tt := range []struct {
		name    string
		change  map[string]any
		status  int
		pointer string
	}{
		{"the same partner order id", nil, http.StatusConflict, "/partner_order_id"},
		{"a store of others", map[string]any{"store_id": 43}, http.StatusUnprocessableEntity, "/store_id"},
		{"no store", map[string]any{"store_id": 999}, http.StatusUnprocessableEntity, "/store_id"},
		{"another total", map[string]any{"total": inr(21449)}, http.StatusUnprocessableEntity, "/total"},
		{"two currencies", map[string]any{"shipping": map[string]any{"amount_minor": 100, "currency": "SEK"}}, http.StatusUnprocessableEntity, "/shipping/currency"},
		{"decimal says otherwise", map[string]any{"total": map[string]any{"amount_minor": 21450, "currency": "INR", "decimal": "21450"}}, http.StatusUnprocessableEntity, "/total/decimal"},
		{"no customer", map[string]any{"customer": nil}, http.StatusUnprocessableEntity, "/customer"},
		{"no lines", map[string]any{"lines": []any{}}, http.StatusUnprocessableEntity, "/lines"},
		{"a quantity of none", map[string]any{"lines": []any{map[string]any{"name": "Kurta", "quantity": 0, "unit": inr(1)}}}, http.StatusUnprocessableEntity, "/lines/0/quantity"},
		{"a quantity of a half", map[string]any{"lines": []any{map[string]any{"name": "Kurta", "quantity": 0.5, "unit": inr(1)}}}, http.StatusUnprocessableEntity, "/lines/0/quantity"},
		{"a shop that is not the store's", map[string]any{"partner_order_id": "FY2", "return_url": "https://evil.example/"}, http.StatusUnprocessableEntity, "/return_url"},
		{"an unknown gateway", map[string]any{"partner_order_id": "FY3", "gateway": "paypal"}, http.StatusUnprocessableEntity, "/gateway"},
		{"an unknown member", map[string]any{"partner_order_id": "FY4", "colour": "red"}, http.StatusUnprocessableEntity, "/colour"},
	} {
		if got := erp.post("/orders", body(tt.change)).want(t, tt.status, "").pointers(); !slices.Equal(got, []string{tt.pointer}) {
			t.Errorf("%s is wrong at %v, want %s", tt.name, got, tt.pointer)
		}
	}
	cod := erp.post("/orders", body(map[string]any{"partner_order_id": "FY5", "gateway": "cod"})).want(t, http.StatusCreated, "")
	if cod.json["payment_link"] != nil || cod.json["status"] != "processing" {
		t.Errorf("an order paid on delivery is %s", cod.text)
	}
	var orders int
	if o.scan(&orders, `SELECT count(*) FROM orders`); orders != 2 {
		t.Errorf("%d orders were made, want 2", orders)
	}
}

// nobody is the status of an address for somebody who is not signed in.
func (p *program) nobody(path string) int {
	p.Helper()
	res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get(p.url + path)
	if err != nil {
		p.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func TestListByAPI(t *testing.T) {
	o := openOffice(t)
	erp := o.erp()
	want := []int64{}
	for n := range 25 {
		want = append(want, o.order(map[string]any{"date_added": time.Now().Add(-time.Duration(n) * time.Hour), "status": []string{"processing", "pending"}[n%2]}))
	}
	foreign := o.order(map[string]any{"store_id": 43})
	var got []int64
	pages := 0
	for path := "/orders?limit=10"; path != ""; pages++ {
		page := erp.get(path).want(t, http.StatusOK, "")
		for _, item := range page.json["items"].([]any) {
			got = append(got, int64(item.(map[string]any)["id"].(float64)))
		}
		next, _ := page.json["next"].(string)
		if next != "" && !strings.Contains(page.header.Get("Link"), "<"+next+`>; rel="next"`) {
			t.Errorf("Link is %q, next is %q", page.header.Get("Link"), next)
		}
		path = strings.TrimPrefix(next, apiBase)
	}
	if !slices.Equal(got, want) || pages != 3 {
		t.Errorf("the pages hold %v in %d pages, want %v in 3", got, pages, want)
	}
	if page := erp.get("/orders?status=pending&limit=50"); len(page.json["items"].([]any)) != 12 {
		t.Errorf("%d orders are pending, want 12", len(page.json["items"].([]any)))
	}
	for path, wrong := range map[string]string{
		"/orders?limit=9": "limit", "/orders?limit=501": "limit", "/orders?status=nope": "status", "/orders?stauts=pending": "stauts", "/orders?added_from=31.1.2026": "added_from",
		"/orders?sort=total": "sort", "/orders?after=xyz": "after", "/orders?store=43": "store", "/orders?limit=10&limit=20": "limit", "/orders?cols=total": "cols",
	} {
		if got := erp.get(path).want(t, http.StatusUnprocessableEntity, "invalid").pointers(); !slices.Equal(got, []string{wrong}) {
			t.Errorf("%s is wrong at %v, want %s", path, got, wrong)
		}
	}
	for _, path := range []string{fmt.Sprintf("/orders/%d", foreign), "/orders/987654321", "/orders/abc", fmt.Sprintf("/orders/%d/payments", foreign)} {
		erp.get(path).want(t, http.StatusNotFound, "not-found")
	}
}

// Every filter of the list can be asked for.
func TestEveryFilterIsInTheAPI(t *testing.T) {
	o := openOffice(t)
	erp := o.erp()
	filter := models.OrderFilter{
		Q: "x", Parts: true, OrderID: "1", PartnerOrderID: "FY1", Customer: "x", Statuses: []string{"pending"}, Events: []string{"REFUND_INITIATED"}, Waiting: "all", Store: 40,
		Gateway: "cod", PaymentMethod: "x", Added: models.DayRange{From: "2026-01-01", To: "2026-02-01"}, Modified: models.DayRange{From: "2026-01-01", To: "2026-02-01"},
		AmountFrom: "1", AmountTo: "2", Sort: models.OrderSort{Column: models.SortModified}, Limit: 20, Deadline: models.EndsIn48h, Reconciled: models.ReconciledNotYet,
	}
	erp.get("/orders?"+filter.Query().Encode()).want(t, http.StatusOK, "")
}
