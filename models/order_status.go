package models

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"gorm.io/gorm"
)

// MissingReasons are why an order can be missing: its money was taken, nobody knows, or the buyer never paid.
var MissingReasons = []Choice{
	{Value: "debited", Label: "Debited: the money was taken"},
	{Value: "unknown", Label: "Unknown: it must be looked up"},
	{Value: "abandoned", Label: "Abandoned: the buyer never paid"},
}

// HandStatuses are the statuses a person may give an order. Refunded and partially refunded follow from
// refunds and are nobody's to give.
var HandStatuses = []string{
	StatusMissing, StatusPending, StatusProcessing, StatusProcessed, StatusShipped, StatusComplete, StatusCancelled, StatusFailed,
}

// StatusChange is what somebody filled into the Change status form.
type StatusChange struct {
	OrderID int64
	Status  string // of HandStatuses
	Reason  string // of MissingReasons; for missing only
	Comment string
	Version int    // of the order when the form was shown; 0 when it was shown none
	Source  string // staff, api, bulk or webhook; who By is says it when it is empty
	By      Actor
}

// clean says what is wrong with the change, or nil.
func (c *StatusChange) clean(order *Order, at *statusPosition) error {
	asked := at.asked()
	if c.Status != StatusMissing {
		c.Reason = ""
	}
	switch {
	case c.Status == StatusRefunded || c.Status == StatusPartiallyRefunded:
		return FieldProblem("status", "An order becomes refunded when money is returned; press Refund Money instead.")
	case !slices.Contains(HandStatuses, c.Status):
		return FieldProblem("status", "Choose one of the statuses.")
	case c.Status == StatusMissing && !slices.ContainsFunc(MissingReasons, func(r Choice) bool { return r.Value == c.Reason }):
		return FieldProblem("missing_reason", "Say why the order is missing: debited, unknown or abandoned.")
	case utf8.RuneCountInString(c.Comment) > 1000:
		return FieldProblem("comment", "Keep the comment under 1000 characters.")
	case c.Version != 0 && c.Version != order.Version:
		return conflictf("This order has changed since the form was shown. Look at what has happened, and then change the status.")
	case c.Status == asked && asked != order.Status && c.Comment == "":
		return FieldProblem("status", "This status was asked for already, and waits for the payment. Write a comment to add a note to the history.")
	case c.Status == asked && c.Reason == order.StatusReason && c.Comment == "" && !at.failed(""):
		return FieldProblem("status", "The order has this status already. Write a comment to add a note to its history.")
	}
	return nil
}

// ChangeStatus gives an order another status by hand. The same status with a comment is a note. Where the status
// is linked to an action of a payment's provider, the order keeps the status it has until that is done. It only
// writes to the database: called within a transaction, it is part of it.
func (db *DB) ChangeStatus(ctx context.Context, change StatusChange) (*StatusChanged, error) {
	var done *StatusChanged
	err := db.Tx(ctx, func(tx *DB) error {
		order, err := tx.lockOrderAndPayments(ctx, change.OrderID)
		if err != nil {
			return err
		}
		at, err := tx.statusPosition(ctx, order)
		if err != nil {
			return err
		}
		if err := change.clean(order, at); err != nil {
			return err
		}
		object, was := "order "+strconv.FormatInt(order.ID, 10), order.Status
		if change.Status == at.asked() && change.Reason == order.StatusReason && !at.failed("") {
			done = &StatusChanged{Order: order, Wanted: change.Status, Waits: change.Status != order.Status}
			err := tx.addHistory(ctx, OrderHistory{OrderID: order.ID, StoreID: order.StoreID, Kind: "note", Comment: change.Comment}, change.By)
			if err != nil {
				return err
			}
			return tx.audit(ctx, order.StoreID, change.By, "order.noted", object, &order.ID, nil)
		}
		done, err = tx.moveStatus(ctx, at, statusMove{to: change.Status, reason: change.Reason, comment: change.Comment, by: change.By, source: change.Source})
		if err != nil {
			return err
		}
		return tx.audit(ctx, order.StoreID, change.By, "order.status", object, &order.ID, map[string]any{
			"from": was, "to": change.Status, "reason": change.Reason, "waits": done.Waits, "source": sourceOf(change.Source, change.By),
		})
	})
	if err != nil {
		return nil, fmt.Errorf("change the status of order %d: %w", change.OrderID, err)
	}
	return done, nil
}

// setStatus moves a locked order to a status, whoever found that it is to have it, and starts what is linked to
// the status. The same status again changes nothing.
func (db *DB) setStatus(ctx context.Context, order *Order, status, reason, comment string, by Actor) error {
	if order.Status == status && order.StatusReason == reason {
		return nil
	}
	at, err := db.statusPosition(ctx, order)
	if err != nil || at.failed(status) {
		return err // who asked hears the same again and again; a person decides
	}
	if at.holds() && len(at.forecast(status).Calls) == 0 && status != at.asked() { // what somebody asked for stays asked for
		return db.putStatus(ctx, order, status, reason, comment, by)
	}
	_, err = db.moveStatus(ctx, at, statusMove{to: status, reason: reason, comment: comment, by: by})
	return err
}

// putStatus gives a locked order a status that starts nothing, and writes it into the history.
func (db *DB) putStatus(ctx context.Context, order *Order, status, reason, comment string, by Actor) error {
	if order.Status == status && order.StatusReason == reason {
		return nil
	}
	was := order.Status
	err := db.in(ctx).Model(&Order{}).Where("id = ?", order.ID).
		Updates(map[string]any{"status": status, "status_reason": reason, "date_modified": gorm.Expr("now()")}).Error
	if err != nil {
		return fmt.Errorf("set the status of order %d: %w", order.ID, err)
	}
	order.Status, order.StatusReason = status, reason
	return db.addHistory(ctx, OrderHistory{
		OrderID: order.ID, StoreID: order.StoreID, Kind: "status", FromStatus: &was, ToStatus: &status, Comment: comment,
	}, by)
}
