package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/money"
)

// channelOf is how Fynd is reached for a session; its token is asked for only when it is needed.
type channelOf struct {
	install int64
	channel gofynd.Channel
}

// sessionOfUpdate is the session of an update and how Fynd is reached for it.
func (db *DB) sessionOfUpdate(ctx context.Context, u *PartnerUpdate) (*FyndSession, *channelOf, error) {
	var s FyndSession
	if err := db.in(ctx).First(&s, "id = ?", *u.SessionID).Error; err != nil {
		return nil, nil, fmt.Errorf("read session %s: %w", *u.SessionID, err)
	}
	e, err := db.FyndExtension(ctx, s.ExtensionID)
	if err != nil {
		return nil, nil, err
	}
	var installs []int64
	err = db.in(ctx).Model(&FyndInstall{}).Where("extension_id = ? AND company_id = ? AND uninstalled_at IS NULL", e.ID, s.CompanyID).Limit(1).Pluck("id", &installs).Error
	if err != nil {
		return nil, nil, fmt.Errorf("read the install of company %s: %w", s.CompanyID, err)
	}
	if len(installs) == 0 {
		return nil, nil, problemf("Company %s has uninstalled the extension %s, and without it Fynd cannot be told.", s.CompanyID, e.Name)
	}
	secret, err := db.extensionSecret(e)
	if err != nil {
		return nil, nil, err
	}
	return &s, &channelOf{installs[0], gofynd.Channel{
		BaseURL: db.bases[sourceFynd], PlatformURL: e.PlatformURL, Company: s.CompanyID, Application: s.ApplicationID, Secret: secret, Timeout: db.timings.CallTimeout,
	}}, nil
}

// factsOf are what Fynd said of a session, as it hears them again.
func factsOf(s *FyndSession) (gofynd.SessionFacts, error) {
	facts, err := gofynd.Facts(s.Body)
	if err != nil {
		return facts, fmt.Errorf("read the body of session %s: %w", s.ID, err)
	}
	facts.GID, facts.PFOrderID, facts.Mode, facts.SuccessURL, facts.CancelURL = s.GID, s.PFOrderID, s.Mode, s.SuccessURL, s.CancelURL
	return facts, nil
}

// paymentWords are what Fynd is told of the payment of a session: the attempts that an update's word is about.
func (db *DB) paymentWords(ctx context.Context, u *PartnerUpdate, s *FyndSession) (*gofynd.PaymentUpdate, error) {
	facts, err := factsOf(s)
	if err != nil {
		return nil, err
	}
	state, err := db.FyndSessionState(ctx, s)
	if err != nil {
		return nil, err
	}
	words := &gofynd.PaymentUpdate{Session: facts, Status: u.Status, Total: money.New(s.AmountMinor, s.Currency)}
	for i := range state.Payments {
		if state.Words[i] == u.Status {
			words.Payments = append(words.Payments, db.paymentFacts(state, i))
		}
	}
	if n := len(words.Payments); u.Status == FyndFailed && n > 1 {
		words.Payments = words.Payments[n-1:] // the last attempt is what the buyer saw
	}
	if len(words.Payments) == 0 {
		return nil, &gateways.Error{Kind: gateways.Declined, Verb: paymentKind, Message: "The payment is not there any more; there is nothing to tell Fynd of."}
	}
	return words, nil
}

// paymentFacts are what Fynd is told of one attempt to pay.
func (db *DB) paymentFacts(state *FyndSessionState, i int) gofynd.PaymentFacts {
	p := &state.Payments[i]
	facts := gofynd.PaymentFacts{
		Gateway: driverName(db.drivers[p.Gateway], p), PaymentRef: deref(p.Ref), OrderRef: p.OrderRef, Status: state.Words[i], Amount: p.Amount(p.AmountMinor),
		Captured: p.CapturedMinor, At: p.CreatedAt,
	}
	if facts.Status == FyndFailed {
		facts.Code, facts.Reason = state.Why(i)
	}
	return facts
}

// openChannel is the way to Fynd of a session, with a good token. It asks Fynd for one where there is none, and so is
// called outside of any transaction.
func (db *DB) openChannel(ctx context.Context, c *channelOf) (*gofynd.Gateway, error) {
	token, err := db.FyndBearer(ctx, c.install)
	if err != nil {
		return nil, &tokenless{err}
	}
	c.channel.Token = token
	return gofynd.OpenChannel(c.channel) //nolint:wrapcheck // a gateways.Error says what is missing
}

// tokenless says that there is no token now, so that nothing was said.
type tokenless struct{ cause error }

func (t *tokenless) Error() string { return t.cause.Error() }
func (t *tokenless) Unwrap() error { return t.cause }

// pause is how long to wait for a token when an update has waited for so long already: not long while the buyer may be
// waiting too. Without anybody to ask for one it takes a person.
func (t *tokenless) pause(waited time.Duration) time.Duration {
	if gateways.KindOf(t.cause) == gateways.Declined || errors.As(t.cause, new(*Problem)) {
		return time.Minute
	}
	return min(max(waited/2, 2*time.Second), time.Minute)
}

// sentence is why there is no token, for people.
func (t *tokenless) sentence() string {
	var problem *Problem
	var said *gateways.Error
	switch {
	case errors.As(t.cause, &problem):
		return problem.Sentence
	case errors.As(t.cause, &said) && said.Kind == gateways.Declined:
		return fmt.Sprintf("Fynd does not accept the refresh token any more. Its seller opens the extension in Fynd once more, and it is installed anew. %s", said.Message)
	case errors.As(t.cause, &said):
		return "Fynd gave no access token. " + said.Message
	}
	return "There is no access token of Fynd at the moment."
}
