package models

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// newAPIKey is the key of a new extension, written as Fynd writes ids: 24 hexadecimal digits.
func newAPIKey() string {
	key := make([]byte, 12)
	_, _ = rand.Read(key) // never fails
	return hex.EncodeToString(key)
}

// newExtensionSecret is 32 random bytes as text.
func newExtensionSecret() string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	return base64.RawURLEncoding.EncodeToString(secret)
}

// RevealExtensionSecret shows the API secret of an extension, once. Whoever missed it makes a new one.
func (db *DB) RevealExtensionSecret(ctx context.Context, id int64, by Actor) (string, error) {
	var secret string
	err := db.Tx(ctx, func(tx *DB) error {
		var e FyndExtension
		err := tx.in(ctx).Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).Omit("Logo").First(&e, "id = ?", id).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("lock extension %d: %w", id, err)
		}
		if e.SecretShownAt != nil {
			return conflictf("This secret has been shown, and is never shown again. Make a new one when nobody wrote it down.")
		}
		if secret, err = tx.extensionSecret(&e); err != nil {
			return err
		}
		if err := tx.in(ctx).Model(&e).Update("secret_shown_at", now()).Error; err != nil {
			return fmt.Errorf("note that the secret was shown: %w", err)
		}
		return tx.audit(ctx, 0, by, "fynd_extension.secret_shown", e.object(), nil, nil)
	})
	if err != nil {
		return "", fmt.Errorf("show the secret of extension %d: %w", id, err)
	}
	return secret, nil
}

// ExtensionSecretForm replaces the API secret of an extension, or its key and its secret.
type ExtensionSecretForm struct {
	ID          int64
	Key, Secret string // those that Fynd made; both empty makes a new secret here
	Confirm     string // the extension's name, typed
	Shown       int
	By          Actor
}

var (
	apiKeyShape    = regexp.MustCompile(`^[A-Za-z0-9_-]{8,64}$`)
	apiSecretShape = regexp.MustCompile(`^[!-~]{16,200}$`)
)

// ReplaceExtensionSecret puts a new API secret in force at once: what was signed with the old one is refused from
// now on. The API key can be replaced as long as no company has installed the extension.
func (db *DB) ReplaceExtensionSecret(ctx context.Context, form ExtensionSecretForm) error {
	form.Key, form.Secret = strings.TrimSpace(form.Key), strings.TrimSpace(form.Secret)
	err := db.Tx(ctx, func(tx *DB) error {
		e, err := tx.lockExtension(ctx, form.ID, form.Shown)
		if err != nil {
			return err
		}
		if strings.TrimSpace(form.Confirm) != e.Name {
			return FieldProblem("confirm", "Type the name of the extension, %s, to confirm: the secret in force now stops working at once.", e.Name)
		}
		if err := tx.checkGivenKey(ctx, e, &form); err != nil {
			return err
		}
		instructions, err := tx.ReviewInstructions(e)
		if err != nil {
			return err
		}
		made := form.Secret == ""
		if made {
			form.Secret = newExtensionSecret()
		}
		moved := e.APIKey != form.Key
		e.APIKey, e.SecretAt, e.SecretShownAt = form.Key, now(), nil
		if !made {
			e.SecretShownAt = &e.SecretAt
		}
		if e.APISecret, err = tx.keys.Seal(extensionPlace(e.APIKey, "secret"), form.Secret); err != nil {
			return err
		}
		if err := tx.sealInstructions(e, instructions); err != nil {
			return err
		}
		if err := tx.saveExtension(ctx, e, "APIKey", "APISecret", "SecretAt", "SecretShownAt", "ReviewInstructions"); err != nil {
			return err
		}
		return tx.audit(ctx, 0, form.By, "fynd_extension.secret_replaced", e.object(), nil, map[string]any{"made_here": made, "key_changed": moved})
	})
	if err != nil {
		return fmt.Errorf("replace the secret of extension %d: %w", form.ID, err)
	}
	return nil
}

// checkGivenKey says what is wrong with a key and a secret that Fynd is said to have made.
func (db *DB) checkGivenKey(ctx context.Context, e *FyndExtension, form *ExtensionSecretForm) error {
	if form.Key == "" && form.Secret == "" {
		form.Key = e.APIKey
		return nil
	}
	switch {
	case !apiKeyShape.MatchString(form.Key):
		return FieldProblem("api_key", "Enter the API key as Fynd shows it: letters and digits, at most 64.")
	case !apiSecretShape.MatchString(form.Secret):
		return FieldProblem("api_secret", "Enter the API secret as Fynd shows it, of 16 to 200 characters without spaces.")
	case form.Key == e.APIKey:
		return nil
	}
	var taken, installed int64
	err := db.in(ctx).Model(&FyndExtension{}).Where("api_key = ?", form.Key).Count(&taken).Error
	if err == nil {
		err = db.in(ctx).Model(&FyndInstall{}).Where("extension_id = ?", e.ID).Count(&installed).Error
	}
	switch {
	case err != nil:
		return fmt.Errorf("look for the key: %w", err)
	case taken > 0:
		return FieldProblem("api_key", "There is an extension with this API key already.")
	case installed > 0:
		return FieldProblem("api_key", "Companies have installed the extension under its key, so the key stays. The secret alone can be replaced.")
	}
	return nil
}

// ReviewInstructions are the instructions for Fynd's reviewers in the clear; they hold test credentials.
func (db *DB) ReviewInstructions(e *FyndExtension) (string, error) {
	if e.ReviewInstructions == "" {
		return "", nil
	}
	text, err := db.keys.Open(extensionPlace(e.APIKey, "review"), e.ReviewInstructions)
	if err != nil {
		return "", fmt.Errorf("open the review instructions of extension %d: %w", e.ID, err)
	}
	return text, nil
}

func (db *DB) sealInstructions(e *FyndExtension, text string) error {
	if text == "" {
		e.ReviewInstructions = ""
		return nil
	}
	var err error
	e.ReviewInstructions, err = db.keys.Seal(extensionPlace(e.APIKey, "review"), text)
	return err
}

// rewrapExtensions seals the secrets of extensions again with the key in use now, and reports how many.
func (db *DB) rewrapExtensions(ctx context.Context) (int, error) {
	var rows []FyndExtension
	if err := db.in(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Omit("Logo").Order("id").Find(&rows).Error; err != nil {
		return 0, fmt.Errorf("read the extensions: %w", err)
	}
	n, err := db.rewrapTokens(ctx)
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		for column, sealed := range map[string]string{"secret": row.APISecret, "review": row.ReviewInstructions} {
			if sealed == "" || db.keys.Current(sealed) {
				continue
			}
			place := extensionPlace(row.APIKey, column)
			plain, err := db.keys.Open(place, sealed)
			if err != nil {
				return 0, fmt.Errorf("open the %s of extension %d: %w", column, row.ID, err)
			}
			again, err := db.keys.Seal(place, plain)
			if err != nil {
				return 0, err
			}
			name := map[string]string{"secret": "api_secret", "review": "review_instructions"}[column]
			if err := db.in(ctx).Model(&FyndExtension{}).Where("id = ?", row.ID).Update(name, again).Error; err != nil {
				return 0, fmt.Errorf("save the %s of extension %d: %w", column, row.ID, err)
			}
			n++
		}
	}
	return n, nil
}
