package e2e

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kartify/kartify/e2e/browser"
	"github.com/kartify/kartify/models/cast"
)

// -shots takes the screenshots of the documentation anew: go test ./e2e -run TestEveryPage -shots ../docs/screenshots
var (
	shots = flag.String("shots", "", "folder for screenshots of every page")
	said  = flag.String("said", "", "language the pages are opened in, such as ru")
	album = flag.Bool("album", false, "open only the pages whose pictures the documentation keeps")
	tall  = flag.Bool("tall", false, "pictures of whole pages, not of what a window shows")
)

// kept are the pages whose pictures the documentation keeps; of some pages it needs no more than one of their kind.
var kept = []string{
	"login", "dashboard", "orders", "orders-queue", "order", "order-refund", "order-no-email", "order-klarna", "payments", "payment", "limbo", "find",
	"confirm-payment", "reconciliations", "data-log", "webhook", "email-sent", "payment-settings", "razorpay", "fynd-overview", "notification-settings", "status-actions",
	"capture-deadlines", "jobs", "users", "stores", "audit", "api-tokens",
}

// signIn signs somebody in through the form.
func (w *world) open(tab *browser.Tab, email, path string) {
	w.t.Helper()
	tab.Open(w.base + path)
	tab.Fill(`input[name="email"]`, email)
	tab.Fill(`input[name="password"]`, cast.Password)
	tab.Click(`main form button`)
	tab.WaitUntil(`!location.pathname.startsWith("/login") && document.readyState == "complete"`)
}

// TestSupportRefundsMeera is the journey the product exists for, in a real browser: sign in, filter
// REFUND_INITIATED, open the order, press Refund Money, watch it arrive at the gateway and come back as done.
func TestSupportRefundsMeera(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	if b == nil {
		return
	}
	w := newWorld(t)
	tab := b.Tab(t)
	tab.Size(1440, 900)
	w.open(tab, "support@ruosh.example", "/sales/orders")
	tab.Click(`a[href*="event=REFUND_INITIATED"]`)
	tab.WaitUntil(`location.search.includes("event=REFUND_INITIATED")`)
	tab.WaitFor(`a[href^="/sales/orders/1001"]`)
	if text := tab.Text("main"); !strings.Contains(text, "Meera Nair") || strings.Contains(text, "Kabir Singh") {
		t.Errorf("the queue shows %q; want Meera, who waits, and not Kabir, who has his money", text)
	}
	tab.Click(`a[href^="/sales/orders/1001"]`)
	tab.WaitUntil(`location.pathname == "/sales/orders/1001"`)
	tab.Click(`[data-dialog^="refund"], a[href$="/refunds/new"]`)
	tab.WaitFor(`form[action$="/refunds"] select[name="reason"], form[action$="/refunds"] input[name="reason"]`)
	browser.Eval[bool](tab, `(() => {
		const reason = document.querySelector('form[action$="/refunds"] [name="reason"]');
		if (reason.tagName === "SELECT") { reason.value = "returned"; reason.dispatchEvent(new Event("change", {bubbles: true})); }
		else document.querySelector('form[action$="/refunds"] [name="reason"][value="returned"]').click();
		return true;
	})()`)
	if amount := tab.Value(`form[action$="/refunds"] input[name="amount"]`); amount != "499.50" {
		t.Errorf("the form offers %q, want the 499.50 that Fynd asks for", amount)
	}
	tab.Click(`form[action$="/refunds"] button.danger, form[action$="/refunds"] button[type="submit"]`)
	tab.WaitFor(`[data-operation][data-state="succeeded"]`)
	if effects := w.refunds("pay_KF00000000001B"); len(effects) != 1 || effects[0].AmountMinor != 49950 {
		t.Errorf("the gateway's ledger shows %v, want one refund of 499.50", effects)
	}
	w.eventually("done", `SELECT state FROM partner_updates WHERE order_id = 1001 AND status = 'refund_done'`)
	tab.Open(w.base + "/sales/orders?event=REFUND_INITIATED")
	if text := tab.Text("main"); strings.Contains(text, "Meera Nair") {
		t.Error("Meera's order is still in the queue")
	}
}

// pages are what people can open, and as whom.
var pages = []struct{ name, email, path string }{
	{"dashboard", "owner@ruosh.example", "/"},
	{"dashboard-viewer", "viewer@ruosh.example", "/"},
	{"orders", "support@ruosh.example", "/sales/orders"},
	{"orders-more-filters", "support@ruosh.example", "/sales/orders/filters/more"},
	{"orders-columns", "support@ruosh.example", "/sales/orders/columns"},
	{"orders-save-view", "manager@ruosh.example", "/sales/orders/views/new"},
	{"orders-export", "manager@ruosh.example", "/exports/count"},
	{"keyboard", "support@ruosh.example", "/keyboard"},
	{"orders-queue", "support@ruosh.example", "/sales/orders?event=REFUND_INITIATED"},
	{"orders-missing", "owner@ruosh.example", "/sales/orders?status=missing"},
	{"orders-nothing", "support@ruosh.example", "/sales/orders?q=nobody+has+this+name"},
	{"order", "support@ruosh.example", "/sales/orders/1001"},
	{"order-refund", "support@ruosh.example", "/sales/orders/1001/payments/1/refunds/new"},
	{"order-refunded", "support@ruosh.example", "/sales/orders/1004"},
	{"order-missing", "owner@ruosh.example", "/sales/orders/1005"},
	{"order-rtl", "owner@ruosh.example", "/sales/orders/1014"},
	{"order-cod", "owner@ruosh.example", "/sales/orders/1019"},
	{"order-refunding", "owner@ruosh.example", "/sales/orders/1010"},
	{"orders-deadline", "owner@ruosh.example", "/sales/orders?deadline=48h"},
	{"order-deadline", "finance@ruosh.example", "/sales/orders/1011"},
	{"capture-deadlines", "owner@ruosh.example", "/system/capture-deadlines"},
	{"payments", "owner@ruosh.example", "/sales/payments"},
	{"payments-filter", "owner@ruosh.example", "/sales/payments?filter=open&status=stuck&status=refunding&status=authorized&status=pending"},
	{"payments-nothing", "support@ruosh.example", "/sales/payments?q=nobody+has+this+name"},
	{"payments-row", "owner@ruosh.example", "/sales/payments?status=stuck&open=8"},
	{"payment", "owner@ruosh.example", "/sales/payments/8"},
	{"payment-refunds", "support@ruosh.example", "/sales/payments/4?tab=refunds"},
	{"payment-refunding", "owner@ruosh.example", "/sales/payments/9?tab=request"},
	{"find", "owner@ruosh.example", "/find?q=sharma"},
	{"find-card", "owner@ruosh.example", "/find?q=4242"},
	{"find-nothing", "viewer@ruosh.example", "/find?q=nobody+has+this+name"},
	{"limbo", "owner@ruosh.example", "/sales/limbo"},
	{"limbo-missing", "viewer@ruosh.example", "/sales/limbo?of=missing"},
	{"limbo-trends", "owner@ruosh.example", "/sales/limbo/trends"},
	{"limbo-nothing", "owner@ruosh.example", "/sales/limbo?of=contradictions"},
	{"confirm-payment", "support@ruosh.example", "/system/tools/fynd-api/gofynd-api"},
	{"reconciliations", "finance@ruosh.example", "/sales/reconciliations"},
	{"reconciliation-queue", "finance@ruosh.example", "/sales/reconciliations?of=queue"},
	{"reconciliation-figures", "finance@ruosh.example", "/sales/reconciliations?of=figures"},
	{"reconciliation-mappings", "finance@ruosh.example", "/sales/reconciliations?of=mappings"},
	{"jobs", "owner@ruosh.example", "/system/jobs"},
	{"privacy", "owner@ruosh.example", "/system/privacy"},
	{"data-log", "manager@ruosh.example", "/system/tools/data-log"},
	{"data-log-order", "owner@ruosh.example", "/system/tools/data-log?table=gofynd_webhook&gofynd_order_id=FY64D4E4250DB0CB1001"},
	{"data-log-number", "owner@ruosh.example", "/system/tools/data-log?table=webhook&gofynd_order_id=1013"},
	{"data-log-mismatch", "owner@ruosh.example", "/system/tools/data-log?table=gofynd_webhook&mismatch=1&store=40"},
	{"data-log-emails", "manager@ruosh.example", "/system/tools/data-log?table=gofynd_email"},
	{"data-log-calls", "owner@ruosh.example", "/system/tools/data-log?table=gateway_call"},
	{"data-log-notifications", "owner@ruosh.example", "/system/tools/data-log?table=notification"},
	{"notification-settings", "owner@ruosh.example", "/extensions/notifications?store=42"},
	{"notification-settings-read", "finance@ruosh.example", "/extensions/notifications?store=40"},
	{"webhook", "owner@ruosh.example", "/system/tools/data-log/webhooks/1"},
	{"payment-settings", "owner@ruosh.example", "/extensions/payment"},
	{"razorpay", "owner@ruosh.example", "/extensions/payment/razorpay?store=40"},
	{"ccavenue", "owner@ruosh.example", "/extensions/payment/ccavenue?store=43"},
	{"klarna", "owner@ruosh.example", "/extensions/payment/klarna?store=41"},
	{"svea", "owner@ruosh.example", "/extensions/payment/svea?store=41"},
	{"paykeeper", "owner@ruosh.example", "/extensions/payment/paykeeper?store=42"},
	{"order-klarna", "owner@ruosh.example", "/sales/orders/1011"},
	{"order-svea", "owner@ruosh.example", "/sales/orders/1012"},
	{"order-paykeeper", "owner@ruosh.example", "/sales/orders/1009"},
	{"order-ccavenue", "owner@ruosh.example", "/sales/orders/1023"},
	{"exports-nothing", "manager@ruosh.example", "/exports"},
	{"users", "owner@ruosh.example", "/system/users"},
	{"stores", "owner@ruosh.example", "/system/stores"},
	{"audit", "auditor@ruosh.example", "/system/audit"},
	{"order-no-email", "viewer@ruosh.example", "/sales/orders/1032"},
	{"order-email-unknown", "support@ruosh.example", "/sales/orders/1035"},
	{"email-sent", "owner@ruosh.example", "/system/tools/emails/1"},
	{"email-resend", "support@ruosh.example", "/system/tools/emails/2#resend"},
	{"email-rules", "owner@ruosh.example", "/system/emails?store=40"},
	{"api-tokens", "owner@ruosh.example", "/system/api-tokens"},
	{"api-token-new", "owner@ruosh.example", "/system/api-tokens#new-token"},
	{"status-actions", "owner@ruosh.example", "/system/order-status-actions?store=41"},
	{"status-actions-none", "owner@ruosh.example", "/system/order-status-actions?store=40"},
	{"status-actions-forbidden", "support@ruosh.example", "/system/order-status-actions"},
	{"status-change-many", "support@ruosh.example", "/sales/status-changes/new?order=1001&order=1002&query=status%3Dprocessing"},
	{"order-change-status", "support@ruosh.example", "/sales/orders/1003#status"},
	{"profile", "support@ruosh.example", "/profile"},
	{"forbidden", "viewer@ruosh.example", "/system/users"},
	{"not-found", "viewer@ruosh.example", "/sales/orders/4711"},
	{"fynd-extensions", "owner@ruosh.example", "/extensions/fynd"},
	{"fynd-new", "owner@ruosh.example", "/extensions/fynd/new"},
	{"fynd-overview", "owner@ruosh.example", "/extensions/fynd/1"},
	{"fynd-details", "owner@ruosh.example", "/extensions/fynd/1?tab=details"},
	{"fynd-details-read", "support@ruosh.example", "/extensions/fynd/1?tab=details"},
	{"fynd-publish", "owner@ruosh.example", "/extensions/fynd/1?tab=publish"},
	{"fynd-key", "owner@ruosh.example", "/extensions/fynd/1?tab=key"},
	{"fynd-subscribers", "owner@ruosh.example", "/extensions/fynd/1?tab=subscribers"},
	{"fynd-volume", "finance@ruosh.example", "/extensions/fynd/1?tab=volume"},
	{"fynd-duties", "manager@ruosh.example", "/extensions/fynd/1?tab=duties"},
	{"fynd-installs", "owner@ruosh.example", "/extensions/fynd/1/installs"},
}

// TestEveryPage opens every page wide and narrow, light and dark: no accessibility violation, no horizontal
// scroll, nothing refused by the content security policy, no script error.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	if b == nil {
		return
	}
	w, _ := withPost(t)
	w.tellMail()
	w.tellShop()
	w.speak(*said)
	look := func(tab *browser.Tab, name string) {
		t.Helper()
		for _, width := range []int{1440, 390} {
			for _, dark := range []bool{false, true} {
				tab.Size(width, map[int]int{1440: 900, 390: 844}[width])
				tab.Dark(dark)
				where := name + map[bool]string{false: " light", true: " dark"}[dark]
				if wide := browser.Eval[int](tab, `document.documentElement.scrollWidth`); wide > width {
					t.Errorf("%s at %d: the page is %d wide and scrolls sideways", where, width, wide)
				}
				tab.WaitUntil(`[...document.querySelectorAll(".tabs [aria-current]")].every((open) => {
					const tabs = open.closest(".tabs").getBoundingClientRect(), box = open.getBoundingClientRect();
					return tabs.width === 0 || box.left >= tabs.left - 1 && box.right <= tabs.right + 1; // the tab that is open is seen
				})`)
				blank := browser.Eval[int](tab, `[...document.querySelectorAll("main tbody tr")].filter((r) => r.checkVisibility() && r.innerText.trim().length < 3).length`)
				if blank > 0 {
					t.Errorf("%s at %d: %d rows of a table say nothing", where, width, blank)
				}
				var rules []string // all
				if dark {
					rules = []string{"color-contrast"} // nothing else is another in the dark
				}
				for _, v := range tab.Axe(rules...) {
					t.Errorf("%s at %d: %s", where, width, v)
				}
				if *shots != "" {
					file := filepath.Join(*shots, strings.ReplaceAll(name, " ", "-")+map[int]string{1440: "-1440", 390: "-390"}[width]+map[bool]string{false: "-light", true: "-dark"}[dark]+".png")
					if err := os.MkdirAll(*shots, 0o750); err != nil {
						t.Fatal(err)
					}
					height := map[int]int{1440: 900, 390: 844}[width]
					if *tall {
						height = max(height, browser.Eval[int](tab, `document.documentElement.scrollHeight`))
					}
					tab.Screenshot(file, width, height, dark)
				}
			}
		}
	}
	tab := b.Tab(t)
	tab.Open(w.base + "/login")
	look(tab, "login")
	signedIn := map[string]*browser.Tab{}
	for _, page := range pages {
		if *album && !slices.Contains(kept, page.name) {
			continue
		}
		tab, ok := signedIn[page.email]
		if !ok {
			tab = b.Tab(t)
			tab.Size(1440, 900)
			w.open(tab, page.email, "/profile")
			signedIn[page.email] = tab
		}
		tab.Allow("403")
		tab.Allow("404")
		tab.Open(w.base + page.path)
		refused := slices.Contains([]string{"forbidden", "not-found", "status-actions-forbidden"}, page.name)
		if browser.Eval[bool](tab, `document.querySelector("main .empty h1") !== null`) != refused {
			t.Errorf("%s: refused is to be %v", page.name, refused)
		}
		look(tab, page.name)
	}
}
