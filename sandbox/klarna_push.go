package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// pushUntil is how long Klarna goes on pushing an order nobody acknowledges.
const pushUntil = 48 * time.Hour

// pushWait is how long after the purchase the nth push is sent, from 0: the first soon (two minutes at
// Klarna, the usual pause of a webhook here), then after 5, 15, 30 and 60 minutes and every four hours
// (Klarna docs, confirm purchase).
func pushWait(n int) time.Duration {
	first := []time.Duration{0, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}
	if n < len(first) {
		return first[n]
	}
	return first[len(first)-1] + time.Duration(n-len(first)+1)*4*time.Hour
}

// push plans the next push of an order, until it is acknowledged, captured or 48 hours old. A shop that
// only answers 200 is told again. The caller holds the lock, or nobody else is there yet.
func (g *klarna) push(o *klarnaOrder) {
	id, due := o.Entity.ID, o.created().Add(pushWait(o.Pushes))
	if o.PushURL == "" || o.Silent || pushWait(o.Pushes) > pushUntil {
		return
	}
	g.s.timeline.at(due, func() {
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		o := g.orders.get(id)
		if o.Acknowledged || o.Entity.Captured > 0 || g.s.clock().Sub(o.created()) > pushUntil {
			return
		}
		g.s.emit(g.event("push", o))
		o.Pushes++
		g.orders.put(id, o)
		g.push(o)
	})
}

// klarnaNotices are the decisions about a payment that was suspicious, by what they are called here.
var klarnaNotices = map[string]string{
	"fraud.accepted": "FRAUD_RISK_ACCEPTED",
	"fraud.rejected": "FRAUD_RISK_REJECTED",
	"fraud.stopped":  "FRAUD_RISK_STOPPED",
}

// warn tells the shop of a fraud decision, every ten minutes for a day until it answers 200. The caller
// holds the lock, or nobody else is there yet.
func (g *klarna) warn(o *klarnaOrder) {
	id, wait := o.Entity.ID, time.Duration(o.Notices)*10*time.Minute
	if o.Notice == "" || o.NoticeURL == "" || wait > 24*time.Hour {
		return
	}
	g.s.timeline.at(o.NoticeAt.Add(wait), func() {
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		o := g.orders.get(id)
		taken := slices.ContainsFunc(g.s.eventsOf(id), func(e *event) bool {
			return e.Name == o.Notice && slices.ContainsFunc(e.Tries, func(t try) bool { return t.Status == http.StatusOK })
		})
		if taken || g.s.clock().Sub(o.NoticeAt) > 24*time.Hour {
			return
		}
		g.s.emit(g.event(o.Notice, o))
		o.Notices++
		g.orders.put(id, o)
		g.warn(o)
	})
}

// decide sets what the risk department thinks of an order. The caller holds the lock.
func (g *klarna) decide(o *klarnaOrder, decision string, webhook bool) error {
	switch pending := o.Entity.Fraud == "PENDING"; {
	case decision == "accepted" && pending:
		o.Entity.Fraud = "ACCEPTED"
	case decision == "rejected" && pending:
		o.Entity.Fraud = "REJECTED"
	case decision == "stopped" && o.Entity.Fraud == "ACCEPTED":
	default:
		return fmt.Errorf("an order whose fraud status is %s does not become %s", o.Entity.Fraud, decision)
	}
	o.Notice, o.NoticeAt, o.Notices = "", g.s.clock(), 0
	if webhook {
		o.Notice = "fraud." + decision
	}
	g.orders.put(o.Entity.ID, o)
	g.watch(o)
	g.warn(o)
	return nil
}

// event is a push, which has no body, or a fraud decision. Neither is signed. The caller holds the lock.
func (g *klarna) event(name string, o *klarnaOrder) *event {
	e := &event{
		ID: newID(""), Gateway: g.code(), Merchant: g.code() + "/" + o.Merchant, Payment: o.Entity.ID, Name: name,
		Once: true, URL: o.PushURL,
	}
	if notice := klarnaNotices[name]; notice != "" {
		e.URL = o.NoticeURL
		e.Body = string(compact(map[string]string{"order_id": o.Entity.ID, "event_type": notice}))
	}
	if e.URL == "" {
		e.URL = g.s.merchants.get(e.Merchant).WebhookURL
	}
	e.URL = klarnaURL(e.URL, o.Entity.ID)
	e.Header = g.seal(e, nil, false)
	return e
}

// klarnaURL is a merchant's address with the order's id where it asks for it.
func klarnaURL(address, id string) string {
	return strings.NewReplacer("{checkout.order.id}", id, "%7Bcheckout.order.id%7D", id).Replace(address)
}

// seal is the headers of a message. There is no signature among them.
func (g *klarna) seal(e *event, _ []byte, _ bool) map[string]string {
	header := map[string]string{"User-Agent": "Klarna/KCO"}
	if e.Body != "" {
		header["Content-Type"] = "application/json"
	}
	return header
}

// source makes pushes and fraud decisions on request, also about an order nobody has heard of.
func (g *klarna) source(name, payment, _ string) source {
	compose := func(name string) (*event, error) {
		if name != "push" && klarnaNotices[name] == "" {
			return nil, fmt.Errorf("klarna has no event %q; it has push, fraud.accepted, fraud.rejected and fraud.stopped", name)
		}
		o := g.orders.get(payment)
		if o == nil {
			m := g.s.merchantOf(g.code(), "")
			o = &klarnaOrder{Merchant: m.KeyID, PushURL: m.WebhookURL, NoticeURL: m.WebhookURL, Entity: klarnaEntity{ID: payment}}
		}
		return g.event(name, o), nil
	}
	return source{
		payment: payment, name: name, seal: g.seal,
		fresh: func() (*event, error) { return compose(name) },
		other: func() (*event, error) { return compose("fraud.rejected") },
		history: func() []*event {
			if sent := g.s.eventsOf(payment); len(sent) > 0 {
				return sent
			}
			e, err := compose("push")
			if err != nil {
				return nil
			}
			g.s.keep(e)
			return []*event{e}
		},
	}
}
