// Package modelstest gives tests a migrated database of their own and the people and stores of the cast.
//
// It imports models, so tests that use it live in a package of their own, such as models_test.
package modelstest

import (
	"context"
	"log/slog"
	"testing"

	"github.com/kartify/kartify/localdb/localdbtest"
	"github.com/kartify/kartify/migrations"
	"github.com/kartify/kartify/models"
)

// MasterKey seals the secrets of every test's database.
const MasterKey = "a2FydGlmeS10ZXN0cy1tYXN0ZXIta2V5LTMyLWJ5dGU="

// DB opens a fresh, empty, migrated database, which is gone when the test ends. It has no gateways
// and no job queue unless change gives it some.
func DB(tb testing.TB, change ...func(*models.Options)) *models.DB {
	tb.Helper()
	return Open(tb, URL(tb), change...)
}

// URL is the address of a fresh, empty, migrated database, for tests that open it more than once.
func URL(tb testing.TB) string {
	tb.Helper()
	return localdbtest.Clone(tb, "schema "+migrations.Key(), migrations.Up)
}

// Open opens the database at url as one process of kartify would, and closes it when the test ends.
func Open(tb testing.TB, url string, change ...func(*models.Options)) *models.DB {
	tb.Helper()
	options := models.Options{URL: url, MaxConns: 8, Keys: Keys(tb), Log: slog.New(slog.DiscardHandler)}
	for _, c := range change {
		c(&options)
	}
	db, err := models.Open(tb.Context(), options)
	if err != nil {
		tb.Fatalf("open the test's database: %v", err)
	}
	tb.Cleanup(db.Close)
	return db
}

// Keys is the keyring of the tests.
func Keys(tb testing.TB) *models.Keyring {
	tb.Helper()
	keys, err := models.NewKeyring(MasterKey)
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}

// System is ctx for everything kartify does by itself: it sees every store.
func System(ctx context.Context) context.Context { return models.AsSystem(ctx) }
