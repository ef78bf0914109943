package sandbox

import (
	"encoding/csv"
	"net/http"
	"slices"
	"strings"
	"time"
)

// payoutColumns are the transaction columns of a settlement file. Merchants can rename, move and add
// columns, so nobody may count on their order (Klarna docs, how to adjust settlement reports).
var payoutColumns = []string{
	"short_order_id", "order_id", "merchant_reference1", "merchant_reference2", "sale_date", "capture_date", "type", "amount",
	"currency", "capture_id", "refund_id", "merchant_capture_reference", "merchant_refund_reference", "payment_reference",
	"purchase_country", "payment_method",
}

// payoutFile is a payout as a file: a table of totals, then one of transactions, in major units.
func (g *klarna) payoutFile(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payouts.get(c.URL.Query().Get("payment_reference"))
	if p == nil || p.Merchant != m.KeyID {
		return klarnaRefusal(http.StatusNotFound, "NOT_FOUND", "Payout cannot be found")
	}
	var text strings.Builder
	file := csv.NewWriter(&text)
	file.Comma = ';'
	totals := p.totals()
	var names, values []string
	for name := range totals {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		values = append(values, decimal(totals[name], p.Currency))
		names[i] = "total_" + name
	}
	day := func(at string) string { return at[:min(len(at), len(time.DateOnly))] }
	rows := [][]string{
		append(names, "payment_reference", "payout_date", "currency"),
		append(values, p.Reference, p.At.Format(time.DateOnly), p.Currency),
		payoutColumns,
	}
	for _, r := range p.Rows {
		rows = append(rows, []string{
			r.ShortOrderID, r.OrderID, r.Reference1, r.Reference2, day(r.SaleDate), day(r.CaptureDate), strings.ToLower(r.Type),
			decimal(r.Amount, r.Currency), r.Currency, r.CaptureID, r.RefundID, r.CaptureReference, r.RefundReference,
			r.PaymentReference, r.Country, r.Method,
		})
	}
	if err := file.WriteAll(rows); err != nil {
		return g.refuse(refusedCrash)
	}
	answer := klarnaReply(http.StatusOK, nil, "Content-Type", "text/csv")
	answer.body = []byte(text.String())
	return answer
}
