package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
)

// confirmable are the statuses from which Confirm Payment leads to processed.
var confirmable = []string{StatusMissing, StatusProcessing}

// noFyndOrder is said of every id that this person has no Fynd order for, whatever the reason.
const noFyndOrder = "No order of your Fynd stores has this GoFynd order ID. Compare it with the Partner order ID column of Sales > Orders."

// confirmOne does what ConfirmPayments says for one id.
func (db *DB) confirmOne(ctx context.Context, id string, by Actor) (Confirmation, error) {
	c := Confirmation{PartnerOrderID: id}
	order, err := db.orderOfFynd(ctx, id)
	if err != nil || order == nil {
		return c.refused(noFyndOrder), err
	}
	c.OrderID = order.ID
	if update, err := db.confirmationOf(ctx, order.ID); err != nil {
		return c, err
	} else if said := c.standing(order, update); said != nil && said.State != ConfirmRetrying {
		return *said, nil
	} else if said != nil {
		return db.tellConfirmation(ctx, c, update.ID, by)
	}
	payment, seen, refusal, err := db.paidAtGateway(ctx, order)
	if err != nil || refusal != "" {
		return c.refused(refusal), err
	}
	return db.confirmPaid(ctx, c, payment, seen, by)
}

// refused is c with the reason, which nothing has come of.
func (c Confirmation) refused(sentence string) Confirmation {
	c.State, c.Said = ConfirmRefused, sentence
	return c
}

// standing is what is to be said of an order without asking anybody, or nil when its gateway must be asked.
func (c Confirmation) standing(order *Order, update *PartnerUpdate) *Confirmation {
	c.OrderID = order.ID
	open := slices.Contains(confirmable, order.Status)
	switch {
	case update != nil && update.State == "queued":
		c.State, c.UpdateID = ConfirmRetrying, &update.ID
	case update != nil && update.State == "done" && !open:
		c.State, c.UpdateID = ConfirmAlready, &update.ID
		c.Said = fmt.Sprintf("Already done: Fynd was told on %s, asked for by %s. Nothing was sent again.", timeOf(update.DoneAt).UTC().Format("2 Jan 2006 15:04 UTC"), update.ActorName)
	case open:
		return nil
	case order.Status == StatusProcessed:
		c.State, c.Said = ConfirmAlready, "Already done: the order is processed. Nothing was sent."
	case order.Status == StatusPending:
		c = c.refused("The order is pending: its payment is not known to be made. Ask the gateway about it under Sales > Limbo; once it is paid it is processing and can be confirmed.")
	default:
		c = c.refused(fmt.Sprintf("The order is %s; only missing and processing orders can be confirmed. Open the order to see what became of it.", strings.ReplaceAll(order.Status, "_", " ")))
	}
	return &c
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// orderOfFynd is the order with a GoFynd order id in a Fynd store within the scope, or nil. Should two stores
// have one of this id, it is nobody's guess which is meant.
func (db *DB) orderOfFynd(ctx context.Context, id string) (*Order, error) {
	var orders []Order
	err := db.in(ctx).Scopes(scoped(ctx, "orders")).Where("partner_order_id = ?", id).
		Where("store_id IN (SELECT id FROM stores WHERE fynd)").Limit(2).Find(&orders).Error
	if err != nil {
		return nil, fmt.Errorf("look for the order %s: %w", id, err)
	}
	if len(orders) != 1 {
		return nil, nil
	}
	return &orders[0], nil
}

// confirmationOf is what Fynd is told of an order being paid, or nil. Of several payments the latest counts.
func (db *DB) confirmationOf(ctx context.Context, order int64) (*PartnerUpdate, error) {
	var update PartnerUpdate
	err := db.in(ctx).Where("order_id = ? AND kind = ?", order, confirmKind).Order("id DESC").First(&update).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for the confirmation of order %d: %w", order, err)
	}
	return &update, nil
}

// paidAtGateway asks the gateways of an order's payments which of them is paid, now. An answer that does not
// come is no answer: nothing is concluded from it.
func (db *DB) paidAtGateway(ctx context.Context, order *Order) (*Payment, *gateways.Payment, string, error) {
	var payments []Payment
	if err := db.in(ctx).Where("order_id = ?", order.ID).Order("captured_minor > 0 DESC, id DESC").Find(&payments).Error; err != nil {
		return nil, nil, "", fmt.Errorf("read the payments of order %d: %w", order.ID, err)
	}
	refusal := "The order has no payment that a gateway could be asked about. Look for it in the gateway's portal, and refund or enter it there."
	silent := ""
	for i := range payments {
		p := &payments[i]
		seen, err := db.seenNow(ctx, p)
		if err != nil {
			silent = fmt.Sprintf("%s could not be asked whether the payment is made: %s Nothing was changed. Execute again in a few minutes.", driverName(db.drivers[p.Gateway], p), message(err))
			continue
		}
		for j := range seen {
			belongs, err := db.refersTo(ctx, p, seen[j].OrderRef)
			if err != nil {
				return nil, nil, "", err
			}
			if belongs {
				seen[j].OrderRef = p.OrderRef
			}
			objection := order.unpaid(p, &seen[j], driverName(db.drivers[p.Gateway], p))
			if objection == "" {
				return p, &seen[j], "", nil
			}
			refusal = objection
		}
		if len(seen) == 0 {
			refusal = driverName(db.drivers[p.Gateway], p) + " knows of no payment for this order. Ask the customer for a proof of payment before anything else is done."
		}
	}
	if silent != "" {
		refusal = silent
	}
	return nil, nil, refusal, nil
}

// unpaid says why what a gateway shows does not confirm the order's payment, or "".
func (o *Order) unpaid(p *Payment, seen *gateways.Payment, gateway string) string {
	if objection := p.objection("", seen); objection != "" {
		return objection
	}
	switch {
	case seen.Captured > 0 && seen.Refunded >= seen.Captured:
		return "The money has been returned to the customer. Cancel the order, or ask the customer to pay again."
	case p.Currency != o.Currency:
		return fmt.Sprintf("The payment is in %s and the order in %s. Look at the payment in %s's portal.", p.Currency, o.Currency, gateway)
	case seen.Captured >= o.TotalMinor && seen.Captured > 0:
		return ""
	case seen.Captured > 0:
		return fmt.Sprintf("%s has drawn %s of the order's %s. Draw the rest, or refund and cancel the order.", gateway, p.Amount(seen.Captured), o.Total())
	case seen.Authorized:
		return fmt.Sprintf("%s holds the money and has not drawn it. Capture the payment on the page of the order, then execute again.", gateway)
	case seen.Doubt != "":
		return fmt.Sprintf("%s has not decided about the payment (%s): the customer's account may have been debited. Execute again later, or ask %s.", gateway, seen.Word, gateway)
	}
	return fmt.Sprintf("%s says that the payment is not made (%s). Mark the order as failed under Sales > Limbo, or wait for the customer to pay.", gateway, seen.Word)
}

// confirmPaid notes what the gateway said and has Fynd told of it, once.
func (db *DB) confirmPaid(ctx context.Context, c Confirmation, payment *Payment, seen *gateways.Payment, by Actor) (Confirmation, error) {
	var update *PartnerUpdate
	err := db.Tx(ctx, func(tx *DB) error {
		update = nil
		p, err := tx.lockPayment(ctx, c.OrderID, payment.ID)
		if err != nil {
			return err
		}
		order, err := tx.lockOrder(ctx, c.OrderID)
		if err != nil {
			return err
		}
		if update, err = tx.confirmationOf(ctx, order.ID); err != nil {
			return err
		}
		if said := c.standing(order, update); said != nil { // somebody was faster
			c = *said
			return nil
		}
		if err := tx.nameAsked(ctx, p, seen); err != nil {
			return err
		}
		if _, err := tx.followPayment(ctx, p, seen, Actor{Kind: "webhook", Name: driverName(tx.drivers[p.Gateway], p)}, "look-up"); err != nil {
			return err
		}
		if order, err = tx.lockOrder(ctx, c.OrderID); err != nil {
			return err
		}
		if update != nil && update.State == "done" { // told when the payment came in
			c.State, c.UpdateID, c.Said = ConfirmDone, &update.ID, "Fynd had been told when the payment came in; the order is processed now."
			return tx.confirmed(ctx, order, p, by)
		}
		if update, err = tx.startConfirmation(ctx, order, p, by); err != nil {
			return err
		}
		c.State = ConfirmRetrying
		if update.State == "failed" {
			if err := tx.confirmAnew(ctx, update, by); err != nil {
				return err
			}
		}
		return tx.audit(ctx, order.StoreID, by, "confirm_payment.requested", "payment "+strconv.FormatInt(p.ID, 10), &order.ID, map[string]any{
			"update": update.ID, "amount_minor": update.AmountMinor, "currency": update.Currency, "gateway": p.Gateway,
		})
	})
	if err != nil {
		return c, fmt.Errorf("confirm the payment of order %d: %w", c.OrderID, err)
	}
	if c.State != ConfirmRetrying {
		return c, nil
	}
	return db.tellConfirmation(ctx, c, update.ID, by)
}

// tellConfirmation makes an attempt to tell Fynd, unless one is under way, and says how it stands.
func (db *DB) tellConfirmation(ctx context.Context, c Confirmation, update int64, by Actor) (Confirmation, error) {
	if err := db.TellPartner(ctx, update); err != nil {
		return c, err
	}
	var u PartnerUpdate
	if err := db.in(ctx).First(&u, "id = ?", update).Error; err != nil {
		return c, fmt.Errorf("read update %d: %w", update, err)
	}
	c.UpdateID = &u.ID
	c.State, c.Said = u.confirmation()
	if c.State == ConfirmDone && u.ActorName != by.Name {
		c.State, c.Said = ConfirmAlready, fmt.Sprintf("Already done, asked for by %s. Nothing was sent again.", u.ActorName)
	}
	return c, nil
}

// confirmation is how an update about a payment stands, and what is to be said of it.
func (u *PartnerUpdate) confirmation() (ConfirmationState, string) {
	switch {
	case u.State == "done":
		return ConfirmDone, "Fynd has confirmed the payment of " + u.Amount().String() + "; the order is processed."
	case u.State == "failed":
		return ConfirmRefused, "Fynd refused it: " + sentence(u.Problem) + " Correct what it names and execute again."
	case u.Problem != "":
		return ConfirmRetrying, fmt.Sprintf("Fynd has not confirmed it yet: %s It is tried again by itself; attempt %d.", sentence(u.Problem), u.Tries)
	}
	return ConfirmRetrying, "Fynd is being told. The order stays as it is until Fynd has answered."
}
