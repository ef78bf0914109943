// Package browser lets a test look at pages as people do: in a real Chromium, with scripts, themes
// and window sizes. Whatever a page complains about while it is looked at (an exception, a console
// error, a refused script or style) fails the test.
package browser

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// names are what Chromium is called on the systems we know.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}

// Find is the path of the Chromium of this machine, or "". CHROMIUM names another one.
func Find() string {
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// Browser is one running Chromium.
type Browser struct {
	ctx context.Context
}

// Start starts a Chromium that ends with the test. It is nil where there is no Chromium, and says so
// in the test's log; with CHROMIUM_REQUIRED set, as in continuous integration, that is a failure.
func Start(tb testing.TB) *Browser {
	tb.Helper()
	return start(tb, "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
}

// StartStrict starts a Chromium that keeps no cookies of sites that are only in a frame, as people set it and as others
// come. It finds one more host on this machine, and takes certificates that nobody vouches for.
func StartStrict(tb testing.TB, host string) *Browser {
	tb.Helper()
	return start(tb, "MAP "+host+" 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", chromedp.Flag("test-third-party-cookie-phaseout", true), chromedp.Flag("ignore-certificate-errors", true),
		chromedp.Flag("disable-site-isolation-trials", true)) // a frame of another site is looked into like one of this
}

func start(tb testing.TB, hosts string, more ...chromedp.ExecAllocatorOption) *Browser {
	tb.Helper()
	path := Find()
	if path == "" {
		if os.Getenv("CHROMIUM_REQUIRED") != "" {
			tb.Fatal("browser: no Chromium on this machine; install it or name it in CHROMIUM")
		}
		tb.Log("browser: no Chromium on this machine, so nobody looked at the pages")
		return nil
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // pages of our own, and continuous integration runs as root
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("host-resolver-rules", hosts),
	)
	options = append(options, more...)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	tb.Cleanup(func() { stop(); stopAllocator() })
	if err := chromedp.Do(ctx); err != nil {
		tb.Fatalf("browser: start %s: %v", path, err)
	}
	return &Browser{ctx: ctx}
}

// Tab opens a tab of 1440 by 900 in the light theme, with cookies of its own.
func (b *Browser) Tab(tb testing.TB) *Tab {
	tb.Helper()
	ctx, stop := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	ctx, stopClock := context.WithTimeout(ctx, 10*time.Minute)
	t := &Tab{tb: tb, ctx: ctx}
	tb.Cleanup(func() {
		stopClock()
		stop()
		for _, complaint := range t.Complaints() {
			tb.Errorf("browser: the page complained: %s", complaint)
		}
	})
	if err := chromedp.Listen(ctx, t.hear); err != nil {
		tb.Fatalf("browser: open a tab: %v", err)
	}
	t.Size(1440, 900)
	t.Dark(false)
	return t
}

// Size gives the window so many CSS pixels. Below 600 it is a telephone: touched, not clicked.
func (t *Tab) Size(width, height int) {
	t.tb.Helper()
	var options []chromedp.EmulateViewportOption
	if width < 600 {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	t.do("resize", chromedp.EmulateViewport(int64(width), int64(height), options...))
}

// Dark sets the theme the system asks for. Motion is always reduced, so that pictures are still.
func (t *Tab) Dark(dark bool) {
	t.tb.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	_, err := chromedp.Call(t.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme},
			{Name: "prefers-reduced-motion", Value: "reduce"},
		},
	})
	if err != nil {
		t.tb.Fatalf("browser: set the theme: %v", err)
	}
}
