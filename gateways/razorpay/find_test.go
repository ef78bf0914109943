package razorpay

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways"
)

func list(refunds ...string) string {
	return fmt.Sprintf(`{"entity":"collection","count":%d,"items":[%s]}`, len(refunds), strings.Join(refunds, ","))
}

func TestFindRefund(t *testing.T) {
	good := sample(t, "refund.json")
	other := func(i int) string {
		return fmt.Sprintf(`{"id":"rfnd_%d","payment_id":"pay_KF00000000001B","amount":1,"currency":"INR","receipt":null,"status":"processed","acquirer_data":[]}`, i)
	}
	var first, again []string
	for i := range 100 {
		first = append(first, other(i))
	}
	again = append(append(again, first[98:]...), good) // the list moved by two while it was read
	second := "GET /payments/pay_KF00000000001B/refunds?count=100&skip=100"
	failed := strings.NewReplacer("processed", "failed", "001C", "001D").Replace(good)
	tests := []struct {
		name    string
		answers map[string]string
		ref     string
		err     string
	}{
		{"on the first page", map[string]string{getRefunds: list(other(1), good)}, "rfnd_KF00000000001C", ""},
		{"on the second page", map[string]string{getRefunds: list(first...), second: list(again...)}, "rfnd_KF00000000001C", ""},
		{"twice the same, as the list moved", map[string]string{getRefunds: list(append(first[:99:99], good)...), second: list(good)}, "rfnd_KF00000000001C", ""},
		{"nowhere", map[string]string{getRefunds: list(first...), second: list()}, "", gateways.ErrAbsent.Error()},
		{"a failed one and a good one", map[string]string{getRefunds: list(failed, good)}, "rfnd_KF00000000001C", ""},
		{"a good one and a failed one", map[string]string{getRefunds: list(good, failed)}, "rfnd_KF00000000001C", ""},
		{"only a failed one", map[string]string{getRefunds: list(failed)}, "rfnd_KF00000000001D", ""},
		{"two good ones", map[string]string{getRefunds: list(good, strings.Replace(good, "001C", "001D", 1))}, "", "more than one refund"},
		{"of another amount", map[string]string{getRefunds: list(strings.Replace(good, "49950", "5", 1))}, "", "answered with 0.05 INR"},
		{"of a payment nobody knows", nil, "", "does not know this payment"},
		{"the second page does not come", map[string]string{getRefunds: list(first...), second: "500 {}"}, "", "fault of its own"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			result, err := newShop(t, tt.answers).open(t).Find(t.Context(), refundOf)
			if result.Ref != tt.ref || (tt.err == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("got %+v, %v", result, err)
			}
			if tt.err != gateways.ErrAbsent.Error() && errors.Is(err, gateways.ErrAbsent) {
				t.Error("taken for absent")
			}
		})
	}
	t.Run("by its id", func(t *testing.T) {
		known := refundOf
		known.OperationRef = "rfnd_KF00000000001C"
		s := newShop(t, map[string]string{"GET /refunds/rfnd_KF00000000001C": strings.Replace(good, `"arn":null`, `"arn":"10000000000000"`, 1)})
		result, err := s.open(t).Find(t.Context(), known)
		if err != nil || result.Reference != "10000000000000" || len(result.Raw) == 0 {
			t.Errorf("got %+v, %v", result, err)
		}
	})
	t.Run("by an id that leads out of the path", func(t *testing.T) {
		odd := refundOf
		odd.OperationRef = "../payments/pay_1?x="
		s := newShop(t, nil)
		_, _ = s.open(t).Find(t.Context(), odd)
		if got := s.sent[0].URL.RequestURI(); got != "/refunds/..%2Fpayments%2Fpay_1%3Fx=" {
			t.Errorf("asked %s", got)
		}
	})
}
