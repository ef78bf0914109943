package models

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"
)

var entryID = regexp.MustCompile(`^[0-9a-f]{24}$`)

// FyndEntry is what opens to the buyer of a session: the page of its payment.
func (db *DB) FyndEntry(ctx context.Context, id string) (*PayPage, error) {
	if !entryID.MatchString(id) {
		return nil, ErrNotFound
	}
	s, err := db.fyndSession(ctx, "id = ?", id)
	if err != nil {
		return nil, err
	}
	at, err := db.now(ctx)
	if err != nil {
		return nil, err
	}
	if s.LinkID == nil || at.After(s.ExpiresAt) {
		return nil, ErrNotFound
	}
	return db.PayPage(ctx, db.linkToken(*s.LinkID))
}

// GatewayName is what people call a gateway.
func (db *DB) GatewayName(code string) string { return cmp.Or(db.drivers[code].Name, code) }

// Checkout is an attempt to pay as it stands now.
func (db *DB) Checkout(ctx context.Context, id int64) (*Checkout, error) {
	var c Checkout
	if err := db.in(ctx).First(&c, "id = ?", id).Error; err != nil {
		return nil, fmt.Errorf("read checkout %d: %w", id, err)
	}
	return &c, nil
}

// sessionWays is the gateway behind the extension of a session, or none while its seller cannot be paid through it.
func (db *DB) sessionWays(ctx context.Context, s *FyndSession) ([]PayWay, error) {
	e, err := db.FyndExtension(ctx, s.ExtensionID)
	if err != nil {
		return nil, err
	}
	seller, err := db.fyndSeller(ctx, e, s.CompanyID, s.ApplicationID, s.Mode)
	var closed *FyndClosed
	switch {
	case errors.As(err, &closed):
		return nil, nil
	case err != nil:
		return nil, err
	case seller.store.ID != s.StoreID:
		return nil, nil // the channel has become another store
	}
	return []PayWay{{Code: seller.driver.Code, Name: seller.driver.Name}}, nil
}

const (
	// fyndHears is how long a buyer who has paid waits for Fynd to answer that it knows. Without its answer the shop
	// would show an order that is not paid yet.
	fyndHears = 8 * time.Second
	// bankMore is how much longer a buyer who came back waits for the bank than it is known to need.
	bankMore = 5 * time.Second
)

// FyndReturn is where the buyer of a session goes back to, and "" while he waits: to the shop's page of success only
// when Fynd has answered that it knows the session as paid, otherwise to the other one.
func (db *DB) FyndReturn(ctx context.Context, page *PayPage) (string, error) {
	s := page.Session
	state, err := db.FyndSessionState(ctx, s)
	if err != nil {
		return "", err
	}
	at, err := db.now(ctx)
	if err != nil {
		return "", err
	}
	since, err := db.cameBack(ctx, page, at)
	if err != nil {
		return "", err
	}
	if p := state.Latest(); p != nil && p.UpdatedAt.After(since) {
		since = p.UpdatedAt
	}
	switch {
	case page.State == PayDone && state.Word == FyndComplete:
		told, err := db.FyndAcknowledged(ctx, s)
		if err != nil {
			return "", err
		}
		if told {
			return fyndWay(s.SuccessURL, FyndComplete), nil
		}
		if at.Sub(since) < fyndHears {
			return "", nil
		}
		return fyndWay(s.CancelURL, FyndPending), nil
	case page.State == PayDone && at.Sub(since) < fyndHears, page.State == PayChecking && at.Sub(since) < patienceFor(page.Waits)+bankMore:
		return "", nil
	case page.State == PayOpen && page.Checkout == nil:
		return "", nil // nobody has gone to pay: the page offers it
	case state.Word == FyndPending:
		return fyndWay(s.CancelURL, FyndPending), nil
	}
	return fyndWay(s.CancelURL, FyndFailed), nil
}

// cameBack is when the buyer of a page came back from the provider: now, when nobody has noted it.
func (db *DB) cameBack(ctx context.Context, page *PayPage, at time.Time) (time.Time, error) {
	c := page.Checkout
	if c == nil || c.ReturnedAt != nil {
		if c != nil {
			at = *c.ReturnedAt
		}
		return at, nil
	}
	err := db.in(ctx).Model(&Checkout{}).Where("id = ? AND returned_at IS NULL", c.ID).Update("returned_at", at).Error
	if err != nil {
		return at, fmt.Errorf("note that a buyer came back: %w", err)
	}
	return at, nil
}
