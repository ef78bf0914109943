package models

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// MissingReasons are why an order can be missing: its money was taken, nobody knows, or the buyer never paid.
var MissingReasons = []Choice{
	{"debited", "Debited: the money was taken"},
	{"unknown", "Unknown: it must be looked up"},
	{"abandoned", "Abandoned: the buyer never paid"},
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
func (c *StatusChange) clean(order *Order) error {
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
	case c.Status == order.Status && c.Reason == order.StatusReason && c.Comment == "":
		return FieldProblem("status", "The order has this status already. Write a comment to add a note to its history.")
	}
	return nil
}

// ChangeStatus gives an order another status by hand. The same status with a comment is a note. It only writes to
// the database: called within a transaction, it is part of it.
func (db *DB) ChangeStatus(ctx context.Context, change StatusChange) (*StatusChanged, error) {
	var order *Order
	err := db.Tx(ctx, func(tx *DB) error {
		var err error
		if order, err = tx.lockOrder(ctx, change.OrderID); err != nil {
			return err
		}
		if err := change.clean(order); err != nil {
			return err
		}
		was := order.Status
		if change.Status == was && change.Reason == order.StatusReason {
			err := tx.addHistory(ctx, OrderHistory{OrderID: order.ID, StoreID: order.StoreID, Kind: "note", Comment: change.Comment}, change.By)
			if err != nil {
				return err
			}
			return tx.audit(ctx, order.StoreID, change.By, "order.noted", "order "+strconv.FormatInt(order.ID, 10), &order.ID, nil)
		}
		if err := tx.setStatus(ctx, order, change.Status, change.Reason, change.Comment, change.By); err != nil {
			return err
		}
		return tx.audit(ctx, order.StoreID, change.By, "order.status", "order "+strconv.FormatInt(order.ID, 10), &order.ID, map[string]any{
			"from": was, "to": change.Status, "reason": change.Reason,
		})
	})
	if err != nil {
		return nil, fmt.Errorf("change the status of order %d: %w", change.OrderID, err)
	}
	return &StatusChanged{Order: order, Wanted: order.Status}, nil
}
