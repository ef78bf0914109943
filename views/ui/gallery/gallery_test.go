package gallery

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/kartify/kartify/e2e/browser"
)

var looks = []struct {
	name  string
	width int
	dark  bool
}{
	{"desk", 1440, false},
	{"desk-dark", 1440, true},
	{"phone", 390, false},
	{"phone-dark", 390, true},
}

// height is that of the windows above: a laptop's, and a telephone's.
func height(width int) int {
	if width < 600 {
		return 844
	}
	return 900
}

// TestPages looks at every page in both themes and two sizes. SCREENSHOTS names a folder to keep
// the pictures in.
func TestPages(t *testing.T) {
	chromium := browser.Start(t)
	if chromium == nil {
		return
	}
	server := httptest.NewServer(Handler())
	defer server.Close()
	for _, page := range []string{"/", "/sales/orders", "/sales/empty", "/sales/order", "/login", "/refused-login", "/payment"} {
		t.Run(page, func(t *testing.T) {
			tab := chromium.Tab(t)
			for _, look := range looks {
				tab.Size(look.width, height(look.width))
				tab.Dark(look.dark)
				tab.Open(server.URL + page)
				for _, violation := range tab.Axe() {
					t.Errorf("%s %s: %s", page, look.name, violation)
				}
				if over := browser.Eval[int](tab, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
					t.Errorf("%s %s: the page is %d px wider than the window", page, look.name, over)
				}
				if dir := os.Getenv("SCREENSHOTS"); dir != "" {
					name := filepath.Base(page) + "-" + look.name + ".png"
					tab.Screenshot(filepath.Join(dir, name), look.width, height(look.width), look.dark)
				}
			}
		})
	}
}

// keep saves a picture of tab under name where SCREENSHOTS says so.
func keep(tab *browser.Tab, name string, width int, dark bool) {
	if dir := os.Getenv("SCREENSHOTS"); dir != "" {
		tab.Screenshot(filepath.Join(dir, name+".png"), width, height(width), dark)
	}
}

func TestRefundDialog(t *testing.T) {
	chromium := browser.Start(t)
	if chromium == nil {
		return
	}
	server := httptest.NewServer(Handler())
	defer server.Close()
	tab := chromium.Tab(t)
	tab.Allow("status of 422")
	tab.Open(server.URL + "/sales/order")

	tab.Click("[data-dialog=refund-7]")
	tab.WaitFor("#refund-7[open]")
	if !browser.Eval[bool](tab, "document.querySelector('#refund-7 .danger').disabled") {
		t.Error("the button works before the amount is repeated")
	}
	for _, violation := range tab.Axe() {
		t.Error(violation)
	}
	keep(tab, "dialog-phone", 390, false)
	keep(tab, "dialog-desk-dark", 1440, true)
	keep(tab, "dialog-desk", 1440, false)

	tab.Fill("#refund-7 [name=again]", "999.00")
	tab.Click("#refund-7 .danger")
	tab.WaitFor("#refund-7 .banner.red")
	tab.WaitUntil("document.querySelector('#refund-7').matches(':modal')") // the refused form stands in its window
	if got := tab.Text("#refund-7 .banner p"); got != "Say why the money goes back." {
		t.Errorf("the reason reads %q", got)
	}
	browser.Eval[string](tab, "document.querySelector('#refund-7 [name=reason]').value = 'requested'")
	tab.Fill("#refund-7 [name=again]", "999.00")
	tab.Click("#refund-7 .danger")
	tab.WaitFor("#payment-7 .banner.green")
	tab.WaitFor(".toast")
	if got := tab.Text(".toast p"); got != "Refund queued" {
		t.Errorf("the toast reads %q", got)
	}
}

func TestKeyboard(t *testing.T) {
	chromium := browser.Start(t)
	if chromium == nil {
		return
	}
	server := httptest.NewServer(Handler())
	defer server.Close()
	tab := chromium.Tab(t)
	tab.Open(server.URL + "/sales/orders")

	tab.Press("/")
	tab.WaitUntil("document.activeElement.matches('[data-finder]')")
	tab.Press("Escape")
	tab.Press("j")
	tab.Press("j")
	tab.Press("k")
	if got := tab.Text("tr.at a.open"); got != "#10482" {
		t.Errorf("after j, j, k the row is %s", got)
	}
	tab.Press("x")
	tab.WaitFor(".bulk")
	if got := tab.Text("[data-picked]"); got != "1" {
		t.Errorf("the bar counts %s selected", got)
	}
	keep(tab, "bulk-desk", 1440, false)
	tab.Press("?")
	tab.WaitFor("#keyboard-help:modal")
	keep(tab, "keys-desk", 1440, false)
	tab.Press("Escape")
	tab.WaitGone("#keyboard-help")
	tab.Click(".choice > summary")
	tab.WaitFor(".choice .sheet")
	tab.Click(".choice .sheet label:nth-of-type(3)")
	if got := tab.Text(".choice [data-count]"); got != "3" {
		t.Errorf("the button counts %s ticked", got)
	}
	keep(tab, "choice-desk", 1440, false)
	keep(tab, "choice-phone", 390, false)
}

func TestTheme(t *testing.T) {
	chromium := browser.Start(t)
	if chromium == nil {
		return
	}
	server := httptest.NewServer(Handler())
	defer server.Close()
	tab := chromium.Tab(t)
	tab.Open(server.URL + "/sales/order")
	background := "getComputedStyle(document.body).backgroundColor"
	light := browser.Eval[string](tab, background)
	tab.Click(".person > summary")
	keep(tab, "person-desk", 1440, false)
	tab.Click(".themes label:has([value=dark])")
	dark := browser.Eval[string](tab, background)
	if light == dark {
		t.Errorf("light and dark are both %s", light)
	}
	tab.Open(server.URL + "/payment")
	if got := browser.Eval[string](tab, background); got != dark {
		t.Errorf("the next page is %s, not the chosen %s", got, dark)
	}
}

// TestEighteenRows holds the density: a laptop's window shows eighteen orders under the filters in force.
func TestEighteenRows(t *testing.T) {
	chromium := browser.Start(t)
	if chromium == nil {
		return
	}
	server := httptest.NewServer(Handler())
	defer server.Close()
	tab := chromium.Tab(t)
	tab.Open(server.URL + "/sales/orders")
	rows := browser.Eval[int](tab, `(() => {
		const bottom = document.querySelector(".fill").getBoundingClientRect().bottom;
		return [...document.querySelectorAll("tbody tr")].filter((row) => row.getBoundingClientRect().bottom <= bottom).length;
	})()`)
	if rows < 18 {
		t.Errorf("%d rows show", rows)
	}
	if wide := browser.Eval[int](tab, `(() => { const s = document.querySelector(".fill"); return s.scrollWidth - s.clientWidth; })()`); wide > 0 {
		t.Errorf("the table is %d px wider than its region", wide)
	}
}
