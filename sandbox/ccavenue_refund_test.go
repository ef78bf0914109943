package sandbox

import (
	"strings"
	"testing"
	"time"
)

func (b *bench) ccRefund(ref, amount, merRef string, more ...string) map[string]any {
	b.t.Helper()
	return b.cc("refundOrder", obj{"reference_no": ref, "refund_amount": amount, "refund_ref_no": merRef}, more...)
}

// ccRefunds is the list of getRefundDetails.
func (b *bench) ccRefunds(ref string) []map[string]any {
	b.t.Helper()
	var out []map[string]any
	list, _ := b.cc("getRefundDetails", obj{"reference_no": ref}, "version", "1.1")["refund_list"].([]any)
	for _, row := range list {
		out = append(out, row.(map[string]any))
	}
	return out
}

func TestCCAvenueRefund(t *testing.T) {
	b := newBench(t)
	ref := b.ccPay("Shipped")
	has(t, b.cc("getRefundDetails", obj{"reference_no": ref}, "version", "1.1"),
		obj{"reference_no": "", "error_code": "51419", "error_desc": "Enc_request: No record found for given criteria."})
	plain, _ := b.ccRaw("refundOrder", obj{"reference_no": ref, "refund_amount": "499.50", "refund_ref_no": "KFRF1001A"}, "version", "1.2")
	if plain != `{"reason":"","error_code":"","refund_status":0}` {
		t.Errorf("accepted with %s", plain)
	}
	entries := b.ledger(ref, "refund")
	if len(entries) != 1 || entries[0].IdempotencyKey != "KFRF1001A" || entries[0].AmountMinor != 49950 {
		t.Errorf("ledger %+v", entries)
	}
	if got := b.ccStatus(ref); got != "Refunded" {
		t.Errorf("after a partial refund it is %s", got)
	}
	has(t, b.ccRefunds(ref)[0], obj{"refund_amt": 499.5, "refund_mer_ref_no": "KFRF1001A", "refund_status": "TS-REFA", "refund_processed_on": ""})
	has(t, b.ccRefund(ref, "499.50", "KFRF1001A"), obj{"error_code": "51309", "refund_status": 1.0})
	has(t, b.ccRefund(ref, "999.51", "KFRF1001B"), obj{"error_code": "51314", "refund_status": 1.0})
	has(t, b.ccRefund(ref, "999.50", "KFRF1001C"), obj{"error_code": "", "refund_status": 0.0})
	b.effects(ref, "refund", 2)
	b.control("POST", "/clock", obj{"advance_seconds": 3601}, nil)
	for _, row := range b.ccRefunds(ref) {
		if row["refund_status"] != "TS-REFC" || len(row["refund_bank_ref_no"].(string)) != 12 {
			t.Errorf("an hour later %v", row)
		}
	}
	if plain, _ := b.ccRaw("refundOrder", obj{"reference_no": ref, "refund_amount": "1.00", "refund_ref_no": "X1"}); plain != `{"Refund_Order_Result":{"reason":"Reference number: Invalid Parameter","error_code":"51314","refund_status":1}}` {
		t.Errorf("version 1.1 says %s", plain)
	}
}

func TestCCAvenueRefundRules(t *testing.T) {
	b := newBench(t)
	shipped, waiting := b.ccPay("Shipped"), b.ccPay("Successful", obj{"order": "2"})
	disputed := b.ccPay("Chargeback", obj{"order": "3"})
	once := b.ccPay("Shipped", obj{"order": "4", "refund_error": "51312"})
	for _, tt := range []struct{ ref, amount, merRef, code string }{
		{"", "1.00", "A1", "51001"},
		{"12a", "1.00", "A1", "51002"},
		{strings.Repeat("1", 26), "1.00", "A1", "51003"},
		{shipped, "", "A1", "51014"},
		{shipped, "1,00", "A1", "51015"},
		{shipped, "1.005", "A1", "51015"},
		{shipped, "0.00", "A1", "51015"},
		{shipped, "1.00", "", "51085"},
		{shipped, "1.00", "KF-1", "51086"},
		{shipped, "1.00", strings.Repeat("A", 31), "51087"},
		{"313999999999", "1.00", "A1", "51308"},
		{waiting, "1.00", "A1", "51310"},
		{disputed, "1.00", "A1", "51315"},
		{once, "1.00", "A1", "51312"},
		{shipped, "1499.01", "A1", "51314"},
	} {
		has(t, b.ccRefund(tt.ref, tt.amount, tt.merRef), obj{"error_code": tt.code, "refund_status": 1.0})
		b.effects(tt.ref, "refund", 0)
	}
	b.control("POST", "/merchants", obj{"gateway": "ccavenue", "options": obj{"refunds": "single"}}, nil)
	has(t, b.ccRefund(shipped, "1.00", "A1"), obj{"refund_status": 0.0})
	has(t, b.ccRefund(shipped, "1.00", "A2"), obj{"error_code": "51328"})
	b.control("POST", "/merchants", obj{"gateway": "ccavenue", "options": obj{"refunds": ""}}, nil)
	b.control("PUT", "/caps", obj{"gateway": "ccavenue", "enforce": false}, nil)
	has(t, b.ccRefund(shipped, "1499.00", "A3"), obj{"refund_status": 0.0})
	b.effects(shipped, "refund", 2)
}

func TestCCAvenueFaults(t *testing.T) {
	b := newBench(t)
	fault := func(verb, mode string, more ...obj) {
		b.fault(verb, mode, append(more, obj{"gateway": "ccavenue", "times": 1})...)
	}
	for i, tt := range []struct {
		mode            string
		status, effects int
	}{
		{modeDropBefore, 0, 0},
		{modeDropAfter, 0, 1},
		{mode500Before, 500, 0},
		{mode500After, 502, 1},
		{mode429, 429, 0},
		{modeBusy, 200, 0},
		{modeGarbage, 200, 1},
		{modeEmpty, 200, 1},
		{modeWrongAmount, 200, 1},
	} {
		order := "30" + string(rune('0'+i))
		ref := b.ccPay("Shipped", obj{"order": order})
		fault("refund", tt.mode, obj{"payment": ref})
		in := obj{"reference_no": ref, "refund_amount": "100.00", "refund_ref_no": "R" + order}
		m := defaultCCAvenue
		body := "command=refundOrder&request_type=JSON&version=1.2&access_code=" + m.KeyID + "&enc_request=" + m.encrypt(string(compact(in)))
		got := b.do("POST", "/ccavenue/apis/servlet/DoWebTrans", body, "Content-Type", form)
		if got.status != tt.status || tt.mode == modeBusy && !strings.Contains(got.body, "enc_error_code=51420") {
			t.Errorf("%s answered %d %s", tt.mode, got.status, got.body)
		}
		b.effects(ref, "refund", tt.effects)
		if tt.mode == modeWrongAmount {
			has(t, b.ccRefunds(ref)[0], obj{"refund_amt": 101.0})
		}
		// The same reference makes it one refund in the end.
		want := obj{"refund_status": 0.0}
		if tt.effects == 1 {
			want = obj{"error_code": "51309"}
			has(t, b.ccRefunds(ref)[0], obj{"refund_mer_ref_no": "R" + order, "refund_amt": 100.0})
		}
		has(t, b.ccRefund(ref, "100.00", "R"+order), want)
		b.effects(ref, "refund", 1)
	}
	ref := b.ccPay("Shipped", obj{"order": "400"})
	fault("refund", modeHidden)
	has(t, b.ccRefund(ref, "100.00", "H1"), obj{"refund_status": 0.0})
	if got := b.ccStatus(ref); got != "Shipped" || len(b.ccRefunds(ref)) != 0 {
		t.Errorf("the refund shows: %s", got)
	}
	b.control("DELETE", "/faults", nil, nil)
	if got := b.ccStatus(ref); got != "Refunded" || len(b.ccRefunds(ref)) != 1 {
		t.Errorf("the refund stays hidden: %s", got)
	}

	fails := b.ccPay("Shipped", obj{"order": "401"})
	fault("refund", modePendingFails, obj{"delay_ms": 10})
	has(t, b.ccRefund(fails, "100.00", "F1"), obj{"refund_status": 0.0})
	eventually(t, "it fails", func() bool { return b.ccRefunds(fails)[0]["refund_status"] == "TS-REFF" })
	if got := b.ccStatus(fails); got != "Shipped" {
		t.Errorf("after a failed refund it is %s", got)
	}
	b.effects(fails, "refund_failed", 1)

	twice := b.ccPay("Shipped", obj{"order": "402"})
	b.fault("refund", modeDuplicates, obj{"gateway": "ccavenue"})
	for range 2 {
		has(t, b.ccRefund(twice, "100.00", "D1"), obj{"refund_status": 0.0})
	}
	b.effects(twice, "refund", 2)

	waiting := b.ccPay("Successful", obj{"order": "403"})
	fault("capture", modeHidden)
	fault("find", modeWrongAmount)
	b.cc("confirmOrder", obj{"order_List": []obj{{"reference_no": waiting, "amount": "1499.00"}}})
	has(t, b.cc("orderStatusTracker", obj{"reference_no": waiting}), obj{"order_status": "Successful", "order_amt": 1500.0})
	has(t, b.cc("orderStatusTracker", obj{"reference_no": waiting}), obj{"order_status": "Successful", "order_amt": 1499.0})
	fault("void", modeLateCommit, obj{"delay_ms": 20})
	late := b.ccPay("Successful", obj{"order": "404"})
	if _, got := b.ccRaw("cancelOrder", obj{"order_List": []obj{{"reference_no": late, "amount": "1499.00"}}}); got.status != 0 {
		t.Errorf("a late cancellation answered %d", got.status)
	}
	b.effects(late, "void", 0)
	eventually(t, "it is cancelled late", func() bool { return len(b.ledger(late, "void")) == 1 })
}

func TestCCAvenuePayoutsAddUp(t *testing.T) {
	b := newBench(t)
	ref := b.ccPay("Shipped", obj{"amount_minor": 100000})
	has(t, b.ccRefund(ref, "100.00", "P1"), obj{"refund_status": 0.0})
	tomorrow := b.box.now().In(india).AddDate(0, 0, 1).Format("02-01-2006")
	summary := func() (map[string]any, []any) {
		got := b.cc("payoutSummary", obj{"settlement_date": tomorrow})["Payout_Summary_Result"].(map[string]any)
		list, _ := got["pauyout_summary_list"].(map[string]any)["pauyout_summary_details"].([]any)
		return got, list
	}
	got, _ := summary()
	has(t, got, obj{"error_code": "51419"})
	b.control("POST", "/clock", obj{"advance_seconds": 24 * 3600}, nil)
	_, list := summary()
	if len(list) != 1 {
		t.Fatalf("payouts %v", list)
	}
	payout := list[0].(map[string]any)
	has(t, payout, obj{"pay_amount": 876.4, "settlement_currency": "INR", "settlement_date": tomorrow})
	id := payout["pay_Id"].(float64)
	details := b.cc("payIdDetails", obj{"pay_id": int64(id), "page_number": 1}, "version", "1.4")["pay_id_details_Result"].(map[string]any)
	has(t, details, obj{"total_records": 2.0, "page_count": 1.0})
	lines := details["pay_id_txn_details_list"].(map[string]any)["pay_id_txn_details"].([]any)
	has(t, lines[0].(map[string]any), obj{"txn_type": "Shipped", "amount": 1000.0, "fees": 20.0, "tax": 3.6, "amt_payable": 976.4, "order_no": "1022-1"})
	has(t, lines[1].(map[string]any), obj{"txn_type": "Refunded", "amount": 100.0, "amt_payable": -100.0})
	day := b.box.now().In(india).Format(time.DateOnly)
	has(t, b.cc("getSettlementDetails", obj{"reference_no": ref}), obj{"settlement_date": day, "error_code": ""})
	has(t, b.cc("payoutSummary", obj{})["Payout_Summary_Result"].(map[string]any), obj{"error_code": "52014"})
}

func TestCCAvenuePortal(t *testing.T) {
	b := newBench(t)
	ref := b.ccPay("Shipped")
	at := "/_sandbox/portal/ccavenue/" + ref
	if got := b.do("POST", at+"/refund", "amount=2000", "Content-Type", form); got.status != 422 || !strings.Contains(got.read(t).Find(".problem").Text(), "1499.00 INR are left") {
		t.Errorf("too much answered %d", got.status)
	}
	if got := b.do("POST", at+"/refund", "amount=499.50", "Content-Type", form); got.status != 303 {
		t.Errorf("a refund answered %d %s", got.status, got.body)
	}
	has(t, b.ccRefunds(ref)[0], obj{"refund_mer_ref_no": "", "refund_amt": 499.5})
	process := b.do("GET", at, "").read(t).Find(`form[action$="/process"]`)
	b.do("POST", process.AttrOr("action", "none"), values(process).Encode(), "Content-Type", form)
	has(t, b.ccRefunds(ref)[0], obj{"refund_status": "TS-REFC"})

	other := b.ccPay("Shipped", obj{"order": "2"})
	chargeback := b.do("GET", "/_sandbox/portal/ccavenue/"+other, "").read(t).Find(`form[action$="/Chargeback"]`)
	if got := b.do("POST", chargeback.AttrOr("action", "none"), "", "Content-Type", form); got.status != 303 {
		t.Errorf("a chargeback answered %d", got.status)
	}
	waiting := b.ccPay("Successful", obj{"order": "3"})
	b.do("POST", "/_sandbox/portal/ccavenue/"+waiting+"/capture", "")
	if got := b.ccStatus(other) + " " + b.ccStatus(waiting); got != "Chargeback Shipped" {
		t.Errorf("in the end they are %s", got)
	}
	system := b.ccPay("Shipped", obj{"order": "4"})
	button := b.do("GET", "/_sandbox/portal/ccavenue/"+system, "").read(t).Find(`form[action*="System"]`)
	b.do("POST", button.AttrOr("action", "none"), "", "Content-Type", form)
	if got := b.ccStatus(system); got != "System refund" {
		t.Errorf("CCAvenue's own refund made it %s", got)
	}
	b.effects(system, "refund", 1)
}
