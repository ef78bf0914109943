package sandbox

import (
	"net/http"
	"slices"
)

// sveaPatch is what PATCH of an order or a row may say. CancelledAmount is a new total, not a difference.
type sveaPatch struct {
	Cancelled bool   `json:"IsCancelled"`
	Amount    *int64 `json:"CancelledAmount"`
}

// verb is what a change is for the merchant: taking back what was delivered, giving the order up, or
// making it smaller.
func (o *sveaOrder) verb(in sveaPatch) string {
	switch {
	case o.Entity.Status == "Delivered":
		return "refund"
	case in.Cancelled || in.Amount != nil && *in.Amount >= o.Entity.Amount:
		return "void"
	}
	return "amount_update"
}

// patchOrder cancels an order or an amount of it.
func (g *svea) patchOrder(c *call, o *sveaOrder) reply {
	var in sveaPatch
	if bad := readSvea(c, &in); bad != nil {
		return *bad
	}
	switch {
	case in.Amount != nil:
		if bad := g.cancelAmount(o, *in.Amount); bad != nil {
			return *bad
		}
	case in.Cancelled:
		if bad := g.cancel(o); bad != nil {
			return *bad
		}
	default:
		return *sveaInvalid("IsCancelled", "IsCancelled or CancelledAmount is needed.")
	}
	return sveaBare(http.StatusNoContent)
}

// cancel gives up everything that can still be given up.
func (g *svea) cancel(o *sveaOrder) *reply {
	if !o.can("CanCancelOrder") {
		return sveaNoAction("CanCancelOrder")
	}
	e := &o.Entity
	if o.kind() == "card" {
		return g.cancelAmount(o, e.Amount)
	}
	var ids []int64
	for _, r := range e.Rows {
		if !r.Cancelled {
			ids = append(ids, r.ID)
		}
	}
	g.dropRows(o, ids)
	return nil
}

// cancelAmount sets the cancelled amount of a card payment. Before the delivery it makes the order
// smaller, after it money goes back that was not settled yet.
func (g *svea) cancelAmount(o *sveaOrder, to int64) *reply {
	e := &o.Entity
	verb := o.verb(sveaPatch{Amount: &to})
	switch {
	case !o.can("CanCancelAmount"):
		return sveaNoAction("CanCancelAmount")
	case to < 0 || to > sveaMost:
		return sveaInvalid("CancelledAmount", "The amount has 1 to 13 digits.")
	case to <= e.Cancelled:
		return sveaInvalid("CancelledAmount", "The amount has to be more than what is cancelled already.")
	case to > e.Amount && g.s.capped(g.code()):
		return sveaInvalid("CancelledAmount", "The amount is more than the order's.")
	}
	change := to - e.Cancelled
	e.Cancelled = to
	switch verb {
	case "refund":
		o.Late += change
		g.record("refund", o, change, o.key())
	case "void":
		g.record("void", o, change, o.key())
	default:
		g.record("amount_update", o, e.Amount-to, o.key())
	}
	if to < e.Amount {
		g.tell(o, "CheckoutOrder.Updated", nil)
		return nil
	}
	for _, d := range e.Deliveries { // the rows come back, not marked as cancelled
		e.Rows = append(e.Rows, d.Rows...)
	}
	e.Deliveries = []sveaDelivery{}
	e.Status, e.SystemStatus = "Cancelled", "Closed"
	g.tell(o, "CheckoutOrder.Closed", map[string]any{"CloseReason": "Cancelled"})
	return nil
}

// cancelRows cancels several rows.
func (g *svea) cancelRows(c *call, o *sveaOrder) reply {
	var in struct {
		IDs []int64 `json:"OrderRowIds"`
	}
	if bad := readSvea(c, &in); bad != nil {
		return *bad
	}
	if len(in.IDs) == 0 {
		return *sveaInvalid("OrderRowIds", "There are no rows.")
	}
	return g.giveUp(o, in.IDs)
}

// giveUp cancels rows, when the order and each of them offer it.
func (g *svea) giveUp(o *sveaOrder, ids []int64) reply {
	if !o.can("CanCancelOrderRow") {
		return *sveaNoAction("CanCancelOrderRow")
	}
	for _, id := range ids {
		if r := o.row(id); r == nil || !slices.Contains(r.Actions, "CanCancelRow") {
			return *sveaNoAction("CanCancelRow")
		}
	}
	g.dropRows(o, ids)
	return sveaBare(http.StatusNoContent)
}

// dropRows marks rows as cancelled and closes the order when none is left. The caller holds the lock.
func (g *svea) dropRows(o *sveaOrder, ids []int64) {
	e := &o.Entity
	var sum int64
	for _, id := range ids {
		if r := o.row(id); r != nil && !r.Cancelled {
			r.Cancelled = true
			sum += r.total()
		}
	}
	e.Cancelled += sum
	g.record("void", o, sum, o.key())
	if slices.ContainsFunc(e.Rows, func(r sveaRow) bool { return !r.Cancelled }) {
		g.tell(o, "CheckoutOrder.Updated", nil)
		return
	}
	e.SystemStatus = "Closed"
	if len(e.Deliveries) > 0 {
		e.Status = "Delivered"
		g.tell(o, "CheckoutOrder.Updated", nil)
		return
	}
	e.Status = "Cancelled"
	g.tell(o, "CheckoutOrder.Closed", map[string]any{"CloseReason": "Cancelled"})
}
