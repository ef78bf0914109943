package models

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
)

// Fynd's words for a payment (Fynd docs, implement payment flow; no others are taken).
const (
	FyndStarted  = "started"  // a session that nobody has tried to pay yet
	FyndPending  = "pending"  // the gateway has not said, or is waiting for the buyer
	FyndComplete = "complete" // paid
	FyndFailed   = "failed"   // declined, turned back, or given back before it was drawn
)

// FyndWord is Fynd's word for an attempt to pay. Money that is only held is paid when the extension leaves drawing it
// to the shipment, and not yet when it draws at once. A payment in doubt is pending, whatever the gateway calls it.
func FyndWord(p *Payment, autoCapture bool, doubt gateways.Doubt) string {
	switch {
	case p.Status.Captured(), p.CapturedMinor > 0:
		return FyndComplete
	case p.VoidedAt != nil:
		return FyndFailed
	case p.Status == PaymentAuthorized && !autoCapture:
		return FyndComplete
	case doubt != gateways.NoDoubt:
		return FyndPending
	case p.Status == PaymentFailed, p.Status == PaymentCanceled:
		return FyndFailed
	}
	return FyndPending
}

// FyndSessionState is a session as its payments show it.
type FyndSessionState struct {
	Session  *FyndSession
	Payments []Payment // the attempts to pay for it, oldest first
	Words    []string  // Fynd's word for each
	Word     string    // for all of it

	doubts map[int64]gateways.Doubt // by payment
}

// Latest is the payment that the word of the session is about, nil when nobody has tried to pay.
func (s *FyndSessionState) Latest() *Payment {
	for i := len(s.Words) - 1; i >= 0; i-- {
		if s.Words[i] == s.Word {
			return &s.Payments[i]
		}
	}
	return nil
}

// FyndSession is the payment that Fynd asked an extension for by this gid.
func (db *DB) FyndSession(ctx context.Context, extension int64, gid string) (*FyndSession, error) {
	if gid != textOf(gid) {
		return nil, ErrNotFound // no id has such bytes
	}
	return db.fyndSession(ctx, "extension_id = ? AND gid = ?", extension, gid)
}

func (db *DB) fyndSession(ctx context.Context, where string, args ...any) (*FyndSession, error) {
	var s FyndSession
	err := db.in(ctx).Scopes(scoped(ctx, "fynd_sessions")).Where(where, args...).First(&s).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read a payment session: %w", err)
	}
	return &s, nil
}

// FyndSessionState is how a session stands.
func (db *DB) FyndSessionState(ctx context.Context, s *FyndSession) (*FyndSessionState, error) {
	e, err := db.FyndExtension(ctx, s.ExtensionID)
	if err != nil {
		return nil, err
	}
	state := &FyndSessionState{Session: s, Word: FyndStarted}
	err = db.in(ctx).Where("order_id = ? AND mode = ?", s.OrderID, s.Mode).Where(paymentOfSession, s.LinkID, s.OrderID, s.ID).Order("id").Find(&state.Payments).Error
	if err != nil {
		return nil, fmt.Errorf("read the payments of session %s: %w", s.GID, err)
	}
	if state.doubts, err = db.doubts(ctx, s.OrderID); err != nil {
		return nil, err
	}
	best := map[string]int{FyndStarted: 0, FyndFailed: 1, FyndPending: 2, FyndComplete: 3}
	for i := range state.Payments {
		word := FyndWord(&state.Payments[i], e.AutoCapture, state.doubts[state.Payments[i].ID])
		state.Words = append(state.Words, word)
		if best[word] > best[state.Word] {
			state.Word = word
		}
	}
	return state, nil
}

// paymentOfSession picks the payments that belong to a session, by its link and its order: those that were begun with
// the link, and, for the latest session of an order, those that were begun with no session's.
const paymentOfSession = `(EXISTS (SELECT 1 FROM checkouts c WHERE c.payment_id = payments.id AND c.link_id = ?)
	OR NOT EXISTS (SELECT 1 FROM checkouts c JOIN fynd_sessions f ON f.link_id = c.link_id WHERE c.payment_id = payments.id)
		AND (SELECT f.id FROM fynd_sessions f WHERE f.order_id = ? ORDER BY f.created_at DESC, f.id DESC LIMIT 1) = ?)`

// SessionOfPayment is the session that a payment belongs to, or nil: the one with whose link it was begun, else the
// latest one of its order and mode.
func (db *DB) SessionOfPayment(ctx context.Context, p *Payment) (*FyndSession, error) {
	const linked = "link_id IN (SELECT c.link_id FROM checkouts c WHERE c.payment_id = @payment AND c.order_id = @order)"
	s, err := db.fyndSession(ctx, `id = (SELECT id FROM fynd_sessions WHERE order_id = @order AND mode = @mode AND
			(`+linked+` OR id = (SELECT f.id FROM fynd_sessions f WHERE f.order_id = @order ORDER BY f.created_at DESC, f.id DESC LIMIT 1))
		ORDER BY `+linked+` IS TRUE DESC LIMIT 1)`, map[string]any{"payment": p.ID, "order": p.OrderID, "mode": p.Mode})
	if !errors.Is(err, ErrNotFound) {
		return s, err
	}
	return nil, nil //nolint:nilnil // most payments belong to none
}

// FyndAcknowledged says whether Fynd has answered that it knows a session as paid. Only then its buyer belongs on the
// shop's page of success.
func (db *DB) FyndAcknowledged(ctx context.Context, s *FyndSession) (bool, error) {
	var n int64
	err := db.in(ctx).Model(&PartnerUpdate{}).
		Where("session_id = ? AND kind = 'payment_session' AND status = ? AND state = 'done' AND problem = ''", s.ID, FyndComplete).Count(&n).Error
	if err != nil {
		return false, fmt.Errorf("look whether Fynd knows of session %s: %w", s.GID, err)
	}
	return n > 0, nil
}
