package models

import (
	"context"
	"fmt"

	"gorm.io/gorm/clause"
)

// RewrapSecrets seals every gateway secret, every secret word of a shop and the secrets of Fynd extensions again
// with the master key in use now, so that an old key can be taken out of the configuration. It reports how many
// secrets it sealed.
func (db *DB) RewrapSecrets(ctx context.Context, by Actor) (int, error) {
	sealed := 0
	err := db.Tx(ctx, func(tx *DB) error {
		sealed = 0
		var rows []GatewaySettings
		if err := tx.in(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Order("id").Find(&rows).Error; err != nil {
			return fmt.Errorf("read the gateway settings: %w", err)
		}
		for _, row := range rows {
			n, err := tx.rewrap(ctx, &row)
			if err != nil {
				return err
			}
			sealed += n
		}
		n, err := tx.rewrapNotifications(ctx)
		if err != nil {
			return err
		}
		sealed += n
		if n, err = tx.rewrapExtensions(ctx); err != nil {
			return err
		}
		sealed += n
		if n, err = tx.rewrapPrivacy(ctx); err != nil {
			return err
		}
		sealed += n
		return tx.audit(ctx, 0, by, "secrets.rewrapped", "gateway_settings", nil, map[string]any{"secrets": sealed})
	})
	return sealed, err
}

func (db *DB) rewrap(ctx context.Context, row *GatewaySettings) (int, error) {
	n := 0
	for slug, old := range row.Secrets {
		if db.keys.Current(old) {
			continue
		}
		plain, err := db.keys.Open(row.secretPlace(slug), old)
		if err != nil {
			return 0, fmt.Errorf("open the %s of %s settings %d: %w", slug, row.Gateway, row.ID, err)
		}
		if row.Secrets[slug], err = db.keys.Seal(row.secretPlace(slug), plain); err != nil {
			return 0, err
		}
		n++
	}
	if n == 0 {
		return 0, nil
	}
	if err := db.in(ctx).Model(row).Select("Secrets").Updates(row).Error; err != nil {
		return 0, fmt.Errorf("save %s settings %d: %w", row.Gateway, row.ID, err)
	}
	return n, nil
}
