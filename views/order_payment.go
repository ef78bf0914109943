package views

import (
	"context"
	"fmt"
	"strings"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
	"github.com/kartify/kartify/views/ui"
)

// noPayment says why an order has no payment.
func noPayment(ctx context.Context, v OrderView) string {
	if v.Order.Gateway == "cod" {
		return models.RefundBlock(v.Order, v.Store, &models.Payment{}, gateways.Driver{}).In(ctx)
	}
	return lang.T(ctx, "No payment has been recorded for this order yet.")
}

// paidFigure is the number that says most about a payment: what was drawn, or what was asked for.
func paidFigure(p *models.OrderPayment) money.Amount {
	switch {
	case p.CapturedMinor > 0:
		return p.Captured()
	case p.AuthorizedMinor > 0:
		return p.Amount(p.AuthorizedMinor)
	}
	return p.Amount(p.AmountMinor)
}

// paymentKind colours a payment's status as the order's is.
func paymentKind(s models.PaymentStatus) ui.Kind {
	if s == models.PaymentPartiallyRefunded {
		return ui.Busy
	}
	return ui.KindOf(string(s))
}

// paymentSentence says what became of a payment's money.
func paymentSentence(ctx context.Context, p *models.OrderPayment) string {
	if waits := waitWords(p.Waits()); waits != "" {
		return lang.T(ctx, waits)
	}
	if !p.Status.Captured() {
		return lang.T(ctx, map[models.PaymentStatus]string{
			models.PaymentPending: "asked for; no word that it was paid", models.PaymentAuthorized: "held, not captured",
			models.PaymentCanceled: "given back or never taken", models.PaymentFailed: "declined; nothing was taken",
		}[p.Status])
	}
	var parts []string
	if p.RefundedMinor > 0 {
		parts = append(parts, lang.T(ctx, "%s refunded", inFigures(ctx, p.Amount(p.RefundedMinor))))
	}
	if p.RefundReservedMinor > 0 {
		parts = append(parts, lang.T(ctx, "%s on its way back", inFigures(ctx, p.Amount(p.RefundReservedMinor))))
	}
	if held := p.Held(); held.Minor > 0 && p.RefundedMinor+p.RefundReservedMinor == 0 {
		return lang.T(ctx, "captured, %s still held", inFigures(ctx, held))
	}
	if len(parts) == 0 {
		return lang.T(ctx, "captured")
	}
	return strings.Join(append(parts, lang.T(ctx, "%s left", inFigures(ctx, p.Refundable()))), ", ")
}

// paymentMethod is how the buyer paid: "Card, Visa 4111 11•• •••• 1111".
func paymentMethod(ctx context.Context, p *models.OrderPayment) string {
	words := []string{}
	if p.Method != "" {
		words = append(words, lang.T(ctx, map[string]string{"card": "Card", "upi": "UPI", "netbanking": "Net banking", "wallet": "Wallet", "emi": "EMI"}[p.Method]))
		if words[0] == "" {
			words[0] = lang.T(ctx, ui.Words(p.Method))
		}
	}
	card := p.CardNetwork
	switch {
	case len(p.CardFirst6) == 6 && p.CardLast4 != "":
		card += fmt.Sprintf(" %s %s•• •••• %s", p.CardFirst6[:4], p.CardFirst6[4:], p.CardLast4)
	case p.CardLast4 != "":
		card += " •••• " + p.CardLast4
	}
	if card = strings.TrimSpace(card); card != "" {
		words = append(words, card)
	}
	return strings.Join(words, ", ")
}
