package models

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"
)

// emailColumns are the columns of an e-mail but for what it says.
const emailColumns = `id, store_id, order_id, partner_order_id, kind, webhook_id, claimed_store_id, resend_of, audience, requester_id, requester, event, occurrence,
	request_id, shipment_id, amount_minor, state, cause, why, recipient, sender, subject, message_id, answer, server, tries, next_at, handing_at, created_at, written_at, done_at`

// The queries of an order's mail take the order, whether every store is seen, and the stores that are.
const (
	emailsOfOrder = `SELECT ` + emailColumns + ` FROM emails WHERE order_id = $1 AND ($2 OR store_id = ANY($3)) ORDER BY id`
	rulesOfOrder  = `SELECT r.store_id, r.event, r.mails FROM email_rules r JOIN orders o ON o.store_id = r.store_id WHERE o.id = $1 AND ($2 OR o.store_id = ANY($3))`

	// What Fynd said of the order: what was joined to it, and what names it and was not acted upon.
	fyndOfOrder = `SELECT id, event, claimed_store_id, state, effect, duplicate_of, received_at FROM webhooks
			WHERE order_id = $1 AND source = 'gofynd' AND verdict = 'verified' AND ($2 OR store_id = ANY($3))
		UNION ALL
		SELECT w.id, w.event, w.claimed_store_id, w.state, w.effect, w.duplicate_of, w.received_at FROM webhooks w JOIN orders o ON o.partner_order_id = w.partner_order_id
			WHERE o.id = $1 AND w.partner_order_id <> '' AND w.order_id IS NULL AND w.source = 'gofynd' AND w.verdict = 'verified' AND ($2 OR o.store_id = ANY($3)) AND ($2 OR w.store_id = ANY($3))
		ORDER BY id`
)

// Email is one e-mail with all that it says.
func (db *DB) Email(ctx context.Context, id int64) (*Email, error) {
	var e Email
	err := db.in(ctx).Scopes(scoped(ctx, "emails")).First(&e, "id = ?", id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read e-mail %d: %w", id, err)
	}
	return &e, nil
}

// EmailPage is everything the page of one e-mail shows.
type EmailPage struct {
	*Email
	Order   *Order
	Store   *Store
	Chain   MailChain
	Resends []Email // that were made of it
}

// EmailPage reads one e-mail with what led to it.
func (db *DB) EmailPage(ctx context.Context, id int64) (*EmailPage, error) {
	e, err := db.Email(ctx, id)
	if err != nil {
		return nil, err
	}
	page, err := db.OrderPage(ctx, e.OrderID)
	if err != nil {
		return nil, err
	}
	p := &EmailPage{Email: e, Order: page.Order, Store: page.Store, Chain: page.Mail.Explain(e, page.Order, page.Store)}
	for _, other := range page.Mail.Emails {
		if other.ResendOf != nil && *other.ResendOf == e.ID {
			p.Resends = append(p.Resends, other)
		}
	}
	return p, nil
}

// MailServer is the mail server as people know it, "" when none is configured.
func (db *DB) MailServer() string {
	if db.mail == nil {
		return ""
	}
	return db.mail.Name()
}
