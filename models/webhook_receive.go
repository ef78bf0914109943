package models

import (
	"context"
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
	hint := db.hints(d.Source)
	w := &Webhook{
		Source: d.Source, BodySHA256: sumOf(d, hint), Headers: withoutToken(keptHeaders(d.Header)), Address: textOf(d.Address), Verdict: Verified, State: WebhookReceived,
	}
	if len(signers) == 1 && !hint {
		w.StoreID = signers[0].store
		if db.intake.repeated(w) {
			receipt, err := db.storeWebhook(ctx, w)
			if !errors.Is(err, errForgotten) {
				return receipt, err
			}
		}
		w.StoreID = 0
	}
	switch problem := checkBody(d, hint); {
	case len(signers) == 0 && problem != nil:
		return db.refuseWebhook(ctx, d, w, Unreadable, "It carries no signature of a store here, and "+problem.Error()+".")
	case len(signers) == 0:
		return db.refuseWebhook(ctx, d, w, Forged, "It carries no signature of a store here.")
	case problem != nil:
		if !hint {
			w.signedBy(signers)
		}
		return db.refuseWebhook(ctx, d, w, Unreadable, "The signature is right, but "+problem.Error()+".")
	}
	if hint {
		return db.receiveHint(ctx, d, w, inbox, signers)
	}
	seen, err := db.readWebhook(d.Source, d.Header, d.Body)
	if err != nil {
		w.signedBy(signers)
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

// signedBy gives a webhook that cannot be read to the one store whose secret fits, so that its people see it.
func (w *Webhook) signedBy(signers []signer) {
	if len(signers) == 1 {
		w.StoreID, w.Mode = signers[0].store, signers[0].mode
	}
}

// receiveHint stores a hint of a provider whose address names the store, and finds the answer the provider expects.
func (db *DB) receiveHint(ctx context.Context, d Delivery, w *Webhook, inbox gateways.Inbox, signers []signer) (Receipt, error) {
	store := signers[0]
	if len(signers) > 1 {
		return db.refuseWebhook(ctx, d, w, Unreadable, "Its address names no store.")
	}
	secrets, err := db.secretsFor(ctx, d, inbox, store)
	if err != nil {
		return Receipt{}, err
	}
	var event gateways.Event
	body, err := opened(inbox, d, secrets)
	if err == nil {
		event, err = inbox.Read(d.Header, body)
	}
	if err != nil {
		return db.refuseWebhook(ctx, d, w, Unreadable, "It cannot be understood: "+textOf(err.Error())+".")
	}
	seen := eventReading(&event)
	w.StoreID, w.Mode, w.Event = store.store, store.mode, seen.event
	w.PaymentRef, w.OrderRef = seen.payment, seen.orderRef             // no id: without a signature anybody could take its place
	w.Body = append([]byte{}, withoutCardsOf(d, true, seen.ids...)...) // not null, even when it is empty
	var told Receipt
	if err := db.answerTo(ctx, inbox, event, store, d.Source, secrets, &told); err != nil {
		return Receipt{}, err
	}
	receipt, err := db.storeWebhook(ctx, w)
	receipt.OrderRef, receipt.Doubt, receipt.ContentType, receipt.Answer = w.OrderRef, told.Doubt, told.ContentType, told.Answer
	return receipt, err
}

// refuseWebhook stores what was not accepted, without letting it take the place of anything genuine. Of a
// flood only the first ones are stored, and the others counted.
func (db *DB) refuseWebhook(ctx context.Context, d Delivery, w *Webhook, verdict Verdict, why string) (Receipt, error) {
	slot, ok := db.refused.take(d)
	if !ok {
		return Receipt{Verdict: verdict}, nil
	}
	w.Verdict, w.State, w.Effect, w.ProcessedAt = verdict, WebhookRefused, why, new(now())
	w.Body = append([]byte{}, withoutCardsOf(Delivery{Header: d.Header, Body: d.Body[:min(len(d.Body), refusedBodyLimit)]}, db.hints(d.Source))...) // not null, even when it is empty
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
