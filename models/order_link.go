package models

import (
	"context"
	"slices"
	"time"

	"github.com/kartify/kartify/lang"
)

// OrderLink is what the page of an order shows of its payment link, and of the attempts to pay that were begun here.
type OrderLink struct {
	Path      string // of the link that can be used; "" when there is none
	Link      *PaymentLink
	Checkouts []Checkout // oldest first
}

const (
	linkOfOrder = ` FROM payment_links WHERE order_id = $1 AND ($2 OR store_id = ANY($3)) AND revoked_at IS NULL AND expires_at > clock_timestamp()
		ORDER BY id DESC LIMIT 1`
	checkoutsOfOrder = ` FROM checkouts WHERE order_id = $1 AND ($2 OR store_id = ANY($3)) ORDER BY number`
)

// orderLink joins what was read of an order's links.
func (db *DB) orderLink(links []PaymentLink, checkouts []Checkout) OrderLink {
	shown := OrderLink{Checkouts: checkouts}
	if len(links) > 0 {
		shown.Link, shown.Path = &links[0], "/pay/"+db.linkToken(links[0].ID)
	}
	return shown
}

// AwaitsPayment says whether the order is one that its buyer may be sent a payment link for.
func (p *OrderPage) AwaitsPayment() bool {
	paid := slices.ContainsFunc(p.Payments, func(payment OrderPayment) bool { return payment.rank() >= 2 && payment.VoidedAt == nil })
	return !paid && slices.Contains(payable, p.Order.Status) && p.Order.TotalMinor > 0 && !p.Order.debited()
}

// Debited says whether the buyer's money is known to be gone though no payment here has it.
func (p *OrderPage) Debited() bool { return p.Order.debited() }

// Checkout is the attempt with which a payment was begun here, or nil.
func (p *OrderPage) Checkout(payment int64) *Checkout {
	for i := range p.Link.Checkouts {
		if p.Link.Checkouts[i].PaymentID == payment {
			return &p.Link.Checkouts[i]
		}
	}
	return nil
}

// Came says when the buyer of an attempt was last heard of, and how.
func (c *Checkout) Came() (lang.Text, time.Time) {
	switch {
	case c.TurnedAt != nil:
		return lang.Textf("the buyer turned back"), *c.TurnedAt
	case c.ReturnedAt != nil:
		return lang.Textf("the buyer came back"), *c.ReturnedAt
	case c.State == CheckoutStarted && c.StartedAt != nil:
		return lang.Textf("the buyer went to pay"), *c.StartedAt
	}
	return lang.Textf("the buyer began"), c.CreatedAt
}

// SharePaymentLink is PaymentLink for somebody at the screen, who is told when nobody could pay with it.
func (db *DB) SharePaymentLink(ctx context.Context, id int64, by Actor) (string, error) {
	var order Order
	err := db.in(ctx).Scopes(scoped(ctx, "orders")).First(&order, "id = ?", id).Error
	if noRows(err) {
		return "", ErrNotFound
	}
	if err != nil {
		return "", err //nolint:wrapcheck // only the database can fail here
	}
	store, err := db.Store(ctx, order.StoreID)
	if err != nil {
		return "", err
	}
	ways, err := db.payWays(ctx, &order, store)
	if err != nil {
		return "", err
	}
	if len(ways) == 0 {
		return "", problemf("No payment gateway of %s can begin a payment. Set one up under Extensions > Extensions > Payment.", store.Name)
	}
	return db.PaymentLink(ctx, id, by)
}
