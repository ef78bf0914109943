package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// LogOrder is the order that the Gofynd Order ID box means.
type LogOrder struct {
	ID        int64
	StoreID   int64
	PartnerID string // "" when Fynd has not created it
	By        string // by which number it was found: "partner", "shop", "session" or "order"
}

// DataLog is the page of a table that a filter asks for.
func (db *DB) DataLog(ctx context.Context, f LogFilter, choices *OrderChoices) (*DataLog, error) {
	limited, cancel := context.WithTimeout(ctx, orderPatience)
	defer cancel()
	log, err := db.dataLog(limited, f, choices)
	if err != nil {
		return nil, slow(ctx, fmt.Errorf("read the data log: %w", err))
	}
	return log, nil
}

func (db *DB) dataLog(ctx context.Context, f LogFilter, choices *OrderChoices) (*DataLog, error) {
	log := &DataLog{}
	var err error
	if f.GofyndOrderID != "" {
		if log.Order, err = db.logOrder(ctx, f.GofyndOrderID, choices); err != nil {
			return nil, err
		}
	}
	ask := newLogQuery(ctx, f, choices, db.sources(), log.Order)
	var places []place
	switch f.Table {
	case LogEmails:
		log.Emails, places, err = readLog(ctx, db, ask, f, func(r *LogEmail) place { return place{r.CreatedAt, r.ID} })
	case LogCalls:
		log.Calls, places, err = readLog(ctx, db, ask, f, func(r *LogCall) place { return place{r.StartedAt, r.ID} })
	case LogNotice:
		log.Notices, places, err = readLog(ctx, db, ask, f, func(r *LogNotification) place { return place{r.StartedAt, r.ID} })
	default:
		log.Webhooks, places, err = readLog(ctx, db, ask, f, func(r *LogWebhook) place { return place{r.ReceivedAt, r.ID} })
	}
	if err != nil {
		return nil, err
	}
	log.turn(f, places)
	return log, db.countLog(ctx, ask, log)
}

// sources are all that may send webhooks.
func (db *DB) sources() []string {
	codes := []string{sourceFynd}
	for code := range db.drivers {
		if code != sourceFynd {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return codes
}

// logOrder is the order of a number that somebody typed, by what it most likely is, or nil.
func (db *DB) logOrder(ctx context.Context, number string, choices *OrderChoices) (*LogOrder, error) {
	id, _ := strconv.ParseInt(number, 10, 64)
	var o LogOrder
	err := db.pool.QueryRow(ctx, `SELECT id, store_id, coalesce(partner_order_id, ''), by FROM (
			SELECT id, store_id, partner_order_id, 1 AS rank, 'partner' AS by FROM orders WHERE partner_order_id = ANY ($1) UNION ALL
			SELECT id, store_id, partner_order_id, 2, 'order' FROM orders WHERE id = $2 UNION ALL
			SELECT id, store_id, partner_order_id, 3, 'shop' FROM orders WHERE affiliate_order_id = ANY ($1) UNION ALL
			SELECT id, store_id, partner_order_id, 4, 'session' FROM orders WHERE gid = ANY ($1)) o
		WHERE store_id = ANY ($3) ORDER BY rank, id LIMIT 1`, planned([]any{spellings(number), id, storesOf(choices)})...).Scan(&o.ID, &o.StoreID, &o.PartnerID, &o.By)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for the order %s: %w", number, err)
	}
	return &o, nil
}

// spellings are the ways an id may be stored that somebody typed.
func spellings(id string) []string {
	return slices.Compact([]string{id, strings.ToUpper(id)})
}

func storesOf(choices *OrderChoices) []int64 { return choices.storeIDs(OrderFilter{}) }

// logQuery is a question to one table: where its rows are, newest first within a store.
type logQuery struct {
	clauses
	spans string // the stores, each with where its days begin and end
	each  string // one select for every row of spans, with %s for its columns and what follows the conditions
	cols  string
	at    string // the time and the id that rows are sorted by
	id    string
}

// newLogQuery puts the conditions of a filter together. Stores are asked one by one, so that an index
// gives the newest rows of each.
func newLogQuery(ctx context.Context, f LogFilter, choices *OrderChoices, sources []string, order *LogOrder) *logQuery {
	q := &logQuery{}
	var ids []int64
	var since, before []*time.Time
	add := func(id int64, zone *time.Location) {
		from, to := f.Days.Bounds(zone)
		ids, since, before = append(ids, id), append(since, notZero(from)), append(before, notZero(to))
	}
	for _, s := range choices.within(OrderFilter{Store: f.Store}) {
		add(s.ID, s.Zone())
	}
	if ScopeOf(ctx).All && f.Store == 0 && f.Table.Webhooks() {
		add(0, time.UTC) // what no store signed
	}
	q.spans = q.fill("unnest(?::bigint[], ?::timestamptz[], ?::timestamptz[]) AS s (id, since, before)", ids, since, before)
	switch f.Table {
	case LogEmails:
		q.ofEmails(f, order)
	case LogCalls:
		q.ofCalls(f, order)
	case LogNotice:
		q.ofNotices(f, order)
	default:
		q.ofWebhooks(f, sources, order)
	}
	if f.Days.From != "" {
		q.and(q.at + " >= s.since")
	}
	if f.Days.To != "" {
		q.and(q.at + " < s.before")
	}
	return q
}

func notZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (q *logQuery) ofWebhooks(f LogFilter, sources []string, order *LogOrder) {
	q.cols = "w.id, w.source, w.store_id, w.claimed_store_id, w.store_mark, w.event, w.verdict, w.state, w.effect, w.partner_order_id, w.order_id, w.duplicate_of, w.next_at, w.received_at"
	q.at, q.id = "w.received_at", "w.id"
	if f.Table == LogGofynd {
		sources = []string{sourceFynd}
	}
	q.spans += q.fill(" CROSS JOIN unnest(?::text[]) AS k (source)", sources)
	q.each = "webhooks w"
	q.and("w.store_id = s.id")
	q.and("w.source = k.source")
	if f.GofyndOrderID != "" {
		names := spellings(f.GofyndOrderID)
		if order != nil && order.PartnerID != "" {
			names = append(names, order.PartnerID)
		}
		q.and("(w.partner_order_id = ANY (?) AND w.partner_order_id <> '' OR w.order_id = ANY (?))", names, ids(order))
	}
	q.equal("w.event", f.Event)
	q.equal("w.verdict", string(f.Verdict))
	if f.Verdict != "" && f.Verdict != Verified {
		q.and("w.state = 'refused'") // as all of those are: the few of them have an index
	}
	q.equal("w.state", f.State)
	if f.Mismatch {
		q.and("w.store_mark <> ''")
	}
}

func (q *logQuery) ofEmails(f LogFilter, order *LogOrder) {
	q.cols = "e.id, e.store_id, e.order_id, e.partner_order_id, e.webhook_id, e.claimed_store_id, e.kind, e.event, e.recipient, e.subject, e.state, e.cause, e.why, e.created_at"
	q.at, q.id = "e.created_at", "e.id"
	q.each = "emails e"
	q.and("e.store_id = s.id")
	if f.GofyndOrderID != "" {
		q.and("(e.partner_order_id = ANY (?) AND e.partner_order_id <> '' OR e.order_id = ANY (?))", spellings(f.GofyndOrderID), ids(order))
	}
	q.equal("e.event", f.Event)
	if EmailState(f.State) == EmailTrouble {
		q.and(emailTrouble)
		return
	}
	q.equal("e.state", f.State)
}

func ids(order *LogOrder) []int64 {
	if order == nil {
		return []int64{}
	}
	return []int64{order.ID}
}

func (q *logQuery) ofCalls(f LogFilter, order *LogOrder) {
	q.cols = `a.id, a.operation_id, o.order_id, a.store_id, coalesce(r.partner_order_id, '') AS partner_order_id, p.gateway, o.kind AS verb, a.kind, a.outcome, a.detail, a.http_status,
		a.exchanges AS exchanges_json, a.started_at`
	q.at, q.id = "a.started_at", "a.id"
	q.each = "operation_attempts a JOIN operations o ON o.id = a.operation_id JOIN payments p ON p.id = o.payment_id JOIN orders r ON r.id = o.order_id"
	q.and("a.store_id = s.id")
	if f.GofyndOrderID != "" {
		q.and("o.order_id = ANY (?)", ids(order))
	}
	q.equal("p.gateway", f.Gateway)
	q.equal("a.outcome", f.Outcome)
}

func (q *logQuery) equal(column, value string) {
	if value != "" {
		q.and(column+" = ?", value)
	}
}

// from is every store's own select, at most limit rows of each.
func (q *logQuery) from(columns, order string, limit int) string {
	return q.spans + " CROSS JOIN LATERAL (SELECT " + columns + " FROM " + q.each + " WHERE " + q.sql() + order + " LIMIT " + strconv.Itoa(limit) + ") r"
}

// readLog reads one page and a row more.
func readLog[T any](ctx context.Context, db *DB, ask *logQuery, f LogFilter, at func(*T) place) ([]T, []place, error) {
	q := *ask
	q.where, q.args = slices.Clone(ask.where), slices.Clone(ask.args)
	dir := " DESC"
	if text, beyond := cmpText(OrderFilter{After: f.After, Before: f.Before}); text != "" {
		sign := " < "
		if !beyond {
			sign, dir = " > ", ""
		}
		if from, ok := readCursor(text, OrderSort{}); ok {
			q.and("("+q.at+", "+q.id+")"+sign+"(?, ?)", from.At, from.ID)
		}
	}
	by := " ORDER BY " + q.at + dir + ", " + q.id + dir
	_, name, _ := strings.Cut(q.at, ".")
	sql := "SELECT r.* FROM " + q.from(q.cols, by, f.Limit+1) + " ORDER BY r." + name + dir + ", r.id" + dir + " LIMIT " + strconv.Itoa(f.Limit+1)
	rows, err := db.pool.Query(ctx, sql, planned(q.args)...)
	if err != nil {
		return nil, nil, err
	}
	page, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[T])
	if err != nil {
		return nil, nil, err
	}
	places := make([]place, len(page))
	for i := range page {
		places[i] = at(&page[i])
	}
	page = page[:min(len(page), f.Limit)]
	if f.Before != "" {
		slices.Reverse(page)
	}
	return page, places, nil
}

// turn says where the pages before and after this one begin; places has the row too many.
func (l *DataLog) turn(f LogFilter, places []place) {
	more := len(places) > f.Limit
	places = places[:min(len(places), f.Limit)]
	back := f.Before != ""
	if back {
		slices.Reverse(places)
	}
	if n := len(places); n > 0 && (more || back) {
		l.Next = places[n-1].cursor(OrderSort{})
	}
	if len(places) > 0 && (f.After != "" || back && more) {
		l.Prev = places[0].cursor(OrderSort{})
	}
	l.First = l.Prev == "" && f.After == ""
}

// countLog counts the rows that match, as far as is worth knowing and quickly known.
func (db *DB) countLog(ctx context.Context, q *logQuery, l *DataLog) error {
	limited, cancel := context.WithTimeout(ctx, InlinePatience)
	defer cancel()
	sql := "SELECT count(*) FROM (SELECT 1 FROM " + q.from("1", "", MaxTally+1) + " LIMIT " + strconv.Itoa(MaxTally+1) + ") n"
	var n int
	switch err := db.pool.QueryRow(limited, sql, planned(q.args)...).Scan(&n); {
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return nil // the page stands without
	case err != nil:
		return fmt.Errorf("count the rows: %w", err)
	}
	l.Total, l.More, l.Counted = min(n, MaxTally), n > MaxTally, true
	return nil
}
