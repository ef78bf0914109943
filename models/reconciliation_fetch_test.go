package models_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
	"github.com/kartify/kartify/money"
)

// registry is a gateway that lists what it has, day by day of India, and may break down.
type registry struct {
	mu       sync.Mutex
	payments []gateways.Payment
	asked    []string // days, as 02
	fails    func(day string, time int) error
	times    map[string]int
}

func (*registry) Check(context.Context) error { return nil }

// Payments hands out half of a day before it breaks down, and some payments twice.
func (g *registry) Payments(_ context.Context, from, to time.Time, visit func(gateways.Payment) error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	day := from.In(kolkata).Format("02")
	g.asked = append(g.asked, day)
	g.times[day]++
	var due error
	if g.fails != nil {
		due = g.fails(day, g.times[day])
	}
	for i, p := range g.payments {
		if p.At.Before(from) || !p.At.Before(to) {
			continue
		}
		if due != nil && i%2 == 1 {
			return due
		}
		for range 1 + i%2 {
			if err := visit(p); err != nil {
				return err
			}
		}
	}
	return due
}

var kolkata = time.FixedZone("IST", 19800)

// newRegister is ledgers whose CCAvenue can be asked.
func newRegister(t *testing.T) (*ledgers, *registry) {
	t.Helper()
	g := &registry{times: map[string]int{}}
	driver := gateways.Driver{Code: "ccavenue", Name: "CCAvenue", Open: func(gateways.Settings) (gateways.Gateway, error) { return g, nil }}
	mute := gateways.Driver{Code: "razorpay", Name: "Razorpay", Open: func(gateways.Settings) (gateways.Gateway, error) { return silent{}, nil }}
	url := modelstest.URL(t)
	db := modelstest.Open(t, url, func(o *models.Options) {
		o.Drivers = []gateways.Driver{driver, mute}
		o.Timings = models.Timings{Lease: 500 * time.Millisecond, LookupSteps: []time.Duration{time.Millisecond}}
	})
	l := &ledgers{shelf: &shelf{T: t, db: db, ctx: modelstest.System(t.Context())}, url: url}
	modelstest.Store(t, db, 43, "INR")
	l.user = modelstest.Person(t, db, "Farah", models.Finance, 43)
	for _, code := range []string{"ccavenue", "razorpay"} {
		form := models.SettingsForm{StoreID: 43, Gateway: code, Mode: "test", Enabled: true, By: models.SystemActor}
		if _, err := db.SaveSettings(l.ctx, form); err != nil {
			t.Fatal(err)
		}
	}
	l.paidOrders(20)
	for n := range 20 {
		at := time.Date(2026, 11, 1, 12, 0, n, 0, time.UTC)
		if n >= 10 { // the last ten orders are of the next day
			at = at.AddDate(0, 0, 1)
			l.exec("UPDATE orders SET date_added = date_added + interval '1 day' WHERE id = $1", 5000+n)
		}
		amount := money.New(int64(10000+n), "INR")
		g.payments = append(g.payments, gateways.Payment{
			Ref: fmt.Sprintf("30%d", 5000+n), OrderRef: fmt.Sprintf("%d-1", 5000+n), Word: "Shipped", Amount: amount, Captured: amount.Minor, Authorized: true, At: at,
		})
	}
	return l, g
}

type silent struct{}

func (silent) Check(context.Context) error { return nil }

func (l *ledgers) fetch(from, to string) (*models.Reconciliation, error) {
	r, _, err := l.db.FetchReconciliation(l.ctx, models.ReconciliationFetch{StoreID: 43, Gateway: "ccavenue", Mode: "test", Days: "gateway", From: from, To: to, User: l.user})
	return r, err
}

// fetched asks and compares.
func (l *ledgers) fetched(from, to string) *models.Reconciliation {
	l.Helper()
	r, err := l.fetch(from, to)
	if err != nil {
		l.Fatal(err)
	}
	if err := l.db.RunReconciliation(l.ctx, r.ID); err != nil {
		l.Fatal(err)
	}
	return l.read(r.ID)
}

func TestFetchReconciliation(t *testing.T) {
	l, g := newRegister(t)
	g.payments[0].Captured, g.payments[0].Authorized, g.payments[0].Failed, g.payments[0].Word = 0, false, true, "Unsuccessful" // absent
	g.payments[1].Refunded, g.payments[1].Word = 500, "Refunded"
	g.payments[2].Captured = 5000                                // amount
	g.payments[3].Ref, g.payments[3].OrderRef = "9", "=1+999999" // unknown, and its order is absent
	g.payments[4].Captured, g.payments[4].Word = 0, "Successful" // only held there, drawn here
	g.payments[5].Captured, g.payments[5].Word = 0, "Successful" // held on both sides
	l.exec("UPDATE payments SET captured_minor = 0, status = 'authorized' WHERE order_id = 5005")
	l.exec("UPDATE orders SET status = 'missing', status_reason = 'debited' WHERE id = 5006")
	l.exec("UPDATE payments SET captured_minor = 0, authorized_minor = 0, status = 'pending' WHERE order_id = 5006")
	r := l.fetched("2026-11-01", "2026-11-01")
	l.counted(r, map[string]int64{"agree": 4, "absent": 3, "refunded_there": 1, "amount": 1, "unknown_order": 1, "paid_missing": 1})
	if r.Source != models.FromGateway || r.FetchedRows != 10 || r.FileName != "ccavenue-test-2026-11-01-to-2026-11-01.csv" || r.Zone != "Asia/Kolkata" || len(r.SHA256) != 32 {
		t.Errorf("%+v", r)
	}
	_, file, err := l.db.OpenReconciliationFile(l.ctx, r.ID, l.user.Actor(""))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(file)
	if err != nil || int64(len(text)) != r.Bytes || strings.Count(string(text), "\n") != 11 || !strings.Contains(string(text), "9,'=1+999999,2026-11-01T12:00:03Z,Shipped,paid,INR,100.03,0.00,,") {
		t.Errorf("the file is %s (%v)", text, err)
	}

	// The same days again are another comparison: something may have changed since.
	l.exec("UPDATE orders SET status = 'processing', status_reason = '' WHERE id = 5006")
	again := l.fetched("2026-11-01", "2026-11-02")
	if again.ID == r.ID {
		t.Error("it is the same reconciliation")
	}
	l.counted(again, map[string]int64{"agree": 15, "absent": 3, "refunded_there": 1, "amount": 1, "unknown_order": 1})

	// While it waits, the same question is the same reconciliation.
	one, err := l.fetch("2026-11-01", "2026-11-03")
	two, err2 := l.fetch("2026-11-01", "2026-11-03")
	if err != nil || err2 != nil || one.ID != two.ID {
		t.Errorf("%v, %v", err, err2)
	}
}

func TestFetchRefusals(t *testing.T) {
	l, _ := newRegister(t)
	sources, err := l.db.ReconciliationSources(l.ctx)
	if err != nil || len(sources) != 1 || sources[0].Gateway != "ccavenue" || sources[0].Mode != "test" {
		t.Errorf("%+v, %v", sources, err)
	}
	tomorrow := time.Now().In(kolkata).AddDate(0, 0, 2).Format(time.DateOnly)
	for _, tt := range []struct{ gateway, mode, days, from, to, want string }{
		{"razorpay", "test", "gateway", "2026-11-01", "2026-11-01", "Choose the gateway to ask."},
		{"ccavenue", "live", "gateway", "2026-11-01", "2026-11-01", "Choose the gateway to ask."},
		{"ccavenue", "test", "mine", "2026-11-01", "2026-11-01", "Choose whose days count"},
		{"ccavenue", "test", "store", "", "2026-11-01", "Choose the first day."},
		{"ccavenue", "test", "store", "2026-11-01", "1 November", "Choose the last day."},
		{"ccavenue", "test", "store", "2026-11-02", "2026-11-01", "The last day is before the first."},
		{"ccavenue", "test", "store", "2026-01-01", "2026-11-01", "These are 305 days."},
		{"ccavenue", "test", "gateway", tomorrow, tomorrow, "This day has not begun in Asia/Kolkata."},
	} {
		_, _, err := l.db.FetchReconciliation(l.ctx, models.ReconciliationFetch{StoreID: 43, Gateway: tt.gateway, Mode: tt.mode, Days: tt.days, From: tt.from, To: tt.to, User: l.user})
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%+v: %v", tt, err)
		}
	}
	foreign := models.WithScope(l.ctx, models.Scope{Stores: []int64{40}})
	if _, _, err := l.db.FetchReconciliation(foreign, models.ReconciliationFetch{StoreID: 43, Gateway: "ccavenue", Mode: "test", Days: "store", From: "2026-11-01", To: "2026-11-01", User: l.user}); err == nil {
		t.Error("another store's gateway can be asked")
	}
	if sources, err := l.db.ReconciliationSources(foreign); err != nil || len(sources) != 0 {
		t.Errorf("another store is offered %v (%v)", sources, err)
	}
}

// An error is not "not paid": a day that was handed out in part is asked for again, and without it nothing is compared.
func TestFetchFailures(t *testing.T) {
	l, g := newRegister(t)
	down := &gateways.Error{Kind: gateways.Unavailable, Verb: "payments", Message: "It is being maintained."}
	g.fails = func(day string, time int) error {
		if day == "02" && time <= 2 {
			return down
		}
		return nil
	}
	l.counted(l.fetched("2026-11-01", "2026-11-02"), map[string]int64{"agree": 20})

	g.times, g.asked = map[string]int{}, nil
	g.fails = func(day string, _ int) error {
		if day == "02" {
			return down
		}
		return nil
	}
	r := l.fetched("2026-11-01", "2026-11-03")
	want := "CCAvenue could not be asked for 2 November 2026: It is being maintained. No payment is taken for absent"
	if r.State != models.ReconciliationFailed || !strings.HasPrefix(r.Problem, want) || !strings.HasSuffix(r.Problem, "Try again goes on behind them.") || len(r.Counts) != 0 || r.FetchedRows != 10 {
		t.Errorf("%+v", r)
	}
	var rows int
	if l.scan(&rows, "SELECT count(*) FROM reconciliation_rows WHERE reconciliation_id = $1", r.ID); rows != 0 {
		t.Errorf("%d rows are compared", rows)
	}
	g.fails, g.asked = nil, nil
	if err := l.db.RetryReconciliation(l.ctx, r.ID, l.user.Actor("")); err != nil {
		t.Fatal(err)
	}
	if err := l.db.RetryReconciliation(l.ctx, r.ID, l.user.Actor("")); err == nil {
		t.Error("it is tried again twice")
	}
	if err := l.db.RunReconciliation(l.ctx, r.ID); err != nil {
		t.Fatal(err)
	}
	l.counted(l.read(r.ID), map[string]int64{"agree": 20})
	if got := strings.Join(g.asked, " "); got != "02 03" {
		t.Errorf("it was asked for the days %s", got)
	}

	g.fails = func(string, int) error {
		return &gateways.Error{Kind: gateways.Misconfigured, Message: "The key is wrong"}
	}
	g.asked = nil
	if r := l.fetched("2026-11-02", "2026-11-02"); len(g.asked) != 1 || !strings.Contains(r.Problem, ": The key is wrong. ") || !strings.HasSuffix(r.Problem, " Nothing is in yet.") {
		t.Errorf("asked for %v; %s", g.asked, r.Problem)
	}
	g.fails = func(string, int) error { panic("index out of range") }
	if r := l.fetched("2026-11-02", "2026-11-02"); !strings.Contains(r.Problem, "The driver broke down: index out of range.") {
		t.Error(r.Problem)
	}
}

// A maker that is stopped between two days leaves the first; its follower asks for the second only.
func TestFetchOutlivesItsMaker(t *testing.T) {
	l, g := newRegister(t)
	ctx, cancel := context.WithCancel(l.ctx)
	g.fails = func(day string, _ int) error {
		if day == "02" {
			cancel()
			return context.Canceled
		}
		return nil
	}
	r, err := l.fetch("2026-11-01", "2026-11-02")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.db.RunReconciliation(ctx, r.ID); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if r := l.read(r.ID); !r.Open() || r.FetchedTo == nil || !r.Fetching() {
		t.Errorf("%+v", r)
	}
	l.exec("UPDATE reconciliations SET lease_until = now() - interval '1 second'") // as after kill -9
	g.fails, g.asked = nil, nil
	if err := modelstest.Open(t, l.url, func(o *models.Options) {
		o.Drivers = []gateways.Driver{{Code: "ccavenue", Name: "CCAvenue", Open: func(gateways.Settings) (gateways.Gateway, error) { return g, nil }}}
	}).RunReconciliation(l.ctx, r.ID); err != nil {
		t.Fatal(err)
	}
	l.counted(l.read(r.ID), map[string]int64{"agree": 20})
	if got := strings.Join(g.asked, " "); got != "02" {
		t.Errorf("it was asked for the days %s", got)
	}
}
