package models

import (
	"context"
	"fmt"
)

// KnowsOrder says whether an order is within the scope.
func (db *DB) KnowsOrder(ctx context.Context, id int64) (bool, error) {
	var n int64
	if err := db.in(ctx).Model(&Order{}).Scopes(scoped(ctx, "orders")).Where("id = ?", id).Count(&n).Error; err != nil {
		return false, fmt.Errorf("look for order %d: %w", id, err)
	}
	return n > 0, nil
}
