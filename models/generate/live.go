package generate

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"time"

	"github.com/kartify/kartify/models"
)

type payment struct {
	id                   int64
	at, updated          time.Time
	ref, orderRef        string
	status               models.PaymentStatus
	word                 string
	authorized, captured int64
	refunded, reserved   int64
	voided, before       time.Time
	first6, last4, rrn   string
	refunding            time.Time
}

type event struct {
	id, webhook int64
	name        string
	request     string
	minor       int64
	waiting     bool
	at          time.Time
}

// operation is the one refund an order may have.
type operation struct {
	id, payment, event int64
	minor              int64
	state              string
	ref                string
	at                 time.Time
}

type webhook struct {
	id             int64
	source, event  string
	body           []byte
	ref, orderRef  string
	at             time.Time
	effect, nameID string
}

type history struct {
	at        time.Time
	actor     string
	name      string
	kind      string
	from, to  string
	comment   string
	operation int64
}

func (o *order) minutes(from, to int) time.Duration {
	return time.Duration(from+o.rng.IntN(to-from))*time.Minute + time.Duration(o.rng.IntN(60))*time.Second
}

// pay puts in what the customer tried to pay with.
func (o *order) pay(s *shop) {
	if o.gateway == "cod" || (o.status == models.StatusMissing && o.reason == "abandoned") {
		return
	}
	if o.rng.IntN(10) == 0 { // the first try was declined
		o.addPayment(s, models.PaymentFailed, "failed")
	}
	total := o.total()
	p := o.addPayment(s, models.PaymentSuccess, "captured")
	switch o.status {
	case models.StatusFailed:
		p.status, p.word = models.PaymentFailed, "failed"
	case models.StatusMissing:
		p.status, p.word = models.PaymentPending, "created"
	case models.StatusPending:
		p.status, p.word = models.PaymentPending, "created"
		if o.gateway == "klarna" || o.gateway == "svea" {
			p.status, p.word, p.authorized, p.before = models.PaymentAuthorized, "authorized", total, o.at.AddDate(0, 0, 28)
			if p.before.Before(s.until) { // nobody captured it, and the hold ran out
				p.status, p.word, p.voided, p.updated = models.PaymentCanceled, "expired", p.before, p.before
			}
		}
	case models.StatusCancelled:
		p.status, p.word = models.PaymentCanceled, "cancelled"
		if o.rng.IntN(3) == 0 {
			p.authorized, p.voided = total, o.at.Add(o.minutes(30, 3000))
			p.updated = p.voided
		}
	default:
		p.authorized, p.captured = total, total
	}
	if p.captured == 0 {
		return
	}
	p.rrn = fmt.Sprintf("%012d", 400_000_000_000+o.rng.Int64N(200_000_000_000))
	switch {
	case o.status == models.StatusRefunded:
		o.addRefund(s, p, total, "succeeded")
		p.status, p.word, p.refunded = models.PaymentRefunded, "refunded", total
	case o.status == models.StatusPartiallyRefunded:
		part := o.lines[0].total()
		if part == total {
			part = max(total/2, 1)
		}
		o.addRefund(s, p, part, "succeeded")
		p.status, p.refunded = models.PaymentPartiallyRefunded, part
	case o.gateway == "razorpay" && o.rng.IntN(2000) == 0: // nobody knows what became of this refund
		o.addRefund(s, p, total, "needs_review")
		p.status, p.reserved, p.refunding = models.PaymentRefunding, total, o.refund.at
	case o.rng.IntN(2000) == 0:
		p.status = models.PaymentStuck
	}
}

// addPayment adds a payment. An order has at most two, so its place gives its id.
func (o *order) addPayment(s *shop, status models.PaymentStatus, word string) *payment {
	id := s.next.payment + 2*(o.id-s.next.order) - 1 + int64(len(o.payments))
	p := payment{id: id, at: o.at.Add(time.Duration(len(o.payments)+1) * 40 * time.Second), status: status, word: word}
	p.updated = p.at
	unique := code(o.rng, id)
	switch o.gateway {
	case "razorpay":
		p.ref, p.orderRef = "pay_"+unique, "order_"+unique
	default:
		p.ref = o.gateway + "-" + unique
	}
	if o.method[:4] == "Card" {
		p.first6, p.last4 = strconv.Itoa(411100+o.rng.IntN(60)), fmt.Sprintf("%04d", o.rng.IntN(10000))
	}
	o.payments = append(o.payments, p)
	return &o.payments[len(o.payments)-1]
}

func (o *order) addRefund(s *shop, p *payment, minor int64, state string) {
	at := o.at.Add(o.minutes(60, 20000))
	if at.After(s.until) {
		at = o.at.Add(30 * time.Minute)
	}
	id := s.next.operation + o.id - s.next.order
	o.refund = &operation{id: id, payment: p.id, minor: minor, state: state, at: at}
	if state == "succeeded" {
		o.refund.ref = "rfnd_" + code(o.rng, id)
		p.updated = at.Add(3 * time.Second)
	}
}

// live tells what happened to the order after it was placed: events, webhooks, history.
func (o *order) live(s *shop) {
	o.mod = o.at
	o.note(o.at, "webhook", "Shop", "created", "", models.StatusPending, "Order placed.")
	if n := len(o.payments); n > 0 && o.payments[n-1].captured > 0 {
		p := &o.payments[n-1]
		if o.gateway == "razorpay" {
			o.addWebhook(s, webhook{
				source: "razorpay", event: "payment.captured", nameID: "evt_" + p.ref[4:], ref: p.ref, orderRef: p.orderRef, at: p.at.Add(2 * time.Second),
				effect: "The payment is captured.", body: o.razorpayBody(p),
			})
		}
		o.note(p.at, "webhook", o.gateway, "payment", "", "", "Paid: "+p.ref)
	}
	if o.partner != "" {
		o.fynd(s)
	}
	was, at := models.StatusPending, o.at
	for _, status := range o.path() {
		if at = at.Add(o.minutes(20, 2000)); at.After(s.until) {
			at = s.until
		}
		o.note(at, "webhook", "Shop", "status", was, status, "")
		was = status
	}
	if r := o.refund; r != nil {
		o.note(r.at, "user", "Asha Rao", "operation", "", "", fmt.Sprintf("Refund of %s asked for.", o.amount(r.minor)))
		o.history[len(o.history)-1].operation = r.id
		if r.state == "succeeded" {
			o.note(r.at.Add(3*time.Second), "job", "kartify", "status", was, o.status, "")
		}
	}
}

// path is the statuses the order went through after pending.
func (o *order) path() []string {
	switch o.status {
	case models.StatusProcessing:
		return []string{models.StatusProcessing}
	case models.StatusProcessed:
		return []string{models.StatusProcessing, models.StatusProcessed}
	case models.StatusShipped:
		return []string{models.StatusProcessing, models.StatusShipped}
	case models.StatusComplete, models.StatusRefunded, models.StatusPartiallyRefunded:
		return []string{models.StatusShipped, models.StatusComplete}[:1+o.rng.IntN(2)]
	case models.StatusCancelled, models.StatusFailed:
		return []string{o.status}
	}
	return nil
}

func (o *order) note(at time.Time, actor, name, kind, from, to, comment string) {
	o.history = append(o.history, history{at: at, actor: actor, name: name, kind: kind, from: from, to: to, comment: comment})
	if at.After(o.mod) {
		o.mod = at
	}
}

func (o *order) amount(minor int64) string {
	return (&models.Order{Currency: o.store.Currency}).Amount(minor).String()
}

// fynd adds what the partner told of the order.
func (o *order) fynd(s *shop) {
	var names []string
	switch o.status {
	case models.StatusFailed:
		names = []string{"ORDER_PAYMENT_FAILED"}
	case models.StatusMissing:
	case models.StatusPending:
		names = []string{"ORDER_PLACED"}
	case models.StatusProcessing:
		names = []string{"ORDER_PLACED", "ORDER_CONFIRMED"}
	case models.StatusProcessed:
		names = []string{"ORDER_PLACED", "SHIPMENT_CREATED", "BAG_PACKED"}
	case models.StatusShipped:
		names = []string{"ORDER_PLACED", "SHIPMENT_CREATED", "BAG_PICKED"}
	case models.StatusCancelled:
		names = []string{"ORDER_PLACED", "CANCELLED_CUSTOMER"}
	default:
		names = []string{"ORDER_PLACED", "SHIPMENT_CREATED", "OUT_FOR_DELIVERY", "DELIVERY_DONE"}[o.rng.IntN(2):]
	}
	at := o.at
	for i, name := range names {
		if at = at.Add(o.minutes(1, 1500)); at.After(s.until) {
			at = s.until
		}
		e := event{name: name, at: at}
		if i == 0 && o.rng.IntN(3) == 0 {
			e.webhook = o.addWebhook(s, webhook{source: "gofynd", event: name, nameID: fmt.Sprintf("fy-%d-%d", o.id, i), at: at, effect: "The order was brought up to date.", body: o.fyndBody(e)})
		}
		o.addEvent(s, e)
	}
	switch r := o.refund; {
	case r != nil && r.state == "succeeded":
		request := o.requestID()
		asked := event{name: models.EventRefundInitiated, request: request, minor: r.minor, at: r.at.Add(-o.minutes(1, 50))}
		r.event = o.addEvent(s, asked)
		o.addEvent(s, event{name: "REFUND_DONE", request: request, minor: r.minor, at: r.at.Add(time.Minute)})
	case len(o.payments) > 0 && o.payments[len(o.payments)-1].captured > 0 && o.waits(s.until.Sub(o.at)):
		asked := event{name: models.EventRefundInitiated, request: o.requestID(), minor: o.lines[0].total(), waiting: true, at: at.Add(o.minutes(1, 600))}
		if asked.at.After(s.until) {
			asked.at = s.until
		}
		asked.webhook = o.addWebhook(s, webhook{source: "gofynd", event: asked.name, nameID: fmt.Sprintf("fy-%d-r", o.id), at: asked.at, effect: "A refund is asked for.", body: o.fyndBody(asked)})
		o.addEvent(s, asked)
	}
}

// waits says whether the order has a refund nobody has answered: one of fifty young ones, one of a thousand old ones.
func (o *order) waits(age time.Duration) bool {
	if age < 21*24*time.Hour {
		return o.rng.IntN(50) == 0
	}
	return o.rng.IntN(1000) == 0
}

func (o *order) requestID() string {
	return fmt.Sprintf("169%017d", o.rng.Int64N(100_000_000_000_000_000))
}

// addEvent adds an event. An order has at most eight, so its place gives its id.
func (o *order) addEvent(s *shop, e event) int64 {
	e.id = s.next.event + 8*(o.id-s.next.order) - 7 + int64(len(o.events))
	o.events = append(o.events, e)
	o.last, o.lastAt = e.name, e.at
	if e.at.After(o.mod) {
		o.mod = e.at
	}
	return e.id
}

// addWebhook adds a webhook. An order has at most four, so its place gives its id.
func (o *order) addWebhook(s *shop, w webhook) int64 {
	w.id = s.next.webhook + 4*(o.id-s.next.order) - 3 + int64(len(o.hooks))
	o.hooks = append(o.hooks, w)
	return w.id
}

func (o *order) razorpayBody(p *payment) []byte {
	return fmt.Appendf(nil, `{"entity":"event","account_id":"acc_generated","event":"payment.captured","contains":["payment"],"payload":{"payment":{"entity":{"id":%q,"entity":"payment","amount":%d,"currency":%q,"status":"captured","order_id":%q,"method":"card","amount_refunded":0,"refund_status":null,"captured":true,"description":"Order %d","email":%q,"contact":%q,"notes":{"order":"%d","store":"%d"},"fee":%d,"tax":%d,"acquirer_data":{"rrn":%q},"created_at":%d}}},"created_at":%d}`,
		p.ref, p.captured, o.store.Currency, p.orderRef, o.id, o.customer.email, o.customer.phone, o.id, o.store.ID, p.captured/50, p.captured/300, p.rrn, p.at.Unix(), p.at.Unix()+2)
}

func (o *order) fyndBody(e event) []byte {
	return fmt.Appendf(nil, `{"event":%q,"event_id":"fy-%d-%s","gofynd_order_id":%q,"store_id":%d,"affiliate_order_id":"%d","gid":"TR%s","request_id":%q,"occurred_at":%q,"customer":{"name":%q,"email":%q},"currency":%q,"total_minor":%d}`,
		e.name, o.id, e.name, o.partner, o.store.ID, o.id, o.partner[2:], e.request, e.at.Format(time.RFC3339), o.customer.name, o.customer.email, o.store.Currency, o.total())
}

func sum(body []byte) []byte {
	digest := sha256.Sum256(body)
	return digest[:]
}
