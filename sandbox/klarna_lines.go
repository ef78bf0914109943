package sandbox

import (
	"cmp"
	"encoding/json"
)

// klarnaLine is one line of an order (Klarna API docs, order_lines).
type klarnaLine struct {
	Reference   string          `json:"reference,omitempty"`
	Type        string          `json:"type,omitempty"`
	Quantity    int64           `json:"quantity"`
	Unit        string          `json:"quantity_unit,omitempty"`
	Name        string          `json:"name"`
	Total       int64           `json:"total_amount"` // minor units, with tax
	UnitPrice   int64           `json:"unit_price"`
	Discount    int64           `json:"total_discount_amount"`
	TaxRate     int64           `json:"tax_rate"` // hundredths of a percent
	Tax         int64           `json:"total_tax_amount"`
	ImageURL    string          `json:"image_url,omitempty"`
	ProductURL  string          `json:"product_url,omitempty"`
	Data        string          `json:"merchant_data,omitempty"`
	Identifiers json.RawMessage `json:"product_identifiers,omitempty"`
}

// klarnaMost is the largest amount Klarna takes.
const klarnaMost = 200_000_000

var klarnaTypes = map[string]bool{
	"": true, "physical": true, "discount": true, "shipping_fee": true, "sales_tax": true, "store_credit": true,
	"gift_card": true, "digital": true, "surcharge": true, "return_fee": true,
}

// klarnaTax is the tax within a total: Klarna takes it one off either way.
func klarnaTax(total, rate int64) int64 {
	n, d := total*10000, 10000+rate
	if n < 0 {
		return total + (-2*n+d)/(2*d)
	}
	return total - (2*n+d)/(2*d)
}

// badLine is the member of the lines that has a wrong shape, or "". Order Management looks no further.
func badLine(lines []klarnaLine) string {
	if len(lines) > 1000 {
		return "order_lines"
	}
	for _, l := range lines {
		switch {
		case l.Name == "" || len([]rune(l.Name)) > 255:
			return "name"
		case !klarnaTypes[l.Type]:
			return "type"
		case l.Quantity < 0:
			return "quantity"
		case len([]rune(l.Unit)) > 10:
			return "quantity_unit"
		case l.TaxRate < 0 || l.TaxRate > 10000:
			return "tax_rate"
		case l.Discount < 0:
			return "total_discount_amount"
		case len(l.Reference) > 64:
			return "reference"
		}
	}
	return ""
}

// badSum is the member that does not add up, or "": Checkout and Payments check every line and the sum.
func badSum(lines []klarnaLine, amount, tax int64) string {
	if bad := badLine(lines); bad != "" || len(lines) == 0 {
		return cmp.Or(bad, "order_lines")
	}
	var total, taxes int64
	for _, l := range lines {
		if l.Total != l.Quantity*l.UnitPrice-l.Discount {
			return "total_amount"
		}
		off := l.Tax - klarnaTax(l.Total, l.TaxRate)
		if l.Type != "sales_tax" && (off < -1 || off > 1) {
			return "total_tax_amount"
		}
		total, taxes = total+l.Total, taxes+l.Tax
	}
	switch {
	case total != amount || amount < 0 || amount > klarnaMost:
		return "order_amount"
	case taxes != tax:
		return "order_tax_amount"
	}
	return ""
}

// klarnaLines are the lines of a payment somebody wants to exist: those given, or one of everything.
func klarnaLines(in paymentRequest) []klarnaLine {
	var lines []klarnaLine
	for _, l := range linesOf(in) {
		total := l.Quantity * l.UnitMinor
		kind := cmp.Or(l.Type, "physical")
		lines = append(lines, klarnaLine{
			Reference: l.Reference, Type: kind, Quantity: l.Quantity, Unit: "pcs", Name: l.Name, Total: total,
			UnitPrice: l.UnitMinor, TaxRate: l.TaxRate, Tax: klarnaTax(total, l.TaxRate),
		})
	}
	return lines
}

// linesOf are the lines of a payment, or one line of the whole amount with Swedish VAT.
func linesOf(in paymentRequest) []paymentLine {
	if len(in.Lines) > 0 {
		return in.Lines
	}
	return []paymentLine{{Reference: "A1", Type: "physical", Name: "Order " + in.Order, Quantity: 1, UnitMinor: in.AmountMinor, TaxRate: 2500}}
}
