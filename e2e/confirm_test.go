package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/kartify/kartify/e2e/browser"
)

// takenFor makes an order of the cast one of Fynd whose money the gateway has drawn, without anybody here knowing.
func (w *world) takenFor(order int64) (partner string) {
	w.t.Helper()
	partner = fmt.Sprintf("FY64D4E4250DB0CC%04d", order)
	ref, orderRef := fmt.Sprintf("pay_KFLIMBO%07d", order), fmt.Sprintf("order_KFLIMBO%07d", order)
	var total int64
	w.scan(&total, `SELECT total_minor FROM orders WHERE id = $1`, order)
	w.sandbox(http.MethodPost, "/_sandbox/payments", map[string]any{
		"gateway": "razorpay", "id": ref, "order_id": orderRef, "order": fmt.Sprint(order), "amount_minor": total, "currency": "INR", "state": "captured", "method": "upi",
	}, nil)
	w.sandbox(http.MethodPost, "/_sandbox/payments", map[string]any{
		"gateway": "fynd", "id": "TR" + partner[2:], "order_id": partner, "order": fmt.Sprint(order), "amount_minor": total, "currency": "INR",
	}, nil)
	for _, sql := range []string{
		`UPDATE orders SET partner_order_id = '` + partner + `', status = 'missing', status_reason = 'debited' WHERE id = $1`,
		`DELETE FROM order_lookups WHERE order_id = $1`,
		`UPDATE payments SET ref = '` + ref + `', order_ref = '` + orderRef + `', status = 'pending', authorized_minor = 0, captured_minor = 0, refunded_minor = 0 WHERE order_id = $1`,
	} {
		if _, err := w.db.Pool().Exec(w.ctx, sql, order); err != nil {
			w.t.Fatal(err)
		}
	}
	return partner
}

// label clicks what can be seen in the menu with exactly these words.
func label(tab *browser.Tab, words string) {
	tab.WaitUntil(fmt.Sprintf(`(() => {
		const at = [...document.querySelectorAll("nav a, nav summary, nav button")].find((e) => e.checkVisibility() && e.innerText.trim() === %q);
		if (!at) return false;
		const open = at.parentElement.open;
		if (at.tagName !== "SUMMARY" || !open) at.click();
		return true;
	})()`, words))
}

// TestConfirmPaymentByItsMenu is the way support knows: by the words of the menu to the page, three ids pasted,
// one of them wrong.
func TestConfirmPaymentByItsMenu(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	if b == nil {
		return
	}
	w := newWorld(t)
	first, second := w.takenFor(1005), w.takenFor(1006)
	tab := b.Tab(t)
	tab.Size(1440, 900)
	w.open(tab, "support@ruosh.example", "/sales/orders")
	for _, words := range []string{"Tools", "Fynd API", "GoFynd API", "Confirm Payment"} {
		label(tab, words)
	}
	tab.WaitUntil(`location.pathname === "/system/tools/fynd-api/gofynd-api"`)
	if crumbs := tab.Text(`nav[aria-label="Breadcrumb"]`); strings.Join(strings.Fields(crumbs), " ") != "Systems Tools Fynd API GoFynd API Confirm Payment" {
		t.Errorf("the way here is %q", crumbs)
	}
	if text := tab.Text("#missing-paid"); !strings.Contains(text, first) || !strings.Contains(text, second) {
		t.Errorf("the missing orders that are paid: %s", text)
	}
	browser.Eval[bool](tab, fmt.Sprintf(`(() => { document.querySelector('textarea[name="ids"]').value = %q; return true; })()`, first+"\nFYWRONG\n"+second+", "+first))
	tab.Click(`#confirm button.primary`)
	tab.WaitFor(`[data-confirmed="` + first + `"][data-state="done"]`)
	tab.WaitFor(`[data-confirmed="` + second + `"][data-state="done"]`)
	if text := tab.Text(`[data-confirmed="FYWRONG"]`); !strings.Contains(text, "Refused") || !strings.Contains(text, "No order of your Fynd stores") {
		t.Errorf("the wrong one: %s", text)
	}
	at := tab.URL()
	tab.Open(at) // a reload repeats nothing
	if text := tab.Text("#confirmation"); !strings.Contains(text, "2 done, 1 refused") {
		t.Errorf("after a reload: %s", text)
	}
	w.eventually("processed processed", `SELECT string_agg(status, ' ') FROM orders WHERE id IN (1005, 1006)`)
	w.eventually("Asha Rao", `SELECT actor_name FROM order_history WHERE order_id = 1005 AND to_status = 'processed'`)
	tab.Open(w.base + "/system/tools/fynd-api/gofynd-api?ids=" + first)
	tab.Click(`#confirm button.primary`)
	tab.WaitFor(`[data-confirmed="` + first + `"][data-state="already"]`)
	w.eventually("1 1", `SELECT string_agg(tries::text, ' ') FROM partner_updates WHERE kind = 'confirm_payment'`)
}

// TestFiftyExecutesAreOneCall presses Execute for one id fifty times at once.
func TestFiftyExecutesAreOneCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	partner := w.takenFor(1005)
	asha := w.signIn("support@ruosh.example")
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			r, err := asha.try(http.MethodPost, "/system/tools/fynd-api/gofynd-api/confirmations", url.Values{"ids": {partner}})
			if err != nil || r.StatusCode != http.StatusSeeOther {
				t.Errorf("execute: %v, %v", r, err)
			}
		})
	}
	wait.Wait()
	w.eventually("processed", `SELECT status FROM orders WHERE id = 1005`)
	w.eventually("1 done 1", `SELECT concat_ws(' ', count(*), min(state), sum(jsonb_array_length(log))) FROM partner_updates WHERE kind = 'confirm_payment'`)
	w.eventually("0", `SELECT count(*) FROM confirmation_items WHERE state = 'refused'`)
	var effects []effect
	w.sandbox(http.MethodGet, "/_sandbox/ledger?gateway=fynd", nil, &effects)
	confirms := 0
	for _, e := range effects {
		if e.Verb == "confirm" {
			confirms++
		}
	}
	if confirms != 1 {
		t.Errorf("Fynd confirmed %d payments", confirms)
	}
}

// TestFyndFailsThenConfirms shows what waits while Fynd is down, and lets it go through afterwards.
func TestFyndFailsThenConfirms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	partner := w.takenFor(1005)
	w.sandbox(http.MethodPut, "/_sandbox/faults", map[string]any{"gateway": "fynd", "verb": "confirm", "mode": "500_before", "times": 2}, nil)
	asha := w.signIn("support@ruosh.example")
	r := asha.post("/system/tools/fynd-api/gofynd-api/confirmations", url.Values{"ids": {partner}})
	page := asha.get(r.Header.Get("Location"))
	if state := page.page().Find("[data-confirmed]").AttrOr("data-state", ""); state != "retrying" || !strings.Contains(page.text, "tried again by itself") {
		t.Errorf("while Fynd fails the page says %s: %s", state, page.page().Find("[data-confirmed]").Text())
	}
	w.eventually("processing", `SELECT status FROM orders WHERE id = 1005`)
	w.eventually("processed", `SELECT status FROM orders WHERE id = 1005`)
	if again := asha.get(r.Header.Get("Location")); again.page().Find(`[data-state="done"]`).Length() != 1 {
		t.Errorf("at last the page says %s", again.page().Find("[data-confirmed]").Text())
	}
}

// TestLimboRowIsMendedInPlace asks the gateway from the row of a missing order, and the row goes.
func TestLimboRowIsMendedInPlace(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	if b == nil {
		return
	}
	w := newWorld(t)
	w.takenFor(1006)
	tab := b.Tab(t)
	tab.Size(1440, 900)
	w.open(tab, "support@ruosh.example", "/sales/limbo?of=missing")
	tab.WaitFor(`[data-limbo="missing:1006"]`)
	tab.Click(`[data-limbo="missing:1006"] button[value="take"]`)
	tab.WaitUntil(`document.querySelector('[data-limbo="missing:1006"] .sub').innerText.includes("Asha Rao")`)
	tab.Click(`[data-limbo="missing:1006"] button[value="confirm"]`)
	tab.WaitUntil(`!document.querySelector('[data-limbo="missing:1006"]')`)
	w.eventually("processed", `SELECT status FROM orders WHERE id = 1006`)
	tab.Open(w.base + "/sales/limbo")
	tab.Click(`thead [data-pick-all]`)
	tab.Click(`[data-bulk] button[value="take"]`)
	tab.WaitFor(`#sure button.primary`)
	tab.Click(`#sure button.primary`)
	tab.WaitUntil(`location.pathname === "/sales/limbo" && [...document.querySelectorAll("tr[data-limbo] .sub")].every((e) => e.innerText.includes("Asha Rao"))`)
}
