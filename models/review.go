package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
)

// Review is an operation that a person must decide about, with what its gateway shows at this moment.
type Review struct {
	Operation *Operation
	Payment   *Payment
	Driver    gateways.Driver
	Seen      *gateways.Payment // nil when the gateway could not be asked
	Problem   lang.Text         // why it could not
	Remedy    lang.Text         // what can be done then
	Listed    []Listed          // its refunds or captures, of the kind of the operation
	At        time.Time
}

// Listed is one refund or capture that the gateway lists.
type Listed struct {
	gateways.Result
	Operation int64 // the operation here that it is, or 0
	Before    bool  // it was there before the operation was sent
	Fits      bool  // it may be the operation under review
}

// Decision says whether an operation under review happened.
type Decision struct {
	OperationID int64
	Happened    bool
	Ref         string // the gateway's id of it, where it happened and the gateway gives ids
	Reason      string
	By          Actor
}

// Review reads an operation that waits for a person, and asks its gateway what it lists.
func (db *DB) Review(ctx context.Context, id int64) (*Review, error) {
	var op Operation
	res := db.in(ctx).Scopes(scoped(ctx, "operations")).Limit(1).Find(&op, "id = ?", id)
	if res.Error != nil {
		return nil, fmt.Errorf("read operation %d: %w", id, res.Error)
	}
	if res.RowsAffected == 0 {
		return nil, ErrNotFound
	}
	if op.State != NeedsReview {
		return &Review{Operation: &op}, conflictf("This operation is %s; there is nothing to decide.", op.State.said())
	}
	var p Payment
	if err := db.in(ctx).First(&p, "id = ?", op.PaymentID).Error; err != nil {
		return nil, fmt.Errorf("read payment %d: %w", op.PaymentID, err)
	}
	if err := db.in(ctx).Where("payment_id = ?", p.ID).Order("id").Find(&p.Operations).Error; err != nil {
		return nil, fmt.Errorf("read the operations of payment %d: %w", p.ID, err)
	}
	r := &Review{Operation: &op, Payment: &p, Driver: db.drivers[p.Gateway]}
	var err error
	if r.At, err = db.now(ctx); err != nil {
		return nil, err
	}
	if err := db.see(ctx, r); err != nil {
		return nil, err
	}
	r.list()
	return r, nil
}

// see asks the gateway. That it does not answer is part of the review.
func (db *DB) see(ctx context.Context, r *Review) error {
	if r.Operation.SettingsID == nil {
		return nil
	}
	settings, _, err := db.newestLike(ctx, *r.Operation.SettingsID)
	if err != nil {
		return err
	}
	seen, _, err := db.readWith(ctx, settings.ID, deref(r.Payment.Ref))
	var said *gateways.Error
	switch {
	case err == nil:
		r.Seen = lean(seen)
	case errors.Is(err, errNoReader):
		r.Problem = lang.Textf("This gateway cannot be asked; look at the payment in its portal.")
	case errors.As(err, &said):
		r.Problem = lang.Text{Format: sentenceOf(said.Message)}
		if said.Kind != gateways.Misconfigured {
			r.Remedy = lang.Textf("Try again in a moment; without its answer nothing can be decided.")
			return nil
		}
		r.Remedy = lang.Textf("Look at the payment in its portal.")
	default:
		return err
	}
	return nil
}

// ProblemIn is why the gateway could not be asked, and what can be done then, in the language of who asked.
func (r *Review) ProblemIn(ctx context.Context) string {
	return sentences(r.Problem.In(ctx), r.Remedy.In(ctx))
}

// Decidable says whether enough is known to decide: the gateway answered, or can never be asked.
func (r *Review) Decidable() bool {
	return !strings.Contains(r.Remedy.Format, "nothing can be decided")
}

// list says of everything the gateway lists whose it is.
func (r *Review) list() {
	if r.Seen == nil {
		return
	}
	op := r.Operation
	for _, result := range results(r.Seen, op.Kind) {
		l := Listed{Result: result}
		for _, other := range r.Payment.Operations {
			if other.ID != op.ID && other.Kind == op.Kind && (result.Ref != "" && other.Ref == result.Ref || result.Key != "" && other.IdempotencyKey == result.Key) {
				l.Operation = other.ID
			}
		}
		l.Before = op.Before != nil && slices.ContainsFunc(results(op.Before, op.Kind), func(b gateways.Result) bool { return b.Ref == result.Ref })
		l.Fits = l.Operation == 0 && !l.Before && result.Status != gateways.Failed && result.Amount == op.Amount() && (op.Ref == "" || op.Ref == result.Ref)
		r.Listed = append(r.Listed, l)
	}
}

func results(seen *gateways.Payment, verb gateways.Verb) []gateways.Result {
	switch verb {
	case gateways.Refund:
		return seen.Refunds
	case gateways.Capture:
		return seen.Captures
	}
	return nil
}

// fitting are the listed ones that may be the operation.
func (r *Review) fitting() []Listed {
	return slices.DeleteFunc(slices.Clone(r.Listed), func(l Listed) bool { return !l.Fits })
}

// check says in what a decision contradicts what the gateway shows, or nil. It fills in the id of the one
// that fits.
func (r *Review) check(d *Decision) error {
	if r.Seen == nil {
		return nil
	}
	name, op, fitting := driverName(r.Driver, r.Payment), r.Operation, r.fitting()
	switch moved := r.moved(); {
	case !d.Happened && len(fitting) > 0:
		return FieldProblem("decision", "%s lists %s of %s, which nothing else accounts for: it happened.", name, fitting[0].Ref, op.Amount())
	case !d.Happened && moved == yes:
		return FieldProblem("decision", "%s shows the payment as it would be after this: it happened.", name)
	case !d.Happened:
		return nil
	case d.Ref == "" && len(fitting) == 1:
		d.Ref = fitting[0].Ref
	case len(fitting) > 1 && d.Ref == "":
		return FieldProblem("ref", "%s lists several that fit; choose which one it is.", name)
	case moved == no:
		return FieldProblem("decision", "%s shows the payment as it was before: it did not happen, or not yet.", name)
	}
	if d.Ref == "" || len(r.Listed) == 0 {
		return nil
	}
	for _, l := range r.Listed {
		switch {
		case l.Ref != d.Ref:
			continue
		case l.Fits:
			return nil
		case l.Operation != 0:
			return FieldProblem("ref", "%s is operation #%d already.", l.Ref, l.Operation)
		case l.Before:
			return FieldProblem("ref", "%s was there before this was sent.", l.Ref)
		case l.Amount != op.Amount():
			return FieldProblem("ref", "%s is of %s at %s, not of %s.", l.Ref, l.Amount, name, op.Amount())
		default:
			return FieldProblem("ref", "%s did not succeed at %s.", l.Ref, name)
		}
	}
	return FieldProblem("ref", "%s lists no %s called %s on this payment.", name, strings.ToLower(verbName(op.Kind)), d.Ref)
}

// answerOf the payment's figures to whether something happened.
type answerOf int

const (
	unclear answerOf = iota
	yes
	no
)

// moved says what the payment's figures tell of the operation.
func (r *Review) moved() answerOf {
	op, seen, was := r.Operation, r.Seen, r.Operation.Before
	if was == nil {
		was = &gateways.Payment{Amount: seen.Amount}
	}
	tell := func(happened bool) answerOf {
		if happened {
			return yes
		}
		return no
	}
	switch op.Kind {
	case gateways.Refund, gateways.Capture:
		more, known := seen.Refunded-was.Refunded, int64(0)
		if op.Kind == gateways.Capture {
			more = seen.Captured - was.Captured
		}
		for _, l := range r.Listed {
			if !l.Fits && !l.Before && l.Status != gateways.Failed {
				known += l.Amount.Minor // other ones, since
			}
		}
		if more < op.AmountMinor {
			return no
		}
		if op.Before == nil || len(r.Listed) > 0 && more-known < op.AmountMinor {
			return unclear
		}
		return tell(more-known >= op.AmountMinor)
	case gateways.Void:
		if op.Before == nil && seen.Captured == 0 {
			return tell(seen.Canceled)
		}
		return tell(seen.Canceled && !was.Canceled || seen.Voided-was.Voided >= op.AmountMinor)
	case gateways.Update:
		return tell(seen.Amount.Minor-seen.Voided == op.AmountMinor)
	}
	return unclear
}

// DecideOperation settles an operation under review as a person decides: it happened, and its money is booked,
// or it did not, and its money is free again. The gateway is asked once more, and a decision that contradicts
// what it shows is refused.
func (db *DB) DecideOperation(ctx context.Context, d Decision) (*Operation, error) {
	if n := utf8.RuneCountInString(strings.TrimSpace(d.Reason)); n == 0 || n > 200 {
		return nil, FieldProblem("reason", "Say in at most 200 characters why: what you saw, and where.")
	}
	if d.Ref = strings.TrimSpace(d.Ref); utf8.RuneCountInString(d.Ref) > 200 {
		return nil, FieldProblem("ref", "The gateway's id has at most 200 characters.")
	}
	r, err := db.Review(ctx, d.OperationID)
	if err != nil {
		return nil, err
	}
	if !r.Decidable() {
		return nil, FieldProblem("decision", "%s could not be asked: %s %s", driverName(r.Driver, r.Payment), r.Problem, r.Remedy)
	}
	if err := r.check(&d); err != nil {
		return nil, err
	}
	var op *Operation
	err = db.Tx(ctx, func(tx *DB) error {
		var p *Payment
		if p, op, err = tx.lockOperation(ctx, d.OperationID); err != nil {
			return err
		}
		if op.State != NeedsReview || op.UpdatedAt != r.Operation.UpdatedAt {
			return conflictf("This operation has moved on: it is %s.", op.State.said())
		}
		if err := tx.decide(ctx, p, op, d); err != nil {
			return err
		}
		if r.Seen != nil {
			if _, err := tx.AdoptPayment(ctx, p, r.Seen, JobActor, "look-up"); err != nil {
				return err
			}
		}
		return tx.audit(ctx, op.StoreID, d.By, "operation.decided", "operation "+strconv.FormatInt(op.ID, 10), &op.OrderID, map[string]any{
			"happened": d.Happened, "ref": d.Ref, "reason": d.Reason, "gateway_read": r.Seen != nil,
		})
	})
	if err != nil {
		return nil, fmt.Errorf("decide operation %d: %w", d.OperationID, err)
	}
	return op, nil
}

// decide books the decision and tells the order's history whose it was.
func (db *DB) decide(ctx context.Context, p *Payment, op *Operation, d Decision) error {
	what, via := "It happened", "decided by "+d.By.Name
	if !d.Happened {
		what = "It did not happen"
	}
	err := db.addHistory(ctx, OrderHistory{
		OrderID: op.OrderID, StoreID: op.StoreID, Kind: "operation", OperationID: &op.ID,
		Comment: fmt.Sprintf("%s #%d of %s was decided: %s. %s", verbName(op.Kind), op.ID, op.Amount(), what, sentenceOf(strings.TrimSpace(d.Reason))),
	}, d.By)
	if err != nil {
		return err
	}
	if !d.Happened {
		op.Ref = ""
		return db.giveUp(ctx, p, op, sentenceOf("Somebody looked at the gateway and decided that it did not happen: "+strings.TrimSpace(d.Reason)), via)
	}
	if d.Ref != "" {
		op.Ref = "" // the gateway's answer may have named none, or one that is not it
	}
	changed, err := db.settle(ctx, p, op, Evidence{Via: via, Result: gateways.Result{Status: gateways.Succeeded, Ref: d.Ref, Amount: op.Amount(), Word: op.Word}})
	if err == nil && (!changed || op.State != Succeeded) {
		return conflictf("The payment has no room for it any more. %s", op.Contradiction)
	}
	return err
}
