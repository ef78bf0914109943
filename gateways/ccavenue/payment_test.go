package ccavenue

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

func TestPayment(t *testing.T) {
	refunded := strings.Replace(sample(t, "status.json"), "Shipped", "Refunded", 1)
	s := newShop(t, map[string]string{"orderStatusTracker": refunded, "getRefundDetails": sample(t, "refund_details.json")})
	got, err := s.open(t).Payment(t.Context(), "112233445566")
	if err != nil {
		t.Fatal(err)
	}
	if got.Ref != "112233445566" || got.OrderRef != "1001-1" || got.Amount != money.New(149900, "INR") || got.Captured != 149900 || got.Refunded != 49950 ||
		got.Voided != 0 || !got.Authorized || got.Failed || got.Canceled || got.Word != "Refunded" || got.Method != "card" || got.RRN != "654321" || got.Doubt != "" {
		t.Errorf("payment %+v", got)
	}
	if want := time.Date(2026, 11, 22, 4, 45, 0, 0, time.UTC); !got.At.Equal(want) || got.At.Location() != time.UTC {
		t.Errorf("at %v, want %v: India is five and a half hours ahead", got.At, want)
	}
	if len(got.Refunds) != 1 || got.Refunds[0].Key != "KFRF1001A" || got.Refunds[0].Amount != money.New(49950, "INR") || got.Refunds[0].Status != gateways.Succeeded ||
		got.Refunds[0].Reference != "ARN74332" || !got.Refunds[0].At.Equal(time.Date(2026, 11, 25, 4, 0, 0, 0, time.UTC)) {
		t.Errorf("refunds %+v", got.Refunds)
	}
	if got.Params["order_tax"] != "5.4" || got.Params["order_bank_response"] != "Approved" || got.Params["param_value1"] != "1001" || got.Params["param_value2"] != "" || got.Params["order_bill_name"] != "" {
		t.Errorf("params %v", got.Params)
	}
	if !slices.Equal(s.asked, []string{`orderStatusTracker 1.2 {"reference_no":"112233445566"}`, `getRefundDetails 1.1 {"reference_no":"112233445566"}`}) || !slices.Equal(got.Offers, []gateways.Verb{gateways.Refund}) {
		t.Errorf("asked %q, offers %v", s.asked, got.Offers)
	}
}

// The words of CCAvenue, of a payment of 1499.00 INR. Only a word we know to mean paid is paid.
func TestWords(t *testing.T) {
	type state struct {
		captured, refunded, voided   int64
		authorized, failed, canceled bool
		doubt                        gateways.Doubt
		offers                       string
	}
	const all = 149900
	declined, gone := state{failed: true}, state{canceled: true, voided: all}
	open := state{authorized: true, offers: "capture void"}
	drawn := state{captured: all, authorized: true, offers: "refund"}
	back := state{captured: all, refunded: all, authorized: true}
	tests := []struct {
		word, capt, bank string
		want             state
	}{
		{"Initiated", "0.0", "", declined}, // two hours ago
		{"Awaited", "0.0", "", state{doubt: gateways.Unclear}},
		{"Awaited", "0.0", "Account debited, no answer", state{doubt: gateways.Debited}},
		{"Successful", "0.0", "", open},
		{"Success", "0.0", "", open},
		{"SUCCESSFUL ", "0.0", "", open},
		{"Shipped", "1499.0", "", drawn},
		{"Shipped", "0.0", "", drawn},
		{"Shipped", "1000.0", "", state{captured: 100000, voided: 49900, authorized: true, offers: "refund"}},
		{"Unsuccessful", "0.0", "Declined", declined},
		{"Unsuccessful", "0.0", "Amount debited from account", state{failed: true, doubt: gateways.Debited}},
		{"Unsuccessful", "0.0", "Account not debited", declined},
		{"Failure", "0.0", "", declined},
		{"Aborted", "0.0", "", state{canceled: true}},
		{"Invalid", "0.0", "", declined},
		{"Timeout", "0.0", "", declined},
		{"Cancelled", "0.0", "", gone},
		{"Auto-Cancelled", "0.0", "", gone},
		{"Auto Cancelled", "0.0", "", gone},
		{"Auto-Reversed", "0.0", "", gone},
		{"Auto-Reversed", "1499.0", "", back},                                                // confirmed at once, and found to be paid twice the next day
		{"Refunded", "1499.0", "", state{captured: all, authorized: true, offers: "refund"}}, // its list is empty here
		{"System refund", "1499.0", "", back},
		{"Systemrefund", "1499.0", "", back},
		{"Chargeback", "1499.0", "", state{captured: all, authorized: true}},
		{"Fraud", "0.0", "", declined},
		{"Fraud", "1499.0", "", back},
		{"Settled", "1499.0", "", state{doubt: gateways.Unclear}},
		{"NotSuccessful", "1499.0", "", state{doubt: gateways.Unclear}},
	}
	for _, tt := range tests {
		t.Run(tt.word, func(t *testing.T) {
			row := strings.NewReplacer(`"Shipped"`, fmt.Sprintf("%q", tt.word), `"order_capt_amt":1499.0`, `"order_capt_amt":`+tt.capt, `"Approved"`, fmt.Sprintf("%q", tt.bank), `"order_bank_ref_no":654321`, `"order_bank_ref_no":"null"`).Replace(sample(t, "status.json"))
			g := newShop(t, map[string]string{"orderStatusTracker": row, "getRefundDetails": noRefund}).open(t)
			got, err := g.Payment(t.Context(), "112233445566")
			if err != nil {
				t.Fatal(err)
			}
			var offers []string
			for _, verb := range got.Offers {
				offers = append(offers, string(verb))
			}
			is := state{got.Captured, got.Refunded, got.Voided, got.Authorized, got.Failed, got.Canceled, got.Doubt, strings.Join(offers, " ")}
			if is != tt.want || got.Word != strings.TrimSpace(tt.word) || got.Offers == nil {
				t.Errorf("%+v, want %+v", is, tt.want)
			}
			if (got.Failed || got.Canceled || got.Doubt != "") && got.Reason == "" {
				t.Error("nobody says why")
			}
		})
	}
}

// A failed payment to which the bank gave a reference may have been debited: not known is not failed.
func TestABankReferenceIsADoubt(t *testing.T) {
	for word, want := range map[string]gateways.Doubt{"Unsuccessful": gateways.Unclear, "Aborted": gateways.Unclear, "Timeout": gateways.Unclear, "Awaited": gateways.Unclear, "Shipped": "", "Cancelled": ""} {
		row := strings.NewReplacer(`"Shipped"`, `"`+word+`"`, `"order_capt_amt":1499.0`, `"order_capt_amt":0.0`).Replace(sample(t, "status.json"))
		if got, err := newShop(t, map[string]string{"orderStatusTracker": row}).open(t).Payment(t.Context(), "112233445566"); err != nil || got.Doubt != want {
			t.Errorf("%s: %+v, %v", word, got, err)
		}
	}
}

// A buyer may sit on the billing page for a quarter of an hour; a success must be confirmed within twelve days.
func TestTimes(t *testing.T) {
	row := strings.NewReplacer("Shipped", "Initiated", "10:15:00.0", "11:50:00.0").Replace(sample(t, "status.json"))
	g := newShop(t, map[string]string{"orderStatusTracker": row}).open(t)
	if got, err := g.Payment(t.Context(), "112233445566"); err != nil || got.Failed || got.Doubt != "" {
		t.Errorf("ten minutes old: %+v, %v", got, err)
	}
	row = strings.Replace(sample(t, "status.json"), "Shipped", "Successful", 1)
	g = newShop(t, map[string]string{"orderStatusTracker": row}).open(t)
	if got, err := g.Payment(t.Context(), "112233445566"); err != nil || !got.CaptureBefore.Equal(time.Date(2026, 12, 4, 4, 45, 0, 0, time.UTC)) {
		t.Errorf("confirmed before %v, %v", got.CaptureBefore, err)
	}
	want := time.Date(2026, 11, 22, 4, 45, 30, 0, time.UTC)
	for _, text := range []string{"2026-11-22 10:15:30", "2026-11-22 10:15:30.0", "2026-11-22 10:15:30.00", "2026-11-2210:15:30.000", "22/11/2026 10:15:30", " 22-11-2026 10:15:30"} {
		if got := at(text); !got.Truncate(time.Second).Equal(want) {
			t.Errorf("at(%q) = %v", text, got)
		}
	}
	for _, text := range []string{"", "null", "soon", "2026-13-22 10:15:30"} {
		if got := at(text); !got.IsZero() {
			t.Errorf("at(%q) = %v", text, got)
		}
	}
}

func TestPaymentsThatCannotBeBelieved(t *testing.T) {
	good := sample(t, "status.json")
	refunded := strings.Replace(good, "Shipped", "Refunded", 1)
	for name, answers := range map[string]map[string]string{
		"nobody knows it":         {"orderStatusTracker": nothing},
		"another payment":         {"orderStatusTracker": strings.Replace(good, "112233445566", "1", 1)},
		"no status":               {"orderStatusTracker": strings.Replace(good, `"Shipped"`, `""`, 1)},
		"no amount":               {"orderStatusTracker": strings.Replace(good, `"order_amt":1499.0`, `"order_amt":""`, 1)},
		"an exponent":             {"orderStatusTracker": strings.Replace(good, `"order_amt":1499.0`, `"order_amt":1.499e3`, 1)},
		"no currency":             {"orderStatusTracker": strings.Replace(good, `"INR"`, `"null"`, 1)},
		"refunds nobody tells":    {"orderStatusTracker": refunded, "getRefundDetails": "<html>"},
		"more back than was paid": {"orderStatusTracker": refunded, "getRefundDetails": strings.Replace(sample(t, "refund_details.json"), "499.5", "1499.01", 1)},
		"not allowed":             {"orderStatusTracker": "status=1&enc_response=x&enc_error_code=51407"},
	} {
		if got, err := newShop(t, answers).open(t).Payment(t.Context(), "112233445566"); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Refunds of the dashboard have no reference of ours; each has a name that stays the same.
func TestRefundsMadeInTheDashboard(t *testing.T) {
	details := strings.Replace(sample(t, "refund_details.json"), `"refund_list":[`,
		`"refund_list":[{"refund_amt":1.0,"refund_issue_date":"2026-11-23","refund_mer_ref_no":"null","refund_status":"TS-REFC"},{"refund_amt":"1.00","refund_issue_date":"2026-11-23","refund_mer_ref_no":"","refund_status":"TS-REFA"},`, 1)
	refunded := strings.Replace(sample(t, "status.json"), "Shipped", "Refunded", 1)
	got, err := newShop(t, map[string]string{"orderStatusTracker": refunded, "getRefundDetails": details}).open(t).Payment(t.Context(), "112233445566")
	if err != nil || len(got.Refunds) != 3 || got.Refunds[0].Ref != "2026-11-23 1.00" || got.Refunds[1].Ref != "2026-11-23 1.00 (2)" || got.Refunds[0].Key != "" || got.Refunded != 50050 {
		t.Errorf("refunds %+v, %v", got.Refunds, err)
	}
}

// What CCAvenue gives back by itself is a refund of what the refunds before it had left.
func TestCCAvenueGivesBack(t *testing.T) {
	row := strings.Replace(sample(t, "status.json"), "Shipped", "System refund", 1)
	for details, want := range map[string]string{noRefund: "System refund 1499.00", sample(t, "refund_details.json"): "KFRF1001A 499.50, System refund 999.50"} {
		got, err := newShop(t, map[string]string{"orderStatusTracker": row, "getRefundDetails": details}).open(t).Payment(t.Context(), "112233445566")
		var list []string
		for _, r := range got.Refunds {
			list = append(list, r.Ref+" "+r.Amount.Decimal())
		}
		if err != nil || strings.Join(list, ", ") != want || got.Refunded != 149900 || got.Captured != 149900 || len(got.Offers) != 0 {
			t.Errorf("%q of %+v, %v, want %q", list, got, err, want)
		}
	}
}

// One order number may have several attempts: each is handed out, whatever the latest says.
func TestOrderPayments(t *testing.T) {
	ask := `orderLookup {"from_date":"24-08-2026","no_of_records":"100","order_no":"1001-1","page_number":"1","to_date":"22-11-2026"}`
	list := sample(t, "lookup.json")
	other := strings.Replace(list, `"order_no":"1001-1"`, `"order_no":"11001-1"`, 1)
	tests := []struct {
		name    string
		answers map[string]string
		want    string // words, or "error"
	}{
		{"two attempts", map[string]string{ask: list}, "Unsuccessful Shipped"},
		{"wrapped", map[string]string{ask: `{"Order_Lookup_Result":` + strings.NewReplacer(`"order_Status_List":[`, `"order_Status_List":{"order_Status":[`, `],"page_count"`, `]},"page_count"`).Replace(list) + `}`}, "Unsuccessful Shipped"},
		{"a failure after a success", map[string]string{ask: strings.NewReplacer("Shipped", "Unsuccessful", "Unsuccessful", "Shipped").Replace(list)}, "Shipped Unsuccessful"},
		{"of an order with a like number", map[string]string{ask: other}, "Shipped"},
		{"older than a lookup reaches", map[string]string{ask: noList, "orderStatusTracker": sample(t, "status.json")}, "Shipped"},
		{"nobody knows it", map[string]string{ask: noList, "orderStatusTracker": nothing}, ""},
		{"nobody knows it, said outside", map[string]string{ask: "status=1&enc_response=Enc_request: No record found&enc_error_code=51419", "orderStatusTracker": nothing}, ""},
		{"a page", map[string]string{ask: "<html>"}, "error"},
		{"not let in", map[string]string{ask: "status=1&enc_response=x&enc_error_code=51407"}, "error"},
		{"no rows where a page is said to be", map[string]string{ask: `{"order_Status_List":[],"page_count":1,"total_records":1,"error_code":""}`}, "error"},
		{"an object of nothing", map[string]string{ask: "{}"}, "error"},
		{"another order", map[string]string{ask: noList, "orderStatusTracker": strings.Replace(sample(t, "status.json"), "1001-1", "1002-1", 1)}, "error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := newShop(t, tt.answers).open(t).OrderPayments(t.Context(), "1001-1")
			var words []string
			for _, p := range got {
				words = append(words, p.Word)
			}
			if (tt.want == "error") != (err != nil) || err == nil && strings.Join(words, " ") != tt.want {
				t.Errorf("%q, %v, want %q", words, err, tt.want)
			}
		})
	}
}

// A list is read page by page, day by day of India, and a row that moves between pages comes once.
func TestPayments(t *testing.T) {
	row := func(ref int) string {
		return fmt.Sprintf(`{"reference_no":%d,"order_no":"%d-1","order_amt":"1.00","order_currncy":"INR","order_status":"Shipped"}`, ref, ref)
	}
	ask := func(day, page string) string {
		return `orderLookup {"from_date":"` + day + `","no_of_records":"100","page_number":"` + page + `","to_date":"` + day + `"}`
	}
	list := func(pages int, rows ...string) string {
		return fmt.Sprintf(`{"order_Status_List":[%s],"page_count":%d,"total_records":%d,"error_code":""}`, strings.Join(rows, ","), pages, len(rows))
	}
	alone := fmt.Sprintf(`{"order_Status_List":%s,"page_count":"1","total_records":"1","error_code":""}`, row(5))
	s := newShop(t, map[string]string{
		ask("21-11-2026", "1"): list(3, row(1), row(2)), ask("21-11-2026", "2"): list(3, row(2), row(3)), ask("21-11-2026", "3"): noList,
		ask("22-11-2026", "1"): alone,
	})
	from, to := time.Date(2026, 11, 20, 18, 30, 0, 0, time.UTC), time.Date(2026, 11, 22, 18, 30, 0, 0, time.UTC) // two days of India
	var refs []string
	visit := func(p gateways.Payment) error {
		refs = append(refs, p.Ref)
		return nil
	}
	if err := s.open(t).Payments(t.Context(), from, to, visit); err != nil || !slices.Equal(refs, []string{"1", "2", "3", "5"}) || len(s.asked) != 4 {
		t.Errorf("visited %q, %v, asked %q", refs, err, s.asked)
	}
	stop := errors.New("enough")
	if err := s.open(t).Payments(t.Context(), from, to, func(gateways.Payment) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("err = %v", err)
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte("status=1&enc_response=Access_code: Invalid Parameter&enc_error_code=51407\r\n"), []byte(`{"Order_Status_Result":{"reference_no":1,"order_amt":"1.0","order_currncy":"INR","order_status":"Shipped","order_capt_amt":2}}`))
	f.Add([]byte("status=0&enc_response=%zz"), []byte(`{"failed_List":{"a":{"b":{"c":{"d":[]}}}}}`))
	g := &gateway{now: func() time.Time { return noon }}
	f.Fuzz(func(t *testing.T, body, inside []byte) {
		if pairs := outer(body); pairs["status"] == "1" && coded("refund", pairs["enc_error_code"], pairs["enc_response"]) == nil {
			t.Fatalf("%q is no error", body)
		}
		said, err := unwrap(inside)
		if err != nil {
			return
		}
		_, _ = said.list("failed_List")
		seen, err := g.row(t.Context(), "payment", said.record(), inside, false)
		if err != nil {
			return
		}
		if seen.Captured < 0 || seen.Voided < 0 || seen.Captured+seen.Voided > seen.Amount.Minor || (seen.Captured > 0 && !seen.Authorized) || (seen.Authorized && standingOf(seen.Word).class == strange) {
			t.Fatalf("%s is read as %+v", inside, seen)
		}
	})
}
