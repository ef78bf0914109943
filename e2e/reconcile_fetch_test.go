package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kartify/kartify/e2e/browser"
	"github.com/kartify/kartify/models/cast"
)

// days are the form's days that hold every order of the cast.
func (w *world) days() url.Values {
	w.t.Helper()
	var first, last string
	w.scan(&first, `SELECT to_char(min(p.created_at) AT TIME ZONE 'Asia/Kolkata', 'YYYY-MM-DD') FROM payments p WHERE store_id = $1`, cast.Ruosh)
	last = time.Now().In(time.FixedZone("IST", 19800)).Format(time.DateOnly)
	return url.Values{"source": {fmt.Sprintf("%d razorpay test", cast.Ruosh)}, "days": {"gateway"}, "first": {first}, "last": {last}}
}

// inWords is a day such as 2026-11-23 as pages show it.
func inWords(day string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return at.Format("2 Jan 2006")
}

// failedThere has the order of s stand on a payment that failed at the gateway.
func (w *world) failedThere(s settled) settled {
	w.t.Helper()
	s.ref = fmt.Sprintf("pay_KFFAILED%06d", s.order)
	w.sandbox(http.MethodPost, "/_sandbox/payments", map[string]any{
		"gateway": "razorpay", "id": s.ref, "order": fmt.Sprint(s.order), "amount_minor": s.minor, "currency": "INR", "state": "failed", "method": "upi", "created_at": time.Now().Add(-time.Hour).Unix(),
	}, nil)
	if _, err := w.db.Pool().Exec(w.ctx, "UPDATE payments SET ref = $2, order_ref = '' WHERE order_id = $1", s.order, s.ref); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// TestAskRazorpayWhatItWasPaid asks the sandbox, through an outage, and resolves what differs: a refund made in its
// portal, and an order that is not paid there.
func TestAskRazorpayWhatItWasPaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	finance := w.signIn("owner@ruosh.example")
	list := w.settled()
	refunded, unpaid := list[0], w.failedThere(list[1])
	w.sandbox(http.MethodPost, "/_sandbox/payments/"+refunded.ref+"/refunds", map[string]any{"amount_minor": 100}, nil)

	w.sandbox(http.MethodPut, "/_sandbox/faults", map[string]any{"gateway": "razorpay", "verb": "lookup", "mode": "500_before"}, nil)
	answer := finance.post("/sales/reconciliations/fetches", w.days())
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusSeeOther {
		t.Fatalf("the form is answered with %d: %.600s", answer.StatusCode, answer.text)
	}
	w.eventually("failed", "SELECT state FROM reconciliations")
	page := finance.get("/sales/reconciliations/1")
	if !strings.Contains(page.text, "Razorpay could not be asked for") || !strings.Contains(page.text, "Try again") || strings.Contains(page.text, "Paid here, absent there") {
		t.Errorf("during the outage the page says %.3000s", page.text)
	}
	w.sandbox(http.MethodDelete, "/_sandbox/faults", nil, nil)
	finance.post("/sales/reconciliations/1/retries", nil)
	w.eventually("done", "SELECT state FROM reconciliations")
	w.eventually("refunded_there", "SELECT class FROM reconciliation_rows WHERE order_id = $1 AND state = 'open'", refunded.order)
	w.eventually("absent", "SELECT class FROM reconciliation_rows WHERE order_id = $1 AND state = 'open'", unpaid.order)
	w.eventually("agree", "SELECT class FROM reconciliation_rows WHERE order_id = $1", list[2].order)

	row := func(order int64) string {
		var n int64
		w.scan(&n, "SELECT row FROM reconciliation_rows WHERE order_id = $1 AND state = 'open'", order)
		return fmt.Sprintf("/sales/reconciliations/1/rows/%d/resolve", n)
	}
	finance.post(row(refunded.order), url.Values{"action": {"ask"}})
	w.eventually("resolved", "SELECT state FROM reconciliation_rows WHERE order_id = $1", refunded.order)
	w.eventually("100", "SELECT refunded_minor FROM payments WHERE order_id = $1 AND ref = $2", refunded.order, refunded.ref)
	if n := len(w.refunds(refunded.ref)); n != 1 {
		t.Errorf("there are %d refunds at the gateway", n)
	}
	finance.post(row(unpaid.order), url.Values{"action": {"fail"}})
	w.eventually("resolved fail", "SELECT state || ' ' || action FROM reconciliation_rows WHERE order_id = $1", unpaid.order)
	w.eventually("failed", "SELECT status FROM orders WHERE id = $1", unpaid.order)
}

// TestKillWhileComparing kills kartify while it compares ten thousand rows, and again.
func TestKillWhileComparing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	finance := w.signIn("finance@ruosh.example")
	var text strings.Builder
	text.WriteString("entity_id,type,debit,credit,amount,currency,fee,tax,created_at,settlement_id,payment_id,order_id,order_receipt\n")
	list := w.settled()
	for _, s := range list {
		fmt.Fprintf(&text, "%s,payment,0,1.00,%d.%02d,INR,2.00,0.36,,setl_1,,,%d\n", s.ref, s.minor/100, s.minor%100, s.order)
	}
	for n := range 10_000 {
		fmt.Fprintf(&text, "pay_nobody%d,payment,0,1.00,5.00,INR,0,0,,setl_1,,,7%06d\n", n, n)
	}
	if answer := finance.send("settlement.csv", text.String(), url.Values{"store": {"40"}, "days": {"store"}}); answer.StatusCode != http.StatusSeeOther {
		t.Fatalf("the upload is answered with %d", answer.StatusCode)
	}
	for _, after := range []time.Duration{5 * time.Millisecond, 60 * time.Millisecond, 150 * time.Millisecond} {
		time.Sleep(after)
		w.stop(syscall.SIGKILL)
		w.start()
	}
	w.eventually("done", "SELECT state FROM reconciliations")
	w.eventually(fmt.Sprint(10_000+len(list)), "SELECT count(DISTINCT row) FROM reconciliation_rows WHERE kind = 'payment'")
	w.eventually("10000", "SELECT counts->>'unknown_order' FROM reconciliations")
	w.eventually(fmt.Sprint(len(list)), "SELECT counts->>'agree' FROM reconciliations")
}

// TestAskFromThePage asks in a browser, sees what is absent with its dates, and the figures.
func TestAskFromThePage(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	if b == nil {
		return
	}
	w := newWorld(t)
	list := w.settled()
	w.failedThere(list[1])
	w.sandbox(http.MethodPost, "/_sandbox/payments/"+list[0].ref+"/refunds", map[string]any{"amount_minor": 100}, nil)
	unknown := "UPDATE payments SET ref = ref || 'x', order_ref = '' WHERE order_id = $1" // the gateway does not know it
	if _, err := w.db.Pool().Exec(w.ctx, unknown, list[2].order); err != nil {
		t.Fatal(err)
	}
	tab := b.Tab(t)
	tab.Size(1440, 900)
	w.open(tab, "finance@ruosh.example", "/sales/reconciliations")
	days := w.days()
	browser.Eval[bool](tab, fmt.Sprintf(`(() => { for (const [name, value] of Object.entries({first: %q, last: %q})) document.querySelector('form.ask [name="' + name + '"]').value = value; return true; })()`,
		days.Get("first"), days.Get("last")))
	look(t, tab, "reconciliation-ask")
	tab.Click(`form.ask button.primary`)
	tab.WaitUntil(`/^\/sales\/reconciliations\/\d+$/.test(location.pathname)`)
	tab.WaitFor(`tr[data-class="absent"]`)
	tab.Open(w.base + "/sales/reconciliations/1?class=absent")
	if text := tab.Text("main"); !strings.Contains(text, inWords(days.Get("first"))+" to "+inWords(days.Get("last"))) || !strings.Contains(text, "the gateway's days, which begin in Asia/Kolkata") || !strings.Contains(text, "Razorpay, asked in test mode") {
		t.Errorf("the page says %q", text)
	}
	look(t, tab, "reconciliation-asked")
	tab.Click(`tr[data-class="absent"] td a.open`)
	tab.WaitFor("#row")
	look(t, tab, "reconciliation-absent")
	browser.Eval[bool](tab, `(() => { document.querySelector('.bulk-all select').value = "accept"; return true; })()`)
	tab.Click(`#bulk button[value="all"]`)
	tab.WaitUntil(`document.querySelector("h1")?.innerText.startsWith("Accept")`)
	look(t, tab, "reconciliation-bulk")
	for _, of := range []string{"queue", "figures", "mappings"} {
		tab.Open(w.base + "/sales/reconciliations?of=" + of)
		look(t, tab, "reconciliation-"+of)
	}
}
