package sandbox

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// klarnaPayout is money Klarna has sent to a merchant's bank account, with what it is made of.
type klarnaPayout struct {
	Reference string              `json:"payment_reference"` // on the bank statement
	Merchant  string              `json:"merchant_id"`
	At        time.Time           `json:"payout_date"`
	Currency  string              `json:"currency_code"`
	Rows      []klarnaTransaction `json:"rows"`
}

// klarnaTransaction is one line of a payout (Klarna Settlements API docs, transactions).
type klarnaTransaction struct {
	Type             string `json:"type"` // SALE, RETURN, FEE, TAX, REVERSAL
	DetailedType     string `json:"detailed_type"`
	Amount           int64  `json:"amount"`
	Currency         string `json:"currency_code"`
	OrderID          string `json:"order_id"`
	ShortOrderID     string `json:"short_order_id"`
	CaptureID        string `json:"capture_id,omitempty"`
	RefundID         string `json:"refund_id,omitempty"`
	Reference1       string `json:"merchant_reference1,omitempty"`
	Reference2       string `json:"merchant_reference2,omitempty"`
	CaptureReference string `json:"merchant_capture_reference,omitempty"`
	RefundReference  string `json:"merchant_refund_reference,omitempty"`
	SaleDate         string `json:"sale_date"`
	CaptureDate      string `json:"capture_date"`
	PaymentReference string `json:"payment_reference"`
	Country          string `json:"purchase_country"`
	Method           string `json:"initial_payment_method_type"`
	Reversal         string `json:"reversal_reference,omitempty"`
}

// payout settles everything a merchant has captured and refunded in a currency and not been paid for.
// Rows of the ids in leaveOut are forgotten; the order in dispute is taken back. The caller holds the lock.
func (g *klarna) payout(m *merchant, currency string, leaveOut []string, dispute string) (*klarnaPayout, error) {
	p := &klarnaPayout{
		Reference: randomFrom("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", 8), Merchant: m.KeyID, At: g.s.clock(), Currency: currency,
	}
	settled := map[string]bool{}
	for _, old := range g.payouts.oldest() {
		for _, row := range old.Rows {
			settled[row.CaptureID+row.RefundID] = true
		}
	}
	var fees int64
	for _, o := range g.orders.oldest() {
		if o.Merchant != m.KeyID || o.Entity.Currency != currency {
			continue
		}
		row := p.row(o)
		for _, k := range o.Entity.Captures {
			if !settled[k.ID] && !slices.Contains(leaveOut, k.ID) {
				sale := row("SALE", "PURCHASE", k.Amount, k.capturedAt())
				sale.CaptureID, sale.CaptureReference = k.ID, k.Reference
				p.Rows = append(p.Rows, sale)
				fees += k.Amount * 299 / 10000
			}
		}
		for _, r := range o.Entity.Refunds {
			if !settled[r.ID] && !slices.Contains(leaveOut, r.ID) {
				back := row("RETURN", "PURCHASE_RETURN", r.Amount, r.refundedAt())
				back.RefundID, back.RefundReference = r.ID, r.Reference
				p.Rows = append(p.Rows, back)
			}
		}
		if dispute == o.Entity.ID {
			lost := row("REVERSAL", "PURCHASE_RETURN", o.Entity.Captured-o.Entity.Refunded, p.At)
			lost.Reversal = "krn:klarna:eu1:dispute:goods_not_received:" + randomFrom("0123456789", 8)
			p.Rows = append(p.Rows, lost)
		}
	}
	if len(p.Rows) == 0 {
		return nil, errors.New("there is nothing to pay out")
	}
	last := p.Rows[len(p.Rows)-1]
	for _, fee := range []klarnaTransaction{
		{Type: "FEE", DetailedType: "PURCHASE_FEE_PERCENTAGE", Amount: fees}, {Type: "TAX", DetailedType: "TAX", Amount: (fees + 2) / 4},
	} {
		fee.Currency, fee.PaymentReference, fee.CaptureDate, fee.SaleDate = currency, p.Reference, last.CaptureDate, last.SaleDate
		p.Rows = append(p.Rows, fee)
	}
	g.payouts.put(p.Reference, p)
	return p, nil
}

// row makes the lines of an order in a payout.
func (p *klarnaPayout) row(o *klarnaOrder) func(kind, detail string, amount int64, at time.Time) klarnaTransaction {
	e := &o.Entity
	return func(kind, detail string, amount int64, at time.Time) klarnaTransaction {
		return klarnaTransaction{
			Type: kind, DetailedType: detail, Amount: amount, Currency: e.Currency, OrderID: e.ID, ShortOrderID: e.KlarnaReference,
			Reference1: e.Reference1, Reference2: e.Reference2, SaleDate: e.CreatedAt, CaptureDate: at.Format(klarnaTime),
			PaymentReference: p.Reference, Country: e.Country, Method: e.Method.Type,
		}
	}
}

// totals are the sums of a payout; settlement is what reaches the bank.
func (p *klarnaPayout) totals() map[string]int64 {
	sums := map[string]int64{}
	for _, name := range []string{
		"fee_correction", "fee_refund", "tax_refund", "commission", "commission_reversal", "charge", "credit", "holdback", "release",
		"repay", "deposit", "opening_debt_balance", "closing_debt_balance",
	} {
		sums[name+"_amount"] = 0
	}
	for _, kind := range []string{"SALE", "RETURN", "REVERSAL", "FEE", "TAX"} {
		name := map[string]string{"SALE": "sale", "RETURN": "return", "REVERSAL": "reversal", "FEE": "fee", "TAX": "tax"}[kind] + "_amount"
		sums[name] = 0
		for _, row := range p.Rows {
			if row.Type == kind {
				sums[name] += row.Amount
			}
		}
	}
	sums["settlement_amount"] = sums["sale_amount"] - sums["return_amount"] - sums["reversal_amount"] - sums["fee_amount"] - sums["tax_amount"]
	return sums
}

func (p *klarnaPayout) view(c *call) map[string]any {
	return map[string]any{
		"totals": p.totals(), "payment_reference": p.Reference, "payout_date": p.At.Format(klarnaTime), "currency_code": p.Currency,
		"merchant_settlement_type": "NET", "merchant_id": p.Merchant,
		"transactions": hostOf(c) + "/klarna/settlements/v1/transactions?payment_reference=" + p.Reference,
	}
}

// dated says whether a payout lies within start_date and end_date.
func dated(q url.Values, at time.Time) bool {
	from, err := time.Parse(time.RFC3339, q.Get("start_date"))
	if err == nil && at.Before(from) {
		return false
	}
	to, err := time.Parse(time.RFC3339, q.Get("end_date"))
	return err != nil || !at.After(to)
}

// paged is the part of a list a request asks for, with what Klarna says of the rest.
func paged[T any](c *call, list []T, name string) reply {
	q := c.URL.Query()
	size, _ := strconv.Atoi(cmp.Or(q.Get("size"), "20"))
	offset, _ := strconv.Atoi(cmp.Or(q.Get("offset"), "0"))
	if size < 1 || size > 500 || offset < 0 {
		return klarnaBadValue("size")
	}
	start, end := min(offset, len(list)), min(offset+size, len(list))
	about := map[string]any{"count": end - start, "total": len(list), "offset": offset}
	link := func(offset int) string {
		q.Set("offset", strconv.Itoa(offset))
		return hostOf(c) + c.URL.Path + "?" + q.Encode()
	}
	if end < len(list) {
		about["next"] = link(end)
	}
	if start > 0 {
		about["prev"] = link(max(0, start-size))
	}
	return klarnaReply(http.StatusOK, map[string]any{name: atLeastEmpty(list[start:end]), "pagination": about})
}

func (g *klarna) payoutsOf(c *call, m *merchant) []*klarnaPayout {
	var list []*klarnaPayout
	for _, p := range g.payouts.newest() {
		q := c.URL.Query()
		if p.Merchant == m.KeyID && dated(q, p.At) && (q.Get("currency_code") == "" || q.Get("currency_code") == p.Currency) {
			list = append(list, p)
		}
	}
	return list
}

func (g *klarna) listPayouts(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	var list []map[string]any
	for _, p := range g.payoutsOf(c, m) {
		list = append(list, p.view(c))
	}
	return paged(c, list, "payouts")
}

func (g *klarna) showPayout(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payouts.get(c.PathValue("payout"))
	if p == nil || p.Merchant != m.KeyID {
		return klarnaRefusal(http.StatusNotFound, "NOT_FOUND", "Payout cannot be found")
	}
	return klarnaReply(http.StatusOK, p.view(c))
}

func (g *klarna) sumPayouts(c *call, m *merchant) reply {
	if q := c.URL.Query(); q.Get("start_date") == "" || q.Get("end_date") == "" {
		return klarnaBadValue("start_date")
	}
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	sums := map[string]map[string]int64{}
	for _, p := range g.payoutsOf(c, m) {
		if sums[p.Currency] == nil {
			sums[p.Currency] = map[string]int64{}
		}
		for name, amount := range p.totals() {
			sums[p.Currency]["summary_total_"+name] += amount
		}
	}
	list := []map[string]any{}
	for currency, totals := range sums {
		row := map[string]any{"summary_settlement_currency": currency}
		for name, amount := range totals {
			row[name] = amount
		}
		list = append(list, row)
	}
	return klarnaReply(http.StatusOK, list)
}

func (g *klarna) listTransactions(c *call, m *merchant) reply {
	payout, order := c.URL.Query().Get("payment_reference"), c.URL.Query().Get("order_id")
	if payout == "" && order == "" {
		return klarnaBadValue("payment_reference")
	}
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	var list []klarnaTransaction
	for _, p := range g.payouts.oldest() {
		for _, row := range p.Rows {
			if p.Merchant == m.KeyID && (payout == "" || payout == p.Reference) && (order == "" || order == row.OrderID) {
				list = append(list, row)
			}
		}
	}
	return paged(c, list, "transactions")
}
