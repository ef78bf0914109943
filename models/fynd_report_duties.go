package models

import (
	"context"
	"fmt"
	"time"

	"github.com/kartify/kartify/lang"
)

// What Fynd asks of whoever offers a payment extension (Fynd partner documentation, payment extension, duties).
const (
	FyndAnswersWithin = 2 * time.Hour // to an outage
	uptimeDays        = 30
)

// FyndDuties is how kartify does what Fynd asks for, from its own records.
type FyndDuties struct {
	Uptime   *Uptime
	Answers  int64 // to calls of Fynd in the last days
	Broken   int64 // of them, errors of ours
	Slowest  time.Duration
	SlowDay  *time.Time // on which that was
	Queues   []StuckQueue
	Late     int64 // payments of the last 30 days that a gateway's file says were paid out after more than five days
	Disputes int64 // refunds of an extension's payments that Fynd's events call disputed
	Paid     int64 // payments of extensions captured in the last 30 days, for the share of disputes
	APIs     []string
}

// StuckQueue is work that has waited for longer than two hours.
type StuckQueue struct {
	What   lang.Text
	Count  int64
	Oldest time.Time
	Path   string // where it is seen
}

// stuckQueues are the queues on the way between Fynd, kartify and the gateways; each tells how many rows have waited
// since before $1, and since when.
var stuckQueues = []struct {
	what      lang.Text
	path, sql string
}{
	{lang.Textf("Messages that Fynd has not taken"), "/sales/limbo?of=partner", `SELECT count(*), min(created_at) FROM partner_updates WHERE state <> 'done' AND state <> 'failed' AND created_at < $1`},
	{lang.Textf("Webhooks that were not acted on"), "/system/tools/data-log?table=webhook", `SELECT count(*), min(received_at) FROM webhooks WHERE next_at < $1`},
	{lang.Textf("Money operations without an end"), "/sales/limbo?of=unknown", `SELECT count(*), min(created_at) FROM operations WHERE state NOT IN ('succeeded', 'failed', 'cancelled', 'awaiting_approval', 'pending') AND created_at < $1`},
	{lang.Textf("E-mails that were not sent"), "/system/tools/data-log?table=gofynd_email", `SELECT count(*), min(created_at) FROM emails WHERE next_at IS NOT NULL AND state IN ('queued', 'sending') AND created_at < $1`},
}

// FyndDuties looks how kartify does what Fynd asks for, in the stores of ctx.
func (db *DB) FyndDuties(ctx context.Context) (*FyndDuties, error) {
	d := &FyndDuties{APIs: FyndAPIVersions}
	var err error
	if d.Uptime, err = db.Uptime(ctx, uptimeDays); err != nil {
		return nil, err
	}
	var slowest int64
	err = db.pool.QueryRow(ctx, `SELECT coalesce(sum(answers), 0), coalesce(sum(broken), 0), coalesce(max(slowest_ms), 0),
			(array_agg(day ORDER BY slowest_ms DESC, day DESC))[1] FROM fynd_answer_days WHERE day > (now() AT TIME ZONE 'UTC')::date - $1::int`, uptimeDays).
		Scan(&d.Answers, &d.Broken, &slowest, &d.SlowDay)
	if err != nil {
		return nil, fmt.Errorf("look how long Fynd waited: %w", err)
	}
	d.Slowest = time.Duration(slowest) * time.Millisecond
	for _, q := range stuckQueues {
		stuck := StuckQueue{What: q.what, Path: q.path}
		var oldest *time.Time
		if err := db.pool.QueryRow(ctx, q.sql, now().Add(-FyndAnswersWithin)).Scan(&stuck.Count, &oldest); err != nil {
			return nil, fmt.Errorf("count %s: %w", q.what, err)
		}
		if oldest != nil {
			stuck.Oldest = oldest.UTC()
		}
		d.Queues = append(d.Queues, stuck)
	}
	err = db.pool.QueryRow(ctx, `SELECT
			(SELECT count(*) FROM reconciliation_rows WHERE `+settledLate+` AND settled_at > now() - interval '30 days'),
			(SELECT count(DISTINCT e.order_id) FROM order_events e JOIN fynd_sessions f ON f.order_id = e.order_id WHERE e.event ILIKE '%DISPUTE%' AND e.received_at > now() - interval '30 days'),
			(SELECT count(*) FROM payments p JOIN fynd_sessions f ON f.order_id = p.order_id WHERE p.captured_minor > 0 AND p.mode = 'live' AND p.created_at > now() - interval '30 days')`).
		Scan(&d.Late, &d.Disputes, &d.Paid)
	if err != nil {
		return nil, fmt.Errorf("count late settlements and disputes: %w", err)
	}
	return d, nil
}

// Stuck is how many things have waited for more than two hours.
func (d *FyndDuties) Stuck() int64 {
	var n int64
	for _, q := range d.Queues {
		n += q.Count
	}
	return n
}
