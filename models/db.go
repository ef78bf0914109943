// Package models holds the records of kartify, a file each: their rules as plain methods,
// their queries and changes as methods of DB. Money is minor units, times are UTC.
package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/mail"
	"github.com/kartify/kartify/notify"
)

// DB is the database and what the records need around it. Inside Tx it is one transaction.
// What a call may see is the Scope of its context; without one it sees no store at all.
type DB struct {
	gorm *gorm.DB
	conn *sql.Conn // the connection of a transaction; nil outside
	*parts
}

// parts are what every DB value of a process shares.
type parts struct {
	pool     *pgxpool.Pool
	sql      *sql.DB
	keys     *Keyring
	drivers  map[string]gateways.Driver
	bases    map[string]string
	timings  Timings
	log      *slog.Logger
	enqueuer Enqueuer
	refused  refusals
	intake   intake
	signed   signed
	lists    lists
	streams  exportStreams
	mail     *mail.Server // nil when none is configured
	public   string       // where people reach kartify, without a slash at its end; empty when nobody said
	letters  func(context.Context, Letter) (WrittenLetter, error)
	guard    notify.Guard
	waited   waited
	replica  *replica // nil when there is none
	tokens   sync.Map // installs of Fynd extensions → the lock of those who renew their token

	orderFiles OrderFiles // nil until somebody says how files of orders are written
}

// Options say how to open a DB. URL and Keys are needed, the rest has defaults.
type Options struct {
	URL      string
	MaxConns int32 // default 20
	Keys     *Keyring
	Drivers  []gateways.Driver
	BaseURLs map[string]string // gateway code → the provider's API
	Timings  Timings           // zero fields take DefaultTimings
	Log      *slog.Logger
	Mail     *mail.Server                                         // takes the e-mails to customers; without one they are not sent
	Letters  func(context.Context, Letter) (WrittenLetter, error) // writes them
	Public   string                                               // where people reach kartify, https://pay.example.com, for links in e-mails to those who work with it; empty: none
	Notify   notify.Guard                                         // says where shops may be told of payments
	Tracer   pgx.QueryTracer                                      // sees every statement; for measurements

	ReplicaURL string        // a replica that reports and exports are read from; empty for none
	ReplicaLag time.Duration // how far behind it may be; default DefaultReplicaLag
}

// Enqueuer puts work into the queue within the transaction that causes it.
type Enqueuer interface {
	Enqueue(ctx context.Context, tx pgx.Tx, job Job) error
}

// Job is a piece of work that waits: its arguments, named by Kind.
type Job interface{ Kind() string }

// Open connects to a migrated database. Close gives the connections back.
func Open(ctx context.Context, o Options) (*DB, error) {
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("database address: %w", err)
	}
	config.MaxConns = 20
	if o.MaxConns > 0 {
		config.MaxConns = o.MaxConns
	}
	config.PrepareConn = applyScope
	config.ConnConfig.Tracer = o.Tracer
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	sqlDB := openBounded(pool)
	g, err := gorm.Open(postgres.New(postgres.Config{Conn: sqlDB}), &gorm.Config{
		SkipDefaultTransaction: true,
		TranslateError:         true,
		NowFunc:                func() time.Time { return time.Now().UTC() },
		Logger:                 newSlowQueries(o.Log),
	})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	p := &parts{
		pool: pool, sql: sqlDB, keys: o.Keys, drivers: map[string]gateways.Driver{}, bases: o.BaseURLs,
		timings: o.Timings.withDefaults(), log: o.Log, mail: o.Mail, public: strings.TrimSuffix(o.Public, "/"), letters: o.Letters, guard: o.Notify,
	}
	if p.replica, err = openReplica(ctx, o); err != nil {
		pool.Close()
		return nil, err
	}
	for _, d := range o.Drivers {
		p.drivers[d.Code] = d
	}
	return &DB{gorm: g, parts: p}, nil
}

// Close gives every connection back.
func (db *DB) Close() {
	_ = db.sql.Close()
	db.pool.Close()
	if db.replica != nil {
		db.replica.pool.Close()
	}
}

// Pool is the connection pool that the job queue shares.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Timings are the durations in force.
func (db *DB) Timings() Timings { return db.timings }

// SetEnqueuer joins the job queue, once, before any change is made.
func (db *DB) SetEnqueuer(e Enqueuer) { db.enqueuer = e }

// Ping asks the database whether it answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.pool.Ping(ctx); err != nil {
		return fmt.Errorf("ask the database: %w", err)
	}
	return nil
}

// in is GORM bound to ctx.
func (db *DB) in(ctx context.Context) *gorm.DB { return db.gorm.WithContext(ctx) }

// Tx runs do in one transaction. Deadlocks and serialization failures run the whole of it again, at most three times.
func (db *DB) Tx(ctx context.Context, do func(tx *DB) error) error {
	if db.conn != nil {
		return do(db) // already in one
	}
	var err error
	for range 3 {
		err = db.once(ctx, do)
		var pgErr *pgconn.PgError
		if !errors.As(err, &pgErr) || (pgErr.Code != "40001" && pgErr.Code != "40P01") {
			return err
		}
	}
	return err
}

func (db *DB) once(ctx context.Context, do func(tx *DB) error) error {
	return db.in(ctx).Connection(func(pinned *gorm.DB) error {
		conn, ok := pinned.Statement.ConnPool.(*sql.Conn)
		if !ok {
			return fmt.Errorf("a connection of type %T cannot be shared with the job queue", pinned.Statement.ConnPool)
		}
		return pinned.Transaction(func(g *gorm.DB) error {
			return do(&DB{gorm: g, conn: conn, parts: db.parts})
		})
	})
}

// enqueue puts a job into the queue as part of this transaction.
func (db *DB) enqueue(ctx context.Context, job Job) error {
	if db.enqueuer == nil {
		return nil // no workers here: the sweeper of another process finds the work
	}
	return db.raw(func(conn *pgx.Conn) error {
		if err := db.enqueuer.Enqueue(ctx, ownedTx{conn}, job); err != nil {
			return fmt.Errorf("enqueue %s: %w", job.Kind(), err)
		}
		return nil
	})
}

// raw lends the pgx connection of this transaction.
func (db *DB) raw(use func(*pgx.Conn) error) error {
	if db.conn == nil {
		return errors.New("only inside a transaction")
	}
	return db.conn.Raw(func(driver any) error {
		conn, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("a connection of type %T is not pgx", driver)
		}
		return use(conn.Conn())
	})
}

// ownedTx lets the job queue write in a transaction that GORM owns.
type ownedTx struct{ conn *pgx.Conn }

var errOwned = errors.New("the transaction is owned by its opener")

func (ownedTx) Begin(context.Context) (pgx.Tx, error) { return nil, errOwned }
func (ownedTx) Commit(context.Context) error          { return errOwned }
func (ownedTx) Rollback(context.Context) error        { return errOwned }
func (ownedTx) LargeObjects() pgx.LargeObjects        { return pgx.LargeObjects{} }
func (t ownedTx) Conn() *pgx.Conn                     { return t.conn }

func (t ownedTx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	return t.conn.CopyFrom(ctx, table, columns, rows)
}

func (t ownedTx) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	return t.conn.SendBatch(ctx, batch)
}

func (t ownedTx) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	return t.conn.Prepare(ctx, name, sql)
}

func (t ownedTx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return t.conn.Exec(ctx, sql, args...)
}

func (t ownedTx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return t.conn.Query(ctx, sql, args...)
}

func (t ownedTx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return t.conn.QueryRow(ctx, sql, args...)
}
