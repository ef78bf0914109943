package models

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm/clause"
)

// The events of e-mails about a payment that a change of status moved.
const (
	MailCaptured  = "PAYMENT_CAPTURED"
	MailCancelled = "PAYMENT_CANCELLED"
	MailUpdated   = "PAYMENT_UPDATED"
)

// tellCustomer writes down that the customer is told what was done with the payment, or why not.
func (db *DB) tellCustomer(ctx context.Context, order *Order, a *StatusAction) error {
	now, err := db.now(ctx)
	if err != nil {
		return err
	}
	event := map[Action]string{CaptureAction: MailCaptured, CancelAction: MailCancelled, UpdateAction: MailUpdated}[a.Action]
	e := &Email{
		StoreID: order.StoreID, OrderID: order.ID, PartnerOrderID: order.PartnerID(), Kind: "event", Audience: "customer", Event: event,
		Occurrence: event + " status action " + strconv.FormatInt(a.ID, 10), Recipient: strings.TrimSpace(order.CustomerEmail), CreatedAt: now,
	}
	cause, why := addressObjection(e.Recipient)
	if e.Cause, e.Why = cause, why.String(); e.Cause == "" {
		e.State, e.NextAt = EmailQueued, &now
	} else {
		e.State, e.DoneAt = EmailNotSent, &now
	}
	res := db.in(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(e)
	if res.Error != nil {
		return fmt.Errorf("decide about an e-mail of order %d: %w", order.ID, res.Error)
	}
	if err := db.in(ctx).Model(&OrderHistory{}).Where("id = ?", a.HistoryID).Update("notified", e.State == EmailQueued).Error; err != nil {
		return fmt.Errorf("note that the customer of order %d is told: %w", order.ID, err)
	}
	if res.RowsAffected == 0 || e.State != EmailQueued {
		return nil
	}
	return db.enqueue(ctx, SendEmailJob{EmailID: e.ID})
}
