package models

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"
)

// RetryStatusAction has a failed action carried out once more, as a new wish.
func (db *DB) RetryStatusAction(ctx context.Context, order, id int64, by Actor) error {
	err := db.Tx(ctx, func(tx *DB) error {
		_, a, err := tx.openStatusAction(ctx, order, id)
		if err != nil {
			return err
		}
		if a.State != ActionFailed {
			return conflictf("This action is %s; only one that failed can be tried again.", a.State)
		}
		if err := tx.anew(ctx, a); err != nil {
			return err
		}
		return tx.auditStatusAction(ctx, a, "status_action.retried", by, nil)
	})
	return wrapf(err, "retry status action %d", id)
}

// anew begins the next round of a failed action.
func (db *DB) anew(ctx context.Context, a *StatusAction) error {
	a.State, a.Round, a.Tries, a.OperationID, a.Problem, a.Code = ActionWaiting, a.Round+1, 0, nil, "", ""
	return db.wakeStatusAction(ctx, a)
}

// PassStatusAction gives the order the status that was asked for without the provider having done its part, and
// remembers who decided that and why.
func (db *DB) PassStatusAction(ctx context.Context, order, id int64, reason string, by Actor) error {
	reason = strings.TrimSpace(reason)
	err := db.Tx(ctx, func(tx *DB) error {
		locked, a, err := tx.openStatusAction(ctx, order, id)
		switch {
		case err != nil:
			return err
		case a.State != ActionFailed:
			return conflictf("This action is %s; only one that failed can be passed over.", a.State)
		case reason == "" || utf8.RuneCountInString(reason) > 500:
			return FieldProblem("reason", "Say in at most 500 characters why the order goes on without %s.", tx.nameOf(a.Gateway))
		}
		now, err := tx.now(ctx)
		if err != nil {
			return err
		}
		a.State, a.FinishedAt = ActionPassed, &now
		if err := tx.saveStatusAction(ctx, a); err != nil {
			return err
		}
		comment := fmt.Sprintf("Went on without %s, which did not %s: %s", tx.nameOf(a.Gateway), a.Action.doing(), reason)
		before := locked.Status
		if err := tx.reach(ctx, locked, a, comment, by); err != nil {
			return err
		}
		if locked.Status == before { // another payment holds the order, or it had the status
			err = tx.addHistory(ctx, OrderHistory{OrderID: locked.ID, StoreID: locked.StoreID, Kind: "note", Comment: comment}, by)
		}
		if err != nil {
			return err
		}
		return tx.auditStatusAction(ctx, a, "status_action.passed", by, map[string]any{"problem": a.Code})
	})
	return wrapf(err, "go on without the provider of status action %d", id)
}

// openStatusAction locks an action of an order within the scope.
func (db *DB) openStatusAction(ctx context.Context, order, id int64) (*Order, *StatusAction, error) {
	locked, a, err := db.lockStatusAction(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if a.OrderID != order {
		return nil, nil, ErrNotFound
	}
	return locked, a, nil
}
