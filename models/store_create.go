package models

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/kartify/kartify/money"
)

var storeCode = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// CreateStore adds a shop. Its id is the store_ID that GoFynd webhooks carry, so it is chosen, not counted.
func (db *DB) CreateStore(ctx context.Context, by Actor, store Store) (*Store, error) {
	store.Code, store.Name = strings.TrimSpace(store.Code), strings.TrimSpace(store.Name)
	if store.Mode == "" {
		store.Mode = "test"
	}
	if store.Locale == "" {
		store.Locale = "en-IN"
	}
	if err := store.check(); err != nil {
		return nil, err
	}
	err := db.Tx(ctx, func(tx *DB) error {
		store.CreatedAt = now()
		err := tx.in(ctx).Create(&store).Error
		if errors.Is(err, gorm.ErrDuplicatedKey) {
			return conflictf("A store with the id %d or the code %s is there already.", store.ID, store.Code)
		}
		if err != nil {
			return fmt.Errorf("create store %d: %w", store.ID, err)
		}
		return tx.audit(ctx, store.ID, by, "store.created", fmt.Sprintf("store %d", store.ID), nil, map[string]any{
			"code": store.Code, "currency": store.Currency, "time_zone": store.TimeZone, "mode": store.Mode, "fynd": store.Fynd,
		})
	})
	if err != nil {
		return nil, err
	}
	return &store, nil
}

// check says what is wrong with a store, or nil.
func (s *Store) check() error {
	_, zoneErr := time.LoadLocation(s.TimeZone)
	switch {
	case s.ID <= 0:
		return FieldProblem("id", "The id of a store is a number above zero: the store_ID that GoFynd sends.")
	case !storeCode.MatchString(s.Code):
		return FieldProblem("code", "Write the code in small letters, digits and hyphens, such as ruosh.")
	case s.Name == "" || len([]rune(s.Name)) > 100:
		return FieldProblem("name", "Enter a name of at most 100 characters.")
	case !money.Known(s.Currency):
		return FieldProblem("currency", "%q is not a currency; use a three-letter code such as INR.", s.Currency)
	case s.TimeZone == "" || zoneErr != nil:
		return FieldProblem("time_zone", "%q is not a time zone; write it as Asia/Kolkata.", s.TimeZone)
	case s.Mode != "test" && s.Mode != "live":
		return FieldProblem("mode", "The mode is test or live.")
	}
	return nil
}
