package models_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
)

func TestOrderPage(t *testing.T) {
	till := openTill(t, keyed())
	till.exec(`INSERT INTO order_events (order_id, store_id, event, request_id, amount_minor, waiting) VALUES
		($1, 40, 'REFUND_INITIATED', '16916747740991418099', 3000, true), ($1, 40, 'REFUND_INITIATED', '16916747740991418100', 2000, true)`, till.order)
	var later int64
	till.scan(&later, `INSERT INTO payments (order_id, store_id, gateway, mode, ref, status, currency, amount_minor)
		VALUES ($1, 40, 'razorpay', 'test', 'pay_2', 'failed', 'INR', 10000) RETURNING id`, till.order)
	op := till.refund(3000)
	till.run(op, models.Succeeded)
	till.refund(2000) // queued

	page, err := till.db.OrderPage(till.ctx, till.order)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Items) != 1 || len(page.Payments) != 2 || len(page.Events) != 2 || len(page.Statuses) == 0 || page.Store.Name != "Ruosh" || page.Now.IsZero() {
		t.Errorf("the page has %d items, %d payments, %d events and %d statuses", len(page.Items), len(page.Payments), len(page.Events), len(page.Statuses))
	}
	if ops := page.Payment(till.payment).Operations; len(ops) != 2 || ops[0].ID != op.ID || len(ops[0].Tries) != 1 || ops[0].Tries[0].Kind != "send" {
		t.Errorf("the payment's operations are %+v", ops)
	}
	if ops := page.Payment(later).Operations; len(ops) != 0 || page.Payment(later).Block == "" {
		t.Errorf("the failed payment has %d operations and no reason why not: %q", len(ops), page.Payment(later).Block)
	}
	if got := page.History[0].ID; got < page.History[len(page.History)-1].ID {
		t.Error("the history begins with the oldest")
	}
	if len(page.Waiting()) != 1 || page.Waiting()[0].RequestID != "16916747740991418100" || len(page.Unanswered()) != 0 {
		t.Errorf("waiting %+v, unanswered %+v", page.Waiting(), page.Unanswered())
	}
	inr := func(minor int64) money.Amount { return money.New(minor, "INR") }
	if got, want := page.Sums(), (models.Sums{Paid: inr(10000), Refunded: inr(3000), Returning: inr(2000), Left: inr(5000)}); got != want {
		t.Errorf("the sums are %+v, want %+v", got, want)
	}
	if !page.Live() {
		t.Error("a page with a queued refund is not live")
	}
	seen := page.Fingerprint()
	if again, err := till.db.OrderPage(till.ctx, till.order); err != nil || again.Fingerprint() != seen {
		t.Errorf("unchanged, the fingerprint differs (%v)", err)
	}
	till.exec(`UPDATE operations SET next_at = now() WHERE state = 'queued'`)
	if _, err := till.db.SettleDue(till.ctx); err != nil {
		t.Fatal(err)
	}
	again, err := till.db.OrderPage(till.ctx, till.order)
	if err != nil || again.Fingerprint() == seen || !again.Live() {
		t.Errorf("settled, the page is the same, or does not wait until Fynd has heard (%v)", err)
	}
	till.exec(`UPDATE partner_updates SET state = 'done', tries = 1`)
	if again, err := till.db.OrderPage(till.ctx, till.order); err != nil || again.Live() {
		t.Errorf("told, the page is still live (%v)", err)
	}
}

func TestOrderPageStaysInItsStores(t *testing.T) {
	till := openTill(t, keyed())
	tests := []struct {
		scope models.Scope
		order int64
		found bool
	}{
		{models.Scope{All: true}, till.order, true},
		{models.Scope{Stores: []int64{40, 41}}, till.order, true},
		{models.Scope{Stores: []int64{41}}, till.order, false},
		{models.Scope{}, till.order, false},
		{models.Scope{All: true}, till.order + 1, false},
		{models.Scope{All: true}, 0, false},
		{models.Scope{All: true}, -till.order, false},
	}
	for _, tt := range tests {
		page, err := till.db.OrderPage(models.WithScope(t.Context(), tt.scope), tt.order)
		if tt.found && (err != nil || page.Order.ID != tt.order) || !tt.found && !errors.Is(err, models.ErrNotFound) {
			t.Errorf("order %d within %+v: %v", tt.order, tt.scope, err)
		}
	}
}

func TestSuggestRefund(t *testing.T) {
	asked := func(minor int64) models.OrderEvent {
		return models.OrderEvent{ID: minor, Event: models.EventRefundInitiated, Waiting: true, AmountMinor: &minor}
	}
	tests := []struct {
		name   string
		events []models.OrderEvent
		under  []int64 // requests a refund under way answers
		want   int64
		event  int64
	}{
		{"nobody asks: all that is left", nil, nil, 9000, 0},
		{"the oldest request comes first", []models.OrderEvent{asked(300), asked(200)}, nil, 300, 300},
		{"one that is being answered is passed over", []models.OrderEvent{asked(300), asked(200)}, []int64{300}, 200, 200},
		{"more than is left is all that is left", []models.OrderEvent{asked(9500)}, nil, 9000, 9500},
		{"a request without an amount", []models.OrderEvent{{ID: 7, Event: models.EventRefundInitiated, Waiting: true}}, nil, 9000, 7},
		{"a closed request asks for nothing", []models.OrderEvent{{ID: 7, Event: models.EventRefundInitiated, AmountMinor: new(int64)}}, nil, 9000, 0},
	}
	for _, tt := range tests {
		payment := models.Payment{Currency: "INR", CapturedMinor: 10000, RefundedMinor: 1000, Status: models.PaymentPartiallyRefunded}
		for _, event := range tt.under {
			payment.Operations = append(payment.Operations, models.Operation{EventID: &event, State: models.UnknownOutcome})
		}
		page := models.OrderPage{Order: &models.Order{Currency: "INR"}, Events: tt.events, Payments: []models.OrderPayment{{Payment: payment}}}
		amount, event := page.SuggestRefund(&page.Payments[0])
		var id int64
		if event != nil {
			id = event.ID
		}
		if amount.Minor != tt.want || id != tt.event {
			t.Errorf("%s: %v for request %d, want %s for %d", tt.name, amount, id, fmt.Sprint(tt.want), tt.event)
		}
	}
}
