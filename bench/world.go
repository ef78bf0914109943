package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/localdb"
	"github.com/kartify/kartify/migrations"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/generate"
)

// bench is a run.
type bench struct {
	Options
	server  *localdb.Server
	sites   map[int]*site
	figures []figure
}

// until is the day the generated orders end with, always the same, so that runs are alike.
var until = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// masterKey seals nothing but the made-up secrets of the benchmark's stores.
const masterKey = "a2FydGlmeS1iZW5jaC1tYXN0ZXIta2V5LTMyLWJ5dGU="

// open starts PostgreSQL with the settings of a small server of its own. It waits for the disk at every
// commit, as a shop's would.
func (b *bench) open(ctx context.Context) error {
	dir := b.Dir
	if dir == "" {
		usual, err := localdb.DefaultDir()
		if err != nil {
			return err //nolint:wrapcheck // says what it did
		}
		dir = filepath.Join(filepath.Dir(usual), "bench")
	}
	var err error
	b.server, err = localdb.Start(ctx, localdb.Options{Dir: filepath.Join(dir, "postgres"), Log: b.Log, Settings: map[string]string{
		"shared_buffers": "2GB", "effective_cache_size": "6GB", "work_mem": "16MB", "random_page_cost": "1.1", "max_wal_size": "8GB", "checkpoint_timeout": "15min",
	}})
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	b.sites = map[int]*site{}
	return nil
}

func (b *bench) close(ctx context.Context) {
	for _, s := range b.sites {
		s.close()
	}
	_ = b.server.Stop(ctx) // it ends with this program in any case
}

// large and small are the sizes that growth is measured between.
func (b *bench) large() int { return b.Orders }
func (b *bench) small() int { return max(b.Orders/10, 1000) }

// site is kartify over a database with so many orders, which is filled the first time.
func (b *bench) site(ctx context.Context, orders int) (*site, error) {
	if s := b.sites[orders]; s != nil {
		return s, nil
	}
	name := fmt.Sprintf("kartify_bench_%d", orders)
	if err := b.fill(ctx, name, orders); err != nil {
		return nil, err
	}
	s, err := newSite(ctx, b.server.URL(name))
	if err == nil {
		b.sites[orders] = s
	}
	return s, err
}

// ready is the comment on a database that was filled to its end.
const ready = "kartify bench: filled"

func (b *bench) fill(ctx context.Context, name string, orders int) error {
	if err := b.server.CreateDatabase(ctx, name); err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	url := b.server.URL(name)
	if err := migrations.Up(ctx, url); err != nil {
		return fmt.Errorf("migrate %s: %w", name, err)
	}
	db, err := openDB(ctx, url, nil)
	if err != nil {
		return err
	}
	defer db.Close()
	system := models.AsSystem(ctx)
	var comment *string
	if err := db.Pool().QueryRow(system, "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1", name).Scan(&comment); err != nil {
		return fmt.Errorf("look at %s: %w", name, err)
	}
	if comment != nil && *comment == ready {
		return nil
	}
	if err := people(system, db); err != nil {
		return err
	}
	if orders > 0 {
		b.Log("Filling %s with %d orders, once.", name, orders)
		if err := generate.Run(system, db, generate.Options{Orders: orders, Seed: 1, Until: until, Log: b.Log}); err != nil {
			return err //nolint:wrapcheck // says what it did
		}
	}
	if _, err := db.Pool().Exec(system, "COMMENT ON DATABASE "+pgx.Identifier{name}.Sanitize()+" IS '"+ready+"'"); err != nil {
		return fmt.Errorf("note that %s is filled: %w", name, err)
	}
	return nil
}

// The owner is who asks for the pages.
const (
	owner    = "owner@bench.example"
	password = "kartify-bench"
)

// people makes forty stores, most of them with FYND, and their owner.
func people(ctx context.Context, db *models.DB) error {
	_, err := db.Pool().Exec(ctx, `INSERT INTO stores (id, code, name, currency, time_zone, fynd)
		SELECT n, 'store-' || n, 'Store ' || n, CASE n % 9 WHEN 0 THEN 'SEK' WHEN 1 THEN 'JPY' ELSE 'INR' END,
			CASE n % 9 WHEN 0 THEN 'Europe/Stockholm' WHEN 1 THEN 'Asia/Tokyo' ELSE 'Asia/Kolkata' END, n % 4 <> 2
		FROM generate_series(40, 79) n ON CONFLICT DO NOTHING`)
	if err != nil {
		return fmt.Errorf("make stores: %w", err)
	}
	if _, err := db.UserByEmail(ctx, owner); err == nil {
		return nil
	}
	_, err = db.SeedUser(ctx, models.UserDetails{Email: owner, Name: "Ravi Menon", Role: models.Owner, AllStores: true}, password)
	return err //nolint:wrapcheck // says what it did
}

func openDB(ctx context.Context, url string, tracer pgx.QueryTracer) (*models.DB, error) {
	keys, err := models.NewKeyring(masterKey)
	if err != nil {
		return nil, err //nolint:wrapcheck // says what it did
	}
	return models.Open(ctx, models.Options{URL: url, Keys: keys, Drivers: drivers(), Tracer: tracer, Log: quiet, //nolint:wrapcheck // says what it did
		Timings: models.Timings{SessionIdle: 24 * time.Hour, SessionAbsolute: 48 * time.Hour}})
}
