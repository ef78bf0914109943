package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestPaymentLinkOfAnOrder(t *testing.T) {
	o := openOffice(t)
	o.settings()
	order := o.order(map[string]any{"status": "pending"})
	page, links := fmt.Sprintf("/sales/orders/%d", order), fmt.Sprintf("/sales/orders/%d/payment-links", order)
	asha, vera := o.enter("support"), o.enter("viewer")
	if got := vera.get(page).Find("#payment-link").Length(); got != 0 {
		t.Error("who may not make a link is offered one")
	}
	if got := vera.post(links, url.Values{}).status; got != http.StatusForbidden {
		t.Errorf("a viewer makes a link with %d", got)
	}
	if got := text(asha.get(page).Find("#payment-link button")); got != "Make a payment link" {
		t.Fatalf("the button reads %q", got)
	}
	for range 2 { // a second press shows the same link
		if made := asha.post(links, url.Values{}); made.status != http.StatusSeeOther || !strings.HasSuffix(made.header.Get("Location"), "#payment-link") {
			t.Fatalf("making a link answers %d %q", made.status, text(made.Find("[role=alert]")))
		}
	}
	kolkata, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	shown := asha.get(page)
	link := text(shown.Find("#payment-link code"))
	if !strings.HasPrefix(link, o.url+"/pay/") || !strings.Contains(text(shown.Find("#payment-link")), "Made by Asha Rao. The buyer can pay with it until "+time.Now().AddDate(0, 0, 14).In(kolkata).Format("2 Jan")) {
		t.Errorf("the panel reads %q", text(shown.Find("#payment-link")))
	}
	if seen := vera.get(page); strings.Contains(seen.html, "/pay/") || !strings.Contains(text(seen.Find("#payment-link")), "Made by Asha Rao") || seen.Find("#payment-link form").Length() > 0 {
		t.Errorf("a viewer sees %q", text(seen.Find("#payment-link")))
	}
	buyer := &person{office: o, http: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if went := buyer.get(strings.TrimPrefix(link, o.url)); went.status != http.StatusSeeOther {
		t.Fatalf("the link answers %d: %s", went.status, text(went.Find("main")))
	}
	attempts := text(asha.get(page).Find("#payment-link dl"))
	if !strings.Contains(attempts, fmt.Sprintf("%d-1", order)) || !strings.Contains(attempts, "Awaiting payment") || !strings.Contains(attempts, "Razorpay, the buyer went to pay") {
		t.Errorf("the attempts read %q", attempts)
	}
	if gone := asha.post(links+"/revoke", url.Values{}); gone.status != http.StatusSeeOther {
		t.Fatalf("revoking answers %d", gone.status)
	}
	if got := text(asha.get(page).Find("#payment-link button")); got != "Make a payment link" {
		t.Errorf("after that the button reads %q", got)
	}
	var audited string
	o.scan(&audited, `SELECT string_agg(action, ' ' ORDER BY seq) FROM audit_log WHERE action LIKE 'payment_link.%'`)
	if audited != "payment_link.created payment_link.revoked" {
		t.Errorf("the audit says %q", audited)
	}
}

func TestPaymentLinkIsRefused(t *testing.T) {
	o := openOffice(t)
	asha := o.enter("support")
	post := func(order int64) answer {
		return asha.post(fmt.Sprintf("/sales/orders/%d/payment-links", order), url.Values{})
	}
	o.exec(`DELETE FROM gateway_settings`)
	poor := post(o.order(map[string]any{"status": "pending"}))
	if got := text(poor.Find("#payment-link [role=alert]")); poor.status != http.StatusUnprocessableEntity || !strings.Contains(got, "No payment gateway of Ruosh can begin a payment.") {
		t.Errorf("without a gateway it answers %d %q", poor.status, got)
	}
	o.settings()
	paid := o.order(nil)
	o.payment(paid, nil)
	if got := post(paid); got.status != http.StatusConflict && got.status != http.StatusUnprocessableEntity {
		t.Errorf("a paid order answers %d", got.status)
	}
	if got := asha.get(fmt.Sprintf("/sales/orders/%d", paid)).Find("#payment-link").Length(); got != 0 {
		t.Error("a paid order offers a link")
	}
	foreign := o.order(map[string]any{"store_id": 43, "status": "pending"})
	if got := post(foreign).status; got != http.StatusNotFound {
		t.Errorf("an order of another store answers %d", got)
	}
}

// TestDebitedBuyerGetsNoLink shows the same words where a link was and to whoever asks for one.
func TestDebitedBuyerGetsNoLink(t *testing.T) {
	o := openOffice(t)
	o.settings()
	order := o.order(map[string]any{"status": "pending"})
	page, links := fmt.Sprintf("/sales/orders/%d", order), fmt.Sprintf("/sales/orders/%d/payment-links", order)
	asha := o.enter("support")
	asha.post(links, url.Values{})
	link := text(asha.get(page).Find("#payment-link code"))
	if link == "" {
		t.Fatal("no link was made")
	}
	buyer := &person{office: o, http: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	buyer.get(strings.TrimPrefix(link, o.url)) // an attempt keeps the panel on the page
	o.exec(`UPDATE orders SET status = 'missing', status_reason = 'debited' WHERE id = $1`, order)
	const want = "The buyer was debited for this order. Confirm the payment or give the money back before anybody pays again."
	if got := text(asha.get(page).Find("#payment-link")); !strings.Contains(got, want) {
		t.Errorf("the panel reads %q", got)
	}
	if refused := asha.post(links, url.Values{}); refused.status != http.StatusUnprocessableEntity || !strings.Contains(refused.html, want) {
		t.Errorf("asking for a link answers %d %q", refused.status, text(refused.Find("[role=alert]")))
	}
}
