package models

import (
	"fmt"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// Action is what somebody wants done with a payment's money.
type Action string

// The actions. CancelAction gives back what is held and returns what was drawn: which, the payment decides.
const (
	CaptureAction Action = "capture"
	CancelAction  Action = "cancel"
	UpdateAction  Action = "amount_update"
	RefundAction  Action = "refund"
)

// Want is an action and how much of it.
type Want struct {
	Action Action
	Amount money.Amount // the zero value is all there is; for UpdateAction the new total
	// ByLines takes the amount from Lines and Shipping: what is captured or refunded, or for UpdateAction
	// what the order keeps.
	ByLines      bool
	Lines        []LineChoice // for UpdateAction a line that is not named stays as it is
	Shipping     bool         // with the shipping; not for UpdateAction
	DropShipping bool         // for UpdateAction: the shipping goes, too
	usual        bool         // nobody asked for this amount: it is looked whether the action can be done at all
	Fresh        bool         // ask the provider first
}

// Plan is what an action would do to a payment now, or why it would do nothing.
type Plan struct {
	Action             Action
	OrderID, PaymentID int64
	Gateway, Mode      string
	Name               string    // of the gateway, as people read it
	Steps              []Step    // what would be called, in this order; empty when Skip says why not
	Skip               string    // a sentence
	Code               SkipCode  // the same for programs
	Fresh              bool      // the provider was asked
	At                 time.Time // when
	GivenUp            money.Amount
	CaptureBefore      *time.Time
	Portal             string // where the merchant sees the payment at the provider
}

// Step is one call to the gateway.
type Step struct {
	Verb   gateways.Verb
	Amount money.Amount // of an amount update, the new total
	Lines  []RefundLine // what it is for, where that is known; they add up to Amount
}

// SkipCode is why a plan does nothing.
type SkipCode string

// The reasons. Done and UnderWay need nobody; the others do not pass by themselves.
const (
	SkipDone         SkipCode = "done"          // what is wanted is so already
	SkipUnderWay     SkipCode = "under_way"     // another operation must end first
	SkipNotPaid      SkipCode = "not_paid"      // nothing is held or drawn
	SkipNotCaptured  SkipCode = "not_captured"  // held only; nothing to return
	SkipCaptured     SkipCode = "captured"      // drawn; the amount can no longer change
	SkipExpired      SkipCode = "expired"       // the hold ran out
	SkipVoided       SkipCode = "voided"        // the hold was given back
	SkipWholeOnly    SkipCode = "whole_only"    // parts are credited in the provider's portal
	SkipNotPossible  SkipCode = "not_possible"  // this gateway does not do that
	SkipNoSettings   SkipCode = "no_settings"   // the store has none for this gateway and mode
	SkipNoRef        SkipCode = "no_ref"        // the provider's id of the payment is not known
	SkipDiffers      SkipCode = "differs"       // the provider speaks of another payment than we do
	SkipNotConnected SkipCode = "not_connected" // no driver: cash on delivery, an imported gateway
)

// Blocked says that something other than success or a running operation keeps the action from being done.
func (p Plan) Blocked() bool {
	return p.Skip != "" && p.Code != SkipDone && p.Code != SkipUnderWay
}

// Sentence is what would happen, in words, or why nothing.
func (p Plan) Sentence() string {
	if p.Skip != "" {
		return p.Skip
	}
	var parts []string
	for _, step := range p.Steps {
		switch step.Verb {
		case gateways.Capture:
			parts = append(parts, fmt.Sprintf("capture %s at %s", step.Amount.Grouped(), p.Name))
		case gateways.Void:
			parts = append(parts, fmt.Sprintf("give back the %s that %s holds", step.Amount.Grouped(), p.Name))
		case gateways.Update:
			parts = append(parts, fmt.Sprintf("have %s hold %s", p.Name, step.Amount.Grouped()))
		case gateways.Refund:
			parts = append(parts, fmt.Sprintf("refund %s by %s", step.Amount.Grouped(), p.Name))
		}
	}
	text := strings.Join(parts, ", then ") + "."
	if p.GivenUp.Minor > 0 {
		text += fmt.Sprintf(" %s draws once: the other %s is given up.", p.Name, p.GivenUp.Grouped())
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// problem is the plan's reason as an answer to somebody who asked for the action.
func (p Plan) problem() error { return conflictf("%s", p.Skip) }
