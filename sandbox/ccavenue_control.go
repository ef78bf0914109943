package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// ccavenueStates are the words of the API, with those for the end of a transaction last (CCAvenue API
// guide, order lookup).
var ccavenueStates = append(slices.Clone(ccavenueOpen),
	"Successful", "Shipped", "Refunded", "Cancelled", "Auto-Cancelled", "Auto-Reversed", "System refund", "Chargeback", "Fraud")

// controls are the routes of the sandbox that are about CCAvenue alone.
func (g *ccavenue) controls(mux *http.ServeMux) {
	mux.HandleFunc("GET /_sandbox/ccavenue/{file}", g.downloadOrders)
}

// sold is what somebody who made a transaction exist is told of it.
func (g *ccavenue) sold(p *ccavenuePayment) soldPayment {
	return soldPayment{
		Gateway: g.code(), ID: p.Ref, OrderID: p.Order, Order: p.Order, State: p.Status, AmountMinor: p.Amount,
		Refunded: g.refunded(p, false), Currency: p.Currency,
	}
}

// sell makes a transaction exist with the word somebody wants; debited says that the bank has taken the
// money of one that looks lost. A transaction whose id is known is returned as it is.
func (g *ccavenue) sell(in paymentRequest) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if p := g.payments.get(in.ID); p != nil {
		return g.sold(p), nil
	}
	m := g.s.merchantOf(g.code(), in.KeyID)
	in.State = cmp.Or(in.State, "Shipped")
	order := cmp.Or(in.OrderID, in.Order)
	fields := map[string]string{}
	switch {
	case m == nil:
		return nil, fmt.Errorf("ccavenue has no access code %q", in.KeyID)
	case !slices.Contains(ccavenueStates, in.State):
		return nil, fmt.Errorf("a transaction at ccavenue cannot be %q; it can be %q", in.State, ccavenueStates)
	case in.ID != "" && !isNumber.MatchString(in.ID):
		return nil, errors.New("a tracking id has digits only")
	case !orderNumber.MatchString(order):
		return nil, errors.New("order has up to 40 letters, digits, - _ and /")
	case in.Refunded < 0 || in.Refunded > in.AmountMinor:
		return nil, errors.New("refunded_minor is more than the amount")
	case in.Notes != nil && json.Unmarshal(in.Notes, &fields) != nil:
		return nil, errors.New("notes are pairs of texts, such as merchant_param1")
	}
	fields = merge(map[string]string{"billing_name": in.Name, "billing_email": in.Email, "billing_tel": in.Contact}, merge(fields, in.Params))
	p := ccavenuePayment{
		Ref: in.ID, Order: order, Amount: in.AmountMinor, Currency: in.Currency, Mode: in.Method, BankRef: in.RRN,
		RefundErr: in.RefundError, Fields: fields, Silent: !in.Webhook, Fraud: in.FraudStatus,
	}
	if in.Card != nil {
		p.Card = in.Card.Network
	}
	if in.CreatedAt > 0 {
		p.CreatedAt = time.Unix(in.CreatedAt, 0).UTC()
	}
	made := g.begin(m, p)
	g.bring(m, made, in)
	return g.sold(made), nil
}

// bring takes a new transaction to the word that is wanted. The caller holds the lock.
func (g *ccavenue) bring(m *merchant, p *ccavenuePayment, in paymentRequest) {
	switch in.State {
	case "Initiated":
		if in.Debited {
			g.debit(p)
			g.later(p, "Successful", ccavenueNextDay)
		}
		return
	case "Awaited":
		g.await(p, in.Debited)
	case "Unsuccessful", "Aborted", "Invalid", "Timeout":
		g.fail(p, in.State, in.Debited)
	case "Fraud":
		if in.Debited {
			g.debit(p)
		}
		g.become(p, "Fraud")
	case "Successful", "Cancelled", "Auto-Cancelled":
		g.succeed(p, true)
		if in.State != "Successful" {
			g.reverse(p, in.State)
		}
	default:
		g.succeed(p, false)
		if in.CapturedAt > 0 {
			p.ShippedAt = time.Unix(in.CapturedAt, 0).UTC()
		}
		if in.State == "Refunded" {
			in.Refunded = cmp.Or(in.Refunded, in.AmountMinor)
		}
		if in.Refunded > 0 {
			g.settle(g.refund(p, in.Refunded, "", plan{}), "TS-REFC")
		}
		if in.State != "Shipped" && in.State != "Refunded" {
			g.undo(p, in.State)
		}
	}
	p.StatusAt, p.Message = cmp.Or(p.CreatedAt, p.StatusAt), cmp.Or(in.BankSays, p.Message)
	if in.CreatedAt > 0 && in.CapturedAt == 0 && !p.ShippedAt.IsZero() {
		p.ShippedAt = p.CreatedAt
	}
	g.payments.put(p.Ref, p)
	if in.Webhook {
		g.emitNotice(p, "echo")
	}
}

// undo takes a confirmed transaction's money from the merchant. The caller holds the lock.
func (g *ccavenue) undo(p *ccavenuePayment, status string) {
	if status == "Chargeback" {
		g.become(p, status)
		g.record("chargeback", p, p.Captured, p.Ref, "")
		return
	}
	g.reverse(p, status)
}

// ccavenueRisks are what the fraud screening says: high, low, not reviewed, go ahead, not available.
var ccavenueRisks = []string{"High", "Low", "NR", "GA", "NA"}

// move brings a transaction to another word, as the bank, the clock or the dashboard would; webhook pushes
// the result to the reconciliation address. A word of the fraud screening changes that alone.
func (g *ccavenue) move(payment, state string, webhook bool) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payments.get(payment)
	if p == nil {
		return nil, errNotMine
	}
	m, from := g.merchantOfPayment(p), p.Status
	isOpen := slices.Contains(ccavenueOpen, from)
	switch {
	case slices.Contains(ccavenueRisks, state):
		p.Fraud, webhook = state, false
	case state == from:
		return nil, fmt.Errorf("a transaction that is %s is that already", from)
	case isOpen && (state == "Successful" || state == "Shipped"):
		g.succeed(p, state == "Successful" || m.ManualCapture && state != "Shipped")
		p.Tran = "TS-AUTCR"
	case isOpen && state == "Awaited":
		g.await(p, p.Debited)
	case isOpen && slices.Contains(ccavenueOpen, state):
		g.fail(p, state, false)
	case state == "Fraud" && (isOpen || from == "Successful" || from == "Shipped"):
		g.reverse(p, state)
	case from == "Successful" && state == "Shipped":
		g.ship(p, p.Amount)
	case from == "Successful" && slices.Contains([]string{"Cancelled", "Auto-Cancelled", "Auto-Reversed"}, state):
		g.reverse(p, state)
	case (from == "Shipped" || from == "Refunded") && slices.Contains([]string{"Chargeback", "System refund", "Auto-Reversed"}, state):
		g.undo(p, state)
	default:
		return nil, fmt.Errorf("a transaction that is %s does not become %s", from, state)
	}
	g.payments.put(p.Ref, p)
	if webhook {
		g.emitNotice(p, "reconciliation")
	}
	return g.sold(p), nil
}
