package klarna

import (
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// Amounts are whole minor units that include tax; rates have two implied decimals (Order Management API, order_line).

type order struct {
	ID           string       `json:"order_id"`
	Status       string       `json:"status"`
	Fraud        string       `json:"fraud_status"`
	Amount       int64        `json:"order_amount"`
	Original     int64        `json:"original_order_amount"`
	Captured     int64        `json:"captured_amount"`
	Refunded     int64        `json:"refunded_amount"`
	Remaining    int64        `json:"remaining_authorized_amount"`
	Currency     string       `json:"purchase_currency"`
	Reference    string       `json:"klarna_reference"`
	OurReference string       `json:"merchant_reference1"`
	CreatedAt    string       `json:"created_at"`
	ExpiresAt    string       `json:"expires_at"`
	Captures     []capture    `json:"captures"`
	Refunds      []refund     `json:"refunds"`
	Method       *methodOfOne `json:"initial_payment_method"`
}

type methodOfOne struct {
	Type string `json:"type"`
}

type capture struct {
	ID              string `json:"capture_id"`
	KlarnaReference string `json:"klarna_reference"`
	Amount          int64  `json:"captured_amount"`
	At              string `json:"captured_at"`
	Reference       string `json:"reference"`
}

type refund struct {
	ID        string `json:"refund_id"`
	Amount    int64  `json:"refunded_amount"`
	At        string `json:"refunded_at"`
	Reference string `json:"reference"`
}

type captureRequest struct {
	Amount      int64       `json:"captured_amount"`
	Reference   string      `json:"reference"`
	Description string      `json:"description,omitempty"`
	Lines       []orderLine `json:"order_lines,omitempty"`
}

type refundRequest struct {
	Amount      int64       `json:"refunded_amount"`
	Reference   string      `json:"reference"`
	Description string      `json:"description,omitempty"`
	Lines       []orderLine `json:"order_lines,omitempty"`
}

// authorizationRequest replaces the amount and the lines; lines left out would be wiped.
type authorizationRequest struct {
	Amount      int64       `json:"order_amount"`
	Description string      `json:"description,omitempty"`
	Lines       []orderLine `json:"order_lines"`
}

type orderLine struct {
	Type        string `json:"type"`
	Reference   string `json:"reference,omitempty"`
	Name        string `json:"name"`
	Quantity    int64  `json:"quantity"`
	UnitPrice   int64  `json:"unit_price"`
	TaxRate     int64  `json:"tax_rate"`
	TotalAmount int64  `json:"total_amount"`
	Discount    int64  `json:"total_discount_amount"`
	TotalTax    int64  `json:"total_tax_amount"`
}

// lineTypes are Klarna's words for what a line is.
var lineTypes = map[gateways.LineKind]string{gateways.Goods: "physical", gateways.Shipping: "shipping_fee", gateways.Discount: "discount"}

// linesOf are the lines in Klarna's words, or nil when they do not add up to amount.
func linesOf(lines []gateways.Line, amount int64) []orderLine {
	var out []orderLine
	var sum int64
	for _, line := range lines {
		kind, ok := lineTypes[line.Kind]
		if !ok {
			kind = "physical"
		}
		l := orderLine{
			Type: kind, Reference: shorten(line.Ref, 64), Name: shorten(line.Name, 255), Quantity: line.Quantity,
			UnitPrice: line.Unit, TaxRate: line.TaxRate, TotalAmount: line.Total, TotalTax: line.Tax,
		}
		if l.Name == "" {
			l.Name = "Item"
		}
		// The total is quantity × unit price − discount, and a discount is not negative.
		if l.Discount = l.Quantity*l.UnitPrice - l.TotalAmount; l.Discount < 0 || l.Quantity <= 0 {
			l.Quantity, l.UnitPrice, l.Discount = 1, l.TotalAmount, 0
		}
		out, sum = append(out, l), sum+l.TotalAmount
	}
	if sum != amount {
		return nil
	}
	return out
}

// result is a capture as Klarna lists it. Klarna answers a capture when it is done.
func (c capture) result(o order, raw []byte) gateways.Result {
	return gateways.Result{
		Status: gateways.Succeeded, Ref: c.ID, PaymentRef: o.ID, Amount: money.New(c.Amount, o.Currency), Reference: c.KlarnaReference,
		Word: "captured", Key: c.Reference, At: at(c.At), Raw: raw,
	}
}

// result is a refund as Klarna lists it.
func (r refund) result(o order, raw []byte) gateways.Result {
	return gateways.Result{
		Status: gateways.Succeeded, Ref: r.ID, PaymentRef: o.ID, Amount: money.New(r.Amount, o.Currency),
		Word: "refunded", Key: r.Reference, At: at(r.At), Raw: raw,
	}
}

// at reads 2020-08-24T11:57:38.000Z; what cannot be read is no time.
func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// shorten keeps a text within a number of characters.
func shorten(text string, most int) string {
	text = strings.TrimSpace(text)
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
