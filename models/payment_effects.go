package models

import (
	"context"
	"fmt"

	"github.com/kartify/kartify/gateways"
)

// adoptEffects books what a provider's snapshot shows besides the state of a payment: money that moved
// without being asked from here, such as in the provider's portal. It says what that was, or "".
func (db *DB) adoptEffects(ctx context.Context, p *Payment, seen *gateways.Payment, by Actor) (string, error) {
	var open int64
	err := db.in(ctx).Model(&Operation{}).
		Where("payment_id = ? AND ref = '' AND first_sent_at IS NOT NULL AND state NOT IN ?", p.ID, []OperationState{Succeeded, Failed, Cancelled}).Count(&open).Error
	if err != nil {
		return "", fmt.Errorf("look for operations under way on payment %d: %w", p.ID, err)
	}
	if open > 0 {
		return "", nil // it may be one of ours; the next look tells
	}
	var said []string
	for i := range seen.Refunds {
		r := seen.Refunds[i]
		if r.PaymentRef == "" {
			r.PaymentRef = deref(p.Ref)
		}
		sentence, err := db.adoptRefund(ctx, p, &r, by)
		if err != nil {
			return "", err
		}
		said = append(said, sentence)
	}
	return sentences(said...), nil
}

// adoptRefund books a refund of the provider's that is not known here yet.
func (db *DB) adoptRefund(ctx context.Context, p *Payment, r *gateways.Result, _ Actor) (string, error) {
	at, err := db.now(ctx)
	if err != nil {
		return "", err
	}
	w := &Webhook{Source: p.Gateway, StoreID: p.StoreID, Mode: p.Mode, Event: "look-up", ReceivedAt: at}
	id, err := db.operationOf(ctx, w, r)
	if err != nil {
		return "", err
	}
	if id != 0 || r.Ref == "" || r.Amount.Currency != p.Currency || r.Amount.Minor <= 0 || r.Status == gateways.Failed || p.Refundable().Minor < r.Amount.Minor {
		return "", nil
	}
	out, err := db.bookForeign(ctx, w, p, gateways.Refund, r)
	return out.effect, err
}
