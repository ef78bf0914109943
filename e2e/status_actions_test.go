package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kartify/kartify/e2e/browser"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
)

// held puts in an order of the Nordic store whose 1,000.00 SEK Klarna holds, and which is being processed.
func (w *world) held(n int64) (order int64, ref string) {
	w.t.Helper()
	ref = w.put(n, stand{gateway: "klarna"})
	if _, err := w.db.Pool().Exec(w.ctx, `UPDATE orders SET status = 'processing' WHERE id = $1`, n); err != nil {
		w.t.Fatal(err)
	}
	return n, ref
}

// moved is what was moved of a payment at Klarna, in minor units.
func (w *world) moved(ref string) (minor []int64) {
	w.t.Helper()
	for _, e := range w.ledger("klarna", ref) {
		if e.Verb != "payment" {
			minor = append(minor, e.AmountMinor)
		}
	}
	return minor
}

func TestShippedCapturesAtKlarna(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	if b == nil {
		return
	}
	w := newWorld(t, "KARTIFY_STATUS_DELAY=3s")
	one, ref := w.held(52001)
	tab := b.Tab(t)
	tab.Size(1440, 900)
	shot := func(name string) {
		if *shots != "" {
			for _, width := range []int{1440, 390} {
				for _, dark := range []bool{false, true} {
					tab.Screenshot(filepath.Join(*shots, fmt.Sprintf("%s-%d-%v.png", name, width, map[bool]string{false: "light", true: "dark"}[dark])), width, map[int]int{1440: 900, 390: 844}[width], dark)
				}
			}
			tab.Size(1440, 900)
		}
	}

	// The settings: the suggestion is shown and not in force, conflicts are refused, and then it is saved.
	w.open(tab, "owner@ruosh.example", "/system/order-status-actions?store=41&gateway=klarna")
	if text := tab.Text("main"); !strings.Contains(text, "Nothing has been saved yet") || !strings.Contains(text, "This is a suggestion and not in force") {
		t.Fatalf("the settings say %s", text)
	}
	shot("status-actions")
	tab.Open(w.base + "/system/order-status-actions?store=41&gateway=klarna&suggest=1")
	tab.Click(`input[name=cancel][value=cancelled]`)
	tab.Click(`input[name=cancel][value=shipped]`)
	tab.Allow("422")
	tab.Click(`.status-actions button.primary`)
	tab.WaitFor(`.field.wrong`)
	if text := tab.Text("main"); !strings.Contains(text, "Shipped is linked to Activation and to Cancellation.") {
		t.Errorf("a status of two groups is answered %s", text)
	}
	shot("status-actions-refused")
	tab.Click(`input[name=cancel][value=shipped]`)
	tab.Click(`.status-actions button.primary`)
	tab.WaitFor(`.banner.green`)
	if text := tab.Text("main"); !strings.Contains(text, "Version 1, saved by") {
		t.Errorf("after saving the settings say %s", text)
	}

	// One order: the form says what it will do; Klarna captures, and the order is shipped.
	tab.Open(fmt.Sprintf("%s/sales/orders/%d#status", w.base, one))
	if text := tab.Text(`[data-plan=shipped]`); !strings.Contains(text, "Capture 1,000.00 SEK at Klarna") {
		t.Errorf("the form plans %s", text)
	}
	shot("order-status-plan")
	browser.Eval[bool](tab, `(document.querySelector("#status select[name=status]").value = "shipped") === "shipped"`)
	tab.Click(`#status button.primary`)
	tab.WaitFor(`[data-action-state=done]`)
	tab.WaitFor(`[data-status=shipped]`)
	if got := w.moved(ref); !slices.Equal(got, []int64{100000}) {
		t.Errorf("Klarna's ledger shows %v, want one capture of 1,000.00", got)
	}
	shot("order-status-done")

	// Many orders: first what it would do, then a delay in which it can be called off, then the results.
	two, second := w.held(52002)
	three, third := w.held(52003)
	w.sandbox(http.MethodPut, "/_sandbox/faults", map[string]any{"gateway": "klarna", "verb": "capture", "payment": third, "mode": "500_before", "times": 1}, nil)
	tab.Open(w.base + "/sales/orders?store=41")
	for _, n := range []int64{one, two, three} {
		tab.Click(fmt.Sprintf(`input[name=order][value="%d"]`, n))
	}
	shot("orders-picked")
	tab.Click(`button[form=bulk]`)
	tab.WaitFor(`form[action="/sales/status-changes"]`)
	shot("bulk-new")
	browser.Eval[bool](tab, `(document.querySelector("select[name=status]").value = "shipped") === "shipped"`)
	tab.Click(`form[action="/sales/status-changes"] button.primary`)
	tab.WaitFor(`[data-run-state=planned]`)
	for n, forecast := range map[int64]string{one: "skip", two: "call", three: "call"} {
		if got := browser.Eval[string](tab, fmt.Sprintf(`document.querySelector("[data-row='%d']").dataset.forecast`, n)); got != forecast {
			t.Errorf("order %d is planned as %s, want %s", n, got, forecast)
		}
	}
	if text := tab.Text("main"); !strings.Contains(text, "2,000.00 SEK") || !strings.Contains(text, "It has this status already.") {
		t.Errorf("the plan says %s", text)
	}
	shot("bulk-planned")
	planned := tab.URL()
	tab.Click(`form[action$="/start"] button`)
	tab.WaitFor(`[data-run-state=queued]`)
	shot("bulk-queued")
	tab.Click(`form[action$="/cancel"] button`)
	tab.WaitFor(`[data-run-state=cancelled]`)
	if n := len(w.moved(second)) + len(w.moved(third)); n != 0 {
		t.Errorf("a run that was called off moved money %d times", n)
	}
	if planned != tab.URL() {
		t.Errorf("the run went from %s to %s", planned, tab.URL())
	}

	form := url.Values{"status": {"shipped"}, "order": {fmt.Sprint(one), fmt.Sprint(two), fmt.Sprint(three)}}
	owner := w.signIn("owner@ruosh.example")
	run := owner.post("/sales/status-changes", form).Header.Get("Location")
	if r := owner.post(run+"/start", url.Values{}); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("start answers %d", r.StatusCode)
	}
	tab.Open(w.base + run)
	tab.WaitFor(`[data-run-state=done]`)
	tab.WaitUntil(`!document.querySelector("[data-result=under_way]")`)
	shot("bulk-done")
	for _, ref := range []string{second, third} {
		if got := w.moved(ref); !slices.Equal(got, []int64{100000}) {
			t.Errorf("Klarna's ledger of %s shows %v, want one capture of 1,000.00", ref, got)
		}
	}
	w.eventually("2", fmt.Sprintf(`SELECT count(*)::text FROM orders WHERE id IN (%d, %d) AND status = 'shipped'`, two, three))
	w.sound(t)
}

func TestFailedActionIsLoud(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	if b == nil {
		return
	}
	w := newWorld(t)
	order, ref := w.held(52004)
	var owner int64
	w.scan(&owner, `SELECT id FROM users WHERE email = 'owner@ruosh.example'`)
	by := models.Actor{Kind: "user", UserID: &owner, Name: "Ravi"}
	if _, err := w.db.SaveStatusRules(w.ctx, models.StatusRuleForm{StoreID: cast.Nordisk, Gateway: "klarna", Groups: models.SuggestedStatuses, By: by}); err != nil {
		t.Fatal(err)
	}
	w.sandbox(http.MethodPost, "/_sandbox/clock", map[string]any{"advance_seconds": 40 * 24 * 3600}, nil) // Klarna holds for 28 days
	tab := b.Tab(t)
	tab.Size(1440, 900)
	w.open(tab, "owner@ruosh.example", "/profile")
	tab.Open(fmt.Sprintf("%s/sales/orders/%d#status", w.base, order))
	browser.Eval[bool](tab, `(document.querySelector("#status select[name=status]").value = "shipped") === "shipped"`)
	tab.Click(`#status button.primary`)
	tab.WaitFor(`.failed-action`)
	if text := tab.Text(`.failed-action`); !strings.Contains(text, "Klarna did not capture the payment, so the order is not shipped.") {
		t.Errorf("the page says %s", text)
	}
	if *shots != "" {
		for _, width := range []int{1440, 390} {
			tab.Screenshot(filepath.Join(*shots, fmt.Sprintf("order-action-failed-%d.png", width)), width, 900, width == 390)
		}
		tab.Size(1440, 900)
	}
	tab.Open(w.base + "/sales/orders?action=failed")
	if text := tab.Text("#orders"); !strings.Contains(text, fmt.Sprint(order)) || !strings.Contains(text, "Action failed") {
		t.Errorf("the list of failed actions shows %s", text)
	}
	tab.Open(w.base + "/sales/limbo?of=status_actions")
	if text := tab.Text("#limbo"); !strings.Contains(text, fmt.Sprint(order)) {
		t.Errorf("the limbo board shows %s", text)
	}
	tab.Open(fmt.Sprintf("%s/sales/orders/%d", w.base, order))
	tab.Click(`.failed-action a.button`)
	browser.Eval[bool](tab, `(document.querySelector("dialog[open] textarea[name=reason]").value = "Paid in the shop") !== ""`)
	tab.Click(`dialog[open] button.danger`)
	tab.WaitFor(`[data-status=shipped]`)
	tab.WaitFor(`[data-action-state=passed]`)
	if got := w.moved(ref); len(got) != 0 {
		t.Errorf("Klarna's ledger shows %v, want nothing", got)
	}
	if r := w.signIn("support@ruosh.example").get("/system/order-status-actions"); r.StatusCode != http.StatusForbidden || !strings.Contains(r.page().Text(), "An owner can change that under Systems > Users") {
		t.Errorf("without the right the settings answer %d: %s", r.StatusCode, tail(r.page().Text(), 400))
	}
}
