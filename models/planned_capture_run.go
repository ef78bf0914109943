package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/kartify/kartify/gateways"
)

// planBatch is how many plans one run takes up.
const planBatch = 50

// RunDueCaptures makes the captures whose planned time has come: first those that the stores' rules ask for become
// plans, then every due plan is checked with its provider and captured. It also closes plans whose capture has
// ended. It reports how many plans it moved. Several processes may run it at once.
func (db *DB) RunDueCaptures(ctx context.Context) (int, error) {
	moved, err := db.planByRules(ctx)
	if err != nil {
		return moved, err
	}
	closed, err := db.closePlans(ctx)
	if err != nil {
		return moved + closed, err
	}
	moved += closed
	var due []int64
	err = db.in(ctx).Model(&PlannedCapture{}).Where("next_at <= clock_timestamp()").Order("next_at").Limit(planBatch).Pluck("id", &due).Error
	if err != nil {
		return moved, fmt.Errorf("look for planned captures: %w", err)
	}
	for _, id := range due {
		if ctx.Err() != nil {
			return moved, ctx.Err() //nolint:wrapcheck // told to stop; the rest is due again
		}
		ran, err := db.RunPlannedCapture(ctx, id)
		if err != nil {
			return moved, err
		}
		if ran {
			moved++
		}
	}
	return moved, nil
}

// planByRules plans what the rules of the stores ask for by now: held payments whose orders have one of the rule's
// statuses, once for each authorization. What a person planned goes before a rule.
func (db *DB) planByRules(ctx context.Context) (int, error) {
	tag, err := db.pool.Exec(ctx, `INSERT INTO planned_captures (store_id, order_id, payment_id, at, capture_before, source, next_at)
		SELECT p.store_id, p.order_id, p.id, p.capture_before - make_interval(hours => p.hours), p.capture_before, 'rule', clock_timestamp()
		FROM capture_rules r CROSS JOIN LATERAL (
			SELECT p.*, r.hours FROM payments p JOIN orders o ON o.id = p.order_id
			WHERE p.store_id = r.store_id AND p.status = 'authorized' AND p.capture_before IS NOT NULL AND p.gateway = r.gateway
				AND p.capture_before > clock_timestamp() AND p.capture_before <= clock_timestamp() + make_interval(hours => r.hours)
				AND p.ref IS NOT NULL AND p.voided_at IS NULL AND p.captured_minor = 0 AND p.capture_reserved_minor = 0 AND jsonb_exists(r.statuses, o.status)
				AND NOT EXISTS (SELECT 1 FROM planned_captures c WHERE c.payment_id = p.id
					AND (c.state IN ('waiting', 'sending', 'sent') OR c.source = 'rule' AND c.capture_before = p.capture_before))
			ORDER BY p.capture_before LIMIT 500) p
		ON CONFLICT DO NOTHING`)
	if err != nil {
		return 0, fmt.Errorf("plan what the rules ask for: %w", err)
	}
	return int(tag.RowsAffected()), nil
}

// closePlans ends the plans whose operation has ended. One that failed is taken as done when the money is drawn
// after all.
func (db *DB) closePlans(ctx context.Context) (int, error) {
	var ended []struct {
		ID      int64
		State   OperationState
		Problem string
	}
	err := db.in(ctx).Raw(`SELECT c.id, o.state, o.problem FROM planned_captures c JOIN operations o ON o.id = c.operation_id
		WHERE c.state = 'sent' AND o.state IN ('succeeded', 'failed', 'cancelled') ORDER BY c.id LIMIT 200`).Scan(&ended).Error
	if err != nil {
		return 0, fmt.Errorf("look for captures that have ended: %w", err)
	}
	for _, e := range ended {
		var plan PlannedCapture
		if err := db.in(ctx).First(&plan, "id = ?", e.ID).Error; err != nil {
			return 0, fmt.Errorf("read plan %d: %w", e.ID, err)
		}
		if e.State == Succeeded {
			err = db.endPlan(ctx, &plan, PlanDone, "")
		} else {
			err = db.endPlan(ctx, &plan, PlanFailed, sentences("The capture did not happen.", e.Problem))
		}
		if err != nil {
			return 0, err
		}
	}
	res := db.in(ctx).Exec(`UPDATE planned_captures c SET state = 'done', updated_at = clock_timestamp() FROM payments p
		WHERE c.state = 'failed' AND c.seen_at IS NULL AND p.id = c.payment_id AND p.captured_minor > 0`)
	return len(ended) + int(res.RowsAffected), wrapf(res.Error, "close plans that failed and are captured")
}

// RunPlannedCapture makes one planned capture whose time has come, and reports whether it did anything. The
// provider is asked first; what it refuses, and what cannot be captured any more, is failed for a person to see.
// A provider that does not answer is asked again until the hold has ended.
func (db *DB) RunPlannedCapture(ctx context.Context, id int64) (bool, error) {
	plan, err := db.claimPlan(ctx, id)
	if err != nil || plan == nil {
		return false, err
	}
	if plan.State == PlanWaiting {
		ready, err := db.checkPlan(ctx, plan)
		if err != nil || !ready {
			return true, err
		}
	}
	return true, db.sendPlan(ctx, plan)
}

// claimPlan takes a due plan for this process for as long as its calls may last, or gives nil.
func (db *DB) claimPlan(ctx context.Context, id int64) (*PlannedCapture, error) {
	lease := (3*db.timings.CallTimeout + 30*time.Second).Seconds()
	var plans []PlannedCapture
	err := db.in(ctx).Raw(`UPDATE planned_captures SET tries = tries + 1, lease_until = clock_timestamp() + make_interval(secs => ?),
			next_at = clock_timestamp() + make_interval(secs => ?), updated_at = clock_timestamp()
		WHERE id = ? AND state IN ('waiting', 'sending') AND next_at <= clock_timestamp() RETURNING *`, lease, lease, id).Scan(&plans).Error
	if err != nil {
		return nil, fmt.Errorf("claim planned capture %d: %w", id, err)
	}
	if len(plans) == 0 {
		return nil, nil
	}
	return &plans[0], nil
}

// checkPlan looks whether the capture is still to be made, with the provider's answer of this moment, and marks it
// as being sent. From then on it cannot be cancelled.
func (db *DB) checkPlan(ctx context.Context, plan *PlannedCapture) (ready bool, err error) {
	why, err := db.ruleWithdrawn(ctx, plan)
	if err != nil {
		return false, err
	}
	if why != "" {
		return false, db.endPlan(ctx, plan, PlanCancelled, why)
	}
	now, err := db.now(ctx)
	if err != nil {
		return false, err
	}
	todo, err := db.PlanAction(ctx, plan.OrderID, plan.PaymentID, Want{Action: CaptureAction, Fresh: true})
	switch {
	case err != nil && plan.over(now):
		return false, db.endPlan(ctx, plan, PlanFailed, sentences("The authorization ended before the capture could be made.", message(err)))
	case err != nil:
		return false, db.putPlanOff(ctx, plan, message(err))
	case todo.Code == SkipDone:
		return false, db.endPlan(ctx, plan, PlanDone, todo.Skip)
	case todo.Code == SkipUnderWay:
		return false, db.putPlanOff(ctx, plan, todo.Skip)
	case todo.Skip != "":
		return false, db.endPlan(ctx, plan, PlanFailed, todo.Skip)
	}
	res := db.in(ctx).Exec("UPDATE planned_captures SET state = 'sending', problem = '', updated_at = clock_timestamp() WHERE id = ? AND state = 'waiting' AND tries = ?", plan.ID, plan.Tries)
	if res.Error != nil {
		return false, fmt.Errorf("begin planned capture %d: %w", plan.ID, res.Error)
	}
	plan.State = PlanSending
	return res.RowsAffected == 1, nil // else it was cancelled meanwhile, or another process has it
}

// over says whether the hold had ended at a moment, as it was known when the capture was planned.
func (p *PlannedCapture) over(at time.Time) bool {
	return p.CaptureBefore != nil && !p.CaptureBefore.After(at)
}

// ruleWithdrawn says why a plan of a rule is not to be made any more, or "".
func (db *DB) ruleWithdrawn(ctx context.Context, plan *PlannedCapture) (string, error) {
	if plan.Source != ByRule {
		return "", nil
	}
	var at struct{ Gateway, Status string }
	err := db.in(ctx).Raw("SELECT p.gateway, o.status FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.id = ?", plan.PaymentID).Scan(&at).Error
	if err != nil {
		return "", fmt.Errorf("read what planned capture %d is for: %w", plan.ID, err)
	}
	rule, err := db.captureRule(ctx, plan.StoreID, at.Gateway)
	switch {
	case err != nil:
		return "", err
	case rule == nil:
		return "The rule it was planned by was ended.", nil
	case !slices.Contains(rule.Statuses, at.Status):
		return fmt.Sprintf("The order is %s by now, which the rule does not speak of.", at.Status), nil
	}
	return "", nil
}

// wish is the capture as the money actions take it: a plan is one wish, however often it is made.
func (p *PlannedCapture) wish() Wish {
	return Wish{
		OrderID: p.OrderID, PaymentID: p.PaymentID, Source: FromPlan, Key: fmt.Sprintf("planned capture %d", p.ID), By: p.by(), Reason: "Planned capture",
	}
}

// sendPlan makes the operation of a plan. It may run again after a crash: the same wish gives the same operation.
func (db *DB) sendPlan(ctx context.Context, plan *PlannedCapture) error {
	op, err := db.CapturePayment(ctx, CaptureRequest{Wish: plan.wish()})
	var problem *Problem
	switch {
	case errors.As(err, &problem):
		return db.refusedPlan(ctx, plan, problem)
	case err != nil:
		return db.putPlanOff(ctx, plan, message(err))
	}
	res := db.in(ctx).Exec(`UPDATE planned_captures SET state = 'sent', operation_id = ?, problem = '', next_at = NULL, lease_until = NULL, updated_at = clock_timestamp()
		WHERE id = ? AND state = 'sending'`, op.ID, plan.ID)
	return wrapf(res.Error, "note that planned capture %d was sent", plan.ID)
}

// refusedPlan ends a plan that was refused at the last moment: as done when somebody else captured, and loudly
// when nobody did.
func (db *DB) refusedPlan(ctx context.Context, plan *PlannedCapture, problem *Problem) error {
	now, err := db.PlanAction(ctx, plan.OrderID, plan.PaymentID, Want{Action: CaptureAction})
	switch {
	case err == nil && now.Code == SkipDone:
		return db.endPlan(ctx, plan, PlanDone, now.Skip)
	case err == nil && now.Code == SkipUnderWay:
		return db.putPlanOff(ctx, plan, now.Skip)
	}
	return db.endPlan(ctx, plan, PlanFailed, problem.Sentence)
}

// planPause is how long a plan waits before its provider is asked again.
const planPause = time.Minute

// putPlanOff has a plan tried again in a while, and says why.
func (db *DB) putPlanOff(ctx context.Context, plan *PlannedCapture, why string) error {
	err := db.in(context.WithoutCancel(ctx)).Exec(`UPDATE planned_captures SET problem = ?, lease_until = NULL, next_at = clock_timestamp() + make_interval(secs => ?), updated_at = clock_timestamp()
		WHERE id = ? AND state IN ('waiting', 'sending') AND tries = ?`, clip(textOf(why), 500), planPause.Seconds(), plan.ID, plan.Tries).Error
	return wrapf(err, "put planned capture %d off", plan.ID)
}

// endPlan ends a plan, and tells the order's history and the audit log. One that failed stays on the limbo board.
func (db *DB) endPlan(ctx context.Context, plan *PlannedCapture, state PlanState, why string) error {
	err := db.Tx(ctx, func(tx *DB) error {
		res := tx.in(ctx).Exec(`UPDATE planned_captures SET state = ?, problem = ?, next_at = NULL, lease_until = NULL, finished_at = clock_timestamp(), updated_at = clock_timestamp()
			WHERE id = ? AND state IN ('waiting', 'sending', 'sent')`, state, clip(textOf(why), 500), plan.ID)
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		said := map[PlanState]string{PlanFailed: "The planned capture failed.", PlanCancelled: "The planned capture was given up.", PlanDone: "The planned capture is done."}[state]
		err := tx.addHistory(ctx, OrderHistory{OrderID: plan.OrderID, StoreID: plan.StoreID, Kind: "payment", OperationID: plan.OperationID, Comment: sentences(said, why)}, JobActor)
		if err != nil {
			return err
		}
		if state == PlanFailed {
			tx.log.WarnContext(ctx, "a planned capture failed", "plan", plan.ID, "order", plan.OrderID)
		}
		return tx.audit(ctx, plan.StoreID, JobActor, "capture.plan_"+string(state), "payment "+strconv.FormatInt(plan.PaymentID, 10), &plan.OrderID, map[string]any{"verb": gateways.Capture, "source": plan.Source})
	})
	return wrapf(err, "end planned capture %d", plan.ID)
}
