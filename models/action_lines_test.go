package models

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/kartify/kartify/gateways"
)

// However an order is captured or refunded in parts, the parts add up to the order, and what goes to the
// provider adds up to the part: in currencies of no, two and three digits.
func TestPartsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom([]string{"JPY", "KWD", "INR", "SEK", "RUB"}).Draw(t, "currency")
		order := &Order{Currency: currency, ShippingMinor: rapid.Int64Range(0, 9_999).Draw(t, "shipping"), ShippingTaxMinor: rapid.Int64Range(0, 999).Draw(t, "shipping tax")}
		var items []OrderItem
		for i := range rapid.IntRange(1, 5).Draw(t, "items") {
			item := OrderItem{ID: int64(i + 1), SKU: "SKU", Name: "Thing", Quantity: rapid.Int64Range(1, 12).Draw(t, "quantity"), UnitMinor: rapid.Int64Range(0, 1_000_003).Draw(t, "unit")}
			gross := item.Quantity * item.UnitMinor
			item.DiscountMinor = rapid.Int64Range(0, gross).Draw(t, "discount")
			net := gross - item.DiscountMinor
			item.TaxMinor = net * rapid.SampledFrom([]int64{0, 5, 6, 12, 18, 20, 25}).Draw(t, "rate") / 100
			item.TotalMinor = net + item.TaxMinor
			order.ItemsMinor, order.DiscountMinor, order.TaxMinor = order.ItemsMinor+gross, order.DiscountMinor+item.DiscountMinor, order.TaxMinor+item.TaxMinor
			items = append(items, item)
		}
		order.TotalMinor = order.ItemsMinor - order.DiscountMinor + order.TaxMinor + order.ShippingMinor + order.ShippingTaxMinor
		var ops []Operation
		var sum int64
		for first := true; ; first = false {
			done, shipped := linesOf(ops, gateways.Capture)
			var choices []LineChoice
			for _, item := range items {
				if left := item.Quantity - done[item.ID]; left > 0 {
					choices = append(choices, LineChoice{item.ID, rapid.Int64Range(min(1, left), left).Draw(t, "take")})
				}
			}
			lines, amount, err := lineAmounts(lineWords[gateways.Capture], order, items, done, shipped, choices, first)
			if err != nil {
				t.Fatal(err)
			}
			if len(choices) == 0 && !first {
				break
			}
			var part int64
			for _, line := range gatewayLines(lines) {
				discount := line.Quantity*line.Unit - line.Total
				if line.Total < 0 || line.Tax < 0 || discount < 0 || discount >= line.Quantity {
					t.Fatalf("a line of %+v", line)
				}
				part += line.Total
			}
			if part != amount.Minor || amount.Currency != currency {
				t.Fatalf("the lines come to %d, the part to %v", part, amount)
			}
			sum += part
			ops = append(ops, Operation{Kind: gateways.Capture, State: Succeeded, Lines: lines})
		}
		if sum != order.TotalMinor {
			t.Fatalf("the parts come to %d, the order to %d", sum, order.TotalMinor)
		}
	})
}

func TestTaxRate(t *testing.T) {
	tests := []struct{ net, tax, quantity, want int64 }{
		{10000, 2500, 1, 2500},
		{9999, 2500, 1, 2500}, // rounded
		{3333, 400, 3, 1200},
		{10000, 1250, 1, 1250}, // 12.5 %
		{0, 0, 1, 0},
		{100, 0, 1, 0},
		{250, 45, 1, 1800},
	}
	for _, tt := range tests {
		if got := taxRate(tt.net, tt.tax, tt.quantity); got != tt.want {
			t.Errorf("taxRate(%d, %d, %d) = %d, want %d", tt.net, tt.tax, tt.quantity, got, tt.want)
		}
	}
}
