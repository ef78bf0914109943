package sandbox

import (
	"encoding/json"
	"strings"
	"testing"
)

// What the merchant does in Klarna's portal shows in the API, without keys or references of ours.
func TestKlarnaPortal(t *testing.T) {
	b := newBench(t)
	id := b.klarnaSell("authorized", obj{"name": "Åsa"})
	at := "/_sandbox/portal/klarna/" + id
	if list := b.do("GET", "/_sandbox/portal/klarna", "").read(t); list.Find("tbody a").Text() != id {
		t.Errorf("the list shows %q", list.Find("tbody a").Text())
	}
	press := func(action, body string, want int) {
		t.Helper()
		doc := b.do("GET", at, "").read(t)
		button := doc.Find(`form[action="` + at + "/" + action + `"]`)
		if button.Length() != 1 {
			t.Fatalf("there is no button %s in %s", action, doc.Text())
		}
		if body == "" {
			body = values(button).Encode()
		}
		if got := b.do("POST", at+"/"+action, body, "Content-Type", form); got.status != want {
			t.Errorf("%s answered %d %s", action, got.status, got.body)
		}
	}
	press("capture", "amount=300", 422)
	press("capture", "amount=100.00", 303)
	press("refund", "amount=100.01", 422)
	press("refund", "amount=40", 303)
	press("release", "", 303)
	e := b.klarnaOrder(id)
	if e.Status != "CAPTURED" || e.Captured != 10000 || e.Refunded != 4000 || e.Remaining != 0 || e.Captures[0].Reference != "" {
		t.Errorf("order %s", compact(e))
	}
	for verb, amount := range map[string]int64{"capture": 10000, "refund": 4000, "void": 15000} {
		if got := b.ledger(id, verb); len(got) != 1 || got[0].AmountMinor != amount || got[0].IdempotencyKey != "" {
			t.Errorf("%s effects %v", verb, got)
		}
	}
	page := b.do("GET", at, "").read(t)
	for _, want := range []string{"Åsa", "captured", "40.00 SEK refunded", "INVOICE"} {
		if !strings.Contains(page.Text(), want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	at = "/_sandbox/portal/klarna/" + b.klarnaSell("authorized")
	press("cancel", "", 303)
	press("push", "", 303)
	if page := b.do("GET", at, "").read(t); page.Find(`form[action$="/cancel"]`).Length() != 0 || page.Find(`form[action$="/fail"]`).Length() != 0 {
		t.Error("a cancelled order still has buttons that do nothing")
	}
}

// Sales less returns, fees and taxes are what reaches the bank.
func TestKlarnaSettlements(t *testing.T) {
	b := newBench(t)
	id, other := b.klarnaSell("authorized"), b.klarnaSell("captured")
	b.om("POST", id, "/captures", `{"captured_amount":25000,"reference":"op-1"}`)
	b.om("POST", id, "/refunds", `{"refunded_amount":5000,"reference":"op-2"}`)
	var made struct {
		Reference string           `json:"payment_reference"`
		Totals    map[string]int64 `json:"totals"`
	}
	b.control("POST", "/klarna/payouts", obj{"leave_out": []string{b.klarnaOrder(other).Captures[0].ID}}, &made)
	if m := made.Totals; m["sale_amount"] != 25000 || m["return_amount"] != 5000 || m["fee_amount"] != 747 || m["tax_amount"] != 187 ||
		m["settlement_amount"] != 25000-5000-747-187 || len(made.Reference) != 8 {
		t.Errorf("payout %+v", made)
	}
	var out struct {
		Transactions []klarnaTransaction `json:"transactions"`
		Pagination   map[string]any      `json:"pagination"`
	}
	got := b.klarna("GET", "/settlements/v1/transactions?size=2&payment_reference="+made.Reference, "")
	if err := json.Unmarshal([]byte(got.body), &out); err != nil || len(out.Transactions) != 2 || out.Pagination["total"] != 4.0 {
		t.Fatalf("transactions %s", got.body)
	}
	if sale, back := out.Transactions[0], out.Transactions[1]; sale.CaptureReference != "op-1" || sale.CaptureID == "" || back.RefundReference != "op-2" || back.CaptureID != "" {
		t.Errorf("rows %+v", out.Transactions)
	}
	next, _ := out.Pagination["next"].(string)
	if rest := b.klarna("GET", strings.TrimPrefix(next, b.url+"/klarna"), ""); !strings.Contains(rest.body, `"type":"FEE"`) {
		t.Errorf("the next page %s at %s", rest.body, next)
	}
	if got := b.klarna("GET", "/settlements/v1/payouts/"+made.Reference, ""); !strings.Contains(got.body, `"settlement_amount":19066`) {
		t.Errorf("payout %s", got.body)
	}
	if got := b.klarna("GET", "/settlements/v1/payouts?start_date=2001-01-01T00:00:00Z&end_date=2002-01-01T00:00:00Z", ""); !strings.Contains(got.body, `"payouts":[]`) {
		t.Errorf("payouts of another year %s", got.body)
	}
	file := strings.Split(b.klarna("GET", "/settlements/v1/reports/payout-with-transactions?payment_reference="+made.Reference, "").body, "\n")
	if len(file) != 8 || !strings.Contains(file[0], "total_settlement_amount") || !strings.Contains(file[1], ";190.66;") ||
		!strings.HasPrefix(file[2], "short_order_id;") || !strings.Contains(file[3], ";sale;250.00;SEK;") || !strings.Contains(file[4], ";return;50.00;") {
		t.Errorf("file %s", strings.Join(file, "\n"))
	}
	b.control("POST", "/klarna/payouts", obj{"dispute": id}, &made)
	if made.Totals["reversal_amount"] != 20000 || made.Totals["sale_amount"] != 25000 {
		t.Errorf("the second payout %+v", made)
	}
	b.klarna("GET", "/settlements/v1/transactions", "").klarnaSays(t, 400, "BAD_VALUE", "Bad value: payment_reference")
}
