package models

import (
	"context"
	"fmt"
	"strconv"

	"gorm.io/gorm"
)

// wakeOrder makes the parked webhooks of an order due, because the order has appeared.
func (db *DB) wakeOrder(ctx context.Context, order *Order) error {
	if err := db.wakeHints(ctx, []int64{order.ID}); err != nil || order.PartnerID() == "" {
		return err
	}
	return db.wake(ctx, db.in(ctx).Where("source = ? AND store_id = ? AND partner_order_id = ?", sourceFynd, order.StoreID, order.PartnerID()))
}

// wakeHints makes the parked webhooks of payment gateways due that name one of these orders, by our number with
// an attempt's suffix or without, or by the shop's own.
func (db *DB) wakeHints(ctx context.Context, orders []int64) error {
	return db.wake(ctx, db.in(ctx).Where(`source <> ? AND order_ref <> '' AND EXISTS (SELECT 1 FROM orders o WHERE o.id IN ? AND o.store_id = webhooks.store_id
		AND (webhooks.order_ref = o.affiliate_order_id OR split_part(webhooks.order_ref, '-', 1) = o.id::text))`, sourceFynd, orders))
}

// wakeStore makes everything due that is parked for a store, because many orders have appeared.
func (db *DB) wakeStore(ctx context.Context, store int64) error {
	return db.wake(ctx, db.in(ctx).Where("store_id = ?", store))
}

// wakePayment makes the parked webhooks of a payment due, because the payment has appeared or moved on.
func (db *DB) wakePayment(ctx context.Context, p *Payment) error {
	g := db.in(ctx).Where("source = ? AND store_id = ?", p.Gateway, p.StoreID)
	switch ref := deref(p.Ref); {
	case ref != "" && p.OrderRef != "":
		g = g.Where("(payment_ref = ? OR order_ref = ?)", ref, p.OrderRef)
	case ref != "":
		g = g.Where("payment_ref = ?", ref)
	case p.OrderRef != "":
		g = g.Where("order_ref = ?", p.OrderRef)
	default:
		return nil
	}
	return db.wake(ctx, g)
}

// wake makes parked webhooks due and enqueues them. Each is acted upon after those that came before it for
// its order, so the order of the jobs does not matter.
func (db *DB) wake(ctx context.Context, g *gorm.DB) error {
	var ids []int64
	if err := g.Model(&Webhook{}).Where("state = ?", WebhookParked).Order("id").Limit(1000).Pluck("id", &ids).Error; err != nil {
		return fmt.Errorf("look for parked webhooks: %w", err)
	}
	if len(ids) == 0 {
		return nil
	}
	if err := db.in(ctx).Model(&Webhook{}).Where("id IN ? AND state = ?", ids, WebhookParked).Update("next_at", gorm.Expr("clock_timestamp()")).Error; err != nil {
		return fmt.Errorf("wake parked webhooks: %w", err)
	}
	for _, id := range ids {
		if err := db.enqueue(ctx, ProcessWebhookJob{WebhookID: id}); err != nil {
			return err
		}
	}
	return nil
}

// RetryWebhook has a webhook acted upon once more because somebody asked for it.
func (db *DB) RetryWebhook(ctx context.Context, id int64, by Actor) error {
	err := db.Tx(ctx, func(tx *DB) error {
		if _, err := tx.Webhook(ctx, id); err != nil {
			return err
		}
		w, _, err := tx.lockWebhook(ctx, id)
		if err != nil {
			return err
		}
		if w.State != WebhookFailed && w.State != WebhookParked {
			return conflictf("This webhook is %s; there is nothing to try again.", w.State)
		}
		if w.ErasedAt != nil {
			return conflictf("What this webhook said was erased; there is nothing to try again.")
		}
		err = tx.in(ctx).Model(&Webhook{}).Where("id = ?", id).Updates(map[string]any{
			"state": WebhookReceived, "tries": 0, "next_at": gorm.Expr("clock_timestamp()"),
		}).Error
		if err != nil {
			return fmt.Errorf("make it due: %w", err)
		}
		if err := tx.enqueue(ctx, ProcessWebhookJob{WebhookID: id}); err != nil {
			return err
		}
		return tx.audit(ctx, w.StoreID, by, "webhook.retried", "webhook "+strconv.FormatInt(id, 10), w.OrderID, map[string]any{"source": w.Source, "event": w.Event})
	})
	if err != nil {
		return fmt.Errorf("try webhook %d again: %w", id, err)
	}
	return nil
}
