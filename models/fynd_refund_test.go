package models_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
)

const fyndOperations = `SELECT concat_ws(' ', kind, source, requester, state, amount_minor, event_id IS NOT NULL) FROM operations ORDER BY id`

func TestFyndAsksForARefund(t *testing.T) {
	s := openSeller(t)
	_, _, session := s.session("success", 10000)
	s.bogus.Next(gatewaytest.Pend)
	refund, err := s.ask(session, requestID, 4000)
	if err != nil || refund.OperationID == nil || !refund.Begun {
		t.Fatalf("refund %+v, %v", refund, err)
	}
	if got := s.refundsOf(session); got != requestID+" refund_initiated 4000" {
		t.Errorf("it is %s", got)
	}
	if got := s.text(fyndOperations); got != "refund api Fynd Platform queued 4000 t" {
		t.Errorf("operation: %s", got)
	}
	if got := s.text(`SELECT concat_ws(' ', event, request_id, amount_minor, waiting) FROM order_events`); got != "REFUND_INITIATED "+requestID+" 4000 t" {
		t.Errorf("event: %s", got)
	}
	s.dispatch()
	if got := s.refundsOf(session); got != requestID+" refund_pending 4000" {
		t.Errorf("it is %s", got)
	}
	var op models.Operation
	s.scan(&op.ID, `SELECT id FROM operations`)
	s.scan(&op.IdempotencyKey, `SELECT idempotency_key FROM operations`)
	op.AmountMinor, op.Currency = 4000, "INR"
	s.send(refunded("e2", answerTo(&op, gateways.Succeeded)))
	s.listen(2)
	if got := s.refundsOf(session); got != requestID+" refund_done 4000" {
		t.Errorf("it is %s", got)
	}
	if got := strings.Join(s.fynd.heard, ", "); got != requestID+" refund_pending 200, "+requestID+" refund_done 200" {
		t.Errorf("Fynd heard %s", got)
	}
	for _, part := range []string{`"request_id":"` + requestID + `"`, `"pf_order_id":"FYpay_1"`, `"success_url":"https://shop.example/ok?cart_id=1"`, `"g_user_id":"91427398572894234123"`, `"receipt_number":"kfy`} {
		if !strings.Contains(s.fynd.bodies[1], part) {
			t.Errorf("it was told %s, without %s", s.fynd.bodies[1], part)
		}
	}
	if got := s.text(`SELECT waiting::text FROM order_events`); got != "false" {
		t.Error("the request still waits")
	}
	again, err := s.ask(session, requestID, 4000)
	if err != nil || again.ID != refund.ID || again.Begun {
		t.Errorf("asked again: %+v, %v", again, err)
	}
	s.sound()
}

func TestWhatFyndMayNotAskFor(t *testing.T) {
	tests := []struct {
		name     string
		status   string
		captured int64
		minor    int64
		want     string
	}{
		{"of a payment that waits", "pending", 0, 4000, "transaction pending"},
		{"of a payment that failed", "failed", 0, 4000, "transaction pending"},
		{"more than was paid", "success", 10000, 10001, "Only 100.00 INR is left to refund."},
		{"a part of what was paid is too much", "success", 3000, 4000, "Only 30.00 INR is left to refund."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := openSeller(t)
			_, _, session := s.session(tt.status, tt.captured)
			_, err := s.ask(session, requestID, tt.minor)
			var problem *models.Problem
			if !errors.As(err, &problem) || problem.Conflict || !strings.Contains(problem.Sentence, tt.want) {
				t.Errorf("%v, want %s", err, tt.want)
			}
			if got := s.text(`SELECT (SELECT count(*) FROM operations) + (SELECT count(*) FROM fynd_refunds) + (SELECT count(*) FROM order_events) || ''`); got != "0" {
				t.Errorf("%s records were made", got)
			}
		})
	}
}

func TestTheSameRefundRequest(t *testing.T) {
	s := openSeller(t)
	_, _, session := s.session("success", 10000)
	ids := map[int64]int{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			refund, err := s.ask(session, requestID, 4000)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			ids[refund.ID]++
			mu.Unlock()
		})
	}
	wait.Wait()
	s.dispatch()
	if got := s.text(fyndOperations); got != "refund api Fynd Platform succeeded 4000 t" || len(ids) != 1 || len(s.bogus.Effects()) != 1 {
		t.Errorf("50 requests made %s, %d records and %d refunds", got, len(ids), len(s.bogus.Effects()))
	}
	for _, minor := range []int64{3999, 4001} {
		var problem *models.Problem
		if _, err := s.ask(session, requestID, minor); !errors.As(err, &problem) || !problem.Conflict {
			t.Errorf("another amount: %v", err)
		}
	}
	if _, err := s.ask(session, "another", 6000); err != nil {
		t.Errorf("another request: %v", err)
	}
	if _, err := s.ask(session, "one too many", 1); err == nil {
		t.Error("more went back than was paid")
	}
	if got := s.text(`SELECT concat_ws(' ', refunded_minor, refund_reserved_minor) FROM payments`); got != "4000 6000" {
		t.Errorf("payment: %s", got)
	}
	s.sound()
}

// Fynd asks by its webhook and by the extension's API, in either order, and somebody may have pressed Refund Money in
// between: the money goes back once.
func TestBothDoorsOfARefund(t *testing.T) {
	const webhook, api, staff, dispatch = "webhook", "api", "staff", "dispatch"
	tests := [][]string{
		{webhook, api, dispatch},
		{api, webhook, dispatch},
		{api, dispatch, webhook},
		{webhook, staff, api, dispatch},
		{webhook, staff, dispatch, api},
		{webhook, api, staff, dispatch},
		{api, staff, webhook, dispatch},
	}
	for _, steps := range tests {
		t.Run(strings.Join(steps, " "), func(t *testing.T) {
			t.Parallel()
			s := openSeller(t)
			order, payment, session := s.session("success", 10000)
			for _, step := range steps {
				switch step {
				case webhook:
					s.send(told("e1", "REFUND_INITIATED", "FYpay_1", map[string]any{"amount": "100.00", "request_id": requestID}))
				case api:
					if _, err := s.ask(session, requestID, 10000); err != nil {
						t.Fatal(err)
					}
				case staff:
					_, _ = s.db.RefundPayment(s.ctx, s.form(order, payment, 10000)) // refused when it is on its way already
				case dispatch:
					s.dispatch()
				}
			}
			s.listen(2)
			if got := s.text(`SELECT concat_ws(' ', count(*), sum(amount_minor), min(state), count(event_id)) FROM operations`); got != "1 10000 succeeded 1" || len(s.bogus.Effects()) != 1 {
				t.Errorf("operations: %s, and %d refunds at the gateway", got, len(s.bogus.Effects()))
			}
			if got := s.text(`SELECT concat_ws(' ', event, request_id, amount_minor, unit_doubt, waiting, webhook_id IS NOT NULL) FROM order_events`); got != "REFUND_INITIATED "+requestID+" 10000 f f t" {
				t.Errorf("events: %s", got)
			}
			if got := s.refundsOf(session); got != requestID+" refund_done 10000" {
				t.Errorf("Fynd sees %s", got)
			}
			if got := strings.Join(s.fynd.heard, ", "); got != requestID+" refund_done 200" {
				t.Errorf("Fynd heard %s", got)
			}
			if got := s.text(`SELECT status FROM orders`); got != "refunded" {
				t.Errorf("the order is %s", got)
			}
			s.sound()
		})
	}
}

func TestDoorsThatDisagree(t *testing.T) {
	s := openSeller(t)
	_, _, session := s.session("success", 10000)
	s.send(told("e1", "REFUND_INITIATED", "FYpay_1", map[string]any{"amount": "40.00", "request_id": requestID}))
	var problem *models.Problem
	if _, err := s.ask(session, requestID, 4100); !errors.As(err, &problem) || !problem.Conflict {
		t.Errorf("another amount than the webhook's: %v", err)
	}
	// A webhook that does not state its unit is read by the order's total; the API's is certain.
	s.send(fyndParcel("e2", map[string]any{
		"company_id": 1, "application_id": "a", "event": map[string]any{"id": "x", "category": "application", "name": "refund", "type": "refund_initiated", "created_timestamp": 1706695200000},
		"payload": map[string]any{"order_id": "FYpay_1", "merchant_order_id": "TRpay_1", "merchant_refund_id": "r2", "amount": 3000},
	}, fyndSecret))
	if _, err := s.ask(session, "r2", 3000); err != nil {
		t.Error(err)
	}
	if got := s.text(`SELECT concat_ws(' ', amount_minor, unit_doubt) FROM order_events WHERE request_id = 'r2'`); got != "3000 f" {
		t.Errorf("the request is for %s", got)
	}
	s.sound()
}

// What the gateway cannot be asked to do waits in the order for a person; money that comes back another way ends it.
func TestRefundThatAPersonMustMake(t *testing.T) {
	s := openSeller(t)
	order, payment, session := s.session("success", 10000)
	s.exec(`UPDATE gateway_settings SET current = false, retired_at = now() WHERE gateway = 'razorpay'`)
	refund, err := s.ask(session, requestID, 10000)
	if err != nil || refund.OperationID != nil || !strings.Contains(refund.Problem, "settings are stored") {
		t.Fatalf("refund %+v, %v", refund, err)
	}
	if got := s.refundsOf(session); got != requestID+" refund_pending 10000" {
		t.Errorf("Fynd sees %s", got)
	}
	if got := s.text(`SELECT waiting::text FROM order_events`); got != "true" {
		t.Error("nobody is told to do it")
	}
	if got := s.text(`SELECT count(*)::text FROM order_history WHERE comment LIKE 'Request ` + requestID + ` of Fynd waits for a person.%'`); got != "1" {
		t.Error("the history does not say so")
	}
	s.settings(40, "razorpay", "again")
	if _, err := s.db.RefundPayment(s.ctx, s.form(order, payment, 10000)); err != nil {
		t.Fatal(err)
	}
	s.dispatch()
	s.listen(2)
	if got := s.refundsOf(session); got != requestID+" refund_done 10000" {
		t.Errorf("Fynd sees %s", got)
	}
	if got := strings.Join(s.fynd.heard, ", "); got != requestID+" refund_done 200" {
		t.Errorf("Fynd heard %s", got)
	}
	s.sound()
}

// A payment made on trial goes back on trial, also when the store has gone live since.
func TestRefundKeepsTheModeOfItsPayment(t *testing.T) {
	s := openSeller(t)
	_, _, session := s.session("success", 10000)
	s.exec(`UPDATE stores SET mode = 'live' WHERE id = 40`)
	if _, err := s.db.SaveSettings(s.ctx, models.SettingsForm{
		StoreID: 40, Gateway: "razorpay", Mode: "live", Values: map[string]string{"key": "k", "secret": "s", "webhook_secret": paySecret}, Enabled: true, By: models.SystemActor,
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ask(session, requestID, 10000); err != nil {
		t.Fatal(err)
	}
	s.dispatch()
	s.listen(1)
	if got := s.text(`SELECT g.mode||' '||o.state FROM operations o JOIN gateway_settings g ON g.id = o.settings_id`); got != "test succeeded" {
		t.Errorf("the refund is %s", got)
	}
	if got := strings.Join(s.fynd.heard, ", "); got != requestID+" refund_done 200" || !strings.Contains(s.fynd.bodies[0], `"mode":"test"`) {
		t.Errorf("Fynd heard %s", got)
	}
}

func TestRefundThatFailsAndIsMadeAnew(t *testing.T) {
	s := openSeller(t)
	order, payment, session := s.session("success", 10000)
	s.bogus.Next(gatewaytest.Decline)
	if _, err := s.ask(session, requestID, 4000); err != nil {
		t.Fatal(err)
	}
	s.dispatch()
	if got := s.refundsOf(session); got != requestID+" refund_failed 4000" {
		t.Errorf("Fynd sees %s", got)
	}
	s.listen(1)
	if _, err := s.db.RefundPayment(s.ctx, s.form(order, payment, 4000)); err != nil { // it waits for somebody, who presses Refund Money
		t.Fatal(err)
	}
	s.dispatch()
	s.listen(2)
	if got := s.refundsOf(session); got != requestID+" refund_done 4000" {
		t.Errorf("Fynd sees %s", got)
	}
	if got := strings.Join(s.fynd.heard, ", "); got != requestID+" refund_failed 200, "+requestID+" refund_done 200" || len(s.fynd.regress) > 0 {
		t.Errorf("Fynd heard %s", got)
	}
	s.sound()
}

func TestRefundOfTheOrderPageIsTold(t *testing.T) {
	s := openSeller(t)
	order, payment, session := s.session("success", 10000)
	op, err := s.db.RefundPayment(s.ctx, s.form(order, payment, 4000))
	if err != nil {
		t.Fatal(err)
	}
	s.listen(1)
	s.dispatch()
	s.listen(2)
	id := fmt.Sprint(op.ID)
	if got := strings.Join(s.fynd.heard, ", "); got != id+" refund_initiated 200, "+id+" refund_done 200" {
		t.Errorf("Fynd heard %s", got)
	}
	if got := s.refundsOf(session); got != id+" refund_done 4000" {
		t.Errorf("Fynd sees %s", got)
	}
	// One that is made in the gateway's own portal is told, too.
	s.send(refunded("e9", gateways.Result{Status: gateways.Succeeded, Ref: "rfnd_9", PaymentRef: "pay_1", Amount: money.New(1000, "INR")}))
	s.listen(2)
	if got := s.fynd.heard[len(s.fynd.heard)-1]; got != fmt.Sprint(op.ID+1, " refund_done 200") {
		t.Errorf("Fynd heard %s at last", got)
	}
	s.sound()
}

// form is a Refund Money form that Asha has filled in.
func (s *seller) form(order, payment, minor int64) models.RefundRequest {
	s.Helper()
	var user int64
	s.scan(&user, `INSERT INTO users (email, name, role) VALUES (gen_random_uuid()::text, 'Asha', 'support') RETURNING id`)
	return models.RefundRequest{
		OrderID: order, PaymentID: payment, Amount: money.New(minor, "INR"), Reason: "returned", Token: s.db.FormToken(user, "refund", payment),
		By: models.Actor{Kind: "user", UserID: &user, Name: "Asha"},
	}
}
