package handlers_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// The order's page says with which file a payment was compared, and what that found; whoever may reconcile is led there.
func TestOrderSaysHowItWasReconciled(t *testing.T) {
	o := openOffice(t)
	o.settings()
	order := o.order(map[string]any{"status": "processing"})
	o.exec(`INSERT INTO payments (order_id, store_id, gateway, mode, ref, status, currency, amount_minor, authorized_minor, captured_minor)
		SELECT id, store_id, 'razorpay', 'test', 'pay_KFreconciled1', 'success', currency, total_minor, total_minor, total_minor FROM orders WHERE id = $1`, order)
	owner, viewer := o.enter("owner"), o.enter("viewer")
	page := fmt.Sprintf("/sales/orders/%d", order)
	if got := text(owner.get(page).Find("main")); !strings.Contains(got, "Not yet compared with Razorpay.") {
		t.Errorf("before any file the order says %q", got)
	}
	o.exec(`INSERT INTO reconciliations (store_id, gateway, format, file_name, bytes, sha256, days, state, user_id, user_name, finished_at)
		SELECT o.store_id, 'razorpay', 'razorpay', 'november.csv', 1, '\x01', 'store', 'done', u.id, u.name, now() FROM orders o, users u WHERE o.id = $1 ORDER BY u.id LIMIT 1`, order)
	o.exec(`INSERT INTO reconciliation_rows (reconciliation_id, row, store_id, kind, order_id, class, state, opened_at) SELECT r.id, 2, r.store_id, 'payment', $1, 'amount', 'open', now() FROM reconciliations r`, order)
	if n, err := o.db.NoteReconciled(o.ctx); err != nil || n != 1 {
		t.Fatalf("noted %d, %v", n, err)
	}
	seen := owner.get(page).Find("[data-reconciled]")
	if got := text(seen); !strings.Contains(got, "with november.csv: amount differs, not resolved") {
		t.Errorf("the order says %q", got)
	}
	if got := seen.Find("a").AttrOr("href", ""); got != "/sales/reconciliations/1?class=amount" {
		t.Errorf("it leads to %q", got)
	}
	if got := viewer.get(page).Find("[data-reconciled]"); got.Find("a").Length() != 0 || !strings.Contains(text(got), "amount differs") {
		t.Errorf("a viewer reads %q", text(got))
	}
	if got := text(owner.get("/sales/orders?reconciled=differs").Find("main")); !strings.Contains(got, fmt.Sprint(order)) || !strings.Contains(got, "differs") {
		t.Errorf("the list of what differs: %q", got)
	}
	if got := owner.get("/sales/orders?reconciled=agrees").Find(rowOf(order)).Length(); got != 0 {
		t.Error("an order that differs is listed as one that agrees")
	}
}

// A column of the list says of each order how it stands, as the exported file does; it is shown to those who choose it
// or filter by it.
func TestReconciledColumn(t *testing.T) {
	o := openOffice(t)
	owner := o.enter("owner")
	paid := func() int64 {
		order := o.order(nil)
		o.payment(order, nil)
		return order
	}
	agrees, differs, resolved, twice, not, unpaid := paid(), paid(), paid(), paid(), paid(), o.order(map[string]any{"status": "pending"})
	compared := func(file string, rows map[int64][2]string) {
		var id int64
		o.scan(&id, `INSERT INTO reconciliations (store_id, gateway, format, file_name, bytes, sha256, days, state, user_id, user_name, finished_at)
			SELECT 40, 'razorpay', 'razorpay', $1::text, 1, convert_to($1, 'UTF8'), 'store', 'done', u.id, u.name, now() FROM users u ORDER BY u.id LIMIT 1 RETURNING id`, file)
		n := 1
		for order, as := range rows {
			n++
			o.exec(`INSERT INTO reconciliation_rows (reconciliation_id, row, store_id, kind, order_id, class, state, opened_at, resolved_at) VALUES ($1, $2, 40, 'payment', $3, $4, $5,
				CASE WHEN $5 <> 'clean' THEN now() END, CASE WHEN $5 = 'resolved' THEN now() END)`, id, n, order, as[0], as[1])
		}
		if n, err := o.db.NoteReconciled(o.ctx); err != nil || n != 1 {
			t.Fatalf("noted %d, %v", n, err)
		}
	}
	compared("first.csv", map[int64][2]string{agrees: {"agree", "clean"}, differs: {"amount", "open"}, resolved: {"paid_missing", "resolved"}, twice: {"amount", "resolved"}})
	compared("second.csv", map[int64][2]string{twice: {"agree", "clean"}, differs: {"agree", "clean"}})

	list := owner.get("/sales/orders?cols=status,reconciled")
	file := owner.get("/sales/orders/export.csv")
	records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.Find("body").Text(), "\ufeff"))).ReadAll()
	if file.status != http.StatusOK || err != nil {
		t.Fatalf("the file answers %d, %v", file.status, err)
	}
	at := slices.Index(records[0], "reconciled")
	for order, want := range map[int64][2]string{
		agrees: {"Agrees", "agrees"}, differs: {"Differs : Amount differs", "differs"}, resolved: {"Resolved : Paid there, missing here", "resolved"},
		twice: {"Agrees", "agrees"}, not: {"Not yet", "no"}, unpaid: {"–", "no"},
	} {
		if got := text(list.Find(rowOf(order)).Find("td.reconciled")); got != want[0] {
			t.Errorf("order %d is listed as %q, want %q", order, got, want[0])
		}
		row := slices.IndexFunc(records, func(record []string) bool { return record[0] == fmt.Sprint(order) })
		if row < 0 || records[row][at] != want[1] {
			t.Errorf("order %d is not exported as %q", order, want[1])
		}
	}
	for path, shown := range map[string]bool{"/sales/orders": false, "/sales/orders?reconciled=differs": true, "/sales/orders?reconciled=differs&cols=status": false} {
		if got := strings.Contains(text(owner.get(path).Find("thead")), "Reconciled"); got != shown {
			t.Errorf("%s shows the column: %v", path, got)
		}
	}
	for _, sorted := range []string{"", "&status=processing&status=pending", "&sort=date_modified", "&deadline=7d"} {
		if got := owner.get("/sales/orders?cols=reconciled,capture_before" + sorted); got.status != http.StatusOK {
			t.Errorf("with %s the list answers %d", sorted, got.status)
		}
	}
}
