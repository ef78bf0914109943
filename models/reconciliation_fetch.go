package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/gateways"
)

// Where the rows of a reconciliation come from.
const (
	FromFile    = "file"
	FromGateway = "gateway"
)

// mostFetchedDays is how many days a gateway is asked for at once.
const mostFetchedDays = 92

// ReconciliationSource is a gateway of a store that lists its payments when it is asked.
type ReconciliationSource struct {
	StoreID int64
	Store   string
	Gateway string
	Name    string
	Mode    string
	Main    bool // the mode that the store works in
}

// ReconciliationFetch asks a gateway what it was paid on some days.
type ReconciliationFetch struct {
	StoreID  int64
	Gateway  string
	Mode     string
	Days     string // "gateway" or "store"
	From, To string // days of the period, 2026-11-01
	User     *User
	Address  string
}

// ReconciliationSources are the gateways of the stores of ctx that can be asked, those a store works with first.
func (db *DB) ReconciliationSources(ctx context.Context) ([]ReconciliationSource, error) {
	stores, err := db.Stores(ctx)
	if err != nil {
		return nil, err
	}
	var settings []GatewaySettings
	if err := db.in(ctx).Scopes(scoped(ctx, "gateway_settings")).Where("current AND enabled").Order("store_id, gateway, mode DESC").Find(&settings).Error; err != nil {
		return nil, fmt.Errorf("list gateways that can be asked: %w", err)
	}
	var list []ReconciliationSource
	for i := range settings {
		s := &settings[i]
		at := slices.IndexFunc(stores, func(store Store) bool { return store.ID == s.StoreID })
		if at < 0 {
			continue
		}
		if _, err := db.lister(s); err != nil {
			continue // it cannot list, or its secrets cannot be opened any more
		}
		list = append(list, ReconciliationSource{s.StoreID, stores[at].Name, s.Gateway, db.drivers[s.Gateway].Name, s.Mode, s.Mode == stores[at].Mode})
	}
	slices.SortStableFunc(list, func(a, b ReconciliationSource) int {
		if a.Main != b.Main {
			return map[bool]int{true: -1, false: 1}[a.Main]
		}
		return 0
	})
	return list, nil
}

var errNoList = errors.New("this gateway does not list its payments")

// lister opens the gateway of settings, when it lists its payments.
func (db *DB) lister(s *GatewaySettings) (gateways.Lister, error) {
	driver, known := db.drivers[s.Gateway]
	if !known || driver.Open == nil || driver.Partner {
		return nil, errNoList
	}
	clear, err := db.clear(s)
	if err != nil {
		return nil, err
	}
	gateway, err := driver.Open(clear)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", s.Gateway, err)
	}
	lister, can := gateway.(gateways.Lister)
	if !can {
		return nil, errNoList
	}
	return lister, nil
}

// FetchReconciliation has a gateway asked in the background what it was paid, and that compared. While the same
// days are being asked for, known says so and the one that does it is given.
func (db *DB) FetchReconciliation(ctx context.Context, f ReconciliationFetch) (r *Reconciliation, known bool, err error) {
	store, err := db.Store(ctx, f.StoreID)
	if err != nil {
		return nil, false, FieldProblem("source", "Choose the gateway to ask.")
	}
	sources, err := db.ReconciliationSources(ctx)
	if err != nil {
		return nil, false, err
	}
	if !slices.ContainsFunc(sources, func(s ReconciliationSource) bool {
		return s.StoreID == store.ID && s.Gateway == f.Gateway && s.Mode == f.Mode
	}) {
		return nil, false, FieldProblem("source", "Choose the gateway to ask. Only those are offered that are set up in the store and list their payments.")
	}
	zone := store.TimeZone
	if f.Days != "store" {
		zone = gatewayZone(f.Gateway, store)
	}
	if err := f.check(zone); err != nil {
		return nil, false, err
	}
	r = &Reconciliation{
		StoreID: store.ID, Gateway: f.Gateway, Mode: f.Mode, Format: listingFormat, Source: FromGateway, Days: f.Days, Zone: zone, AskedFrom: f.From, AskedTo: f.To,
		FileName: fmt.Sprintf("%s-%s-%s-to-%s.csv", f.Gateway, f.Mode, f.From, f.To), UserID: f.User.ID, UserName: f.User.Name,
	}
	err = db.Tx(ctx, func(tx *DB) error {
		known, err = tx.keepFetch(ctx, r, f.User.Actor(f.Address))
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("have %s asked: %w", f.Gateway, err)
	}
	r, err = db.Reconciliation(ctx, r.ID)
	return r, known, err
}

func (f *ReconciliationFetch) check(zone string) error {
	place := Store{TimeZone: zone}
	today := time.Now().In(place.Zone()).Format(time.DateOnly)
	switch {
	case f.Days != "gateway" && f.Days != "store":
		return FieldProblem("days", "Choose whose days count: the gateway's or the store's.")
	case !readDay(f.From):
		return FieldProblem("first", "Choose the first day.")
	case !readDay(f.To):
		return FieldProblem("last", "Choose the last day.")
	case f.To < f.From:
		return FieldProblem("last", "The last day is before the first.")
	case f.From > today:
		return FieldProblem("first", "This day has not begun in %s.", zone)
	}
	from, _ := time.Parse(time.DateOnly, f.From)
	to, _ := time.Parse(time.DateOnly, f.To)
	if days := int(to.Sub(from).Hours())/24 + 1; days > mostFetchedDays {
		return FieldProblem("last", "These are %d days. A gateway is asked for at most %d at once.", days, mostFetchedDays)
	}
	return nil
}

// keepFetch stores what is to be asked, or finds the same in the making.
func (db *DB) keepFetch(ctx context.Context, r *Reconciliation, by Actor) (known bool, err error) {
	err = db.raw(func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `WITH made AS (
				INSERT INTO reconciliations (store_id, gateway, mode, format, source, file_name, bytes, encoding, days, zone, asked_from, asked_to, state, user_id, user_name, next_at)
				VALUES ($1, $2, $3, $4, 'gateway', $5, 0, 'utf-8', $6, $7, $8, $9, 'queued', $10, $11, now() + interval '1 minute')
				ON CONFLICT (store_id, gateway, mode, days, asked_from, asked_to) WHERE source = 'gateway' AND state IN ('queued', 'running') DO NOTHING RETURNING id)
			SELECT id, false FROM made UNION ALL
			SELECT id, true FROM reconciliations WHERE store_id = $1 AND gateway = $2 AND mode = $3 AND days = $6 AND asked_from = $8 AND asked_to = $9 AND source = 'gateway'
				AND state IN ('queued', 'running') LIMIT 1`,
			r.StoreID, r.Gateway, r.Mode, r.Format, r.FileName, r.Days, r.Zone, r.AskedFrom, r.AskedTo, r.UserID, r.UserName).Scan(&r.ID, &known)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, conflictf("Somebody asks for the same days at this moment. Open the page again.")
	}
	if err != nil || known {
		return known, err
	}
	if err := db.enqueue(ctx, ReconciliationJob{ReconciliationID: r.ID}); err != nil {
		return false, err
	}
	return false, db.audit(ctx, r.StoreID, by, "reconciliation.started", r.object(), nil, map[string]any{
		"gateway": r.Gateway, "mode": r.Mode, "from": r.AskedFrom, "to": r.AskedTo, "days": r.Days,
	})
}

// RetryReconciliation asks a gateway on, behind the days that it has answered for.
func (db *DB) RetryReconciliation(ctx context.Context, id int64, by Actor) error {
	r, err := db.Reconciliation(ctx, id)
	if err != nil {
		return err
	}
	if r.Source != FromGateway || r.State != ReconciliationFailed {
		return conflictf("Only what a gateway could not be asked for is tried again.")
	}
	return db.Tx(ctx, func(tx *DB) error {
		err := tx.raw(func(conn *pgx.Conn) error {
			tag, err := conn.Exec(ctx, `UPDATE reconciliations r SET state = 'queued', attempt = 0, problem = '', problem_row = 0, read_rows = 0, read_bytes = 0, next_at = now() + interval '1 minute',
				finished_at = NULL WHERE id = $1 AND state = 'failed' AND NOT EXISTS (SELECT 1 FROM reconciliations o WHERE o.source = 'gateway' AND o.state IN ('queued', 'running')
					AND (o.store_id, o.gateway, o.mode, o.days, o.asked_from, o.asked_to) = (r.store_id, r.gateway, r.mode, r.days, r.asked_from, r.asked_to))`, r.ID)
			if err == nil && tag.RowsAffected() == 0 {
				return conflictf("These days are being asked for already.")
			}
			return err //nolint:wrapcheck // below
		})
		if err != nil {
			return fmt.Errorf("try reconciliation %d again: %w", id, err)
		}
		if err := tx.enqueue(ctx, ReconciliationJob{ReconciliationID: r.ID}); err != nil {
			return err
		}
		return tx.audit(ctx, r.StoreID, by, "reconciliation.retried", r.object(), nil, nil)
	})
}

// gatewayZone is where the days of a gateway begin, or the store's when that is not known.
func gatewayZone(gateway string, store *Store) string {
	for i := range fileFormats {
		if f := &fileFormats[i]; f.gateway == gateway && f.zone != "" {
			return f.zone
		}
	}
	return store.TimeZone
}
