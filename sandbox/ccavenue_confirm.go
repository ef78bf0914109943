package sandbox

// ccavenueFailure is an order a list could not do anything with. Some codes end in a blank, as CCAvenue
// writes them.
type ccavenueFailure struct {
	Reference string `json:"reference_no"`
	Reason    string `json:"reason"`
	Code      string `json:"error_code"`
}

type ccavenueResult struct {
	Success int               `json:"success_count"`
	Failed  []ccavenueFailure `json:"failed_List"`
	Desc    string            `json:"error_desc"`
	Code    string            `json:"error_code"`
}

// confirmOrders is confirmOrder: the money of each order, or a part of it, will be settled.
func (g *ccavenue) confirmOrders(c *call, m *merchant, in ccavenueInput) any {
	return g.each(m, in, func(p *ccavenuePayment, amount int64) {
		g.ship(p, amount)
		g.hide("capture:"+p.Ref, c.plan)
		g.misread[p.Ref] = c.plan.ending == modeWrongAmount
	}, true)
}

// cancelOrders is cancelOrder: the money of each order goes back, none of it was taken.
func (g *ccavenue) cancelOrders(c *call, m *merchant, in ccavenueInput) any {
	return g.each(m, in, func(p *ccavenuePayment, _ int64) {
		g.reverse(p, "Cancelled")
		g.hide("void:"+p.Ref, c.plan)
		g.misread[p.Ref] = c.plan.ending == modeWrongAmount
	}, false)
}

// each does something with every unconfirmed order of a list and says which ones it could not
// (CCAvenue API guide, confirm, cancel). The caller holds the lock.
func (g *ccavenue) each(m *merchant, in ccavenueInput, do func(*ccavenuePayment, int64), part bool) ccavenueResult {
	orders := in.orders()
	out := ccavenueResult{Failed: []ccavenueFailure{}}
	if len(orders) == 0 {
		out.Desc, out.Code = "Order List: Required parameter missing", "51205"
		return out
	}
	seen := map[string]bool{}
	for _, order := range orders {
		ref := order.text("reference_no")
		code, amount := g.cannotDecide(m, ref, order.text("amount"), part)
		if seen[ref] {
			code = "51206"
		}
		seen[ref] = true
		if code != "" {
			out.Failed = append(out.Failed, ccavenueFailure{ref, "Order List: Invalid Parameter", code})
			continue
		}
		do(g.payments.get(ref), amount)
		out.Success++
	}
	return out
}

// cannotDecide is the code of why an order is not confirmed or cancelled, or "". With the caps off, more
// can be taken than was authorized, and twice. The caller holds the lock.
func (g *ccavenue) cannotDecide(m *merchant, ref, amount string, part bool) (string, int64) {
	p := g.payment(m, ref)
	if p == nil {
		return "51304 ", 0
	}
	minor, ok := minorUnits(amount, p.Currency)
	capped := g.s.capped(g.code())
	switch {
	case p.Status == "Shipped" && capped, p.Status == "Refunded":
		return "51301", 0
	case p.Status == "Cancelled" || p.Status == "Auto-Cancelled":
		return "51302", 0
	case p.Status != "Successful" && capped:
		return "51303", 0
	case p.Fraud == "High" && part:
		return "51305", 0
	case p.Fraud == "High":
		return "51307", 0
	case !ok || minor == 0 || minor > p.Amount && capped || minor != p.Amount && !part:
		return "51306", 0
	}
	return "", minor
}
