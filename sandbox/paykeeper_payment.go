package sandbox

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// paykeeperPayment is one time a payer was sent to the bank's page.
type paykeeperPayment struct {
	ID       string `json:"id"`
	Unique   string `json:"unique"` // what the bank knows it by
	Merchant string `json:"merchant"`
	Invoice  string `json:"invoice,omitempty"`
	Order    string `json:"order"`
	Client   string `json:"client"`
	Email    string `json:"email,omitempty"`
	Phone    string `json:"phone,omitempty"`
	Service  string `json:"service,omitempty"`
	Cart     string `json:"cart,omitempty"` // JSON; "" when there are no goods
	Amount   int64  `json:"amount"`         // kopecks
	System   int    `json:"system"`
	Status   string `json:"status"`
	Callback string `json:"callback,omitempty"` // where the payer goes afterwards

	Hold      bool      `json:"hold,omitempty"`     // two stages: reserved first
	Captured  int64     `json:"captured,omitempty"` // kopecks taken
	BatchDate time.Time `json:"batch_date"`         // when what is reserved is captured by itself

	Repeat    int       `json:"repeat"` // attempts to notify the shop
	PendingAt time.Time `json:"pending_at"`
	ObtainAt  time.Time `json:"obtain_at"`
	SuccessAt time.Time `json:"success_at"`

	Card   string            `json:"card,omitempty"` // masked
	Params map[string]string `json:"params,omitempty"`
	Fiscal map[string]string `json:"fiscal,omitempty"`
	Refuse string            `json:"refuse,omitempty"` // what every refund of it is answered with
}

// paykeeperPaid are the statuses in which the money has arrived.
var paykeeperPaid = []string{"obtained", "success", "stuck"}

// held says whether the money is only reserved.
func (p *paykeeperPayment) held() bool {
	return p.Hold && p.Captured == 0 && (slices.Contains(paykeeperPaid, p.Status) || p.Status == "refunding")
}

// newNumber is a number nobody has in a table yet. The caller holds the lock.
func newNumber[T any](t *table[T], from int) string {
	for n := from + len(t.ids); ; n++ {
		if id := strconv.Itoa(n); t.get(id) == nil {
			return id
		}
	}
}

// newUUID is a random UUID, version 4.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// begin is a payer who is sent to the bank's page. The caller holds the lock.
func (g *paykeeper) begin(m *merchant, p paykeeperPayment) *paykeeperPayment {
	p.ID = cmp.Or(p.ID, newNumber(g.payments, 7100001))
	p.Merchant = m.KeyID
	p.Unique = newUUID()
	p.System = cmp.Or(p.System, 30)
	p.Status = "pending"
	if p.PendingAt.IsZero() {
		p.PendingAt = g.s.clock()
	}
	g.payments.put(p.ID, &p)
	return &p
}

// obtain makes the bank say yes. The caller holds the lock.
func (g *paykeeper) obtain(p *paykeeperPayment, notify bool) {
	m := g.s.merchantOf(g.code(), p.Merchant)
	p.Status = "obtained"
	p.ObtainAt = cmp.Or(p.ObtainAt, p.PendingAt)
	if notify {
		p.ObtainAt = g.s.clock()
	}
	p.Card = cmp.Or(p.Card, "427644******1007")
	p.Params = merge(map[string]string{
		"RRN": randomFrom("0123456789", 12), "AUTH_CODE": randomFrom("0123456789", 6), "ORDER": p.ID, "TERMINAL": "24000001",
		"payment_id": p.ID, "unique_id": p.Unique,
	}, p.Params)
	if p.Cart != "" {
		p.Fiscal = merge(map[string]string{"fop_receipt_key": newUUID()}, p.Fiscal)
	}
	g.record("payment", p, p.Amount, p.ID)
	if p.Hold {
		p.BatchDate = p.ObtainAt.In(moscow).Truncate(time.Second).AddDate(0, 0, cmp.Or(m.HoldDays, 5))
	} else {
		p.Captured = p.Amount
		g.record("capture", p, p.Amount, p.ID)
	}
	g.payments.put(p.ID, p)
	if in := g.invoices.get(p.Invoice); in != nil {
		in.Status, in.PaymentID, in.PaidAt = "paid", p.ID, p.ObtainAt
		g.invoices.put(in.ID, in)
	}
	g.watch(p)
	if notify {
		g.notify(p)
	}
}

// fiscalize gives a payment with goods the values of its receipt. The caller holds the lock.
func (g *paykeeper) fiscalize(p *paykeeperPayment) {
	if p.Cart == "" || p.Fiscal["fop_uuid"] != "" {
		return
	}
	p.Fiscal = merge(map[string]string{
		"fop_receipt_key": newUUID(), "fop_uuid": newUUID(), "fop_fpd": randomFrom("123456789", 10),
		"fop_fnd": randomFrom("123456789", 2), "fop_receipt_number": randomFrom("123456789", 1),
		"fop_fn": "9999078902018961", "fop_rnkkt": "0000000400054952",
	}, p.Fiscal)
}

// succeed ends an obtained or a stuck payment well: the shop knows. The caller holds the lock.
func (g *paykeeper) succeed(p *paykeeperPayment) {
	p.Status = "success"
	p.SuccessAt = g.s.clock()
	g.fiscalize(p)
	g.payments.put(p.ID, p)
}

// take captures what was reserved, all of it or what a partial return has left. The caller holds the lock.
func (g *paykeeper) take(p *paykeeperPayment, amount int64) {
	p.Captured = amount
	g.payments.put(p.ID, p)
	g.record("capture", p, amount, p.ID)
}

// watch has the clock capture what is reserved at its date. The caller holds the lock, or nobody else
// is there yet.
func (g *paykeeper) watch(p *paykeeperPayment) {
	if !p.held() {
		return
	}
	id := p.ID
	g.s.timeline.at(p.BatchDate, func() {
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		if p := g.payments.get(id); p.held() && p.Status != "refunding" {
			g.take(p, p.Amount)
		}
	})
}

// payment finds a payment of a user's cabinet, or nil. The caller holds the lock.
func (g *paykeeper) payment(m *merchant, id string) *paykeeperPayment {
	p := g.payments.get(id)
	if p == nil || p.Merchant != m.KeyID || !g.visible(id) {
		return nil
	}
	return p
}

// paykeeperRow is a payment as lists show it; scalars are texts (PayKeeper docs, Платежи).
type paykeeperRow struct {
	ID                string `json:"id"`
	PayAmount         string `json:"pay_amount"`
	RefundAmount      string `json:"refund_amount"`
	ClientID          string `json:"clientid"`
	OrderID           string `json:"orderid"`
	PaymentSystemID   string `json:"payment_system_id"`
	UniqueID          string `json:"unique_id"`
	Status            string `json:"status"`
	RepeatCounter     string `json:"repeat_counter"`
	PendingDatetime   any    `json:"pending_datetime"`
	ObtainDatetime    any    `json:"obtain_datetime"`
	SuccessDatetime   any    `json:"success_datetime"`
	SiteDescription   string `json:"site_description,omitempty"`   // with advanced=true
	SystemDescription string `json:"system_description,omitempty"` // with advanced=true
}

// row is a payment as a lookup shows it, without what faults hide. The caller holds the lock.
func (g *paykeeper) row(p *paykeeperPayment) paykeeperRow {
	refunded, status := g.refunded(p), p.Status
	for _, id := range g.refundsOf[p.ID] {
		r := g.refunds.get(id)
		if g.visible(id) {
			continue
		}
		if r.Status == "done" {
			refunded -= r.Amount
		}
		status = r.From
	}
	return paykeeperRow{
		ID: p.ID, PayAmount: decimal(p.Amount, paykeeperCurrency), RefundAmount: decimal(refunded, paykeeperCurrency),
		ClientID: p.Client, OrderID: p.Order, PaymentSystemID: strconv.Itoa(p.System), UniqueID: p.Unique,
		Status: status, RepeatCounter: strconv.Itoa(p.Repeat), PendingDatetime: moscowTime(p.PendingAt),
		ObtainDatetime: moscowTime(p.ObtainAt), SuccessDatetime: moscowTime(p.SuccessAt),
	}
}

// refunded is what has gone back, in kopecks. The caller holds the lock.
func (g *paykeeper) refunded(p *paykeeperPayment) int64 {
	var sum int64
	for _, id := range g.refundsOf[p.ID] {
		if r := g.refunds.get(id); r.Status == "done" {
			sum += r.Amount
		}
	}
	return sum
}

// left is what can still go back, in kopecks. The caller holds the lock.
func (g *paykeeper) left(p *paykeeperPayment) int64 {
	left := p.Amount
	for _, id := range g.refundsOf[p.ID] {
		if r := g.refunds.get(id); r.Status != "failed" {
			left -= r.Amount
		}
	}
	return left
}
