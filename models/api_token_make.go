package models

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
)

// APITokenDetails are what is decided about a new token.
type APITokenDetails struct {
	Name      string
	Scopes    []Permission
	AllStores bool
	Stores    []int64
	Days      int // until it runs out; of APITokenDays
	PerMinute int // requests; 0 for the usual 600
}

// APITokenDays are the lifetimes to choose from, in days.
var APITokenDays = []int{7, 30, 90, 180, 365}

// The pace of a token unless another is chosen, and the highest there is, in requests a minute.
const (
	UsualPerMinute = 600
	MostPerMinute  = 6000
)

// clean tidies the details and says what is wrong with them, or nil.
func (d *APITokenDetails) clean() error {
	d.Name = strings.TrimSpace(d.Name)
	if d.PerMinute == 0 {
		d.PerMinute = UsualPerMinute
	}
	slices.Sort(d.Scopes)
	d.Scopes = slices.Compact(d.Scopes)
	known := func(p Permission) bool {
		return slices.ContainsFunc(APIScopes, func(c Choice) bool { return c.Value == string(p) })
	}
	switch {
	case d.Name == "" || len([]rune(d.Name)) > 100 || strings.ContainsFunc(d.Name, unfit):
		return FieldProblem("name", "Name the program, in at most 100 characters.")
	case len(d.Scopes) == 0:
		return FieldProblem("scopes", "Choose at least one thing the program may do.")
	case slices.ContainsFunc(d.Scopes, func(p Permission) bool { return !known(p) }):
		return FieldProblem("scopes", "A program cannot be given one of these rights.")
	case slices.Contains(d.Scopes, VoidMoney) && !slices.Contains(d.Scopes, RefundMoney):
		return FieldProblem("scopes", "Cancel or credit may return money, so it needs Refund money as well.")
	case !slices.Contains(APITokenDays, d.Days):
		return FieldProblem("days", "Choose how long the token works.")
	case d.PerMinute < 1 || d.PerMinute > MostPerMinute:
		return FieldProblem("per_minute", "Write a number of requests from 1 to %d.", MostPerMinute)
	}
	if d.AllStores {
		d.Stores = nil
	}
	slices.Sort(d.Stores)
	d.Stores = slices.Compact(d.Stores)
	if !d.AllStores && len(d.Stores) == 0 {
		return FieldProblem("stores", "Choose at least one store, or all of them.")
	}
	return nil
}

// CreateAPIToken makes a token and gives back its secret, which exists nowhere else. Nobody gives a program more
// than they may do and see themselves.
func (db *DB) CreateAPIToken(ctx context.Context, by *User, address string, d APITokenDetails) (*APIToken, string, error) {
	if err := d.clean(); err != nil {
		return nil, "", err
	}
	if slices.ContainsFunc(d.Scopes, func(p Permission) bool { return !by.May(p) }) || d.AllStores && !by.AllStores {
		return nil, "", ErrForbidden
	}
	handle, secret := newAPISecret()
	sum := sha256.Sum256([]byte(secret))
	t := &APIToken{
		Name: d.Name, Handle: handle, Scopes: d.Scopes, AllStores: d.AllStores, Stores: d.Stores, PerMinute: d.PerMinute, Maker: by.Name,
	}
	err := db.Tx(ctx, func(tx *DB) error {
		for _, id := range d.Stores {
			if _, err := tx.Store(ctx, id); errors.Is(err, ErrNotFound) {
				return FieldProblem("stores", "There is no store %d.", id)
			} else if err != nil {
				return err
			}
		}
		at, err := tx.now(ctx)
		if err != nil {
			return err
		}
		t.CreatedAt, t.ExpiresAt = at, at.Add(time.Duration(d.Days)*24*time.Hour)
		scopes, stores := []string{}, []string{}
		for _, p := range d.Scopes {
			scopes = append(scopes, string(p))
		}
		for _, id := range d.Stores {
			stores = append(stores, fmt.Sprint(id))
		}
		err = tx.in(ctx).Raw(`INSERT INTO api_tokens (name, handle, hash, scopes, all_stores, stores, per_minute, created_by, maker, created_at, expires_at)
			VALUES (?, ?, ?, ?::text[], ?, ?::bigint[], ?, ?, ?, ?, ?) RETURNING id`, t.Name, handle, sum[:], "{"+strings.Join(scopes, ",")+"}", t.AllStores,
			"{"+strings.Join(stores, ",")+"}", t.PerMinute, by.ID, t.Maker, t.CreatedAt, t.ExpiresAt).Scan(&t.ID).Error
		if taken(err) {
			return FieldProblem("name", "A token with this name works already. Revoke it first, or choose another name.")
		}
		if err != nil {
			return fmt.Errorf("store it: %w", err)
		}
		return tx.audit(ctx, 0, by.Actor(address), "api_token.created", t.object(), nil, map[string]any{
			"handle": handle, "scopes": d.Scopes, "all_stores": d.AllStores, "stores": d.Stores, "expires_at": t.ExpiresAt, "per_minute": d.PerMinute,
		})
	})
	if err != nil {
		return nil, "", fmt.Errorf("make an API token: %w", err)
	}
	return t, secret, nil
}

// RevokeAPIToken makes a token useless at once. What was begun with it goes on.
func (db *DB) RevokeAPIToken(ctx context.Context, by Actor, id int64) error {
	err := db.Tx(ctx, func(tx *DB) error {
		var handle string
		res := tx.in(ctx).Raw("UPDATE api_tokens SET revoked_at = clock_timestamp(), revoked_by = ? WHERE id = ? AND revoked_at IS NULL RETURNING handle", by.Name, id).Scan(&handle)
		if res.Error != nil {
			return fmt.Errorf("store it: %w", res.Error)
		}
		if handle != "" {
			return tx.audit(ctx, 0, by, "api_token.revoked", (&APIToken{ID: id}).object(), nil, map[string]any{"handle": handle})
		}
		var known bool
		if err := tx.in(ctx).Raw("SELECT EXISTS (SELECT 1 FROM api_tokens WHERE id = ?)", id).Scan(&known).Error; err != nil {
			return fmt.Errorf("look for it: %w", err)
		}
		if !known {
			return ErrNotFound
		}
		return nil // revoked before
	})
	if err != nil {
		return fmt.Errorf("revoke API token %d: %w", id, err)
	}
	return nil
}

func (t *APIToken) object() string { return fmt.Sprintf("api token %d", t.ID) }

// taken says whether a row was refused because another one has the same in a unique index.
func taken(err error) bool {
	var pgErr *pgconn.PgError
	return errors.Is(err, gorm.ErrDuplicatedKey) || errors.As(err, &pgErr) && pgErr.Code == "23505"
}
