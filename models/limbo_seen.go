package models

import (
	"context"
	"fmt"
	"strconv"

	"github.com/kartify/kartify/lang"
)

// limboSeen are the kinds that are done with once a person has seen to them: where they are kept, what the history
// says, and what they are about in the audit log.
var limboSeen = map[NeedKind]struct {
	table string
	said  lang.Text
	about func(*LimboRow) string
}{
	NeedLapsed:     {"lapsed_holds", lang.Textf("Seen: the authorization ran out."), aboutPayment},
	NeedPlan:       {"planned_captures", lang.Textf("Seen: the planned capture failed."), aboutPayment},
	NeedFailedPaid: {"limbo_paid", lang.Textf("Seen: the money stays with the store."), aboutOrder},
	NeedAmount:     {"refused_amounts", lang.Textf("Settled: Fynd asked for another amount."), aboutOrder},
}

func aboutPayment(r *LimboRow) string { return "payment " + strconv.FormatInt(r.PaymentID, 10) }
func aboutOrder(r *LimboRow) string   { return "order " + strconv.FormatInt(r.OrderID, 10) }

// seeLimbo notes that a person has seen to a row.
func (db *DB) seeLimbo(ctx context.Context, row *LimboRow, by Actor) (string, error) {
	seen := limboSeen[row.Kind]
	_, kind := findLimboKind(row.Kind)
	err := db.Tx(ctx, func(tx *DB) error {
		res := tx.in(ctx).Exec("UPDATE "+seen.table+" x SET seen_at = clock_timestamp() WHERE "+kind.id()+" = ? AND x.seen_at IS NULL", row.ID)
		if res.Error != nil {
			return fmt.Errorf("note that it was seen: %w", res.Error)
		}
		if res.RowsAffected == 0 {
			return conflictf("This is not in limbo any more; nothing was done.")
		}
		if err := tx.addHistory(ctx, OrderHistory{OrderID: row.OrderID, StoreID: row.StoreID, Kind: "payment", Comment: seen.said.String()}, by); err != nil {
			return err
		}
		return tx.audit(ctx, row.StoreID, by, "limbo."+string(row.Kind)+"_seen", seen.about(row), &row.OrderID, nil)
	})
	return lang.T(ctx, "Order %d: %s", row.OrderID, seen.said.In(ctx)), err
}
