package models

import (
	"github.com/kartify/kartify/money"
)

// RefundLine is a part of a refund: Quantity of an order item, or the shipping when ItemID is 0.
// The amounts are minor units of the order's currency and include tax.
type RefundLine struct {
	ItemID     int64  `json:"item_id"`
	Name       string `json:"name"`
	Quantity   int64  `json:"quantity"`
	NetMinor   int64  `json:"net_minor"`
	TaxMinor   int64  `json:"tax_minor"`
	TotalMinor int64  `json:"total_minor"`
}

// LineChoice is what somebody ticked: how many of an item, or whether the shipping is included.
type LineChoice struct {
	ItemID   int64
	Quantity int64
}

// LineAmounts works out what the chosen lines come to, with tax and shipping. The shares of one item over
// several refunds always add up to the item; done are the quantities refunded before.
func LineAmounts(order *Order, items []OrderItem, done map[int64]int64, shippingDone bool, choices []LineChoice, shipping bool) ([]RefundLine, money.Amount, error) {
	byID := map[int64]OrderItem{}
	for _, item := range items {
		byID[item.ID] = item
	}
	var lines []RefundLine
	var total int64
	seen := map[int64]bool{}
	for _, choice := range choices {
		item, ok := byID[choice.ItemID]
		left := item.Quantity - done[choice.ItemID]
		switch {
		case choice.Quantity == 0:
			continue
		case !ok || seen[choice.ItemID]:
			return nil, money.Amount{}, problemf("One of the chosen lines is not part of this order; reload the page.")
		case choice.Quantity < 0:
			return nil, money.Amount{}, problemf("Choose how many of “%s” to refund, from 0 to %d.", item.Name, left)
		case choice.Quantity > left:
			return nil, money.Amount{}, problemf("Only %d of “%s” can still be refunded.", left, item.Name)
		}
		seen[choice.ItemID] = true
		from, to := done[choice.ItemID], done[choice.ItemID]+choice.Quantity
		net := pieces(item.TotalMinor-item.TaxMinor, from, to, item.Quantity)
		tax := pieces(item.TaxMinor, from, to, item.Quantity)
		lines = append(lines, RefundLine{
			ItemID: item.ID, Name: item.Name, Quantity: choice.Quantity,
			NetMinor: net, TaxMinor: tax, TotalMinor: net + tax,
		})
		total += net + tax
	}
	if shipping {
		if shippingDone {
			return nil, money.Amount{}, problemf("The shipping has been refunded already.")
		}
		whole := order.ShippingMinor + order.ShippingTaxMinor
		lines = append(lines, RefundLine{Name: "Shipping", Quantity: 1, NetMinor: order.ShippingMinor, TaxMinor: order.ShippingTaxMinor, TotalMinor: whole})
		total += whole
	}
	return lines, order.Amount(total), nil
}

// pieces is what the pieces after from up to to cost when all of quantity cost whole. Neighbouring
// ranges are never negative and add up to whole.
func pieces(whole, from, to, quantity int64) int64 {
	first := func(n int64) int64 { return money.Share(whole, []int64{n, quantity - n})[0] }
	return first(to) - first(from)
}
