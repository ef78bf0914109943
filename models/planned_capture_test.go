package models_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// form is a freshly filled in Plan capture form.
func (t *till) form(at time.Time) models.CapturePlan {
	return models.CapturePlan{OrderID: t.order, PaymentID: t.payment, At: at, By: t.asha, Token: t.db.PlanToken(*t.asha.UserID, t.payment)}
}

// openPlan is a till with a hold of ten days, and a clock to move.
func openPlan(t *testing.T) *till {
	t.Helper()
	tt := openHold(t, &gatewaytest.Bogus{Class: gateways.ByKey, KeyLifetime: time.Hour}, lasting)
	tt.startClock()
	tt.exec(`UPDATE payments SET capture_before = now() + interval '10 days'`)
	return tt
}

// due plans the capture in an hour, and lets the hour pass.
func (t *till) due() *models.PlannedCapture {
	t.Helper()
	plan, err := t.db.PlanCapture(t.ctx, t.form(t.clock().Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	t.forward(61 * time.Minute)
	return plan
}

// why is what the latest plan says of itself.
func (t *till) why() string {
	t.Helper()
	var text string
	t.scan(&text, `SELECT problem FROM planned_captures WHERE payment_id = $1 ORDER BY id DESC LIMIT 1`, t.payment)
	return text
}

func TestPlanCapture(t *testing.T) {
	tt := openPlan(t)
	at := tt.clock()
	for _, x := range []struct {
		name string
		in   time.Duration
		want string
	}{
		{"now", 0, "Choose a time to come; to capture now, press Capture."},
		{"in the past", -time.Hour, "Choose a time to come; to capture now, press Capture."},
		{"when the hold has ended", 241 * time.Hour, "Plan the capture for 15 minutes before that at the latest."},
		{"when it is about to end", 240*time.Hour - 5*time.Minute, "Plan the capture for 15 minutes before that at the latest."},
	} {
		if _, err := tt.db.PlanCapture(tt.ctx, tt.form(at.Add(x.in))); !strings.Contains(problemOf(err), x.want) {
			t.Errorf("%s: %q, want %q", x.name, problemOf(err), x.want)
		}
	}
	foreign := tt.form(at.Add(time.Hour))
	foreign.Token = tt.db.FormToken(*tt.asha.UserID, "capture", tt.payment)
	if _, err := tt.db.PlanCapture(tt.ctx, foreign); !strings.Contains(problemOf(err), "does not belong to you") {
		t.Errorf("the token of another form: %v", err)
	}
	elsewhere := models.WithScope(tt.ctx, models.Scope{Stores: []int64{40}})
	if _, err := tt.db.PlanCapture(elsewhere, tt.form(at.Add(time.Hour))); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("from another store: %v", err)
	}
	if err := tt.db.CancelPlannedCapture(elsewhere, tt.order, tt.payment, tt.asha); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("cancelled from another store: %v", err)
	}

	form := tt.form(at.Add(time.Hour))
	plan, err := tt.db.PlanCapture(tt.ctx, form)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := tt.db.PlanCapture(tt.ctx, form); err != nil || again.ID != plan.ID {
		t.Errorf("the same form again: %v, %v", again, err)
	}
	if _, err := tt.db.PlanCapture(tt.ctx, tt.form(at.Add(2*time.Hour))); !strings.Contains(problemOf(err), "planned for this payment already") {
		t.Errorf("a second plan: %v", err)
	}
	tt.watch()
	if got := tt.planned(); got != "waiting by person" || len(tt.bogus.Calls()) != 0 {
		t.Errorf("an hour early it is %s", got)
	}

	// Taken back in time: nothing is ever sent.
	for range 2 {
		if err := tt.db.CancelPlannedCapture(tt.ctx, tt.order, tt.payment, tt.asha); err != nil {
			t.Fatal(err)
		}
	}
	tt.forward(2 * time.Hour)
	tt.watch()
	if got := tt.planned(); got != "cancelled by person" || len(tt.bogus.Calls()) != 0 || tt.number(`SELECT count(*) FROM operations`) != 0 {
		t.Errorf("after it was cancelled it is %s, and %v was called", got, tt.bogus.Calls())
	}
	if n := tt.number(`SELECT count(*) FROM order_history WHERE comment = 'The planned capture was cancelled.'`); n != 1 {
		t.Errorf("the history tells %d times that it was cancelled", n)
	}
}

// However many processes take up a due plan, and however often they are killed in the middle of it, it is one
// capture.
func TestPlannedCaptureIsMadeOnce(t *testing.T) {
	tt := openPlan(t)
	plan := tt.due()
	var group sync.WaitGroup
	for range 12 {
		group.Go(func() {
			if _, err := tt.db.RunDueCaptures(tt.ctx); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := tt.number(`SELECT count(*) FROM operations WHERE source = 'plan'`); n != 1 || tt.planned() != "sent by person" {
		t.Fatalf("%d operations, the plan is %s", n, tt.planned())
	}
	if err := tt.db.CancelPlannedCapture(tt.ctx, tt.order, tt.payment, tt.asha); !strings.Contains(problemOf(err), "too late") {
		t.Errorf("cancelled while it is sent: %v", err)
	}
	// A process that died after the operation was stored and before the plan knew of it.
	tt.exec(`ALTER TABLE planned_captures DISABLE TRIGGER planned_captures_step`)
	tt.exec(`UPDATE planned_captures SET state = 'sending', operation_id = NULL, next_at = now() WHERE id = $1`, plan.ID)
	tt.exec(`ALTER TABLE planned_captures ENABLE TRIGGER planned_captures_step`)
	tt.watch()
	var op models.Operation
	tt.scan(&op.ID, `SELECT id FROM operations WHERE source = 'plan'`)
	tt.run(&op, models.Succeeded)
	tt.watch()
	if got := tt.planned() + ", " + tt.effects("pay_1"); got != "done by person, capture 11875" {
		t.Errorf("in the end: %s", got)
	}
	var who string
	tt.scan(&who, `SELECT requester FROM operations WHERE id = $1`, op.ID)
	if who != "Farah" {
		t.Errorf("the capture was asked for by %q, not by who planned it", who)
	}
	if _, err := tt.db.Pool().Exec(tt.ctx, `UPDATE planned_captures SET state = 'waiting', next_at = now(), finished_at = NULL`); err == nil {
		t.Error("the database lets a plan that is done wait again")
	}
	tt.sound()
}

// A process that is told to stop while its provider is silent leaves the plan for the next one.
func TestPlannedCaptureOutlivesItsWorker(t *testing.T) {
	tt := openPlan(t)
	tt.due()
	stopped, cancel := context.WithCancel(tt.ctx)
	cancel()
	_, _ = tt.db.RunDueCaptures(stopped)
	tt.forward(10 * time.Minute)
	tt.watch()
	if got := tt.planned(); got != "sent by person" {
		t.Errorf("the plan is %s: %s", got, tt.why())
	}
}

// What cannot be captured when the time comes is told of, and nothing is sent.
func TestPlannedCaptureIsRefusedLoudly(t *testing.T) {
	for _, x := range []struct {
		name    string
		before  func(tt *till)
		want    string
		why     string
		board   string
		effects string
	}{
		{
			"given back in the portal",
			func(tt *till) {
				tt.bogus.AddPayment(gateways.Payment{Ref: "pay_1", Word: "CANCELLED", Amount: sek(11875), Voided: 11875, Canceled: true})
			},
			"failed by person", "The authorization was given back; it cannot be captured.", "plans", "",
		},
		{
			"captured in the portal",
			func(tt *till) {
				tt.bogus.AddPayment(gateways.Payment{Ref: "pay_1", Word: "CAPTURED", Amount: sek(11875), Authorized: true, Captured: 11875})
			},
			"done by person", "All of 118.75 SEK has been captured.", "hold", "",
		},
		{
			"captured by hand a moment before",
			func(tt *till) { tt.done(tt.capture(0)) },
			"done by person", "All of 118.75 SEK has been captured.", "", "capture 11875",
		},
		{
			"the settings are gone",
			func(tt *till) { tt.exec(`UPDATE gateway_settings SET current = false`) },
			"waiting by person", "No Bogus settings are stored", "", "",
		},
		{
			"the provider does not know it",
			func(tt *till) { tt.exec(`UPDATE payments SET ref = 'pay_unknown'`) },
			"waiting by person", "Bogus does not know this payment.", "", "",
		},
	} {
		t.Run(x.name, func(t *testing.T) {
			tt := openPlan(t)
			tt.due()
			x.before(tt)
			tt.watch()
			board := ""
			if x.board == "plans" {
				board = x.board
			}
			if got := tt.planned(); got != x.want || !strings.Contains(tt.why(), x.why) || tt.effects("pay_1") != x.effects || tt.limbo() != board {
				t.Errorf("it is %s (%s), effects %q, in limbo %q", got, tt.why(), tt.effects("pay_1"), tt.limbo())
			}
			if n := tt.number(`SELECT count(*) FROM order_history WHERE comment LIKE 'The planned capture failed.%'`); (n == 1) != (board == "plans") {
				t.Errorf("the history says %d times that it failed", n)
			}
			tt.sound()
		})
	}
}

// A provider that stays silent is asked until the hold has ended, and then somebody is told.
func TestPlannedCaptureOfASilentProvider(t *testing.T) {
	tt := openPlan(t)
	tt.due()
	tt.exec(`UPDATE payments SET ref = 'pay_unknown'`)
	tt.watch()
	if got := tt.planned(); got != "waiting by person" {
		t.Fatalf("the first time it is %s", got)
	}
	tt.forward(9*24*time.Hour + 22*time.Hour)
	tt.watch()
	if got := tt.planned(); got != "waiting by person" {
		t.Errorf("before the end it is %s", got)
	}
	tt.forward(2 * time.Hour)
	tt.watch()
	if got := tt.planned(); got != "failed by person" || !strings.Contains(tt.why(), "The authorization ended before the capture could be made.") || tt.limbo() != "hold plans" {
		t.Errorf("after the end it is %s (%s), in limbo as %q", got, tt.why(), tt.limbo())
	}
}

// A capture that the provider declines is told of too. Captured after all, it is not in limbo any more.
func TestPlannedCaptureDeclined(t *testing.T) {
	tt := openPlan(t)
	user := modelstest.Person(t, tt.db, "Vera", models.Owner, 41)
	tt.due()
	tt.bogus.Next(gatewaytest.Decline)
	tt.watch()
	var op models.Operation
	tt.scan(&op.ID, `SELECT id FROM operations WHERE source = 'plan'`)
	tt.run(&op, models.Failed)
	tt.watch()
	if got := tt.planned(); got != "failed by person" || tt.limbo() != "plans" {
		t.Fatalf("it is %s, in limbo as %q", got, tt.limbo())
	}
	list, err := tt.db.Needs(tt.ctx, user, time.Now())
	if err != nil || len(list) != 1 || list[0].Kind != models.NeedPlan || fmt.Sprint(list[0].AtRisk) != "[118.75 SEK]" {
		t.Errorf("the dashboard says %+v (%v)", list, err)
	}
	tt.done(tt.capture(0))
	tt.watch()
	if got := tt.planned(); got != "done by person" || tt.limbo() != "" || tt.effects("pay_1") != "capture 11875" {
		t.Errorf("captured by hand it is %s, in limbo as %q, %s", got, tt.limbo(), tt.effects("pay_1"))
	}
}

func TestCaptureRule(t *testing.T) {
	tt := openPlan(t)
	tt.exec(`UPDATE payments SET capture_before = now() + interval '5 days'`)
	for _, x := range []struct {
		name string
		form models.CaptureRuleForm
		want string
	}{
		{"too early", models.CaptureRuleForm{Hours: 721, Statuses: []string{"shipped"}}, "Choose from 1 to 720 hours."},
		{"below nothing", models.CaptureRuleForm{Hours: -1, Statuses: []string{"shipped"}}, "Choose from 1 to 720 hours."},
		{"no status", models.CaptureRuleForm{Hours: 12}, "Choose at least one order status."},
		{"failed orders", models.CaptureRuleForm{Hours: 12, Statuses: []string{"shipped", "failed"}}, `Orders of the status "failed" are not captured by themselves.`},
		{"before the hold begins", models.CaptureRuleForm{Hours: 120, Statuses: []string{"shipped"}}, "Bogus holds money for 120 hours; choose fewer."},
	} {
		x.form.StoreID, x.form.Gateway, x.form.By = 41, "bogus", tt.asha
		if err := tt.db.SaveCaptureRule(tt.ctx, x.form); problemOf(err) != x.want {
			t.Errorf("%s: %q, want %q", x.name, problemOf(err), x.want)
		}
	}
	unknown := models.CaptureRuleForm{StoreID: 41, Gateway: "nobody", Hours: 12, Statuses: []string{"shipped"}, By: tt.asha}
	if err := tt.db.SaveCaptureRule(tt.ctx, unknown); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("of an unknown gateway: %v", err)
	}
	elsewhere := models.WithScope(tt.ctx, models.Scope{Stores: []int64{40}})
	if err := tt.db.SaveCaptureRule(elsewhere, models.CaptureRuleForm{StoreID: 41, Gateway: "bogus", Hours: 12, Statuses: []string{"shipped"}, By: tt.asha}); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("from another store: %v", err)
	}

	tt.rule(24, "complete", "shipped")
	tt.rule(24, "shipped", "complete") // the same again
	if n := tt.number(`SELECT count(*) FROM audit_log WHERE action = 'capture_rule.saved'`); n != 1 {
		t.Errorf("the audit log has %d changes of the rule", n)
	}
	page, err := tt.db.OrderPage(tt.ctx, tt.order)
	if err != nil {
		t.Fatal(err)
	}
	rule, at := page.RuleOf(page.Payment(tt.payment))
	if rule == nil || fmt.Sprint(rule.Statuses) != "[shipped complete]" || at.Sub(page.Now).Round(time.Hour) != 96*time.Hour {
		t.Errorf("the page says %+v at %s", rule, at)
	}

	// Held back by hand: this authorization is not captured by the rule, another one is.
	tt.exec(`UPDATE orders SET status = 'shipped'`)
	if err := tt.db.CancelPlannedCapture(tt.ctx, tt.order, tt.payment, tt.asha); err != nil {
		t.Fatal(err)
	}
	if page, err = tt.db.OrderPage(tt.ctx, tt.order); err != nil {
		t.Fatal(err)
	}
	if rule, _ := page.RuleOf(page.Payment(tt.payment)); rule != nil {
		t.Error("the page still announces what was held back")
	}
	tt.forward(4*24*time.Hour + time.Hour)
	tt.watch()
	if got := tt.planned(); got != "cancelled by rule" || len(tt.bogus.Calls()) != 0 {
		t.Errorf("held back it is %s", got)
	}
	tt.exec(`UPDATE payments SET capture_before = capture_before + interval '1 hour'`) // extended at the provider
	tt.watch()
	if got := tt.planned(); got != "sent by rule" {
		t.Errorf("of the longer hold it is %s", got)
	}
}

// A rule that is ended, and an order that has gone on, leave a due plan undone.
func TestCaptureRuleWithdrawn(t *testing.T) {
	for _, x := range []struct{ name, sql, want string }{
		{"the rule was ended", `DELETE FROM capture_rules`, "The rule it was planned by was ended."},
		{"the order was cancelled", `UPDATE orders SET status = 'cancelled'`, "The order is cancelled by now, which the rule does not speak of."},
	} {
		tt := openPlan(t)
		tt.exec(`UPDATE orders SET status = 'shipped'`)
		tt.exec(`UPDATE payments SET capture_before = now() + interval '20 hours'`)
		tt.rule(24, "shipped")
		tt.exec(`UPDATE payments SET ref = 'pay_unknown'`) // its provider cannot be asked yet
		tt.watch()
		if got := tt.planned(); got != "waiting by rule" {
			t.Fatalf("%s: first it is %s", x.name, got)
		}
		tt.exec(x.sql)
		tt.exec(`UPDATE payments SET ref = 'pay_1'`)
		tt.forward(2 * time.Minute)
		tt.watch()
		if got := tt.planned() + ": " + tt.why(); got != "cancelled by rule: "+x.want || len(tt.bogus.Calls()) != 0 {
			t.Errorf("%s: %s", x.name, got)
		}
	}
}
