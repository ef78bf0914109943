package models_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
)

// Around midnight in India a gateway may count a payment by either day. An order is absent only when neither has it,
// whichever of the two is asked for first.
func TestReconciliationAroundMidnight(t *testing.T) {
	placed := time.Date(2026, 11, 1, 23, 55, 0, 0, kolkata)
	paid := placed.Add(10 * time.Minute)
	for _, tt := range []struct {
		name   string
		known  time.Time // when it was learned here that it was paid
		there  time.Time // under which the gateway has it; zero for not at all
		first  string    // absent from the first day when it is asked for before the second
		second string    // absent from the second day, asked for after the first
		again  string    // absent from the first day, asked for once more after the second
		back   string    // absent from the second day when it is asked for before the first
		whole  string    // absent from both days at once
	}{
		{name: "by the day it was paid", known: paid, there: paid},
		{name: "by the day it was placed", known: paid, there: placed},
		{name: "not there at all", known: paid, second: "5003", again: "5003", whole: "5003"},
		{name: "learned of days later", known: placed.AddDate(0, 0, 6), first: "5003", again: "5003", whole: "5003"},
		{name: "paid before midnight", known: placed.Add(time.Minute), first: "5003", again: "5003", whole: "5003"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, g := newRegister(t)
			l.exec("UPDATE orders SET date_added = $1 WHERE id = 5003", placed)
			l.exec("UPDATE payments SET created_at = $1, obtained_at = $2 WHERE order_id = 5003", placed, tt.known)
			g.payments[3].At = tt.there
			if tt.there.IsZero() {
				g.payments = slices.Delete(g.payments, 3, 4)
			}
			absent := func(from, to string) string {
				t.Helper()
				r := l.fetched(from, to)
				if r.State != models.ReconciliationDone {
					t.Fatal(r.Problem)
				}
				var orders []string
				for _, row := range l.rows(r, models.RowAbsent) {
					orders = append(orders, row.OrderText)
				}
				return strings.Join(orders, " ")
			}
			const first, second = "2026-11-01", "2026-11-02"
			if got := absent(second, second); got != tt.back {
				t.Errorf("the second day alone lacks %q, want %q", got, tt.back)
			}
			l.exec("TRUNCATE reconciliations, reconciliation_pieces, reconciliation_rows, reconciled_orders")
			for _, ask := range []struct{ what, from, to, want string }{
				{"the first day", first, first, tt.first},
				{"the second day", second, second, tt.second},
				{"the first day once more", first, first, tt.again},
				{"both days", first, second, tt.whole},
				{"the second day once more", second, second, tt.second},
			} {
				if got := absent(ask.from, ask.to); got != ask.want {
					t.Errorf("%s lacks %q, want %q", ask.what, got, ask.want)
				}
				if _, err := l.db.NoteReconciled(l.ctx); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
