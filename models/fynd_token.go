package models

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gofynd"
)

// tokenMargin is how long before its end an access token is renewed (fdk-client-javascript, OAuthClient).
const tokenMargin = 120 * time.Second

// place is where a token of an install is sealed: it opens nowhere else.
func (i *FyndInstall) place(what string) string {
	return fmt.Sprintf("fynd install %d %s %s", i.ExtensionID, i.CompanyID, what)
}

// fyndPlatform is an extension as it speaks to Fynd Platform. An address set by the operator goes before the
// extension's own, which may only be a public one.
func (db *DB) fyndPlatform(e *FyndExtension) (*gofynd.Extension, error) {
	secret, err := db.extensionSecret(e)
	if err != nil {
		return nil, err
	}
	return gofynd.NewExtension(gofynd.ExtensionSettings{
		BaseURL: db.bases[sourceFynd], PlatformURL: e.PlatformURL, Key: e.APIKey, Secret: secret, Timeout: db.timings.CallTimeout,
	}), nil
}

// FyndBearer is a good access token of a company that installed an extension, renewed when less than two minutes
// of it remain. It is a Problem when there is none to be had, and a gateways.Error when Fynd could not be asked.
// Call it outside of a transaction: it may ask Fynd.
func (db *DB) FyndBearer(ctx context.Context, install int64) (string, error) {
	var row FyndInstall
	err := db.in(ctx).First(&row, "id = ?", install).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return "", ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("read install %d: %w", install, err)
	}
	if token, err := db.accessToken(&row, tokenMargin); token != "" || err != nil {
		return token, err
	}
	return db.renewToken(ctx, install)
}

func (db *DB) tokenTurn(install int64) *sync.Mutex {
	turn, _ := db.tokens.LoadOrStore(install, new(sync.Mutex))
	return turn.(*sync.Mutex) //nolint:forcetypeassert // nothing else is stored
}

// accessToken is the token of an install when it is good for longer than margin, or "".
func (db *DB) accessToken(row *FyndInstall, margin time.Duration) (string, error) {
	switch {
	case row.UninstalledAt != nil:
		return "", conflictf("Company %s has uninstalled the extension, so Fynd cannot be told anything for it.", row.CompanyID)
	case row.AccessToken == "" || row.TokenUntil == nil || time.Until(*row.TokenUntil) <= margin:
		return "", nil
	}
	token, err := db.keys.Open(row.place("access"), row.AccessToken)
	if err != nil {
		return "", fmt.Errorf("open the token of install %d: %w", row.ID, err)
	}
	return token, nil
}

// renewToken asks Fynd for a new token. The row is locked meanwhile, so that of all copies of the program one asks
// and the others wait for what it got: a refresh token may be good only once.
func (db *DB) renewToken(ctx context.Context, install int64) (string, error) {
	turn := db.tokenTurn(install) // within this process nobody waits with a connection in hand
	turn.Lock()
	defer turn.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), db.timings.CallTimeout+10*time.Second) // an answer that nobody waits for is kept all the same
	defer cancel()
	var token string
	var refused error
	err := db.Tx(ctx, func(tx *DB) error {
		token, refused = "", nil
		row, err := tx.lockInstall(ctx, install)
		if err != nil {
			return err
		}
		if token, err = tx.accessToken(row, tokenMargin); token != "" || err != nil {
			return err // somebody was quicker
		}
		var given gofynd.Token
		given, refused = tx.askForToken(ctx, row)
		if refused != nil {
			if still, err := tx.accessToken(row, 5*time.Second); err == nil && still != "" {
				token, refused = still, nil // the old one does for now
				return nil
			}
			return tx.tokenRefused(ctx, row, refused)
		}
		token = given.Access
		return tx.keepToken(ctx, row, given)
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("renew the token of install %d: %w", install, err)
	case refused != nil:
		return "", refused
	}
	return token, nil
}

// askForToken shows Fynd the refresh token of an install.
func (db *DB) askForToken(ctx context.Context, row *FyndInstall) (gofynd.Token, error) {
	if row.RefreshToken == "" {
		return gofynd.Token{}, conflictf("Fynd gave no token for company %s that lasts. Its seller opens the extension in Fynd once more, and it is installed anew. %s", row.CompanyID, row.Problem)
	}
	extension, err := db.FyndExtension(ctx, row.ExtensionID)
	if err != nil {
		return gofynd.Token{}, err
	}
	refresh, err := db.keys.Open(row.place("refresh"), row.RefreshToken)
	if err != nil {
		return gofynd.Token{}, fmt.Errorf("open the refresh token of install %d: %w", row.ID, err)
	}
	platform, err := db.fyndPlatform(extension)
	if err != nil {
		return gofynd.Token{}, err
	}
	return platform.Renew(ctx, row.CompanyID, refresh) //nolint:wrapcheck // a gateways.Error says what may be done
}

// tokenRefused keeps why there is no token. A refresh token that Fynd does not know any more is dropped.
func (db *DB) tokenRefused(ctx context.Context, row *FyndInstall, refused error) error {
	change := map[string]any{"problem": textOf(message(refused))}
	if gateways.KindOf(refused) == gateways.Declined {
		change["refresh_token"], change["problem"] = "", "Fynd does not accept the refresh token any more. "+textOf(message(refused))
	}
	return db.changeInstall(ctx, row.ID, change)
}

// keepToken seals a token into its install.
func (db *DB) keepToken(ctx context.Context, row *FyndInstall, given gofynd.Token) error {
	at, err := db.now(ctx)
	if err != nil {
		return err
	}
	change := map[string]any{"token_until": at.Add(given.Life), "problem": ""}
	for column, plain := range map[string]string{"access_token": given.Access, "refresh_token": given.Refresh} {
		if plain == "" {
			continue // the refresh token that was shown stays good
		}
		if change[column], err = db.keys.Seal(row.place(column[:len(column)-len("_token")]), plain); err != nil {
			return fmt.Errorf("seal a token of install %d: %w", row.ID, err)
		}
	}
	return db.changeInstall(ctx, row.ID, change)
}

// FyndBearerRefused says that Fynd did not accept a token before its time was up, so that the next one is new.
func (db *DB) FyndBearerRefused(ctx context.Context, install int64, token string) error {
	return db.Tx(ctx, func(tx *DB) error {
		row, err := tx.lockInstall(ctx, install)
		if err != nil {
			return err
		}
		if now, err := tx.accessToken(row, 0); err != nil || now != token {
			return nil //nolint:nilerr // an uninstalled company has none
		}
		return tx.changeInstall(ctx, install, map[string]any{"token_until": nil})
	})
}

func (db *DB) lockInstall(ctx context.Context, id int64) (*FyndInstall, error) {
	var row FyndInstall
	err := db.in(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).First(&row, "id = ?", id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("lock install %d: %w", id, err)
	}
	return &row, nil
}

func (db *DB) changeInstall(ctx context.Context, id int64, change map[string]any) error {
	if err := db.in(ctx).Model(&FyndInstall{}).Where("id = ?", id).Updates(change).Error; err != nil {
		return fmt.Errorf("save install %d: %w", id, err)
	}
	return nil
}

// rewrapTokens seals the tokens of installs again with the key in use now, and reports how many.
func (db *DB) rewrapTokens(ctx context.Context) (int, error) {
	var rows []FyndInstall
	if err := db.in(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Order("id").Find(&rows).Error; err != nil {
		return 0, fmt.Errorf("read the installs: %w", err)
	}
	n := 0
	for i := range rows {
		row := &rows[i]
		for what, sealed := range map[string]string{"access": row.AccessToken, "refresh": row.RefreshToken} {
			if sealed == "" || db.keys.Current(sealed) {
				continue
			}
			plain, err := db.keys.Open(row.place(what), sealed)
			if err != nil {
				return 0, fmt.Errorf("open the %s token of install %d: %w", what, row.ID, err)
			}
			again, err := db.keys.Seal(row.place(what), plain)
			if err != nil {
				return 0, err
			}
			if err := db.changeInstall(ctx, row.ID, map[string]any{what + "_token": again}); err != nil {
				return 0, err
			}
			n++
		}
	}
	return n, nil
}
