package gofynd

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
)

// Vectors made with fp-signature 1.0.2.
func TestRequestSignature(t *testing.T) {
	tests := []struct{ path, body, want string }{
		{"/service/panel/authentication/v1.0/company/1/oauth/token", "code=code123&grant_type=authorization_code", "v1.1:af867db464f440eab9701d5eaaa109f0d770b9fe836fa835d5c1706a1ede35bf"},
		{"/service/platform/payment/v1.0/company/1/application/64d24a8a911bf1c20ac3685c/payment/confirm", `{"order_id":"x","payment_methods":[]}`, "v1.1:19290fd1f371300b450cb9dcbb2cd6fd45e9b26a57c9565608b15be451a4914d"},
	}
	for _, tt := range tests {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:9190"+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer not-signed")
		signRequest(req, []byte(tt.body), time.Date(2026, 11, 22, 22, 20, 0, 0, time.UTC))
		if got := req.Header.Get("X-Fp-Signature"); got != tt.want {
			t.Errorf("%s is signed %s, want %s", tt.path, got, tt.want)
		}
	}
}

func TestABearerIsSignedAsTheLibrariesDo(t *testing.T) {
	f := newFynd(t, 200, `{"order_id":"FY1","success":true}`)
	if _, err := f.open(t, "access_token", "bearer-token").ConfirmPayment(t.Context(), confirmation); err != nil {
		t.Fatal(err)
	}
	if f.req.Header.Get("Authorization") != "Bearer bearer-token" || f.req.Header.Get("X-Affiliate-Token") != "" {
		t.Errorf("headers %v", f.req.Header)
	}
	if got := f.req.Header.Get("X-Fp-Signature"); got != requestSignature(f.req, []byte(f.body)) || !strings.HasPrefix(got, "v1.1:") {
		t.Errorf("signed %s", got)
	}
}

// Vectors of payment-extension-boilerplate's own tests, and of messages written as JavaScript writes them.
func TestChecksums(t *testing.T) {
	tests := []struct{ secret, message, want string }{
		{"secret", `{"key":"test value"}`, "b800807ed2c815a9d559a8e2f991f7716b55d5353f8a07dcf873c194c2d5d32c"},
		{"secret", "TR893498924759553", "9d0eea741c16280078c2881eb65de1c87c06be87915dd79e1027d0d4f36b0b15"},
		{"ext_secret_123", `{"customer_name":"sandbox user","customer_email":"test@example.com","app_id":"64d24a8a911bf1c20ac3685c","company_id":1,"gid":"TR64D4E0D50D7B9210BC","amount":23000,"currency":"INR","mode":"test"}`, "2437eeccb584fbdf10fd155ff14d5caf65b87eff7d599d8ebc119a4d743e407d"},
		{"ext_secret_123", "TR64D4E0D50D7B9210BC", "abfbcf6b4ea293b5ca70b0ad8d931cfa0905bb78962e813656a2fdea7af967dc"},
		{"ext_secret_123", `{"gid":"TR64D4E4250DB0CBEF1D","pf_order_id":"FY64D4E4250DB0CBEF1D","request_id":"16916747740991418099","app_id":"64d24a8a911bf1c20ac3685c","amount":23000,"currency":"INR","status":"initiate","journey_type":"CANCEL/RETURN"}`, "f345eca7944c043fa750dcefd877512424c895086b33831ddeb8be88b71dff97"},
		{"ext_secret_123", "{}", "452fbb880befe3bf7d4b4c84ed2cc0c947112aa9e570b30909b66ecf20be5831"},
		{"ext_secret_123", `{"name":"Zoë <A&B>","url":"https://s/?a=1&b=2","amount":100.5,"whole":100}`, "e175562e75f841aa13de92141a53eeb124cb5d0606926bf93ceac8a6c2a51480"},
	}
	for _, tt := range tests {
		if got := gateways.SumHMAC([]byte(tt.message), tt.secret); got != tt.want {
			t.Errorf("%s sums to %s, want %s", tt.message, got, tt.want)
		}
	}
}

// The session update of the vector, written by us and summed.
func TestWithChecksum(t *testing.T) {
	type order struct {
		GID        string   `json:"gid"`
		Amount     int64    `json:"amount"`
		Status     string   `json:"status"`
		Currency   string   `json:"currency"`
		Details    struct{} `json:"aggregator_order_details"`
		Aggregator string   `json:"aggregator"`
	}
	type payment struct {
		GID        string     `json:"gid"`
		Amount     int64      `json:"amount"`
		Currency   string     `json:"currency"`
		PaymentID  string     `json:"payment_id"`
		Mode       string     `json:"mode"`
		SuccessURL string     `json:"success_url"`
		CancelURL  string     `json:"cancel_url"`
		Captured   int64      `json:"amount_captured"`
		Methods    []struct{} `json:"payment_methods"`
		User       string     `json:"g_user_id"`
		Aggregator string     `json:"aggregator_order_id"`
		Status     string     `json:"status"`
		Created    string     `json:"created"`
	}
	message := struct {
		GID      string    `json:"gid"`
		Status   string    `json:"status"`
		Currency string    `json:"currency"`
		Total    int64     `json:"total_amount"`
		Payments []payment `json:"payment_details"`
		Order    order     `json:"order_details"`
	}{
		"TR1", "complete", "INR", 100,
		[]payment{{"TR1", 100, "INR", "pay_1", "live", "https://s/?a=1&b=<é>", "https://c/", 100, []struct{}{{}}, "u", "o1", "complete", "1700000000000"}},
		order{GID: "TR1", Amount: 100, Status: "complete", Currency: "INR", Aggregator: "Dummy"},
	}
	body, err := withChecksum(message, "secret1")
	if err != nil || !strings.HasSuffix(string(body), `"aggregator":"Dummy"},"checksum":"fe5f830b74943a31597e65d5ff68c698f17d0e7685fee6b9bad6771c2a3d1af4"}`) {
		t.Errorf("%s, %v", body, err)
	}
}

func TestPlain(t *testing.T) {
	if got := plain("a\u2028b\u2029c\xff"); got != "a b c?" {
		t.Errorf("got %q", got)
	}
}
