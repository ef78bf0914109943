package models

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm"
)

// Store is a merchant's shop. Its id is the store_ID that GoFynd webhooks must carry.
type Store struct {
	ID                int64
	Code              string
	Name              string
	Currency          string
	TimeZone          string // IANA: Asia/Kolkata
	Locale            string
	Mode              string // "test" or "live": the settings new work uses
	Fynd              bool   // integrated with FYND
	FyndCompanyID     *string
	FyndApplicationID *string
	FyndAffiliateID   *string
	CreatedAt         time.Time
}

// zones are the time zones read so far, by name: a list of orders asks for one in every cell with a date.
var zones sync.Map

// Zone is the store's time zone; UTC when its name is not known here.
func (s *Store) Zone() *time.Location {
	if zone, known := zones.Load(s.TimeZone); known {
		return zone.(*time.Location) //nolint:forcetypeassert // nothing else is stored
	}
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return time.UTC
	}
	zones.Store(s.TimeZone, zone)
	return zone
}

// Stores are the stores within the scope, by id.
func (db *DB) Stores(ctx context.Context) ([]Store, error) {
	var stores []Store
	g := db.in(ctx)
	if s := ScopeOf(ctx); !s.All {
		g = g.Where("id IN ?", append([]int64{0}, s.Stores...))
	}
	if err := g.Order("id").Find(&stores).Error; err != nil {
		return nil, fmt.Errorf("list stores: %w", err)
	}
	return stores, nil
}

// Store is one store within the scope.
func (db *DB) Store(ctx context.Context, id int64) (*Store, error) {
	if !ScopeOf(ctx).Sees(id) {
		return nil, ErrNotFound
	}
	var store Store
	err := db.in(ctx).First(&store, "id = ?", id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read store %d: %w", id, err)
	}
	return &store, nil
}
