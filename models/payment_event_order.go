package models

import (
	"context"
	"fmt"
	"slices"

	"github.com/kartify/kartify/gateways"
)

// expired is the reason of an order that was cancelled because its authorization ran out: money that comes
// in after all revives it.
const expired = "expired"

// paidStatus gives an order the status that its payments speak for: processing once money is drawn, failed
// when every attempt failed. It moves only orders that still wait for their money, and says what it moved.
func (db *DB) paidStatus(ctx context.Context, id int64, by Actor) (string, error) {
	return db.statusFor(ctx, id, by, standing{})
}

// standing is what is known of an order's payments besides their rows.
type standing struct {
	doubts map[int64]gateways.Doubt
	paid   map[int64]string // the status that a store chose for orders paid by a payment's gateway
	news   bool             // a payment has just moved, or a doubt about it
	denied int64            // a payment that is drawn here, of which its provider says that it brought nothing
}

// movedStatus is paidStatus after a provider's snapshot of a payment. A payment that its provider was asked
// about and that succeeded is also told to Fynd, once, where Fynd waits for it.
func (db *DB) movedStatus(ctx context.Context, p *Payment, by Actor, seen *gateways.Payment, news bool) (string, error) {
	stands := standing{}
	if !news && (seen.Failed || seen.Canceled) && seen.Captured == 0 && !seen.Authorized {
		stands.denied = p.ID
	}
	if !db.hints(p.Gateway) {
		return db.statusFor(ctx, p.OrderID, by, stands)
	}
	stands.news, stands.paid = news, map[int64]string{}
	var err error
	if stands.doubts, err = db.doubts(ctx, p.OrderID); err != nil {
		return "", err
	}
	if p.rank() >= 2 {
		if stands.paid[p.ID], err = db.successStatus(ctx, p); err != nil {
			return "", err
		}
	}
	said, err := db.statusFor(ctx, p.OrderID, by, stands)
	if err != nil || p.CapturedMinor == 0 || !news {
		return said, err
	}
	return said, db.confirmAtPartner(ctx, p, by)
}

// paidWith makes the gateway at which an order's money came in the order's own: one that named none, or another that
// was tried before, is found, looked up and reconciled where its money is. Money that is elsewhere already decides.
// What Fynd asked for otherwise before is settled by it.
func (db *DB) paidWith(ctx context.Context, p *Payment) error {
	err := db.in(ctx).Exec(`UPDATE orders SET gateway = @gateway WHERE id = @order AND gateway <> @gateway AND NOT EXISTS (SELECT 1 FROM payments
			WHERE order_id = @order AND gateway <> @gateway AND authorized_minor > 0 AND voided_at IS NULL)`,
		map[string]any{"gateway": p.Gateway, "order": p.OrderID}).Error
	if err != nil {
		return fmt.Errorf("note with which gateway order %d is paid: %w", p.OrderID, err)
	}
	return db.amountAgreed(ctx, p.OrderID)
}

// notePaidInVain tells the history of a cancelled order that money came in for it. The order stays as it is, and
// Sales > Limbo lists it until the money has gone back or the order goes on.
func (db *DB) notePaidInVain(ctx context.Context, p *Payment, by Actor) (string, error) {
	order, err := db.lockOrder(ctx, p.OrderID)
	if err != nil || order.Status != StatusCancelled || order.StatusReason == expired || p.rank() < 2 || p.VoidedAt != nil {
		return "", err
	}
	said := fmt.Sprintf("%s came in for this order after it was cancelled. It stays cancelled; refund the payment, or change the status if the order is to go on.", p.Captured())
	if p.CapturedMinor == 0 {
		said = fmt.Sprintf("%s is held for this order, which was cancelled before. It stays cancelled; cancel the payment, or change the status if the order is to go on.", p.Amount(p.AuthorizedMinor))
	}
	return said, db.addHistory(ctx, OrderHistory{OrderID: p.OrderID, StoreID: p.StoreID, Kind: "payment", Comment: said}, by)
}

// confirmAtPartner has Fynd told that a payment came in, for orders that Fynd knows. Of one that Fynd asked an
// extension for it hears otherwise.
func (db *DB) confirmAtPartner(ctx context.Context, p *Payment, by Actor) error {
	if session, err := db.SessionOfPayment(ctx, p); session != nil || err != nil {
		return err
	}
	order, err := db.lockOrder(ctx, p.OrderID)
	if err != nil {
		return err
	}
	store, err := db.Store(ctx, p.StoreID)
	if err != nil {
		return err
	}
	if !store.Fynd || order.PartnerID() == "" || p.CapturedMinor < order.TotalMinor {
		return nil
	}
	_, err = db.startConfirmation(ctx, order, p, by)
	return err
}

func (db *DB) statusFor(ctx context.Context, id int64, by Actor, stands standing) (string, error) {
	order, err := db.lockOrder(ctx, id)
	if err != nil {
		return "", err
	}
	var payments []Payment
	if err := db.in(ctx).Where("order_id = ?", id).Find(&payments).Error; err != nil {
		return "", fmt.Errorf("read the payments of order %d: %w", id, err)
	}
	next, reason := order.paid(payments, stands)
	if next == order.Status && (next != StatusMissing || reason == order.StatusReason) {
		return "", nil
	}
	was := order.Status
	if err := db.setStatus(ctx, order, next, reason, "", by); err != nil {
		return "", err
	}
	if next == was {
		return fmt.Sprintf("The order is still %s, now because: %s.", was, reason), nil
	}
	return fmt.Sprintf("The order went from %s to %s.", was, next), nil
}

// paid is the status that payments speak for. An order that has gone on, been refunded or been ended by
// somebody keeps its status. Money that its provider denies revives nothing.
func (o *Order) paid(payments []Payment, stands standing) (status, reason string) {
	has := func(fits func(p Payment) bool) bool { return slices.ContainsFunc(payments, fits) }
	waits := slices.Contains([]string{StatusPending, StatusFailed, StatusMissing}, o.Status)
	revivable := o.Status == StatusFailed || o.Status == StatusCancelled && o.StatusReason == expired
	for _, p := range payments {
		chosen := stands.paid[p.ID]
		if chosen != "" && p.rank() >= 2 && p.VoidedAt == nil && p.ID != stands.denied && (waits || revivable) {
			return chosen, ""
		}
	}
	switch {
	case has(func(p Payment) bool { return p.CapturedMinor > 0 && p.ID != stands.denied }):
		if waits || revivable {
			return StatusProcessing, ""
		}
	case has(func(p Payment) bool { return p.Status == PaymentAuthorized }):
		if revivable || o.Status == StatusMissing && stands.news {
			return StatusPending, ""
		}
	case has(func(p Payment) bool { return p.VoidedAt != nil }):
		if waits {
			return StatusCancelled, expired
		}
	default:
		return o.unpaidStatus(payments, stands)
	}
	return o.Status, o.StatusReason
}

// unpaidStatus is the status of an order none of whose payments brought money: missing while the buyer's
// account may have been debited, failed when it certainly was not.
func (o *Order) unpaidStatus(payments []Payment, stands standing) (status, reason string) {
	doubt := gateways.NoDoubt
	for _, p := range payments {
		if d := stands.doubts[p.ID]; d == gateways.Debited || doubt == gateways.NoDoubt {
			doubt = d
		}
	}
	over := len(payments) > 0 && !slices.ContainsFunc(payments, func(p Payment) bool {
		return p.Status != PaymentFailed && (p.Status != PaymentCanceled || p.VoidedAt != nil)
	})
	switch {
	case doubt != gateways.NoDoubt && slices.Contains([]string{StatusPending, StatusFailed, StatusMissing}, o.Status):
		if o.Status == StatusMissing && (!stands.news || o.StatusReason == string(gateways.Debited)) {
			return o.Status, o.StatusReason // that the money was taken is not forgotten for a word that says less
		}
		return StatusMissing, string(doubt)
	case over && (o.Status == StatusPending || o.Status == StatusMissing && stands.news):
		return StatusFailed, ""
	}
	return o.Status, o.StatusReason
}
