package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/kartify/kartify/gateways"
)

// signer is a store whose secret fits a webhook.
type signer struct {
	store int64
	mode  string // "" when its test and live secrets both fit
}

// signers are the stores whose secret fits a webhook, by id: secrets in force and those replaced less than
// Timings.SecretOverlap ago, of the store the address names or of every store when it names none.
func (db *DB) signers(ctx context.Context, d Delivery, inbox gateways.Inbox) ([]signer, error) {
	if kept := db.signed.kept(d); kept != nil {
		fitting, err := db.fitting(ctx, d, inbox, kept)
		if err != nil || len(fitting) > 0 {
			return fitting, err
		}
	}
	versions, err := db.webhookSettings(ctx, d)
	if err != nil {
		return nil, err
	}
	db.signed.keep(d, versions)
	return db.fitting(ctx, d, inbox, versions)
}

// webhookSettings are the versions of settings whose secret may sign a webhook.
func (db *DB) webhookSettings(ctx context.Context, d Delivery) ([]GatewaySettings, error) {
	g := db.in(ctx).Where("gateway = ? AND (current OR retired_at > now() - make_interval(secs => ?))", d.Source, db.timings.SecretOverlap.Seconds())
	if d.StoreID != 0 {
		g = g.Where("store_id = ?", d.StoreID)
	}
	var versions []GatewaySettings
	if err := g.Order("store_id, mode, version").Find(&versions).Error; err != nil {
		return nil, fmt.Errorf("read the secrets of %s: %w", d.Source, err)
	}
	return versions, nil
}

// fitting are the stores among these settings whose secret fits.
func (db *DB) fitting(ctx context.Context, d Delivery, inbox gateways.Inbox, versions []GatewaySettings) ([]signer, error) {
	var fitting []signer
	for i := range versions {
		v := &versions[i]
		switch err := inbox.Verify(d.Header, d.Body, db.webhookSecrets(ctx, v, inbox)); {
		case errors.Is(err, gateways.ErrSignature):
			continue // the others are tried all the same, so that time tells nothing
		case err != nil:
			return nil, fmt.Errorf("check a signature of %s: %w", d.Source, err)
		}
		fitting = append(fitting, signer{v.StoreID, v.Mode})
	}
	return mergeModes(fitting), nil
}

// signed keeps settings for a moment, so that a stream of webhooks does not read them for each. One that
// they do not fit has them read anew, so that a new secret counts at once.
type signed struct {
	mu   sync.Mutex
	last map[signedFor]keptSettings
}

type signedFor struct {
	source string
	store  int64
}

type keptSettings struct {
	versions []GatewaySettings
	at       time.Time
}

// settingsKept is far below the time for which a replaced secret still fits.
const settingsKept = 2 * time.Second

// forget has settings read anew, for one of them has changed.
func (s *signed) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = nil
}

func (s *signed) kept(d Delivery) []GatewaySettings {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept := s.last[signedFor{d.Source, d.StoreID}]; time.Since(kept.at) < settingsKept {
		return kept.versions
	}
	return nil
}

// keep keeps settings while all of them are in force: a replaced secret is looked at with the clock in hand.
func (s *signed) keep(d Delivery, versions []GatewaySettings) {
	if len(versions) == 0 || slices.ContainsFunc(versions, func(v GatewaySettings) bool { return !v.Current }) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		s.last = map[signedFor]keptSettings{}
	}
	s.last[signedFor{d.Source, d.StoreID}] = keptSettings{versions, time.Now()}
}

// mergeModes names each store once, without a mode when it signs in both with the same secret.
func mergeModes(fitting []signer) []signer {
	var merged []signer
	for _, s := range fitting {
		i := slices.IndexFunc(merged, func(m signer) bool { return m.store == s.store })
		switch {
		case i < 0:
			merged = append(merged, s)
		case merged[i].mode != s.mode:
			merged[i].mode = ""
		}
	}
	return merged
}

// webhookSecrets is the webhook secret of one version of settings, or nothing. One that cannot be opened
// is logged and fits nothing.
func (db *DB) webhookSecrets(ctx context.Context, v *GatewaySettings, inbox gateways.Inbox) []string {
	sealed, ok := v.Secrets[inbox.SecretField()]
	if !ok {
		return nil
	}
	secret, err := db.keys.Open(v.secretPlace(inbox.SecretField()), sealed)
	if err != nil {
		db.log.ErrorContext(ctx, "a webhook secret cannot be opened", "settings", v.ID, "error", err)
		return nil
	}
	return []string{secret}
}

// inbox reads the webhooks of a source, when it is one that sends any.
func (db *DB) inbox(source string) (gateways.Inbox, bool) {
	driver, ok := db.drivers[source]
	return driver.Inbox, ok && driver.Inbox != nil
}
