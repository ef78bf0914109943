package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gofynd"
)

// PartnerAttempt is one attempt to tell the partner something, scrubbed.
type PartnerAttempt struct {
	At        time.Time
	Problem   string // "" when it was heard
	Exchanges []gateways.Exchange
}

// telling is a claim on an update: only what was claimed last may be recorded.
type telling struct {
	update    PartnerUpdate
	words     gofynd.RefundUpdate
	confirmed *gofynd.Confirmation // instead, that an order is paid
	fynd      *gofynd.Gateway
}

// TellPartner makes one attempt to tell Fynd what an update says. An update that is not due is left alone.
func (db *DB) TellPartner(ctx context.Context, id int64) error {
	t, err := db.claimUpdate(ctx, id) // committed before the network
	if err != nil || t == nil {
		return err
	}
	calling, trace := gateways.WithTrace(context.WithoutCancel(ctx))
	calling, cancel := context.WithTimeout(calling, db.timings.CallTimeout+5*time.Second)
	answer := t.send(calling)
	cancel()
	err = db.Tx(context.WithoutCancel(ctx), func(tx *DB) error {
		return tx.recordTold(ctx, &t.update, answer, trace.Exchanges())
	})
	if err != nil {
		return fmt.Errorf("record what Fynd answered to update %d: %w", id, err)
	}
	return nil
}

// send says it. A client that breaks down has not been heard, as far as anybody knows.
func (t *telling) send(ctx context.Context) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = &gateways.Error{Kind: gateways.Unknown, Verb: t.update.Kind, Message: fmt.Sprintf("the client broke down: %v", cause)}
		}
	}()
	if t.confirmed != nil {
		_, err = t.fynd.ConfirmPayment(ctx, *t.confirmed)
		return err //nolint:wrapcheck // a gateways.Error says what may be done
	}
	_, err = t.fynd.UpdateRefundSession(ctx, t.words)
	return err //nolint:wrapcheck // a gateways.Error says what may be done
}

// claimUpdate takes a due update for one attempt. What has become stale is closed, and what cannot be said
// yet waits with its reason.
func (db *DB) claimUpdate(ctx context.Context, id int64) (*telling, error) {
	var t *telling
	err := db.Tx(ctx, func(tx *DB) error {
		t = nil
		u, err := tx.lockUpdate(ctx, id)
		if err != nil {
			return err
		}
		at, err := tx.now(ctx)
		if err != nil {
			return err
		}
		if u.State != "queued" || u.NextAt == nil || u.NextAt.After(at) {
			return nil
		}
		stale, waits, err := tx.partnerOrder(ctx, u)
		switch {
		case err != nil:
			return err
		case stale:
			return tx.closeUpdate(ctx, u, "done", "Not told: Fynd knows the end of this refund already.")
		case waits:
			return tx.putOff(ctx, u, at.Add(time.Second), "It waits for what Fynd must hear before.")
		}
		var problem *Problem
		var fault *gateways.Error
		t, err = tx.preparePartner(ctx, u)
		switch {
		case errors.As(err, &problem):
			return tx.putOff(ctx, u, at.Add(time.Minute), problem.Sentence)
		case errors.As(err, &fault) && u.Kind == confirmKind && fault.Kind == gateways.Declined:
			return tx.closeUpdate(ctx, u, "failed", fault.Message)
		case errors.As(err, &fault):
			return tx.putOff(ctx, u, at.Add(time.Minute), fault.Message)
		case err != nil:
			return err
		}
		t.update.Tries++
		return tx.saveUpdate(ctx, u, map[string]any{"next_at": at.Add(tx.timings.Lease), "tries": t.update.Tries, "gid": u.GID})
	})
	if err != nil {
		return nil, fmt.Errorf("claim update %d: %w", id, err)
	}
	return t, nil
}

func (db *DB) lockUpdate(ctx context.Context, id int64) (*PartnerUpdate, error) {
	var u PartnerUpdate
	err := db.in(ctx).Scopes(scoped(ctx, "partner_updates")).Clauses(clause.Locking{Strength: "UPDATE"}).First(&u, "id = ?", id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("lock update %d: %w", id, err)
	}
	return &u, nil
}

// patience is how many attempts an update gets before what comes after it is told without it.
const patience = 3

// partnerOrder says where an update stands among those of its operation: stale when an end was told and
// this is only the beginning, waiting when an earlier one is still to be told.
func (db *DB) partnerOrder(ctx context.Context, u *PartnerUpdate) (stale, waits bool, err error) {
	if u.OperationID == nil {
		return false, false, nil
	}
	var others []PartnerUpdate
	err = db.in(ctx).Select("id", "status", "state", "tries").Where("operation_id = ? AND kind = ? AND id <> ?", *u.OperationID, u.Kind, u.ID).Find(&others).Error
	if err != nil {
		return false, false, fmt.Errorf("read what Fynd was told of operation %d: %w", *u.OperationID, err)
	}
	for _, other := range others {
		switch {
		case u.Status == partnerWords[Accepted] && other.State == "done":
			stale = true
		case other.ID < u.ID && other.State == "queued" && other.Tries < patience:
			waits = true
		}
	}
	return stale, waits && !stale, nil
}

// preparePartner opens the store's Fynd settings and gathers what is to be said.
func (db *DB) preparePartner(ctx context.Context, u *PartnerUpdate) (*telling, error) {
	store, err := db.Store(ctx, u.StoreID)
	if err != nil {
		return nil, err
	}
	settings, err := db.currentSettings(ctx, u.StoreID, sourceFynd, store.Mode)
	if err != nil {
		return nil, err
	}
	values, err := db.clear(settings)
	if err != nil {
		return nil, err
	}
	fynd, err := gofynd.Open(values)
	if err != nil {
		return nil, err //nolint:wrapcheck // a gateways.Error says what is missing
	}
	var order Order
	if err := db.in(ctx).First(&order, "id = ?", u.OrderID).Error; err != nil {
		return nil, fmt.Errorf("read order %d: %w", u.OrderID, err)
	}
	if u.Kind == confirmKind {
		words, err := db.confirmWords(ctx, u, &order)
		return &telling{update: *u, fynd: fynd, confirmed: words}, err
	}
	var op Operation
	var p Payment
	if err := db.in(ctx).First(&op, "id = ?", u.OperationID).Error; err != nil {
		return nil, fmt.Errorf("read the operation of update %d: %w", u.ID, err)
	}
	if err := db.in(ctx).First(&p, "id = ?", op.PaymentID).Error; err != nil {
		return nil, fmt.Errorf("read payment %d: %w", op.PaymentID, err)
	}
	if u.GID == "" {
		u.GID = deref(order.GID) // it may have become known since
	}
	if u.GID == "" {
		return nil, problemf("Fynd's id of the payment is not known yet, and without it Fynd cannot be told.")
	}
	return &telling{update: *u, fynd: fynd, words: gofynd.RefundUpdate{
		GID: u.GID, RequestID: u.RequestID, Status: u.Status, Amount: op.Amount(), Total: p.Captured(), Gateway: driverName(db.drivers[p.Gateway], &p),
		PaymentRef: deref(p.Ref), OrderRef: p.OrderRef, RefundRef: op.Ref, UTR: op.Reference, Reason: reasonLabel(op.Reason), Mode: p.Mode, At: op.CreatedAt,
	}}, nil
}
