package models

import (
	"context"
	"errors"
	"fmt"

	"github.com/kartify/kartify/gateways/gofynd"
)

// ReceivePlatformWebhook checks a webhook that Fynd Platform sent to an extension, signed with the extension's API
// secret, and stores it beside those that are signed with a store's own: it has the same effects. Its store is the one
// that the sales channel it names is here. While that is none it waits for somebody to say which.
func (db *DB) ReceivePlatformWebhook(ctx context.Context, d Delivery) (Receipt, error) {
	if _, ok := db.inbox(sourceFynd); !ok {
		return Receipt{}, ErrNotFound
	}
	d.Source, d.StoreID = sourceFynd, 0
	given := d.Header.Values("X-Fp-Signature")
	forms := gofynd.Forms(d.Body)
	extension, err := db.SignedExtension(ctx, func(secret string) bool {
		return len(given) == 1 && gofynd.RightForm(secret, given[0], forms)
	})
	if err != nil {
		return Receipt{}, fmt.Errorf("receive a webhook of Fynd Platform: %w", err)
	}
	w := &Webhook{
		Source: sourceFynd, BodySHA256: sumOf(d, false), Headers: withoutToken(keptHeaders(d.Header)), Address: textOf(d.Address), Verdict: Verified, State: WebhookReceived,
	}
	switch problem := checkBody(d, false); {
	case extension == nil && problem != nil:
		return db.refuseWebhook(ctx, d, w, Unreadable, "It carries no signature of an extension here, and "+problem.Error()+".")
	case extension == nil:
		return db.refuseWebhook(ctx, d, w, Forged, "It carries no signature of an extension here.")
	case problem != nil:
		return db.refuseWebhook(ctx, d, w, Unreadable, "The signature is right, but "+problem.Error()+".")
	}
	event, err := gofynd.Read(d.Header, d.Body)
	if err != nil {
		return db.refuseWebhook(ctx, d, w, Unreadable, "The signature is right, but it cannot be understood: "+textOf(err.Error())+".")
	}
	if err := db.placePlatformWebhook(ctx, w, extension, &event); err != nil {
		return Receipt{}, err
	}
	seen := fyndReading(&event)
	w.Event, w.EventID, w.PartnerOrderID = seen.event, seen.id, seen.partnerOrder
	w.Body = withoutCards(d.Body, seen.ids...)
	return db.storeWebhook(ctx, w)
}

// placePlatformWebhook finds the store of a webhook by company and sales channel. What it finds none for goes to store
// 0, under the name of its channel.
func (db *DB) placePlatformWebhook(ctx context.Context, w *Webhook, e *FyndExtension, event *gofynd.Event) error {
	w.ClaimedStoreID = channelName(event.CompanyID, event.ApplicationID)
	ch, err := db.FyndChannel(ctx, e.ID, event.CompanyID, event.ApplicationID)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if ch.Application.StoreID != nil {
		w.StoreID, w.ClaimedStoreID = *ch.Application.StoreID, idOf(event.StoreID)
	}
	return nil
}

// channelName is how a webhook without a store says for which sales channel it is.
func channelName(company, application string) string {
	return idOf("company " + company + " channel " + application)
}

// waitsForStore says why a webhook of the platform cannot be acted upon yet, or "".
func (w *Webhook) waitsForStore() string {
	if w.StoreID != 0 || w.Verdict != Verified {
		return ""
	}
	return "No store here is the sales channel that it names (" + w.ClaimedStoreID + "). Link it under Extensions > Fynd payment extension > Installs."
}

// adoptWebhooks gives a store what came for its sales channel before anybody had said that it is this store. What
// came to the store by another way, too, stays where it is.
func (db *DB) adoptWebhooks(ctx context.Context, company, application string, store int64) error {
	var ids []int64
	err := db.in(ctx).Raw(`UPDATE webhooks w SET store_id = @store, claimed_store_id = '', state = 'received', tries = 0, next_at = clock_timestamp()
		WHERE w.source = @source AND w.store_id = 0 AND w.verdict = 'verified' AND w.duplicate_of IS NULL AND w.state = 'parked' AND w.claimed_store_id = @channel
		AND NOT EXISTS (SELECT 1 FROM webhooks o WHERE o.source = w.source AND o.store_id = @store AND o.verdict = 'verified' AND o.duplicate_of IS NULL
			AND (o.body_sha256 = w.body_sha256 OR o.event_id = w.event_id AND w.event_id <> ''))
		RETURNING w.id`, map[string]any{"store": store, "source": sourceFynd, "channel": channelName(company, application)}).Scan(&ids).Error
	if err != nil {
		return fmt.Errorf("give store %d what came for it: %w", store, err)
	}
	for _, id := range ids {
		if err := db.enqueue(ctx, ProcessWebhookJob{WebhookID: id}); err != nil {
			return err
		}
	}
	return nil
}
