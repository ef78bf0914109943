package models

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm/clause"
)

// followStatusActions brings the status actions of a payment in line with an operation of it that has ended.
func (db *DB) followStatusActions(ctx context.Context, p *Payment, op *Operation) error {
	if !op.State.Final() {
		return nil
	}
	var open []StatusAction
	err := db.in(ctx).Where("payment_id = ? AND state IN ?", p.ID, []StatusActionState{ActionWaiting, ActionSent, ActionFailed}).Order("id").Find(&open).Error
	if err != nil || len(open) == 0 {
		return wrapf(err, "read the status actions of payment %d", p.ID)
	}
	order, err := db.lockOrder(ctx, p.OrderID)
	if err != nil {
		return err
	}
	for _, was := range open {
		var a StatusAction
		if err := db.in(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).First(&a, "id = ?", was.ID).Error; err != nil {
			return fmt.Errorf("lock status action %d: %w", was.ID, err)
		}
		switch {
		case a.State == ActionWaiting && a.LeaseUntil == nil: // what it waited for may have been this
			err = db.wakeStatusAction(ctx, &a)
		case a.OperationID != nil && (a.State == ActionSent || a.State == ActionFailed):
			err = db.settleStatusAction(ctx, order, &a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// wakeStatusAction has a waiting action carried out now.
func (db *DB) wakeStatusAction(ctx context.Context, a *StatusAction) error {
	now, err := db.now(ctx)
	if err != nil {
		return err
	}
	a.NextAt = &now
	if err := db.saveStatusAction(ctx, a); err != nil {
		return err
	}
	return db.enqueue(ctx, StatusActionJob{ActionID: a.ID})
}

// settleStatusAction ends an action whose operations have ended. One that was called failed is done after all
// when the provider says so later.
func (db *DB) settleStatusAction(ctx context.Context, order *Order, a *StatusAction) error {
	var ops []Operation
	if err := db.in(ctx).Where("id = ? OR follows = ?", *a.OperationID, *a.OperationID).Order("id").Find(&ops).Error; err != nil {
		return fmt.Errorf("read the operations of status action %d: %w", a.ID, err)
	}
	for _, op := range ops {
		if op.State.Open() {
			return nil
		}
	}
	i := slices.IndexFunc(ops, func(op Operation) bool { return op.State != Succeeded })
	switch {
	case i < 0:
		return db.doneStatusAction(ctx, order, a, "")
	case a.State == ActionFailed:
		return nil
	}
	sentence := ops[i].Problem
	if sentence == "" {
		sentence = fmt.Sprintf("%s #%d was %s.", verbName(ops[i].Kind), ops[i].ID, ops[i].State)
	}
	return db.failStatusAction(ctx, order, a, "", sentence)
}

// doneStatusAction ends an action well. When nothing else of the same change is open, the order gets the status
// that was asked for, or the one configured for after it; neither starts anything.
func (db *DB) doneStatusAction(ctx context.Context, order *Order, a *StatusAction, said string) error {
	now, err := db.now(ctx)
	if err != nil {
		return err
	}
	a.State, a.Problem, a.NextAt, a.FinishedAt = ActionDone, said, nil, &now
	if said != "" {
		a.Code = SkipDone
	}
	if err := db.saveStatusAction(ctx, a); err != nil {
		return err
	}
	if err := db.reach(ctx, order, a, sentences(db.nameOf(a.Gateway)+" has done its part.", said), JobActor); err != nil {
		return err
	}
	if a.Notify && a.OperationID != nil {
		if err := db.tellCustomer(ctx, order, a); err != nil {
			return err
		}
	}
	return db.auditStatusAction(ctx, a, "status_action.done", JobActor, nil)
}

// reach gives an order the status an action was for, unless it was asked for another since, or something else of
// the same change is still open.
func (db *DB) reach(ctx context.Context, order *Order, a *StatusAction, comment string, by Actor) error {
	if a.DroppedAt != nil {
		return nil
	}
	var others int64
	err := db.in(ctx).Model(&StatusAction{}).Where("history_id = ? AND id <> ? AND state IN ?", a.HistoryID, a.ID, []StatusActionState{ActionWaiting, ActionSent, ActionFailed}).
		Limit(1).Count(&others).Error
	if err != nil || others > 0 {
		return wrapf(err, "look for what else order %d waits for", order.ID)
	}
	return db.putStatus(ctx, order, a.reached(), a.reasonReached(), comment, by)
}

// failStatusAction leaves an action to a person, and gives the order the status configured for that, if any. The
// status that was asked for it does not get.
func (db *DB) failStatusAction(ctx context.Context, order *Order, a *StatusAction, code SkipCode, sentence string) error {
	a.State, a.Code, a.Problem, a.NextAt, a.LeaseUntil = ActionFailed, code, sentence, nil, nil
	if err := db.saveStatusAction(ctx, a); err != nil {
		return err
	}
	db.log.WarnContext(ctx, "a status action failed", "action", a.ID, "order", order.ID)
	comment := fmt.Sprintf("%s could not %s, so the order is not %s. %s", db.nameOf(a.Gateway), a.Action.doing(), strings.ToLower(db.statusLabel(ctx, a.ToStatus)), sentence)
	if a.AfterFail != "" && a.DroppedAt == nil && order.Status != a.AfterFail {
		if err := db.putStatus(ctx, order, a.AfterFail, "", comment, JobActor); err != nil {
			return err
		}
	} else if err := db.addHistory(ctx, OrderHistory{OrderID: order.ID, StoreID: order.StoreID, Kind: "note", Comment: comment}, JobActor); err != nil {
		return err
	}
	return db.auditStatusAction(ctx, a, "status_action.failed", JobActor, map[string]any{"code": code})
}

func (db *DB) auditStatusAction(ctx context.Context, a *StatusAction, what string, by Actor, more map[string]any) error {
	details := map[string]any{"action": a.Action, "to": a.ToStatus, "payment": a.PaymentID, "gateway": a.Gateway, "round": a.Round, "source": a.Source}
	for k, v := range more {
		details[k] = v
	}
	return db.audit(ctx, a.StoreID, by, what, "status action "+strconv.FormatInt(a.ID, 10), &a.OrderID, details)
}

// nameOf is a gateway as people read it.
func (db *DB) nameOf(gateway string) string {
	if driver, ok := db.drivers[gateway]; ok {
		return driver.Name
	}
	return gateway
}
