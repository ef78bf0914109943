package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// TestCastsOrdersInLimboCanBePutRight does with the demo's missing orders what a newcomer would: Confirm Payment of the
// one that was debited, and of one whose payment its gateway declined; and asks the gateways of the others: the declined one
// can be marked as failed, and of the rest is said what is known.
func TestCastsOrdersInLimboCanBePutRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asha := w.signIn("support@ruosh.example")
	const tool = "/system/tools/fynd-api/gofynd-api"
	offered := asha.get(tool).page().Find("#missing-paid").Text()
	if !strings.Contains(offered, "FY64D4E4250DB0CB1005") || strings.Contains(offered, "FY64D4E4250DB0CB1006") {
		t.Errorf("offered to be confirmed: %s", offered)
	}
	r := asha.post(tool+"/confirmations", url.Values{"ids": {"FY64D4E4250DB0CB1005, FY64D4E4250DB0CB1006\nFY64D4E4250DB0CB1002"}})
	if r.StatusCode != http.StatusSeeOther {
		t.Fatalf("execute answers %d", r.StatusCode)
	}
	w.eventually("processed success 100", `SELECT concat_ws(' ', o.status, p.status, 100 * p.captured_minor / o.total_minor) FROM orders o JOIN payments p ON p.order_id = o.id WHERE o.id = 1005`)
	result := asha.get(r.Header.Get("Location")).page()
	var states []string
	result.Find("[data-confirmed]").Each(func(_ int, row *goquery.Selection) { states = append(states, row.AttrOr("data-state", "")) })
	if got := strings.Join(states, " "); got != "done refused already" {
		t.Errorf("of three ids the page says %s", got)
	}
	if said := result.Find(`[data-state="refused"]`).Text(); !strings.Contains(said, "Razorpay says that the payment is not made") {
		t.Errorf("of the one that was declined: %s", said)
	}
	var effects []effect
	w.sandbox(http.MethodGet, "/_sandbox/ledger?gateway=fynd&verb=confirm", nil, &effects)
	if len(effects) != 1 || effects[0].AmountMinor != 97200 {
		t.Errorf("Fynd confirmed %+v, want the 972.00 of order 1005", effects)
	}
	owner := w.signIn("owner@ruosh.example")
	for row, said := range map[string]string{
		"missing:1006": "Payment pay_KFcast00000006 of 499.50 INR: failed.", "missing:1023": "CCAvenue says Awaited", "pending:1026": "Razorpay knows of no payment",
	} {
		_, id, _ := strings.Cut(row, ":")
		owner.post("/sales/limbo/fixes", url.Values{"do": {"ask"}, "row": {row}, "order": {id}})
		if page := owner.get("/sales/orders/" + id).text; !strings.Contains(page, said) {
			t.Errorf("of %s the gateway does not say %q: %s", row, said, tail(page, 300))
		}
	}
	owner.post("/sales/limbo/fixes", url.Values{"do": {"fail"}, "row": {"missing:1006"}, "order": {"1006"}})
	w.eventually("failed , missing debited, pending ", `SELECT string_agg(status || ' ' || status_reason, ', ' ORDER BY id) FROM orders WHERE id IN (1006, 1023, 1026)`)
	w.eventually("debited", `SELECT doubt FROM payments WHERE order_id = 1023`)
}
