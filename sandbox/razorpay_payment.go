package sandbox

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// razorpayPayment is one attempt of a buyer to pay.
type razorpayPayment struct {
	Merchant    string        `json:"merchant"`
	ExpiresAt   int64         `json:"expires_at,omitempty"`   // unix; uncaptured by then, the buyer gets it back
	CapturedAt  int64         `json:"captured_at,omitempty"`  // unix
	RefundError string        `json:"refund_error,omitempty"` // what every refund of it is answered with
	Customer    string        `json:"customer,omitempty"`
	Entity      paymentEntity `json:"entity"`
}

// paymentEntity is a payment as Razorpay writes it (Razorpay API docs, payments/entity).
type paymentEntity struct {
	ID               string          `json:"id"`
	Entity           string          `json:"entity"`
	Amount           int64           `json:"amount"`
	Currency         string          `json:"currency"`
	Status           string          `json:"status"` // created, authorized, captured, refunded, failed
	OrderID          *string         `json:"order_id"`
	InvoiceID        *string         `json:"invoice_id"`
	International    bool            `json:"international"`
	Method           string          `json:"method"`
	AmountRefunded   int64           `json:"amount_refunded"`
	RefundStatus     *string         `json:"refund_status"` // null, partial, full
	Captured         bool            `json:"captured"`
	Description      *string         `json:"description"`
	CardID           *string         `json:"card_id"`
	Card             *cardEntity     `json:"card,omitempty"` // when it is asked for, and in webhooks
	Bank             *string         `json:"bank"`
	Wallet           *string         `json:"wallet"`
	VPA              *string         `json:"vpa"`
	Email            string          `json:"email"`
	Contact          string          `json:"contact"`
	Notes            json.RawMessage `json:"notes"`
	Fee              *int64          `json:"fee"` // null until captured
	Tax              *int64          `json:"tax"`
	ErrorCode        *string         `json:"error_code"`
	ErrorDescription *string         `json:"error_description"`
	ErrorSource      *string         `json:"error_source"`
	ErrorStep        *string         `json:"error_step"`
	ErrorReason      *string         `json:"error_reason"`
	AcquirerData     map[string]any  `json:"acquirer_data"`
	CreatedAt        int64           `json:"created_at"`
}

type cardEntity struct {
	ID            string  `json:"id"`
	Entity        string  `json:"entity"`
	Name          string  `json:"name"`
	Last4         string  `json:"last4"`
	Network       string  `json:"network"`
	Type          string  `json:"type"`
	Issuer        *string `json:"issuer"`
	International bool    `json:"international"`
	EMI           bool    `json:"emi"`
	SubType       string  `json:"sub_type"`
	TokenIIN      *string `json:"token_iin"`
	IIN           string  `json:"iin,omitempty"`
}

// bankAnswer is how long a bank may take; a payment still created by then has failed, and one that
// fails may yet be authorized later (Razorpay docs, late-authorisation).
const bankAnswer = 10 * time.Minute

// watch has the clock fail a payment the bank never answered, and give back one nobody captured.
// The caller holds the lock, or nobody else is there yet.
func (g *razorpay) watch(p *razorpayPayment) {
	id := p.Entity.ID
	switch p.Entity.Status {
	case "created":
		due := time.Unix(p.Entity.CreatedAt, 0).Add(bankAnswer)
		g.s.timeline.at(due, func() { g.onTime(id, "created", func(p *razorpayPayment) { g.fail(p, "payment_timed_out", true) }) })
	case "authorized":
		due := time.Unix(p.ExpiresAt, 0)
		g.s.timeline.at(due, func() { g.onTime(id, "authorized", func(p *razorpayPayment) { g.giveBack(p, true) }) })
	}
}

// onTime does what the clock brings to a payment that is still in that state.
func (g *razorpay) onTime(id, state string, do func(*razorpayPayment)) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if p := g.payments.get(id); p.Entity.Status == state {
		do(p)
	}
}

// authorize makes the bank say yes. Unless the shop captures by hand, the payment is captured at
// once; when another payment has won the order, the money goes straight back. The caller holds the
// lock.
func (g *razorpay) authorize(p *razorpayPayment, byHand, webhook bool) {
	p.Entity.Status = "authorized"
	p.Entity.ErrorCode, p.Entity.ErrorDescription = nil, nil
	p.Entity.ErrorSource, p.Entity.ErrorStep, p.Entity.ErrorReason = nil, nil, nil
	o := g.orders.get(*p.Entity.OrderID)
	p.ExpiresAt = g.s.clock().Add(time.Duration(o.Window) * time.Minute).Unix()
	g.payments.put(p.Entity.ID, p)
	g.record("payment", p.Entity.ID, p.Entity.Amount, p.Entity.Currency, p.Entity.ID, "")
	if webhook {
		g.notify("payment.authorized", p, nil)
	}
	switch {
	case o.Entity.Status == "paid":
		g.giveBack(p, webhook)
	case !byHand:
		g.capture(p, p.Entity.Amount, webhook)
	default:
		g.watch(p)
	}
}

// fail makes the bank say no. The caller holds the lock.
func (g *razorpay) fail(p *razorpayPayment, reason string, webhook bool) {
	p.Entity.setFailed(reason)
	g.payments.put(p.Entity.ID, p)
	if webhook {
		g.notify("payment.failed", p, nil)
	}
}

// failures are the descriptions of reasons other than a bank that just said no (Razorpay docs,
// payments/test-card-details).
var failures = map[string]string{
	"payment_timed_out": "Payment was not completed on time.",
	"payment_cancelled": "You may have cancelled the payment or there was a delay in response from the bank page.",
}

// setFailed sets the words of a failed payment.
func (e *paymentEntity) setFailed(reason string) {
	code, text, source, step := "BAD_REQUEST_ERROR", cmp.Or(failures[reason], "Payment failed"), "bank", "payment_authorization"
	e.Status = "failed"
	e.ErrorCode, e.ErrorDescription = &code, &text
	e.ErrorSource, e.ErrorStep, e.ErrorReason = &source, &step, &reason
}

// giveBack refunds an authorized payment that was never captured. The caller holds the lock.
func (g *razorpay) giveBack(p *razorpayPayment, webhook bool) {
	g.refund(p, refundOrder{amount: p.Entity.Amount, speed: "normal"}, webhook)
}

// record writes an effect into the ledger. The caller holds the lock.
func (g *razorpay) record(verb, payment string, amount int64, currency, ref, key string) {
	g.s.record(Entry{
		Gateway: g.code(), Verb: verb, Payment: payment, AmountMinor: amount, Currency: currency,
		Ref: ref, IdempotencyKey: key,
	})
}

// paymentView is a payment as lookups show it. The caller holds the lock.
func (g *razorpay) paymentView(p *razorpayPayment, card bool) paymentEntity {
	view := p.Entity
	if !card {
		view.Card = nil
	}
	hidden := int64(0)
	for _, id := range g.refundsOf[view.ID] {
		if r := g.refunds.get(id); r.Entity.Status != "failed" && !g.visible(id) {
			hidden += r.Entity.Amount
		}
	}
	if hidden > 0 {
		view.AmountRefunded -= hidden
		view.setRefunded(p.Entity.Captured)
	}
	if p.Entity.Captured && !g.visible("capture:"+view.ID) {
		view.Status, view.Captured, view.Fee, view.Tax = "authorized", false, nil, nil
	}
	return view
}

// setRefunded sets the words that follow from the refunded amount.
func (e *paymentEntity) setRefunded(captured bool) {
	full, partial := "full", "partial"
	switch {
	case e.AmountRefunded >= e.Amount:
		e.Status, e.RefundStatus = "refunded", &full
	case e.AmountRefunded > 0:
		e.Status, e.RefundStatus = "captured", &partial
	default:
		e.Status, e.RefundStatus = "captured", nil
	}
	if !captured && e.Status != "refunded" {
		e.Status = "authorized"
	}
}

// payment finds a payment of a merchant, or says what Razorpay says. The caller holds the lock.
func (g *razorpay) payment(m *merchant, id string) (*razorpayPayment, *reply) {
	if !razorpayID.MatchString(id) {
		return nil, &razorpayMalformed
	}
	p := g.payments.get(id)
	if p == nil || p.Merchant != m.KeyID || !g.visible(id) {
		return nil, &razorpayNoSuchID
	}
	return p, nil
}

func (g *razorpay) showPayment(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p, bad := g.payment(m, c.PathValue("id"))
	if bad != nil {
		return *bad
	}
	return jsonReply(http.StatusOK, g.paymentView(p, slices.Contains(c.URL.Query()["expand[]"], "card")))
}

func (g *razorpay) showCard(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p, bad := g.payment(m, c.PathValue("id"))
	if bad != nil {
		return *bad
	}
	if p.Entity.Card == nil {
		return razorpayInvalid("", "The payment is not a card payment.")
	}
	return jsonReply(http.StatusOK, p.Entity.Card)
}

func (g *razorpay) listPayments(c *call, m *merchant) reply {
	card := slices.Contains(c.URL.Query()["expand[]"], "card")
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	return listing(c, g.payments, func(id string, p *razorpayPayment) (paymentEntity, bool) {
		return g.paymentView(p, card), p.Merchant == m.KeyID && g.visible(id)
	}, func(p paymentEntity) int64 { return p.CreatedAt })
}

func (g *razorpay) notePayment(c *call, m *merchant) reply {
	notes, bad := readNotesOnly(c.body)
	if bad != nil {
		return *bad
	}
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p, bad := g.payment(m, c.PathValue("id"))
	if bad != nil {
		return *bad
	}
	p.Entity.Notes = notes
	g.payments.put(p.Entity.ID, p)
	return jsonReply(http.StatusOK, g.paymentView(p, false))
}
