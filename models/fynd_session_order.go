package models

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways/gofynd"
)

// fyndObjection is why a session, or a refund of one, is refused for what is known of its order here. The order's
// history tells it.
type fyndObjection struct {
	order, store int64
	sentence     string
	gid          string
	request      string // Fynd's id of the refund, "" for a payment
	amount       bool   // what is asked for is not what the order comes to, or not what can go back
}

func (o *fyndObjection) Error() string { return o.sentence }
func (o *fyndObjection) Unwrap() error { return conflictf("%s", o.sentence) }

// noteFyndObjection tells the history of the order, and the audit log, why a session or a refund was refused. It gives
// the error back.
func (db *DB) noteFyndObjection(ctx context.Context, refused error) error {
	var o *fyndObjection
	if !errors.As(refused, &o) {
		return refused
	}
	err := db.Tx(ctx, func(tx *DB) error {
		if err := tx.noteObjection(ctx, &Payment{OrderID: o.order, StoreID: o.store}, o.sentence, FyndActor); err != nil {
			return err
		}
		if o.amount {
			if err := tx.noteAmount(ctx, o); err != nil {
				return err
			}
		}
		return tx.audit(ctx, o.store, FyndActor, o.what(), o.about(), &o.order, nil)
	})
	if err != nil {
		return fmt.Errorf("note what Fynd was refused: %w", err)
	}
	return refused
}

// NoteFyndRefusal keeps that a session was refused for its body: in the history of the order that it names, or in the
// audit log of its store. Nothing is kept when the channel is no store's here.
func (db *DB) NoteFyndRefusal(ctx context.Context, e *FyndExtension, in gofynd.SessionIn, wrong *gofynd.SessionError) error {
	_, store, err := db.FyndStore(ctx, e, in.CompanyID, in.ApplicationID)
	var closed *FyndClosed
	if errors.As(err, &closed) {
		return nil
	}
	if err != nil {
		return err
	}
	order, err := db.orderNamedIn(ctx, store.ID, &in)
	if err != nil {
		return err
	}
	if order != 0 {
		err = db.noteFyndObjection(ctx, &fyndObjection{
			order: order, store: store.ID, gid: in.GID, amount: wrong.Field == "amount",
			sentence: clip(textOf(fmt.Sprintf("The payment %s that Fynd asks for was refused. %s", in.GID, wrong.Sentence)), 500),
		})
		if o := (*fyndObjection)(nil); errors.As(err, &o) {
			return nil
		}
		return err
	}
	return db.Tx(ctx, func(tx *DB) error {
		return tx.audit(ctx, store.ID, FyndActor, "fynd_session.refused", "fynd payment "+idOf(in.GID), nil, map[string]any{"extension": e.ID})
	})
}

// orderNamedIn is the order of a store that Fynd names, 0 when it is not known: by Fynd's order id, or by the payment.
func (db *DB) orderNamedIn(ctx context.Context, store int64, in *gofynd.SessionIn) (int64, error) {
	for _, by := range []struct{ column, value string }{{"partner_order_id", in.PFOrderID}, {"gid", in.GID}} {
		if by.value == "" {
			continue
		}
		var ids []int64
		g := db.in(ctx).Model(&Order{}).Where("store_id = ?", store).Where(by.column+" = ?", by.value)
		if by.column == "gid" && in.PFOrderID != "" {
			g = g.Where("partner_order_id IS NULL")
		}
		if err := g.Order("id DESC").Limit(1).Pluck("id", &ids).Error; err != nil {
			return 0, fmt.Errorf("look for the order of a session: %w", err)
		}
		if len(ids) > 0 {
			return ids[0], nil
		}
	}
	return 0, nil
}

// fyndSessionOrder is the order that Fynd asks the money of: one that is known and comes to the same sum, or a new one.
func (db *DB) fyndSessionOrder(ctx context.Context, seller *fyndSeller, in *gofynd.SessionIn) (*Order, error) {
	id, err := db.orderNamedIn(ctx, seller.store.ID, in)
	if err != nil {
		return nil, err
	}
	if id == 0 {
		return db.newFyndSessionOrder(ctx, seller, in)
	}
	order, err := db.lockOrderAndPayments(ctx, id)
	if err != nil {
		return nil, err
	}
	if sentence, err := db.objectionTo(ctx, order, in); err != nil || sentence != "" {
		if err == nil {
			err = &fyndObjection{order: order.ID, store: order.StoreID, sentence: sentence, gid: in.GID, amount: order.Total() != in.Amount}
		}
		return nil, err
	}
	order.GID, order.Gateway, order.PaymentMethod = &in.GID, seller.driver.Code, paidBy(seller, in)
	columns := []string{"GID", "Gateway", "PaymentMethod"}
	if order.PartnerOrderID == nil && in.PFOrderID != "" {
		order.PartnerOrderID = &in.PFOrderID
		columns = append(columns, "PartnerOrderID")
	}
	if err := db.in(ctx).Model(&Order{}).Where("id = ?", order.ID).Select(columns).Updates(order).Error; err != nil {
		return nil, fmt.Errorf("name order %d: %w", order.ID, err)
	}
	return order, nil
}

// objectionTo is why a known order cannot be paid for by a session, or "".
func (db *DB) objectionTo(ctx context.Context, order *Order, in *gofynd.SessionIn) (string, error) {
	total := order.Total()
	switch {
	case total.Currency != in.Amount.Currency:
		return fmt.Sprintf("Fynd asks for %s as %s, but this order is in %s. The payment was refused.", in.Amount, in.GID, total.Currency), nil
	case gofynd.Hundredfold(total.Minor, in.Amount.Minor):
		return fmt.Sprintf("Fynd asks for %s as %s, but this order comes to %s: one of them is in another unit. The payment was refused.", in.Amount, in.GID, total), nil
	case total != in.Amount:
		return fmt.Sprintf("Fynd asks for %s as %s, but this order comes to %s. The payment was refused.", in.Amount, in.GID, total), nil
	}
	var payments []Payment
	if err := db.in(ctx).Where("order_id = ?", order.ID).Find(&payments).Error; err != nil {
		return "", fmt.Errorf("read the payments of order %d: %w", order.ID, err)
	}
	paid := slices.ContainsFunc(payments, func(p Payment) bool { return p.rank() >= 2 && p.VoidedAt == nil })
	switch {
	case paid:
		return fmt.Sprintf("Fynd asks for %s as %s, but this order is paid. The payment was refused.", in.Amount, in.GID), nil
	case !slices.Contains(payable, order.Status):
		return fmt.Sprintf("Fynd asks for %s as %s, but this order is %s. The payment was refused.", in.Amount, in.GID, order.Status), nil
	}
	return "", nil
}

// newFyndSessionOrder makes an order of what Fynd tells of it: one line for all of it, until its own event tells more.
func (db *DB) newFyndSessionOrder(ctx context.Context, seller *fyndSeller, in *gofynd.SessionIn) (*Order, error) {
	name := in.GID
	if in.PFOrderID != "" {
		name = in.PFOrderID
	}
	order := &Order{
		StoreID: seller.store.ID, Status: StatusPending, Currency: in.Amount.Currency, GID: &in.GID, Gateway: seller.driver.Code, PaymentMethod: paidBy(seller, in),
		CustomerName: tidy(in.Customer.Name), CustomerEmail: tidy(in.Customer.Email), CustomerPhone: tidy(in.Customer.Phone),
		BillingAddress: sessionAddress(in.Billing), ShippingAddress: sessionAddress(in.Shipping),
		ItemsMinor: in.Amount.Minor, TotalMinor: in.Amount.Minor, DateAdded: now(), DateModified: now(), Version: 1,
	}
	if in.PFOrderID != "" {
		order.PartnerOrderID = &in.PFOrderID
	}
	items := []OrderItem{{Position: 1, Name: "Fynd order " + name, Quantity: 1, UnitMinor: in.Amount.Minor, TotalMinor: in.Amount.Minor}}
	if err := db.insertOrder(ctx, order, items); err != nil {
		return nil, err
	}
	err := db.addHistory(ctx, OrderHistory{
		OrderID: order.ID, StoreID: order.StoreID, Kind: "created", ToStatus: &order.Status, Comment: "Placed at Fynd as " + name + ".",
	}, FyndActor)
	return order, err
}

// paidBy is how an order is paid, as people read it: Net banking (State Bank of India) with Razorpay.
func paidBy(seller *fyndSeller, in *gofynd.SessionIn) string {
	if ways := methodNames(in.Methods); ways != "" {
		return ways + " with " + seller.driver.Name
	}
	return seller.driver.Name
}

func sessionAddress(in gofynd.SessionAddress) Address {
	a := fyndAddress(in.Address)
	a.Extra = in.Extra
	return a
}

// sessionOfLink is the session whose buyer pays with a link, or nil.
func (db *DB) sessionOfLink(ctx context.Context, link int64) (*FyndSession, error) {
	var s FyndSession
	err := db.in(ctx).First(&s, "link_id = ?", link).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil //nolint:nilnil // most links are of none
	}
	if err != nil {
		return nil, fmt.Errorf("read the session of link %d: %w", link, err)
	}
	return &s, nil
}
