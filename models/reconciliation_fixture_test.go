package models_test

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// ledgers is a database with a store that is paid by CCAvenue, for tests that compare its books.
type ledgers struct {
	*shelf
	url  string
	user *models.User
}

func newLedgers(t *testing.T) *ledgers {
	t.Helper()
	url := modelstest.URL(t)
	drivers := func(o *models.Options) {
		o.Drivers = []gateways.Driver{{Code: "ccavenue", Name: "CCAvenue"}, {Code: "razorpay", Name: "Razorpay"}}
		o.Timings.Lease = 500 * time.Millisecond
	}
	l := &ledgers{shelf: &shelf{T: t, db: modelstest.Open(t, url, drivers), ctx: modelstest.System(t.Context())}, url: url}
	modelstest.Store(t, l.db, 43, "INR")
	l.user = modelstest.Person(t, l.db, "Farah", models.Finance, 43)
	return l
}

// paidOrders puts in n orders of 43 from number 5000 on, each 100.00 INR more than nothing, a minute apart from
// noon of 2026-11-01 UTC, with a payment of CCAvenue each.
func (l *ledgers) paidOrders(n int) {
	l.Helper()
	l.exec(`INSERT INTO orders (id, store_id, customer_name, status, gateway, currency, items_minor, total_minor, date_added, date_modified)
		SELECT 5000 + n, 43, 'Customer ' || n, 'processing', 'ccavenue', 'INR', 10000 + n, 10000 + n, t, t
		FROM (SELECT n, timestamptz '2026-11-01 12:00Z' + n * interval '1 second' AS t FROM generate_series(0, $1::int - 1) n) x`, n)
	l.exec(`INSERT INTO payments (order_id, store_id, gateway, mode, ref, order_ref, status, currency, amount_minor, authorized_minor, captured_minor, created_at)
		SELECT id, 43, 'ccavenue', 'test', '30' || id, id || '-1', 'success', 'INR', total_minor, total_minor, total_minor, date_added FROM orders WHERE store_id = 43`)
}

// ccavenueHead is the beginning of a real header of CCAvenue's Order Lookup download.
const ccavenueHead = "CCAvenue Ref#,order type,Order No,Order Datetime,Ship Date Time,order_type,Payment Mode,Card Type,Card Name,Currency,Gross Amount,Discount,Order Amount,Fee Perc Value,Fee Flat,Tax,TDS,Bill Name,Refund Amount,Order Status"

// lookup is a row of such a file for one of paidOrders, as CCAvenue has it when everything agrees.
type lookup struct {
	ref, order, at, currency, amount, refunded, word string
}

func lookupOf(n int) lookup {
	return lookup{
		ref: fmt.Sprintf("30%d", 5000+n), order: fmt.Sprintf("%d-1", 5000+n), at: time.Date(2026, 11, 1, 12, 0, n, 0, time.UTC).In(time.FixedZone("IST", 19800)).Format("02-01-2006 15:04:05"),
		currency: "INR", amount: fmt.Sprintf("%d.%02d", (10000+n)/100, (10000+n)%100), word: "Shipped",
	}
}

func (l lookup) line() string {
	return strings.Join([]string{
		l.ref, "OT-ORD", l.order, l.at, l.at, "ORD", "Credit Card", "CRDC", "Visa", l.currency, l.amount, "0.00", l.amount, "2.00", "0.00", "0.36", "0.00", "\"Rao, Asha\"", l.refunded, l.word,
	}, ",")
}

// upload keeps a file and compares it.
func (l *ledgers) upload(name, text string) *models.Reconciliation {
	l.Helper()
	r, known := l.keep(name, text)
	if known {
		l.Fatalf("%s is known already", name)
	}
	if err := l.db.RunReconciliation(l.ctx, r.ID); err != nil {
		l.Fatal(err)
	}
	return l.read(r.ID)
}

func (l *ledgers) keep(name, text string) (*models.Reconciliation, bool) {
	l.Helper()
	r, known, err := l.db.CreateReconciliation(l.ctx, models.ReconciliationUpload{StoreID: 43, File: strings.NewReader(text), Name: name, Days: "gateway", User: l.user})
	if err != nil {
		l.Fatal(err)
	}
	return r, known
}

func (l *ledgers) read(id int64) *models.Reconciliation {
	l.Helper()
	r, err := l.db.Reconciliation(l.ctx, id)
	if err != nil {
		l.Fatal(err)
	}
	return r
}

// rows are the rows of a class, each as its order.
func (l *ledgers) rows(r *models.Reconciliation, class models.RowClass) []*models.ReconciliationRow {
	l.Helper()
	list, _, _, err := l.db.ReconciliationRows(l.ctx, r, models.RowFilter{Class: class, Limit: 500})
	if err != nil {
		l.Fatal(err)
	}
	return list
}

// counted fails unless a reconciliation has so many rows of each class and none of any other.
func (l *ledgers) counted(r *models.Reconciliation, want map[string]int64) {
	l.Helper()
	if r.State != models.ReconciliationDone || !maps.Equal(r.Counts, want) {
		l.Errorf("it is %s (%s) with %v, want %v", r.State, r.Problem, r.Counts, want)
		for class := range r.Counts {
			for _, row := range l.rows(r, models.RowClass(class)) {
				if class != "agree" && len(l.rows(r, models.RowClass(class))) < 12 {
					l.Logf("%s: row %d, order %s, %v", class, row.Row, row.OrderText, row.Fields())
				}
			}
		}
	}
}

// snapshotOf is everything a reconciliation and the money around it hold, to see that nothing changed.
func (l *ledgers) snapshotOf() string {
	l.Helper()
	var text string
	l.scan(&text, `SELECT coalesce((SELECT string_agg(r::text, E'\n' ORDER BY r.reconciliation_id, r.row) FROM reconciliation_rows r), '')
		|| coalesce((SELECT string_agg(r::text, E'\n' ORDER BY id) FROM reconciliations r), '') || (SELECT string_agg(o::text, E'\n' ORDER BY id) FROM orders o)
		|| (SELECT string_agg(p::text, E'\n' ORDER BY id) FROM payments p)`)
	return text
}

func utf16le(text string) string {
	var b bytes.Buffer
	b.WriteString("\xff\xfe")
	for _, r := range text {
		b.WriteByte(byte(r))
		b.WriteByte(byte(r >> 8))
	}
	return b.String()
}
