package models

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// statusMove is one wish for another status.
type statusMove struct {
	to, reason, comment string
	by                  Actor
	source              string
}

// sourceOf is where a change of status comes from, as an action remembers it.
func sourceOf(source string, by Actor) string {
	switch {
	case source != "":
		return source
	case by.Kind == "user":
		return FromStaff
	case by.Kind == "webhook", by.Kind == "api":
		return by.Kind
	}
	return "job"
}

// moveStatus is the one place where an order gets a status because somebody wants it to. What is linked to the
// status is started here, once for this change; then the order keeps its status until that is done. What was
// asked for before and has not come about is given up.
func (db *DB) moveStatus(ctx context.Context, at *statusPosition, move statusMove) (*StatusChanged, error) {
	order, asked := at.order, at.asked()
	done := &StatusChanged{Order: order, Wanted: move.to}
	switch {
	case move.to == asked && asked != order.Status:
		done.Waits = true
		return done, nil // it is on its way
	case move.to == order.Status && move.to == asked && !at.failed(""):
		return done, db.putStatus(ctx, order, move.to, move.reason, move.comment, move.by)
	}
	calls := at.forecast(move.to).Calls
	if len(calls) == 0 && move.to != order.Status {
		if waits, err := db.redirect(ctx, at, move); err != nil || waits {
			done.Waits = waits
			return done, err
		}
	}
	if err := db.dropStatusActions(ctx, at, move); err != nil {
		return nil, err
	}
	open := slices.DeleteFunc(slices.Clone(calls), func(c StatusCall) bool { return c.Plan.Code == SkipDone })
	if len(open) == 0 && len(calls) == 0 {
		return done, db.putStatus(ctx, order, move.to, move.reason, move.comment, move.by)
	}
	history := OrderHistory{OrderID: order.ID, StoreID: order.StoreID, Kind: "note", Comment: db.asks(ctx, calls, open, move)}
	if err := db.writeHistory(ctx, &history, move.by); err != nil {
		return nil, err
	}
	for _, call := range calls {
		action, err := db.newStatusAction(ctx, order, call, history.ID, move)
		if err != nil {
			return nil, err
		}
		done.Actions = append(done.Actions, *action)
	}
	if len(open) > 0 {
		done.Waits = true
		return done, nil
	}
	last := &done.Actions[len(done.Actions)-1]
	done.Wanted = last.reached()
	return done, db.putStatus(ctx, order, last.reached(), last.reasonReached(), "", move.by)
}

// redirect lets what is under way lead to another status of its group: the payment is asked once, and the order
// gets the later status when it is done.
func (db *DB) redirect(ctx context.Context, at *statusPosition, move statusMove) (bool, error) {
	var ids []int64
	for _, a := range at.open {
		rules := at.rules[a.Gateway]
		if rules == nil || !a.holds() || a.State == ActionFailed {
			continue
		}
		if rule := rules.rule(move.to); rule != nil && rule.Action == a.Action {
			ids = append(ids, a.ID)
		}
	}
	if len(ids) == 0 {
		return false, nil
	}
	err := db.in(ctx).Model(&StatusAction{}).Where("id IN ?", ids).
		Updates(map[string]any{"to_status": move.to, "to_reason": move.reason, "updated_at": gorm.Expr("now()")}).Error
	if err != nil {
		return false, fmt.Errorf("change what order %d waits for: %w", at.order.ID, err)
	}
	return true, db.addHistory(ctx, OrderHistory{
		OrderID: at.order.ID, StoreID: at.order.StoreID, Kind: "note",
		Comment: sentences(fmt.Sprintf("Asked for as %s instead; what is under way for the payment stays.", db.statusLabel(ctx, move.to)), move.comment),
	}, move.by)
}

// dropStatusActions gives up what was asked for before. What was not called yet is not called; what is under way
// is followed to its end, without giving the order a status.
func (db *DB) dropStatusActions(ctx context.Context, at *statusPosition, move statusMove) error {
	for _, a := range at.open {
		if a.DroppedAt != nil {
			continue
		}
		err := db.in(ctx).Exec(`UPDATE status_actions SET dropped_at = now(), updated_at = now(),
				state = CASE WHEN state = 'failed' OR (state = 'waiting' AND lease_until IS NULL) THEN 'dropped' ELSE state END,
				finished_at = CASE WHEN state = 'failed' OR (state = 'waiting' AND lease_until IS NULL) THEN now() END,
				next_at = CASE WHEN state = 'failed' OR (state = 'waiting' AND lease_until IS NULL) THEN NULL ELSE next_at END
			WHERE id = ? AND state IN ('waiting', 'sent', 'failed')`, a.ID).Error
		if err != nil {
			return fmt.Errorf("give up status action %d: %w", a.ID, err)
		}
	}
	i := slices.IndexFunc(at.open, func(a StatusAction) bool { return a.holds() })
	if i < 0 || move.to != at.order.Status {
		return nil
	}
	return db.addHistory(ctx, OrderHistory{
		OrderID: at.order.ID, StoreID: at.order.StoreID, Kind: "note",
		Comment: sentences(fmt.Sprintf("%s is no longer asked for.", db.statusLabel(ctx, at.open[i].ToStatus)), move.comment),
	}, move.by)
}

// asks says in the history what was asked for, and what it waits for.
func (db *DB) asks(ctx context.Context, calls, open []StatusCall, move statusMove) string {
	label := db.statusLabel(ctx, move.to)
	if len(open) == 0 {
		return sentences(fmt.Sprintf("%s was asked for. %s", label, calls[0].Plan.Skip), move.comment)
	}
	var parts []string
	for _, call := range open {
		parts = append(parts, fmt.Sprintf("%s is to %s", call.Plan.Name, call.Rule.Action.doing()))
	}
	return sentences(fmt.Sprintf("%s was asked for: first %s.", label, strings.Join(parts, ", and ")), move.comment)
}

// newStatusAction stores what one payment's provider is to do for a change of status. The row of the history
// names the change, so that it is made once. What is so already is done at once.
func (db *DB) newStatusAction(ctx context.Context, order *Order, call StatusCall, history int64, move statusMove) (*StatusAction, error) {
	now, err := db.now(ctx)
	if err != nil {
		return nil, err
	}
	a := &StatusAction{
		StoreID: order.StoreID, OrderID: order.ID, PaymentID: call.PaymentID, RuleID: call.Rule.ID, HistoryID: history, Action: call.Rule.Action, Gateway: call.Gateway,
		FromStatus: order.Status, ToStatus: move.to, ToReason: move.reason, AfterDone: deref(call.Rule.AfterDone), AfterFail: deref(call.Rule.AfterFail), Notify: call.Rule.Notify,
		Source: sourceOf(move.source, move.by), Actor: move.by.history(), ActorID: move.by.UserID, ActorName: move.by.Name, ActorAddress: move.by.Address,
		State: ActionWaiting, Round: 1, NextAt: &now, CreatedAt: now, UpdatedAt: now,
	}
	if a.Action == UpdateAction {
		a.AmountMinor = &order.TotalMinor
	}
	if call.Plan.Code == SkipDone {
		a.State, a.Code, a.Problem, a.NextAt, a.FinishedAt = ActionDone, SkipDone, call.Plan.Skip, nil, &now
	}
	if err := db.in(ctx).Create(a).Error; err != nil {
		return nil, fmt.Errorf("store what the change of order %d to %s starts: %w", order.ID, move.to, err)
	}
	if a.State != ActionWaiting {
		return a, nil
	}
	return a, db.enqueue(ctx, StatusActionJob{ActionID: a.ID})
}

// reached is the status an order gets when the action is done.
func (a *StatusAction) reached() string {
	if a.AfterDone != "" {
		return a.AfterDone
	}
	return a.ToStatus
}

func (a *StatusAction) reasonReached() string {
	if a.AfterDone != "" {
		return ""
	}
	return a.ToReason
}

// writeHistory is addHistory for those who need the row's id.
func (db *DB) writeHistory(ctx context.Context, h *OrderHistory, by Actor) error {
	h.Actor, h.ActorID, h.ActorName = by.history(), by.UserID, by.Name
	if err := db.in(ctx).Omit("At").Create(h).Error; err != nil {
		return fmt.Errorf("write the history of order %d: %w", h.OrderID, err)
	}
	err := db.in(ctx).Model(&Order{}).Where("id = ?", h.OrderID).Updates(map[string]any{"date_modified": gorm.Expr("now()"), "version": gorm.Expr("version + 1")}).Error
	return wrapf(err, "mark order %d as modified", h.OrderID)
}

// statusLabel is a status as people read it.
func (db *DB) statusLabel(ctx context.Context, code string) string {
	statuses, err := db.OrderStatuses(ctx)
	if err != nil {
		return code
	}
	return labelsOf(statuses)(code)
}
