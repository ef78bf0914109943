package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"github.com/kartify/kartify/models/cast"
)

// TestEveryPaymentStatus has buyers and staff bring payments at PayKeeper into each of its statuses, the way its
// documentation says they come about, and looks for the word in the registry.
func TestEveryPaymentStatus(t *testing.T) {
	w := newWorld(t, "KARTIFY_NOTIFY_NETWORKS=127.0.0.0/8", "KARTIFY_NOTIFY_TRIES=3", "KARTIFY_NOTIFY_STEPS=1s,3s")
	var deaf atomic.Bool
	told := cast.Shop()
	shop := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if deaf.Load() {
			_, _ = fmt.Fprint(rw, "hello") // a 200 with another body
			return
		}
		told.ServeHTTP(rw, r)
	}))
	t.Cleanup(shop.Close)
	if err := cast.Notifications(w.ctx, w.db, "https://lavka.example/payments"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.db.Pool().Exec(w.ctx, `UPDATE notification_settings SET url = $1 WHERE store_id = $2`, shop.URL, cast.Lavka); err != nil {
		t.Fatal(err)
	}
	buy := func(outcome string) int64 {
		order := w.unpaid(cast.Lavka, "paykeeper", "RUB", "RU")
		buyer := w.shopper()
		if outcome != "" {
			buyer.pay(w.link(order), outcome)
			return order
		}
		for buyer.ask(http.MethodGet, w.link(order), nil); buyer.page.Find(`button[name="outcome"]`).Length() == 0; {
			buyer.press("") // to the bank's page, and no further
		}
		return order
	}
	owner := w.signIn("owner@ruosh.example")
	is := func(order int64, status, label string) {
		t.Helper()
		w.eventually(status, `SELECT status FROM payments WHERE order_id = $1 ORDER BY id DESC LIMIT 1`, order)
		row := owner.get(fmt.Sprintf("/sales/payments?status=%s&q=%d", status, order)).page().Find(fmt.Sprintf(`tr[data-payment]:has(a[href="/sales/orders/%d"]), tr[data-payment]`, order)).First()
		if !strings.Contains(row.Text(), label) {
			t.Errorf("order %d is %s, and the registry says %q, not %q", order, status, strings.Join(strings.Fields(row.Text()), " "), label)
		}
	}
	refund := func(order int64, much string, want int) string {
		t.Helper()
		action, form, err := owner.form(order, stand{action: "refunds", much: much})
		if err != nil {
			t.Fatal(err)
		}
		if form.Get("mode") == "full" {
			form.Set("full", "475.00") // as the page has it once the lines have gone back
		}
		r := owner.post(action, form)
		if r.StatusCode != want {
			t.Fatalf("the refund answers %d: %s", r.StatusCode, tail(r.text, 600))
		}
		return r.text
	}

	is(buy(""), "pending", "Awaiting payment")
	is(buy("cancel"), "canceled", "Canceled")
	is(buy("decline"), "failed", "Failed")
	deaf.Store(true)
	stuck := buy("pay")
	is(stuck, "obtained", "Received")
	is(stuck, "stuck", "Completed, not notified")
	deaf.Store(false)
	good := buy("pay")
	is(good, "success", "Completed")
	w.sandbox(http.MethodPut, "/_sandbox/faults", map[string]any{"gateway": "paykeeper", "verb": "refund", "mode": "delay", "delay_ms": 2500, "times": 1}, nil)
	page := owner.get(fmt.Sprintf("/sales/orders/%d", good)).page() // it was paid with a cart
	if ways := page.Find(`form.refund input[name="mode"]`).Map(func(_ int, in *goquery.Selection) string { return in.AttrOr("value", "") }); strings.Join(ways, " ") != "full lines" {
		t.Errorf("a payment with a cart is refunded by %v", ways)
	}
	if said := refund(good, "part 400.00", http.StatusUnprocessableEntity); !strings.Contains(said, "Choose the lines that are returned") {
		t.Errorf("an amount without lines is answered without a word of them: %s", tail(said, 600))
	}
	refund(good, "lines", http.StatusSeeOther)
	is(good, "refunding", "Refunding")
	is(good, "partially_refunded", "Partially refunded")
	refund(good, "full", http.StatusSeeOther)
	is(good, "refunded", "Refunded")
	w.sound(t)

	// The receipt of a payment: its seven values, and its address from the moment its key is known.
	var id int64
	w.scan(&id, `UPDATE payments SET fiscal = '{"fop_receipt_key":"8c3c2a4e-5f0b","fop_uuid":"u-1","fop_fpd":"3512313478","fop_fnd":"35","fop_receipt_number":"7","fop_fn":"9960440300000001","fop_rnkkt":"0000000001011734"}'
		WHERE order_id = $1 RETURNING id`, stuck)
	tab := owner.get(fmt.Sprintf("/sales/payments/%d", id)).page()
	for _, value := range []string{"8c3c2a4e-5f0b", "u-1", "3512313478", "35", "7", "9960440300000001", "0000000001011734"} {
		if !strings.Contains(tab.Find(".fiscal").Text(), value) {
			t.Errorf("the receipt does not show %s: %s", value, tab.Find(".fiscal").Text())
		}
	}
	address, _ := tab.Find(`a[href*="/receipt/"]`).Attr("href")
	if u, err := url.Parse(address); err != nil || u.Path != "/receipt/8c3c2a4e-5f0b/" || u.Host == "" {
		t.Errorf("the receipt is at %q", address)
	}
	if _, err := w.db.Pool().Exec(w.ctx, `UPDATE payments SET fiscal = '{"fop_receipt_key":"8c3c2a4e-5f0b"}' WHERE id = $1`, id); err != nil {
		t.Fatal(err)
	}
	if before, _ := owner.get(fmt.Sprintf("/sales/payments/%d", id)).page().Find(`a[href*="/receipt/"]`).Attr("href"); before != address {
		t.Errorf("before the receipt is made out its address is %q, not %q", before, address)
	}
}
