package models_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
)

// Of payments that a gateway's file says were paid out later than five days after they were made, the order and
// the dashboard tell. Of those without a date nothing is claimed.
func TestLateSettlements(t *testing.T) {
	l := newLedgers(t)
	l.paidOrders(4)
	l.exec(`UPDATE payments SET gateway = 'razorpay', ref = 'pay_' || (order_id - 4999), order_ref = 'order_' || (order_id - 4999)`)
	made := time.Now().AddDate(0, 0, -9).UTC()
	row := func(n int, settled string) string {
		return fmt.Sprintf("pay_%d,payment,0,98.00,%d.%02d,INR,2.00,0.36,0,1,%s,%s,setl_1,,,,order_%[1]d,%d,card\n", n+1, 100, n, made.Format("02/01/2006 15:04:05"), settled, 5000+n)
	}
	day := func(n int) string { return made.AddDate(0, 0, n).Format("02/01/2006") }
	text := "entity_id,type,debit,credit,amount,currency,fee,tax,on_hold,settled,created_at,settled_at,settlement_id,description,notes,payment_id,order_id,order_receipt,method\n" +
		row(0, day(2)) + row(1, day(8)) + row(2, "") + row(3, "soon")
	r := l.upload("settlement.csv", text)
	if r.State != models.ReconciliationDone {
		t.Fatalf("the file is %s: %s", r.State, r.Problem)
	}
	for i, want := range []int{0, 7, 0, 0} { // the eighth day begins before eight days are over
		page, err := l.db.OrderPage(l.ctx, int64(5000+i))
		if err != nil {
			t.Fatal(err)
		}
		late, days := page.LateOf(page.Payments[0].ID), 0
		if late != nil {
			days = late.Days()
		}
		if days != want && !(want == 7 && days == 8) {
			t.Errorf("order %d was settled %d days late, want %d", 5000+i, days, want)
		}
	}
	// What was drawn as long ago and is in no settlement is told of too, once settlements of later days are known.
	l.exec(`INSERT INTO orders (id, store_id, status, gateway, currency, items_minor, total_minor, date_added) VALUES (5100, 43, 'processing', 'razorpay', 'INR', 100, 100, now() - interval '9 days'),
		(5101, 43, 'processing', 'razorpay', 'INR', 100, 100, now() - interval '1 day')`)
	l.exec(`INSERT INTO payments (order_id, store_id, gateway, mode, ref, status, currency, amount_minor, authorized_minor, captured_minor, created_at, updated_at)
		SELECT id, 43, 'razorpay', 'test', 'pay_' || id, 'success', 'INR', 100, 100, 100, date_added, date_added FROM orders WHERE id >= 5100`)
	unsettled := func(order int64, want string) {
		t.Helper()
		if _, err := l.db.NoteReconciled(l.ctx); err != nil {
			t.Fatal(err)
		}
		page, err := l.db.OrderPage(l.ctx, order)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if waits := page.UnsettledOf(page.Payments[0].ID); waits != nil {
			got = fmt.Sprint(waits.Days(page.Now), " days")
		}
		if got != want {
			t.Errorf("order %d waits %q to be settled, want %q", order, got, want)
		}
	}
	unsettled(5100, "") // the files known end before it was due
	today := fmt.Sprintf("pay_later,payment,0,98.00,1.00,INR,2.00,0.36,0,1,%s,%s,setl_2,,,,order_x,,card\n", time.Now().UTC().Format("02/01/2006 15:04:05"), time.Now().UTC().Format("02/01/2006"))
	l.upload("today.csv", text+today)
	unsettled(5100, "9 days")
	unsettled(5101, "")
	unsettled(5000, "")
	l.upload("again.csv", text+row(3, "")) // the same payment in two files is one payment
	needs, err := l.db.Needs(l.ctx, l.user, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	found := ""
	for _, n := range needs {
		if n.Kind == models.NeedSettlement {
			found = fmt.Sprint(n.Count)
		}
	}
	if found != "1" {
		t.Errorf("the dashboard tells of %q late settlements: %+v", found, needs)
	}
}
