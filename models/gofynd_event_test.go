package models_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
)

func TestOrderOfFyndIsCreated(t *testing.T) {
	m := openMailroom(t)
	m.bogus.AddPayment(*snapshot("pay_1", "captured")) // the gateway has the money
	m.send(placed("e1", "FY1", "pay_1", "2024-01-31T10:00:00Z"))
	want := "FY1 A-FY1 TRFY1 processing 10000 9000 1000 Card (Bogus) ORDER_PLACED 40"
	if got := m.text(`SELECT concat_ws(' ', partner_order_id, affiliate_order_id, gid, status, total_minor, items_minor, shipping_minor, payment_method, last_event, store_id) FROM orders`); got != want {
		t.Errorf("order: %s, want %s", got, want)
	}
	if got := m.text(`SELECT concat_ws(' ', ref, order_ref, status, captured_minor, mode) FROM payments`); got != "pay_1 order_pay_1 success 10000 test" {
		t.Errorf("payment: %s", got)
	}
	if got := m.text(`SELECT concat_ws(' ', position, sku, name, quantity, total_minor) FROM order_items`); got != "1 K1 Kurta 3 9000" {
		t.Errorf("lines: %s", got)
	}
	if got := m.text(`SELECT concat_ws(' ', order_id IS NOT NULL, claimed_store_id, partner_order_id, state) FROM webhooks`); got != "t 40 FY1 processed" {
		t.Errorf("webhook: %s", got)
	}
	m.sound()
}

func TestOrderIsThereWhenItsGatewayIsNot(t *testing.T) {
	m := openMailroom(t)
	m.exec(`UPDATE gateway_settings SET values = '{}' WHERE gateway = 'razorpay'`) // no credentials any more
	m.send(placed("e1", "FY1", "pay_1", "2024-01-31T10:00:00Z"))
	if got := m.text(`SELECT o.status||' '||p.status FROM orders o JOIN payments p ON p.order_id = o.id`); got != "pending pending" {
		t.Errorf("order and payment: %s", got)
	}
	if got := m.text(`SELECT state||' '||(effect LIKE '%could not be looked up%') FROM webhooks`); got != "processed true" {
		t.Errorf("webhook: %s", got)
	}
}

// shy is a gateway that does not answer the first time it is asked about a payment.
type shy struct{ asked *int }

func (shy) Check(context.Context) error { return nil }

func (s shy) Payment(_ context.Context, ref string) (gateways.Payment, error) {
	if *s.asked++; *s.asked == 1 {
		return gateways.Payment{}, &gateways.Error{Kind: gateways.Unavailable, Message: "It is shy."}
	}
	return *snapshot(ref, "captured"), nil
}

func TestOrderDoesNotWaitForItsGateway(t *testing.T) {
	asked := 0
	m := openMailroom(t, func(o *models.Options) {
		o.Drivers[0].Open = func(gateways.Settings) (gateways.Gateway, error) { return shy{&asked}, nil }
	})
	m.send(placed("e1", "FY1", "pay_1", "2024-01-31T10:00:00Z"))
	if got := m.text(`SELECT o.status||' '||w.state||' '||w.effect FROM orders o, webhooks w`); got != "pending parked ORDER_PLACED was recorded. The order was created. The payment could not be looked up yet: It is shy." {
		t.Errorf("order and webhook: %s", got)
	}
	m.exec(`UPDATE webhooks SET next_at = now()`)
	m.work()
	if got := m.text(`SELECT concat_ws(' ', o.status, captured_minor, w.state, asked) FROM orders o JOIN payments p ON p.order_id = o.id, webhooks w, (SELECT count(*) AS asked FROM order_events) e`); got != "processing 10000 processed 1" {
		t.Errorf("order, payment, webhook and events: %s", got)
	}
	m.sound()
}

func TestOrderThatDoesNotAddUpIsLeftForAPerson(t *testing.T) {
	order := func(change map[string]any) map[string]any {
		o := map[string]any{"currency": "INR", "total": "90.00", "items": []any{map[string]any{"name": "Kurta", "quantity": 3, "unit_price": "30.00"}}}
		for name, value := range change {
			o[name] = value
		}
		return map[string]any{"order": o}
	}
	tests := []struct {
		name  string
		order map[string]any
		want  string // part of the effect; "" when it adds up
	}{
		{"adds up", order(nil), ""},
		{"a discount for the whole order", order(map[string]any{"discount": "10.01", "total": "79.99"}), ""},
		{"another total", order(map[string]any{"total": "90.01"}), "come to 90.00 INR"},
		{"hundredfold", order(map[string]any{"total": "9000"}), "come to 90.00 INR"},
		{"no lines", order(map[string]any{"items": []any{}}), "without lines"},
		{"another line total", order(map[string]any{"items": []any{map[string]any{"name": "K", "quantity": 3, "unit_price": "30.00", "total": "91"}}}), "Line 1 says 91.00 INR"},
		{"a discount larger than everything", order(map[string]any{"discount": "91", "total": "0"}), "more than the lines"},
		{"a price without end", order(map[string]any{"items": []any{map[string]any{"name": "K", "quantity": 10000, "unit_price": "9999999999999"}}}), "more than an amount can hold"},
		{"no currency of this world", order(map[string]any{"currency": "ZZZ"}), "cannot be read"},
	}
	m := openMailroom(t)
	for i, tt := range tests {
		id := fmt.Sprintf("FY%d", i)
		m.send(told("e"+id, "ORDER_PLACED", id, tt.order))
		state, effect := m.text(`SELECT state FROM webhooks WHERE partner_order_id = $1`, id), m.text(`SELECT effect FROM webhooks WHERE partner_order_id = $1`, id)
		orders := m.text(`SELECT count(*)::text FROM orders WHERE partner_order_id = $1`, id)
		if tt.want == "" && (state != "processed" || orders != "1") || tt.want != "" && (state != "failed" || orders != "0" || !strings.Contains(effect, tt.want)) {
			t.Errorf("%s: %s, %s orders, %q", tt.name, state, orders, effect)
		}
	}
	m.sound()
}

func TestRefundRequestIsReadInItsUnit(t *testing.T) {
	platform := func(amount any) parcel {
		return fyndParcel(fmt.Sprint("e", amount), map[string]any{
			"company_id": 1, "application_id": "a", "event": map[string]any{"id": "x", "category": "application", "name": "refund", "type": "refund_initiated", "created_timestamp": 1706695200000},
			"payload": map[string]any{"order_id": "FYpay_1", "merchant_order_id": "TRpay_1", "merchant_refund_id": fmt.Sprint("r", amount), "amount": amount},
		}, fyndSecret)
	}
	flat := func(amount, currency string) parcel {
		return told("f"+amount+currency, "REFUND_INITIATED", "FYpay_1", map[string]any{"amount": amount, "currency": currency, "request_id": "r" + amount + currency})
	}
	tests := []struct {
		name   string // of a request for an order of 100.00 INR
		parcel parcel
		want   string // amount and doubt
	}{
		{"flat, in full", flat("100.00", "INR"), "10000 f"},
		{"flat, in part", flat("0.5", "INR"), "50 f"},
		{"flat, hundredfold: never reinterpreted", flat("10000", "INR"), "t"},
		{"flat, in another currency", flat("10", "KWD"), "t"},
		{"platform, in rupees", platform(40), "4000 f"},
		{"platform, with a fraction", platform(40.5), "4050 f"},
		{"platform, as text", platform("79"), "7900 f"},
		{"platform, fits in paise only", platform(9900), "9900 t"},
		{"platform, fits in neither", platform(99999), "t"},
		{"platform, nothing", platform(0), "t"},
	}
	m := openMailroom(t)
	m.order("pay_1", "success", 10000)
	for _, tt := range tests {
		m.exec(`DELETE FROM order_events`)
		m.send(tt.parcel)
		if got := m.text(`SELECT concat_ws(' ', amount_minor, unit_doubt) FROM order_events`); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestRefundRequestAfterTheMoneyWentBackDoesNotWait(t *testing.T) {
	m := openMailroom(t)
	m.order("pay_1", "success", 10000)
	m.send(refunded("e1", gateways.Result{Status: gateways.Succeeded, Ref: "rfnd_9", PaymentRef: "pay_1", Amount: money.New(10000, "INR")}),
		told("e2", "REFUND_INITIATED", "FYpay_1", map[string]any{"amount": "100", "request_id": "r1"}))
	if got := m.text(`SELECT concat_ws(' ', waiting, closed_by <> '') FROM order_events`); got != "f t" {
		t.Errorf("the request: %s", got)
	}
	m.sound()
}

func TestLaterEventsOfARefundCloseNothing(t *testing.T) {
	m := openMailroom(t)
	m.order("pay_1", "success", 10000)
	m.send(told("e1", "REFUND_INITIATED", "FYpay_1", map[string]any{"amount": "100", "request_id": "16916747740991418099"}))
	for i, event := range []string{"REFUND_DONE", "REFUND_FAILED", "REFUND_PENDING", "SHIPMENT_UPDATED", "SOMETHING_NEW"} {
		m.send(told(fmt.Sprint("l", i), event, "FYpay_1", map[string]any{"amount": "100", "request_id": "16916747740991418099"}))
	}
	if got := m.text(`SELECT count(*)||' '||count(*) FILTER (WHERE waiting)||' '||min(request_id) FILTER (WHERE event = 'REFUND_INITIATED') FROM order_events`); got != "6 1 16916747740991418099" {
		t.Errorf("events, waiting ones and the request: %s", got)
	}
	if got := m.text(`SELECT concat_ws(' ', status, captured_minor, refunded_minor) FROM payments`); got != "success 10000 0" {
		t.Errorf("payment: %s", got)
	}
}

func TestEventOfAnotherStoresOrderIsRefused(t *testing.T) {
	m := openMailroom(t)
	m.order("pay_1", "success", 10000)
	foreign := fyndParcel("e1", map[string]any{"event": "REFUND_INITIATED", "gofynd_order_id": "FYpay_1", "store_id": 40, "amount": "100", "currency": "INR", "request_id": "r1"}, "other-"+fyndSecret)
	m.send(foreign)
	if got := m.text(`SELECT concat_ws(' ', state, store_id, claimed_store_id, verdict) FROM webhooks`); got != "refused 41 40 verified" {
		t.Errorf("webhook: %s", got)
	}
	if got := m.text(`SELECT count(*)::text FROM order_events`); got != "0" {
		t.Errorf("%s events of the other store", got)
	}
}

func TestClaimedStoreIsKeptAsItWasSaid(t *testing.T) {
	m := openMailroom(t)
	m.order("pay_1", "success", 10000)
	for _, claim := range []any{0, 39, "forty", nil} {
		m.send(told(fmt.Sprint("c", claim), "SHIPMENT_UPDATED", "FYpay_1", map[string]any{"store_id": claim, "n": fmt.Sprint(claim)}))
	}
	if got := m.text(`SELECT concat_ws('|', store_id, claimed_store_id, state) FROM webhooks ORDER BY id`); got != "40|0|processed\n40|39|processed\n40|forty|processed\n40||processed" {
		t.Errorf("webhooks:\n%s", got)
	}
}

func TestOlderStateOfAnOrderOverwritesNothing(t *testing.T) {
	m := openMailroom(t)
	m.send(placed("e1", "FY1", "pay_1", "2024-01-31T10:00:02Z"), placed("e2", "FY1", "pay_1", "2024-01-31T10:00:01Z"), placed("e3", "FY1", "pay_1", "2024-01-31T10:00:03Z"))
	if got := m.text(`SELECT customer_name FROM orders`); got != "Meera 2024-01-31T10:00:03Z" {
		t.Errorf("customer: %s", got)
	}
	if got := m.text(`SELECT count(*)::text FROM order_events`); got != "3" {
		t.Errorf("%s events, want 3", got)
	}
}

func TestLinesThatRefundsNameStay(t *testing.T) {
	m := openMailroom(t)
	m.send(placed("e1", "FY1", "pay_1", "2024-01-31T10:00:00Z"), paid("e2", "pay_1", "captured"))
	m.exec(`INSERT INTO operations (store_id, order_id, payment_id, kind, source, amount_minor, currency, lines, requester, digest, idempotency_key, state, finished_at)
		SELECT 40, order_id, id, 'refund', 'staff', 3000, 'INR', '[{"item_id":1,"quantity":1}]', 'Asha', '\x00', 'kfylines0001', 'failed', now() FROM payments`)
	m.send(told("e3", "ORDER_PLACED", "FY1", map[string]any{"occurred_at": "2024-02-01T10:00:00Z", "order": map[string]any{
		"total": "90.00", "items": []any{map[string]any{"name": "Kurta, blue", "quantity": 3, "unit_price": "30.00"}},
	}}))
	if got := m.text(`SELECT name||' '||(SELECT total_minor FROM orders) FROM order_items`); got != "Kurta 10000" {
		t.Errorf("line and total: %s", got)
	}
	m.sound()
}

func TestParkedEventsAreAppliedInTheOrderOfTheirArrival(t *testing.T) {
	m := openMailroom(t)
	for i, event := range []string{"SHIPMENT_CREATED", "REFUND_INITIATED", "REFUND_PENDING", "SHIPMENT_UPDATED"} {
		m.send(told(fmt.Sprint("e", i), event, "FY1", map[string]any{"amount": "40", "request_id": "r1", "occurred_at": "2024-01-31T12:00:00Z"}))
	}
	m.send(placed("e9", "FY1", "pay_1", "2024-01-31T10:00:00Z"))
	if got := m.text(`SELECT event FROM order_events ORDER BY id`); got != "ORDER_PLACED\nSHIPMENT_CREATED\nREFUND_INITIATED\nREFUND_PENDING\nSHIPMENT_UPDATED" {
		t.Errorf("events in order:\n%s", got)
	}
	if got := m.text(`SELECT last_event FROM orders`); got == "ORDER_PLACED" {
		t.Errorf("the last event is %s, which came last and happened first", got)
	}
}

// Any order of arrival ends alike: orders, events, payments and operations.
func TestAnyOrderOfArrivalEndsAlike(t *testing.T) {
	part := gateways.Result{Status: gateways.Succeeded, Ref: "rfnd_9", PaymentRef: "pay_1", Amount: money.New(4000, "INR"), Word: "processed", At: time.Unix(1706695200, 0).UTC()}
	begun := part
	begun.Status, begun.Word = gateways.Pending, "pending"
	whole := part
	whole.Amount = money.New(10000, "INR")
	order := placed("o1", "FY1", "pay_1", "2024-01-31T10:00:00Z")
	request := told("f1", "REFUND_INITIATED", "FY1", map[string]any{"amount": "40.00", "request_id": "16916747740991418099", "occurred_at": "2024-01-31T11:00:00Z"})
	sets := map[string][]parcel{
		"an order, its payment and its refund": {order, paid("p1", "pay_1", "captured"), request, refunded("r1", part)},
		"with repeats and beginnings":          {order, order, refunded("r0", begun), refunded("r1", part), request},
		"a payment that failed at first":       {order, paid("p0", "pay_1", "failed"), paid("p1", "pay_1", "authorized"), paid("p2", "pay_1", "captured"), refunded("r1", whole)},
		"two states of the order": {
			order, placed("o2", "FY1", "pay_1", "2024-01-31T10:00:05Z"), told("o3", "ORDER_PAYMENT_FAILED", "FY1", map[string]any{"occurred_at": "2024-01-31T10:00:03Z"}),
			paid("p1", "pay_1", "captured"),
		},
		"four events of the platform alone": {
			order, told("s1", "SHIPMENT_CREATED", "FY1", map[string]any{"occurred_at": "2024-01-31T10:30:00Z"}), request,
			told("f2", "REFUND_DONE", "FY1", map[string]any{"amount": "40.00", "request_id": "16916747740991418099", "occurred_at": "2024-01-31T12:00:00Z"}),
		},
		"all of the money goes back": {order, request, told("f2", "REFUND_DONE", "FY1", map[string]any{"amount": "40.00", "request_id": "16916747740991418099"}), refunded("r1", whole)},
	}
	for name, parcels := range sets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := openMailroom(t)
			want, first := "", ""
			for order := range permutations(len(parcels)) {
				for _, table := range []string{"partner_updates", "webhooks", "order_search", "order_events_seen"} {
					m.exec(`TRUNCATE ` + table + ` CASCADE`)
				}
				m.exec(`TRUNCATE orders CASCADE`)
				for _, i := range order {
					m.send(parcels[i])
				}
				got := m.state()
				m.sound()
				if want == "" {
					want, first = got, fmt.Sprint(order)
				}
				if got != want {
					t.Fatalf("the order of arrival %v ends as\n%s\nand %s as\n%s", order, got, first, want)
				}
			}
			if strings.Contains(want, "parked") || strings.Contains(want, "failed\n") && name != "a payment that failed at first" {
				t.Errorf("something is left over:\n%s", want)
			}
		})
	}
}

// Acted upon side by side, as by the workers of several processes, they end as one after the other.
func TestSideBySideTheyEndAlike(t *testing.T) {
	part := gateways.Result{Status: gateways.Succeeded, Ref: "rfnd_9", PaymentRef: "pay_1", Amount: money.New(4000, "INR"), Word: "processed", At: time.Unix(1706695200, 0).UTC()}
	parcels := []parcel{
		placed("o1", "FY1", "pay_1", "2024-01-31T10:00:00Z"), paid("p0", "pay_1", "failed"), paid("p1", "pay_1", "authorized"), paid("p2", "pay_1", "captured"), refunded("r1", part),
		told("f1", "REFUND_INITIATED", "FY1", map[string]any{"amount": "60.00", "request_id": "r1"}), told("f2", "SHIPMENT_CREATED", "FY1", nil),
		placed("o2", "FY1", "pay_1", "2024-01-31T10:00:05Z"),
	}
	m := openMailroom(t)
	want := ""
	for round := range 15 {
		m.exec(`TRUNCATE orders, webhooks CASCADE`)
		var ids []int64
		for i := range parcels {
			ids = append(ids, m.deliver(parcels[(i*3+round)%len(parcels)]).WebhookID)
		}
		var wait sync.WaitGroup
		for _, id := range append(ids, ids...) { // two processes
			if round == 0 {
				break // one after the other
			}
			wait.Go(func() {
				if err := m.db.ProcessWebhook(m.ctx, id); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		m.exec(`UPDATE webhooks SET next_at = now() WHERE next_at IS NOT NULL`)
		m.work()
		m.sound()
		if tries := m.text(`SELECT coalesce(max(tries), 0)::text FROM webhooks`); tries != "1" {
			t.Errorf("round %d: a webhook needed %s tries", round, tries)
		}
		if want == "" {
			want = m.state()
		}
		if got := m.state(); got != want {
			t.Fatalf("round %d ends as\n%s\nand the first as\n%s", round, got, want)
		}
	}
}

// permutations are all orders of n things.
func permutations(n int) func(yield func([]int) bool) {
	return func(yield func([]int) bool) {
		things := make([]int, n)
		for i := range things {
			things[i] = i
		}
		var place func(k int) bool
		place = func(k int) bool {
			if k == n {
				return yield(slices.Clone(things))
			}
			for i := k; i < n; i++ {
				things[k], things[i] = things[i], things[k]
				if !place(k + 1) {
					return false
				}
				things[k], things[i] = things[i], things[k]
			}
			return true
		}
		place(0)
	}
}

func TestClockGoneWrongDoesNotFreezeAnOrder(t *testing.T) {
	m := openMailroom(t)
	m.send(placed("e1", "FY1", "pay_1", "2999-01-01T00:00:00Z"))
	m.exec(`UPDATE order_events SET received_at = received_at - interval '100 years'`)
	m.exec(`UPDATE orders SET last_event_at = last_event_at - interval '100 years'`)
	m.send(placed("e2", "FY1", "pay_1", "2024-06-01T00:00:00Z"))
	if got := m.text(`SELECT customer_name FROM orders`); got != "Meera 2024-06-01T00:00:00Z" {
		t.Errorf("customer: %s", got)
	}
}
