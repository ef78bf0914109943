package models

import (
	"context"
	"errors"
	"fmt"
)

// SweepReceipts reads payments obtained within the last half hour whose fiscal receipt has its key and is not made
// yet: the receipt is made after the shop was told of the payment, and no notification follows. What takes longer is
// read by SweepPayments. It reports how many it read.
func (db *DB) SweepReceipts(ctx context.Context) (int, error) {
	var waiting []Payment
	err := db.in(ctx).Where(`ref IS NOT NULL AND gateway IN ? AND created_at > now() - interval '1 day' AND obtained_at > now() - interval '30 minutes'
			AND fiscal->>'fop_receipt_key' IS NOT NULL AND fiscal->>'fop_fpd' IS NULL`,
		db.orderReaders()).Order("id").Limit(db.timings.LookupPage).Find(&waiting).Error
	if err != nil {
		return 0, fmt.Errorf("look for receipts that are not made yet: %w", err)
	}
	var failed error
	for i := range waiting {
		p := &waiting[i]
		if err := db.pace(ctx, origin{store: p.StoreID, gateway: p.Gateway, mode: p.Mode}); err != nil {
			return i, errors.Join(failed, err) // the next run reads the rest
		}
		if _, err := db.askAndFollow(ctx, p, Actor{Kind: "job", Name: db.drivers[p.Gateway].Name}, "receipt look-up"); err != nil {
			failed = fmt.Errorf("read the receipt of payment %d: %w", p.ID, err)
		}
	}
	return len(waiting), failed
}
