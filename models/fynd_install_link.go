package models

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// LinkFyndStore says which store a sales channel of an extension's company is here; nil for none. What Fynd said of the channel meanwhile is
// acted upon then.
func (db *DB) LinkFyndStore(ctx context.Context, extension, application int64, store *int64, by Actor) error {
	return db.Tx(ctx, func(tx *DB) error {
		var row FyndApplication
		err := tx.in(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).First(&row, "id = ?", application).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("lock channel %d: %w", application, err)
		}
		var install FyndInstall
		if err := tx.in(ctx).First(&install, "id = ?", row.InstallID).Error; err != nil {
			return fmt.Errorf("read install %d: %w", row.InstallID, err)
		}
		if install.ExtensionID != extension {
			return ErrNotFound
		}
		if store != nil {
			if _, err := tx.Store(ctx, *store); err != nil {
				return err
			}
		}
		if row.StoreID != nil && !ScopeOf(ctx).Sees(*row.StoreID) {
			return ErrNotFound
		}
		if err := tx.in(ctx).Model(&FyndApplication{}).Where("id = ?", row.ID).Update("chosen", true).Error; err != nil {
			return fmt.Errorf("note the choice for channel %s: %w", row.ApplicationID, err)
		}
		if storeOrNone(row.StoreID) == storeOrNone(store) {
			return nil
		}
		return tx.linkApplication(ctx, &install, &row, store, by)
	})
}

func (db *DB) linkApplication(ctx context.Context, install *FyndInstall, row *FyndApplication, store *int64, by Actor) error {
	if err := db.in(ctx).Model(&FyndApplication{}).Where("id = ?", row.ID).Update("store_id", store).Error; err != nil {
		return fmt.Errorf("link channel %s: %w", row.ApplicationID, err)
	}
	was := storeOrNone(row.StoreID)
	row.StoreID = store
	if store != nil {
		if err := db.adoptWebhooks(ctx, install.CompanyID, row.ApplicationID, *store); err != nil {
			return err
		}
	}
	return db.auditInstall(ctx, install, "fynd.linked", by, map[string]any{"application": row.ApplicationID, "store": storeOrNone(store), "was": was})
}

// storeOrNone is a store's id, 0 for none.
func storeOrNone(id *int64) int64 {
	if id == nil {
		return 0
	}
	return *id
}
