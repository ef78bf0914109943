package models

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways/gofynd"
)

// MailEvent is an event about which an e-mail to the customer is written.
type MailEvent struct {
	Event string
	Label string
	Mails bool // unless a store says otherwise
}

// MailEvents are all events about which an e-mail is written, in the order of an order's life.
var MailEvents = []MailEvent{
	{Event: "ORDER_PLACED", Label: "The order was placed", Mails: true},
	{Event: "ORDER_PAYMENT_FAILED", Label: "The payment failed", Mails: false},
	{Event: "SHIPMENT_CREATED", Label: "A parcel is being prepared", Mails: false},
	{Event: "SHIPMENT_SHIPPED", Label: "A parcel is on its way", Mails: true},
	{Event: "REFUND_INITIATED", Label: "A refund was asked for", Mails: true},
	{Event: "REFUND_DONE", Label: "A refund is done", Mails: true},
}

// shippedWords are the states of a shipment at which its parcel has left (Fynd docs, shipment statuses).
var shippedWords = []string{"bag_picked", "dispatched", "in_transit", "shipped"}

// mailEvent is the name under which an event of Fynd is mailed. A shipment that Fynd says has left is SHIPMENT_SHIPPED.
func mailEvent(event *gofynd.Event) string {
	switch {
	case event.Name == "SHIPMENT_UPDATED" && slices.Contains(shippedWords, strings.ToLower(event.ShipmentStatus)), event.Name == "ORDER_SHIPPED":
		return "SHIPMENT_SHIPPED"
	}
	return event.Name
}

func findMailEvent(name string) (MailEvent, bool) {
	i := slices.IndexFunc(MailEvents, func(e MailEvent) bool { return e.Event == name })
	if i < 0 {
		return MailEvent{}, false
	}
	return MailEvents[i], true
}

// EmailRule is what a store has chosen for one event.
type EmailRule struct {
	StoreID int64
	Event   string
	Mails   bool
}

// EmailRules are the events of a store with what it has chosen for each.
func (db *DB) EmailRules(ctx context.Context, store int64) ([]MailEvent, error) {
	if !ScopeOf(ctx).Sees(store) {
		return nil, ErrNotFound
	}
	var chosen []EmailRule
	if err := db.in(ctx).Where("store_id = ?", store).Find(&chosen).Error; err != nil {
		return nil, fmt.Errorf("read the e-mail rules of store %d: %w", store, err)
	}
	return withChoices(chosen), nil
}

func withChoices(chosen []EmailRule) []MailEvent {
	rules := slices.Clone(MailEvents)
	for i := range rules {
		for _, choice := range chosen {
			if choice.Event == rules[i].Event {
				rules[i].Mails = choice.Mails
			}
		}
	}
	return rules
}

// SaveEmailRules makes exactly the named events of a store mail the customer.
func (db *DB) SaveEmailRules(ctx context.Context, store int64, events []string, by Actor) error {
	for _, event := range events {
		if _, known := findMailEvent(event); !known {
			return problemf("No e-mail is written about the event %q.", event)
		}
	}
	err := db.Tx(ctx, func(tx *DB) error {
		if _, err := tx.Store(ctx, store); err != nil {
			return err
		}
		was, err := tx.EmailRules(ctx, store)
		if err != nil {
			return err
		}
		changes := map[string]any{}
		for _, rule := range was {
			mails := slices.Contains(events, rule.Event)
			if mails == rule.Mails {
				continue
			}
			changes[rule.Event] = mails
			row := EmailRule{StoreID: store, Event: rule.Event, Mails: mails}
			err := tx.in(ctx).Clauses(clause.OnConflict{
				Columns: []clause.Column{{Name: "store_id"}, {Name: "event"}}, DoUpdates: clause.AssignmentColumns([]string{"mails"}),
			}).Create(&row).Error
			if err != nil {
				return fmt.Errorf("write the rule for %s: %w", rule.Event, err)
			}
		}
		if len(changes) == 0 {
			return nil
		}
		return tx.audit(ctx, store, by, "email_rules.changed", fmt.Sprintf("store %d", store), nil, changes)
	})
	if err != nil {
		return fmt.Errorf("save the e-mail rules of store %d: %w", store, err)
	}
	return nil
}
