package sandbox

import (
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"
)

// ccStart is what a shop sends a buyer with.
func ccStart(more obj) string {
	in := obj{
		"merchant_id": "123456", "order_id": "1022-1", "currency": "INR", "amount": "1499.00", "redirect_url": "https://shop.example/back",
		"cancel_url": "https://shop.example/cancel", "language": "EN", "billing_name": "रवि", "merchant_param1": "1022",
	}
	maps.Copy(in, more)
	var pairs []string
	for name, value := range in {
		pairs = append(pairs, name+"="+value.(string))
	}
	return strings.Join(pairs, "&")
}

// checkoutAt opens the pay page with an encrypted request.
func (b *bench) checkoutAt(m merchant, plain string) answer {
	b.t.Helper()
	fields := url.Values{"encRequest": {m.encrypt(plain)}, "access_code": {m.KeyID}}
	return b.do("POST", "/ccavenue/transaction/transaction.do?command=initiateTransaction", fields.Encode(), "Content-Type", form)
}

// ccClick pays on the page and returns the transaction and where the browser goes with what.
func (b *bench) ccClick(m merchant, order, outcome string) (ref, to string, resp map[string]string) {
	b.t.Helper()
	doc := b.checkoutAt(m, ccStart(obj{"order_id": order})).read(b.t)
	fields := values(doc.Find("form"))
	fields.Set("outcome", outcome)
	paid := b.do("POST", "/ccavenue/transaction/pay", fields.Encode(), "Content-Type", form).read(b.t)
	ref = fields.Get("id")
	to = paid.Find("form").AttrOr("action", "")
	back := values(paid.Find("form"))
	if to == "" {
		return ref, "", nil
	}
	text, err := m.decrypt(back.Get("encResp"))
	if err != nil || back.Get("orderNo") != order {
		b.t.Errorf("the browser brings %v, %v", back, err)
	}
	return ref, to, readCCAvenueFields(text)
}

func (d delivery) notice(t *testing.T, m merchant) map[string]string {
	t.Helper()
	text, err := m.decrypt(d.form(t).Get("encResp"))
	if err != nil {
		t.Fatalf("%v in %s", err, d.body)
	}
	return readCCAvenueFields(text)
}

func TestCCAvenuePayPage(t *testing.T) {
	m := defaultCCAvenue
	const back, cancel = "https://shop.example/back", "https://shop.example/cancel"
	tests := []struct {
		outcome, to, word, api string
		payments, echoes       int
		nextDay                string
	}{
		{"success", back, "Success", "Shipped", 1, 1, "Shipped"},
		{"failure", back, "Failure", "Unsuccessful", 0, 1, "Unsuccessful"},
		{"abort", cancel, "Aborted", "Aborted", 0, 1, "Aborted"},
		{"close", "", "", "Shipped", 1, 1, "Shipped"},
		{"timeout", back, "Timeout", "Timeout", 0, 1, "Timeout"},
		{"debited", "", "", "Awaited", 1, 0, "Shipped"},
		{"failure_debited", back, "Failure", "Unsuccessful", 1, 1, "Shipped"},
	}
	for _, tt := range tests {
		t.Run(tt.outcome, func(t *testing.T) {
			b, s := newBench(t), newShop(t, always(200))
			b.control("POST", "/merchants", obj{"gateway": "ccavenue", "webhook_url": s.URL}, nil)
			ref, to, resp := b.ccClick(m, "1022-1", tt.outcome)
			if to != tt.to || resp["order_status"] != tt.word {
				t.Errorf("the browser goes to %q with %v", to, resp)
			}
			if to != "" {
				for name, want := range map[string]string{
					"order_id": "1022-1", "tracking_id": ref, "currency": "INR", "amount": "1499.00",
					"mer_amount": "1499.00", "billing_name": "रवि", "merchant_param1": "1022", "status_code": "null",
				} {
					if resp[name] != want {
						t.Errorf("%s is %q, want %q", name, resp[name], want)
					}
				}
				if tt.outcome == "abort" && resp["payment_mode"] != "null" {
					t.Errorf("aborted with %v", resp)
				}
			}
			if got := b.ccStatus(ref); got != tt.api {
				t.Errorf("the API says %s", got)
			}
			b.effects(ref, "payment", tt.payments)
			got := s.wait(t, tt.echoes)
			if tt.echoes == 1 && tt.word != "" && got[0].notice(t, m)["order_status"] != tt.word {
				t.Errorf("echo %v", got[0].notice(t, m))
			}
			b.control("POST", "/clock", obj{"advance_seconds": 24*3600 + 1}, nil)
			if got := b.ccStatus(ref); got != tt.nextDay {
				t.Errorf("the next day the API says %s", got)
			}
			b.effects(ref, "payment", tt.payments)
			if tt.nextDay != tt.api {
				late := s.wait(t, tt.echoes+1)[tt.echoes].notice(t, m)
				if late["order_status"] != "Success" || late["tracking_id"] != ref {
					t.Errorf("pushed %v", late)
				}
			}
			time.Sleep(10 * time.Millisecond)
			if n := len(s.deliveries()); tt.nextDay == tt.api && n != tt.echoes {
				t.Errorf("%d notices", n)
			}
		})
	}
}

func TestCCAvenuePayPageRefuses(t *testing.T) {
	b := newBench(t)
	m, other := defaultCCAvenue, defaultCCAvenue
	other.KeySecret = "0123456789ABCDEF0123456789ABCDEF"
	unknown := m
	unknown.KeyID = "AVNOBODY"
	tests := []struct {
		name string
		as   merchant
		in   obj
		want string
	}{
		{"a wrong key", other, nil, "10001"},
		{"an unknown access code", unknown, nil, "10002"},
		{"another merchant id", m, obj{"merchant_id": "1"}, "10002"},
		{"no amount", m, obj{"amount": "1,499"}, "10001"},
		{"three decimals", m, obj{"amount": "1.005"}, "10001"},
		{"a blank in the order", m, obj{"order_id": "KF 1"}, "10001"},
		{"31 characters", m, obj{"order_id": strings.Repeat("1", 31)}, "10001"},
		{"a script", m, obj{"redirect_url": "javascript:alert(1)"}, "10001"},
		{"a long way back", m, obj{"redirect_url": "https://shop.example/" + strings.Repeat("x", 100)}, "10001"},
	}
	for _, tt := range tests {
		if got := b.checkoutAt(tt.as, ccStart(tt.in)); !strings.Contains(got.body, "Error Code: "+tt.want) {
			t.Errorf("%s answered %d %s", tt.name, got.status, got.body)
		}
	}
	b.control("POST", "/merchants", obj{"gateway": "ccavenue", "options": obj{"hosts": "kartify.example"}}, nil)
	if got := b.checkoutAt(m, ccStart(nil)); !strings.Contains(got.body, "Error Code: 10002") {
		t.Errorf("an unregistered host answered %s", got.body)
	}
	if got := b.do("POST", "/ccavenue/transaction/pay", "id=313000000001&key=guess&outcome=success", "Content-Type", form); got.status != 404 {
		t.Errorf("a guessed key answered %d", got.status)
	}
	b.control("POST", "/merchants", obj{"gateway": "ccavenue", "options": obj{"hosts": ""}}, nil)
	escaped := strings.ReplaceAll(ccStart(nil), "https://shop.example/", "https%3A%2F%2Fshop.example%2F")
	if got := b.checkoutAt(m, escaped); !strings.Contains(got.body, "1499.00 INR") {
		t.Errorf("escaped values answered %s", got.body)
	}
	left := b.checkoutAt(m, ccStart(obj{"order_id": "left"})).read(t).Find(".id").Text()
	b.control("POST", "/clock", obj{"advance_seconds": 901}, nil)
	if got := b.ccStatus(left); got != "Timeout" {
		t.Errorf("after 15 minutes it is %s", got)
	}
}

func TestCCAvenueGCMBothWays(t *testing.T) {
	b, s := newBench(t), newShop(t, always(200))
	b.control("POST", "/merchants", obj{"gateway": "ccavenue", "webhook_url": s.URL, "manual_capture": true, "options": obj{"crypto": "gcm"}}, nil)
	m := defaultCCAvenue
	m.Options = map[string]string{"crypto": "gcm"}
	ref, _, resp := b.ccClick(m, "G-1", "success")
	if resp["order_status"] != "Success" || s.wait(t, 1)[0].notice(t, m)["tracking_id"] != ref {
		t.Errorf("paid as %v", resp)
	}
	in := url.Values{"command": {"orderStatusTracker"}, "access_code": {m.KeyID}, "request_type": {"JSON"}, "version": {"1.2"}, "enc_request": {m.encrypt(`{"order_no":"G-1"}`)}}
	got := b.do("POST", "/ccavenue/apis/servlet/DoWebTrans", in.Encode(), "Content-Type", form)
	text, _, _ := strings.Cut(strings.TrimPrefix(got.body, "status=0&enc_response="), "&")
	if plain, err := m.decrypt(text); err != nil || !strings.Contains(plain, `"order_status":"Successful"`) {
		t.Errorf("status %s, %v", plain, err)
	}
}

func TestCCAvenueNoticesOnRequest(t *testing.T) {
	b, s := newBench(t), newShop(t, always(200))
	m := defaultCCAvenue
	ref := b.ccPay("Unsuccessful", obj{"debited": true})
	send := func(event, forge string) delivery {
		t.Helper()
		n := len(s.deliveries())
		b.control("POST", "/webhooks", obj{"gateway": "ccavenue", "event": event, "payment": ref, "to": s.URL, "forge": forge}, nil)
		return s.deliveries()[n]
	}
	for event, want := range map[string]string{"echo": "Failure", "return": "Failure", "reconciliation.Success": "Success", "echo.Awaited": "Awaited"} {
		if got := send(event, "").notice(t, m); got["order_status"] != want || got["order_id"] != "1022-1" {
			t.Errorf("%s says %v", event, got)
		}
	}
	type check func(f map[string]string) bool
	is := func(name, want string) check { return func(f map[string]string) bool { return f[name] == want } }
	for forge, ok := range map[string]check{
		"replayed_request": func(f map[string]string) bool { return f["merchant_id"] == "123456" && f["order_status"] == "" },
		"injected": func(f map[string]string) bool {
			return f["merchant_id"] == "123456" && f["order_status"] == "Success" && f["tracking_id"] == ref
		},
		"claims_success": is("order_status", "Success"),
		"wrong_amount":   is("amount", "1.00"),
		"wrong_currency": is("currency", "USD"),
		"wrong_order":    is("order_id", "1022-19"),
		"repeated_key":   is("amount", "1.00"),
		"lower_hex":      is("order_status", "Failure"),
	} {
		if f := send("echo", forge).notice(t, m); !ok(f) {
			t.Errorf("%s says %v", forge, f)
		}
	}
	if got := send("echo", "missing").form(t); got.Has("encResp") || got.Get("orderNo") != "1022-1" {
		t.Errorf("missing: %v", got)
	}
	if text, err := m.decrypt(send("echo", "signature").form(t).Get("encResp")); err == nil && strings.Contains(text, "order_id") {
		t.Error("signature: it is the right key")
	}
	for _, forge := range []string{"odd_hex", "crlf_hex"} {
		if _, err := m.decrypt(send("echo", forge).form(t).Get("encResp")); err == nil {
			t.Errorf("%s: it is plain hex", forge)
		}
	}
	genuine, _ := m.decrypt(send("echo.Success", "").form(t).Get("encResp"))
	flipped, err := m.decrypt(send("echo.Success", "bit_flip").form(t).Get("encResp"))
	if err != nil || flipped == genuine || !strings.HasPrefix(flipped, "order_id=1022-1&tracking_id="+ref) {
		t.Errorf("bit_flip: %q, %v", flipped, err)
	}
	b.effects(ref, "payment", 1)
	b.control("POST", "/payments/"+ref+"/state", obj{"state": "Shipped"}, nil)
	b.effects(ref, "payment", 1)
	if got := b.do("POST", "/_sandbox/payments/"+ref+"/state", `{"state":"Aborted"}`); got.status != 400 {
		t.Errorf("a paid one that aborts answered %d", got.status)
	}
}

func TestCCAvenueStates(t *testing.T) {
	b := newBench(t)
	for i, state := range ccavenueStates {
		if got := b.ccStatus(b.ccPay(state, obj{"order": "50" + string(rune('a'+i))})); got != state {
			t.Errorf("%s was made as %s", state, got)
		}
	}
	if got := b.do("POST", "/_sandbox/payments", `{"gateway":"ccavenue","order":"1","amount_minor":1,"currency":"INR","state":"captured"}`); got.status != 400 {
		t.Errorf("there is no such word, and it answered %d", got.status)
	}
	cfg := quick()
	cfg.Dir = t.TempDir()
	b = openBench(t, cfg)
	ref := b.ccPay("Awaited", obj{"debited": true, "webhook": true})
	if err := b.box.Close(); err != nil {
		t.Fatal(err)
	}
	b = openBench(t, cfg)
	b.control("POST", "/clock", obj{"advance_seconds": 24*3600 + 1}, nil)
	if got := b.ccStatus(ref); got != "Shipped" {
		t.Errorf("after a restart and a day it is %s", got)
	}
}
