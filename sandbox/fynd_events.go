package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// fyndHook is an event somebody wants Fynd to send.
type fyndHook struct {
	Event          string          `json:"event"` // REFUND_INITIATED
	Secret         string          `json:"secret"`
	Shape          string          `json:"shape"` // flat, or platform
	Order          string          `json:"gofynd_order_id"`
	AffiliateOrder string          `json:"affiliate_order_id"`
	Store          *int64          `json:"store_id"`
	Shipment       string          `json:"shipment_id"`
	Refund         string          `json:"refund_id"`
	Request        string          `json:"request_id"`
	GID            string          `json:"gid"`
	Amount         json.RawMessage `json:"amount"` // in the main unit: "499.00" or 499
	Currency       string          `json:"currency"`
	OccurredAt     string          `json:"occurred_at"`
	EventID        string          `json:"event_id"`
	Company        json.RawMessage `json:"company_id"`
	Application    string          `json:"application_id"`
	Details        json.RawMessage `json:"order"`      // the order of an ORDER_PLACED
	Subscribed     bool            `json:"subscribed"` // goes to the extension that subscribed to it
	sending
}

// fyndFlat is an event in the flat shape of the GoFynd integration.
type fyndFlat struct {
	Event          string          `json:"event"`
	Order          string          `json:"gofynd_order_id,omitempty"`
	AffiliateOrder string          `json:"affiliate_order_id,omitempty"`
	Store          *int64          `json:"store_id,omitempty"`
	Shipment       string          `json:"shipment_id,omitempty"`
	Refund         string          `json:"refund_id,omitempty"`
	Request        string          `json:"request_id,omitempty"`
	GID            string          `json:"gid,omitempty"`
	Amount         string          `json:"amount,omitempty"`
	Currency       string          `json:"currency,omitempty"`
	OccurredAt     string          `json:"occurred_at"`
	Company        json.RawMessage `json:"company_id,omitempty"`
	Application    string          `json:"application_id,omitempty"`
	Details        json.RawMessage `json:"order,omitempty"`
}

// sendEvents answers POST /_sandbox/fynd/webhooks.
func (g *fynd) sendEvents(_ *http.Request, in fyndHook) (any, error) {
	if in.Event == "" {
		return nil, errors.New("event is missing")
	}
	g.s.mu.Lock()
	cfg := g.config(plainText(in.Company))
	in.Secret = cmp.Or(in.Secret, cfg.WebhookSecret)
	in.To = cmp.Or(in.To, cfg.WebhookURL)
	if in.Subscribed && !g.subscribed(&in) {
		g.s.mu.Unlock()
		return nil, errors.New("no extension subscribed to " + in.Event)
	}
	g.learn(in)
	messages, to, err := g.s.prepare(g.sourceOf(in), in.sending)
	g.s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	in.sending.To = to
	return g.s.send(messages, in.sending), nil
}

// sourceOf makes events like in. The caller holds the lock.
func (g *fynd) sourceOf(in fyndHook) source {
	about := in.about()
	other := in
	other.Event, other.EventID = "REFUND_FAILED", ""
	if in.Event == other.Event {
		other.Event = "REFUND_DONE"
	}
	return source{
		payment: about, name: in.Event,
		history: func() []*event { return g.s.eventsOf(about) },
		fresh:   func() (*event, error) { return g.compose(in) },
		other:   func() (*event, error) { return g.compose(other) },
		seal: func(e *event, body []byte, wrong bool) map[string]string {
			return fyndSeal(in.Secret, e.ID, body, wrong)
		},
	}
}

// about is what events of the same thing are kept under.
func (in fyndHook) about() string { return cmp.Or(in.GID, in.Order, in.AffiliateOrder) }

// fyndSeal is the headers of an event: hex HMAC-SHA256 of the bytes, without a prefix, and the
// event's id (Fynd docs, webhooks).
func fyndSeal(secret, id string, body []byte, wrong bool) map[string]string {
	if wrong {
		secret += " but another one"
	}
	return map[string]string{
		"Content-Type": "application/json", "X-Fp-Signature": hexHMAC(secret, body), "X-Fp-Event-Id": id,
	}
}

// compose makes an event in the wanted shape. The caller holds the lock.
func (g *fynd) compose(in fyndHook) (*event, error) {
	at := g.s.clock()
	if in.OccurredAt != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, in.OccurredAt); err != nil {
			return nil, errors.New("occurred_at is no RFC 3339 time")
		}
	}
	in.OccurredAt = cmp.Or(in.OccurredAt, at.UTC().Format(time.RFC3339))
	id := cmp.Or(in.EventID, newID("evt_"))
	var body []byte
	switch in.Shape {
	case "", "flat":
		body = compact(fyndFlat{
			in.Event, in.Order, in.AffiliateOrder, in.Store, in.Shipment, in.Refund, in.Request, in.GID,
			plainText(in.Amount), in.Currency, in.OccurredAt, in.Company, in.Application, in.Details,
		})
	case "platform":
		body = compact(in.platform(id, at))
	default:
		return nil, errors.New("shape is flat or platform")
	}
	return &event{
		ID: id, Gateway: g.code(), URL: in.To, Payment: in.about(), Name: in.Event, Body: string(body),
		Header: fyndSeal(in.Secret, id, body, false),
	}, nil
}

// platformEvent is an event in the envelope of Fynd Platform (Fynd docs, webhooks, delivery).
type platformEvent struct {
	Company     json.RawMessage `json:"company_id"`
	Application string          `json:"application_id"`
	Contains    []string        `json:"contains"`
	Event       platformName    `json:"event"`
	Payload     any             `json:"payload"`
}

type platformName struct {
	ID       string   `json:"id"`
	Category string   `json:"category"`
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	Version  string   `json:"version"`
	Created  int64    `json:"created_timestamp"` // milliseconds
	Trace    []string `json:"trace_id"`
}

// platformTypes are the events whose type is not the second half of their name.
var platformTypes = map[string]string{
	"SHIPMENT_CREATED": "create", "SHIPMENT_UPDATED": "update",
	"REFUND_INITIATED": "refund_initiated", "REFUND_PENDING": "refund_pending",
	"REFUND_DONE": "refund_done", "REFUND_FAILED": "refund_failed", "PING": "ping",
}

// names are the two halves of an event's name at Fynd Platform: refund and refund_done.
func (in fyndHook) names() (name, kind string) {
	name, kind, _ = strings.Cut(strings.ToLower(in.Event), "_")
	return name, cmp.Or(platformTypes[strings.ToUpper(in.Event)], kind)
}

// platform is the event in the envelope of Fynd Platform.
func (in fyndHook) platform(id string, at time.Time) platformEvent {
	name, kind := in.names()
	out := platformEvent{
		Company: in.Company, Application: in.Application, Contains: []string{name},
		Event: platformName{id, "application", name, kind, "1", at.UnixMilli(), []string{"trace-" + id}},
	}
	if out.Company == nil {
		out.Company = json.RawMessage("1")
	}
	meta := map[string]any{"order_platform": "openapi"}
	if in.Store != nil {
		meta["ordering_store_details"] = map[string]any{"id": *in.Store}
	}
	amount := json.RawMessage("0")
	if text := plainText(in.Amount); isDecimal.MatchString(text) {
		amount = json.RawMessage(jsNumber(text))
	}
	switch name {
	case "refund":
		out.Payload = in.refundPayload(kind, amount, meta)
	case "shipment":
		out.Payload = map[string]any{"shipment_id": in.Shipment, "shipment": map[string]any{
			"fynd_order_id": in.Order, "affiliate_order_id": in.AffiliateOrder, "shipment_id": in.Shipment,
			"meta": meta, "status": kind, "updated_ts": at.UnixMilli(),
		}}
	case "payment":
		minor, _ := minorUnits(plainText(in.Amount), in.Currency)
		out.Contains = []string{"payment_object_list"}
		out.Payload = map[string]any{"payment_object_list": []map[string]any{{
			"id": in.GID, "amount_in_paisa": strconv.FormatInt(minor, 10), "currency": in.Currency, "company_id": plainText(in.Company),
			"application_id": in.Application, "current_status": kind, "merchant_order_id": in.Order,
		}}}
	default:
		order := map[string]any{
			"fynd_order_id": in.Order, "order_id": in.Order, "affiliate_order_id": in.AffiliateOrder, "gid": in.GID,
			"amount": amount, "currency": in.Currency, "meta": meta,
		}
		var more map[string]json.RawMessage
		if json.Unmarshal(in.Details, &more) == nil {
			for name, value := range more {
				order[name] = value
			}
		}
		out.Payload = map[string]any{name: order}
	}
	return out
}

// refundPayload is the payload of a refund event (Fynd docs, application/refund).
func (in fyndHook) refundPayload(kind string, amount json.RawMessage, meta map[string]any) map[string]any {
	return map[string]any{
		"amount": amount, "currency": in.Currency, "order_id": in.Order, "journey_type": "return", "payment_status": kind,
		"merchant_order_id": in.AffiliateOrder, "merchant_refund_id": cmp.Or(in.Refund, in.Request),
		"gid": in.GID, "request_id": in.Request, "shipment_id": in.Shipment, "meta": meta,
		"refund_information": []map[string]any{{
			"mode": "source", "name": "Refund to source", "amount": amount, "meta": map[string]any{}, "refund_status": kind,
		}},
	}
}

// learn remembers what an event says, so that Fynd knows the payment when it is reported on. The
// caller holds the lock.
func (g *fynd) learn(in fyndHook) {
	gid := cmp.Or(in.GID, g.ofOrder[in.Order], in.Order)
	if gid == "" {
		return
	}
	p := g.payments.get(gid)
	if p == nil {
		p = &fyndPayment{GID: gid}
	}
	p.Company = cmp.Or(p.Company, plainText(in.Company))
	p.Application = cmp.Or(p.Application, in.Application)
	p.Order = cmp.Or(p.Order, in.Order)
	p.AffiliateOrder = cmp.Or(p.AffiliateOrder, in.AffiliateOrder)
	p.Shipment = cmp.Or(p.Shipment, in.Shipment)
	p.Currency = cmp.Or(p.Currency, in.Currency)
	if in.Store != nil {
		p.Store = in.Store
	}
	g.keep(p)
}

// closeLoop tells the store that a refund is done, when the company wants that. The caller holds the
// lock.
func (g *fynd) closeLoop(p *fyndPayment, request string, r fyndRefund, currency, company string) {
	cfg := g.config(company)
	if !cfg.AutoRefundDone || r.Status != "refund_done" {
		return
	}
	in := fyndHook{
		Event: "REFUND_DONE", Secret: cfg.WebhookSecret, Shape: cfg.Shape, Order: p.Order,
		AffiliateOrder: p.AffiliateOrder, Store: p.Store, Shipment: p.Shipment, Refund: r.RefundID, Request: request,
		GID: p.GID, Amount: compact(decimal(r.AmountMinor, currency)), Currency: currency, Application: p.Application,
	}
	if isDecimal.MatchString(p.Company) {
		in.Company = json.RawMessage(p.Company)
	}
	in.To = cfg.WebhookURL
	if p.Extension != "" && !g.subscribed(&in) || in.To == "" {
		return
	}
	e, err := g.compose(in)
	if err != nil {
		g.s.log.Error("Fynd cannot send REFUND_DONE", "error", err)
		return
	}
	g.s.emit(e)
}
