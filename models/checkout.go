package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
)

// CheckoutState is how far an attempt to pay has come on our side.
type CheckoutState string

// The states of a checkout. Whether it was paid is its payment's to say.
const (
	CheckoutStarting CheckoutState = "starting" // the provider is being told
	CheckoutStarted  CheckoutState = "started"  // the buyer can go there
	CheckoutFailed   CheckoutState = "failed"   // the provider would not begin it
)

// Checkout is one attempt to pay for an order: the buyer was sent to a provider, or is about to be.
type Checkout struct {
	ID         int64
	StoreID    int64
	OrderID    int64
	PaymentID  int64
	LinkID     int64
	SettingsID int64
	Gateway    string
	Number     int    // the how manieth of the order, from 1
	OrderRef   string // ours, as the provider gets it: 1001-2
	Key        string // the idempotency key
	State      CheckoutState
	URL        string            `gorm:"column:url"`      // where the buyer goes
	Form       map[string]string `gorm:"serializer:json"` // posted there; nil to just go there
	Problem    string            // a sentence for the buyer
	ReturnURL  string            `gorm:"column:return_url"` // of the shop
	LeaseUntil time.Time
	CreatedAt  time.Time
	StartedAt  *time.Time
	ReturnedAt *time.Time // when the buyer first came back
	TurnedAt   *time.Time // when he last came back by the way of those who turn back
	ShownAt    *time.Time // when the provider, asked after that, last showed it as neither made nor over
}

// PayState is what a buyer is told of the payment of an order.
type PayState string

// What a buyer is told.
const (
	PayOpen     PayState = "open"     // nothing is paid, and a payment can be started
	PayChecking PayState = "checking" // a payment was started, and its end is not known
	PayFailed   PayState = "failed"   // the last one was not made; another can be started
	PayDone     PayState = "paid"
	PayClosed   PayState = "closed" // the order waits for no money, or the link is spent
)

// PayWay is a gateway with which an order can be paid.
type PayWay struct {
	Code string
	Name string
}

// PayPage is what the buyer of an order sees of it.
type PayPage struct {
	Token    string
	Store    Store
	Order    Order
	State    PayState
	Reason   string        // why the last payment was not made, in the provider's words or ours
	Waits    gateways.Wait // what the last one waits for, where the provider says
	Ways     []PayWay
	Checkout *Checkout    // the last attempt, nil when there is none
	Session  *FyndSession // that the link belongs to, nil when Fynd did not ask for the payment
}

// PayPage is the page that a payment link opens.
func (db *DB) PayPage(ctx context.Context, token string) (*PayPage, error) {
	link, err := db.linkOf(ctx, token)
	if err != nil {
		return nil, err
	}
	page := &PayPage{Token: token}
	if err := db.in(ctx).First(&page.Order, "id = ?", link.OrderID).Error; err != nil {
		return nil, fmt.Errorf("read order %d: %w", link.OrderID, err)
	}
	store, err := db.Store(ctx, link.StoreID)
	if err != nil {
		return nil, err
	}
	page.Store = *store
	if page.Session, err = db.sessionOfLink(ctx, link.ID); err != nil {
		return nil, err
	}
	var payments []Payment
	if err := db.in(ctx).Where("order_id = ?", link.OrderID).Order("id").Find(&payments).Error; err != nil {
		return nil, fmt.Errorf("read the payments of order %d: %w", link.OrderID, err)
	}
	if page.Checkout, err = db.lastCheckout(ctx, link.OrderID); err != nil {
		return nil, err
	}
	at, err := db.now(ctx)
	if err != nil {
		return nil, err
	}
	doubts, err := db.doubts(ctx, link.OrderID)
	if err != nil {
		return nil, err
	}
	page.judge(payments, doubts, link.spent(at))
	if page.State == PayOpen || page.State == PayFailed {
		page.Ways, err = db.waysOf(ctx, page)
	}
	return page, err
}

// waysOf are the gateways of a page: those of its store, or the one behind the extension that Fynd asked.
func (db *DB) waysOf(ctx context.Context, page *PayPage) ([]PayWay, error) {
	if page.Session == nil {
		return db.payWays(ctx, &page.Order, &page.Store)
	}
	return db.sessionWays(ctx, page.Session)
}

// mode is the mode in which the order is paid.
func (p *PayPage) mode() string {
	if p.Session != nil {
		return p.Session.Mode
	}
	return p.Store.Mode
}

// judge decides what the buyer is told.
func (p *PayPage) judge(payments []Payment, doubts map[int64]gateways.Doubt, spent bool) {
	open := slices.Contains(payable, p.Order.Status)
	for i := range payments {
		if payments[i].rank() >= 2 && payments[i].VoidedAt == nil {
			p.State = PayDone
			return
		}
	}
	p.State = PayOpen
	if p.Checkout != nil {
		for i := range payments {
			if payments[i].ID == p.Checkout.PaymentID {
				p.State, p.Reason = stateOfAttempt(p.Checkout, &payments[i], doubts[payments[i].ID])
				p.Waits = payments[i].Waits()
			}
		}
	}
	if (p.State == PayOpen || p.State == PayFailed) && (!open || spent) {
		p.State = PayClosed
	}
	if (p.State == PayOpen || p.State == PayFailed) && p.Order.debited() {
		p.State, p.Reason = PayChecking, ""
	}
}

// stateOfAttempt is what the buyer is told of the last attempt.
func stateOfAttempt(c *Checkout, p *Payment, doubt gateways.Doubt) (PayState, string) {
	switch {
	case c.State == CheckoutFailed:
		return PayFailed, c.Problem
	case doubt != gateways.NoDoubt:
		return PayChecking, ""
	case p.Status == PaymentFailed:
		return PayFailed, lang.Textf("The payment was declined.").Format
	case p.Status == PaymentCanceled:
		return PayFailed, lang.Textf("The payment was not completed.").Format
	case p.Waits() == gateways.ForProvider || p.Waits() == gateways.ForBank:
		return PayChecking, ""
	case c.TurnedAt != nil && c.ShownAt != nil && !c.ShownAt.Before(*c.TurnedAt):
		return PayFailed, lang.Textf("You turned back before paying.").Format
	case c.State == CheckoutStarted && c.ReturnedAt == nil:
		return PayOpen, "" // may go there again
	case c.ReturnedAt != nil && c.ShownAt != nil && c.ShownAt.Sub(*c.ReturnedAt) > patienceFor(p.Waits()):
		return PayOpen, "" // the buyer turned back, as far as the provider knows
	}
	return PayChecking, ""
}

// settleTime is how long a provider may need, after the buyer came back, to know what it will know at once.
const settleTime = 20 * time.Second

// confirmTime is how long a buyer has for the confirmation that his bank asks for (Razorpay docs, late authorization).
const confirmTime = 10 * time.Minute

func patienceFor(wait gateways.Wait) time.Duration {
	if wait == gateways.ForConsent {
		return confirmTime
	}
	return settleTime
}

// lastCheckout is the latest attempt to pay for an order, or nil.
func (db *DB) lastCheckout(ctx context.Context, order int64) (*Checkout, error) {
	var c Checkout
	err := db.in(ctx).Where("order_id = ?", order).Order("number DESC").First(&c).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the last checkout of order %d: %w", order, err)
	}
	return &c, nil
}

// payWays are the gateways with which an order can be paid now: the order's own where it names one, else
// every one that the store has enabled in its mode and that can begin a payment.
func (db *DB) payWays(ctx context.Context, order *Order, store *Store) ([]PayWay, error) {
	var settings []GatewaySettings
	err := db.in(ctx).Where("store_id = ? AND mode = ? AND current AND enabled", store.ID, store.Mode).Order("gateway").Find(&settings).Error
	if err != nil {
		return nil, fmt.Errorf("read the gateways of store %d: %w", store.ID, err)
	}
	var ways []PayWay
	for _, s := range settings {
		driver := db.drivers[s.Gateway]
		if driver.Open == nil || driver.Partner {
			continue
		}
		gateway, _, err := db.open(ctx, s.ID)
		if err != nil {
			db.log.WarnContext(ctx, "a gateway cannot be offered to buyers", "gateway", s.Gateway, "store", store.ID, "error", err)
			continue
		}
		if _, starts := gateway.(gateways.Starter); !starts {
			continue
		}
		way := PayWay{Code: driver.Code, Name: driver.Name}
		if s.Gateway == order.Gateway {
			return []PayWay{way}, nil
		}
		ways = append(ways, way)
	}
	return ways, nil
}

// BuyerPath is where a buyer belongs whom a provider sends back: the result of the payment that the
// provider's reference names, or /pay when it names none.
func (db *DB) BuyerPath(ctx context.Context, store int64, gateway, orderRef string) (string, error) {
	var links []int64
	err := db.in(ctx).Model(&Checkout{}).Where("store_id = ? AND gateway = ? AND order_ref = ?", store, gateway, orderRef).Limit(1).Pluck("link_id", &links).Error
	if err != nil {
		return "", fmt.Errorf("look for the checkout %s: %w", orderRef, err)
	}
	if len(links) == 0 {
		return "/pay", nil
	}
	return "/pay/" + db.linkToken(links[0]) + "/result", nil
}
