package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// What a one-time link is for.
const (
	linkSetup    = "setup"    // makes the first owner
	linkPassword = "password" // sets the password of one person
)

// linkLife is how long a link can be used.
const linkLife = 24 * time.Hour

// ErrLinkSpent is a one-time link that was used, has run out or never was.
var ErrLinkSpent = errors.New("this link has been used or has run out")

// Link is a one-time link that can still be used.
type Link struct {
	User *User // whose password it sets; nil for the set-up of the first owner
}

// SetupLink is where the first owner is made: /setup/…, once, within 24 hours. It is empty when
// there are users already.
func (db *DB) SetupLink(ctx context.Context) (path string, err error) {
	err = db.Tx(ctx, func(tx *DB) error {
		some, err := tx.anyUser(ctx)
		if err != nil || some {
			return err
		}
		path, err = tx.newLink(ctx, linkSetup, nil)
		return err
	})
	return path, err
}

// ResetLink is where a person sets a new password: /setup/…, once, within 24 hours. Links given out before die.
// The old password works until then; end the person's sessions too when it is in wrong hands.
func (db *DB) ResetLink(ctx context.Context, by Actor, user int64) (path string, err error) {
	err = db.changeUser(ctx, user, func(tx *DB, u *User) error {
		if u.DisabledAt != nil {
			return problemf("%s is disabled. Enable the account first.", u.Name)
		}
		if err := tx.in(ctx).Exec("DELETE FROM login_links WHERE user_id = ? AND used_at IS NULL", user).Error; err != nil {
			return fmt.Errorf("withdraw the links of user %d: %w", user, err)
		}
		if path, err = tx.newLink(ctx, linkPassword, &user); err != nil {
			return err
		}
		return tx.audit(ctx, 0, by, "password.link", u.object(), nil, nil)
	})
	return path, err
}

// FindLink is the link with this token, still unused; ErrLinkSpent otherwise. Looking does not use it.
func (db *DB) FindLink(ctx context.Context, token string) (*Link, error) {
	row, err := db.link(ctx, token)
	if err != nil {
		return nil, err
	}
	if row.UserID == nil {
		return &Link{}, nil
	}
	user, err := db.User(ctx, *row.UserID)
	if err != nil {
		return nil, err
	}
	return &Link{User: user}, nil
}

// LinkUse is what a person answers to a link: Name and Email count for the first owner only.
type LinkUse struct {
	Name     string
	Email    string
	Password string
	Address  string
}

// UseLink sets the password that a link is for, and signs the person out everywhere else. Whose it is comes back.
func (db *DB) UseLink(ctx context.Context, token string, use LinkUse) (*User, error) {
	link, err := db.FindLink(ctx, token)
	if err != nil {
		return nil, err
	}
	owner := UserDetails{Email: use.Email, Name: use.Name, Role: Owner, AllStores: true}
	email := use.Email
	if link.User != nil {
		email = link.User.Email
	} else if err := owner.clean(); err != nil {
		return nil, err
	}
	if err := CheckPassword(use.Password, email); err != nil {
		return nil, err
	}
	hash, err := hashPassword(ctx, use.Password) // slow, so before any lock
	if err != nil {
		return nil, err
	}
	user := link.User
	err = db.Tx(ctx, func(tx *DB) error {
		if err := tx.in(ctx).Exec("SELECT pg_advisory_xact_lock(?)", lockUsers).Error; err != nil {
			return fmt.Errorf("lock users: %w", err)
		}
		if _, err := tx.link(ctx, token); err != nil {
			return err
		}
		if user == nil {
			if user, err = tx.firstOwner(ctx, owner, hash); err != nil {
				return err
			}
		} else if err := tx.setPassword(ctx, user.ID, hash, nil); err != nil {
			return err
		}
		if err := tx.in(ctx).Exec("UPDATE login_links SET used_at = ? WHERE token_hash = ?", now(), sessionHash(token)).Error; err != nil {
			return fmt.Errorf("use a link: %w", err)
		}
		return tx.audit(ctx, 0, user.Actor(use.Address), "password.set", user.object(), nil, nil)
	})
	if err != nil {
		return nil, err
	}
	return user, nil
}

type loginLink struct {
	TokenHash []byte `gorm:"primaryKey"`
	Purpose   string
	UserID    *int64
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    *time.Time
}

func (db *DB) newLink(ctx context.Context, purpose string, user *int64) (string, error) {
	token := randomToken()
	t := now()
	row := loginLink{TokenHash: sessionHash(token), Purpose: purpose, UserID: user, CreatedAt: t, ExpiresAt: t.Add(linkLife)}
	if err := db.in(ctx).Create(&row).Error; err != nil {
		return "", fmt.Errorf("make a one-time link: %w", err)
	}
	return "/setup/" + token, nil
}

func (db *DB) link(ctx context.Context, token string) (*loginLink, error) {
	var rows []loginLink
	err := db.in(ctx).Raw(`SELECT * FROM login_links WHERE token_hash = ? AND used_at IS NULL AND expires_at > ?`,
		sessionHash(token), now()).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read a one-time link: %w", err)
	}
	if len(rows) == 0 {
		return nil, ErrLinkSpent
	}
	row := rows[0]
	if row.Purpose == linkSetup { // somebody may have come first with another one
		some, err := db.anyUser(ctx)
		if err != nil {
			return nil, err
		}
		if some {
			return nil, ErrLinkSpent
		}
	}
	return &row, nil
}

func (db *DB) firstOwner(ctx context.Context, details UserDetails, hash string) (*User, error) {
	user := &User{Email: details.Email, Name: details.Name, Role: Owner, AllStores: true, PasswordHash: &hash}
	return user, db.insertUser(ctx, user, nil)
}

func (db *DB) anyUser(ctx context.Context) (bool, error) {
	err := db.in(ctx).Take(&User{}).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for users: %w", err)
	}
	return true, nil
}
