package models

import (
	"context"
	"errors"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/money"
)

// figure is an amount among the values of a sentence, grouped as people read it: "1,499.00 INR".
type figure money.Amount

func (f figure) String() string { return money.Amount(f).Grouped() }

// In is the figure as the language writes it.
func (f figure) In(ctx context.Context) string { return lang.Number(ctx, f.String()) }

// moment is a time among the values of a sentence, by the clocks of a store: "22 November 2026 14:03".
type moment struct {
	at    time.Time
	store *Store
}

const momentLayout = "2 January 2006 15:04"

func (m moment) String() string { return m.at.In(m.store.Zone()).Format(momentLayout) }

// In is the moment with the month's name in the language.
func (m moment) In(ctx context.Context) string {
	return lang.Format(ctx, m.at.In(m.store.Zone()), momentLayout)
}

// said is the label inside a sentence: "This payment is authorized".
func (s PaymentStatus) said() lang.Text {
	switch s {
	case PaymentPending:
		return lang.Textf("awaiting payment")
	case PaymentAuthorized:
		return lang.Textf("authorized")
	case PaymentObtained:
		return lang.Textf("received")
	case PaymentCanceled:
		return lang.Textf("canceled")
	case PaymentFailed:
		return lang.Textf("failed")
	case PaymentSuccess:
		return lang.Textf("completed")
	case PaymentStuck:
		return lang.Textf("completed, not notified")
	case PaymentRefunding:
		return lang.Textf("refunding")
	case PaymentRefunded:
		return lang.Textf("refunded")
	case PaymentPartiallyRefunded:
		return lang.Textf("partially refunded")
	}
	return lang.Text{}
}

// said is a state inside a sentence: "This operation is done".
func (s OperationState) said() lang.Text {
	switch s {
	case AwaitingApproval:
		return lang.Textf("awaiting approval")
	case Queued:
		return lang.Textf("queued")
	case Dispatching:
		return lang.Textf("dispatching")
	case Accepted:
		return lang.Textf("pending")
	case Succeeded:
		return lang.Textf("succeeded")
	case Failed:
		return lang.Textf("failed")
	case UnknownOutcome:
		return lang.Textf("unknown")
	case NeedsReview:
		return lang.Textf("needs review")
	case Cancelled:
		return lang.Textf("cancelled")
	}
	return lang.Textf("%s", string(s))
}

// verbText is what operations of a verb are called.
func verbText(v gateways.Verb) lang.Text {
	switch v {
	case gateways.Refund:
		return lang.Textf("Refund")
	case gateways.Capture:
		return lang.Textf("Capture")
	case gateways.Void:
		return lang.Textf("Cancellation")
	case gateways.Update:
		return lang.Textf("Amount update")
	}
	return lang.Text{}
}

// spoken is what an error tells a person.
func spoken(err error) lang.Text {
	var problem *Problem
	if errors.As(err, &problem) && problem.Text.Format != "" {
		return problem.Text
	}
	return lang.Textf("%s", message(err))
}
