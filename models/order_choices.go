package models

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/kartify/kartify/money"
)

// OrderChoices is what a person can choose from when filtering orders, and what they chose before.
type OrderChoices struct {
	Stores   []Store // within the scope, by id
	Statuses []OrderStatus
	Events   []string    // ever received, by name
	Views    []SavedView // the person's own and the shared ones
	Columns  []string    // the person's choice; empty for all
}

// OrderColumns are the columns of the order list that can be hidden, in their order. The order id
// and the action always stand.
var OrderColumns = []string{
	"partner_order_id", "store", "customer", "status", "event", "payment_method", "total", "date_added", "date_modified", ColumnCaptureBefore, ColumnReconciled,
}

// UsualColumns are those that somebody sees who has not chosen any: all but what few stores need.
var UsualColumns = OrderColumns[:len(OrderColumns)-2]

// OrderChoices reads the choices of a person in one statement.
func (db *DB) OrderChoices(ctx context.Context, user int64) (*OrderChoices, error) {
	scope := ScopeOf(ctx)
	var stores, statuses, events, views, columns []byte
	err := db.pool.QueryRow(ctx, `SELECT
		(SELECT json_agg(json_build_object('ID', id, 'Code', code, 'Name', name, 'Currency', currency, 'TimeZone', time_zone,
			'Mode', mode, 'Fynd', fynd) ORDER BY id) FROM stores WHERE $1 OR id = ANY ($2)),
		(SELECT json_agg(json_build_object('Code', code, 'Label', label, 'Colour', colour) ORDER BY position, code) FROM order_statuses),
		(SELECT json_agg(event ORDER BY event) FROM (SELECT event FROM order_event_names LIMIT 200) e),
		(SELECT json_agg(json_build_object('ID', v.id, 'UserID', v.user_id, 'Name', v.name, 'Query', v.query, 'Shared', v.shared, 'Owner', u.name)
			ORDER BY v.shared, v.name, v.id) FROM saved_views v JOIN users u ON u.id = v.user_id WHERE v.list = 'orders' AND (v.user_id = $3 OR v.shared)),
		(SELECT preferences->'orders_columns' FROM users WHERE id = $3)`,
		scope.All, slices.Concat([]int64{0}, scope.Stores), user).Scan(&stores, &statuses, &events, &views, &columns)
	if err != nil {
		return nil, fmt.Errorf("read the choices of the order list: %w", err)
	}
	var c OrderChoices
	for _, part := range []struct {
		text []byte
		into any
	}{{stores, &c.Stores}, {statuses, &c.Statuses}, {events, &c.Events}, {views, &c.Views}, {columns, &c.Columns}} {
		if part.text == nil {
			continue
		}
		if err := json.Unmarshal(part.text, part.into); err != nil {
			return nil, fmt.Errorf("read the choices of the order list: %w", err)
		}
	}
	c.Columns = slices.DeleteFunc(c.Columns, func(name string) bool { return !slices.Contains(OrderColumns, name) })
	return &c, nil
}

// SetOrderColumns remembers which columns a person wants to see; none, or the usual ones, is as usual.
func (db *DB) SetOrderColumns(ctx context.Context, user int64, columns []string) error {
	chosen := []string{}
	for _, name := range OrderColumns {
		if slices.Contains(columns, name) {
			chosen = append(chosen, name)
		}
	}
	if slices.Equal(chosen, UsualColumns) {
		chosen = []string{}
	}
	text, err := json.Marshal(chosen)
	if err != nil {
		return fmt.Errorf("keep the columns of user %d: %w", user, err)
	}
	err = db.in(ctx).Exec(`UPDATE users SET preferences = jsonb_set(preferences, '{orders_columns}', ?::jsonb), updated_at = now() WHERE id = ?`,
		string(text), user).Error
	if err != nil {
		return fmt.Errorf("keep the columns of user %d: %w", user, err)
	}
	return nil
}

// Shown are the columns to show for a filter: its own, or the person's, or the usual ones. A list by deadline
// shows the deadlines, and one by reconciliation what the comparisons came to.
func (c *OrderChoices) Shown(f OrderFilter) []string {
	for _, columns := range [][]string{f.Columns, c.Columns} {
		if len(columns) > 0 {
			return withAskedFor(columns, f)
		}
	}
	return withAskedFor(UsualColumns, f)
}

// withAskedFor are columns with those that the filter is about.
func withAskedFor(columns []string, f OrderFilter) []string {
	if len(f.Columns) > 0 {
		return columns
	}
	if f.Deadline != "" && !slices.Contains(columns, ColumnCaptureBefore) {
		columns = append(slices.Clone(columns), ColumnCaptureBefore)
	}
	if f.Reconciled != "" && !slices.Contains(columns, ColumnReconciled) {
		columns = append(slices.Clone(columns), ColumnReconciled)
	}
	return columns
}

// Store is one of the stores, or nil.
func (c *OrderChoices) Store(id int64) *Store {
	if i := slices.IndexFunc(c.Stores, func(s Store) bool { return s.ID == id }); i >= 0 {
		return &c.Stores[i]
	}
	return nil
}

// Status is a status by its code; one that is not known is shown as its code.
func (c *OrderChoices) Status(code string) OrderStatus {
	if i := slices.IndexFunc(c.Statuses, func(s OrderStatus) bool { return s.Code == code }); i >= 0 {
		return c.Statuses[i]
	}
	return OrderStatus{Code: code, Label: code, Colour: "grey"}
}

// within are the stores a filter speaks of.
func (c *OrderChoices) within(f OrderFilter) []Store {
	if s := c.Store(f.Store); s != nil {
		return []Store{*s}
	}
	return c.Stores
}

// storeIDs are the ids of the stores a filter speaks of.
func (c *OrderChoices) storeIDs(f OrderFilter) []int64 {
	ids := []int64{}
	for _, s := range c.within(f) {
		ids = append(ids, s.ID)
	}
	return ids
}

// Zones are the names of the time zones in which the days of a filter begin, each once.
func (c *OrderChoices) Zones(f OrderFilter) []string {
	var zones []string
	for _, s := range c.within(f) {
		if name := s.Zone().String(); !slices.Contains(zones, name) {
			zones = append(zones, name)
		}
	}
	return zones
}

// Currencies are the currencies of the stores a filter speaks of, each once.
func (c *OrderChoices) Currencies(f OrderFilter) []string {
	var codes []string
	for _, s := range c.within(f) {
		if money.Known(s.Currency) && !slices.Contains(codes, s.Currency) {
			codes = append(codes, s.Currency)
		}
	}
	return codes
}

// Zone is the time zone of an order's store.
func (c *OrderChoices) Zone(store int64) *time.Location {
	if s := c.Store(store); s != nil {
		return s.Zone()
	}
	return time.UTC
}
