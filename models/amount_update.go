package models

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"github.com/kartify/kartify/money"
)

// UpdateRequest asks for what is held to be changed before any of it is drawn.
type UpdateRequest struct {
	Wish
	Amount       money.Amount // the new total, unless ByLines
	ByLines      bool         // the order keeps what Lines say, and the amount follows
	Lines        []LineChoice // item and how many stay, 0 for none; a line that is not named stays as it is
	DropShipping bool         // the shipping goes, too
}

// UpdateAmount records that somebody wants less held, or more where the gateway allows it, and queues it. By
// lines the order's own lines and total follow once the gateway has done it. After a capture it is refused.
// The same wish again gives the same operation back.
func (db *DB) UpdateAmount(ctx context.Context, req UpdateRequest) (*Operation, error) {
	done, err := db.act(ctx, acting{
		wish: req.Wish, read: readWanted, digest: digestOf(UpdateAction, req.OrderID, req.PaymentID, req.Amount, req.ByLines, req.Lines, req.DropShipping, req.Reason, req.Note),
		want: Want{Action: UpdateAction, Amount: req.Amount, ByLines: req.ByLines, Lines: req.Lines, DropShipping: req.DropShipping},
	})
	if err != nil {
		return nil, fmt.Errorf("change the amount of payment %d: %w", req.PaymentID, err)
	}
	return done.first()
}

// orderLines are the lines of the order as they stand.
func orderLines(at *position) []RefundLine {
	lines := []RefundLine{}
	for _, item := range at.items {
		lines = append(lines, item.part(0, item.Quantity))
	}
	if at.order.ShippingMinor+at.order.ShippingTaxMinor > 0 {
		lines = append(lines, at.order.shippingLine())
	}
	return lines
}

// afterUpdate brings the order's lines and total in line with an amount update that was done. The history and
// the operation tell what changed.
func (db *DB) afterUpdate(ctx context.Context, op *Operation) error {
	if op.State != Succeeded || len(op.Lines) == 0 {
		return nil // it was not done, or only the amount changed
	}
	order, err := db.lockOrder(ctx, op.OrderID)
	if err != nil {
		return err
	}
	changed, err := db.setLines(ctx, order, op.Lines)
	if err != nil || len(changed) == 0 {
		return err
	}
	return db.addHistory(ctx, OrderHistory{
		OrderID: order.ID, StoreID: order.StoreID, Kind: "operation", OperationID: &op.ID,
		Comment: fmt.Sprintf("The order now comes to %s: %s.", order.Total(), strings.Join(changed, ", ")),
	}, JobActor)
}

// setLines gives an order other quantities, and says what that changed. Its totals follow.
func (db *DB) setLines(ctx context.Context, order *Order, lines []RefundLine) ([]string, error) {
	var items []OrderItem
	if err := db.in(ctx).Where("order_id = ?", order.ID).Order("position").Find(&items).Error; err != nil {
		return nil, fmt.Errorf("read the lines of order %d: %w", order.ID, err)
	}
	want := map[int64]RefundLine{}
	for _, line := range lines {
		want[line.ItemID] = line
	}
	var changed []string
	var goods, discount, tax int64
	for _, item := range items {
		line := want[item.ID]
		if line.Quantity != item.Quantity || line.TotalMinor != item.TotalMinor {
			changed = append(changed, fmt.Sprintf("%d instead of %d × %s", line.Quantity, item.Quantity, item.Name))
			item.Quantity, item.TaxMinor, item.TotalMinor = line.Quantity, line.TaxMinor, line.TotalMinor
			item.DiscountMinor = item.Quantity*item.UnitMinor - line.NetMinor
			if err := db.in(ctx).Model(&OrderItem{}).Where("id = ?", item.ID).Updates(map[string]any{
				"quantity": item.Quantity, "discount_minor": item.DiscountMinor, "tax_minor": item.TaxMinor, "total_minor": item.TotalMinor,
			}).Error; err != nil {
				return nil, fmt.Errorf("change line %d of order %d: %w", item.ID, order.ID, err)
			}
		}
		goods, discount, tax = goods+item.Quantity*item.UnitMinor, discount+item.DiscountMinor, tax+item.TaxMinor
	}
	shipping := want[0]
	if shipping.NetMinor != order.ShippingMinor || shipping.TaxMinor != order.ShippingTaxMinor {
		changed = append(changed, fmt.Sprintf("shipping %s instead of %s", order.Amount(shipping.TotalMinor), order.Amount(order.ShippingMinor+order.ShippingTaxMinor)))
	}
	order.ItemsMinor, order.DiscountMinor, order.TaxMinor = goods, discount, tax
	order.ShippingMinor, order.ShippingTaxMinor = shipping.NetMinor, shipping.TaxMinor
	order.TotalMinor = goods - discount + tax + order.ShippingMinor + order.ShippingTaxMinor
	err := db.in(ctx).Model(&Order{}).Where("id = ?", order.ID).Updates(map[string]any{
		"items_minor": order.ItemsMinor, "discount_minor": order.DiscountMinor, "tax_minor": order.TaxMinor, "shipping_minor": order.ShippingMinor,
		"shipping_tax_minor": order.ShippingTaxMinor, "total_minor": order.TotalMinor, "date_modified": gorm.Expr("now()"),
	}).Error
	if err != nil {
		return nil, fmt.Errorf("change the total of order %s: %w", strconv.FormatInt(order.ID, 10), err)
	}
	return changed, nil
}
