package models

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm/clause"
)

// paymentKind is the kind of a PartnerUpdate that says how the payment of a session stands.
const paymentKind = "payment_session"

// fyndRank orders Fynd's words for a payment: it is never told an earlier one after a later. Started it knows by itself.
var fyndRank = map[string]int{FyndStarted: 0, FyndPending: 1, FyndFailed: 2, FyndComplete: 3}

// tellSession queues what Fynd must hear of a locked payment that it asked for: once for each word, and of money
// that is drawn in parts, or after it was held, once for each sum. What says less than Fynd knows, or is about to,
// is not said.
func (db *DB) tellSession(ctx context.Context, p *Payment) error {
	s, err := db.SessionOfPayment(ctx, p)
	if s == nil || err != nil {
		return err
	}
	order, err := db.lockOrder(ctx, s.OrderID) // several payments of a session may move at the same moment
	if err != nil {
		return err
	}
	state, err := db.FyndSessionState(ctx, s)
	if err != nil || state.Word == FyndStarted {
		return err
	}
	amount := state.told()
	var known []PartnerUpdate
	if err := db.in(ctx).Select("status", "amount_minor").Where("session_id = ? AND kind = ?", s.ID, paymentKind).Find(&known).Error; err != nil {
		return fmt.Errorf("read what Fynd was told of session %s: %w", s.GID, err)
	}
	for _, u := range known {
		if fyndRank[u.Status] > fyndRank[state.Word] || u.Status == state.Word && u.AmountMinor >= amount {
			return nil
		}
	}
	at, err := db.now(ctx)
	if err != nil {
		return err
	}
	update := PartnerUpdate{
		StoreID: order.StoreID, OrderID: order.ID, PaymentID: &p.ID, SessionID: &s.ID, Kind: paymentKind, GID: s.GID, Status: state.Word,
		AmountMinor: amount, Currency: s.Currency, State: "queued", NextAt: &at, Log: json.RawMessage("[]"),
	}
	res := db.in(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&update)
	if res.Error != nil {
		return fmt.Errorf("queue what Fynd must hear of session %s: %w", s.GID, res.Error)
	}
	if res.RowsAffected == 0 {
		return nil
	}
	return db.enqueue(ctx, PartnerJob{UpdateID: update.ID})
}

// told is the amount that an update names, in minor units: what was drawn once the payment is complete, nothing while
// it is held only, else what Fynd asked for.
func (s *FyndSessionState) told() int64 {
	if s.Word != FyndComplete {
		return s.Session.AmountMinor
	}
	var drawn int64
	for i := range s.Payments {
		drawn += s.Payments[i].CapturedMinor
	}
	return drawn
}

// Held says whether an update tells of money that is held and not drawn.
func (u *PartnerUpdate) Held() bool {
	return u.Kind == paymentKind && u.Status == FyndComplete && u.AmountMinor == 0
}

// inFlight says whether an attempt to say an update is under way.
func (u *PartnerUpdate) inFlight(now time.Time) bool {
	return u.SendingUntil != nil && u.SendingUntil.After(now)
}

// siblings are the updates about the same refund or the same payment, as a condition; "" when there are none.
func (u *PartnerUpdate) siblings() (where string, args []any) {
	switch {
	case u.Kind == paymentKind:
		return "session_id = ? AND kind = ?", []any{*u.SessionID, u.Kind}
	case u.SessionID != nil:
		return "session_id = ? AND kind = ? AND request_id = ?", []any{*u.SessionID, u.Kind, u.RequestID}
	case u.OperationID != nil:
		return "operation_id = ? AND kind = ?", []any{*u.OperationID, u.Kind}
	}
	return "", nil
}

// patience is how many attempts an update gets before what comes after it is told without it.
const patience = 3

// partnerOrder says where an update stands among those of its refund or payment: stale when what came after it was
// told, waiting when an earlier one is still to be told. Of a payment only the latest counts: an earlier word is
// stale as soon as there is a later one. None is told while another is on its way, for the two could change places.
func (db *DB) partnerOrder(ctx context.Context, u *PartnerUpdate, now time.Time) (stale, waits bool, err error) {
	where, args := u.siblings()
	if where == "" {
		return false, false, nil
	}
	if u.SessionID != nil { // two of them must not be claimed at one moment
		if err := db.in(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", "partner "+*u.SessionID).Error; err != nil {
			return false, false, fmt.Errorf("take turns in telling Fynd of session %s: %w", *u.SessionID, err)
		}
	}
	var others []PartnerUpdate
	err = db.in(ctx).Select("id", "status", "state", "tries", "sending_until").Where(where, args...).Where("id <> ?", u.ID).Find(&others).Error
	if err != nil {
		return false, false, fmt.Errorf("read what Fynd was told besides update %d: %w", u.ID, err)
	}
	for _, other := range others {
		switch {
		case other.ID > u.ID && (other.State == "done" || u.Kind == paymentKind):
			stale = true
		case other.State == "queued" && other.inFlight(now),
			other.ID < u.ID && u.Kind != paymentKind && other.State == "queued" && other.Tries < patience:
			waits = true
		}
	}
	return stale, waits && !stale, nil
}
