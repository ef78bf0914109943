package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

func TestOrderPageShowsEverything(t *testing.T) {
	o := openOffice(t)
	order := o.order(map[string]any{"partner_order_id": "FY6A90817263544", "affiliate_order_id": "R-1001"})
	payment := o.payment(order, map[string]any{"ref": "pay_29QQoUBi66xm2f"})
	o.request(order, nil)
	o.insert("order_events", map[string]any{"order_id": order, "store_id": 40, "event": "BAG_PICKED"})
	o.insert("webhooks", map[string]any{"source": "gofynd", "store_id": 40, "order_id": order, "event": "refund_initiated", "body_sha256": []byte("x"), "body": []byte("{}"), "verdict": "verified", "state": "processed", "effect": "Refund request noted."})
	page := o.enter("support").get(fmt.Sprintf("/sales/orders/%d", order))
	if page.status != http.StatusOK {
		t.Fatalf("the page answers %d", page.status)
	}
	facts := []struct{ where, want string }{
		{"h1", fmt.Sprintf("Order #%d", order)},
		{"[data-status=processing]", "Order status: Processing"},
		{"[data-payment-status=success]", "Payment: Completed"},
		{".banner.amber", "Fynd asks for 499.00 INR back, request 16916747740991418099."},
		{".subtitle", "FY6A90817263544"},
		{"#items", "Handloom kurta, indigo, M"},
		{"#totals", "Items 1,270.00 Discount −50.00 Tax 228.70 Shipping 42.50 Tax on shipping 7.80 Total 1,499.00 INR Paid 1,499.00 INR"},
		{"#customer", "meera.nair@mail.example"},
		{"#customer address", "14 Residency Road"},
		{"#customer address", "Opposite the old mill"},
		{"#events tbody tr:nth-child(1)", "REFUND_INITIATED"},
		{"#events tbody tr:nth-child(1)", "Waiting"},
		{"#events tbody tr:nth-child(2)", "BAG_PICKED"},
		{"#webhooks", "Refund request noted."},
		{"#history", "Order created"},
		{fmt.Sprintf("#payment-%d", payment), "pay_29QQoUBi66xm2f"},
		{fmt.Sprintf("#payment-%d", payment), "Visa 4111 11•• •••• 1111"},
		{fmt.Sprintf("#payment-%d a.primary", payment), "Refund Money"},
		{fmt.Sprintf("#refund-%d .will", payment), "Refund 499.00 INR to Meera Nair by Razorpay."},
	}
	for _, fact := range facts {
		if got := text(page.Find(fact.where)); !strings.Contains(got, fact.want) {
			t.Errorf("%s reads %q, want %q in it", fact.where, got, fact.want)
		}
	}
	if page.Find("[hx-trigger='every 2s']").Length() != 0 {
		t.Error("a page with nothing under way asks for news")
	}
}

func TestOrderPageAddresses(t *testing.T) {
	o := openOffice(t)
	other := o.order(map[string]any{"store_id": 43})
	asha := o.enter("support")
	tests := []struct {
		id     string
		status int
		says   string
	}{
		{"abc", http.StatusBadRequest, "“abc” is not an order number"},
		{"99999999999999999999", http.StatusBadRequest, "is not an order number"},
		{"0", http.StatusNotFound, "There is nothing at this address"},
		{"-5", http.StatusNotFound, "There is nothing at this address"},
		{"999999", http.StatusNotFound, "There is nothing at this address"},
		{fmt.Sprint(other), http.StatusNotFound, "There is nothing at this address"}, // another store's
	}
	for _, tt := range tests {
		page := asha.get("/sales/orders/" + tt.id)
		if page.status != tt.status || !strings.Contains(text(page.Find("main")), tt.says) {
			t.Errorf("order %s answers %d %q, want %d %q", tt.id, page.status, text(page.Find("main")), tt.status, tt.says)
		}
	}
	if page := o.enter("owner").get(fmt.Sprintf("/sales/orders/%d", other)); page.status != http.StatusOK {
		t.Errorf("the owner gets %d for the other store's order", page.status)
	}
}

func TestOrderPageLeadsBackToItsList(t *testing.T) {
	o := openOffice(t)
	order := o.order(nil)
	asha := o.enter("support")
	tests := []struct{ back, want string }{
		{"/sales/orders?event=REFUND_INITIATED&status=processing", "/sales/orders?event=REFUND_INITIATED&status=processing"},
		{"/sales/orders", "/sales/orders"},
		{"/sales/orders?status=missing&status=failed&after=abc_1", "/sales/orders?after=abc_1&status=missing&status=failed"},
		{"", "/sales/orders"},
		{"https://evil.example/sales/orders", "/sales/orders"},
		{"//evil.example/sales/orders", "/sales/orders"},
		{"/sales/orders/../../logout", "/sales/orders"},
		{"/sales/ordersevil", "/sales/orders"},
		{`/sales/orders\@evil.example`, "/sales/orders"},
		{"javascript:alert(1)", "/sales/orders"},
	}
	for _, tt := range tests {
		page := asha.get(fmt.Sprintf("/sales/orders/%d?back=%s", order, url.QueryEscape(tt.back)))
		if got := page.Find("a.back").AttrOr("href", ""); got != tt.want {
			t.Errorf("back from %q leads to %q, want %q", tt.back, got, tt.want)
		}
	}
}

func TestOrderWithoutPartnerID(t *testing.T) {
	o := openOffice(t)
	const warning = "No partner order ID: Fynd has not created this order, so no e-mail is triggered for the customer."
	ravi := o.enter("owner")
	for name, tt := range map[string]struct {
		change map[string]any
		warns  bool
	}{
		"of a store with FYND":      {map[string]any{"partner_order_id": nil}, true},
		"with one":                  {nil, false},
		"of a store without FYND":   {map[string]any{"partner_order_id": nil, "store_id": 43}, false},
		"with a name of formulas":   {map[string]any{"customer_name": `=HYPERLINK("https://evil.example")`}, false},
		"with a name of mark-up":    {map[string]any{"customer_name": `<script>alert("kartify")</script>`}, false},
		"missing, with its reasons": {map[string]any{"status": "missing", "status_reason": "debited"}, false},
	} {
		page := ravi.get(fmt.Sprintf("/sales/orders/%d", o.order(tt.change)))
		if got := strings.Contains(text(page.Find(".banner")), warning); got != tt.warns {
			t.Errorf("an order %s: warning %v, want %v", name, got, tt.warns)
		}
		if page.Find("main script").Length() > 0 {
			t.Errorf("an order %s brings a script", name)
		}
	}
}

func TestChangeStatusByHand(t *testing.T) {
	o := openOffice(t)
	asha := o.enter("support")
	tests := []struct {
		name   string
		form   url.Values
		status int
		says   string
		ends   string
	}{
		{"shipped", url.Values{"status": {"shipped"}, "comment": {"Handed to the courier"}}, http.StatusSeeOther, "", "shipped"},
		{"refunded is nobody's to give", url.Values{"status": {"refunded"}}, http.StatusUnprocessableEntity, "press Refund Money instead", "processing"},
		{"partially refunded neither", url.Values{"status": {"partially_refunded"}}, http.StatusUnprocessableEntity, "press Refund Money instead", "processing"},
		{"a word nobody knows", url.Values{"status": {"lost"}}, http.StatusUnprocessableEntity, "Choose one of the statuses", "processing"},
		{"missing without a reason", url.Values{"status": {"missing"}}, http.StatusUnprocessableEntity, "Say why the order is missing", "processing"},
		{"missing, debited", url.Values{"status": {"missing"}, "missing_reason": {"debited"}}, http.StatusSeeOther, "", "missing"},
		{"the same again", url.Values{"status": {"processing"}}, http.StatusUnprocessableEntity, "The order has this status already", "processing"},
		{"the same with a comment is a note", url.Values{"status": {"processing"}, "comment": {"Called the customer"}}, http.StatusSeeOther, "", "processing"},
		{"shown before something happened", url.Values{"status": {"shipped"}, "version": {"77"}}, http.StatusUnprocessableEntity, "This order has changed since the form was shown", "processing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			order := o.order(nil)
			page := asha.post(fmt.Sprintf("/sales/orders/%d/status", order), tt.form)
			if page.status != tt.status {
				t.Errorf("answers %d, want %d", page.status, tt.status)
			}
			dialog := page.Find("#status")
			if tt.says != "" && !strings.Contains(text(dialog), tt.says) {
				t.Errorf("the form says %q, want %q in it", text(dialog), tt.says)
			}
			if _, open := dialog.Attr("open"); tt.says != "" && !open {
				t.Error("the refused form is closed")
			}
			var status string
			o.scan(&status, `SELECT status FROM orders WHERE id = $1`, order)
			if status != tt.ends {
				t.Errorf("the order is %s, want %s", status, tt.ends)
			}
			var entries, audits int
			o.scan(&entries, `SELECT count(*) FROM order_history WHERE order_id = $1 AND actor = 'user' AND actor_name = 'Asha Rao'`, order)
			o.scan(&audits, `SELECT count(*) FROM audit_log WHERE order_id = $1`, order)
			if done := tt.status == http.StatusSeeOther; done != (entries == 1) || done != (audits == 1) {
				t.Errorf("%d lines in the history and %d in the audit log", entries, audits)
			}
		})
	}
	order := o.order(nil)
	if page := o.enter("viewer").post(fmt.Sprintf("/sales/orders/%d/status", order), url.Values{"status": {"shipped"}}); page.status != http.StatusForbidden {
		t.Errorf("a viewer gets %d, want 403", page.status)
	}
	page := asha.get(fmt.Sprintf("/sales/orders/%d", order))
	if got := page.Find("#status select[name=status] option[selected]").AttrOr("value", ""); got != "processing" {
		t.Errorf("the form begins with %q, want the status the order has", got)
	}
	page.Find("#status option").Each(func(_ int, option *goquery.Selection) {
		if strings.Contains(option.AttrOr("value", ""), "refunded") {
			t.Errorf("the form offers %s", text(option))
		}
	})
}
