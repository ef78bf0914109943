package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/e2e/browser"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
	"github.com/kartify/kartify/models/modelstest"
)

// newClockedWorld is a world whose clocks can be moved: the database's, which kartify goes by, and the sandbox's.
func newClockedWorld(t *testing.T) *world {
	t.Helper()
	url := modelstest.URL(t)
	db := modelstest.Open(t, url)
	for _, sql := range []string{
		`CREATE SCHEMA moved`, `CREATE TABLE moved.clock (by interval NOT NULL)`, `INSERT INTO moved.clock VALUES ('0')`,
		`CREATE FUNCTION moved.now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT pg_catalog.now() + by FROM moved.clock'`,
		`CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT pg_catalog.clock_timestamp() + by FROM moved.clock'`,
		`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, moved, pg_catalog', current_database()); END $$`,
	} {
		if _, err := db.Pool().Exec(models.AsSystem(t.Context()), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	return newWorldAt(t, url)
}

// until moves both clocks on to a moment, and a minute past it.
func (w *world) until(at time.Time) {
	w.t.Helper()
	var now time.Time
	w.scan(&now, `SELECT clock_timestamp()`)
	by := at.Sub(now) + time.Minute
	w.sandbox(http.MethodPost, "/_sandbox/clock", map[string]any{"advance_seconds": int64(by.Seconds())}, nil)
	if _, err := w.db.Pool().Exec(w.ctx, `UPDATE moved.clock SET by = by + make_interval(secs => $1)`, by.Seconds()); err != nil {
		w.t.Fatal(err)
	}
}

// captures are the captures that really happened to a payment at its gateway.
func (w *world) captures(gateway, payment string) (list []int64) {
	w.t.Helper()
	var all []effect
	w.sandbox(http.MethodGet, "/_sandbox/ledger?gateway="+gateway+"&payment="+payment, nil, &all)
	for _, e := range all {
		if e.Verb == "capture" {
			list = append(list, e.AmountMinor)
		}
	}
	return list
}

// TestDeadlinesInABrowser lets two holds at Klarna come to their end while somebody looks: the capture of one is
// planned and made in time, the other one runs out there, and is told of here.
func TestDeadlinesInABrowser(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	if b == nil {
		return
	}
	w := newClockedWorld(t)
	const planned, lost = "6f1a3c52-0b7e-4d8a-9c41-d5e1a0b71011", "6f1a3c52-0b7e-4d8a-9c41-d5e1a0b71911"
	second := cast.Order{
		ID: 1911, Store: cast.Nordisk, At: time.Now().Add(-26 * time.Hour), Name: "Lars Lund", Email: "lars@nordisk.example", Status: models.StatusShipped, Gateway: "klarna", Method: "Invoice (Klarna)",
		Currency: "SEK", City: "Lund", Country: "SE", Lines: []cast.Line{{SKU: "LAMP-7", Name: "Bordslampa", Quantity: 2, Unit: 79920, Tax: 39960}},
		Payment: &cast.Payment{Ref: lost, OrderRef: "1911", Status: models.PaymentAuthorized, Method: "invoice", CaptureBefore: 30 * time.Hour},
	}
	if err := second.Insert(w.ctx, w.db); err != nil {
		t.Fatal(err)
	}
	if err := (cast.Sandbox{Base: w.box, Kartify: w.base}).Payment(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	shot := func(tab *browser.Tab, name string) {
		if *shots == "" {
			return
		}
		for _, width := range []int{1440, 390} {
			for _, dark := range []bool{false, true} {
				tab.Size(width, 900)
				tab.Dark(dark)
				tab.Screenshot(filepath.Join(*shots, fmt.Sprintf("%s-%d-%v.png", name, width, dark)), width, 900, dark)
			}
		}
		tab.Size(1440, 900)
		tab.Dark(false)
	}
	tab := b.Tab(t)
	tab.Size(1440, 900)
	w.open(tab, "finance@ruosh.example", "/sales/orders?deadline=48h")
	tab.WaitFor(`tr:has(a.open[href^="/sales/orders/1911"]) td.until .badge time`)
	if text := tab.Text("main"); !strings.Contains(text, "Åsa Öberg") || strings.Contains(text, "Jürgen Groß") {
		t.Errorf("near their deadline are %q", text)
	}
	tab.Click(`a[href^="/sales/orders/1011"]`)
	tab.WaitUntil(`location.pathname == "/sales/orders/1011"`)
	tab.Click(`details.plan-capture > summary`)
	tab.WaitFor(`details.plan-capture[open] form`)
	shot(tab, "deadline-plan")
	tab.Click(`details.plan-capture form button`)
	tab.WaitFor(`[data-planned="waiting"]`)
	shot(tab, "deadline-planned")
	tab.Click(`[data-planned="waiting"] button`)
	tab.WaitUntil(`!document.querySelector("[data-planned]") && document.querySelector("details.plan-capture")`)
	tab.Click(`details.plan-capture > summary`)
	tab.Click(`details.plan-capture form button`)
	tab.WaitFor(`[data-planned="waiting"]`)

	var at, ends time.Time
	w.scan(&at, `SELECT at FROM planned_captures WHERE order_id = 1011 AND state = 'waiting'`)
	w.until(at)
	w.eventually("done", `SELECT state FROM planned_captures WHERE order_id = 1011 ORDER BY id DESC LIMIT 1`)
	if got := w.captures("klarna", planned); len(got) != 1 {
		t.Errorf("Klarna's ledger has the captures %v, want one", got)
	}
	w.eventually("success", `SELECT status FROM payments WHERE order_id = 1011`)

	w.scan(&ends, `SELECT capture_before FROM payments WHERE order_id = 1911`)
	w.until(ends)
	w.eventually("canceled", `SELECT status FROM payments WHERE order_id = 1911`)
	w.eventually("1911", `SELECT order_id FROM lapsed_holds`)
	if got := w.captures("klarna", lost); len(got) != 0 {
		t.Errorf("what ran out was captured: %v", got)
	}
	late := b.Tab(t)
	late.Size(1440, 900)
	w.open(late, "finance@ruosh.example", "/sales/limbo?of=lapsed")
	late.WaitFor(`tr[data-limbo^="lapsed:"]`)
	if text := late.Text(`tr[data-limbo^="lapsed:"]`); !strings.Contains(text, "1911") || !strings.Contains(text, "ran out on") || !strings.Contains(text, "1,998.00 SEK") {
		t.Errorf("the board says %q", text)
	}
	shot(late, "deadline-lapsed")
	late.Open(w.base + "/sales/orders/1911")
	if text := late.Text("#order"); !strings.Contains(text, "ran out without being captured") {
		t.Errorf("the order's page does not say that its authorization ran out: %q", text)
	}
	shot(late, "deadline-lapsed-order")
	late.Open(w.base + "/sales/limbo?of=lapsed")
	late.Click(`tr[data-limbo^="lapsed:"] button[value="accept"]`)
	late.WaitUntil(`location.pathname === "/sales/limbo" && !document.querySelector('tr[data-limbo^="lapsed:"]')`)
}
