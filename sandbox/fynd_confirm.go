package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
)

// orderOfBody is the order_id of a confirmation, for faults of one order.
func orderOfBody(c *call) string {
	var in struct {
		OrderID string `json:"order_id"`
	}
	_ = json.Unmarshal(c.body, &in) // confirm itself will say what is wrong with it
	return in.OrderID
}

// confirm is confirmPayment: the store says that an order is paid. Amounts here are in the main unit
// of the currency. Once confirmed, an order stays so, and saying it again changes nothing.
func (g *fynd) confirm(c *call) reply {
	var in struct {
		OrderID string `json:"order_id"`
		Methods []struct {
			Mode   string          `json:"mode"`
			Name   string          `json:"name"`
			Amount json.RawMessage `json:"amount"`
			Meta   map[string]any  `json:"meta"`
		} `json:"payment_methods"`
	}
	if unmarshal(c.body, &in) != nil || in.OrderID == "" || len(in.Methods) == 0 {
		return fyndRefusal(http.StatusBadRequest, "order_id and payment_methods are required")
	}
	var texts []string
	for _, method := range in.Methods {
		text := plainText(method.Amount)
		if method.Mode == "" || !isDecimal.MatchString(text) {
			return fyndRefusal(http.StatusBadRequest, "every payment method needs a mode and an amount")
		}
		texts = append(texts, text)
	}

	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payments.get(g.ofOrder[in.OrderID])
	if p == nil {
		made, ok := g.find(in.OrderID, c)
		if !ok {
			return jsonReply(http.StatusNotFound, map[string]any{
				"success": false, "code": "order_not_found", "description": "Order not found", "message": "Order not found",
			})
		}
		made.Order = in.OrderID
		p = made
	}
	if p.Currency == "" {
		p.Currency = "INR"
	}
	var total int64
	for _, text := range texts {
		minor, ok := minorUnits(text, p.Currency)
		if !ok {
			return fyndRefusal(http.StatusBadRequest, text+" is no amount in "+p.Currency)
		}
		total += minor
	}
	if p.AmountMinor != 0 && total != p.AmountMinor {
		return fyndRefusal(http.StatusBadRequest, "The amount is not the order's: "+decimal(p.AmountMinor, p.Currency)+" "+p.Currency)
	}
	message := "Order is already confirmed"
	if p.Confirmed == "" {
		message = "Payment confirmed"
		p.Confirmed = newID("CNF")
		p.Status = "complete"
		g.keep(p)
		g.record("confirm", in.OrderID, total, p.Currency, p.Confirmed, "complete")
	}
	return jsonReply(http.StatusOK, map[string]any{"order_id": in.OrderID, "message": message, "success": true})
}

// showPayment is getPaymentSession.
func (g *fynd) showPayment(c *call) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payments.get(c.PathValue("gid"))
	if p == nil {
		return fyndRefusal(http.StatusNotFound, "transaction not found")
	}
	refunds := []map[string]any{}
	for request, r := range p.Refunds {
		refunds = append(refunds, map[string]any{
			"request_id": request, "amount": r.AmountMinor, "currency": p.Currency, "status": r.Status, "refund_utr": r.UTR, "created": r.Created,
		})
	}
	slices.SortFunc(refunds, func(a, b map[string]any) int {
		if a["request_id"].(string) < b["request_id"].(string) {
			return -1
		}
		return 1
	})
	return jsonReply(http.StatusOK, map[string]any{
		"gid": p.GID, "status": p.Status, "currency": p.Currency, "total_amount": p.AmountMinor,
		"payment_details": []map[string]any{{"payment_id": p.PaymentID, "status": p.Status, "amount": p.AmountMinor}},
		"refund_details":  refunds,
	})
}

// sell tells Fynd of something that is paid: id is the gid, order_id the GoFynd order and order the
// shop's own number.
func (g *fynd) sell(in paymentRequest) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if in.ID != "" {
		if p := g.payments.get(in.ID); p != nil {
			return g.told(p), nil
		}
	}
	p := &fyndPayment{
		GID: in.ID, Order: in.OrderID, AffiliateOrder: in.Order, AmountMinor: in.AmountMinor, Currency: in.Currency,
		Status: map[string]string{"captured": "complete", "failed": "failed", "authorized": "pending"}[in.State],
	}
	if p.GID == "" {
		p.GID = "TR" + randomFrom("0123456789ABCDEF", 18)
	}
	if p.Order == "" {
		p.Order = "FY" + randomFrom("0123456789ABCDEF", 18)
	}
	if p.Status == "" {
		p.Status = "started"
	}
	g.keep(p)
	return g.told(p), nil
}

func (g *fynd) told(p *fyndPayment) map[string]any {
	return map[string]any{
		"gateway": g.code(), "id": p.GID, "gid": p.GID, "order_id": p.Order, "order": p.AffiliateOrder,
		"state": p.Status, "amount_minor": p.AmountMinor, "currency": p.Currency,
	}
}

// move is not Fynd's: its payments move by what extensions report.
func (g *fynd) move(string, string, bool) (any, error) { return nil, errNotMine }
