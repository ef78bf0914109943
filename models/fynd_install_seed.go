package models

import (
	"context"

	"github.com/kartify/kartify/gateways/gofynd"
)

// SeedFyndInstall puts in a company that has used an extension for long, with the refresh token it got then.
func (db *DB) SeedFyndInstall(ctx context.Context, e *FyndExtension, company, refresh string) (*FyndInstall, error) {
	var install *FyndInstall
	err := db.Tx(ctx, func(tx *DB) error {
		var err error
		install, err = tx.saveInstall(ctx, e, company, gofynd.Token{Refresh: refresh}, "")
		return err
	})
	return install, err
}
