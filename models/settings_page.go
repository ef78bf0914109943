package models

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/kartify/kartify/gateways"
)

// shownVersions is how many versions of settings their page shows.
const shownVersions = 50

// GatewayRow is one gateway of one store in the list of Extensions > Payment.
type GatewayRow struct {
	Store   Store
	Driver  gateways.Driver
	Mode    string           // in which the store works
	Current *GatewaySettings // in that mode; nil when it is not set up
}

// State is how far the gateway has come: enabled, disabled or "not set up".
func (r GatewayRow) State() string {
	switch {
	case r.Current == nil:
		return "not set up"
	case r.Current.Enabled:
		return "enabled"
	default:
		return "disabled"
	}
}

// GatewayRows are the gateways that the stores within the scope can use and whose name fits the search,
// by name and store. Case, spaces and punctuation of the search do not matter.
func (db *DB) GatewayRows(ctx context.Context, search string) ([]GatewayRow, error) {
	stores, err := db.Stores(ctx)
	if err != nil {
		return nil, err
	}
	var current []GatewaySettings
	if err := db.in(ctx).Scopes(scoped(ctx, "gateway_settings")).Where("current").Find(&current).Error; err != nil {
		return nil, fmt.Errorf("list gateway settings: %w", err)
	}
	var rows []GatewayRow
	for _, driver := range db.Drivers() {
		if !strings.Contains(foldName(driver.Name+" "+driver.Code), foldName(search)) {
			continue
		}
		for _, store := range stores {
			if !Offers(&store, driver) {
				continue
			}
			row := GatewayRow{Store: store, Driver: driver, Mode: store.Mode}
			for _, s := range current {
				if s.StoreID == store.ID && s.Gateway == driver.Code && s.Mode == store.Mode {
					row.Current = &s
				}
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// Drivers are all gateways, by name.
func (db *DB) Drivers() []gateways.Driver {
	return slices.SortedFunc(maps.Values(db.drivers), func(a, b gateways.Driver) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
}

// foldName writes a name as searches compare it: "CC avenue" is "ccavenue".
func foldName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// SettingsPage is what the settings page of one gateway, store and mode shows.
type SettingsPage struct {
	Store       *Store
	Driver      gateways.Driver
	Mode        string
	Versions    []GatewaySettings      // newest first
	Authors     map[int64]string       // names of the people who made the versions
	Secrets     map[string]SecretNote  // slug → what may be said of a stored secret
	LastWebhook *time.Time             // when the last genuine webhook came
	LastEvents  map[string]time.Time   // the same by what it was: "return" and "echo" of CCAvenue
	Tried       map[gateways.Verb]bool // what has been done with test orders here and arrived at the provider
	Driven      bool                   // the store has said which order status has it do what
	ReturnURLs  []string               // where buyers may be sent back to
}

// SecretNote is what may be said of a stored secret.
type SecretNote struct {
	Last       string // its last four characters; "" when it is too short to show any
	SetAt      time.Time
	Unreadable bool // it cannot be opened with the keys of this server
}

// Current are the settings in force, or nil.
func (p *SettingsPage) Current() *GatewaySettings {
	for i := range p.Versions {
		if p.Versions[i].Current {
			return &p.Versions[i]
		}
	}
	return nil
}

// SettingsPage reads the settings of a gateway for a store in a mode, without any secret.
func (db *DB) SettingsPage(ctx context.Context, store int64, gateway, mode string) (*SettingsPage, error) {
	driver, ok := db.drivers[gateway]
	if !ok || (mode != "test" && mode != "live") {
		return nil, ErrNotFound
	}
	page := &SettingsPage{Driver: driver, Mode: mode, Authors: map[int64]string{}}
	var err error
	if page.Store, err = db.Store(ctx, store); err != nil {
		return nil, err
	}
	if !Offers(page.Store, driver) {
		return nil, ErrNotFound
	}
	if page.Versions, err = db.settingsVersions(ctx, store, gateway, mode, shownVersions); err != nil {
		return nil, err
	}
	page.Secrets = db.secretNotes(page.Versions)
	if err := db.authors(ctx, page); err != nil {
		return nil, err
	}
	var last []time.Time
	err = db.in(ctx).Table("webhooks").Scopes(scoped(ctx, "webhooks")).
		Where("source = ? AND store_id = ? AND mode IN ('', ?) AND verdict = 'verified'", gateway, store, mode).Order("id DESC").Limit(1).Pluck("received_at", &last).Error
	if err != nil {
		return nil, fmt.Errorf("look for the last webhook of %s: %w", gateway, err)
	}
	if len(last) > 0 {
		page.LastWebhook = &last[0]
	}
	if page.ReturnURLs, err = db.ReturnURLs(ctx, store); err != nil {
		return nil, err
	}
	return page, db.gatewayHistory(ctx, page)
}

// gatewayHistory reads what has come from a gateway by kind, and which of its verbs have been tried in test mode.
func (db *DB) gatewayHistory(ctx context.Context, page *SettingsPage) error {
	page.LastEvents, page.Tried = map[string]time.Time{}, map[gateways.Verb]bool{}
	for _, kind := range []string{"return", "echo"} {
		var last []time.Time
		err := db.in(ctx).Table("webhooks").Scopes(scoped(ctx, "webhooks")).
			Where("source = ? AND store_id = ? AND event = ? AND verdict = 'verified'", page.Driver.Code, page.Store.ID, kind).Order("id DESC").Limit(1).Pluck("received_at", &last).Error
		if err != nil {
			return fmt.Errorf("look for the last %s of %s: %w", kind, page.Driver.Code, err)
		}
		if len(last) > 0 {
			page.LastEvents[kind] = last[0]
		}
	}
	var verbs []gateways.Verb
	err := db.in(ctx).Raw(`SELECT DISTINCT o.kind FROM operations o JOIN payments p ON p.id = o.payment_id
		WHERE o.store_id = ? AND p.gateway = ? AND p.mode = 'test' AND o.state = 'succeeded' AND o.source <> 'provider' AND o.idempotency_key NOT LIKE 'kfycast%'`,
		page.Store.ID, page.Driver.Code).Scan(&verbs).Error
	if err != nil {
		return fmt.Errorf("look for what was tried with %s: %w", page.Driver.Code, err)
	}
	for _, verb := range verbs {
		page.Tried[verb] = true
	}
	rules, err := db.statusRules(ctx, page.Store.ID, page.Driver.Code)
	if err != nil {
		return err
	}
	page.Driven = len(rules.Rules) > 0
	return nil
}

// settingsVersions are the latest versions of settings, newest first.
func (db *DB) settingsVersions(ctx context.Context, store int64, gateway, mode string, limit int) ([]GatewaySettings, error) {
	var versions []GatewaySettings
	err := db.in(ctx).Scopes(scoped(ctx, "gateway_settings")).Where("store_id = ? AND gateway = ? AND mode = ?", store, gateway, mode).
		Order("version DESC").Limit(limit).Find(&versions).Error
	if err != nil {
		return nil, fmt.Errorf("read the settings of %s: %w", gateway, err)
	}
	return versions, nil
}

// secretNotes says of each secret in force how it ends and since which version it has been the same.
func (db *DB) secretNotes(versions []GatewaySettings) map[string]SecretNote {
	notes := map[string]SecretNote{}
	if len(versions) == 0 {
		return notes
	}
	for slug, sealed := range versions[0].Secrets {
		plain, err := db.keys.Open(versions[0].secretPlace(slug), sealed)
		if err != nil {
			notes[slug] = SecretNote{SetAt: versions[0].CreatedAt, Unreadable: true}
			continue
		}
		note := SecretNote{SetAt: versions[0].CreatedAt}
		if len(plain) >= 12 {
			note.Last = plain[len(plain)-4:]
		}
		for _, older := range versions[1:] {
			same, err := db.keys.Open(older.secretPlace(slug), older.Secrets[slug])
			if err != nil || same != plain {
				break
			}
			note.SetAt = older.CreatedAt
		}
		notes[slug] = note
	}
	return notes
}

// readable are the values of settings with those secrets that can be opened, and the names of the others.
func (db *DB) readable(s *GatewaySettings) (values map[string]string, unreadable []string) {
	values = maps.Clone(s.Values)
	if values == nil {
		values = map[string]string{}
	}
	for slug, sealed := range s.Secrets {
		plain, err := db.keys.Open(s.secretPlace(slug), sealed)
		if err != nil {
			unreadable = append(unreadable, slug)
			continue
		}
		values[slug] = plain
	}
	return values, unreadable
}

func (db *DB) authors(ctx context.Context, page *SettingsPage) error {
	var ids []int64
	for _, v := range page.Versions {
		if v.CreatedBy != nil {
			ids = append(ids, *v.CreatedBy)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var people []User
	if err := db.in(ctx).Select("id, name").Where("id IN ?", ids).Find(&people).Error; err != nil {
		return fmt.Errorf("read who saved the settings: %w", err)
	}
	for _, person := range people {
		page.Authors[person.ID] = person.Name
	}
	return nil
}

// TestConnection asks a gateway whether the stored credentials are good; nil says yes. What is wrong is
// a Problem.
func (db *DB) TestConnection(ctx context.Context, store int64, gateway, mode string) error {
	if _, ok := db.drivers[gateway]; !ok {
		return ErrNotFound
	}
	settings, err := db.currentSettings(ctx, store, gateway, mode)
	if err != nil {
		return err
	}
	opened, _, err := db.open(ctx, settings.ID)
	if err != nil {
		var wrong *gateways.Error
		if errors.As(err, &wrong) {
			return problemf("%s", wrong.Message)
		}
		return problemf("The stored secrets cannot be opened with the keys of this server; enter them again.")
	}
	ctx, cancel := context.WithTimeout(ctx, db.timings.CallTimeout)
	defer cancel()
	if err := opened.Check(ctx); err != nil {
		db.log.InfoContext(ctx, "a connection test failed", "gateway", gateway, "store", store, "kind", gateways.KindOf(err))
		return problemf("%s", message(err))
	}
	return nil
}
