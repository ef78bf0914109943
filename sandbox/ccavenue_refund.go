package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// ccavenueRefund is money on its way back to a buyer.
type ccavenueRefund struct {
	ID        string    `json:"id"`
	Payment   string    `json:"payment"`
	Account   string    `json:"account"`
	MerRef    string    `json:"mer_ref"` // refund_ref_no; "" when made in CCAvenue's own dashboard
	Amount    int64     `json:"amount"`  // minor units
	Status    string    `json:"status"`  // TS-REFA, TS-REFC, TS-REFF, TS-REFD
	BankRef   string    `json:"bank_ref,omitempty"`
	IssuedAt  time.Time `json:"issued_at"`
	DecidedAt time.Time `json:"decided_at"`
	DueAt     time.Time `json:"due_at"`
	Fails     bool      `json:"fails,omitempty"`
}

// active says whether the money has gone, or is going.
func (r *ccavenueRefund) active() bool { return r.Status == "TS-REFA" || r.Status == "TS-REFC" }

// refundRef is what refund_ref_no may be: letters and digits alone (CCAvenue API guide, error codes).
var refundRef = regexp.MustCompile(`^[A-Za-z0-9]+$`)

// refundOrder is the command of that name. 0 means accepted; the money moves later.
func (g *ccavenue) refundOrder(c *call, m *merchant, in ccavenueInput) any {
	type result struct {
		Reason string `json:"reason"`
		Code   string `json:"error_code"`
		Status int    `json:"refund_status"`
	}
	ref, merRef := in.text("reference_no"), in.text("refund_ref_no")
	if code, reason := checkRefund(in); code != "" {
		return result{reason, code, 1}
	}
	p := g.payment(m, ref)
	if p == nil {
		return result{"Reference number: Invalid Parameter", "51308", 1}
	}
	amount, ok := minorUnits(in.text("refund_amount"), p.Currency)
	if !ok || amount == 0 {
		return result{"Refund amount: Invalid Parameter", "51015", 1}
	}
	if code := g.cannotRefund(m, p, amount, merRef, c.plan); code != "" {
		return result{"Reference number: Invalid Parameter", code, 1}
	}
	r := g.refund(p, amount, merRef, c.plan)
	g.hide(r.ID, c.plan)
	g.misread[p.Ref] = c.plan.ending == modeWrongAmount
	return result{"", "", 0}
}

// checkRefund is the code and the text of what is wrong with a refund's own fields, or "".
func checkRefund(in ccavenueInput) (code, reason string) {
	ref, merRef, amount := in.text("reference_no"), in.text("refund_ref_no"), in.text("refund_amount")
	switch {
	case ref == "":
		return "51001", "Reference number: Required parameter missing"
	case !isNumber.MatchString(ref):
		return "51002", "Reference number: Invalid Parameter"
	case len(ref) > 25:
		return "51003", "Reference number: Invalid Parameter"
	case amount == "":
		return "51014", "Refund amount: Required parameter missing"
	case !isDecimal.MatchString(amount):
		return "51015", "Refund amount: Invalid Parameter"
	case merRef == "":
		return "51085", "Refund reference number: Required parameter missing"
	case !refundRef.MatchString(merRef):
		return "51086", "Refund reference number: Invalid Parameter"
	case len(merRef) > 30:
		return "51087", "Refund reference number: Invalid Parameter"
	}
	return "", ""
}

// cannotRefund is the code of why a transaction is not refunded, or "". With the caps off, more can go
// back than came in. The caller holds the lock.
func (g *ccavenue) cannotRefund(m *merchant, p *ccavenuePayment, amount int64, merRef string, with plan) string {
	repeated := merRef != "" && !with.duplicates && slices.ContainsFunc(g.refunds.ids, func(id string) bool {
		r := g.refunds.get(id)
		return r.Account == p.Account && r.MerRef == merRef
	})
	switch {
	case repeated:
		return "51309"
	case p.RefundErr != "":
		return p.RefundErr
	case p.Status == "Chargeback":
		return "51315"
	case p.Status != "Shipped" && p.Status != "Refunded":
		return "51310"
	case m.Options["refunds"] == "single" && len(g.refundsOf[p.Ref]) > 0:
		return "51328"
	case amount+g.refunded(p, false) > p.Captured && g.s.capped(g.code()):
		return "51314"
	}
	return ""
}

// refund sends money back. The transaction reads Refunded from the first one on, and the clock decides
// it. The caller holds the lock.
func (g *ccavenue) refund(p *ccavenuePayment, amount int64, merRef string, with plan) *ccavenueRefund {
	now := g.s.clock()
	after := cmp.Or(g.s.cfg.RefundDelay, time.Second)
	if with.fails && with.failsAfter > 0 {
		after = with.failsAfter
	}
	r := &ccavenueRefund{
		ID: newID("ccrf_"), Payment: p.Ref, Account: p.Account, MerRef: merRef, Amount: amount, Status: "TS-REFA",
		IssuedAt: now, DueAt: now.Add(after), Fails: with.fails,
	}
	g.refunds.put(r.ID, r)
	g.record("refund", p, amount, r.ID, merRef)
	g.become(p, "Refunded")
	g.process(r)
	return r
}

// process has the clock decide an awaited refund. The caller holds the lock, or nobody else is there yet.
func (g *ccavenue) process(r *ccavenueRefund) {
	if r.Status != "TS-REFA" {
		return
	}
	id := r.ID
	g.s.timeline.at(r.DueAt, func() {
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		if r := g.refunds.get(id); r.Status == "TS-REFA" {
			state := "TS-REFC"
			if r.Fails {
				state = "TS-REFF"
			}
			g.settle(r, state)
		}
	})
}

// settle decides a refund. The money of one that failed is the merchant's again. The caller holds the lock.
func (g *ccavenue) settle(r *ccavenueRefund, state string) {
	p := g.payments.get(r.Payment)
	r.Status, r.DecidedAt = state, g.s.clock()
	if state == "TS-REFC" {
		r.BankRef = randomFrom("0123456789", 12)
		g.refunds.put(r.ID, r)
		return
	}
	g.refunds.put(r.ID, r)
	g.record("refund_failed", p, r.Amount, r.ID, r.MerRef)
	if p.Status == "Refunded" && g.refunded(p, false) == 0 {
		g.become(p, "Shipped")
	}
}

// ccavenueRefundRow is a refund as getRefundDetails lists it (CCAvenue API guide, get refund details).
type ccavenueRefundRow struct {
	Amount      json.RawMessage `json:"refund_amt"`
	IssueDate   string          `json:"refund_issue_date"`
	ProcessedOn string          `json:"refund_processed_on"`
	Completed   string          `json:"refund_completion_date"`
	BankRef     string          `json:"refund_bank_ref_no"`
	MerRef      string          `json:"refund_mer_ref_no"`
	Status      string          `json:"refund_status"`
}

// refundDetails is getRefundDetails: where a lost answer is found again by its refund_ref_no.
func (g *ccavenue) refundDetails(_ *call, m *merchant, in ccavenueInput) any {
	type details struct {
		Reference string              `json:"reference_no"`
		Order     string              `json:"order_no"`
		Amount    any                 `json:"order_amt"`
		Currency  string              `json:"order_curr"`
		Status    string              `json:"order_status"`
		Refunds   []ccavenueRefundRow `json:"refund_list"`
		Desc      string              `json:"error_desc"`
		Code      string              `json:"error_code"`
	}
	none := details{Amount: "", Refunds: []ccavenueRefundRow{}, Desc: "Enc_request: No record found for given criteria.", Code: "51419"}
	if in.text("reference_no") == "" {
		none.Desc, none.Code = "Reference number: Required parameter missing", "51001"
		return none
	}
	p := g.payment(m, in.text("reference_no"))
	if p == nil {
		return none
	}
	status, _ := g.shown(p)
	out := details{Reference: p.Ref, Order: p.Order, Amount: ccavenueNumber(p.Amount, p.Currency), Currency: p.Currency, Status: status}
	for _, id := range g.refundsOf[p.Ref] {
		if r := g.refunds.get(id); g.visible(id) {
			out.Refunds = append(out.Refunds, ccavenueRefundRow{
				ccavenueNumber(r.Amount, p.Currency), ccavenueTime(r.IssuedAt), ccavenueTime(r.DecidedAt),
				ccavenueTime(r.DecidedAt), cmp.Or(r.BankRef, "null"), r.MerRef, r.Status,
			})
		}
	}
	if len(out.Refunds) == 0 {
		return none
	}
	if g.misread[p.Ref] {
		delete(g.misread, p.Ref)
		return json.RawMessage(misreportCCAvenue(compact(out)))
	}
	return out
}

// portalRefund is a refund made in CCAvenue's dashboard: it has no refund_ref_no. 0 is all that is left.
func (g *ccavenue) portalRefund(payment string, amount int64, _ bool) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payments.get(payment)
	if p == nil {
		return nil, errNotMine
	}
	left := p.Captured - g.refunded(p, false)
	amount = cmp.Or(amount, left)
	switch code := g.cannotRefund(g.merchantOfPayment(p), p, amount, "", plan{}); {
	case code == "51314":
		return nil, fmt.Errorf("%s %s are left to refund", decimal(left, p.Currency), p.Currency)
	case code != "":
		return nil, fmt.Errorf("a transaction that is %s cannot be refunded: %s", p.Status, code)
	case amount <= 0:
		return nil, errors.New("there is nothing left to refund")
	}
	return *g.refund(p, amount, "", plan{}), nil
}

// settleRefund decides an awaited refund, or fails one that was confirmed, as banks sometimes do.
func (g *ccavenue) settleRefund(refund, state string, _ bool) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	r := g.refunds.get(refund)
	if r == nil {
		return nil, errNotMine
	}
	to := map[string]string{"processed": "TS-REFC", "failed": "TS-REFF", "declined": "TS-REFD"}[state]
	if to == "" {
		to = state
	}
	if !slices.Contains([]string{"TS-REFC", "TS-REFF", "TS-REFD"}, to) || !r.active() || r.Status == to {
		return nil, fmt.Errorf("a refund that is %s does not become %s", r.Status, state)
	}
	g.settle(r, to)
	return *r, nil
}
