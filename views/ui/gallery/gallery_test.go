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
