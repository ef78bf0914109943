package models_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
)

// Of many orders in every combination of status here and state there, exactly those that were debited surface,
// whichever of two runs at a time asks about them, and however often it is run.
func TestLookupsMoveWhatWasDebited(t *testing.T) {
	h := openHearsay(t, nil)
	want := map[int64]string{}
	for i := range 90 {
		status := []string{"missing", "failed", "pending"}[i%3]
		order := h.order(status, map[string]string{"missing": "unknown"}[status])
		unpaid := map[string]string{"missing": "missing unknown pending", "failed": "failed pending", "pending": "pending pending"}[status]
		switch (i / 3) % 6 {
		case 0: // paid, under an id nobody has heard of
			h.shows(order, fmt.Sprintf("ref_%d", i), func(p *gateways.Payment) { p.Authorized, p.Captured = true, 10000 })
			want[order] = "processing success"
		case 1: // a failed attempt and a paid one
			h.shows(order, fmt.Sprintf("ref_%d_a", i), func(p *gateways.Payment) { p.Failed = true })
			h.shows(order, fmt.Sprintf("ref_%d_b", i), func(p *gateways.Payment) { p.Authorized, p.Captured = true, 10000 })
			want[order] = "processing failed,success"
		case 2:
			h.shows(order, fmt.Sprintf("ref_%d", i), func(p *gateways.Payment) { p.Failed, p.Doubt = true, gateways.Debited })
			want[order] = "missing debited failed"
		case 3:
			h.shows(order, fmt.Sprintf("ref_%d", i), func(p *gateways.Payment) { p.Failed = true })
			want[order] = "failed failed"
		case 4: // not known there
			want[order] = unpaid
		case 5: // of another amount
			h.shows(order, fmt.Sprintf("ref_%d", i), func(p *gateways.Payment) { p.Amount, p.Authorized, p.Captured = money.New(100, "INR"), true, 100 })
			want[order] = unpaid
		}
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	checked := 0
	for range 3 {
		wait.Go(func() {
			n, err := h.db.SweepLookups(h.ctx)
			if err != nil {
				t.Errorf("sweep: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			checked += n
		})
	}
	wait.Wait()
	check := func(when string) {
		t.Helper()
		for order, state := range want {
			if got := h.stands(order); got != state {
				t.Errorf("%s, order %d: %s, want %s", when, order, got, state)
			}
		}
		h.sound()
	}
	check("after the first runs")
	if checked < 90 || checked > 95 {
		t.Errorf("three runs at a time asked about %d orders, want each of 90 once", checked)
	}
	if n, err := h.db.SweepLookups(h.ctx); err != nil || n != 0 {
		t.Errorf("right after that %d are asked about (%v), want none before their time", n, err)
	}
	if n, err := h.db.SweepLookups(models.AskedFor(h.ctx)); err != nil || n != 60 {
		t.Errorf("asked for by hand, %d are asked about (%v), want the 60 that still wait", n, err)
	}
	check("after another run")
	sweeps, err := h.db.LookupSweeps(h.ctx, 10)
	if err != nil || len(sweeps) == 0 || sweeps[0].Checked != 60 || sweeps[0].Moved != 0 || sweeps[0].Unknown != 45 || sweeps[0].Errors != 0 {
		t.Errorf("the last run: %+v, %v", sweeps, err)
	}
}

// Orders that are not the look-ups' to ask about are left alone.
func TestLookupsLeaveOthersAlone(t *testing.T) {
	h := openHearsay(t, nil)
	for _, change := range []string{
		`status = 'shipped'`, `status = 'cancelled'`, `date_added = now() - interval '8 days'`,
	} {
		order := h.order("pending", "")
		h.shows(order, fmt.Sprintf("ref_%d", order), func(p *gateways.Payment) { p.Authorized, p.Captured = true, 10000 })
		h.exec(`UPDATE orders SET `+change+` WHERE id = $1`, order)
	}
	for _, gateway := range []string{"cod", "gofynd", ""} { // and no payment was begun
		h.exec(`INSERT INTO orders (store_id, status, gateway, currency, items_minor, total_minor) VALUES (40, 'pending', $1, 'INR', 10000, 10000)`, gateway)
	}
	if n, err := h.db.SweepLookups(h.ctx); err != nil || n != 0 {
		t.Errorf("%d orders were asked about, %v", n, err)
	}
}

// A buyer may be debited at another gateway than the order names, or by an order that names none: whoever was sent
// there is asked about there, and the order is then one of the gateway that has the money.
func TestLookupsAskWhereTheBuyerWasSent(t *testing.T) {
	h := openHearsay(t, nil)
	for _, named := range []string{"", "cod", "gofynd"} {
		order := h.order("pending", "")
		h.exec(`UPDATE orders SET gateway = $2 WHERE id = $1`, order, named)
		h.shows(order, fmt.Sprintf("ref_%d", order), func(p *gateways.Payment) { p.Authorized, p.Captured = true, 10000 })
		if n, err := h.db.SweepLookups(h.ctx); err != nil || n != 1 {
			t.Errorf("of an order of %q %d were asked about, %v", named, n, err)
		}
		if got := h.stands(order) + " " + h.text(`SELECT gateway FROM orders WHERE id = $1`, order); got != "processing success bogus" {
			t.Errorf("an order of %q is %s", named, got)
		}
	}
	other := h.order("pending", "")
	h.exec(`UPDATE orders SET gateway = 'elsewhere' WHERE id = $1`, other)
	h.exec(`INSERT INTO payments (order_id, store_id, gateway, mode, order_ref, ref, status, currency, amount_minor, authorized_minor, captured_minor)
		VALUES ($1, 40, 'elsewhere', 'test', 'there', 'there', 'success', 'INR', 10000, 10000, 10000)`, other)
	h.shows(other, "ref_twice", func(p *gateways.Payment) { p.Authorized, p.Captured = true, 10000 })
	if _, err := h.db.SweepLookups(h.ctx); err != nil {
		t.Error(err)
	}
	if got := h.text(`SELECT gateway FROM orders WHERE id = $1`, other); got != "elsewhere" {
		t.Errorf("an order that is paid elsewhere is one of %s", got)
	}
	h.sound()
}

// A provider that does not answer says nothing about the money, and the run says so.
func TestLookupErrorIsNotUnpaid(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.order("missing", "debited")
	h.exec(`UPDATE gateway_settings SET secrets = '{}'`) // the credentials are gone
	n, err := h.db.SweepLookups(h.ctx)
	if n != 1 || err == nil {
		t.Errorf("%d asked about, error %v; want it told", n, err)
	}
	if got := h.stands(order) + ", " + h.text(`SELECT outcome FROM order_lookups`); got != "missing debited pending, error" {
		t.Errorf("the order is %s", got)
	}
}

// Every night what was done in a provider's portal is entered.
func TestPortalIsReadEveryNight(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.order("pending", "")
	h.shows(order, "ref_1", func(p *gateways.Payment) { p.Authorized = true })
	h.hint(gateways.Payment{Ref: "ref_1"})
	h.shows(order, "ref_1", func(p *gateways.Payment) { p.Authorized, p.Canceled, p.Voided = true, true, 10000 })
	if n, err := h.db.SweepPayments(h.ctx); err != nil || n != 1 {
		t.Fatalf("%d payments were read, %v", n, err)
	}
	if got := h.text(`SELECT concat_ws(' ', p.status, p.voided_at IS NOT NULL, x.kind, x.source, x.state) FROM payments p JOIN operations x ON x.payment_id = p.id`); got != "canceled t void provider succeeded" {
		t.Errorf("the payment is %s", got)
	}
	h.sound()
}

// A receipt has its address before it is made; what is made of it follows without anybody asking.
func TestReceiptsAreReadUntilMade(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.order("pending", "")
	receipt := map[string]string{"fop_receipt_key": "9a2f"}
	h.shows(order, "ref_1", func(p *gateways.Payment) { p.Authorized, p.Captured, p.Fiscal = true, 10000, receipt })
	h.hint(gateways.Payment{Ref: "ref_1"})
	for _, want := range []string{"9a2f, not made", "9a2f 3512313478"} {
		if n, err := h.db.SweepReceipts(h.ctx); err != nil || n != 1 {
			t.Fatalf("%d payments were read, %v", n, err)
		}
		if got := h.text(`SELECT (fiscal->>'fop_receipt_key') || coalesce(' ' || (fiscal->>'fop_fpd'), ', not made') FROM payments`); got != want {
			t.Errorf("the receipt is %s, want %s", got, want)
		}
		receipt = map[string]string{"fop_receipt_key": "9a2f", "fop_fpd": "3512313478"}
		h.shows(order, "ref_1", func(p *gateways.Payment) { p.Authorized, p.Captured, p.Fiscal = true, 10000, receipt })
	}
	if n, err := h.db.SweepReceipts(h.ctx); err != nil || n != 0 {
		t.Errorf("%d made receipts were read again, %v", n, err)
	}
	h.sound()
}
