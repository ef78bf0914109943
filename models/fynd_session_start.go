package models

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways/gofynd"
)

// FyndSessionRequest is a payment that Fynd asks an extension for.
type FyndSessionRequest struct {
	Extension *FyndExtension
	In        gofynd.SessionIn
	Kept      gofynd.Kept
	Address   string // how buyers reach kartify: https://pay.example.com
}

const (
	// fyndSessionLife is how long a buyer can pay after Fynd asked for the payment. Fynd names no time.
	fyndSessionLife = 24 * time.Hour
	// FyndLoaderPath is where the buyers of sessions enter, before the session's id.
	FyndLoaderPath = "/api/v1/pgloader/"
)

// StartFyndSession has an order for what Fynd asks for, and a way for its buyer to pay it. Asked again with the same
// body it is the same session; another body under the same gid is a conflict. Who cannot be paid is told so by a
// FyndClosed, and what is wrong with the request by a Problem.
func (db *DB) StartFyndSession(ctx context.Context, req FyndSessionRequest) (*FyndSession, error) {
	known, err := db.knownFyndSession(ctx, req)
	if known != nil || err != nil {
		return known, db.noteFyndObjection(ctx, err)
	}
	seller, err := db.fyndSeller(ctx, req.Extension, req.In.CompanyID, req.In.ApplicationID, req.In.Mode)
	if err != nil {
		return nil, err
	}
	if err := db.checkFyndSession(ctx, seller, &req); err != nil {
		return nil, err
	}
	var s *FyndSession
	err = db.Tx(ctx, func(tx *DB) error {
		s, err = tx.startFyndSession(ctx, seller, &req)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("start session %s of Fynd: %w", req.In.GID, db.noteFyndObjection(ctx, err))
	}
	return s, nil
}

// knownFyndSession is the session of a gid that was asked for before, nil when it is new.
func (db *DB) knownFyndSession(ctx context.Context, req FyndSessionRequest) (*FyndSession, error) {
	s, err := db.FyndSession(ctx, req.Extension.ID, req.In.GID)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil //nolint:nilnil // it is new
	case err != nil:
		return nil, err
	case bytes.Equal(s.BodyHash, req.Kept.Hash):
		return s, nil
	}
	what := "with another body"
	if s.Amount() != req.In.Amount {
		what = fmt.Sprintf("for %s", req.In.Amount)
		if gofynd.Hundredfold(s.AmountMinor, req.In.Amount.Minor) {
			what += ", a hundred times more or less,"
		}
	}
	return nil, &fyndObjection{
		order: s.OrderID, store: s.StoreID, gid: s.GID, amount: s.Amount() != req.In.Amount,
		sentence: fmt.Sprintf("The payment %s was asked for before; asked for again %s it was refused.", s.GID, what),
	}
}

// checkFyndSession says as a Problem why a seller cannot take what is asked for.
func (db *DB) checkFyndSession(ctx context.Context, seller *fyndSeller, req *FyndSessionRequest) error {
	e, in := req.Extension, &req.In
	if !e.Takes(in.Amount.Currency) {
		return FieldProblem("currency", "%s takes payments in %s, not in %s.", e.Name, strings.Join(e.Currencies, ", "), in.Amount.Currency)
	}
	for field, address := range map[string]string{"success_url": in.SuccessURL, "cancel_url": in.CancelURL} {
		if err := db.checkFyndReturn(ctx, seller.store.ID, field, address); err != nil {
			return err
		}
	}
	return nil
}

// startFyndSession stores a session with its order and its payment link, or gives the one that another request stored.
func (db *DB) startFyndSession(ctx context.Context, seller *fyndSeller, req *FyndSessionRequest) (*FyndSession, error) {
	in := &req.In
	gid := fmt.Sprintf("fynd session %d %s", req.Extension.ID, in.GID)
	if err := db.in(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", gid).Error; err != nil {
		return nil, fmt.Errorf("wait for the %s: %w", gid, err)
	}
	if known, err := db.knownFyndSession(ctx, *req); known != nil || err != nil {
		return known, err
	}
	if err := db.oneAtATime(ctx, sourceFynd, seller.store.ID, in.PFOrderID, ""); err != nil {
		return nil, err
	}
	order, err := db.fyndSessionOrder(ctx, seller, in)
	if err != nil {
		return nil, err
	}
	at, err := db.now(ctx)
	if err != nil {
		return nil, err
	}
	link := PaymentLink{StoreID: order.StoreID, OrderID: order.ID, Maker: FyndActor.Name, CreatedAt: at, ExpiresAt: at.Add(fyndSessionLife)}
	if err := db.in(ctx).Create(&link).Error; err != nil {
		return nil, fmt.Errorf("store its payment link: %w", err)
	}
	s := &FyndSession{
		ID: sessionID(), ExtensionID: req.Extension.ID, StoreID: order.StoreID, OrderID: order.ID, LinkID: &link.ID, CompanyID: in.CompanyID, ApplicationID: in.ApplicationID,
		GID: in.GID, PFOrderID: in.PFOrderID, AmountMinor: in.Amount.Minor, Currency: in.Amount.Currency, Mode: seller.mode,
		SuccessURL: in.SuccessURL, CancelURL: in.CancelURL, Body: withoutCards(req.Kept.Body, in.GID, in.PFOrderID), BodyHash: req.Kept.Hash, CreatedAt: at, ExpiresAt: link.ExpiresAt,
	}
	s.Reply = string(gofynd.SessionReply(s.ID, req.Address+FyndLoaderPath+s.ID, s.GID))
	if err := db.in(ctx).Create(s).Error; err != nil {
		return nil, fmt.Errorf("store it: %w", err)
	}
	said := fmt.Sprintf("Fynd asks for %s as %s, to be paid with %s in %s mode.", in.Amount, s.GID, seller.driver.Name, s.Mode)
	if ways := methodNames(in.Methods); ways != "" {
		said = fmt.Sprintf("%s The buyer chose %s.", said, ways)
	}
	err = db.addHistory(ctx, OrderHistory{OrderID: order.ID, StoreID: order.StoreID, Kind: "payment", Comment: clip(textOf(said), 500)}, FyndActor)
	if err != nil {
		return nil, err
	}
	if err := db.amountAgreed(ctx, order.ID); err != nil {
		return nil, err
	}
	if err := db.wakeOrder(ctx, order); err != nil {
		return nil, err
	}
	return s, db.audit(ctx, s.StoreID, FyndActor, "fynd_session.started", "order "+strconv.FormatInt(order.ID, 10), &order.ID, map[string]any{
		"gid": s.GID, "extension": s.ExtensionID, "amount_minor": s.AmountMinor, "currency": s.Currency, "mode": s.Mode,
	})
}

func sessionID() string {
	id := make([]byte, 12)
	_, _ = rand.Read(id) // never fails
	return hex.EncodeToString(id)
}

// Ways are the ways to pay that Fynd names, as people read them.
func (s *FyndSession) Ways() string {
	facts, err := gofynd.Facts(s.Body)
	if err != nil {
		return ""
	}
	return methodNames(facts.Methods)
}

// methodNames are the ways to pay that Fynd names, as people read them: Net banking (State Bank of India).
func methodNames(methods []gofynd.ToldMethod) string {
	var names []string
	for _, m := range methods {
		name := m.Name
		if name == "" {
			name = m.Code
		}
		var subs []string
		for _, sub := range m.Subs {
			if sub.Name == "" {
				sub.Name = sub.Code
			}
			if sub.Name != "" {
				subs = append(subs, sub.Name)
			}
		}
		if len(subs) > 0 {
			name += " (" + strings.Join(subs, ", ") + ")"
		}
		names = append(names, name)
	}
	return clip(tidy(strings.Join(names, ", ")), 200)
}
