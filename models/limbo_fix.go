package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
)

// LimboFix is something that can be done about a row in its place.
type LimboFix string

// What can be done about rows.
const (
	FixAsk     LimboFix = "ask"     // ask the gateway now, and follow what it says
	FixConfirm LimboFix = "confirm" // Confirm Payment
	FixFail    LimboFix = "fail"    // mark the order as failed, when its gateways say that nothing was paid
	FixTell    LimboFix = "tell"    // tell Fynd again
	FixAccept  LimboFix = "accept"  // a person has seen it and leaves it as it is
	FixTake    LimboFix = "take"    // look after it; asked again by the same person, let it go
)

// LimboRights are the permissions that the fixes need.
var LimboRights = map[LimboFix]Permission{
	FixAsk: OperationRetry, FixConfirm: ConfirmPayment, FixFail: OrdersStatus, FixTell: OperationRetry, FixAccept: OperationRetry, FixTake: OrdersRead,
}

// Fixes are what can be done about the row, the likeliest to help first.
func (r *LimboRow) Fixes() []LimboFix {
	var fixes []LimboFix
	switch r.Kind {
	case NeedPlan, NeedFailedPaid:
		fixes = []LimboFix{FixAsk, FixAccept}
	case NeedLapsed, NeedAmount:
		fixes = []LimboFix{FixAccept}
	case NeedReview, NeedUnknown, NeedRefunding, NeedHold:
		fixes = []LimboFix{FixAsk}
	case NeedContradiction:
		fixes = []LimboFix{FixAccept}
	case NeedPartner:
		fixes = []LimboFix{FixTell}
	case NeedMissing:
		if r.Fynd && r.Partner != "" && r.Word != "abandoned" {
			fixes = append(fixes, FixConfirm)
		}
		fixes = append(fixes, FixAsk, FixFail)
	case NeedStuck:
		if r.Fynd && r.Partner != "" && slices.Contains(confirmable, r.OrderStatus) {
			fixes = append(fixes, FixConfirm)
		}
		fixes = append(fixes, FixAsk)
	case NeedPending:
		fixes = []LimboFix{FixAsk, FixFail}
	}
	return append(fixes, FixTake)
}

// FixLimbo does something about the row of a kind and id. What it says is for the person at the screen; why it
// was not done is a Problem. A row that has left the board meanwhile is a Problem too.
func (db *DB) FixLimbo(ctx context.Context, fix LimboFix, kind NeedKind, id int64, by *User, address string) (string, error) {
	if !by.May(LimboRights[fix]) || LimboRights[fix] == "" {
		return "", ErrForbidden
	}
	row, err := db.limboOne(ctx, kind, id)
	if err != nil {
		return "", err
	}
	if row == nil {
		return "", conflictf("This is not in limbo any more; nothing was done.")
	}
	if !slices.Contains(row.Fixes(), fix) {
		return "", problemf("This cannot be done about order %d.", row.OrderID)
	}
	actor := by.Actor(address)
	switch fix {
	case FixTake:
		return db.takeLimbo(ctx, row, by)
	case FixConfirm:
		list, err := db.ConfirmPayments(ctx, []string{row.Partner}, actor)
		if err != nil {
			return "", err
		}
		if list[0].State == ConfirmRefused {
			return "", problemf("Order %d: %s", row.OrderID, lang.Text{Format: list[0].Said})
		}
		return lang.T(ctx, "Order %d: %s", row.OrderID, lang.T(ctx, list[0].Said)), nil
	case FixTell:
		return db.tellAgain(ctx, row, actor)
	case FixAccept:
		if _, known := limboSeen[row.Kind]; known {
			return db.seeLimbo(ctx, row, actor)
		}
		return db.acceptContradiction(ctx, row, actor)
	case FixFail:
		return db.MarkUnpaid(ctx, row.OrderID, actor)
	}
	if row.Kind == NeedReview || row.Kind == NeedUnknown {
		return db.askOperations(ctx, row, actor, []int64{row.ID})
	}
	if row.Kind == NeedRefunding {
		var ids []int64
		err := db.in(ctx).Model(&Operation{}).Where("payment_id = ? AND kind = ? AND state IN ?", row.PaymentID, gateways.Refund, []OperationState{Queued, UnknownOutcome, Accepted, NeedsReview}).
			Order("id").Pluck("id", &ids).Error
		if err != nil {
			return "", fmt.Errorf("look for the refunds of payment %d: %w", row.PaymentID, err)
		}
		if len(ids) > 0 {
			return db.askOperations(ctx, row, actor, ids)
		}
	}
	return db.AskOrder(ctx, row.OrderID, actor)
}

// limboOne is one row of the board, or nil when it is not there.
func (db *DB) limboOne(ctx context.Context, kind NeedKind, id int64) (*LimboRow, error) {
	n, k := findLimboKind(kind)
	if k == nil {
		return nil, ErrNotFound
	}
	scope := ScopeOf(ctx)
	var r LimboRow
	err := db.pool.QueryRow(ctx, `WITH my AS MATERIALIZED (SELECT id, fynd FROM stores WHERE $1 OR id = ANY ($2))
		SELECT r.id, r.order_id, my.id, my.fynd, coalesce(r.payment_id, 0), r.since, r.minor, coalesce(r.currency, ''), r.word, r.state, o.status, coalesce(o.partner_order_id, '')
		FROM my CROSS JOIN LATERAL (`+k.listed(n, fmt.Sprintf(" AND %s = %d", k.id(), id))+`) r JOIN orders o ON o.id = r.order_id`,
		scope.All, slices.Concat([]int64{0}, scope.Stores)).
		Scan(&r.ID, &r.OrderID, &r.StoreID, &r.Fynd, &r.PaymentID, &r.Since, &r.Amount.Minor, &r.Amount.Currency, &r.Word, &r.State, &r.OrderStatus, &r.Partner)
	if noRows(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read limbo %s %d: %w", kind, id, err)
	}
	r.Kind = kind
	return &r, nil
}

// askOperations has the gateway asked what became of operations, and waits for its answer.
func (db *DB) askOperations(ctx context.Context, row *LimboRow, by Actor, ids []int64) (string, error) {
	var said []string
	for _, id := range ids {
		if _, err := db.AskAgain(ctx, id, by); err != nil {
			return "", err
		}
		if err := db.StepOperation(ctx, id); err != nil {
			return "", err
		}
		var op Operation
		if err := db.in(ctx).First(&op, "id = ?", id).Error; err != nil {
			return "", fmt.Errorf("read operation %d: %w", id, err)
		}
		said = append(said, askedOf(&op).In(ctx))
	}
	return lang.T(ctx, "Order %d: %s", row.OrderID, strings.Join(said, " ")), nil
}

// askedOf says where an operation stands now that its gateway was asked.
func askedOf(op *Operation) lang.Text {
	verb := lang.Text{Format: verbName(op.Kind)}
	switch op.State {
	case UnknownOutcome:
		return lang.Textf("%s of %s is of unknown outcome still.", verb, op.Amount())
	case NeedsReview:
		return lang.Textf("%s of %s is not to be settled by asking.", verb, op.Amount())
	case Accepted:
		return lang.Textf("%s of %s is under way at the gateway.", verb, op.Amount())
	case Succeeded:
		return lang.Textf("%s of %s is succeeded.", verb, op.Amount())
	case Failed:
		return lang.Textf("%s of %s is failed.", verb, op.Amount())
	}
	return lang.Textf("%s of %s is %s.", verb, op.Amount(), lang.Text{Format: string(op.State)})
}

func (db *DB) tellAgain(ctx context.Context, row *LimboRow, by Actor) (string, error) {
	if err := db.RetryPartner(ctx, row.ID, by); err != nil {
		return "", err
	}
	if err := db.TellPartner(ctx, row.ID); err != nil {
		return "", err
	}
	var u PartnerUpdate
	if err := db.in(ctx).First(&u, "id = ?", row.ID).Error; err != nil {
		return "", fmt.Errorf("read update %d: %w", row.ID, err)
	}
	switch {
	case u.State == "done" && u.Problem != "": // overtaken by another update, which may itself not be heard yet
		return lang.T(ctx, "Order %d: Fynd is not told this, but what came later.", row.OrderID), nil
	case u.State == "done":
		return lang.T(ctx, "Order %d: Fynd has heard it.", row.OrderID), nil
	case u.Problem != "":
		return "", problemf("Order %d: Fynd has not heard it. %s", row.OrderID, lang.Text{Format: u.Problem})
	}
	return lang.T(ctx, "Order %d: Fynd is being told.", row.OrderID), nil
}

// acceptContradiction notes that a person has seen what the gateway contradicted, and leaves the state as it is.
func (db *DB) acceptContradiction(ctx context.Context, row *LimboRow, by Actor) (string, error) {
	err := db.Tx(ctx, func(tx *DB) error {
		_, op, err := tx.lockOperation(ctx, row.ID)
		if err != nil {
			return err
		}
		was := op.Contradiction
		if was == "" {
			return conflictf("This is not in limbo any more; nothing was done.")
		}
		if err := tx.in(ctx).Model(&Operation{}).Where("id = ?", op.ID).Updates(map[string]any{"contradiction": "", "updated_at": gorm.Expr("now()")}).Error; err != nil {
			return fmt.Errorf("accept the contradiction of operation %d: %w", op.ID, err)
		}
		err = tx.addHistory(ctx, OrderHistory{
			OrderID: op.OrderID, StoreID: op.StoreID, Kind: "operation", OperationID: &op.ID, Comment: fmt.Sprintf("Seen, and left as %s: %s", op.State, was),
		}, by)
		if err != nil {
			return err
		}
		return tx.audit(ctx, op.StoreID, by, "operation.contradiction_accepted", "operation "+strconv.FormatInt(op.ID, 10), &op.OrderID, map[string]any{"state": op.State})
	})
	return lang.T(ctx, "Order %d: the operation stays as it is.", row.OrderID), err
}

// takeLimbo makes somebody look after a row, or lets it go when it was theirs.
func (db *DB) takeLimbo(ctx context.Context, row *LimboRow, by *User) (string, error) {
	gone := db.in(ctx).Exec("DELETE FROM limbo_claims WHERE kind = ? AND record_id = ? AND user_id = ?", row.Kind, row.ID, by.ID)
	if gone.Error != nil {
		return "", fmt.Errorf("let go of a row: %w", gone.Error)
	}
	if gone.RowsAffected > 0 {
		return lang.T(ctx, "Order %d is nobody's now.", row.OrderID), nil
	}
	err := db.in(ctx).Exec(`INSERT INTO limbo_claims (kind, record_id, store_id, user_id, user_name) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (kind, record_id) DO UPDATE SET user_id = excluded.user_id, user_name = excluded.user_name, taken_at = now()`,
		row.Kind, row.ID, row.StoreID, by.ID, by.Name).Error
	if err != nil {
		return "", fmt.Errorf("take a row: %w", err)
	}
	return lang.T(ctx, "Order %d is yours.", row.OrderID), nil
}

func noRows(err error) bool {
	return errors.Is(err, gorm.ErrRecordNotFound) || errors.Is(err, errNoRows)
}
