package models

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
	g := db.in(ctx).Where("gateway = ? AND (current OR retired_at > now() - make_interval(secs => ?))", d.Source, db.timings.SecretOverlap.Seconds())
	if d.StoreID != 0 {
		g = g.Where("store_id = ?", d.StoreID)
	}
	var versions []GatewaySettings
	if err := g.Order("store_id, mode, version").Find(&versions).Error; err != nil {
		return nil, fmt.Errorf("read the secrets of %s: %w", d.Source, err)
	}
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
