package models

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways"
)

// SettingsForm is what somebody filled into the settings form of a gateway.
type SettingsForm struct {
	StoreID int64
	Gateway string
	Mode    string            // "test" or "live"
	Values  map[string]string // slug → value, secrets in the clear; an empty secret keeps the one stored
	Enabled bool
	Shown   *int // the version the form was filled with, 0 for none; nil when nobody looked
	By      Actor
}

// FieldProblems is a form with several wrong fields, in the order of the form.
type FieldProblems []*Problem

func (p FieldProblems) Error() string {
	sentences := make([]string, len(p))
	for i, problem := range p {
		sentences[i] = problem.Sentence
	}
	return strings.Join(sentences, " ")
}

// Unwrap gives the problems one by one.
func (p FieldProblems) Unwrap() []error {
	list := make([]error, len(p))
	for i, problem := range p {
		list[i] = problem
	}
	return list
}

// SaveSettings stores a new version of a store's settings for a gateway. Work that waited for better
// settings becomes due at once. Saving what is stored already changes nothing.
func (db *DB) SaveSettings(ctx context.Context, form SettingsForm) (*GatewaySettings, error) {
	defer db.signed.forget()
	driver, ok := db.drivers[form.Gateway]
	if !ok || (form.Mode != "test" && form.Mode != "live") {
		return nil, ErrNotFound
	}
	var saved *GatewaySettings
	err := db.Tx(ctx, func(tx *DB) error {
		store, err := tx.lockStore(ctx, form.StoreID)
		if err != nil {
			return err
		}
		if !Offers(store, driver) {
			return conflictf("%s is not integrated with FYND, so %s is not for it.", store.Name, driver.Name)
		}
		last, err := tx.settingsVersions(ctx, form.StoreID, form.Gateway, form.Mode, 1)
		if err != nil {
			return err
		}
		var old *GatewaySettings
		stored := map[string]string{}
		if len(last) > 0 {
			old = &last[0]
			clear, unreadable := tx.readable(old)
			if len(unreadable) > 0 {
				tx.log.WarnContext(ctx, "secrets of gateway settings cannot be opened", "settings", old.ID, "fields", unreadable)
			}
			stored = clear
		}
		if form.Shown != nil && *form.Shown != version(old) {
			return conflictf("These settings were changed since the form was shown. Reload the page and enter them again.")
		}
		values, err := form.clean(driver, stored)
		if err != nil {
			return err
		}
		if old != nil && old.Current && old.Enabled == form.Enabled && maps.Equal(values, stored) {
			saved = old
			return nil
		}
		if saved, err = tx.newVersion(ctx, form, driver, old, values); err != nil {
			return err
		}
		if err := tx.wakeQueued(ctx, saved); err != nil {
			return err
		}
		return tx.audit(ctx, form.StoreID, form.By, "settings.saved", fmt.Sprintf("gateway settings %d", saved.ID), nil, map[string]any{
			"gateway": saved.Gateway, "mode": saved.Mode, "version": saved.Version, "enabled": saved.Enabled,
			"changed": changedFields(driver, stored, values), "fingerprints": tx.fingerprints(driver, values),
		})
	})
	if err != nil {
		return nil, fmt.Errorf("save the %s settings of store %d: %w", form.Gateway, form.StoreID, err)
	}
	return saved, nil
}

// Offers says whether a gateway is one a store can use: the GoFynd API is for stores integrated with FYND.
func Offers(store *Store, driver gateways.Driver) bool {
	return driver.Code != "gofynd" || store.Fynd
}

// clean is the form's values with the kept secrets, or what is wrong with them.
func (f *SettingsForm) clean(driver gateways.Driver, stored map[string]string) (map[string]string, error) {
	values := map[string]string{}
	var wrong FieldProblems
	for _, field := range driver.Fields {
		value := strings.TrimSpace(f.Values[field.Slug])
		if value == "" && field.Secret {
			value = stored[field.Slug]
		}
		if value == "" {
			value = field.Default
		}
		if sentence := wrongValue(field, value, f.Mode); sentence != "" {
			wrong = append(wrong, &Problem{Sentence: sentence, Field: field.Slug})
		}
		if value != "" {
			values[field.Slug] = value
		}
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return values, nil
}

func wrongValue(field gateways.Field, value, mode string) string {
	switch {
	case value == "" && field.Required:
		return "Enter the " + field.Name + "."
	case value == "":
		return ""
	case len(value) > 4000 || strings.ContainsFunc(value, unfit):
		return field.Name + " holds characters that cannot be part of it, or is too long."
	case field.Options != nil && !slices.Contains(field.Options, value):
		return "Choose one of the choices for " + field.Name + "."
	case field.Check != nil:
		return field.Check(value, mode)
	}
	return ""
}

// newVersion retires the version in force and stores the next one, its secrets sealed for their new place.
func (db *DB) newVersion(ctx context.Context, form SettingsForm, driver gateways.Driver, old *GatewaySettings, values map[string]string) (*GatewaySettings, error) {
	if old != nil {
		err := db.in(ctx).Model(&GatewaySettings{}).Where("id = ? AND current", old.ID).
			Updates(map[string]any{"current": false, "retired_at": gorm.Expr("now()")}).Error
		if err != nil {
			return nil, fmt.Errorf("retire version %d: %w", old.Version, err)
		}
	}
	next := &GatewaySettings{
		StoreID: form.StoreID, Gateway: form.Gateway, Mode: form.Mode, Version: version(old) + 1, Current: true, Enabled: form.Enabled,
		Values: map[string]string{}, Secrets: map[string]string{}, CreatedBy: form.By.UserID,
	}
	for _, field := range driver.Fields {
		value, ok := values[field.Slug]
		switch {
		case !ok:
		case field.Secret:
			sealed, err := db.keys.Seal(next.secretPlace(field.Slug), value)
			if err != nil {
				return nil, fmt.Errorf("seal the %s: %w", field.Name, err)
			}
			next.Secrets[field.Slug] = sealed
		default:
			next.Values[field.Slug] = value
		}
	}
	if err := db.in(ctx).Create(next).Error; err != nil {
		return nil, fmt.Errorf("store version %d: %w", next.Version, err)
	}
	return next, nil
}

// wakeQueued makes the operations due that were never sent because of the settings before these.
func (db *DB) wakeQueued(ctx context.Context, s *GatewaySettings) error {
	var ids []int64
	err := db.in(ctx).Raw(`UPDATE operations o SET next_at = clock_timestamp(), updated_at = now() FROM payments p
		WHERE p.id = o.payment_id AND o.store_id = ? AND p.gateway = ? AND p.mode = ?
			AND o.state = ? AND o.first_sent_at IS NULL AND o.problem <> '' AND o.next_at > clock_timestamp()
		RETURNING o.id`, s.StoreID, s.Gateway, s.Mode, Queued).Scan(&ids).Error
	if err != nil {
		return fmt.Errorf("wake the operations that waited for these settings: %w", err)
	}
	for _, id := range ids {
		if err := db.enqueue(ctx, DispatchJob{OperationID: id}); err != nil {
			return err
		}
	}
	return nil
}

// lockStore lets one person at a time change the settings of a store; orders go on meanwhile.
func (db *DB) lockStore(ctx context.Context, id int64) (*Store, error) {
	if !ScopeOf(ctx).Sees(id) {
		return nil, ErrNotFound
	}
	var store Store
	err := db.in(ctx).Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).First(&store, "id = ?", id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("lock store %d: %w", id, err)
	}
	return &store, nil
}

// changedFields names the fields in which two sets of values differ.
func changedFields(driver gateways.Driver, old, values map[string]string) []string {
	changed := []string{}
	for _, field := range driver.Fields {
		if old[field.Slug] != values[field.Slug] {
			changed = append(changed, field.Slug)
		}
	}
	return changed
}

// fingerprints tell secrets apart without telling anything about them: they are made with our own key.
func (db *DB) fingerprints(driver gateways.Driver, values map[string]string) map[string]string {
	prints := map[string]string{}
	for _, field := range driver.Fields {
		if value := values[field.Slug]; field.Secret && value != "" {
			prints[field.Slug] = hex.EncodeToString(db.keys.MAC("fingerprint", []byte(value))[:6])
		}
	}
	return prints
}

func version(s *GatewaySettings) int {
	if s == nil {
		return 0
	}
	return s.Version
}
