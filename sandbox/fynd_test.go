package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
)

const fyndApp = "/fynd/service/platform/payment/v1.0/company/1/application/64d24a8a911bf1c20ac3685c/payment"

func TestFyndChecksumVectors(t *testing.T) {
	const plain = `{"gid":"TR1","status":"complete","currency":"INR","total_amount":100,"payment_details":[{"gid":"TR1","amount":100,"currency":"INR","payment_id":"pay_1","mode":"live","success_url":"https://s/?a=1&b=<é>","cancel_url":"https://c/","amount_captured":100,"payment_methods":[{}],"g_user_id":"u","aggregator_order_id":"o1","status":"complete","created":"1700000000000"}],"order_details":{"gid":"TR1","amount":100,"status":"complete","currency":"INR","aggregator_order_details":{},"aggregator":"Dummy"}}`
	const sum = "fe5f830b74943a31597e65d5ff68c698f17d0e7685fee6b9bad6771c2a3d1af4"
	with := func(body, sum string) []byte {
		return []byte(strings.TrimSuffix(body, "}") + `,"checksum":"` + sum + `"}`)
	}
	tests := []struct {
		name string
		body []byte
		want bool
	}{
		{"as published", with(plain, sum), true},
		{"with spaces", with(strings.ReplaceAll(plain, `":`, `": `), sum), true},
		{"escaped as Go does by default", with(strings.NewReplacer("&", `\u0026`, "<", `\u003c`).Replace(plain), sum), true},
		{"numbers JavaScript shortens", with(strings.Replace(plain, `"total_amount":100`, `"total_amount":100.00`, 1), sum), true},
		{"a byte changed", with(strings.Replace(plain, "100", "101", 1), sum), false},
		{"members in another order", with(strings.Replace(plain, `"gid":"TR1","status":"complete"`, `"status":"complete","gid":"TR1"`, 1), sum), false},
		{"no checksum", []byte(plain), false},
		{"not an object", []byte(`[]`), false},
		{"cut short", with(plain, sum)[:300], false},
	}
	for _, tt := range tests {
		if got := rightChecksum(tt.body, "secret1"); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	for message, want := range map[string]string{
		`{"name":"Zoë <A&B>","url":"https://s/?a=1&b=2","amount":100.5,"whole":100}`: "e175562e75f841aa13de92141a53eeb124cb5d0606926bf93ceac8a6c2a51480",
		`{"company_id":1,"application_id":"64d24a8a911bf1c20ac3685c","contains":["refund"],"event":{"id":"e1","category":"application","name":"refund","type":"refund_initiated","version":"1","created_timestamp":1700000000000,"trace_id":["t1"]},"payload":{"order_id":"FY1","amount":100}}`: "531866392ae13872fba204d5429df5a4c0b3cc3dd5f257c1f844a529f9a7e8fb",
	} {
		if got := hexHMAC("ext_secret_123", []byte(message)); got != want {
			t.Errorf("%s is %s, want %s", message, got, want)
		}
	}
}

func TestFyndRequestSignatureVectors(t *testing.T) {
	tests := []struct{ path, body, want string }{
		{"/service/panel/authentication/v1.0/company/1/oauth/token", "code=code123&grant_type=authorization_code", "af867db464f440eab9701d5eaaa109f0d770b9fe836fa835d5c1706a1ede35bf"},
		{"/service/platform/payment/v1.0/company/1/application/64d24a8a911bf1c20ac3685c/payment/confirm", `{"order_id":"x","payment_methods":[]}`, "19290fd1f371300b450cb9dcbb2cd6fd45e9b26a57c9565608b15be451a4914d"},
	}
	for _, tt := range tests {
		r := httptest.NewRequest("POST", "http://127.0.0.1:9190"+tt.path, nil)
		r.Header.Set("x-fp-date", "20261122T222000Z")
		r.Header.Set("x-fp-sdk-version", "3.4.2")
		if got := requestSignature(r, []byte(tt.body)); got != tt.want {
			t.Errorf("%s is %s, want %s", tt.path, got, tt.want)
		}
	}
}

// fynd calls Fynd Platform as somebody it knows.
func (b *bench) fynd(method, path, body string, headers ...string) answer {
	b.t.Helper()
	b.control("PUT", "/fynd", obj{"bearer": "good-token"}, nil)
	return b.do(method, fyndApp+path, body, append([]string{"Authorization", "Bearer good-token"}, headers...)...)
}

func (a answer) says(t *testing.T, status int, text string) {
	t.Helper()
	if a.status != status || !strings.Contains(a.body, text) {
		t.Errorf("answer %d %s, want %d with %q", a.status, a.body, status, text)
	}
}

// detail is a payment of a session update.
func detail(gid string) obj {
	return obj{
		"gid": gid, "payment_id": "pay_1", "mode": "test", "amount": 49900, "amount_captured": 49900,
		"success_url": "https://s/", "cancel_url": "https://c/", "payment_methods": []obj{{}}, "g_user_id": "u",
		"currency": "INR", "aggregator_order_id": "order_1", "status": "complete",
	}
}

func refundUpdate(gid, request, status string, amount int) obj {
	return obj{
		"gid": gid, "status": status, "currency": "INR", "total_amount": amount, "checksum": "x", "payment_details": detail(gid),
		"refund_details": []obj{{
			"request_id": request, "payment_id": "pay_1", "amount": amount, "status": status, "created": "1700000000000", "currency": "INR",
		}},
	}
}

func TestFyndRefundSession(t *testing.T) {
	b := newBench(t)
	const path = "/TR1/refund/session/16916747740991418099"
	update := func(in obj) answer { return b.fynd("PUT", path, string(compact(in))) }
	first := update(refundUpdate("TR1", "16916747740991418099", "refund_pending", 49900))
	var reply struct {
		GID     string              `json:"gid"`
		Status  string              `json:"status"`
		Total   int64               `json:"total_refund_amount"`
		Details []map[string]string `json:"platform_refund_details"`
	}
	if err := json.Unmarshal([]byte(first.body), &reply); err != nil || first.status != 200 {
		t.Fatalf("answered %d %s", first.status, first.body)
	}
	if reply.GID != "TR1" || reply.Status != "refund_pending" || reply.Total != 49900 || reply.Details[0]["refund_id"] == "" {
		t.Errorf("answered %s", first.body)
	}
	if again := update(refundUpdate("TR1", "16916747740991418099", "refund_pending", 49900)); again.body != first.body {
		t.Errorf("the same again is answered %s", again.body)
	}
	b.effects("TR1", "refund_session", 1)
	update(refundUpdate("TR1", "16916747740991418099", "refund_done", 49900))
	update(refundUpdate("TR1", "16916747740991418099", "refund_pending", 49900)).says(t, 409, "does not become refund_pending")
	entries := b.ledger("TR1", "refund_session")
	if len(entries) != 2 || entries[1].State != "refund_done" || entries[1].Ref != "16916747740991418099" || entries[1].AmountMinor != 49900 {
		t.Errorf("ledger %+v", entries)
	}

	numeric := refundUpdate("TR1", "16916747740991418099", "refund_done", 49900)
	numeric["refund_details"].([]obj)[0]["created"] = 1700000000000
	update(numeric).says(t, 400, `\"refund_details.created\" must be a string`)
	rupees := refundUpdate("TR1", "16916747740991418099", "refund_done", 49900)
	rupees["total_amount"] = json.RawMessage("499.5")
	update(rupees).says(t, 400, "total_amount")
	missing := refundUpdate("TR1", "16916747740991418099", "refund_done", 49900)
	delete(missing["payment_details"].(obj), "g_user_id")
	update(missing).says(t, 400, "payment_details.g_user_id")
	update(refundUpdate("TR2", "16916747740991418099", "refund_done", 49900)).says(t, 400, "gid is not the one of the path")
	update(refundUpdate("TR1", "16916747740991418099", "complete", 49900)).says(t, 400, "is not one of")
	update(refundUpdate("TR1", "1", "refund_done", 49900)).says(t, 400, "nothing about request")
	b.effects("TR1", "refund_session", 2)
	b.fynd("GET", "/session/TR1", "").says(t, 200, `"status":"refund_done"`)
}

func TestFyndChecksAndFaults(t *testing.T) {
	b := newBench(t)
	const path = "/TR1/refund/session/R1"
	b.control("PUT", "/fynd", obj{"company_id": 1, "secret": "ext_secret_123", "bearer": "good-token", "known_only": true}, nil)
	signed := func(in obj) string {
		delete(in, "checksum")
		body := string(compact(in))
		return strings.TrimSuffix(body, "}") + `,"checksum":"` + hexHMAC("ext_secret_123", []byte(body)) + `"}`
	}
	good := signed(refundUpdate("TR1", "R1", "refund_done", 100))
	b.fynd("PUT", path, good).says(t, 404, "transaction not found")
	b.control("POST", "/payments", obj{"gateway": "fynd", "id": "TR1", "order_id": "FY1", "amount_minor": 49900, "currency": "INR", "state": "captured"}, nil)
	b.fynd("PUT", path, strings.Replace(good, "ext_", "x", 1)).says(t, 200, "refund_done")
	b.effects("TR1", "refund_session", 1)
	b.fynd("PUT", path, string(compact(refundUpdate("TR1", "R1", "refund_done", 100)))).says(t, 400, "Invalid checksum")
	b.do("PUT", fyndApp+path, good).says(t, 401, "unauthorized")
	b.do("PUT", fyndApp+path, good, "Authorization", "Bearer another").says(t, 401, "unauthorized")
	b.fynd("PUT", path, good, "X-Fp-Signature", "v1.1:00").says(t, 403, "Invalid signature")

	b.control("PUT", "/faults", obj{"gateway": "fynd", "verb": "refund_session", "payment": "TR1", "mode": "drop_after", "times": 1}, nil)
	other := signed(refundUpdate("TR1", "R2", "refund_done", 100))
	if got := b.fynd("PUT", "/TR1/refund/session/R2", other); got.status != 0 {
		t.Errorf("the lost answer is %d", got.status)
	}
	b.fynd("PUT", "/TR1/refund/session/R2", other).says(t, 200, "refund_done")
	b.effects("TR1", "refund_session", 2)
}

func TestFyndPaymentSession(t *testing.T) {
	b := newBench(t)
	update := func(status string) answer {
		return b.fynd("PUT", "/session/TR1", string(compact(obj{
			"gid": "TR1", "status": status, "currency": "INR", "total_amount": 49900, "checksum": "x",
			"payment_details": []obj{detail("TR1")},
			"order_details": obj{
				"gid": "TR1", "amount": 49900, "status": status, "currency": "INR", "aggregator": "Razorpay", "aggregator_order_details": obj{},
			},
		})))
	}
	update("pending").says(t, 200, "platform_transaction_details")
	update("complete").says(t, 200, `"status":"complete"`)
	update("complete").says(t, 200, `"status":"complete"`)
	update("pending").says(t, 409, "does not become pending")
	update("initiated").says(t, 400, "is not one of")
	b.effects("TR1", "payment_session", 2)
	b.do("GET", "/_sandbox/fynd/panel", "").says(t, 200, "No extension is registered")
}

func TestFyndConfirm(t *testing.T) {
	b := newBench(t)
	b.control("PUT", "/fynd", obj{"known_only": true, "affiliate_id": "aff", "affiliate_token": "tok", "affiliate_secret": "key"}, nil)
	b.control("POST", "/payments", obj{"gateway": "fynd", "order_id": "FY1", "amount_minor": 49900, "currency": "INR", "state": "created"}, nil)
	body := func(order, amount string) string {
		return `{"order_id":"` + order + `","payment_methods":[{"mode":"CC","name":"CCAvenue","amount":` + amount + `,"meta":{"payment_id":"1"}}]}`
	}
	b.fynd("POST", "/confirm", body("FY9", "499.00")).says(t, 404, "Order not found")
	b.fynd("POST", "/confirm", body("FY1", "498.00")).says(t, 400, "499.00 INR")
	b.fynd("POST", "/confirm", body("FY1", "499.00")).says(t, 200, `"success":true`)
	b.fynd("POST", "/confirm", body("FY1", "499.00")).says(t, 200, "already confirmed")
	b.fynd("POST", "/confirm", `{"order_id":"FY1"}`).says(t, 400, "required")
	b.effects("FY1", "confirm", 1)

	affiliate := func(token, sum string) answer {
		return b.do("POST", fyndApp+"/confirm", body("FY1", "499.00"), "X-Affiliate-Id", "aff", "X-Affiliate-Token", token, "X-Fp-Signature", sum)
	}
	affiliate("tok", hexHMAC("key", []byte(body("FY1", "499.00")))).says(t, 200, "already confirmed")
	affiliate("tok", hexHMAC("yek", []byte(body("FY1", "499.00")))).says(t, 401, "unauthorized")
	affiliate("kot", hexHMAC("key", []byte(body("FY1", "499.00")))).says(t, 401, "unauthorized")
}

func TestFyndTokens(t *testing.T) {
	b := newBench(t)
	b.control("PUT", "/fynd", obj{"api_key": "k", "secret": "s", "token_seconds": 60}, nil)
	const oauth = "/fynd/service/panel/authentication/v1.0/company/1/oauth"
	const basic = "Basic azpz"
	allow := b.do("GET", oauth+"/authorize?client_id=k&state=abc&redirect_uri=http://127.0.0.1:1/fp/auth?application_id=7", "").read(t)
	link := allow.Find("a.main").AttrOr("href", "")
	_, code, _ := strings.Cut(link, "code=")
	if code, _, _ = strings.Cut(code, "&"); len(code) != 14 || !strings.Contains(link, "state=abc") || !strings.Contains(link, "application_id=7") {
		t.Fatalf("Allow leads to %q", link)
	}
	b.do("POST", oauth+"/token", "grant_type=authorization_code&code="+code, "Authorization", "Basic eDp5").says(t, 401, "unauthorized")
	b.do("POST", oauth+"/token", "grant_type=authorization_code&code="+code, "Authorization", basic).says(t, 200, `"expires_in":60`)
	offline := fmt.Sprintf(`{"client_id":"k","client_secret":"s","grant_type":"authorization_code","code":%q}`, code)
	got := b.do("POST", oauth+"/offline-token", offline, "Authorization", basic)
	got.says(t, 200, "refresh_token")
	b.do("POST", oauth+"/offline-token", offline, "Authorization", basic).says(t, 400, "Invalid code")

	status := func(token string) int {
		return b.do("GET", fyndApp+"/session/TR0", "", "Authorization", "Bearer "+token).status
	}
	if got := status(got.text(t, "access_token")); got != 404 {
		t.Errorf("a good token got %d", got)
	}
	b.control("POST", "/clock", obj{"advance_seconds": 61}, nil)
	if got := status(got.text(t, "access_token")); got != 401 {
		t.Errorf("an old token got %d", got)
	}
	fresh := b.do("POST", oauth+"/token", "grant_type=refresh_token&refresh_token="+got.text(t, "refresh_token"), "Authorization", basic)
	if got := status(fresh.text(t, "access_token")); got != 404 {
		t.Errorf("a refreshed token got %d: %s", got, fresh.body)
	}
}

func TestFyndEvents(t *testing.T) {
	b, s := newBench(t), newShop(t, always(200))
	flat := obj{
		"event": "REFUND_INITIATED", "to": s.URL, "secret": "sec", "gofynd_order_id": "FY1", "affiliate_order_id": "1001", "store_id": 0,
		"shipment_id": "1691", "refund_id": "R1", "amount": "499.00", "currency": "INR", "occurred_at": "2026-01-31T10:00:00Z", "event_id": "e1",
	}
	b.control("POST", "/fynd/webhooks", merged(flat, obj{"times": 2}), nil)
	got := s.wait(t, 2)
	want := `{"event":"REFUND_INITIATED","gofynd_order_id":"FY1","affiliate_order_id":"1001","store_id":0,"shipment_id":"1691","refund_id":"R1","amount":"499.00","currency":"INR","occurred_at":"2026-01-31T10:00:00Z"}`
	for _, d := range got {
		if string(d.body) != want || d.header.Get("X-Fp-Event-Id") != "e1" || d.header.Get("X-Fp-Signature") != hexHMAC("sec", d.body) {
			t.Errorf("sent %v %s", d.header, d.body)
		}
	}

	b.control("POST", "/fynd/webhooks", merged(flat, obj{"shape": "platform", "event_id": "e2", "company_id": 1, "application_id": "64d2", "gid": "TR1"}), nil)
	var e struct {
		Company  int      `json:"company_id"`
		Contains []string `json:"contains"`
		Event    struct {
			ID, Category, Name, Type string
		}
		Payload struct {
			Amount json.Number `json:"amount"`
			Order  string      `json:"order_id"`
			Meta   struct {
				Store struct{ ID int } `json:"ordering_store_details"`
			}
		}
	}
	if err := json.Unmarshal(s.wait(t, 3)[2].body, &e); err != nil {
		t.Fatal(err)
	}
	if e.Company != 1 || e.Event.ID != "e2" || e.Event.Name != "refund" || e.Event.Type != "refund_initiated" || e.Payload.Amount != "499" || e.Payload.Order != "FY1" {
		t.Errorf("platform event %+v", e)
	}

	b.control("POST", "/fynd/webhooks", merged(flat, obj{"forge": "signature"}), nil)
	if d := s.wait(t, 4)[3]; d.header.Get("X-Fp-Signature") == hexHMAC("sec", d.body) {
		t.Error("a forged one is signed properly")
	}
	b.control("POST", "/fynd/webhooks", obj{
		"event": "ORDER_PLACED", "to": s.URL, "secret": "sec", "gofynd_order_id": "FY2", "forge": "missing",
		"order": obj{"customer": obj{"name": "Asha & Co <x>"}},
	}, nil)
	if d := s.wait(t, 5)[4]; d.header.Get("X-Fp-Signature") != "" || !strings.Contains(string(d.body), `"name":"Asha & Co <x>"`) {
		t.Errorf("order event %s", d.body)
	}
	b.control("POST", "/fynd/webhooks", merged(flat, obj{"forge": "replay_new_id"}), nil)
	if d := s.wait(t, 6)[5]; string(d.body) != want || d.header.Get("X-Fp-Event-Id") == "e1" || d.header.Get("X-Fp-Signature") != hexHMAC("sec", d.body) {
		t.Errorf("replayed %v %s", d.header, d.body)
	}
}

func TestFyndClosesTheLoop(t *testing.T) {
	b, s := newBench(t), newShop(t, always(200))
	b.control("PUT", "/fynd", obj{"webhook_url": s.URL, "webhook_secret": "sec", "auto_refund_done": true}, nil)
	b.control("POST", "/fynd/webhooks", obj{"event": "REFUND_INITIATED", "gofynd_order_id": "FY1", "store_id": 40, "gid": "TR1", "request_id": "R1", "currency": "INR"}, nil)
	b.fynd("PUT", "/TR1/refund/session/R1", string(compact(refundUpdate("TR1", "R1", "refund_pending", 49950))))
	b.fynd("PUT", "/TR1/refund/session/R1", string(compact(refundUpdate("TR1", "R1", "refund_done", 49950))))
	d := s.wait(t, 2)[1]
	var e fyndFlat
	if err := json.Unmarshal(d.body, &e); err != nil {
		t.Fatal(err)
	}
	if e.Event != "REFUND_DONE" || e.Order != "FY1" || *e.Store != 40 || e.Request != "R1" || e.Amount != "499.50" || d.header.Get("X-Fp-Signature") != hexHMAC("sec", d.body) {
		t.Errorf("sent %s", d.body)
	}
}
