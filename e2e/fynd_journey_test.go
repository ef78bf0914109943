package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/e2e/browser"
	"github.com/kartify/kartify/models/cast"
)

// inspect checks a page of somebody else's with axe, and takes its pictures.
func inspect(t *testing.T, tab *browser.Tab, name string) {
	t.Helper()
	for _, v := range tab.Axe() {
		t.Errorf("%s: %s", name, v)
	}
	if *shots == "" {
		return
	}
	tab.Screenshot(filepath.Join(*shots, "fynd-"+name+"-1440.png"), 1440, 900, false)
	tab.Screenshot(filepath.Join(*shots, "fynd-"+name+"-390-dark.png"), 390, 844, true)
	tab.Dark(false)
	tab.Size(1440, 900)
}

// TestFyndJourney goes with a seller and a buyer through Fynd, in a browser: the extension is uninstalled, installed
// from the panel and given its credentials in the panel's frame; an order is placed in a shop and paid; it is refunded
// from Fynd's side and from its page here. What Fynd was told is compared with what the gateway did.
func TestFyndJourney(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	if b == nil {
		return
	}
	w := newWorld(t)
	panel := fmt.Sprintf("%s/_sandbox/fynd/panel/%s/%s/%s", w.box, cast.FyndKey, cast.FyndCompany, cast.FyndApplication)
	seller, buyer, owner := b.Tab(t), b.Tab(t), b.Tab(t)
	seller.Allow("Failed to execute 'postMessage'") // axe-core looks for itself in the frame
	w.open(owner, "owner@ruosh.example", "/sales/orders")
	step := func(name string, do func(t *testing.T)) {
		t.Run(name, func(t *testing.T) {
			was := w.t
			w.t = t
			defer func() { w.t = was }()
			do(t)
		})
	}
	place := func(amount string) {
		buyer.Open(w.box + "/_sandbox/fynd/shop")
		buyer.Fill(`input[name="amount"]`, amount)
		buyer.Click("button.main")
	}

	step("install", func(t *testing.T) {
		seller.Open(panel)
		seller.Click(`form[action$="/uninstall"] button`)
		seller.WaitUntil(`document.querySelector(".state")?.innerText === "not installed"`)
		w.eventually("true", `SELECT uninstalled_at IS NOT NULL FROM fynd_installs WHERE company_id = $1`, cast.FyndCompany)
		buyer.Allow("status of 422")
		place("499.00")
		buyer.WaitUntil(`document.querySelector('[role="alert"]')?.innerText.includes("403")`)
		inspect(t, buyer, "shop-refused")
		seller.Click("a.button.main")
		seller.InFrame(w.box, `document.querySelector("a.main")?.innerText === "Allow" && (document.querySelector("a.main").click(), true)`)
		seller.InFrame(w.base, `document.querySelector('form[action*="/company/"] [name="key_id"]')`)
		w.eventually("true", `SELECT uninstalled_at IS NULL AND access_token <> '' FROM fynd_installs WHERE company_id = $1`, cast.FyndCompany)
		seller.InFrame(w.base, `(() => {
			const form = document.querySelector('form[action*="/company/"]');
			if (!form) return false;
			for (const [name, value] of Object.entries({key_id: "`+cast.Razorpay["key_id"]+`", key_secret: "`+cast.Razorpay["key_secret"]+`", webhook_secret: "`+cast.Razorpay["webhook_secret"]+`"})) {
				form.elements[name].value = value;
			}
			form.requestSubmit();
			return true;
		})()`)
		seller.InFrame(w.base, `document.body.innerText.includes("The credentials are stored.")`)
		inspect(t, seller, "panel-credentials")
	})

	var gid, ref string
	var order int64
	step("pay", func(t *testing.T) {
		place("499.00")
		buyer.WaitFor(`button[value="pay"]`)
		buyer.Click(`button[value="pay"]`)
		buyer.WaitUntil(`location.href.startsWith("` + w.box + `/_sandbox/fynd/shop/")`)
		buyer.WaitFor("h1")
		if got := buyer.Text("h1"); got != "Thank you for your order" {
			t.Fatalf("the buyer is told %q at %s: %s", got, buyer.URL(), buyer.Text("main"))
		}
		if early := browser.Eval[bool](buyer, `Boolean(document.querySelector('[role="alert"]'))`); early {
			t.Errorf("the buyer is back too early: %s", buyer.Text("main"))
		}
		inspect(t, buyer, "receipt")
		back, err := url.Parse(buyer.URL())
		if err != nil {
			t.Fatal(err)
		}
		gid = back.Query().Get("gid")
		if q := back.Query(); q.Get("cart_id") != "cart-"+gid || q.Get("order_id") == "" || q.Get("success") != "true" {
			t.Errorf("the buyer comes back with %v", q)
		}
		w.scan(&order, `SELECT order_id FROM fynd_sessions WHERE gid = $1`, gid)
		w.paymentOf(order, "processing success 49900")
		w.scan(&ref, `SELECT ref FROM payments WHERE order_id = $1`, order)
		if here, there := w.booked(order), added(w.ledger("razorpay", ref)); here != there || here != (books{0, 49900, 0}) {
			t.Errorf("booked %+v, the ledger says %+v", here, there)
		}
		if got := w.knows("payment_session", gid, ""); !strings.HasSuffix(got, "complete") || strings.Count(got, "complete") != 1 {
			t.Errorf("Fynd was told %q", got)
		}
	})
	if gid == "" {
		return
	}
	step("refund from Fynd", func(t *testing.T) {
		seller.Open(panel)
		card := `[id="` + gid + `"] `
		seller.Fill(card+`input[name="amount"]`, "100.00")
		seller.Click(card + `form[action$="/refund"] button`)
		seller.WaitUntil(`document.querySelector('` + card + `table .state')?.innerText === "refund_initiated" || document.querySelector('` + card + `table .state')?.innerText === "refund_done" || document.querySelector('` + card + `table .state')?.innerText === "refund_pending"`)
		w.within("Fynd is told that the refund is done", 15*time.Second, func() bool { return strings.HasSuffix(w.knows("refund_session", gid, ""), "refund_done") })
		seller.Open(panel)
		if got := seller.Text(card + "table .state"); got != "refund_done" {
			t.Errorf("the panel says %q", got)
		}
		inspect(t, seller, "panel-refunded")
		if got := w.refunds(ref); len(got) != 1 || got[0].AmountMinor != 10000 {
			t.Errorf("the gateway gave back %+v", got)
		}
	})
	step("refund from the order page", func(t *testing.T) {
		d := &desk{world: w, tab: owner}
		owner.Open(fmt.Sprintf("%s/sales/orders/%d", w.base, order))
		d.done = browser.Eval[int](owner, `document.querySelectorAll('[data-operation][data-state="succeeded"]').length`)
		d.sees("399.00", "Fynd")
		d.does("refunds", `set('[name="mode"]', "partial"); set('[name="amount"]', "50.00"); set('[name="reason"]', "returned");`)
		w.within("Fynd is told of both refunds", 15*time.Second, func() bool { return strings.Count(w.knows("refund_session", gid, ""), "refund_done") == 2 })
		if here, there := w.booked(order), added(w.ledger("razorpay", ref)); here != there || here != (books{0, 49900, 15000}) {
			t.Errorf("booked %+v, the ledger says %+v", here, there)
		}
		owner.Open(fmt.Sprintf("%s/sales/orders/%d", w.base, order))
		inspect(t, owner, "order")
	})
	step("pay at the shipment", func(t *testing.T) {
		if _, err := w.db.Pool().Exec(w.ctx, `UPDATE fynd_extensions SET auto_capture = false`); err != nil {
			t.Fatal(err)
		}
		place("250.00")
		buyer.WaitFor(`button[value="pay"]`)
		buyer.Click(`button[value="pay"]`)
		buyer.WaitUntil(`location.href.startsWith("` + w.box + `/_sandbox/fynd/shop/")`)
		if got := buyer.Text("h1"); got != "Thank you for your order" {
			t.Fatalf("the buyer is told %q at %s: %s", got, buyer.URL(), buyer.Text("main"))
		}
		var held string
		w.scan(&held, `SELECT gid FROM fynd_sessions ORDER BY created_at DESC LIMIT 1`)
		var kept int64
		w.scan(&kept, `SELECT order_id FROM fynd_sessions WHERE gid = $1`, held)
		if got := w.booked(kept); got != (books{25000, 0, 0}) {
			t.Errorf("booked %+v, want 250.00 held", got)
		}
		if got := w.knows("payment_session", held, ""); !strings.HasSuffix(got, "complete") {
			t.Errorf("Fynd was told %q, and ships on complete", got)
		}
		d := &desk{world: w, tab: owner}
		owner.Open(fmt.Sprintf("%s/sales/orders/%d", w.base, kept))
		d.does("captures", ``)
		if got := w.booked(kept); got != (books{0, 25000, 0}) {
			t.Errorf("booked %+v, want 250.00 drawn", got)
		}
		w.within("Fynd is told what was drawn", 15*time.Second, func() bool { return strings.HasSuffix(w.knows("payment_session", held, ""), "complete complete") })
		seller.Open(panel)
		if got := seller.Text(`[id="` + held + `"]`); !strings.Contains(got, "250.00 INR drawn") {
			t.Errorf("the panel says %q", got)
		}
	})
	step("Fynd and kartify agree", func(t *testing.T) {
		var polled []struct{ Divergence []string }
		w.sandbox(http.MethodPost, "/_sandbox/fynd/polls", map[string]any{}, &polled)
		for _, p := range polled {
			if len(p.Divergence) > 0 {
				t.Errorf("Fynd finds %v", p.Divergence)
			}
		}
		if len(polled) < 2 {
			t.Errorf("Fynd polled %+v", polled)
		}
	})
	w.sound(t)
}
