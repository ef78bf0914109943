package models

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
)

// ReceiveWebhook checks a webhook over its raw bytes and stores it with the job that acts on it. When it
// returns without an error, what the Receipt says is on disk and the sender may be answered.
func (db *DB) ReceiveWebhook(ctx context.Context, d Delivery) (Receipt, error) {
	inbox, ok := db.inbox(d.Source)
	if !ok {
		return Receipt{}, ErrNotFound
	}
	signers, err := db.signers(ctx, d, inbox)
	if err != nil {
		return Receipt{}, fmt.Errorf("receive a webhook: %w", err)
	}
	sum := sha256.Sum256(d.Body)
	w := &Webhook{
		Source: d.Source, BodySHA256: sum[:], Headers: keptHeaders(d.Header), Address: textOf(d.Address), Verdict: Verified, State: WebhookReceived,
	}
	switch problem := gateways.CheckJSON(d.Body); {
	case len(signers) == 0 && problem != nil:
		return db.refuseWebhook(ctx, d, w, Unreadable, "It carries no signature of a store here, and "+problem.Error()+".")
	case len(signers) == 0:
		return db.refuseWebhook(ctx, d, w, Forged, "It carries no signature of a store here.")
	case problem != nil:
		return db.refuseWebhook(ctx, d, w, Unreadable, "The signature is right, but "+problem.Error()+".")
	}
	seen, err := db.readWebhook(d.Source, d.Header, d.Body)
	if err != nil {
		return db.refuseWebhook(ctx, d, w, Unreadable, "The signature is right, but it cannot be understood: "+textOf(err.Error())+".")
	}
	store, ok := seen.choose(signers)
	if !ok {
		return db.refuseWebhook(ctx, d, w, Unreadable, "Several stores have this secret, and it names none of them.")
	}
	w.StoreID, w.Mode = store.store, store.mode
	w.Event, w.EventID, w.ClaimedStoreID = seen.event, seen.id, seen.store
	w.PartnerOrderID, w.PaymentRef, w.OrderRef = seen.partnerOrder, seen.payment, seen.orderRef
	w.Body = withoutCards(d.Body, seen.ids...)
	return db.storeWebhook(ctx, w)
}

// refuseWebhook stores what was not accepted, without letting it take the place of anything genuine. Of a
// flood only the first ones are stored, and the others counted.
func (db *DB) refuseWebhook(ctx context.Context, d Delivery, w *Webhook, verdict Verdict, why string) (Receipt, error) {
	slot, ok := db.refused.take(d)
	if !ok {
		return Receipt{Verdict: verdict}, nil
	}
	w.Verdict, w.State, w.Effect, w.ProcessedAt = verdict, WebhookRefused, why, new(now())
	w.Body = append([]byte{}, withoutCards(d.Body[:min(len(d.Body), refusedBodyLimit)])...) // not null, even when it is empty
	if d.StoreID != 0 {
		w.ClaimedStoreID = strconv.FormatInt(d.StoreID, 10)
	}
	if err := db.in(ctx).Omit("ReceivedAt").Create(w).Error; err != nil {
		return Receipt{}, fmt.Errorf("store a refused webhook: %w", err)
	}
	slot.stored(w.ID)
	return Receipt{WebhookID: w.ID, Verdict: verdict}, nil
}

// Webhook is one row of the inbox.
func (db *DB) Webhook(ctx context.Context, id int64) (*Webhook, error) {
	var w Webhook
	err := db.in(ctx).Scopes(scoped(ctx, "webhooks")).First(&w, "id = ?", id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read webhook %d: %w", id, err)
	}
	return &w, nil
}
