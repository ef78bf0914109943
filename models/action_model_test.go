package models

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// ledger is the pure model: what was asked, and what the provider last said of each.
type ledger struct {
	authorized int64
	ops        []*Operation
	rest       map[int64]bool // the voids that were of what a capture left
}

// figures are what the payment's row must say, worked out from the operations alone.
func (l *ledger) figures() (held, captured, capturing, refunded, refunding int64, voided bool) {
	held = l.authorized
	for _, op := range l.ops {
		switch {
		case op.Kind == gateways.Capture && op.State == Succeeded:
			captured += op.AmountMinor
		case op.Kind == gateways.Capture && op.State.Open():
			capturing += op.AmountMinor
		case op.Kind == gateways.Refund && op.State == Succeeded:
			refunded += op.AmountMinor
		case op.Kind == gateways.Refund && op.State.Open():
			refunding += op.AmountMinor
		case op.Kind == gateways.Update && op.State == Succeeded:
			held = op.AmountMinor
		}
	}
	for _, op := range l.ops {
		switch {
		case op.Kind != gateways.Void || op.State != Succeeded:
		case l.rest[op.ID]:
			held -= op.AmountMinor
		default:
			voided = true
		}
	}
	return held, captured, capturing, refunded, refunding, voided
}

// Any actions, in any order, with any answers in any order and any number of times: the payment's row says what
// its operations say, and nothing is promised twice. More steps with -rapid.checks and -rapid.steps.
func TestPaymentFollowsItsOperations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(1, 1000).Draw(t, "total")
		book := &ledger{authorized: total, rest: map[int64]bool{}}
		ref := "pay_1"
		p := &Payment{ID: 1, Gateway: "bogus", Ref: &ref, Status: PaymentAuthorized, Currency: "SEK", AmountMinor: total, AuthorizedMinor: total}
		at := &position{
			order: &Order{ID: 1, Currency: "SEK", TotalMinor: total}, store: &Store{}, payment: p, ready: true, now: time.Now(),
			driver: gateways.Driver{Code: "bogus", Name: "Bogus", Can: gateways.Abilities{
				Verbs:   []gateways.Verb{gateways.Capture, gateways.Void, gateways.Update, gateways.Refund},
				Partial: []gateways.Verb{gateways.Capture, gateways.Refund}, Several: []gateways.Verb{gateways.Capture, gateways.Refund},
				Raise: rapid.Bool().Draw(t, "raise"),
			}},
		}
		t.Repeat(map[string]func(*rapid.T){
			"ask": func(t *rapid.T) {
				want := Want{Action: rapid.SampledFrom([]Action{CaptureAction, CancelAction, UpdateAction, RefundAction}).Draw(t, "action")}
				if rapid.Bool().Draw(t, "part") || want.Action == UpdateAction {
					want.Amount = money.New(rapid.Int64Range(-2, total+50).Draw(t, "amount"), "SEK")
				}
				at.setOperations(book.ops)
				plan, err := at.plan(want)
				if err != nil || plan.Skip != "" {
					if len(plan.Steps) > 0 {
						t.Fatalf("refused, and yet %+v", plan)
					}
					return
				}
				for _, step := range plan.Steps {
					op := &Operation{ID: int64(len(book.ops) + 1), PaymentID: 1, Kind: step.Verb, AmountMinor: step.Amount.Minor, Currency: "SEK", State: Queued}
					if step.Verb == gateways.Update {
						op.WasMinor = new(p.AuthorizedMinor)
					}
					p.reserve(op)
					book.ops = append(book.ops, op)
				}
			},
			"hear": func(t *rapid.T) {
				if len(book.ops) == 0 {
					return
				}
				op := book.ops[rapid.IntRange(0, len(book.ops)-1).Draw(t, "operation")]
				next := op.next(rapid.SampledFrom([]gateways.Status{gateways.Pending, gateways.Succeeded, gateways.Failed}).Draw(t, "word"))
				if next == op.State || !p.fits(op, next) {
					return
				}
				if op.Kind == gateways.Void && next == Succeeded {
					book.rest[op.ID] = p.CapturedMinor > 0
				}
				p.move(op, next)
				op.State = next
			},
			"": func(t *rapid.T) { book.check(t, p) },
		})
	})
}

func (at *position) setOperations(ops []*Operation) {
	at.others, at.payment.Operations = nil, nil
	for _, op := range ops {
		at.others = append(at.others, *op)
	}
	at.payment.Operations = at.others
}

func (l *ledger) check(t *rapid.T, p *Payment) {
	held, captured, capturing, refunded, refunding, voided := l.figures()
	want := fmt.Sprint(captured, capturing, refunded, refunding, voided)
	if got := fmt.Sprint(p.CapturedMinor, p.CaptureReservedMinor, p.RefundedMinor, p.RefundReservedMinor, p.VoidedAt != nil); got != want {
		t.Fatalf("the row says %s, its operations %s", got, want)
	}
	if p.AuthorizedMinor != held {
		t.Fatalf("the row says %d are held, its operations %d", p.AuthorizedMinor, held)
	}
	fits := map[PaymentStatus]bool{
		PaymentAuthorized: captured == 0 && !voided, PaymentCanceled: captured == 0 && voided, PaymentSuccess: captured > 0 && refunded+refunding == 0,
		PaymentRefunding: refunding > 0, PaymentPartiallyRefunded: refunded > 0 && refunded < captured && refunding == 0,
		PaymentRefunded: refunded > 0 && refunded == captured && refunding == 0,
	}
	if !fits[p.Status] {
		t.Fatalf("it is called %s with %s", p.Status, want)
	}
	switch {
	case captured+capturing > held || refunded+refunding > captured || refunded < 0 || captured < 0:
		t.Fatalf("promised twice: %s of %d", want, held)
	case voided && captured+capturing > 0:
		t.Fatal("given back and drawn")
	}
	open := 0
	for _, op := range l.ops {
		if exclusive(op.Kind) && op.State.Open() {
			open++
		}
	}
	if open > 1 {
		t.Fatalf("%d captures, voids and updates at once", open)
	}
}
