// Package localdb gives kartify a private PostgreSQL without anybody having to set one up.
//
// The server listens on a Unix socket only, belongs to one data folder, and ends with the program
// that started it. A program that finds it running uses it.
package localdb

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	oldest = 15        // the oldest PostgreSQL that kartify runs on
	role   = "kartify" // owns the databases
	port   = "5432"    // names the socket; no TCP port is opened
)

// What PostgreSQL answers, by SQLSTATE.
const (
	wrongPassword     = "28P01"
	duplicateDatabase = "42P04"
	duplicateObject   = "42710"
)

// Options says which PostgreSQL to use. The zero value is the private one of this user.
type Options struct {
	Dir  string                           // data folder, made when absent; "" is DefaultDir
	URL  string                           // DATABASE_URL: when set it is used as it is, and nothing is started
	Fast bool                             // for tests only: do not wait for the disk, so a power cut loses the data
	Log  func(format string, args ...any) // takes progress as lines for a person; nil is silence

	Settings map[string]string // more settings of a server that is started, such as shared_buffers
}

// Server is a PostgreSQL that answers.
type Server struct {
	given    string // DATABASE_URL
	folder   folder
	process  *process // nil when somebody else started it
	password string
}

// DefaultDir is where the private PostgreSQL of this user keeps its data. Root's is outside root's
// home, because the server runs as another user, who may not enter it.
func DefaultDir() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/lib/kartify/postgres", nil
	}
	base := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(base) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find a folder for the database: %w", err)
		}
		base = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(base, "kartify", "postgres"), nil
}

// Start returns a PostgreSQL that answers: the one o.URL names, the one that already runs in the
// data folder, or one it starts there, making the folder when it is new.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	if o.URL != "" {
		return useGiven(ctx, o.URL)
	}
	dir := o.Dir
	if dir == "" {
		var err error
		if dir, err = DefaultDir(); err != nil {
			return nil, err
		}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the data folder: %w", err)
	}
	return startIn(ctx, dir, o)
}

// useGiven checks that the database of DATABASE_URL answers and is new enough.
func useGiven(ctx context.Context, given string) (*Server, error) {
	conn, err := pgx.Connect(ctx, given)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL is set, but its database does not answer: %w", err)
	}
	defer closeConn(conn)
	var version int
	if err := conn.QueryRow(ctx, "select current_setting('server_version_num')::int").Scan(&version); err != nil {
		return nil, fmt.Errorf("ask the database of DATABASE_URL for its version: %w", err)
	}
	if version/10000 < oldest {
		return nil, fmt.Errorf("DATABASE_URL names a PostgreSQL %d; kartify needs %d or newer", version/10000, oldest)
	}
	return &Server{given: given}, nil
}

// URL is the address of a database, as the role kartify: not a superuser, so row level security
// binds it (on the tables it owns, where they are set to FORCE it), but it owns its databases and
// may create others. DATABASE_URL, when given, is returned as it is, whatever the name.
func (s *Server) URL(database string) string {
	if s.given != "" {
		return s.given
	}
	return address(role, s.password, s.folder.socket, database)
}

// CreateDatabase makes a database that belongs to the role kartify, if it is absent. The database
// that DATABASE_URL names has to be there already.
func (s *Server) CreateDatabase(ctx context.Context, name string) error {
	if s.given != "" {
		return nil
	}
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	defer closeConn(conn)
	_, err = conn.Exec(ctx, "create database "+pgx.Identifier{name}.Sanitize())
	if err != nil && !isState(err, duplicateDatabase) {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// Started says whether this program started the server, which then ends with it.
func (s *Server) Started() bool { return s.process != nil }

// Done is closed when a server that this program started is gone. For any other it is nil.
func (s *Server) Done() <-chan struct{} {
	if s.process == nil {
		return nil
	}
	return s.process.done
}

// Stop ends the server if this program started it, and waits until its data is on disk. Sessions
// that are still open are closed.
func (s *Server) Stop(ctx context.Context) error {
	if s.process == nil {
		return nil
	}
	return s.process.stop(ctx)
}

// Remove deletes a data folder with everything in it, if it is one and no server runs in it.
func Remove(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("find the data folder: %w", err)
	}
	return removeFolder(dir)
}

// address is a libpq URL over a Unix socket.
func address(user, password, socket, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(user, password),
		Path:     "/" + database,
		RawQuery: url.Values{"host": {socket}, "port": {port}, "sslmode": {"disable"}}.Encode(),
	}
	return u.String()
}

// closeConn says goodbye to the server without waiting long for an answer.
func closeConn(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // the server drops the session either way
}

func isState(err error, state string) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == state
}
