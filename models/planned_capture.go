package models

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways"
)

// PlannedCapture is a capture that is to be made at a time: because a person planned it, or by the store's rule.
// When its time comes the provider is asked how the payment stands, and what is held is drawn, once.
type PlannedCapture struct {
	ID             int64
	StoreID        int64
	OrderID        int64
	PaymentID      int64
	At             time.Time
	CaptureBefore  *time.Time // as it was known when this was planned
	Source         string     // ByPerson or ByRule
	State          PlanState
	Problem        string // why it failed, was cancelled or waits longer: a sentence
	OperationID    *int64
	PlannedBy      *int64
	PlannedName    string
	PlannedAddress string
	TokenHash      []byte
	Tries          int
	LeaseUntil     *time.Time
	NextAt         *time.Time
	CreatedAt      time.Time
	UpdatedAt      time.Time
	FinishedAt     *time.Time
	SeenAt         *time.Time // a person has seen that it failed
}

// Who plans a capture.
const (
	ByPerson = "person"
	ByRule   = "rule"
)

// PlanState is where a planned capture stands.
type PlanState string

// The states. Only what waits can be cancelled; what is being sent is sent.
const (
	PlanWaiting   PlanState = "waiting"
	PlanSending   PlanState = "sending" // it is about to be an operation
	PlanSent      PlanState = "sent"    // its operation is under way
	PlanDone      PlanState = "done"    // captured, by this or by somebody else
	PlanFailed    PlanState = "failed"  // it could not be captured; a person must look
	PlanCancelled PlanState = "cancelled"
)

// Open says whether something is still to come of the plan.
func (p *PlannedCapture) Open() bool {
	return p.State == PlanWaiting || p.State == PlanSending || p.State == PlanSent
}

// by is who planned it.
func (p *PlannedCapture) by() Actor {
	if p.Source == ByPerson && p.PlannedBy != nil {
		return Actor{Kind: "user", UserID: p.PlannedBy, Name: p.PlannedName, Address: p.PlannedAddress}
	}
	return JobActor
}

// plannedAction names the form of a plan among the forms of a payment.
const plannedAction = "planned_capture"

// PlanToken mints the token of the Plan capture form of a payment.
func (db *DB) PlanToken(user, payment int64) string {
	return db.FormToken(user, plannedAction, payment)
}

// CapturePlan is what somebody filled into the Plan capture form.
type CapturePlan struct {
	OrderID   int64
	PaymentID int64 // sought under its order
	At        time.Time
	Token     string
	By        Actor // a person
}

// planMargin is how long before the end of a hold a capture can be planned at the latest: the provider must be
// asked first, and may have to be asked twice.
const planMargin = 15 * time.Minute

// PlanCapture has all that is held of a payment captured at a time. The same form again gives the same plan back.
// A Problem says why it cannot be planned.
func (db *DB) PlanCapture(ctx context.Context, req CapturePlan) (*PlannedCapture, error) {
	if req.By.UserID == nil {
		return nil, ErrForbidden
	}
	hash, expired, err := db.checkFormToken(req.Token, *req.By.UserID, plannedAction, req.PaymentID)
	if err != nil {
		return nil, err
	}
	var plan *PlannedCapture
	err = db.Tx(ctx, func(tx *DB) error {
		payment, err := tx.lockPayment(ctx, req.OrderID, req.PaymentID)
		if err != nil {
			return err
		}
		if plan, err = tx.planOfToken(ctx, hash); err != nil || plan != nil {
			return err
		}
		if expired {
			return tx.tooOld()
		}
		at, err := tx.position(ctx, payment)
		if err != nil {
			return err
		}
		if err := at.plannable(req.At); err != nil {
			return err
		}
		plan = &PlannedCapture{
			StoreID: payment.StoreID, OrderID: payment.OrderID, PaymentID: payment.ID, At: req.At.UTC(), CaptureBefore: payment.CaptureBefore, Source: ByPerson,
			State: PlanWaiting, PlannedBy: req.By.UserID, PlannedName: req.By.Name, PlannedAddress: req.By.Address, TokenHash: hash, NextAt: new(req.At.UTC()),
			CreatedAt: at.now, UpdatedAt: at.now,
		}
		return tx.storePlan(ctx, plan, req.By, fmt.Sprintf("Capture of %s planned for %s.", payment.Held(), moment{plan.At, at.store}))
	})
	if err != nil {
		return nil, fmt.Errorf("plan the capture of payment %d: %w", req.PaymentID, err)
	}
	return plan, nil
}

// plannable says why a capture cannot be planned for then, or nil.
func (at *position) plannable(then time.Time) error {
	able, err := at.plan(Want{Action: CaptureAction})
	before := at.payment.CaptureBefore
	switch {
	case err != nil:
		return err
	case able.Skip != "":
		return able.problem()
	case !then.After(at.now):
		return FieldProblem("at", "Choose a time to come; to capture now, press Capture.")
	case before != nil && then.After(before.Add(-planMargin)):
		return FieldProblem("at", "The authorization ends on %s. Plan the capture for %.0f minutes before that at the latest.", moment{*before, at.store}, planMargin.Minutes())
	case before == nil && then.After(at.now.AddDate(0, 0, 180)):
		return FieldProblem("at", "It is not known when this authorization ends. Plan the capture within 180 days.")
	}
	return nil
}

func (db *DB) planOfToken(ctx context.Context, hash []byte) (*PlannedCapture, error) {
	var plan PlannedCapture
	err := db.in(ctx).First(&plan, "token_hash = ?", hash).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for a plan: %w", err)
	}
	return &plan, nil
}

// storePlan stores a plan, unless the payment has one that is open.
func (db *DB) storePlan(ctx context.Context, plan *PlannedCapture, by Actor, said string) error {
	res := db.in(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(plan)
	if res.Error != nil {
		return fmt.Errorf("store the plan: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return conflictf("A capture is planned for this payment already. Cancel it to plan another one.")
	}
	err := db.addHistory(ctx, OrderHistory{OrderID: plan.OrderID, StoreID: plan.StoreID, Kind: "payment", Comment: said}, by)
	if err != nil {
		return err
	}
	return db.audit(ctx, plan.StoreID, by, "capture.planned", "payment "+strconv.FormatInt(plan.PaymentID, 10), &plan.OrderID, map[string]any{"at": plan.At, "by": plan.Source})
}

// CancelPlannedCapture takes back what is planned for a payment, and keeps the store's rule from capturing this
// authorization by itself. Nothing is sent of what was cancelled; what is being sent already is a Conflict.
func (db *DB) CancelPlannedCapture(ctx context.Context, order, payment int64, by Actor) error {
	err := db.Tx(ctx, func(tx *DB) error {
		p, err := tx.lockPayment(ctx, order, payment)
		if err != nil {
			return err
		}
		taken, err := tx.takeBackPlans(ctx, p)
		if err != nil {
			return err
		}
		held, err := tx.holdBackRule(ctx, p, by)
		if err != nil {
			return err
		}
		if !taken && !held {
			return nil // it was cancelled before
		}
		said := "The planned capture was cancelled."
		if held && !taken {
			said = "This authorization is not captured automatically."
		}
		if err := tx.addHistory(ctx, OrderHistory{OrderID: p.OrderID, StoreID: p.StoreID, Kind: "payment", Comment: said}, by); err != nil {
			return err
		}
		return tx.audit(ctx, p.StoreID, by, "capture.plan_cancelled", "payment "+strconv.FormatInt(p.ID, 10), &p.OrderID, nil)
	})
	return wrapf(err, "cancel the planned capture of payment %d", payment)
}

// takeBackPlans cancels what waits, and reports whether anything did.
func (db *DB) takeBackPlans(ctx context.Context, p *Payment) (bool, error) {
	res := db.in(ctx).Exec(`UPDATE planned_captures SET state = 'cancelled', finished_at = clock_timestamp(), updated_at = clock_timestamp(), next_at = NULL, lease_until = NULL
		WHERE payment_id = ? AND state = 'waiting'`, p.ID)
	if res.Error != nil {
		return false, fmt.Errorf("cancel the plans of payment %d: %w", p.ID, res.Error)
	}
	if res.RowsAffected > 0 {
		return true, nil
	}
	var going int64
	if err := db.in(ctx).Model(&PlannedCapture{}).Where("payment_id = ? AND state IN ?", p.ID, []PlanState{PlanSending, PlanSent}).Count(&going).Error; err != nil {
		return false, fmt.Errorf("look for plans of payment %d: %w", p.ID, err)
	}
	if going > 0 {
		return false, conflictf("The capture is being made at this moment; it is too late to cancel it.")
	}
	return false, nil
}

// holdBackRule keeps the store's rule from this authorization, where there is a rule.
func (db *DB) holdBackRule(ctx context.Context, p *Payment, by Actor) (bool, error) {
	rule, err := db.captureRule(ctx, p.StoreID, p.Gateway)
	if err != nil || rule == nil || p.CaptureBefore == nil || p.Status != PaymentAuthorized {
		return false, err
	}
	at := rule.at(*p.CaptureBefore)
	res := db.in(ctx).Exec(`INSERT INTO planned_captures (store_id, order_id, payment_id, at, capture_before, source, state, problem, planned_by, planned_name, planned_address, finished_at)
		VALUES (?, ?, ?, ?, ?, 'rule', 'cancelled', 'Cancelled by hand.', ?, ?, ?, clock_timestamp()) ON CONFLICT DO NOTHING`,
		p.StoreID, p.OrderID, p.ID, at, *p.CaptureBefore, by.UserID, by.Name, by.Address)
	return res.RowsAffected > 0, wrapf(res.Error, "keep payment %d from being captured automatically", p.ID)
}

// CanPlan says whether a capture of the payment can be planned as the page shows it.
func (p *OrderPayment) CanPlan() bool {
	return p.Driver.Can.Does(gateways.Capture) && p.Plans[CaptureAction].Skip == ""
}
