package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// soldPayment is what somebody who made a payment exist is told of it.
type soldPayment struct {
	Gateway     string `json:"gateway"`
	ID          string `json:"id"`
	OrderID     string `json:"order_id"`
	Order       string `json:"order"`
	State       string `json:"state"`
	AmountMinor int64  `json:"amount_minor"`
	Refunded    int64  `json:"refunded_minor"`
	Currency    string `json:"currency"`
	Signature   string `json:"signature"` // what the pay page would give the shop with the two ids
}

func (g *razorpay) sold(p *razorpayPayment) soldPayment {
	o := g.orders.get(*p.Entity.OrderID)
	receipt := ""
	if o.Entity.Receipt != nil {
		receipt = *o.Entity.Receipt
	}
	return soldPayment{
		g.code(), p.Entity.ID, o.Entity.ID, receipt, p.Entity.Status, p.Entity.Amount, p.Entity.AmountRefunded,
		p.Entity.Currency, g.signature(p),
	}
}

// signature is what the pay page gives the shop: hex HMAC-SHA256 of order_id|payment_id with the
// key secret (Razorpay docs, payment-gateway).
func (g *razorpay) signature(p *razorpayPayment) string {
	m := g.s.merchantOf(g.code(), p.Merchant)
	return hexHMAC(m.KeySecret, []byte(*p.Entity.OrderID+"|"+p.Entity.ID))
}

// sell makes a payment exist in the state somebody wants; opened is an order that nobody has tried to pay. A payment
// whose id is known is returned as it is.
func (g *razorpay) sell(in paymentRequest) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if in.ID != "" {
		if p := g.payments.get(in.ID); p != nil {
			return g.sold(p), nil
		}
	}
	m := g.s.merchantOf(g.code(), in.KeyID)
	if m == nil {
		return nil, fmt.Errorf("razorpay has no merchant %q", in.KeyID)
	}
	in.State = cmp.Or(in.State, "captured")
	if !slices.Contains([]string{"opened", "created", "authorized", "captured", "failed", "refunded"}, in.State) {
		return nil, fmt.Errorf("a payment at razorpay cannot be %q", in.State)
	}
	if in.Refunded < 0 || in.Refunded > in.AmountMinor {
		return nil, errors.New("refunded_minor is more than the amount")
	}
	notes, ok := readNotes(in.Notes)
	if !ok {
		return nil, errors.New("notes are up to 15 pairs of texts")
	}
	in.Notes = notes
	o, err := g.orderFor(m, in)
	if err != nil {
		return nil, err
	}
	if in.State == "opened" {
		return soldPayment{Gateway: g.code(), OrderID: o.Entity.ID, Order: in.Order, State: in.State, AmountMinor: o.Entity.Amount, Currency: o.Entity.Currency}, nil
	}
	p := g.newPayment(m, o, in)
	if in.State == "refunded" {
		in.Refunded = in.AmountMinor
	}
	g.bring(p, in)
	return g.sold(p), nil
}

// bring takes a new payment to the state that is wanted. The caller holds the lock.
func (g *razorpay) bring(p *razorpayPayment, in paymentRequest) {
	switch in.State {
	case "created":
		g.watch(p)
		return
	case "failed":
		g.fail(p, "payment_failed", in.Webhook)
		return
	}
	g.authorize(p, true, in.Webhook)
	if in.State == "authorized" || p.Entity.Status != "authorized" {
		return // as wanted, or another payment had won the order
	}
	g.capture(p, p.Entity.Amount, in.Webhook)
	if in.CapturedAt > 0 {
		p.CapturedAt = in.CapturedAt
		g.payments.put(p.Entity.ID, p)
	}
	if in.Refunded > 0 {
		r := g.refund(p, refundOrder{amount: in.Refunded, speed: "normal"}, in.Webhook)
		g.settle(r, "processed", in.Webhook)
	}
}

// orderFor is the order of a payment: the one that exists, or a new one. The caller holds the lock.
func (g *razorpay) orderFor(m *merchant, in paymentRequest) (*razorpayOrder, error) {
	if o := g.orders.get(in.OrderID); o != nil {
		if o.Merchant != m.KeyID {
			return nil, fmt.Errorf("order %s is of another merchant", in.OrderID)
		}
		return o, nil
	}
	o := &razorpayOrder{Merchant: m.KeyID, Manual: true, Window: captureWindow, Entity: orderEntity{
		ID: cmp.Or(in.OrderID, newID("order_")), Entity: "order", Amount: in.AmountMinor, AmountDue: in.AmountMinor,
		Currency: in.Currency, Status: "created", Notes: json.RawMessage("[]"), CreatedAt: g.madeAt(in),
	}}
	if in.Order != "" {
		o.Entity.Receipt = &in.Order
	}
	g.orders.put(o.Entity.ID, o)
	return o, nil
}

func (g *razorpay) madeAt(in paymentRequest) int64 {
	return cmp.Or(in.CreatedAt, g.s.clock().Unix())
}

// newPayment is a buyer's attempt to pay an order, not decided yet. The caller holds the lock.
func (g *razorpay) newPayment(m *merchant, o *razorpayOrder, in paymentRequest) *razorpayPayment {
	if in.Notes == nil {
		in.Notes = json.RawMessage("[]")
	}
	p := &razorpayPayment{Merchant: m.KeyID, RefundError: in.RefundError, Customer: in.Name, Entity: paymentEntity{
		ID: cmp.Or(in.ID, newID("pay_")), Entity: "payment", Amount: in.AmountMinor, Currency: in.Currency,
		Status: "created", OrderID: &o.Entity.ID, Method: cmp.Or(in.Method, "card"), Email: in.Email,
		Contact: in.Contact, Notes: in.Notes, CreatedAt: g.madeAt(in),
	}}
	e := &p.Entity
	rrn := cmp.Or(in.RRN, randomFrom("0123456789", 12))
	switch e.Method {
	case "card":
		card := paymentCard{Last4: "1007", Network: "Visa", IIN: "410028"}
		if in.Card != nil {
			card = *in.Card
		}
		e.Card = &cardEntity{
			ID: newID("card_"), Entity: "card", Name: in.Name, Last4: card.Last4, Network: card.Network,
			Type: "credit", SubType: "consumer", IIN: card.IIN,
		}
		e.CardID = &e.Card.ID
		e.AcquirerData = map[string]any{"auth_code": randomFrom("0123456789", 6), "rrn": rrn}
	case "upi":
		vpa := "success@razorpay"
		e.VPA = &vpa
		e.AcquirerData = map[string]any{"rrn": rrn, "upi_transaction_id": randomFrom("0123456789ABCDEF", 32)}
	case "netbanking":
		bank := "HDFC"
		e.Bank = &bank
		e.AcquirerData = map[string]any{"bank_transaction_id": randomFrom("0123456789", 7)}
	default:
		e.AcquirerData = map[string]any{"rrn": rrn}
	}
	o.Entity.Attempts++
	if o.Entity.Status == "created" {
		o.Entity.Status = "attempted"
	}
	g.orders.put(o.Entity.ID, o)
	g.payments.put(e.ID, p)
	return p
}

// move brings a payment to another state: the late yes of a bank, a no, a capture in the portal.
func (g *razorpay) move(payment, state string, webhook bool) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payments.get(payment)
	if p == nil {
		return nil, errNotMine
	}
	switch from := p.Entity.Status; {
	case state == "authorized" && (from == "created" || from == "failed"):
		g.authorize(p, g.orders.get(*p.Entity.OrderID).Manual, webhook)
	case state == "captured" && from == "authorized":
		g.capture(p, p.Entity.Amount, webhook)
	case state == "captured" && (from == "created" || from == "failed"):
		g.authorize(p, true, webhook)
		if p.Entity.Status == "authorized" {
			g.capture(p, p.Entity.Amount, webhook)
		}
	case state == "failed" && from == "created":
		g.fail(p, "payment_failed", webhook)
	default:
		return nil, fmt.Errorf("a payment that is %s does not become %s", from, state)
	}
	return g.sold(p), nil
}

// portalRefund is a refund made in Razorpay's dashboard: no receipt, no idempotency key.
func (g *razorpay) portalRefund(payment string, amount int64, webhook bool) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payments.get(payment)
	if p == nil {
		return nil, errNotMine
	}
	left := p.Entity.Amount - p.Entity.AmountRefunded
	amount = cmp.Or(amount, left)
	switch {
	case !p.Entity.Captured:
		return nil, fmt.Errorf("a payment that is %s cannot be refunded", p.Entity.Status)
	case amount <= 0 || amount > left && g.s.capped(g.code()):
		return nil, fmt.Errorf("%s %s are left to refund", decimal(left, p.Entity.Currency), p.Entity.Currency)
	}
	return g.refund(p, refundOrder{amount: amount, speed: "normal"}, webhook).Entity, nil
}

// settleRefund decides a pending refund, or fails one that was processed, as banks sometimes do.
func (g *razorpay) settleRefund(refund, state string, webhook bool) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	r := g.refunds.get(refund)
	if r == nil {
		return nil, errNotMine
	}
	from := r.Entity.Status
	if state != "processed" && state != "failed" || from == "failed" || from == state {
		return nil, fmt.Errorf("a refund that is %s does not become %s", from, state)
	}
	g.settle(r, state, webhook)
	return r.Entity, nil
}

// expires is when an authorized payment goes back to the buyer, for the portal.
func (p *razorpayPayment) expires() time.Time { return time.Unix(p.ExpiresAt, 0).UTC() }
