package cast_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/gateways/all"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
	"github.com/kartify/kartify/models/modelstest"
)

func TestCastHoldsTogether(t *testing.T) {
	db := modelstest.DB(t, func(o *models.Options) { o.Drivers = all.Drivers })
	ctx, now := modelstest.System(t.Context()), time.Now()
	for range 2 { // a second start finds the same cast
		if err := cast.Load(ctx, db, now); err != nil {
			t.Fatal(err)
		}
		if err := cast.Settings(ctx, db); err != nil {
			t.Fatal(err)
		}
		if err := cast.Webhooks(ctx, db); err != nil {
			t.Fatal(err)
		}
	}
	findings, err := db.Fsck(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Errorf("broken invariant: %s: %v", f.Invariant, f.Records)
	}
	for sql, want := range map[string]int{
		"SELECT count(*) FROM orders WHERE id < 2000":                                             len(cast.Orders(now)),
		"SELECT count(*) FROM gateway_settings":                                                   6,
		"SELECT count(DISTINCT status_reason) FROM orders WHERE status = 'missing'":               3,
		"SELECT count(*) FROM payments WHERE status IN ('stuck', 'refunding', 'authorized')":      3,
		"SELECT count(*) FROM orders WHERE currency IN ('JPY', 'KWD')":                            2,
		"SELECT count(*) FROM webhooks w JOIN order_events e ON e.webhook_id = w.id":              count(t, db, "order_events e JOIN orders o ON o.id = e.order_id WHERE o.partner_order_id IS NOT NULL"),
		"SELECT count(*) FROM webhooks WHERE state IN ('duplicate', 'parked', 'refused')":         3,
		"SELECT count(DISTINCT store_mark) FROM webhooks WHERE store_mark <> ''":                  2,
		"SELECT count(*) FROM order_events WHERE waiting AND request_id = '16916747740991418099'": 1,
	} {
		var got int
		if err := db.Pool().QueryRow(ctx, sql).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %d (%v), want %d", sql, got, err, want)
		}
	}
}

func count(t *testing.T, db *models.DB, from string) (n int) {
	t.Helper()
	if err := db.Pool().QueryRow(modelstest.System(t.Context()), "SELECT count(*) FROM "+from).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestCastsWebhooksAreGenuine: what the inbox holds as verified would be accepted anew as what it is, and
// acting on it again changes nothing.
func TestCastsWebhooksAreGenuine(t *testing.T) {
	db := modelstest.DB(t, func(o *models.Options) { o.Drivers = all.Drivers })
	ctx, now := modelstest.System(t.Context()), time.Now()
	for _, err := range []error{cast.Load(ctx, db, now), cast.Settings(ctx, db), cast.Webhooks(ctx, db)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	rows, err := db.Pool().Query(ctx, "SELECT id FROM webhooks WHERE state = 'processed' ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil || len(ids) < 20 {
		t.Fatalf("%d webhooks were acted upon: %v", len(ids), err)
	}
	for _, id := range ids {
		w, err := db.Webhook(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		receipt, err := db.ReceiveWebhook(ctx, models.Delivery{Source: w.Source, Header: w.Headers, Body: w.Body})
		if err != nil || !receipt.Duplicate || receipt.Verdict != models.Verified {
			t.Errorf("webhook %d, sent again: %+v, %v", id, receipt, err)
		}
		replay, err := db.PreviewReplay(ctx, id)
		if err != nil || len(replay.Changes) != 0 {
			t.Errorf("webhook %d, applied again: %+v, %v", id, replay, err)
		}
	}
}
