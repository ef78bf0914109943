package models

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
)

// applyHint asks the provider about what a hint names, and brings the payment in line with the answer.
func (db *DB) applyHint(ctx context.Context, w *Webhook, told answers) (outcome, error) {
	if w.PaymentRef == "" && w.OrderRef == "" {
		return processed(nil, "This event is not used here.")
	}
	if other, err := db.askedSince(ctx, w); err != nil || other != nil {
		if err != nil {
			return outcome{}, err
		}
		return processed(other.OrderID, "The gateway was asked after this came, because of webhook %d. %s", other.ID, other.Effect)
	}
	at := origin{store: w.StoreID, gateway: w.Source, mode: w.Mode}
	known, err := db.knownPayment(ctx, at, &gateways.Payment{Ref: w.PaymentRef, OrderRef: w.OrderRef})
	if err != nil {
		return outcome{}, err
	}
	if err := db.chooseMode(ctx, &at, known); err != nil {
		return outcome{}, err
	}
	said, err := db.hintAnswer(ctx, w, at, known, told)
	if err != nil {
		return outcome{}, err
	}
	if err := db.in(ctx).Model(&Webhook{}).Where("id = ?", w.ID).Update("asked_at", said.at).Error; err != nil {
		return outcome{}, fmt.Errorf("note when the gateway was asked: %w", err)
	}
	var order *int64
	if known != nil {
		order = &known.OrderID
	}
	switch {
	case said.err != nil && passing(said.err):
		return parked(order, "The gateway could not be asked yet: %s Nothing was changed.", message(said.err))
	case said.err != nil:
		return parked(order, "The gateway was asked and did not tell: %s Nothing was changed.", message(said.err))
	case len(said.payments) == 0:
		return parked(order, "The gateway knows of no payment like this when asked. Nothing was changed.")
	}
	return db.followAnswer(ctx, w, said.with, said.payments)
}

// followAnswer brings payments in line with what the provider said when it was asked.
func (db *DB) followAnswer(ctx context.Context, w *Webhook, at origin, seen []gateways.Payment) (outcome, error) {
	var sentencesSaid []string
	var order *int64
	unknown := ""
	for i := range seen {
		found, err := db.follow(ctx, at, &seen[i], w.actor(db), w.Event)
		switch {
		case err != nil:
			return outcome{}, err
		case found.order == 0:
			unknown = seen[i].Ref
			if err := db.rememberRefs(ctx, w, &seen[i]); err != nil {
				return outcome{}, err
			}
			continue
		case found.objection:
			return given(&found.order, "%s", found.said)
		}
		order = &found.order
		sentencesSaid = append(sentencesSaid, found.said)
	}
	if order == nil {
		return parked(nil, "No order here knows the payment %s yet.", unknown)
	}
	said := sentences(sentencesSaid...)
	if said == "" {
		said = "The gateway was asked, and everything it says was known already."
	}
	return processed(order, "%s", said)
}

// hintAnswer asks about the payment a hint names, or about its order where the payment is not named or not
// known there.
func (db *DB) hintAnswer(ctx context.Context, w *Webhook, at origin, known *Payment, told answers) (answer, error) {
	ref, orderRef := w.PaymentRef, w.OrderRef
	if known != nil {
		if own := deref(known.Ref); own != "" && ref == "" {
			ref = own
		}
		if orderRef == "" {
			orderRef = known.OrderRef
		}
	}
	if ref != "" {
		ask := &question{payment: &paymentAt{at.store, at.gateway, at.mode, ref}}
		said, asked := told[ask.key()]
		switch {
		case !asked:
			return answer{}, ask
		case said.err == nil:
			said.payments = []gateways.Payment{said.payment}
			return said, nil
		case passing(said.err) || orderRef == "":
			return said, nil
		}
	}
	ask := &question{order: &orderAt{at.store, at.gateway, at.mode, orderRef}}
	said, asked := told[ask.key()]
	if !asked {
		return answer{}, ask
	}
	return said, nil
}

// askedSince is a hint about the same payment because of which the provider was asked after this one came, or nil.
func (db *DB) askedSince(ctx context.Context, w *Webhook) (*Webhook, error) {
	var other Webhook
	g := db.in(ctx).Where("source = ? AND store_id = ? AND state = ? AND asked_at > ? AND id <> ?", w.Source, w.StoreID, WebhookProcessed, w.ReceivedAt, w.ID)
	if w.PaymentRef != "" {
		g = g.Where("payment_ref = ?", w.PaymentRef)
	} else {
		g = g.Where("payment_ref = '' AND order_ref = ? AND id > ?", w.OrderRef, w.ID-10_000)
	}
	err := g.Order("id DESC").First(&other).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for other hints like webhook %d: %w", w.ID, err)
	}
	return &other, nil
}

// rememberRefs notes by which ids a parked hint is to be woken.
func (db *DB) rememberRefs(ctx context.Context, w *Webhook, seen *gateways.Payment) error {
	change := map[string]any{}
	if w.PaymentRef == "" && seen.Ref != "" {
		change["payment_ref"] = idOf(seen.Ref)
	}
	if w.OrderRef == "" && seen.OrderRef != "" {
		change["order_ref"] = idOf(seen.OrderRef)
	}
	if len(change) == 0 {
		return nil
	}
	if err := db.in(ctx).Model(&Webhook{}).Where("id = ?", w.ID).Updates(change).Error; err != nil {
		return fmt.Errorf("note what webhook %d is about: %w", w.ID, err)
	}
	return nil
}

// chooseMode is the mode in which to ask: the payment's, else the one whose secret fits, else the store's.
func (db *DB) chooseMode(ctx context.Context, at *origin, known *Payment) error {
	if known != nil {
		at.mode = known.Mode
		return nil
	}
	if slices.Contains([]string{"test", "live"}, at.mode) {
		return nil
	}
	store, err := db.Store(ctx, at.store)
	if err != nil {
		return err
	}
	at.mode = store.Mode
	return nil
}

// acknowledge tells a provider that wants to know that a payment it reported belongs to an order here. One
// that does not hear it reports the payment again.
func (db *DB) acknowledge(ctx context.Context, id int64) error {
	w, err := db.Webhook(ctx, id)
	if err != nil || !db.hints(w.Source) || w.State != WebhookProcessed || w.OrderID == nil || w.PaymentRef == "" {
		return err
	}
	at := origin{store: w.StoreID, gateway: w.Source, mode: w.Mode}
	p, err := db.knownPayment(ctx, at, &gateways.Payment{Ref: w.PaymentRef})
	if err != nil || p == nil || p.rank() < 2 {
		return err
	}
	settings, err := db.settingsOf(ctx, p)
	if err != nil {
		return err
	}
	gateway, _, err := db.open(ctx, settings.ID)
	if err != nil {
		return err
	}
	teller, wants := gateway.(gateways.Acknowledger)
	if !wants {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, db.timings.CallTimeout)
	defer cancel()
	// By the reference it was begun with: what the provider shows from now on must be that of this payment.
	return teller.Acknowledge(ctx, w.PaymentRef, cmp.Or(p.OrderRef, strconv.FormatInt(p.OrderID, 10))) //nolint:wrapcheck // a gateways.Error says what may be done
}
