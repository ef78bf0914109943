package jobs_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/jobs"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
	"github.com/kartify/kartify/money"
)

// shop is a store with a captured payment of 100.00 INR, and the queue that works for it.
type shop struct {
	*testing.T
	db    *models.DB
	bogus *gatewaytest.Bogus
	jobs  *jobs.Jobs
	ctx   context.Context
	asha  models.Actor

	order, payment int64
}

func openShop(t *testing.T, timings models.Timings) *shop {
	t.Helper()
	s := &shop{T: t, bogus: &gatewaytest.Bogus{Class: gateways.ByKey, KeyLifetime: time.Hour, QuietPeriod: time.Hour}, ctx: modelstest.System(t.Context())}
	driver := s.bogus.Driver()
	driver.Code = "razorpay"
	s.db = modelstest.DB(t, func(o *models.Options) {
		o.MaxConns, o.Drivers, o.Timings = 20, []gateways.Driver{driver}, timings
	})
	modelstest.Store(t, s.db, 40, "INR")
	user := modelstest.Person(t, s.db, "Asha", models.Support, 40)
	s.asha = models.Actor{Kind: "user", UserID: &user.ID, Name: "Asha"}
	_, err := s.db.SaveSettings(s.ctx, models.SettingsForm{
		StoreID: 40, Gateway: "razorpay", Mode: "test", Enabled: true, By: models.SystemActor,
		Values: map[string]string{"key": "k", "secret": "s", "webhook_secret": "hook"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.scan(&s.order, `INSERT INTO orders (store_id, partner_order_id, status, gateway, currency, items_minor, total_minor)
		VALUES (40, 'FY1', 'processing', 'razorpay', 'INR', 10000, 10000) RETURNING id`)
	s.scan(&s.payment, `INSERT INTO payments (order_id, store_id, gateway, mode, ref, status, currency, amount_minor, authorized_minor, captured_minor)
		VALUES ($1, 40, 'razorpay', 'test', 'pay_1', 'success', 'INR', 10000, 10000, 10000) RETURNING id`, s.order)
	if s.jobs, err = jobs.New(s.db, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	return s
}

func (s *shop) stop() {
	if err := s.jobs.Stop(context.WithoutCancel(s.ctx)); err != nil {
		s.Errorf("stop: %v", err)
	}
}

func (s *shop) start() {
	s.Helper()
	if err := s.jobs.Start(s.ctx); err != nil {
		s.Fatal(err)
	}
}

func (s *shop) scan(into any, sql string, args ...any) {
	s.Helper()
	if err := s.db.Pool().QueryRow(s.ctx, sql, args...).Scan(into); err != nil {
		s.Fatal(err)
	}
}

func (s *shop) refund(minor int64) *models.Operation {
	s.Helper()
	op, err := s.db.RefundPayment(s.ctx, models.RefundRequest{
		OrderID: s.order, PaymentID: s.payment, Amount: money.New(minor, "INR"), Reason: "returned",
		Token: s.db.FormToken(*s.asha.UserID, "refund", s.payment), By: s.asha,
	})
	if err != nil {
		s.Fatal(err)
	}
	return op
}

// until waits for the query to say true.
func (s *shop) until(what, sql string, args ...any) {
	s.Helper()
	for range 2000 {
		var ok bool
		s.scan(&ok, sql, args...)
		if ok {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	s.Fatal("waited in vain: " + what)
}

// never is a sweep that does not come during a test.
var never = models.Timings{Sweep: time.Hour}

func TestRefundIsDispatchedAtOnce(t *testing.T) {
	s := openShop(t, never)
	s.start()
	s.refund(100)
	s.until("the first refund", `SELECT count(*) = 1 FROM operations WHERE state = 'succeeded'`) // the queue listens from here on
	for range 20 {
		s.refund(100)
	}
	// No sweep runs here: only the queue can have carried them.
	s.until("every refund", `SELECT count(*) = 21 FROM operations WHERE state = 'succeeded'`)
}

func TestProcessWithoutWorkersLeavesWorkToOthers(t *testing.T) {
	s := openShop(t, never)
	op := s.refund(1000) // taken in, and nobody works here
	if calls := len(s.bogus.Calls()); calls != 0 {
		t.Fatalf("%d calls without workers", calls)
	}
	s.start()
	s.until("the refund", `SELECT state = 'succeeded' FROM operations WHERE id = $1`, op.ID)
}

func TestSweepFindsWorkWhoseJobWasLost(t *testing.T) {
	s := openShop(t, models.Timings{Sweep: 20 * time.Millisecond})
	op := s.refund(1000)
	header, body := gatewaytest.Webhook(gateways.Event{ID: "e1", Name: "nothing.known"}, "hook")
	if _, err := s.db.ReceiveWebhook(s.ctx, models.Delivery{Source: "razorpay", StoreID: 40, Header: header, Body: body}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Pool().Exec(s.ctx, `DELETE FROM river_job`); err != nil {
		t.Fatal(err)
	}
	s.start()
	s.until("the refund", `SELECT state = 'succeeded' FROM operations WHERE id = $1`, op.ID)
	s.until("the webhook", `SELECT state = 'processed' FROM webhooks`)
}

func TestRolledBackWorkIsNotQueued(t *testing.T) {
	s := openShop(t, never)
	if _, err := s.db.RefundPayment(s.ctx, models.RefundRequest{
		OrderID: s.order, PaymentID: s.payment, Amount: money.New(10001, "INR"), Reason: "returned",
		Token: s.db.FormToken(*s.asha.UserID, "refund", s.payment), By: s.asha,
	}); err == nil {
		t.Fatal("more than was captured was refunded")
	}
	var n int
	s.scan(&n, `SELECT count(*) FROM river_job`)
	if n != 0 {
		t.Errorf("%d jobs of a transaction that rolled back", n)
	}
}

func TestStopLetsACallEnd(t *testing.T) {
	s := openShop(t, never)
	s.bogus.Delay = 300 * time.Millisecond
	s.start()
	op := s.refund(1000)
	s.until("the attempt", `SELECT state = 'dispatching' FROM operations WHERE id = $1`, op.ID)
	s.stop()
	var state string
	s.scan(&state, `SELECT state FROM operations WHERE id = $1`, op.ID)
	if state != "succeeded" {
		t.Errorf("after a stop the refund under way is %s, want succeeded", state)
	}
}

func TestEveryJobHasAQueue(t *testing.T) {
	s := openShop(t, never)
	for _, job := range []models.Job{models.DispatchJob{}, models.StepJob{}, models.ProcessWebhookJob{}, models.PartnerJob{}, models.SendEmailJob{}, models.RunChoreJob{}, models.ExportJob{}, models.StatusActionJob{}, models.StatusRunJob{}} {
		tx, err := s.db.Pool().Begin(s.ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.jobs.Enqueue(s.ctx, tx, job); err != nil {
			t.Errorf("%s: %v", job.Kind(), err)
		}
		if err := tx.Rollback(s.ctx); err != nil {
			t.Fatal(err)
		}
	}
}
