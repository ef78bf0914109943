package models

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// applyGatewayWebhook acts on a payment gateway's webhook: a snapshot of a payment, of a refund, or of both.
// They come in any order and any number of times, and end alike.
func (db *DB) applyGatewayWebhook(ctx context.Context, w *Webhook, told answers) (outcome, error) {
	inbox, ok := db.inbox(w.Source)
	switch {
	case !ok:
		return given(nil, "No gateway is called %s any more.", w.Source)
	case db.hints(w.Source):
		return db.applyHint(ctx, w, told)
	}
	event, err := inbox.Read(w.Headers, w.Body)
	switch {
	case err != nil:
		return given(nil, "It cannot be understood: %v.", err)
	case event.Refund != nil:
		return db.applyRefundEvent(ctx, w, &event, told)
	case event.Payment != nil:
		return db.applyPaymentEvent(ctx, w, event.Payment)
	}
	return processed(nil, "This event is not used here.")
}

// applyPaymentEvent brings a payment and its order in line with a snapshot of the payment.
func (db *DB) applyPaymentEvent(ctx context.Context, w *Webhook, seen *gateways.Payment) (outcome, error) {
	p, err := db.paymentOf(ctx, w, seen)
	if err != nil {
		return outcome{}, err
	}
	if p == nil {
		return parked(nil, "No order here knows the payment %s yet.", seen.Ref)
	}
	if objection := p.objection(w.Mode, seen); objection != "" {
		return given(&p.OrderID, "%s", objection)
	}
	said, err := db.followPayment(ctx, p, seen, w.actor(db), w.Event)
	if err != nil {
		return outcome{}, err
	}
	return processed(&p.OrderID, "%s", cmp.Or(said, "Everything it says was known already."))
}

// paymentOf finds and locks the payment a gateway speaks of: by its id, else by the id of the gateway's
// order. Another attempt to pay for a known order of the gateway becomes a payment of its own. It is nil
// when nothing here knows it.
func (db *DB) paymentOf(ctx context.Context, w *Webhook, seen *gateways.Payment) (*Payment, error) {
	find := func(where string, args ...any) (*Payment, error) {
		var p Payment
		err := db.in(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("store_id = ? AND gateway = ?", w.StoreID, w.Source).
			Where(where, args...).Order("id").First(&p).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("look for payment %s: %w", seen.Ref, err)
		}
		return &p, nil
	}
	if seen.Ref == "" {
		return nil, nil
	}
	p, err := find("ref = ?", seen.Ref)
	if p != nil || err != nil || seen.OrderRef == "" {
		return p, err
	}
	sibling, err := find("order_ref = ?", seen.OrderRef)
	if sibling == nil || err != nil {
		return nil, err
	}
	p, err = find("order_ref = ? AND ref IS NULL", seen.OrderRef)
	if err != nil {
		return nil, err
	}
	if p == nil {
		p = &Payment{
			OrderID: sibling.OrderID, StoreID: sibling.StoreID, Gateway: sibling.Gateway, Mode: sibling.Mode, OrderRef: sibling.OrderRef,
			Status: PaymentPending, Currency: sibling.Currency, AmountMinor: sibling.AmountMinor, Params: map[string]any{},
		}
		if err := db.in(ctx).Create(p).Error; err != nil {
			return nil, fmt.Errorf("store another attempt to pay: %w", err)
		}
	}
	p.Ref = &seen.Ref
	if err := db.in(ctx).Model(&Payment{}).Where("id = ?", p.ID).Update("ref", seen.Ref).Error; err != nil {
		return nil, fmt.Errorf("note the id of payment %d: %w", p.ID, err)
	}
	return p, nil
}

// objection says why a snapshot cannot be of this payment, or "".
func (p *Payment) objection(mode string, seen *gateways.Payment) string {
	switch {
	case mode != "" && mode != p.Mode:
		return fmt.Sprintf("It is signed with the secret of %s mode, but the payment is a %s one; nothing was changed.", mode, p.Mode)
	case seen.Amount.Currency != "" && seen.Amount != p.Amount(p.AmountMinor) && !p.holds(seen):
		return fmt.Sprintf("It speaks of %s, but the payment is of %s; nothing was changed.", seen.Amount, p.Amount(p.AmountMinor))
	case seen.OrderRef != "" && p.OrderRef != "" && seen.OrderRef != p.OrderRef:
		return fmt.Sprintf("It says that the payment belongs to %s, but it belongs to %s; nothing was changed.", seen.OrderRef, p.OrderRef)
	case seen.Captured > 0 && p.VoidedAt != nil && p.CapturedMinor == 0:
		return "It says that the payment was captured, but its authorization had been given back; nothing was changed. Look at the payment in the gateway's portal."
	}
	return ""
}

// holds says whether a snapshot shows what is held of the payment after a change, though it began as another amount.
func (p *Payment) holds(seen *gateways.Payment) bool {
	return p.AuthorizedMinor > 0 && p.Amount(p.AuthorizedMinor) == money.New(seen.Amount.Minor-seen.Voided, seen.Amount.Currency)
}

// rank orders how far a payment has come. A snapshot of less changes nothing: failed never lowers captured.
func (p *Payment) rank() int {
	switch {
	case p.VoidedAt != nil:
		return 4
	case p.Status.Captured():
		return 3
	case p.Status == PaymentAuthorized:
		return 2
	case p.Status == PaymentFailed, p.Status == PaymentCanceled:
		return 1
	}
	return 0
}

func rankOf(seen *gateways.Payment) int {
	switch {
	case seen.Captured > 0:
		return 3
	case seen.Authorized:
		return 2
	case seen.Failed, seen.Canceled:
		return 1
	}
	return 0
}

// asDrawn is a snapshot as the payment's own past explains it: what went back at once was paid and returned, unless
// it is known here to have been held.
func (p *Payment) asDrawn(seen *gateways.Payment) *gateways.Payment {
	if !seen.TakenBack || p.AuthorizedMinor > 0 {
		return seen
	}
	drawn := *seen
	drawn.Authorized, drawn.Canceled, drawn.Captured, drawn.Voided, drawn.Reason = true, false, seen.Amount.Minor, 0, ""
	return &drawn
}

// wordRanks order the words that providers have for a payment (Razorpay API docs, payments/entity).
var wordRanks = map[string]int{"created": 0, "failed": 1, "authorized": 2, "captured": 3, "refunded": 4}

// followPayment brings a locked payment and its order in line with what the gateway says of it, never
// backwards. It says what that changed, or "".
func (db *DB) followPayment(ctx context.Context, p *Payment, seen *gateways.Payment, by Actor, via string) (string, error) {
	seen = p.asDrawn(seen)
	was, held, drawn := p.Status, p.AuthorizedMinor, p.CapturedMinor
	if err := db.noteFacts(ctx, p, seen); err != nil {
		return "", err
	}
	doubt, err := db.noteDoubt(ctx, p, seen, by)
	if err != nil {
		return "", err
	}
	if rankOf(seen) > p.rank() || seen.Captured > p.CapturedMinor {
		if err := db.advance(ctx, p, seen); err != nil {
			return "", err
		}
		if err := db.savePayment(ctx, p); err != nil {
			return "", err
		}
		if err := db.notifyPaid(ctx, p, was); err != nil {
			return "", err
		}
		if err := db.wakePayment(ctx, p); err != nil {
			return "", err
		}
	}
	said := ""
	if p.Status != was {
		said = fmt.Sprintf("Payment %s of %s: %s.", seen.Ref, p.Amount(p.AmountMinor), strings.ToLower(p.Status.Label()))
		if (p.Status == PaymentFailed || p.Status == PaymentCanceled) && seen.Reason != "" {
			said += " " + textOf(seen.Reason)
		}
		err = db.addHistory(ctx, OrderHistory{OrderID: p.OrderID, StoreID: p.StoreID, Kind: "payment", Comment: said + " (" + via + ")"}, by)
		if err != nil {
			return "", err
		}
	}
	if held == 0 && p.AuthorizedMinor > 0 || drawn == 0 && p.CapturedMinor > 0 {
		if err := db.paidWith(ctx, p); err != nil {
			return "", err
		}
		vain, err := db.notePaidInVain(ctx, p, by)
		if err != nil {
			return "", err
		}
		said = sentences(said, vain)
	}
	moved, err := db.movedStatus(ctx, p, by, seen, p.Status != was || doubt)
	if err != nil {
		return "", err
	}
	if p.Status != was || p.CapturedMinor != drawn || doubt {
		if err := db.tellSession(ctx, p); err != nil {
			return "", err
		}
	}
	if p.Status != was {
		err = db.audit(ctx, p.StoreID, by, "payment."+string(p.Status), "payment "+strconv.FormatInt(p.ID, 10), &p.OrderID, map[string]any{
			"was": was, "via": via, "captured_minor": p.CapturedMinor, "currency": p.Currency,
		})
	}
	return sentences(said, moved), err
}

// advance moves the counters and the status of a payment up to a snapshot. A capture asked for here is
// settled by it, like by any other evidence.
func (db *DB) advance(ctx context.Context, p *Payment, seen *gateways.Payment) error {
	switch {
	case rankOf(seen) == 1 && seen.Canceled:
		p.Status = PaymentCanceled
		return nil
	case rankOf(seen) == 1:
		p.Status = PaymentFailed
		return nil
	case rankOf(seen) < 2:
		return nil
	}
	p.AuthorizedMinor = max(p.AuthorizedMinor, p.AmountMinor)
	if p.rank() < 2 {
		p.Status = PaymentAuthorized
	}
	if seen.Captured <= p.CapturedMinor {
		return nil
	}
	if p.CaptureReservedMinor > 0 {
		if err := db.savePayment(ctx, p); err != nil { // the room for it
			return err
		}
		if err := db.settleCapture(ctx, p, seen); err != nil {
			return err
		}
	}
	p.CapturedMinor = max(p.CapturedMinor, min(seen.Captured, p.AuthorizedMinor-p.CaptureReservedMinor))
	if p.CapturedMinor > 0 {
		if !p.Status.Captured() {
			p.Status = PaymentSuccess
		}
		p.Status = p.settledStatus()
	}
	return nil
}

// settleCapture settles the capture under way with the news that the money is drawn.
func (db *DB) settleCapture(ctx context.Context, p *Payment, seen *gateways.Payment) error {
	var id int64
	err := db.in(ctx).Model(&Operation{}).Where("payment_id = ? AND kind = ? AND state NOT IN ?", p.ID, gateways.Capture, []OperationState{Succeeded, Failed, Cancelled}).
		Order("id").Limit(1).Pluck("id", &id).Error
	if err != nil || id == 0 {
		return err
	}
	var op Operation
	if err := db.in(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).First(&op, "id = ?", id).Error; err != nil {
		return fmt.Errorf("lock operation %d: %w", id, err)
	}
	result := gateways.Result{
		Status: gateways.Succeeded, Ref: seen.Ref, PaymentRef: seen.Ref, Amount: p.Amount(seen.Captured), Reference: seen.RRN, Word: seen.Word,
	}
	if err := db.noteWebhook(ctx, &op, result, "payment captured", nil); err != nil {
		return err
	}
	_, err = db.settle(ctx, p, &op, Evidence{Via: "webhook", Result: result})
	return err
}
