package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/e2e/browser"
)

// The forms of the list come when they are opened, links replace the list alone, and the controls of a row say
// which row they are about.
func TestOrderListInABrowser(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	if b == nil {
		return
	}
	w := newWorld(t)
	tab := b.Tab(t)
	tab.Size(1440, 900)
	w.open(tab, "owner@ruosh.example", "/sales/orders")
	names := strings.Split(browser.Eval[string](tab, `(() => {
		const row = document.querySelector('a.open[href^="/sales/orders/1001"]').closest("tr");
		return [".pick input", ".act a", "[data-copy]"].map((control) => row.querySelector(control).ariaLabel).join("|") + "|" + row.querySelector(".copy code").textContent;
	})()`), "|")
	if names[0] != "Select 1001" || names[1] != "View 1001" || names[2] != "Copy "+names[3] {
		t.Errorf("the controls of a row are called %q", names)
	}
	browser.Eval[bool](tab, `window.kept = true`)

	tab.Click("#order-filter .more > summary")
	tab.WaitFor(`#order-filter select[name="store"]`)
	for _, v := range tab.Axe() {
		t.Errorf("with more filters open: %s", v)
	}
	browser.Eval[bool](tab, `(() => {
		const stores = document.querySelector('#order-filter select[name="store"]');
		stores.value = "41";
		stores.dispatchEvent(new Event("change", { bubbles: true }));
		return true;
	})()`)
	tab.WaitUntil(`location.search === "?store=41"`)
	tab.WaitUntil(`document.querySelector(".chips")?.textContent.includes("Store")`)
	tab.Press("Escape")

	tab.Click("#order-columns > summary")
	tab.WaitFor(`#order-columns input[name="col"]`)
	if query := tab.Value(`#order-columns input[name="query"]`); query != "store=41" {
		t.Errorf("the choice of columns belongs to the list of %q", query)
	}
	tab.Press("Escape")

	// A link within the list, and back: the page stays, and so does what was loaded into it.
	tab.Click(`th a[href*="sort=-id"]`)
	tab.WaitUntil(`location.search.includes("sort=-id") && document.querySelector("th[aria-sort] a").textContent.includes("Order ID")`)
	tab.Click(`#order-tabs a[href$="status=failed"]`)
	tab.WaitUntil(`location.search === "?status=failed" && document.querySelector("#order-tabs [aria-current]").textContent.includes("Failed")`)
	if !browser.Eval[bool](tab, `window.kept === true`) {
		t.Error("a link within the list loaded the whole page")
	}
	browser.Eval[bool](tab, `(history.back(), true)`)
	tab.WaitUntil(`location.search.includes("sort=-id") && document.querySelector("th[aria-sort] a").textContent.includes("Order ID")`)

	tab.Click("#order-filter .choice:nth-of-type(2) > summary")
	tab.WaitFor(`#order-filter input[name="event"]`)
	tab.Click(`#order-filter input[value="REFUND_INITIATED"]`)
	tab.WaitUntil(`location.search.includes("event=REFUND_INITIATED") && location.search.includes("store=41")`)
	tab.Press("Escape")
	// What was asked for has come and stands: a list under way may give the focus back to a field, where ? is a letter.
	tab.WaitUntil(`!document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling") && (document.activeElement.blur(), document.activeElement === document.body)`)
	for range 2 {
		tab.Press("?")
		tab.WaitFor("#keyboard-help:modal")
		time.Sleep(100 * time.Millisecond)
		tab.Press("Escape")
		tab.WaitGone("#keyboard-help")
		time.Sleep(300 * time.Millisecond)
	}
	if windows := browser.Eval[int](tab, `document.querySelectorAll("#keyboard-help").length`); windows != 1 {
		t.Errorf("the help about the keys came %d times", windows)
	}
}
