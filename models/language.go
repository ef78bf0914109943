package models

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/kartify/kartify/lang"
)

// Language is the language the person chose, such as "sv", or "" for what their browser asks for.
func (u *User) Language() string {
	var p struct {
		Language string `json:"language"`
	}
	if json.Unmarshal(u.Preferences, &p) != nil || p.Language != "" && !lang.Known(p.Language) {
		return ""
	}
	return p.Language
}

// SetLanguage remembers which language a person reads; "" is whatever their browser asks for.
func (db *DB) SetLanguage(ctx context.Context, user int64, code string) error {
	if code != "" && !lang.Known(code) {
		return FieldProblem("language", "Choose one of the languages of the list.")
	}
	err := db.in(ctx).Exec(`UPDATE users SET preferences = jsonb_set(preferences, '{language}', to_jsonb(?::text)), updated_at = now() WHERE id = ?`,
		code, user).Error
	if err != nil {
		return fmt.Errorf("keep the language of user %d: %w", user, err)
	}
	return nil
}
