package models_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
)

// asked is a refund that Asha pressed for.
func (m *mailroom) asked(order, payment, minor int64) *models.Operation {
	m.Helper()
	var user int64
	m.scan(&user, `INSERT INTO users (email, name, role) VALUES (gen_random_uuid()::text, 'Asha', 'support') RETURNING id`)
	op, err := m.db.RefundPayment(m.ctx, models.RefundRequest{
		OrderID: order, PaymentID: payment, Amount: money.New(minor, "INR"), Reason: "returned", Token: m.db.FormToken(user, "refund", payment),
		By: models.Actor{Kind: "user", UserID: &user, Name: "Asha"},
	})
	if err != nil {
		m.Fatal(err)
	}
	return op
}

// answerTo is what the gateway says of a refund of ours.
func answerTo(op *models.Operation, status gateways.Status) gateways.Result {
	return gateways.Result{Status: status, Ref: "bogus_1", PaymentRef: "pay_1", Amount: op.Amount(), Word: string(status), Key: op.IdempotencyKey}
}

func (m *mailroom) operation(id int64) (state, attempts string) {
	m.Helper()
	return m.text(`SELECT state FROM operations WHERE id = $1`, id), m.text(`SELECT kind||' '||outcome FROM operation_attempts WHERE operation_id = $1 ORDER BY n`, id)
}

func (m *mailroom) counters(payment int64) string {
	m.Helper()
	return m.text(`SELECT concat_ws(' ', status, captured_minor, refunded_minor, refund_reserved_minor) FROM payments WHERE id = $1`, payment)
}

func TestWebhookBeforeTheAnswerSettlesTheRefund(t *testing.T) {
	m := openMailroom(t)
	m.bogus.Delay = 300 * time.Millisecond
	order, payment := m.order("pay_1", "success", 10000)
	op := m.asked(order, payment, 4000)
	done := make(chan error)
	go func() { done <- m.db.DispatchOperation(m.ctx, op.ID) }()
	for len(m.bogus.Calls()) == 0 {
		time.Sleep(time.Millisecond)
	}
	m.send(refunded("e1", answerTo(op, gateways.Succeeded))) // while the call is under way
	if state, _ := m.operation(op.ID); state != "succeeded" {
		t.Errorf("after the webhook the refund is %s", state)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if state, attempts := m.operation(op.ID); state != "succeeded" || attempts != "send succeeded\nwebhook succeeded" {
		t.Errorf("in the end it is %s, with the attempts %q", state, attempts)
	}
	if got := m.counters(payment); got != "partially_refunded 10000 4000 0" {
		t.Errorf("payment: %s", got)
	}
	if n := m.text(`SELECT count(*)::text FROM order_history WHERE comment LIKE '%done%'`); n != "1" {
		t.Errorf("the history says %s times that it is done", n)
	}
	m.sound()
}

func TestWebhookSettlesWhateverTheRefundWaitsFor(t *testing.T) {
	tests := []struct{ name, prepare, want string }{
		{"queued", `UPDATE operations SET next_at = now() + interval '1 hour'`, "succeeded"},
		{"unknown", `UPDATE operations SET state = 'dispatching', first_sent_at = now(), next_at = now() + interval '1 hour'; UPDATE operations SET state = 'unknown'`, "succeeded"},
		{"left to a person", `UPDATE operations SET state = 'needs_review', next_at = NULL`, "succeeded"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := openMailroom(t)
			order, payment := m.order("pay_1", "success", 10000)
			op := m.asked(order, payment, 4000)
			for sql := range strings.SplitSeq(tt.prepare, ";") {
				m.exec(sql)
			}
			m.send(refunded("e1", answerTo(op, gateways.Pending)), refunded("e2", answerTo(op, gateways.Succeeded)), refunded("e3", answerTo(op, gateways.Pending)))
			if state, _ := m.operation(op.ID); state != tt.want {
				t.Errorf("the refund is %s, want %s", state, tt.want)
			}
			if got := m.counters(payment); got != "partially_refunded 10000 4000 0" {
				t.Errorf("payment: %s", got)
			}
			m.sound()
		})
	}
}

func TestOppositeWordIsAskedFirst(t *testing.T) {
	tests := []struct {
		name   string
		truth  gatewaytest.Outcome // at the gateway
		webook gateways.Status
		want   string
	}{
		{"a webhook that lies about failure", gatewaytest.Succeed, gateways.Failed, "succeeded"},
		{"a webhook that lies about success", gatewaytest.Fail, gateways.Succeeded, "failed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := openMailroom(t)
			order, payment := m.order("pay_1", "success", 10000)
			op := m.asked(order, payment, 4000)
			m.bogus.Next(tt.truth)
			if err := m.db.DispatchOperation(m.ctx, op.ID); err != nil {
				t.Fatal(err)
			}
			m.send(refunded("e1", answerTo(op, tt.webook)))
			if state, _ := m.operation(op.ID); state != tt.want || len(m.bogus.Finds()) != 1 {
				t.Errorf("the refund is %s after %d look-ups, want %s after 1", state, len(m.bogus.Finds()), tt.want)
			}
			m.sound()
		})
	}
}

func TestRefundThatFailedAfterAllOpensItsMoney(t *testing.T) {
	m := openMailroom(t)
	order, payment := m.order("pay_1", "success", 10000)
	op := m.asked(order, payment, 4000)
	m.bogus.Next(gatewaytest.Pend)
	if err := m.db.DispatchOperation(m.ctx, op.ID); err != nil {
		t.Fatal(err)
	}
	m.send(refunded("e1", answerTo(op, gateways.Succeeded)))
	m.bogus.Settle(op.IdempotencyKey, gateways.Failed) // the bank sent it back
	m.send(refunded("e2", answerTo(op, gateways.Failed)))
	if state, _ := m.operation(op.ID); state != "failed" {
		t.Errorf("the refund is %s, want failed", state)
	}
	if got := m.counters(payment); got != "success 10000 0 0" {
		t.Errorf("payment: %s", got)
	}
	m.sound()
}

func TestWebhookWaitsWhenTheGatewayCannotBeAsked(t *testing.T) {
	m := openMailroom(t)
	order, payment := m.order("pay_1", "success", 10000)
	op := m.asked(order, payment, 4000)
	if err := m.db.DispatchOperation(m.ctx, op.ID); err != nil {
		t.Fatal(err)
	}
	m.bogus.NextFind(gatewaytest.DropBefore)
	m.send(refunded("e1", answerTo(op, gateways.Failed)))
	if got := m.text(`SELECT state||' '||tries FROM webhooks`); got != "received 1" {
		t.Errorf("the webhook is %s, want to be tried again", got)
	}
	m.exec(`UPDATE webhooks SET next_at = now()`)
	m.work()
	if got := m.text(`SELECT state FROM webhooks`); got != "processed" {
		t.Errorf("the webhook is %s", got)
	}
	if state, _ := m.operation(op.ID); state != "succeeded" {
		t.Errorf("the refund is %s", state)
	}
}

func TestAnotherAmountSettlesNothing(t *testing.T) {
	m := openMailroom(t)
	order, payment := m.order("pay_1", "success", 10000)
	op := m.asked(order, payment, 4000)
	if err := m.db.DispatchOperation(m.ctx, op.ID); err != nil {
		t.Fatal(err)
	}
	wrong := answerTo(op, gateways.Succeeded)
	wrong.Amount.Minor = 4001
	m.send(refunded("e1", wrong))
	if state, _ := m.operation(op.ID); state != "succeeded" || m.counters(payment) != "partially_refunded 10000 4000 0" {
		t.Errorf("the refund is %s and the payment %s", state, m.counters(payment))
	}
	m.sound()
}

func TestRefundMadeElsewhereIsBookedOnce(t *testing.T) {
	m := openMailroom(t)
	order, payment := m.order("pay_1", "success", 10000)
	m.exec(`INSERT INTO order_events (order_id, store_id, event, request_id, amount_minor, waiting) VALUES ($1, 40, 'REFUND_INITIATED', 'r1', 10000, true)`, order)
	there := gateways.Result{Status: gateways.Pending, Ref: "rfnd_9", PaymentRef: "pay_1", Amount: money.New(10000, "INR"), Word: "pending"}
	done := there
	done.Status, done.Word = gateways.Succeeded, "processed"
	m.send(refunded("e1", there), refunded("e2", done), refunded("e3", done), refunded("e4", there))
	if got := m.text(`SELECT concat_ws(' ', kind, source, state, amount_minor, ref, idempotency_key, requester) FROM operations`); got != "refund provider succeeded 10000 rfnd_9 ext_rfnd_9 Bogus" {
		t.Errorf("operations: %s", got)
	}
	if got := m.counters(payment); got != "refunded 10000 10000 0" {
		t.Errorf("payment: %s", got)
	}
	if got := m.text(`SELECT status||' '||(SELECT count(*) FROM order_events WHERE waiting) FROM orders`); got != "refunded 0" {
		t.Errorf("order and waiting requests: %s", got)
	}
	if got := m.text(`SELECT request_id||' '||status FROM partner_updates ORDER BY id`); got != "r1 refund_pending\nr1 refund_done" {
		t.Errorf("Fynd is told %q", got)
	}
	m.sound()
}

func TestRefundWithoutOurKeyMayStillBeOurs(t *testing.T) {
	m := openMailroom(t)
	order, payment := m.order("pay_1", "success", 10000)
	op := m.asked(order, payment, 4000)
	m.bogus.Next(gatewaytest.DropAfter)
	if err := m.db.DispatchOperation(m.ctx, op.ID); err != nil {
		t.Fatal(err)
	}
	nameless := answerTo(op, gateways.Succeeded)
	nameless.Key = ""
	m.send(refunded("e1", nameless))
	if got := m.text(`SELECT count(*)||' '||min(state)||' '||min(ref) FROM operations`); got != "1 succeeded bogus_1" {
		t.Errorf("operations: %s", got)
	}
	if got := m.counters(payment); got != "partially_refunded 10000 4000 0" {
		t.Errorf("payment: %s", got)
	}
	other := nameless
	other.Ref = "rfnd_portal"
	m.send(refunded("e2", other)) // of the same amount, and not ours
	if got := m.counters(payment); got != "partially_refunded 10000 8000 0" {
		t.Errorf("payment: %s", got)
	}
	m.sound()
}

func TestRefundMadeElsewhereWaitsForTheOneUnderWay(t *testing.T) {
	m := openMailroom(t)
	order, payment := m.order("pay_1", "success", 10000)
	op := m.asked(order, payment, 8000)
	m.send(refunded("e1", gateways.Result{Status: gateways.Succeeded, Ref: "rfnd_9", PaymentRef: "pay_1", Amount: money.New(5000, "INR"), Key: "portal-receipt"}))
	if got := m.text(`SELECT state FROM webhooks`); got != "parked" || m.counters(payment) != "refunding 10000 0 8000" {
		t.Errorf("webhook %s, payment %s", got, m.counters(payment))
	}
	m.bogus.Next(gatewaytest.Decline) // there is not enough left
	if err := m.db.DispatchOperation(m.ctx, op.ID); err != nil {
		t.Fatal(err)
	}
	m.exec(`UPDATE webhooks SET next_at = now()`)
	m.work()
	if got := m.counters(payment); got != "partially_refunded 10000 5000 0" {
		t.Errorf("payment: %s", got)
	}
	m.sound()
}

func TestAuthorizationThatRanOut(t *testing.T) {
	m := openMailroom(t)
	_, payment := m.order("pay_1", "pending", 0)
	m.send(paid("e1", "pay_1", "authorized"))
	back := snapshot("pay_1", "authorized")
	back.Word, back.Refunded = "refunded", 10000
	r := gateways.Result{Status: gateways.Succeeded, Ref: "rfnd_auto", PaymentRef: "pay_1", Amount: money.New(10000, "INR"), Word: "processed"}
	m.send(signed(gateways.Event{ID: "e2", Name: "refund.processed", Refund: &r, Payment: back}), paid("e3", "pay_1", "authorized"), paid("e4", "pay_1", "failed"))
	if got := m.text(`SELECT concat_ws(' ', p.status, provider_status, voided_at IS NOT NULL, captured_minor, refunded_minor, o.status, o.status_reason) FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.id = $1`, payment); got != "canceled refunded t 0 0 cancelled expired" {
		t.Errorf("payment and order: %s", got)
	}
	if got := m.text(`SELECT kind||' '||source||' '||state FROM operations`); got != "void provider succeeded" {
		t.Errorf("operations: %s", got)
	}
	m.sound()
}

func TestPaymentEventsNeverGoBack(t *testing.T) {
	tests := []struct{ name, words, payment, order string }{
		{"captured", "captured", "success captured 10000", "processing"},
		{"authorized", "authorized", "authorized authorized 0", "pending"},
		{"failed", "failed", "failed failed 0", "failed"},
		{"failed, then captured", "failed captured", "success captured 10000", "processing"},
		{"captured, then failed", "captured failed", "success captured 10000", "processing"},
		{"the other way round", "captured authorized", "success captured 10000", "processing"},
		{"late authorization", "failed authorized", "authorized authorized 0", "pending"},
		{"all of them", "authorized failed captured authorized failed", "success captured 10000", "processing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := openMailroom(t)
			_, payment := m.order("pay_1", "pending", 0)
			for i, word := range strings.Fields(tt.words) {
				m.send(paid("e"+string(rune('a'+i)), "pay_1", word))
			}
			if got := m.text(`SELECT concat_ws(' ', status, provider_status, captured_minor) FROM payments WHERE id = $1`, payment); got != tt.payment {
				t.Errorf("payment: %s, want %s", got, tt.payment)
			}
			if got := m.text(`SELECT status FROM orders`); got != tt.order {
				t.Errorf("order: %s, want %s", got, tt.order)
			}
			m.sound()
		})
	}
}

func TestPaymentEventsRevive(t *testing.T) {
	for _, status := range []string{"pending", "failed", "missing", "processed", "shipped", "complete", "cancelled"} {
		m := openMailroom(t)
		m.order("pay_1", "pending", 0)
		m.exec(`UPDATE orders SET status = $1, status_reason = CASE $1 WHEN 'missing' THEN 'debited' ELSE '' END`, status)
		m.send(paid("e1", "pay_1", "captured"))
		want := status
		if status == "pending" || status == "failed" || status == "missing" {
			want = "processing"
		}
		if got := m.text(`SELECT status FROM orders`); got != want {
			t.Errorf("a %s order whose money came is %s, want %s", status, got, want)
		}
	}
}

func TestPaymentEventThatDoesNotFit(t *testing.T) {
	m := openMailroom(t)
	_, payment := m.order("pay_1", "pending", 0)
	another := func(change func(*gateways.Payment)) parcel {
		p := snapshot("pay_1", "captured")
		change(p)
		return signed(gateways.Event{Name: "payment.captured", Payment: p})
	}
	for name, p := range map[string]parcel{
		"another amount":   another(func(p *gateways.Payment) { p.Amount.Minor, p.Captured = 10001, 10001 }),
		"another currency": another(func(p *gateways.Payment) { p.Amount.Currency = "KWD" }),
		"another order":    another(func(p *gateways.Payment) { p.OrderRef = "order_of_somebody" }),
	} {
		m.send(p)
		if got := m.counters(payment); got != "pending 0 0 0" {
			t.Errorf("%s: the payment is %s", name, got)
		}
	}
	if got := m.text(`SELECT DISTINCT state FROM webhooks`); got != "failed" {
		t.Errorf("the webhooks are %s, want to be left for a person", got)
	}
}

func TestTestSecretMovesNoLiveMoney(t *testing.T) {
	m := openMailroom(t)
	_, payment := m.order("pay_1", "pending", 0)
	m.exec(`UPDATE payments SET mode = 'live'`)
	m.send(paid("e1", "pay_1", "captured"))
	if got := m.counters(payment); got != "pending 0 0 0" {
		t.Errorf("the live payment is %s", got)
	}
}

func TestUnknownPaymentIsParkedAndAppliedLater(t *testing.T) {
	m := openMailroom(t)
	m.send(paid("e1", "pay_1", "captured"), refunded("e2", gateways.Result{Status: gateways.Succeeded, Ref: "rfnd_9", PaymentRef: "pay_1", Amount: money.New(100, "INR")}))
	if got := m.text(`SELECT DISTINCT state FROM webhooks`); got != "parked" {
		t.Fatalf("webhooks of an unknown payment are %s", got)
	}
	m.send(placed("e3", "FY1", "pay_1", "2024-01-31T10:00:00Z"))
	if got := m.text(`SELECT concat_ws(' ', o.status, p.status, captured_minor, refunded_minor) FROM orders o JOIN payments p ON p.order_id = o.id`); got != "partially_refunded partially_refunded 10000 100" {
		t.Errorf("order and payment: %s", got)
	}
	m.sound()
}

func TestSecondAttemptToPayIsAPaymentOfItsOwn(t *testing.T) {
	m := openMailroom(t)
	m.order("pay_1", "pending", 0)
	second := snapshot("pay_2", "captured")
	second.OrderRef = "order_pay_1"
	m.send(paid("e1", "pay_1", "failed"), signed(gateways.Event{ID: "e2", Name: "payment.captured", Payment: second}))
	if got := m.text(`SELECT ref||' '||status FROM payments ORDER BY ref`); got != "pay_1 failed\npay_2 success" {
		t.Errorf("payments: %s", got)
	}
	if got := m.text(`SELECT status FROM orders`); got != "processing" {
		t.Errorf("order: %s", got)
	}
	m.sound()
}

func TestUnknownEventIsKeptAndNotUsed(t *testing.T) {
	m := openMailroom(t)
	m.send(signed(gateways.Event{ID: "e1", Name: "settlement.processed"}))
	if got := m.text(`SELECT state||': '||effect FROM webhooks`); got != "processed: This event is not used here." {
		t.Errorf("webhook: %s", got)
	}
}

func TestCaptureUnderWayIsSettledByItsEvent(t *testing.T) {
	m := openMailroom(t)
	order, payment := m.order("pay_1", "authorized", 0)
	m.exec(`UPDATE payments SET authorized_minor = 10000, capture_reserved_minor = 10000 WHERE id = $1`, payment)
	m.exec(`INSERT INTO operations (store_id, order_id, payment_id, kind, source, amount_minor, currency, requester, digest, idempotency_key, state, first_sent_at, next_at)
		VALUES (40, $1, $2, 'capture', 'staff', 10000, 'INR', 'Asha', '\x00', 'kfycapture1', 'unknown', now(), now() + interval '1 hour')`, order, payment)
	m.send(paid("e1", "pay_1", "captured"))
	if got := m.text(`SELECT concat_ws(' ', p.status, captured_minor, capture_reserved_minor, o.state, o.ref) FROM payments p JOIN operations o ON o.payment_id = p.id`); got != "success 10000 0 succeeded pay_1" {
		t.Errorf("payment and capture: %s", got)
	}
	m.sound()
}
