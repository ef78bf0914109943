package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestRazorpayAuthentication(t *testing.T) {
	b := newBench(t)
	good := "Basic cnpwX3Rlc3RfS0YwMDAwMDAwMDAwMEE6a2FydGlmeV90ZXN0X3NlY3JldF8wMDAx"
	tests := []struct {
		name, header string
		want         int
	}{
		{"the right pair", good, 200},
		{"the scheme in another case", strings.Replace(good, "Basic", "basic", 1), 401},
		{"no header", "", 401},
		{"a wrong secret", "Basic cnpwX3Rlc3RfS0YwMDAwMDAwMDAwMEE6d3Jvbmc=", 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, prefix := range []string{"/razorpay/v1", "/v1"} {
				got := b.do("GET", prefix+"/payments?count=1", "", "Authorization", tt.header)
				if got.status != tt.want {
					t.Errorf("%s answered %d, want %d", prefix, got.status, tt.want)
				}
				if tt.want == 401 {
					got.is(t, 401, "Authentication failed")
				}
			}
		})
	}
}

func TestRazorpaySaysNotFoundWith400(t *testing.T) {
	b := newBench(t)
	b.rzp("GET", "/payments/pay_00000000000000", "").is(t, 400, "The id provided does not exist")
	b.rzp("GET", "/payments/pay_1", "").is(t, 400, "id is not a valid id")
	b.rzp("GET", "/nothing", "").is(t, 400, "The requested URL was not found on the server.")
	b.rzp("DELETE", "/orders", "").is(t, 400, "The requested URL was not found on the server.")
}

func TestRazorpayMerchantsSeeTheirOwn(t *testing.T) {
	b := newBench(t)
	b.control("POST", "/merchants", obj{"gateway": "razorpay", "key_id": "rzp_test_other", "key_secret": "x"}, nil)
	theirs := b.pay("captured", obj{"key_id": "rzp_test_other"})
	b.rzp("GET", "/payments/"+theirs, "").is(t, 400, "The id provided does not exist")
	b.rzp("POST", "/payments/"+theirs+"/refund", `{"amount":100}`).is(t, 400, "The id provided does not exist")
	b.effects(theirs, "refund", 0)
}

func TestRazorpayOrderValidation(t *testing.T) {
	b := newBench(t)
	tests := []struct{ body, want string }{
		{`{"currency":"INR"}`, "The amount field is required."},
		{`{"amount":100}`, "The currency field is required."},
		{`{"amount":99,"currency":"INR"}`, "The amount must be at least INR 1.00"},
		{`{"amount":100.5,"currency":"INR"}`, "The amount must be an integer."},
		{`{"amount":1e3,"currency":"INR"}`, "The amount must be an integer."},
		{`{"amount":"100","currency":"INR"}`, "The amount must be an integer."},
		{`{"amount":100,"currency":"INR","colour":1}`, "colour is/are not required and should not be sent"},
		{`{"amount":100,"currency":"INR","receipt":"` + strings.Repeat("x", 41) + `"}`, "The receipt may not be greater than 40 characters."},
		{`[]`, "The request body is not a JSON object."},
		{`{"amount":100,"currency":"INR","notes":{"a":{}}}`, "Notes validation failed."},
	}
	for _, tt := range tests {
		b.rzp("POST", "/orders", tt.body).is(t, 400, tt.want)
	}
}

func TestRazorpayOrderIsFoundByReceipt(t *testing.T) {
	b := newBench(t)
	made := b.rzp("POST", "/orders", `{"amount":49900,"currency":"INR","receipt":"KF-7","notes":{"store":"40"}}`)
	if made.status != 200 || made.text(t, "status") != "created" {
		t.Fatalf("made %d %s", made.status, made.body)
	}
	var list collection[orderEntity]
	got := b.rzp("GET", "/orders?receipt=KF-7", "")
	if err := json.Unmarshal([]byte(got.body), &list); err != nil {
		t.Fatal(err)
	}
	if list.Count != 1 || list.Items[0].ID != made.text(t, "id") || string(list.Items[0].Notes) != `{"store":"40"}` {
		t.Errorf("found %s", got.body)
	}
	if got := b.rzp("GET", "/orders?receipt=KF-8", ""); !strings.Contains(got.body, `"items":[]`) {
		t.Errorf("another receipt found %s", got.body)
	}
}

func TestRazorpayCapture(t *testing.T) {
	b := newBench(t)
	id := b.pay("authorized")
	path := "/payments/" + id + "/capture"
	b.rzp("POST", path, `{"amount":99900,"currency":"INR"}`).is(t, 400, "Capture amount must be equal to the amount authorized")
	b.rzp("POST", path, `{"amount":100000}`).is(t, 400, "The currency field is required.")
	b.rzp("POST", path, `{"amount":"100000","currency":"INR"}`).is(t, 400, "The amount must be an integer.")
	b.effects(id, "capture", 0)

	var p paymentEntity
	if err := json.Unmarshal([]byte(b.rzp("POST", path, `{"amount":100000,"currency":"INR"}`).body), &p); err != nil {
		t.Fatal(err)
	}
	if p.Status != "captured" || !p.Captured || p.Fee == nil || *p.Fee != 2360 || *p.Tax != 360 {
		t.Errorf("captured as %+v", p)
	}
	if got := b.rzp("GET", "/orders/"+*p.OrderID, ""); got.text(t, "status") != "paid" {
		t.Errorf("the order is %s", got.body)
	}
	b.rzp("POST", path, `{"amount":100000,"currency":"INR"}`).is(t, 400, "This payment has already been captured")
	failed := b.pay("failed")
	b.rzp("POST", "/payments/"+failed+"/capture", `{"amount":100000,"currency":"INR"}`).
		is(t, 400, "Only payments which have been authorized and not yet captured can be captured.")
	late := b.pay("authorized", obj{"order_id": "order_00000000000Two"})
	b.effects(late, "payment", 1)
	b.effects(id, "capture", 1)
}

func TestRazorpayLatePaymentOfAPaidOrderGoesBack(t *testing.T) {
	b := newBench(t)
	b.pay("captured", obj{"order_id": "order_0000000000PAID"})
	late := b.pay("failed", obj{"order_id": "order_0000000000PAID"})
	b.control("POST", "/payments/"+late+"/state", obj{"state": "authorized"}, nil)
	if got := b.rzp("GET", "/payments/"+late, ""); got.text(t, "status") != "refunded" {
		t.Errorf("the late payment is %s", got.body)
	}
	b.effects(late, "capture", 0)
	b.effects(late, "refund", 1)
}

func TestRazorpayRefundRules(t *testing.T) {
	b := newBench(t)
	captured, authorized := b.pay("captured"), b.pay("authorized")
	whole := b.pay("refunded")
	old := b.pay("captured", obj{"refund_error": "Refund is not supported by the bank because the payment is more than 6 months old"})
	tests := []struct{ payment, body, want string }{
		{captured, `{"amount":0}`, "Amount cannot be blank."},
		{captured, `{"amount":99}`, "The amount must be at least INR 1.00"},
		{captured, `{"amount":-5}`, "The amount must be at least INR 1.00"},
		{captured, `{"amount":100.0}`, "The amount must be an integer."},
		{captured, `{"amount":null}`, "The amount must be an integer."},
		{captured, `{"amount":100,"why":"x","colour":1}`, "colour, why is/are not required and should not be sent"},
		{captured, `{"amount":100001}`, "The total refund amount is greater than the refund payment amount"},
		{captured, `{"speed":"fast"}`, "The speed is not valid."},
		{authorized, `{}`, "The payment status should be captured for action to be taken."},
		{whole, `{"amount":100}`, "The payment has been fully refunded already."},
		{whole, ``, "The payment has been fully refunded already."},
		{old, `{"amount":100}`, "Refund is not supported by the bank because the payment is more than 6 months old"},
	}
	for _, tt := range tests {
		b.rzp("POST", "/payments/"+tt.payment+"/refund", tt.body).is(t, 400, tt.want)
	}
	b.effects(captured, "refund", 0)
	b.rzp("POST", "/refunds", `{"amount":100}`).is(t, 400, "The payment_id field is required.")
}

func TestRazorpayPartialRefundsAddUp(t *testing.T) {
	b := newBench(t)
	id := b.pay("captured")
	path := "/payments/" + id + "/refund"
	first := b.rzp("POST", path, `{"amount":60000,"speed":"normal","receipt":"KFRF1"}`)
	if first.status != 200 || first.text(t, "status") != "pending" {
		t.Fatalf("first refund %d %s", first.status, first.body)
	}
	b.rzp("POST", path, `{"amount":40001}`).is(t, 400, "The total refund amount is greater than the refund payment amount")
	b.rzp("POST", path, `{"amount":100,"receipt":"KFRF1"}`).is(t, 400, "Duplicate receipt found for this refund request.")

	got := b.rzp("GET", "/payments/"+id, "")
	if got.text(t, "status") != "captured" || got.text(t, "refund_status") != "partial" {
		t.Errorf("after a part: %s", got.body)
	}
	b.rzp("POST", "/refunds", `{"payment_id":"`+id+`"}`) // all that is left
	if got := b.rzp("GET", "/payments/"+id, ""); got.text(t, "status") != "refunded" || got.text(t, "refund_status") != "full" {
		t.Errorf("after the whole: %s", got.body)
	}
	entries := b.ledger(id, "refund")
	if len(entries) != 2 || entries[0].AmountMinor != 60000 || entries[1].AmountMinor != 40000 {
		t.Errorf("ledger %v", entries)
	}

	// A refund that fails frees its amount, and the ledger says so.
	b.control("POST", "/refunds/"+first.text(t, "id")+"/state", obj{"state": "failed"}, nil)
	if got := b.rzp("GET", "/payments/"+id, ""); got.text(t, "status") != "captured" || !strings.Contains(got.body, `"amount_refunded":40000`) {
		t.Errorf("after a failure: %s", got.body)
	}
	b.effects(id, "refund_failed", 1)
	var list collection[refundEntity]
	if err := json.Unmarshal([]byte(b.rzp("GET", "/payments/"+id+"/refunds", "").body), &list); err != nil || list.Count != 2 {
		t.Errorf("listed %v %v", list, err)
	}
}

func TestRazorpayBalance(t *testing.T) {
	b := newBench(t)
	b.control("POST", "/merchants", obj{"gateway": "razorpay", "key_id": defaultRazorpay.KeyID, "balance_minor": 50000}, nil)
	id := b.pay("captured") // adds 100000 less the fee
	b.rzp("POST", "/payments/"+id+"/refund", `{"amount":90000}`)
	b.effects(id, "refund", 1)
	other := b.pay("captured", obj{"amount_minor": 1000})
	b.control("POST", "/merchants", obj{"gateway": "razorpay", "key_id": defaultRazorpay.KeyID, "balance_minor": 500}, nil)
	b.rzp("POST", "/payments/"+other+"/refund", `{}`).is(t, 400, "invalid request sent")
}

func TestRazorpayCapsOff(t *testing.T) {
	b := newBench(t)
	id := b.pay("captured")
	b.control("PUT", "/caps", obj{"gateway": "razorpay", "enforce": false}, nil)
	for range 3 {
		if got := b.rzp("POST", "/payments/"+id+"/refund", `{"amount":60000}`); got.status != 200 {
			t.Errorf("refund answered %d %s", got.status, got.body)
		}
	}
	if got := b.rzp("POST", "/payments/"+id+"/capture", `{"amount":100000,"currency":"INR"}`); got.status != 200 {
		t.Errorf("second capture answered %d %s", got.status, got.body)
	}
	b.effects(id, "refund", 3)
	b.effects(id, "capture", 2)
	b.control("PUT", "/caps", obj{"gateway": "razorpay", "enforce": true}, nil)
	b.rzp("POST", "/payments/"+id+"/refund", `{"amount":100}`).is(t, 400, "The payment has been fully refunded already.")
}

func TestRazorpayLists(t *testing.T) {
	b := newBench(t)
	for i := range 12 {
		b.pay("captured", obj{"order": fmt.Sprint(i)})
	}
	count := func(query string) int {
		var list collection[paymentEntity]
		if err := json.Unmarshal([]byte(b.rzp("GET", "/payments"+query, "").body), &list); err != nil {
			t.Fatal(err)
		}
		return list.Count
	}
	for query, want := range map[string]int{
		"": 10, "?count=100": 12, "?count=5&skip=10": 2, "?skip=99": 0, "?to=946684801": 0, "?from=946684800&count=3": 3,
	} {
		if got := count(query); got != want {
			t.Errorf("GET /payments%s gave %d, want %d", query, got, want)
		}
	}
	b.rzp("GET", "/payments?count=101", "").is(t, 400, "The count may not be greater than 100")
	b.rzp("GET", "/payments?from=1", "").is(t, 400, "from must be between 946684800 and 4765046400")
}

func TestRazorpayCardIsShownWhenAskedFor(t *testing.T) {
	b := newBench(t)
	id := b.pay("captured", obj{"card": obj{"last4": "4242", "network": "Visa", "iin": "424242"}, "rrn": "123456789012"})
	if got := b.rzp("GET", "/payments/"+id, ""); strings.Contains(got.body, "4242") || !strings.Contains(got.body, "123456789012") {
		t.Errorf("without expand: %s", got.body)
	}
	if got := b.rzp("GET", "/payments/"+id+"?expand[]=card", ""); !strings.Contains(got.body, `"last4":"4242"`) {
		t.Errorf("with expand: %s", got.body)
	}
	if got := b.rzp("GET", "/payments/"+id+"/card", ""); got.status != http.StatusOK || !strings.Contains(got.body, `"iin":"424242"`) {
		t.Errorf("card: %s", got.body)
	}
}

func TestRazorpaySameIDIsTheSamePayment(t *testing.T) {
	b := newBench(t)
	b.pay("captured", obj{"id": "pay_KF00000000001B"})
	b.pay("authorized", obj{"id": "pay_KF00000000001B", "amount_minor": 5})
	b.effects("pay_KF00000000001B", "payment", 1)
	if got := b.rzp("GET", "/payments/pay_KF00000000001B", ""); got.text(t, "status") != "captured" {
		t.Errorf("it changed: %s", got.body)
	}
}
