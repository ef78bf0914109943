package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// FyndPlatform is who asks for what Fynd asks an extension for.
var FyndPlatform = Actor{Kind: "api", Name: "Fynd Platform"}

// FyndRefundRequest is a refund that Fynd asks an extension for.
type FyndRefundRequest struct {
	Session     *FyndSession
	RequestID   string // up to 20 digits: never a number
	Amount      money.Amount
	JourneyType string // CANCEL, RETURN, or both in one word
	Body        json.RawMessage
	BodyHash    []byte // of the body, however it was written down
}

// RefundSession records that Fynd wants money of a payment back to its buyer, and starts the refund. The same request
// again gives the same refund back, whatever became of it; another one under its id is a conflict. A request that
// Fynd has made through its webhook as well is one request: what was returned for it is not returned again. What
// cannot be carried out by itself waits in the order for a person, with its Problem.
func (db *DB) RefundSession(ctx context.Context, req FyndRefundRequest) (*FyndRefund, error) {
	var refund *FyndRefund
	var refusal error
	err := db.Tx(ctx, func(tx *DB) error {
		refund, refusal = nil, nil
		order, err := tx.lockOrderAndPayments(ctx, req.Session.OrderID) // of many at once, one goes on
		if err != nil {
			return err
		}
		if refund, err = tx.fyndRefund(ctx, req.Session.ID, req.RequestID); err != nil {
			return err
		}
		if refund != nil {
			refusal = refund.differs(req)
		} else if refund, refusal, err = tx.openFyndRefund(ctx, order, req); err != nil {
			return err
		}
		if refusal != nil {
			return nil
		}
		return tx.agreed(ctx, order.ID, req.RequestID)
	})
	if err == nil {
		err = db.noteOtherRefund(ctx, req, refusal)
	}
	if err != nil {
		return nil, fmt.Errorf("refund request %s of %s: %w", req.RequestID, req.Session.GID, err)
	}
	return refund, nil
}

// differs says in what another request under the same id is not the one that was made, or nil.
func (r *FyndRefund) differs(req FyndRefundRequest) error {
	switch {
	case r.Amount() != req.Amount:
		return madeBefore(req, r.Amount())
	case !slices.Equal(r.BodyHash, req.BodyHash):
		return conflictf("The refund request %s was made before, in other words.", r.RequestID)
	}
	return nil
}

// madeBefore says that a request was made for another amount before.
func madeBefore(req FyndRefundRequest, known money.Amount) error {
	return &otherRefund{conflictf("The refund request %s was made before, for %s.", req.RequestID, known), known, "it was for %s before"}
}

// Amount is what Fynd wants to go back.
func (r *FyndRefund) Amount() money.Amount { return money.New(r.AmountMinor, r.Currency) }

// fyndRefund is a request of a session, or nil.
func (db *DB) fyndRefund(ctx context.Context, session, request string) (*FyndRefund, error) {
	var r FyndRefund
	err := db.in(ctx).First(&r, "session_id = ? AND request_id = ?", session, request).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil //nolint:nilnil // it has not been made
	}
	if err != nil {
		return nil, fmt.Errorf("read refund request %s: %w", request, err)
	}
	return &r, nil
}

// openFyndRefund stores a request under the order's lock, and starts what has not been returned for it yet.
func (db *DB) openFyndRefund(ctx context.Context, order *Order, req FyndRefundRequest) (*FyndRefund, error, error) {
	s := req.Session
	refund := &FyndRefund{
		SessionID: s.ID, StoreID: s.StoreID, OrderID: s.OrderID, RequestID: req.RequestID, AmountMinor: req.Amount.Minor, Currency: req.Amount.Currency,
		JourneyType: req.JourneyType, Body: withoutCards(req.Body, req.RequestID, s.GID, s.PFOrderID), BodyHash: req.BodyHash,
	}
	event, ops, err := db.answersTo(ctx, order, req.RequestID)
	if err != nil {
		return nil, nil, err
	}
	if refusal := otherAmount(event, ops, req); refusal != nil {
		return nil, refusal, nil
	}
	left := req.Amount
	for _, op := range ops {
		left.Minor -= op.AmountMinor
		refund.OperationID = &op.ID
	}
	var payment *Payment
	if left.Minor > 0 {
		var refusal error
		if payment, refusal, err = db.refundablePayment(ctx, s, left); refusal != nil || err != nil {
			return nil, refusal, err
		}
	}
	if event, err = db.requestEvent(ctx, order, event, req); err != nil {
		return nil, nil, err
	}
	refund.EventID = &event.ID
	if left.Minor > 0 {
		op, err := db.RefundPayment(ctx, RefundRequest{
			OrderID: order.ID, PaymentID: payment.ID, Amount: left, Reason: journeyReason(req.JourneyType), EventID: event.ID,
			Source: FromAPI, Key: "fynd refund " + s.ID + " " + req.RequestID, By: FyndPlatform,
		})
		var problem *Problem
		switch {
		case errors.As(err, &problem):
			refund.Problem = problem.Sentence
			if err := db.noteUndone(ctx, order, refund); err != nil {
				return nil, nil, err
			}
		case err != nil:
			return nil, nil, err
		default:
			refund.OperationID, refund.Begun = &op.ID, true
			if err := db.joinRequest(ctx, op, event); err != nil {
				return nil, nil, err
			}
		}
	}
	if err := db.in(ctx).Create(refund).Error; err != nil {
		return nil, nil, fmt.Errorf("store it: %w", err)
	}
	return refund, nil, db.audit(ctx, s.StoreID, FyndPlatform, "fynd_refund.asked", "refund request "+strconv.FormatInt(refund.ID, 10), &order.ID, map[string]any{
		"session": s.ID, "request": req.RequestID, "amount_minor": req.Amount.Minor, "currency": req.Amount.Currency, "operation": refund.OperationID,
	})
}

// answersTo is the event of a request in the order's list, nil when it is not there, with the refunds that were
// started for it and did not fail, oldest first.
func (db *DB) answersTo(ctx context.Context, order *Order, request string) (*OrderEvent, []Operation, error) {
	var event OrderEvent
	err := db.in(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).First(&event, "order_id = ? AND event = ? AND request_id = ?", order.ID, EventRefundInitiated, request).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("look for request %s: %w", request, err)
	}
	var ops []Operation
	err = db.in(ctx).Where("event_id = ? AND kind = ? AND state NOT IN ?", event.ID, gateways.Refund, []OperationState{Failed, Cancelled}).Order("id").Find(&ops).Error
	if err != nil {
		return nil, nil, fmt.Errorf("read the refunds of request %s: %w", request, err)
	}
	return &event, ops, nil
}

// otherAmount says that Fynd's webhook asked for another amount under the same id, or that more went back for it.
func otherAmount(event *OrderEvent, ops []Operation, req FyndRefundRequest) error {
	if event == nil {
		return nil
	}
	if known := event.AmountMinor; known != nil && !event.UnitDoubt && *known != req.Amount.Minor {
		return madeBefore(req, money.New(*known, req.Amount.Currency))
	}
	var sum int64
	for _, op := range ops {
		sum += op.AmountMinor
	}
	if sum > req.Amount.Minor {
		back := money.New(sum, req.Amount.Currency)
		return &otherRefund{conflictf("The refund request %s was made before, and %s goes back for it.", req.RequestID, back), back, "%s goes back for it"}
	}
	return nil
}

// refundablePayment is the payment of a session that an amount can be taken from. A refusal says why there is none.
func (db *DB) refundablePayment(ctx context.Context, s *FyndSession, amount money.Amount) (*Payment, error, error) {
	state, err := db.FyndSessionState(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	var refusal error
	for i := range state.Payments {
		p := &state.Payments[i]
		if p.CapturedMinor == 0 {
			continue
		}
		problem := p.CheckRefund(amount)
		if problem == nil {
			return p, nil, nil
		}
		refusal = problemf("%s", problem.Error()) // of an amount, not of the state of things: it stays refused
		if left := p.Refundable(); left.Minor > 0 {
			refusal = &otherRefund{refusal, left, "only %s is left"}
		}
	}
	if refusal == nil {
		refusal = problemf("transaction pending: the payment is %s and nothing of it has been captured, so nothing can go back.", state.Word)
	}
	return nil, refusal, nil
}
