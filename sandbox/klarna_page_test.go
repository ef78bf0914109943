package sandbox

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// klarnaCart is a purchase of 99.00 SEK with 25 % VAT.
func klarnaCart(push string) string {
	return fmt.Sprintf(`{"purchase_country":"SE","purchase_currency":"SEK","locale":"sv-SE","order_amount":9900,"order_tax_amount":1980,
		"order_lines":[{"type":"physical","reference":"A1","name":"Mugg","quantity":1,"unit_price":9900,"tax_rate":2500,"total_amount":9900,"total_tax_amount":1980}],
		"merchant_urls":{"terms":"http://shop.example/terms","checkout":"http://shop.example/cart","confirmation":"http://shop.example/done?o={checkout.order.id}","push":%q},
		"merchant_reference1":"1001-1"}`, push)
}

// Checkout order → hosted page → the shop's address → an order with a push.
func TestKlarnaHostedPage(t *testing.T) {
	b, s := newBench(t), newShop(t, always(200))
	made := b.klarna("POST", "/checkout/v3/orders", klarnaCart(s.URL+"/push/{checkout.order.id}"))
	id := made.text(t, "order_id")
	if made.status != 201 || made.text(t, "status") != "checkout_incomplete" || !strings.Contains(made.text(t, "html_snippet"), b.url+"/klarna/pay/"+id) {
		t.Fatalf("checkout answered %d %s", made.status, made.body)
	}
	b.om("GET", id, "", "").klarnaSays(t, 404, "NO_SUCH_ORDER", "Order "+id+" cannot be found")
	session := b.klarna("POST", "/hpp/v1/sessions", fmt.Sprintf(`{"payment_session_url":%q,"merchant_urls":{
		"success":"http://shop.example/paid?o={{order_id}}&s={{session_id}}","cancel":"http://shop.example/cancelled","failure":"http://shop.example/failed"}}`,
		b.url+"/klarna/checkout/v3/orders/"+id))
	if session.status != 201 || !strings.HasPrefix(session.text(t, "redirect_url"), b.url+"/klarna/pay/") {
		t.Fatalf("session answered %d %s", session.status, session.body)
	}
	at := strings.TrimPrefix(session.text(t, "redirect_url"), b.url)
	doc := b.do("GET", at, "").read(t)
	if doc.Find("h1").Text() != "99.00 SEK" || !strings.Contains(doc.Text(), "1001-1") || doc.Find("a.button").AttrOr("href", "") != "http://shop.example/cancelled" {
		t.Errorf("the page says %s", doc.Text())
	}
	fields := values(doc.Find("form"))
	press := func(outcome string) string {
		fields.Set("outcome", outcome)
		got := b.do("POST", doc.Find("form").AttrOr("action", ""), fields.Encode(), "Content-Type", form)
		if got.status != 303 {
			t.Errorf("%s answered %d %s", outcome, got.status, got.body)
		}
		return got.header.Get("Location")
	}
	if to := press("decline"); to != "http://shop.example/failed" {
		t.Errorf("declined leads to %s", to)
	}
	want := "http://shop.example/paid?o=" + id + "&s=" + session.text(t, "session_id")
	for range 2 { // a second press makes no second order
		if to := press("pay"); to != want {
			t.Errorf("paid leads to %s", to)
		}
	}
	b.effects(id, "payment", 1)
	if e := b.klarnaOrder(id); e.Status != "AUTHORIZED" || e.Amount != 9900 || e.Reference1 != "1001-1" || e.Lines[0].Reference != "A1" {
		t.Errorf("order %s", compact(e))
	}
	if got := b.klarna("GET", "/hpp/v1/sessions/"+session.text(t, "session_id"), ""); got.text(t, "status") != "COMPLETED" || got.text(t, "order_id") != id {
		t.Errorf("session %s", got.body)
	}
	b.klarna("POST", "/checkout/v3/orders/"+id, `{}`).klarnaSays(t, 403, "READ_ONLY_ORDER", "Order is read only")
	if push := s.wait(t, 1)[0]; len(push.body) != 0 {
		t.Errorf("a push has the body %s", push.body)
	}
}

func TestKlarnaCheckoutRefuses(t *testing.T) {
	b := newBench(t)
	good := klarnaCart("http://shop.example/push")
	for field, change := range map[string][2]string{
		"total_amount":           {`"total_amount":9900`, `"total_amount":9901`},
		"total_tax_amount":       {`"total_tax_amount":1980`, `"total_tax_amount":1990`},
		"order_amount":           {`"order_amount":9900`, `"order_amount":9800`},
		"order_tax_amount":       {`"order_tax_amount":1980`, `"order_tax_amount":0`},
		"merchant_urls.push":     {`"push":`, `"posh":`},
		"purchase_currency":      {`"SEK"`, `"SE"`},
		"merchant_urls.checkout": {`http://shop.example/cart`, `javascript:x`},
		"name":                   {`"Mugg"`, `""`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		b.klarna("POST", "/checkout/v3/orders", bad).klarnaSays(t, 400, "BAD_VALUE", "Bad value: "+field)
	}
	if got := b.klarna("POST", "/checkout/v3/orders", strings.Replace(good, `"total_tax_amount":1980`, `"total_tax_amount":1981`, 1)); got.status != 400 || !strings.Contains(got.body, "order_tax_amount") {
		t.Errorf("one off in a line is taken, in the sum it is not: %d %s", got.status, got.body)
	}
	id := b.klarna("POST", "/checkout/v3/orders", good).text(t, "order_id")
	b.control("POST", "/clock", obj{"advance_seconds": 48*3600 + 1}, nil)
	b.klarna("GET", "/checkout/v3/orders/"+id, "").klarnaSays(t, 404, "NO_SUCH_ORDER", "Order "+id+" cannot be found")
}

// Payments: session → hosted page → order, placed by the page or with the buyer's authorization.
func TestKlarnaPayments(t *testing.T) {
	b := newBench(t)
	for _, mode := range []string{"PLACE_ORDER", "CAPTURE_ORDER", "NONE"} {
		session := b.klarna("POST", "/payments/v1/sessions", klarnaCart("http://127.0.0.1:1/push"))
		hosted := b.klarna("POST", "/hpp/v1/sessions", fmt.Sprintf(`{"payment_session_url":%q,"options":{"place_order_mode":%q},"merchant_urls":{
			"success":"http://shop.example/paid?o={{order_id}}&t={{authorization_token}}"}}`,
			b.url+"/klarna/payments/v1/sessions/"+session.text(t, "session_id"), mode))
		at := strings.TrimPrefix(hosted.text(t, "redirect_url"), b.url)
		paid := b.do("POST", at, "method=CARD&outcome=pay", "Content-Type", form)
		back, err := url.Parse(paid.header.Get("Location"))
		if err != nil || paid.status != 303 {
			t.Fatalf("%s answered %d %s", mode, paid.status, paid.body)
		}
		id, want := back.Query().Get("o"), map[string]string{"PLACE_ORDER": "AUTHORIZED", "CAPTURE_ORDER": "CAPTURED", "NONE": "CAPTURED"}[mode]
		if token := back.Query().Get("t"); mode == "NONE" {
			cart := strings.Replace(klarnaCart("http://127.0.0.1:1/push"), `{`, `{"auto_capture":true,`, 1)
			placed := b.klarna("POST", "/payments/v1/authorizations/"+token+"/order", cart)
			id = placed.text(t, "order_id")
			b.klarna("POST", "/payments/v1/authorizations/"+token+"/order", cart).klarnaSays(t, 404, "NOT_FOUND", "Invalid authorization token")
		}
		if e := b.klarnaOrder(id); e.Status != want || e.Method.Type != "CARD" {
			t.Errorf("%s made %s", mode, compact(e))
		}
	}
}

// A push comes again after 5, 15, 30 and 60 minutes, until the order is acknowledged.
func TestKlarnaPushes(t *testing.T) {
	b, s := newBench(t), newShop(t, always(200))
	b.control("POST", "/merchants", obj{"gateway": "klarna", "key_id": defaultKlarna.KeyID, "webhook_url": s.URL + "/{checkout.order.id}"}, nil)
	id := b.klarnaSell("authorized", obj{"webhook": true})
	s.wait(t, 1)
	b.control("POST", "/clock", obj{"advance_seconds": 16 * 60}, nil)
	s.wait(t, 3)
	if got := b.om("POST", id, "/acknowledge", ""); got.status != 204 {
		t.Errorf("acknowledging answered %d", got.status)
	}
	b.control("POST", "/clock", obj{"advance_seconds": 48 * 3600}, nil)
	time.Sleep(20 * time.Millisecond)
	if got := s.deliveries(); len(got) != 3 {
		t.Errorf("%d pushes", len(got))
	}
	var events []event
	b.control("GET", "/events?payment="+id, nil, &events)
	if events[0].URL != s.URL+"/"+id || len(events[0].Tries) != 1 {
		t.Errorf("pushed to %+v", events[0])
	}

	silent := b.klarnaSell("authorized")
	var out sent
	b.control("POST", "/webhooks", obj{"gateway": "klarna", "event": "push", "payment": silent, "times": 2}, &out)
	b.control("POST", "/webhooks", obj{"gateway": "klarna", "event": "push", "payment": "11111111-2222-4333-8444-555555555555"}, &out)
	if len(out.Statuses) != 1 || out.Statuses[0] != 200 || len(s.deliveries()) != 6 {
		t.Errorf("by hand: %v, %d in all", out.Statuses, len(s.deliveries()))
	}
}

// A suspicious order: the decision is told until the shop answers 200.
func TestKlarnaFraud(t *testing.T) {
	b, s := newBench(t), newShop(t, func(n int) int { return []int{500, 200}[min(n, 1)] })
	b.control("POST", "/merchants", obj{"gateway": "klarna", "key_id": defaultKlarna.KeyID, "webhook_url": s.URL}, nil)
	id := b.klarnaSell("authorized", obj{"fraud_status": "PENDING"})
	b.om("POST", id, "/captures", `{"captured_amount":1}`).klarnaSays(t, 403, "CAPTURE_NOT_ALLOWED", "Capture not allowed")
	b.control("POST", "/payments/"+id+"/state", obj{"state": "accepted", "webhook": true}, nil)
	if got := string(s.wait(t, 1)[0].body); got != `{"event_type":"FRAUD_RISK_ACCEPTED","order_id":"`+id+`"}` {
		t.Errorf("told %s", got)
	}
	b.control("POST", "/clock", obj{"advance_seconds": 601}, nil)
	s.wait(t, 2)
	eventually(t, "the answer is noted", func() bool {
		var events []event
		b.control("GET", "/events?payment="+id, nil, &events)
		return len(events) == 2 && len(events[1].Tries) == 1
	})
	b.control("POST", "/clock", obj{"advance_seconds": 3600}, nil)
	time.Sleep(20 * time.Millisecond)
	if got := len(s.deliveries()); got != 2 {
		t.Errorf("told %d times", got)
	}
	if got := b.om("POST", id, "/captures", `{"captured_amount":1}`); got.status != 201 {
		t.Errorf("capture of an accepted order: %d %s", got.status, got.body)
	}
	rejected := b.klarnaSell("authorized", obj{"fraud_status": "PENDING"})
	b.control("POST", "/payments/"+rejected+"/state", obj{"state": "rejected"}, nil)
	b.control("POST", "/clock", obj{"advance_seconds": 4*3600 + 1}, nil)
	if e := b.klarnaOrder(rejected); e.Status != "CANCELLED" || e.Fraud != "REJECTED" {
		t.Errorf("rejected and not taken in four hours: %s", compact(e))
	}
}
