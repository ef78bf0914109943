package sandbox

import (
	"net/http"
	"time"
)

// report is what Svea pays out for one day: every delivery of the merchant that day less every credit
// (Svea docs, reports; the inner members are not published).
func (g *svea) report(c *call, m *merchant) reply {
	day, err := time.Parse("2006-01-02", c.URL.Query().Get("date"))
	if err != nil {
		return *sveaInvalid("date", "The date is YYYY-MM-DD.")
	}
	rows := []map[string]any{}
	var paid int64
	for _, e := range g.s.entries(func(e *Entry) bool { return e.Gateway == g.code() && (e.Verb == "capture" || e.Verb == "refund") }) {
		g.s.mu.Lock()
		o := g.orders.get(e.Payment)
		mine := o != nil && o.Merchant == m.KeyID
		order := ""
		if mine {
			order = o.Entity.MerchantOrderID
		}
		g.s.mu.Unlock()
		if !mine || !e.At.Truncate(24*time.Hour).Equal(day) {
			continue
		}
		amount := e.AmountMinor
		if e.Verb == "refund" {
			amount = -amount
		}
		paid += amount
		rows = append(rows, map[string]any{
			"checkoutOrderId": number(e.Payment), "merchantOrderId": order, "type": e.Verb, "amount": float64(amount) / 100,
			"currency": e.Currency, "reference": e.Ref,
		})
	}
	return jsonReply(http.StatusOK, map[string]any{
		"totalNrOfRows": len(rows), "clientReports": []map[string]any{{
			"clientId": number(m.KeyID), "recipientTaxId": "", "paymentReport": map[string]any{
				"sveaPaidAmount": float64(paid) / 100, "rows": rows,
			},
		}},
	})
}
