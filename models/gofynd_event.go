package models

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways/gofynd"
)

// applyFyndWebhook acts on what Fynd says: an order as a whole, or something that happened to one.
func (db *DB) applyFyndWebhook(ctx context.Context, w *Webhook, told answers) (outcome, error) {
	event, err := gofynd.Read(w.Headers, w.Body)
	if err != nil {
		return given(nil, "It cannot be understood: %v.", err)
	}
	if why := w.waitsForStore(); why != "" {
		return parked(nil, "%s", why)
	}
	if event.PartnerOrderID == "" && event.AffiliateOrderID == "" && event.GID == "" {
		return processed(nil, "It speaks of no order and is not used here.")
	}
	id, refusal, err := db.fyndOrderID(ctx, w, &event)
	switch {
	case err != nil:
		return outcome{}, err
	case refusal != "":
		return outcome{WebhookRefused, refusal, nil}, nil
	case event.Order != nil:
		return db.applyFyndOrder(ctx, w, &event, id, told)
	case id == 0 && len(event.Problems) > 0:
		return given(nil, "%s", strings.Join(event.Problems, " "))
	case id == 0:
		return parked(nil, "No order %s is known here yet.", fyndOrderName(&event))
	}
	order, err := db.lockOrderAndPayments(ctx, id)
	if err != nil {
		return outcome{}, err
	}
	said, err := db.recordFyndEvent(ctx, w, &event, order)
	if err != nil {
		return outcome{}, err
	}
	if event.Name == "ORDER_PAYMENT_FAILED" {
		if err := db.fyndPaymentFailed(ctx, w, order); err != nil {
			return outcome{}, err
		}
	}
	return processed(&order.ID, "%s", sentences(append([]string{said}, event.Problems...)...))
}

// fyndOrderID is the order that an event is about, 0 when it is not known here: by the GoFynd order id, our
// own number, or the id of the payment, within the store whose secret fits. An event about another store's
// order is refused in words.
func (db *DB) fyndOrderID(ctx context.Context, w *Webhook, event *gofynd.Event) (id int64, refusal string, err error) {
	for _, by := range []struct{ column, value string }{
		{"partner_order_id", event.PartnerOrderID}, {"affiliate_order_id", event.AffiliateOrderID}, {"gid", event.GID},
	} {
		if by.value == "" {
			continue
		}
		var order Order
		err := db.in(ctx).Select("id", "store_id", "partner_order_id").Where(by.column+" = ?", by.value).
			Where("store_id = ? OR ? = 'partner_order_id'", w.StoreID, by.column).
			Order(clause.Expr{SQL: "store_id = ? DESC, id", Vars: []any{w.StoreID}}).First(&order).Error
		switch {
		case errors.Is(err, gorm.ErrRecordNotFound):
			continue
		case err != nil:
			return 0, "", fmt.Errorf("look for the order of a webhook: %w", err)
		case order.StoreID != w.StoreID:
			return 0, fmt.Sprintf("The order %s belongs to store %d, but this was signed by store %d; nothing was changed.", by.value, order.StoreID, w.StoreID), nil
		case order.PartnerID() != "" && event.PartnerOrderID != "" && order.PartnerID() != event.PartnerOrderID:
			return 0, fmt.Sprintf("It names the order %s, but %s is known as %s; nothing was changed.", event.PartnerOrderID, by.value, order.PartnerID()), nil
		}
		return order.ID, "", nil
	}
	return 0, "", nil
}

// lockOrderAndPayments takes the rows of an order's payments and then its own: the order every change keeps to.
func (db *DB) lockOrderAndPayments(ctx context.Context, id int64) (*Order, error) {
	var payments []Payment
	if err := db.in(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("order_id = ?", id).Order("id").Find(&payments).Error; err != nil {
		return nil, fmt.Errorf("lock the payments of order %d: %w", id, err)
	}
	return db.lockOrder(ctx, id)
}

// recordFyndEvent writes an event into the order's list, once, and says what it was.
func (db *DB) recordFyndEvent(ctx context.Context, w *Webhook, event *gofynd.Event, order *Order) (string, error) {
	var before int64
	if err := db.in(ctx).Model(&OrderEvent{}).Where("webhook_id = ?", w.ID).Count(&before).Error; err != nil {
		return "", fmt.Errorf("look for event %d: %w", w.ID, err)
	}
	if before > 0 {
		return fmt.Sprintf("%s was recorded before.", event.Name), nil
	}
	if err := db.nameOrder(ctx, order, event); err != nil {
		return "", err
	}
	row := OrderEvent{
		OrderID: order.ID, StoreID: order.StoreID, Event: event.Name, WebhookID: &w.ID, RequestID: fyndRequestID(event), ShipmentID: idOf(event.ShipmentID),
		Snapshot: event.Order != nil, ReceivedAt: w.ReceivedAt,
	}
	if at := happened(event, w); !at.IsZero() {
		row.OccurredAt = &at
	}
	said := []string{event.Name + " was recorded."}
	if strings.HasPrefix(event.Name, "REFUND_") {
		row.AmountMinor, row.UnitDoubt = fyndAmount(event, order)
		if row.UnitDoubt {
			said = append(said, doubtful(event, order, row.AmountMinor))
		}
	}
	if event.Name == EventRefundInitiated {
		if err := db.openRefundRequest(ctx, order, &row); err != nil {
			return "", err
		}
	}
	res := db.in(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
	if res.Error != nil {
		return "", fmt.Errorf("record %s of order %d: %w", event.Name, order.ID, res.Error)
	}
	if res.RowsAffected == 0 {
		said := fmt.Sprintf("%s of request %s was known already.", event.Name, row.RequestID)
		joined, err := db.sameRequest(ctx, w, &row)
		if err != nil || !joined {
			return said, err
		}
		return said, db.latestEvent(ctx, order)
	}
	if event.Name == EventRefundInitiated {
		if err := db.answeredElsewhere(ctx, order, &row); err != nil {
			return "", err
		}
	}
	if err := db.lastEvent(ctx, order, w, event); err != nil {
		return "", err
	}
	comment := event.Name
	if row.RequestID != "" {
		comment += ", request " + row.RequestID
	}
	if row.AmountMinor != nil {
		comment += ", " + order.Amount(*row.AmountMinor).String()
	}
	err := db.addHistory(ctx, OrderHistory{OrderID: order.ID, StoreID: order.StoreID, Kind: "event", Comment: comment + "."}, w.actor(db))
	return strings.Join(said, " "), err
}

// fyndRequestID is what Fynd calls a refund request. Some shapes name the refund, or only the shipment.
func fyndRequestID(event *gofynd.Event) string {
	if !strings.HasPrefix(event.Name, "REFUND_") {
		return ""
	}
	for _, id := range []string{event.RequestID, event.RefundID, event.ShipmentID} {
		if id != "" {
			return idOf(id)
		}
	}
	return ""
}

// fyndOrderName is an event's order as people know it.
func fyndOrderName(event *gofynd.Event) string {
	for _, id := range []string{event.PartnerOrderID, event.AffiliateOrderID, event.GID} {
		if id != "" {
			return id
		}
	}
	return ""
}

// nameOrder fills in the ids of the partner that the order did not have yet.
func (db *DB) nameOrder(ctx context.Context, order *Order, event *gofynd.Event) error {
	names := map[string]any{}
	fill := func(column string, have **string, said string) {
		if *have == nil && said != "" {
			*have = &said
			names[column] = said
		}
	}
	fill("partner_order_id", &order.PartnerOrderID, idOf(event.PartnerOrderID))
	fill("affiliate_order_id", &order.AffiliateOrderID, idOf(event.AffiliateOrderID))
	fill("gid", &order.GID, idOf(event.GID))
	if len(names) == 0 {
		return nil
	}
	if err := db.in(ctx).Model(&Order{}).Where("id = ?", order.ID).Updates(names).Error; err != nil {
		return fmt.Errorf("name order %d: %w", order.ID, err)
	}
	return nil
}

// lastEvent makes an event the order's latest, unless a later one is known. Of two at one time the name decides.
func (db *DB) lastEvent(ctx context.Context, order *Order, w *Webhook, event *gofynd.Event) error {
	at := stamp(event, w)
	err := db.in(ctx).Model(&Order{}).Where("id = ? AND (last_event_at IS NULL OR (last_event_at, last_event) < (?, ?))", order.ID, at, event.Name).
		Updates(map[string]any{"last_event": event.Name, "last_event_at": at}).Error
	if err != nil {
		return fmt.Errorf("note the last event of order %d: %w", order.ID, err)
	}
	return nil
}

// fyndPaymentFailed fails an order that still waits for its money. Money that has come, or is held, is not undone by it.
func (db *DB) fyndPaymentFailed(ctx context.Context, w *Webhook, order *Order) error {
	if order.Status != StatusPending {
		return nil
	}
	var payments []Payment
	if err := db.in(ctx).Where("order_id = ?", order.ID).Find(&payments).Error; err != nil {
		return fmt.Errorf("read the payments of order %d: %w", order.ID, err)
	}
	for i := range payments {
		if payments[i].CapturedMinor > 0 || payments[i].Status == PaymentAuthorized {
			return nil
		}
	}
	return db.setStatus(ctx, order, StatusFailed, "", "Fynd says that the payment failed.", w.actor(db))
}

// happened is when an event happened, as it says. A time a day ahead of us is a clock gone wrong: taken at
// its word, nothing said later would ever count as newer.
func happened(event *gofynd.Event, w *Webhook) time.Time {
	if event.At.After(w.ReceivedAt.Add(24 * time.Hour)) {
		return time.Time{}
	}
	return event.At.UTC()
}

// stamp is when an event happened, for comparing it with others: when it came, should it not say.
func stamp(event *gofynd.Event, w *Webhook) time.Time {
	return cmpTime(happened(event, w), w.ReceivedAt).UTC()
}
