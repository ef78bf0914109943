package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// acting is one call of a money action.
type acting struct {
	wish   Wish
	want   Want
	digest []byte
	event  int64 // the REFUND_INITIATED it answers; 0 for the oldest
	reason bool  // one must be given
	read   readMode
	left   *money.Amount // what was left to refund when the form was shown; nil is not said
}

// readMode says whether the provider is asked before it is decided what to do.
type readMode int

const (
	noRead     readMode = iota
	readWanted          // and when it does not answer, what is known here decides
	readNeeded          // and when it does not answer, nothing is done
)

// acted is what came of it: operations, or a plan that says why there are none.
type acted struct {
	ops  []*Operation
	plan Plan
}

// first is the operation of an action that is one call, or why there is none.
func (a acted) first() (*Operation, error) {
	if len(a.ops) == 0 {
		return nil, a.plan.problem()
	}
	return a.ops[0], nil
}

// act does a money action: what was asked before is given back; else the provider is read where that is
// wanted, and under the payment's lock it is decided what to call, which is stored and queued. What the read
// brought to light is kept even when nothing is done.
func (db *DB) act(ctx context.Context, a acting) (acted, error) {
	hash, expired, err := db.wishName(a.wish, a.want.Action)
	if err != nil {
		return acted{}, err
	}
	if ops, err := db.asked(ctx, hash, a.digest); err != nil || len(ops) > 0 {
		return acted{ops: ops}, err
	}
	if expired {
		return acted{}, db.tooOld()
	}
	if err := a.wish.check(a.reason); err != nil {
		return acted{}, err
	}
	var seen *gateways.Payment
	var with int64
	if a.read != noRead {
		if seen, with, err = db.seePayment(ctx, a.wish.OrderID, a.wish.PaymentID); err != nil && (a.read == readNeeded || errors.Is(err, ErrNotFound)) {
			return acted{}, err
		}
	}
	var out acted
	var refusal error
	err = db.Tx(ctx, func(tx *DB) error {
		out, refusal = acted{}, nil
		payment, err := tx.lockPayment(ctx, a.wish.OrderID, a.wish.PaymentID)
		if err != nil {
			return err
		}
		if out.ops, err = tx.asked(ctx, hash, a.digest); err != nil || len(out.ops) > 0 {
			return err
		}
		if _, err := tx.lockOrder(ctx, a.wish.OrderID); err != nil {
			return err
		}
		at, err := tx.position(ctx, payment)
		if err != nil {
			return err
		}
		if seen != nil && at.exclusive() == nil {
			said, err := tx.followSeen(ctx, payment, seen)
			if err != nil {
				return err
			}
			if at, err = tx.position(ctx, payment); err != nil {
				return err
			}
			if refusal = said; refusal != nil {
				return nil
			}
			if err := tx.shownWith(ctx, payment, with); err != nil {
				return err
			}
		}
		if now := payment.Refundable(); a.left != nil && a.left.Currency == now.Currency && now.Minor < a.left.Minor {
			refusal = conflictf("Since this form was shown, other money of this payment was refunded or asked back: %s is left. Look whether yours is still wanted, and press the button again.", now)
			return nil
		}
		if out.plan, refusal = at.plan(a.want); refusal != nil {
			return nil // a Problem with what was asked; what was seen is kept
		}
		out.plan.Fresh = seen != nil
		return tx.carryOut(ctx, at, a, hash, &out)
	})
	if err == nil {
		err = refusal
	}
	return out, err
}

// carryOut stores the operations of a plan and queues them.
func (db *DB) carryOut(ctx context.Context, at *position, a acting, hash []byte, out *acted) error {
	if len(out.plan.Steps) == 0 {
		return nil
	}
	settings, err := db.settingsOf(ctx, at.payment)
	if err != nil {
		return err
	}
	for _, step := range out.plan.Steps {
		op := a.wish.operation(at, step, settings)
		op.Digest = a.digest
		if len(out.ops) == 0 {
			op.TokenHash = hash
		} else {
			op.Follows = &out.ops[0].ID
		}
		switch step.Verb {
		case gateways.Refund:
			if op.EventID, err = db.waitingEvent(ctx, at.order.ID, a.event); err != nil {
				return err
			}
		case gateways.Update:
			op.WasMinor, op.WasLines = new(at.payment.AuthorizedMinor), orderLines(at)
		}
		if err := db.start(ctx, at.payment, op, a.wish.By); err != nil {
			return err
		}
		out.ops = append(out.ops, op)
	}
	return nil
}

// position reads what a plan is made of. The payment is the caller's, locked or not.
func (db *DB) position(ctx context.Context, payment *Payment) (*position, error) {
	at := &position{payment: payment, driver: db.drivers[payment.Gateway], order: &Order{}, items: []OrderItem{}}
	var err error
	if at.now, err = db.now(ctx); err != nil {
		return nil, err
	}
	if err := db.in(ctx).First(at.order, "id = ?", payment.OrderID).Error; err != nil {
		return nil, fmt.Errorf("read order %d: %w", payment.OrderID, err)
	}
	if at.store, err = db.Store(ctx, payment.StoreID); err != nil {
		return nil, err
	}
	if err := db.in(ctx).Where("order_id = ?", payment.OrderID).Order("position").Find(&at.items).Error; err != nil {
		return nil, fmt.Errorf("read the lines of order %d: %w", payment.OrderID, err)
	}
	if err := db.in(ctx).Where("order_id = ?", payment.OrderID).Order("id").Find(&at.others).Error; err != nil {
		return nil, fmt.Errorf("read the operations of order %d: %w", payment.OrderID, err)
	}
	payment.Operations = nil
	for _, op := range at.others {
		if op.PaymentID == payment.ID {
			payment.Operations = append(payment.Operations, op)
		}
	}
	settings, err := db.currentSettings(ctx, payment.StoreID, payment.Gateway, payment.Mode) // the store's habits, whatever account
	var problem *Problem
	switch {
	case errors.As(err, &problem):
	case err != nil:
		return nil, err
	default:
		at.ready, at.partialHere = true, settings.Values[partialCredit] == "here"
	}
	return at, nil
}

// partialCredit is the setting by which a store credits parts of a payment here: "here" or "portal".
const partialCredit = "partial_credit"

// seePayment asks the provider how a payment stands now, and says with which settings. It is nil where the
// gateway cannot be asked.
func (db *DB) seePayment(ctx context.Context, order, id int64) (*gateways.Payment, int64, error) {
	var p Payment
	res := db.in(ctx).Scopes(scoped(ctx, "payments")).Limit(1).Find(&p, "id = ? AND order_id = ?", id, order)
	switch {
	case res.Error != nil:
		return nil, 0, fmt.Errorf("read payment %d: %w", id, res.Error)
	case res.RowsAffected == 0:
		return nil, 0, ErrNotFound
	case deref(p.Ref) == "" || db.drivers[p.Gateway].Open == nil:
		return nil, 0, nil
	}
	settings, err := db.settingsOf(ctx, &p)
	if err != nil {
		return nil, 0, err
	}
	seen, _, err := db.readWith(ctx, settings.ID, *p.Ref)
	if err == nil || errors.Is(err, errNoReader) {
		return seen, settings.ID, nil
	}
	var said *gateways.Error
	if !errors.As(err, &said) {
		return nil, 0, err
	}
	return nil, 0, errors.Join(&Problem{Sentence: fmt.Sprintf("%s could not be asked how the payment stands, so nothing was done: %s Try again in a moment.",
		driverName(db.drivers[p.Gateway], &p), sentenceOf(said.Message)), Conflict: true}, err)
}

// errNoReader is what a gateway says that cannot be asked about payments.
var errNoReader = errors.New("this gateway cannot be asked about a payment")

// readWith reads a payment with one version of settings. A driver that breaks down gave no answer.
func (db *DB) readWith(ctx context.Context, settings int64, ref string) (seen *gateways.Payment, exchanges []gateways.Exchange, err error) {
	gateway, _, err := db.open(ctx, settings)
	if err != nil {
		return nil, nil, err
	}
	reader, ok := gateway.(gateways.Reader)
	if !ok {
		return nil, nil, errNoReader
	}
	ctx, trace := gateways.WithTrace(ctx)
	ctx, cancel := context.WithTimeout(ctx, db.timings.CallTimeout+5*time.Second)
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil {
			seen, err = nil, &gateways.Error{Kind: gateways.Unknown, Verb: "payment", Message: fmt.Sprintf("the driver broke down: %v", cause)}
		}
		exchanges = trace.Exchanges()
	}()
	payment, err := reader.Payment(ctx, ref)
	if err != nil {
		return nil, nil, err //nolint:wrapcheck // a gateways.Error says what may be done
	}
	return &payment, nil, nil
}

// sentenceOf ends what a driver said as a sentence ends.
func sentenceOf(text string) string {
	if text == "" || text[len(text)-1] == '.' {
		return text
	}
	return text + "."
}
