package models

import (
	"fmt"
	"strings"
	"time"

	"github.com/kartify/kartify/money"
)

// LimboKinds are the ways in which the money and the state of an order can disagree, the most pressing first.
var LimboKinds = []NeedKind{
	NeedReview, NeedContradiction, NeedFailedPaid, NeedUnknown, NeedPartner, NeedAmount, NeedMissing, NeedStuck, NeedRefunding, NeedAction, NeedPlan, NeedHold, NeedLapsed, NeedOverdue, NeedPending,
}

// LimboRow is one order in one kind of limbo.
type LimboRow struct {
	Kind        NeedKind
	ID          int64 // of the operation, update, payment, event or order, as the kind has it
	OrderID     int64
	StoreID     int64
	PaymentID   int64 // 0 when it is about no one payment
	Partner     string
	OrderStatus string
	Fynd        bool // the store is integrated with FYND
	Customer    string
	Word        string       // what kind of operation, or the reason of a missing order
	State       string       // of the record
	Amount      money.Amount // at risk
	Since       time.Time
	Problem     string     // what the record says of it, or ""
	LastAt      *time.Time // when somebody last looked
	LastSaid    string     // what that brought
	NextAt      *time.Time // when kartify looks again by itself
	ByHand      bool       // kartify does not ask this gateway about orders by itself: its signed webhooks tell
	Gateway     string     // its name
	Support     string     // whom to ask there when money hangs
	OwnerID     int64      // who looks after it; 0 when nobody does
	Owner       string
}

// Key names the row: "missing:1005".
func (r *LimboRow) Key() string { return fmt.Sprintf("%s:%d", r.Kind, r.ID) }

// HoldEnd is when the hold of an authorization near its end is over.
func (r *LimboRow) HoldEnd() time.Time { return r.Since.Add(holdNotice) }

// limboKind is how one kind is found: rows of a table called x with a store_id, by one index.
type limboKind struct {
	kind    NeedKind
	at      string        // the column its rows are sorted by, after the store
	shift   time.Duration // from that column to when it began
	grace   time.Duration // how long it may last before it counts
	from    string
	where   string
	order   string // the order's id
	payment string
	minor   string // at risk
	money   string // the currency
	word    string
	state   string
	problem string // what the record says of it
	next    string
}

// The ends of a hold are told of this long before.
const holdNotice = 48 * time.Hour

const drawnOf = `(SELECT coalesce(sum(p.captured_minor - p.refunded_minor), 0)::bigint FROM payments p WHERE p.order_id = x.order_id)`

var limboKinds = []limboKind{
	operationKind(NeedReview, "x.state = 'needs_review'"),
	operationKind(NeedContradiction, "x.contradiction <> ''"),
	{
		kind: NeedFailedPaid, at: "x.since", from: "limbo_paid x", where: "x.seen_at IS NULL", order: "x.order_id", minor: drawnOf,
		payment: "(SELECT max(p.id) FROM payments p WHERE p.order_id = x.order_id AND p.captured_minor > p.refunded_minor)",
		money:   "(SELECT o.currency FROM orders o WHERE o.id = x.order_id)", state: "(SELECT o.status FROM orders o WHERE o.id = x.order_id)",
	},
	operationKind(NeedUnknown, "x.state = 'unknown'"),
	{
		kind: NeedPartner, at: "x.created_at", from: "partner_updates x", where: "x.state <> 'done' AND (x.state = 'failed' OR x.created_at < now() - interval '10 minutes')",
		order: "x.order_id", payment: "x.payment_id", minor: "CASE WHEN x.kind = 'confirm_payment' OR x.kind = 'payment_session' AND x.status = 'complete' THEN x.amount_minor ELSE 0 END", money: "x.currency",
		word: "x.kind", state: "x.state", problem: "x.problem", next: "x.next_at",
	},
	{
		kind: NeedAmount, at: "x.since", from: "refused_amounts x", order: "x.order_id", money: "(SELECT o.currency FROM orders o WHERE o.id = x.order_id)",
		where: "x.seen_at IS NULL AND (x.request_id <> '' OR NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = x.order_id AND o.status = 'cancelled'))",
		minor: "CASE WHEN x.request_id <> '' THEN " + drawnOf + " ELSE (SELECT CASE WHEN EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.captured_minor > 0) THEN 0 ELSE o.total_minor END FROM orders o WHERE o.id = x.order_id) END",
		state: "'refused'", problem: "x.said",
	},
	{
		kind: NeedMissing, at: "x.date_added", from: "orders x", where: "x.status = 'missing'", order: "x.id", money: "x.currency",
		minor: "CASE x.status_reason WHEN 'abandoned' THEN 0 ELSE x.total_minor END", word: "x.status_reason", state: "x.status",
	},
	{
		kind: NeedStuck, at: "x.created_at", from: "payments x", where: "x.status = 'stuck'", order: "x.order_id", payment: "x.id",
		minor: "x.captured_minor - x.refunded_minor", money: "x.currency", state: "x.status",
	},
	{
		kind: NeedRefunding, at: "x.refunding_since", grace: time.Hour, from: "payments x", where: "x.status = 'refunding'", order: "x.order_id", payment: "x.id",
		minor: "x.refund_reserved_minor", money: "x.currency", state: "x.status",
		next: "(SELECT min(p.next_at) FROM operations p WHERE p.payment_id = x.id AND p.next_at IS NOT NULL)",
	},
	{
		kind: NeedHold, at: "x.capture_before", shift: -holdNotice, from: "payments x", where: "x.status = 'authorized' AND x.capture_before IS NOT NULL", order: "x.order_id",
		payment: "x.id", minor: "x.authorized_minor - x.captured_minor", money: "x.currency", state: "CASE WHEN x.capture_before <= now() THEN 'expired' ELSE 'authorized' END",
	},
	{
		kind: NeedAction, at: "x.created_at", from: "status_actions x", where: "x.state = 'failed'", order: "x.order_id", payment: "x.payment_id",
		minor: "(SELECT p.authorized_minor - p.captured_minor FROM payments p WHERE p.id = x.payment_id)", money: "(SELECT p.currency FROM payments p WHERE p.id = x.payment_id)",
		word: "x.action", state: "x.to_status", problem: "x.problem",
	},
	{
		kind: NeedPlan, at: "x.finished_at", from: "planned_captures x", order: "x.order_id", payment: "x.payment_id", minor: "(SELECT p.authorized_minor - p.captured_minor FROM payments p WHERE p.id = x.payment_id)",
		where: "x.state = 'failed' AND x.seen_at IS NULL AND EXISTS (SELECT 1 FROM payments p WHERE p.id = x.payment_id AND p.status = 'authorized')",
		money: "(SELECT p.currency FROM payments p WHERE p.id = x.payment_id)", state: "x.state", problem: "x.problem",
	},
	{
		kind: NeedLapsed, at: "x.since", from: "lapsed_holds x", order: "x.order_id", payment: "x.payment_id", minor: "x.minor", money: "x.currency", state: "'lapsed'",
		where: "x.seen_at IS NULL AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = x.order_id AND p.id <> x.payment_id AND (p.status = 'authorized' OR p.captured_minor > p.refunded_minor))",
	},
	{
		kind: NeedOverdue, at: "x.received_at", grace: 24 * time.Hour, from: "order_events x", where: "x.event = 'REFUND_INITIATED' AND x.waiting", order: "x.order_id",
		minor: "coalesce(CASE WHEN NOT x.unit_doubt THEN x.amount_minor END, " + drawnOf + ")", money: "(SELECT o.currency FROM orders o WHERE o.id = x.order_id)",
		payment: "(SELECT max(p.id) FROM payments p WHERE p.order_id = x.order_id AND p.captured_minor > p.refunded_minor)",
		state:   "'waiting'",
	},
	{
		kind: NeedPending, at: "x.date_added", grace: time.Hour, from: "orders x", order: "x.id",
		where: "x.status = 'pending' AND x.gateway <> 'cod' AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = x.id AND p.status = 'authorized')",
		minor: "x.total_minor", money: "x.currency", state: "CASE WHEN EXISTS (SELECT 1 FROM payments p WHERE p.order_id = x.id) THEN x.status ELSE 'unbegun' END",
	},
}

func operationKind(kind NeedKind, where string) limboKind {
	return limboKind{
		kind: kind, at: "x.created_at", from: "operations x", where: where, order: "x.order_id", payment: "x.payment_id", minor: "x.amount_minor", money: "x.currency",
		word: "x.kind", state: "x.state", problem: "CASE WHEN x.contradiction <> '' THEN x.contradiction ELSE x.problem END", next: "x.next_at",
	}
}

// id is the column that names the record.
func (k *limboKind) id() string {
	if k.from == "limbo_paid x" {
		return "x.order_id"
	}
	return "x.id"
}

// began is since when a row has been in limbo.
func (k *limboKind) began() string {
	if k.shift == 0 {
		return k.at
	}
	return fmt.Sprintf("%s + interval '%d seconds'", k.at, int(k.shift.Seconds()))
}

// rows is the kind's rows of the store called my, the oldest first.
func (k *limboKind) rows(columns, more string) string {
	return fmt.Sprintf("SELECT %s FROM %s WHERE x.store_id = my.id AND %s AND %s <= now() - interval '%d seconds'%s ORDER BY %s, %s",
		columns, k.from, k.where, k.at, int((k.grace + k.shift).Seconds()), more, k.at, k.id())
}

// counted is what Needs counts of the kind.
func (k *limboKind) counted() string {
	reason := "''"
	if k.kind == NeedMissing {
		reason = k.word
	}
	return k.rows(fmt.Sprintf("%s AS id, %s AS reason, %s AS currency, %s AS at, %s AS minor", k.id(), reason, k.money, k.began(), k.minor), "")
}

// listed is what the board shows of the kind; n is its place among the kinds.
func (k *limboKind) listed(n int, more string) string {
	or := func(column, none string) string {
		if column == "" {
			return none
		}
		return column
	}
	return k.rows(strings.Join([]string{
		fmt.Sprintf("%d AS k", n), k.id() + " AS id", k.order + " AS order_id", or(k.payment, "NULL::bigint") + " AS payment_id", k.began() + " AS since",
		k.minor + " AS minor", k.money + " AS currency", or(k.word, "''") + " AS word", k.state + " AS state", or(k.problem, "''") + " AS problem", or(k.next, "NULL::timestamptz") + " AS next_at",
	}, ", "), more)
}

// findLimboKind is a kind by its word in addresses.
func findLimboKind(kind NeedKind) (int, *limboKind) {
	for i := range limboKinds {
		if limboKinds[i].kind == kind {
			return i, &limboKinds[i]
		}
	}
	return -1, nil
}
