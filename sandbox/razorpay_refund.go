package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// razorpayRefund is money on its way back to a buyer.
type razorpayRefund struct {
	Merchant string       `json:"merchant"`
	DueAt    time.Time    `json:"due_at"`           // when a pending one is decided
	Fails    bool         `json:"fails,omitempty"`  // it will fail then
	Silent   bool         `json:"silent,omitempty"` // it sends no webhooks
	Entity   refundEntity `json:"entity"`
}

// refundEntity is a refund as Razorpay writes it (Razorpay API docs, refunds/entity).
type refundEntity struct {
	ID             string          `json:"id"`
	Entity         string          `json:"entity"`
	Amount         int64           `json:"amount"`
	Currency       string          `json:"currency"`
	PaymentID      string          `json:"payment_id"`
	Notes          json.RawMessage `json:"notes"`
	Receipt        *string         `json:"receipt"`
	AcquirerData   map[string]any  `json:"acquirer_data"`
	CreatedAt      int64           `json:"created_at"`
	BatchID        *string         `json:"batch_id"`
	Status         string          `json:"status"`          // pending, processed, failed
	SpeedProcessed *string         `json:"speed_processed"` // null, normal, instant
	SpeedRequested string          `json:"speed_requested"` // normal, optimum
}

// refundOrder is what a shop asks for.
type refundOrder struct {
	whole   bool // all that is left
	amount  int64
	raw     json.RawMessage
	speed   string
	notes   json.RawMessage
	receipt *string
	key     string
	plan    plan
}

func (g *razorpay) refundPayment(c *call, m *merchant) reply {
	in, bad := readRazorpay(c.body, "amount", "speed", "notes", "receipt")
	if bad != nil {
		return *bad
	}
	return g.refundOnce(c, m, c.PathValue("id"), in)
}

// refundByBody is POST /refunds, the same with the payment's id in the body.
func (g *razorpay) refundByBody(c *call, m *merchant) reply {
	in, bad := readRazorpay(c.body, "payment_id", "amount", "speed", "notes", "receipt")
	if bad != nil {
		return *bad
	}
	if in["payment_id"] == nil {
		return *required("payment_id")
	}
	return g.refundOnce(c, m, paymentOfBody(c), in)
}

// paymentOfBody is the payment_id of a body, or "".
func paymentOfBody(c *call) string {
	var in struct {
		PaymentID string `json:"payment_id"`
	}
	_ = json.Unmarshal(c.body, &in) // who reads the whole body will say what is wrong with it
	return in.PaymentID
}

// refundOnce makes a refund, or gives back the one its idempotency key has made already.
func (g *razorpay) refundOnce(c *call, m *merchant, payment string, in map[string]json.RawMessage) reply {
	order, bad := readRefund(in)
	if bad != nil {
		return *bad
	}
	order.plan = c.plan
	known, release, bad := g.hold(c, m)
	if bad != nil {
		return *bad
	}
	defer release()

	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if known != "" {
		return jsonReply(http.StatusOK, g.refunds.get(known).Entity)
	}
	p, bad := g.payment(m, payment)
	if bad != nil {
		return *bad
	}
	if bad := g.cannotRefund(p, &order, m); bad != nil {
		return *bad
	}
	order.key = c.Header.Get(idempotencyHeader)
	r := g.refund(p, order, true)
	g.remember(c, m, r.Entity.ID)
	g.hide(r.Entity.ID, c.plan)
	return jsonReply(http.StatusOK, r.Entity)
}

// readRefund checks what does not need the payment.
func readRefund(in map[string]json.RawMessage) (refundOrder, *reply) {
	order := refundOrder{speed: "normal", whole: in["amount"] == nil, raw: in["amount"]}
	refuse := func(field, text string) (refundOrder, *reply) {
		bad := razorpayInvalid(field, text)
		return order, &bad
	}
	if raw := in["speed"]; raw != nil {
		speed, ok := readText(raw)
		if !ok || speed != "normal" && speed != "optimum" {
			return refuse("speed", "The speed is not valid.")
		}
		order.speed = speed
	}
	notes, ok := readNotes(in["notes"])
	if !ok {
		return refuse("notes", "Notes validation failed.")
	}
	order.notes = notes
	if raw := in["receipt"]; raw != nil && string(raw) != "null" {
		receipt, ok := readText(raw)
		if !ok || len(receipt) > 40 {
			return refuse("receipt", "The receipt may not be greater than 40 characters.")
		}
		order.receipt = &receipt
	}
	return order, nil
}

// cannotRefund is why a payment is not refunded, in Razorpay's words (Razorpay docs,
// refunds/create-normal, refunds/errors), and settles the amount. With the caps off, more can go
// back than came in.
func (g *razorpay) cannotRefund(p *razorpayPayment, order *refundOrder, m *merchant) *reply {
	refuse := func(answer reply) *reply { return &answer }
	e := &p.Entity
	if !order.whole {
		amount, bad := readRazorpayAmount(order.raw, e.Currency)
		if bad != nil {
			return bad
		}
		order.amount = amount
	}
	capped := g.s.capped(g.code())
	left := e.Amount - e.AmountRefunded
	if order.whole {
		order.amount = left
	}
	switch {
	case p.RefundError != "":
		return refuse(razorpayError{Code: "BAD_REQUEST_ERROR", Description: p.RefundError}.reply(http.StatusBadRequest))
	case order.receipt != nil && !order.plan.duplicates && g.receiptUsed(e.ID, *order.receipt):
		return refuse(razorpayRefusal(http.StatusBadRequest, "Duplicate receipt found for this refund request."))
	case !e.Captured:
		return refuse(razorpayRefusal(http.StatusBadRequest, "The payment status should be captured for action to be taken."))
	case left <= 0 && (capped || order.whole):
		return refuse(razorpayRefusal(http.StatusBadRequest, "The payment has been fully refunded already."))
	case order.amount > left && capped:
		return refuse(razorpayRefusal(http.StatusBadRequest, "The total refund amount is greater than the refund payment amount"))
	}
	if now := g.s.merchantOf(g.code(), m.KeyID); now.BalanceMinor != nil && *now.BalanceMinor < order.amount {
		text := "Your account does not have enough balance to carry out the refund operation. You can add funds to " +
			"your account from your Razorpay dashboard or capture new payments."
		if strings.HasPrefix(m.KeyID, "rzp_test_") {
			text = "invalid request sent" // what test mode says instead
		}
		return refuse(razorpayRefusal(http.StatusBadRequest, text))
	}
	return nil
}

func (g *razorpay) receiptUsed(payment, receipt string) bool {
	return slices.ContainsFunc(g.refundsOf[payment], func(id string) bool {
		used := g.refunds.get(id).Entity.Receipt
		return used != nil && *used == receipt
	})
}

// refund sends money back. It starts pending and the clock decides it. The caller holds the lock.
func (g *razorpay) refund(p *razorpayPayment, order refundOrder, webhook bool) *razorpayRefund {
	now := g.s.clock()
	after := g.s.cfg.WebhookDelay + g.s.cfg.RefundDelay
	if order.plan.fails && order.plan.failsAfter > 0 {
		after = order.plan.failsAfter
	}
	if order.notes == nil {
		order.notes = json.RawMessage("[]")
	}
	r := &razorpayRefund{
		Merchant: p.Merchant, DueAt: now.Add(after), Fails: order.plan.fails, Silent: !webhook,
		Entity: refundEntity{
			ID: newID("rfnd_"), Entity: "refund", Amount: order.amount, Currency: p.Entity.Currency,
			PaymentID: p.Entity.ID, Notes: order.notes, Receipt: order.receipt, Status: "pending",
			SpeedRequested: order.speed, AcquirerData: bankReference(p.Entity.Method, false), CreatedAt: now.Unix(),
		},
	}
	g.refunds.put(r.Entity.ID, r)
	g.addUp(p)
	g.record("refund", p.Entity.ID, order.amount, p.Entity.Currency, r.Entity.ID, order.key)
	if p.Entity.Captured {
		g.balance(p.Merchant, -order.amount)
	}
	if webhook {
		g.notify("refund.created", p, r)
	}
	g.process(r)
	return r
}

// addUp sets what a payment says of its refunds. The caller holds the lock.
func (g *razorpay) addUp(p *razorpayPayment) {
	p.Entity.AmountRefunded = 0
	for _, id := range g.refundsOf[p.Entity.ID] {
		if r := g.refunds.get(id); r.Entity.Status != "failed" {
			p.Entity.AmountRefunded += r.Entity.Amount
		}
	}
	p.Entity.setRefunded(p.Entity.Captured)
	g.payments.put(p.Entity.ID, p)
}

// process has the clock decide a pending refund. The caller holds the lock.
func (g *razorpay) process(r *razorpayRefund) {
	id := r.Entity.ID
	g.s.timeline.at(r.DueAt, func() {
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		if r := g.refunds.get(id); r.Entity.Status == "pending" {
			state := "processed"
			if r.Fails {
				state = "failed"
			}
			g.settle(r, state, !r.Silent)
		}
	})
}

// settle decides a refund. A failed one gives its money back to the merchant, and the ledger says
// so. The caller holds the lock.
func (g *razorpay) settle(r *razorpayRefund, state string, webhook bool) {
	p := g.payments.get(r.Entity.PaymentID)
	r.Entity.Status = state
	if state == "processed" {
		speed := map[string]string{"normal": "normal", "optimum": "instant"}[r.Entity.SpeedRequested]
		r.Entity.SpeedProcessed = &speed
		r.Entity.AcquirerData = bankReference(p.Entity.Method, true)
	}
	g.refunds.put(r.Entity.ID, r)
	if state == "failed" {
		g.addUp(p)
		g.record("refund_failed", p.Entity.ID, r.Entity.Amount, r.Entity.Currency, r.Entity.ID, "")
		if p.Entity.Captured {
			g.balance(p.Merchant, r.Entity.Amount)
		}
	}
	if webhook {
		g.notify("refund."+state, p, r)
	}
}

// bankReference is the acquirer_data of a refund: the bank's number once there is one.
func bankReference(method string, known bool) map[string]any {
	name, length := "arn", 14
	if method == "upi" {
		name, length = "rrn", 12
	}
	if !known {
		return map[string]any{name: nil}
	}
	return map[string]any{name: randomFrom("0123456789", length)}
}
