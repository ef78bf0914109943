package klarna

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

func TestPayment(t *testing.T) {
	s := newShop(t, map[string]string{"GET ": sample(t, "order_part_captured.json")})
	got, err := s.open(t).Payment(t.Context(), orderID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Ref != orderID || got.OrderRef != "1021" || got.Word != "PART_CAPTURED" || got.Amount != money.New(25000, "SEK") || got.Captured != 10000 ||
		got.Refunded != 2500 || got.Voided != 0 || !got.Authorized || got.Failed || got.Canceled || got.Method != "invoice" ||
		!got.CaptureBefore.Equal(time.Date(2026, 2, 7, 0, 0, 0, 0, time.UTC)) || !slices.Equal(got.Offers, []gateways.Verb{gateways.Capture, gateways.Void, gateways.Refund}) {
		t.Errorf("payment %+v", got)
	}
	if got.Params["klarna_reference"] != "AB12CD34" {
		t.Errorf("params %v", got.Params)
	}
	if len(got.Captures) != 1 || got.Captures[0].Key != "KFCP1021A-1" || got.Captures[0].Ref != captureID || got.Captures[0].Reference != "AB12CD34-1" {
		t.Errorf("captures %+v", got.Captures)
	}
	if len(got.Refunds) != 1 || got.Refunds[0].Key != "KFRF1021A-1" || got.Refunds[0].Amount != money.New(2500, "SEK") || got.Refunds[0].Status != gateways.Succeeded {
		t.Errorf("refunds %+v", got.Refunds)
	}
}

// The words of an order, by its status, its risk check and what was captured, refunded and remains.
func TestWords(t *testing.T) {
	const fine, wait = "ACCEPTED", "PENDING"
	capture, void, update, refund := gateways.Capture, gateways.Void, gateways.Update, gateways.Refund
	tests := []struct {
		status, fraud                 string
		captured, refunded, remaining int64
		authorized, canceled          bool
		voided                        int64
		doubt                         gateways.Doubt
		offers                        []gateways.Verb
	}{
		{"AUTHORIZED", fine, 0, 0, 100, true, false, 0, "", []gateways.Verb{capture, update, void}},
		{"AUTHORIZED", wait, 0, 0, 100, false, false, 0, "", []gateways.Verb{void}},
		{"AUTHORIZED", "REJECTED", 0, 0, 100, false, false, 0, "", []gateways.Verb{void}},
		{"AUTHORIZED", "LATER", 0, 0, 100, false, false, 0, "", []gateways.Verb{void}},
		{"PART_CAPTURED", fine, 40, 10, 60, true, false, 0, "", []gateways.Verb{capture, void, refund}},
		{"CAPTURED", fine, 100, 0, 0, true, false, 0, "", []gateways.Verb{refund}},
		{"CAPTURED", fine, 100, 100, 0, true, false, 0, "", nil},
		{"CAPTURED", fine, 40, 0, 0, true, false, 60, "", []gateways.Verb{refund}}, // the rest was released
		{"CANCELLED", fine, 0, 0, 100, false, true, 100, "", nil},                  // the remaining amount stays
		{"EXPIRED", fine, 0, 0, 0, false, true, 100, "", nil},
		{"EXPIRED", fine, 40, 0, 60, true, false, 60, "", []gateways.Verb{refund}},
		{"CLOSED", fine, 100, 100, 0, true, false, 0, "", nil}, // as Kustom shows a refunded order
		{"ON_HOLD", fine, 0, 0, 100, false, false, 0, gateways.Unclear, nil},
	}
	for _, tt := range tests {
		o := order{
			ID: orderID, Status: tt.status, Fraud: tt.fraud, Amount: 100, Original: 100, Captured: tt.captured, Refunded: tt.refunded,
			Remaining: tt.remaining, Currency: "SEK", ExpiresAt: "2026-02-07T00:00:00.000Z",
		}
		got := o.payment(nil)
		if got.Authorized != tt.authorized || got.Canceled != tt.canceled || got.Voided != tt.voided || got.Doubt != tt.doubt || got.Captured != tt.captured {
			t.Errorf("%s %s with %d captured: %+v", tt.status, tt.fraud, tt.captured, got)
		}
		if !slices.Equal(got.Offers, tt.offers) || got.Offers == nil {
			t.Errorf("%s %s with %d captured offers %v, want %v", tt.status, tt.fraud, tt.captured, got.Offers, tt.offers)
		}
		if held := tt.status == "AUTHORIZED" || tt.status == "PART_CAPTURED"; held == got.CaptureBefore.IsZero() {
			t.Errorf("%s is held until %v", tt.status, got.CaptureBefore)
		}
		if tt.status == "AUTHORIZED" && (tt.fraud == fine) != (got.Reason == "") {
			t.Errorf("%s: reason %q", tt.fraud, got.Reason)
		}
	}
}

func TestACheckoutThatIsNotFinished(t *testing.T) {
	s := newShop(t, map[string]string{"GET /checkout/v3/orders/" + orderID: `{"order_id":"` + orderID + `","status":"checkout_incomplete","order_amount":25000,"purchase_currency":"SEK","merchant_reference1":"1021"}`})
	got, err := s.open(t).Payment(t.Context(), orderID)
	if err != nil || got.Authorized || got.Failed || got.Canceled || got.Doubt != "" || got.Word != "checkout_incomplete" || got.Amount != money.New(25000, "SEK") {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := newShop(t, nil).open(t).Payment(t.Context(), orderID); gateways.KindOf(err) != gateways.Declined {
		t.Errorf("an order nobody knows: %v", err)
	}
}

func TestSettledPayments(t *testing.T) {
	s := newShop(t, map[string]string{
		"GET /settlements/v1/payouts?end_date=2026-01-20T00%3A00%3A00Z&offset=0&size=500&start_date=2026-01-19T00%3A00%3A00Z": `{"payouts":[{"payment_reference":"XISA93DJ"}],"pagination":{"count":1}}`,
		"GET /settlements/v1/transactions?offset=0&payment_reference=XISA93DJ&size=500":                                       sample(t, "transactions.json"),
		"GET ": sample(t, "order_part_captured.json"),
	})
	var seen []string
	from := time.Date(2026, 1, 19, 0, 0, 0, 0, time.UTC)
	err := s.open(t).Payments(t.Context(), from, from.AddDate(0, 0, 1), func(p gateways.Payment) error {
		seen = append(seen, p.Ref)
		return nil
	})
	if err != nil || !slices.Equal(seen, []string{orderID}) {
		t.Errorf("saw %v, %v", seen, err)
	}
	if err := s.open(t).Payments(t.Context(), from, from, func(gateways.Payment) error { return nil }); err == nil {
		t.Error("a list that does not come is taken for an empty one")
	}
}

func TestStart(t *testing.T) {
	checkout := gateways.Checkout{
		OrderRef: "1021", Amount: money.New(25000, "SEK"), Lines: updateOf.Lines, Locale: "sv-SE", Key: "KFPY1021A-1",
		Customer:  gateways.Customer{Name: "Åsa Öberg", Email: "asa@example.test", Country: "se"},
		ReturnURL: "https://kartify.example/pay/x/back", CancelURL: "https://kartify.example/pay/x/cancel", NotifyURL: "https://kartify.example/callbacks/klarna/41",
	}
	s := newShop(t, map[string]string{
		"POST /checkout/v3/orders": `201 {"order_id":"` + orderID + `","status":"checkout_incomplete","order_amount":25000,"purchase_currency":"SEK","html_snippet":"<div></div>"}`,
		"POST /hpp/v1/sessions":    `201 {"session_id":"s-1","redirect_url":"https://pay.playground.klarna.com/eu/hpp/payments/s-1"}`,
	})
	got, err := s.open(t).Start(t.Context(), checkout)
	if err != nil || got.Ref != orderID || got.OrderRef != "1021" || got.URL != "https://pay.playground.klarna.com/eu/hpp/payments/s-1" {
		t.Fatalf("start %+v, %v", got, err)
	}
	for _, part := range []string{
		`"purchase_country":"SE"`, `"order_amount":25000`, `"merchant_reference1":"1021"`, `"given_name":"Åsa"`, `"family_name":"Öberg"`,
		`"push":"https://kartify.example/callbacks/klarna/41/{checkout.order.id}.a1b2c3d4e5f6g7h8"`, `"name":"Order 1021"`, // the lines are of another sum
	} {
		if !strings.Contains(s.bodies[0], part) {
			t.Errorf("%s lacks %s", s.bodies[0], part)
		}
	}
	if want := s.URL + "/checkout/v3/orders/" + orderID; !strings.Contains(s.bodies[1], want) {
		t.Errorf("%s lacks %s", s.bodies[1], want)
	}
	if a, b := s.sent[0].Header.Get("Klarna-Idempotency-Key"), s.sent[1].Header.Get("Klarna-Idempotency-Key"); !uuid.MatchString(a) || a == b {
		t.Errorf("keys %s and %s", a, b)
	}
	for name, page := range map[string]string{"plain": "http://pay.example/", "script": "javascript:alert(1)", "none": ""} {
		s.answers["POST /hpp/v1/sessions"] = `201 {"redirect_url":"` + page + `"}`
		if _, err := s.open(t).Start(t.Context(), checkout); err == nil {
			t.Errorf("the buyer is sent to a %s address", name)
		}
	}
	s.answers["POST /hpp/v1/sessions"] = `201 {"redirect_url":"https://pay.klarna.com/eu/hpp/payments/s-2"}`
	company := checkout
	company.Customer.Organization, company.Customer.Registration = "Nordisk AB", "556000-0001"
	if _, err := s.open(t).Start(t.Context(), company); err != nil {
		t.Error(err)
	}
	for _, part := range []string{`"customer":{"type":"organization","organization_registration_id":"556000-0001"}`, `"organization_name":"Nordisk AB"`, `"allowed_customer_types":["organization","person"]`} {
		if sent := s.bodies[len(s.bodies)-2]; !strings.Contains(sent, part) {
			t.Errorf("%s lacks %s", sent, part)
		}
	}
	nowhere := checkout
	nowhere.Customer, nowhere.Locale, nowhere.Amount = gateways.Customer{}, "", money.New(25000, "EUR")
	if _, err := s.open(t).Start(t.Context(), nowhere); gateways.KindOf(err) != gateways.Declined || !strings.Contains(err.Error(), "country") {
		t.Errorf("without a country: %v", err)
	}
}

func TestAcknowledge(t *testing.T) {
	s := newShop(t, map[string]string{"PATCH /merchant-references": "204", "POST /acknowledge": "204"})
	if err := s.open(t).Acknowledge(t.Context(), orderID, "1021"); err != nil {
		t.Error(err)
	}
	if got := strings.Join(s.changes(), "; "); got != `PATCH /merchant-references {"merchant_reference1":"1021"}; POST /acknowledge` {
		t.Errorf("sent %s", got)
	}
}

func TestInbox(t *testing.T) {
	push := http.Header{gateways.RefHeader: {orderID}}
	event, err := inbox{}.Read(push, nil)
	if err != nil || event.Name != "push" || event.Payment.Ref != orderID || event.Payment.Authorized {
		t.Errorf("push: %+v, %v", event, err)
	}
	if err := (inbox{}).Verify(push, nil, nil); err != nil {
		t.Errorf("a store without a token: %v", err)
	}
	if err := (inbox{}).Verify(push, nil, []string{"a1b2c3d4e5f6g7h8"}); err == nil {
		t.Error("a push without the token of its store is taken in")
	}
	for name, tt := range map[string]struct{ ref, body string }{
		"no order":      {"", ""},
		"no id":         {"1021", ""},
		"two orders":    {orderID, `{"order_id":"8a6b0c1e-3c2d-4b6f-9c57-0d1f2a3b4c5e","event_type":"FRAUD_RISK_STOPPED"}`},
		"not JSON":      {orderID, "order=1"},
		"a path for id": {"../" + orderID, ""},
	} {
		if event, err := (inbox{}).Read(http.Header{gateways.RefHeader: {tt.ref}}, []byte(tt.body)); err == nil {
			t.Errorf("%s is read as %+v", name, event)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	for _, name := range []string{"order.json", "order_part_captured.json", "fraud.json", "refusal.json"} {
		f.Add([]byte(sample(f, name)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var o order
		if gateways.DecodeJSON(raw, &o) == nil {
			seen := o.payment(raw)
			if seen.Authorized && o.Status != "AUTHORIZED" && o.Captured <= 0 && o.Status != "PART_CAPTURED" && o.Status != "CAPTURED" {
				t.Fatalf("%s is authorized", raw)
			}
			if result, err := o.listed(captureOf, results(o, o.Captures)); err == nil && result.Amount != captureOf.Amount {
				t.Fatalf("%s is taken for %+v", raw, result)
			}
		}
		if event, err := (inbox{}).Read(http.Header{}, raw); err == nil && !uuid.MatchString(event.Payment.Ref) {
			t.Fatalf("%s names %+v", raw, event)
		}
		explain(&gateways.Error{Status: 403}, raw)
	})
}
