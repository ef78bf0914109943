// Package migrations brings a database to the schema this binary knows. The SQL files are the schema of record.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed *.sql
var files embed.FS

// ErrNewer says that the database was migrated by a newer binary.
var ErrNewer = errors.New("the database has a newer schema than this binary knows; start the newer kartify instead")

// Up brings the database at url to the newest schema. Several processes may call it at once: one migrates, the others wait.
func Up(ctx context.Context, url string) error {
	return with(ctx, url, func(provider *goose.Provider, db *sql.DB) error {
		if err := check(ctx, provider); err != nil {
			return err
		}
		if _, err := provider.Up(ctx); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		return river(ctx, url, rivermigrate.DirectionUp)
	})
}

// Down takes every table away again.
func Down(ctx context.Context, url string) error {
	return with(ctx, url, func(provider *goose.Provider, db *sql.DB) error {
		if err := river(ctx, url, rivermigrate.DirectionDown); err != nil {
			return err
		}
		if _, err := provider.DownTo(ctx, 0); err != nil {
			return fmt.Errorf("migrate down: %w", err)
		}
		return nil
	})
}

// Step is one migration and whether the database has it.
type Step struct {
	Version int64
	Name    string
	Applied bool
}

// Status lists every migration this binary knows.
func Status(ctx context.Context, url string) ([]Step, error) {
	var steps []Step
	err := with(ctx, url, func(provider *goose.Provider, _ *sql.DB) error {
		statuses, err := provider.Status(ctx)
		if err != nil {
			return fmt.Errorf("read migrations: %w", err)
		}
		for _, s := range statuses {
			steps = append(steps, Step{Version: s.Source.Version, Name: s.Source.Path, Applied: s.State == goose.StateApplied})
		}
		return nil
	})
	return steps, err
}

// Check says whether the database has exactly the schema this binary knows: nil, ErrNewer or an error naming what is missing.
func Check(ctx context.Context, url string) error {
	return with(ctx, url, func(provider *goose.Provider, _ *sql.DB) error {
		if err := check(ctx, provider); err != nil {
			return err
		}
		pending, err := provider.HasPending(ctx)
		if err != nil {
			return fmt.Errorf("read migrations: %w", err)
		}
		if pending {
			return errors.New("the database lacks migrations; run: kartify migrate up")
		}
		return nil
	})
}

// Key names the schema: a hash of every migration file, for template databases.
func Key() string {
	sum := fnv.New64a()
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			panic(err) // embedded
		}
		_, _ = sum.Write([]byte(name))
		_, _ = sum.Write(data)
	}
	return fmt.Sprintf("%016x", sum.Sum64())
}

func check(ctx context.Context, provider *goose.Provider) error {
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if current > target {
		return ErrNewer
	}
	return nil
}

func with(ctx context.Context, url string, do func(*goose.Provider, *sql.DB) error) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("database address: %w", err)
	}
	config.RuntimeParams["kartify.stores"] = "*" // a migration sees every store
	db := stdlib.OpenDB(*config)
	defer db.Close() //nolint:errcheck // nothing to do about it
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fmt.Errorf("migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	return do(provider, db)
}

func river(ctx context.Context, url string, direction rivermigrate.Direction) error {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return fmt.Errorf("database address: %w", err)
	}
	defer pool.Close()
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return fmt.Errorf("job tables: %w", err)
	}
	options := &rivermigrate.MigrateOpts{}
	if direction == rivermigrate.DirectionDown {
		options.TargetVersion = -1
	}
	if _, err := migrator.Migrate(ctx, direction, options); err != nil {
		return fmt.Errorf("job tables: %w", err)
	}
	return nil
}
