package models

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
	confirmed *gofynd.Confirmation  // instead, that an order is paid
	payment   *gofynd.PaymentUpdate // instead, how the payment of a session stands
	fynd      *gofynd.Gateway
	channel   *channelOf // of a session, with which fynd is made
}

// TellPartner makes one attempt to tell Fynd what an update says. An update that is not due is left alone.
func (db *DB) TellPartner(ctx context.Context, id int64) error {
	t, err := db.claimUpdate(ctx, id) // committed before the network
	if err != nil || t == nil {
		return err
	}
	calling, trace := gateways.WithTrace(context.WithoutCancel(ctx))
	calling, cancel := context.WithTimeout(calling, db.timings.CallTimeout+5*time.Second)
	answer := db.openAndSend(calling, t)
	cancel()
	err = db.Tx(context.WithoutCancel(ctx), func(tx *DB) error {
		return tx.recordTold(ctx, &t.update, answer, trace.Exchanges())
	})
	if err != nil {
		return fmt.Errorf("record what Fynd answered to update %d: %w", id, err)
	}
	return nil
}

// openAndSend says it, over the way of an extension where a session is told of. A token that Fynd does not accept is
// not used again.
func (db *DB) openAndSend(ctx context.Context, t *telling) (err error) {
	if t.channel == nil {
		return t.send(ctx)
	}
	if t.fynd, err = db.openChannel(ctx, t.channel); err != nil {
		return err
	}
	err = t.send(ctx)
	var e *gateways.Error
	if !errors.As(err, &e) || e.Status != http.StatusUnauthorized {
		return err
	}
	if refused := db.FyndBearerRefused(context.WithoutCancel(ctx), t.channel.install, t.channel.channel.Token); refused != nil {
		return refused
	}
	return &staleToken{err}
}

// staleToken says that Fynd did not accept a token. Another may do.
type staleToken struct{ error }

func (s *staleToken) Unwrap() error { return s.error }

// send says it. A client that breaks down has not been heard, as far as anybody knows.
func (t *telling) send(ctx context.Context) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = &gateways.Error{Kind: gateways.Unknown, Verb: t.update.Kind, Message: fmt.Sprintf("the client broke down: %v", cause)}
		}
	}()
	switch {
	case t.confirmed != nil:
		_, err = t.fynd.ConfirmPayment(ctx, *t.confirmed)
	case t.payment != nil:
		_, err = t.fynd.UpdatePaymentSession(ctx, *t.payment)
	default:
		_, err = t.fynd.UpdateRefundSession(ctx, t.words)
	}
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
		stale, waits, err := tx.partnerOrder(ctx, u, at)
		switch {
		case err != nil:
			return err
		case stale && u.Kind == paymentKind:
			return tx.closeUpdate(ctx, u, "done", paymentMoved)
		case stale:
			return tx.closeUpdate(ctx, u, "done", refundEnded)
		case waits:
			return tx.putOff(ctx, u, at.Add(time.Second), "It waits for what Fynd must hear before.")
		}
		var problem *Problem
		var fault *gateways.Error
		t, err = tx.preparePartner(ctx, u)
		switch {
		case errors.As(err, &problem):
			return tx.putOff(ctx, u, at.Add(time.Minute), problem.Sentence)
		case errors.As(err, &fault) && u.Kind != refundKind && fault.Kind == gateways.Declined:
			return tx.closeUpdate(ctx, u, "failed", fault.Message)
		case errors.As(err, &fault):
			return tx.putOff(ctx, u, at.Add(time.Minute), fault.Message)
		case err != nil:
			return err
		}
		t.update.Tries++
		until := at.Add(tx.timings.Lease)
		return tx.saveUpdate(ctx, u, map[string]any{"next_at": until, "sending_until": until, "tries": t.update.Tries, "gid": u.GID})
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

// preparePartner gathers what is to be said, and opens the store's Fynd settings where they say it.
func (db *DB) preparePartner(ctx context.Context, u *PartnerUpdate) (*telling, error) {
	if u.SessionID != nil {
		return db.prepareSession(ctx, u)
	}
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
	if u.GID == "" {
		u.GID = deref(order.GID) // it may have become known since
	}
	if u.GID == "" {
		return nil, problemf("Fynd's id of the payment is not known yet, and without it Fynd cannot be told.")
	}
	words, err := db.refundWords(ctx, u)
	return &telling{update: *u, fynd: fynd, words: words}, err
}

// prepareSession gathers what is to be said of a payment that Fynd asked an extension for.
func (db *DB) prepareSession(ctx context.Context, u *PartnerUpdate) (*telling, error) {
	s, channel, err := db.sessionOfUpdate(ctx, u)
	if err != nil {
		return nil, err
	}
	t := &telling{update: *u, channel: channel}
	if u.Kind == paymentKind {
		t.payment, err = db.paymentWords(ctx, u, s)
		return t, err
	}
	facts, err := factsOf(s)
	if err != nil {
		return nil, err
	}
	if t.words, err = db.refundWords(ctx, u); err != nil {
		return nil, err
	}
	t.words.Session = &facts
	return t, nil
}

// refundWords are what Fynd is told of a refund.
func (db *DB) refundWords(ctx context.Context, u *PartnerUpdate) (gofynd.RefundUpdate, error) {
	var op Operation
	var p Payment
	if err := db.in(ctx).First(&op, "id = ?", u.OperationID).Error; err != nil {
		return gofynd.RefundUpdate{}, fmt.Errorf("read the operation of update %d: %w", u.ID, err)
	}
	if err := db.in(ctx).First(&p, "id = ?", op.PaymentID).Error; err != nil {
		return gofynd.RefundUpdate{}, fmt.Errorf("read payment %d: %w", op.PaymentID, err)
	}
	words := gofynd.RefundUpdate{
		GID: u.GID, RequestID: u.RequestID, Status: u.Status, Amount: op.Amount(), Total: p.Captured(), Gateway: driverName(db.drivers[p.Gateway], &p),
		PaymentRef: deref(p.Ref), OrderRef: p.OrderRef, RefundRef: op.Ref, UTR: op.Reference, Reason: reasonLabel(op.Reason), Mode: p.Mode, At: op.CreatedAt,
	}
	if u.SessionID != nil {
		words.Receipt = op.IdempotencyKey
	}
	return words, nil
}
