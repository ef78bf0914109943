package models

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gofynd"
)

// SubscribeFynd has Fynd send the events of a company to address, or brings an earlier subscription up to date. What
// goes wrong is kept as the install's problem, and is a Problem.
func (db *DB) SubscribeFynd(ctx context.Context, install int64, address string) error {
	missing, err := db.subscribeFynd(ctx, install, address)
	var refused *gateways.Error
	if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
		missing, err = db.subscribeFynd(ctx, install, address) // with another token
	}
	ctx = context.WithoutCancel(ctx)
	switch {
	case errors.As(err, &refused) && refused.Verb == "token": // the install says why already
		return problemf("%s", refused.Message)
	case errors.As(err, &refused):
		sentence := "Fynd did not take the subscription to its webhooks. " + refused.Message
		if err := db.changeInstall(ctx, install, map[string]any{"problem": textOf(sentence)}); err != nil {
			return err
		}
		return problemf("%s", sentence)
	case err != nil:
		return err
	}
	problem := ""
	if len(missing) > 0 {
		problem = "Fynd does not offer these events, so kartify does not hear of them: " + strings.Join(missing, ", ") + "."
	}
	return db.changeInstall(ctx, install, map[string]any{"subscribed_at": now(), "problem": problem})
}

// subscribeFynd asks Fynd once. A token that Fynd does not accept is not used again.
func (db *DB) subscribeFynd(ctx context.Context, install int64, address string) (missing []string, err error) {
	token, err := db.FyndBearer(ctx, install)
	if err != nil {
		return nil, err
	}
	var row FyndInstall
	if err := db.in(ctx).First(&row, "id = ?", install).Error; err != nil {
		return nil, fmt.Errorf("read install %d: %w", install, err)
	}
	extension, err := db.FyndExtension(ctx, row.ExtensionID)
	if err != nil {
		return nil, err
	}
	platform, err := db.fyndPlatform(extension)
	if err != nil {
		return nil, err
	}
	email := extension.ContactEmail
	if email == "" {
		email = extension.SupportEmail
	}
	missing, err = platform.Subscribe(ctx, row.CompanyID, token, gofynd.Subscription{URL: address, Email: email})
	var refused *gateways.Error
	if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
		if err := db.FyndBearerRefused(context.WithoutCancel(ctx), install, token); err != nil {
			return missing, err
		}
	}
	return missing, err //nolint:wrapcheck // a gateways.Error says what may be done
}

// FyndStillInstalled asks Fynd with a company's token whether the extension is still installed: an uninstallation
// without proof is only a hint. An error says that Fynd could not be asked.
func (db *DB) FyndStillInstalled(ctx context.Context, install *FyndInstall) (bool, error) {
	token, err := db.FyndBearer(ctx, install.ID)
	if gone(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	extension, err := db.FyndExtension(ctx, install.ExtensionID)
	if err != nil {
		return false, err
	}
	platform, err := db.fyndPlatform(extension)
	if err != nil {
		return false, err
	}
	err = platform.CheckToken(ctx, install.CompanyID, token)
	if gone(err) {
		return false, nil
	}
	return true, err //nolint:wrapcheck // a gateways.Error says what may be done
}

// gone says that Fynd knows no installation any more: it refuses the company's token.
func gone(err error) bool {
	var refused *gateways.Error
	if errors.As(err, &refused) {
		return refused.Verb == "subscribe" && (refused.Status == http.StatusUnauthorized || refused.Status == http.StatusForbidden) ||
			refused.Verb == "token" && refused.Kind == gateways.Declined
	}
	return false
}
