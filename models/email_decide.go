package models

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/mail"
)

// DecideMail decides about the e-mail of a webhook that was acted upon before e-mails were decided, such as one
// that came with data from elsewhere. A decision that was made stays.
func (db *DB) DecideMail(ctx context.Context, webhook int64) error {
	err := db.Tx(ctx, func(tx *DB) error {
		w, _, err := tx.lockWebhook(ctx, webhook)
		if err != nil {
			return err
		}
		if w.Source != sourceFynd || w.State != WebhookProcessed || w.OrderID == nil {
			return nil
		}
		if _, err := tx.lockOrder(ctx, *w.OrderID); err != nil {
			return err
		}
		return tx.decideMail(ctx, w, *w.OrderID)
	})
	if err != nil {
		return fmt.Errorf("decide about the e-mail of webhook %d: %w", webhook, err)
	}
	return nil
}

// decideMail writes down, once for every webhook, whether the customer is mailed about it, or why not. It is
// part of acting on the webhook, which holds the order.
func (db *DB) decideMail(ctx context.Context, w *Webhook, orderID int64) error {
	event, err := gofynd.Read(w.Headers, w.Body)
	if err != nil {
		return fmt.Errorf("read webhook %d: %w", w.ID, err)
	}
	var order Order
	if err := db.in(ctx).First(&order, "id = ?", orderID).Error; err != nil {
		return fmt.Errorf("read order %d: %w", orderID, err)
	}
	e := newEmail(w, &event, &order)
	rules, err := db.EmailRules(ctx, order.StoreID)
	if err != nil {
		return err
	}
	cause, why := objection(e, &order, rules)
	e.Cause, e.Why = cause, why.String()
	if e.Cause == "" {
		var told []int64
		err := db.in(ctx).Model(&Email{}).Where("order_id = ? AND occurrence = ? AND kind = 'event' AND state <> ? AND webhook_id <> ?", order.ID, e.Occurrence, EmailNotSent, w.ID).
			Limit(1).Pluck("id", &told).Error
		if err != nil {
			return fmt.Errorf("look for what the customer of order %d was told: %w", order.ID, err)
		}
		if len(told) > 0 {
			e.Cause, e.Why = ToldAlready, fmt.Sprintf("E-mail %d tells the customer the same.", told[0])
		}
	}
	at, err := db.now(ctx)
	if err != nil {
		return err
	}
	e.CreatedAt = at
	if e.Cause == "" {
		e.State, e.NextAt = EmailQueued, &at // the sweep finds it should the job get lost
	} else {
		e.State, e.DoneAt = EmailNotSent, &at
	}
	res := db.in(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(e)
	if res.Error != nil {
		return fmt.Errorf("decide about an e-mail of order %d: %w", order.ID, res.Error)
	}
	if res.RowsAffected == 0 || e.State != EmailQueued {
		return nil // decided before, or nothing to send
	}
	return db.enqueue(ctx, SendEmailJob{EmailID: e.ID})
}

func newEmail(w *Webhook, event *gofynd.Event, order *Order) *Email {
	e := &Email{
		StoreID: order.StoreID, OrderID: order.ID, PartnerOrderID: order.PartnerID(), Kind: "event", Audience: "customer", WebhookID: &w.ID,
		ClaimedStoreID: w.ClaimedStoreID, Event: mailEvent(event), RequestID: fyndRequestID(event), ShipmentID: idOf(event.ShipmentID),
		Recipient: strings.TrimSpace(order.CustomerEmail),
	}
	e.Occurrence = e.Event
	switch {
	case strings.HasPrefix(e.Event, "REFUND_"):
		if minor, doubt := fyndAmount(event, order); !doubt {
			e.AmountMinor = minor
		}
		e.Occurrence += " " + e.RequestID
		if e.RequestID == "" {
			e.Occurrence += "webhook " + strconv.FormatInt(w.ID, 10) // nothing says that it is the same refund
		}
	case strings.HasPrefix(e.Event, "SHIPMENT_"):
		e.Occurrence += " " + e.ShipmentID
	}
	return e
}

// noPartnerOrder is why there is no e-mail about an order that Fynd does not know.
var noPartnerOrder = lang.Textf("The order has no partner order ID: Fynd has not created it.")

// objection is why the customer is not mailed about an event, in the order in which people look for it.
func objection(e *Email, order *Order, rules []MailEvent) (EmailCause, lang.Text) {
	if order.PartnerID() == "" {
		return NoPartnerOrder, noPartnerOrder
	}
	if cause, why := storeObjection(e.ClaimedStoreID, order.StoreID); cause != "" {
		return cause, why
	}
	if cause, why := eventObjection(e.Event, rules); cause != "" {
		return cause, why
	}
	return addressObjection(e.Recipient)
}

// storeObjection compares the store_ID of a webhook with the order's store. A webhook that names none stands
// for the store whose secret signed it, which is the order's.
func storeObjection(claimed string, actual int64) (EmailCause, lang.Text) {
	n, err := strconv.ParseInt(claimed, 10, 64)
	switch {
	case claimed == "" || err == nil && n == actual:
		return "", lang.Text{}
	case err == nil && n == 0:
		return StoreZero, lang.Textf("The webhook carries store_ID 0; the store is %d.", actual)
	}
	return StoreWrong, lang.Textf("The webhook carries store_ID %s; the store is %d.", clip(claimed, 40), actual)
}

func eventObjection(event string, rules []MailEvent) (EmailCause, lang.Text) {
	for _, rule := range rules {
		if rule.Event != event {
			continue
		}
		if rule.Mails {
			return "", lang.Text{}
		}
		return EventOff, lang.Textf("E-mails about %s are switched off for this store.", event)
	}
	return NoLetter, lang.Textf("No e-mail is written about %s.", event)
}

func addressObjection(address string) (EmailCause, lang.Text) {
	if address == "" {
		return NoAddress, lang.Textf("The order has no e-mail address.")
	}
	if err := mail.CheckAddress(address); err != nil {
		return BadAddress, lang.Textf("The order's e-mail address cannot be written to: %s.", lang.Textf(err.Error()))
	}
	return "", lang.Text{}
}
