package sandbox

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// sveaCart is a purchase of 125.00 SEK with 25 % VAT.
func sveaCart(order, push, validation string) string {
	return fmt.Sprintf(`{"CountryCode":"SE","Currency":"SEK","Locale":"sv-SE","ClientOrderNumber":%q,
		"MerchantSettings":{"PushUri":%q,"TermsUri":"http://shop.example/terms","CheckoutUri":"http://shop.example/cart",
		"ConfirmationUri":"http://shop.example/done/{checkout.order.uri}","CheckoutValidationCallBackUri":%q},
		"Cart":{"Items":[{"ArticleNumber":"A1","Name":"Mugg","Quantity":100,"UnitPrice":12500,"VatPercent":2500,"Unit":"st"}]}}`, order, push, validation)
}

// Checkout order → page → the shop's address → an order at Payment Admin, and a push.
func TestSveaHostedPage(t *testing.T) {
	b, s := newBench(t), newShop(t, always(200))
	valid := false
	check := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"Valid":%v}`, valid) }))
	defer check.Close()
	made := b.svea("POST", "/checkout/api/orders", sveaCart("1001-1", s.URL+"/{checkout.order.uri}", check.URL))
	if made.status != 201 || made.text(t, "Status") != "Created" {
		t.Fatalf("checkout answered %d %s", made.status, made.body)
	}
	id := fmt.Sprint(b.box.provider("svea").(*svea).last)
	if again := b.svea("POST", "/checkout/api/orders", sveaCart("1001-1", s.URL, "")); again.status != 200 || !strings.Contains(again.body, `"OrderId":`+id) {
		t.Errorf("the same number answered %d %s", again.status, again.body)
	}
	if !strings.Contains(made.body, `src=\"`+b.url+"/svea/checkout/page/"+id+`\"`) {
		t.Errorf("no page in %s", made.body)
	}
	if got := b.admin("GET", id, "", ""); got.status != 404 {
		t.Errorf("before it is final the order answered %d", got.status)
	}
	doc := b.do("GET", "/svea/checkout/page/"+id, "").read(t)
	if doc.Find("h1").Text() != "125.00 SEK" || doc.Find("a.button").AttrOr("href", "") != "http://shop.example/cart" {
		t.Errorf("the page says %s", doc.Text())
	}
	fields := values(doc.Find("form"))
	press := func(outcome string) answer {
		fields.Set("outcome", outcome)
		return b.do("POST", doc.Find("form").AttrOr("action", ""), fields.Encode(), "Content-Type", form)
	}
	if got := press("decline"); got.status != 200 {
		t.Errorf("declined answered %d", got.status)
	}
	if got := press("pay"); got.status != 409 {
		t.Errorf("a shop that says no is paid: %d", got.status)
	}
	b.effects(id, "payment", 0)
	valid = true
	for range 2 { // a second press makes no second order
		if got := press("pay"); got.status != 303 || got.header.Get("Location") != "http://shop.example/done/"+id {
			t.Errorf("paid leads to %d %s", got.status, got.header.Get("Location"))
		}
	}
	b.effects(id, "payment", 1)
	if e := b.sveaOrder(id); e.Status != "Open" || e.PaymentType != "Invoice" || e.Amount != 12500 || e.MerchantOrderID != "1001-1" {
		t.Errorf("order %s", compact(e))
	}
	if got := b.svea("GET", "/checkout/api/orders/"+id, ""); got.text(t, "Status") != "Final" || got.text(t, "PaymentType") != "INVOICE" {
		t.Errorf("checkout %s", got.body)
	}
	if push := s.wait(t, 1)[0]; len(push.body) != 0 {
		t.Errorf("a push has the body %s", push.body)
	}
	var events []event
	b.control("GET", "/events?payment="+id, nil, &events)
	if len(events) != 1 || events[0].URL != s.URL+"/"+id {
		t.Errorf("pushed %+v", events)
	}
}

func TestSveaCheckoutEnds(t *testing.T) {
	b, s := newBench(t), newShop(t, always(200))
	b.svea("POST", "/checkout/api/orders", sveaCart("1", s.URL, "")).text(t, "Status")
	b.svea("POST", "/checkout/api/orders", sveaCart("2", s.URL, "")).text(t, "Status")
	b.do("POST", "/svea/checkout/page/2300001", "outcome=cancel", "Content-Type", form)
	s.wait(t, 1)
	b.control("POST", "/clock", obj{"advance_seconds": 48 * 3600}, nil)
	s.wait(t, 2)
	for _, id := range []string{"2300001", "2300002"} {
		if got := b.svea("GET", "/checkout/api/orders/"+id, ""); got.text(t, "Status") != "Cancelled" {
			t.Errorf("%s is %s", id, got.body)
		}
	}
	for field, change := range map[string][2]string{
		"PushUri":           {s.URL, ""},
		"ClientOrderNumber": {`"3"`, `"` + strings.Repeat("3", 33) + `"`},
		"Name":              {"Mugg", strings.Repeat("M", 41)},
		"Locale":            {"sv-SE", ""},
	} {
		b.svea("POST", "/checkout/api/orders", strings.Replace(sveaCart("3", s.URL, ""), change[0], change[1], 1)).sveaField(t, field)
	}
	b.control("POST", "/merchants", obj{"gateway": "svea", "key_id": "100001", "webhook_url": s.URL}, nil)
	b.control("POST", "/merchants", obj{"gateway": "svea", "key_id": "100001", "hold_days": 7}, nil)
	held := b.sveaSell("Invoice", "authorized", obj{"created_at": time.Now().AddDate(0, 0, -4).Unix()}) // the clock is two days ahead
	if e := b.sveaOrder(held); e.Status != "Open" || e.Expires == nil {
		t.Errorf("held %s", compact(e))
	}
	b.control("POST", "/clock", obj{"advance_seconds": 25 * 3600}, nil)
	if e := b.sveaOrder(held); e.Status != "Expired" || len(e.Actions) != 0 {
		t.Errorf("not delivered in time: %s", compact(e))
	}
	pending := b.sveaSell("Invoice", "pending")
	var out sent
	b.control("POST", "/webhooks", obj{"gateway": "svea", "event": "CheckoutOrder.PendingStatusReleased", "payment": pending, "times": 2}, &out)
	if len(out.Statuses) != 2 || !strings.Contains(string(s.deliveries()[3].body), `"CheckoutOrderId":`+pending) {
		t.Errorf("by hand %v", out)
	}
	b.control("POST", "/payments/"+pending+"/state", obj{"state": "released"}, nil)
	if e := b.sveaOrder(pending); e.SystemStatus != "Active" || len(e.Actions) != 6 {
		t.Errorf("released %s", compact(e))
	}
}

// What the merchant does in Svea's portal shows in the API.
func TestSveaPortal(t *testing.T) {
	b := newBench(t)
	id := b.sveaSell("Card", "authorized")
	at := "/_sandbox/portal/svea/" + id
	press := func(action, body string, want int) {
		t.Helper()
		if n := b.do("GET", at, "").read(t).Find(`form[action="` + at + "/" + action + `"]`).Length(); n != 1 {
			t.Fatalf("%d buttons %s", n, action)
		}
		if got := b.do("POST", at+"/"+action, body, "Content-Type", form); got.status != want {
			t.Errorf("%s answered %d %s", action, got.status, got.body)
		}
	}
	press("captured", "", 303)
	press("refund", "amount=50", 303)
	press("settled", "", 303)
	press("refund", "amount=200.01", 422)
	press("refund", "amount=100", 303)
	e := b.sveaOrder(id)
	if e.Cancelled != 5000 || e.Deliveries[0].Credited != 10000 || strings.Join(e.Deliveries[0].Actions, " ") != "CanCreditAmount" {
		t.Errorf("order %s", compact(e))
	}
	if got := b.ledger(id, "refund"); len(got) != 2 || got[0].AmountMinor != 5000 || got[1].AmountMinor != 10000 {
		t.Errorf("effects %v", got)
	}
	at = "/_sandbox/portal/svea/" + b.sveaSell("Invoice", "pending")
	press("released", "", 303)
	press("cancelled", "", 303)
	press("push", "", 303)
	if got := b.svea("GET", "/admin/api/v2/reports?date="+b.box.now().Format("2006-01-02")+"&includeWithholding=false", ""); !strings.Contains(got.body, `"totalNrOfRows":3`) || !strings.Contains(got.body, `"sveaPaidAmount":100`) {
		t.Errorf("report %s", got.body)
	}
}
