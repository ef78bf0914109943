package models

import (
	"fmt"
	"strings"
	"time"
)

// PaymentButton is one of the buttons of a payment in the registry: whether it is there, and why it cannot be
// pressed, "" when it can.
type PaymentButton struct {
	Shown bool
	Why   string
}

// Enabled says whether the button can be pressed.
func (b PaymentButton) Enabled() bool { return b.Shown && b.Why == "" }

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
	word := strings.ToLower(p.Status.Label())
	b.Refund.Shown = true
	switch {
	case !p.Status.Captured():
		b.Refund.Why = fmt.Sprintf("This payment is %s; there is nothing captured to refund.", word)
	case p.Status == PaymentRefunding:
		b.Refund.Why = "A refund is on its way; wait for its end before another."
	case p.Refundable().Minor == 0:
		b.Refund.Why = fmt.Sprintf("All of %s has been returned.", p.Captured().Grouped())
	}
	over := p.CaptureBefore != nil && !now.Before(*p.CaptureBefore)
	b.Capture.Shown = p.Status == PaymentAuthorized && p.VoidedAt == nil && !over
	if b.Capture.Shown && p.Held().Minor == 0 {
		b.Capture.Why = "All of it is being captured already."
	}
	b.Notify.Shown = p.Status.Captured()
	return b
}
