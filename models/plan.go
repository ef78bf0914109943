package models

import (
	"context"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
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
	Skip               string    // a sentence, in English
	Text               lang.Text // the same, for whoever reads another language
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

// not ends a plan that does nothing, with the reason. No code is no reason.
func (p *Plan) not(code SkipCode, why lang.Text) {
	p.Code, p.Skip, p.Text = code, why.String(), why
}

// SkipIn is why the plan does nothing, in the language of who asked, or "".
func (p Plan) SkipIn(ctx context.Context) string {
	if p.Text.Format != "" {
		return p.Text.In(ctx)
	}
	return lang.T(ctx, p.Skip)
}

// Sentence is what would happen, in English, or why nothing.
func (p Plan) Sentence() string { return p.In(context.Background()) }

// In is what would happen, in the language of who asked, or why nothing.
func (p Plan) In(ctx context.Context) string {
	if p.Skip != "" {
		return p.SkipIn(ctx)
	}
	var text string
	for i, step := range p.Steps {
		next := step.text(p.Name).In(ctx)
		if i > 0 {
			next = lang.T(ctx, "%s, then %s", text, next)
		}
		text = next
	}
	text = lang.T(ctx, "%s.", text)
	if p.GivenUp.Minor > 0 {
		text += " " + lang.T(ctx, "%s draws once: the other %s is given up.", p.Name, figure(p.GivenUp))
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// text is a step in the middle of a sentence; name is the gateway's.
func (s Step) text(name string) lang.Text {
	switch amount := figure(s.Amount); s.Verb {
	case gateways.Capture:
		return lang.Textf("capture %s at %s", amount, name)
	case gateways.Void:
		return lang.Textf("give back the %s that %s holds", amount, name)
	case gateways.Update:
		return lang.Textf("have %s hold %s", name, amount)
	case gateways.Refund:
		return lang.Textf("refund %s by %s", amount, name)
	}
	return lang.Text{}
}

// problem is the plan's reason as an answer to somebody who asked for the action.
func (p Plan) problem() error { return &Problem{Sentence: p.Skip, Text: p.Text, Conflict: true} }
