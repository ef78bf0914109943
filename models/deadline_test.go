package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// startClock lets the test move the clock of its database. Everything that asks what time it is asks there first.
func (t *till) startClock() {
	t.Helper()
	t.exec(`CREATE SCHEMA moved`)
	t.exec(`CREATE TABLE moved.clock (by interval NOT NULL)`)
	t.exec(`INSERT INTO moved.clock VALUES ('0')`)
	t.exec(`CREATE FUNCTION moved.now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT pg_catalog.now() + by FROM moved.clock'`)
	t.exec(`CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT pg_catalog.clock_timestamp() + by FROM moved.clock'`)
	t.exec(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, moved, pg_catalog', current_database()); END $$`)
	t.db.Pool().Reset()
}

// forward moves the clock on.
func (t *till) forward(by time.Duration) {
	t.Helper()
	t.exec(`UPDATE moved.clock SET by = by + make_interval(secs => $1)`, by.Seconds())
}

// clock is what time it is in the database.
func (t *till) clock() (at time.Time) {
	t.Helper()
	t.scan(&at, `SELECT clock_timestamp()`)
	return at
}

// watch lets the two chores of deadlines run once.
func (t *till) watch() {
	t.Helper()
	if _, err := t.db.WatchDeadlines(t.ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := t.db.RunDueCaptures(t.ctx); err != nil {
		t.Fatal(err)
	}
}

// near are the orders whose hold ends so soon.
func (t *till) near(deadline models.Deadline) string {
	t.Helper()
	c, err := t.db.OrderChoices(t.ctx, *t.asha.UserID)
	if err != nil {
		t.Fatal(err)
	}
	f := models.OrderFilter{Deadline: deadline, Limit: 50}
	list, err := t.db.Orders(t.ctx, f, c)
	if err != nil {
		t.Fatal(err)
	}
	tally, err := t.db.TallyOrders(t.ctx, f, c, nil, time.Minute)
	if err != nil || tally.Total != len(list.Rows) {
		t.Errorf("%s: %d are listed and %+v counted (%v)", deadline, len(list.Rows), tally, err)
	}
	var ids []string
	for _, row := range list.Rows {
		ids = append(ids, fmt.Sprint(row.ID))
		if row.CaptureBefore == nil {
			t.Errorf("%s: order %d is listed without its deadline", deadline, row.ID)
		}
	}
	return strings.Join(ids, " ")
}

// limbo are the kinds in which the order is on the board.
func (t *till) limbo() string {
	t.Helper()
	page, err := t.db.Limbo(t.ctx, models.LimboFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, r := range page.Rows {
		if r.OrderID == t.order && r.Kind != models.NeedPending {
			kinds = append(kinds, string(r.Kind))
		}
	}
	return strings.Join(kinds, " ")
}

// effects are what the gateway did for a payment: "capture 11875".
func (t *till) effects(ref string) string {
	var list []string
	for _, e := range t.bogus.Effects() {
		if e.PaymentRef == ref {
			list = append(list, fmt.Sprintf("%s %d", e.Verb, e.Amount.Minor))
		}
	}
	return strings.Join(list, ", ")
}

// plan is the state of the payment's latest plan, and why.
func (t *till) planned() string {
	t.Helper()
	var text string
	t.scan(&text, `SELECT coalesce((SELECT state || ' by ' || source FROM planned_captures WHERE payment_id = $1 ORDER BY id DESC LIMIT 1), 'none')`, t.payment)
	return text
}

// lasting gives Bogus holds of five days.
func lasting(d *gateways.Driver) {
	d.Can.Holds = map[string]time.Duration{"": 5 * 24 * time.Hour, "card": 7 * 24 * time.Hour}
	d.Support = "support@bogus.example"
}

// rule has the store capture by itself.
func (t *till) rule(hours int, statuses ...string) {
	t.Helper()
	err := t.db.SaveCaptureRule(t.ctx, models.CaptureRuleForm{StoreID: 41, Gateway: "bogus", Hours: hours, Statuses: statuses, By: t.asha})
	if err != nil {
		t.Fatal(err)
	}
}

// The clock goes forward over two holds of five days: the deadline is known, comes near, is told of, one hold is
// captured by the store's rule, and the other one runs out and is noticed.
func TestDeadlineClock(t *testing.T) {
	b := &gatewaytest.Bogus{Class: gateways.ByKey, KeyLifetime: time.Hour}
	tt := openHold(t, b, lasting)
	tt.startClock()
	user := modelstest.Person(t, tt.db, "Vera", models.Owner, 41)
	kept, keptPayment := tt.order, tt.payment
	tt.hold("pay_2")
	lost, lostPayment := tt.order, tt.payment
	tt.watch()
	var ends string
	tt.scan(&ends, `SELECT string_agg((capture_before - created_at)::text, ' ') FROM payments`)
	if ends != "5 days 5 days" {
		t.Fatalf("the holds last %s", ends)
	}
	tt.rule(12, models.StatusShipped)
	badge := func(order, payment int64) (time.Duration, bool) {
		page, err := tt.db.OrderPage(tt.ctx, order)
		if err != nil {
			t.Fatal(err)
		}
		left, held := page.Payment(payment).Remaining(page.Now)
		return left.Round(time.Hour), held
	}
	needs := func() string {
		list, err := tt.db.Needs(tt.ctx, user, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		var text []string
		for _, n := range list {
			text = append(text, fmt.Sprintf("%d %s %v", n.Count, n.Kind, n.AtRisk))
		}
		return strings.Join(text, ", ")
	}
	both := fmt.Sprintf("%d %d", lost, kept)

	// Five days to go.
	if left, held := badge(kept, keptPayment); left != 120*time.Hour || !held {
		t.Errorf("the badge says %s, %v", left, held)
	}
	if got := tt.near(models.EndsIn48h) + "|" + tt.near(models.EndsIn7d) + "|" + tt.near(models.Ended); got != "|"+both+"|" {
		t.Errorf("the filter finds %s", got)
	}
	if got := needs(); got != "" {
		t.Errorf("the dashboard says %q five days before the end", got)
	}

	// 47 hours to go: the badge, the filter and the alert.
	tt.forward(73 * time.Hour)
	tt.watch()
	if left, _ := badge(kept, keptPayment); left != 47*time.Hour {
		t.Errorf("the badge says %s", left)
	}
	if got := tt.near(models.EndsIn48h); got != both {
		t.Errorf("within 48 h the filter finds %s", got)
	}
	if got := needs(); got != "2 hold [237.50 SEK]" {
		t.Errorf("the dashboard says %q", got)
	}
	if tt.planned() != "none" || len(b.Calls()) != 0 {
		t.Errorf("the rule came 47 h before the end: %s", tt.planned())
	}

	// 11 hours to go: one of the two is shipped, and captured by the rule.
	tt.forward(36 * time.Hour)
	tt.watch()
	if len(b.Calls()) != 0 {
		t.Fatal("orders that are not shipped were captured")
	}
	tt.exec(`UPDATE orders SET status = 'shipped' WHERE id = $1`, kept)
	tt.watch()
	tt.order, tt.payment = kept, keptPayment
	if got := tt.planned(); got != "sent by rule" {
		t.Fatalf("the plan is %s", got)
	}
	var op models.Operation
	tt.scan(&op.ID, `SELECT id FROM operations WHERE payment_id = $1 AND source = 'plan'`, keptPayment)
	tt.run(&op, models.Succeeded)
	tt.watch()
	if got := tt.planned() + ", " + tt.effects("pay_1") + ", " + tt.counters(); got != "done by rule, capture 11875, success 11875 11875 0 0 f" {
		t.Errorf("after the planned capture: %s", got)
	}
	if got := tt.near(models.EndsIn48h); got != fmt.Sprint(lost) {
		t.Errorf("what is captured is still near its deadline: %s", got)
	}

	// The other one is over, and its provider says so once it is asked.
	tt.forward(12 * time.Hour)
	tt.order, tt.payment = lost, lostPayment
	if left, held := badge(lost, lostPayment); left > 0 || !held || tt.near(models.Ended) != fmt.Sprint(lost) || tt.limbo() != "hold" {
		t.Errorf("past its end: %s, %v, %q in limbo", left, held, tt.limbo())
	}
	tt.watch() // the provider holds on
	if got := tt.counters(); got != "authorized 11875 0 0 0 f" {
		t.Errorf("a hold was given up without its provider saying so: %s", got)
	}
	b.AddPayment(gateways.Payment{Ref: "pay_2", Word: "EXPIRED", Amount: sek(11875), Voided: 11875, Canceled: true, Method: "invoice"})
	tt.watch() // it was asked a moment ago, and is not asked again at once
	if got := tt.counters(); got != "authorized 11875 0 0 0 f" {
		t.Errorf("the provider is asked again at once: %s", got)
	}
	tt.forward(11 * time.Minute)
	tt.watch()
	if got := tt.counters(); got != "canceled 11875 0 0 0 t" {
		t.Errorf("after the provider said that it ran out: %s", got)
	}
	if got := tt.limbo(); got != "lapsed" {
		t.Errorf("the order is in limbo as %q", got)
	}
	if got := needs(); got != "1 lapsed [118.75 SEK]" {
		t.Errorf("the dashboard says %q", got)
	}
	if _, err := tt.db.FixLimbo(tt.ctx, models.FixAccept, models.NeedLapsed, tt.number(`SELECT id FROM lapsed_holds`), user, ""); err != nil {
		t.Error(err)
	}
	if got := tt.limbo() + needs(); got != "" {
		t.Errorf("what was seen is still told of: %q", got)
	}
	tt.sound()
}

func (t *till) number(sql string, args ...any) (n int64) {
	t.Helper()
	t.scan(&n, sql, args...)
	return n
}

// The provider's own date wins over what is known of its holds, and a method's own hold over the usual one.
func TestDeadlineOfAnAuthorization(t *testing.T) {
	b := &gatewaytest.Bogus{Trust: gateways.Hinted}
	tt := openHold(t, b, lasting)
	begun := time.Now().UTC().Add(-2 * time.Hour).Truncate(time.Second)
	said := time.Now().UTC().Add(100 * time.Hour).Truncate(time.Second)
	for _, x := range []struct {
		name string
		seen gateways.Payment
		want string
	}{
		{"the usual hold, from when it began", gateways.Payment{Authorized: true, Method: "invoice", At: begun}, begun.Add(120 * time.Hour).Format(time.RFC3339)},
		{"a method's own", gateways.Payment{Authorized: true, Method: "card", At: begun}, begun.Add(168 * time.Hour).Format(time.RFC3339)},
		{"the provider's date", gateways.Payment{Authorized: true, Method: "card", At: begun, CaptureBefore: said}, said.Format(time.RFC3339)},
		{"drawn at once", gateways.Payment{Authorized: true, Captured: 11875, Method: "card", At: begun}, ""},
		{"declined", gateways.Payment{Failed: true, At: begun}, ""},
	} {
		tt.exec(`INSERT INTO orders (store_id, status, gateway, currency, items_minor, total_minor) VALUES (41, 'pending', 'bogus', 'SEK', 11875, 11875)`)
		tt.scan(&tt.order, `SELECT max(id) FROM orders`)
		ref := "pay_" + strings.ReplaceAll(x.name, " ", "_")
		tt.scan(&tt.payment, `INSERT INTO payments (order_id, store_id, gateway, mode, ref, status, currency, amount_minor)
			VALUES ($1, 41, 'bogus', 'test', $2, 'pending', 'SEK', 11875) RETURNING id`, tt.order, ref)
		x.seen.Ref, x.seen.Amount, x.seen.Word = ref, sek(11875), "AUTHORIZED"
		b.AddPayment(x.seen)
		if _, err := tt.db.AskOrder(tt.ctx, tt.order, tt.asha); err != nil {
			t.Fatal(err)
		}
		var got *time.Time
		tt.scan(&got, `SELECT capture_before FROM payments WHERE id = $1`, tt.payment)
		text := ""
		if got != nil {
			text = got.UTC().Format(time.RFC3339)
		}
		if text != x.want {
			t.Errorf("%s: the hold ends %s, want %s", x.name, text, x.want)
		}
	}
}

// The filter by deadline reads the open holds and the orders they are of, and no others.
func TestDeadlineFilterReadsFewOrders(t *testing.T) {
	tt := openHold(t, &gatewaytest.Bogus{}, lasting)
	tt.exec(`INSERT INTO orders (store_id, status, gateway, currency, items_minor, total_minor, date_added)
		SELECT 41, 'complete', 'bogus', 'SEK', 100, 100, now() - make_interval(mins => n) FROM generate_series(1, 20000) n`)
	tt.exec(`INSERT INTO payments (order_id, store_id, gateway, mode, status, currency, amount_minor, authorized_minor, captured_minor, capture_before)
		SELECT id, 41, 'bogus', 'test', CASE WHEN id % 500 = 0 THEN 'authorized' ELSE 'success' END, 'SEK', 100, 100, CASE WHEN id % 500 = 0 THEN 0 ELSE 100 END, now() + interval '30 hours'
		FROM orders WHERE status = 'complete'`)
	tt.exec(`ANALYZE orders, payments`)
	read := func() int64 {
		tt.exec(`SELECT pg_stat_force_next_flush()`)
		return tt.number(`SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'orders'`)
	}
	tt.db.Pool().Reset() // what its connections have counted is written down as they go
	c, err := tt.db.OrderChoices(tt.ctx, *tt.asha.UserID)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	before := read()
	list, err := tt.db.Orders(tt.ctx, models.OrderFilter{Deadline: models.EndsIn48h, Limit: 10}, c)
	if err != nil || len(list.Rows) != 10 || list.Next == "" {
		t.Fatalf("the list has %+v, %v", list, err)
	}
	tt.db.Pool().Reset()
	time.Sleep(200 * time.Millisecond)
	if n := read() - before; n > 500 || n < 10 {
		t.Errorf("the list of 40 near their deadline read %d orders of 20,000", n)
	}
}
