package handlers_test

import (
	"encoding/json"
	"fmt"
	"testing"

	eyes "github.com/kartify/kartify/e2e/browser"
)

// TestDataLogInABrowser goes through the log as a person with scripts does. Everything that others wrote is
// markup that would show itself: the tab fails the test when a script runs, or anything is asked for elsewhere.
func TestDataLogInABrowser(t *testing.T) {
	chromium := eyes.Start(t)
	if chromium == nil {
		return
	}
	o := openOffice(t)
	evil := `"><script>window.ran=1</script><img src=https://elsewhere.example/x onerror="window.ran=1"><meta http-equiv=refresh content="0;url=https://elsewhere.example"><b hx-get="/ran" hx-trigger="load">`
	order := o.fyndOrder()
	payment := o.payment(order, nil)
	body, err := json.Marshal(map[string]any{"event": "REFUND_INITIATED", "gofynd_order_id": fmt.Sprintf("FY%d", order), "request_id": "R1", "amount": "10.00", "currency": "INR", "note": evil, "customer": map[string]any{"name": evil}})
	if err != nil {
		t.Fatal(err)
	}
	w := o.webhook(order, map[string]any{"event": "REFUND_INITIATED", "state": "parked", "order_id": nil, "claimed_store_id": "0", "body": body, "effect": evil, "address": evil, "headers": `{"X": [` + quoted(t, evil) + `]}`})
	o.webhook(order, map[string]any{"event": evil, "effect": evil})
	op := o.operation(order, payment, "failed", nil)
	o.exec(`UPDATE operation_attempts SET detail = $1, exchanges = $2 WHERE operation_id = $3`, evil, `[{"Verb":"refund","Method":"POST","URL":"https://api.razorpay.com/v1/refunds","Request":`+quoted(t, evil)+`,"Status":400,"Answer":`+quoted(t, string(body))+`}]`, op)

	tab := o.enterBrowser(chromium, "owner")
	tab.Size(1440, 900)
	tab.Open(o.url + dataLog)
	choose := func(table string) {
		t.Helper()
		eyes.Eval[bool](tab, fmt.Sprintf(`(() => { const s = document.querySelector("#log-table"); s.value = %q; s.dispatchEvent(new Event("change", {bubbles: true})); return true })()`, table))
		tab.WaitUntil(fmt.Sprintf(`location.search.includes("table=%s")`, table))
	}
	choose("gateway_call")
	tab.WaitFor("[data-call] details.code summary")
	tab.Click("[data-call] details.code summary")
	o.look(tab, "data-log-calls")
	tab.Size(1440, 900)
	choose("gofynd_webhook")
	tab.WaitFor(fmt.Sprintf(`[data-webhook="%d"]`, w))
	tab.Fill("#log-order", fmt.Sprint(order))
	tab.Click("#data-log-filter button:not([type])")
	tab.WaitUntil(fmt.Sprintf(`location.search.includes("gofynd_order_id=%d")`, order))
	tab.WaitFor(`[data-field="gofynd_order_id"]`)
	o.look(tab, "data-log")
	tab.Size(1440, 900)
	tab.Click(fmt.Sprintf(`[data-webhook="%d"] a.open`, w))
	tab.WaitFor("#webhook")
	tab.Click(`form[action$="/reveals"] button`)
	tab.WaitFor(fmt.Sprintf(`#body a[href="%s/webhooks/%d"]`, dataLog, w))
	tab.Click(`form[action$="/replays"] button`)
	tab.WaitFor(`[data-replay] ~ form`)
	o.look(tab, "webhook-replay")
	tab.Size(1440, 900)
	tab.Click(`input[name="digest"] ~ button`)
	tab.WaitFor(`#webhook[data-state="processed"]`)
	if ran := eyes.Eval[bool](tab, `"ran" in window`); ran {
		t.Error("somebody else's script ran")
	}
	var waiting int
	o.scan(&waiting, `SELECT count(*) FROM order_events WHERE webhook_id = $1 AND waiting`, w)
	if waiting != 1 {
		t.Errorf("%d requests wait after Apply, want 1", waiting)
	}
}

func quoted(t *testing.T, text string) string {
	t.Helper()
	out, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
