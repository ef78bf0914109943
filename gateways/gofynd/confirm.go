package gofynd

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// Confirmation says that an order of Fynd is paid: the Confirm Payment of Systems > Tools > Fynd API.
type Confirmation struct {
	PartnerOrderID string       // the GoFynd order id: FY…
	Amount         money.Amount // what was paid
	Mode           string       // Fynd's word for the method: "CC"; "PP" (prepaid) when empty
	Gateway        string       // "CCAvenue"
	PaymentRef     string       // the gateway's id of the payment
	OrderRef       string       // the gateway's id of its order
}

// ConfirmReply is Fynd's answer to a Confirmation.
type ConfirmReply struct {
	Message string // Fynd's sentence: "Payment confirmed"
	Raw     []byte
}

type confirmMessage struct {
	OrderID string          `json:"order_id"`
	Methods []confirmMethod `json:"payment_methods"`
}

type confirmMethod struct {
	Mode   string      `json:"mode"`
	Name   string      `json:"name,omitempty"`
	Amount json.Number `json:"amount"` // in the main unit: 499.5
	Meta   confirmMeta `json:"meta"`
}

type confirmMeta struct {
	PaymentID string `json:"payment_id,omitempty"`
	OrderID   string `json:"order_id,omitempty"`
	Status    string `json:"current_status"`
	Gateway   string `json:"payment_gateway,omitempty"`
}

// ConfirmPayment tells Fynd that an order is paid. Saying it again changes nothing at Fynd.
func (g *Gateway) ConfirmPayment(ctx context.Context, c Confirmation) (ConfirmReply, error) {
	refuse := func(sentence string) (ConfirmReply, error) {
		return ConfirmReply{}, &gateways.Error{Kind: gateways.Declined, Verb: "confirm_payment", Message: sentence}
	}
	if c.PartnerOrderID == "" || c.Amount.Minor <= 0 {
		return refuse("Confirming a payment needs the GoFynd order id and an amount above zero.")
	}
	in := confirmMessage{c.PartnerOrderID, []confirmMethod{{
		Mode: first(c.Mode, "PP"), Name: c.Gateway, Amount: json.Number(plainDecimal(c.Amount)),
		Meta: confirmMeta{c.PaymentRef, c.OrderRef, "complete", c.Gateway},
	}}}
	var out struct {
		OrderID string `json:"order_id"`
		Message string `json:"message"`
		Success *bool  `json:"success"`
	}
	raw, err := g.api.PostJSON(ctx, "confirm_payment", g.path("/confirm"), in, &out)
	if err != nil {
		return ConfirmReply{}, err
	}
	said := gateways.Scrub(out.Message, g.api.Secrets...)
	switch {
	case out.Success != nil && !*out.Success:
		return refuse("Fynd did not confirm the payment. Fynd says: " + said)
	case out.Success == nil || out.OrderID != c.PartnerOrderID:
		return ConfirmReply{}, &gateways.Error{Kind: gateways.Unknown, Verb: "confirm_payment", Status: 200, Message: "Fynd answered about something else than this order. Confirm the payment again."}
	}
	return ConfirmReply{Message: said, Raw: raw}, nil
}

// plainDecimal is an amount as JavaScript writes the number: 499, 499.5. Whoever checks the signature
// over the text as JavaScript writes it anew gets the same text.
func plainDecimal(amount money.Amount) string {
	text := amount.Decimal()
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}
