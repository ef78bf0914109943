package models_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

func TestUnavailable(t *testing.T) {
	_, refused := net.Dial("unix", "/nowhere/at/all") //nolint:noctx // fails at once
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"nothing", nil, false},
		{"a problem for a person", &models.Problem{Sentence: "Enter an amount."}, false},
		{"shut down by an administrator", fmt.Errorf("read: %w", &pgconn.PgError{Code: "57P01"}), true},
		{"starting up", &pgconn.PgError{Code: "57P03"}, true},
		{"too many connections", &pgconn.PgError{Code: "53300"}, true},
		{"disk full", &pgconn.PgError{Code: "53100"}, true},
		{"a check that was violated", &pgconn.PgError{Code: "23514"}, false},
		{"a deadlock", &pgconn.PgError{Code: "40P01"}, false},
		{"nobody there", refused, true},
		{"a gateway nobody reaches", &gateways.Error{Kind: gateways.Unavailable, Err: refused}, false},
		{"something else", errors.New("no such file"), false},
	} {
		if got := models.Unavailable(tt.err); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestWaitForAConnectionEnds(t *testing.T) {
	db := modelstest.DB(t, func(o *models.Options) { o.MaxConns = 1 })
	ctx := modelstest.System(t.Context())
	held, err := db.Pool().Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Release()
	began := time.Now()
	_, err = db.Store(ctx, 40)
	if took := time.Since(began); !models.Unavailable(err) || took > 4*time.Second {
		t.Errorf("with every connection taken a question ends after %s with %v", took, err)
	}
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if _, err := db.Store(short, 40); models.Unavailable(err) {
		t.Errorf("a caller who gave up is told that the database is gone: %v", err)
	}
}
