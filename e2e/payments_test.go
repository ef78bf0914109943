package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kartify/kartify/e2e/browser"
)

// TestPaymentsInTheBrowser opens the registry, its filter and its tabs with scripts on: nothing leaves the page
// that need not.
func TestPaymentsInTheBrowser(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	if b == nil {
		return
	}
	w := newWorld(t)
	var stuck int64
	w.scan(&stuck, `UPDATE payments SET params = params || '{"unique_id":"20261122101500123"}', fiscal = '{"fop_fpd":"3512313478"}' WHERE order_id = 1009 RETURNING id`)
	tab := b.Tab(t)
	tab.Size(1440, 900)
	w.open(tab, "owner@ruosh.example", "/sales/payments")

	// The block of filters.
	tab.Click(`#payment-filter a.toggle`)
	tab.WaitFor(`#payment-filter input[name="status"][value="stuck"]`)
	tab.Click(`#payment-filter input[name="status"][value="stuck"]`)
	tab.WaitUntil(`location.search.includes("status=stuck") && document.querySelectorAll("tr[data-payment]").length === 1`)
	if !strings.Contains(tab.URL(), "filter=open") {
		t.Errorf("the open block is not in the address %s", tab.URL())
	}
	tab.WaitFor(`#payment-filter fieldset.ticks`)

	// A row expands in its place, and its tabs change there.
	before := tab.URL()
	tab.Click(fmt.Sprintf(`tr[data-payment="%d"] td.main`, stuck))
	tab.WaitFor(`tr.detail .fiscal`)
	for word, selector := range map[string]string{
		"operation": `tr.detail [data-tab="operation"]`, "refunds": `tr.detail [data-tab="refunds"]`, "request": `tr.detail [data-tab="request"] .values`,
	} {
		tab.Click(`tr.detail .tabs a[href*="tab=` + word + `"]`)
		tab.WaitFor(selector)
	}
	// The address is that of the same list with this row expanded, so that it can be sent to a colleague.
	at := browser.Eval[string](tab, `(() => { const at = new URL(location); at.searchParams.delete("open"); at.searchParams.delete("tab"); at.hash = ""; return at.href; })()`)
	if at != before || !strings.Contains(tab.URL(), fmt.Sprintf("open=%d", stuck)) || !strings.Contains(tab.URL(), "tab=") {
		t.Errorf("expanding a row led from %s to %s", before, tab.URL())
	}
	browser.Eval[bool](tab, `(document.querySelector("tr[data-payment] a.open").click(), true)`) // the details may have scrolled it under the heads
	tab.WaitUntil(`!document.querySelector("tr.detail")`)
	if tab.URL() != before {
		t.Errorf("with the row closed the address is %s, want %s", tab.URL(), before)
	}

	// The same with the keys: the row keeps the focus, so that Enter closes what Enter opened.
	browser.Eval[bool](tab, `(document.activeElement.blur(), true)`)
	tab.Press("j")
	tab.WaitUntil(`document.activeElement.matches("tr[data-payment] a.open")`)
	for range 2 {
		tab.Press("Enter")
		tab.WaitFor(`tr.detail .fiscal`)
		tab.WaitUntil(`document.activeElement.matches("a.open[aria-expanded=true]")`)
		for _, word := range []string{"operation", "refunds", "request", "info"} { // and so do the tabs
			browser.Eval[bool](tab, `(document.querySelector('tr.detail .tabs a[id$="-`+word+`"]').focus(), true)`)
			tab.Press("Enter")
			tab.WaitFor(`tr.detail [data-tab="` + word + `"]`)
			tab.WaitUntil(`document.activeElement.matches('.tabs a[id$="-` + word + `"][aria-current]')`)
		}
		browser.Eval[bool](tab, `(document.querySelector("tr[data-payment] a.open[aria-expanded=true]").focus(), true)`)
		tab.Press("Enter")
		tab.WaitUntil(`!document.querySelector("tr.detail") && document.activeElement.matches("a.open[aria-expanded=false]")`)
	}

	// The finder gives the focus back to where it was.
	tab.Press("/")
	tab.WaitUntil(`document.activeElement.matches("[data-finder]")`)
	tab.Press("Escape")
	tab.WaitUntil(`document.activeElement.matches("tr[data-payment] a.open")`)

	// The search is typed over the filter.
	tab.Fill(`#payment-q`, "ИВАН 35123")
	tab.WaitUntil(`location.search.includes("q=") && document.querySelectorAll("tr[data-payment]").length === 1`)
	if text := tab.Text(`tr[data-payment]`); !strings.Contains(text, "Иван Петров") {
		t.Errorf("the search finds %q", text)
	}

	// The finder, by the keyboard alone.
	tab.Open(w.base + "/sales/payments?status=failed")
	tab.Press("/")
	tab.WaitUntil(`document.activeElement.matches("[data-finder]")`)
	browser.Eval[bool](tab, `(document.activeElement.value = "", true)`) // the driver types the key although the page took it
	tab.Press("anjali")
	tab.Press("Enter")
	tab.WaitUntil(`location.pathname + location.search === "/find?q=anjali" && document.readyState === "complete" && !!document.querySelector(".found a.open")`)
	tab.Press("ArrowDown")
	tab.WaitUntil(`!!document.querySelector(".found tr.at")`)
	tab.Press("ArrowDown")
	tab.Press("ArrowUp")
	tab.Size(390, 844)
	if uneven := browser.Eval[int](tab, `[...document.querySelectorAll(".found td.aside")].filter((cell) => cell.getBoundingClientRect().right !== cell.parentElement.querySelector("td.amount").getBoundingClientRect().right).length`); uneven > 0 {
		t.Errorf("on a phone %d times do not stand under their amounts", uneven)
	}
	tab.Size(1440, 900)
	want := browser.Eval[string](tab, `document.querySelector(".found tr.at a.open").getAttribute("href")`)
	tab.Press("Enter")
	tab.WaitUntil(`location.pathname + location.search === "` + want + `"`)
	if complaints := tab.Complaints(); len(complaints) > 0 {
		t.Errorf("the browser complains: %v", complaints)
	}
}
