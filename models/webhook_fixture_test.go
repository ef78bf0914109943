package models_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
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

const (
	paySecret  = "pay-webhook-secret"
	fyndSecret = "fynd-secret-key"
)

// mailroom is a kartify into which webhooks come: store 40 with a gateway and Fynd, store 41 with others' secrets.
type mailroom struct {
	*testing.T
	db    *models.DB
	bogus *gatewaytest.Bogus
	ctx   context.Context
}

func openMailroom(t *testing.T, change ...func(*models.Options)) *mailroom {
	t.Helper()
	bogus := keyed()
	driver := bogus.Driver()
	driver.Code = "razorpay"
	options := append([]func(*models.Options){func(o *models.Options) {
		o.MaxConns = 20
		o.Drivers = []gateways.Driver{driver, gofynd.Driver}
		o.Timings = models.Timings{Lease: 400 * time.Millisecond, ResendAfter: 50 * time.Millisecond, LookupSteps: []time.Duration{10 * time.Millisecond}}
	}}, change...)
	m := &mailroom{T: t, db: modelstest.DB(t, options...), bogus: bogus, ctx: modelstest.System(t.Context())}
	for _, store := range []int64{40, 41} {
		modelstest.Store(t, m.db, store, "INR")
	}
	m.settings(40, "razorpay", paySecret)
	m.settings(40, "gofynd", fyndSecret)
	m.settings(41, "razorpay", "other-"+paySecret)
	m.settings(41, "gofynd", "other-"+fyndSecret)
	return m
}

func (m *mailroom) settings(store int64, gateway, secret string) {
	m.Helper()
	values := map[string]string{"key": "k", "secret": "s", "webhook_secret": secret}
	if gateway == "gofynd" {
		values = map[string]string{"company_id": "1", "application_id": "64d24a8a911bf1c20ac3685c", "affiliate_id": "a", "affiliate_token": "t", "secret_key": secret}
	}
	_, err := m.db.SaveSettings(m.ctx, models.SettingsForm{StoreID: store, Gateway: gateway, Mode: "test", Values: values, Enabled: true, By: models.SystemActor})
	if err != nil {
		m.Fatal(err)
	}
}

func (m *mailroom) exec(sql string, args ...any) {
	m.Helper()
	if _, err := m.db.Pool().Exec(m.ctx, sql, args...); err != nil {
		m.Fatal(err)
	}
}

func (m *mailroom) scan(into any, sql string, args ...any) {
	m.Helper()
	if err := m.db.Pool().QueryRow(m.ctx, sql, args...).Scan(into); err != nil {
		m.Fatal(err)
	}
}

// text is one value as text, "" when there is no row.
func (m *mailroom) text(sql string, args ...any) string {
	m.Helper()
	var lines []string
	rows, err := m.db.Pool().Query(m.ctx, sql, args...)
	if err != nil {
		m.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			m.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		m.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// order puts in an order of 100.00 INR of store 40 with a payment of this status.
func (m *mailroom) order(ref, status string, captured int64) (order, payment int64) {
	m.Helper()
	orderStatus := "processing"
	if captured == 0 {
		orderStatus = "pending"
	}
	m.scan(&order, `INSERT INTO orders (store_id, partner_order_id, gid, status, gateway, currency, items_minor, total_minor, customer_name)
		VALUES (40, 'FY'||$1, 'TR'||$1, $2, 'razorpay', 'INR', 10000, 10000, 'Meera') RETURNING id`, ref, orderStatus)
	m.scan(&payment, `INSERT INTO payments (order_id, store_id, gateway, mode, ref, order_ref, status, currency, amount_minor, authorized_minor, captured_minor)
		VALUES ($1, 40, 'razorpay', 'test', $2, 'order_'||$2, $3, 'INR', 10000, $4, $4) RETURNING id`, order, ref, status, captured)
	return order, payment
}

// parcel is a webhook as it travels.
type parcel struct {
	source string
	header http.Header
	body   []byte
}

func (m *mailroom) deliver(p parcel) models.Receipt {
	m.Helper()
	d := models.Delivery{Source: p.source, Header: p.header, Body: p.body, Address: "192.0.2.7"}
	if p.source == "razorpay" {
		d.StoreID = 40
	}
	receipt, err := m.db.ReceiveWebhook(m.ctx, d)
	if err != nil {
		m.Fatalf("receive: %v", err)
	}
	return receipt
}

// send delivers webhooks and acts on them, one after the other.
func (m *mailroom) send(parcels ...parcel) {
	m.Helper()
	for _, p := range parcels {
		if receipt := m.deliver(p); receipt.Verdict != models.Verified {
			m.Fatalf("a webhook was %s: %s", receipt.Verdict, p.body)
		}
		m.work()
	}
}

// work acts on everything that is due.
func (m *mailroom) work() {
	m.Helper()
	for range 50 {
		n, err := m.db.ProcessDueWebhooks(m.ctx)
		if err != nil {
			m.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
	m.Fatal("webhooks are due for ever: " + m.text(`SELECT state||' '||event||' '||effect FROM webhooks WHERE next_at IS NOT NULL`))
}

// signed is an event of the gateway.
func signed(event gateways.Event) parcel {
	header, body := gatewaytest.Webhook(event, paySecret)
	return parcel{"razorpay", header, body}
}

// paid is an event about a payment of 100.00 INR: "failed", "authorized" or "captured".
func paid(id, ref, word string) parcel {
	return signed(gateways.Event{ID: id, Name: "payment." + word, Payment: snapshot(ref, word)})
}

func snapshot(ref, word string) *gateways.Payment {
	p := &gateways.Payment{Ref: ref, OrderRef: "order_" + ref, Word: word, Amount: money.New(10000, "INR"), Method: "card", RRN: "123456789012"}
	p.Failed = word == "failed"
	p.Authorized = word == "authorized" || word == "captured"
	if word == "captured" {
		p.Captured = 10000
	}
	return p
}

// refunded is an event about a refund.
func refunded(id string, r gateways.Result) parcel {
	return signed(gateways.Event{ID: id, Name: "refund." + string(r.Status), Refund: &r, Payment: snapshot(r.PaymentRef, "captured")})
}

// told is an event of Fynd in the flat shape.
func told(id, event, order string, members map[string]any) parcel {
	body := map[string]any{"event": event, "gofynd_order_id": order, "store_id": 40, "currency": "INR", "occurred_at": "2024-01-31T10:00:00Z"}
	for name, value := range members {
		body[name] = value
	}
	return fyndParcel(id, body, fyndSecret)
}

func fyndParcel(id string, body map[string]any, secret string) parcel {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // plain values
	}
	header := http.Header{"Content-Type": {"application/json"}, "X-Fp-Event-Id": {id}, "X-Fp-Signature": {gateways.SumHMAC(text, secret)}}
	return parcel{"gofynd", header, text}
}

// placed is the order FY… of 100.00 INR, paid by the payment of this ref.
func placed(id, order, ref, at string) parcel {
	return told(id, "ORDER_PLACED", order, map[string]any{"occurred_at": at, "affiliate_order_id": "A-" + order, "gid": "TR" + order, "order": map[string]any{
		"currency": "INR", "total": "100.00", "shipping": "10.00", "placed_at": "2024-01-31T09:00:00Z",
		"customer": map[string]any{"name": "Meera " + at, "email": "meera@example.com", "phone": "+919000090000"},
		"items":    []any{map[string]any{"sku": "K1", "name": "Kurta", "quantity": 3, "unit_price": "30.00"}},
		"payment":  map[string]any{"gateway": "razorpay", "payment_id": ref, "order_id": "order_" + ref, "method": "card", "status": "complete", "amount": "100.00"},
	}})
}

// state is everything that must not depend on the order in which webhooks came.
func (m *mailroom) state() string {
	m.Helper()
	var parts []string
	for _, sql := range []string{
		`SELECT concat_ws(' ', 'order', partner_order_id, affiliate_order_id, gid, status, status_reason, customer_name, payment_method, total_minor, items_minor, last_event) FROM orders`,
		`SELECT concat_ws(' ', 'item', position, name, quantity, unit_minor, total_minor) FROM order_items`,
		`SELECT concat_ws(' ', 'event', event, request_id, amount_minor, unit_doubt, waiting, occurred_at) FROM order_events`,
		`SELECT concat_ws(' ', 'payment', ref, order_ref, status, provider_status, method, rrn, authorized_minor, captured_minor, capture_reserved_minor, refunded_minor, refund_reserved_minor, voided_at IS NOT NULL) FROM payments`,
		`SELECT concat_ws(' ', 'operation', kind, source, state, amount_minor, ref, idempotency_key) FROM operations`,
		`SELECT concat_ws(' ', 'answers', o.ref, e.request_id) FROM operations o JOIN order_events e ON e.id = o.event_id`,
		`SELECT concat_ws(' ', 'tell', request_id, status, amount_minor) FROM partner_updates WHERE status = 'refund_done'`,
		`SELECT concat_ws(' ', 'webhook', source, event, state) FROM webhooks`,
	} {
		lines := strings.Split(m.text(sql), "\n")
		slices.Sort(lines)
		parts = append(parts, lines...)
	}
	return strings.Join(parts, "\n")
}

// sound fails the test when an invariant of the books is broken.
func (m *mailroom) sound() {
	m.Helper()
	findings, err := m.db.Fsck(m.ctx)
	if err != nil {
		m.Fatal(err)
	}
	for _, f := range findings {
		m.Errorf("broken: %s: %v", f.Invariant, f.Records)
	}
}
