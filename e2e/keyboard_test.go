package e2e

import (
	"testing"
	"time"

	"github.com/kartify/kartify/e2e/browser"
)

// TestKeyboardHelpAtOnce presses ? and Escape within the same moment, before and after the window about the keys
// has come from the server: it never stays open, and always opens again.
func TestKeyboardHelpAtOnce(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	if b == nil {
		return
	}
	w := newWorld(t)
	tab := b.Tab(t)
	w.open(tab, "support@ruosh.example", "/")
	const open = `document.querySelector("#keyboard-help[open]") !== null`

	tab.Press("?")
	tab.Press("Escape")
	tab.WaitUntil(`document.querySelector("#keyboard-help") !== null && !document.querySelector(".htmx-request, .htmx-settling")`)
	time.Sleep(200 * time.Millisecond)
	if browser.Eval[bool](tab, open) {
		t.Error("the window opens although it was closed before it came")
	}
	for range 5 {
		tab.Press("?")
		tab.Press("Escape")
		tab.WaitGone("#keyboard-help")
		tab.Press("?")
		tab.WaitFor("#keyboard-help:modal")
		tab.Press("Escape")
		tab.WaitGone("#keyboard-help")
	}
	// Two presses ask once, and leave it open.
	tab.Open(w.base + "/")
	tab.Press("?")
	tab.Press("?")
	tab.WaitFor("#keyboard-help:modal")
	time.Sleep(200 * time.Millisecond)
	if windows := browser.Eval[int](tab, `document.querySelectorAll("#keyboard-help").length`); windows != 1 {
		t.Errorf("the window came %d times", windows)
	}
	if browser.Eval[bool](tab, `document.documentElement.classList.contains("waiting")`) {
		t.Error("the page waits for something that was never asked")
	}
	tab.Press("Escape")
	tab.WaitGone("#keyboard-help")
}
