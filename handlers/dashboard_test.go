package handlers_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/jobs"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
	"github.com/kartify/kartify/models/modelstest"
)

// castSite is a site with the cast, and who of it asks.
func castSite(t *testing.T, change ...func(*models.Options)) (*site, func(email string) *browser) {
	t.Helper()
	s := newSite(t, change...)
	ctx := modelstest.System(t.Context())
	if err := cast.Load(ctx, s.db, time.Now()); err != nil {
		t.Fatal(err)
	}
	return s, func(email string) *browser {
		t.Helper()
		user, err := s.db.UserByEmail(ctx, email)
		if err != nil {
			t.Fatal(err)
		}
		return s.as(user)
	}
}

func TestDashboardShowsWhatWaits(t *testing.T) {
	_, as := castSite(t)
	support := as("support@ruosh.example").get("/")
	support.want(t, http.StatusOK, "What needs a person now")
	refunds := support.Find(`[data-need="refunds"]`)
	if path, _ := refunds.Attr("href"); path != "/sales/orders?event=REFUND_INITIATED" || !strings.Contains(refunds.Text(), "at risk") {
		t.Errorf("the refunds lead to %q and say %q", path, refunds.Text())
	}
	if said := support.said(`[data-need="missing"]`); !strings.Contains(said, "debited") || !strings.Contains(said, "Oldest:") {
		t.Errorf("the missing orders say %q", said)
	}
	for _, id := range []string{"#orders-by-day", "#refunds-by-day"} {
		if days := support.Find(id + " svg .bar").Length(); days != 30 {
			t.Errorf("%s shows %d days", id, days)
		}
		if rows := support.Find(id + " tbody tr").Length(); rows != 30 {
			t.Errorf("%s has a table of %d days", id, rows)
		}
		if support.said(id+" svg > title") == "" {
			t.Errorf("%s says nothing to those who cannot see it", id)
		}
	}
	if strings.Contains(support.body, "style=") {
		t.Error("the page has a style attribute, which browsers are told to refuse")
	}
	if said := as("support@ruosh.example").get("/").said("main"); strings.Contains(said, "SEK") || strings.Contains(said, "RUB") {
		t.Error("support of Ruosh sees the money of other stores")
	}
	if to := as("auditor@ruosh.example").get("/").Header.Get("Location"); to != "/system/audit" {
		t.Errorf("an auditor is led to %q", to)
	}
}

func TestDashboardOfANewShop(t *testing.T) {
	s := newSite(t)
	modelstest.Store(t, s.db, 40, "INR")
	s.as(modelstest.Person(t, s.db, "Mira", models.Owner)).get("/").want(t, http.StatusOK, "No orders yet")
}

// counter counts the statements that belong to no set-up of a connection.
type counter struct{ n atomic.Int64 }

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	if !strings.Contains(d.SQL, "set_config('kartify.stores'") && d.SQL != "-- ping" && d.SQL != ";" {
		c.n.Add(1)
	}
	return ctx
}
func (c *counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func TestDashboardAsksThreeThings(t *testing.T) {
	count := &counter{}
	_, as := castSite(t, func(o *models.Options) { o.Tracer = count })
	owner := as("owner@ruosh.example")
	owner.get("/")
	count.n.Store(0)
	owner.get("/").want(t, http.StatusOK, "Orders by day")
	if n := count.n.Load(); n > 3 {
		t.Errorf("the dashboard takes %d statements, want 3 at most with the session", n)
	}
}

func TestLimboListsWhatItCounts(t *testing.T) {
	s, as := castSite(t)
	ctx := modelstest.System(t.Context())
	_, err := s.db.Pool().Exec(ctx, `INSERT INTO operations (store_id, order_id, payment_id, kind, source, amount_minor, currency, requester, digest, idempotency_key, state, problem)
		SELECT store_id, order_id, id, 'refund', 'staff', 1000, currency, 'Asha', '\x', 'kfycast0001', 'needs_review', 'Look <b>there</b>.' FROM payments WHERE order_id = 1001 LIMIT 1`)
	if err != nil {
		t.Fatal(err)
	}
	support := as("support@ruosh.example")
	list := support.get("/sales/limbo?of=review")
	list.want(t, http.StatusOK, "Look <b>there</b>.")
	if to, _ := list.Find("#limbo td a").Attr("href"); !strings.HasPrefix(to, "/sales/orders/1001#operation-") {
		t.Errorf("the row leads to %q", to)
	}
	support.get("/sales/limbo?of=nonsense&after=x").want(t, http.StatusOK, "Look <b>there</b>.")
	support.get("/sales/limbo?of=partner").want(t, http.StatusOK, "Nothing here")
}

func TestJobsPage(t *testing.T) {
	s, as := castSite(t)
	ctx := modelstest.System(t.Context())
	queue, err := jobs.New(s.db, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := queue.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = queue.Stop(context.WithoutCancel(ctx)) })
	owner := as("owner@ruosh.example")
	owner.get("/system/jobs").want(t, http.StatusOK, "Fold day totals")
	if got := owner.post("/system/jobs/no-such-job/runs"); got.StatusCode != http.StatusNotFound {
		t.Errorf("a job that does not exist: %d", got.StatusCode)
	}
	if got := owner.post("/system/jobs/fold-day-totals/runs"); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("start: %d", got.StatusCode)
	}
	for range 400 {
		if strings.Contains(owner.get("/system/jobs").said("#runs"), "Ravi Menon") {
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	owner.get("/system/jobs").want(t, http.StatusOK, "Ravi Menon")
	var audited int
	if err := s.db.Pool().QueryRow(ctx, "SELECT count(*) FROM audit_log WHERE action = 'job.started' AND object = 'job fold-day-totals'").Scan(&audited); err != nil || audited != 1 {
		t.Errorf("%d audit rows of the start (%v)", audited, err)
	}
	support := as("support@ruosh.example")
	if a, b := support.get("/system/jobs"), support.post("/system/jobs/fold-day-totals/runs"); a.StatusCode != http.StatusForbidden || b.StatusCode != http.StatusForbidden {
		t.Errorf("support: %d to look, %d to start", a.StatusCode, b.StatusCode)
	}
}
