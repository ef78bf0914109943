package sandbox

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// razorpayEvent is the envelope of a webhook (Razorpay docs, webhooks).
type razorpayEvent struct {
	Entity    string          `json:"entity"`
	AccountID string          `json:"account_id"`
	Event     string          `json:"event"`
	Contains  []string        `json:"contains"`
	Payload   razorpayPayload `json:"payload"`
	CreatedAt int64           `json:"created_at"`
}

type razorpayPayload struct {
	Refund  *wrapped[refundEntity]  `json:"refund,omitempty"`
	Payment *wrapped[paymentEntity] `json:"payment,omitempty"`
	Order   *wrapped[orderEntity]   `json:"order,omitempty"`
}

type wrapped[E any] struct {
	Entity E `json:"entity"`
}

// razorpayContains is what each event is about.
var razorpayContains = map[string][]string{
	"payment.authorized":   {"payment"},
	"payment.captured":     {"payment"},
	"payment.failed":       {"payment"},
	"order.paid":           {"payment", "order"},
	"refund.created":       {"refund", "payment"},
	"refund.processed":     {"refund", "payment"},
	"refund.failed":        {"refund", "payment"},
	"refund.speed_changed": {"refund", "payment"},
}

// notify sends an event with a snapshot of what is true now. The caller holds the lock.
func (g *razorpay) notify(name string, p *razorpayPayment, r *razorpayRefund) {
	g.s.emit(g.event(name, p.Entity, p, r))
}

// event is an event about a payment, which may be shown other than it is. The caller holds the lock.
func (g *razorpay) event(name string, shown paymentEntity, p *razorpayPayment, r *razorpayRefund) *event {
	m := g.s.merchantOf(g.code(), p.Merchant)
	contains := razorpayContains[name]
	body := razorpayEvent{
		Entity: "event", AccountID: m.AccountID, Event: name, Contains: contains, CreatedAt: g.s.clock().Unix(),
		Payload: razorpayPayload{Payment: &wrapped[paymentEntity]{shown}},
	}
	if slices.Contains(contains, "order") {
		body.Payload.Order = &wrapped[orderEntity]{g.orders.get(*p.Entity.OrderID).Entity}
	}
	if r != nil {
		body.Payload.Refund = &wrapped[refundEntity]{r.Entity}
	}
	e := &event{
		ID: newID(""), Gateway: g.code(), Merchant: m.id(), Payment: p.Entity.ID, Name: name,
		// Razorpay writes "/" as "\/": a receiver that signs its own rendering of the JSON fails.
		Body: string(bytes.ReplaceAll(compact(body), []byte("/"), []byte(`\/`))),
	}
	e.Header = g.seal(e, []byte(e.Body), false)
	return e
}

// seal is the headers of a webhook: hex HMAC-SHA256 of the bytes with the webhook secret, and the
// event id, which is not signed (Razorpay docs, webhooks/validate-test).
func (g *razorpay) seal(e *event, body []byte, wrong bool) map[string]string {
	secret := g.s.merchants.get(e.Merchant).WebhookSecret
	if wrong {
		secret += " but another one"
	}
	return map[string]string{
		"Content-Type":         "application/json",
		"User-Agent":           "Razorpay-Webhook/v1",
		"X-Razorpay-Signature": hexHMAC(secret, body),
		"X-Razorpay-Event-Id":  e.ID,
		"Request-Id":           e.ID,
	}
}

// hexHMAC is the lower-case hex HMAC-SHA256 of message.
func hexHMAC(key string, message []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(message)
	return hex.EncodeToString(mac.Sum(nil))
}

// source makes events of a payment on request.
func (g *razorpay) source(name, payment, refund string) source {
	return source{
		payment: payment, name: name, seal: g.seal,
		fresh:   func() (*event, error) { return g.compose(name, payment, refund) },
		history: func() []*event { return g.history(payment) },
		other: func() (*event, error) {
			if name == "payment.failed" {
				return g.compose("payment.authorized", payment, refund)
			}
			return g.compose("payment.failed", payment, refund)
		},
	}
}

// history is every event of a payment so far; for one that came to be silently, those it would
// have had.
func (g *razorpay) history(payment string) []*event {
	sent := g.s.eventsOf(payment)
	p := g.payments.get(payment)
	if len(sent) > 0 || p == nil {
		return sent
	}
	names := map[string][]string{
		"authorized": {"payment.authorized"},
		"captured":   {"payment.authorized", "payment.captured", "order.paid"},
		"failed":     {"payment.failed"},
		"refunded":   {"payment.authorized", "payment.captured", "order.paid"},
	}[p.Entity.Status]
	var list []*event
	add := func(name, refund string) {
		if e, err := g.compose(name, payment, refund); err == nil {
			g.s.keep(e)
			list = append(list, e)
		}
	}
	for _, name := range names {
		add(name, "")
	}
	for _, id := range g.refundsOf[payment] {
		add("refund.created", id)
		if state := g.refunds.get(id).Entity.Status; state != "pending" {
			add("refund."+state, id)
		}
	}
	return list
}

// compose makes an event of that name. The payment is shown in the state the event is about, even
// if it is in another by now. The caller holds the lock.
func (g *razorpay) compose(name, payment, refund string) (*event, error) {
	p := g.payments.get(payment)
	if p == nil {
		return nil, fmt.Errorf("razorpay has no payment %q", payment)
	}
	if razorpayContains[name] == nil {
		return nil, fmt.Errorf("razorpay has no event %q about a payment", name)
	}
	kind, state, _ := strings.Cut(name, ".")
	if kind == "refund" {
		r := g.lastRefund(payment, refund)
		if r == nil {
			return nil, fmt.Errorf("payment %q has no such refund", payment)
		}
		shown := *r
		switch state {
		case "processed", "failed":
			shown.Entity.Status = state
		case "created":
			shown.Entity.Status = "pending"
		}
		return g.event(name, p.Entity, p, &shown), nil
	}
	shown := p.Entity
	shown.AmountRefunded, shown.RefundStatus = 0, nil
	switch name {
	case "payment.authorized":
		shown.Status, shown.Captured, shown.Fee, shown.Tax = "authorized", false, nil, nil
	case "payment.failed":
		shown.setFailed("payment_failed")
		shown.Captured, shown.Fee, shown.Tax = false, nil, nil
	default:
		fee, tax := razorpayFee(shown.Amount)
		shown.Status, shown.Captured, shown.Fee, shown.Tax = "captured", true, &fee, &tax
	}
	return g.event(name, shown, p, nil), nil
}

// lastRefund is the named refund of a payment, or its youngest. The caller holds the lock.
func (g *razorpay) lastRefund(payment, refund string) *razorpayRefund {
	ids := g.refundsOf[payment]
	if refund != "" {
		if slices.Contains(ids, refund) {
			return g.refunds.get(refund)
		}
		return nil
	}
	if len(ids) == 0 {
		return nil
	}
	return g.refunds.get(ids[len(ids)-1])
}
