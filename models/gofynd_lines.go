package models

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/money"
)

// mostMinor is more than any order of a shop, and small enough that sums of a thousand lines hold.
const mostMinor = 1_000_000_000_000_000

// fyndLines are the lines of a snapshot, and in a sentence what does not add up in it.
func fyndLines(snap *gofynd.OrderSnapshot) (lines []OrderItem, problem string) {
	amount := func(minor int64) string { return money.New(minor, snap.Currency).String() }
	var discount, sum int64
	weights := make([]int64, len(snap.Items))
	for i, item := range snap.Items {
		if item.Quantity < 1 || item.Unit < 0 || item.Unit > mostMinor/item.Quantity {
			return nil, fmt.Sprintf("Line %d has no usable quantity and price; nothing was changed.", i+1)
		}
		line := OrderItem{
			Position: i + 1, SKU: tidy(item.SKU), Name: tidy(item.Name), Quantity: item.Quantity, UnitMinor: item.Unit, DiscountMinor: item.Discount,
			TaxMinor: item.Tax, TotalMinor: item.Quantity*item.Unit - item.Discount + item.Tax,
		}
		if line.Name == "" {
			line.Name = line.SKU
		}
		if line.TotalMinor != item.Total || line.TotalMinor < 0 {
			return nil, fmt.Sprintf("Line %d says %s, but %d × %s − %s + %s is %s; nothing was changed.",
				i+1, amount(item.Total), item.Quantity, amount(item.Unit), amount(item.Discount), amount(item.Tax), amount(line.TotalMinor))
		}
		weights[i] = line.Quantity*line.UnitMinor - line.DiscountMinor
		discount += line.DiscountMinor
		sum += line.TotalMinor
		lines = append(lines, line)
	}
	if snap.Discount > 0 && discount == 0 { // told for the whole order: each line carries its share
		for i, share := range money.Share(snap.Discount, weights) {
			lines[i].DiscountMinor += share
			lines[i].TotalMinor -= share
			if lines[i].TotalMinor < 0 {
				return nil, fmt.Sprintf("The discount of %s is more than the lines come to; nothing was changed.", amount(snap.Discount))
			}
		}
		sum, discount = sum-snap.Discount, snap.Discount
	}
	switch total := sum + snap.Shipping + snap.ShippingTax; {
	case len(lines) == 0:
		return nil, "It tells an order without lines; nothing was changed."
	case snap.Discount != 0 && snap.Discount != discount:
		return nil, fmt.Sprintf("It says a discount of %s, but the lines have %s; nothing was changed.", amount(snap.Discount), amount(discount))
	case total != snap.Total:
		return nil, fmt.Sprintf("It says a total of %s, but the lines and the shipping come to %s; nothing was changed.", amount(snap.Total), amount(total))
	}
	return lines, ""
}

// writeLines writes the lines of an order in their places, and its totals with them. When refunds name
// lines of the order, both stay as they are, and that is said.
func (db *DB) writeLines(ctx context.Context, order *Order, lines []OrderItem) (kept bool, err error) {
	var naming int64
	err = db.in(ctx).Model(&Operation{}).Where("order_id = ? AND lines <> '[]'", order.ID).Count(&naming).Error
	if err != nil {
		return false, fmt.Errorf("look for refunds by line of order %d: %w", order.ID, err)
	}
	if naming > 0 {
		return true, nil
	}
	for i := range lines {
		lines[i].ID, lines[i].OrderID, lines[i].StoreID = 0, order.ID, order.StoreID
	}
	if err := db.in(ctx).Where("order_id = ? AND position > ?", order.ID, len(lines)).Delete(&OrderItem{}).Error; err != nil {
		return false, fmt.Errorf("drop lines of order %d: %w", order.ID, err)
	}
	err = db.in(ctx).Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "order_id"}, {Name: "position"}},
		DoUpdates: clause.AssignmentColumns([]string{"sku", "name", "quantity", "unit_minor", "discount_minor", "tax_minor", "total_minor"}),
	}).CreateInBatches(&lines, 200).Error
	if err != nil {
		return false, fmt.Errorf("write the lines of order %d: %w", order.ID, err)
	}
	err = db.in(ctx).Model(&Order{}).Where("id = ?", order.ID).
		Select("ItemsMinor", "DiscountMinor", "TaxMinor", "ShippingMinor", "ShippingTaxMinor", "TotalMinor").Updates(order).Error
	if err != nil {
		return false, fmt.Errorf("write the totals of order %d: %w", order.ID, err)
	}
	return false, nil
}

// sentences are the parts that say something, one after the other.
func sentences(parts ...string) string {
	var said []string
	for _, part := range parts {
		if part = strings.TrimSpace(part); part != "" {
			said = append(said, part)
		}
	}
	return strings.Join(said, " ")
}
