package models_test

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
)

// person is the till's person as somebody signed in, of stores 41 alone.
func (t *till) person(role models.Role) *models.User {
	t.Helper()
	t.exec(`UPDATE users SET role = $2, all_stores = false WHERE id = $1`, *t.asha.UserID, role)
	t.exec(`INSERT INTO user_stores (user_id, store_id) VALUES ($1, 41) ON CONFLICT DO NOTHING`, *t.asha.UserID)
	user, err := t.db.User(t.ctx, *t.asha.UserID)
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// plan plans a change of many orders and has it looked at.
func (t *till) plan(req models.StatusRunRequest) string {
	t.Helper()
	id, err := t.db.PlanStatusRun(models.WithScope(t.ctx, req.User.Scope()), req)
	if err != nil {
		t.Fatal(err)
	}
	if err := t.db.RunStatusRun(t.ctx, id); err != nil {
		t.Fatal(err)
	}
	return id
}

func (t *till) page(id string, user *models.User) *models.StatusRunPage {
	t.Helper()
	page, err := t.db.StatusRun(models.WithScope(t.ctx, user.Scope()), id, user, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// start starts a planned run; its delay is over at once.
func (t *till) start(id string, user *models.User) {
	t.Helper()
	if err := t.db.StartStatusRun(t.ctx, id, user, ""); err != nil {
		t.Fatal(err)
	}
	t.exec(`UPDATE status_runs SET next_at = now() - interval '1 second', starts_at = now() - interval '1 second' WHERE id = $1`, id)
}

// manyOrders adds 200 orders with five kinds of obstacle, and gives their numbers and those that can be captured.
func (t *till) manyOrders() (numbers, free []int64) {
	t.Helper()
	t.exec(`INSERT INTO stores (id, code, name, currency, time_zone, fynd) VALUES (42, 'lavka', 'Lavka', 'SEK', 'Europe/Stockholm', false)`)
	for i := range 200 {
		t.hold(fmt.Sprintf("many_%d", i))
		t.exec(`UPDATE orders SET status = 'processing' WHERE id = $1`, t.order)
		numbers = append(numbers, t.order)
		switch i % 10 {
		case 1: // drawn already
			t.exec(`UPDATE payments SET status = 'success', captured_minor = authorized_minor WHERE id = $1`, t.payment)
			t.bogus.AddPayment(gateways.Payment{Ref: fmt.Sprintf("many_%d", i), Word: "CAPTURED", Amount: sek(11875), Authorized: true, Captured: 11875, Method: "invoice"})
		case 2: // its hold ran out
			t.exec(`UPDATE payments SET capture_before = now() - interval '1 hour' WHERE id = $1`, t.payment)
		case 3: // of another store
			t.exec(`UPDATE payments SET store_id = 42 WHERE id = $1`, t.payment)
			t.exec(`UPDATE order_items SET store_id = 42 WHERE order_id = $1`, t.order)
			t.exec(`UPDATE orders SET store_id = 42 WHERE id = $1`, t.order)
		case 4: // not paid by this gateway
			t.exec(`UPDATE payments SET gateway = 'elsewhere' WHERE id = $1`, t.payment)
		case 5: // shipped already
			t.exec(`UPDATE orders SET status = 'shipped' WHERE id = $1`, t.order)
		default:
			free = append(free, t.order)
		}
	}
	return numbers, free
}

func TestManyOrdersAreShippedOnce(t *testing.T) {
	tt := openHold(t, &gatewaytest.Bogus{Class: gateways.ByKey, KeyLifetime: time.Hour})
	tt.link(group(models.CaptureAction, "", "", models.StatusShipped))
	numbers, free := tt.manyOrders()
	farah := tt.person(models.Owner)
	id := tt.plan(models.StatusRunRequest{Orders: numbers, Status: models.StatusShipped, User: farah})

	page := tt.page(id, farah)
	if page.State != models.RunPlanned || len(tt.bogus.Calls()) != 0 {
		t.Fatalf("the run is %s after it was planned, and %d calls were made", page.State, len(tt.bogus.Calls()))
	}
	want := models.StatusRunCounts{Rows: 200, Planned: 200, Call: 100, StatusOnly: 40, Skip: 60, Waiting: 200}
	if page.Counts != want {
		t.Errorf("planned: %+v, want %+v", page.Counts, want)
	}
	if len(page.Totals) != 1 || page.Totals[0].Orders != 100 || page.Totals[0].Amount != sek(100*11875) || page.Totals[0].Verb != "capture" {
		t.Errorf("totals: %+v", page.Totals)
	}
	forecast, why := tt.rows(id)
	wantWhy := map[string]int{
		"": 100, "All of 118.75 SEK has been captured.": 20, "The authorization ran out": 20, "There is no order of this number in your stores.": 20,
		"No payment is linked to this status.": 20, "It has this status already.": 20,
	}
	if !maps.Equal(why, wantWhy) {
		t.Errorf("why: %v, want %v", why, wantWhy)
	}

	tt.start(id, farah)
	for stop := range 5 { // the process is stopped in the middle, again and again
		ctx, cancel := context.WithCancel(tt.ctx)
		go func() {
			for {
				var done int
				_ = tt.db.Pool().QueryRow(tt.ctx, `SELECT count(*) FROM status_run_rows WHERE state <> 'waiting'`).Scan(&done)
				if done >= (stop+1)*30 || ctx.Err() != nil {
					cancel()
					return
				}
				time.Sleep(time.Millisecond)
			}
		}()
		_, _ = tt.db.RunDueStatusRuns(ctx) // may say that it was stopped
		cancel()
		if stop == 2 { // killed without a word: its lease stands and runs out
			tt.exec(`UPDATE status_runs SET lease_until = now() + interval '300 ms', next_at = now() + interval '300 ms' WHERE id = $1 AND state = 'running'`, id)
		}
		_, _ = tt.db.RunDueStatusActions(tt.ctx)
	}
	for range 400 {
		if _, err := tt.db.RunDueStatusRuns(tt.ctx); err != nil {
			t.Fatal(err)
		}
		if tt.page(id, farah).State == models.RunDone {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	tt.carry()

	page = tt.page(id, farah)
	if got := page.Counts; page.State != models.RunDone || got.Done != 140 || got.Skipped != 60 || got.Failed+got.UnderWay+got.Waiting != 0 {
		t.Errorf("the run is %s with %+v", page.State, got)
	}
	outcome := map[int64]string{}
	for _, n := range numbers {
		var status string
		var captured int64
		tt.scan(&status, `SELECT status FROM orders WHERE id = $1`, n)
		tt.scan(&captured, `SELECT count(*) FROM operations WHERE order_id = $1 AND kind = 'capture' AND state = 'succeeded'`, n)
		switch {
		case captured == 1 && status == "shipped":
			outcome[n] = "call"
		case captured == 0 && status == "shipped" && forecast[n] != "skip":
			outcome[n] = "status"
		case captured == 0:
			outcome[n] = "skip"
		default:
			outcome[n] = fmt.Sprintf("%d captures and %s", captured, status)
		}
	}
	if !maps.Equal(outcome, forecast) {
		t.Error("what was done is not what was planned")
		for n, does := range forecast {
			if outcome[n] != does {
				t.Logf("order %d: planned %s, done %s", n, does, outcome[n])
			}
		}
	}
	times := map[string]int{}
	for _, e := range tt.bogus.Effects() {
		times[e.PaymentRef]++
	}
	if len(times) != len(free) || slices.Max(slices.Collect(maps.Values(times))) != 1 {
		t.Errorf("%d payments were captured, some of them %d times; want %d, once each", len(times), slices.Max(slices.Collect(maps.Values(times))), len(free))
	}
	tt.sound()
}

// rows are what is planned for each order, and how often each reason stands.
func (t *till) rows(id string) (map[int64]string, map[string]int) {
	t.Helper()
	forecast, why := map[int64]string{}, map[string]int{}
	rows, err := t.db.Pool().Query(t.ctx, `SELECT number, forecast, why FROM status_run_rows WHERE run_id = $1`, id)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		var does, text string
		if err := rows.Scan(&n, &does, &text); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(text, "The authorization ran out") {
			text = "The authorization ran out"
		}
		forecast[n] = does
		why[text]++
	}
	return forecast, why
}

func TestStatusRunIsCalledOffInTime(t *testing.T) {
	tt := openHold(t, &gatewaytest.Bogus{Class: gateways.ByKey})
	tt.link(group(models.CaptureAction, "", "", models.StatusShipped))
	farah := tt.person(models.Owner)
	id := tt.plan(models.StatusRunRequest{Orders: []int64{tt.order}, Status: models.StatusShipped, User: farah})
	if err := tt.db.StartStatusRun(tt.ctx, id, farah, ""); err != nil {
		t.Fatal(err)
	}
	if n, err := tt.db.RunDueStatusRuns(tt.ctx); err != nil || n != 0 {
		t.Errorf("%d runs were begun within the delay, %v", n, err)
	}
	page := tt.page(id, farah)
	if left := page.StartsAt.Sub(page.Now); page.State != models.RunQueued || left < 55*time.Second || left > time.Minute {
		t.Errorf("the run is %s and starts in %v, want queued and a minute", page.State, left)
	}
	if err := tt.db.CancelStatusRun(tt.ctx, id, farah, ""); err != nil {
		t.Fatal(err)
	}
	tt.exec(`UPDATE status_runs SET next_at = now() - interval '1 hour', starts_at = now() - interval '1 hour'`)
	if _, err := tt.db.RunDueStatusRuns(tt.ctx); err != nil {
		t.Fatal(err)
	}
	tt.carry()
	if tt.page(id, farah).State != models.RunCancelled || tt.status() != "pending" || len(tt.bogus.Calls()) != 0 {
		t.Errorf("after it was cancelled the run is %s, the order %s, and %d calls were made", tt.page(id, farah).State, tt.status(), len(tt.bogus.Calls()))
	}
	if err := tt.db.StartStatusRun(tt.ctx, id, farah, ""); problemOf(err) == "" {
		t.Error("a cancelled run is started again")
	}
}

func TestFailedRowsOfAStatusRunAreTriedAgain(t *testing.T) {
	tt := openHold(t, &gatewaytest.Bogus{Class: gateways.ByKey})
	tt.link(group(models.CaptureAction, "", "", models.StatusShipped))
	farah := tt.person(models.Owner)
	first := tt.order
	tt.hold("pay_2")
	tt.bogus.Next(gatewaytest.Decline)
	id := tt.plan(models.StatusRunRequest{Orders: []int64{first, tt.order, first}, Status: models.StatusShipped, User: farah})
	tt.start(id, farah)
	if _, err := tt.db.RunDueStatusRuns(tt.ctx); err != nil {
		t.Fatal(err)
	}
	tt.carry()
	if got := tt.page(id, farah).Counts; got.Rows != 2 || got.Done != 1 || got.Failed != 1 {
		t.Errorf("of two orders, one of which is declined: %+v", got)
	}
	if err := tt.db.RetryStatusRun(tt.ctx, id, farah, ""); err != nil {
		t.Fatal(err)
	}
	tt.carry()
	if got := tt.page(id, farah).Counts; got.Done != 2 || tt.moved() != "capture 11875, capture 11875" {
		t.Errorf("after trying again: %+v, %s", got, tt.moved())
	}
	if err := tt.db.RetryStatusRun(tt.ctx, id, farah, ""); problemOf(err) != "Nothing of this change has failed." {
		t.Errorf("trying again what succeeded is answered %v", err)
	}
}

func TestStatusRunOfAFilterAndOfSomebodyWhoLostTheRight(t *testing.T) {
	tt := openHold(t, &gatewaytest.Bogus{Class: gateways.ByKey})
	tt.link(group(models.CaptureAction, "", "", models.StatusShipped))
	tt.hold("pay_2")
	tt.exec(`UPDATE orders SET status = 'processing' WHERE id = $1`, tt.order)
	farah := tt.person(models.Owner)
	id := tt.plan(models.StatusRunRequest{All: true, Query: url.Values{"status": {"processing"}, "limit": {"10"}}, Status: models.StatusShipped, User: farah})
	page := tt.page(id, farah)
	if len(page.Rows) != 1 || page.Rows[0].Number != tt.order || page.Query != "status=processing" {
		t.Errorf("the filter chose %+v with %q", page.Rows, page.Query)
	}
	tt.start(id, farah)
	tt.person(models.Viewer)
	if _, err := tt.db.RunDueStatusRuns(tt.ctx); err != nil {
		t.Fatal(err)
	}
	tt.carry()
	page = tt.page(id, farah)
	if page.Counts.Skipped != 1 || page.Rows[0].Said != "Farah may not change the status of orders any more." || len(tt.bogus.Calls()) != 0 {
		t.Errorf("without the right: %+v, %d calls", page.Rows, len(tt.bogus.Calls()))
	}
	_, err := tt.db.PlanStatusRun(tt.ctx, models.StatusRunRequest{Orders: []int64{1}, Status: models.StatusRefunded, User: farah})
	if got := problemOf(err); got != "Choose the status the orders are to get." {
		t.Errorf("refunded is answered %q", got)
	}
	other := *farah
	other.ID++
	if _, err := tt.db.StatusRun(tt.ctx, id, &other, "", 0); err == nil {
		t.Error("somebody else's run is shown")
	}
}
