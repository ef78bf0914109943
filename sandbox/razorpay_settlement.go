package sandbox

import (
	"cmp"
	"crypto/sha256"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// settleAfter is how long money stays with Razorpay: two days (Razorpay docs, settlements, T+2).
const settleAfter = 2 * 24 * time.Hour

// reconItem is a line of a settlement: one effect of the ledger (Razorpay API docs,
// settlements/fetch-recon).
type reconItem struct {
	EntityID       string  `json:"entity_id"`
	Type           string  `json:"type"` // payment, refund, adjustment
	Debit          int64   `json:"debit"`
	Credit         int64   `json:"credit"`
	Amount         int64   `json:"amount"`
	Currency       string  `json:"currency"`
	Fee            int64   `json:"fee"`
	Tax            int64   `json:"tax"`
	OnHold         bool    `json:"on_hold"`
	Settled        bool    `json:"settled"`
	CreatedAt      int64   `json:"created_at"`
	SettledAt      int64   `json:"settled_at"`
	SettlementID   string  `json:"settlement_id"`
	PostedAt       *int64  `json:"posted_at"`
	CreditType     string  `json:"credit_type"`
	Description    *string `json:"description"`
	Notes          string  `json:"notes"`
	PaymentID      *string `json:"payment_id"`
	SettlementUTR  string  `json:"settlement_utr"`
	OrderID        *string `json:"order_id"`
	OrderReceipt   *string `json:"order_receipt"`
	Method         string  `json:"method"`
	CardNetwork    *string `json:"card_network"`
	CardIssuer     *string `json:"card_issuer"`
	CardType       *string `json:"card_type"`
	DisputeID      *string `json:"dispute_id"`
	settlementTime time.Time
}

// settlementEntity is one transfer to the merchant's bank.
type settlementEntity struct {
	ID        string `json:"id"`
	Entity    string `json:"entity"`
	Amount    int64  `json:"amount"`
	Status    string `json:"status"`
	Fees      int64  `json:"fees"`
	Tax       int64  `json:"tax"`
	UTR       string `json:"utr"`
	CreatedAt int64  `json:"created_at"`
}

// settled is every line of a merchant's settlements by now, oldest first. The caller holds the lock.
func (g *razorpay) settled(m *merchant) []reconItem {
	now := g.s.clock()
	items := []reconItem{}
	for i := range g.s.ledger.list {
		e := &g.s.ledger.list[i]
		if e.Gateway != g.code() || e.Verb == "payment" {
			continue
		}
		p := g.payments.get(e.Payment)
		at := e.At.Truncate(24 * time.Hour).Add(settleAfter)
		if p.Merchant != m.KeyID || !p.Entity.Captured || at.After(now) {
			continue
		}
		items = append(items, g.reconLine(e, p, at))
	}
	return items
}

func (g *razorpay) reconLine(e *Entry, p *razorpayPayment, at time.Time) reconItem {
	batch := settlementOf(p.Merchant, at)
	line := reconItem{
		EntityID: e.Ref, Type: "payment", Amount: e.AmountMinor, Currency: e.Currency, Settled: true,
		CreatedAt: e.At.Unix(), SettledAt: at.Unix(), SettlementID: batch.ID, SettlementUTR: batch.UTR,
		CreditType: "default", Notes: string(p.Entity.Notes), OrderID: p.Entity.OrderID, Method: p.Entity.Method,
		OrderReceipt: g.orders.get(*p.Entity.OrderID).Entity.Receipt, settlementTime: at,
	}
	if p.Entity.Card != nil {
		line.CardNetwork, line.CardType, line.CardIssuer = &p.Entity.Card.Network, &p.Entity.Card.Type, p.Entity.Card.Issuer
	}
	switch e.Verb {
	case "capture":
		line.Fee, line.Tax = razorpayFee(e.AmountMinor)
		line.Credit = e.AmountMinor - line.Fee
	case "refund":
		line.Type, line.Debit, line.PaymentID = "refund", e.AmountMinor, &p.Entity.ID
	case "refund_failed":
		text := "refund_reversal"
		line.Type, line.Credit, line.PaymentID, line.Description = "adjustment", e.AmountMinor, &p.Entity.ID, &text
	}
	return line
}

// settlementOf is the transfer of a day. Its id follows from the merchant and the day.
func settlementOf(key string, at time.Time) settlementEntity {
	sum := sha256.Sum256([]byte(key + at.Format(time.DateOnly)))
	id := make([]byte, 14)
	for i := range id {
		id[i] = base62[int(sum[i])%len(base62)]
	}
	return settlementEntity{
		ID: "setl_" + string(id), Entity: "settlement", Status: "processed",
		UTR: at.Format("20060102") + string(id[:8]), CreatedAt: at.Unix(),
	}
}

// settlements adds the lines up, youngest transfer first.
func settlements(m *merchant, items []reconItem) []settlementEntity {
	list := []settlementEntity{}
	for _, line := range items {
		i := slices.IndexFunc(list, func(b settlementEntity) bool { return b.ID == line.SettlementID })
		if i < 0 {
			i = len(list)
			list = append(list, settlementOf(m.KeyID, line.settlementTime))
		}
		list[i].Amount += line.Credit - line.Debit
		list[i].Fees += line.Fee
		list[i].Tax += line.Tax
	}
	slices.SortFunc(list, func(a, b settlementEntity) int { return cmp.Compare(b.CreatedAt, a.CreatedAt) })
	return list
}

func (g *razorpay) listSettlements(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	w, bad := readWindow(c, 100)
	if bad != nil {
		return *bad
	}
	list := slices.DeleteFunc(settlements(m, g.settled(m)), func(b settlementEntity) bool {
		return b.CreatedAt < w.from || b.CreatedAt > w.to
	})
	list = part(list, w)
	return jsonReply(http.StatusOK, collection[settlementEntity]{"collection", len(list), list})
}

func (g *razorpay) showSettlement(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	for _, batch := range settlements(m, g.settled(m)) {
		if batch.ID == c.PathValue("id") {
			return jsonReply(http.StatusOK, batch)
		}
	}
	return razorpayNoSuchID
}

// reconcile is GET /settlements/recon/combined: the lines settled in a month or on a day.
func (g *razorpay) reconcile(c *call, m *merchant) reply {
	q := c.URL.Query()
	year, err := strconv.Atoi(q.Get("year"))
	if err != nil || year < 1000 || year > 9999 {
		return razorpayInvalid("year", "The year must be 4 digits.")
	}
	month, err := strconv.Atoi(q.Get("month"))
	if err != nil || month < 1 || month > 12 {
		return razorpayInvalid("month", "The month is not a valid month.")
	}
	date, err := strconv.Atoi(q.Get("day"))
	if q.Has("day") && (err != nil || date < 1 || date > 31) {
		return razorpayInvalid("day", "The day must be between 1 and 2 digits.")
	}
	w, bad := readWindow(c, 1000)
	if bad != nil {
		return *bad
	}
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	items := slices.DeleteFunc(g.settled(m), func(line reconItem) bool {
		at := line.settlementTime
		return at.Year() != year || int(at.Month()) != month || q.Has("day") && at.Day() != date
	})
	items = part(items, w)
	return jsonReply(http.StatusOK, collection[reconItem]{"collection", len(items), items})
}

// part is the page of a list that a window asks for.
func part[T any](list []T, w window) []T {
	list = list[min(w.skip, int64(len(list))):]
	return list[:min(w.count, int64(len(list)))]
}
