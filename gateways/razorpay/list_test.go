package razorpay

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
)

func TestPayments(t *testing.T) {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("IST", 19800))
	to := from.AddDate(0, 0, 1)
	at := func(skip int) string {
		return fmt.Sprintf("GET /payments?count=100&from=%d&skip=%d&to=%d", from.Unix(), skip, to.Unix()-1)
	}
	good := sample(t, "payment.json")
	other := func(i int) string {
		return fmt.Sprintf(`{"id":"pay_%d","amount":100,"currency":"INR","status":"failed","acquirer_data":[]}`, i)
	}
	var first []string
	for i := range 100 {
		first = append(first, other(i))
	}
	for _, tt := range []struct {
		name    string
		answers map[string]string
		want    int // payments
		err     string
	}{
		{"none", map[string]string{at(0): list()}, 0, ""},
		{"with its refund", map[string]string{at(0): list(other(1), good), getRefunds: list(sample(t, "refund.json"))}, 2, ""},
		{"two pages that moved by one", map[string]string{at(0): list(first...), at(100): list(first[99], other(100))}, 101, ""},
		{"a full page, and an empty one", map[string]string{at(0): list(first...), at(100): list()}, 100, ""},
		{"the second page does not come", map[string]string{at(0): list(first...), at(100): "500 {}"}, 100, "fault of its own"},
		{"its refunds do not come", map[string]string{at(0): list(other(1), good), getRefunds: "500 {}"}, 1, "fault of its own"},
		{"something else than a list", map[string]string{at(0): `{}`}, 0, "no list of payments"},
		{"a payment without an id", map[string]string{at(0): list(`{"amount":1}`)}, 0, "cannot be read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []gateways.Payment
			err := newShop(t, tt.answers).open(t).Payments(t.Context(), from, to, func(p gateways.Payment) error {
				got = append(got, p)
				return nil
			})
			if len(got) != tt.want || (tt.err == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%d payments, %v", len(got), err)
			}
			for _, p := range got {
				if p.Ref == "pay_KF00000000001B" && (len(p.Refunds) != 1 || p.Refunded != 49950 || p.Captured != 149900) {
					t.Errorf("%+v", p)
				}
			}
		})
	}
	t.Run("whoever visits has enough", func(t *testing.T) {
		enough := errors.New("enough")
		err := newShop(t, map[string]string{at(0): list(first...)}).open(t).Payments(t.Context(), from, to, func(gateways.Payment) error { return enough })
		if !errors.Is(err, enough) {
			t.Error(err)
		}
	})
	t.Run("no time at all", func(t *testing.T) {
		if err := newShop(t, nil).open(t).Payments(t.Context(), from, from, nil); err != nil {
			t.Error(err)
		}
	})
}
