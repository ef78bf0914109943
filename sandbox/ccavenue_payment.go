package sandbox

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// How long things take at CCAvenue: the pay page lives 15 minutes, what a bank did not answer is known
// the next day, and who does not confirm within 12 days loses the sale (CCAvenue API guide, confirm).
const (
	ccavenuePage     = 15 * time.Minute
	ccavenueNextDay  = 24 * time.Hour
	ccavenueConfirms = 12 * 24 * time.Hour
)

// ccavenuePayment is one transaction: an attempt to pay an order number, which several may share.
type ccavenuePayment struct {
	Ref       string    `json:"ref"`     // tracking_id, reference_no
	Access    string    `json:"access"`  // the access code it was started with
	Account   string    `json:"account"` // the merchant id
	Order     string    `json:"order"`
	Amount    int64     `json:"amount"` // minor units
	Currency  string    `json:"currency"`
	Status    string    `json:"status"` // the API's word
	Tran      string    `json:"tran"`   // TS-AUTC and the like
	Debited   bool      `json:"debited,omitempty"`
	Captured  int64     `json:"captured,omitempty"` // what will be settled
	Mode      string    `json:"mode,omitempty"`
	Card      string    `json:"card,omitempty"`
	BankRef   string    `json:"bank_ref,omitempty"`
	Message   string    `json:"message,omitempty"` // why it failed
	Fraud     string    `json:"fraud"`             // High, Low, NR, GA, NA
	Redirect  string    `json:"redirect,omitempty"`
	Cancel    string    `json:"cancel,omitempty"`
	Request   string    `json:"request,omitempty"` // encRequest as the browser brought it
	Key       string    `json:"key,omitempty"`     // what only the buyer's page knows
	CreatedAt time.Time `json:"created_at"`
	StatusAt  time.Time `json:"status_at"`
	ShippedAt time.Time `json:"shipped_at"`
	Next      string    `json:"next,omitempty"` // what the clock will make of it
	NextAt    time.Time `json:"next_at"`
	Silent    bool      `json:"silent,omitempty"`       // the clock tells nobody
	RefundErr string    `json:"refund_error,omitempty"` // the code every refund of it is answered with

	Fields map[string]string `json:"fields,omitempty"` // billing_name, delivery_city, merchant_param1 …
}

// ccavenuePaid are the words for money that has come and stays.
var ccavenuePaid = []string{"Successful", "Shipped", "Refunded"}

// ccavenueOpen are the words that may yet become Successful.
var ccavenueOpen = []string{"Initiated", "Awaited", "Unsuccessful", "Aborted", "Invalid", "Timeout"}

// ccavenueTran are the words getPendingOrders uses for the API's (CCAvenue API guide, pending orders).
var ccavenueTran = map[string]string{
	"Awaited": "TS-AUTA", "Successful": "TS-AUTC", "Shipped": "TS-AUTC", "Unsuccessful": "TS-AUTD", "Fraud": "TS-AUTFRAM",
	"Aborted": "TS-ABRTBNK",
}

// begin is a buyer who has come to the pay page. The caller holds the lock.
func (g *ccavenue) begin(m *merchant, p ccavenuePayment) *ccavenuePayment {
	p.Ref = cmp.Or(p.Ref, g.newRef())
	p.Access, p.Account = m.KeyID, m.AccountID
	p.Status, p.Fraud = "Initiated", cmp.Or(p.Fraud, "NR")
	p.Key = newID("")
	now := g.s.clock()
	p.CreatedAt = cmp.Or(p.CreatedAt, now)
	p.StatusAt = p.CreatedAt
	p.Next, p.NextAt = "Timeout", now.Add(ccavenuePage)
	g.payments.put(p.Ref, &p)
	g.watch(&p)
	return &p
}

// newRef is a tracking id of 12 digits, more than every one before it. The caller holds the lock.
func (g *ccavenue) newRef() string {
	for n := 313000000001 + len(g.payments.ids); ; n++ {
		if id := strconv.Itoa(n); g.payments.get(id) == nil {
			return id
		}
	}
}

// become gives a transaction another word. The caller holds the lock.
func (g *ccavenue) become(p *ccavenuePayment, status string) {
	p.Status = status
	p.Tran = cmp.Or(ccavenueTran[status], p.Tran)
	p.StatusAt = g.s.clock()
	p.Next = ""
	g.payments.put(p.Ref, p)
}

// later has the clock make a word of a transaction, after a pause. The caller holds the lock.
func (g *ccavenue) later(p *ccavenuePayment, status string, pause time.Duration) {
	p.Next, p.NextAt = status, g.s.clock().Add(pause)
	g.payments.put(p.Ref, p)
	g.watch(p)
}

// debit is the bank taking the buyer's money. The caller holds the lock.
func (g *ccavenue) debit(p *ccavenuePayment) {
	if p.Debited {
		return
	}
	p.Debited = true
	p.BankRef = cmp.Or(p.BankRef, randomFrom("0123456789", 6))
	g.record("payment", p, p.Amount, p.Ref, "")
}

// succeed is the bank saying yes. It is confirmed at once unless the merchant does that; a second
// success of an order number goes back the next day. The caller holds the lock.
func (g *ccavenue) succeed(p *ccavenuePayment, byHand bool) {
	double := slices.ContainsFunc(g.attempts[p.Order], func(id string) bool {
		other := g.payments.get(id)
		return id != p.Ref && other.Account == p.Account && slices.Contains(ccavenuePaid, other.Status)
	})
	g.debit(p)
	p.Message = ""
	p.Mode, p.Card = cmp.Or(p.Mode, "Credit Card"), cmp.Or(p.Card, "Visa")
	g.become(p, "Successful")
	if !byHand {
		g.ship(p, p.Amount)
	} else {
		p.Next, p.NextAt = "Auto-Cancelled", p.CreatedAt.Add(ccavenueConfirms)
	}
	if double {
		p.Next, p.NextAt = "Auto-Reversed", g.s.clock().Add(ccavenueNextDay)
	}
	g.payments.put(p.Ref, p)
	g.watch(p)
}

// ship confirms a successful transaction; what is not confirmed of it goes back. The caller holds the lock.
func (g *ccavenue) ship(p *ccavenuePayment, amount int64) {
	p.Captured, p.ShippedAt = amount, g.s.clock()
	g.become(p, "Shipped")
	g.record("capture", p, amount, p.Ref, "")
	if rest := p.Amount - amount; rest > 0 {
		g.record("void", p, rest, p.Ref, "")
	}
}

// reverse gives everything back under one of the words for it. What was never confirmed is released, the
// rest is a refund of CCAvenue's own. The caller holds the lock.
func (g *ccavenue) reverse(p *ccavenuePayment, status string) {
	left := p.Captured - g.refunded(p, false)
	g.become(p, status)
	switch {
	case p.Captured > 0 && left > 0:
		g.record("refund", p, left, p.Ref, "")
	case p.Captured == 0 && p.Debited:
		g.record("void", p, p.Amount, p.Ref, "")
	}
}

// fail is an attempt that brings nothing, though the bank may have taken the money; then the truth
// comes out the next day. The caller holds the lock.
func (g *ccavenue) fail(p *ccavenuePayment, status string, debited bool) {
	p.Message = map[string]string{"Unsuccessful": "Transaction declined by the bank", "Aborted": "User cancelled the transaction"}[status]
	g.become(p, status)
	if debited {
		g.debit(p)
		g.later(p, "Successful", ccavenueNextDay)
	}
}

// await is a bank that does not answer; the next day says what it did. The caller holds the lock.
func (g *ccavenue) await(p *ccavenuePayment, debited bool) {
	g.become(p, "Awaited")
	next := "Unsuccessful"
	if debited {
		g.debit(p)
		next = "Successful"
	}
	g.later(p, next, ccavenueNextDay)
}

// watch has the clock do what is next. The caller holds the lock, or nobody else is there yet.
func (g *ccavenue) watch(p *ccavenuePayment) {
	if p.Next == "" {
		return
	}
	ref, next, at := p.Ref, p.Next, p.NextAt
	g.s.timeline.at(at, func() {
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		if p := g.payments.get(ref); p.Next == next && p.NextAt.Equal(at) {
			g.turn(p, next)
		}
	})
}

// turn is what the clock does to a transaction. Late results are pushed to the shop. The caller holds the lock.
func (g *ccavenue) turn(p *ccavenuePayment, next string) {
	switch next {
	case "Timeout":
		g.become(p, next)
		return
	case "Successful":
		g.succeed(p, g.merchantOfPayment(p).ManualCapture)
		p.Tran = "TS-AUTCR"
	case "Unsuccessful":
		g.fail(p, next, false)
		p.Tran = "TS-AUTDR"
	case "Auto-Cancelled", "Auto-Reversed":
		g.reverse(p, next)
		return // seen by a lookup only
	}
	g.payments.put(p.Ref, p)
	if !p.Silent {
		g.emitNotice(p, "reconciliation")
	}
}

// refunded is what was sent back and did not fail, in minor units. The caller holds the lock.
func (g *ccavenue) refunded(p *ccavenuePayment, seen bool) int64 {
	var sum int64
	for _, id := range g.refundsOf[p.Ref] {
		if r := g.refunds.get(id); r.active() && (!seen || g.visible(id)) {
			sum += r.Amount
		}
	}
	return sum
}

// shown is the word a lookup gives, without what faults hide. The caller holds the lock.
func (g *ccavenue) shown(p *ccavenuePayment) (status string, captured int64) {
	status, captured = p.Status, p.Captured
	if status == "Refunded" && g.refunded(p, true) == 0 {
		status = "Shipped"
	}
	if status == "Shipped" && !g.visible("capture:"+p.Ref) || status == "Cancelled" && !g.visible("void:"+p.Ref) {
		status, captured = "Successful", 0
	}
	return status, captured
}

// payment finds a visible transaction of a merchant, or nil. The caller holds the lock.
func (g *ccavenue) payment(m *merchant, ref string) *ccavenuePayment {
	p := g.payments.get(ref)
	if p == nil || p.Account != m.AccountID || !g.visible(ref) {
		return nil
	}
	return p
}

// latest is the youngest attempt of an order number, or nil. The caller holds the lock.
func (g *ccavenue) latest(m *merchant, order string) *ccavenuePayment {
	for _, id := range slices.Backward(g.attempts[order]) {
		if p := g.payment(m, id); p != nil {
			return p
		}
	}
	return nil
}
