// Package localdbtest gives tests databases of their own.
//
// All test programs of a user share one PostgreSQL, which they start when it is not there and which
// ends by itself a few seconds after the last of them. KARTIFY_TEST_DATABASE_URL names another one
// to use; its role must be allowed to create databases.
package localdbtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience is how long starting the server, filling a template or dropping a clone may take.
const patience = 2 * time.Minute

// Clone gives the test its own database, which is gone when the test ends. It is a copy of a
// template that prepare filled once; key names the template's contents, such as a hash of the
// migrations, so that another key makes another template. url is a libpq URL for a role that owns
// the database and is no superuser.
func Clone(tb testing.TB, key string, prepare func(ctx context.Context, url string) error) (url string) {
	tb.Helper()
	h, err := theHost()
	if err != nil {
		tb.Fatalf("start PostgreSQL for the tests: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	template, err := h.template(ctx, key, prepare)
	if err != nil {
		tb.Fatalf("prepare the template database: %v", err)
	}
	name := fmt.Sprintf("%s%s_%d", clonePrefix, h.token, h.clones.Add(1))
	if err := h.exec(ctx, "create database "+quoted(name)+" template "+quoted(template)+" strategy "+strategy); err != nil {
		tb.Fatalf("clone the template database: %v", err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := h.exec(ctx, "drop database "+quoted(name)+" with (force)"); err != nil {
			tb.Errorf("drop the test's database: %v", err)
		}
	})
	return withDatabase(h.url, name)
}

// strategy copies the template's files. With a template of 14 MB it takes a third to a half of the
// time of writing them through the log, since nothing waits for the disk.
const strategy = "file_copy"

const (
	clonePrefix    = "kartify_test_"
	templatePrefix = "kartify_template_"
)

// host is the server as this program sees it.
type host struct {
	url       string // of its maintenance database
	token     string // marks this program's clones
	idle      chan *pgx.Conn
	life      *pgx.Conn // holds this program's lock
	clones    atomic.Int64
	templates sync.Map // key → func() (string, error)
}

// theHost is the server of this program, started at first use.
var theHost = sync.OnceValues(func() (*host, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if given := os.Getenv("KARTIFY_TEST_DATABASE_URL"); given != "" {
		return openHost(ctx, given)
	}
	base, err := baseDir()
	if err != nil {
		return nil, err
	}
	return joinServer(ctx, base)
})

// exec runs one statement on the maintenance database.
func (h *host) exec(ctx context.Context, sql string, args ...any) error {
	conn, err := h.conn(ctx)
	if err != nil {
		return err
	}
	defer h.release(conn)
	_, err = conn.Exec(ctx, sql, args...)
	return err
}

// conn is a session on the maintenance database: one that lies idle, or a new one.
func (h *host) conn(ctx context.Context) (*pgx.Conn, error) {
	select {
	case conn := <-h.idle:
		return conn, nil
	default:
		return pgx.Connect(ctx, h.url)
	}
}

func (h *host) release(conn *pgx.Conn) {
	if !conn.IsClosed() {
		select {
		case h.idle <- conn:
			return
		default:
		}
	}
	_ = conn.Close(context.Background())
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

// withDatabase is a libpq address with another database in it.
func withDatabase(address, name string) string {
	if u, err := url.Parse(address); err == nil && strings.HasPrefix(u.Scheme, "postgres") {
		u.Path = "/" + name
		return u.String()
	}
	return address + " dbname=" + name // the last of a keyword counts
}
