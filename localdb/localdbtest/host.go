package localdbtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Advisory locks of the maintenance database that tests take, by their first number.
const (
	aliveLock    = 0x6b61_7274 // held by a program while it lives, on its token
	templateLock = 0x6b61_7275 // held while a template is made, on its name
)

// openHost connects to a server for the life of this program, and clears what programs left that
// were killed.
func openHost(ctx context.Context, url string) (*host, error) {
	h := &host{url: url, token: strings.ToLower(rand.Text()[:12]), idle: make(chan *pgx.Conn, 4)}
	life, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	// The session stays open, and is kept where nobody collects it: its lock says that this program lives.
	h.life = life
	if _, err := life.Exec(ctx, "select pg_advisory_lock($1, $2)", aliveLock, lockID(h.token)); err != nil {
		return nil, fmt.Errorf("mark this test run as alive: %w", err)
	}
	if err := h.sweep(ctx); err != nil {
		return nil, fmt.Errorf("drop the databases of test runs that were killed: %w", err)
	}
	return h, nil
}

// sweep drops the clones of programs that are gone.
func (h *host) sweep(ctx context.Context) error {
	conn, err := h.conn(ctx)
	if err != nil {
		return err
	}
	defer h.release(conn)
	rows, err := conn.Query(ctx, "select datname from pg_database where starts_with(datname, $1)", clonePrefix)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		token, _, _ := strings.Cut(strings.TrimPrefix(name, clonePrefix), "_")
		var gone bool
		if err := conn.QueryRow(ctx, "select pg_try_advisory_lock($1, $2)", aliveLock, lockID(token)).Scan(&gone); err != nil {
			return err
		}
		if !gone {
			continue
		}
		if _, err := conn.Exec(ctx, "drop database if exists "+quoted(name)+" with (force)"); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, "select pg_advisory_unlock($1, $2)", aliveLock, lockID(token)); err != nil {
			return err
		}
	}
	return nil
}

// lockID is the second number of an advisory lock.
func lockID(name string) int32 {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(name)) // never fails
	return int32(sum.Sum32())
}
