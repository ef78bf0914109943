package models

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm/clause"
)

// outcome is what acting on a webhook came to.
type outcome struct {
	state  WebhookState
	effect string // a sentence
	order  *int64
}

func processed(order *int64, format string, args ...any) (outcome, error) {
	return outcome{WebhookProcessed, fmt.Sprintf(format, args...), order}, nil
}

// parked leaves a webhook until its order or payment appears.
func parked(order *int64, format string, args ...any) (outcome, error) {
	return outcome{WebhookParked, fmt.Sprintf(format, args...), order}, nil
}

// given leaves a webhook to a person.
func given(order *int64, format string, args ...any) (outcome, error) {
	return outcome{WebhookFailed, fmt.Sprintf(format, args...), order}, nil
}

// webhookSteps are the pauses between tries to act on a webhook; the last one repeats.
var webhookSteps = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour}

// ProcessWebhooks acts on stored webhooks that came together. What goes wrong with one does not keep it from the others.
func (db *DB) ProcessWebhooks(ctx context.Context, ids []int64) error {
	return each(ids, 1, func(id int64) error { return db.ProcessWebhook(ctx, id) })
}

// ProcessWebhook acts on a stored webhook when it is due, after those that came before it for the same
// order. What goes wrong is tried again, and left for a person in the end.
func (db *DB) ProcessWebhook(ctx context.Context, id int64) error {
	w, err := db.Webhook(ctx, id)
	if err != nil {
		return err
	}
	if w.PartnerOrderID != "" {
		var earlier []int64
		err := db.in(ctx).Model(&Webhook{}).
			Where("source = ? AND store_id = ? AND partner_order_id = ? AND id < ? AND next_at <= clock_timestamp()", w.Source, w.StoreID, w.PartnerOrderID, w.ID).
			Order("id").Limit(100).Pluck("id", &earlier).Error
		if err != nil {
			return fmt.Errorf("look for webhooks before %d: %w", id, err)
		}
		for _, before := range earlier {
			if err := db.processWebhook(ctx, before); err != nil {
				return err
			}
		}
	}
	return db.processWebhook(ctx, id)
}

// processWebhook acts on one webhook. When the gateway must be asked first, that is done between two transactions.
func (db *DB) processWebhook(ctx context.Context, id int64) error {
	told := answers{}
	for {
		err := db.actOnWebhook(ctx, id, told)
		var ask *question
		if errors.As(err, &ask) && len(told) < 4 {
			told[ask.key()] = db.ask(ctx, ask)
			continue
		}
		if err != nil {
			return db.webhookTroubled(ctx, id, err)
		}
		if err := db.acknowledge(ctx, id); err != nil {
			db.log.WarnContext(ctx, "a provider could not be told that its payment is known", "webhook", id, "error", err)
		}
		return nil
	}
}

// actOnWebhook is the one transaction in which a webhook has its effect. A panic is an error like others.
func (db *DB) actOnWebhook(ctx context.Context, id int64, told answers) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the program broke down: %v", cause)
		}
	}()
	w, err := db.Webhook(ctx, id)
	if err != nil {
		return err
	}
	return db.Tx(ctx, func(tx *DB) error {
		if err := tx.oneAtATime(ctx, w.Source, w.StoreID, w.PartnerOrderID, w.PaymentRef); err != nil {
			return err
		}
		w, due, err := tx.lockWebhook(ctx, id)
		if err != nil || !due {
			return err
		}
		out, err := tx.applyWebhook(ctx, w, told)
		if err != nil {
			return err
		}
		return tx.saveWebhook(ctx, w, out)
	})
}

// applyWebhook does what a locked webhook says, and decides about the e-mail to the customer: once, when it
// is first done.
func (db *DB) applyWebhook(ctx context.Context, w *Webhook, told answers) (outcome, error) {
	if w.Source != sourceFynd {
		return db.applyGatewayWebhook(ctx, w, told)
	}
	out, err := db.applyFyndWebhook(ctx, w, told)
	if err == nil && out.state == WebhookProcessed && out.order != nil && w.State != WebhookProcessed {
		err = db.decideMail(ctx, w, *out.order)
	}
	return out, err
}

// oneAtATime keeps webhooks of one partner order or one payment from being acted upon side by side, until the commit.
func (db *DB) oneAtATime(ctx context.Context, source string, store int64, partnerOrder, payment string) error {
	key := ""
	switch {
	case partnerOrder != "":
		key = fmt.Sprintf("order %d %s", store, partnerOrder)
	case payment != "":
		key = fmt.Sprintf("payment %s %d %s", source, store, payment)
	default:
		return nil
	}
	if err := db.in(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", key).Error; err != nil {
		return fmt.Errorf("wait for the %s: %w", key, err)
	}
	return nil
}

// lockWebhook takes a webhook's row and says whether it is due to be acted upon.
func (db *DB) lockWebhook(ctx context.Context, id int64) (*Webhook, bool, error) {
	var w Webhook
	if err := db.in(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).First(&w, "id = ?", id).Error; err != nil {
		return nil, false, fmt.Errorf("lock webhook %d: %w", id, err)
	}
	at, err := db.now(ctx)
	if err != nil {
		return nil, false, err
	}
	waiting := w.State == WebhookReceived || w.State == WebhookParked
	return &w, waiting && w.NextAt != nil && !w.NextAt.After(at), nil
}

// saveWebhook writes what acting on a webhook came to.
func (db *DB) saveWebhook(ctx context.Context, w *Webhook, out outcome) error {
	at, err := db.now(ctx)
	if err != nil {
		return err
	}
	change := map[string]any{"state": out.state, "effect": textOf(out.effect), "processed_at": at, "next_at": nil, "tries": w.Tries + 1}
	if out.order != nil {
		change["order_id"] = *out.order
	}
	if out.state == WebhookParked {
		change["tries"] = w.Tries // waiting is no failure
		if next, ok := parkedUntil(w.ReceivedAt, at); ok {
			change["next_at"] = next
		}
	}
	if err := db.in(ctx).Model(&Webhook{}).Where("id = ?", w.ID).Updates(change).Error; err != nil {
		return fmt.Errorf("save webhook %d: %w", w.ID, err)
	}
	return nil
}

// parkedUntil is when a parked webhook is tried again should nothing wake it: ever more seldom, for a week.
func parkedUntil(received, at time.Time) (time.Time, bool) {
	age := at.Sub(received)
	return at.Add(min(max(age/2, 10*time.Second), time.Hour)), age < 7*24*time.Hour
}

// webhookTroubled counts a try that went wrong, outside the transaction that went wrong with it.
func (db *DB) webhookTroubled(ctx context.Context, id int64, trouble error) error {
	db.log.WarnContext(ctx, "a webhook could not be acted upon", "webhook", id, "error", trouble)
	return db.Tx(context.WithoutCancel(ctx), func(tx *DB) error {
		w, due, err := tx.lockWebhook(ctx, id)
		if err != nil || !due {
			return err
		}
		at, err := tx.now(ctx)
		if err != nil {
			return err
		}
		why := textOf(message(trouble))
		why = string([]rune(why)[:min(len([]rune(why)), 300)])
		tries := w.Tries + 1
		change := map[string]any{"tries": tries, "effect": "It could not be acted upon yet: " + why, "next_at": at.Add(webhookSteps[min(tries, len(webhookSteps))-1])}
		if tries >= tx.timings.WebhookTries {
			change = map[string]any{
				"tries": tries, "state": WebhookFailed, "next_at": nil, "processed_at": at,
				"effect": fmt.Sprintf("It could not be acted upon in %d tries: %s", tries, why),
			}
		}
		if err := tx.in(ctx).Model(&Webhook{}).Where("id = ?", id).Updates(change).Error; err != nil {
			return fmt.Errorf("count a try of webhook %d: %w", id, err)
		}
		return nil
	})
}

// ProcessDueWebhooks acts on every webhook that is due and reports how many it found. Several processes may run it at once.
func (db *DB) ProcessDueWebhooks(ctx context.Context) (int, error) {
	var ids []int64
	err := db.in(ctx).Model(&Webhook{}).Where("next_at <= clock_timestamp()").Order("id").Limit(500).Pluck("id", &ids).Error
	if err != nil {
		return 0, fmt.Errorf("look for due webhooks: %w", err)
	}
	return len(ids), each(ids, 4, func(id int64) error { return db.ProcessWebhook(ctx, id) })
}

// each does something for every id, a few at a time, and joins what went wrong.
func each(ids []int64, atOnce int, do func(id int64) error) error {
	var (
		wait   sync.WaitGroup
		mu     sync.Mutex
		failed error
		slots  = make(chan struct{}, atOnce)
	)
	for _, id := range ids {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			if err := do(id); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = errors.Join(failed, err)
			}
		})
	}
	wait.Wait()
	return failed
}
