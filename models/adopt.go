package models

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways"
)

// AdoptPayment enters what a provider shows of a payment and what is not known here: captures, refunds, a hold
// given back or changed in the provider's own portal become operations with the source "provider", and ours
// are settled by what the provider lists of them. It runs in the caller's transaction on a locked payment,
// before followPayment, which moves the rest. The same again enters nothing. What may yet turn out to be an
// operation of ours that was sent and not answered is left to its look-up. It gives back what it entered.
func (db *DB) AdoptPayment(ctx context.Context, p *Payment, seen *gateways.Payment, by Actor, via string) ([]*Operation, error) {
	if seen.Amount.Currency != "" && seen.Amount.Currency != p.Currency || p.AuthorizedMinor == 0 {
		return nil, nil // not ours, or not known to be paid yet: followPayment decides
	}
	a := &adoption{db: db, p: p, by: by, via: via}
	ops := []Operation{}
	if err := db.in(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("payment_id = ?", p.ID).Order("id").Find(&ops).Error; err != nil {
		return nil, fmt.Errorf("read the operations of payment %d: %w", p.ID, err)
	}
	a.ops = ops
	for _, r := range seen.Captures {
		if err := a.effect(ctx, gateways.Capture, r, seen.Captured-p.CapturedMinor); err != nil {
			return nil, err
		}
	}
	returning := max(seen.Refunded, goingBack(seen.Refunds))
	for _, r := range seen.Refunds {
		if err := a.effect(ctx, gateways.Refund, r, min(p.Refundable().Minor, returning-p.RefundedMinor-a.accepted())); err != nil {
			return nil, err
		}
	}
	if err := a.hold(ctx, seen); err != nil {
		return nil, err
	}
	return a.entered, nil
}

// adoption is one pass of AdoptPayment.
type adoption struct {
	db      *DB
	p       *Payment
	ops     []Operation
	by      Actor
	via     string
	entered []*Operation
	said    string // for the history, in place of what is usually said
}

// effect settles the operation that a listed capture or refund is, or enters it when it is nobody's. room is
// how much of its kind is not accounted for.
func (a *adoption) effect(ctx context.Context, verb gateways.Verb, r gateways.Result, room int64) error {
	if r.Amount.Currency != a.p.Currency || r.Amount.Minor <= 0 {
		return nil
	}
	if op := a.ours(verb, r); op != nil {
		if op.contradicts(&r) || op.next(r.Status) == op.State && op.Ref == r.Ref {
			return nil // a look-up of its own decides, or nothing is new
		}
		_, err := a.db.settle(ctx, a.p, op, Evidence{Via: a.via, Result: r})
		return err
	}
	if r.Status == gateways.Failed || room < r.Amount.Minor || a.unanswered(verb) {
		return nil
	}
	return a.enter(ctx, verb, r)
}

// goingBack is what listed refunds come to, those on their way too: some providers count only what is done.
func goingBack(refunds []gateways.Result) int64 {
	var sum int64
	for _, r := range refunds {
		if r.Status != gateways.Failed {
			sum += r.Amount.Minor
		}
	}
	return sum
}

// accepted is what refunds under way come to that the provider has and may count already.
func (a *adoption) accepted() int64 {
	var sum int64
	for _, op := range a.ops {
		if op.Kind == gateways.Refund && op.State.Open() && op.FirstSentAt != nil {
			sum += op.AmountMinor
		}
	}
	return sum
}

// ours is the operation that the provider's effect is, by its id or by our key, or nil.
func (a *adoption) ours(verb gateways.Verb, r gateways.Result) *Operation {
	for i := range a.ops {
		op := &a.ops[i]
		if op.Kind == verb && (r.Ref != "" && op.Ref == r.Ref || r.Key != "" && op.IdempotencyKey == r.Key && op.Amount() == r.Amount) {
			return op
		}
	}
	return nil
}

// unanswered says whether an operation of ours that was sent may be what the provider shows.
func (a *adoption) unanswered(verb gateways.Verb) bool {
	for _, op := range a.ops {
		same := op.Kind == verb || exclusive(verb) && exclusive(op.Kind)
		if same && op.State.Open() && op.FirstSentAt != nil && op.Ref == "" {
			return true
		}
	}
	return false
}

// hold enters a hold that was given back or changed elsewhere.
func (a *adoption) hold(ctx context.Context, seen *gateways.Payment) error {
	p := a.p
	if p.VoidedAt != nil || seen.Amount.Currency == "" || a.unanswered(gateways.Void) || seen.Captured != p.CapturedMinor {
		return nil
	}
	held := seen.Amount.Minor - seen.Voided // what is authorized there, drawn or not
	result := gateways.Result{Status: gateways.Succeeded, Word: seen.Word, At: seen.At}
	switch {
	case p.CapturedMinor == 0 && p.CaptureReservedMinor == 0 && seen.Canceled && p.Status == PaymentAuthorized:
		result.Amount = p.Held()
		return a.enter(ctx, gateways.Void, result)
	case p.CapturedMinor > 0 && seen.Voided > 0 && held >= p.CapturedMinor+p.CaptureReservedMinor && held < p.AuthorizedMinor:
		result.Amount = p.Amount(p.AuthorizedMinor - held)
		return a.enter(ctx, gateways.Void, result)
	case p.CapturedMinor == 0 && p.CaptureReservedMinor == 0 && p.Status == PaymentAuthorized && seen.Authorized && held > 0 && held != p.AuthorizedMinor &&
		a.db.drivers[p.Gateway].Can.Does(gateways.Update):
		result.Amount = p.Amount(held)
		return a.enter(ctx, gateways.Update, result)
	}
	return nil
}

// enter books something the provider did by itself or was told in its portal, and settles it. What was wished
// for here and not sent yet, and is done by this, is withdrawn.
func (a *adoption) enter(ctx context.Context, verb gateways.Verb, r gateways.Result) error {
	if exclusive(verb) {
		if err := a.withdraw(ctx, verb); err != nil {
			return err
		}
	}
	db, p := a.db, a.p
	key, err := a.key(ctx, verb, r)
	if err != nil {
		return err
	}
	at := cmpTime(r.At, time.Now().UTC())
	digest := sha256.Sum256([]byte(key))
	op := &Operation{
		StoreID: p.StoreID, OrderID: p.OrderID, PaymentID: p.ID, Kind: verb, Source: FromProvider, AmountMinor: r.Amount.Minor, Currency: r.Amount.Currency,
		Lines: []RefundLine{}, Requester: driverName(db.drivers[p.Gateway], p), Digest: digest[:], IdempotencyKey: key, State: Accepted, FirstSentAt: &at,
		Ref: r.Ref, Word: textOf(r.Word),
	}
	if verb == gateways.Update {
		op.WasMinor = new(p.AuthorizedMinor)
	}
	if verb == gateways.Refund {
		if op.EventID, err = db.requestFor(ctx, p.OrderID, r.Amount.Minor); err != nil {
			return err
		}
	}
	if err := db.schedule(ctx, op, 0); err != nil {
		return err
	}
	p.reserve(op)
	if err := db.savePayment(ctx, p); err != nil {
		return err
	}
	if err := db.in(ctx).Create(op).Error; err != nil {
		return fmt.Errorf("store what the provider did: %w", err)
	}
	what := fmt.Sprintf("%s of %s made at %s, not from here.", verbName(verb), op.Amount(), op.Requester)
	if verb == gateways.Update {
		what = fmt.Sprintf("The amount was changed from %s to %s at %s, not from here.", p.Amount(*op.WasMinor), op.Amount(), op.Requester)
	}
	if a.said != "" {
		what = a.said
	}
	err = db.addHistory(ctx, OrderHistory{OrderID: op.OrderID, StoreID: op.StoreID, Kind: "operation", OperationID: &op.ID, Comment: what}, a.by)
	if err != nil {
		return err
	}
	if _, err := db.settle(ctx, p, op, Evidence{Via: a.via, Result: r}); err != nil {
		return err
	}
	if verb == gateways.Refund && op.State == Accepted { // it begins so, which is no change to settle
		order, err := db.lockOrder(ctx, p.OrderID)
		if err != nil {
			return err
		}
		if err := db.tellPartner(ctx, order, op); err != nil {
			return err
		}
	}
	a.ops, a.entered = append(a.ops, *op), append(a.entered, op)
	return nil
}

// key names an effect of the provider's, so that it is entered once.
func (a *adoption) key(ctx context.Context, verb gateways.Verb, r gateways.Result) (string, error) {
	if r.Ref == "" {
		r.Ref = fmt.Sprintf("%s %d %d", verb, a.p.ID, a.p.Version) // the books have no room for it twice
	}
	if strings.HasPrefix(r.Key, "kfy") {
		r.Key = "" // ours, of an operation that names another amount
	}
	if verb != gateways.Refund {
		r.Ref = string(verb) + " " + r.Ref
	}
	return a.db.foreignKey(ctx, a.p, &r)
}

// withdraw takes back what waits to be sent and could no longer be done.
func (a *adoption) withdraw(ctx context.Context, verb gateways.Verb) error {
	for i := range a.ops {
		op := &a.ops[i]
		if op.State != Queued || op.FirstSentAt != nil || !exclusive(op.Kind) || verb == gateways.Capture && op.AmountMinor <= a.p.AuthorizedMinor-a.p.CapturedMinor {
			continue
		}
		if op.Kind == gateways.Capture {
			a.p.CaptureReservedMinor -= op.AmountMinor
		}
		op.State, op.Problem = Cancelled, fmt.Sprintf("Withdrawn before it was sent: the payment was changed at %s in the meantime.", driverName(a.db.drivers[a.p.Gateway], a.p))
		if err := a.db.saveOperation(ctx, op); err != nil {
			return err
		}
	}
	return nil
}

// followSeen brings a locked payment in line with a fresh read. refusal says why it cannot be of this payment.
func (db *DB) followSeen(ctx context.Context, p *Payment, seen *gateways.Payment) (refusal, err error) {
	if _, err := db.AdoptPayment(ctx, p, seen, JobActor, "look-up"); err != nil {
		return nil, err
	}
	objection, err := db.shownObjection(ctx, p, seen)
	if err != nil {
		return nil, err
	}
	if objection != "" {
		return conflictf("%s was asked how the payment stands. %s", driverName(db.drivers[p.Gateway], p), objection), nil
	}
	_, err = db.followPayment(ctx, p, seen, JobActor, "look-up")
	return nil, err
}

// PlanAction says what an action would do to a payment now, or why it would do nothing; it changes nothing.
// With want.Fresh the provider is asked first, and a Problem that wraps its error says when it did not answer.
// Any other Problem is about the amount or the lines that were asked for.
func (db *DB) PlanAction(ctx context.Context, order, payment int64, want Want) (Plan, error) {
	var seen *gateways.Payment
	var err error
	if want.Fresh {
		if seen, _, err = db.seePayment(ctx, order, payment); err != nil {
			return Plan{}, err
		}
	}
	var p Payment
	err = db.in(ctx).Scopes(scoped(ctx, "payments")).First(&p, "id = ? AND order_id = ?", payment, order).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Plan{}, ErrNotFound
	}
	if err != nil {
		return Plan{}, fmt.Errorf("read payment %d: %w", payment, err)
	}
	at, err := db.position(ctx, &p)
	if err != nil {
		return Plan{}, err
	}
	if seen != nil && at.exclusive() == nil {
		p.overlay(seen, at.now)
	}
	plan, err := at.plan(want)
	plan.Fresh = seen != nil
	return plan, err
}

// overlay lays what a provider shows over a payment that is not stored.
func (p *Payment) overlay(seen *gateways.Payment, now time.Time) {
	if seen.Amount.Currency != p.Currency {
		return
	}
	seen = p.asDrawn(seen)
	held := seen.Amount.Minor - seen.Voided
	if seen.Authorized && p.AuthorizedMinor == 0 || seen.Captured > 0 || p.CapturedMinor == 0 && seen.Authorized {
		p.AuthorizedMinor = max(held, seen.Captured, p.CapturedMinor+p.CaptureReservedMinor)
	}
	if seen.Authorized && !p.Status.Captured() {
		p.Status = PaymentAuthorized
	}
	p.CapturedMinor = max(p.CapturedMinor, seen.Captured)
	if p.CapturedMinor > 0 {
		p.RefundedMinor = min(max(p.RefundedMinor, seen.Refunded-p.RefundReservedMinor), p.CapturedMinor-p.RefundReservedMinor)
		if !p.Status.Captured() {
			p.Status = PaymentSuccess
		}
		p.Status = p.settledStatus()
	}
	if seen.Canceled && p.CapturedMinor == 0 && p.Status == PaymentAuthorized {
		p.VoidedAt = &now
	}
	if seen.Canceled && p.CapturedMinor == 0 && !seen.Authorized && p.Status == PaymentPending {
		p.Status = PaymentCanceled
	}
	if !seen.CaptureBefore.IsZero() {
		p.CaptureBefore = &seen.CaptureBefore
	}
}
