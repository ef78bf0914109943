package models

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// NotificationRequest is somebody asking for a shop to be told of a payment, or told again.
type NotificationRequest struct {
	PaymentID int64
	Token     string // of the form: the same one begins one series
	By        Actor
}

// CheckNotification says why a shop cannot be told of a payment by hand, or nil. n is what it was told, nil for
// nothing yet.
func CheckNotification(p *Payment, s *NotificationSettings, n *Notification) error {
	switch {
	case !p.tellable():
		return problemf("Only a payment that is paid is told to the shop; this one is %s.", p.Status)
	case n != nil && n.State.Running():
		return conflictf("The shop is being told already: attempt %d of %d is next.", min(n.Tries+1, n.Most), n.Most)
	case s.Channel == NotifyOff:
		return problemf("Notifications of this store are switched off, under Extensions > Payment notifications.")
	}
	return nil
}

// SendNotification begins a new series of attempts to tell the shop of a payment, because somebody asked for it.
// There is never more than one series at a time. The same Token gives the same series back.
func (db *DB) SendNotification(ctx context.Context, req NotificationRequest) (*Notification, error) {
	var n *Notification
	err := db.Tx(ctx, func(tx *DB) error {
		p, err := tx.paymentToTell(ctx, req.PaymentID)
		if err != nil {
			return err
		}
		hash, expired, err := tx.checkFormToken(req.Token, *req.By.UserID, "notification", p.ID)
		if err != nil {
			return err
		}
		if n, err = tx.lockNotification(ctx, "payment_id = ?", p.ID); errors.Is(err, ErrNotFound) {
			n, err = nil, nil
		}
		if err != nil {
			return err
		}
		var asked int64
		if err := tx.in(ctx).Model(&NotificationSeries{}).Where("token_hash = ?", hash).Count(&asked).Error; err != nil {
			return fmt.Errorf("look for the form's series: %w", err)
		}
		if asked > 0 {
			return nil // asked before
		}
		if expired {
			return problemf("This form is too old. Reload the page and try again.")
		}
		settings, err := tx.notificationSettings(ctx, p.StoreID)
		if err != nil {
			return err
		}
		if err := CheckNotification(p, settings, n); err != nil {
			return err
		}
		if n, err = tx.beginSeries(ctx, p, n, req.By, hash); err != nil {
			return err
		}
		return tx.audit(ctx, p.StoreID, req.By, "notification.started", "payment "+strconv.FormatInt(p.ID, 10), &p.OrderID, map[string]any{"series": n.Series, "attempts": n.Most})
	})
	if err != nil {
		return nil, fmt.Errorf("tell the shop of payment %d: %w", req.PaymentID, err)
	}
	return n, nil
}

// paymentToTell locks a payment by its id alone.
func (db *DB) paymentToTell(ctx context.Context, id int64) (*Payment, error) {
	var p Payment
	err := db.in(ctx).Scopes(scoped(ctx, "payments")).Clauses(clause.Locking{Strength: "UPDATE"}).First(&p, "id = ?", id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("lock payment %d: %w", id, err)
	}
	return &p, nil
}

// beginSeries counts attempts anew. A stuck payment is obtained again until the shop has heard.
func (db *DB) beginSeries(ctx context.Context, p *Payment, n *Notification, by Actor, hash []byte) (*Notification, error) {
	at, err := db.now(ctx)
	if err != nil {
		return nil, err
	}
	if n == nil {
		n = &Notification{StoreID: p.StoreID, OrderID: p.OrderID, PaymentID: p.ID, State: NotificationQueued, Series: 1, Most: db.timings.NotifyTries, NextAt: &at}
		err = db.in(ctx).Create(n).Error
	} else {
		n.State, n.Series, n.Tries, n.Most, n.NextAt = NotificationQueued, n.Series+1, 0, db.timings.NotifyTries, &at
		err = db.saveNotification(ctx, n, map[string]any{
			"state": n.State, "series": n.Series, "tries": 0, "most": n.Most, "next_at": at, "problem": "", "done_at": nil,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("queue it: %w", err)
	}
	series := NotificationSeries{
		NotificationID: n.ID, StoreID: n.StoreID, N: n.Series, Most: n.Most, RequestedBy: by.UserID, Requester: by.Name, TokenHash: hash, StartedAt: time.Now().UTC(),
	}
	if err := db.in(ctx).Create(&series).Error; err != nil {
		return nil, fmt.Errorf("write the series: %w", err)
	}
	if p.Status == PaymentStuck {
		if err := db.setNotice(ctx, p, noticeWaiting); err != nil {
			return nil, err
		}
	}
	said := fmt.Sprintf("%s had the shop told of the payment of %s.", by.Name, p.Amount(p.AmountMinor))
	return n, db.addHistory(ctx, OrderHistory{OrderID: p.OrderID, StoreID: p.StoreID, Kind: "payment", Comment: said}, by)
}
