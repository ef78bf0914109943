package models

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// Fynd's words for a refund that kartify has a use for (Fynd docs, implement refund flow).
const (
	FyndRefundInitiated = "refund_initiated"
	FyndRefundPending   = "refund_pending"
	FyndRefundDone      = "refund_done"
	FyndRefundFailed    = "refund_failed"
)

// FyndRefundWord is Fynd's word for a refund in a state. What was sent and not answered is pending, and so is what a
// person must decide.
func FyndRefundWord(state OperationState) string {
	switch state {
	case Succeeded:
		return FyndRefundDone
	case Failed, Cancelled:
		return FyndRefundFailed
	case AwaitingApproval, Queued, Dispatching:
		return FyndRefundInitiated
	}
	return FyndRefundPending
}

// ownRequest is the request id of a refund that Fynd did not ask for: our number of the operation.
func ownRequest(op *Operation) string { return strconv.FormatInt(op.ID, 10) }

// tellBegun queues for Fynd that somebody here began a refund of a payment that it asked for, and which it knows
// nothing of. What it asked for itself it was answered.
func (db *DB) tellBegun(ctx context.Context, p *Payment, op *Operation) error {
	if op.Kind != gateways.Refund || op.Requester == FyndPlatform.Name {
		return nil
	}
	request, err := db.requestOf(ctx, op)
	if request != "" || err != nil {
		return err
	}
	session, err := db.SessionOfPayment(ctx, p)
	if session == nil || err != nil {
		return err
	}
	return db.tellRefund(ctx, op, session, ownRequest(op), FyndRefundInitiated)
}

// tellRefund queues what Fynd must hear of a refund of a session's payment.
func (db *DB) tellRefund(ctx context.Context, op *Operation, s *FyndSession, request, word string) error {
	return db.queueRefund(ctx, PartnerUpdate{SessionID: &s.ID, GID: s.GID, RequestID: request, Status: word}, op)
}

// SessionRefund is how a refund of a session's payment stands, as Fynd is told of it.
type SessionRefund struct {
	RequestID   string // Fynd's, else our number of the operation
	Word        string // Fynd's
	Amount      money.Amount
	JourneyType string
	PaymentRef  string // the gateway's id of the payment
	Ref         string // the gateway's id of the refund, "" until it is known
	UTR         string // the bank's reference, "" until it is known
	Receipt     string // our key of it
	Reason      string
	Problem     string // why it waits for a person, or failed
	At          time.Time
}

// SessionRefunds are the refunds of a session's payments: those that Fynd asked for, in whatever way, and those that
// somebody here began. The oldest comes first.
func (db *DB) SessionRefunds(ctx context.Context, state *FyndSessionState) ([]SessionRefund, error) {
	var asked []FyndRefund
	if err := db.in(ctx).Where("session_id = ?", state.Session.ID).Order("id").Find(&asked).Error; err != nil {
		return nil, fmt.Errorf("read the refund requests of session %s: %w", state.Session.GID, err)
	}
	refs, ids := map[int64]string{}, []int64{0}
	for i := range state.Payments {
		p := &state.Payments[i]
		refs[p.ID], ids = deref(p.Ref), append(ids, p.ID)
	}
	var ops []struct {
		Operation
		Request string
	}
	err := db.in(ctx).Raw("SELECT o.*, coalesce(e.request_id, '') AS request FROM operations o LEFT JOIN order_events e ON e.id = o.event_id"+
		" WHERE o.payment_id IN ? AND o.kind = ? ORDER BY o.id", ids, gateways.Refund).Scan(&ops).Error
	if err != nil {
		return nil, fmt.Errorf("read the refunds of session %s: %w", state.Session.GID, err)
	}
	var list []SessionRefund
	made := map[string][]*Operation{}
	for i := range asked {
		list = append(list, asked[i].waiting())
	}
	for i := range ops {
		op, request := &ops[i].Operation, cmp.Or(ops[i].Request, ownRequest(&ops[i].Operation))
		made[request] = append(made[request], op)
		if !slices.ContainsFunc(list, func(r SessionRefund) bool { return r.RequestID == request }) {
			list = append(list, SessionRefund{RequestID: request, Amount: op.Amount(), At: op.CreatedAt})
		}
	}
	for i := range list {
		list[i].settle(made[list[i].RequestID], refs)
	}
	return list, nil
}

// waiting is a request that nothing has been done for.
func (r *FyndRefund) waiting() SessionRefund {
	return SessionRefund{
		RequestID: r.RequestID, Word: FyndRefundPending, Amount: r.Amount(), JourneyType: r.JourneyType, Reason: journeyReason(r.JourneyType), Problem: r.Problem, At: r.CreatedAt,
	}
}

// settle says how a request stands by the refunds that were made for it, oldest first. A failed one counts only when
// no other was begun after it; several are done when the last of them is and they come to what was asked for.
func (r *SessionRefund) settle(made []*Operation, refs map[int64]string) {
	var counts *Operation
	var back int64
	for _, op := range made {
		switch word := FyndRefundWord(op.State); {
		case word == FyndRefundDone:
			back += op.AmountMinor
			if counts == nil || counts.State.Final() {
				counts = op
			}
		case word != FyndRefundFailed || counts == nil || counts.State == Failed || counts.State == Cancelled:
			counts = op
		}
	}
	if counts == nil {
		return
	}
	r.Word = FyndRefundWord(counts.State)
	if r.Word == FyndRefundDone && back < r.Amount.Minor {
		r.Word = FyndRefundPending // the rest waits
	}
	r.PaymentRef, r.Ref, r.UTR, r.Receipt, r.Reason, r.Problem = refs[counts.PaymentID], counts.Ref, counts.Reference, counts.IdempotencyKey, reasonLabel(counts.Reason), counts.Problem
}
