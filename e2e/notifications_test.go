package e2e

import (
	"net/http/httptest"
	"testing"

	"github.com/kartify/kartify/e2e/browser"
	"github.com/kartify/kartify/models/cast"
)

// tellShop has the shop of store 42 told of its payments, at an address on this machine: the running kartify calls
// it only when it is allowed to.
func (w *world) tellShop() {
	w.t.Helper()
	shop := httptest.NewServer(cast.Shop())
	w.t.Cleanup(shop.Close)
	if err := cast.Notifications(w.ctx, w.db, "https://lavka.example/payments"); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.db.Pool().Exec(w.ctx, `UPDATE notification_settings SET url = $1 WHERE store_id = 42`, shop.URL); err != nil {
		w.t.Fatal(err)
	}
}

// A payment whose shop did not hear is told again by one button: the shop hears, and the payment is completed.
func TestSendNotification(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	if b == nil {
		return
	}
	w := newWorld(t, "KARTIFY_NOTIFY_NETWORKS=127.0.0.0/8")
	w.tellShop()
	viewer := w.signIn("viewer@ruosh.example")
	if page := viewer.get("/sales/orders/1009").page(); page.Find(`form[action$="/notifications"]`).Length() != 0 {
		t.Error("a viewer has the button")
	}
	tab := b.Tab(t)
	tab.Size(1440, 900)
	w.open(tab, "owner@ruosh.example", "/sales/orders/1009")
	if got := browser.Eval[string](tab, `document.querySelector("[data-notification]").dataset.notification`); got != "Not delivered" {
		t.Errorf("the order says %q", got)
	}
	tab.Click(`form[action$="/notifications"] button`)
	w.eventually("success delivered 2 1", `SELECT concat_ws(' ', p.status, n.state, n.series, n.tries) FROM payments p JOIN notifications n ON n.payment_id = p.id WHERE p.order_id = 1009`)
	tab.WaitFor(`[data-notification="Delivered"]`)
}
