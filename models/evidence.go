package models

import (
	"context"
	"fmt"
	"strconv"

	"github.com/kartify/kartify/gateways"
)

// Evidence is something a gateway said about an operation: its answer, a look-up, or a webhook. All of
// them pass through settle, under the same lock, so that any order of arrival ends alike.
type Evidence struct {
	Via    string // "answer", "look-up", "webhook"
	Result gateways.Result
}

// settle moves an operation and its payment to what the evidence says, in the caller's transaction.
// It never moves backwards: a word that adds nothing changes nothing. It reports whether anything changed.
func (db *DB) settle(ctx context.Context, p *Payment, op *Operation, ev Evidence) (bool, error) {
	r := ev.Result
	if r.Amount != op.Amount() {
		return db.mismatch(ctx, op, ev)
	}
	if op.Ref != "" && r.Ref != "" && op.Ref != r.Ref {
		return db.contradict(ctx, op, fmt.Sprintf("The gateway named %s for this operation and then %s: it may have moved money twice.", op.Ref, r.Ref))
	}
	before := *op
	if r.Ref != "" {
		op.Ref = r.Ref
	}
	if r.Reference != "" {
		op.Reference = r.Reference
	}
	if op.SettingsID != nil && r.Status != gateways.Failed {
		if err := db.shownWith(ctx, p, *op.SettingsID); err != nil {
			return false, err
		}
	}
	next := op.next(r.Status)
	if next == before.State {
		if next == Accepted && r.Word != "" {
			op.Word = r.Word
		}
		if op.Ref == before.Ref && op.Reference == before.Reference {
			return false, nil
		}
		return true, db.saveOperation(ctx, op)
	}
	if !p.fits(&before, next) {
		return db.noFit(ctx, &before, op)
	}
	p.move(&before, next)
	op.WasMinor = before.WasMinor
	op.State, op.Word, op.Problem = next, r.Word, ""
	if next == Failed {
		op.Problem = "The gateway did not carry it out."
		if r.Reason != "" {
			op.Problem = "The gateway did not carry it out: " + r.Reason
		}
	}
	if before.State == Failed || before.State == Succeeded {
		op.Contradiction = fmt.Sprintf("The gateway first said %s and later %s.", before.State, next)
	}
	if next == Accepted {
		if err := db.schedule(ctx, op, 0); err != nil {
			return false, err
		}
	}
	if err := db.savePayment(ctx, p); err != nil {
		return false, err
	}
	if err := db.saveOperation(ctx, op); err != nil {
		return false, err
	}
	return true, db.afterSettling(ctx, p, op, before.State, ev.Via)
}

// next is the state that a gateway's word leads to from here. Pending never undoes anything.
func (o *Operation) next(word gateways.Status) OperationState {
	switch {
	case o.State == Cancelled || o.State == AwaitingApproval:
		return o.State // nothing was sent; evidence about it belongs to something else
	case word == gateways.Succeeded:
		return Succeeded
	case word == gateways.Failed:
		return Failed
	case o.State.Final() || o.State == Accepted:
		return o.State
	default:
		return Accepted
	}
}

// fits says whether the payment has room for the move. An open refund or capture has its money reserved; what
// a void gives back and an amount update changes must still be there.
func (p *Payment) fits(op *Operation, next OperationState) bool {
	switch {
	case next == Failed && op.State == Succeeded:
		return p.fitsBack(op)
	case next != Succeeded:
		return true
	case op.Kind == gateways.Void:
		return p.VoidedAt == nil && p.CaptureReservedMinor == 0 && (p.CapturedMinor == 0 || p.Held().Minor >= op.AmountMinor)
	case op.Kind == gateways.Update:
		return op.State != Failed && p.VoidedAt == nil && p.CapturedMinor == 0 && p.CaptureReservedMinor == 0
	case op.State != Failed:
		return true
	case op.Kind == gateways.Refund:
		return p.Refundable().Minor >= op.AmountMinor
	default:
		return p.Held().Minor >= op.AmountMinor
	}
}

// fitsBack says whether what was done can be undone in the books: drawn money that was returned, or whose rest
// was released, cannot have never been drawn.
func (p *Payment) fitsBack(op *Operation) bool {
	switch op.Kind {
	case gateways.Capture:
		return p.CapturedMinor-op.AmountMinor >= p.RefundedMinor+p.RefundReservedMinor && p.AuthorizedMinor == p.AmountMinor
	case gateways.Update:
		return false // the order went by it; what the provider holds is seen when it is asked
	}
	return true
}

// noFit notes evidence that the payment's books have no room for. An operation that is still open goes to a
// person; a final one stays as it is.
func (db *DB) noFit(ctx context.Context, before, op *Operation) (bool, error) {
	sentence := fmt.Sprintf("The gateway says this was done after it had said it was not, and %s is no longer free on the payment.", op.Amount())
	if before.State == Succeeded {
		sentence = "The gateway says this was not done after it had said it was, but more has been built on it since."
	}
	if before.State.Open() {
		sentence = "The gateway says this was done, but other things were done to the payment at the same time. Compare the payment in its portal."
		if op.State != Queued && op.State != Accepted && op.State != Dispatching && op.State != UnknownOutcome {
			return db.contradict(ctx, op, sentence)
		}
		op.State, op.Problem = NeedsReview, sentence
	}
	return db.contradict(ctx, op, sentence)
}

// move changes the payment's counters as an operation goes from its state to next.
func (p *Payment) move(op *Operation, next OperationState) {
	switch op.Kind {
	case gateways.Void:
		p.giveBack(op, next)
		return
	case gateways.Update:
		if next == Succeeded {
			p.AuthorizedMinor, p.AmountMinor = op.AmountMinor, op.AmountMinor
		}
		return
	}
	reserved, done := &p.RefundReservedMinor, &p.RefundedMinor
	if op.Kind == gateways.Capture {
		reserved, done = &p.CaptureReservedMinor, &p.CapturedMinor
	}
	amount := op.AmountMinor
	switch {
	case op.State.Open() && next.Final():
		*reserved -= amount
	case op.State == Succeeded && next == Failed:
		*done -= amount
	}
	if next == Succeeded {
		*done += amount
	}
	if op.Kind == gateways.Capture && p.CapturedMinor > 0 && !p.Status.Captured() {
		p.Status = PaymentSuccess
	}
	switch {
	case p.Status.Captured() && p.CapturedMinor == 0: // what was called drawn is not
		p.Status = PaymentAuthorized
	case p.Status.Captured():
		p.Status = p.settledStatus()
	}
}

// giveBack notes that a hold was returned to the buyer, or that this was taken back. Of a payment that is drawn
// in part the rest goes, and less is authorized.
func (p *Payment) giveBack(op *Operation, next OperationState) {
	switch {
	case next == Succeeded && p.CapturedMinor > 0:
		op.WasMinor = new(p.AuthorizedMinor) // a release, should it be taken back
		p.AuthorizedMinor -= op.AmountMinor
	case next == Succeeded:
		p.VoidedAt, p.Status = new(now()), PaymentCanceled
	case op.State == Succeeded && next == Failed && op.WasMinor != nil:
		p.AuthorizedMinor, op.WasMinor = p.AuthorizedMinor+op.AmountMinor, nil
	case op.State == Succeeded && next == Failed:
		p.VoidedAt, p.Status = nil, PaymentAuthorized
	}
}

// mismatch keeps evidence that names another amount from settling anything: the gateway is asked, and
// when it repeats it, a person looks.
func (db *DB) mismatch(ctx context.Context, op *Operation, ev Evidence) (bool, error) {
	sentence := fmt.Sprintf("The %s speaks of %s, but %s was asked for.", ev.Via, ev.Result.Amount, op.Amount())
	if op.State.Final() {
		return db.contradict(ctx, op, sentence)
	}
	if op.State == NeedsReview && op.Problem == sentence {
		return false, nil
	}
	again := op.Problem == sentence
	op.Problem = sentence
	switch {
	case ev.Via == "look-up" && again:
		op.State = NeedsReview
	case ev.Via == "look-up":
		if err := db.schedule(ctx, op, op.Lookups); err != nil {
			return false, err
		}
	case op.State == Dispatching:
		op.State = UnknownOutcome
		if err := db.schedule(ctx, op, 0); err != nil {
			return false, err
		}
	}
	if ev.Result.Ref != "" && op.Ref == "" {
		op.Ref = ev.Result.Ref
	}
	if err := db.saveOperation(ctx, op); err != nil || again {
		return true, err
	}
	return true, db.alert(ctx, op, "amount_mismatch", sentence)
}

// contradict notes what does not fit a final state, for a person to see, and changes nothing else.
func (db *DB) contradict(ctx context.Context, op *Operation, sentence string) (bool, error) {
	if op.Contradiction == sentence {
		return false, nil
	}
	op.Contradiction = sentence
	if err := db.saveOperation(ctx, op); err != nil {
		return false, err
	}
	return true, db.alert(ctx, op, "contradiction", sentence)
}

// alert writes what a person must look at into the history, the audit log and the process log.
func (db *DB) alert(ctx context.Context, op *Operation, what, sentence string) error {
	db.log.WarnContext(ctx, "an operation needs a person", "operation", op.ID, "what", what)
	err := db.addHistory(ctx, OrderHistory{
		OrderID: op.OrderID, StoreID: op.StoreID, Kind: "operation", OperationID: &op.ID, Comment: sentence,
	}, JobActor)
	if err != nil {
		return err
	}
	return db.audit(ctx, op.StoreID, JobActor, "operation."+what, "operation "+strconv.FormatInt(op.ID, 10), &op.OrderID, map[string]any{"state": op.State})
}
