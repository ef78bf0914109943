package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// The only words Fynd takes for a payment and for a refund (Fynd docs, payment extension).
var (
	fyndPaymentWords = []string{"started", "pending", "complete", "failed"}
	fyndRefundWords  = []string{
		"refund_initiated", "refund_pending", "refund_done", "refund_failed", "refund_rejected", "refund_disputed",
	}
)

// sessionUpdate is what both updates have in common.
type sessionUpdate struct {
	GID         string                       `json:"gid"`
	Status      string                       `json:"status"`
	Currency    string                       `json:"currency"`
	TotalAmount int64                        `json:"total_amount"`
	Payments    json.RawMessage              `json:"payment_details"`
	Order       map[string]json.RawMessage   `json:"order_details"`
	Refunds     []map[string]json.RawMessage `json:"refund_details"`
}

// readUpdate checks the common part of an update; words are those its status may be.
func (g *fynd) readUpdate(c *call, words []string) (sessionUpdate, *reply) {
	refuse := func(text string) (sessionUpdate, *reply) {
		bad := fyndRefusal(http.StatusBadRequest, text)
		return sessionUpdate{}, &bad
	}
	var members map[string]json.RawMessage
	if unmarshal(c.body, &members) != nil {
		return refuse("The body is not a JSON object")
	}
	if text := missing("", members, []member{
		{"gid", "text"}, {"status", "text"}, {"currency", "text"}, {"total_amount", "number"}, {"checksum", "text"},
	}); text != "" {
		return refuse(text)
	}
	var in sessionUpdate
	if err := unmarshal(c.body, &in); err != nil {
		return refuse("The body is not what this update takes")
	}
	g.s.mu.Lock()
	secret := g.secretOf(c)
	g.s.mu.Unlock()
	switch {
	case in.GID != c.PathValue("gid"):
		return refuse("gid is not the one of the path")
	case secret != "" && !rightChecksum(c.body, secret):
		return refuse("Invalid checksum")
	case !slices.Contains(words, in.Status):
		return refuse(fmt.Sprintf("status %q is not one of %v", in.Status, words))
	}
	return in, nil
}

// updatePayment is updatePaymentSession. The same update again is answered the same and changes nothing.
func (g *fynd) updatePayment(c *call) reply {
	in, bad := g.readUpdate(c, fyndPaymentWords)
	if bad != nil {
		return *bad
	}
	var payments []map[string]json.RawMessage
	if unmarshal(in.Payments, &payments) != nil || len(payments) == 0 {
		return fyndRefusal(http.StatusBadRequest, `"payment_details" must be a list of objects`)
	}
	if text := missing("order_details.", in.Order, fyndOrderMembers); text != "" {
		return fyndRefusal(http.StatusBadRequest, text)
	}
	for _, payment := range payments {
		if text := missing("payment_details.", payment, fyndPaymentMembers); text != "" {
			return fyndRefusal(http.StatusBadRequest, text)
		}
	}
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p, ok := g.find(in.GID, c)
	if !ok {
		return fyndRefusal(http.StatusNotFound, "transaction not found")
	}
	switch {
	case p.Status == "complete" && in.Status != "complete":
		return fyndRefusal(http.StatusConflict, "A complete payment does not become "+in.Status)
	case p.Extension != "" && (p.AmountMinor != in.TotalAmount || p.Currency != in.Currency):
		return fyndRefusal(http.StatusBadRequest, fmt.Sprintf("total_amount is not what was asked for: %d %s", p.AmountMinor, p.Currency))
	}
	paymentID, _ := readText(payments[0]["payment_id"])
	var drawn int64
	for _, payment := range payments {
		one, _ := strconv.ParseInt(string(payment["amount_captured"]), 10, 64) // missing has read it
		drawn += one
	}
	if p.Status != in.Status || p.AmountMinor != in.TotalAmount || p.PaymentID != paymentID || p.DrawnMinor != drawn {
		p.Status, p.AmountMinor, p.Currency, p.PaymentID, p.DrawnMinor = in.Status, in.TotalAmount, in.Currency, paymentID, drawn
		if p.Transaction == "" {
			p.Transaction = newID("TR")
		}
		p.tell(g.s.clock(), "told that it is "+in.Status+", "+decimal(drawn, in.Currency)+" drawn")
		g.keep(p)
		g.record("payment_session", p.GID, in.TotalAmount, in.Currency, paymentID, in.Status)
	}
	return jsonReply(http.StatusOK, map[string]any{
		"gid": p.GID, "status": p.Status, "total_amount": p.AmountMinor, "currency": p.Currency, "pf_order_id": p.Order,
		"platform_transaction_details": []map[string]string{
			{"object": "platform_payment", "transaction_id": p.Transaction, "payment_id": p.PaymentID},
		},
	})
}

// updateRefund is updateRefundSession. The same update again is answered the same and changes nothing.
func (g *fynd) updateRefund(c *call) reply {
	in, bad := g.readUpdate(c, fyndRefundWords)
	if bad != nil {
		return *bad
	}
	var payment map[string]json.RawMessage
	if unmarshal(in.Payments, &payment) != nil || payment == nil {
		return fyndRefusal(http.StatusBadRequest, `"payment_details" must be an object`)
	}
	if text := missing("payment_details.", payment, fyndPaymentMembers); text != "" {
		return fyndRefusal(http.StatusBadRequest, text)
	}
	request := c.PathValue("request")
	refund, bad := readFyndRefund(in.Refunds, request)
	if bad != nil {
		return *bad
	}
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p, ok := g.find(in.GID, c)
	if !ok {
		return fyndRefusal(http.StatusNotFound, "transaction not found")
	}
	known := p.Refunds[request]
	if known.Status == "refund_done" && refund.Status != "refund_done" && refund.Status != "refund_disputed" {
		return fyndRefusal(http.StatusConflict, "A refund that is done does not become "+refund.Status)
	}
	refund.RefundID = known.RefundID
	if refund.Created = cmp.Or(known.Created, refund.Created); refund != known {
		if refund.RefundID == "" {
			refund.RefundID = newID("RF")
		}
		p.refund(request, refund)
		p.tell(g.s.clock(), "told that refund "+request+" is "+refund.Status)
		if p.Currency == "" {
			p.Currency = in.Currency
		}
		g.keep(p)
		g.record("refund_session", p.GID, refund.AmountMinor, in.Currency, request, refund.Status)
		g.closeLoop(p, request, refund, in.Currency, c.PathValue("company"))
	}
	return jsonReply(http.StatusOK, map[string]any{
		"gid": p.GID, "status": refund.Status, "currency": in.Currency, "total_refund_amount": refund.AmountMinor,
		"pf_order_id":             p.Order,
		"platform_refund_details": []map[string]string{{"transaction_id": request, "refund_id": refund.RefundID}},
	})
}

// readFyndRefund is what an update says of the refund request of its path.
func readFyndRefund(list []map[string]json.RawMessage, request string) (fyndRefund, *reply) {
	refuse := func(text string) (fyndRefund, *reply) {
		bad := fyndRefusal(http.StatusBadRequest, text)
		return fyndRefund{}, &bad
	}
	for _, one := range list {
		if text := missing("refund_details.", one, fyndRefundMembers); text != "" {
			return refuse(text)
		}
		if id, _ := readText(one["request_id"]); id != request {
			continue
		}
		var r fyndRefund
		r.Status, _ = readText(one["status"])
		r.UTR, _ = readText(one["refund_utr"])
		r.Created, _ = readText(one["created"])
		r.AmountMinor, _ = strconv.ParseInt(string(one["amount"]), 10, 64) // missing has read it
		if !slices.Contains(fyndRefundWords, r.Status) {
			return refuse(fmt.Sprintf("status %q is not one of %v", r.Status, fyndRefundWords))
		}
		return r, nil
	}
	return refuse("refund_details has nothing about request " + request)
}
