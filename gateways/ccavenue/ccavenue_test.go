package ccavenue

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/money"
)

// The payment of the testdata: 1499.00 INR paid by card on 22 November 2026, of which 499.50 INR goes back.
var (
	settings = gateways.Settings{Mode: "test", Values: map[string]string{"merchant_id": "123456", "access_code": "AVKF00KF00KF00KFKF", "working_key": key}}
	refundOf = gateways.Request{
		Verb: gateways.Refund, PaymentRef: "112233445566", OrderRef: "1001-1", Amount: money.New(49950, "INR"), IdempotencyKey: "KFRF1001A", Reason: "Damaged",
	}
	captureOf = gateways.Request{Verb: gateways.Capture, PaymentRef: "112233445566", Amount: money.New(149900, "INR"), IdempotencyKey: "KFCP1001A"}
	voidOf    = gateways.Request{Verb: gateways.Void, PaymentRef: "112233445566", Amount: money.New(149900, "INR"), IdempotencyKey: "KFVO1001A"}

	noon = time.Date(2026, 11, 22, 6, 30, 0, 0, time.UTC) // of India
)

const (
	accepted = `{"reason":"","error_code":"","refund_status":0}`
	done     = `{"success_count":1,"failed_List":[],"error_desc":"","error_code":""}`
	nothing  = `{"error_desc":"Order List: Invalid Parameter","error_code":"51313","status":1}`
	noList   = `{"page_count":0,"total_records":0,"error_desc":"Order List: Invalid Parameter","error_code":"51313"}`
	noRefund = `{"reference_no":"","order_no":"","order_amt":"","order_curr":"","order_status":"","refund_list":"","error_desc":"No record found","error_code":"51419 "}`
)

func sample(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// enclosed is an answer as CCAvenue sends it: hex in capitals, and a line break in the last value.
func enclosed(t *testing.T, plain string) string {
	t.Helper()
	text, err := (box{key: key}).seal([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	return "status=0&enc_response=" + strings.ToUpper(text) + "&enc_error_code=\r\n"
}

func TestConform(t *testing.T) {
	inside, err := (box{key: key}).seal([]byte(sample(t, "response.txt")))
	if err != nil {
		t.Fatal(err)
	}
	bare, requests, answers := map[gateways.Verb]bool{}, map[gateways.Verb]gateways.Request{}, map[gateways.Verb]string{}
	for _, req := range []gateways.Request{refundOf, captureOf, voidOf} {
		requests[req.Verb], answers[req.Verb], bare[req.Verb] = req, enclosed(t, done), true
	}
	answers[gateways.Refund] = enclosed(t, accepted)
	gatewaytest.Conform(t, Driver, settings, gatewaytest.Provider{
		Check: enclosed(t, `{"error_desc":"Providing Reference_No/Order No is mandatory","error_code":"51004","status":1}`), Requests: requests, Answers: answers, Bare: bare,
		Webhook: &gatewaytest.Webhooks{Body: []byte(url.Values{"encResp": {inside}, "orderNo": {"1001-1"}, "crossSellUrl": {""}}.Encode()), Secret: key, Name: "response"},
	})
}

// shop is a CCAvenue that answers by command, and remembers what it was asked.
type shop struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]string // "refundOrder" → the object inside, or a whole answer that begins with status= or <. "refundOrder {…}" for one request
	asked   []string          // "refundOrder 1.1 {…}"
}

func newShop(t *testing.T, answers map[string]string) *shop {
	s := &shop{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		plain, err := (box{key: key}).open(r.PostForm.Get("enc_request"))
		command := r.PostForm.Get("command")
		s.mu.Lock()
		s.asked = append(s.asked, fmt.Sprintf("%s %s %s", command, r.PostForm.Get("version"), plain))
		answer, ok := s.answers[command+" "+string(plain)]
		if !ok {
			answer = s.answers[command]
		}
		s.mu.Unlock()
		switch {
		case err != nil || r.URL.Path != "/apis/servlet/DoWebTrans" || r.PostForm.Get("request_type") != "JSON" || r.PostForm.Get("response_type") != "JSON":
			answer = "status=1&enc_response=JSON request format: Invalid Parameter format&enc_error_code=51411"
		case r.PostForm.Get("access_code") != "AVKF00KF00KF00KFKF":
			answer = "status=1&enc_response=Access_code: Invalid Parameter&enc_error_code=51407\r\n"
		case strings.HasPrefix(answer, "{"):
			answer = enclosed(t, answer)
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *shop) open(t *testing.T) *gateway {
	t.Helper()
	at := settings
	at.BaseURL = s.URL
	opened, err := open(at)
	if err != nil {
		t.Fatal(err)
	}
	g := opened.(*gateway)
	g.now = func() time.Time { return noon }
	return g
}

func TestOpen(t *testing.T) {
	with := func(values ...string) gateways.Settings {
		s := gateways.Settings{Mode: "live", Values: map[string]string{}}
		for slug, value := range settings.Values {
			s.Values[slug] = value
		}
		for i := 0; i < len(values); i += 2 {
			s.Values[values[i]] = values[i+1]
		}
		return s
	}
	for name, s := range map[string]gateways.Settings{
		"half of the second pair": with("api_access_code", "AV2"), "the other half": with("api_working_key", key),
		"a working key of words": with("working_key", "hush"), "a merchant id of words": with("merchant_id", "M-1"), "another encryption": with("crypto", "ecb"),
	} {
		if _, err := open(s); gateways.KindOf(err) != gateways.Misconfigured {
			t.Errorf("%s: %v", name, err)
		}
	}
	second := strings.ToLower(key)
	opened, err := open(with("api_access_code", "AV2", "api_working_key", second, "crypto", "gcm"))
	if err != nil {
		t.Fatal(err)
	}
	g := opened.(*gateway)
	if g.code != "AV2" || g.box != (box{second, true}) || g.pay.code != "AVKF00KF00KF00KFKF" || g.pay.box != (box{key, true}) ||
		g.pay.base != "https://secure.ccavenue.com" || g.api.Base != "https://api.ccavenue.com" {
		t.Errorf("opened %+v at %s", g.pay, g.api.Base)
	}
}

// Test connection tells an access code from a working key.
func TestCheck(t *testing.T) {
	otherKey := strings.Repeat("A", 32)
	wrong, err := (box{key: otherKey}).seal([]byte(nothing))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, answer, part string
		kind               gateways.Kind
	}{
		{"well", `{"error_desc":"","error_code":"51004","status":1}`, "", 0},
		{"in older words", `{"Order_Status_Result":{"error_desc":"Providing Reference_No/Order No is mandatory","status":1}}`, "", 0},
		{"access code or address", "status=1&enc_response=Access_code: Invalid Parameter&enc_error_code=51407\r\n", "this server's address", gateways.Misconfigured},
		{"working key, as CCAvenue sees it", "status=1&enc_response=JSON request format: Invalid Parameter format&enc_error_code=51411", "working key", gateways.Misconfigured},
		{"working key, undecryptable", "status=1&enc_response=Enc_request: Invalid Request&enc_error_code=-1", "working key", gateways.Misconfigured},
		{"working key, as we see it", "status=0&enc_response=" + wrong[2:] + "&enc_error_code=", "working key", gateways.Misconfigured},
		{"a page", "<html>502</html>", "could not be understood", gateways.Unknown},
		{"an object of nothing", "{}", "could not be understood", gateways.Unknown},
	}
	for _, tt := range tests {
		err := newShop(t, map[string]string{"orderStatusTracker": tt.answer}).open(t).Check(t.Context())
		if (err == nil) != (tt.part == "") || err != nil && (gateways.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.part)) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// People read what was sent and answered, not its hex.
func TestTheTraceIsOpened(t *testing.T) {
	ctx, trace := gateways.WithTrace(t.Context())
	if _, err := newShop(t, map[string]string{"refundOrder": accepted}).open(t).Refund(ctx, refundOf); err != nil {
		t.Fatal(err)
	}
	x := trace.Exchanges()[0]
	if !strings.Contains(x.Request, `enc_request={"reference_no":"112233445566","refund_amount":"499.50","refund_ref_no":"KFRF1001A"}`) || !strings.Contains(x.Answer, accepted) {
		t.Errorf("shown %s and %s", x.Request, x.Answer)
	}
	if told := fmt.Sprintf("%+v", x); strings.Contains(told, key) {
		t.Errorf("told %s", told)
	}
}

// Version 1.1 wraps its object, writes numbers as text or not, and lets one row stand alone.
func TestTolerantReading(t *testing.T) {
	tests := []struct{ name, inside, count, first string }{
		{"1.2", `{"success_count":1,"failed_List":[{"reference_no":"7","error_code":"51304 "}]}`, "1", "51304"},
		{"1.1", `{"Order_Result":{"success_count":"1","failed_List":{"failed_order":[{"reference_no":7,"error_code":51304}]}}}`, "1", "51304"},
		{"one that stands alone", `{"Order_Result":{"success_count":1.0,"failed_List":{"failed_order":{"reference_no":"7","error_code":"51304"}}}}`, "1.0", "51304"},
		{"a bare object", `{"success_count":1,"failed_List":{"reference_no":"7","error_code":"51304"}}`, "1", "51304"},
		{"no list", `{"success_count":1,"failed_List":""}`, "1", ""},
		{"null", `{"success_count":1,"failed_List":"null"}`, "1", ""},
		{"with line breaks", "\r\n{\"success_count\":1}\r\n", "1", ""},
	}
	for _, tt := range tests {
		said, err := unwrap([]byte(tt.inside))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		rows, err := said.list("failed_List")
		first := ""
		if len(rows) > 0 {
			first = rows[0]["error_code"]
		}
		if err != nil || said.text("success_count") != tt.count || first != tt.first {
			t.Errorf("%s: %v of %s, %v", tt.name, rows, said.text("success_count"), err)
		}
	}
	for _, inside := range []string{"", "null", "[]", "7", `{"Order_Result":7}`, `{"a":1}x`} {
		if said, err := unwrap([]byte(inside)); err == nil {
			t.Errorf("%q is read as %v", inside, said)
		}
	}
}

// Every meaning is a sentence for people.
func TestMeaningsAreSentences(t *testing.T) {
	for code, m := range meanings {
		if !strings.HasSuffix(m.sentence, ".") || m.sentence[0] < 'A' || m.sentence[0] > 'Z' {
			t.Errorf("%s: %q is no sentence", code, m.sentence)
		}
	}
	for text, code := range map[string]string{"": "", "Refused 51310": "51310", "123451310": ""} {
		if got := coded("refund", "", text).Error(); (code != "") != strings.Contains(got, meanings["51310"].sentence) {
			t.Errorf("%q means %q", text, got)
		}
	}
}
