package models

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
)

// RowAction is something that can be done about a difference.
type RowAction string

// The actions. None moves money or an order on the word of the file: the gateway is asked at that moment.
const (
	ActionConfirm RowAction = "confirm" // Confirm Payment at Fynd
	ActionAsk     RowAction = "ask"     // ask the gateway, and take over what it says
	ActionFail    RowAction = "fail"    // mark the order as failed, should the gateway say that it is not paid
	ActionAccept  RowAction = "accept"  // it may stay as it is, for a reason
	ActionTake    RowAction = "take"    // somebody looks after it
	ActionLeave   RowAction = "leave"   // and does not any more
)

// mostAsked is how many differences the gateway is asked about at once.
const mostAsked = 50

// Needs is what somebody must be allowed to do for an action, besides reconciling.
func (a RowAction) Needs(class RowClass) Permission {
	switch {
	case a == ActionConfirm:
		return ConfirmPayment
	case a == ActionFail:
		return OrdersStatus
	case a == ActionAsk && (class == RowRefundedThere || class == RowRefundedHere):
		return RefundMoney
	case a == ActionAsk:
		return ConfirmPayment
	}
	return ReconcileRun
}

// Actions are what user can do about a difference of a store, the likeliest first.
func (r *ReconciliationRow) Actions(user *User, fynd bool) []RowAction {
	if r.State != "open" || !user.May(ReconcileRun) {
		return nil
	}
	var list []RowAction
	switch r.Class {
	case RowPaidMissing, RowPaidFailed:
		if fynd && r.PartnerOrderID != "" && (r.Status == StatusMissing || r.Status == StatusProcessing) {
			list = append(list, ActionConfirm)
		}
		list = append(list, ActionAsk)
	case RowAmount, RowCurrency, RowDuplicate, RowRefundedThere, RowRefundedHere:
		list = append(list, ActionAsk)
	case RowAbsent:
		list = append(list, ActionAsk, ActionFail)
	}
	list = append(list, ActionAccept)
	return slices.DeleteFunc(list, func(a RowAction) bool { return !user.May(a.Needs(r.Class)) || a == ActionAsk && r.OrderID == nil })
}

// Resolution is what somebody wants done about differences.
type Resolution struct {
	ID      int64 // of the reconciliation
	Filter  RowFilter
	Count   int64 // how many differences were shown; 0 for a single one
	Action  RowAction
	Comment string
	User    *User
	Address string
}

// ResolveRow does something about one difference and says what came of it.
func (db *DB) ResolveRow(ctx context.Context, res Resolution, number int64) (string, error) {
	r, err := db.Reconciliation(ctx, res.ID)
	if err != nil {
		return "", err
	}
	rows, err := db.rowsOf(ctx, r, "d.reconciliation_id = $1 AND d.row = $2", []any{r.ID, number})
	if err != nil {
		return "", err
	}
	if len(rows) == 0 || r.State != ReconciliationDone {
		return "", ErrNotFound
	}
	row := rows[0]
	switch {
	case row.State == "open":
	case row.ResolvedBy != "":
		return "", conflictf("This row is resolved already, by %s.", row.ResolvedBy)
	case row.State == "resolved":
		return "", conflictf("This row is resolved already.")
	default:
		return "", conflictf("This row is clean already.")
	}
	if err := res.check(row.Class); err != nil {
		return "", err
	}
	switch res.Action {
	case ActionConfirm:
		return db.confirmRow(ctx, r, row, res)
	case ActionAsk, ActionFail:
		return db.askRow(ctx, r, row, res)
	}
	return db.setRow(ctx, r, row, res, res.Action == ActionAccept, string(res.Action), res.Comment)
}

func (res *Resolution) check(class RowClass) error {
	res.Comment = strings.TrimSpace(textOf(res.Comment))
	known := []RowAction{ActionConfirm, ActionAsk, ActionFail, ActionAccept, ActionTake, ActionLeave}
	switch {
	case !slices.Contains(known, res.Action):
		return FieldProblem("action", "Choose what is to be done.")
	case !res.User.May(ReconcileRun) || !res.User.May(res.Action.Needs(class)):
		return ErrForbidden
	case res.Action == ActionAccept && res.Comment == "":
		return FieldProblem("comment", "Say in a comment why this may stay as it is.")
	case utf8.RuneCountInString(res.Comment) > 1000:
		return FieldProblem("comment", "Keep the comment under 1000 characters.")
	}
	return nil
}

// confirmRow has Fynd told that the order is paid, when its gateway says so now.
func (db *DB) confirmRow(ctx context.Context, r *Reconciliation, row *ReconciliationRow, res Resolution) (string, error) {
	if row.PartnerOrderID == "" {
		return "", problemf("The order has no GoFynd order ID, so there is nothing Fynd could confirm.")
	}
	list, err := db.ConfirmPayments(ctx, []string{row.PartnerOrderID}, res.User.Actor(res.Address))
	if err != nil {
		return "", err
	}
	if len(list) != 1 {
		return "", problemf("Fynd was not asked about this order.")
	}
	if list[0].State == ConfirmRefused {
		return "", problemf("%s", lang.Text{Format: list[0].Said})
	}
	done := list[0].State == ConfirmDone || list[0].State == ConfirmAlready
	if _, err := db.setRow(ctx, r, row, res, done, string(ActionConfirm), list[0].Said); err != nil {
		return "", err
	}
	return lang.T(ctx, list[0].Said), nil
}

// askRow asks the gateway how the payment of a row stands and takes its answer over, as after any look-up.
func (db *DB) askRow(ctx context.Context, r *Reconciliation, row *ReconciliationRow, res Resolution) (string, error) {
	if row.OrderID == nil {
		return "", problemf("No order here belongs to this row.")
	}
	at, seen, err := db.rowSeen(ctx, r, row)
	if err != nil {
		var problem *Problem
		if errors.As(err, &problem) {
			return "", err
		}
		return "", problemf("The gateway could not be asked: %s Nothing was changed. Try again in a few minutes.", lang.Text{Format: message(err)})
	}
	paid := slices.ContainsFunc(seen, func(p gateways.Payment) bool { return p.Captured > p.Refunded })
	if res.Action == ActionFail {
		return db.failRow(ctx, r, row, res, seen, paid)
	}
	if len(seen) == 0 {
		return "", problemf("The gateway knows of no payment for this order, whatever the file says. Nothing was changed.")
	}
	var said []string
	var order *Order
	err = db.Tx(ctx, func(tx *DB) error {
		said = nil
		for i := range seen {
			f, err := tx.follow(ctx, at, &seen[i], res.User.Actor(res.Address), fmt.Sprintf("reconciliation %d", r.ID))
			switch {
			case err != nil:
				return err
			case f.objection:
				return problemf("%s", lang.Text{Format: f.said})
			case f.order == 0:
				return problemf("The gateway says that payment %s is not of this order. Nothing was changed.", seen[i].Ref)
			case f.said != "":
				said = append(said, f.said)
			}
		}
		order, err = tx.lockOrder(ctx, *row.OrderID)
		return err
	})
	if err != nil {
		return "", err
	}
	return db.rowAsked(ctx, r, row, res, order, seen, paid, strings.Join(said, " "))
}

// rowAsked notes what the gateway's answer comes to for the row.
func (db *DB) rowAsked(ctx context.Context, r *Reconciliation, row *ReconciliationRow, res Resolution, order *Order, seen []gateways.Payment, paid bool, said string) (string, error) {
	var refunded int64
	var payment *int64
	refs := []string{row.Ref}
	err := db.pool.QueryRow(ctx, `SELECT coalesce(sum(refunded_minor), 0)::bigint, (array_agg(id) FILTER (WHERE ref = ANY ($2) AND ref <> ''))[1]
		FROM payments WHERE order_id = $1`, order.ID, refs).Scan(&refunded, &payment)
	if err != nil {
		return "", fmt.Errorf("add up the payments of order %d: %w", order.ID, err)
	}
	if row.PaymentID == nil {
		row.PaymentID = payment
	}
	gone, rest := false, lang.Textf("The gateway was asked and says: %s.", seen[0].Word)
	switch row.Class {
	case RowPaidMissing, RowPaidFailed:
		gone = slices.Contains([]string{StatusProcessing, StatusProcessed, StatusShipped, StatusComplete, StatusRefunded, StatusPartiallyRefunded}, order.Status)
	case RowRefundedThere:
		gone = refunded >= row.ThereRefundedMinor && refunded > 0
	case RowAbsent:
		gone = paid
		if paid {
			rest = lang.Textf("The gateway says that it is paid; only the file does not have it.")
		} else {
			rest = lang.Textf("The gateway says that it is not paid (%s). Mark the order as failed, or look at it in the gateway's portal.", seen[0].Word)
		}
	case RowDuplicate:
		rest = lang.Textf("The payment is on the order's page now and can be refunded there.")
	}
	_, err = db.setRow(ctx, r, row, res, gone, string(ActionAsk), sentences(said, rest.String()))
	return sentences(lang.T(ctx, said), rest.In(ctx)), err
}

// failRow marks an order as failed that the gateway says is not paid.
func (db *DB) failRow(ctx context.Context, r *Reconciliation, row *ReconciliationRow, res Resolution, seen []gateways.Payment, paid bool) (string, error) {
	held := slices.ContainsFunc(seen, func(p gateways.Payment) bool { return p.Authorized || p.Doubt != gateways.NoDoubt || p.Captured > 0 })
	if paid || held {
		return "", problemf("The gateway says that this payment is %s, so the order was not marked as failed.", seen[0].Word)
	}
	word := "it knows of no payment"
	if len(seen) > 0 {
		word = "it is not paid (" + seen[0].Word + ")"
	}
	comment := fmt.Sprintf("Reconciliation %d: the gateway says that %s.", r.ID, word)
	err := db.Tx(ctx, func(tx *DB) error {
		order, err := tx.lockOrder(ctx, *row.OrderID)
		if err != nil {
			return err
		}
		if order.Status == StatusFailed {
			return nil
		}
		return tx.setStatus(ctx, order, StatusFailed, "", comment, res.User.Actor(res.Address))
	})
	if err != nil {
		return "", err
	}
	return db.setRow(ctx, r, row, res, true, string(ActionFail), comment)
}

// rowSeen asks the gateway for the payment of a row by its id there, else for what it has for the order.
func (db *DB) rowSeen(ctx context.Context, r *Reconciliation, row *ReconciliationRow) (origin, []gateways.Payment, error) {
	store, err := db.Store(ctx, r.StoreID)
	if err != nil {
		return origin{}, nil, err
	}
	mode := cmp.Or(r.Mode, store.Mode)
	at := origin{store: r.StoreID, gateway: r.Gateway, mode: mode}
	p := Payment{StoreID: r.StoreID, OrderID: *row.OrderID, Gateway: r.Gateway, Mode: mode}
	var known []Payment
	g := db.in(ctx).Where("order_id = ? AND gateway = ?", *row.OrderID, r.Gateway)
	if err := g.Order("captured_minor > 0 DESC, id DESC").Find(&known).Error; err != nil {
		return at, nil, fmt.Errorf("read the payments of order %d: %w", *row.OrderID, err)
	}
	if len(known) > 0 {
		p = known[0]
	}
	for _, k := range known {
		if row.Ref != "" && deref(k.Ref) == row.Ref {
			p = k
		}
	}
	if row.Ref != "" && row.Kind != "here" {
		p.Ref = &row.Ref
	}
	at.mode = p.Mode
	seen, err := db.seenNow(ctx, &p)
	return at, slices.DeleteFunc(seen, func(s gateways.Payment) bool { return s.Ref == "" && s.OrderRef == "" }), err
}

// setRow notes what was done about a row, once, in its order's history and in the audit log too.
func (db *DB) setRow(ctx context.Context, r *Reconciliation, row *ReconciliationRow, res Resolution, resolved bool, action, comment string) (string, error) {
	actor := res.User.Actor(res.Address)
	err := db.Tx(ctx, func(tx *DB) error {
		set, args := "payment_id = coalesce(payment_id, $3), comment = $4", []any{r.ID, row.Row, row.PaymentID, clip(comment, 2000)}
		switch {
		case resolved:
			set += ", state = 'resolved', action = $5, resolved_by = $6, resolved_at = now()"
			args = append(args, action, actor.Name)
		case res.Action == ActionTake:
			set, args = "owner_id = $3, owner_name = $4", []any{r.ID, row.Row, res.User.ID, res.User.Name}
		case res.Action == ActionLeave:
			set, args = "owner_id = NULL, owner_name = ''", []any{r.ID, row.Row}
		}
		free := "state = 'open'"
		if resolved && res.Action != ActionAccept {
			free += " OR action = 'settled'" // the sweep saw what this very action did, and was faster
		}
		var touched int64
		err := tx.raw(func(conn *pgx.Conn) error {
			tag, err := conn.Exec(ctx, "UPDATE reconciliation_rows SET "+set+" WHERE reconciliation_id = $1 AND row = $2 AND ("+free+")", args...)
			touched = tag.RowsAffected()
			return err //nolint:wrapcheck // below
		})
		if err != nil {
			return fmt.Errorf("note what was done about row %d: %w", row.Row, err)
		}
		if touched == 0 {
			return conflictf("This row has been resolved in the meantime.")
		}
		if row.OrderID != nil && res.Action != ActionTake && res.Action != ActionLeave {
			note := fmt.Sprintf("Reconciliation %d, row %d (%s): %s", r.ID, row.Row, strings.ReplaceAll(string(row.Class), "_", " "), comment)
			if err := tx.addHistory(ctx, OrderHistory{OrderID: *row.OrderID, StoreID: r.StoreID, Kind: "note", Comment: note}, actor); err != nil {
				return err
			}
		}
		return tx.audit(ctx, r.StoreID, actor, "reconciliation."+string(res.Action), fmt.Sprintf("%s row %d", r.object(), row.Row), row.OrderID, map[string]any{
			"class": row.Class, "resolved": resolved,
		})
	})
	if err != nil {
		return "", err
	}
	if resolved {
		return lang.T(ctx, "Row %d is resolved.", row.Row), nil
	}
	return lang.T(ctx, "Row %d is noted.", row.Row), nil
}
