package models_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
)

func (h *hearsay) unpaid() int64 {
	h.Helper()
	var id int64
	h.scan(&id, `INSERT INTO orders (store_id, status, gateway, currency, items_minor, tax_minor, total_minor) VALUES (40, 'pending', 'bogus', 'INR', 8000, 2000, 10000) RETURNING id`)
	h.exec(`INSERT INTO order_items (order_id, store_id, position, name, quantity, unit_minor, tax_minor, total_minor) VALUES ($1, 40, 1, 'Kurta', 3, 2000, 1500, 7500), ($1, 40, 2, 'Stole', 1, 2000, 500, 2500)`, id)
	return id
}

// token is that of an order's payment link.
func (h *hearsay) token(order int64) string {
	h.Helper()
	path, err := h.db.PaymentLink(h.ctx, order, models.SystemActor)
	if err != nil {
		h.Fatal(err)
	}
	return strings.TrimPrefix(path, "/pay/")
}

func (h *hearsay) start(token string) (*models.Checkout, error) {
	return h.db.StartCheckout(h.ctx, models.CheckoutRequest{Token: token, Address: "https://pay.example.com"})
}

func TestDoubleClickIsOneAttempt(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.unpaid()
	token := h.token(order)
	var wait sync.WaitGroup
	for range 30 {
		wait.Go(func() {
			if c, err := h.start(token); err != nil || c.State == models.CheckoutFailed {
				t.Errorf("start: %+v, %v", c, err)
			}
		})
	}
	wait.Wait()
	checkouts := h.bogus.Checkouts()
	if got := h.text(`SELECT concat_ws(' ', c.order_ref, c.state, p.status, p.order_ref, p.amount_minor, p.params->>'amount') FROM checkouts c JOIN payments p ON p.id = c.payment_id`); got != fmt.Sprintf("%d-1 started pending %[1]d-1 10000 100.00", order) || len(checkouts) != 1 {
		t.Fatalf("30 clicks made %s and %d calls", got, len(checkouts))
	}
	sum := int64(0)
	for _, line := range checkouts[0].Lines {
		sum += line.Total
	}
	if c := checkouts[0]; sum != 10000 || len(c.Lines) != 2 || c.Amount.Minor != 10000 || c.ReturnURL != "https://pay.example.com/pay/"+token+"/result" || c.NotifyURL != "https://pay.example.com/callbacks/bogus/40" {
		t.Errorf("the provider is told %+v", c)
	}
	if again := h.token(order); again != token {
		t.Error("an order has two links")
	}
}

func TestNewAttemptAfterTheLastOneFailed(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.unpaid()
	token := h.token(order)
	if _, err := h.start(token); err != nil {
		t.Fatal(err)
	}
	h.shows(order, "ref_1", func(p *gateways.Payment) { p.Failed = true })
	page, err := h.db.ReturnFrom(h.ctx, token)
	if err != nil || page.State != models.PayFailed {
		t.Fatalf("the buyer is told %+v, %v", page, err)
	}
	second, err := h.start(token)
	if err != nil || second.Number != 2 || second.OrderRef != fmt.Sprintf("%d-2", order) {
		t.Fatalf("the second attempt: %+v, %v", second, err)
	}
	// The first one is paid after all, late: the order is paid, and nobody pays twice.
	h.shows(order, "ref_1", func(p *gateways.Payment) { p.Authorized, p.Captured = true, 10000 })
	h.hint(gateways.Payment{Ref: "ref_1"})
	if page, err := h.db.PayPage(h.ctx, token); err != nil || page.State != models.PayDone {
		t.Errorf("the buyer is told %v, %v", page.State, err)
	}
	if _, err := h.start(token); err == nil {
		t.Error("a paid order is paid again")
	}
	if got := h.stands(order); got != "processing success,pending" {
		t.Errorf("the order is %s", got)
	}
	h.sound()
}

func TestDoubtfulPaymentIsNotPaidAgain(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.unpaid()
	token := h.token(order)
	if _, err := h.start(token); err != nil {
		t.Fatal(err)
	}
	h.shows(order, "ref_1", func(p *gateways.Payment) { p.Doubt = gateways.Unclear })
	page, err := h.db.ReturnFrom(h.ctx, token)
	if err != nil || page.State != models.PayChecking || len(page.Ways) != 0 {
		t.Fatalf("the buyer is told %+v, %v", page, err)
	}
	if _, err := h.start(token); err == nil {
		t.Error("a payment was begun while another is being checked")
	}
	if got := h.stands(order); got != "missing unknown pending" {
		t.Errorf("the order is %s", got)
	}
}

func TestLostStartLetsTheBuyerTryAgain(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.unpaid()
	token := h.token(order)
	if _, err := h.start(token); err != nil {
		t.Fatal(err)
	}
	h.exec(`UPDATE checkouts SET state = 'starting', url = '', lease_until = now() + interval '1 minute'`)
	if c, err := h.start(token); err != nil || c.State != models.CheckoutStarting || c.Number != 1 {
		t.Errorf("while it starts: %+v, %v", c, err)
	}
	h.exec(`UPDATE checkouts SET lease_until = now() - interval '1 second'`)
	if c, err := h.start(token); err != nil || c.State != models.CheckoutStarted || c.Number != 2 {
		t.Errorf("after the process died: %+v, %v", c, err)
	}
	if got := h.stands(order); got != "pending failed,pending" {
		t.Errorf("the order is %s", got)
	}
}

func TestLinksEnd(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.unpaid()
	token := h.token(order)
	for name, other := range map[string]string{"cut": token[:len(token)-1], "longer": token + "A", "of another": strings.ToLower(token), "empty": ""} {
		if _, err := h.db.PayPage(h.ctx, other); err == nil {
			t.Errorf("a link that is %s opens", name)
		}
	}
	h.exec(`UPDATE payment_links SET expires_at = now() - interval '1 second'`)
	if page, err := h.db.PayPage(h.ctx, token); err != nil || page.State != models.PayClosed {
		t.Errorf("a link that has run out shows %v, %v", page.State, err)
	}
	if _, err := h.start(token); err == nil {
		t.Error("a link that has run out starts a payment")
	}
	second := h.token(order)
	if second == token {
		t.Error("a link that has run out is given again")
	}
	if err := h.db.RevokePaymentLinks(h.ctx, order, models.SystemActor); err != nil {
		t.Fatal(err)
	}
	if _, err := h.start(second); err == nil {
		t.Error("a revoked link starts a payment")
	}
	h.exec(`UPDATE orders SET status = 'shipped' WHERE id = $1`, order)
	if _, err := h.db.PaymentLink(h.ctx, order, models.SystemActor); err == nil {
		t.Error("a shipped order has a payment link")
	}
}

// Whose money is gone is not asked to pay once more, by a link of before either.
func TestWhoWasDebitedIsNotAskedToPay(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.unpaid()
	token := h.token(order)
	for reason, state := range map[string]models.PayState{"debited": models.PayChecking, "abandoned": models.PayOpen} {
		h.exec(`UPDATE orders SET status = 'missing', status_reason = $2 WHERE id = $1`, order, reason)
		if page, err := h.db.PayPage(h.ctx, token); err != nil || page.State != state || (len(page.Ways) > 0) != (state == models.PayOpen) {
			t.Errorf("%s: the page shows %v with %d ways, %v", reason, page.State, len(page.Ways), err)
		}
		if _, err := h.start(token); (err == nil) != (state == models.PayOpen) {
			t.Errorf("%s: starting answers %v", reason, err)
		}
		if _, err := h.db.PaymentLink(h.ctx, order, models.SystemActor); (err == nil) != (state == models.PayOpen) {
			t.Errorf("%s: a link answers %v", reason, err)
		}
		h.exec(`DELETE FROM checkouts WHERE order_id = $1`, order)
	}
}

func TestReturnAddresses(t *testing.T) {
	h := openHearsay(t, nil)
	if err := h.db.SetReturnURLs(h.ctx, 40, []string{"https://shop.example/thanks", "https://other.example"}, models.SystemActor); err != nil {
		t.Fatal(err)
	}
	for text, fine := range map[string]bool{
		"":                                    true,
		"https://shop.example/thanks":         true,
		"https://shop.example/thanks/a?b=c":   true,
		"https://SHOP.example/thanks":         true,
		"https://other.example/anything":      true,
		"https://shop.example/":               false,
		"https://shop.example/thanksgiving":   false,
		"http://shop.example/thanks":          false,
		"https://shop.example:8443/thanks":    false,
		"https://shop.example.evil.example/":  false,
		"https://shop.example@evil.example/":  false,
		"https://shop.example/thanks/../away": false,
		"https://shop.example/thanks#x":       false,
		`https://shop.example\@evil.example/`: false,
		"//shop.example/thanks":               false,
		"javascript:alert(1)":                 false,
		"https://shop.example/thanks\r\nX: y": false,
	} {
		order := h.unpaid()
		_, err := h.db.StartCheckout(h.ctx, models.CheckoutRequest{Token: h.token(order), ReturnURL: text, Address: "https://pay.example.com"})
		if (err == nil) != fine {
			t.Errorf("back to %q: %v", text, err)
		}
	}
	for _, bad := range []string{"shop.example", "http://shop.example", `https://shop.example/"}`, "https://"} {
		if err := h.db.SetReturnURLs(h.ctx, 40, []string{bad}, models.SystemActor); err == nil {
			t.Errorf("%q is taken as an address of the shop", bad)
		}
	}
	if list, err := h.db.ReturnURLs(h.ctx, 40); err != nil || len(list) != 2 {
		t.Errorf("the store lists %v, %v", list, err)
	}
}
