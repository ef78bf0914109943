package models

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// delivered ends a notification well: the shop has heard.
func (db *DB) delivered(ctx context.Context, p *Payment, n *Notification, c *shopCall, at time.Time) error {
	if n.State == NotificationDelivered {
		return nil // it said so before
	}
	change := map[string]any{"state": NotificationDelivered, "next_at": nil, "problem": "", "done_at": at}
	if n.DeliveredAt == nil {
		change["delivered_at"] = at
	}
	if err := db.saveNotification(ctx, n, change); err != nil {
		return err
	}
	if err := db.setNotice(ctx, p, noticeTold); err != nil {
		return err
	}
	said := fmt.Sprintf("The shop was told of the payment of %s, at attempt %d of %d.", c.notice.Sum, c.attempt.N, n.Most)
	return db.noteEnd(ctx, n, said, map[string]any{"series": c.attempt.Series, "attempt": c.attempt.N})
}

// endNotification ends a notification without an attempt.
func (db *DB) endNotification(ctx context.Context, id int64, end errEnded) error {
	err := db.Tx(ctx, func(tx *DB) error {
		p, n, err := tx.lockTold(ctx, id)
		if err != nil {
			return err
		}
		at, err := tx.now(ctx)
		if err != nil {
			return err
		}
		if n.NextAt == nil || n.NextAt.After(at) {
			return nil
		}
		if err := tx.loseAttempts(ctx, n); err != nil {
			return err
		}
		return tx.endTelling(ctx, p, n, end, at)
	})
	if err != nil {
		return fmt.Errorf("end notification %d: %w", id, err)
	}
	return nil
}

// endTelling ends the latest series of a notification that the shop did not accept.
func (db *DB) endTelling(ctx context.Context, p *Payment, n *Notification, end errEnded, at time.Time) error {
	if end.why == "" {
		end.why = n.Problem
	}
	if err := db.saveNotification(ctx, n, map[string]any{"state": end.state, "next_at": nil, "problem": end.why, "done_at": at}); err != nil {
		return err
	}
	n.State = end.state
	said := fmt.Sprintf("The shop could not be told of the payment of %s in %d attempts. %s", p.Amount(p.AmountMinor), n.Tries, end.why)
	notice := noticeUntold
	if end.state == NotificationCancelled {
		said, notice = "The shop is not told of the payment any more. "+end.why, ""
	}
	if n.DeliveredAt != nil {
		notice = noticeTold // of a series before
	}
	if notice != noticeUntold || p.Notice != "" { // else it was paid before the store wanted to hear of it
		if err := db.setNotice(ctx, p, notice); err != nil {
			return err
		}
	}
	return db.noteEnd(ctx, n, said, map[string]any{"series": n.Series, "attempts": n.Tries})
}

// noteEnd tells the order's history and the audit log what became of a notification.
func (db *DB) noteEnd(ctx context.Context, n *Notification, said string, details map[string]any) error {
	err := db.addHistory(ctx, OrderHistory{OrderID: n.OrderID, StoreID: n.StoreID, Kind: "payment", Comment: said}, JobActor)
	if err != nil {
		return err
	}
	state := string(n.State)
	if details["attempt"] != nil {
		state = string(NotificationDelivered)
	}
	return db.audit(ctx, n.StoreID, JobActor, "notification."+state, "payment "+strconv.FormatInt(n.PaymentID, 10), &n.OrderID, details)
}
