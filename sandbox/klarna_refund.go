package sandbox

import (
	"net/http"
	"time"
)

// klarnaRefund is money given back of what an order's captures took (Klarna Order Management API docs,
// refunds). It is of the order; Klarna spreads it over the captures.
type klarnaRefund struct {
	ID          string       `json:"refund_id"`
	Amount      int64        `json:"refunded_amount"`
	At          string       `json:"refunded_at"`
	Description string       `json:"description"`
	Reference   string       `json:"reference"`
	Lines       []klarnaLine `json:"order_lines"`
}

func (g *klarna) createRefund(c *call, o *klarnaOrder) reply {
	var in struct {
		Amount      *int64       `json:"refunded_amount"`
		Description string       `json:"description"`
		Reference   string       `json:"reference"`
		Lines       []klarnaLine `json:"order_lines"`
	}
	if bad := readKlarna(c, &in); bad != nil {
		return *bad
	}
	switch bad := badText(in.Description, in.Reference) + badLine(in.Lines); {
	case in.Amount == nil || *in.Amount < 0 || *in.Amount > klarnaMost:
		return klarnaBadValue("refunded_amount")
	case bad != "":
		return klarnaBadValue(bad)
	}
	if bad := g.cannotRefund(o, *in.Amount); bad != nil {
		return *bad
	}
	made := klarnaRefund{Amount: *in.Amount, Description: in.Description, Reference: in.Reference, Lines: atLeastEmpty(in.Lines)}
	id := g.refund(o, made, c.Header.Get(klarnaKeyHeader))
	return klarnaReply(http.StatusCreated, nil, "Location", g.address(c, o)+"/refunds/"+id, "Refund-Id", id)
}

// cannotRefund is why an amount is not given back, in Klarna's words. With the caps off, more can go
// back than came in.
func (g *klarna) cannotRefund(o *klarnaOrder, amount int64) *reply {
	refuse := func(text string) *reply {
		bad := klarnaForbidden("REFUND_NOT_ALLOWED", "%s", text)
		return &bad
	}
	e := &o.Entity
	capped := g.s.capped(g.code())
	switch {
	case e.Captured == 0:
		return refuse("Order has no captures. Refund not possible")
	case e.Status == "CLOSED" && capped:
		return refuse("Order is closed. Refund not possible")
	case amount == 0:
		return refuse("Refund not allowed")
	case amount > e.Captured-e.Refunded && capped:
		return refuse("Refunded amount is higher than the captured amount. Refund not possible.")
	}
	return nil
}

// refund gives money back. The order's figure follows at once, those of its captures a little later.
// The caller holds the lock and stores the order.
func (g *klarna) refund(o *klarnaOrder, made klarnaRefund, key string) string {
	e := &o.Entity
	made.ID, made.At = randomUUID(), g.s.clock().Format(klarnaTime)
	e.Refunds = append(e.Refunds, made)
	e.Refunded += made.Amount
	if o.Kustom && e.Status == "CAPTURED" && e.Refunded >= e.Captured {
		e.Status = "CLOSED" // Kustom help, order status; Klarna itself leaves it at CAPTURED
	}
	g.record("refund", o, made.Amount, made.ID, key)
	id := e.ID
	g.s.timeline.at(g.s.clock().Add(g.s.cfg.RefundDelay), func() {
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		o := g.orders.get(id)
		o.allocate()
		g.orders.put(id, o)
	})
	return made.ID
}

// allocate spreads what went back over the captures, oldest first.
func (o *klarnaOrder) allocate() {
	left := o.Entity.Refunded
	for i := range o.Entity.Captures {
		k := &o.Entity.Captures[i]
		k.Refunded = min(left, k.Amount)
		left -= k.Refunded
	}
}

func (g *klarna) showRefund(c *call, o *klarnaOrder) reply {
	id := c.PathValue("refund")
	for _, r := range o.Entity.Refunds {
		if r.ID == id {
			return klarnaReply(http.StatusOK, r)
		}
	}
	if !klarnaID.MatchString(id) {
		return klarnaRefusal(http.StatusBadRequest, "NOT_FOUND", "Refund "+id+" cannot be found for order "+o.Entity.ID)
	}
	return klarnaRefusal(http.StatusNotFound, "NOT_FOUND", "Refund "+id+" cannot be found for order "+o.Entity.ID)
}

// refundedAt is when a refund was made.
func (r klarnaRefund) refundedAt() time.Time {
	at, _ := time.Parse(klarnaTime, r.At) // we wrote it
	return at
}
