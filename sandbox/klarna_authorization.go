package sandbox

import (
	"net/http"
	"slices"
	"time"
)

// cancelOrder gives a whole authorization back. It is refused once something is captured.
func (g *klarna) cancelOrder(c *call, o *klarnaOrder) reply {
	e := &o.Entity
	switch {
	case e.Status == "CANCELLED":
		return klarnaReply(http.StatusNoContent, nil) // again changes nothing
	case e.Captured > 0:
		return klarnaForbidden("CANCEL_NOT_ALLOWED", "Order has previous captures. Cancel not possible.")
	case e.Status != "AUTHORIZED":
		return klarnaForbidden("CANCEL_NOT_ALLOWED", "Cancel not allowed")
	}
	g.record("void", o, e.Remaining, e.ID, c.Header.Get(klarnaKeyHeader))
	o.cancel()
	return klarnaReply(http.StatusNoContent, nil)
}

// cancel sets the status only: Klarna goes on showing the amount that was authorized as remaining.
func (o *klarnaOrder) cancel() { o.Entity.Status = "CANCELLED" }

// releaseRest gives back what is authorized and not captured.
func (g *klarna) releaseRest(c *call, o *klarnaOrder) reply {
	e := &o.Entity
	switch {
	case e.Status == "CAPTURED":
		return klarnaReply(http.StatusNoContent, nil) // nothing is left
	case e.Status != "PART_CAPTURED":
		return klarnaForbidden("NOT_ALLOWED", "Update not allowed.")
	}
	g.record("void", o, e.Remaining, e.ID, c.Header.Get(klarnaKeyHeader))
	e.Remaining = 0
	o.settle()
	return klarnaReply(http.StatusNoContent, nil)
}

// canGrow are the ways of paying whose authorization can be raised, in these countries (Klarna docs,
// view and change orders).
var (
	canGrow   = []string{"INVOICE", "B2B_INVOICE", "INVOICE_BUSINESS", "BASE_ACCOUNT", "ACCOUNT", "DIRECT_DEBIT", "FIXED_AMOUNT"}
	growsHere = []string{"AT", "DE", "DK", "FI", "FR", "NL", "NO", "SE"}
)

// updateAuthorization sets another amount and other lines. Lines that are not sent are gone.
func (g *klarna) updateAuthorization(c *call, o *klarnaOrder) reply {
	var in struct {
		Amount      *int64       `json:"order_amount"`
		Description string       `json:"description"`
		Lines       []klarnaLine `json:"order_lines"`
	}
	if bad := readKlarna(c, &in); bad != nil {
		return *bad
	}
	switch bad := badText(in.Description, "") + badLine(in.Lines); {
	case in.Amount == nil || *in.Amount < 0 || *in.Amount > klarnaMost:
		return klarnaBadValue("order_amount")
	case bad != "":
		return klarnaBadValue(bad)
	}
	e := &o.Entity
	amount, capped := *in.Amount, g.s.capped(g.code())
	grows := amount > e.Captured+e.Remaining
	switch {
	case !o.open() || e.Fraud != "ACCEPTED":
		return klarnaForbidden("NOT_ALLOWED", "Update not allowed.")
	case amount < e.Captured && capped:
		return klarnaForbidden("NOT_ALLOWED", "Resulting authorization amount %d cannot be less than the captured amount %d "+
			"for order. Order authorization cannot be updated", amount, e.Captured)
	case grows && capped && (o.FailIncrease || !slices.Contains(canGrow, e.Method.Type) || !slices.Contains(growsHere, e.Country)):
		return klarnaForbidden("NOT_ALLOWED", "Update not allowed.")
	}
	e.Amount, e.Remaining, e.Lines = amount, max(0, amount-e.Captured), atLeastEmpty(in.Lines)
	o.settle()
	g.record("amount_update", o, amount, e.ID, c.Header.Get(klarnaKeyHeader))
	return klarnaReply(http.StatusNoContent, nil)
}

// extendTime lets the authorization hold its time once more from today, up to 180 days in all.
func (g *klarna) extendTime(_ *call, o *klarnaOrder) reply {
	e := &o.Entity
	byCard := e.Method.Type == "CARD" || e.Method.Type == "PAY_BY_CARD" || e.Method.Type == "FIXED_SUM_CREDIT" && e.Country == "US"
	switch {
	case e.Status == "EXPIRED":
		return klarnaForbidden("NOT_ALLOWED", "Order is expired. Authorization time cannot be extended.")
	case !o.open() || e.Fraud != "ACCEPTED" || byCard || o.Kustom:
		return klarnaForbidden("NOT_ALLOWED", "Update not allowed.")
	}
	today := g.s.clock().Truncate(24 * time.Hour)
	until := today.AddDate(0, 0, o.HoldDays+1) // January 15 and 28 days are February 13 (Klarna docs)
	if most := o.created().Truncate(24*time.Hour).AddDate(0, 0, 180); until.After(most) {
		until = most
	}
	if until.After(o.expiry()) {
		e.ExpiresAt = until.Format(klarnaTime)
		g.watch(o)
	}
	return klarnaReply(http.StatusNoContent, nil)
}

func (g *klarna) acknowledge(_ *call, o *klarnaOrder) reply {
	o.Acknowledged = true
	return klarnaReply(http.StatusNoContent, nil)
}

// updateReferences changes the merchant's own numbers; one that is not sent stays as it is.
func (g *klarna) updateReferences(c *call, o *klarnaOrder) reply {
	var in struct {
		Reference1 *string `json:"merchant_reference1"`
		Reference2 *string `json:"merchant_reference2"`
	}
	if bad := readKlarna(c, &in); bad != nil {
		return *bad
	}
	if o.Entity.Status == "CANCELLED" {
		return klarnaForbidden("NOT_ALLOWED", "Order is cancelled. Merchant references cannot be updated.")
	}
	set(&o.Entity.Reference1, in.Reference1)
	set(&o.Entity.Reference2, in.Reference2)
	return klarnaReply(http.StatusNoContent, nil)
}

// updateCustomer changes where the parcel goes. The billing address stays what it was.
func (g *klarna) updateCustomer(c *call, o *klarnaOrder) reply {
	var in struct {
		Shipping *klarnaAddress `json:"shipping_address"`
		Billing  *klarnaAddress `json:"billing_address"`
	}
	if bad := readKlarna(c, &in); bad != nil {
		return *bad
	}
	switch e := &o.Entity; {
	case !o.open() && e.Status != "CAPTURED" || e.Fraud == "PENDING":
		return klarnaForbidden("NOT_ALLOWED", "Update not allowed.")
	case in.Billing != nil && *in.Billing != e.Billing:
		return klarnaForbidden("NOT_ALLOWED", "Billing address cannot be updated for user account order. Customer details cannot be updated.")
	case in.Shipping == nil:
		return klarnaBadValue("shipping_address")
	case in.Shipping.Street == "" || in.Shipping.PostalCode == "" || in.Shipping.Country == "":
		return klarnaRefusal(http.StatusUnprocessableEntity, "INVALID_ADDRESS", "The shipping and/or billing address is invalid")
	default:
		e.Shipping = *in.Shipping
	}
	return klarnaReply(http.StatusNoContent, nil)
}
