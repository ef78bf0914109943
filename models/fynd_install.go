package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gofynd"
)

var fyndScopes = gofynd.Scopes

// fyndActor is a company's seller, or Fynd for it, in the audit log.
func fyndActor(company string) Actor {
	return Actor{Kind: "system", Name: "Fynd company " + company}
}

// FinishFyndVisit installs the extension for the company of a visit, with the code of the seller's consent. Its
// events are to come to webhooks. The visit goes on as next, under a new cookie and vouched for. What Fynd refuses is
// a Problem.
func (db *DB) FinishFyndVisit(ctx context.Context, v *FyndVisit, code, webhooks string) (install *FyndInstall, next *FyndVisit, cookie string, err error) {
	extension, err := db.FyndExtension(ctx, v.ExtensionID)
	if err != nil {
		return nil, nil, "", err
	}
	platform, err := db.fyndPlatform(extension)
	if err != nil {
		return nil, nil, "", err
	}
	visit, err := platform.Exchange(ctx, v.CompanyID, code)
	if err != nil {
		return nil, nil, "", db.grantRefused(ctx, v.ExtensionID, v.CompanyID, err)
	}
	lasting, err := platform.Offline(ctx, v.CompanyID, code, fyndScopesOf(visit.Scopes))
	if err != nil {
		return nil, nil, "", db.grantRefused(ctx, v.ExtensionID, v.CompanyID, err)
	}
	err = db.Tx(ctx, func(tx *DB) error {
		if install, err = tx.saveInstall(ctx, extension, v.CompanyID, lasting, webhooks); err != nil {
			return err
		}
		if v.ApplicationID != "" {
			if _, err := tx.learnApplication(ctx, install, v.ApplicationID); err != nil {
				return err
			}
		}
		if err := tx.EndFyndVisit(ctx, v); err != nil {
			return err
		}
		at := now()
		next = &FyndVisit{ExtensionID: v.ExtensionID, CompanyID: v.CompanyID, ApplicationID: v.ApplicationID, AllowedAt: &at}
		if cookie, err = tx.keepVisit(ctx, next, min(visit.Life, visitTime)); err != nil {
			return err
		}
		return tx.auditInstall(ctx, install, "fynd.installed", fyndActor(v.CompanyID), nil)
	})
	return install, next, cookie, err
}

// AutoInstallFynd installs an extension for a company that Fynd brings a code of, without any seller at a browser. Its events
// are to come to webhooks.
func (db *DB) AutoInstallFynd(ctx context.Context, e *FyndExtension, company, code, webhooks string) (*FyndInstall, error) {
	if !fyndID.MatchString(company) || code == "" {
		return nil, problemf("An installation needs company_id and code.")
	}
	platform, err := db.fyndPlatform(e)
	if err != nil {
		return nil, err
	}
	lasting, err := platform.Offline(ctx, company, code, fyndScopes)
	if err != nil {
		return nil, db.grantRefused(ctx, e.ID, company, err)
	}
	var install *FyndInstall
	err = db.Tx(ctx, func(tx *DB) error {
		if install, err = tx.saveInstall(ctx, e, company, lasting, webhooks); err != nil {
			return err
		}
		return tx.auditInstall(ctx, install, "fynd.installed", fyndActor(company), map[string]any{"by_itself": true})
	})
	return install, err
}

// fyndScopesOf are the scopes to ask for again.
func fyndScopesOf(given []string) []string {
	if slices.Contains(given, "company/*") || len(given) == 0 {
		return fyndScopes
	}
	return given
}

// grantRefused is what the seller is told when Fynd gives no token for a code. An installation that exists keeps it
// as its problem.
func (db *DB) grantRefused(ctx context.Context, extension int64, company string, refused error) error {
	sentence := "Fynd gave no token for this installation. " + message(refused)
	if gateways.KindOf(refused) == gateways.Declined {
		sentence = "Fynd does not accept the code of this installation: it was used before, or it is too old. Open the extension in Fynd once more. " + message(refused)
	}
	err := db.in(ctx).Model(&FyndInstall{}).Where("extension_id = ? AND company_id = ? AND uninstalled_at IS NULL AND access_token = ''", extension, company).
		Update("problem", textOf(sentence)).Error
	if err != nil {
		return fmt.Errorf("note the problem of an installation: %w", err)
	}
	return problemf("%s", sentence)
}

// saveInstall stores that a company has installed an extension, with its token. When an address for webhooks is given
// and nobody comes to subscribe to them, that is done in a minute.
func (db *DB) saveInstall(ctx context.Context, e *FyndExtension, company string, given gofynd.Token, webhooks string) (*FyndInstall, error) {
	at, err := db.now(ctx)
	if err != nil {
		return nil, err
	}
	fresh := FyndInstall{ExtensionID: e.ID, CompanyID: company, InstalledAt: at, Scopes: []string{}}
	if err := db.in(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&fresh).Error; err != nil {
		return nil, fmt.Errorf("install for company %s: %w", company, err)
	}
	var row FyndInstall
	err = db.in(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).First(&row, "extension_id = ? AND company_id = ?", e.ID, company).Error
	if err != nil {
		return nil, fmt.Errorf("install for company %s: %w", company, err)
	}
	row.Scopes = append([]string{}, given.Scopes...)
	if row.UninstalledAt != nil {
		row.InstalledAt, row.UninstalledAt = at, nil
	}
	if webhooks != "" {
		due := at.Add(subscribeTurn)
		row.WebhookURL, row.SubscribeTries, row.NextSubscribeAt = webhooks, 0, &due
	}
	if err := db.in(ctx).Select("Scopes", "InstalledAt", "UninstalledAt", "WebhookURL", "SubscribeTries", "NextSubscribeAt").Updates(&row).Error; err != nil {
		return nil, fmt.Errorf("install for company %s: %w", company, err)
	}
	return &row, db.keepToken(ctx, &row, given)
}

// learnApplication is a sales channel of a company. One that is new becomes the store that names both, when there is
// exactly one such store.
func (db *DB) learnApplication(ctx context.Context, install *FyndInstall, application string) (*FyndApplication, error) {
	if !fyndID.MatchString(application) {
		return nil, problemf("What Fynd calls the sales channel is no id.")
	}
	fresh := FyndApplication{InstallID: install.ID, ApplicationID: application, CreatedAt: now()}
	if err := db.in(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&fresh).Error; err != nil {
		return nil, fmt.Errorf("keep channel %s: %w", application, err)
	}
	var row FyndApplication
	if err := db.in(ctx).First(&row, "install_id = ? AND application_id = ?", install.ID, application).Error; err != nil {
		return nil, fmt.Errorf("read channel %s: %w", application, err)
	}
	if row.StoreID != nil || row.Chosen {
		return &row, nil
	}
	var stores []int64
	err := db.in(ctx).Model(&Store{}).Where("fynd_company_id = ? AND fynd_application_id = ? AND id <> 0", install.CompanyID, application).Limit(2).Pluck("id", &stores).Error
	if err != nil {
		return nil, fmt.Errorf("look for the store of channel %s: %w", application, err)
	}
	if len(stores) != 1 {
		return &row, nil
	}
	return &row, db.linkApplication(ctx, install, &row, &stores[0], SystemActor)
}

// FyndApplicationOf is a sales channel of a company as its seller, whom Fynd vouches for, names it.
func (db *DB) FyndApplicationOf(ctx context.Context, v *FyndVisit, application string) (*FyndChannel, error) {
	if !v.Opens(v.CompanyID, application) {
		return nil, ErrForbidden
	}
	var ch *FyndChannel
	err := db.Tx(ctx, func(tx *DB) error {
		var install FyndInstall
		err := tx.in(ctx).First(&install, "extension_id = ? AND company_id = ? AND uninstalled_at IS NULL", v.ExtensionID, v.CompanyID).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return ErrForbidden
		}
		if err != nil {
			return fmt.Errorf("read the install of company %s: %w", v.CompanyID, err)
		}
		row, err := tx.learnApplication(ctx, &install, application)
		if err != nil {
			return err
		}
		extension, err := tx.FyndExtension(ctx, v.ExtensionID)
		if err != nil {
			return err
		}
		ch = &FyndChannel{Extension: *extension, Install: install, Application: *row}
		return nil
	})
	return ch, err
}

// UninstallFynd closes an install: its tokens are dropped and its sellers' visits end. What was paid stays, and what
// is asked from now on is refused. Doing it again changes nothing.
func (db *DB) UninstallFynd(ctx context.Context, id int64, why string, by Actor) error {
	return db.Tx(ctx, func(tx *DB) error {
		row, err := tx.lockInstall(ctx, id)
		if err != nil || row.UninstalledAt != nil {
			return err
		}
		err = tx.changeInstall(ctx, id, map[string]any{
			"access_token": "", "refresh_token": "", "token_until": nil, "subscribed_at": nil, "next_subscribe_at": nil, "uninstalled_at": now(), "problem": textOf(why),
		})
		if err != nil {
			return err
		}
		if err := tx.in(ctx).Where("extension_id = ? AND company_id = ?", row.ExtensionID, row.CompanyID).Delete(&FyndVisit{}).Error; err != nil {
			return fmt.Errorf("end the visits of company %s: %w", row.CompanyID, err)
		}
		return tx.auditInstall(ctx, row, "fynd.uninstalled", by, nil)
	})
}

// auditInstall notes what happened to an install.
func (db *DB) auditInstall(ctx context.Context, row *FyndInstall, action string, by Actor, details map[string]any) error {
	all := map[string]any{"extension": row.ExtensionID, "company": row.CompanyID}
	for name, value := range details {
		all[name] = value
	}
	return db.audit(ctx, 0, by, action, fmt.Sprintf("fynd install %d", row.ID), nil, all)
}

// fyndInstallOf is a company's install of an extension, also one that has ended.
func (db *DB) fyndInstallOf(ctx context.Context, extension int64, company string) (*FyndInstall, error) {
	var row FyndInstall
	err := db.in(ctx).First(&row, "extension_id = ? AND company_id = ?", extension, company).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read the install of company %s: %w", company, err)
	}
	return &row, nil
}

// tokenLeft is how long an install's token is still good.
func (i *FyndInstall) tokenLeft(at time.Time) time.Duration {
	if i.AccessToken == "" || i.TokenUntil == nil {
		return 0
	}
	return max(i.TokenUntil.Sub(at), 0)
}
