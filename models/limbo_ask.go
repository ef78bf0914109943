package models

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
)

var errNoRows = pgx.ErrNoRows

// asked is what a payment's gateway showed of it.
type asked struct {
	payment Payment
	gateway string // its name
	seen    []gateways.Payment
	err     error // it did not say, which says nothing about the money
}

// saidTexts are sentences that follow one another.
type saidTexts []lang.Text

// In says them in the language of who asked.
func (s saidTexts) In(ctx context.Context) string {
	words := make([]string, len(s))
	for i, text := range s {
		words[i] = text.In(ctx)
	}
	return strings.Join(words, " ")
}

// String says them in English.
func (s saidTexts) String() string { return s.In(context.Background()) }

// AskOrder asks the gateways of an order's payments how they stand, now, and follows what they say. It says
// what came of it, for the person at the screen.
func (db *DB) AskOrder(ctx context.Context, id int64, by Actor) (string, error) {
	order, told, err := db.askGateways(ctx, id)
	if err != nil {
		return "", err
	}
	said, err := db.followAsked(ctx, order, told, by)
	if err != nil {
		return "", err
	}
	return lang.T(ctx, "Order %d: %s", id, said), nil
}

// askGateways asks about every payment of an order, outside any transaction.
func (db *DB) askGateways(ctx context.Context, id int64) (*Order, []asked, error) {
	var order Order
	err := db.in(ctx).Scopes(scoped(ctx, "orders")).First(&order, "id = ?", id).Error
	if noRows(err) {
		return nil, nil, ErrNotFound
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read order %d: %w", id, err)
	}
	var payments []Payment
	if err := db.in(ctx).Where("order_id = ?", id).Order("id").Find(&payments).Error; err != nil {
		return nil, nil, fmt.Errorf("read the payments of order %d: %w", id, err)
	}
	told := make([]asked, len(payments))
	for i, p := range payments {
		told[i] = asked{payment: p, gateway: driverName(db.drivers[p.Gateway], &p)}
		told[i].seen, told[i].err = db.seenNow(ctx, &p)
	}
	return &order, told, nil
}

// followAsked writes down what gateways said of an order's payments, and what that changed.
func (db *DB) followAsked(ctx context.Context, order *Order, told []asked, by Actor) (saidTexts, error) {
	var said saidTexts
	err := db.Tx(ctx, func(tx *DB) error {
		said = nil
		for i := range told {
			sentences, err := tx.followOne(ctx, &told[i])
			if err != nil {
				return err
			}
			said = append(said, sentences...)
		}
		if len(told) == 0 {
			said = saidTexts{lang.Textf("It has no payment that a gateway could be asked about.")}
		}
		err := tx.in(ctx).Exec(`INSERT INTO order_checks (order_id, store_id, checked_at, said) VALUES (?, ?, clock_timestamp(), ?)
			ON CONFLICT (order_id) DO UPDATE SET checked_at = excluded.checked_at, said = excluded.said`, order.ID, order.StoreID, clip(said.String(), 500)).Error
		if err != nil {
			return fmt.Errorf("note that order %d was looked at: %w", order.ID, err)
		}
		return tx.audit(ctx, order.StoreID, by, "order.gateway_asked", "order "+strconv.FormatInt(order.ID, 10), &order.ID, map[string]any{"payments": len(told)})
	})
	if err != nil {
		return nil, fmt.Errorf("follow what the gateways say of order %d: %w", order.ID, err)
	}
	return said, nil
}

// followOne brings one payment in line with what was seen of it, and says so.
func (db *DB) followOne(ctx context.Context, a *asked) (saidTexts, error) {
	if a.err != nil {
		return saidTexts{lang.Textf("%s could not be asked: %s Nothing was changed.", a.gateway, lang.Text{Format: message(a.err)})}, nil
	}
	seen := a.best()
	if seen == nil {
		return saidTexts{lang.Textf("%s knows of no payment.", a.gateway)}, nil
	}
	at := origin{store: a.payment.StoreID, gateway: a.payment.Gateway, mode: a.payment.Mode}
	done, err := db.follow(ctx, at, seen, Actor{Kind: "webhook", Name: a.gateway}, "look-up")
	if err != nil || done.objection {
		return saidTexts{{Format: done.said}}, err
	}
	p, err := db.lockPayment(ctx, a.payment.OrderID, a.payment.ID)
	if err != nil {
		return nil, err
	}
	var said saidTexts
	if done.said != "" {
		said = append(said, lang.Text{Format: done.said})
	}
	switch {
	case p.Status == PaymentStuck && p.Notice == noticeUntold:
		said = append(said, lang.Textf("The shop's own handler has not heard of it; send the notification again."))
	case p.Status == PaymentStuck && seen.Captured > 0:
		told, err := db.nobodyWaits(ctx, p)
		if err != nil {
			return nil, err
		}
		if told {
			said = append(said, lang.Textf("Nobody is left to be told of it."))
			if err := db.toldOf(ctx, p); err != nil {
				return nil, err
			}
		} else {
			said = append(said, lang.Textf("The money is drawn; confirm the payment so that Fynd knows."))
		}
	}
	if len(said) == 0 {
		said = append(said, lang.Textf("%s says %s, as is known.", a.gateway, seen.Word))
	}
	return said, nil
}

// best is the attempt that came furthest.
func (a *asked) best() *gateways.Payment {
	var best *gateways.Payment
	for i := range a.seen {
		if best == nil || rankOf(a.payment.asDrawn(&a.seen[i])) > rankOf(a.payment.asDrawn(best)) {
			best = &a.seen[i]
		}
	}
	return best
}

// nobodyWaits says whether everybody knows of a payment: there is no Fynd that must be told, or it was.
func (db *DB) nobodyWaits(ctx context.Context, p *Payment) (bool, error) {
	var waits bool
	err := db.in(ctx).Raw(`SELECT EXISTS (SELECT 1 FROM partner_updates WHERE order_id = ? AND state <> 'done')
		OR EXISTS (SELECT 1 FROM orders o JOIN stores s ON s.id = o.store_id WHERE o.id = ? AND s.fynd AND o.partner_order_id IS NOT NULL AND o.status IN ?)`,
		p.OrderID, p.OrderID, confirmable).Scan(&waits).Error
	if err != nil {
		return false, fmt.Errorf("ask who must know of payment %d: %w", p.ID, err)
	}
	return !waits, nil
}

// MarkUnpaid makes a missing or pending order failed, when the gateway of every payment of it was asked at this
// moment and says that nothing was paid. Any other answer, and none, leaves the status as it is; money that
// shows up is followed.
func (db *DB) MarkUnpaid(ctx context.Context, id int64, by Actor) (string, error) {
	order, told, err := db.askGateways(ctx, id)
	if err != nil {
		return "", err
	}
	said, err := db.followAsked(ctx, order, told, by)
	if err != nil {
		return "", err
	}
	for i := range told {
		switch seen := told[i].best(); {
		case told[i].err != nil:
			return "", problemf("Order %d was not marked as failed: %s", id, said)
		case seen == nil:
		case rankOf(told[i].payment.asDrawn(seen)) >= 2:
			return "", problemf("Order %d was not marked as failed, for there is money: %s", id, said)
		case seen.Doubt != "":
			return "", problemf("Order %d was not marked as failed: %s has not decided, and the customer may have been debited.", id, told[i].gateway)
		}
	}
	err = db.Tx(ctx, func(tx *DB) error {
		order, err := tx.lockOrderAndPayments(ctx, id)
		if err != nil {
			return err
		}
		if order.Status == StatusFailed {
			return nil // what the gateway said has made it so
		}
		if !slices.Contains([]string{StatusMissing, StatusPending}, order.Status) {
			return conflictf("Order %d is %s by now; nothing was done.", id, order.Status)
		}
		was := order.Status
		if err := tx.setStatus(ctx, order, StatusFailed, "", "Marked as failed after the gateway was asked. "+said.String(), by); err != nil {
			return err
		}
		return tx.audit(ctx, order.StoreID, by, "order.status", "order "+strconv.FormatInt(order.ID, 10), &order.ID, map[string]any{"from": was, "to": StatusFailed, "reason": "asked"})
	})
	if err != nil {
		return "", err
	}
	return lang.T(ctx, "Order %d is failed. %s", id, said), nil
}
