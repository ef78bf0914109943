package bench

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/kartify/kartify/models"
)

// reconcileStore is the store whose books are compared, and the first of its orders.
const (
	reconcileStore = 40
	reconcileFirst = 10_000_000
)

// reconcile compares a CCAvenue download with as many orders as it has rows. The other side is the bare hash
// join of the same rows with the same orders, and the bare COPY of the same rows.
func (b *bench) reconcile(ctx context.Context) error {
	name := fmt.Sprintf("kartify_bench_reconcile_%d", b.Orders)
	if err := b.fill(ctx, name, 0); err != nil {
		return err
	}
	db, err := openDB(ctx, b.server.URL(name), nil)
	if err != nil {
		return err
	}
	defer db.Close()
	ctx = models.AsSystem(ctx)
	if err := b.books(ctx, db); err != nil {
		return err
	}
	user, err := db.UserByEmail(ctx, owner)
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	var whole, kept, joins, copies []float64
	var wrong int64
	for round := range min(b.Rounds, 3) {
		for _, sql := range []string{"TRUNCATE reconciliations, reconciliation_pieces, reconciliation_rows, reconciled_orders", "VACUUM (ANALYZE) orders, payments"} {
			if _, err := db.Pool().Exec(ctx, sql); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
		file, want, err := report(b.Orders, round)
		if err != nil {
			return err
		}
		began := time.Now()
		r, _, err := db.CreateReconciliation(ctx, models.ReconciliationUpload{StoreID: reconcileStore, File: file, Name: "lookup.csv", Days: "store", User: user})
		_ = file.Close() // read to its end
		if err != nil {
			return err //nolint:wrapcheck // says what it did
		}
		kept = append(kept, time.Since(began).Seconds())
		if err := db.RunReconciliation(ctx, r.ID); err != nil {
			return err //nolint:wrapcheck // says what it did
		}
		whole = append(whole, time.Since(began).Seconds())
		if r, err = db.Reconciliation(ctx, r.ID); err != nil {
			return err //nolint:wrapcheck // says what it did
		}
		if r.State != models.ReconciliationDone {
			return fmt.Errorf("the reconciliation is %s: %s", r.State, r.Problem)
		}
		wrong = 0
		for class, n := range want {
			wrong += max(n-r.Counts[class], r.Counts[class]-n)
		}
		join, err := timed(ctx, db, "SELECT count(*) FROM reconciliation_rows_all r JOIN orders o ON o.id = r.order_id")
		if err != nil {
			return err
		}
		stored, err := b.copied(ctx, db)
		if err != nil {
			return err
		}
		joins, copies = append(joins, join), append(copies, stored)
	}
	both := fmt.Sprintf("%.1f s, of which %.1f s to keep the file; join %.2f s", middle(whole), middle(kept), middle(joins))
	b.add(figure{"P14", fmt.Sprintf("reconciliation of %d rows ÷ bare hash join", b.Orders), middle(whole) / middle(joins), "×", 8, 4, false, both})
	b.add(figure{"P14", "the same ÷ bare COPY of its rows", middle(whole) / middle(copies), "×", 4, 2.5, false, fmt.Sprintf("COPY %.2f s", middle(copies))})
	b.add(figure{"P15", "rows in a wrong class, of known differences", float64(wrong), "", 0, 0, false, "every class counted"})
	return nil
}

// books puts in the orders and their payments, once.
func (b *bench) books(ctx context.Context, db *models.DB) error {
	var there int
	if err := db.Pool().QueryRow(ctx, "SELECT count(*) FROM orders").Scan(&there); err != nil {
		return fmt.Errorf("count the orders: %w", err)
	}
	if there == b.Orders {
		return nil
	}
	b.Log("Filling in %d orders, once.", b.Orders)
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{"ALTER TABLE orders DISABLE TRIGGER USER", nil},
		{`INSERT INTO orders (id, store_id, customer_name, status, status_reason, gateway, currency, items_minor, total_minor, date_added, date_modified)
			SELECT $1 + n, $2, 'Customer ' || n, CASE WHEN n % 400 = 7 THEN 'missing' WHEN n % 400 = 8 THEN 'failed' ELSE 'complete' END, CASE WHEN n % 400 = 7 THEN 'debited' ELSE '' END,
				'ccavenue', 'INR', 10000 + n % 90000, 10000 + n % 90000, t, t
			FROM (SELECT n, timestamptz '2026-10-01' + n * interval '2 second' AS t FROM generate_series(0, $3::int - 1) n) x`, []any{reconcileFirst, reconcileStore, b.Orders}},
		{`INSERT INTO payments (order_id, store_id, gateway, mode, ref, status, currency, amount_minor, authorized_minor, captured_minor, created_at)
			SELECT id, store_id, gateway, 'test', '3' || id, CASE WHEN status = 'complete' THEN 'success' ELSE 'pending' END, currency, total_minor,
				CASE WHEN status = 'complete' THEN total_minor ELSE 0 END, CASE WHEN status = 'complete' THEN total_minor ELSE 0 END, date_added FROM orders`, nil},
		{"ALTER TABLE orders ENABLE TRIGGER USER", nil},
	} {
		if _, err := db.Pool().Exec(ctx, step.sql, step.args...); err != nil {
			return fmt.Errorf("fill in orders: %w", err)
		}
	}
	return nil
}

// report writes a file of n rows, shuffled, of which every 400th differs in each of several ways. Each round's
// is another file, for the same one would be known.
func report(n, round int) (*os.File, map[string]int64, error) {
	file, err := os.CreateTemp("", "kartify-bench-*")
	if err != nil {
		return nil, nil, fmt.Errorf("write a report: %w", err)
	}
	_ = os.Remove(file.Name()) // it lives as long as it is open
	want := map[string]int64{}
	to := bufio.NewWriterSize(file, 1<<20)
	_, _ = fmt.Fprintf(to, "CCAvenue Ref#,Order No,Order Datetime,Payment Mode,Card Name,Currency,Order Amount,Fee Perc Value,Fee Flat,Tax,Bill Name,Bill City,Refund Amount,Order Status,Round %d\r\n", round)
	step := 7919
	for n%step == 0 {
		step += 2
	}
	for i := range n {
		k := i * step % n
		order, minor, class := fmt.Sprint(reconcileFirst+k), 10000+k%90000, "agree"
		word := "Shipped"
		switch k % 400 {
		case 7:
			class = "paid_missing"
		case 8:
			class = "paid_failed"
		case 9:
			minor, class = minor+1, "amount"
		case 10:
			want["absent"]++
			continue
		case 11:
			order, class = fmt.Sprint(90_000_000+k), "unknown_order"
			want["absent"]++
		case 12:
			want["duplicate"]++
			line(to, k, order, minor, word)
		}
		want[class]++
		line(to, k, order, minor, word)
	}
	if err := to.Flush(); err != nil {
		return nil, nil, fmt.Errorf("write a report: %w", err)
	}
	if _, err := file.Seek(0, 0); err != nil {
		return nil, nil, fmt.Errorf("write a report: %w", err)
	}
	return file, want, nil
}

// line writes a row; errors show when the file is flushed.
func line(to *bufio.Writer, k int, order string, minor int, word string) {
	ref := "3" + order
	at := time.Date(2026, 10, 1, 5, 30, 2*(k%40_000_000), 0, time.UTC)
	_, _ = fmt.Fprintf(to, "%s,%s,%s,Credit Card,Visa,INR,%d.%02d,2.00,0.00,0.36,Customer %d,Mumbai,,%s,\r\n", ref, order, at.Format("02-01-2006 15:04:05"), minor/100, minor%100, k, word)
}

// timed is how many seconds a statement takes, the second time.
func timed(ctx context.Context, db *models.DB, sql string) (float64, error) {
	var took float64
	for range 2 {
		began := time.Now()
		if _, err := db.Pool().Exec(ctx, sql); err != nil {
			return 0, fmt.Errorf("%s: %w", sql, err)
		}
		took = time.Since(began).Seconds()
	}
	return took, nil
}

// copied is how many seconds the bare COPY of the stored rows into a table without an index takes.
func (b *bench) copied(ctx context.Context, db *models.DB) (float64, error) {
	const columns = "reconciliation_id, row, store_id, kind, order_text, order_id, ref, word, there, currency, amount_minor, fee_minor, tax_minor, at"
	file, err := os.CreateTemp("", "kartify-bench-*")
	if err != nil {
		return 0, fmt.Errorf("copy the rows: %w", err)
	}
	defer file.Close()         //nolint:errcheck // it is thrown away
	_ = os.Remove(file.Name()) // it lives as long as it is open
	var took float64
	err = db.Pool().AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		pg := conn.Conn().PgConn()
		if _, err := pg.CopyTo(ctx, file, "COPY (SELECT "+columns+" FROM reconciliation_rows_all) TO STDOUT"); err != nil {
			return err //nolint:wrapcheck // below
		}
		if _, err := file.Seek(0, 0); err != nil {
			return err //nolint:wrapcheck // below
		}
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "CREATE TEMP TABLE bare ON COMMIT DROP AS SELECT "+columns+" FROM reconciliation_rows_all LIMIT 0"); err != nil {
				return err //nolint:wrapcheck // below
			}
			began := time.Now()
			_, err := tx.Conn().PgConn().CopyFrom(ctx, bufio.NewReaderSize(file, 1<<20), "COPY bare FROM STDIN")
			took = time.Since(began).Seconds()
			return err //nolint:wrapcheck // below
		})
	})
	if err != nil {
		return 0, fmt.Errorf("copy the rows: %w", err)
	}
	return took, nil
}
