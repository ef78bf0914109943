package models

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
)

// ReturnFrom is the page of a buyer who comes back from a provider. The provider is asked about the last
// attempt at once, unless that was done a moment ago; when it does not answer in time, the page says that the
// payment is being checked.
func (db *DB) ReturnFrom(ctx context.Context, token string) (*PayPage, error) {
	page, err := db.PayPage(ctx, token)
	if err != nil || page.Checkout == nil || page.State == PayDone {
		return page, err
	}
	err = db.in(ctx).Model(&Checkout{}).Where("id = ? AND returned_at IS NULL", page.Checkout.ID).Update("returned_at", gorm.Expr("clock_timestamp()")).Error
	if err != nil {
		return nil, fmt.Errorf("note that a buyer came back: %w", err)
	}
	if glances.take(db.parts, page.Checkout.ID) {
		if err := db.glance(ctx, page.Checkout); err != nil {
			return nil, err
		}
	}
	return db.PayPage(ctx, token)
}

// TurnedBack is ReturnFrom for a buyer who pressed the provider's way back. That proves nothing: the provider is
// asked, and only when it shows nothing paid, he may begin another payment at once.
func (db *DB) TurnedBack(ctx context.Context, token string) (*PayPage, error) {
	page, err := db.PayPage(ctx, token)
	if err != nil || page.Checkout == nil || page.State == PayDone {
		return page, err
	}
	if err := db.in(ctx).Model(&Checkout{}).Where("id = ?", page.Checkout.ID).Update("turned_at", gorm.Expr("clock_timestamp()")).Error; err != nil {
		return nil, fmt.Errorf("note that a buyer turned back: %w", err)
	}
	return db.ReturnFrom(ctx, token)
}

// glance asks the provider about the payment of a buyer who came back.
func (db *DB) glance(ctx context.Context, c *Checkout) error {
	var p Payment
	if err := db.in(ctx).First(&p, "id = ?", c.PaymentID).Error; err != nil {
		return fmt.Errorf("read payment %d: %w", c.PaymentID, err)
	}
	found, err := db.askAndFollow(ctx, &p, buyer, "return of the buyer")
	switch {
	case err != nil:
		db.log.InfoContext(ctx, "a payment could not be looked up when its buyer came back", "payment", p.ID, "error", err)
	case !found.doubt:
		err := db.in(ctx).Model(&Checkout{}).Where("id = ?", c.ID).Update("shown_at", gorm.Expr("clock_timestamp()")).Error
		if err != nil {
			return fmt.Errorf("note what the provider showed: %w", err)
		}
	}
	return nil
}

// glances keep a buyer who reloads the page from having the provider asked each time.
var glances = glanceTimes{last: map[glanceKey]time.Time{}}

type glanceTimes struct {
	mu   sync.Mutex
	last map[glanceKey]time.Time
}

type glanceKey struct {
	of       *parts
	checkout int64
}

// glancePause is how long the answer to a glance is good for.
const glancePause = 2 * time.Second

// take says whether it is time for a glance at a checkout, and counts it.
func (g *glanceTimes) take(of *parts, checkout int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := glanceKey{of, checkout}
	if time.Since(g.last[key]) < glancePause {
		return false
	}
	if len(g.last) > 10_000 {
		clear(g.last)
	}
	g.last[key] = time.Now()
	return true
}

// asking is what came of asking a provider about one payment.
type asking struct {
	known   bool // the provider knows of a payment
	changed bool // something is different here now
	doubt   bool // nobody knows whether it is paid
	said    string
}

// and is what came of asking here and elsewhere.
func (a asking) and(b asking) asking {
	return asking{a.known || b.known, a.changed || b.changed, a.doubt || b.doubt, sentences(a.said, b.said)}
}

// askAndFollow asks the provider about a payment, by its own id or by its order, and brings it in line with
// the answer. An error says nothing about the money.
func (db *DB) askAndFollow(ctx context.Context, p *Payment, by Actor, via string) (asking, error) {
	at := origin{store: p.StoreID, gateway: p.Gateway, mode: p.Mode}
	said := answer{err: errNoOrders}
	if ref := deref(p.Ref); ref != "" {
		said = db.ask(ctx, &question{payment: &paymentAt{at.store, at.gateway, at.mode, ref}})
		said.payments = []gateways.Payment{said.payment}
	}
	if said.err != nil && !passing(said.err) && p.OrderRef != "" {
		if byOrder := db.ask(ctx, &question{order: &orderAt{at.store, at.gateway, at.mode, p.OrderRef}}); !errors.Is(byOrder.err, errNoOrders) {
			said = byOrder
		}
	}
	if said.err != nil {
		return asking{}, said.err
	}
	return db.followAll(ctx, said.with, said.payments, by, via)
}

// followAll brings payments in line with what their provider showed, in one transaction.
func (db *DB) followAll(ctx context.Context, at origin, seen []gateways.Payment, by Actor, via string) (asking, error) {
	out := asking{known: len(seen) > 0}
	err := db.Tx(ctx, func(tx *DB) error {
		out = asking{known: len(seen) > 0}
		for i := range seen {
			found, err := tx.follow(ctx, at, &seen[i], by, via)
			if err != nil {
				return err
			}
			out.said = sentences(out.said, found.said)
			out.changed = out.changed || found.said != "" && !found.objection
			out.doubt = out.doubt || found.objection || seen[i].Doubt != gateways.NoDoubt
		}
		return nil
	})
	if err != nil {
		return asking{}, fmt.Errorf("follow what %s shows: %w", at.gateway, err)
	}
	return out, nil
}
