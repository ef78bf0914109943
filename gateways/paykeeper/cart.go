package paykeeper

import (
	"encoding/json"
	"strings"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// position is a line of a 54-FZ receipt: price × quantity = sum, exactly (Goods in a 54-FZ receipt).
type position struct {
	Name        string      `json:"name"`
	Price       json.Number `json:"price"`
	Quantity    int64       `json:"quantity"`
	Sum         json.Number `json:"sum"`
	Tax         string      `json:"tax"`
	ItemType    string      `json:"item_type"`
	PaymentType string      `json:"payment_type"`
}

// rates are the taxes of a receipt by hundredths of a percent; a rate that the list has not is none.
var rates = map[int64]string{500: "vat5", 700: "vat7", 1000: "vat10", 1800: "vat18", 2000: "vat20", 2200: "vat22"}

// cart writes lines as the goods of a receipt whose sums add up to amount, or "[]" when they cannot be.
// Discounts are spread over the goods, and a price that does not divide is written as two lines.
func cart(lines []gateways.Line, amount money.Amount) string {
	var goods []gateways.Line
	var weights []int64
	var total, off int64
	for _, line := range lines {
		total += line.Total
		if line.Total < 0 {
			off += line.Total
			continue
		}
		if line.Total > 0 {
			goods, weights = append(goods, line), append(weights, line.Total)
		}
	}
	if total != amount.Minor || len(goods) == 0 {
		return "[]"
	}
	parts := money.Share(off, weights)
	positions := []position{}
	for i, line := range goods {
		positions = append(positions, split(line, line.Total+parts[i])...)
	}
	written, err := gateways.EncodeJSON(positions)
	if err != nil {
		return "[]"
	}
	return string(written)
}

// split is a line as one position, or as two where its sum does not divide by its pieces.
func split(line gateways.Line, total int64) []position {
	if total <= 0 {
		return nil
	}
	pieces := max(1, line.Quantity)
	if total < pieces {
		pieces = 1
	}
	price, over := total/pieces, total%pieces
	var positions []position
	for _, part := range []struct{ price, pieces int64 }{{price, pieces - over}, {price + 1, over}} {
		if part.pieces == 0 {
			continue
		}
		tax, known := rates[line.TaxRate]
		if !known {
			tax = "none"
		}
		kind := "goods"
		if line.Kind == gateways.Shipping {
			kind = "service"
		}
		positions = append(positions, position{
			Name:     nameOf(line),
			Price:    json.Number(sumOf(money.New(part.price, currency))),
			Quantity: part.pieces,
			Sum:      json.Number(sumOf(money.New(part.price*part.pieces, currency))),
			Tax:      tax, ItemType: kind, PaymentType: "full",
		})
	}
	return positions
}

// nameOf is what a line is called on a receipt: one row of at most 128 characters.
func nameOf(line gateways.Line) string {
	name := strings.Join(strings.Fields(line.Name), " ")
	if name == "" {
		name = strings.Join(strings.Fields(line.Ref), " ")
	}
	if name == "" {
		name = "Товар"
	}
	return shorten(name, 128)
}
