package models

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways/gofynd"
)

// applyFyndOrder creates the order that Fynd tells as a whole, or brings it up to date. id is 0 for a new one.
func (db *DB) applyFyndOrder(ctx context.Context, w *Webhook, event *gofynd.Event, id int64, told answers) (outcome, error) {
	snap := event.Order
	lines, problem := fyndLines(snap)
	if problem != "" {
		return given(known(id), "%s", problem)
	}
	if pay := snap.Payment; pay != nil && pay.PaymentRef != "" {
		if err := db.oneAtATime(ctx, pay.Gateway, w.StoreID, "", pay.PaymentRef); err != nil {
			return outcome{}, err
		}
	}
	order, problem, err := db.fyndOrder(ctx, w, event, id)
	if err != nil {
		return outcome{}, err
	}
	if problem != "" {
		return given(known(id), "%s", problem)
	}
	newest, err := db.newestSnapshot(ctx, order, event, w)
	if err != nil {
		return outcome{}, err
	}
	said, err := db.recordFyndEvent(ctx, w, event, order)
	if err != nil {
		return outcome{}, err
	}
	switch {
	case id == 0:
		said += " The order was created."
	case !newest:
		said += " A later state of the order is known; nothing else was changed."
	default:
		if err := db.updateFyndOrder(ctx, order, snap); err != nil {
			return outcome{}, err
		}
	}
	if newest {
		if kept, err := db.writeLines(ctx, order, lines); err != nil {
			return outcome{}, err
		} else if kept {
			said += " Its lines stay as they are, for refunds name them."
		}
	}
	if event.Name == "ORDER_PAYMENT_FAILED" {
		if err := db.fyndPaymentFailed(ctx, w, order); err != nil {
			return outcome{}, err
		}
	}
	out, err := db.fyndPayment(ctx, w, order, snap, told)
	if err != nil {
		return outcome{}, err
	}
	if err := db.wakeOrder(ctx, order); err != nil {
		return outcome{}, err
	}
	out.effect, out.order = sentences(append([]string{said, out.effect}, event.Problems...)...), &order.ID
	return out, nil
}

func known(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

// fyndOrder locks the order with its payments, or inserts a new one. It says what forbids that.
func (db *DB) fyndOrder(ctx context.Context, w *Webhook, event *gofynd.Event, id int64) (order *Order, problem string, err error) {
	snap := event.Order
	if id != 0 {
		if order, err = db.lockOrderAndPayments(ctx, id); err != nil {
			return nil, "", err
		}
		if order.Currency != snap.Currency {
			return nil, fmt.Sprintf("It is in %s, but the order is in %s; nothing was changed.", snap.Currency, order.Currency), nil
		}
		return order, "", nil
	}
	if event.PartnerOrderID == "" && event.AffiliateOrderID == "" {
		return nil, "It tells an order without its number; nothing was created.", nil
	}
	store, err := db.Store(ctx, w.StoreID)
	if err != nil {
		return nil, "", err
	}
	order = &Order{StoreID: store.ID, Status: StatusPending, Currency: snap.Currency, DateAdded: cmpTime(snap.PlacedAt, stamp(event, w)), DateModified: now(), Version: 1}
	db.fillFyndOrder(order, snap)
	if err := db.forget(ctx, order); err != nil {
		return nil, "", err
	}
	if order.Gateway == "cod" {
		order.Status = StatusProcessing // there is no payment to wait for
	}
	if err := db.in(ctx).Create(order).Error; err != nil {
		return nil, "", fmt.Errorf("create the order %s: %w", fyndOrderName(event), err)
	}
	err = db.addHistory(ctx, OrderHistory{
		OrderID: order.ID, StoreID: order.StoreID, Kind: "created", ToStatus: &order.Status, Comment: "Placed at Fynd as " + fyndOrderName(event) + ".",
	}, w.actor(db))
	return order, "", err
}

// fillFyndOrder copies what a snapshot says into an order; its ids are filled in with the event.
func (db *DB) fillFyndOrder(order *Order, snap *gofynd.OrderSnapshot) {
	order.CustomerName, order.CustomerEmail, order.CustomerPhone = tidy(snap.Customer.Name), tidy(snap.Customer.Email), tidy(snap.Customer.Phone)
	order.BillingAddress, order.ShippingAddress = fyndAddress(snap.BillingAddress), fyndAddress(snap.ShippingAddress)
	order.ShippingMinor, order.ShippingTaxMinor, order.TotalMinor = snap.Shipping, snap.ShippingTax, snap.Total
	lines, _ := fyndLines(snap) // looked at before
	order.ItemsMinor, order.DiscountMinor, order.TaxMinor = 0, 0, 0
	for _, line := range lines {
		order.ItemsMinor += line.Quantity * line.UnitMinor
		order.DiscountMinor += line.DiscountMinor
		order.TaxMinor += line.TaxMinor
	}
	if pay := snap.Payment; pay != nil && pay.Gateway != "" {
		order.Gateway, order.PaymentMethod = tidy(pay.Gateway), db.methodName(pay)
	}
}

// methodName is how an order was paid, as people read it: "Card (Razorpay)".
func (db *DB) methodName(pay *gofynd.OrderPayment) string {
	if pay.Gateway == "cod" {
		return "Cash on delivery"
	}
	name := cmp.Or(db.drivers[pay.Gateway].Name, pay.Gateway)
	switch method := strings.ToLower(pay.Method); method {
	case "":
		return tidy(name)
	case "upi", "emi":
		return tidy(strings.ToUpper(method) + " (" + name + ")")
	default:
		return tidy(strings.ToUpper(method[:1]) + method[1:] + " (" + name + ")")
	}
}

// newestSnapshot says whether no later snapshot of the order has been applied. Of two at one time the event's id decides.
func (db *DB) newestSnapshot(ctx context.Context, order *Order, event *gofynd.Event, w *Webhook) (bool, error) {
	var last struct {
		At      time.Time
		EventID string
	}
	err := db.in(ctx).Table("order_events e").Joins("JOIN webhooks w ON w.id = e.webhook_id").
		Select("coalesce(e.occurred_at, e.received_at) AS at, w.event_id").Where("e.order_id = ? AND e.snapshot AND e.webhook_id <> ?", order.ID, w.ID).
		Order("1 DESC, 2 DESC").Take(&last).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for later states of order %d: %w", order.ID, err)
	}
	at := stamp(event, w)
	return at.After(last.At) || at.Equal(last.At) && w.EventID > last.EventID, nil
}

// updateFyndOrder writes what a later snapshot says. Status, ids and dates go their own ways.
func (db *DB) updateFyndOrder(ctx context.Context, order *Order, snap *gofynd.OrderSnapshot) error {
	db.fillFyndOrder(order, snap)
	err := db.in(ctx).Model(&Order{}).Where("id = ?", order.ID).
		Select("CustomerName", "CustomerEmail", "CustomerPhone", "BillingAddress", "ShippingAddress", "Gateway", "PaymentMethod").Updates(order).Error
	if err != nil {
		return fmt.Errorf("bring order %d up to date: %w", order.ID, err)
	}
	return nil
}

func fyndAddress(a gofynd.Address) Address {
	return Address{
		Name: textOf(a.Name), Line1: textOf(a.Line1), Line2: textOf(a.Line2), Landmark: textOf(a.Landmark), City: textOf(a.City),
		State: textOf(a.State), Postcode: textOf(a.Postcode), Country: textOf(a.Country), Phone: textOf(a.Phone), Email: textOf(a.Email),
	}
}

// tidy is a text of the partner's at the length that a column and a page bear.
func tidy(text string) string { return clip(textOf(strings.TrimSpace(text)), 300) }
