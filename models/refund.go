package models

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/money"
)

// RefundReasons are what a refund is mostly for. The form offers these; others may be written in words.
var RefundReasons = []Choice{
	{Value: "requested_by_customer", Label: "Requested by the customer"},
	{Value: "returned", Label: "Goods returned"},
	{Value: "not_delivered", Label: "Not delivered"},
	{Value: "duplicate", Label: "Duplicate payment"},
	{Value: "fraudulent", Label: "Fraudulent"},
	{Value: "other", Label: "Other"},
}

// Choice is one option of a form: its value and how people read it.
type Choice struct{ Value, Label string }

// RefundRequest is what somebody filled into the Refund form, or what a program asks for.
type RefundRequest struct {
	OrderID   int64
	PaymentID int64        // sought under its order
	Amount    money.Amount // the zero value is all that is left
	ByLines   bool         // Lines and Shipping say the amount instead
	Lines     []LineChoice
	Shipping  bool
	Left      *money.Amount // what was left when the form was shown: another refund since then is told first; nil is not said
	Reason    string        // of RefundReasons, or in words
	Note      string
	EventID   int64  // the REFUND_INITIATED it answers; 0 for none
	Source    string // as in Wish, like Token and Key
	Token     string
	Key       string
	By        Actor
}

func (r RefundRequest) wish() Wish {
	return Wish{OrderID: r.OrderID, PaymentID: r.PaymentID, Reason: r.Reason, Note: r.Note, Source: r.Source, Token: r.Token, Key: r.Key, By: r.By}
}

// CheckRefund says why amount cannot be refunded, or nil.
func (p *Payment) CheckRefund(amount money.Amount) error {
	left := p.Refundable()
	switch {
	case !p.Status.Captured():
		return conflictf("This payment is %s; there is nothing captured to refund.", p.Status.said())
	case amount.Currency != left.Currency:
		return FieldProblem("amount", "This payment is in %s; enter the amount in %s.", left.Currency, left.Currency)
	case amount.Minor <= 0:
		return FieldProblem("amount", "Enter an amount above zero.")
	case left.Minor == 0 && p.RefundReservedMinor > 0:
		return conflictf("Nothing is left to refund: %s is already on its way back.", p.Amount(p.RefundReservedMinor))
	case left.Minor == 0:
		return conflictf("Nothing is left to refund: all of %s has been returned.", p.Captured())
	case amount.Minor > left.Minor:
		only := lang.Textf("Only %s is left to refund.", left)
		return &Problem{Sentence: only.String(), Text: only, Field: "amount", Conflict: p.RefundReservedMinor > 0}
	}
	return nil
}

// NamesGoods says whether the fiscal receipt of a payment names its goods: a part of it is then returned by lines,
// and not by an amount (Federal Law 54-FZ; PayKeeper API, refund_cart).
func (p *Payment) NamesGoods() bool {
	goods := strings.TrimSpace(p.param("cart"))
	return goods != "" && goods != "[]"
}

// RefundBlock says in words why a refund is not offered for a payment, or nothing. Whatever its gateway can do
// is offered; cash on delivery never is.
func RefundBlock(order *Order, store *Store, p *Payment, driver gateways.Driver) lang.Text {
	_, block := (&position{order: order, store: store, payment: p, driver: driver, ready: true}).refundBlock()
	return block
}

func (at *position) refundBlock() (SkipCode, lang.Text) {
	p, name := at.payment, driverName(at.driver, at.payment)
	switch {
	case at.order.Gateway == "cod" || p.Gateway == "cod":
		return SkipNotConnected, lang.Textf("Cash on delivery: no payment was taken online, so there is nothing to send back.")
	case at.driver.Code == "" || at.driver.Partner:
		return SkipNotConnected, lang.Textf("Paid by %s, which is not connected here; refund this payment in its portal.", name)
	case !at.driver.Can.Does(gateways.Refund):
		return SkipNotPossible, lang.Textf("Paid by %s, which cannot be asked to refund from here; refund this payment in its portal.", name)
	case !p.Status.Captured() && p.Status == PaymentAuthorized:
		return SkipNotCaptured, lang.Textf("The money is held but not captured yet; there is nothing to refund.")
	case !p.Status.Captured():
		return SkipNotPaid, lang.Textf("This payment is %s; there is nothing captured to refund.", p.Status.said())
	case p.Refundable().Minor == 0 && p.RefundReservedMinor > 0:
		return SkipUnderWay, lang.Textf("%s is already on its way back; nothing else is left to refund.", p.Amount(p.RefundReservedMinor))
	case p.Refundable().Minor == 0:
		return SkipDone, lang.Textf("All of %s has been returned.", p.Captured())
	case deref(p.Ref) == "":
		return SkipNoRef, lang.Textf("The payment has no %s id yet, so %[1]s cannot be asked to return it.", name)
	case !at.ready:
		return SkipNoSettings, lang.Textf("No %s settings are stored for %s in %s mode. Enter them under Extensions > Extensions > Payment.", name, at.store.Name, p.Mode)
	}
	return "", lang.Text{}
}

// RefundName is what the refund button of a payment is called: Refund Money for prepaid Razorpay payments
// of stores integrated with FYND, Refund elsewhere.
func RefundName(store *Store, p *Payment) lang.Text {
	if store.Fynd && p.Gateway == "razorpay" {
		return lang.Textf("Refund Money")
	}
	return lang.Textf("Refund")
}

func driverName(d gateways.Driver, p *Payment) string {
	if d.Name != "" {
		return d.Name
	}
	return p.Gateway
}

// RefundPayment records that somebody wants money back to the buyer, and queues it. The same wish again
// gives the same operation back, whatever became of it; another wish under its name is refused.
func (db *DB) RefundPayment(ctx context.Context, req RefundRequest) (*Operation, error) {
	done, err := db.act(ctx, acting{
		wish: req.wish(), digest: req.digest(), event: req.EventID, reason: true, left: req.Left,
		want: Want{Action: RefundAction, Amount: req.Amount, ByLines: req.ByLines, Lines: req.Lines, Shipping: req.Shipping},
	})
	if err != nil {
		return nil, fmt.Errorf("refund payment %d: %w", req.PaymentID, err)
	}
	return done.first()
}

// waitingEvent is the REFUND_INITIATED that a refund answers: the one named, or the oldest still waiting.
func (db *DB) waitingEvent(ctx context.Context, order, id int64) (*int64, error) {
	var event OrderEvent
	g := db.in(ctx).Where("order_id = ? AND event = ? AND waiting", order, EventRefundInitiated)
	if id != 0 {
		g = g.Where("id = ?", id)
	}
	// One that a refund under way answers already is not offered again.
	g = g.Where("NOT EXISTS (SELECT 1 FROM operations o WHERE o.event_id = order_events.id AND o.state NOT IN ('failed', 'cancelled', 'succeeded'))")
	err := g.Order("id").First(&event).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil // money may also be returned without being asked for
	}
	if err != nil {
		return nil, fmt.Errorf("read the events of order %d: %w", order, err)
	}
	return &event.ID, nil
}

// digest tells a repeated form from one that was changed.
func (r RefundRequest) digest() []byte {
	text, err := json.Marshal(struct {
		Order, Payment, Minor int64
		Currency              string
		ByLines, Shipping     bool
		Lines                 []LineChoice
		Reason, Note          string
		Event                 int64
	}{r.OrderID, r.PaymentID, r.Amount.Minor, r.Amount.Currency, r.ByLines, r.Shipping, r.Lines, r.Reason, r.Note, r.EventID})
	if err != nil {
		panic(err) // plain values always marshal
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// newKey makes an idempotency key that is also a fit receipt: letters and digits, shorter than 40.
func newKey() string {
	return "kfy" + strings.ToLower(rand.Text()[:24])
}
