package models_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/kartify/kartify/models"
)

// What a gateway's file said of an order stands on the order, and the list finds orders by it.
func TestOrdersKnowTheirReconciliation(t *testing.T) {
	l := newLedgers(t)
	l.paidOrders(6)
	l.exec(`UPDATE orders SET date_added = date_added + interval '3 days' WHERE id >= 5004`) // beyond the days of the first file
	list := func(as models.ReconciledAs) string {
		t.Helper()
		choices, err := l.db.OrderChoices(l.ctx, l.user.ID)
		if err != nil {
			t.Fatal(err)
		}
		f, notices := models.ReadOrderFilter(url.Values{"reconciled": {string(as)}, "sort": {"id"}}, choices)
		if len(notices) > 0 {
			t.Fatalf("%+v", notices)
		}
		page, err := l.db.Orders(l.ctx, f, choices)
		if err != nil {
			t.Fatal(err)
		}
		ids := ""
		for _, row := range page.Rows {
			ids += fmt.Sprint(" ", row.ID)
		}
		return ids
	}
	shown := func(order int64) string {
		t.Helper()
		page, err := l.db.OrderPage(l.ctx, order)
		if err != nil {
			t.Fatal(err)
		}
		r := page.ReconciledBy("ccavenue")
		if r == nil {
			return ""
		}
		return fmt.Sprint(r.FileName, " ", r.Class, " ", r.State)
	}
	note := func(want int) {
		t.Helper()
		if n, err := l.db.NoteReconciled(l.ctx); err != nil || n != want {
			t.Fatalf("noted %d, want %d: %v", n, want, err)
		}
	}
	if got := list(models.ReconciledNotYet); got != " 5000 5001 5002 5003 5004 5005" {
		t.Fatalf("before any file, not compared are%s", got)
	}
	text := ccavenueHead + "\n"
	for n := range 4 {
		row := lookupOf(n)
		if n == 2 {
			row.amount = "1.00"
		}
		text += row.line() + "\n"
	}
	r := l.upload("lookup.csv", text)
	note(1)
	note(0)
	for as, want := range map[models.ReconciledAs]string{
		models.ReconciledAgrees: " 5000 5001 5003", models.ReconciledDiffers: " 5002", models.ReconciledNotYet: " 5004 5005",
	} {
		if got := list(as); got != want {
			t.Errorf("%s are%s, want%s", as, got, want)
		}
	}
	for order, want := range map[int64]string{5000: "lookup.csv agree clean", 5002: "lookup.csv amount open", 5005: ""} {
		if got := shown(order); got != want {
			t.Errorf("order %d shows %q, want %q", order, got, want)
		}
	}
	l.exec(`UPDATE reconciliation_rows SET state = 'resolved' WHERE reconciliation_id = $1 AND order_id = 5002`, r.ID)
	if got := shown(5002) + list(models.ReconciledAgrees); got != "lookup.csv amount resolved 5000 5001 5002 5003" {
		t.Errorf("once somebody resolved it: %s", got)
	}
	// A later file that has it counts, and the latest file of the gateway is shown.
	later := ccavenueHead + "\n" + lookupOf(2).line() + "\n" + lookupOf(4).line() + "\n" + lookupOf(5).line() + "\n"
	l.upload("later.csv", later)
	note(1)
	if got := shown(5002) + list(models.ReconciledNotYet); got != "later.csv agree clean" {
		t.Errorf("after a later file: %s", got)
	}
}

// Orders of other stores with the same numbers in a file are not theirs.
func TestReconciledKeepsToItsStore(t *testing.T) {
	l := newLedgers(t)
	l.paidOrders(1)
	l.upload("lookup.csv", ccavenueHead+"\n"+lookupOf(0).line()+"\n")
	if _, err := l.db.NoteReconciled(l.ctx); err != nil {
		t.Fatal(err)
	}
	foreign := models.WithScope(t.Context(), models.Scope{Stores: []int64{44}})
	var n int
	if err := l.db.Pool().QueryRow(foreign, "SELECT count(*) FROM reconciled_orders").Scan(&n); err != nil || n != 0 {
		t.Errorf("another store reads %d of its comparisons, %v", n, err)
	}
}
