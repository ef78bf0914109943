package models

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm/clause"
)

// LimboAlert is who hears by e-mail of what is new in limbo in a store, and how often at most.
type LimboAlert struct {
	StoreID      int64 `gorm:"primaryKey"`
	Mails        bool
	Address      string // several with commas; empty: the owners and finance people who see the store
	EveryMinutes int
	SentAt       *time.Time
	Problem      string // why the last one could not be sent

	Store string `gorm:"-"` // its name
}

// LimboAlerts are the alerts of the stores of ctx, by store.
func (db *DB) LimboAlerts(ctx context.Context) ([]LimboAlert, error) {
	stores, err := db.Stores(ctx)
	if err != nil {
		return nil, err
	}
	var saved []LimboAlert
	if err := db.in(ctx).Scopes(scoped(ctx, "limbo_alerts")).Find(&saved).Error; err != nil {
		return nil, fmt.Errorf("read the alerts: %w", err)
	}
	list := make([]LimboAlert, len(stores))
	for i, s := range stores {
		list[i] = LimboAlert{StoreID: s.ID, EveryMinutes: 60}
		for _, a := range saved {
			if a.StoreID == s.ID {
				list[i] = a
			}
		}
		list[i].Store = s.Name
	}
	return list, nil
}

// SaveLimboAlert sets the alert of a store.
func (db *DB) SaveLimboAlert(ctx context.Context, a LimboAlert, by Actor) error {
	if _, err := db.Store(ctx, a.StoreID); err != nil {
		return err
	}
	if a.EveryMinutes < 5 || a.EveryMinutes > 1440 {
		return FieldProblem("every", "Choose between 5 and 1440 minutes.")
	}
	if a.Address != "" {
		if _, err := netmail.ParseAddressList(a.Address); err != nil || len(a.Address) > 500 {
			return FieldProblem("address", "“%s” is no list of e-mail addresses. Write them with commas between them.", clip(a.Address, 60))
		}
	}
	return db.Tx(ctx, func(tx *DB) error {
		err := tx.in(ctx).Clauses(clause.OnConflict{
			Columns: []clause.Column{{Name: "store_id"}}, DoUpdates: clause.AssignmentColumns([]string{"mails", "address", "every_minutes"}),
		}).Create(&a).Error
		if err != nil {
			return fmt.Errorf("save the alert of store %d: %w", a.StoreID, err)
		}
		return tx.audit(ctx, a.StoreID, by, "limbo_alert.changed", fmt.Sprintf("store %d", a.StoreID), nil, map[string]any{
			"mails": a.Mails, "every_minutes": a.EveryMinutes, "addressed": a.Address != "",
		})
	})
}

// SendLimboAlerts tells by e-mail of what is new in limbo since the last one, for every store whose turn it is,
// and reports how many messages were taken by the mail server.
func (db *DB) SendLimboAlerts(ctx context.Context) (int, error) {
	if db.mail == nil {
		return 0, nil
	}
	var due []LimboAlert
	err := db.in(ctx).Where("mails AND (sent_at IS NULL OR sent_at <= clock_timestamp() - make_interval(mins => every_minutes))").Order("store_id").Find(&due).Error
	if err != nil {
		return 0, fmt.Errorf("look for alerts: %w", err)
	}
	sent := 0
	var failed error
	for _, a := range due {
		n, err := db.sendLimboAlert(ctx, &a)
		sent, failed = sent+n, errors.Join(failed, err)
	}
	return sent, failed
}

// newLimbo is what is new of one kind and currency.
type newLimbo struct {
	kind     NeedKind
	count    int
	currency string
	minor    int64
	of       int     // so many orders
	orders   []int64 // some of them
}

// sendLimboAlert sends the alert of one store. Nothing new, nothing sent.
func (db *DB) sendLimboAlert(ctx context.Context, a *LimboAlert) (int, error) {
	var fresh []newLimbo
	var to []limboReader
	err := db.Tx(ctx, func(tx *DB) error {
		var err error
		var mine bool
		claim := tx.in(ctx).Raw(`SELECT pg_try_advisory_xact_lock(hashtext('limbo_alert'), ?::int)`, int32(a.StoreID)).Scan(&mine) //nolint:gosec // two stores that share a lock only wait
		if claim.Error != nil || !mine {
			return claim.Error
		}
		if fresh, err = tx.freshLimbo(ctx, a.StoreID); err != nil || len(fresh) == 0 {
			return err
		}
		if to, err = tx.alertRecipients(ctx, a); err != nil {
			return err
		}
		return tx.in(ctx).Exec("UPDATE limbo_alerts SET sent_at = clock_timestamp(), problem = ? WHERE store_id = ?",
			map[bool]string{true: "Nobody is there to be told.", false: ""}[len(to) == 0], a.StoreID).Error
	})
	if err != nil {
		return 0, fmt.Errorf("gather the alert of store %d: %w", a.StoreID, err)
	}
	if len(fresh) == 0 {
		return 0, nil
	}
	if len(to) == 0 {
		return 0, db.forgetTold(ctx, a.StoreID)
	}
	store, err := db.Store(ctx, a.StoreID)
	if err != nil {
		return 0, err
	}
	sent, problem := 0, ""
	for _, reader := range to {
		if err := db.mailLimbo(ctx, store, reader, fresh); err != nil {
			problem = clip(textOf(err.Error()), 300)
			continue
		}
		sent++
	}
	if problem != "" {
		err := db.in(ctx).Exec("UPDATE limbo_alerts SET problem = ? WHERE store_id = ?", problem, a.StoreID).Error
		if err != nil {
			return sent, fmt.Errorf("note why an alert was not sent: %w", err)
		}
	}
	if sent == 0 {
		return 0, db.forgetTold(ctx, a.StoreID)
	}
	return sent, nil
}

// forgetTold makes all that is in limbo in a store new again, when nobody heard of it.
func (db *DB) forgetTold(ctx context.Context, store int64) error {
	if err := db.in(ctx).Exec("DELETE FROM limbo_told WHERE store_id = ?", store).Error; err != nil {
		return fmt.Errorf("forget an alert that nobody heard: %w", err)
	}
	return nil
}

// freshLimbo is what stands on a store's board and was not told of, and remembers it as told. What has left the
// board is forgotten, and is new when it comes back.
func (db *DB) freshLimbo(ctx context.Context, store int64) ([]newLimbo, error) {
	var list []newLimbo
	err := db.raw(func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `WITH my AS MATERIALIZED (SELECT id FROM stores WHERE id = $1),
				board AS MATERIALIZED (`+LimboFilter{}.tallied()+`),
				named AS MATERIALIZED (SELECT ($2::text[])[k + 1] AS kind, id, order_id, currency, minor FROM board),
				gone AS (DELETE FROM limbo_told t WHERE store_id = $1 AND NOT EXISTS (SELECT 1 FROM named n WHERE n.kind = t.kind AND n.id = t.record_id)),
				fresh AS (INSERT INTO limbo_told (store_id, kind, record_id) SELECT $1, kind, id FROM named ON CONFLICT DO NOTHING RETURNING kind, record_id)
			SELECT n.kind, n.currency, count(*)::int, sum(n.minor)::bigint, count(DISTINCT n.order_id)::int, (array_agg(DISTINCT n.order_id ORDER BY n.order_id DESC))[1:10]
			FROM named n JOIN fresh f ON f.kind = n.kind AND f.record_id = n.id GROUP BY 1, 2 ORDER BY array_position($2::text[], n.kind), 2`, store, limboWords())
		if err != nil {
			return err //nolint:wrapcheck // wrapped below
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (n newLimbo, err error) {
			err = row.Scan(&n.kind, &n.currency, &n.count, &n.minor, &n.of, &n.orders)
			return n, err
		})
		return err //nolint:wrapcheck // wrapped below
	})
	if err != nil {
		return nil, fmt.Errorf("look for what is new in limbo: %w", err)
	}
	return list, nil
}

// alertRecipients are those an alert goes to. Somebody who works here reads it in the language they chose.
func (db *DB) alertRecipients(ctx context.Context, a *LimboAlert) ([]limboReader, error) {
	const language = `coalesce(u.preferences->>'language', '')`
	var to []limboReader
	if a.Address == "" {
		err := db.in(ctx).Raw(`SELECT u.email, `+language+` AS language FROM users u WHERE u.role IN ? AND u.disabled_at IS NULL AND u.password_hash IS NOT NULL
			AND (u.all_stores OR EXISTS (SELECT 1 FROM user_stores s WHERE s.user_id = u.id AND s.store_id = ?)) ORDER BY u.email`, []Role{Owner, Finance}, a.StoreID).Scan(&to).Error
		if err != nil {
			return nil, fmt.Errorf("look for who hears of limbo: %w", err)
		}
		return to, nil
	}
	list, err := netmail.ParseAddressList(a.Address)
	if err != nil {
		return nil, nil //nolint:nilerr // it was checked when it was saved
	}
	for _, address := range list {
		reader := limboReader{Email: address.Address}
		err := db.in(ctx).Raw(`SELECT `+language+` FROM users u WHERE lower(u.email) = lower(?)`, address.Address).Scan(&reader.Language).Error
		if err != nil {
			return nil, fmt.Errorf("look for the language of an alert: %w", err)
		}
		to = append(to, reader)
	}
	return to, nil
}

// NoteLimbo writes down how much is in limbo today, over what was noted earlier in the day, and reports how
// many lines that took.
func (db *DB) NoteLimbo(ctx context.Context) (int, error) {
	tag, err := db.pool.Exec(ctx, `WITH my AS MATERIALIZED (SELECT id FROM stores),
			board AS MATERIALIZED (`+LimboFilter{}.tallied()+`),
			today AS (SELECT id, (now() AT TIME ZONE time_zone)::date AS day FROM stores),
			gone AS (DELETE FROM limbo_days d USING today t WHERE d.store_id = t.id AND d.day = t.day AND NOT EXISTS (
				SELECT 1 FROM board b WHERE b.store_id = d.store_id AND ($1::text[])[b.k + 1] = d.kind AND b.currency = d.currency))
		INSERT INTO limbo_days (store_id, day, kind, currency, n, minor)
		SELECT b.store_id, t.day, ($1::text[])[b.k + 1], b.currency, count(*), sum(b.minor) FROM board b JOIN today t ON t.id = b.store_id GROUP BY 1, 2, 3, 4
		ON CONFLICT (store_id, day, kind, currency) DO UPDATE SET n = excluded.n, minor = excluded.minor`, limboWords())
	if err != nil {
		return 0, fmt.Errorf("note what is in limbo: %w", err)
	}
	return int(tag.RowsAffected()), nil
}

// LimboDays is how much was in limbo on each of the last n days of the stores of ctx, today last: of its days,
// Orders counts rows of the board and Ordered is the money at risk.
func (db *DB) LimboDays(ctx context.Context, n int) (*DayTotals, error) {
	scope := ScopeOf(ctx)
	stores, err := db.Stores(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := db.pool.Query(ctx, `SELECT day::text, 'order', currency, sum(n)::bigint, sum(minor)::bigint FROM limbo_days
		WHERE ($1 OR store_id = ANY ($2)) AND day > current_date - $3::int - 1 GROUP BY 1, 3`, scope.All, slices.Concat([]int64{0}, scope.Stores), n)
	if err != nil {
		return nil, fmt.Errorf("read what was in limbo: %w", err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowToStructByPos[dayLine])
	if err != nil {
		return nil, fmt.Errorf("read what was in limbo: %w", err)
	}
	t := &DayTotals{Stores: stores, Empty: len(lines) == 0}
	last := now().Truncate(24 * time.Hour)
	for _, store := range stores {
		local := now().In(store.Zone())
		if day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC); day.After(last) {
			last = day
		}
	}
	t.fill(last, n, lines)
	return t, nil
}
