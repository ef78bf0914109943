package sandbox

import (
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// read is a page as a tree, or the test ends.
func (a answer) read(t *testing.T) *goquery.Document {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// values are the fields of a form.
func values(form *goquery.Selection) url.Values {
	v := url.Values{}
	form.Find("input").Each(func(_ int, in *goquery.Selection) {
		if kind, _ := in.Attr("type"); kind == "radio" {
			if _, checked := in.Attr("checked"); !checked {
				return
			}
		}
		v.Set(in.AttrOr("name", ""), in.AttrOr("value", ""))
	})
	return v
}

const form = "application/x-www-form-urlencoded"

func TestPayPage(t *testing.T) {
	b, s := newBench(t), newShop(t, always(200))
	b.connect(s)
	order := b.rzp("POST", "/orders", `{"amount":149900,"currency":"INR","receipt":"KF-9"}`).text(t, "id")
	start := url.Values{
		"key_id": {defaultRazorpay.KeyID}, "order_id": {order}, "amount": {"149900"},
		"callback_url": {"http://shop.example/back?a=1&b=2"}, "cancel_url": {"http://shop.example/cart"},
	}
	open := b.do("POST", "/razorpay/v1/checkout/embedded", start.Encode(), "Content-Type", form)
	doc := open.read(t)
	if open.status != 200 || doc.Find("h1").Text() != "1499.00 INR" || !strings.Contains(doc.Text(), "Order KF-9") {
		t.Fatalf("pay page %d %s", open.status, open.body)
	}
	if close := doc.Find("a.button").AttrOr("href", ""); close != "http://shop.example/cart" {
		t.Errorf("Close leads to %q", close)
	}

	fields := values(doc.Find("form"))
	fields.Set("outcome", "fail")
	failed := b.do("POST", "/razorpay/v1/checkout/embedded/pay", fields.Encode(), "Content-Type", form).read(t)
	if got := values(failed.Find("form")); got.Get("error[reason]") != "payment_failed" || got.Get("razorpay_payment_id") != "" {
		t.Errorf("a failure gives the shop %v", got)
	}

	fields.Set("outcome", "pay")
	paid := b.do("POST", "/razorpay/v1/checkout/embedded/pay", fields.Encode(), "Content-Type", form).read(t)
	got := values(paid.Find("form"))
	if action := paid.Find("form").AttrOr("action", ""); action != "http://shop.example/back?a=1&b=2" {
		t.Errorf("the shop is at %q", action)
	}
	id := got.Get("razorpay_payment_id")
	if got.Get("razorpay_order_id") != order || got.Get("razorpay_signature") != hexHMAC("kartify_test_secret_0001", []byte(order+"|"+id)) {
		t.Errorf("a payment gives the shop %v", got)
	}
	b.effects(id, "capture", 1)
	want := "order.paid payment.authorized payment.captured payment.failed"
	if got := strings.Join(names(t, s.wait(t, 4)), " "); got != want {
		t.Errorf("webhooks %s", got)
	}

	again := b.do("GET", "/v1/checkout/embedded?"+start.Encode(), "")
	if again.status != 400 || !strings.Contains(again.body, "Payment already done for this order.") {
		t.Errorf("a paid order answered %d", again.status)
	}
}

func TestPayPageRefuses(t *testing.T) {
	b := newBench(t)
	order := b.rzp("POST", "/orders", `{"amount":149900,"currency":"INR"}`).text(t, "id")
	good := url.Values{"key_id": {defaultRazorpay.KeyID}, "order_id": {order}}
	for name, value := range map[string]string{
		"key_id": "rzp_test_none", "order_id": "order_00000000000000", "amount": "1", "callback_url": "javascript:alert(1)", "cancel_url": "//x",
	} {
		bad := url.Values{}
		for n, v := range good {
			bad[n] = v
		}
		bad.Set(name, value)
		if got := b.do("GET", "/v1/checkout/embedded?"+bad.Encode(), ""); got.status != 400 {
			t.Errorf("%s=%s answered %d", name, value, got.status)
		}
	}
	hostile := url.Values{"name": {`<script>alert(1)</script>`}, "key_id": good["key_id"], "order_id": good["order_id"]}
	if got := b.do("GET", "/v1/checkout/embedded?"+hostile.Encode(), ""); strings.Contains(got.body, "<script>alert") {
		t.Error("a shop's name is run as a script")
	}
}

func TestPortal(t *testing.T) {
	b, s := newBench(t), newShop(t, always(200))
	b.connect(s)
	id := b.pay("captured", obj{"name": "Asha Rao"})
	at := "/_sandbox/portal/razorpay/" + id
	if list := b.do("GET", "/_sandbox/portal/razorpay", "").read(t); list.Find("tbody a").Text() != id {
		t.Errorf("the list shows %q", list.Find("tbody a").Text())
	}
	if got := b.do("POST", at+"/refund", "amount=2000", "Content-Type", form); got.status != 422 || !strings.Contains(got.read(t).Find(".problem").Text(), "1000.00 INR are left") {
		t.Errorf("too much answered %d %s", got.status, got.body)
	}
	if got := b.do("POST", at+"/refund", "amount=250.50", "Content-Type", form); got.status != 303 || got.header.Get("Location") != at {
		t.Errorf("a refund answered %d", got.status)
	}
	b.effects(id, "refund", 1)
	s.wait(t, 1)
	doc := b.do("GET", at, "").read(t)
	for _, want := range []string{"Asha Rao", "250.50 INR", "pending", "refund.created"} {
		if !strings.Contains(doc.Text(), want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	process := doc.Find(`form[action$="/process"]`)
	if got := b.do("POST", process.AttrOr("action", "none"), values(process).Encode(), "Content-Type", form); got.status != 303 {
		t.Errorf("processing answered %d", got.status)
	}
	s.wait(t, 2)
	resend := doc.Find(`form[action$="/resend"]`)
	b.do("POST", resend.AttrOr("action", "none"), values(resend).Encode(), "Content-Type", form)
	got := s.wait(t, 3)
	if string(got[2].body) != string(got[0].body) {
		t.Errorf("resent %s", got[2].body)
	}
	if got := b.do("GET", "/_sandbox/portal/razorpay/pay_none", ""); got.status != 404 {
		t.Errorf("an unknown payment answered %d", got.status)
	}
}

func TestIndex(t *testing.T) {
	b := newBench(t)
	b.fault("refund", modeDelay, obj{"delay_ms": 5})
	id := b.pay("captured")
	doc := b.do("GET", "/_sandbox/", "").read(t)
	for _, want := range []string{"razorpay", "fynd", "delay", id, "1000.00 INR"} {
		if !strings.Contains(doc.Text(), want) {
			t.Errorf("the index does not show %q", want)
		}
	}
	b.do("POST", "/_sandbox/faults/clear", "")
	if got := b.do("GET", "/_sandbox/faults", ""); strings.TrimSpace(got.body) != "[]" {
		t.Errorf("faults left: %s", got.body)
	}
	for path, want := range map[string]int{"/healthz": 200, "/_sandbox/pages/style.css": 200, "/_sandbox/nothing": 404, "/": 303} {
		if got := b.do("GET", path, ""); got.status != want {
			t.Errorf("%s answered %d, want %d", path, got.status, want)
		}
	}
}
