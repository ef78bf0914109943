package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// shownNotices is how many of the latest attempts to tell a shop a page shows.
const shownNotices = 20

// ToldShop is what a payment's page shows of telling its shop: what became of it, and whether it can be sent by hand.
type ToldShop struct {
	Payment      *Payment
	Settings     *NotificationSettings
	Notification *Notification         // nil when nothing was ever to be told
	Series       []NotificationSeries  // the newest first
	Attempts     []NotificationAttempt // the newest first, the latest few
	Block        string                // why it cannot be sent by hand; "" when it can
}

// Shown says whether there is anything to show: something was told, or can be.
func (t *ToldShop) Shown() bool {
	return t.Notification != nil || t.Settings.Channel != NotifyOff && t.Payment.tellable()
}

// SoonAgain says whether something happens by itself in a moment.
func (t *ToldShop) SoonAgain(now time.Time) bool {
	return t.Notification != nil && t.Notification.State.Running() && t.Notification.NextAt.Before(now.Add(30*time.Second))
}

func (t *ToldShop) judge() {
	if err := CheckNotification(t.Payment, t.Settings, t.Notification); err != nil {
		t.Block = err.Error()
	}
}

// ToldShop reads what a shop was told of a payment.
func (db *DB) ToldShop(ctx context.Context, p *Payment) (*ToldShop, error) {
	t := &ToldShop{Payment: p}
	var err error
	if t.Settings, err = db.NotificationSettings(ctx, p.StoreID); err != nil {
		return nil, err
	}
	defer t.judge()
	var n Notification
	err = db.in(ctx).Scopes(scoped(ctx, "notifications")).First(&n, "payment_id = ?", p.ID).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return t, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the notification of payment %d: %w", p.ID, err)
	}
	t.Notification = &n
	if err := db.in(ctx).Order("n DESC").Limit(shownNotices).Find(&t.Series, "notification_id = ?", n.ID).Error; err != nil {
		return nil, fmt.Errorf("read the series of notification %d: %w", n.ID, err)
	}
	if err := db.in(ctx).Order("series DESC, n DESC").Limit(shownNotices).Find(&t.Attempts, "notification_id = ?", n.ID).Error; err != nil {
		return nil, fmt.Errorf("read the attempts of notification %d: %w", n.ID, err)
	}
	return t, nil
}

// toldOfOrder is what the page of an order reads of telling shops.
type toldOfOrder struct {
	settings      []NotificationSettings
	notifications []Notification
	series        []NotificationSeries
	attempts      []NotificationAttempt
}

// What the page of an order asks; its arguments are the order, whether all stores are seen, and which.
const (
	notifySettingsOfOrder = " FROM notification_settings WHERE store_id = (SELECT store_id FROM orders WHERE id = $1 AND ($2 OR store_id = ANY($3)))"
	noticesOfOrder        = " FROM notifications WHERE order_id = $1 AND ($2 OR store_id = ANY($3)) ORDER BY id"
	noticeSeriesOfOrder   = " FROM notification_series WHERE notification_id IN (SELECT id FROM notifications WHERE order_id = $1 AND ($2 OR store_id = ANY($3))) ORDER BY n DESC"
)

// noticeTriesOfOrder asks for the latest attempts of each notification.
func noticeTriesOfOrder(columns string) string {
	return fmt.Sprintf(`SELECT a.* FROM notifications o CROSS JOIN LATERAL (
		SELECT %s FROM notification_attempts WHERE notification_id = o.id ORDER BY series DESC, n DESC LIMIT %d) a
		WHERE o.order_id = $1 AND ($2 OR o.store_id = ANY($3)) ORDER BY a.notification_id, a.series DESC, a.n DESC`, columns, shownNotices)
}

// of is what the shop was told of one payment.
func (o *toldOfOrder) of(p *Payment) *ToldShop {
	t := &ToldShop{Payment: p, Settings: &NotificationSettings{StoreID: p.StoreID, Channel: NotifyOff}}
	if len(o.settings) > 0 {
		t.Settings = &o.settings[0]
	}
	for i := range o.notifications {
		if o.notifications[i].PaymentID == p.ID {
			t.Notification = &o.notifications[i]
		}
	}
	if t.Notification != nil {
		for _, s := range o.series {
			if s.NotificationID == t.Notification.ID {
				t.Series = append(t.Series, s)
			}
		}
		for _, a := range o.attempts {
			if a.NotificationID == t.Notification.ID {
				t.Attempts = append(t.Attempts, a)
			}
		}
	}
	t.judge()
	return t
}

// PaymentOrder is the order of a payment.
func (db *DB) PaymentOrder(ctx context.Context, payment int64) (int64, error) {
	var order int64
	if err := db.in(ctx).Model(&Payment{}).Scopes(scoped(ctx, "payments")).Where("id = ?", payment).Limit(1).Pluck("order_id", &order).Error; err != nil {
		return 0, fmt.Errorf("look for the order of payment %d: %w", payment, err)
	}
	if order == 0 {
		return 0, ErrNotFound
	}
	return order, nil
}
