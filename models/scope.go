package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

// Scope is the stores a call may see. The zero Scope sees none.
type Scope struct {
	All    bool
	Stores []int64
}

// Sees says whether a store is within the scope.
func (s Scope) Sees(store int64) bool {
	return s.All || slices.Contains(s.Stores, store)
}

// setting is the scope as the database's wall reads it.
func (s Scope) setting() string {
	if s.All {
		return "*"
	}
	ids := make([]string, len(s.Stores))
	for i, id := range s.Stores {
		ids[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(ids, ",")
}

type scopeKey struct{}

// WithScope lets calls under ctx see these stores.
func WithScope(ctx context.Context, s Scope) context.Context {
	return context.WithValue(ctx, scopeKey{}, s)
}

// AsSystem lets calls under ctx see every store: for jobs, provider callbacks and commands.
func AsSystem(ctx context.Context) context.Context {
	return WithScope(ctx, Scope{All: true})
}

// ScopeOf is the scope of ctx, nothing when none was set.
func ScopeOf(ctx context.Context) Scope {
	s, _ := ctx.Value(scopeKey{}).(Scope)
	return s
}

// applyScope tells a connection which stores the caller sees, whenever that differs from the last caller's.
func applyScope(ctx context.Context, conn *pgx.Conn) (bool, error) {
	want := ScopeOf(ctx).setting()
	data := conn.PgConn().CustomData()
	if have, known := data["stores"].(string); known && have == want {
		return true, nil
	}
	if _, err := conn.Exec(ctx, "SELECT set_config('kartify.stores', $1, false)", want); err != nil {
		return false, fmt.Errorf("set the scope of a connection: %w", err)
	}
	data["stores"] = want
	return true, nil
}

// scoped keeps a query of a table with store_id to the stores of ctx: the first wall.
func scoped(ctx context.Context, table string) func(*gorm.DB) *gorm.DB {
	s := ScopeOf(ctx)
	return func(g *gorm.DB) *gorm.DB {
		if s.All {
			return g
		}
		if len(s.Stores) == 0 {
			return g.Where("1 = 0")
		}
		return g.Where(table+".store_id IN ?", s.Stores)
	}
}

// Wall says why row level security does not hold for this connection's role, or nil when it does.
func (db *DB) Wall(ctx context.Context) error {
	var bypass bool
	if err := db.pool.QueryRow(ctx, "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user").Scan(&bypass); err != nil {
		return fmt.Errorf("ask for the role's rights: %w", err)
	}
	if bypass {
		return errors.New("the database role is a superuser, whom row level security does not bind; connect as a role of its own")
	}
	return nil
}
