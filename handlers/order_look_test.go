package handlers_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	eyes "github.com/kartify/kartify/e2e/browser"
	"github.com/kartify/kartify/gateways"
)

var looks = []struct {
	name          string
	width, height int
	dark          bool
}{
	{"desk", 1440, 900, false},
	{"desk-dark", 1440, 900, true},
	{"phone", 390, 844, false},
	{"phone-dark", 390, 844, true},
}

// enterBrowser opens a tab in which somebody is signed in.
func (o *office) enterBrowser(b *eyes.Browser, who string) *eyes.Tab {
	o.Helper()
	tab := b.Tab(o)
	tab.Open(o.url + "/login")
	tab.Fill("input[name=email]", who+"@ruosh.example")
	tab.Fill("input[name=password]", password)
	tab.Press("Enter")
	tab.WaitFor(".person")
	return tab
}

// look checks a page in both themes and two sizes. SCREENSHOTS names a folder to keep the pictures in.
func (o *office) look(tab *eyes.Tab, name string) {
	o.Helper()
	for _, look := range looks {
		tab.Size(look.width, look.height)
		tab.Dark(look.dark)
		for _, violation := range tab.Axe() {
			o.Errorf("%s %s: %s", name, look.name, violation)
		}
		if over := eyes.Eval[int](tab, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
			o.Errorf("%s %s: the page is %d px wider than the window", name, look.name, over)
		}
		if dir := os.Getenv("SCREENSHOTS"); dir != "" {
			height := look.height
			if os.Getenv("WHOLE") != "" {
				height = eyes.Eval[int](tab, "Math.max(innerHeight, document.documentElement.scrollHeight)")
			}
			tab.Screenshot(filepath.Join(dir, name+"-"+look.name+".png"), look.width, height, look.dark)
		}
	}
}

// operation seeds a refund of 499.00 INR in a state, with one attempt.
func (o *office) operation(order, payment int64, state string, change map[string]any) int64 {
	o.Helper()
	row := map[string]any{
		"store_id": 40, "order_id": order, "payment_id": payment, "kind": "refund", "source": "staff", "amount_minor": 49900, "currency": "INR", "reason": "returned",
		"requester": "Asha Rao", "digest": []byte{0}, "idempotency_key": fmt.Sprintf("kfy%d%s", time.Now().UnixNano(), "x"), "state": state,
		"attempts": 1, "first_sent_at": time.Now().Add(-4 * time.Minute), "created_at": time.Now().Add(-4 * time.Minute),
	}
	for column, value := range change {
		row[column] = value
	}
	id := o.insert("operations", row)
	exchange, err := json.Marshal([]gateways.Exchange{{
		Verb: "refund", Method: "POST", URL: "https://api.razorpay.com/v1/payments/pay_29QQoUBi66xm2f/refund", Status: 200, Duration: 312 * time.Millisecond,
		Request: `{"amount":49900,"speed":"normal","notes":{"reason":"returned"},"receipt":"kfyk3v5q"}`,
		Answer:  `{"id":"rfnd_FP8QHiV938haTz","entity":"refund","amount":49900,"currency":"INR","status":"processed"}`,
	}})
	if err != nil {
		o.Fatal(err)
	}
	o.insert("operation_attempts", map[string]any{"operation_id": id, "store_id": 40, "n": 1, "kind": "send", "outcome": state, "http_status": 200, "exchanges": exchange, "finished_at": time.Now()})
	o.insert("order_history", map[string]any{"order_id": order, "store_id": 40, "actor": "user", "actor_name": "Asha Rao", "kind": "operation", "operation_id": id, "comment": "Refund of 499.00 INR requested: Goods returned."})
	return id
}

// TestOrderPageLooks looks at orders in the states that matter.
func TestOrderPageLooks(t *testing.T) {
	chromium := eyes.Start(t)
	if chromium == nil {
		return
	}
	o := openOffice(t)
	reserved, returned := map[string]any{"status": "refunding", "refund_reserved_minor": 49900}, map[string]any{"status": "partially_refunded", "refunded_minor": 49900}
	refunding := func(state string, payment, change map[string]any) func() int64 {
		return func() int64 {
			order := o.order(nil)
			event := o.request(order, nil)
			if change["event_id"] == "asked" {
				change["event_id"] = event
			}
			o.operation(order, o.payment(order, payment), state, change)
			return order
		}
	}
	states := []struct {
		name string
		seed func() int64
	}{
		{"waiting", func() int64 {
			order := o.order(map[string]any{"partner_order_id": "FY6A90817263544", "affiliate_order_id": "R-1001"})
			o.payment(order, nil)
			for _, event := range []string{"ORDER_PLACED", "SHIPMENT_CREATED"} {
				o.insert("order_events", map[string]any{"order_id": order, "store_id": 40, "event": event})
			}
			o.request(order, nil)
			o.insert("webhooks", map[string]any{"source": "gofynd", "store_id": 40, "order_id": order, "event": "refund_initiated", "body_sha256": []byte("x"), "body": []byte("{}"), "verdict": "verified", "state": "processed", "effect": "Refund request 16916747740991418099 noted."})
			o.insert("order_history", map[string]any{"order_id": order, "store_id": 40, "actor": "webhook", "actor_name": "Fynd", "kind": "event", "comment": "REFUND_INITIATED received."})
			o.insert("order_history", map[string]any{"order_id": order, "store_id": 40, "actor": "user", "actor_name": "Asha Rao", "kind": "status", "from_status": "pending", "to_status": "processing", "comment": "Paid, and packed today.", "notified": true})
			return order
		}},
		{"under-way", refunding("pending", reserved, map[string]any{"event_id": "asked", "ref": "rfnd_FP8QHiV938haTz", "word": "pending"})},
		{"unknown", refunding("unknown", reserved, map[string]any{"problem": "Razorpay did not answer within 20s. Whether it happened is not known yet; it is looked up before anything else is done.", "lookups": 2, "next_at": time.Now().Add(5 * time.Minute)})},
		{"needs-review", refunding("needs_review", reserved, map[string]any{"problem": "The gateway's answer did not come, and the gateway does not know this operation. Look at the payment in its portal before anything else is done.", "lookups": 6})},
		{"cod", func() int64 { return o.order(map[string]any{"gateway": "cod", "payment_method": "Cash on delivery"}) }},
		{"done", func() int64 {
			order := o.order(map[string]any{"status": "partially_refunded"})
			event := o.request(order, map[string]any{"waiting": false, "closed_at": time.Now(), "closed_by": "Refund of 499.00 INR, rfnd_FP8QHiV938haTz"})
			id := o.operation(order, o.payment(order, returned), "succeeded", map[string]any{"event_id": event, "ref": "rfnd_FP8QHiV938haTz", "word": "processed", "reference": "10000000000000", "finished_at": time.Now(), "note": "Customer called twice."})
			o.insert("partner_updates", map[string]any{"store_id": 40, "order_id": order, "operation_id": id, "kind": "refund_session", "request_id": "16916747740991418099", "status": "refund_done", "amount_minor": 49900, "currency": "INR", "state": "done", "tries": 1, "done_at": time.Now(), "log": []byte(`[{"at":"2026-11-22T08:30:00Z","status":200}]`)})
			return order
		}},
		{"external", refunding("succeeded", returned, map[string]any{"source": "provider", "requester": "Razorpay", "reason": "", "ref": "rfnd_outside00001", "attempts": 0, "contradiction": "The gateway first said failed and later succeeded.", "finished_at": time.Now()})},
		{"missing", func() int64 {
			order := o.order(map[string]any{"status": "missing", "status_reason": "debited", "partner_order_id": nil, "customer_name": "ليلى حسن", "company": "Öberg Inredning AB"})
			o.payment(order, map[string]any{"status": "pending", "authorized_minor": 0, "captured_minor": 0, "provider_status": "created"})
			return order
		}},
		{"failed", refunding("failed", nil, map[string]any{"problem": "The refund amount provided is greater than amount captured.", "word": "failed", "finished_at": time.Now()})},
	}
	tab := o.enterBrowser(chromium, "support")
	for _, state := range states {
		tab.Open(fmt.Sprintf("%s/sales/orders/%d", o.url, state.seed()))
		tab.WaitFor("#order")
		o.look(tab, "order-"+state.name)
	}
	eyes.Eval[int](tab, "document.querySelectorAll('details').forEach(d => { d.open = !d.classList.contains('drop') }), 1")
	o.look(tab, "order-unfolded")
	tab.Size(1440, 900)
	tab.Click("[data-dialog=status]")
	tab.WaitFor("#status select")
	o.look(tab, "order-status")
}

// TestRefundMoneyInABrowser presses the button as people do.
func TestRefundMoneyInABrowser(t *testing.T) {
	chromium := eyes.Start(t)
	if chromium == nil {
		return
	}
	o := openOffice(t)
	order := o.order(nil)
	payment := o.payment(order, nil)
	o.request(order, nil)
	tab := o.enterBrowser(chromium, "support")
	tab.Allow("422")
	tab.Open(fmt.Sprintf("%s/sales/orders/%d", o.url, order))
	dialog := fmt.Sprintf("#refund-%d", payment)
	tab.Click(fmt.Sprintf("[data-dialog=refund-%d]", payment))
	tab.WaitFor(dialog + " .will")
	o.look(tab, "refund-dialog")
	tab.Size(1440, 900)
	tab.Click(dialog + " [name=mode][value=lines]")
	tab.WaitFor(dialog + " .pick-lines")
	tab.Fill(dialog+" .pick-lines li:nth-child(2) input", "1")
	tab.WaitUntil(fmt.Sprintf("document.querySelector('%s .will')?.dataset.total === '376.25'", dialog))
	o.look(tab, "refund-lines")
	tab.Size(1440, 900)
	tab.Click(dialog + " [name=mode][value=partial]")
	tab.Fill(dialog+" [name=amount]", "1500")
	tab.Click(dialog + " button.danger")
	tab.WaitFor(dialog + " .error")
	if got := tab.Value(dialog + " [name=amount]"); got != "1500" {
		t.Errorf("the refused amount comes back as %q", got)
	}
	o.look(tab, "refund-refused")
	tab.Size(1440, 900)
	tab.Fill(dialog+" [name=amount]", "499.00")
	tab.Click(dialog + " button.danger")
	tab.WaitFor("article[data-state=queued]")
	tab.WaitUntil(fmt.Sprintf("!document.querySelector('%s[open]')", dialog))
	if _, err := o.db.SettleDue(o.ctx); err != nil {
		t.Fatal(err)
	}
	tab.WaitFor("article[data-state=succeeded]") // by itself
	if got := tab.Text("[data-payment-status]"); got != "Payment: Partially refunded" {
		t.Errorf("the badge reads %q", got)
	}
	if len(o.bogus.Effects()) != 1 {
		t.Errorf("the gateway moved money %d times", len(o.bogus.Effects()))
	}
	o.look(tab, "refund-done")
}
