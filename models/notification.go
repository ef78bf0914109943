package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/notify"
)

// NotificationState is where the telling of a shop stands.
type NotificationState string

// The states. A stuck one has had all attempts of its series.
const (
	NotificationQueued    NotificationState = "queued"
	NotificationSending   NotificationState = "sending"
	NotificationDelivered NotificationState = "delivered"
	NotificationStuck     NotificationState = "stuck"
	NotificationCancelled NotificationState = "cancelled" // nobody waits for it any more
)

// Running says whether attempts are made or due.
func (s NotificationState) Running() bool {
	return s == NotificationQueued || s == NotificationSending
}

// Label is the state for people.
func (s NotificationState) Label() string {
	return map[NotificationState]string{
		NotificationQueued: "Queued", NotificationSending: "Sending", NotificationDelivered: "Delivered", NotificationStuck: "Not delivered",
		NotificationCancelled: "Called off",
	}[s]
}

// Whether the shop was told of a payment, as the payment itself knows it. It is empty when nobody waits to be told.
const (
	noticeWaiting = "waiting"
	noticeTold    = "told"
	noticeUntold  = "untold"
)

// Notification is what a shop is told of one payment.
type Notification struct {
	ID          int64
	StoreID     int64
	OrderID     int64
	PaymentID   int64
	State       NotificationState
	Series      int        // the latest
	Tries       int        // of the latest series
	Most        int        // attempts that it may have
	ObtainedAt  *time.Time // when the payment was paid or held; nil when it was paid before the store wanted to hear of it
	NextAt      *time.Time
	Problem     string // what the latest attempt came to
	DeliveredAt *time.Time
	CreatedAt   time.Time
	DoneAt      *time.Time
}

// NotificationSeries is why a count of attempts began: by itself, or because somebody asked.
type NotificationSeries struct {
	NotificationID int64
	StoreID        int64
	N              int
	Most           int
	RequestedBy    *int64
	Requester      string // "" for the one that began by itself
	TokenHash      []byte
	StartedAt      time.Time
}

// TableName is notification_series.
func (NotificationSeries) TableName() string { return "notification_series" }

// NotificationAttempt is one attempt to tell a shop.
type NotificationAttempt struct {
	ID             int64
	NotificationID int64
	StoreID        int64
	Series         int
	N              int
	Channel        string // post, email
	Receiver       string // the address
	Outcome        notify.Outcome
	HTTPStatus     int `gorm:"column:http_status"`
	Problem        string
	Answer         string
	Sent           string
	StartedAt      time.Time
	FinishedAt     *time.Time
}

// notifyPaid has a store told of a payment that has just been paid, or is held until a known time, when the
// store wants to hear of it. The payment is locked and was saved; until the shop has heard, it is obtained.
func (db *DB) notifyPaid(ctx context.Context, p *Payment, was PaymentStatus) error {
	if was.Captured() || !p.tellable() {
		return nil
	}
	settings, err := db.notificationSettings(ctx, p.StoreID)
	if err != nil || settings.Channel == NotifyOff {
		return err
	}
	at, err := db.now(ctx)
	if err != nil {
		return err
	}
	n := Notification{
		StoreID: p.StoreID, OrderID: p.OrderID, PaymentID: p.ID, State: NotificationQueued, Series: 1, Most: db.timings.NotifyTries, ObtainedAt: &at, NextAt: &at,
	}
	res := db.in(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&n)
	if res.Error != nil {
		return fmt.Errorf("queue the notification of payment %d: %w", p.ID, res.Error)
	}
	if res.RowsAffected == 0 {
		return nil // it was told when it was held, or is about to be
	}
	series := NotificationSeries{NotificationID: n.ID, StoreID: n.StoreID, N: 1, Most: n.Most}
	if err := db.in(ctx).Create(&series).Error; err != nil {
		return fmt.Errorf("begin to notify of payment %d: %w", p.ID, err)
	}
	return db.setNotice(ctx, p, noticeWaiting)
}

// notifyCaptured has a store told of a held payment whose first capture is done, when it has not been told before.
func (db *DB) notifyCaptured(ctx context.Context, p *Payment, op *Operation) error {
	if op.Kind != gateways.Capture || op.State != Succeeded || p.CapturedMinor != op.AmountMinor {
		return nil
	}
	return db.notifyPaid(ctx, p, PaymentAuthorized)
}

// setNotice notes on a locked payment whether the shop was told, and the status that follows from it.
func (db *DB) setNotice(ctx context.Context, p *Payment, notice string) error {
	if p.Notice == notice {
		return nil
	}
	p.Notice = notice
	switch p.Status {
	case PaymentObtained, PaymentSuccess, PaymentStuck:
		p.Status = map[string]PaymentStatus{"": PaymentSuccess, noticeWaiting: PaymentObtained, noticeTold: PaymentSuccess, noticeUntold: PaymentStuck}[notice]
	}
	return db.savePayment(ctx, p)
}

// tellable says whether a shop can be told that a payment is paid: it is drawn and not wholly returned, or held
// until a known time.
func (p *Payment) tellable() bool {
	switch p.Status {
	case PaymentObtained, PaymentSuccess, PaymentStuck, PaymentRefunding, PaymentPartiallyRefunded:
		return true
	case PaymentAuthorized:
		return p.CaptureBefore != nil
	}
	return false
}

// lockNotification takes the notification's row for this transaction.
func (db *DB) lockNotification(ctx context.Context, where string, arg int64) (*Notification, error) {
	var n Notification
	err := db.in(ctx).Scopes(scoped(ctx, "notifications")).Clauses(clause.Locking{Strength: "UPDATE"}).First(&n, where, arg).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("lock a notification: %w", err)
	}
	return &n, nil
}

func (db *DB) saveNotification(ctx context.Context, n *Notification, change map[string]any) error {
	if err := db.in(ctx).Model(&Notification{}).Where("id = ?", n.ID).Updates(change).Error; err != nil {
		return fmt.Errorf("save notification %d: %w", n.ID, err)
	}
	return nil
}
