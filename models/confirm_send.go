package models

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/money"
)

// confirmKind is the kind of a PartnerUpdate that says an order is paid.
const confirmKind = "confirm_payment"

// Amount is the money the update speaks of.
func (u *PartnerUpdate) Amount() money.Amount { return money.New(u.AmountMinor, u.Currency) }

// by is whoever asked for the update.
func (u *PartnerUpdate) by() Actor {
	return Actor{Kind: u.Actor, UserID: u.ActorID, Name: u.ActorName}
}

// startConfirmation queues for Fynd that a locked payment is paid, once for each payment: asked again it gives
// the update that is there. What a person asks for makes the order processed when Fynd has heard it; what
// kartify does by itself leaves the order's status alone.
func (db *DB) startConfirmation(ctx context.Context, order *Order, p *Payment, by Actor) (*PartnerUpdate, error) {
	at, err := db.now(ctx)
	if err != nil {
		return nil, err
	}
	update := PartnerUpdate{
		StoreID: order.StoreID, OrderID: order.ID, PaymentID: &p.ID, Kind: confirmKind, GID: deref(order.GID), Status: "complete",
		AmountMinor: p.CapturedMinor, Currency: p.Currency, State: "queued", NextAt: &at, Log: json.RawMessage("[]"),
		Actor: by.history(), ActorID: by.UserID, ActorName: by.Name,
	}
	res := db.in(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&update)
	if res.Error != nil {
		return nil, fmt.Errorf("queue the confirmation of payment %d: %w", p.ID, res.Error)
	}
	if res.RowsAffected == 0 {
		if err := db.in(ctx).First(&update, "payment_id = ? AND kind = ?", p.ID, confirmKind).Error; err != nil {
			return nil, fmt.Errorf("read the confirmation of payment %d: %w", p.ID, err)
		}
		return &update, nil
	}
	err = db.addHistory(ctx, OrderHistory{
		OrderID: order.ID, StoreID: order.StoreID, Kind: "partner", Comment: fmt.Sprintf("Confirm Payment of %s asked for; Fynd is being told.", update.Amount()),
	}, by)
	if err != nil {
		return nil, err
	}
	return &update, db.enqueue(ctx, PartnerJob{UpdateID: update.ID})
}

// confirmAnew has Fynd told once more what it refused, for somebody else maybe.
func (db *DB) confirmAnew(ctx context.Context, u *PartnerUpdate, by Actor) error {
	err := db.saveUpdate(ctx, u, map[string]any{
		"state": "queued", "tries": 0, "next_at": gorm.Expr("clock_timestamp()"), "done_at": nil, "problem": "",
		"actor": by.history(), "actor_id": by.UserID, "actor_name": by.Name,
	})
	if err != nil {
		return err
	}
	err = db.addHistory(ctx, OrderHistory{
		OrderID: u.OrderID, StoreID: u.StoreID, Kind: "partner", Comment: fmt.Sprintf("Confirm Payment of %s asked for again; Fynd is being told.", u.Amount()),
	}, by)
	if err != nil {
		return err
	}
	return db.enqueue(ctx, PartnerJob{UpdateID: u.ID})
}

// fyndMode is Fynd's word for how a payment was made (Fynd platform, payment modes): "PP", prepaid, unless it is known.
func fyndMode(method string) string {
	words := map[string]string{"card": "CARD", "upi": "UPI", "netbanking": "NB", "wallet": "WL"}
	return words[method]
}

// confirmWords are what Fynd is told of a payment. Money that went back meanwhile is not confirmed.
func (db *DB) confirmWords(ctx context.Context, u *PartnerUpdate, order *Order) (*gofynd.Confirmation, error) {
	var p Payment
	if err := db.in(ctx).First(&p, "id = ?", *u.PaymentID).Error; err != nil {
		return nil, fmt.Errorf("read payment %d: %w", *u.PaymentID, err)
	}
	switch {
	case p.CapturedMinor == 0 || p.RefundedMinor >= p.CapturedMinor:
		return nil, &gateways.Error{Kind: gateways.Declined, Verb: confirmKind, Message: "The money is not with the store any more; Fynd was not told that the order is paid."}
	case order.PartnerID() == "":
		return nil, problemf("The GoFynd order ID is not known yet, and without it Fynd cannot be told.")
	}
	return &gofynd.Confirmation{
		PartnerOrderID: order.PartnerID(), Amount: u.Amount(), Mode: fyndMode(p.Method), Gateway: driverName(db.drivers[p.Gateway], &p),
		PaymentRef: deref(p.Ref), OrderRef: p.OrderRef,
	}, nil
}

// confirmationHeard does what follows when Fynd has heard that an order is paid.
func (db *DB) confirmationHeard(ctx context.Context, u *PartnerUpdate) error {
	p, err := db.lockPayment(ctx, u.OrderID, *u.PaymentID)
	if err != nil {
		return err
	}
	order, err := db.lockOrder(ctx, u.OrderID)
	if err != nil {
		return err
	}
	err = db.addHistory(ctx, OrderHistory{
		OrderID: order.ID, StoreID: order.StoreID, Kind: "partner", Comment: fmt.Sprintf("Fynd confirmed the payment of %s.", u.Amount()),
	}, u.by())
	if err != nil {
		return err
	}
	if u.Actor == "user" || u.Actor == "api" {
		if err := db.confirmed(ctx, order, p, u.by()); err != nil {
			return err
		}
	} else if err := db.toldOf(ctx, p); err != nil {
		return err
	}
	return db.audit(ctx, u.StoreID, u.by(), "confirm_payment.done", fmt.Sprintf("payment %d", p.ID), &u.OrderID, map[string]any{
		"update": u.ID, "amount_minor": u.AmountMinor, "currency": u.Currency,
	})
}

// confirmed makes an order processed whose payment Fynd knows, and names who asked.
func (db *DB) confirmed(ctx context.Context, order *Order, p *Payment, by Actor) error {
	if err := db.toldOf(ctx, p); err != nil {
		return err
	}
	if !slices.Contains(confirmable, order.Status) {
		return nil
	}
	return db.setStatus(ctx, order, StatusProcessed, "", "Confirm Payment.", by)
}

// toldOf ends a locked payment's being stuck: whoever had to be told of it has been.
func (db *DB) toldOf(ctx context.Context, p *Payment) error {
	if p.Status != PaymentStuck || p.Notice == noticeUntold { // the shop's own handler has not heard
		return nil
	}
	p.Status = PaymentSuccess
	return db.savePayment(ctx, p)
}

// seenNow is what a payment's gateway shows of it now: several attempts where only its order is known there. An
// error says nothing about the money.
func (db *DB) seenNow(ctx context.Context, p *Payment) ([]gateways.Payment, error) {
	driver, known := db.drivers[p.Gateway]
	if !known || driver.Open == nil || driver.Partner {
		return nil, &gateways.Error{Kind: gateways.Declined, Verb: "payment", Message: "There is no gateway behind this payment."}
	}
	if ref := deref(p.Ref); ref != "" {
		told := db.ask(ctx, &question{payment: &paymentAt{p.StoreID, p.Gateway, p.Mode, ref}})
		return []gateways.Payment{told.payment}, told.err
	}
	return db.seenOrder(ctx, p)
}

// seenOrder asks for the payments of the gateway's order, for one whose own id never reached us.
func (db *DB) seenOrder(ctx context.Context, p *Payment) (seen []gateways.Payment, err error) {
	if p.OrderRef == "" {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, db.timings.CallTimeout+5*time.Second)
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil {
			err = &gateways.Error{Kind: gateways.Unknown, Verb: "payment", Message: fmt.Sprintf("the driver broke down: %v", cause)}
		}
	}()
	settings, err := db.settingsOf(ctx, p)
	if err != nil {
		return nil, err
	}
	gateway, _, err := db.open(ctx, settings.ID)
	if err != nil {
		return nil, err
	}
	reader, can := gateway.(gateways.OrderReader)
	if !can {
		return nil, &gateways.Error{Kind: gateways.Declined, Verb: "payment", Message: "This gateway cannot be asked about a payment whose id is not known."}
	}
	return reader.OrderPayments(ctx, p.OrderRef) //nolint:wrapcheck // a gateways.Error says what may be done
}
