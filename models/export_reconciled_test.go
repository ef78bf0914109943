package models_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"testing"

	"github.com/kartify/kartify/models"
)

// standingsFile keeps how each order stands.
type standingsFile struct {
	lines
	into map[int64]models.Standing
}

func (f *standingsFile) Add(o *models.ExportedOrder) error {
	f.into[o.ID] = o.Reconciled
	return f.lines.Add(o)
}

// A file of orders says of each whether it was compared with its gateway, when, and what that came to: whichever way
// the orders follow each other, and however far apart their numbers are.
func TestExportedStandings(t *testing.T) {
	l := newLedgers(t)
	l.paidOrders(1200)
	l.exec("UPDATE orders SET date_added = '2026-10-01' WHERE id >= 5600") // beyond the days of the file
	l.exec(`INSERT INTO orders (id, store_id, status, gateway, currency, items_minor, total_minor, date_added) SELECT 800, store_id, status, gateway, currency, 500, 500, date_added FROM orders WHERE id = 5001`)
	text := ccavenueHead + "\n"
	for n := range 600 {
		row := lookupOf(n)
		switch n {
		case 3:
			row.amount = "1.00"
		case 300:
			row.amount = "2.00"
		case 599:
			continue // absent
		}
		text += row.line() + "\n"
	}
	r := l.upload("lookup.csv", text)
	l.exec("UPDATE reconciliation_rows SET state = 'resolved' WHERE order_id = 5300 AND state = 'open'")
	if n, err := l.db.NoteReconciled(l.ctx); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	seen := map[int64]models.Standing{}
	l.db.SetOrderFiles(func(_ *models.ExportPlan, to io.Writer) models.OrderFile {
		return &standingsFile{lines{to: to, sum: sha256.New()}, seen}
	})
	mira := l.exporter()
	for _, query := range []string{"sort=id", "sort=-id", "sort=date_added", "q=5003"} {
		clear(seen)
		if _, _, err := l.export(mira, l.request(mira, query)); err != nil {
			t.Fatal(err)
		}
		for id, standing := range seen {
			want := models.Standing{Word: "agrees", At: *r.FinishedAt, Class: models.RowAgree}
			switch {
			case id == 5003:
				want = models.Standing{Word: "differs", At: *r.FinishedAt, Class: models.RowAmount}
			case id == 5300:
				want = models.Standing{Word: "resolved", At: *r.FinishedAt, Class: models.RowAmount}
			case id == 5599, id == 800: // among the first numbers there are
				want = models.Standing{Word: "differs", At: *r.FinishedAt, Class: models.RowAbsent}
			case id >= 5600:
				want = models.Standing{Word: "no"}
			}
			if got := fmt.Sprint(standing); got != fmt.Sprint(want) {
				t.Errorf("%s: order %d stands as %v, want %v", query, id, got, want)
			}
		}
		if want := map[bool]int{true: 1, false: 1201}[query == "q=5003"]; len(seen) != want {
			t.Errorf("%s: the file has %d orders, want %d", query, len(seen), want)
		}
	}
}
