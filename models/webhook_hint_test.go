package models_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
	"github.com/kartify/kartify/money"
)

// hearsay is a kartify whose provider sends webhooks that prove nothing.
type hearsay struct {
	*mailroom
	orders int64
}

func openHearsay(t *testing.T, values map[string]string, change ...func(*models.Options)) *hearsay {
	t.Helper()
	bogus := &gatewaytest.Bogus{Trust: gateways.Hinted}
	driver := bogus.Driver()
	driver.Fields = append(driver.Fields, gateways.Field{Slug: "paid_status", Name: "Paid", Options: []string{"processing", "pending"}, Default: "processing"})
	m := &mailroom{T: t, bogus: bogus, ctx: modelstest.System(t.Context()), db: modelstest.DB(t, func(o *models.Options) {
		o.MaxConns, o.Drivers = 20, []gateways.Driver{driver, gofynd.Driver}
		o.Timings.LookupRate = 1000
		for _, c := range change {
			c(o)
		}
	})}
	for _, store := range []int64{40, 41} {
		modelstest.Store(t, m.db, store, "INR")
		form := models.SettingsForm{
			StoreID: store, Gateway: "bogus", Mode: "test", Enabled: true, By: models.SystemActor,
			Values: map[string]string{"key": "k", "secret": "s", "webhook_secret": fmt.Sprintf("%s-%d", paySecret, store)},
		}
		for slug, value := range values {
			form.Values[slug] = value
		}
		if _, err := m.db.SaveSettings(m.ctx, form); err != nil {
			t.Fatal(err)
		}
	}
	return &hearsay{mailroom: m}
}

// order puts in an order of 100.00 INR of store 40 that waits for its money, with a pending payment.
func (h *hearsay) order(status, reason string) int64 {
	h.Helper()
	h.scan(&h.orders, `INSERT INTO orders (store_id, status, status_reason, gateway, currency, items_minor, total_minor) VALUES (40, $1, $2, 'bogus', 'INR', 10000, 10000) RETURNING id`, status, reason)
	h.exec(`INSERT INTO payments (order_id, store_id, gateway, mode, order_ref, status, currency, amount_minor) VALUES ($1::bigint, 40, 'bogus', 'test', $1::bigint || '-1', 'pending', 'INR', 10000)`, h.orders)
	return h.orders
}

// shows makes the provider show a payment of an order.
func (h *hearsay) shows(order int64, ref string, change func(*gateways.Payment)) {
	p := gateways.Payment{Ref: ref, OrderRef: fmt.Sprintf("%d-1", order), Amount: money.New(10000, "INR"), Word: "word"}
	change(&p)
	h.bogus.AddPayment(p)
}

// hint delivers a hint about a payment and acts on what is due. What it claims beyond the refs must not matter.
func (h *hearsay) hint(claim gateways.Payment) models.Receipt {
	h.Helper()
	header, body := gatewaytest.Webhook(gateways.Event{Name: "status", Payment: &claim}, fmt.Sprintf("%s-%d", paySecret, 40))
	receipt, err := h.db.ReceiveWebhook(h.ctx, models.Delivery{Source: "bogus", StoreID: 40, Header: models.CallbackHeaders(header, "echo"), Body: body, Address: "192.0.2.7"})
	if err != nil {
		h.Fatal(err)
	}
	if _, err := h.db.ProcessDueWebhooks(h.ctx); err != nil {
		h.Fatal(err)
	}
	return receipt
}

func (h *hearsay) stands(order int64) string {
	h.Helper()
	return h.text(`SELECT concat_ws(' ', o.status, nullif(o.status_reason, ''), string_agg(p.status, ',' ORDER BY p.id)) FROM orders o JOIN payments p ON p.order_id = o.id WHERE o.id = $1 GROUP BY o.id`, order)
}

// What a provider says when it is asked, and what becomes of the order: paid, failed when the buyer was not
// debited, missing with the reason when he was or nobody knows.
func TestWordsBecomeStates(t *testing.T) {
	captured := func(p *gateways.Payment) { p.Authorized, p.Captured = true, 10000 }
	authorized := func(p *gateways.Payment) { p.Authorized = true }
	failed := func(p *gateways.Payment) { p.Failed = true }
	canceled := func(p *gateways.Payment) { p.Canceled = true }
	debited := func(p *gateways.Payment) { p.Failed, p.Doubt = true, gateways.Debited }
	unclear := func(p *gateways.Payment) { p.Doubt = gateways.Unclear }
	nothing := func(*gateways.Payment) {}
	tests := []struct {
		name         string
		paid         string // the store's choice
		was, because string
		shows        func(*gateways.Payment)
		want         string
	}{
		{"success", "", "pending", "", captured, "processing success"},
		{"success, and the store wants pending", "pending", "pending", "", captured, "pending success"},
		{"success of a failed order, and the store wants pending", "pending", "failed", "", captured, "pending success"},
		{"authorized and not drawn", "", "pending", "", authorized, "processing authorized"},
		{"not debited", "", "pending", "", failed, "failed failed"},
		{"the buyer turned back", "", "pending", "", canceled, "failed canceled"},
		{"debited and not successful", "", "pending", "", debited, "missing debited failed"},
		{"a word nobody knows", "", "pending", "", unclear, "missing unknown pending"},
		{"still paying", "", "pending", "", nothing, "pending pending"},
		{"missing, and paid after all", "", "missing", "unknown", captured, "processing success"},
		{"failed, and paid after all", "", "failed", "", captured, "processing success"},
		{"missing, and certainly not debited", "", "missing", "unknown", failed, "failed failed"},
		{"failed, and debited after all", "", "failed", "", debited, "missing debited failed"},
		{"unknown becomes debited", "", "missing", "unknown", debited, "missing debited failed"},
		{"shipped already", "", "shipped", "", failed, "shipped failed"},
		{"cancelled by somebody, and paid", "", "cancelled", "", captured, "cancelled success"},
		{"complete, and doubtful", "", "complete", "", unclear, "complete pending"},
	}
	stores := map[string]*hearsay{"": openHearsay(t, nil), "pending": openHearsay(t, map[string]string{"paid_status": "pending"})}
	for i, tt := range tests {
		h := stores[tt.paid]
		order := h.order(tt.was, tt.because)
		ref := fmt.Sprintf("ref_%d", i)
		h.shows(order, ref, tt.shows)
		for range 2 { // a repeat has no effect
			h.hint(gateways.Payment{Ref: ref})
			if got := h.stands(order); got != tt.want {
				t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
			}
		}
		h.sound()
	}
}

// No order becomes paid on the strength of a webhook, however it got its signature.
func TestHintsProveNothing(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.order("pending", "")
	claim := gateways.Payment{Ref: "ref_1", OrderRef: fmt.Sprintf("%d-1", order), Amount: money.New(10000, "INR"), Authorized: true, Captured: 10000, Word: "Success"}
	h.hint(claim)
	if got := h.stands(order); got != "pending pending" {
		t.Errorf("a success the provider knows nothing of: %s", got)
	}
	h.shows(order, "ref_1", func(p *gateways.Payment) { p.Failed = true })
	h.exec(`UPDATE webhooks SET next_at = now() WHERE state = 'parked'`)
	h.work()
	if got := h.stands(order); got != "failed failed" {
		t.Errorf("a success that the provider calls failed: %s", got)
	}
	// Another order's paid transaction in the name of this one.
	paid, cheap := h.order("pending", ""), h.order("pending", "")
	h.shows(paid, "ref_2", func(p *gateways.Payment) { p.Authorized, p.Captured = true, 10000 })
	h.hint(gateways.Payment{Ref: "ref_2", OrderRef: fmt.Sprintf("%d-1", cheap)})
	if got := h.stands(cheap) + " / " + h.stands(paid); got != "pending pending / processing success" {
		t.Errorf("the named and the paid order: %s", got)
	}
	// One rupee for an order of a hundred.
	short := h.order("pending", "")
	h.shows(short, "ref_3", func(p *gateways.Payment) { p.Amount, p.Authorized, p.Captured = money.New(100, "INR"), true, 100 })
	h.hint(gateways.Payment{Ref: "ref_3"})
	if got := h.stands(short); got != "pending pending" {
		t.Errorf("paid too little: %s", got)
	}
	if n := h.text(`SELECT count(*) FROM order_history WHERE order_id = $1 AND comment LIKE 'It speaks of 1.00 INR%'`, short); n != "1" {
		t.Errorf("%s notes of the amount in the history, want 1", n)
	}
	h.sound()
}

// The same bytes mean something else later: a hint never stands in the way of a later one.
func TestLaterHintIsHeard(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.order("pending", "")
	h.shows(order, "ref_1", func(p *gateways.Payment) { p.Doubt = gateways.Unclear })
	first := h.hint(gateways.Payment{Ref: "ref_1"})
	h.shows(order, "ref_1", func(p *gateways.Payment) { p.Authorized, p.Captured = true, 10000 })
	second := h.hint(gateways.Payment{Ref: "ref_1"})
	if first.Duplicate || second.Duplicate || h.stands(order) != "processing success" {
		t.Errorf("the second of two alike: %+v, %s", second, h.stands(order))
	}
	// Two that wait together are one question.
	for range 3 {
		header, body := gatewaytest.Webhook(gateways.Event{Name: "status", Payment: &gateways.Payment{Ref: "ref_1"}}, paySecret+"-40")
		if _, err := h.db.ReceiveWebhook(h.ctx, models.Delivery{Source: "bogus", StoreID: 40, Header: header, Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	h.work()
	if got := h.text(`SELECT count(*) FILTER (WHERE asked_at IS NOT NULL) || ' of ' || count(*) FROM webhooks WHERE state = 'processed'`); got != "3 of 5" {
		t.Errorf("asked because of %s, want 3 of 5", got)
	}
}

// Who speaks of one store with another's secret, or claims what only the address may say, is not heard.
func TestHintsOfOthersAreRefused(t *testing.T) {
	h := openHearsay(t, nil)
	header, body := gatewaytest.Webhook(gateways.Event{Name: "status", Payment: &gateways.Payment{Ref: "ref_1"}}, paySecret+"-41")
	receipt, err := h.db.ReceiveWebhook(h.ctx, models.Delivery{Source: "bogus", StoreID: 40, Header: header, Body: body})
	if err != nil || receipt.Verdict != models.Forged {
		t.Errorf("store 41's secret at store 40's address: %+v, %v", receipt, err)
	}
	outside := http.Header{gateways.RefHeader: {"another order"}}
	if got := models.CallbackHeaders(outside, "order-1").Values(gateways.RefHeader); len(got) != 1 || got[0] != "order-1" {
		t.Errorf("the address is read from %v", got)
	}
	if got := models.CallbackHeaders(outside, "").Get(gateways.RefHeader); got != "" {
		t.Errorf("the sender chose the address: %q", got)
	}
	signed, body := gatewaytest.Webhook(gateways.Event{Name: "status", Payment: &gateways.Payment{Ref: "ref_1"}}, paySecret+"-40")
	receipt, err = h.db.ReceiveWebhook(h.ctx, models.Delivery{Source: "bogus", StoreID: 40, Header: models.CallbackHeaders(signed, "order-1.the-token"), Body: body})
	if err != nil {
		t.Fatal(err)
	}
	if kept := h.text(`SELECT headers::text FROM webhooks WHERE id = $1`, receipt.WebhookID); strings.Contains(kept, "the-token") || !strings.Contains(kept, "order-1") {
		t.Errorf("kept headers: %s", kept)
	}
}

// A payment nobody knows waits, and is acted upon when its order appears.
func TestUnknownPaymentWaitsForItsOrder(t *testing.T) {
	h := openHearsay(t, nil)
	h.shows(7001, "ref_1", func(p *gateways.Payment) { p.Authorized, p.Captured = true, 10000 })
	receipt := h.hint(gateways.Payment{Ref: "ref_1"})
	if got := h.text(`SELECT state || ' ' || order_ref FROM webhooks WHERE id = $1`, receipt.WebhookID); got != "parked 7001-1" {
		t.Fatalf("it is %s", got)
	}
	file := "order_id,date_added,status,gateway,currency,total\n7001,2026-11-20 10:00,pending,bogus,INR,100.00\n"
	report, err := h.db.ImportOrders(h.ctx, models.ImportRequest{File: strings.NewReader(file), Name: "orders.csv", Store: 40, By: models.SystemActor})
	if err != nil || report.Orders != 1 {
		t.Fatalf("import: %+v, %v", report, err)
	}
	h.work()
	if got := h.stands(7001); got != "processing success" {
		t.Errorf("the order is %s", got)
	}
	h.sound()
}

// A provider that cannot be asked says nothing about the money.
func TestUnansweredQuestionChangesNothing(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.order("missing", "debited")
	h.exec(`UPDATE payments SET ref = 'ref_1' WHERE order_id = $1`, order)
	receipt := h.hint(gateways.Payment{Ref: "ref_1"}) // not known there
	if got := h.stands(order) + ", " + h.text(`SELECT state FROM webhooks WHERE id = $1`, receipt.WebhookID); got != "missing debited pending, parked" {
		t.Errorf("the order and the hint are %s", got)
	}
}

// Several attempts of one order end alike, whatever is heard first.
func TestAnyAttemptPays(t *testing.T) {
	for _, order := range [][]string{{"a", "b", "c"}, {"a", "c", "b"}, {"b", "a", "c"}, {"b", "c", "a"}, {"c", "a", "b"}, {"c", "b", "a"}} {
		h := openHearsay(t, nil)
		id := h.order("pending", "")
		h.shows(id, "a", func(p *gateways.Payment) { p.Failed = true })
		h.shows(id, "b", func(p *gateways.Payment) { p.Authorized, p.Captured, p.RRN, p.CardLast4 = true, 10000, "4417", "1007" })
		h.shows(id, "c", func(p *gateways.Payment) { p.Doubt = gateways.Debited })
		for _, ref := range order {
			h.hint(gateways.Payment{Ref: ref})
		}
		got := h.text(`SELECT o.status || ' ' || string_agg(p.ref || ':' || p.status || ':' || p.rrn || ':' || p.card_last4, ' ' ORDER BY p.ref) FROM orders o JOIN payments p ON p.order_id = o.id GROUP BY o.id`)
		if got != "processing a:failed:: b:success:4417:1007 c:pending::" {
			t.Errorf("heard %v: %s", order, got)
		}
		h.sound()
	}
}

// What was done in the provider's portal is entered once.
func TestPortalRefundIsEntered(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.order("pending", "")
	refund := gateways.Result{Status: gateways.Succeeded, Ref: "rf_1", PaymentRef: "ref_1", Amount: money.New(2500, "INR"), At: time.Now()}
	h.shows(order, "ref_1", func(p *gateways.Payment) {
		p.Authorized, p.Captured, p.Refunded, p.Refunds = true, 10000, 2500, []gateways.Result{refund}
	})
	for range 3 {
		h.hint(gateways.Payment{Ref: "ref_1"})
	}
	want := "partially_refunded partially_refunded 10000 2500 refund provider succeeded rf_1"
	if got := h.text(`SELECT concat_ws(' ', o.status, p.status, p.captured_minor, p.refunded_minor, x.kind, x.source, x.state, x.ref) FROM orders o JOIN payments p ON p.order_id = o.id LEFT JOIN operations x ON x.payment_id = p.id WHERE o.id = $1`, order); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	h.sound()
}

// A FYND order whose payment came in is told to Fynd, exactly once.
func TestSuccessIsConfirmedAtFyndOnce(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.order("missing", "unknown")
	h.exec(`UPDATE orders SET partner_order_id = 'FY1' WHERE id = $1`, order)
	h.shows(order, "ref_1", func(p *gateways.Payment) { p.Authorized, p.Captured = true, 10000 })
	for range 3 {
		h.hint(gateways.Payment{Ref: "ref_1"})
	}
	if got := h.text(`SELECT concat_ws(' ', o.status, u.kind, u.amount_minor, u.state) FROM orders o LEFT JOIN partner_updates u ON u.order_id = o.id WHERE o.id = $1`, order); got != "processing confirm_payment 10000 queued" {
		t.Errorf("told to Fynd: %s", got)
	}
}
