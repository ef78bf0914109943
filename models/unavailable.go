package models

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/kartify/kartify/gateways"
)

// connectPatience is how long a request waits for a connection: for a free one, and for a database that does
// not answer. A person is told, rather than kept waiting.
const connectPatience = 2 * time.Second

// errNoConnection is a wait for a connection that was given up.
var errNoConnection = errors.New("no database connection came free")

// openBounded is a database/sql over the pool that waits for a connection only so long.
func openBounded(pool *pgxpool.Pool) *sql.DB {
	db := sql.OpenDB(bounded{stdlib.GetPoolConnector(pool)})
	db.SetMaxIdleConns(0) // the pool keeps them
	return db
}

type bounded struct{ driver.Connector }

func (b bounded) Connect(ctx context.Context) (driver.Conn, error) {
	waiting, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	conn, err := b.Connector.Connect(waiting)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("%w in %s: %w", errNoConnection, connectPatience, err)
	}
	return conn, err //nolint:wrapcheck // passes on
}

// Unavailable says whether an error is a database that does not answer at the moment, so that the same thing
// may be tried again in a little while.
func Unavailable(err error) bool {
	var connect *pgconn.ConnectError
	var answered *pgconn.PgError
	var network net.Error
	var provider *gateways.Error
	switch {
	case err == nil, errors.As(err, &provider): // a gateway's silence is another matter
		return false
	case errors.As(err, &answered):
		switch answered.Code {
		case "57P01", "57P02", "57P03", "53300", "25006": // shut down, crashed, starting up, too many connections, read only after a switch-over
			return true
		}
		return strings.HasPrefix(answered.Code, "08") || strings.HasPrefix(answered.Code, "58") || answered.Code == "53100" // connection, input and output, disk full
	case errors.Is(err, errNoConnection):
		return true
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return false // whoever asked gave up
	case errors.As(err, &connect), errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return true
	case errors.As(err, &network):
		return true
	}
	return strings.Contains(err.Error(), "conn closed") // as pgx says of a connection that broke before it was used
}
