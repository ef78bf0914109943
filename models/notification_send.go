package models

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/kartify/kartify/notify"
)

// shopCall is one attempt to tell a shop, which is written down already.
type shopCall struct {
	attempt NotificationAttempt
	notice  notify.Notice
	address string // of a POST with its query, or of an e-mail
	secret  string
}

// claimNotification takes a due notification for one attempt and writes the attempt down. One that is not due is
// left alone, and one whose attempts are used up or that nobody waits for any more ends.
func (db *DB) claimNotification(ctx context.Context, id int64) (*shopCall, error) {
	var call *shopCall
	err := db.Tx(ctx, func(tx *DB) error {
		call = nil
		n, err := tx.lockNotification(ctx, "id = ?", id)
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
		settings, err := tx.notificationSettings(ctx, n.StoreID)
		if err != nil {
			return err
		}
		var p Payment
		if err := tx.in(ctx).First(&p, "id = ?", n.PaymentID).Error; err != nil {
			return fmt.Errorf("read payment %d: %w", n.PaymentID, err)
		}
		switch {
		case settings.Channel == NotifyOff:
			return errEnded{"Notifications of this store were switched off.", NotificationCancelled}
		case !p.tellable():
			return errEnded{fmt.Sprintf("The payment is %s; there is nothing to tell any more.", p.Status), NotificationCancelled}
		case n.Tries >= n.Most:
			return errEnded{n.Problem, NotificationStuck}
		}
		call, err = tx.newShopCall(ctx, n, &p, settings, at)
		if err != nil {
			return err
		}
		if err := tx.in(ctx).Create(&call.attempt).Error; err != nil {
			return fmt.Errorf("write the attempt: %w", err)
		}
		return tx.saveNotification(ctx, n, map[string]any{
			"state": NotificationSending, "tries": call.attempt.N, "next_at": at.Add(tx.guard.Wait() + notifyMargin),
		})
	})
	var ended errEnded
	if errors.As(err, &ended) {
		return nil, db.endNotification(ctx, id, ended)
	}
	if err != nil {
		return nil, fmt.Errorf("claim notification %d: %w", id, err)
	}
	return call, nil
}

// notifyMargin is what writing an attempt down may take besides the call; afterwards the attempt counts as lost.
const notifyMargin = 20 * time.Second

// errEnded says that a notification is not sent any more, and why.
type errEnded struct {
	why   string
	state NotificationState
}

func (e errEnded) Error() string { return e.why }

// loseAttempts closes attempts that were cut short: they count like any other.
func (db *DB) loseAttempts(ctx context.Context, n *Notification) error {
	const why = "The attempt was cut short here; nobody knows whether the shop heard it."
	res := db.in(ctx).Model(&NotificationAttempt{}).Where("notification_id = ? AND outcome = ''", n.ID).
		Updates(map[string]any{"outcome": notify.Lost, "problem": why, "finished_at": time.Now().UTC()})
	if res.Error != nil {
		return fmt.Errorf("close attempts that were cut short: %w", res.Error)
	}
	if res.RowsAffected > 0 {
		n.Problem = why
	}
	return nil
}

// newShopCall gathers what is said.
func (db *DB) newShopCall(ctx context.Context, n *Notification, p *Payment, s *NotificationSettings, at time.Time) (*shopCall, error) {
	secret, err := db.notificationSecret(s)
	if err != nil {
		return nil, err
	}
	notice, err := db.notice(ctx, n, p)
	if err != nil {
		return nil, err
	}
	call := &shopCall{notice: notice, address: s.Receiver(), secret: secret}
	call.attempt = NotificationAttempt{
		NotificationID: n.ID, StoreID: n.StoreID, Series: n.Series, N: n.Tries + 1, Channel: string(s.Channel), Receiver: withoutQuery(call.address), StartedAt: at,
	}
	form := notice.Form(secret)
	form.Del("key") // the secret word could be guessed from it
	call.attempt.Sent = textOf(form.Encode())
	return call, nil
}

// withoutQuery is an address without what may be secret in it.
func withoutQuery(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.RawQuery == "" {
		return address
	}
	u.RawQuery = ""
	return u.String() + "?…"
}

// makeCall makes the attempt. A client that breaks down has not been heard, as far as anybody knows.
func (db *DB) makeCall(ctx context.Context, c *shopCall) (r notify.Result) {
	defer func() {
		if cause := recover(); cause != nil {
			r = notify.Result{Outcome: notify.Lost, Problem: fmt.Sprintf("The client broke down: %v.", cause)}
		}
	}()
	if c.attempt.Channel == string(NotifyEmail) {
		return c.notice.Mail(ctx, db.mail, c.address, fmt.Sprintf("%d.%d", c.attempt.NotificationID, c.attempt.Series))
	}
	return db.guard.Post(ctx, c.address, c.secret, c.notice)
}

// recordCall records what came of an attempt. One that was given up as lost may still say that the shop has heard.
func (db *DB) recordCall(ctx context.Context, c *shopCall, r notify.Result) error {
	err := db.Tx(ctx, func(tx *DB) error {
		p, n, err := tx.lockTold(ctx, c.attempt.NotificationID)
		if err != nil {
			return err
		}
		at, err := tx.now(ctx)
		if err != nil {
			return err
		}
		answer := textOf(string(withoutCards(bytes.Clone([]byte(r.Answer)))))
		problem := clip(textOf(r.Problem), 500)
		err = tx.in(ctx).Model(&NotificationAttempt{}).Where("id = ?", c.attempt.ID).Updates(map[string]any{
			"outcome": r.Outcome, "http_status": r.Status, "problem": problem, "answer": answer, "finished_at": at,
		}).Error
		if err != nil {
			return fmt.Errorf("close the attempt: %w", err)
		}
		if err := tx.noteReceiver(ctx, n.StoreID, r.Outcome == notify.Accepted, at); err != nil {
			return err
		}
		latest := n.State == NotificationSending && n.Series == c.attempt.Series && n.Tries == c.attempt.N
		switch {
		case r.Outcome == notify.Accepted:
			return tx.delivered(ctx, p, n, c, at)
		case !latest:
			return nil
		case n.Tries >= n.Most:
			return tx.endTelling(ctx, p, n, errEnded{problem, NotificationStuck}, at)
		}
		return tx.saveNotification(ctx, n, map[string]any{"state": NotificationQueued, "next_at": at.Add(tx.timings.notifyPause(n.Tries)), "problem": problem})
	})
	if err != nil {
		return fmt.Errorf("record what came of notification %d: %w", c.attempt.NotificationID, err)
	}
	return nil
}

// lockTold locks a notification and, before it, its payment.
func (db *DB) lockTold(ctx context.Context, id int64) (*Payment, *Notification, error) {
	var known Notification
	if err := db.in(ctx).First(&known, "id = ?", id).Error; err != nil {
		return nil, nil, fmt.Errorf("read notification %d: %w", id, err)
	}
	p, err := db.lockPayment(ctx, known.OrderID, known.PaymentID)
	if err != nil {
		return nil, nil, err
	}
	n, err := db.lockNotification(ctx, "id = ?", id)
	return p, n, err
}

// noteReceiver notes how a receiver behaved, when that changed.
func (db *DB) noteReceiver(ctx context.Context, store int64, answers bool, at time.Time) error {
	err := db.in(ctx).Exec(`INSERT INTO notification_receivers (store_id, answers, since) VALUES (?, ?, ?)
		ON CONFLICT (store_id) DO UPDATE SET answers = excluded.answers, since = excluded.since WHERE notification_receivers.answers <> excluded.answers`, store, answers, at).Error
	if err != nil {
		return fmt.Errorf("note how the shop behaved: %w", err)
	}
	return nil
}
