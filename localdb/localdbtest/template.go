package localdbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// template is the name of the database that prepare filled for key, made at first use by whichever
// program comes first.
func (h *host) template(ctx context.Context, key string, prepare func(context.Context, string) error) (string, error) {
	made, _ := h.templates.LoadOrStore(key, sync.OnceValues(func() (string, error) {
		return h.makeTemplate(ctx, key, prepare)
	}))
	return made.(func() (string, error))()
}

// makeTemplate fills a database under another name and renames it when it is whole, so a template
// is never half-made.
func (h *host) makeTemplate(ctx context.Context, key string, prepare func(context.Context, string) error) (string, error) {
	name := templateName(key)
	conn, err := h.conn(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // and with it the lock
	if _, err := conn.Exec(ctx, "select pg_advisory_lock($1, $2)", templateLock, lockID(name)); err != nil {
		return "", err
	}
	var there bool
	err = conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", name).Scan(&there)
	if there || err != nil {
		return name, err
	}
	making := name + "_making"
	for _, sql := range []string{"drop database if exists " + quoted(making) + " with (force)", "create database " + quoted(making)} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return "", err
		}
	}
	if err := prepare(ctx, withDatabase(h.url, making)); err != nil {
		return "", err
	}
	return name, finish(ctx, conn, making, name)
}

func templateName(key string) string {
	sum := sha256.Sum256([]byte(key))
	return templatePrefix + hex.EncodeToString(sum[:8])
}

// finish closes a filled database to everybody and gives it its name.
func finish(ctx context.Context, conn *pgx.Conn, making, name string) error {
	if _, err := conn.Exec(ctx, "alter database "+quoted(making)+" allow_connections false"); err != nil {
		return err
	}
	// when it was made, for dropOldTemplates
	if _, err := conn.Exec(ctx, fmt.Sprintf("comment on database %s is '%s'", quoted(making), time.Now().UTC().Format(time.RFC3339))); err != nil {
		return err
	}
	for {
		if _, err := conn.Exec(ctx, "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", making); err != nil {
			return err
		}
		_, err := conn.Exec(ctx, "alter database "+quoted(making)+" rename to "+quoted(name))
		var pgErr *pgconn.PgError
		if !errors.As(err, &pgErr) || pgErr.Code != objectInUse {
			return err
		}
		select { // a session takes a moment to go
		case <-ctx.Done():
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// objectInUse is the SQLSTATE of a database that still has sessions.
const objectInUse = "55006"

// dropOldTemplates keeps the newest templates, up to keep of them.
func (h *host) dropOldTemplates(ctx context.Context, keep int) error {
	conn, err := h.conn(ctx)
	if err != nil {
		return err
	}
	defer h.release(conn)
	rows, err := conn.Query(ctx, `
		select datname from pg_database where starts_with(datname, $1)
		order by shobj_description(oid, 'pg_database') desc nulls last offset $2`, templatePrefix, keep)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := conn.Exec(ctx, "drop database if exists "+quoted(name)+" with (force)"); err != nil {
			return err
		}
	}
	return nil
}
