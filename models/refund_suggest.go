package models

import (
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// sameRefundWindow is how long an equal refund of the same payment is worth a warning.
const sameRefundWindow = 10 * time.Minute

// SuggestRefund is what the Refund Money form of a payment begins with: what the oldest unanswered
// request asks for, as far as it is left, or else all that is left. event is nil without a request.
func (p *OrderPage) SuggestRefund(payment *OrderPayment) (amount money.Amount, event *OrderEvent) {
	amount = payment.Refundable()
	unanswered := p.Unanswered()
	if len(unanswered) == 0 {
		return amount, nil
	}
	event = &unanswered[0]
	if asked := event.AmountMinor; asked != nil && *asked > 0 && *asked < amount.Minor && payment.Currency == p.Order.Currency {
		amount.Minor = *asked
	}
	return amount, event
}

// SameRefund is a refund of the same amount and payment that was asked for in the last ten minutes and
// did not fail, or nil.
func (p *OrderPage) SameRefund(payment *OrderPayment, amount money.Amount) *Operation {
	for _, op := range payment.Operations {
		if op.Kind == gateways.Refund && op.Amount() == amount && op.State != Failed && op.State != Cancelled && p.Now.Sub(op.CreatedAt) < sameRefundWindow {
			return &op
		}
	}
	return nil
}

// LineLeft is an order item and how many of it can still be refunded.
type LineLeft struct {
	Item OrderItem
	Left int64
}

// LinesLeft are the items of the order with what earlier refunds have left of them, and whether the
// shipping can still be refunded.
func (p *OrderPage) LinesLeft() (lines []LineLeft, shipping bool) {
	done, shipped := RefundedLines(p.Operations())
	for _, item := range p.Items {
		lines = append(lines, LineLeft{Item: item, Left: max(item.Quantity-done[item.ID], 0)})
	}
	return lines, !shipped && p.Order.ShippingMinor+p.Order.ShippingTaxMinor > 0
}

// LineTotal works out what chosen lines come to, as refunding them would.
func (p *OrderPage) LineTotal(choices []LineChoice, shipping bool) ([]RefundLine, money.Amount, error) {
	done, shipped := RefundedLines(p.Operations())
	return LineAmounts(p.Order, p.Items, done, shipped, choices, shipping)
}

// LinesToCapture are the items of the order with what earlier captures have left of them, and whether the
// shipping can still be captured.
func (p *OrderPage) LinesToCapture() (lines []LineLeft, shipping bool) {
	done, shipped := linesOf(p.Operations(), gateways.Capture)
	for _, item := range p.Items {
		lines = append(lines, LineLeft{Item: item, Left: max(item.Quantity-done[item.ID], 0)})
	}
	return lines, !shipped && p.Order.ShippingMinor+p.Order.ShippingTaxMinor > 0
}
