package razorpay

import (
	"reflect"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

const postOrder, attemptsOfOrder = "POST /orders", "GET /orders/order_9A33XWu170gUtm/payments?expand[]=card"

var buying = gateways.Checkout{
	OrderRef: "1001-2", Amount: money.New(23000, "INR"), Customer: gateways.Customer{Name: "Zoë Rao", Email: "zoe@example.com", Phone: "+91 9999999999"},
	ReturnURL: "https://pay.example.com/pay/t/result", CancelURL: "https://pay.example.com/pay/t/result?turned=back",
}

func TestStart(t *testing.T) {
	for _, tt := range []struct {
		name string
		hold bool
		sent string
	}{
		{"drawn at once", false, `{"amount":23000,"currency":"INR","receipt":"1001-2","notes":{"order":"1001-2"},"payment":{"capture":"automatic","capture_options":{"refund_speed":"normal"}}}`},
		{"held", true, `{"amount":23000,"currency":"INR","receipt":"1001-2","notes":{"order":"1001-2"},"payment":{"capture":"manual","capture_options":{"refund_speed":"normal"}}}`},
	} {
		s := newShop(t, map[string]string{postOrder: `{"id":"order_9A33XWu170gUtm","entity":"order","amount":23000,"currency":"INR","receipt":"1001-2","status":"created"}`})
		checkout := buying
		checkout.Hold = tt.hold
		start, err := s.open(t).Start(t.Context(), checkout)
		want := gateways.Start{OrderRef: "order_9A33XWu170gUtm", URL: s.URL + "/checkout/embedded", Form: map[string]string{
			"key_id": settings.Values["key_id"], "order_id": "order_9A33XWu170gUtm", "amount": "23000", "currency": "INR", "description": "Order 1001-2",
			"prefill[name]": "Zoë Rao", "prefill[email]": "zoe@example.com", "prefill[contact]": "+91 9999999999",
			"callback_url": "https://pay.example.com/pay/t/result", "cancel_url": "https://pay.example.com/pay/t/result?turned=back",
		}}
		if err != nil || !reflect.DeepEqual(start, want) || len(s.bodies) != 1 || s.bodies[0] != tt.sent {
			t.Errorf("%s: %+v, %v; sent %q", tt.name, start, err, s.bodies)
		}
	}
}

func TestStartThatCannotBeBelieved(t *testing.T) {
	for name, answer := range map[string]string{
		"another amount": `{"id":"order_9A33XWu170gUtm","amount":230,"currency":"INR"}`,
		"no id":          `{"amount":23000,"currency":"INR"}`,
		"a path":         `{"id":"order_/../payments","amount":23000,"currency":"INR"}`,
		"a refusal":      `400 {"error":{"code":"BAD_REQUEST_ERROR","description":"The amount must be at least INR 1.00"}}`,
	} {
		if start, err := newShop(t, map[string]string{postOrder: answer}).open(t).Start(t.Context(), buying); err == nil {
			t.Errorf("%s: the buyer is sent to %+v", name, start)
		}
	}
}

// Every attempt is told, also those that failed before one succeeded.
func TestOrderPayments(t *testing.T) {
	const failed, paid = `{"id":"pay_1","order_id":"order_9A33XWu170gUtm","amount":23000,"currency":"INR","status":"failed"}`,
		`{"id":"pay_2","order_id":"order_9A33XWu170gUtm","amount":23000,"currency":"INR","status":"captured","captured":true}`
	s := newShop(t, map[string]string{attemptsOfOrder: `{"entity":"collection","count":2,"items":[` + failed + `,` + paid + `]}`})
	seen, err := s.open(t).OrderPayments(t.Context(), "order_9A33XWu170gUtm")
	if err != nil || len(seen) != 2 || seen[0].Ref != "pay_1" || !seen[0].Failed || seen[1].Captured != 23000 {
		t.Errorf("the attempts are %+v, %v", seen, err)
	}
	s.answers["GET /orders?count=100&receipt=1001-2"] = `{"items":[{"id":"order_9A33XWu170gUtm","receipt":"1001-2"}]}`
	if seen, err := s.open(t).OrderPayments(t.Context(), "1001-2"); err != nil || len(seen) != 2 {
		t.Errorf("by our number they are %+v, %v", seen, err)
	}
	s.answers["GET /orders?count=100&receipt=1001-2"] = `{"items":[{"id":"order_9A33XWu170gUtm","receipt":"1002-1"}]}`
	if seen, err := s.open(t).OrderPayments(t.Context(), "1001-2"); err == nil {
		t.Errorf("those of another order are %+v", seen)
	}
	for name, answer := range map[string]string{
		"another order's": `{"items":[{"id":"pay_1","order_id":"order_other","amount":1,"currency":"INR","status":"captured"}]}`, "no list": `{}`,
	} {
		if seen, err := newShop(t, map[string]string{attemptsOfOrder: answer}).open(t).OrderPayments(t.Context(), "order_9A33XWu170gUtm"); err == nil {
			t.Errorf("%s: %+v", name, seen)
		}
	}
}
