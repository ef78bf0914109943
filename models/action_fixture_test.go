package models_test

import (
	"errors"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
	"github.com/kartify/kartify/money"
)

// openHold is a till of a Swedish store without Fynd: an order of three lamps at 25.00 and 25 % tax and a
// shipping of 20.00 + 5.00, 118.75 SEK, held and not drawn.
func openHold(t *testing.T, bogus *gatewaytest.Bogus, change ...func(*gateways.Driver)) *till {
	t.Helper()
	driver := bogus.Driver()
	for _, c := range change {
		c(&driver)
	}
	db := modelstest.DB(t, func(o *models.Options) {
		o.MaxConns = 12
		o.Drivers = []gateways.Driver{driver}
		o.Timings = models.Timings{Lease: 400 * time.Millisecond, ResendAfter: 30 * time.Millisecond, LookupSteps: []time.Duration{10 * time.Millisecond}}
	})
	tt := &till{T: t, db: db, bogus: bogus, ctx: modelstest.System(t.Context())}
	var user int64
	tt.scan(&user, `INSERT INTO users (email, name, role) VALUES ('farah@nordisk.example', 'Farah', 'finance') RETURNING id`)
	tt.exec(`INSERT INTO stores (id, code, name, currency, time_zone, fynd) VALUES (41, 'nordisk', 'Nordisk', 'SEK', 'Europe/Stockholm', false)`)
	tt.exec(`INSERT INTO gateway_settings (store_id, gateway, mode, version, values) VALUES (41, 'bogus', 'test', 1, '{"key":"k","secret":"s"}')`)
	tt.asha = models.Actor{Kind: "user", UserID: &user, Name: "Farah"}
	tt.hold("pay_1")
	return tt
}

// hold adds an order with a held payment, and makes it the till's.
func (t *till) hold(ref string) {
	t.Helper()
	t.scan(&t.order, `INSERT INTO orders (store_id, status, gateway, currency, items_minor, tax_minor, shipping_minor, shipping_tax_minor, total_minor, customer_name)
		VALUES (41, 'pending', 'bogus', 'SEK', 7500, 1875, 2000, 500, 11875, 'Ingrid') RETURNING id`)
	t.exec(`INSERT INTO order_items (order_id, store_id, position, sku, name, quantity, unit_minor, tax_minor, total_minor) VALUES ($1, 41, 1, 'LMP-1', 'Lamp', 3, 2500, 1875, 9375)`, t.order)
	t.scan(&t.payment, `INSERT INTO payments (order_id, store_id, gateway, mode, ref, status, currency, amount_minor, authorized_minor, method)
		VALUES ($1, 41, 'bogus', 'test', $2, 'authorized', 'SEK', 11875, 11875, 'invoice') RETURNING id`, t.order, ref)
	t.bogus.AddPayment(gateways.Payment{Ref: ref, Word: "AUTHORIZED", Amount: sek(11875), Authorized: true, Method: "invoice"})
}

func sek(minor int64) money.Amount { return money.New(minor, "SEK") }

// wish is the wish of a freshly shown form.
func (t *till) wish(action models.Action) models.Wish {
	return models.Wish{
		OrderID: t.order, PaymentID: t.payment, Reason: "other", By: t.asha,
		Token: t.db.FormToken(*t.asha.UserID, string(action), t.payment),
	}
}

func (t *till) capture(minor int64) (*models.Operation, error) {
	req := models.CaptureRequest{Wish: t.wish(models.CaptureAction)}
	if minor > 0 {
		req.Amount = sek(minor)
	}
	return t.db.CapturePayment(t.ctx, req)
}

func (t *till) cancel() (models.Cancellation, error) {
	return t.db.CancelOrCredit(t.ctx, models.CancelRequest{Wish: t.wish(models.CancelAction)})
}

func (t *till) update(minor int64) (*models.Operation, error) {
	return t.db.UpdateAmount(t.ctx, models.UpdateRequest{Wish: t.wish(models.UpdateAction), Amount: sek(minor)})
}

func (t *till) credit(minor int64) (*models.Operation, error) {
	req := models.RefundRequest{OrderID: t.order, PaymentID: t.payment, Reason: "returned", By: t.asha, Token: t.db.FormToken(*t.asha.UserID, "refund", t.payment)}
	if minor > 0 {
		req.Amount = sek(minor)
	}
	return t.db.RefundPayment(t.ctx, req)
}

// done fails the test when an action was not begun, and else runs it to its end.
func (t *till) done(op *models.Operation, err error) *models.Operation {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.run(op, models.Succeeded)
	return op
}

// payments counters, as one line.
func (t *till) counters() string {
	t.Helper()
	var text string
	t.scan(&text, `SELECT concat_ws(' ', status, authorized_minor, captured_minor, refunded_minor, capture_reserved_minor + refund_reserved_minor, voided_at IS NOT NULL) FROM payments WHERE id = $1`, t.payment)
	return text
}

// sound fails the test when an invariant is broken.
func (t *till) sound() {
	t.Helper()
	findings, err := t.db.Fsck(t.ctx)
	if err != nil || len(findings) > 0 {
		t.Errorf("fsck: %v, %v", findings, err)
	}
}

// problemOf is the sentence of a Problem.
func problemOf(err error) string {
	var problem *models.Problem
	if errors.As(err, &problem) {
		return problem.Sentence
	}
	if err != nil {
		return "not a Problem: " + err.Error()
	}
	return ""
}
