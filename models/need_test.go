package models_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
	"github.com/kartify/kartify/models/modelstest"
	"github.com/kartify/kartify/money"
)

// desk is the cast with some things in every kind of trouble.
type desk struct {
	*testing.T
	db  *models.DB
	ctx context.Context
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{T: t, db: modelstest.DB(t), ctx: modelstest.System(t.Context())}
	if err := cast.Load(d.ctx, d.db, time.Now()); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) exec(sql string, args ...any) {
	d.Helper()
	if _, err := d.db.Pool().Exec(d.ctx, sql, args...); err != nil {
		d.Errorf("%s: %v", sql, err)
	}
}

func (d *desk) user(email string) (context.Context, *models.User) {
	d.Helper()
	u, err := d.db.UserByEmail(d.ctx, email)
	if err != nil {
		d.Fatal(err)
	}
	return models.WithScope(d.ctx, u.Scope()), u
}

// needs is what one person is told, by kind.
func (d *desk) needs(email string) map[models.NeedKind]models.Need {
	d.Helper()
	ctx, u := d.user(email)
	list, err := d.db.Needs(ctx, u, time.Now().UTC().Truncate(24*time.Hour))
	if err != nil {
		d.Fatal(err)
	}
	found := map[models.NeedKind]models.Need{}
	for _, n := range list {
		found[n.Kind] = n
	}
	return found
}

// operation puts an operation of 10.00 into the payment of an order.
func (d *desk) operation(order int64, state, contradiction, age string) {
	d.Helper()
	d.exec(`INSERT INTO operations (store_id, order_id, payment_id, kind, source, amount_minor, currency, requester, digest, idempotency_key, state, contradiction, created_at, next_at)
		SELECT store_id, order_id, id, 'refund', 'staff', 1000, currency, 'Asha', '\x', 'kfycast' || md5(random()::text), $2, $3, now() - $4::text::interval, NULL
		FROM payments WHERE order_id = $1 LIMIT 1`, order, state, contradiction, age)
}

func (d *desk) webhook(store int64, verdict, state, age string) {
	d.Helper()
	d.exec(`INSERT INTO webhooks (source, store_id, body_sha256, body, verdict, state, received_at)
		VALUES ('gofynd', $1, sha256(random()::text::bytea), '{}', $2, $3, now() - $4::text::interval)`, store, verdict, state, age)
}

func TestNeedsAreWhatTheListsShow(t *testing.T) {
	d := newDesk(t)
	d.operation(1001, "unknown", "", "3 hours")
	d.operation(1001, "needs_review", "", "2 days")
	d.operation(1001, "succeeded", "The gateway says failed.", "1 hour")
	d.webhook(cast.Ruosh, "verified", "parked", "5 hours")
	d.webhook(cast.Ruosh, "verified", "failed", "1 hour")
	d.webhook(cast.Chandni, "verified", "failed", "1 hour")
	d.webhook(0, "forged", "refused", "0")
	d.webhook(0, "forged", "refused", "30 hours")
	d.exec(`INSERT INTO partner_updates (store_id, order_id, kind, status, amount_minor, currency, state) VALUES (40, 1001, 'refund_session', 'refund_done', 1000, 'INR', 'failed')`)
	d.exec(`INSERT INTO emails (store_id, order_id, kind, event, occurrence, state, cause, webhook_id) VALUES
		(40, 1001, 'event', 'ORDER_PLACED', 'a', 'not_sent', 'no_address', 1), (40, 1001, 'event', 'ORDER_PLACED', 'b', 'not_sent', 'event_off', 2)`)

	owner := d.needs("owner@ruosh.example")
	for _, tt := range []struct {
		kind  models.NeedKind
		count int
		risk  []money.Amount
	}{
		{models.NeedUnknown, 1, []money.Amount{money.New(1000, "INR")}},
		{models.NeedReview, 1, []money.Amount{money.New(1000, "INR")}},
		{models.NeedContradiction, 1, []money.Amount{money.New(1000, "INR")}},
		{models.NeedParked, 1, nil},
		{models.NeedFailed, 2, nil},
		{models.NeedForged, 1, nil},
		{models.NeedPartner, 1, nil},
		{models.NeedEmail, 1, nil},
	} {
		if n := owner[tt.kind]; n.Count != tt.count || fmt.Sprint(n.AtRisk) != fmt.Sprint(tt.risk) || n.More {
			t.Errorf("%s: %+v, want %d with %v at risk", tt.kind, n, tt.count, tt.risk)
		}
	}
	if age := time.Since(owner[models.NeedReview].Oldest); age < 47*time.Hour || age > 49*time.Hour {
		t.Errorf("the oldest operation for a person is %s old, want two days", age)
	}

	ctx, user := d.user("owner@ruosh.example")
	choices, err := d.db.OrderChoices(ctx, user.ID)
	if err != nil {
		t.Fatal(err)
	}
	for kind, filter := range map[models.NeedKind]models.OrderFilter{
		models.NeedRefund:  {Events: []string{models.EventRefundInitiated}, Limit: 50},
		models.NeedMissing: {Statuses: []string{models.StatusMissing}, Limit: 50},
	} {
		list, err := d.db.Orders(ctx, filter, choices)
		if err != nil {
			t.Fatal(err)
		}
		if got := owner[kind].Count; got != len(list.Rows) || got == 0 {
			t.Errorf("%s counts %d and its list shows %d", kind, got, len(list.Rows))
		}
	}
	missing := owner[models.NeedMissing]
	sum := 0
	for _, r := range missing.Reasons {
		sum += r.Count
	}
	if sum != missing.Count || len(missing.Reasons) < 3 {
		t.Errorf("missing orders by reason are %v of %d", missing.Reasons, missing.Count)
	}
	for kind, query := range map[models.NeedKind]string{
		models.NeedEmail: "table=gofynd_email&state=trouble", models.NeedFailed: "table=webhook&state=failed", models.NeedParked: "table=webhook&state=parked",
		models.NeedForged: "table=webhook&verdict=forged&from=" + time.Now().UTC().Format(time.DateOnly),
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		filter, notices := models.ReadLogFilter(values, choices, models.LogTables)
		log, err := d.db.DataLog(ctx, filter, choices)
		if err != nil || len(notices) > 0 {
			t.Fatal(err, notices)
		}
		if rows := len(log.Webhooks) + len(log.Emails); rows != owner[kind].Count {
			t.Errorf("%s counts %d and the Data Log shows %d", kind, owner[kind].Count, rows)
		}
	}
	for _, kind := range models.LimboKinds {
		board, err := d.db.Limbo(ctx, models.LimboFilter{Kind: kind})
		elsewhere := kind == models.NeedOverdue || kind == models.NeedPending // which only the board counts
		if err != nil || board.Next != "" || len(board.Rows) != owner[kind].Count && !elsewhere {
			t.Errorf("limbo %s shows %+v (%v), the dashboard counts %d", kind, board, err, owner[kind].Count)
		}
	}
}

func TestNeedsKeepToStoresAndRights(t *testing.T) {
	d := newDesk(t)
	d.webhook(cast.Ruosh, "verified", "parked", "5 hours")
	d.webhook(cast.Nordisk, "verified", "parked", "5 hours")
	d.webhook(0, "forged", "refused", "0")
	if n := d.needs("support@ruosh.example")[models.NeedParked].Count; n != 1 {
		t.Errorf("support of Ruosh is told of %d parked webhooks, want her own", n)
	}
	if _, told := d.needs("support@ruosh.example")[models.NeedForged]; told {
		t.Error("somebody of one store is told of webhooks that belong to none")
	}
	if n := d.needs("viewer@ruosh.example"); n[models.NeedParked].Count != 0 || n[models.NeedRefund].Count == 0 {
		t.Errorf("a viewer is told %v, want refunds and no webhooks", n)
	}
	if n := d.needs("auditor@ruosh.example"); len(n) != 0 {
		t.Errorf("an auditor is told %v", n)
	}
}

func TestNeedsStopCounting(t *testing.T) {
	d := newDesk(t)
	d.exec(`INSERT INTO webhooks (source, store_id, body_sha256, body, verdict, state, received_at)
		SELECT 'gofynd', 40, sha256(n::text::bytea), '{}', 'verified', 'parked', now() - n * interval '1 second' FROM generate_series(1, 5000) n`)
	n := d.needs("owner@ruosh.example")[models.NeedParked]
	if n.Count != models.MostNeeds || !n.More {
		t.Errorf("5000 parked webhooks are counted as %d, more %v", n.Count, n.More)
	}
	if age := time.Since(n.Oldest); age < 4990*time.Second {
		t.Errorf("the oldest of them is %s old, want the oldest of all", age)
	}
}
