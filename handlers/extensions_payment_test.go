package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	eyes "github.com/kartify/kartify/e2e/browser"
	"github.com/kartify/kartify/gateways/gatewaytest"
)

func TestGatewaysAreFound(t *testing.T) {
	o := openOffice(t)
	ravi := o.enter("owner")
	tests := []struct {
		search string
		want   string // gateway and store of the rows
	}{
		{"", "ccavenue 40, ccavenue 43, gofynd 40, razorpay 40, razorpay 43"},
		{"CC avenue", "ccavenue 40, ccavenue 43"},
		{"ccavenue", "ccavenue 40, ccavenue 43"},
		{"CCAvenue", "ccavenue 40, ccavenue 43"},
		{"cc-AVENUE", "ccavenue 40, ccavenue 43"},
		{"razor pay", "razorpay 40, razorpay 43"},
		{"gofynd", "gofynd 40"},
		{"stripe", ""},
	}
	for _, tt := range tests {
		page := ravi.get("/extensions/payment?q=" + url.QueryEscape(tt.search))
		var rows []string
		page.Find("[data-gateway]").Each(func(_ int, row *goquery.Selection) {
			rows = append(rows, row.AttrOr("data-gateway", "")+" "+row.AttrOr("data-store", ""))
		})
		if got := strings.Join(rows, ", "); page.status != http.StatusOK || got != tt.want {
			t.Errorf("%q finds %q, want %q", tt.search, got, tt.want)
		}
	}
	page := ravi.get("/extensions/payment")
	if got := text(page.Find("[data-gateway=razorpay][data-store='40']")); !strings.Contains(got, "Enabled") || !strings.Contains(got, "Test") {
		t.Errorf("Razorpay of Ruosh reads %q", got)
	}
	if got := text(page.Find("[data-gateway=ccavenue][data-store='43']")); !strings.Contains(got, "Not set up") {
		t.Errorf("CCAvenue of Chandni reads %q", got)
	}
	if rows := o.enter("finance").get("/extensions/payment").Find("[data-store='43']").Length(); rows != 0 {
		t.Errorf("somebody of Ruosh sees %d gateways of Chandni", rows)
	}
}

func TestGatewaySettingsAreSaved(t *testing.T) {
	o := openOffice(t)
	ravi := o.enter("owner")
	const path = "/extensions/payment/razorpay?store=40&mode=test"
	page := ravi.get(path)
	for _, fact := range []struct{ where, want string }{
		{"h1", "Razorpay"},
		{"#webhook code", o.url + "/callbacks/razorpay/40"},
		{"#webhook", "No genuine webhook has come yet."},
		{"#versions", "Version 1, in force"},
		{"#settings", "Set on"},
	} {
		if got := text(page.Find(fact.where)); !strings.Contains(got, fact.want) {
			t.Errorf("%s reads %q, want %q", fact.where, got, fact.want)
		}
	}
	if got := page.Find("input[name=webhook_secret]"); got.AttrOr("value", "") != "" || !strings.Contains(got.AttrOr("placeholder", ""), "•••• 7f3a") {
		t.Errorf("the webhook secret shows as %q %q", got.AttrOr("value", ""), got.AttrOr("placeholder", ""))
	}
	refused := ravi.post(path, url.Values{"version": {"1"}, "enabled": {"1"}, "key": {""}, "secret": {"a-new-secret-0001"}})
	if refused.status != http.StatusUnprocessableEntity || !strings.Contains(text(refused.Find("#field-key-error")), "Enter the Key.") {
		t.Errorf("without a key it answers %d %q", refused.status, text(refused.Find("[role=alert]")))
	}
	if !strings.Contains(text(refused.Find("#field-secret-help")), "Enter it again") {
		t.Error("nobody says that the secret must be entered again")
	}
	saved := ravi.post(path, url.Values{"version": {"1"}, "key": {"rzp_test_other"}, "secret": {""}, "webhook_secret": {"another-hush-0002"}})
	if saved.status != http.StatusSeeOther {
		t.Fatalf("saving answers %d %q", saved.status, text(saved.Find("[role=alert]")))
	}
	page = ravi.get(saved.header.Get("Location"))
	for _, fact := range []struct{ where, want string }{
		{".banner.green", "Version 2 of the Razorpay settings is in force."}, {".heading", "Disabled"}, {"#versions", "Version 2, in force, disabled"}, {"#versions", "Ravi Menon"}, {"#versions", "Replaced"},
	} {
		if got := text(page.Find(fact.where)); !strings.Contains(got, fact.want) {
			t.Errorf("%s reads %q, want %q", fact.where, got, fact.want)
		}
	}
	stale := ravi.post(path, url.Values{"version": {"1"}, "key": {"rzp_test_late"}})
	if stale.status != http.StatusUnprocessableEntity || !strings.Contains(text(stale.Find("[role=alert]")), "changed since the form was shown") || stale.Find("[name=key]").AttrOr("value", "") != "rzp_test_late" {
		t.Errorf("a form shown before answers %d %q", stale.status, text(stale.Find("[role=alert]")))
	}
	for _, html := range []string{refused.html, page.html, stale.html, ravi.get("/extensions/payment").html} {
		for _, secret := range []string{"kept-away-from-everybody", "hush-hush-hush-7f3a", "another-hush-0002", "a-new-secret-0001"} {
			if strings.Contains(html, secret) {
				t.Errorf("a page shows %s", secret)
			}
		}
	}
}

func TestGatewaySettingsNeedTheRight(t *testing.T) {
	o := openOffice(t)
	const path = "/extensions/payment/razorpay?store=40&mode=test"
	tests := []struct {
		who        string
		see, write int
	}{
		{"owner", http.StatusOK, http.StatusSeeOther},
		{"finance", http.StatusOK, http.StatusForbidden},
		{"support", http.StatusForbidden, http.StatusForbidden},
		{"viewer", http.StatusForbidden, http.StatusForbidden},
	}
	for _, tt := range tests {
		p := o.enter(tt.who)
		page := p.get(path)
		if page.status != tt.see {
			t.Errorf("%s sees %d, want %d", tt.who, page.status, tt.see)
		}
		if tt.who == "finance" && page.Find("#settings input").Length() > 0 {
			t.Error("who may only look is shown a form")
		}
		if got := p.post(path, url.Values{"key": {"rzp_test_" + tt.who}, "enabled": {"1"}}); got.status != tt.write {
			t.Errorf("%s saves with %d, want %d", tt.who, got.status, tt.write)
		}
	}
	farah := o.enter("finance")
	for _, foreign := range []string{
		"/extensions/payment/razorpay?store=43", "/extensions/payment/razorpay?store=999", "/extensions/payment/stripe?store=40",
		"/extensions/payment/razorpay?store=abc", "/extensions/payment/razorpay?store=40&mode=sandbox",
	} {
		if page := farah.get(foreign); page.status != http.StatusNotFound {
			t.Errorf("%s answers %d, want 404", foreign, page.status)
		}
	}
	if page := o.enter("owner").get("/extensions/payment/gofynd?store=43"); page.status != http.StatusNotFound {
		t.Errorf("the GoFynd API of a store without FYND answers %d, want 404", page.status)
	}
}

func TestConnectionIsTested(t *testing.T) {
	o := openOffice(t)
	ravi := o.enter("owner")
	good := ravi.post("/extensions/payment/razorpay/checks?store=40&mode=test", url.Values{}, "HX-Request: true")
	if got := text(good.Find("[role=status]")); good.status != http.StatusOK || got != "Razorpay accepts these credentials." {
		t.Errorf("good credentials answer %d %q", good.status, got)
	}
	bad := ravi.post("/extensions/payment/razorpay/checks?store=40&mode=live", url.Values{})
	if got := text(bad.Find("#connection [role=alert]")); bad.status != http.StatusUnprocessableEntity || !strings.Contains(got, "No Razorpay settings are stored") {
		t.Errorf("no credentials answer %d %q", bad.status, got)
	}
}

// A refund that the gateway turned away for its credentials goes on once they are mended.
func TestBetterSettingsWakeWhatWaited(t *testing.T) {
	o := openOffice(t)
	order := o.order(nil)
	payment := o.payment(order, nil)
	asha := o.enter("support")
	o.bogus.Next(gatewaytest.Refuse)
	op := asha.post(refunds(order, payment), asha.refundForm(order, payment)).header.Get("X-Operation")
	sweep := func() string {
		if _, err := o.db.SettleDue(o.ctx); err != nil {
			t.Fatal(err)
		}
		return asha.get(fmt.Sprintf("/sales/orders/%d", order)).Find("#operation-"+op).AttrOr("data-state", "")
	}
	if got := sweep(); got != "queued" {
		t.Fatalf("turned away, the refund is %s", got)
	}
	page := asha.get(fmt.Sprintf("/sales/orders/%d", order))
	if got := text(page.Find("#operation-" + op)); !strings.Contains(got, "Check them under Extensions > Extensions > Payment.") {
		t.Errorf("the page does not say why: %q", got)
	}
	if got := sweep(); got != "queued" || len(o.bogus.Calls()) != 1 {
		t.Errorf("it does not wait: %s after %d calls", got, len(o.bogus.Calls()))
	}
	o.enter("owner").post("/extensions/payment/razorpay?store=40&mode=test", url.Values{"key": {"rzp_test_mended"}, "secret": {"mended-secret-01"}, "enabled": {"1"}})
	if got := sweep(); got != "succeeded" || len(o.bogus.Effects()) != 1 {
		t.Errorf("mended, the refund is %s after %d effects", got, len(o.bogus.Effects()))
	}
}

// TestGatewayPagesLook looks at the settings in both themes and two sizes.
func TestGatewayPagesLook(t *testing.T) {
	chromium := eyes.Start(t)
	if chromium == nil {
		return
	}
	o := openOffice(t)
	tab := o.enterBrowser(chromium, "owner")
	tab.Open(o.url + "/extensions/payment")
	o.look(tab, "gateways")
	tab.Open(o.url + "/extensions/payment?q=stripe")
	o.look(tab, "gateways-none")
	tab.Open(o.url + "/extensions/payment/razorpay?store=40")
	o.look(tab, "gateway")
}
