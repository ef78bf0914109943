package models_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// Money that arrives for a cancelled order: the payment moves, the order stays, its history says so once, and the
// board lists it until the money has gone back.
func TestMoneyForACancelledOrder(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.order("cancelled", "")
	h.shows(order, "ref_1", func(p *gateways.Payment) { p.Authorized, p.Captured = true, 10000 })
	for range 3 {
		h.hint(gateways.Payment{Ref: "ref_1"})
	}
	if got := h.stands(order); got != "cancelled success" {
		t.Errorf("the order is %s", got)
	}
	if got := h.text(`SELECT count(*) FROM order_history WHERE order_id = $1 AND comment LIKE '100.00 INR came in for this order after it was cancelled.%'`, order); got != "1" {
		t.Errorf("the history says so %s times", got)
	}
	listed := func() *models.LimboRow {
		t.Helper()
		page, err := h.db.Limbo(h.ctx, models.LimboFilter{Kind: models.NeedFailedPaid})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(page.Rows, func(r models.LimboRow) bool { return r.OrderID == order })
		if i < 0 {
			return nil
		}
		return &page.Rows[i]
	}
	if row := listed(); row == nil || row.State != "cancelled" || row.Amount.Minor != 10000 || row.PaymentID == 0 {
		t.Fatalf("the board lists %+v", row)
	}
	h.shows(order, "ref_1", func(p *gateways.Payment) {
		p.Authorized, p.Captured, p.Refunded = true, 10000, 10000
		p.Refunds = []gateways.Result{{Status: gateways.Succeeded, Ref: "rfnd_1", PaymentRef: "ref_1", Amount: p.Amount}}
	})
	h.hint(gateways.Payment{Ref: "ref_1"})
	if row := listed(); row != nil {
		t.Errorf("after the refund the board still lists %+v", row)
	}

	held := h.order("cancelled", "")
	h.shows(held, "ref_2", func(p *gateways.Payment) { p.Authorized = true })
	h.hint(gateways.Payment{Ref: "ref_2"})
	if got := h.text(`SELECT string_agg(comment, ' ') FROM order_history WHERE order_id = $1`, held); !strings.Contains(got, "100.00 INR is held for this order, which was cancelled before.") {
		t.Errorf("of the hold the history says %q", got)
	}
	expired := h.order("cancelled", "expired")
	h.shows(expired, "ref_3", func(p *gateways.Payment) { p.Authorized, p.Captured = true, 10000 })
	h.hint(gateways.Payment{Ref: "ref_3"})
	if got := h.stands(expired); got != "processing success" {
		t.Errorf("an order cancelled because its hold ran out is %s", got)
	}
	if got := h.text(`SELECT count(*) FROM order_history WHERE order_id = $1 AND comment LIKE '%after it was cancelled%'`, expired); got != "0" {
		t.Error("its history says that it stays cancelled")
	}
	h.sound()
}

// Whoever keeps the money of a cancelled order on purpose says so once; more money brings the order back to the board.
func TestMoneyOfACancelledOrderIsLeft(t *testing.T) {
	h := openHearsay(t, nil)
	user := modelstest.Person(t, h.db, "Ravi", models.Owner)
	order := h.order("cancelled", "")
	comes := func(ref string) {
		h.shows(order, ref, func(p *gateways.Payment) { p.Authorized, p.Captured = true, 10000 })
		h.hint(gateways.Payment{Ref: ref})
	}
	onBoard := func(want int) {
		t.Helper()
		page, err := h.db.Limbo(h.ctx, models.LimboFilter{Kind: models.NeedFailedPaid})
		if err != nil || len(page.Rows) != want {
			t.Errorf("the board lists %+v, %v; want %d", page.Rows, err, want)
		}
	}
	comes("ref_1")
	onBoard(1)
	if said, err := h.db.FixLimbo(h.ctx, models.FixAccept, models.NeedFailedPaid, order, user, ""); err != nil || !strings.HasSuffix(said, "Seen: the money stays with the store.") {
		t.Errorf("leave it so: %q, %v", said, err)
	}
	onBoard(0)
	if _, err := h.db.FixLimbo(h.ctx, models.FixAccept, models.NeedFailedPaid, order, user, ""); err == nil {
		t.Error("it could be left twice")
	}
	comes("ref_2")
	onBoard(1)
	if _, err := h.db.FixLimbo(h.ctx, models.FixAccept, models.NeedFailedPaid, order, user, ""); err != nil {
		t.Error(err)
	}
	h.exec(`UPDATE payments SET captured_minor = captured_minor - 4000 WHERE order_id = $1 AND ref = 'ref_2'`, order)
	onBoard(0) // less is not more
	h.exec(`UPDATE payments SET captured_minor = captured_minor + 4000 WHERE order_id = $1 AND ref = 'ref_2'`, order)
	onBoard(1)
	if got := h.text(`SELECT count(*) FROM order_history WHERE order_id = $1 AND comment = 'Seen: the money stays with the store.'`, order); got != "2" {
		t.Errorf("the history says so %s times", got)
	}
	if got := h.text(`SELECT count(*) FROM audit_log WHERE action = 'limbo.failed_paid_seen'`); got != "2" {
		t.Errorf("the audit log says so %s times", got)
	}
	h.sound()
}
