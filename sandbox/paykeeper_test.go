package sandbox

import (
	"encoding/json"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"
)

const lavkaBasic = "Basic bGF2a2E6c2FuZGJveC1wYXNzd29yZA=="

// pkGet reads from PayKeeper as the default merchant.
func (b *bench) pkGet(path string) answer {
	b.t.Helper()
	return b.do("GET", "/paykeeper"+path, "", "Authorization", lavkaBasic)
}

// pkPost changes something with today's token; fields are pairs of name and value.
func (b *bench) pkPost(path string, fields ...string) answer {
	b.t.Helper()
	values := url.Values{"token": {b.pkGet("/info/settings/token/").text(b.t, "token")}}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	return b.do("POST", "/paykeeper"+path, values.Encode(), "Authorization", lavkaBasic, "Content-Type", form)
}

// pkPay makes a payment of 1000.00 RUB.
func (b *bench) pkPay(state string, more ...obj) string {
	b.t.Helper()
	in := obj{"gateway": "paykeeper", "currency": "RUB", "name": "Иванов Иван", "order": "1009"}
	for _, m := range more {
		maps.Copy(in, m)
	}
	return b.pay(state, in)
}

func (b *bench) pkRow(id string) paykeeperRow {
	b.t.Helper()
	var rows []paykeeperRow
	got := b.pkGet("/info/payments/byid/?id=" + id)
	if err := json.Unmarshal([]byte(got.body), &rows); err != nil || len(rows) != 1 {
		b.t.Fatalf("byid answered %d %s", got.status, got.body)
	}
	return rows[0]
}

// fails checks a refusal: 200, and a sentence whose every letter is escaped.
func (a answer) fails(t *testing.T, msg string) {
	t.Helper()
	if a.status != 200 || a.text(t, "result") != "fail" || a.text(t, "msg") != msg || strings.ContainsFunc(a.body, func(r rune) bool { return r > 127 }) {
		t.Errorf("answer %d %s, want %q", a.status, a.body, msg)
	}
}

func (a answer) succeeds(t *testing.T) {
	t.Helper()
	if a.status != 200 || a.body != `{"result":"success"}` {
		t.Errorf("answer %d %q", a.status, a.body)
	}
}

func TestPaykeeperVectors(t *testing.T) {
	tests := []struct{ id, sum, client, order, secret, key, answer string }{
		{"123456", "199.50", "Иванов Иван Иванович", "ORD-1001", "MySecretSeed", "14b57764ba8647586d01bf4692c2ed3b", "aefcaf9a5c52f72964f3113d382cff57"},
		{"7", "1000.00", "", "", "s3cr3t", "04c038d075dcdd15949671f976108703", "a9c7f0575335f8d7a42807db1a0f5065"},
		{"987654", "1234.50", "client@example.com", "10/77", "секрет", "d8338e0a57a06c6b85f7dac10ce667db", "f163d9a685227ddacd99fb182c196121"},
	}
	for _, tt := range tests {
		form := url.Values{"id": {tt.id}, "sum": {tt.sum}, "clientid": {tt.client}, "orderid": {tt.order}}
		if got := notificationKey(form, tt.secret); got != tt.key {
			t.Errorf("key of %s is %s", tt.id, got)
		}
		if got := hexMD5(tt.id, tt.secret); got != tt.answer {
			t.Errorf("answer to %s is %s", tt.id, got)
		}
	}
	long := url.Values{
		"clientid": {"Иванов Иван"}, "orderid": {"ORD-1001"}, "service_name": {"Оплата заказа"}, "client_email": {"a@b.ru"},
		"client_phone": {"+79101234567"},
	}
	if got := formSign(long, "1234.50", "MySecretSeed"); got != "f4a22cf0d99610c8f8002e419fbbd9d8b9352fcf2c0911b7b563f9c00fd58588" {
		t.Errorf("sign is %s", got)
	}
	if got := formSign(url.Values{"orderid": {"42"}}, "1000.00", "s3cr3t"); got != "a93a514375f8e1376a2e8e9e65e8dae449beb0ed801a34c8ee1586c93fb288da" {
		t.Errorf("sign is %s", got)
	}
}

func TestPaykeeperAuthentication(t *testing.T) {
	b := newBench(t)
	path := "/paykeeper/info/settings/token/"
	for _, how := range []struct {
		option string
		status int
	}{{"", 401}, {"303", 303}, {"html200", 200}} {
		b.control("POST", "/merchants", obj{"gateway": "paykeeper", "options": obj{"auth_failure": how.option}}, nil)
		for _, header := range []string{"", "Basic bGF2a2E6d3Jvbmc=", "Basic bm9ib2R5OnNhbmRib3gtcGFzc3dvcmQ="} {
			got := b.do("GET", path, "", "Authorization", header)
			if got.status != how.status || json.Valid([]byte(got.body)) || how.status == 401 && got.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%q with %q answered %d %s", header, how.option, got.status, got.body)
			}
		}
	}
	if got := b.do("POST", "/_sandbox/merchants", `{"gateway":"paykeeper","options":{"auth_fail":"303"}}`); got.status != 400 {
		t.Errorf("an unknown option answered %d", got.status)
	}
	for _, method := range []string{"GET", "POST"} {
		if got := b.do(method, path, "", "Authorization", lavkaBasic); len(got.text(t, "token")) != 32 {
			t.Errorf("%s token answered %s", method, got.body)
		}
	}
}

func TestPaykeeperTokenRotates(t *testing.T) {
	b := newBench(t)
	id := b.pkPay("success")
	token := func() string { return b.pkGet("/info/settings/token/").text(t, "token") }
	reverse := func(token string) answer {
		body := url.Values{"id": {id}, "partial": {"true"}, "amount": {"1.00"}, "token": {token}}.Encode()
		return b.do("POST", "/paykeeper/change/payment/reverse/", body, "Authorization", lavkaBasic)
	}
	const bad = "Токен безопасности не верен."
	reverse("").fails(t, bad)
	first := token()
	if token() != first {
		t.Error("the token changes from call to call")
	}
	b.control("POST", "/clock", obj{"advance_seconds": 24 * 3600}, nil)
	got := reverse(first)
	got.fails(t, bad)
	if !strings.Contains(got.body, `"msg":"\u0422\u043e\u043a\u0435\u043d \u0431`) {
		t.Errorf("not written as PayKeeper writes: %s", got.body)
	}
	second := token()
	b.control("POST", "/paykeeper/token", obj{"login": "lavka"}, nil)
	reverse(second).fails(t, bad)
	b.effects(id, "refund", 0)
	reverse(token()).succeeds(t)
	b.effects(id, "refund", 1)
}

func TestPaykeeperFindsNothingWithoutAByte(t *testing.T) {
	b := newBench(t)
	b.control("POST", "/merchants", obj{"gateway": "paykeeper", "key_id": "other", "key_secret": "x"}, nil)
	theirs := b.pkPay("success", obj{"key_id": "other"})
	for _, path := range []string{
		"/info/payments/byid/?id=1", "/info/payments/byid/?id=" + theirs, "/info/payments/search/?query=Nobody",
		"/info/refunds/bypaymentid/?id=1", "/info/options/byid/?id=1", "/info/params/byid/?id=1", "/info/invoice/list/",
		"/info/payments/bydate/?start=2020-01-01&end=2020-01-02&payment_system_id[]=30&status[]=success",
	} {
		if got := b.pkGet(path); got.status != 200 || got.body != "" {
			t.Errorf("%s answered %d %q", path, got.status, got.body)
		}
	}
	b.pkGet("/info/invoice/byid/?id=1").fails(t, "Счёт не найден.")
	b.pkPost("/change/payment/reverse/", "id", theirs).fails(t, "Платёж не найден.")
	b.pkGet("/info/payments/bydate/?start=2020-01-01&end=2020-01-02").fails(t, paykeeperNoFilter)
	b.pkPost("/change/binding/execute/").fails(t, "Списание по привязанной карте не подключено.")
	if got := b.pkGet("/nothing/"); got.status != 404 {
		t.Errorf("no such path answered %d", got.status)
	}
}

func TestPaykeeperRowsAreTexts(t *testing.T) {
	b := newBench(t)
	at := time.Date(2026, 11, 20, 21, 30, 0, 0, time.UTC) // the 21st in Moscow
	id := b.pkPay("success", obj{
		"created_at": at.Unix(), "email": "ivan@lavka.example", "rrn": "629012345678",
		"cart": []obj{{"name": "Чай", "price": 1000, "quantity": 1, "sum": 1000, "tax": "vat22"}}, "fiscal": obj{"fop_fpd": "3512313478"},
	})
	want := paykeeperRow{
		ID: id, PayAmount: "1000.00", RefundAmount: "0.00", ClientID: "Иванов Иван", OrderID: "1009",
		PaymentSystemID: "30", Status: "success", RepeatCounter: "0", PendingDatetime: "2026-11-21 00:30:00",
		ObtainDatetime: "2026-11-21 00:30:00", SuccessDatetime: "2026-11-21 00:30:00",
	}
	got := b.pkRow(id)
	got.UniqueID = ""
	if got != want {
		t.Errorf("row %+v, want %+v", got, want)
	}
	for day, found := range map[string]bool{"2026-11-21": true, "2026-11-20": false} {
		path := "/info/payments/bydate/?start=" + day + "&end=" + day + "&payment_system_id[]=30&payment_system_id[]=99&status[]=success"
		if got := b.pkGet(path); strings.Contains(got.body, id) != found {
			t.Errorf("%s: %s", day, got.body)
		}
	}
	for _, query := range []string{"1009", "иванов", "IVAN@", "629012345678", "3512313478", "1007"} {
		if got := b.pkGet("/info/payments/search/?query=" + url.QueryEscape(query)); !strings.Contains(got.body, id) {
			t.Errorf("%s finds %s", query, got.body)
		}
	}
	options, params := b.pkGet("/info/options/byid/?id="+id), b.pkGet("/info/params/byid/?id="+id)
	if !strings.Contains(options.text(t, "cart"), `"name":"Чай"`) || params.text(t, "RRN") != "629012345678" || params.text(t, "fop_fnd") == "" {
		t.Errorf("options %s params %s", options.body, params.body)
	}
	count := b.pkGet("/info/payments/bydatecount/?start=2026-11-21&end=2026-11-21&payment_system_id[]=30&status[]=success&status[]=stuck")
	if count.body != `{"fullcount":[{"count":"1"}],"statuses":[{"status":"success","count":"1"},{"status":"stuck","count":"0"}],"systems":[{"payment_system_id":"30","count":"1"}]}` {
		t.Errorf("counts %s", count.body)
	}
	if got := b.pkGet("/info/payments/byid/?advanced=true&id=" + id); !strings.Contains(got.body, `"system_description":"\u0421`) {
		t.Errorf("advanced %s", got.body)
	}
	if got := b.pkGet("/export/payments/?type=xlsx&start=2026-11-21&end=2026-11-21&payment_system_id[]=30&status[]=success&from=0&limit=10"); !strings.HasPrefix(got.body, "PK\x03\x04") {
		t.Errorf("the export is %.40q", got.body)
	}
	b.pkGet("/export/payments/?type=xlsx&start=2026-11-21&end=2026-11-21").fails(t, paykeeperNoFilter)
	if got := b.do("GET", "/_sandbox/paykeeper/registry.csv?start=2026-11-21&end=2026-11-21", ""); !strings.Contains(got.body, id+",1000.00,0.00,Иванов Иван,1009,30,") {
		t.Errorf("registry %s", got.body)
	}
}

func TestPaykeeperStates(t *testing.T) {
	b := newBench(t)
	for _, state := range paykeeperStates {
		more := obj{}
		if state == "partially_refunded" {
			more["refunded_minor"] = 100
		}
		if got := b.pkRow(b.pkPay(state, more)); got.Status != state {
			t.Errorf("%s was made as %+v", state, got)
		}
	}
	if got := b.do("POST", "/_sandbox/payments", `{"gateway":"paykeeper","amount_minor":1,"currency":"RUB","state":"authorized"}`); got.status != 400 {
		t.Errorf("there is no such status, and it answered %d", got.status)
	}
	id := b.pkPay("pending")
	b.control("POST", "/payments/"+id+"/state", obj{"state": "failed"}, nil)
	b.effects(id, "payment", 0)
	b.control("POST", "/payments/"+id+"/state", obj{"state": "obtained"}, nil)
	b.effects(id, "payment", 1)
	b.effects(id, "capture", 1)
}

func TestPaykeeperRestarts(t *testing.T) {
	cfg := quick()
	cfg.Dir = t.TempDir()
	b := openBench(t, cfg)
	refund, hold := b.pkPay("success"), b.pkPay("success", obj{"hold": true})
	token := b.pkGet("/info/settings/token/").text(t, "token")
	b.pkPost(reversePath, "id", refund, "partial", "false").succeeds(t)
	if err := b.box.Close(); err != nil {
		t.Fatal(err)
	}
	b = openBench(t, cfg)
	if got := b.pkGet("/info/settings/token/").text(t, "token"); got != token {
		t.Error("the token is another one")
	}
	if got := b.pkRow(refund); got.Status != "refunding" {
		t.Errorf("the refund is %s", got.Status)
	}
	b.control("POST", "/clock", obj{"advance_seconds": 6 * 24 * 3600}, nil)
	if got := b.pkRow(refund); got.Status != "refunded" {
		t.Errorf("the refund is %s", got.Status)
	}
	b.effects(hold, "capture", 1)
	b.effects(refund, "refund", 1)
}
