package models

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
)

// CheckoutRequest is a buyer who wants to pay.
type CheckoutRequest struct {
	Token     string // of the payment link
	Gateway   string // "" when there is only one
	ReturnURL string // where the shop wants the buyer back; "" for a page of ours
	Address   string // how browsers and providers reach kartify: https://pay.example.com
}

const (
	// checkoutReuse is how long a buyer who comes again is sent to the same page of the provider. The shortest
	// known session of such a page lasts 15 minutes (CCAvenue).
	checkoutReuse = 10 * time.Minute
	// mostCheckouts is how many attempts an order has at most.
	mostCheckouts = 50
)

// StartCheckout begins a payment at a provider and says where the buyer goes. The payment is stored as pending
// before the provider is told. Whoever asks again while it is young gets the same attempt, so that a double
// click makes one.
func (db *DB) StartCheckout(ctx context.Context, req CheckoutRequest) (*Checkout, error) {
	link, err := db.linkOf(ctx, req.Token)
	if err != nil {
		return nil, err
	}
	var c *Checkout
	var fresh bool
	err = db.Tx(ctx, func(tx *DB) error {
		c, fresh, err = tx.openCheckout(ctx, link, req)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("start the payment of order %d: %w", link.OrderID, err)
	}
	if !fresh {
		return c, nil
	}
	start, refusal := db.beginAt(ctx, c, req)
	err = db.Tx(context.WithoutCancel(ctx), func(tx *DB) error { return tx.recordStart(ctx, c, start, refusal) })
	if err != nil {
		return nil, fmt.Errorf("record the start of checkout %d: %w", c.ID, err)
	}
	return c, nil
}

// openCheckout stores an attempt with its pending payment, or gives the one that is under way.
func (db *DB) openCheckout(ctx context.Context, link *PaymentLink, req CheckoutRequest) (*Checkout, bool, error) {
	order, err := db.lockOrderAndPayments(ctx, link.OrderID)
	if err != nil {
		return nil, false, err
	}
	store, err := db.Store(ctx, order.StoreID)
	if err != nil {
		return nil, false, err
	}
	if err := db.checkReturn(ctx, store.ID, req.ReturnURL); err != nil {
		return nil, false, err
	}
	page, err := db.PayPage(ctx, req.Token)
	if err != nil {
		return nil, false, err
	}
	at, err := db.now(ctx)
	if err != nil {
		return nil, false, err
	}
	ours, err := db.sameWay(ctx, page, link)
	if err != nil {
		return nil, false, err
	}
	if last := page.Checkout; last != nil && page.State != PayDone && (ours || last.State == CheckoutStarting) {
		if !ours && last.LeaseUntil.After(at) {
			return nil, false, conflictf("Another payment of this order is being begun. Try again in a moment.")
		}
		if reused, err := db.reuse(ctx, last, req, at); reused || err != nil {
			return last, false, err
		}
		if page, err = db.PayPage(ctx, req.Token); err != nil { // a lost start may just have ended
			return nil, false, err
		}
	}
	switch {
	case page.State == PayDone:
		return nil, false, conflictf("This order is paid.")
	case page.State == PayClosed || page.State == PayChecking && !slices.Contains(payable, order.Status):
		return nil, false, conflictf("Nothing is to be paid for this order any more.")
	case page.State == PayChecking:
		return nil, false, conflictf("A payment of this order is being checked. Wait for it before you pay again.")
	case page.Session != nil && order.Total() != page.Session.Amount():
		return nil, false, conflictf("The order has changed since its payment was asked for. Go back to the shop and order again.")
	}
	way, err := page.way(req.Gateway)
	if err != nil {
		return nil, false, err
	}
	c, err := db.storeCheckout(ctx, link, order, page.mode(), way, req, at)
	return c, err == nil, err
}

// sameWay says whether the last attempt was begun in the way of this link: a session of Fynd has its own gateway and mode.
func (db *DB) sameWay(ctx context.Context, page *PayPage, link *PaymentLink) (bool, error) {
	switch {
	case page.Checkout == nil || page.Checkout.LinkID == link.ID:
		return true, nil
	case page.Session != nil:
		return false, nil
	}
	other, err := db.sessionOfLink(ctx, page.Checkout.LinkID)
	return other == nil, err
}

// way is the gateway that a buyer chose.
func (p *PayPage) way(code string) (PayWay, error) {
	switch {
	case len(p.Ways) == 0:
		return PayWay{}, conflictf("%s takes no payments here at the moment. Please ask the shop.", p.Store.Name)
	case code == "" && len(p.Ways) == 1:
		return p.Ways[0], nil
	}
	i := slices.IndexFunc(p.Ways, func(w PayWay) bool { return w.Code == code })
	if i < 0 {
		return PayWay{}, FieldProblem("gateway", "Choose how to pay.")
	}
	return p.Ways[i], nil
}

// reuse says whether the last attempt is the one that a buyer who comes again belongs to. A start that was
// lost is ended.
func (db *DB) reuse(ctx context.Context, last *Checkout, req CheckoutRequest, at time.Time) (bool, error) {
	switch {
	case last.State == CheckoutStarting && last.LeaseUntil.After(at):
		return true, nil
	case last.State == CheckoutStarting:
		return false, db.endStart(ctx, last, "The payment could not be begun.")
	}
	young := last.State == CheckoutStarted && at.Sub(last.CreatedAt) < checkoutReuse && last.ReturnedAt == nil
	if !young || req.Gateway != "" && req.Gateway != last.Gateway {
		return false, nil
	}
	var p Payment
	if err := db.in(ctx).First(&p, "id = ?", last.PaymentID).Error; err != nil {
		return false, fmt.Errorf("read payment %d: %w", last.PaymentID, err)
	}
	if p.Status != PaymentPending {
		return false, nil
	}
	if req.ReturnURL != "" && req.ReturnURL != last.ReturnURL {
		last.ReturnURL = req.ReturnURL
		if err := db.in(ctx).Model(&Checkout{}).Where("id = ?", last.ID).Update("return_url", req.ReturnURL).Error; err != nil {
			return false, fmt.Errorf("note where the buyer goes back to: %w", err)
		}
	}
	return true, nil
}

// storeCheckout stores a new attempt and its pending payment, before the buyer leaves.
func (db *DB) storeCheckout(ctx context.Context, link *PaymentLink, order *Order, mode string, way PayWay, req CheckoutRequest, at time.Time) (*Checkout, error) {
	settings, err := db.currentSettings(ctx, order.StoreID, way.Code, mode)
	if err != nil {
		return nil, err
	}
	var number int
	if err := db.in(ctx).Raw("SELECT coalesce(max(number), 0) + 1 FROM checkouts WHERE order_id = ?", order.ID).Scan(&number).Error; err != nil {
		return nil, fmt.Errorf("number the checkout: %w", err)
	}
	if number > mostCheckouts {
		return nil, conflictf("Too many payments of this order were begun. Please ask the shop.")
	}
	ref := fmt.Sprintf("%d-%d", order.ID, number)
	p := &Payment{
		OrderID: order.ID, StoreID: order.StoreID, Gateway: way.Code, Mode: settings.Mode, SettingsID: &settings.ID, OrderRef: ref, Status: PaymentPending,
		Currency: order.Currency, AmountMinor: order.TotalMinor, Version: 1,
		Params: map[string]any{"order_id": ref, "amount": order.Total().Decimal(), "currency": order.Currency, "started_at": at.Format(time.RFC3339)},
	}
	if err := db.in(ctx).Create(p).Error; err != nil {
		return nil, fmt.Errorf("store the pending payment: %w", err)
	}
	c := &Checkout{
		StoreID: order.StoreID, OrderID: order.ID, PaymentID: p.ID, LinkID: link.ID, SettingsID: settings.ID, Gateway: way.Code, Number: number,
		OrderRef: ref, Key: "kfpay-" + strings.ToLower(rand.Text()), State: CheckoutStarting, ReturnURL: req.ReturnURL, LeaseUntil: at.Add(db.timings.Lease), CreatedAt: at,
	}
	if err := db.in(ctx).Create(c).Error; err != nil {
		return nil, fmt.Errorf("store the checkout: %w", err)
	}
	said := fmt.Sprintf("The buyer was sent to %s to pay %s, as %s.", way.Name, order.Total(), ref)
	return c, db.addHistory(ctx, OrderHistory{OrderID: order.ID, StoreID: order.StoreID, Kind: "payment", Comment: said}, buyer)
}

// buyer is who pays, as histories name them.
var buyer = Actor{Kind: "system", Name: "the buyer"}

// beginAt tells the provider, outside any transaction. A driver that breaks down has begun nothing anybody
// could go to.
func (db *DB) beginAt(ctx context.Context, c *Checkout, req CheckoutRequest) (start gateways.Start, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), db.timings.CallTimeout+5*time.Second)
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the driver broke down: %v", cause)
		}
	}()
	gateway, settings, err := db.open(ctx, c.SettingsID)
	if err != nil {
		return start, err
	}
	starter, ok := gateway.(gateways.Starter)
	if !ok {
		return start, fmt.Errorf("%s cannot begin a payment", c.Gateway)
	}
	checkout, err := db.checkoutOf(ctx, c, settings, req)
	if err != nil {
		return start, err
	}
	return starter.Start(ctx, checkout) //nolint:wrapcheck // a gateways.Error says what may be done
}

// recordStart writes what the provider answered. Without an answer there is nowhere to go: the attempt failed,
// and the buyer may begin another.
func (db *DB) recordStart(ctx context.Context, c *Checkout, start gateways.Start, refusal error) error {
	if refusal != nil || start.URL == "" {
		db.log.WarnContext(ctx, "a payment could not be begun", "checkout", c.ID, "gateway", c.Gateway, "error", refusal)
		sentence := "The payment could not be begun. Try again in a moment."
		if refusal != nil {
			var said *gateways.Error
			if errors.As(refusal, &said) {
				if err := db.noteStartProblem(ctx, c, said.Message); err != nil {
					return err
				}
			}
		}
		return db.endStart(ctx, c, sentence)
	}
	p, err := db.lockPayment(ctx, c.OrderID, c.PaymentID)
	if err != nil {
		return err
	}
	change := map[string]any{}
	if start.Ref != "" && deref(p.Ref) == "" {
		p.Ref, change["ref"] = &start.Ref, start.Ref
	}
	if start.OrderRef != "" && start.OrderRef != p.OrderRef {
		p.OrderRef, change["order_ref"] = idOf(start.OrderRef), idOf(start.OrderRef)
	}
	if len(change) > 0 {
		if err := db.in(ctx).Model(&Payment{}).Where("id = ?", p.ID).Updates(change).Error; err != nil {
			return fmt.Errorf("note the provider's ids of payment %d: %w", p.ID, err)
		}
	}
	at, err := db.now(ctx)
	if err != nil {
		return err
	}
	c.State, c.URL, c.Form, c.StartedAt = CheckoutStarted, start.URL, start.Form, &at
	err = db.in(ctx).Model(&Checkout{}).Where("id = ? AND state = ?", c.ID, CheckoutStarting).
		Select("State", "URL", "Form", "StartedAt").Updates(c).Error
	if err != nil {
		return fmt.Errorf("save checkout %d: %w", c.ID, err)
	}
	if err := db.wakePayment(ctx, p); err != nil {
		return err
	}
	return db.tellSession(ctx, p)
}

// endStart ends an attempt at which the buyer got nowhere. Its payment failed: no money can have moved.
func (db *DB) endStart(ctx context.Context, c *Checkout, sentence string) error {
	p, err := db.lockPayment(ctx, c.OrderID, c.PaymentID)
	if err != nil {
		return err
	}
	c.State, c.Problem = CheckoutFailed, sentence
	res := db.in(ctx).Model(&Checkout{}).Where("id = ? AND state = ?", c.ID, CheckoutStarting).Updates(map[string]any{"state": c.State, "problem": sentence})
	if res.Error != nil || res.RowsAffected == 0 {
		return res.Error
	}
	if p.Status != PaymentPending {
		return nil
	}
	err = db.in(ctx).Model(&Payment{}).Where("id = ? AND status = ?", p.ID, PaymentPending).
		Updates(map[string]any{"status": PaymentFailed, "version": gorm.Expr("version + 1"), "updated_at": gorm.Expr("now()")}).Error
	if err != nil {
		return fmt.Errorf("end payment %d: %w", p.ID, err)
	}
	return db.tellSession(ctx, p)
}

// noteStartProblem tells the order's history why a provider would not begin a payment.
func (db *DB) noteStartProblem(ctx context.Context, c *Checkout, why string) error {
	said := fmt.Sprintf("%s did not begin the payment %s: %s", db.drivers[c.Gateway].Name, c.OrderRef, textOf(why))
	return db.addHistory(ctx, OrderHistory{OrderID: c.OrderID, StoreID: c.StoreID, Kind: "payment", Comment: clip(said, 500)}, JobActor)
}
