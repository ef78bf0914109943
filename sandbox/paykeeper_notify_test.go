package sandbox

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// pkShop takes notifications and answers them as kind asks: right, or with bare OK.
func pkShop(t *testing.T, right func(n int64) bool) (*shop, string) {
	s := &shop{}
	var n atomic.Int64
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.got = append(s.got, delivery{r.Header, body})
		s.mu.Unlock()
		form, _ := url.ParseQuery(string(body))
		if right(n.Add(1)) && form.Get("key") == notificationKey(form, "MySecretSeed") {
			_, _ = io.WriteString(w, "OK "+hexMD5(form.Get("id"), "MySecretSeed"))
			return
		}
		_, _ = io.WriteString(w, "OK")
	}))
	t.Cleanup(s.Close)
	return s, s.URL
}

func (d delivery) form(t *testing.T) url.Values {
	t.Helper()
	v, err := url.ParseQuery(string(d.body))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestPaykeeperNotifiesUntilTheRightAnswer(t *testing.T) {
	b := newBench(t)
	s, to := pkShop(t, func(n int64) bool { return n >= 3 })
	b.control("POST", "/merchants", obj{"gateway": "paykeeper", "webhook_url": to, "options": obj{"notify_every_ms": "1"}}, nil)
	id := b.pkPay("pending", obj{"email": "ivan@lavka.example", "hold": true})
	b.control("POST", "/payments/"+id+"/state", obj{"state": "obtained", "webhook": true}, nil)
	got := s.wait(t, 3)[2].form(t)
	for name, want := range map[string]string{
		"id": id, "sum": "1000.00", "clientid": "Иванов Иван", "orderid": "1009", "ps_id": "30",
		"client_email": "ivan@lavka.example", "batch_date": b.pkGet("/info/params/byid/?id="+id).text(t, "batch_date"),
	} {
		if got.Get(name) != want || want == "" {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want)
		}
	}
	eventually(t, "it is a success", func() bool { return b.pkRow(id).Status == "success" })
	if row := b.pkRow(id); row.RepeatCounter != "3" || row.SuccessDatetime == nil {
		t.Errorf("row %+v", row)
	}
}

func TestPaykeeperGetsStuckAndStartsAgain(t *testing.T) {
	b := newBench(t)
	var good atomic.Bool
	s, to := pkShop(t, func(int64) bool { return good.Load() })
	b.control("POST", "/merchants", obj{"gateway": "paykeeper", "webhook_url": to, "options": obj{"notify_every_ms": "1", "notify_attempts": "4"}}, nil)
	id := b.pkPay("obtained", obj{"webhook": true})
	eventually(t, "it is stuck", func() bool { return b.pkRow(id).Status == "stuck" })
	if n := len(s.deliveries()); n != 4 {
		t.Errorf("%d attempts", n)
	}
	good.Store(true)
	if got := b.pkPost("/change/payment/repeatcnt/", "id", id); got.body != `[{"result":"success"}]` {
		t.Errorf("repeatcnt answered %s", got.body)
	}
	eventually(t, "it is a success", func() bool { r := b.pkRow(id); return r.Status == "success" && r.RepeatCounter == "1" })
	b.pkPost("/change/payment/repeatcnt/", "id", b.pkPay("failed")).fails(t, "Оповещение невозможно: платёж не совершён.")
}

func TestPaykeeperWithoutAnAddressSendsMail(t *testing.T) {
	b := newBench(t)
	id := b.pkPay("obtained", obj{"webhook": true})
	eventually(t, "the mail is taken", func() bool { return b.pkRow(id).Status == "success" })
}

func TestPaykeeperForgeries(t *testing.T) {
	b := newBench(t)
	s, to := pkShop(t, func(int64) bool { return true })
	id := b.pkPay("success")
	forged := func(how string) url.Values {
		t.Helper()
		n := len(s.deliveries())
		var out sent
		b.control("POST", "/webhooks", obj{"gateway": "paykeeper", "event": "notification", "payment": id, "to": to, "forge": how}, &out)
		return s.deliveries()[n].form(t)
	}
	signed := func(f url.Values) bool { return f.Get("key") == notificationKey(f, "MySecretSeed") }
	tests := []struct {
		forge  string
		signed bool
		field  string
		want   string
	}{
		{"", true, "sum", "1000.00"},
		{"signature", false, "sum", "1000.00"},
		{"missing", false, "key", ""},
		{"field_shift", true, "orderid", "009"},
		{"field_shift_sum", true, "sum", "000.00"},
		{"altered_sum", false, "sum", "1.00"},
		{"wrong_amount", true, "sum", "1.00"},
		{"short_sum", false, "sum", "1000"},
		{"empty_order", true, "orderid", ""},
		{"extra_field", true, "something_new", "1"},
		{"minimal", true, "clientid", ""},
	}
	for _, tt := range tests {
		if f := forged(tt.forge); signed(f) != tt.signed || f.Get(tt.field) != tt.want {
			t.Errorf("%q: %v", tt.forge, f)
		}
	}
	if f := forged("upper_key"); signed(f) || strings.ToLower(f.Get("key")) != notificationKey(f, "MySecretSeed") {
		t.Errorf("upper_key: %v", f)
	}
	var out sent
	b.control("POST", "/webhooks", obj{"gateway": "paykeeper", "event": "notification", "payment": id, "to": to, "times": 5}, &out)
	if len(out.Deliveries) != 5 || out.Deliveries[4].Answer != "OK "+hexMD5(id, "MySecretSeed") {
		t.Errorf("five times: %+v", out)
	}
}

func TestPaykeeperBillIsPaidByHand(t *testing.T) {
	b := newBench(t)
	s, to := pkShop(t, func(int64) bool { return true })
	b.control("POST", "/merchants", obj{"gateway": "paykeeper", "webhook_url": to}, nil)
	service := string(compact(obj{
		"service_name": "Заказ 1009", "user_result_callback": "http://shop.example/back?o=1009",
		"cart": `[{"name":"Чай","price":199.5,"quantity":1,"sum":199.5,"tax":"vat22"}]`,
	}))
	made := b.pkPost("/change/invoice/preview/", "pay_amount", "199.50", "clientid", "Иванов Иван", "orderid", "1009", "service_name", service)
	invoice, link := made.text(t, "invoice_id"), made.text(t, "invoice_url")
	if len(invoice) != 17 || link != b.url+"/paykeeper/bill/"+invoice+"/" {
		t.Fatalf("invoice %s", made.body)
	}
	bill := strings.TrimPrefix(link, b.url)
	if doc := b.do("GET", bill, "").read(t); doc.Find("h1").Text() != "199.50 RUB" || !strings.Contains(doc.Text(), "Заказ 1009") {
		t.Errorf("bill %s", doc.Text())
	}
	attempt := func(outcome string) (id string, got answer) {
		bank := b.do("POST", bill, "").header.Get("Location")
		doc := b.do("GET", bank, "").read(t)
		fields := values(doc.Find("form"))
		fields.Set("outcome", outcome)
		return doc.Find(".id").Text(), b.do("POST", bank, fields.Encode(), "Content-Type", form)
	}
	closed, _ := attempt("close")
	declined, got := attempt("decline")
	if got.status != 303 || got.header.Get("Location") != "http://shop.example/back?o=1009" {
		t.Errorf("a decline answered %d", got.status)
	}
	canceled, _ := attempt("cancel")
	paid, got := attempt("pay")
	if got.status != 303 {
		t.Errorf("a payment answered %d", got.status)
	}
	if f := s.wait(t, 1)[0].form(t); f.Get("id") != paid || f.Get("fop_receipt_key") == "" {
		t.Errorf("notified %v", f)
	}
	for id, want := range map[string]string{closed: "pending", declined: "failed", canceled: "canceled"} {
		if got := b.pkRow(id).Status; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		b.effects(id, "payment", 0)
	}
	eventually(t, "it is a success", func() bool { return b.pkRow(paid).Status == "success" })
	if got := b.pkGet("/info/invoice/byid/?id=" + invoice); got.text(t, "status") != "paid" || got.text(t, "paymentid") != paid {
		t.Errorf("invoice %s", got.body)
	}
	if got := b.do("POST", bill, ""); !strings.Contains(got.body, "It is paid.") {
		t.Errorf("a paid bill answered %s", got.body)
	}
	if got := b.do("GET", "/paykeeper/bank/"+closed+"/?key=guess", ""); got.status != 404 {
		t.Errorf("a guessed key answered %d", got.status)
	}
}

func TestPaykeeperFormIsSigned(t *testing.T) {
	b := newBench(t)
	fields := url.Values{
		"sum": {"1234.5"}, "clientid": {"Иванов Иван"}, "orderid": {"ORD-1001"}, "service_name": {"Оплата заказа"},
		"client_email": {"a@b.ru"}, "client_phone": {"+79101234567"}, "pstype": {"sbp_default"},
		"sign": {"f4a22cf0d99610c8f8002e419fbbd9d8b9352fcf2c0911b7b563f9c00fd58588"},
	}
	got := b.do("POST", "/paykeeper/create/", fields.Encode(), "Content-Type", form)
	if got.status != 303 || !strings.HasPrefix(got.header.Get("Location"), "/paykeeper/bank/") {
		t.Fatalf("answered %d %s", got.status, got.body)
	}
	if doc := b.do("GET", got.header.Get("Location"), "").read(t); doc.Find("h1").Text() != "1234.50 RUB" {
		t.Errorf("bank's page %s", doc.Text())
	}
	fields.Set("sum", "1.00")
	if got := b.do("POST", "/paykeeper/create/", fields.Encode(), "Content-Type", form); got.status != 403 {
		t.Errorf("another sum answered %d", got.status)
	}
}

func TestPaykeeperPortal(t *testing.T) {
	b := newBench(t)
	id := b.pkPay("success")
	at := "/_sandbox/portal/paykeeper/" + id
	if got := b.do("POST", at+"/refund", "amount=250.50", "Content-Type", form); got.status != 303 {
		t.Errorf("a refund answered %d %s", got.status, got.body)
	}
	if got := b.pkRefunds(id); len(got) != 1 || got[0].User != "cabinet" || got[0].Amount != "250.50" {
		t.Errorf("refunds %+v", got)
	}
	process := b.do("GET", at, "").read(t).Find(`form[action$="/process"]`)
	b.do("POST", process.AttrOr("action", "none"), values(process).Encode(), "Content-Type", form)
	if got := b.pkRow(id); got.Status != "partially_refunded" {
		t.Errorf("processed, it is %s", got.Status)
	}
	held := b.pkPay("success", obj{"hold": true})
	b.do("POST", "/_sandbox/portal/paykeeper/"+held+"/capture", "")
	b.effects(held, "capture", 1)
}
