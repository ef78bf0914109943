package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
)

// A payment that waits for the buyer's confirmation, or for a check, says so to the shop on the order, in the
// registry and to programs, and to the buyer on the payment page.
func TestWaitingPaymentIsShownInWords(t *testing.T) {
	o := openOffice(t)
	o.settings()
	asha := o.enter("owner")
	for _, tt := range []struct{ wait, shop, buyer string }{
		{"confirmation", "waits for the buyer’s confirmation at the bank", "Your bank waits for your confirmation: in its app, or by the code it sent you."},
		{"review", "waits for the provider’s own check", "The payment service is still checking this payment. That can take a day."},
		{"bank", "waits for the bank’s answer", "Your bank has not answered yet."},
	} {
		order := o.order(map[string]any{"status": "pending"})
		link, err := o.db.PaymentLink(o.ctx, order, models.SystemActor)
		if err != nil {
			t.Fatal(err)
		}
		buyer := &person{office: o, http: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
		if went := buyer.get(link); went.status != http.StatusSeeOther {
			t.Fatalf("the link answers %d: %s", went.status, text(went.Find("main")))
		}
		var id int64
		o.scan(&id, `UPDATE payments SET waits_for = $2, provider_status = 'created' WHERE order_id = $1 AND status = 'pending' RETURNING id`, order, tt.wait)
		o.exec(`UPDATE checkouts SET returned_at = now() - interval '1 minute' WHERE order_id = $1`, order)
		if got := text(asha.get(fmt.Sprintf("/sales/orders/%d", order)).Find(fmt.Sprintf("[data-payment='%d'] .line", id))); !strings.Contains(got, tt.shop) {
			t.Errorf("the order says %q", got)
		}
		if got := text(asha.get(fmt.Sprintf("/sales/payments/%d", id)).Find("main")); !strings.Contains(got, tt.shop) {
			t.Errorf("the payment says %q", got)
		}
		if got := text(asha.get("/sales/payments?" + url.Values{"q": {fmt.Sprint(order)}}.Encode()).Find(fmt.Sprintf("tr[data-payment='%d'] td.state", id))); got != "Awaiting payment "+tt.shop {
			t.Errorf("the registry says %q", got)
		}
		if got := text(buyer.get(link).Find("[data-waits]")); got != tt.buyer {
			t.Errorf("the buyer reads %q", got)
		}
		o.exec(`UPDATE payments SET status = 'failed' WHERE id = $1`, id)
		if got := text(asha.get(fmt.Sprintf("/sales/orders/%d", order)).Find("main")); strings.Contains(got, tt.shop) {
			t.Errorf("a declined payment still waits: %q", got)
		}
	}
}
