package models

import (
	"context"
	"fmt"
	"strings"
)

// requestEvent is the REFUND_INITIATED of a request in the order's list: the one that Fynd's webhook made, or a new
// one. It leaves the list of what waits when the money has gone back, like any other. In it the amount is certain:
// Fynd names the smallest unit when it asks an extension.
func (db *DB) requestEvent(ctx context.Context, order *Order, event *OrderEvent, req FyndRefundRequest) (*OrderEvent, error) {
	if event != nil {
		err := db.in(ctx).Model(&OrderEvent{}).Where("id = ?", event.ID).Updates(map[string]any{"amount_minor": req.Amount.Minor, "unit_doubt": false}).Error
		if err != nil {
			return nil, fmt.Errorf("note the amount of request %s: %w", req.RequestID, err)
		}
		return event, nil
	}
	at, err := db.now(ctx)
	if err != nil {
		return nil, err
	}
	event = &OrderEvent{
		OrderID: order.ID, StoreID: order.StoreID, Event: EventRefundInitiated, RequestID: req.RequestID, AmountMinor: &req.Amount.Minor, ReceivedAt: at, Waiting: true,
	}
	if err := db.in(ctx).Create(event).Error; err != nil {
		return nil, fmt.Errorf("record request %s: %w", req.RequestID, err)
	}
	err = db.in(ctx).Model(&Order{}).Where("id = ? AND (last_event_at IS NULL OR (last_event_at, last_event) < (?, ?))", order.ID, at, EventRefundInitiated).
		Updates(map[string]any{"last_event": EventRefundInitiated, "last_event_at": at}).Error
	if err != nil {
		return nil, fmt.Errorf("note the last event of order %d: %w", order.ID, err)
	}
	comment := fmt.Sprintf("%s, request %s, %s.", EventRefundInitiated, req.RequestID, req.Amount)
	return event, db.addHistory(ctx, OrderHistory{OrderID: order.ID, StoreID: order.StoreID, Kind: "event", Comment: comment}, FyndPlatform)
}

// joinRequest makes a refund answer a request, also while another refund for a part of it is under way.
func (db *DB) joinRequest(ctx context.Context, op *Operation, event *OrderEvent) error {
	if op.EventID != nil {
		return nil
	}
	op.EventID = &event.ID
	if err := db.in(ctx).Model(&Operation{}).Where("id = ?", op.ID).Update("event_id", event.ID).Error; err != nil {
		return fmt.Errorf("join request %s with operation %d: %w", event.RequestID, op.ID, err)
	}
	return nil
}

// noteUndone tells the order's history that a request waits for a person, and why.
func (db *DB) noteUndone(ctx context.Context, order *Order, r *FyndRefund) error {
	comment := fmt.Sprintf("Request %s of Fynd waits for a person. %s", r.RequestID, r.Problem)
	return db.addHistory(ctx, OrderHistory{OrderID: order.ID, StoreID: order.StoreID, Kind: "event", Comment: comment}, JobActor)
}

// sameRequest joins a webhook with the event of a request that Fynd made of an extension before. It says whether
// there was one that no webhook had spoken of.
func (db *DB) sameRequest(ctx context.Context, w *Webhook, row *OrderEvent) (bool, error) {
	res := db.in(ctx).Model(&OrderEvent{}).Where("order_id = ? AND event = ? AND request_id = ? AND webhook_id IS NULL", row.OrderID, row.Event, row.RequestID).
		Updates(map[string]any{"webhook_id": w.ID, "shipment_id": row.ShipmentID, "occurred_at": row.OccurredAt})
	if res.Error != nil {
		return false, fmt.Errorf("join a webhook with request %s: %w", row.RequestID, res.Error)
	}
	return res.RowsAffected > 0, nil
}

// latestEvent makes the latest event of an order's list its last one, when the time of one of them has become known.
func (db *DB) latestEvent(ctx context.Context, order *Order) error {
	err := db.in(ctx).Exec(`UPDATE orders SET (last_event, last_event_at) = (
			SELECT event, coalesce(occurred_at, received_at) AS at FROM order_events WHERE order_id = orders.id ORDER BY at DESC, event DESC LIMIT 1)
		WHERE id = ?`, order.ID).Error
	if err != nil {
		return fmt.Errorf("note the last event of order %d: %w", order.ID, err)
	}
	return nil
}

// journeyReason is why Fynd wants money back, for the refund's own record.
func journeyReason(journey string) string {
	if journey = strings.TrimSpace(textOf(journey)); journey == "" {
		return "Asked for by Fynd"
	}
	return clip("Asked for by Fynd: "+journey, 200)
}

// KeepFyndReply stores what Fynd was answered to a request, and gives back what it was answered first.
func (db *DB) KeepFyndReply(ctx context.Context, refund int64, reply string) (string, error) {
	err := db.in(ctx).Model(&FyndRefund{}).Where("id = ? AND reply = ''", refund).Update("reply", reply).Error
	if err == nil {
		err = db.in(ctx).Model(&FyndRefund{}).Where("id = ?", refund).Pluck("reply", &reply).Error
	}
	if err != nil {
		return "", fmt.Errorf("keep the answer to refund request %d: %w", refund, err)
	}
	return reply, nil
}
