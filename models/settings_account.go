package models

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
)

// settingsOf are the settings with which a payment's gateway is spoken to: the newest ones of the account that the
// payment is in, so that a changed password counts and another account does not. Of a payment whose account
// nobody knows they are those in force. Test and live are never mixed: they are of the payment's mode.
func (db *DB) settingsOf(ctx context.Context, p *Payment) (*GatewaySettings, error) {
	current, err := db.currentSettings(ctx, p.StoreID, p.Gateway, p.Mode)
	if err != nil || p.SettingsID == nil || *p.SettingsID == current.ID {
		return current, err
	}
	newest, named, err := db.newestLike(ctx, *p.SettingsID)
	if err != nil || named {
		return newest, err
	}
	return current, nil
}

// newestLike are the newest settings of the account that a version of them names. A version that names none
// stands for itself, and named is false.
func (db *DB) newestLike(ctx context.Context, id int64) (newest *GatewaySettings, named bool, err error) {
	var begun GatewaySettings
	if err := db.in(ctx).First(&begun, "id = ?", id).Error; err != nil {
		return nil, false, fmt.Errorf("read gateway settings %d: %w", id, err)
	}
	driver := db.drivers[begun.Gateway]
	account := driver.Account(begun.Values)
	if account == "" {
		return &begun, false, nil
	}
	var later []GatewaySettings
	err = db.in(ctx).Where("store_id = ? AND gateway = ? AND mode = ? AND version > ?", begun.StoreID, begun.Gateway, begun.Mode, begun.Version).
		Order("version DESC").Find(&later).Error
	if err != nil {
		return nil, false, fmt.Errorf("read the settings of %s: %w", begun.Gateway, err)
	}
	for i := range later {
		if driver.Account(later[i].Values) == account {
			return &later[i], true, nil
		}
	}
	return &begun, true, nil
}

// settingsFor are the settings with which a gateway is asked about what it shows: those of the payment here that
// it is, else those in force.
func (db *DB) settingsFor(ctx context.Context, at origin, seen gateways.Payment) (*GatewaySettings, error) {
	p, err := db.knownPayment(ctx, at, &seen)
	switch {
	case err != nil:
		return nil, err
	case p != nil:
		return db.settingsOf(ctx, p)
	}
	return db.currentSettings(ctx, at.store, at.gateway, at.mode)
}

// shownWith notes with which settings a gateway showed a payment, or took on an operation of it: that is the
// account it is in. What is known of that already stays.
func (db *DB) shownWith(ctx context.Context, p *Payment, settings int64) error {
	if settings == 0 || p.SettingsID != nil {
		return nil
	}
	res := db.in(ctx).Exec(`UPDATE payments p SET settings_id = s.id FROM gateway_settings s
		WHERE p.id = ? AND p.settings_id IS NULL AND s.id = ? AND (s.store_id, s.gateway, s.mode) = (p.store_id, p.gateway, p.mode)`, p.ID, settings)
	if res.Error != nil {
		return fmt.Errorf("note the account of payment %d: %w", p.ID, res.Error)
	}
	if res.RowsAffected == 1 {
		p.SettingsID = &settings
	}
	return nil
}

// credentialsAdvice says what a person can do when a gateway does not take the credentials of one version of settings.
func (db *DB) credentialsAdvice(ctx context.Context, id *int64) (string, error) {
	const usual = "Check them under Extensions > Extensions > Payment."
	if id == nil {
		return usual, nil
	}
	var s GatewaySettings
	err := db.in(ctx).First(&s, "id = ?", *id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return usual, nil
	}
	if err != nil {
		return "", fmt.Errorf("read gateway settings %d: %w", *id, err)
	}
	account := db.drivers[s.Gateway].Account(s.Values)
	if s.Current || account == "" {
		return usual, nil
	}
	return fmt.Sprintf("The payment is in the account %s, which the settings in force do not name. Enter the credentials of %s under Extensions > Extensions > Payment"+
		" and save them, then enter today's again: a payment goes by the newest settings of its account.", account, account), nil
}

// OtherAccount is where a payment is when the settings in force name another account of its gateway.
type OtherAccount struct {
	Name string // the account the payment is in
	Now  string // the one that the settings in force name
}

// settingsOfOrder are the settings in force of an order's store, and those its payments were begun with.
const settingsOfOrder = `SELECT s.id, s.gateway, s.mode, s.current, s.values FROM gateway_settings s JOIN orders o ON o.store_id = s.store_id
	WHERE o.id = $1 AND ($2 OR o.store_id = ANY($3)) AND (s.current OR s.id IN (SELECT settings_id FROM payments WHERE order_id = $1))`

// otherAccount says where a payment is when that is not the account of the settings in force; nil when it is, or
// when nobody knows.
func otherAccount(p *Payment, driver gateways.Driver, settings []GatewaySettings) *OtherAccount {
	var other OtherAccount
	for _, s := range settings {
		if s.Current && s.Gateway == p.Gateway && s.Mode == p.Mode {
			other.Now = driver.Account(s.Values)
		}
		if p.SettingsID != nil && s.ID == *p.SettingsID {
			other.Name = driver.Account(s.Values)
		}
	}
	if other.Name == "" || other.Now == "" || other.Name == other.Now {
		return nil
	}
	return &other
}
