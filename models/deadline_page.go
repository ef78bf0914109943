package models

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// PlanOf is what is planned for a payment, or went wrong and was not seen yet; nil when there is neither.
func (p *OrderPage) PlanOf(payment int64) *PlannedCapture {
	for i := len(p.Planned) - 1; i >= 0; i-- {
		plan := &p.Planned[i]
		if plan.PaymentID == payment && (plan.Open() || plan.State == PlanFailed && plan.SeenAt == nil) {
			return plan
		}
	}
	return nil
}

// RuleOf is the store's rule by which a held payment will be captured, and when; nil when it will not be, because
// there is no rule, somebody holds this authorization back, or the rule has had its turn.
func (p *OrderPage) RuleOf(payment *OrderPayment) (rule *CaptureRule, at time.Time) {
	if _, held := payment.Remaining(p.Now); !held {
		return nil, at
	}
	for _, plan := range p.Planned {
		if plan.PaymentID == payment.ID && plan.Source == ByRule && plan.CaptureBefore != nil && plan.CaptureBefore.Equal(*payment.CaptureBefore) {
			return nil, at
		}
	}
	for i := range p.Rules {
		if p.Rules[i].Gateway == payment.Gateway {
			return &p.Rules[i], p.Rules[i].At(&payment.Payment)
		}
	}
	return nil, at
}

// rulesOfStore are the capture rules of an order's store.
const rulesOfStore = " FROM capture_rules WHERE store_id = (SELECT store_id FROM orders WHERE id = $1 AND ($2 OR store_id = ANY($3)))"

// seeDeadline notes that a person has seen a hold that ran out, or a planned capture that failed.
func (db *DB) seeDeadline(ctx context.Context, row *LimboRow, by Actor) (string, error) {
	table, said := "lapsed_holds", "Seen: the authorization ran out."
	if row.Kind == NeedPlan {
		table, said = "planned_captures", "Seen: the planned capture failed."
	}
	err := db.Tx(ctx, func(tx *DB) error {
		res := tx.in(ctx).Exec("UPDATE "+table+" SET seen_at = clock_timestamp() WHERE id = ? AND seen_at IS NULL", row.ID)
		if res.Error != nil {
			return fmt.Errorf("note that it was seen: %w", res.Error)
		}
		if res.RowsAffected == 0 {
			return conflictf("This is not in limbo any more; nothing was done.")
		}
		if err := tx.addHistory(ctx, OrderHistory{OrderID: row.OrderID, StoreID: row.StoreID, Kind: "payment", Comment: said}, by); err != nil {
			return err
		}
		return tx.audit(ctx, row.StoreID, by, "limbo."+string(row.Kind)+"_seen", "payment "+strconv.FormatInt(row.PaymentID, 10), &row.OrderID, nil)
	})
	return fmt.Sprintf("Order %d: %s", row.OrderID, said), err
}
