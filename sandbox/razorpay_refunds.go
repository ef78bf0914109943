package sandbox

import (
	"net/http"
	"slices"
)

// refundByID finds a refund of a merchant, or says what Razorpay says. The caller holds the lock.
func (g *razorpay) refundByID(m *merchant, id string) (*razorpayRefund, *reply) {
	if !razorpayID.MatchString(id) {
		return nil, &razorpayMalformed
	}
	r := g.refunds.get(id)
	if r == nil || r.Merchant != m.KeyID || !g.visible(id) {
		return nil, &razorpayNoSuchID
	}
	return r, nil
}

// paymentOfRefund is the payment of the refund in a path, for faults of that payment.
func (g *razorpay) paymentOfRefund(c *call) string {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if r := g.refunds.get(c.PathValue("id")); r != nil {
		return r.Entity.PaymentID
	}
	return ""
}

func (g *razorpay) showRefund(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	r, bad := g.refundByID(m, c.PathValue("id"))
	if bad != nil {
		return *bad
	}
	return jsonReply(http.StatusOK, r.Entity)
}

func (g *razorpay) showPaymentRefund(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	r, bad := g.refundByID(m, c.PathValue("refund"))
	if bad != nil {
		return *bad
	}
	if r.Entity.PaymentID != c.PathValue("id") {
		return razorpayNoSuchID
	}
	return jsonReply(http.StatusOK, r.Entity)
}

func (g *razorpay) listRefunds(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	return listing(c, g.refunds, g.refundIn(m), func(r refundEntity) int64 { return r.CreatedAt })
}

// refundIn says which refunds of a list a merchant sees.
func (g *razorpay) refundIn(m *merchant) func(string, *razorpayRefund) (refundEntity, bool) {
	return func(id string, r *razorpayRefund) (refundEntity, bool) {
		return r.Entity, r.Merchant == m.KeyID && g.visible(id)
	}
}

// listPaymentRefunds is the refunds of one payment, youngest first: where a lost answer is found
// again by its receipt.
func (g *razorpay) listPaymentRefunds(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if _, bad := g.payment(m, c.PathValue("id")); bad != nil {
		return *bad
	}
	own := &table[razorpayRefund]{rows: g.refunds.rows, ids: slices.Clone(g.refundsOf[c.PathValue("id")])}
	return listing(c, own, g.refundIn(m), func(r refundEntity) int64 { return r.CreatedAt })
}

func (g *razorpay) noteRefund(c *call, m *merchant) reply {
	notes, bad := readNotesOnly(c.body)
	if bad != nil {
		return *bad
	}
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	r, bad := g.refundByID(m, c.PathValue("id"))
	if bad != nil {
		return *bad
	}
	r.Entity.Notes = notes
	g.refunds.put(r.Entity.ID, r)
	return jsonReply(http.StatusOK, r.Entity)
}
