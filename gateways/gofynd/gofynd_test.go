package gofynd

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/money"
)

var settings = gateways.Settings{Mode: "test", Values: map[string]string{
	"company_id": "1", "application_id": "64d24a8a911bf1c20ac3685c", "affiliate_id": "aff-1", "affiliate_token": "affiliate-token-1", "secret_key": "ext_secret_123",
}}

var (
	update = RefundUpdate{
		GID: "TR64D4E4250DB0CBEF1D", RequestID: "16916747740991418099", Status: "refund_done", Amount: money.New(49900, "INR"), Total: money.New(155800, "INR"),
		Gateway: "Razorpay", PaymentRef: "pay_KF00000000001B", OrderRef: "order_KF00000000001A", RefundRef: "rfnd_KF00000000001C", UTR: "10000000000000",
		Reason: "Too <small>", Mode: "test", At: time.UnixMilli(1767225600000),
	}
	confirmation = Confirmation{PartnerOrderID: "FY1", Amount: money.New(49900, "INR"), Mode: "CC", Gateway: "CCAvenue", PaymentRef: "1100", OrderRef: "1001"}
)

func TestConform(t *testing.T) {
	gatewaytest.Conform(t, Driver, settings, gatewaytest.Provider{
		Check: `{"gid":"kartify-check"}`,
		Webhook: &gatewaytest.Webhooks{
			Header:  http.Header{"X-Fp-Signature": {"531866392ae13872fba204d5429df5a4c0b3cc3dd5f257c1f844a529f9a7e8fb"}},
			Body:    sample(t, "refund_initiated_platform.json"),
			Secret:  "ext_secret_123",
			Name:    "REFUND_INITIATED",
			Unknown: []byte(`{"event":{"name":"warehouse","type":"moved"},"payload":{"x":1}}`),
		},
	})
}

// fynd answers everything with one status and body, and remembers what it was sent.
type fynd struct {
	*httptest.Server
	req  *http.Request
	body string
}

func newFynd(t *testing.T, status int, answer string) *fynd {
	f := &fynd{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		f.req, f.body = r, string(raw)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *fynd) open(t *testing.T, more ...string) *Gateway {
	t.Helper()
	at := settings
	at.BaseURL, at.Values = f.URL, map[string]string{}
	for slug, value := range settings.Values {
		at.Values[slug] = value
	}
	for i := 0; i < len(more); i += 2 {
		at.Values[more[i]] = more[i+1]
	}
	g, err := Open(at)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestUpdateRefundSession(t *testing.T) {
	f := newFynd(t, 200, string(sample(t, "refund_reply.json")))
	reply, err := f.open(t).UpdateRefundSession(t.Context(), update)
	if err != nil || reply.Status != "refund_done" || reply.PartnerOrder != "FY64D4E4250DB0CBEF1D" || len(reply.FyndRefundIDs) != 1 || reply.FyndRefundIDs[0] != "RFabc" {
		t.Errorf("reply %+v, %v", reply, err)
	}
	path := "/service/platform/payment/v1.0/company/1/application/64d24a8a911bf1c20ac3685c/payment/TR64D4E4250DB0CBEF1D/refund/session/16916747740991418099"
	if f.req.Method != "PUT" || f.req.URL.Path != path {
		t.Errorf("sent %s %s", f.req.Method, f.req.URL.Path)
	}
	plain := `{"gid":"TR64D4E4250DB0CBEF1D","status":"refund_done","currency":"INR","total_amount":155800,"payment_details":{"gid":"TR64D4E4250DB0CBEF1D","payment_id":"pay_KF00000000001B",` +
		`"mode":"test","amount":155800,"amount_captured":155800,"success_url":"","cancel_url":"","payment_methods":[{}],"g_user_id":"","currency":"INR","aggregator_order_id":"order_KF00000000001A",` +
		`"status":"complete"},"refund_details":[{"request_id":"16916747740991418099","payment_id":"pay_KF00000000001B","amount":49900,"status":"refund_done","created":"1767225600000","currency":"INR",` +
		`"refund_utr":"10000000000000","reason":"Too <small>","pg_refund_id":"rfnd_KF00000000001C"}]}`
	if want := strings.TrimSuffix(plain, "}") + `,"checksum":"` + gateways.SumHMAC([]byte(plain), "ext_secret_123") + `"}`; f.body != want {
		t.Errorf("sent %s\nwant %s", f.body, want)
	}
	if f.req.Header.Get("X-Affiliate-Id") != "aff-1" || f.req.Header.Get("X-Affiliate-Token") != "affiliate-token-1" ||
		f.req.Header.Get("X-Fp-Signature") != gateways.SumHMAC([]byte(f.body), "ext_secret_123") || f.req.Header.Get("Authorization") != "" {
		t.Errorf("headers %v", f.req.Header)
	}
	_, _ = f.open(t, "api_secret", "another-secret").UpdateRefundSession(t.Context(), update)
	if !strings.HasSuffix(f.body, `"checksum":"`+gateways.SumHMAC([]byte(plain), "another-secret")+`"}`) {
		t.Errorf("the API secret is not used: %s", f.body)
	}
}

func TestWhatIsNotReported(t *testing.T) {
	f := newFynd(t, 200, "{}")
	for name, change := range map[string]func(*RefundUpdate){
		"no payment":       func(u *RefundUpdate) { u.GID = "" },
		"no request":       func(u *RefundUpdate) { u.RequestID = "" },
		"a word of ours":   func(u *RefundUpdate) { u.Status = "succeeded" },
		"two currencies":   func(u *RefundUpdate) { u.Total.Currency = "SEK" },
		"nothing returned": func(u *RefundUpdate) { u.Amount.Minor = 0 },
	} {
		u := update
		change(&u)
		if _, err := f.open(t).UpdateRefundSession(t.Context(), u); err == nil || gateways.KindOf(err) != gateways.Declined || f.req != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := f.open(t).ConfirmPayment(t.Context(), Confirmation{}); gateways.KindOf(err) != gateways.Declined || f.req != nil {
		t.Errorf("an empty confirmation: %v", err)
	}
}

func TestConfirmPayment(t *testing.T) {
	f := newFynd(t, 200, `{"order_id":"FY1","message":"Payment confirmed","success":true}`)
	reply, err := f.open(t).ConfirmPayment(t.Context(), confirmation)
	if err != nil || reply.Message != "Payment confirmed" {
		t.Errorf("reply %+v, %v", reply, err)
	}
	want := `{"order_id":"FY1","payment_methods":[{"mode":"CC","name":"CCAvenue","amount":499,"meta":{"payment_id":"1100","order_id":"1001","current_status":"complete","payment_gateway":"CCAvenue"}}]}`
	if f.body != want || f.req.Method != "POST" || !strings.HasSuffix(f.req.URL.Path, "/application/64d24a8a911bf1c20ac3685c/payment/confirm") {
		t.Errorf("sent %s %s %s", f.req.Method, f.req.URL.Path, f.body)
	}
	for minor, want := range map[int64]string{49950: "499.5", 49905: "499.05", 100: "1", 10000: "100", 1: "0.01"} {
		if got := plainDecimal(money.New(minor, "INR")); got != want {
			t.Errorf("%d is written %s, want %s", minor, got, want)
		}
	}
}

func TestWhatFyndAnswers(t *testing.T) {
	refusal := func(message string) string {
		return `{"success":false,"data":{"status":"failed"},"message":"` + message + `"}`
	}
	tests := []struct {
		name, answer string
		status       int
		kind         gateways.Kind
		part         string
	}{
		{"a wrong checksum", refusal("Invalid checksum"), 400, gateways.Misconfigured, "Check the API secret"},
		{"a wrong checksum, as another version says it", `{"message":"Invalid Checksum","success":false}`, 401, gateways.Misconfigured, "Check the API secret"},
		{"a payment nobody knows", refusal("transaction not found"), 404, gateways.Declined, "does not know"},
		{"an order nobody knows", `{"success":false,"code":"order_not_found","description":"Order not found"}`, 404, gateways.Declined, "does not know"},
		{"an order nobody knows, nested", `{"success":false,"error":{"code":"order_not_found","description":"Nope"}}`, 404, gateways.Declined, "Fynd says: Nope"},
		{"another address", refusal("Not Found"), 404, gateways.Misconfigured, "Check the Gofynd API URL"},
		{"another site", "<html>404</html>", 404, gateways.Misconfigured, "Check the Gofynd API URL"},
		{"a field too few", refusal("amount must be a number"), 400, gateways.Declined, "amount must be a number"},
		{"an update in progress", refusal("Another update of this payment is in progress"), 409, gateways.Unknown, "in progress"},
		{"no token", refusal("unauthorized"), 401, gateways.Misconfigured, "credentials"},
		{"a wrong signature", refusal("Invalid signature"), 403, gateways.Misconfigured, "credentials"},
		{"too many calls", refusal("slow"), 429, gateways.Unavailable, "fewer calls"},
		{"their fault", refusal("Internal Server Error"), 500, gateways.Unknown, "fault of its own"},
		{"a page of a proxy", "<html>", 502, gateways.Unknown, "fault of its own"},
		{"a page", "<html>", 200, gateways.Unknown, "could not be understood"},
		{"another payment", `{"gid":"TR2","order_id":"FY2","success":true}`, 200, gateways.Unknown, "answered about"},
		{"nothing", `{}`, 200, gateways.Unknown, "answered about"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newFynd(t, tt.status, tt.answer).open(t)
			_, updateErr := g.UpdateRefundSession(t.Context(), update)
			_, confirmErr := g.ConfirmPayment(t.Context(), confirmation)
			for _, err := range []error{updateErr, confirmErr} {
				var e *gateways.Error
				if !errors.As(err, &e) || e.Kind != tt.kind || e.Status != tt.status || !strings.Contains(e.Message, tt.part) {
					t.Errorf("got %+v, want %v with %q", e, tt.kind, tt.part)
				}
			}
		})
	}
	g := newFynd(t, 200, `{"order_id":"FY1","message":"The amount differs","success":false}`).open(t)
	if _, err := g.ConfirmPayment(t.Context(), confirmation); gateways.KindOf(err) != gateways.Declined || !strings.Contains(err.Error(), "The amount differs") {
		t.Errorf("not confirmed: %v", err)
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		status int
		answer string
		good   bool
	}{
		{404, `{"success":false,"message":"transaction not found"}`, true},
		{200, `{"gid":"kartify-check"}`, true},
		{404, `<html>`, false},
		{404, `{"message":"Not Found"}`, false},
		{401, `{"message":"unauthorized"}`, false},
		{500, `{}`, false},
	}
	for _, tt := range tests {
		if err := newFynd(t, tt.status, tt.answer).open(t).Check(t.Context()); (err == nil) != tt.good {
			t.Errorf("%d %s: %v", tt.status, tt.answer, err)
		}
	}
}

func TestOpen(t *testing.T) {
	with := func(more ...string) gateways.Settings {
		s := gateways.Settings{Values: map[string]string{}}
		for slug, value := range settings.Values {
			s.Values[slug] = value
		}
		for i := 0; i < len(more); i += 2 {
			s.Values[more[i]] = more[i+1]
		}
		return s
	}
	if _, err := Open(with("affiliate_token", "")); gateways.KindOf(err) != gateways.Misconfigured {
		t.Errorf("without a token: %v", err)
	}
	if _, err := Open(with("affiliate_token", "", "access_token", "bearer-token")); err != nil {
		t.Errorf("with an access token: %v", err)
	}
	for _, address := range []string{"http://fynd.example", "fynd.example", "https://user:word@fynd.example", "https://fynd.example/?x=1", "file:///etc/passwd"} {
		if _, err := Open(with("api_url", address)); gateways.KindOf(err) != gateways.Misconfigured {
			t.Errorf("%s: %v", address, err)
		}
	}
	// A store's own address may not lead into the house; an operator's may.
	g, err := Open(with("api_url", "https://127.0.0.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.ConfirmPayment(t.Context(), confirmation); gateways.KindOf(err) != gateways.Misconfigured || !strings.Contains(err.Error(), "not a public one") {
		t.Errorf("a store's address inside the house: %v", err)
	}
	f := newFynd(t, 200, `{"order_id":"FY1","success":true}`)
	if _, err := f.open(t, "api_url", "https://127.0.0.1:1").ConfirmPayment(t.Context(), confirmation); err != nil {
		t.Errorf("an operator's address: %v", err)
	}
}
