package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
)

// GatewaySettings is one version of what a store entered for a gateway. Versions are never changed or
// deleted: an operation keeps the one it was sent with.
type GatewaySettings struct {
	ID        int64
	StoreID   int64
	Gateway   string
	Mode      string
	Version   int
	Current   bool
	Enabled   bool
	Values    map[string]string `gorm:"serializer:json"`
	Secrets   map[string]string `gorm:"serializer:json"` // sealed
	CreatedBy *int64
	CreatedAt time.Time
	RetiredAt *time.Time
}

// secretPlace binds a sealed secret to its row and field.
func (s *GatewaySettings) secretPlace(slug string) string {
	return fmt.Sprintf("gateway_settings %d %s %s %d %s", s.StoreID, s.Gateway, s.Mode, s.Version, slug)
}

// currentSettings are the settings new operations of a store's gateway use.
func (db *DB) currentSettings(ctx context.Context, store int64, gateway, mode string) (*GatewaySettings, error) {
	var s GatewaySettings
	err := db.in(ctx).Scopes(scoped(ctx, "gateway_settings")).
		First(&s, "store_id = ? AND gateway = ? AND mode = ? AND current", store, gateway, mode).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, conflictf("No %s settings are stored for this store in %s mode. Enter them under Extensions > Extensions > Payment.", db.drivers[gateway].Name, mode)
	}
	if err != nil {
		return nil, fmt.Errorf("read the settings of %s: %w", gateway, err)
	}
	return &s, nil
}

// open makes a gateway of one version of settings.
func (db *DB) open(ctx context.Context, id int64) (gateways.Gateway, *GatewaySettings, error) {
	var s GatewaySettings
	if err := db.in(ctx).First(&s, "id = ?", id).Error; err != nil {
		return nil, nil, fmt.Errorf("read gateway settings %d: %w", id, err)
	}
	driver, ok := db.drivers[s.Gateway]
	if !ok {
		return nil, nil, fmt.Errorf("no gateway is called %q", s.Gateway)
	}
	clear, err := db.clear(&s)
	if err != nil {
		db.log.WarnContext(ctx, "stored secrets cannot be opened", "settings", s.ID, "error", err)
		sentence := "The stored secrets cannot be opened with the keys of this server; enter them again."
		if account := driver.Account(s.Values); !s.Current && account != "" {
			sentence = fmt.Sprintf("The stored secrets of the account %s cannot be opened with the keys of this server.", account)
		}
		return nil, nil, &gateways.Error{Kind: gateways.Misconfigured, Verb: "open", Message: sentence, Err: err}
	}
	g, err := driver.Open(clear)
	if err != nil {
		return nil, nil, fmt.Errorf("open %s: %w", s.Gateway, err)
	}
	return g, &s, nil
}

// clear is a version of settings with its secrets opened, for a driver only.
func (db *DB) clear(s *GatewaySettings) (gateways.Settings, error) {
	values := map[string]string{}
	for slug, value := range s.Values {
		values[slug] = value
	}
	for slug, sealed := range s.Secrets {
		plain, err := db.keys.Open(s.secretPlace(slug), sealed)
		if err != nil {
			return gateways.Settings{}, fmt.Errorf("open the %s of %s: %w", slug, s.Gateway, err)
		}
		values[slug] = plain
	}
	return gateways.Settings{BaseURL: db.bases[s.Gateway], Mode: s.Mode, Values: values, Timeout: db.timings.CallTimeout}, nil
}
