package models

import (
	"context"
	"fmt"
	"time"
)

// shownRepeats is how many repeats of a webhook its page lists.
const shownRepeats = 100

// WebhookPage is one webhook with everything that has to do with it.
type WebhookPage struct {
	*Webhook
	StoreMark StoreMark
	Store     *Store // whose secret fitted, nil when none did
	Repeats   []WebhookRepeat
	Emails    []LogEmail // what was decided because of it
}

// WebhookRepeat is a later delivery of the same webhook.
type WebhookRepeat struct {
	ID         int64
	Effect     string
	Address    string
	ReceivedAt time.Time
}

// WebhookPage reads a webhook with its repeats and its e-mails.
func (db *DB) WebhookPage(ctx context.Context, id int64) (*WebhookPage, error) {
	w, err := db.Webhook(ctx, id)
	if err != nil {
		return nil, err
	}
	page := &WebhookPage{Webhook: w}
	if err := db.in(ctx).Table("webhooks").Select("store_mark").Where("id = ?", id).Scan(&page.StoreMark).Error; err != nil {
		return nil, fmt.Errorf("read the mark of webhook %d: %w", id, err)
	}
	if w.StoreID != 0 {
		if page.Store, err = db.Store(ctx, w.StoreID); err != nil {
			return nil, err
		}
	}
	err = db.in(ctx).Table("webhooks").Scopes(scoped(ctx, "webhooks")).Where("duplicate_of = ?", id).Order("id DESC").Limit(shownRepeats).Find(&page.Repeats).Error
	if err != nil {
		return nil, fmt.Errorf("read the repeats of webhook %d: %w", id, err)
	}
	if err := db.in(ctx).Table("emails").Scopes(scoped(ctx, "emails")).Where("webhook_id = ?", id).Order("id").Limit(shownRepeats).Find(&page.Emails).Error; err != nil {
		return nil, fmt.Errorf("read the e-mails of webhook %d: %w", id, err)
	}
	return page, nil
}
