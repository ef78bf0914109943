package models_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways"
)

// A payment that was begun as attempt 1001-1 may be called 1001 by its provider, once it was told the number of the
// order. It is the same payment, and can be cancelled; one that carries the number of another order is not.
func TestAProviderMayCallAnAttemptByItsOrder(t *testing.T) {
	till := openHold(t, keyed())
	shown := func(number string) {
		t.Helper()
		till.exec(`UPDATE payments SET order_ref = $2 WHERE id = $1`, till.payment, fmt.Sprintf("%d-1", till.order))
		till.bogus.AddPayment(gateways.Payment{Ref: till.ref(), OrderRef: number, Word: "AUTHORIZED", Amount: sek(11875), Authorized: true, Method: "invoice"})
	}
	first := till.order
	shown(fmt.Sprint(first))
	if _, err := till.cancel(); err != nil {
		t.Fatalf("under the order's number: %v", err)
	}
	till.end(till.payment)
	if got := till.counters(); !strings.HasPrefix(got, "canceled 11875 0 0 0 t") {
		t.Errorf("after it was cancelled: %s", got)
	}
	for _, number := range []string{fmt.Sprint(first), fmt.Sprintf("%d-1", first), "9999999"} {
		till.hold("pay_of_" + number)
		shown(number)
		if _, err := till.cancel(); !strings.Contains(problemOf(err), "It says that the payment belongs to "+number) {
			t.Errorf("under the number %s: %v", number, err)
		}
	}
	till.sound()
}
