package sandbox

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// paykeeperRefund is money on its way back to a payer.
type paykeeperRefund struct {
	ID        string    `json:"id"`
	Payment   string    `json:"payment"`
	Number    int       `json:"number"` // the first of its payment is 1
	User      string    `json:"user"`
	Amount    int64     `json:"amount"`    // kopecks
	Remainder int64     `json:"remainder"` // what could still go back after it
	At        time.Time `json:"at"`
	Status    string    `json:"status"` // started, done, failed
	DueAt     time.Time `json:"due_at"` // when the bank decides; never when zero
	Fails     bool      `json:"fails,omitempty"`
	From      string    `json:"from"` // what the payment was before
	Cart      string    `json:"cart,omitempty"`
}

// paykeeperRefundRow is a refund as PayKeeper lists it.
type paykeeperRefundRow struct {
	ID           string `json:"id"`
	PaymentID    string `json:"payment_id"`
	RefundNumber string `json:"refund_number"`
	User         string `json:"user"`
	Amount       string `json:"amount"`
	Remainder    string `json:"remainder"`
	Datetime     any    `json:"datetime"`
	Status       string `json:"status"`
}

// What PayKeeper says against a refund. The first sentence is its own; the others are made up, for
// its documents do not give them.
const (
	paykeeperNotRefundable = `Нельзя сделать возврат по платежу, статус которого не "совершён"`
	paykeeperNoPayment     = "Платёж не найден."
	paykeeperNoRight       = "Недостаточно прав."
	paykeeperTooMuch       = "Сумма возврата превышает остаток."
	paykeeperNotAll        = "Сумма полного возврата не равна остатку."
	paykeeperBadAmount     = "Неверная сумма возврата."
	paykeeperBadPartial    = "Параметр partial должен быть true или false."
	paykeeperNoCart        = "Не указаны возвращаемые позиции."
	paykeeperBadCart       = "Сумма возвращаемых позиций не равна сумме возврата."
	paykeeperNotHeld       = "Списание невозможно: платёж не авторизован."
)

// paykeeperReturn is what a shop asks for.
type paykeeperReturn struct {
	amount int64
	cart   string
	user   string
	plan   plan
}

// reverse is POST /change/payment/reverse/: a refund, the release of what is reserved, or the capture
// of a part of it. It has no idempotency key: whoever gets no answer has to look the payment up.
func (g *paykeeper) reverse(c *call, m *merchant, form url.Values) reply {
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payment(m, form.Get("id"))
	if p == nil {
		return paykeeperFail(paykeeperNoPayment)
	}
	order, text := g.readReturn(c, m, p, form)
	if text != "" {
		return paykeeperFail(text)
	}
	r := g.giveBack(p, order)
	g.hide(r.ID, c.plan)
	if p.Hold {
		g.hide("capture:"+p.ID, c.plan)
	}
	g.misread[p.ID] = c.plan.ending == modeWrongAmount
	return m.done(false)
}

// readReturn settles what a reverse is about, or says why it is refused. The caller holds the lock.
func (g *paykeeper) readReturn(c *call, m *merchant, p *paykeeperPayment, form url.Values) (paykeeperReturn, string) {
	order := paykeeperReturn{user: m.KeyID, plan: c.plan, cart: form.Get("refund_cart"), amount: g.left(p)}
	left, partial, capped := order.amount, form.Get("partial"), g.s.capped(g.code())
	if m.Options["no_refunds"] == "yes" {
		return order, paykeeperNoRight
	}
	if text := g.cannotReturn(p, c.plan); text != "" {
		return order, text
	}
	if given := form.Get("amount"); given != "" || partial == "true" {
		amount, ok := readRoubles(given)
		if !ok {
			return order, paykeeperBadAmount
		}
		order.amount = amount
	}
	switch {
	case partial != "true" && partial != "false" && partial != "":
		return order, paykeeperBadPartial
	case order.amount > left && capped:
		return order, paykeeperTooMuch
	case order.amount != left && partial == "false" && capped:
		return order, paykeeperNotAll
	case order.amount < left && p.Cart != "":
		return order, cartProblem(order.cart, order.amount)
	}
	return order, ""
}

// cannotReturn is why a payment's money does not go back, or "". The caller holds the lock.
func (g *paykeeper) cannotReturn(p *paykeeperPayment, with plan) string {
	switch {
	case p.Refuse != "":
		return p.Refuse
	case slices.Contains(paykeeperPaid, p.Status), p.Status == "partially_refunded" && g.left(p) > 0,
		p.Status == "refunding" && with.duplicates, !g.s.capped(g.code()) && !p.ObtainAt.IsZero():
		return ""
	}
	return paykeeperNotRefundable
}

// cartProblem is what is wrong with the positions of a partial refund, or "": those of 54-FZ, whose
// sums are the amount (PayKeeper docs, Товары в чеке).
func cartProblem(text string, amount int64) string {
	var cart []struct {
		Name     string      `json:"name"`
		Price    json.Number `json:"price"`
		Quantity json.Number `json:"quantity"`
		Sum      json.Number `json:"sum"`
		Tax      string      `json:"tax"`
	}
	if json.Unmarshal([]byte(text), &cart) != nil || len(cart) == 0 {
		return paykeeperNoCart
	}
	var sum int64
	for _, line := range cart {
		minor, ok := minorUnits(line.Sum.String(), paykeeperCurrency)
		if !ok || line.Name == "" || line.Price == "" || line.Quantity == "" || line.Tax == "" {
			return paykeeperNoCart
		}
		sum += minor
	}
	if sum != amount {
		return paykeeperBadCart
	}
	return ""
}

// giveBack starts sending money back. What was only reserved is released, and what a partial return
// leaves of it is captured (PayKeeper docs, Возврат платежа). The caller holds the lock.
func (g *paykeeper) giveBack(p *paykeeperPayment, order paykeeperReturn) *paykeeperRefund {
	m := g.s.merchantOf(g.code(), p.Merchant)
	r := &paykeeperRefund{
		ID: newNumber(g.refunds, 9100001), Payment: p.ID, Number: len(g.refundsOf[p.ID]) + 1, User: order.user,
		Amount: order.amount, At: g.s.clock(), Status: "started", Fails: order.plan.fails, From: p.Status, Cart: order.cart,
	}
	if ids := g.refundsOf[p.ID]; p.Status == "refunding" && len(ids) > 0 {
		r.From = g.refunds.get(ids[len(ids)-1]).From
	}
	if m.Options["bank"] != "stuck" {
		r.DueAt = g.s.clock().Add(g.refundTime(m, order.plan))
	}
	held := p.held()
	p.Status = "refunding"
	g.refunds.put(r.ID, r)
	r.Remainder = max(0, g.left(p))
	g.refunds.put(r.ID, r)
	g.payments.put(p.ID, p)
	switch {
	case !held:
		g.record("refund", p, r.Amount, r.ID)
	default:
		g.record("void", p, r.Amount, r.ID)
		if rest := p.Amount - r.Amount; rest > 0 {
			g.take(p, rest)
		}
	}
	g.process(r)
	return r
}

// refundTime is how long the bank takes.
func (g *paykeeper) refundTime(m *merchant, with plan) time.Duration {
	if with.fails && with.failsAfter > 0 {
		return with.failsAfter
	}
	if seconds, err := strconv.Atoi(m.Options["refund_seconds"]); err == nil {
		return time.Duration(seconds) * time.Second
	}
	return cmp.Or(g.s.cfg.RefundDelay, time.Second)
}

// process has the clock decide a started refund. The caller holds the lock, or nobody else is there yet.
func (g *paykeeper) process(r *paykeeperRefund) {
	if r.Status != "started" || r.DueAt.IsZero() {
		return
	}
	id := r.ID
	g.s.timeline.at(r.DueAt, func() {
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		if r := g.refunds.get(id); r.Status == "started" && !r.DueAt.IsZero() {
			state := "done"
			if r.Fails {
				state = "failed"
			}
			g.settle(r, state)
		}
	})
}

// settle decides a refund. The payment of one that failed stays in refunding, for PayKeeper's support
// to look at. The caller holds the lock.
func (g *paykeeper) settle(r *paykeeperRefund, state string) {
	p := g.payments.get(r.Payment)
	r.Status = state
	g.refunds.put(r.ID, r)
	if state == "failed" {
		g.record("refund_failed", p, r.Amount, r.ID)
		return
	}
	for _, id := range g.refundsOf[p.ID] {
		if g.refunds.get(id).Status != "done" {
			return // another one is on its way, or has failed
		}
	}
	p.Status = "partially_refunded"
	if g.refunded(p) >= p.Amount {
		p.Status = "refunded"
	}
	g.payments.put(p.ID, p)
}

// verbs are those of a reverse that routes do not name.
func (g *paykeeper) verbs() []string { return []string{"void"} }

// verbOf tells what a reverse is about: of what is only reserved, all of it is a release, and a part of
// it captures the rest.
func (g *paykeeper) verbOf(rt route, c *call) string {
	if rt.verb != "refund" {
		return rt.verb
	}
	form, _ := url.ParseQuery(string(c.body)) // who reads the whole body will say what is wrong with it
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payments.get(form.Get("id"))
	if p == nil || !p.held() {
		return rt.verb
	}
	amount, ok := readRoubles(form.Get("amount"))
	if ok && amount < p.Amount {
		return "capture"
	}
	return "void"
}

// capturePayment is POST /change/payment/capture/: the money that is reserved is taken.
func (g *paykeeper) capturePayment(c *call, m *merchant, form url.Values) reply {
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payment(m, form.Get("id"))
	if p == nil {
		return paykeeperFail(paykeeperNoPayment)
	}
	again := p.Hold && p.Captured > 0 && !g.s.capped(g.code())
	if (!p.held() || p.Status == "refunding") && !again {
		return paykeeperFail(paykeeperNotHeld)
	}
	g.take(p, p.Amount)
	g.hide("capture:"+p.ID, c.plan)
	return m.done(false)
}
