package models

import (
	"context"
	"fmt"
)

// SweepPayments reads open payments as their providers see them now: those that are held and not drawn, those
// with operations under way, and those drawn within Timings.LookupWindow. What was done in a provider's portal is
// entered. It reports how many it read.
func (db *DB) SweepPayments(ctx context.Context) (int, error) {
	sweep := &LookupSweep{Kind: "payments", StartedAt: now()}
	err := db.readOpen(ctx, sweep)
	return int(sweep.Checked), db.endSweep(ctx, sweep, err)
}

func (db *DB) readOpen(ctx context.Context, sweep *LookupSweep) error {
	var open []Payment
	err := db.in(ctx).Where(`ref IS NOT NULL AND gateway IN ? AND (status = ? OR capture_reserved_minor > 0 OR refund_reserved_minor > 0
			OR captured_minor > refunded_minor AND updated_at > now() - make_interval(secs => ?))`,
		db.orderReaders(), PaymentAuthorized, db.timings.LookupWindow.Seconds()).Order("updated_at").Limit(5 * db.timings.LookupPage).Find(&open).Error
	if err != nil {
		return fmt.Errorf("look for open payments: %w", err)
	}
	for i := range open {
		p := &open[i]
		if err := db.pace(ctx, origin{store: p.StoreID, gateway: p.Gateway, mode: p.Mode}); err != nil {
			return err // the next run reads the rest
		}
		found, err := db.askAndFollow(ctx, p, Actor{Kind: "job", Name: db.drivers[p.Gateway].Name}, "nightly look-up")
		sweep.count(found, err)
	}
	return nil
}
