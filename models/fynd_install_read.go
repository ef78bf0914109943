package models

import (
	"context"
	"errors"
	"fmt"

	"github.com/kartify/kartify/lang"
)

// FyndObstacle says why no payments can be made in a sales channel, or nothing when they can.
func (db *DB) FyndObstacle(ctx context.Context, ch *FyndChannel, mode string) (lang.Text, error) {
	switch {
	case ch.Install.UninstalledAt != nil:
		return lang.Textf("Company %s has uninstalled %s.", ch.Install.CompanyID, ch.Extension.Name), nil
	case ch.Application.StoreID == nil:
		return lang.Textf("The sales channel %s of company %s is linked to no store here yet.", ch.Application.ApplicationID, ch.Install.CompanyID), nil
	}
	store, err := db.Store(ctx, *ch.Application.StoreID)
	if err != nil {
		return lang.Text{}, err
	}
	_, err = db.fyndSellerOf(ctx, ch, store, mode)
	var closed *FyndClosed
	if errors.As(err, &closed) {
		return closed.Why, nil
	}
	return lang.Text{}, err
}

// FyndApplications are the sales channels of a visit's company that are known here.
func (db *DB) FyndApplications(ctx context.Context, v *FyndVisit) ([]string, error) {
	var ids []string
	err := db.in(ctx).Model(&FyndApplication{}).Joins("JOIN fynd_installs i ON i.id = fynd_applications.install_id").
		Where("i.extension_id = ? AND i.company_id = ? AND i.uninstalled_at IS NULL", v.ExtensionID, v.CompanyID).
		Order("fynd_applications.id").Limit(200).Pluck("fynd_applications.application_id", &ids).Error
	if err != nil {
		return nil, fmt.Errorf("list the channels of company %s: %w", v.CompanyID, err)
	}
	return ids, nil
}

// FyndChannelRow is a sales channel on the page of installs.
type FyndChannelRow struct {
	Application FyndApplication
	Store       *Store               // nil when none is linked, or it is not for the person to see
	Foreign     bool                 // it is linked to a store that is not for the person to see
	Obstacles   map[string]lang.Text // mode → why no payments can be made; empty when they can
}

// FyndInstallRow is a company on the page of installs.
type FyndInstallRow struct {
	Install  FyndInstall
	Channels []FyndChannelRow
}

// FyndInstalls are the companies that have installed an extension, those that have it first, with their channels.
func (db *DB) FyndInstalls(ctx context.Context, e *FyndExtension) ([]FyndInstallRow, error) {
	var installs []FyndInstall
	if err := db.in(ctx).Where("extension_id = ?", e.ID).Order("uninstalled_at IS NOT NULL, installed_at DESC, id").Limit(200).Find(&installs).Error; err != nil {
		return nil, fmt.Errorf("list the installs of extension %d: %w", e.ID, err)
	}
	rows := make([]FyndInstallRow, len(installs))
	for i, install := range installs {
		rows[i].Install = install
		var applications []FyndApplication
		if err := db.in(ctx).Where("install_id = ?", install.ID).Order("id").Limit(200).Find(&applications).Error; err != nil {
			return nil, fmt.Errorf("list the channels of install %d: %w", install.ID, err)
		}
		for _, application := range applications {
			row, err := db.channelRow(ctx, &FyndChannel{Extension: *e, Install: install, Application: application})
			if err != nil {
				return nil, err
			}
			rows[i].Channels = append(rows[i].Channels, row)
		}
	}
	return rows, nil
}

func (db *DB) channelRow(ctx context.Context, ch *FyndChannel) (FyndChannelRow, error) {
	row := FyndChannelRow{Application: ch.Application, Obstacles: map[string]lang.Text{}}
	if id := ch.Application.StoreID; id != nil {
		store, err := db.Store(ctx, *id)
		if errors.Is(err, ErrNotFound) {
			row.Foreign = true
			return row, nil
		}
		if err != nil {
			return row, err
		}
		row.Store = store
	}
	for _, mode := range []string{"test", "live"} {
		why, err := db.FyndObstacle(ctx, ch, mode)
		if err != nil {
			return row, err
		}
		row.Obstacles[mode] = why
	}
	return row, nil
}

// FyndInstallOf is a company's install of an extension, also one that has ended. ErrNotFound when there was none.
func (db *DB) FyndInstallOf(ctx context.Context, extension int64, company string) (*FyndInstall, error) {
	return db.fyndInstallOf(ctx, extension, company)
}

// TokenState says how it stands with the token of an install, as of now.
func (i *FyndInstall) TokenState() string {
	switch {
	case i.UninstalledAt != nil:
		return "none"
	case i.tokenLeft(now()) > 0:
		return "good"
	case i.RefreshToken != "":
		return "renewed when needed"
	}
	return "none"
}
