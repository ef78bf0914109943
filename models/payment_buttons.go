package models

import (
	"time"

	"github.com/kartify/kartify/lang"
)

// PaymentButton is one of the buttons of a payment in the registry: whether it is there, and why it cannot be
// pressed, no text when it can.
type PaymentButton struct {
	Shown bool
	Why   lang.Text
}

// Enabled says whether the button can be pressed.
func (b PaymentButton) Enabled() bool { return b.Shown && b.Why.Format == "" }

// PaymentButtons are the buttons of the registry.
type PaymentButtons struct {
	Refund  PaymentButton // full or partial refund
	Capture PaymentButton // capture funds
	Notify  PaymentButton // send notification
}

// Buttons says which buttons a payment has by its status and its money, whoever looks at it and whatever its
// gateway can do. A refund needs money that was drawn and is neither returned nor on its way: also of a payment
// that counts as refunded, where some of it is left. Money on its way back is waited for. Funds can be captured
// until they are drawn by themselves; after that the button is gone. Only what is paid is notified of.
func (p *Payment) Buttons(now time.Time) PaymentButtons {
	var b PaymentButtons
	b.Refund.Shown = true
	switch {
	case !p.Status.Captured():
		b.Refund.Why = lang.Textf("This payment is %s; there is nothing captured to refund.", p.Status.said())
	case p.Status == PaymentRefunding:
		b.Refund.Why = lang.Textf("A refund is on its way; wait for its end before another.")
	case p.Refundable().Minor == 0:
		b.Refund.Why = lang.Textf("All of %s has been returned.", figure(p.Captured()))
	}
	over := p.CaptureBefore != nil && !now.Before(*p.CaptureBefore)
	b.Capture.Shown = p.Status == PaymentAuthorized && p.VoidedAt == nil && !over
	if b.Capture.Shown && p.Held().Minor == 0 {
		b.Capture.Why = lang.Textf("All of it is being captured already.")
	}
	b.Notify.Shown = p.Status.Captured()
	return b
}
