package models

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways/gofynd"
)

// fyndPayment stores the payment that an order names and asks its gateway how it stands: that money came in
// is the gateway's to say. An answer that does not come leaves the payment pending and the webhook parked.
func (db *DB) fyndPayment(ctx context.Context, w *Webhook, order *Order, snap *gofynd.OrderSnapshot, told answers) (outcome, error) {
	pay := snap.Payment
	if pay == nil || pay.Gateway == "" || pay.PaymentRef == "" && pay.OrderRef == "" {
		return processed(&order.ID, "")
	}
	p, problem, err := db.namedPayment(ctx, order, pay)
	if err != nil {
		return outcome{}, err
	}
	if problem != "" {
		return processed(&order.ID, "%s", problem)
	}
	if err := db.wakePayment(ctx, p); err != nil {
		return outcome{}, err
	}
	if p.rank() >= 3 || deref(p.Ref) == "" || db.drivers[p.Gateway].Open == nil {
		return processed(&order.ID, "")
	}
	ask := &question{payment: &paymentAt{p.StoreID, p.Gateway, p.Mode, *p.Ref}}
	said, asked := told[ask.key()]
	switch {
	case !asked:
		return outcome{}, ask
	case said.err != nil && passing(said.err):
		return parked(&order.ID, "The payment could not be looked up yet: %s", message(said.err))
	case said.err != nil:
		return processed(&order.ID, "The payment could not be looked up: %s", message(said.err))
	}
	if objection := p.objection("", &said.payment); objection != "" {
		return processed(&order.ID, "%s", objection)
	}
	if err := db.shownWith(ctx, p, said.with.settings); err != nil {
		return outcome{}, err
	}
	followed, err := db.followPayment(ctx, p, &said.payment, Actor{Kind: "webhook", Name: db.drivers[p.Gateway].Name}, "look-up")
	if err != nil {
		return outcome{}, err
	}
	return processed(&order.ID, "%s", followed)
}

// namedPayment is the payment an order names, stored as pending when it is new. One of another order is not taken over.
func (db *DB) namedPayment(ctx context.Context, order *Order, pay *gofynd.OrderPayment) (*Payment, string, error) {
	var p Payment
	g := db.in(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("store_id = ? AND gateway = ?", order.StoreID, pay.Gateway)
	if pay.PaymentRef != "" {
		g = g.Where("ref = ? OR (ref IS NULL AND order_id = ? AND order_ref = ?)", pay.PaymentRef, order.ID, idOf(pay.OrderRef))
	} else {
		g = g.Where("order_id = ? AND order_ref = ?", order.ID, pay.OrderRef)
	}
	err := g.Order("ref NULLS LAST, id").First(&p).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return db.storeNamed(ctx, order, pay)
	case err != nil:
		return nil, "", fmt.Errorf("look for payment %s: %w", pay.PaymentRef, err)
	case p.OrderID != order.ID:
		return nil, fmt.Sprintf("It names the payment %s, which belongs to order %d; the payment stays there.", pay.PaymentRef, p.OrderID), nil
	}
	if p.Ref == nil && pay.PaymentRef != "" {
		p.Ref = &pay.PaymentRef
		if err := db.in(ctx).Model(&Payment{}).Where("id = ?", p.ID).Update("ref", pay.PaymentRef).Error; err != nil {
			return nil, "", fmt.Errorf("note the id of payment %d: %w", p.ID, err)
		}
	}
	return &p, "", nil
}

func (db *DB) storeNamed(ctx context.Context, order *Order, pay *gofynd.OrderPayment) (*Payment, string, error) {
	store, err := db.Store(ctx, order.StoreID)
	if err != nil {
		return nil, "", err
	}
	amount := pay.Amount
	if amount == 0 {
		amount = order.TotalMinor
	}
	p := &Payment{
		OrderID: order.ID, StoreID: order.StoreID, Gateway: tidy(pay.Gateway), Mode: store.Mode, OrderRef: idOf(pay.OrderRef), Status: PaymentPending,
		Method: tidy(pay.Method), Currency: order.Currency, AmountMinor: amount, Params: map[string]any{},
	}
	if pay.PaymentRef != "" {
		p.Ref = new(idOf(pay.PaymentRef))
	}
	if err := db.in(ctx).Create(p).Error; err != nil {
		return nil, "", fmt.Errorf("store payment %s: %w", pay.PaymentRef, err)
	}
	err = db.addHistory(ctx, OrderHistory{
		OrderID: order.ID, StoreID: order.StoreID, Kind: "payment", Comment: fmt.Sprintf("Payment %s of %s: %s at Fynd.", pay.PaymentRef, p.Amount(amount), pay.Status),
	}, Actor{Kind: "webhook", Name: "Fynd"})
	return p, "", err
}
