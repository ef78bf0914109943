package generate

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

var jsonHeaders = []byte(`{"Content-Type":["application/json"]}`)

// write puts the rows of an order into the buffers.
func (o *order) write(r *rows) {
	o.writeOrder(&r[tOrders])
	o.writeSearch(&r[tSearch])
	for i, l := range o.lines {
		b := &r[tItems]
		b.begin(10)
		b.int64(o.id)
		b.int64(o.store.ID)
		b.int32(i + 1)
		b.text(l.sku)
		b.text(l.name)
		b.int32(int(l.quantity))
		b.int64(l.unit)
		b.int64(l.discount)
		b.int64(l.tax)
		b.int64(l.total())
	}
	for _, p := range o.payments {
		o.writePayment(&r[tPayments], p)
	}
	for _, w := range o.hooks {
		o.writeWebhook(&r[tWebhooks], w)
		if w.source == "gofynd" {
			o.writeEmail(&r[tEmails], w)
		}
	}
	o.writeEvents(r)
	if o.refund != nil {
		o.writeRefund(r, o.refund)
	}
	for _, h := range o.history {
		b := &r[tHistory]
		b.begin(10)
		b.int64(o.id)
		b.int64(o.store.ID)
		b.time(h.at)
		b.text(h.actor)
		b.text(h.name)
		b.text(h.kind)
		b.some(h.from)
		b.some(h.to)
		b.text(h.comment)
		b.id(h.operation)
	}
}

func (o *order) writeOrder(b *buffer) {
	b.begin(26)
	b.int64(o.id)
	b.int64(o.store.ID)
	b.some(o.partner)
	b.text(strconv.FormatInt(o.id, 10))
	b.some(o.gid())
	b.text(o.customer.name)
	b.text(o.customer.email)
	b.text(o.customer.phone)
	b.text(o.customer.company)
	b.text(o.status)
	b.text(o.reason)
	b.text(o.method)
	b.text(o.gateway)
	b.text(o.store.Currency)
	for _, minor := range []int64{o.items, o.discount, o.tax, o.shipping, o.shippingTax, o.total()} {
		b.int64(minor)
	}
	b.text(o.last)
	b.time(o.lastAt)
	b.json(o.customer.address)
	b.json(o.customer.address)
	b.time(o.at)
	b.time(o.mod)
}

// gid is the partner's global id: the partner order id with another head.
func (o *order) gid() string {
	if o.partner == "" {
		return ""
	}
	return "TR" + o.partner[2:]
}

// writeSearch writes what the trigger orders_search would.
func (o *order) writeSearch(b *buffer) {
	id, digits := strconv.FormatInt(o.id, 10), strings.TrimPrefix(o.customer.phone, "+")
	parts := []string{id}
	if o.partner != "" {
		parts = append(parts, o.partner)
	}
	parts = append(parts, id)
	if o.partner != "" {
		parts = append(parts, o.gid())
	}
	parts = append(parts, o.customer.name, o.customer.company, o.customer.email, o.customer.phone, digits)
	b.begin(6)
	b.int64(o.id)
	b.int64(o.store.ID)
	b.time(o.at)
	b.text(strings.ToLower(strings.Join(parts, " ")))
	b.text(strings.ToLower(o.customer.email))
	b.text(digits[max(0, len(digits)-10):])
}

func (o *order) writePayment(b *buffer, p payment) {
	b.begin(26)
	b.int64(p.id)
	b.int64(o.id)
	b.int64(o.store.ID)
	b.text(o.gateway)
	b.text("test")
	b.text(p.ref)
	b.text(p.orderRef)
	b.text(string(p.status))
	b.text(p.word)
	b.text(strings.ToLower(strings.Fields(o.method)[0]))
	b.text(o.store.Currency)
	for _, minor := range []int64{o.total(), p.authorized, p.captured, p.refunded, p.reserved} {
		b.int64(minor)
	}
	b.time(p.voided)
	b.time(p.before)
	b.text(p.first6)
	b.text(p.last4)
	b.text("")
	b.text(p.rrn)
	b.json(fmt.Appendf(nil, `{"rrn":%q,"attempt":"%d","channel":"web"}`, p.rrn, p.id))
	b.time(p.refunding)
	b.time(p.at)
	b.time(p.updated)
}

func (o *order) writeWebhook(b *buffer, w webhook) {
	b.begin(20)
	b.int64(w.id)
	b.text(w.source)
	b.int64(o.store.ID)
	if w.source == "gofynd" {
		b.text(strconv.FormatInt(o.store.ID, 10))
	} else {
		b.text("")
	}
	b.text(w.event)
	b.text(w.nameID)
	b.bytes(sum(w.body))
	b.bytes(w.body)
	b.json(jsonHeaders)
	b.text("192.0.2.10")
	b.text("verified")
	b.text("processed")
	b.text(w.effect)
	if w.source == "gofynd" {
		b.text(o.partner)
	} else {
		b.text("")
	}
	b.text(w.ref)
	b.text(w.orderRef)
	b.int64(o.id)
	b.text(o.store.Mode)
	b.time(w.at)
	b.time(w.at.Add(80 * time.Millisecond))
}

// writeEmail writes the e-mail that a webhook of Fynd led to: sent for an order that was placed, decided
// against for other events.
func (o *order) writeEmail(b *buffer, w webhook) {
	sent := w.event == "ORDER_PLACED"
	store := strconv.FormatInt(o.store.ID, 10)
	b.begin(24)
	b.int64(o.store.ID)
	b.int64(o.id)
	b.text(o.partner)
	b.text("event")
	b.int64(w.id)
	b.text(store)
	b.text(w.event)
	b.text(w.event)
	if !sent {
		b.text("not_sent")
		b.text("event_off")
		b.text("No e-mail is sent for " + w.event + ".")
		for range 6 {
			b.text("")
		}
		b.null()
		b.text("")
		b.text("")
		b.int32(0)
		b.time(w.at.Add(time.Second))
		b.null()
		b.null()
		return
	}
	subject, from := "Your order "+o.partner, "orders@"+o.store.Code+".example"
	text := "Dear " + o.customer.name + ",\n\nthank you for your order " + o.partner + " of " + o.amount(o.total()) + ". We tell you when it is on its way.\n\n" + o.store.Name + "\n"
	html := "<!DOCTYPE html><html><body><p>Dear " + o.customer.name + ",</p><p>thank you for your order <b>" + o.partner + "</b> of " + o.amount(o.total()) +
		". We tell you when it is on its way.</p><p>" + o.store.Name + "</p></body></html>"
	id := fmt.Sprintf("<%d.generated@%s.example>", w.id, o.store.Code)
	b.text("sent")
	b.text("")
	b.text("")
	b.text(o.customer.email)
	b.text(from)
	b.text(subject)
	b.text(html)
	b.text(text)
	b.text(id)
	b.bytes([]byte("Message-ID: " + id + "\r\nFrom: " + from + "\r\nTo: " + o.customer.email + "\r\nSubject: " + subject +
		"\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html + "\r\n"))
	b.text("250 2.0.0 Ok")
	b.text("smtp.example:587")
	b.int32(1)
	b.time(w.at.Add(time.Second))
	b.time(w.at.Add(time.Second))
	b.time(w.at.Add(2 * time.Second))
}

func (o *order) writeEvents(r *rows) {
	for i, e := range o.events {
		b := &r[tEvents]
		b.begin(12)
		b.int64(e.id)
		b.int64(o.id)
		b.int64(o.store.ID)
		b.text(e.name)
		b.id(e.webhook)
		b.text(e.request)
		b.id(e.minor)
		b.bool(e.waiting)
		if o.refund != nil && e.id == o.refund.event {
			b.time(o.refund.at.Add(3 * time.Second))
			b.text("Refund of " + o.amount(o.refund.minor) + ", " + o.refund.ref)
		} else {
			b.null()
			b.text("")
		}
		b.time(e.at)
		b.time(e.at)
		if o.seenBefore(i) {
			continue
		}
		b = &r[tSeen]
		b.begin(5)
		b.int64(o.id)
		b.int64(o.store.ID)
		b.text(e.name)
		b.bool(e.waiting)
		b.time(o.at)
	}
}

// seenBefore says whether an earlier event has the name of the i-th.
func (o *order) seenBefore(i int) bool {
	for _, e := range o.events[:i] {
		if e.name == o.events[i].name {
			return true
		}
	}
	return false
}

func (o *order) writeRefund(r *rows, op *operation) {
	done := op.state == "succeeded"
	var finished time.Time
	word, problem := "", "The gateway's answer did not come, and it cannot be looked up."
	outcome, status := "unknown", 0
	if done {
		finished, word, problem, outcome, status = op.at.Add(3*time.Second), "processed", "", op.state, 200
	}
	b := &r[tOperations]
	b.begin(22)
	b.int64(op.id)
	b.int64(o.store.ID)
	b.int64(o.id)
	b.int64(op.payment)
	b.text("refund")
	b.text("staff")
	b.int64(op.minor)
	b.text(o.store.Currency)
	b.text("returned")
	b.text("Asha Rao")
	b.id(op.event)
	b.bytes(digest(op.id))
	b.text(fmt.Sprintf("kfygen%014d", op.id))
	b.text(op.state)
	b.int32(1)
	b.time(op.at)
	b.text(op.ref)
	b.text(word)
	b.text(problem)
	b.time(op.at)
	b.time(op.at.Add(3 * time.Second))
	b.time(finished)

	b = &r[tAttempts]
	b.begin(8)
	b.int64(op.id)
	b.int64(o.store.ID)
	b.int32(1)
	b.text("send")
	b.text(outcome)
	b.int32(status)
	b.time(op.at.Add(time.Second))
	b.time(op.at.Add(3 * time.Second))
}
