package models

import (
	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/money"
)

// RefundLine is a part of a refund, a capture or an amount update: Quantity of an order item, or the
// shipping when ItemID is 0. The amounts are minor units of the order's currency and include tax.
type RefundLine struct {
	ItemID     int64  `json:"item_id"`
	SKU        string `json:"sku,omitempty"`
	Name       string `json:"name"`
	Quantity   int64  `json:"quantity"`
	NetMinor   int64  `json:"net_minor"`
	TaxMinor   int64  `json:"tax_minor"`
	TotalMinor int64  `json:"total_minor"`
}

// LineChoice is what somebody ticked: how many of an item.
type LineChoice struct {
	ItemID   int64
	Quantity int64
}

// words are how an action on lines is spoken of.
type words struct{ do, done lang.Text }

var lineWords = map[gateways.Verb]words{
	gateways.Refund:  {lang.Textf("refund"), lang.Textf("refunded")},
	gateways.Capture: {lang.Textf("capture"), lang.Textf("captured")},
	gateways.Update:  {lang.Textf("keep"), lang.Textf("kept")},
}

// LineAmounts works out what the chosen lines come to, with tax and shipping. The shares of one item over
// several refunds always add up to the item; done are the quantities refunded before.
func LineAmounts(order *Order, items []OrderItem, done map[int64]int64, shippingDone bool, choices []LineChoice, shipping bool) ([]RefundLine, money.Amount, error) {
	return lineAmounts(lineWords[gateways.Refund], order, items, done, shippingDone, choices, shipping)
}

func lineAmounts(say words, order *Order, items []OrderItem, done map[int64]int64, shippingDone bool, choices []LineChoice, shipping bool) ([]RefundLine, money.Amount, error) {
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
			return nil, money.Amount{}, problemf("Choose how many of “%s” to %s, from 0 to %d.", item.Name, say.do, left)
		case choice.Quantity > left:
			return nil, money.Amount{}, problemf("Only %d of “%s” can still be %s.", left, item.Name, say.done)
		}
		seen[choice.ItemID] = true
		line := item.part(done[choice.ItemID], done[choice.ItemID]+choice.Quantity)
		lines = append(lines, line)
		total += line.TotalMinor
	}
	if shipping {
		if shippingDone {
			return nil, money.Amount{}, problemf("The shipping has been %s already.", say.done)
		}
		line := order.shippingLine()
		lines = append(lines, line)
		total += line.TotalMinor
	}
	return lines, order.Amount(total), nil
}

// part is the pieces of an item after from up to to.
func (i OrderItem) part(from, to int64) RefundLine {
	net, tax := pieces(i.TotalMinor-i.TaxMinor, from, to, i.Quantity), pieces(i.TaxMinor, from, to, i.Quantity)
	return RefundLine{ItemID: i.ID, SKU: i.SKU, Name: i.Name, Quantity: to - from, NetMinor: net, TaxMinor: tax, TotalMinor: net + tax}
}

func (o *Order) shippingLine() RefundLine {
	return RefundLine{Name: "Shipping", Quantity: 1, NetMinor: o.ShippingMinor, TaxMinor: o.ShippingTaxMinor, TotalMinor: o.ShippingMinor + o.ShippingTaxMinor}
}

// pieces is what the pieces after from up to to cost when all of quantity cost whole. Neighbouring
// ranges are never negative and add up to whole.
func pieces(whole, from, to, quantity int64) int64 {
	if quantity == 0 {
		return 0 // an amount update took them all out
	}
	first := func(n int64) int64 { return money.Share(whole, []int64{n, quantity - n})[0] }
	return first(to) - first(from)
}

// RefundedLines counts how many of each item refunds have taken, and whether the shipping is among them.
// Refunds that failed took nothing.
func RefundedLines(ops []Operation) (quantities map[int64]int64, shipping bool) {
	return linesOf(ops, gateways.Refund)
}

// linesOf counts what operations of a verb have taken of each item, and whether of the shipping.
func linesOf(ops []Operation, verb gateways.Verb) (quantities map[int64]int64, shipping bool) {
	quantities = map[int64]int64{}
	for _, op := range ops {
		if op.Kind != verb || op.State == Failed || op.State == Cancelled {
			continue
		}
		for _, line := range op.Lines {
			if line.ItemID == 0 {
				shipping = true
				continue
			}
			quantities[line.ItemID] += line.Quantity
		}
	}
	return quantities, shipping
}

// kept are the lines an order keeps when of those chosen only so many remain, and what they come to. A line
// that is not named stays as it is.
func (at *position) kept(choices []LineChoice, dropShipping bool) ([]RefundLine, money.Amount, error) {
	held := at.payment.Held()
	switch {
	case len(at.items) == 0:
		return nil, money.Amount{}, FieldProblem("lines", "No lines came with this order; enter the new amount instead.")
	case at.order.Total() != held:
		return nil, money.Amount{}, FieldProblem("lines", "The order comes to %s, but the payment holds %s; enter the new amount instead.", at.order.Total(), held)
	}
	keep := map[int64]int64{}
	for _, item := range at.items {
		keep[item.ID] = item.Quantity
	}
	for _, choice := range choices {
		if _, ok := keep[choice.ItemID]; !ok {
			return nil, money.Amount{}, problemf("One of the chosen lines is not part of this order; reload the page.")
		}
		keep[choice.ItemID] = choice.Quantity
	}
	all := make([]LineChoice, len(at.items))
	for i, item := range at.items {
		all[i] = LineChoice{item.ID, keep[item.ID]}
	}
	shipping := !dropShipping && at.order.ShippingMinor+at.order.ShippingTaxMinor > 0
	return lineAmounts(lineWords[gateways.Update], at.order, at.items, nil, false, all, shipping)
}

// everyLine are all lines of the order as they are, with the shipping, and what they come to.
func (at *position) everyLine() ([]RefundLine, money.Amount, error) {
	all := make([]LineChoice, len(at.items))
	for i, item := range at.items {
		all[i] = LineChoice{item.ID, item.Quantity}
	}
	shipping := at.order.ShippingMinor+at.order.ShippingTaxMinor > 0
	return lineAmounts(lineWords[gateways.Update], at.order, at.items, nil, false, all, shipping)
}

// gatewayLines are the lines as providers want them. The price of one includes tax; what it exceeds the
// line by is a discount.
func gatewayLines(lines []RefundLine) []gateways.Line {
	var out []gateways.Line
	for _, line := range lines {
		kind := gateways.Goods
		if line.ItemID == 0 {
			kind = gateways.Shipping
		}
		ref := line.SKU
		if ref == "" {
			ref = line.Name
		}
		quantity := max(line.Quantity, 1)
		out = append(out, gateways.Line{
			Ref: ref, Name: line.Name, Kind: kind, Quantity: quantity, Unit: (line.TotalMinor + quantity - 1) / quantity,
			TaxRate: taxRate(line.NetMinor, line.TaxMinor, quantity), Tax: line.TaxMinor, Total: line.TotalMinor,
		})
	}
	return out
}

// taxRate is the rate in hundredths of a percent that makes tax of net: a whole percent when one comes within
// a unit for each piece, for amounts are rounded and laws are not.
func taxRate(net, tax, quantity int64) int64 {
	if net <= 0 || tax <= 0 {
		return 0
	}
	whole := (tax*100 + net/2) / net
	if off := net*whole - tax*100; off <= 100*quantity && off >= -100*quantity {
		return whole * 100
	}
	return (tax*10_000 + net/2) / net
}
