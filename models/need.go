package models

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kartify/kartify/money"
)

// NeedKind is one way in which something waits for a person.
type NeedKind string

// What can wait for a person, the most pressing first.
const (
	NeedRefund        NeedKind = "refunds"        // REFUND_INITIATED was received and no money has moved for it
	NeedReview        NeedKind = "review"         // operations that cannot be settled by asking the gateway
	NeedContradiction NeedKind = "contradictions" // the gateway said the opposite of a final state
	NeedUnknown       NeedKind = "unknown"        // operations that were sent and not answered
	NeedMissing       NeedKind = "missing"        // missing orders
	NeedFailedPaid    NeedKind = "failed_paid"    // orders that failed or were cancelled, and whose money is here
	NeedStuck         NeedKind = "stuck"          // payments drawn of which somebody was not told
	NeedRefunding     NeedKind = "refunding"      // refunds that the gateway has not finished for over an hour
	NeedHold          NeedKind = "hold"           // authorizations near their end, or past it
	NeedAction        NeedKind = "status_actions" // changes of order status whose payment did not follow
	NeedPlan          NeedKind = "plans"          // planned captures that did not happen
	NeedLapsed        NeedKind = "lapsed"         // authorizations that ran out without being captured
	NeedOverdue       NeedKind = "overdue"        // refunds asked for over a day ago
	NeedPending       NeedKind = "pending"        // orders pending for over an hour
	NeedAmount        NeedKind = "amounts"        // orders of which Fynd asked for another amount, and was refused
	NeedPartner       NeedKind = "partner"        // what Fynd could not be told
	NeedDifference    NeedKind = "differences"    // what a gateway's file says otherwise than is known here
	NeedSettlement    NeedKind = "settlements"    // payments of the last two weeks that were settled later than five days
	NeedEmail         NeedKind = "emails"         // e-mails of the last seven days that were not sent, or not for certain
	NeedFailed        NeedKind = "failed"         // webhooks that could not be acted upon
	NeedParked        NeedKind = "parked"         // webhooks that wait for their order or payment
	NeedForged        NeedKind = "forged"         // webhooks of today with a signature that does not fit
)

var needOrder = []NeedKind{
	NeedRefund, NeedReview, NeedContradiction, NeedFailedPaid, NeedUnknown, NeedMissing, NeedStuck, NeedRefunding, NeedAction, NeedPlan, NeedHold, NeedLapsed, NeedPartner, NeedAmount,
	NeedDifference, NeedSettlement, NeedEmail, NeedFailed, NeedParked, NeedForged,
}

// MostNeeds is how far they are counted.
const MostNeeds = 1000

// Need is how much of one kind waits for a person.
type Need struct {
	Kind    NeedKind
	Count   int            // up to MostNeeds
	More    bool           // there are more than that
	Oldest  time.Time      // since when the oldest waits
	AtRisk  []money.Amount // of those counted, an amount for each currency; empty where no money hangs on it
	Reasons []NeedReason   // of missing orders
}

// NeedReason is how many there are for one reason.
type NeedReason struct {
	Reason string // debited, unknown, abandoned
	Count  int
}

// EmailTrouble stands for several states of an e-mail, in filters: it should have reached the customer and did
// not, or not for certain.
const EmailTrouble EmailState = "trouble"

// emailTrouble is the condition of it, of an e-mail called e, as the index emails_needed has it.
const emailTrouble = "(e.state IN ('failed', 'unknown') OR (e.state = 'not_sent' AND e.cause NOT IN ('event_off', 'no_letter', 'told_already')))"

// need is what is counted of one kind.
type need struct {
	kind NeedKind
	may  Permission
	sql  string
}

// needs are what each kind counts besides those of the limbo board, and who may see it. Every statement gives
// rows of id, reason, currency, at and minor of the store called my, and stops after a thousand: one range of an index.
var needs = []need{
	{NeedRefund, OrdersRead, `SELECT o.id, '' AS reason, o.currency, e.received_at AS at, coalesce(CASE WHEN NOT e.unit_doubt THEN e.amount_minor END,
			(SELECT sum(p.captured_minor - p.refunded_minor) FROM payments p WHERE p.order_id = o.id)::bigint, 0) AS minor
		FROM order_events e JOIN orders o ON o.id = e.order_id
		WHERE e.store_id = my.id AND e.event = 'REFUND_INITIATED' AND e.waiting AND o.status <> 'missing' ORDER BY e.received_at`},
	{NeedDifference, ReconcileRun, `SELECT reconciliation_id * 10000000 + row AS id, '' AS reason, currency, opened_at AS at,
			CASE WHEN class IN ('paid_missing', 'paid_failed', 'duplicate') THEN amount_minor ELSE 0 END AS minor
		FROM reconciliation_rows WHERE store_id = my.id AND state = 'open' ORDER BY opened_at`},
	{NeedSettlement, ReconcileRun, `SELECT hashtextextended(ref, 0) AS id, '' AS reason, '' AS currency, settled_at AS at, 0::bigint AS minor
		FROM reconciliation_rows WHERE store_id = my.id AND settled_at > now() - interval '14 days' AND ` + settledLate + ` ORDER BY settled_at`},
	{NeedEmail, EmailsRead, `SELECT e.id, '' AS reason, '' AS currency, e.created_at AS at, 0::bigint AS minor
		FROM emails e WHERE e.store_id = my.id AND e.created_at >= (date_trunc('day', now() AT TIME ZONE my.time_zone) - interval '6 days') AT TIME ZONE my.time_zone
			AND ` + emailTrouble + ` ORDER BY e.created_at`},
	{NeedFailed, WebhooksRead, `SELECT id, '' AS reason, '' AS currency, received_at AS at, 0::bigint AS minor
		FROM webhooks WHERE store_id = my.id AND state = 'failed' ORDER BY received_at`},
	{NeedParked, WebhooksRead, `SELECT id, '' AS reason, '' AS currency, received_at AS at, 0::bigint AS minor
		FROM webhooks WHERE store_id = my.id AND state = 'parked' ORDER BY received_at`},
}

// allNeeds are the needs and what the limbo board lists. A refund that waits is a need from the first moment,
// and so is not counted again when it is overdue; orders that are only pending are many, and the board counts them.
func allNeeds() []need {
	list := slices.Clone(needs)
	for i := range limboKinds {
		if k := &limboKinds[i]; k.kind != NeedOverdue && k.kind != NeedPending {
			list = append(list, need{k.kind, OrdersRead, k.counted()})
		}
	}
	return list
}

// forgedToday counts what belongs to no store, which only those see who see all of them.
const forgedToday = `SELECT id, '' AS reason, '' AS currency, received_at AS at, 0::bigint AS minor
	FROM webhooks WHERE verdict = 'forged' AND received_at >= $3 ORDER BY received_at`

// Needs is what waits for a person in the stores of ctx, of the kinds that user may see: the pressing first,
// and nothing where nothing waits. One statement. today is when this day began, in UTC: what no store signed has no zone of its own.
func (db *DB) Needs(ctx context.Context, user *User, today time.Time) ([]Need, error) {
	scope := ScopeOf(ctx)
	limit := fmt.Sprintf(" LIMIT %d", MostNeeds+1)
	var parts []string
	for _, n := range allNeeds() {
		if user.May(n.may) {
			parts = append(parts, "SELECT '"+string(n.kind)+"' AS kind, r.* FROM my CROSS JOIN LATERAL ("+n.sql+limit+") r")
		}
	}
	if scope.All && user.May(WebhooksRead) {
		parts = append(parts, "SELECT '"+string(NeedForged)+"' AS kind, r.* FROM ("+forgedToday+limit+") r")
	}
	if len(parts) == 0 {
		return nil, nil
	}
	rows, err := db.pool.Query(ctx, `WITH my AS NOT MATERIALIZED (SELECT id, time_zone FROM stores WHERE $1 OR id = ANY ($2)), beginning AS (SELECT $3::timestamptz)
		SELECT kind, reason, currency, count(DISTINCT id), min(at), sum(minor)::bigint FROM (`+strings.Join(parts, " UNION ALL ")+`) r
		GROUP BY kind, reason, currency ORDER BY kind, reason, currency`, scope.All, slices.Concat([]int64{0}, scope.Stores), today)
	if err != nil {
		return nil, fmt.Errorf("count what needs a person: %w", err)
	}
	defer rows.Close()
	found := map[NeedKind]*Need{}
	for rows.Next() {
		var (
			kind             NeedKind
			reason, currency string
			n                int
			oldest           time.Time
			minor            int64
		)
		if err := rows.Scan(&kind, &reason, &currency, &n, &oldest, &minor); err != nil {
			return nil, fmt.Errorf("count what needs a person: %w", err)
		}
		if found[kind] == nil {
			found[kind] = &Need{Kind: kind, Oldest: oldest.UTC()}
		}
		found[kind].add(reason, currency, n, oldest.UTC(), minor)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("count what needs a person: %w", err)
	}
	return inOrder(found), nil
}

// add takes in one line of the count.
func (n *Need) add(reason, currency string, count int, oldest time.Time, minor int64) {
	n.Count += count
	if n.Count > MostNeeds {
		n.Count, n.More = MostNeeds, true
	}
	if oldest.Before(n.Oldest) {
		n.Oldest = oldest
	}
	if reason != "" {
		if i := slices.IndexFunc(n.Reasons, func(r NeedReason) bool { return r.Reason == reason }); i >= 0 {
			n.Reasons[i].Count += count
		} else {
			n.Reasons = append(n.Reasons, NeedReason{reason, count})
		}
	}
	if minor == 0 {
		return
	}
	if i := slices.IndexFunc(n.AtRisk, func(a money.Amount) bool { return a.Currency == currency }); i >= 0 {
		n.AtRisk[i].Minor += minor
	} else {
		n.AtRisk = append(n.AtRisk, money.New(minor, currency))
	}
}

func inOrder(found map[NeedKind]*Need) []Need {
	var list []Need
	for _, kind := range needOrder {
		if n := found[kind]; n != nil {
			list = append(list, *n)
		}
	}
	return list
}
