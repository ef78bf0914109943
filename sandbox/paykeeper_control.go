package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// paykeeperStates are the nine statuses (PayKeeper docs, Платежи).
var paykeeperStates = []string{
	"pending", "obtained", "canceled", "success", "failed", "stuck", "refunding", "refunded", "partially_refunded",
}

// controls are the routes of the sandbox that are about PayKeeper alone.
func (g *paykeeper) controls(mux *http.ServeMux) {
	mux.HandleFunc("POST /_sandbox/paykeeper/token", control(g.s, g.rotateToken))
	mux.HandleFunc("GET /_sandbox/paykeeper/{file}", g.downloadRegistry)
}

// sold is what somebody who made a payment exist is told of it.
func (g *paykeeper) sold(p *paykeeperPayment) soldPayment {
	return soldPayment{
		Gateway: g.code(), ID: p.ID, OrderID: p.Invoice, Order: p.Order, State: p.Status, AmountMinor: p.Amount,
		Refunded: g.refunded(p), Currency: paykeeperCurrency,
	}
}

// sell makes a payment exist in the status somebody wants. A payment whose id is known is returned as
// it is.
func (g *paykeeper) sell(in paymentRequest) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if p := g.payments.get(in.ID); p != nil {
		return g.sold(p), nil
	}
	m := g.s.merchantOf(g.code(), in.KeyID)
	in.State = cmp.Or(in.State, "success")
	switch {
	case m == nil:
		return nil, fmt.Errorf("paykeeper has no merchant %q", in.KeyID)
	case in.Currency != paykeeperCurrency:
		return nil, errors.New("PayKeeper is paid in RUB")
	case !slices.Contains(paykeeperStates, in.State):
		return nil, fmt.Errorf("a payment at paykeeper cannot be %q", in.State)
	case in.Refunded < 0 || in.Refunded > in.AmountMinor:
		return nil, errors.New("refunded_minor is more than the amount")
	case in.State == "partially_refunded" && (in.Refunded == 0 || in.Refunded == in.AmountMinor):
		return nil, errors.New("refunded_minor is a part of the amount")
	}
	p := paykeeperPayment{
		ID: in.ID, Order: in.Order, Invoice: in.OrderID, Client: in.Name, Email: in.Email, Phone: in.Contact, Amount: in.AmountMinor,
		Hold: in.Hold || m.ManualCapture, Cart: goods(string(in.Cart)), Params: in.Params, Fiscal: in.Fiscal, Refuse: in.RefundError,
	}
	if in.RRN != "" {
		p.Params = merge(p.Params, map[string]string{"RRN": in.RRN})
	}
	if in.Card != nil {
		p.Card = (in.Card.IIN + "******")[:6] + "******" + in.Card.Last4
	}
	if in.Method == "sbp" {
		p.System = 99
	}
	if in.CreatedAt > 0 {
		p.PendingAt = time.Unix(in.CreatedAt, 0).UTC()
	}
	made := g.begin(m, p)
	g.bring(made, in)
	return g.sold(made), nil
}

// bring takes a pending payment to the status that is wanted. The caller holds the lock.
func (g *paykeeper) bring(p *paykeeperPayment, in paymentRequest) {
	switch in.State {
	case "pending":
		return
	case "failed", "canceled":
		p.Status = in.State
		g.payments.put(p.ID, p)
		return
	}
	g.obtain(p, in.Webhook)
	if in.CapturedAt > 0 && p.held() {
		g.take(p, p.Amount)
	}
	switch in.State {
	case "success":
		g.succeed(p)
		p.SuccessAt = p.ObtainAt
	case "stuck":
		p.Status, p.Repeat = "stuck", notifyAttempts
		g.fiscalize(p)
	}
	g.payments.put(p.ID, p)
	if in.State == "refunded" {
		in.Refunded = in.AmountMinor
	}
	if in.State == "refunding" {
		in.Refunded = cmp.Or(in.Refunded, in.AmountMinor)
	}
	if in.Refunded == 0 {
		return
	}
	g.succeed(p)
	r := g.giveBack(p, paykeeperReturn{amount: in.Refunded, user: p.Merchant})
	if in.State == "refunding" {
		r.DueAt = time.Time{} // until somebody decides it
		r.Status = "started"
		g.refunds.put(r.ID, r)
		return
	}
	g.settle(r, "done")
}

// move brings a payment to another status: what the bank, the payer or PayKeeper's support would do.
// "captured" takes what is reserved.
func (g *paykeeper) move(payment, state string, webhook bool) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payments.get(payment)
	if p == nil {
		return nil, errNotMine
	}
	from := p.Status
	switch {
	case state == "captured" && p.held() && from != "refunding":
		g.take(p, p.Amount)
	case state == "obtained" && (from == "pending" || from == "failed" || from == "canceled"):
		g.obtain(p, webhook)
	case (state == "failed" || state == "canceled") && from == "pending":
		p.Status = state
	case state == "success" && slices.Contains(paykeeperPaid, from):
		g.succeed(p)
	case state == "stuck" && from == "obtained":
		p.Status = state
	case from == "refunding" && slices.Contains(paykeeperPaid, state) && g.refunded(p) == 0:
		p.Status = state
	case from == "refunding" && state == "partially_refunded" && g.refunded(p) > 0:
		p.Status = state
	default:
		return nil, fmt.Errorf("a payment that is %s does not become %s", from, state)
	}
	g.payments.put(p.ID, p)
	return g.sold(p), nil
}

// portalRefund is a refund made in PayKeeper's own cabinet by another of its users; 0 is all that is left.
func (g *paykeeper) portalRefund(payment string, amount int64, _ bool) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payments.get(payment)
	if p == nil {
		return nil, errNotMine
	}
	left := g.left(p)
	amount = cmp.Or(amount, left)
	if text := g.cannotReturn(p, plan{}); text != "" {
		return nil, errors.New(text)
	}
	if amount <= 0 || amount > left && g.s.capped(g.code()) {
		return nil, fmt.Errorf("%s RUB are left to refund", decimal(left, paykeeperCurrency))
	}
	return *g.giveBack(p, paykeeperReturn{amount: amount, user: "cabinet"}), nil
}

// settleRefund decides a started refund: processed or failed.
func (g *paykeeper) settleRefund(refund, state string, _ bool) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	r := g.refunds.get(refund)
	if r == nil {
		return nil, errNotMine
	}
	to := map[string]string{"processed": "done", "done": "done", "failed": "failed"}[state]
	if to == "" || r.Status != "started" {
		return nil, fmt.Errorf("a refund that is %s does not become %s", r.Status, state)
	}
	g.settle(r, to)
	return *r, nil
}
