package models

import (
	"context"
	"strings"
)

// ChangePassword replaces a person's password, who must know the old one, and signs them out everywhere but keep.
func (db *DB) ChangePassword(ctx context.Context, by Actor, keep *Session, current, password string) error {
	user, err := db.User(ctx, *keep.UserID)
	if err != nil {
		return err
	}
	if err := CheckPassword(password, user.Email); err != nil {
		return err
	}
	account, place := strings.ToLower(user.Email), addressKey(by.Address)
	try, err := db.countTry(ctx, user, account, place)
	if err != nil {
		return err
	}
	ok, err := db.passwordFits(ctx, user, current)
	if err != nil {
		return err
	}
	if !ok {
		return FieldProblem("current", "This is not your current password.")
	}
	hash, err := hashPassword(ctx, password)
	if err != nil {
		return err
	}
	return db.Tx(ctx, func(tx *DB) error {
		if err := tx.setPassword(ctx, user.ID, hash, keep); err != nil {
			return err
		}
		if err := tx.forgetTries(ctx, user, try, account, place); err != nil {
			return err
		}
		return tx.audit(ctx, 0, by, "password.changed", user.object(), nil, nil)
	})
}

func (db *DB) setPassword(ctx context.Context, user int64, hash string, keep *Session) error {
	if err := db.setColumn(ctx, user, "password_hash", hash); err != nil {
		return err
	}
	return db.dropSessions(ctx, user, keep)
}
