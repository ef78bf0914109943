package models

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// RefundReasons are what a refund is mostly for. The form offers these; others may be written in words.
var RefundReasons = []Choice{
	{"requested_by_customer", "Requested by the customer"},
	{"returned", "Goods returned"},
	{"not_delivered", "Not delivered"},
	{"duplicate", "Duplicate payment"},
	{"fraudulent", "Fraudulent"},
	{"other", "Other"},
}

// Choice is one option of a form: its value and how people read it.
type Choice struct{ Value, Label string }

// RefundRequest is what somebody filled into the Refund Money form.
type RefundRequest struct {
	OrderID   int64
	PaymentID int64 // sought under its order
	Amount    money.Amount
	ByLines   bool // Lines and Shipping say the amount instead
	Lines     []LineChoice
	Shipping  bool
	Reason    string // of RefundReasons, or in words
	Note      string
	EventID   int64 // the REFUND_INITIATED it answers; 0 for none
	Token     string
	By        Actor
}

// CheckRefund says why amount cannot be refunded, or nil.
func (p *Payment) CheckRefund(amount money.Amount) error {
	left := p.Refundable()
	switch {
	case !p.Status.Captured():
		return conflictf("This payment is %s; there is nothing captured to refund.", strings.ToLower(p.Status.Label()))
	case amount.Currency != left.Currency:
		return FieldProblem("amount", "This payment is in %s; enter the amount in %s.", left.Currency, left.Currency)
	case amount.Minor <= 0:
		return FieldProblem("amount", "Enter an amount above zero.")
	case left.Minor == 0 && p.RefundReservedMinor > 0:
		return conflictf("Nothing is left to refund: %s is already on its way back.", p.Amount(p.RefundReservedMinor))
	case left.Minor == 0:
		return conflictf("Nothing is left to refund: all of %s has been returned.", p.Captured())
	case amount.Minor > left.Minor:
		return &Problem{Sentence: fmt.Sprintf("Only %s is left to refund.", left), Field: "amount", Conflict: p.RefundReservedMinor > 0}
	}
	return nil
}

// RefundBlock says in words why Refund Money is not offered for a payment, or "". Refund Money is for
// prepaid Razorpay payments of stores integrated with FYND.
func RefundBlock(order *Order, store *Store, p *Payment, driver gateways.Driver) string {
	switch {
	case order.Gateway == "cod" || p.Gateway == "cod":
		return "Cash on delivery: no payment was taken online, so there is nothing to send back."
	case !store.Fynd:
		return fmt.Sprintf("%s is not integrated with FYND; refund this payment in the portal of %s.", store.Name, driverName(driver, p))
	case p.Gateway != "razorpay":
		return fmt.Sprintf("Paid by %s. Refund Money works for Razorpay payments; refund this one in the portal of %[1]s.", driverName(driver, p))
	case p.Status == PaymentAuthorized:
		return "The money is held but not captured yet; there is nothing to refund."
	case !p.Status.Captured():
		return fmt.Sprintf("This payment is %s; there is nothing captured to refund.", strings.ToLower(p.Status.Label()))
	case p.Refundable().Minor == 0 && p.RefundReservedMinor > 0:
		return fmt.Sprintf("%s is already on its way back; nothing else is left to refund.", p.Amount(p.RefundReservedMinor))
	case p.Refundable().Minor == 0:
		return fmt.Sprintf("All of %s has been returned.", p.Captured())
	case deref(p.Ref) == "":
		return "The payment has no Razorpay id yet, so Razorpay cannot be asked to return it."
	}
	return ""
}

func driverName(d gateways.Driver, p *Payment) string {
	if d.Name != "" {
		return d.Name
	}
	return p.Gateway
}

// RefundPayment records that somebody wants money back to the buyer, and queues it. The same token
// gives the same operation back, whatever became of it; the same token with another wish is refused.
func (db *DB) RefundPayment(ctx context.Context, req RefundRequest) (*Operation, error) {
	if req.By.UserID == nil {
		return nil, ErrForbidden
	}
	hash, expired, err := db.checkFormToken(req.Token, *req.By.UserID, "refund", req.PaymentID)
	if err != nil {
		return nil, err
	}
	var op *Operation
	err = db.Tx(ctx, func(tx *DB) error {
		op = nil
		payment, err := tx.lockPayment(ctx, req.OrderID, req.PaymentID)
		if err != nil {
			return err
		}
		asked, err := tx.operationByToken(ctx, hash)
		if err != nil {
			return err
		}
		if asked != nil {
			if !slices.Equal(asked.Digest, req.digest()) {
				return conflictf("This form was already used to refund %s. Reload the page to start another refund.", asked.Amount())
			}
			op = asked
			return nil
		}
		if expired {
			return problemf("This form is older than %.0f minutes. Reload the page, look at what has happened since, and press Refund Money again.", db.timings.FormLifetime.Minutes())
		}
		op, err = tx.newRefund(ctx, payment, req, hash)
		if err != nil {
			return err
		}
		return tx.start(ctx, payment, op, req.By)
	})
	if err != nil {
		return nil, fmt.Errorf("refund payment %d: %w", req.PaymentID, err)
	}
	return op, nil
}

// newRefund checks the wish against everything it touches and makes the operation, unsaved.
func (db *DB) newRefund(ctx context.Context, payment *Payment, req RefundRequest, hash []byte) (*Operation, error) {
	order, err := db.lockOrder(ctx, req.OrderID)
	if err != nil {
		return nil, err
	}
	store, err := db.Store(ctx, order.StoreID)
	if err != nil {
		return nil, err
	}
	if reason := utf8.RuneCountInString(strings.TrimSpace(req.Reason)); reason == 0 || reason > 200 {
		return nil, FieldProblem("reason", "Choose a reason for the refund, or write one of at most 200 characters.")
	}
	if utf8.RuneCountInString(req.Note) > 500 {
		return nil, FieldProblem("note", "Keep the note under 500 characters.")
	}
	amount, lines := req.Amount, []RefundLine{}
	if req.ByLines {
		if lines, amount, err = db.refundLines(ctx, order, payment, req); err != nil {
			return nil, err
		}
		if amount.Minor == 0 {
			return nil, FieldProblem("lines", "Choose at least one line to refund.")
		}
	}
	if err := payment.CheckRefund(amount); err != nil {
		return nil, err
	}
	if block := RefundBlock(order, store, payment, db.drivers[payment.Gateway]); block != "" {
		return nil, conflictf("%s", block)
	}
	settings, err := db.currentSettings(ctx, payment.StoreID, payment.Gateway, payment.Mode)
	if err != nil {
		return nil, err
	}
	event, err := db.waitingEvent(ctx, order.ID, req.EventID)
	if err != nil {
		return nil, err
	}
	return &Operation{
		StoreID: payment.StoreID, OrderID: payment.OrderID, PaymentID: payment.ID, Kind: gateways.Refund, Source: "staff",
		AmountMinor: amount.Minor, Currency: amount.Currency, Lines: lines, Reason: req.Reason, Note: req.Note,
		RequestedBy: req.By.UserID, Requester: req.By.Name, EventID: event, TokenHash: hash, Digest: req.digest(),
		IdempotencyKey: newKey(), SettingsID: &settings.ID, State: Queued,
	}, nil
}

// refundLines works out the amount of the chosen lines, counting what earlier refunds took of them.
func (db *DB) refundLines(ctx context.Context, order *Order, payment *Payment, req RefundRequest) ([]RefundLine, money.Amount, error) {
	var items []OrderItem
	if err := db.in(ctx).Where("order_id = ?", order.ID).Order("position").Find(&items).Error; err != nil {
		return nil, money.Amount{}, fmt.Errorf("read the lines of order %d: %w", order.ID, err)
	}
	var ops []Operation
	if err := db.in(ctx).Where("order_id = ? AND kind = ?", order.ID, gateways.Refund).Find(&ops).Error; err != nil {
		return nil, money.Amount{}, fmt.Errorf("read the refunds of order %d: %w", order.ID, err)
	}
	done, shipped := RefundedLines(ops)
	return LineAmounts(order, items, done, shipped, req.Lines, req.Shipping)
}

// RefundedLines counts how many of each item refunds have taken, and whether the shipping is among them.
// Refunds that failed took nothing.
func RefundedLines(ops []Operation) (quantities map[int64]int64, shipping bool) {
	quantities = map[int64]int64{}
	for _, op := range ops {
		if op.Kind != gateways.Refund || op.State == Failed || op.State == Cancelled {
			continue
		}
		for _, line := range op.Lines {
			if line.ItemID == 0 {
				shipping = true
				continue
			}
			quantities[line.ItemID] += line.Quantity
		}
	}
	return quantities, shipping
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
