package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// sveaSubscription is a merchant's wish to be told of events. Nothing but Ping is sent before the
// address has answered a Ping (Svea docs, callbacks).
type sveaSubscription struct {
	ID       int64    `json:"SubscriptionId"`
	Merchant string   `json:"merchant"`
	URI      string   `json:"CallbackUri"`
	Events   []string `json:"Events"`
	Verified bool     `json:"verified"`
	Gone     bool     `json:"gone,omitempty"`
}

// sveaEvents are the events there are (Svea docs, callback events).
var sveaEvents = []string{
	"CheckoutOrder.Created", "CheckoutOrder.Updated", "CheckoutOrder.Delivered", "CheckoutOrder.CreditSucceeded",
	"CheckoutOrder.CreditFailed", "CheckoutOrder.Closed", "CheckoutOrder.PendingStatusReleased",
	"StandaloneOrder.PendingStatusReleased", "StandaloneOrder.Closed", "Ping",
}

// tell sends an event to those who subscribed to it. The caller holds the lock.
func (g *svea) tell(o *sveaOrder, name string, more map[string]any) {
	for _, sub := range g.subscriptions.oldest() {
		if sub.Merchant == o.Merchant && sub.Verified && !sub.Gone && slices.Contains(sub.Events, name) {
			g.s.emit(g.event(o, name, sub.URI, more))
		}
	}
}

// event is an event about an order; o may be nil for a Ping. Nothing is signed. The caller holds the lock.
func (g *svea) event(o *sveaOrder, name, to string, more map[string]any) *event {
	body := map[string]any{
		"EventName": name, "CorrelationId": randomUUID(), "TimestampUtc": g.s.clock().Format("2006-01-02T15:04:05.0000000Z"),
	}
	e := &event{ID: newID(""), Gateway: g.code(), Name: name, URL: to}
	if o != nil {
		e.Merchant, e.Payment = g.code()+"/"+o.Merchant, o.key()
		body["CheckoutOrderId"] = o.Entity.ID
		if name == "CheckoutOrder.Created" {
			body["IsPending"] = o.Entity.SystemStatus == "Pending"
		}
	}
	for member, value := range more {
		body[member] = value
	}
	e.Body = string(compact(body))
	e.Header = g.seal(e, nil, false)
	return e
}

// push tells the shop's own address of a checkout order that its status has changed. It has no body;
// the id is in the address. The caller holds the lock.
func (g *svea) push(address, payment string) *event {
	e := &event{ID: newID(""), Gateway: g.code(), Payment: payment, Name: "push", URL: sveaURL(address, payment)}
	e.Header = g.seal(e, nil, false)
	return e
}

// sveaURL is a merchant's address with the order's id where it asks for it.
func sveaURL(address, id string) string {
	return strings.NewReplacer("{checkout.order.uri}", id, "%7Bcheckout.order.uri%7D", id).Replace(address)
}

// seal is the headers of a message. There is no signature among them.
func (g *svea) seal(e *event, _ []byte, _ bool) map[string]string {
	header := map[string]string{"User-Agent": "Svea-Checkout"}
	if e.Body != "" {
		header["Content-Type"] = "application/json; charset=utf-8"
	}
	return header
}

func (g *svea) subscribe(c *call, m *merchant) reply {
	c.accept()
	sub := &sveaSubscription{Merchant: m.KeyID}
	if bad := readSubscription(c, sub); bad != nil {
		return *bad
	}
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	sub.ID = int64(len(g.subscriptions.ids)) + 1
	g.subscriptions.put(strconv.FormatInt(sub.ID, 10), sub)
	return jsonReply(http.StatusCreated, map[string]int64{"SubscriptionId": sub.ID})
}

func readSubscription(c *call, sub *sveaSubscription) *reply {
	var in struct {
		URI    string   `json:"CallbackUri"`
		Events []string `json:"Events"`
	}
	if bad := readSvea(c, &in); bad != nil {
		return bad
	}
	if !webAddress(in.URI) || in.URI == "" {
		return sveaInvalid("CallbackUri", "The address is not one.")
	}
	for _, name := range in.Events {
		if !slices.Contains(sveaEvents, name) {
			return sveaInvalid("Events", "There is no event "+name+".")
		}
	}
	sub.Verified = sub.Verified && sub.URI == in.URI
	sub.URI, sub.Events = in.URI, in.Events
	return nil
}

// subscription finds one of a merchant's. The caller holds the lock.
func (g *svea) subscription(c *call, m *merchant) (*sveaSubscription, *reply) {
	sub := g.subscriptions.get(c.PathValue("subscription"))
	if sub == nil || sub.Merchant != m.KeyID || sub.Gone {
		bad := sveaBare(http.StatusNotFound)
		return nil, &bad
	}
	return sub, nil
}

func (sub *sveaSubscription) view() map[string]any {
	return map[string]any{"SubscriptionId": sub.ID, "CallbackUri": sub.URI, "Events": sub.Events, "IsVerified": sub.Verified}
}

func (g *svea) listSubscriptions(_ *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	list := []map[string]any{}
	for _, sub := range g.subscriptions.oldest() {
		if sub.Merchant == m.KeyID && !sub.Gone {
			list = append(list, sub.view())
		}
	}
	return jsonReply(http.StatusOK, list)
}

func (g *svea) showSubscription(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	sub, bad := g.subscription(c, m)
	if bad != nil {
		return *bad
	}
	return jsonReply(http.StatusOK, sub.view())
}

func (g *svea) updateSubscription(c *call, m *merchant) reply {
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	sub, bad := g.subscription(c, m)
	if bad == nil {
		bad = readSubscription(c, sub)
	}
	if bad != nil {
		return *bad
	}
	g.subscriptions.put(strconv.FormatInt(sub.ID, 10), sub)
	return sveaBare(http.StatusNoContent)
}

func (g *svea) unsubscribe(c *call, m *merchant) reply {
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	sub, bad := g.subscription(c, m)
	if bad != nil {
		return *bad
	}
	sub.Gone = true
	g.subscriptions.put(strconv.FormatInt(sub.ID, 10), sub)
	return sveaBare(http.StatusNoContent)
}

// verify sends a Ping to a subscription's address; it counts once the address answers 2xx.
func (g *svea) verify(c *call, m *merchant) reply {
	c.accept()
	g.s.mu.Lock()
	sub, bad := g.subscription(c, m)
	if bad != nil {
		g.s.mu.Unlock()
		return *bad
	}
	to, ping := sub.URI, g.event(nil, "Ping", sub.URI, nil)
	g.s.keep(ping)
	g.s.mu.Unlock()

	got := g.s.post(to, ping.message())

	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	ping.Tries = append(ping.Tries, got)
	g.s.events.put(ping.ID, ping)
	if got.Status/100 != 2 {
		return *sveaInvalid("CallbackUri", "The address did not answer the Ping.")
	}
	sub.Verified = sub.URI == to
	g.subscriptions.put(strconv.FormatInt(sub.ID, 10), sub)
	return sveaBare(http.StatusNoContent)
}

// source makes pushes and events on request, also about an order nobody has heard of.
func (g *svea) source(name, payment, _ string) source {
	compose := func(name string) (*event, error) {
		if name != "push" && !slices.Contains(sveaEvents, name) {
			return nil, fmt.Errorf("svea has no event %q; it has push, %s", name, strings.Join(sveaEvents, ", "))
		}
		o := g.orders.get(payment)
		if o == nil {
			if number(payment) == 0 {
				return nil, errors.New("the id of an order at svea is a number")
			}
			m := g.s.merchantOf(g.code(), "")
			o = &sveaOrder{Merchant: m.KeyID, PushURL: m.WebhookURL, Entity: sveaEntity{ID: number(payment)}}
		}
		if name == "push" {
			return g.push(o.PushURL, payment), nil
		}
		return g.event(o, name, g.subscribed(o, name), g.about(o, name)), nil
	}
	return source{
		payment: payment, name: name, seal: g.seal,
		fresh: func() (*event, error) { return compose(name) },
		other: func() (*event, error) { return compose("CheckoutOrder.Updated") },
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

// subscribed is where an event goes: to the first subscription for it, or where pushes go.
func (g *svea) subscribed(o *sveaOrder, name string) string {
	for _, sub := range g.subscriptions.oldest() {
		if sub.Merchant == o.Merchant && !sub.Gone && slices.Contains(sub.Events, name) {
			return sub.URI
		}
	}
	return sveaURL(o.PushURL, o.key())
}

// about is what an event says besides its order.
func (g *svea) about(o *sveaOrder, name string) map[string]any {
	more := map[string]any{}
	if n := len(o.Entity.Deliveries); n > 0 && (strings.Contains(name, "Credit") || strings.HasSuffix(name, "Delivered")) {
		more["DeliveryId"] = o.Entity.Deliveries[n-1].ID
	}
	if strings.Contains(name, "Credit") {
		more["CreditId"] = o.nextCredit() - 1
	}
	if strings.HasSuffix(name, "Closed") {
		more["CloseReason"] = "Cancelled"
	}
	return more
}
