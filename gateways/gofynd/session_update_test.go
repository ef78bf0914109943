package gofynd

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

const channelSecret = "secret1"

func (f *fynd) channel(t *testing.T) *Gateway {
	t.Helper()
	g, err := OpenChannel(Channel{BaseURL: f.URL, Company: "1", Application: "64d24a8a911bf1c20ac3685c", Token: "token-1", Secret: channelSecret})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var told = PaymentUpdate{
	Session: SessionFacts{
		GID: "TR1", PFOrderID: "FY1", UserID: "u", Kind: "sale", Mode: "live", SuccessURL: "https://s/?a=1&b=<é>", CancelURL: "https://c/",
		Methods: []ToldMethod{{Code: "NB", Name: "Net banking", Subs: []ToldMethod{{Code: "SBIN", Name: "State Bank of India"}}}},
	},
	Status: "complete", Total: money.New(23000, "INR"),
	Payments: []PaymentFacts{{Gateway: "Razorpay", PaymentRef: "pay_1", OrderRef: "o1", Status: "complete", Amount: money.New(23000, "INR"), Captured: 23000, At: time.UnixMilli(1700000000000)}},
}

func TestUpdatePaymentSession(t *testing.T) {
	f := newFynd(t, 200, `{"gid":"TR1","status":"complete","total_amount":23000,"currency":"INR","pf_order_id":"FY1","platform_transaction_details":[{"object":"platform_payment","transaction_id":"TR9","payment_id":"pay_1"}]}`)
	reply, err := f.channel(t).UpdatePaymentSession(t.Context(), told)
	if err != nil || reply.Status != "complete" || reply.PartnerOrder != "FY1" || !slices.Equal(reply.TransactionIDs, []string{"TR9"}) {
		t.Errorf("reply %+v, %v", reply, err)
	}
	if path := "/service/platform/payment/v1.0/company/1/application/64d24a8a911bf1c20ac3685c/payment/session/TR1"; f.req.Method != "PUT" || f.req.URL.Path != path {
		t.Errorf("sent %s %s", f.req.Method, f.req.URL.Path)
	}
	const aggregator = `{"aggregator_order_id":"o1","amount":23000,"currency":"INR","aggregator":"Razorpay","status":"complete"}`
	plain := `{"gid":"TR1","pf_order_id":"FY1","status":"complete","currency":"INR","total_amount":23000,"payment_details":[{"gid":"TR1","payment_id":"pay_1","mode":"live",` +
		`"amount":23000,"amount_captured":23000,"success_url":"https://s/?a=1&b=<é>","cancel_url":"https://c/",` +
		`"payment_methods":[{"code":"NB","name":"Net banking","sub_payment_mode":[{"code":"SBIN","name":"State Bank of India"}]}],"g_user_id":"u","currency":"INR",` +
		`"aggregator_order_id":"o1","status":"complete","created":"1700000000000","captured":true,"kind":"sale"}],` +
		`"order_details":{"gid":"TR1","amount":23000,"status":"complete","currency":"INR","aggregator":"Razorpay","aggregator_order_details":` + aggregator + `,"aggergator_order_details":` + aggregator + `}}`
	if want := strings.TrimSuffix(plain, "}") + `,"checksum":"` + Checksum(channelSecret, []byte(plain)) + `"}`; f.body != want {
		t.Errorf("sent %s\nwant %s", f.body, want)
	}
	if h := f.req.Header; h.Get("Authorization") != "Bearer token-1" || h.Get("X-Fp-Sdk-Version") != "3.4.2" || h.Get("X-Fp-Signature") != requestSignature(f.req, []byte(f.body)) {
		t.Errorf("headers %v", h)
	}
}

// The checksum of an update as the payment extension boilerplate makes it.
func TestChecksumOfAnUpdate(t *testing.T) {
	const payload = `{"gid":"TR1","status":"complete","currency":"INR","total_amount":100,"payment_details":[{"gid":"TR1","amount":100,"currency":"INR","payment_id":"pay_1","mode":"live",` +
		`"success_url":"https://s/?a=1&b=<é>","cancel_url":"https://c/","amount_captured":100,"payment_methods":[{}],"g_user_id":"u","aggregator_order_id":"o1","status":"complete","created":"1700000000000"}],` +
		`"order_details":{"gid":"TR1","amount":100,"status":"complete","currency":"INR","aggregator_order_details":{},"aggregator":"Dummy"}}`
	body, err := withChecksum([]byte(payload), channelSecret)
	if want := strings.TrimSuffix(payload, "}") + `,"checksum":"fe5f830b74943a31597e65d5ff68c698f17d0e7685fee6b9bad6771c2a3d1af4"}`; err != nil || string(body) != want {
		t.Errorf("body %s, %v", body, err)
	}
}

// What the client libraries demand of an update before they send it; a text may be empty, but not null.
func TestUpdatesHaveWhatTheClientLibrariesDemand(t *testing.T) {
	texts := func(in map[string]any, names ...string) {
		t.Helper()
		for _, name := range names {
			if _, ok := in[name].(string); !ok {
				t.Errorf("%s is %v", name, in[name])
			}
		}
	}
	numbers := func(in map[string]any, names ...string) {
		t.Helper()
		for _, name := range names {
			if _, ok := in[name].(json.Number); !ok {
				t.Errorf("%s is %v", name, in[name])
			}
		}
	}
	payment := func(in map[string]any) {
		t.Helper()
		texts(in, "gid", "payment_id", "mode", "success_url", "cancel_url", "g_user_id", "currency", "aggregator_order_id", "status")
		numbers(in, "amount", "amount_captured")
		if list, ok := in["payment_methods"].([]any); !ok || len(list) == 0 {
			t.Errorf("payment_methods is %v", in["payment_methods"])
		}
	}
	read := func(body string) (m map[string]any) {
		t.Helper()
		if err := gateways.DecodeJSON([]byte(body), &m); err != nil {
			t.Fatal(err)
		}
		return m
	}

	bare := told // the least that is ever known: the buyer has not come to the gateway
	bare.Session, bare.Status = SessionFacts{GID: "TR1"}, "failed"
	bare.Payments = []PaymentFacts{{Status: "failed", Amount: money.New(1, "INR"), Reason: "The payment was declined."}}
	f := newFynd(t, 200, `{"gid":"TR1"}`)
	if _, err := f.channel(t).UpdatePaymentSession(t.Context(), bare); err != nil {
		t.Fatal(err)
	}
	m := read(f.body)
	texts(m, "gid", "status", "currency", "checksum")
	numbers(m, "total_amount")
	list, _ := m["payment_details"].([]any)
	if len(list) != 1 {
		t.Fatalf("payment_details is %v", m["payment_details"])
	}
	one, _ := list[0].(map[string]any)
	payment(one)
	texts(one, "created")
	order, _ := m["order_details"].(map[string]any)
	texts(order, "gid", "status", "currency", "aggregator")
	numbers(order, "amount")
	if _, ok := order["aggregator_order_details"].(map[string]any); !ok {
		t.Errorf("aggregator_order_details is %v", order)
	}

	refund := update
	refund.GID, refund.Session, refund.Receipt = "TR1", &told.Session, "kfy1"
	if _, err := f.channel(t).UpdateRefundSession(t.Context(), refund); err != nil {
		t.Fatal(err)
	}
	m = read(f.body)
	texts(m, "gid", "status", "currency", "checksum", "pf_order_id")
	numbers(m, "total_amount")
	one, _ = m["payment_details"].(map[string]any) // one object here
	payment(one)
	list, _ = m["refund_details"].([]any)
	one, _ = list[0].(map[string]any)
	texts(one, "request_id", "payment_id", "status", "created", "currency", "receipt_number")
	numbers(one, "amount")
}

func TestWhatIsNotToldOfAPayment(t *testing.T) {
	f := newFynd(t, 200, "{}")
	for name, change := range map[string]func(*PaymentUpdate){
		"no gid":         func(u *PaymentUpdate) { u.Session.GID = "" },
		"no payment":     func(u *PaymentUpdate) { u.Payments = nil },
		"a word of ours": func(u *PaymentUpdate) { u.Status = "captured" },
		"two currencies": func(u *PaymentUpdate) { u.Total.Currency = "SEK" },
		"nothing":        func(u *PaymentUpdate) { u.Total.Minor = 0 },
	} {
		u := told
		change(&u)
		if _, err := f.channel(t).UpdatePaymentSession(t.Context(), u); gateways.KindOf(err) != gateways.Declined || f.req != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnswersToAPaymentUpdate(t *testing.T) {
	for _, tt := range []struct {
		status int
		answer string
		want   gateways.Kind
	}{
		{200, `{"gid":"TR2","status":"complete"}`, gateways.Unknown}, // of another payment
		{200, `<html>`, gateways.Unknown},
		{400, `{"success":false,"data":{"status":"failed"},"message":"Invalid checksum"}`, gateways.Misconfigured},
		{400, `{"success":false,"message":"no"}`, gateways.Declined},
		{404, `{"success":false,"message":"transaction not found"}`, gateways.Declined},
		{503, `busy`, gateways.Unknown},
	} {
		_, err := newFynd(t, tt.status, tt.answer).channel(t).UpdatePaymentSession(t.Context(), told)
		if err == nil || gateways.KindOf(err) != tt.want {
			t.Errorf("%d %s: %v, want %s", tt.status, tt.answer, err, tt.want)
		}
	}
}

func TestChannelIsComplete(t *testing.T) {
	whole := Channel{Company: "1", Application: "a", Token: "t", Secret: "s"}
	for name, change := range map[string]func(*Channel){
		"company": func(c *Channel) { c.Company = "" }, "application": func(c *Channel) { c.Application = "" }, "token": func(c *Channel) { c.Token = "" },
		"secret": func(c *Channel) { c.Secret = "" }, "address": func(c *Channel) { c.BaseURL = "nowhere" },
	} {
		c := whole
		change(&c)
		if _, err := OpenChannel(c); gateways.KindOf(err) != gateways.Misconfigured {
			t.Errorf("without a %s: %v", name, err)
		}
	}
	g, err := OpenChannel(whole)
	if err != nil || g.api.Base != base || g.api.Public {
		t.Errorf("opened %+v, %v", g, err)
	}
	whole.PlatformURL = "https://api.fyndx5.de/"
	if g, err = OpenChannel(whole); err != nil || g.api.Base != "https://api.fyndx5.de" || !g.api.Public {
		t.Errorf("opened %+v, %v", g, err)
	}
}

// The body of Fynd's own samples, quirks included: the seller's locale by either name, methods with their modes.
func TestFacts(t *testing.T) {
	facts, err := Facts([]byte(`{"gid":"TR64D4E0D50D7B9210BC","fynd_platform_id":"FY1","g_user_id":91427398572894234123,"merchant_locale":"","seller_locale":"en-IN","locale":"en","amount":23000,
		"mode":"test","success_url":"https://s/?cart_id=1","cancel_url":"https://c/","payment_methods":[{"code":"NB","name":"Net banking","sub_payment_mode":[{"code":"SBIN","name":"State Bank of India"}]},{}],"sector":null}`))
	if err != nil || facts.GID != "TR64D4E0D50D7B9210BC" || facts.PFOrderID != "FY1" || facts.UserID != "91427398572894234123" || facts.Merchant != "en-IN" || facts.Kind != "sale" ||
		len(facts.Methods) != 1 || facts.Methods[0].Subs[0].Name != "State Bank of India" {
		t.Errorf("%+v, %v", facts, err)
	}
	if _, err := Facts([]byte(`{`)); err == nil {
		t.Error("half a body was read")
	}
}
