package handlers_test

import (
	"fmt"
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
