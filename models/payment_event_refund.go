package models

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
)

// applyRefundEvent settles the refund that a webhook speaks of: ours by its key, else by the provider's id,
// else one that nobody here asked for.
func (db *DB) applyRefundEvent(ctx context.Context, w *Webhook, event *gateways.Event, told answers) (outcome, error) {
	id, err := db.operationOf(ctx, w, event.Refund)
	if err != nil {
		return outcome{}, err
	}
	if id != 0 {
		return db.applyToOperation(ctx, w, id, event, told)
	}
	return db.applyForeignRefund(ctx, w, event, told)
}

// operationOf is the operation that a refund of the gateway is, or 0.
func (db *DB) operationOf(ctx context.Context, w *Webhook, r *gateways.Result) (int64, error) {
	for _, by := range []struct{ column, value string }{{"o.idempotency_key", r.Key}, {"o.ref", r.Ref}} {
		if by.value == "" {
			continue
		}
		var ids []int64
		err := db.in(ctx).Table("operations o").Joins("JOIN payments p ON p.id = o.payment_id").
			Where("o.store_id = ? AND p.gateway = ? AND o.kind IN ? AND "+by.column+" = ?", w.StoreID, w.Source, []gateways.Verb{gateways.Refund, gateways.Void}, by.value).
			Where("(p.ref = ? OR p.ref IS NULL OR ? = '')", r.PaymentRef, r.PaymentRef).
			Order("o.id").Limit(1).Pluck("o.id", &ids).Error
		if err != nil {
			return 0, fmt.Errorf("look for the operation of refund %s: %w", r.Ref, err)
		}
		if len(ids) > 0 {
			return ids[0], nil
		}
	}
	return 0, nil
}

// applyToOperation passes what a webhook says of an operation to settle. What would turn a final state into
// its opposite, or names another amount, is asked of the gateway first.
func (db *DB) applyToOperation(ctx context.Context, w *Webhook, id int64, event *gateways.Event, told answers) (outcome, error) {
	p, op, err := db.lockOperation(ctx, id)
	if err != nil {
		return outcome{}, err
	}
	if w.Mode != "" && w.Mode != p.Mode {
		return given(&p.OrderID, "It is signed with the secret of %s mode, but the payment is a %s one; nothing was changed.", w.Mode, p.Mode)
	}
	if seen := event.Payment; seen != nil && p.objection(w.Mode, seen) == "" {
		if _, err := db.followPayment(ctx, p, seen, w.actor(db), w.Event); err != nil {
			return outcome{}, err
		}
	}
	evidence := Evidence{Via: "webhook", Result: *event.Refund}
	var exchanges []gateways.Exchange
	if op.contradicts(event.Refund) {
		ask := &question{operation: op.ID}
		said, asked := told[ask.key()]
		if !asked {
			return outcome{}, ask
		}
		exchanges = said.exchanges
		switch {
		case said.err == nil:
			evidence = Evidence{Via: "look-up", Result: said.result}
		case errors.Is(said.err, gateways.ErrAbsent):
			_, err := db.contradict(ctx, op, fmt.Sprintf("A webhook says that this %s, but the gateway does not know it when asked.", event.Refund.Status))
			if err != nil {
				return outcome{}, err
			}
			return processed(&op.OrderID, "It contradicts what is known, and the gateway does not know the operation when asked; nothing was changed.")
		case event.Refund.Amount == op.Amount():
			return outcome{}, said.err // tried again later
		}
	}
	if err := db.noteWebhook(ctx, op, *event.Refund, w.Event, exchanges); err != nil {
		return outcome{}, err
	}
	changed, err := db.settle(ctx, p, op, evidence)
	if err != nil {
		return outcome{}, err
	}
	if !changed {
		return processed(&op.OrderID, "Everything it says was known already: the %s of %s is %s.", strings.ToLower(verbName(op.Kind)), op.Amount(), op.State)
	}
	return processed(&op.OrderID, "%s", op.sentence(evidence.Via))
}

// contradicts says whether a gateway's word would turn a final state into its opposite, or names another amount.
func (o *Operation) contradicts(r *gateways.Result) bool {
	return r.Amount != o.Amount() || o.State == Succeeded && r.Status == gateways.Failed || o.State == Failed && r.Status == gateways.Succeeded
}

// noteWebhook leaves a row among the attempts of an operation: a webhook that spoke of it.
func (db *DB) noteWebhook(ctx context.Context, op *Operation, r gateways.Result, event string, exchanges []gateways.Exchange) error {
	n, err := db.openAttempt(ctx, op, "webhook")
	if err != nil {
		return err
	}
	return db.closeAttempt(ctx, op.ID, n, string(r.Status), strings.TrimSpace(event+" "+textOf(r.Word)), exchanges)
}

// applyForeignRefund books a refund that nobody here asked for: made in the provider's own portal, or by the
// provider itself, such as of an authorization that ran out. It becomes an operation like the others.
func (db *DB) applyForeignRefund(ctx context.Context, w *Webhook, event *gateways.Event, told answers) (outcome, error) {
	r, seen := event.Refund, event.Payment
	if seen == nil {
		seen = &gateways.Payment{Ref: r.PaymentRef}
	}
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
	if r.Ref == "" || r.Amount.Currency != p.Currency || r.Amount.Minor <= 0 {
		return given(&p.OrderID, "It speaks of a refund of %s without an id, or in another currency than the payment; nothing was changed.", r.Amount)
	}
	if ours, err := db.unnamed(ctx, p, r, told); err != nil || ours != 0 {
		if err != nil {
			return outcome{}, err
		}
		return db.applyToOperation(ctx, w, ours, event, told)
	}
	if _, err := db.followPayment(ctx, p, seen, w.actor(db), w.Event); err != nil {
		return outcome{}, err
	}
	kind := gateways.Refund
	if p.CapturedMinor == 0 && seen.Authorized && seen.Captured == 0 {
		kind = gateways.Void // the hold was given back; nothing was ever drawn
	}
	if kind == gateways.Refund && p.Refundable().Minor < r.Amount.Minor {
		return p.noRoom(r)
	}
	return db.bookForeign(ctx, w, p, kind, r)
}

// noRoom says what happens to a refund of the provider's that the counters have no room for.
func (p *Payment) noRoom(r *gateways.Result) (outcome, error) {
	switch {
	case r.Status == gateways.Failed:
		return processed(&p.OrderID, "A refund of %s failed at the gateway; it was not asked for here and moved nothing.", r.Amount)
	case p.RefundReservedMinor > 0:
		return parked(&p.OrderID, "The gateway returned %s without being asked from here, and %s is reserved by a refund under way. It waits for that one.", r.Amount, p.Amount(p.RefundReservedMinor))
	case p.CapturedMinor == 0:
		return parked(&p.OrderID, "The gateway returned %s of a payment that is not known to be captured yet.", r.Amount)
	}
	return given(&p.OrderID, "The gateway returned %s, but only %s of the payment is left. Compare the payment in the gateway's portal.", r.Amount, p.Refundable())
}

// unnamed is the operation of ours that a refund without our key may be: one that was sent, whose id is not
// known yet, of the same amount. The gateway decides.
func (db *DB) unnamed(ctx context.Context, p *Payment, r *gateways.Result, told answers) (int64, error) {
	if r.Key != "" {
		return 0, nil
	}
	var ids []int64
	err := db.in(ctx).Model(&Operation{}).
		Where("payment_id = ? AND kind = ? AND amount_minor = ? AND ref = '' AND first_sent_at IS NOT NULL", p.ID, gateways.Refund, r.Amount.Minor).
		Where("state IN ?", []OperationState{Queued, Dispatching, UnknownOutcome, Accepted, NeedsReview}).Order("id").Limit(3).Pluck("id", &ids).Error
	if err != nil {
		return 0, fmt.Errorf("look for refunds without an id: %w", err)
	}
	for _, id := range ids {
		ask := &question{operation: id}
		said, asked := told[ask.key()]
		switch {
		case !asked:
			return 0, ask
		case said.err == nil && said.result.Ref == r.Ref:
			return id, nil
		case said.err != nil && !errors.Is(said.err, gateways.ErrAbsent):
			return 0, said.err // tried again later
		}
	}
	return 0, nil
}

// bookForeign stores a refund of the provider's as an operation and settles it.
func (db *DB) bookForeign(ctx context.Context, w *Webhook, p *Payment, kind gateways.Verb, r *gateways.Result) (outcome, error) {
	key, err := db.foreignKey(ctx, p, r)
	if err != nil {
		return outcome{}, err
	}
	var request *int64
	if kind == gateways.Refund {
		if request, err = db.requestFor(ctx, p.OrderID, r.Amount.Minor); err != nil {
			return outcome{}, err
		}
	}
	by := w.actor(db)
	sent, digest := cmpTime(r.At, w.ReceivedAt), sha256.Sum256([]byte(r.Ref))
	op := &Operation{
		StoreID: p.StoreID, OrderID: p.OrderID, PaymentID: p.ID, Kind: kind, Source: "provider", AmountMinor: r.Amount.Minor, Currency: r.Amount.Currency,
		Lines: []RefundLine{}, Requester: by.Name, EventID: request, Digest: digest[:], IdempotencyKey: key, State: Accepted, FirstSentAt: &sent, Ref: r.Ref, Word: textOf(r.Word),
	}
	if err := db.schedule(ctx, op, 0); err != nil {
		return outcome{}, err
	}
	p.reserve(op)
	if err := db.savePayment(ctx, p); err != nil {
		return outcome{}, err
	}
	if err := db.in(ctx).Create(op).Error; err != nil {
		return outcome{}, fmt.Errorf("store a refund of the provider: %w", err)
	}
	what := fmt.Sprintf("%s of %s made at %s as %s, not from here.", verbName(kind), op.Amount(), by.Name, r.Ref)
	err = db.addHistory(ctx, OrderHistory{OrderID: op.OrderID, StoreID: op.StoreID, Kind: "operation", OperationID: &op.ID, Comment: what}, by)
	if err != nil {
		return outcome{}, err
	}
	if err := db.noteWebhook(ctx, op, *r, w.Event, nil); err != nil {
		return outcome{}, err
	}
	if _, err := db.settle(ctx, p, op, Evidence{Via: "webhook", Result: *r}); err != nil {
		return outcome{}, err
	}
	switch {
	case kind == gateways.Void && op.State == Succeeded:
		_, err = db.paidStatus(ctx, p.OrderID, by)
	case op.State == Accepted: // it begins so, which is no change to settle
		var order *Order
		if order, err = db.lockOrder(ctx, p.OrderID); err == nil {
			err = db.tellPartner(ctx, order, op)
		}
	}
	if err != nil {
		return outcome{}, err
	}
	return processed(&op.OrderID, "%s %s", what, op.sentence("webhook"))
}

var fitKey = regexp.MustCompile(`^[A-Za-z0-9_-]{10,40}$`)

// foreignKey is the key of a refund of the provider's: the receipt it carries when that can be one, else
// made of the provider's id, so that the same refund never becomes two.
func (db *DB) foreignKey(ctx context.Context, p *Payment, r *gateways.Result) (string, error) {
	if fitKey.MatchString(r.Key) {
		var taken int64
		if err := db.in(ctx).Model(&Operation{}).Where("store_id = ? AND idempotency_key = ?", p.StoreID, r.Key).Count(&taken).Error; err != nil {
			return "", fmt.Errorf("look for the key of a refund: %w", err)
		}
		if taken == 0 {
			return r.Key, nil
		}
	}
	if key := "ext_" + r.Ref; fitKey.MatchString(key) {
		return key, nil
	}
	sum := sha256.Sum256([]byte(p.Gateway + " " + r.Ref))
	return "ext_" + hex.EncodeToString(sum[:16]), nil
}

// cmpTime is at, or other when at is not told.
func cmpTime(at, other time.Time) time.Time {
	if at.IsZero() {
		return other
	}
	return at
}

// actor is who a webhook speaks for, as histories name it.
func (w *Webhook) actor(db *DB) Actor {
	if w.Source == sourceFynd {
		return Actor{Kind: "webhook", Name: "Fynd"}
	}
	return Actor{Kind: "webhook", Name: cmp.Or(db.drivers[w.Source].Name, w.Source)}
}
