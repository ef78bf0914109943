package razorpay

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

func TestCapture(t *testing.T) {
	good := sample(t, "payment.json")
	authorized := strings.Replace(good, `"status":"captured"`, `"status":"authorized"`, 1)
	expired := strings.NewReplacer(`"status":"captured"`, `"status":"refunded"`, `"captured":true`, `"captured":false`, `"fee":3538`, `"fee":null`).Replace(good)
	already := "400 " + fault("This payment has already been captured")
	tests := []struct {
		name    string
		answers map[string]string
		status  gateways.Status
		kind    gateways.Kind
	}{
		{"captured", map[string]string{postCapture: good}, gateways.Succeeded, 0},
		{"captured before", map[string]string{postCapture: already, getPayment: good}, gateways.Succeeded, 0},
		{"captured before, for another amount", map[string]string{postCapture: already, getPayment: strings.Replace(good, "149900", "1", 1)}, "", gateways.Unknown},
		{"captured before, and nobody tells", map[string]string{postCapture: already, getPayment: "500 {}"}, "", gateways.Unknown},
		{"not authorized", map[string]string{postCapture: "400 " + fault("Payment is not in authorized state."), getPayment: strings.Replace(good, `"status":"captured"`, `"status":"failed"`, 1)}, "", gateways.Declined},
		{"the authorization ran out", map[string]string{postCapture: "400 " + fault("The payment has already been either captured or voided."), getPayment: expired}, gateways.Failed, 0},
		{"another payment won", map[string]string{postCapture: "400 " + fault("Payment already done for this order.")}, "", gateways.Declined},
		{"a part of it", map[string]string{postCapture: "400 " + fault("Capture amount must be equal to the amount authorized")}, "", gateways.Declined},
		{"still authorized", map[string]string{postCapture: authorized}, gateways.Pending, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, tt.answers)
			result, err := s.open(t).Capture(t.Context(), captureOf)
			if result.Status != tt.status || (tt.status == "") != (err != nil) || (err != nil && gateways.KindOf(err) != tt.kind) {
				t.Errorf("got %+v, %v", result, err)
			}
			if s.bodies[0] != `{"amount":149900,"currency":"INR"}` {
				t.Errorf("sent %s", s.bodies[0])
			}
		})
	}
	t.Run("find", func(t *testing.T) {
		for state, want := range map[string]error{good: nil, authorized: gateways.ErrAbsent} {
			if _, err := newShop(t, map[string]string{getPayment: state}).open(t).Find(t.Context(), captureOf); !errors.Is(err, want) {
				t.Errorf("err = %v, want %v", err, want)
			}
		}
	})
}

func TestPayment(t *testing.T) {
	s := newShop(t, map[string]string{getPayment + "?expand[]=card": sample(t, "payment.json"), getRefunds: list(sample(t, "refund.json"))})
	got, err := s.open(t).Payment(t.Context(), "pay_KF00000000001B")
	if err != nil {
		t.Fatal(err)
	}
	if got.Amount != money.New(149900, "INR") || got.Captured != 149900 || got.Refunded != 49950 || !got.Authorized || got.Failed ||
		got.OrderRef != "order_KF00000000001A" || got.Method != "card" || got.CardLast4 != "1007" || got.RRN != "100000000000" || got.Word != "captured" {
		t.Errorf("payment %+v", got)
	}
	if len(got.Refunds) != 1 || got.Refunds[0].Key != "KFRF1001A-1" || !json.Valid(got.Refunds[0].Raw) {
		t.Errorf("refunds %+v", got.Refunds)
	}
	// A failed refund leaves no mark on its payment, and is listed all the same.
	s.answers[getPayment+"?expand[]=card"] = strings.NewReplacer(`"amount_refunded":49950`, `"amount_refunded":0`, `"partial"`, `null`).Replace(sample(t, "payment.json"))
	s.answers[getRefunds] = list(strings.Replace(sample(t, "refund.json"), "processed", "failed", 1))
	if got, err := s.open(t).Payment(t.Context(), "pay_KF00000000001B"); err != nil || got.Refunded != 0 || len(got.Refunds) != 1 || got.Refunds[0].Status != gateways.Failed {
		t.Errorf("payment %+v, %v", got, err)
	}
	if _, err := s.open(t).Payment(t.Context(), "pay_other"); err == nil {
		t.Error("a payment nobody knows is read")
	}
}
