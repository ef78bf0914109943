package models

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ImportRequest is a file of orders and what is to be done with it. docs/import.md describes the file.
type ImportRequest struct {
	File     io.ReadSeeker
	Name     string // of the file, for the history of its orders
	Store    int64  // for files without a column for it; 0 when they have one
	Encoding string // "" to find out
	DryRun   bool   // do everything, then take it back
	Partial  bool   // take over the orders that are right, and list the others
	By       Actor
}

// ImportReport says what became of a file.
type ImportReport struct {
	Encoding  string
	Delimiter rune
	Rows      int // besides the heading
	Orders    int // that were taken over, or would be
	Lines     int
	Payments  int
	LeftOut   int             // orders with a problem
	Problems  []ImportProblem // by row; the first thousand
	More      int             // problems beyond those
}

// maxImportProblems is how many problems are named one by one.
const maxImportProblems = 1000

// errDryRun ends the transaction of a dry run.
var errDryRun = errors.New("dry run")

// ImportOrders takes over the orders of a file: all of them, or none when anything is wrong with one of
// them, or, when Partial is asked for, those with which nothing is. Problems are in the report; the
// error says that the file could not be read or the database not be written.
func (db *DB) ImportOrders(ctx context.Context, req ImportRequest) (*ImportReport, error) {
	f := &importFile{store: req.Store}
	var err error
	if f.stores, err = db.Stores(ctx); err != nil {
		return nil, err
	}
	if req.Store != 0 && !slices.ContainsFunc(f.stores, func(s Store) bool { return s.ID == req.Store }) {
		return nil, problemf("There is no store %d.", req.Store)
	}
	if err := db.in(ctx).Model(&OrderStatus{}).Order("position").Pluck("code", &f.statuses).Error; err != nil {
		return nil, fmt.Errorf("import orders: %w", err)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, req.File); err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	problems, err := f.readImport(req.File, req.Encoding)
	if err != nil {
		return nil, err
	}
	report := &ImportReport{Encoding: f.encoding, Delimiter: f.delimiter, Rows: f.rows}
	if len(problems) > 0 {
		report.note(problems)
		return report, nil
	}
	if err := db.findImported(ctx, f); err != nil {
		return nil, err
	}
	var good []*importOrder
	for _, o := range f.orders {
		if len(o.problems) > 0 {
			report.LeftOut++
			problems = append(problems, o.problems...)
			continue
		}
		good = append(good, o)
	}
	report.note(problems)
	if len(problems) > 0 && !req.Partial {
		return report, nil
	}
	return report, db.storeImport(ctx, req, report, good, hex.EncodeToString(sum.Sum(nil)))
}

func (r *ImportReport) note(problems []ImportProblem) {
	slices.SortStableFunc(problems, func(a, b ImportProblem) int { return a.Row - b.Row })
	n := min(len(problems), maxImportProblems)
	r.Problems, r.More = problems[:n], len(problems)-n
}

// findImported marks the orders that are here already, and those the file has twice under different keys.
func (db *DB) findImported(ctx context.Context, f *importFile) error {
	type key struct {
		store int64
		kind  importColumn
		id    string
	}
	keys := map[key]*importOrder{}
	ask := map[importColumn][]string{}
	for _, o := range f.orders {
		ids := map[importColumn]string{colPartner: deref(o.order.PartnerOrderID), colAffiliate: deref(o.order.AffiliateOrderID), colRef: o.ref}
		if o.order.ID > 0 {
			ids[colOrderID] = fmt.Sprint(o.order.ID)
		}
		for _, kind := range []importColumn{colOrderID, colPartner, colAffiliate, colRef} {
			id := ids[kind]
			if id == "" {
				continue
			}
			k := key{o.order.StoreID, kind, id}
			switch kind {
			case colOrderID:
				k.store = 0 // order ids are of all stores
			case colRef:
				k.id = o.order.Gateway + " " + id
			}
			if other := keys[k]; other != nil {
				o.problems = append(o.problems, ImportProblem{o.rows[0], string(kind), fmt.Sprintf("%q is in row %d too, for another order.", id, other.rows[0])})
				continue
			}
			keys[k] = o
			ask[kind] = append(ask[kind], id)
		}
	}
	rows, err := db.pool.Query(ctx, `
		SELECT 0::bigint, 'order_id', id::text, id FROM orders WHERE id = ANY ($1::text[]::bigint[])
		UNION ALL SELECT store_id, 'partner_order_id', partner_order_id, id FROM orders WHERE partner_order_id = ANY ($2)
		UNION ALL SELECT store_id, 'affiliate_order_id', affiliate_order_id, id FROM orders WHERE affiliate_order_id = ANY ($3)
		UNION ALL SELECT store_id, 'payment_id', gateway || ' ' || ref, order_id FROM payments WHERE ref = ANY ($4)`,
		ask[colOrderID], ask[colPartner], ask[colAffiliate], ask[colRef])
	if err != nil {
		return fmt.Errorf("look for orders that are here already: %w", err)
	}
	var k key
	var order int64
	_, err = pgx.ForEachRow(rows, []any{&k.store, &k.kind, &k.id, &order}, func() error {
		if o := keys[k]; o != nil {
			o.problems = append(o.problems, ImportProblem{o.rows[0], string(k.kind), fmt.Sprintf("%q is here already, as order %d.", k.id, order)})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look for orders that are here already: %w", err)
	}
	return nil
}

// storeImport writes the orders in one transaction.
func (db *DB) storeImport(ctx context.Context, req ImportRequest, report *ImportReport, orders []*importOrder, sum string) error {
	err := db.Tx(ctx, func(tx *DB) error {
		report.Orders, report.Lines, report.Payments = 0, 0, 0
		stores := map[int64]int{}
		for batch := range slices.Chunk(orders, 200) {
			for _, o := range batch { // what is taken over may be of somebody who was erased since
				if err := tx.forget(ctx, &o.order); err != nil {
					return err
				}
			}
			if err := tx.raw(func(conn *pgx.Conn) error { return insertImported(ctx, conn, req, batch) }); err != nil {
				return err
			}
			for _, o := range batch {
				report.Orders++
				report.Lines += len(o.items)
				if o.ref != "" {
					report.Payments++
				}
				stores[o.order.StoreID]++
			}
		}
		err := tx.in(ctx).Exec(`SELECT setval(pg_get_serial_sequence('orders', 'id'), greatest((SELECT last_value FROM orders_id_seq), (SELECT max(id) FROM orders)))`).Error
		if err != nil {
			return fmt.Errorf("number the orders after the imported ones: %w", err)
		}
		if req.DryRun {
			return errDryRun
		}
		for _, store := range slices.Sorted(maps.Keys(stores)) {
			err := tx.audit(ctx, store, req.By, "orders.imported", fmt.Sprintf("store %d", store), nil, map[string]any{"orders": stores[store], "sha256": sum, "partial": report.LeftOut > 0})
			if err != nil {
				return err
			}
			if err := tx.wakeStore(ctx, store); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDryRun) {
		return err
	}
	return nil
}

// insertImported writes a batch of orders in one round trip.
func insertImported(ctx context.Context, conn *pgx.Conn, req ImportRequest, orders []*importOrder) error {
	var batch pgx.Batch
	comment := "Imported from " + clip(textOf(req.Name), 200) + "."
	for _, o := range orders {
		address, err := json.Marshal(o.order.ShippingAddress)
		if err != nil {
			return fmt.Errorf("write the address: %w", err)
		}
		items, err := json.Marshal(o.items)
		if err != nil {
			return fmt.Errorf("write the lines: %w", err)
		}
		p := &o.order
		batch.Queue(`WITH o AS (
				INSERT INTO orders (id, store_id, partner_order_id, affiliate_order_id, customer_name, customer_email, customer_phone, company, status, status_reason,
					payment_method, gateway, currency, items_minor, discount_minor, tax_minor, shipping_minor, shipping_tax_minor, total_minor,
					billing_address, shipping_address, date_added, date_modified, erased_at)
				VALUES (coalesce(nullif($1::bigint, 0), nextval('orders_id_seq')), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $20, $21, $21, $29)
				RETURNING id, store_id, currency, total_minor, gateway, date_added),
			i AS (INSERT INTO order_items (order_id, store_id, position, sku, name, quantity, unit_minor, discount_minor, tax_minor, total_minor)
				SELECT o.id, o.store_id, x."Position", x."SKU", x."Name", x."Quantity", x."UnitMinor", x."DiscountMinor", x."TaxMinor", x."TotalMinor"
				FROM o, jsonb_to_recordset($22::jsonb) AS x("Position" integer, "SKU" text, "Name" text, "Quantity" integer, "UnitMinor" bigint,
					"DiscountMinor" bigint, "TaxMinor" bigint, "TotalMinor" bigint)),
			p AS (INSERT INTO payments (order_id, store_id, gateway, mode, ref, status, provider_status, currency, amount_minor, authorized_minor, captured_minor, created_at)
				SELECT o.id, o.store_id, o.gateway, s.mode, $23, CASE WHEN $24 > 0 THEN 'success' ELSE 'pending' END, 'imported', o.currency, o.total_minor, $24, $24, o.date_added
				FROM o JOIN stores s ON s.id = o.store_id WHERE $23::text <> '')
			INSERT INTO order_history (order_id, store_id, actor, actor_id, actor_name, kind, to_status, comment)
			SELECT o.id, o.store_id, $25, $26, $27, 'created', $9, $28 FROM o`,
			p.ID, p.StoreID, p.PartnerOrderID, p.AffiliateOrderID, p.CustomerName, p.CustomerEmail, p.CustomerPhone, p.Company, p.Status, p.StatusReason,
			p.PaymentMethod, p.Gateway, p.Currency, p.ItemsMinor, p.DiscountMinor, p.TaxMinor, p.ShippingMinor, p.ShippingTaxMinor, p.TotalMinor,
			address, p.DateAdded, items, o.ref, o.paid, req.By.history(), req.By.UserID, req.By.Name, comment, p.ErasedAt)
	}
	if err := conn.SendBatch(ctx, &batch).Close(); err != nil {
		var pgErr *pgconn.PgError
		if errors.As(err, &pgErr) && strings.HasPrefix(pgErr.Code, "23") {
			return problemf("The database refuses one of the orders of rows %d to %d: %s. Nothing was imported.", orders[0].rows[0], orders[len(orders)-1].rows[0], pgErr.Message)
		}
		return fmt.Errorf("insert orders: %w", err)
	}
	return nil
}
