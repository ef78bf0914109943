package models

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gofynd"
)

// SubscribeFynd has Fynd send the events of a company to address, or brings an earlier subscription up to date. What
// goes wrong is kept as the install's problem, is tried again later by itself, and is a Problem.
func (db *DB) SubscribeFynd(ctx context.Context, install int64, address string) error {
	missing, err := db.subscribeFynd(ctx, install, address)
	var refused *gateways.Error
	if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
		missing, err = db.subscribeFynd(ctx, install, address) // with another token
	}
	ctx = context.WithoutCancel(ctx)
	refused = nil
	var hopeless *Problem
	switch {
	case errors.As(err, &hopeless) || errors.As(err, &refused) && refused.Verb == "token" && refused.Kind == gateways.Declined:
		// nothing helps but installing it once more, which subscribes anew
		return errors.Join(db.changeInstall(ctx, install, map[string]any{"next_subscribe_at": nil}), problemf("%s", message(err)))
	case refused != nil && refused.Verb == "token": // the install says why already
		return db.notSubscribed(ctx, install, address, refused.Message, "")
	case refused != nil:
		sentence := "Fynd did not take the subscription to its webhooks. " + refused.Message
		return db.notSubscribed(ctx, install, address, sentence, sentence)
	case err != nil:
		return err
	}
	problem := ""
	if len(missing) > 0 {
		problem = "Fynd does not offer these events, so kartify does not hear of them: " + strings.Join(missing, ", ") + "."
	}
	return db.changeInstall(ctx, install, map[string]any{
		"subscribed_at": now(), "problem": problem, "webhook_url": address, "subscribe_tries": 0, "next_subscribe_at": nil,
	})
}

// notSubscribed keeps that a company's events do not come to address, with the install's problem where there is one to
// tell, and when that is tried again. It is the Problem said.
func (db *DB) notSubscribed(ctx context.Context, install int64, address, said, problem string) error {
	err := db.Tx(ctx, func(tx *DB) error {
		row, err := tx.lockInstall(ctx, install)
		if err != nil || row.UninstalledAt != nil {
			return err
		}
		tries := row.SubscribeTries + 1
		change := map[string]any{"webhook_url": address, "subscribe_tries": tries, "next_subscribe_at": gorm.Expr("clock_timestamp() + make_interval(secs => ?)", subscribeAgain(tries).Seconds())}
		if problem != "" {
			change["problem"] = textOf(problem)
		}
		return tx.changeInstall(ctx, install, change)
	})
	if err != nil {
		return fmt.Errorf("note that install %d is not subscribed: %w", install, err)
	}
	return problemf("%s", said)
}

// subscribeAgain is how long after so many attempts that went wrong a subscription is tried once more: from half a
// minute to an hour, and then every hour, because without events a store hears of no shipment.
func subscribeAgain(tries int) time.Duration {
	return min(30*time.Second<<min(tries-1, 10), time.Hour)
}

// subscribeTurn is how long whoever takes up a subscription has for it.
const subscribeTurn = time.Minute

// SubscribeDueFynd subscribes to the webhooks of companies whose subscription went wrong and is due again, or whose
// installation was cut short. Somebody who asks for it does not wait until it is due. It reports how many it tried.
func (db *DB) SubscribeDueFynd(ctx context.Context) (int, error) {
	var due []FyndInstall
	asked := ctx.Value(askedForKey{}) != nil
	err := db.in(ctx).Raw(`UPDATE fynd_installs SET next_subscribe_at = clock_timestamp() + make_interval(secs => ?)
		WHERE id IN (SELECT id FROM fynd_installs WHERE uninstalled_at IS NULL AND webhook_url <> '' AND (next_subscribe_at <= clock_timestamp() OR subscribe_tries > 0 AND next_subscribe_at IS NOT NULL AND ?)
			ORDER BY next_subscribe_at LIMIT 20 FOR UPDATE SKIP LOCKED)
		RETURNING id, webhook_url`, subscribeTurn.Seconds(), asked).Scan(&due).Error
	if err != nil {
		return 0, fmt.Errorf("look for subscriptions that are due: %w", err)
	}
	ids, addresses := make([]int64, len(due)), map[int64]string{}
	for i, row := range due {
		ids[i], addresses[row.ID] = row.ID, row.WebhookURL
	}
	return len(due), each(ids, 4, func(id int64) error {
		err := db.SubscribeFynd(ctx, id, addresses[id])
		var problem *Problem
		if errors.As(err, &problem) {
			return nil // the install says why, and when it is tried again
		}
		return err
	})
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
