package svea

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

func TestPayment(t *testing.T) {
	s := newShop(t, nil, "\ufeff"+sample(t, "swish.json"))
	got, err := s.open(t).Payment(t.Context(), "2300003")
	if err != nil {
		t.Fatal(err)
	}
	if got.Ref != "2300003" || got.OrderRef != "1024-1" || got.Word != "Delivered" || got.Amount != money.New(25000, "SEK") || got.Captured != 25000 ||
		got.Refunded != 5000 || got.Voided != 0 || !got.Authorized || got.Method != "swish" || !got.At.Equal(time.Date(2026, 1, 10, 9, 12, 33, 0, time.UTC)) ||
		!slices.Equal(got.Offers, []gateways.Verb{gateways.Refund}) {
		t.Errorf("payment %+v", got)
	}
	if len(got.Captures) != 1 || got.Captures[0].Ref != "5600003" || got.Captures[0].Amount != money.New(25000, "SEK") {
		t.Errorf("captures %+v", got.Captures)
	}
	if len(got.Refunds) != 1 || got.Refunds[0].Ref != "5600003-1" || got.Refunds[0].Amount != money.New(5000, "SEK") {
		t.Errorf("refunds %+v", got.Refunds)
	}
	if _, err := s.open(t).Payment(t.Context(), "2300001"); gateways.KindOf(err) != gateways.Unknown {
		t.Errorf("another order: %v", err)
	}
}

func TestThePaymentNamesItsInvoices(t *testing.T) {
	got, err := newShop(t, nil, sample(t, "invoice_part.json")).open(t).Payment(t.Context(), "2300001")
	if err != nil || len(got.Params) != 1 || got.Params["invoice of delivery 5600001"] != "1200001" {
		t.Errorf("params %v, %v", got.Params, err)
	}
}

func TestWords(t *testing.T) {
	capture, void, update, refund := gateways.Capture, gateways.Void, gateways.Update, gateways.Refund
	invoice := []string{canDeliver, canDeliverPart, canCancel, canCancelRows, "CanAddOrderRow", canUpdateRows}
	card := []string{canDeliver, canCancel, canCancelAmount}
	undoing := []string{canCancel, canCancelAmount}
	sent := func(amount, credited int64, actions ...string) []delivery {
		return []delivery{{ID: 1, Amount: amount, Credited: credited, Actions: actions}}
	}
	tests := []struct {
		name                         string
		order                        order
		authorized, canceled, failed bool
		captured, refunded, voided   int64
		doubt                        gateways.Doubt
		offers                       []gateways.Verb
	}{
		{"an open invoice", order{Status: "Open", Actions: invoice}, true, false, false, 0, 0, 0, "", []gateways.Verb{capture, void, update}},
		{"delivered in part", order{Status: "Open", Actions: invoice, Deliveries: sent(60, 0, canCreditNewRow)}, true, false, false, 60, 0, 0, "", []gateways.Verb{capture, void, refund}},
		{"delivered", order{Status: "Delivered", Deliveries: sent(100, 0, canCreditNewRow)}, true, false, false, 100, 0, 0, "", []gateways.Verb{refund}},
		{"credited in full", order{Status: "Delivered", Deliveries: sent(100, 100)}, true, false, false, 100, 100, 0, "", nil},
		{"a plan credited in full", order{Status: "Cancelled", Deliveries: sent(100, 100)}, true, false, false, 100, 100, 0, "", nil},
		{"an open card payment", order{Status: "Open", Actions: card}, true, false, false, 0, 0, 0, "", []gateways.Verb{capture, void, update}},
		{"a lowered one", order{Status: "Open", Actions: card, Cancelled: 30}, true, false, false, 0, 0, 30, "", []gateways.Verb{capture, void, update}},
		{"a delivered one", order{Status: "Delivered", Actions: undoing, Deliveries: sent(100, 0)}, true, false, false, 100, 0, 0, "", []gateways.Verb{refund}},
		{"a delivered one, returned in part", order{Status: "Delivered", Actions: undoing, Cancelled: 30, Deliveries: sent(100, 0)}, true, false, false, 100, 30, 0, "", []gateways.Verb{refund}},
		{"a delivered one, cancelled", order{Status: "Cancelled"}, false, true, false, 0, 0, 100, "", nil},
		{"cancelled", order{Status: "Cancelled", Cancelled: 100}, false, true, false, 0, 0, 100, "", nil},
		{"run out", order{Status: "EXPIRED"}, false, true, false, 0, 0, 100, "", nil},
		{"failed", order{Status: "Failed"}, false, false, true, 0, 0, 0, "", nil},
		{"Svea decides", order{Status: "Open", System: "Pending"}, false, false, false, 0, 0, 0, "", nil},
		{"processing", order{Status: "Processing"}, false, false, false, 0, 0, 0, "", nil},
		{"a word nobody knows", order{Status: "Parked"}, false, false, false, 0, 0, 0, gateways.Unclear, nil},
	}
	for _, tt := range tests {
		tt.order.ID, tt.order.Amount, tt.order.Currency = 1, 100, "SEK"
		got := tt.order.payment(nil)
		if got.Authorized != tt.authorized || got.Canceled != tt.canceled || got.Failed != tt.failed || got.Captured != tt.captured || got.Refunded != tt.refunded ||
			got.Voided != tt.voided || got.Doubt != tt.doubt {
			t.Errorf("%s: %+v", tt.name, got)
		}
		if !slices.Equal(got.Offers, tt.offers) || got.Offers == nil {
			t.Errorf("%s offers %v, want %v", tt.name, got.Offers, tt.offers)
		}
	}
}

func TestACheckoutThatIsNotFinished(t *testing.T) {
	checkout := sample(t, "checkout.json")
	s := newShop(t, map[string]string{"GET /checkout/api/orders/2300001": checkout}, "404 ")
	got, err := s.open(t).Payment(t.Context(), "2300001")
	if err != nil || got.Authorized || got.Canceled || got.Word != "Created" || got.OrderRef != "1022-1" || got.Amount != money.New(25000, "SEK") {
		t.Errorf("got %+v, %v", got, err)
	}
	s.answers["GET /checkout/api/orders/2300001"] = strings.Replace(checkout, "Created", "Cancelled", 1)
	if got, err := s.open(t).Payment(t.Context(), "2300001"); err != nil || !got.Canceled || got.Reason == "" {
		t.Errorf("got %+v, %v", got, err)
	}
	delete(s.answers, "GET /checkout/api/orders/2300001")
	if _, err := s.open(t).Payment(t.Context(), "2300001"); gateways.KindOf(err) != gateways.Declined {
		t.Errorf("an order nobody knows: %v", err)
	}
}

func TestStart(t *testing.T) {
	checkout := gateways.Checkout{
		OrderRef: "1022-1", Amount: money.New(25000, "SEK"), Customer: gateways.Customer{Email: "kund@example.test", Postcode: "11122"},
		Lines: []gateways.Line{
			{Ref: "A1", Name: "Mugg", Quantity: 2, Unit: 12000, TaxRate: 2500, Total: 20000},
			{Ref: "frakt", Name: "Frakt", Kind: gateways.Shipping, Quantity: 1, Unit: 5000, TaxRate: 2500, Total: 5000},
		},
		ReturnURL: "https://kartify.example/pay/x/back", NotifyURL: "https://kartify.example/callbacks/svea/41",
	}
	answer := sample(t, "checkout.json")
	s := newShop(t, map[string]string{"POST /checkout/api/orders": "201 " + answer})
	got, err := s.open(t).Start(t.Context(), checkout)
	if err != nil || got.Ref != "2300001" || got.OrderRef != "1022-1" || got.URL != "https://checkoutapistage.svea.com/b/index.html?orderId=2300001&token=abc&locale=sv-SE" {
		t.Fatalf("start %+v, %v", got, err)
	}
	want := `POST /checkout/api/orders {"MerchantSettings":{"TermsUri":"https://kartify.example/pay/x/back","CheckoutUri":"https://kartify.example/pay/x/back",` +
		`"ConfirmationUri":"https://kartify.example/pay/x/back","PushUri":"https://kartify.example/callbacks/svea/41/{checkout.order.uri}.a1b2c3d4e5f6g7h8"},` +
		`"Cart":{"Items":[{"ArticleNumber":"A1","Name":"Mugg","Quantity":200,"UnitPrice":12000,"DiscountAmount":4000,"VatPercent":2500},` +
		`{"ArticleNumber":"frakt","Name":"Frakt","Quantity":100,"UnitPrice":5000,"VatPercent":2500}]},` +
		`"PresetValues":[{"TypeName":"EmailAddress","Value":"kund@example.test","IsReadonly":false},{"TypeName":"PostalCode","Value":"11122","IsReadonly":false}],` +
		`"Locale":"sv-SE","Currency":"SEK","CountryCode":"SE","ClientOrderNumber":"1022-1"}`
	if s.changes[0] != want {
		t.Errorf("sent %s\nwant %s", s.changes[0], want)
	}
	for name, tt := range map[string]struct{ old, new string }{
		"another total":           {`"UnitPrice":5000`, `"UnitPrice":5001`},
		"another currency":        {"SEK", "NOK"},
		"a page of somebody else": {"checkoutapistage.svea.com", "svea.com.evil.example"},
		"an order that is paid":   {"Created", "Final"},
		"an order that is closed": {"Created", "Cancelled"},
	} {
		s.answers["POST /checkout/api/orders"] = strings.Replace(answer, tt.old, tt.new, 1)
		if got, err := s.open(t).Start(t.Context(), checkout); err == nil {
			t.Errorf("%s begins as %+v", name, got)
		}
	}
	s.answers["POST /checkout/api/orders"] = "201 " + answer
	company := checkout
	company.Customer.Organization, company.Customer.Registration = "Nordisk AB", "556000-0001"
	if _, err := s.open(t).Start(t.Context(), company); err != nil {
		t.Error(err)
	}
	const isCompany = `{"TypeName":"IsCompany","Value":true,"IsReadonly":false},{"TypeName":"NationalId","Value":"556000-0001","IsReadonly":false}`
	if sent := s.changes[len(s.changes)-1]; !strings.Contains(sent, isCompany) {
		t.Errorf("%s lacks %s", sent, isCompany)
	}
	long := checkout
	long.OrderRef = strings.Repeat("1", 33)
	if _, err := s.open(t).Start(t.Context(), long); gateways.KindOf(err) != gateways.Declined {
		t.Errorf("an order number that is too long: %v", err)
	}
}

func TestWhatSveaSays(t *testing.T) {
	tests := []struct {
		answer, part string
		kind         gateways.Kind
	}{
		{"401 ", "clock", gateways.Misconfigured},
		{"403 ", "another merchant", gateways.Misconfigured},
		{"404 ", "does not know this order", gateways.Declined},
		{`400 {"Code":400,"Message":"Validation error","Errors":[{"Code":400,"Field":"CancelledAmount","ErrorMessage":"too low"}]}`, "Svea says: too low", gateways.Declined},
		{`400 {"resultCode":1,"errorMessage":"not offered"}`, "Svea says: not offered", gateways.Declined},
		{"400 \ufeff" + `{"Message":"with a mark"}`, "Svea says: with a mark", gateways.Declined},
		{"400 ", "nothing was moved", gateways.Declined},
		{"400 <html>Bad Request</html>", "does not document", gateways.Unknown},
		{"409 ", "does not document", gateways.Unknown},
		{`500 {"Message":"sorry"}`, "fault of its own", gateways.Unknown},
	}
	for _, tt := range tests {
		s := newShop(t, map[string]string{"POST /deliveries": tt.answer}, sample(t, "invoice_open.json"))
		_, err := s.open(t).Capture(t.Context(), captureOf)
		var e *gateways.Error
		if !errors.As(err, &e) || e.Kind != tt.kind || !strings.Contains(e.Message, tt.part) {
			t.Errorf("%.40s: %+v, want %v with %q", tt.answer, e, tt.kind, tt.part)
		}
	}
}

func TestInbox(t *testing.T) {
	at := func(ref string) http.Header { return http.Header{gateways.RefHeader: {ref}} }
	event, err := inbox{}.Read(at("2300001"), nil)
	if err != nil || event.Name != "push" || event.Payment.Ref != "2300001" {
		t.Errorf("push: %+v, %v", event, err)
	}
	event, err = inbox{}.Read(at("2300001.a1b2c3d4e5f6g7h8"), []byte(`{"type":"Finalized"}`))
	if err != nil || event.Name != "Finalized" || event.Payment.Ref != "2300001" {
		t.Errorf("push with a body: %+v, %v", event, err)
	}
	event, err = inbox{}.Read(at("events.a1b2c3d4e5f6g7h8"), []byte(sample(t, "event_delivered.json")))
	if err != nil || event.Name != "CheckoutOrder.Delivered" || event.Payment.Ref != "2300001" || !event.At.Equal(time.Date(2026, 1, 11, 8, 0, 0, 0, time.UTC)) ||
		event.ID != "3f1c9a5e-2b0d-4c59-8c0e-6d5b1a2f4e77 CheckoutOrder.Delivered 2300001 5600001 0" {
		t.Errorf("event: %+v, %v", event, err)
	}
	event, err = inbox{}.Read(at("events"), []byte(`{"EventName":"Ping","CorrelationId":"3f1c9a5e-2b0d-4c59-8c0e-6d5b1a2f4e77"}`))
	if err != nil || event.Name != "Ping" || event.Payment != nil {
		t.Errorf("ping: %+v, %v", event, err)
	}
	for name, tt := range map[string]struct{ ref, body string }{
		"no order":   {"", ""},
		"no number":  {"1022-1", ""},
		"two orders": {"2300001", `{"EventName":"CheckoutOrder.Closed","CheckoutOrderId":2300002}`},
		"not JSON":   {"2300001", "order=1"},
	} {
		if event, err := (inbox{}).Read(at(tt.ref), []byte(tt.body)); err == nil {
			t.Errorf("%s is read as %+v", name, event)
		}
	}
	if err := (inbox{}).Verify(at("2300001"), nil, nil); err != nil {
		t.Errorf("a store without a token: %v", err)
	}
	if err := (inbox{}).Verify(at("2300001"), nil, []string{"a1b2c3d4e5f6g7h8"}); err == nil {
		t.Error("a push without the token of its store is taken in")
	}
}

func FuzzAnswers(f *testing.F) {
	for _, name := range []string{"invoice_open.json", "invoice_part.json", "card_delivered.json", "swish.json", "event_delivered.json", "checkout.json"} {
		f.Add([]byte(sample(f, name)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var o order
		if gateways.DecodeJSON(raw, &o) == nil {
			before := gateways.Payment{Amount: o.amount(o.Amount)}
			if result, err := judge(captureOf, before, o.payment(nil)); err == nil && result.Amount != captureOf.Amount {
				t.Fatalf("%s is taken for %+v", raw, result)
			}
			for _, plan := range []planner{capturing, voiding, updating, refunding} {
				for _, req := range []gateways.Request{captureOf, refundOf, updateOf} {
					if changes, err := plan(o, req); err == nil && len(changes) == 0 {
						t.Fatalf("%s: nothing is sent and nothing is said", raw)
					}
				}
			}
		}
		if event, err := (inbox{}).Read(http.Header{}, raw); err == nil && event.Payment != nil && !number.MatchString(event.Payment.Ref) {
			t.Fatalf("%s names %+v", raw, event)
		}
		explain(&gateways.Error{Status: 400}, raw)
	})
}
