package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// CreateUser invites a person. The path it gives back, /setup/…, is where they set their password;
// it works once, for 24 hours, and is shown to nobody again.
func (db *DB) CreateUser(ctx context.Context, by Actor, details UserDetails) (user *User, path string, err error) {
	if err := details.clean(); err != nil {
		return nil, "", err
	}
	err = db.Tx(ctx, func(tx *DB) error {
		user = &User{Email: details.Email, Name: details.Name, Role: details.Role, AllStores: details.AllStores}
		if err := tx.insertUser(ctx, user, details.StoreIDs); err != nil {
			return err
		}
		if path, err = tx.newLink(ctx, linkPassword, &user.ID); err != nil {
			return err
		}
		return tx.audit(ctx, 0, by, "user.invited", user.object(), nil, details.audited())
	})
	if err != nil {
		return nil, "", err
	}
	return user, path, nil
}

// ChangeUser gives a person another name, role or stores. It counts from their next request on.
func (db *DB) ChangeUser(ctx context.Context, by Actor, id int64, details UserDetails) error {
	return db.changeUser(ctx, id, func(tx *DB, user *User) error {
		details.Email = user.Email // an address is not changed here
		if err := details.clean(); err != nil {
			return err
		}
		if user.Role == Owner && details.Role != Owner {
			if err := tx.keepAnOwner(ctx, id); err != nil {
				return err
			}
		}
		err := tx.in(ctx).Model(&User{}).Where("id = ?", id).Updates(map[string]any{
			"name": details.Name, "role": details.Role, "all_stores": details.AllStores, "updated_at": now(),
		}).Error
		if err != nil {
			return fmt.Errorf("change user %d: %w", id, err)
		}
		if err := tx.setStores(ctx, id, details.StoreIDs); err != nil {
			return err
		}
		return tx.audit(ctx, 0, by, "user.changed", user.object(), nil, details.audited())
	})
}

// DisableUser ends every session of a person and lets them in no more.
func (db *DB) DisableUser(ctx context.Context, by Actor, id int64) error {
	return db.changeUser(ctx, id, func(tx *DB, user *User) error {
		if user.DisabledAt != nil {
			return nil
		}
		if user.Role == Owner {
			if err := tx.keepAnOwner(ctx, id); err != nil {
				return err
			}
		}
		if err := tx.setColumn(ctx, id, "disabled_at", now()); err != nil {
			return err
		}
		if err := tx.dropSessions(ctx, id, nil); err != nil {
			return err
		}
		if err := tx.in(ctx).Exec("DELETE FROM login_links WHERE user_id = ? AND used_at IS NULL", id).Error; err != nil {
			return fmt.Errorf("withdraw the links of user %d: %w", id, err)
		}
		return tx.audit(ctx, 0, by, "user.disabled", user.object(), nil, nil)
	})
}

// EnableUser lets a disabled person in again.
func (db *DB) EnableUser(ctx context.Context, by Actor, id int64) error {
	return db.changeUser(ctx, id, func(tx *DB, user *User) error {
		if user.DisabledAt == nil {
			return nil
		}
		if err := tx.setColumn(ctx, id, "disabled_at", nil); err != nil {
			return err
		}
		return tx.audit(ctx, 0, by, "user.enabled", user.object(), nil, nil)
	})
}

// SeedUser puts a person of the cast in, with whatever password the cast has. Only the demo and the
// tests call it: it asks nothing of the password and leaves no audit row.
func (db *DB) SeedUser(ctx context.Context, details UserDetails, password string) (*User, error) {
	if err := details.clean(); err != nil {
		return nil, err
	}
	hash, err := hashPassword(ctx, password)
	if err != nil {
		return nil, err
	}
	user := &User{Email: details.Email, Name: details.Name, Role: details.Role, AllStores: details.AllStores, PasswordHash: &hash}
	err = db.Tx(ctx, func(tx *DB) error { return tx.insertUser(ctx, user, details.StoreIDs) })
	if err != nil {
		return nil, err
	}
	return user, nil
}

func (db *DB) changeUser(ctx context.Context, id int64, change func(tx *DB, user *User) error) error {
	return db.Tx(ctx, func(tx *DB) error {
		// every change of a person waits for the one before: two owners cannot remove each other
		if err := tx.in(ctx).Exec("SELECT pg_advisory_xact_lock(?)", lockUsers).Error; err != nil {
			return fmt.Errorf("lock users: %w", err)
		}
		user, err := tx.User(ctx, id)
		if err != nil {
			return err
		}
		return change(tx, user)
	})
}

// lockUsers is the advisory lock that changes of people wait for.
const lockUsers = 0x6b757372

func (db *DB) insertUser(ctx context.Context, user *User, stores []int64) error {
	err := db.in(ctx).Omit("StoreIDs").Create(user).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return FieldProblem("email", "There is a user with this e-mail address already.")
	}
	if err != nil {
		return fmt.Errorf("create a user: %w", err)
	}
	user.StoreIDs = stores
	return db.setStores(ctx, user.ID, stores)
}

func (db *DB) setStores(ctx context.Context, id int64, stores []int64) error {
	if err := db.in(ctx).Exec("DELETE FROM user_stores WHERE user_id = ?", id).Error; err != nil {
		return fmt.Errorf("set the stores of user %d: %w", id, err)
	}
	rows := make([]map[string]any, len(stores))
	for i, store := range stores {
		rows[i] = map[string]any{"user_id": id, "store_id": store}
	}
	if len(rows) == 0 {
		return nil
	}
	err := db.in(ctx).Table("user_stores").Clauses(clause.OnConflict{DoNothing: true}).Create(rows).Error
	if errors.Is(err, gorm.ErrForeignKeyViolated) {
		return FieldProblem("stores", "One of these stores does not exist.")
	}
	if err != nil {
		return fmt.Errorf("set the stores of user %d: %w", id, err)
	}
	return nil
}

func (db *DB) setColumn(ctx context.Context, id int64, column string, value any) error {
	err := db.in(ctx).Model(&User{}).Where("id = ?", id).Updates(map[string]any{column: value, "updated_at": now()}).Error
	if err != nil {
		return fmt.Errorf("set %s of user %d: %w", column, id, err)
	}
	return nil
}

// keepAnOwner refuses when nobody but id could manage users.
func (db *DB) keepAnOwner(ctx context.Context, id int64) error {
	var others int64
	err := db.in(ctx).Model(&User{}).
		Where("role = ? AND disabled_at IS NULL AND password_hash IS NOT NULL AND id <> ?", Owner, id).Count(&others).Error
	if err != nil {
		return fmt.Errorf("count owners: %w", err)
	}
	if others == 0 {
		return problemf("This is the last owner who can sign in. Make somebody else an owner first.")
	}
	return nil
}

// audited is what of the details goes into the log: no names, no addresses.
func (d *UserDetails) audited() map[string]any {
	if d.AllStores {
		return map[string]any{"role": d.Role, "stores": "all"}
	}
	return map[string]any{"role": d.Role, "stores": d.StoreIDs}
}

func now() time.Time { return time.Now().UTC() }
