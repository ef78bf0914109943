package sandbox

import "net/http"

// capturePayment is POST /payments/{id}/capture. It has no idempotency key: whoever gets no answer
// has to look the payment up.
func (g *razorpay) capturePayment(c *call, m *merchant) reply {
	in, bad := readRazorpay(c.body, "amount", "currency")
	if bad != nil {
		return *bad
	}
	if in["amount"] == nil {
		return *required("amount")
	}
	if in["currency"] == nil {
		return *required("currency")
	}
	currency, ok := readText(in["currency"])
	if !ok {
		return razorpayInvalid("currency", "The currency is not supported.")
	}
	amount, bad := readRazorpayAmount(in["amount"], currency)
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
	if text := g.cannotCapture(p, amount, currency); text != "" {
		return razorpayRefusal(http.StatusBadRequest, text)
	}
	g.capture(p, amount, true)
	answer := jsonReply(http.StatusOK, g.paymentView(p, false))
	g.hide("capture:"+p.Entity.ID, c.plan)
	return answer
}

// cannotCapture is why a payment is not captured, in Razorpay's words (Razorpay API docs,
// payments/capture). With the caps off, an amount may be taken twice.
func (g *razorpay) cannotCapture(p *razorpayPayment, amount int64, currency string) string {
	e := &p.Entity
	capped := g.s.capped(g.code())
	switch {
	case e.Currency != currency:
		return "The currency provided does not match the currency of the payment."
	case e.Captured && capped:
		return "This payment has already been captured"
	case !e.Captured && e.Status != "authorized":
		return "Only payments which have been authorized and not yet captured can be captured."
	case amount != e.Amount && capped:
		return "Capture amount must be equal to the amount authorized"
	case !e.Captured && g.orders.get(*e.OrderID).Entity.Status == "paid":
		return "Payment already done for this order."
	}
	return ""
}

// capture takes the money of an authorized payment and pays the order. The caller holds the lock.
func (g *razorpay) capture(p *razorpayPayment, amount int64, webhook bool) {
	e := &p.Entity
	fee, tax := razorpayFee(amount)
	e.Status, e.Captured, e.Fee, e.Tax = "captured", true, &fee, &tax
	p.CapturedAt = g.s.clock().Unix()
	g.payments.put(e.ID, p)
	g.record("capture", e.ID, amount, e.Currency, e.ID, "")
	g.balance(p.Merchant, amount-fee)

	o := g.orders.get(*e.OrderID)
	o.Entity.Status = "paid"
	o.Entity.AmountPaid = e.Amount
	o.Entity.AmountDue = o.Entity.Amount - e.Amount
	g.orders.put(o.Entity.ID, o)
	if webhook {
		g.notify("payment.captured", p, nil)
		g.notify("order.paid", p, nil)
	}
}

// balance moves what a merchant can pay refunds from. The caller holds the lock.
func (g *razorpay) balance(key string, by int64) {
	m := g.s.merchantOf(g.code(), key)
	if m == nil || m.BalanceMinor == nil {
		return
	}
	changed := *m
	left := *m.BalanceMinor + by
	changed.BalanceMinor = &left
	g.s.merchants.put(changed.id(), &changed)
}
