package sandbox

import (
	"net/http"
	"time"
)

// ccavenue is CCAvenue as its integration documents describe it: the encrypted pay page, the server
// API with its two layers of errors, refunds, confirmations, payouts and the encrypted notices.
type ccavenue struct {
	s        *Sandbox
	payments *table[ccavenuePayment]
	refunds  *table[ccavenueRefund]

	attempts  map[string][]string  // tracking ids of an order number, oldest first
	refundsOf map[string][]string  // refund ids of a transaction, oldest first
	hidden    map[string]time.Time // what cannot be looked up, until when; zero is until the faults are deleted
	misread   map[string]bool      // transactions of which the next look shows another amount
}

// The default merchant, so that a shop can be connected without setting anything up.
var defaultCCAvenue = merchant{
	Gateway:   "ccavenue",
	KeyID:     "AVKF00KF00KF00KFKF",
	KeySecret: "4D1C5A7E9B0F2E3D6C8A7B5F1E0D9C3B",
	AccountID: "123456",
}

func newCCAvenue(s *Sandbox) *ccavenue {
	g := &ccavenue{
		s:         s,
		payments:  newTable[ccavenuePayment](s.journal, "ccavenue.payments"),
		refunds:   newTable[ccavenueRefund](s.journal, "ccavenue.refunds"),
		attempts:  map[string][]string{},
		refundsOf: map[string][]string{},
		hidden:    map[string]time.Time{},
		misread:   map[string]bool{},
	}
	g.payments.added = func(id string, p *ccavenuePayment) {
		g.attempts[p.Order] = append(g.attempts[p.Order], id)
	}
	g.refunds.added = func(id string, r *ccavenueRefund) {
		g.refundsOf[r.Payment] = append(g.refundsOf[r.Payment], id)
	}
	return g
}

func (g *ccavenue) code() string       { return "ccavenue" }
func (g *ccavenue) prefixes() []string { return []string{"/ccavenue"} }

// options are the switches of a merchant: crypto (gcm) changes the cipher, allowed_ips and hosts are
// lists with commas of who may call the API and where buyers may be sent, reconciliation_url is where
// late results go when it is not the echo's address, refunds (single) allows one refund per
// transaction, echo (off) sends none.
func (g *ccavenue) options() []string {
	return []string{"crypto", "allowed_ips", "hosts", "reconciliation_url", "refunds", "echo"}
}

func (g *ccavenue) routes() []route {
	return []route{
		{"POST /apis/servlet/DoWebTrans", "find", true, g.paymentOfCall, g.api},
		{"POST /transaction/transaction.do", "start", true, nil, g.startPayment},
		{"GET /transaction/transaction.do", "start", true, nil, g.startPayment},
		{"POST /transaction/pay", "payment", true, paymentOfForm, g.pay},
	}
}

// resume takes up what was waiting for the clock.
func (g *ccavenue) resume() {
	if g.s.merchants.get(defaultCCAvenue.id()) == nil {
		m := defaultCCAvenue
		g.s.merchants.put(m.id(), &m)
	}
	for _, p := range g.payments.oldest() {
		g.watch(p)
	}
	for _, r := range g.refunds.oldest() {
		g.process(r)
	}
}

func (g *ccavenue) unhide() { clear(g.hidden) }

// hide keeps an effect out of the lookups as a call's faults say. The caller holds the lock.
func (g *ccavenue) hide(id string, p plan) {
	if !p.hidden {
		return
	}
	g.hidden[id] = time.Time{}
	if p.hiddenFor > 0 {
		g.hidden[id] = time.Now().Add(p.hiddenFor) // of the machine's time, like every delay_ms
	}
}

func (g *ccavenue) visible(id string) bool {
	until, hidden := g.hidden[id]
	return !hidden || !until.IsZero() && time.Now().After(until)
}

// refuse is what stands in front of CCAvenue, except for the sentence it has itself.
func (g *ccavenue) refuse(why refusal) reply {
	switch why {
	case refusedPath:
		return pageReply(http.StatusNotFound)
	case refusedRate:
		return pageReply(http.StatusTooManyRequests)
	case refusedBusy:
		return ccavenueOuter("51420", "Enc_request: Unable to process request")
	case refusedSize:
		return pageReply(http.StatusRequestEntityTooLarge)
	}
	return pageReply(http.StatusInternalServerError)
}

// merchantOfPayment is whose keys a transaction's messages are encrypted with. The caller holds the lock.
func (g *ccavenue) merchantOfPayment(p *ccavenuePayment) *merchant {
	return g.s.merchants.get(g.code() + "/" + p.Access)
}

// record writes an effect into the ledger. The caller holds the lock.
func (g *ccavenue) record(verb string, p *ccavenuePayment, amount int64, ref, key string) {
	g.s.record(Entry{
		Gateway: g.code(), Verb: verb, Payment: p.Ref, AmountMinor: amount, Currency: p.Currency, Ref: ref, IdempotencyKey: key,
	})
}
