package models

import (
	"context"
	"fmt"
	"strconv"

	"gorm.io/gorm"
)

// TellDuePartners makes an attempt of every update that is due and reports how many it found.
func (db *DB) TellDuePartners(ctx context.Context) (int, error) {
	var ids []int64
	err := db.in(ctx).Model(&PartnerUpdate{}).Where("next_at <= clock_timestamp()").Order("next_at").Limit(100).Pluck("id", &ids).Error
	if err != nil {
		return 0, fmt.Errorf("look for what partners must hear: %w", err)
	}
	return len(ids), each(ids, 4, func(id int64) error { return db.TellPartner(ctx, id) })
}

// RetryPartner has the partner told once more because somebody asked for it. The attempts are counted anew.
func (db *DB) RetryPartner(ctx context.Context, id int64, by Actor) error {
	err := db.Tx(ctx, func(tx *DB) error {
		u, err := tx.lockUpdate(ctx, id)
		if err != nil {
			return err
		}
		if u.State == "done" {
			return conflictf("Fynd has heard this; there is nothing to try again.")
		}
		err = tx.saveUpdate(ctx, u, map[string]any{"state": "queued", "tries": 0, "next_at": gorm.Expr("clock_timestamp()"), "done_at": nil})
		if err != nil {
			return err
		}
		if err := tx.enqueue(ctx, PartnerJob{UpdateID: id}); err != nil {
			return err
		}
		return tx.audit(ctx, u.StoreID, by, "partner.retried", "partner update "+strconv.FormatInt(id, 10), &u.OrderID, map[string]any{"status": u.Status})
	})
	if err != nil {
		return fmt.Errorf("tell the partner again, update %d: %w", id, err)
	}
	return nil
}
