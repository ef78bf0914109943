package cast_test

import (
	"testing"
	"time"

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
		"SELECT count(*) FROM gateway_settings":                                                   2,
		"SELECT count(DISTINCT status_reason) FROM orders WHERE status = 'missing'":               3,
		"SELECT count(*) FROM payments WHERE status IN ('stuck', 'refunding', 'authorized')":      3,
		"SELECT count(*) FROM orders WHERE currency IN ('JPY', 'KWD')":                            2,
		"SELECT count(*) FROM order_events WHERE waiting AND request_id = '16916747740991418099'": 1,
	} {
		var got int
		if err := db.Pool().QueryRow(ctx, sql).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %d (%v), want %d", sql, got, err, want)
		}
	}
}
