package models

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways"
)

// origin is where a snapshot of a payment comes from.
type origin struct {
	store   int64
	gateway string
	mode    string // "" when it is not known
	// settings are those with which the provider was asked, 0 when it was not.
	settings int64
}

// following is what came of following one snapshot.
type following struct {
	order     int64  // 0 when no order here knows the payment
	said      string // what changed, or the objection; "" when nothing did
	objection bool   // it cannot be of this payment, and nothing was changed
}

// follow brings the payment that a provider showed when it was asked, and its order, in line with it. A
// snapshot is of the order it names itself, whoever asked.
func (db *DB) follow(ctx context.Context, at origin, seen *gateways.Payment, by Actor, via string) (following, error) {
	p, err := db.lockKnown(ctx, at, seen)
	if err != nil || p == nil {
		return following{}, err
	}
	objection, err := db.answerObjection(ctx, p, at, seen)
	if err != nil {
		return following{}, err
	}
	if objection != "" {
		return following{p.OrderID, objection, true}, db.noteObjection(ctx, p, objection, by)
	}
	if err := db.shownWith(ctx, p, at.settings); err != nil {
		return following{}, err
	}
	known := p.AuthorizedMinor > 0
	entered, err := db.AdoptPayment(ctx, p, seen, by, "look-up")
	if err != nil {
		return following{}, err
	}
	said, err := db.followPayment(ctx, p, seen, by, via)
	if err != nil {
		return following{}, err
	}
	if !known { // what happened to it after it was paid
		if entered, err = db.AdoptPayment(ctx, p, seen, by, "look-up"); err != nil {
			return following{}, err
		}
	}
	for _, op := range entered {
		said = sentences(said, fmt.Sprintf("%s of %s was made at the gateway, not from here.", verbName(op.Kind), op.Amount()))
	}
	return following{order: p.OrderID, said: said}, nil
}

// answerObjection says why what a provider showed cannot be of this payment, or "".
func (db *DB) answerObjection(ctx context.Context, p *Payment, at origin, seen *gateways.Payment) (string, error) {
	same := *seen
	if p.rank() >= 2 && db.drivers[p.Gateway].Can.Does(gateways.Update) {
		same.Amount.Currency = "" // what is held may be changed later, here or in the portal
	}
	belongs, err := db.refersTo(ctx, p, seen.OrderRef)
	if err != nil {
		return "", err
	}
	if belongs {
		same.OrderRef = ""
	}
	return p.objection(at.mode, &same), nil
}

// shownObjection says why what a provider showed of a payment here cannot be of it, or "". A provider that calls the
// order by its number, without the attempt's, means this order.
func (db *DB) shownObjection(ctx context.Context, p *Payment, seen *gateways.Payment) (string, error) {
	belongs, err := db.refersTo(ctx, p, seen.OrderRef)
	if err != nil {
		return "", err
	}
	same := *seen
	if belongs {
		same.OrderRef = ""
	}
	return p.objection("", &same), nil
}

// noteObjection tells the order's history, once, that its provider shows something that does not fit.
func (db *DB) noteObjection(ctx context.Context, p *Payment, sentence string, by Actor) error {
	var before int64
	if err := db.in(ctx).Model(&OrderHistory{}).Where("order_id = ? AND kind = 'payment' AND comment = ?", p.OrderID, sentence).Limit(1).Count(&before).Error; err != nil {
		return fmt.Errorf("look for what was said of payment %d: %w", p.ID, err)
	}
	if before > 0 {
		return nil
	}
	return db.addHistory(ctx, OrderHistory{OrderID: p.OrderID, StoreID: p.StoreID, Kind: "payment", Comment: sentence}, by)
}

// knownPayment is the payment here that a provider speaks of, or nil: by its id, by the provider's id of the
// order, or by ours with the attempt's number. Nothing is locked or changed.
func (db *DB) knownPayment(ctx context.Context, at origin, seen *gateways.Payment) (*Payment, error) {
	for _, by := range []struct {
		where string
		ref   string
	}{
		{"ref = ?", seen.Ref},
		{"order_ref = ?", seen.OrderRef},
		{"order_ref = ?", seen.Ref},
		{"id = (SELECT payment_id FROM checkouts c WHERE c.store_id = payments.store_id AND c.gateway = payments.gateway AND c.order_ref = ?)", seen.OrderRef},
		{"id = (SELECT payment_id FROM checkouts c WHERE c.store_id = payments.store_id AND c.gateway = payments.gateway AND c.order_ref = ?)", seen.Ref},
	} {
		if by.ref == "" {
			continue
		}
		var p Payment
		g := db.in(ctx).Where("store_id = ? AND gateway = ?", at.store, at.gateway).Where(by.where, by.ref)
		if seen.Ref != "" && by.where != "ref = ?" {
			g = g.Order(clause.Expr{SQL: "ref IS NULL DESC, id DESC"})
		}
		err := g.Order("id DESC").First(&p).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look for payment %s: %w", seen.Ref, err)
		}
		return &p, nil
	}
	return nil, nil
}

// lockKnown finds and locks the payment that a provider showed. One that it made for an order of ours under
// an id not seen before becomes a payment of its own. It is nil when no order here is meant.
func (db *DB) lockKnown(ctx context.Context, at origin, seen *gateways.Payment) (*Payment, error) {
	known, err := db.knownPayment(ctx, at, seen)
	if err != nil {
		return nil, err
	}
	if known != nil {
		p, err := db.lockPayment(ctx, known.OrderID, known.ID)
		if err != nil {
			return nil, err
		}
		if have := deref(p.Ref); have == seen.Ref || seen.Ref == "" {
			return p, nil
		} else if have == "" {
			return p, db.nameRef(ctx, p, seen.Ref)
		}
		return db.anotherAttempt(ctx, at, p.OrderID, seen)
	}
	order, err := db.orderOfRef(ctx, at, seen.OrderRef)
	if err != nil || order == 0 {
		return nil, err
	}
	return db.anotherAttempt(ctx, at, order, seen)
}

// nameAsked notes the provider's id of a locked payment that was asked about by its order, unless another one has it.
func (db *DB) nameAsked(ctx context.Context, p *Payment, seen *gateways.Payment) error {
	if deref(p.Ref) != "" || seen.Ref == "" {
		return nil
	}
	known, err := db.knownPayment(ctx, origin{store: p.StoreID, gateway: p.Gateway, mode: p.Mode}, seen)
	if err != nil || known == nil || known.ID != p.ID {
		return err
	}
	return db.nameRef(ctx, p, seen.Ref)
}

// nameRef notes the provider's id of a locked payment, which has become known.
func (db *DB) nameRef(ctx context.Context, p *Payment, ref string) error {
	p.Ref = &ref
	if err := db.in(ctx).Model(&Payment{}).Where("id = ?", p.ID).Update("ref", ref).Error; err != nil {
		return fmt.Errorf("note the id of payment %d: %w", p.ID, err)
	}
	return nil
}

// anotherAttempt stores an attempt to pay for an order that the provider knows and we did not, and locks it.
func (db *DB) anotherAttempt(ctx context.Context, at origin, id int64, seen *gateways.Payment) (*Payment, error) {
	order, err := db.lockOrder(ctx, id)
	if err != nil {
		return nil, err
	}
	if seen.Ref != "" { // somebody else may have stored it while the order was locked
		var p Payment
		err := db.in(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).First(&p, "store_id = ? AND gateway = ? AND ref = ?", at.store, at.gateway, seen.Ref).Error
		if err == nil {
			return &p, nil
		}
		if !errors.Is(err, gorm.ErrRecordNotFound) {
			return nil, fmt.Errorf("look for payment %s: %w", seen.Ref, err)
		}
	}
	store, err := db.Store(ctx, at.store)
	if err != nil {
		return nil, err
	}
	mode := at.mode
	if mode == "" {
		mode = store.Mode
	}
	p := &Payment{
		OrderID: order.ID, StoreID: order.StoreID, Gateway: at.gateway, Mode: mode, OrderRef: idOf(seen.OrderRef), Status: PaymentPending,
		Currency: order.Currency, AmountMinor: order.TotalMinor, Params: map[string]any{}, Version: 1,
	}
	if seen.Ref != "" {
		p.Ref = &seen.Ref
	}
	if err := db.in(ctx).Create(p).Error; err != nil {
		return nil, fmt.Errorf("store another attempt to pay for order %d: %w", id, err)
	}
	return p, nil
}

// attemptRef is an order number with the attempt's suffix, as providers get it: 1001-2.
var attemptRef = regexp.MustCompile(`^([0-9]{1,18})(?:-[0-9]{1,6})?$`)

// orderOfRef is the order of ours that a provider's reference names, or 0: by our number, with an attempt's
// suffix or without, or by the partner's number. It must be one of this store that pays with this gateway.
func (db *DB) orderOfRef(ctx context.Context, at origin, ref string) (int64, error) {
	if ref == "" {
		return 0, nil
	}
	where, args := "affiliate_order_id = ?", []any{ref}
	if parts := attemptRef.FindStringSubmatch(ref); parts != nil {
		if n, err := strconv.ParseInt(parts[1], 10, 64); err == nil {
			where, args = "(id = ? OR affiliate_order_id = ?)", []any{n, ref}
		}
	}
	var ids []int64
	err := db.in(ctx).Model(&Order{}).Where("store_id = ?", at.store).Where(where, args...).
		Where("gateway = ? OR EXISTS (SELECT 1 FROM payments p WHERE p.order_id = orders.id AND p.gateway = ?)", at.gateway, at.gateway).
		Order("id").Limit(2).Pluck("id", &ids).Error
	if err != nil {
		return 0, fmt.Errorf("look for the order %s: %w", ref, err)
	}
	if len(ids) != 1 {
		return 0, nil
	}
	return ids[0], nil
}

// refersTo says whether a provider's reference of an order is one of a payment's.
func (db *DB) refersTo(ctx context.Context, p *Payment, ref string) (bool, error) {
	if ref == "" || ref == p.OrderRef {
		return true, nil
	}
	order, err := db.orderOfRef(ctx, origin{store: p.StoreID, gateway: p.Gateway, mode: p.Mode}, ref)
	return order == p.OrderID, err
}
