// Package generate fills a database with orders as a busy shop has them: few refunds and fewer missing
// orders, many customers who bought once and some who always come back, names in several scripts. The
// same seed, day and stores give the same orders.
package generate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/models"
)

// Options say what to generate. Orders is needed, the rest has defaults.
type Options struct {
	Orders int
	Seed   uint64
	Stores []int64                          // the stores that get orders; empty for every store
	Until  time.Time                        // the newest order is just before; zero is the start of today, UTC
	Years  int                              // the oldest order is so many years before; 0 is three
	Log    func(format string, args ...any) // takes progress as lines for a person; nil is silence
}

// most is how many orders one run makes.
const most = 100_000_000

// batch is how many orders are put together before they are sent. Their rows are about 60 MB.
const batch = 10_000

// Run adds o.Orders orders with their lines, payments, refunds, events, webhooks and history. Either all
// of them are there afterwards or none. While it runs, the order tables are locked for everybody else:
// it is for demonstrations and measurements, not for a shop at work.
func Run(ctx context.Context, db *models.DB, o Options) error {
	if o.Orders < 1 || o.Orders > most {
		return fmt.Errorf("ask for 1 to %d orders, not %d", most, o.Orders)
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	if o.Until.IsZero() {
		o.Until = time.Now().UTC().Truncate(24 * time.Hour)
	}
	if o.Years == 0 {
		o.Years = 3
	}
	stores, err := chosenStores(ctx, db, o.Stores)
	if err != nil {
		return err
	}
	began := time.Now()
	err = pgx.BeginFunc(ctx, db.Pool(), func(tx pgx.Tx) error {
		t, err := openTables(ctx, tx, o.Orders)
		if err != nil {
			return err
		}
		if err := t.fill(ctx, newShop(o, stores, t.next), o); err != nil {
			return err
		}
		o.Log("%d orders are in after %s; building indexes and checking keys.", o.Orders, since(began))
		if err := t.close(ctx, o.Log); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO audit_log (chain, actor, actor_name, action, object, details)
			VALUES (0, 'command', 'command line', 'orders.generated', 'orders', jsonb_build_object('orders', $1::bigint, 'seed', $2::text))`,
			o.Orders, fmt.Sprint(o.Seed))
		if err != nil {
			return fmt.Errorf("audit the generated orders: %w", err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("generate orders: %w", err)
	}
	o.Log("Stored after %s; collecting statistics.", since(began))
	for _, name := range tableNames() {
		if _, err := db.Pool().Exec(ctx, "VACUUM (ANALYZE) "+name); err != nil {
			return fmt.Errorf("collect statistics of %s: %w", name, err)
		}
	}
	o.Log("%d orders generated in %s.", o.Orders, since(began))
	return nil
}

// UpTo generates as many orders as are missing to orders of them, so that asking again adds none.
func UpTo(ctx context.Context, db *models.DB, orders int, log func(format string, args ...any)) error {
	if orders <= 0 {
		return nil
	}
	var have int
	err := db.Pool().QueryRow(ctx, "SELECT coalesce(sum((details->>'orders')::bigint), 0) FROM audit_log WHERE chain = 0 AND action = 'orders.generated'").Scan(&have)
	if err != nil {
		return fmt.Errorf("look for generated orders: %w", err)
	}
	if have >= orders {
		return nil
	}
	return Run(ctx, db, Options{Orders: orders - have, Seed: uint64(have) + 1, Log: log}) //nolint:gosec // a number of orders
}

// chosenStores are the stores that get orders, the busiest first.
func chosenStores(ctx context.Context, db *models.DB, ids []int64) ([]models.Store, error) {
	all, err := db.Stores(ctx)
	if err != nil {
		return nil, err //nolint:wrapcheck // says what it did
	}
	if len(ids) == 0 {
		if len(all) == 0 {
			return nil, errors.New("there is no store to generate orders for; create one first")
		}
		return all, nil
	}
	var stores []models.Store
	for _, id := range ids {
		found := false
		for _, s := range all {
			if s.ID == id {
				stores, found = append(stores, s), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no store %d", id)
		}
	}
	return stores, nil
}

// fill makes the orders, a batch while the one before is being sent.
func (t *tables) fill(ctx context.Context, shop *shop, o Options) error {
	began := time.Now()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	full, empty := make(chan *rows), make(chan *rows, 2)
	empty <- newRows()
	empty <- newRows()
	go func() {
		defer close(full)
		for from := 0; from < o.Orders; from += batch {
			var r *rows
			select {
			case r = <-empty:
			case <-ctx.Done():
				return
			}
			r.reset()
			for i := from; i < min(from+batch, o.Orders); i++ {
				shop.order(i).write(r)
			}
			select {
			case full <- r:
			case <-ctx.Done():
				return
			}
		}
	}()
	done := 0
	for r := range full {
		if err := t.send(ctx, r); err != nil {
			return err
		}
		done = min(done+batch, o.Orders)
		empty <- r
		if done%(10*batch) == 0 && done < o.Orders {
			o.Log("%d of %d orders, %.0f a second.", done, o.Orders, float64(done)/time.Since(began).Seconds())
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("stopped after %d orders: %w", done, err)
	}
	return nil
}

func since(began time.Time) time.Duration { return time.Since(began).Round(100 * time.Millisecond) }
