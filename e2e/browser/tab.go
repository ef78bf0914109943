package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Tab is one tab of a Browser. What it is asked to do must work; otherwise the test ends.
type Tab struct {
	tb  testing.TB
	ctx context.Context

	mu         sync.Mutex
	complaints []string
	allowed    []string
	places     []place
}

// Open goes to url and waits until it has loaded.
func (t *Tab) Open(url string) {
	t.tb.Helper()
	t.do("open "+url, chromedp.Navigate(url))
}

// Click clicks the first element that sel, a CSS selector, finds, once it is visible.
func (t *Tab) Click(sel string) {
	t.tb.Helper()
	t.do("click "+sel, chromedp.Click(chromedp.CSS(sel), chromedp.NodeVisible))
}

// Fill types text into an empty or emptied field.
func (t *Tab) Fill(sel, text string) {
	t.tb.Helper()
	field := chromedp.CSS(sel)
	t.do("fill "+sel, chromedp.WaitVisible(field), chromedp.Clear(field), chromedp.SendKeys(field, text))
}

// Press sends keys to whatever has the focus: "j", "/", "Enter", "Escape", "Tab".
func (t *Tab) Press(key string) {
	t.tb.Helper()
	named := map[string]string{"Enter": kb.Enter, "Escape": kb.Escape, "Tab": kb.Tab, "ArrowDown": kb.ArrowDown, "ArrowUp": kb.ArrowUp}
	if text, ok := named[key]; ok {
		key = text
	}
	t.do("press "+key, chromedp.KeyEvent(key))
}

// Text is what a person reads in the first element that sel finds.
func (t *Tab) Text(sel string) string {
	t.tb.Helper()
	text, err := chromedp.Run(t.clock(), chromedp.Text(chromedp.CSS(sel), chromedp.NodeReady))
	if err != nil {
		t.tb.Fatalf("browser: read %s: %v", sel, err)
	}
	return strings.TrimSpace(text)
}

// Value is what a field holds.
func (t *Tab) Value(sel string) string {
	t.tb.Helper()
	return Eval[string](t, fmt.Sprintf("document.querySelector(%q).value", sel))
}

// WaitFor waits until sel finds something visible.
func (t *Tab) WaitFor(sel string) {
	t.tb.Helper()
	t.do("wait for "+sel, chromedp.WaitVisible(chromedp.CSS(sel)))
}

// WaitGone waits until sel finds nothing visible.
func (t *Tab) WaitGone(sel string) {
	t.tb.Helper()
	t.do("wait until there is no "+sel, chromedp.WaitNotVisible(chromedp.CSS(sel)))
}

// WaitUntil waits until a JavaScript expression is true, also while the page goes elsewhere.
func (t *Tab) WaitUntil(expression string) {
	t.tb.Helper()
	ctx := t.clock()
	for {
		yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && yes {
			return
		}
		select {
		case <-ctx.Done():
			t.tb.Fatalf("browser: wait until %s: %v", expression, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// URL is the address in the address bar.
func (t *Tab) URL() string {
	t.tb.Helper()
	return Eval[string](t, "location.href")
}

// Eval is the value of a JavaScript expression on the page; a promise is waited for.
func Eval[T any](t *Tab, expression string) T {
	t.tb.Helper()
	value, err := chromedp.Run(t.clock(), chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.tb.Fatalf("browser: evaluate %.80s: %v", expression, err)
	}
	return value
}

// Screenshot saves what the window shows, as PNG, at so many CSS pixels and in one of the themes.
func (t *Tab) Screenshot(path string, width, height int, dark bool) {
	t.tb.Helper()
	t.Size(width, height)
	t.Dark(dark)
	png, err := chromedp.Run(t.clock(), chromedp.CaptureScreenshot())
	if err != nil {
		t.tb.Fatalf("browser: screenshot: %v", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.tb.Fatalf("browser: screenshot: %v", err)
	}
	if err := os.WriteFile(path, png, 0o644); err != nil { //nolint:gosec // a picture
		t.tb.Fatalf("browser: screenshot: %v", err)
	}
}

// Allow takes complaints that contain text as expected, such as "status of 422".
func (t *Tab) Allow(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.allowed = append(t.allowed, text)
}

// Complaints is what the pages of this tab have complained about so far and nobody expected.
func (t *Tab) Complaints() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(t.complaints), func(complaint string) bool {
		return slices.ContainsFunc(t.allowed, func(text string) bool { return strings.Contains(complaint, text) })
	})
}

// hear keeps what the page complains about, and where scripts can run. It runs where messages are read and must be quick.
func (t *Tab) hear(event any) {
	var complaint string
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		complaint = e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			complaint += " " + e.ExceptionDetails.Exception.Description
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			complaint = "console.error"
			for _, arg := range e.Args {
				complaint += " " + arg.Description + string(arg.Value)
			}
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Source == log.EntrySourceSecurity {
			complaint = e.Entry.Text + " " + e.Entry.URL
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.move(event)
	if complaint == "" {
		return
	}
	t.complaints = append(t.complaints, complaint)
}

// clock gives one step of a test twenty seconds.
func (t *Tab) clock() context.Context {
	ctx, stop := context.WithTimeout(t.ctx, 20*time.Second)
	t.tb.Cleanup(stop)
	return ctx
}

func (t *Tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	t.tb.Helper()
	if err := chromedp.Do(t.clock(), steps...); err != nil {
		t.tb.Fatalf("browser: %s: %v", what, err)
	}
}
