package models

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/money"
)

// Change is one record that something changed or added, in words.
type Change struct {
	What  lang.Text   // "Order 1001", "New event"
	Facts []lang.Text // "status: pending → processing"
}

// String is the change in English.
func (c Change) String() string {
	facts := make([]string, len(c.Facts))
	for i, fact := range c.Facts {
		facts[i] = fact.String()
	}
	return c.What.String() + ": " + strings.Join(facts, "; ")
}

// recordAt is a record as it stands at one moment.
type recordAt struct {
	kind   string // "Order"
	id     int64
	values map[string]any
}

// around is an order and everything that belongs to it, as this transaction sees it: also the webhooks that
// wait for it, but for one.
func (db *DB) around(ctx context.Context, order *int64, but int64) ([]recordAt, error) {
	if order == nil {
		return nil, nil
	}
	var rows []struct {
		Kind string
		ID   int64
		Row  string
	}
	sql := `SELECT 'Order' AS kind, id, to_jsonb(o)::text AS row FROM orders o WHERE id = @order`
	for _, t := range []struct{ kind, table string }{
		{"Line", "order_items"},
		{"Payment", "payments"},
		{"Operation", "operations"},
		{"Planned capture", "planned_captures"},
		{"Authorization that ran out", "lapsed_holds"},
		{"Refused amount", "refused_amounts"},
		{"Event", "order_events"},
		{"Status action", "status_actions"},
		{"Message to Fynd", "partner_updates"},
		{"Notification", "notifications"},
		{"E-mail", "emails"},
		{"History", "order_history"},
	} {
		sql += fmt.Sprintf(" UNION ALL SELECT '%s', id, to_jsonb(t)::text FROM %s t WHERE order_id = @order", t.kind, t.table)
	}
	sql += " UNION ALL SELECT 'Webhook', id, jsonb_build_object('state', state, 'due', next_at IS NOT NULL AND next_at <= clock_timestamp())::text FROM webhooks" +
		" WHERE state = 'parked' AND id <> @but AND store_id = (SELECT store_id FROM orders WHERE id = @order) AND partner_order_id = (SELECT partner_order_id FROM orders WHERE id = @order)"
	if err := db.in(ctx).Raw(sql, map[string]any{"order": *order, "but": but}).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read order %d and what belongs to it: %w", *order, err)
	}
	records := make([]recordAt, len(rows))
	for i, row := range rows {
		records[i] = recordAt{kind: row.Kind, id: row.ID}
		decoder := json.NewDecoder(strings.NewReader(row.Row))
		decoder.UseNumber()
		if err := decoder.Decode(&records[i].values); err != nil {
			return nil, fmt.Errorf("read %s %d: %w", row.Kind, row.ID, err)
		}
	}
	return records, nil
}

// What says nothing to a person: bookkeeping, and what belongs to the record's place.
var quietColumns = []string{
	"id", "order_id", "store_id", "webhook_id", "version", "updated_at", "date_modified", "created_at", "received_at", "at", "next_at", "tries", "closed_at",
	"payment_id", "settings_id", "operation_id", "event_id", "session_id", "sending_until", "digest", "token_hash", "position", "lines", "log", "params", "last_event_at", "snapshot", "actor", "actor_id", "claimed_store_id",
	"occurrence", "audience", "requester_id", "written_at", "done_at", "handing_at", "occurred_at", "finished_at", "first_sent_at", "idempotency_key", "message_id", "actor_name",
	"obtained_at", "success_at",
}

// changes are the differences between two moments, by record. Nothing personal is in them.
func changes(before, after []recordAt) []Change {
	var list []Change
	currency := ""
	for _, now := range after {
		if now.kind == "Order" {
			currency, _ = now.values["currency"].(string)
		}
	}
	for _, now := range after {
		i := slices.IndexFunc(before, func(r recordAt) bool { return r.kind == now.kind && r.id == now.id })
		if i < 0 {
			if facts := facts(now.kind, currency, nil, now.values); now.kind != "Webhook" {
				list = append(list, Change{What: newKind(now.kind), Facts: facts})
			}
			continue
		}
		if facts := facts(now.kind, currency, before[i].values, now.values); len(facts) > 0 {
			list = append(list, Change{What: numbered(now.kind, now.id), Facts: facts})
		}
	}
	for _, was := range before {
		if !slices.ContainsFunc(after, func(r recordAt) bool { return r.kind == was.kind && r.id == was.id }) && was.kind != "Webhook" {
			list = append(list, Change{What: numbered(was.kind, was.id), Facts: []lang.Text{lang.Textf("goes away")}})
		}
	}
	return list
}

// facts are the columns in which a record differs, in the words of the page. before is nil for a new one;
// currency is the order's, for records without one of their own.
func facts(kind, currency string, before, after map[string]any) []lang.Text {
	var names []string
	for name := range after {
		if !slices.Contains(quietColumns, name) && (name != "kind" || kind == "Operation") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if own, ok := after["currency"].(string); ok {
		currency = own
	}
	var list []lang.Text
	for _, name := range names {
		column := columnOf(name)
		was, now := valueText(name, before[name], currency), valueText(name, after[name], currency)
		switch {
		case was == now || before == nil && (now == nil || now == truth(false) || name == "currency"):
		case kind == "Webhook" && name == "due":
			list = append(list, lang.Textf("is applied after it"))
		case personalColumn(name):
			list = append(list, lang.Textf("%s is written", column))
		case before == nil:
			list = append(list, lang.Textf("%s: %s", column, said(now)))
		default:
			list = append(list, lang.Textf("%s: %s → %s", column, said(was), said(now)))
		}
	}
	return list
}

func personalColumn(name string) bool {
	return strings.HasPrefix(name, "customer_") || strings.HasSuffix(name, "_address") || strings.HasSuffix(name, "_body") ||
		slices.Contains([]string{"company", "recipient", "raw", "card_first6", "card_last4", "rrn"}, name)
}

// truth is yes or no among the values.
type truth bool

// said is a value as a sentence takes it.
func said(value any) any {
	switch v := value.(type) {
	case nil:
		return lang.Textf("nothing")
	case truth:
		return map[truth]lang.Text{true: lang.Textf("yes"), false: lang.Textf("no")}[v]
	}
	return value
}

// valueText is a value of a column: a text, an amount, a word, or nil for nothing.
func valueText(name string, value any, currency string) any {
	switch v := value.(type) {
	case nil:
		return nil
	case string:
		if v == "" {
			return nil
		}
		return clip(v, 200)
	case bool:
		return truth(v)
	case json.Number:
		if n, err := v.Int64(); err == nil && strings.HasSuffix(name, "_minor") {
			if currency == "" || !money.Known(currency) {
				return fmt.Sprintf("%d smallest units", n)
			}
			return money.New(n, currency)
		}
		return v.String()
	}
	text, _ := json.Marshal(value) //nolint:errcheck // it was JSON before
	return clip(string(text), 200)
}
