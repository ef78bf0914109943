package ccavenue

import (
	"errors"
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

func TestWhatIsSent(t *testing.T) {
	part := captureOf
	part.Amount = money.New(100050, "INR")
	tests := []struct {
		name, asked string
		req         gateways.Request
		answer      string
		status      gateways.Status
	}{
		{"a refund", `refundOrder 1.1 {"reference_no":"112233445566","refund_amount":"499.50","refund_ref_no":"KFRF1001A"}`, refundOf, accepted, gateways.Pending},
		{"a confirmation", `confirmOrder 1.1 {"order_List":[{"reference_no":"112233445566","amount":"1499.00"}]}`, captureOf, done, gateways.Succeeded},
		{"of a part", `confirmOrder 1.1 {"order_List":[{"reference_no":"112233445566","amount":"1000.50"}]}`, part, done, gateways.Succeeded},
		{"a cancellation", `cancelOrder 1.1 {"order_List":[{"reference_no":"112233445566","amount":"1499.00"}]}`, voidOf, `{"Order_Result":` + done + `}`, gateways.Succeeded},
	}
	for _, tt := range tests {
		command, _, _ := strings.Cut(tt.asked, " ")
		s := newShop(t, map[string]string{command: tt.answer})
		result, err := gateways.Perform(t.Context(), s.open(t), tt.req)
		if err != nil || result.Status != tt.status || result.Amount != tt.req.Amount || len(s.asked) != 1 || s.asked[0] != tt.asked {
			t.Errorf("%s: %+v, %v, asked %q", tt.name, result, err, s.asked)
		}
	}
}

// The reference of a refund is letters and digits, at most thirty, and the same for the same key.
func TestRefundRef(t *testing.T) {
	tests := []struct{ key, want string }{
		{"kfyabcdefghijklmnopqrstuvwx", "kfyabcdefghijklmnopqrstuvwx"},
		{strings.Repeat("a", 30), strings.Repeat("a", 30)},
		{strings.Repeat("a", 31), ""},
		{"KFRF1001A-1", ""},
		{"KFRF1001A_1", ""},
		{"", ""},
	}
	seen := map[string]bool{}
	for _, tt := range tests {
		got := refundRef(tt.key)
		if len(got) > 30 || strings.ContainsAny(got, "-_") || seen[got] || refundRef(tt.key) != got {
			t.Errorf("refundRef(%q) = %q", tt.key, got)
		}
		if tt.want != "" && got != tt.want {
			t.Errorf("refundRef(%q) = %q", tt.key, got)
		}
		seen[got] = true
	}
}

func refusal(code string) string {
	return `{"reason":"Reference number: Invalid Parameter","error_code":"` + code + `","refund_status":1}`
}

func TestWhatCCAvenueSays(t *testing.T) {
	tests := []struct {
		answer, part string
		kind         gateways.Kind
	}{
		{refusal("51308"), "does not know this payment", gateways.Declined},
		{refusal("51310"), "not confirmed (Shipped) yet", gateways.Declined},
		{refusal("51310 "), "not confirmed (Shipped) yet", gateways.Declined},
		{refusal("51311"), "one refund only", gateways.Declined},
		{refusal("51312"), "Ask CCAvenue", gateways.Declined},
		{refusal("51314"), "less than this is left", gateways.Declined},
		{refusal("51315"), "disputes", gateways.Declined},
		{refusal("51328"), "one refund of this order", gateways.Declined},
		{refusal("51309"), "already holds a refund", gateways.Unknown},
		{refusal("51002"), "not the reference number", gateways.Declined},
		{refusal("59999"), "does not document", gateways.Unknown},
		{`{"Refund_Order_Result":{"reason":"x","error_code":51314,"refund_status":"1"}}`, "less than this is left", gateways.Declined},
		{`{"reason":"","error_code":"","refund_status":2}`, "could not be understood", gateways.Unknown},
		{`{"reason":"","error_code":""}`, "could not be understood", gateways.Unknown},
		{"status=1&enc_response=Access_code: Invalid Parameter&enc_error_code=51407\r\n", "this server's address", gateways.Misconfigured},
		{"status=1&enc_response=Command: Invalid Parameter&enc_error_code=51410", "switch it on", gateways.Misconfigured},
		{"status=1&enc_response=Enc_request: missing&enc_error_code=51408", "did not understand", gateways.Declined},
		{"status=1&enc_response=Enc_request: Unable to process request&enc_error_code=51420", "looked up", gateways.Unknown},
		{"status=1&enc_response=API version: Invalid Parameter&enc_error_code=51421", "did not understand", gateways.Declined},
		{"status=1&enc_response=Something new&enc_error_code=51999", "CCAvenue says: Something new", gateways.Unknown},
		{"status=1", "does not document", gateways.Unknown},
		{"<html>Access denied</html>", "could not be understood", gateways.Unknown},
		{"status=0&enc_response=zz", "could not be understood", gateways.Unknown},
	}
	for _, tt := range tests {
		_, err := newShop(t, map[string]string{"refundOrder": tt.answer, "getRefundDetails": noRefund}).open(t).Refund(t.Context(), refundOf)
		if err == nil || gateways.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.part) {
			t.Errorf("%s: %v (%v), want %v with %q", tt.answer, err, gateways.KindOf(err), tt.kind, tt.part)
		}
	}
}

// A refusal may be our own refund, whose answer was lost.
func TestARefusedRefundThatDidHappen(t *testing.T) {
	for _, code := range []string{"51309", "51314", "51310", "51328"} {
		details := strings.Replace(sample(t, "refund_details.json"), "TS-REFC", "TS-REFA", 1)
		result, err := newShop(t, map[string]string{"refundOrder": refusal(code), "getRefundDetails": details}).open(t).Refund(t.Context(), refundOf)
		if err != nil || result.Status != gateways.Pending || result.Ref != "KFRF1001A" || result.Amount != refundOf.Amount {
			t.Errorf("%s: %+v, %v", code, result, err)
		}
		_, err = newShop(t, map[string]string{"refundOrder": refusal(code), "getRefundDetails": "<html>"}).open(t).Refund(t.Context(), refundOf)
		if gateways.KindOf(err) != gateways.Unknown {
			t.Errorf("%s, and nobody tells: %v", code, err)
		}
	}
}

func TestConfirmAndCancelRefused(t *testing.T) {
	failed := func(code string) string {
		return `{"success_count":0,"failed_List":[{"reference_no":"112233445566","reason":"Order Id/Tracking Id: Invalid Parameter","error_code":"` + code + `"}],"error_desc":"","error_code":""}`
	}
	good := sample(t, "status.json")
	waits := strings.NewReplacer(`"Shipped"`, `"Successful"`, `"order_capt_amt":1499.0`, `"order_capt_amt":0.0`).Replace(good)
	cancelled := strings.Replace(waits, "Successful", "Cancelled", 1)
	tests := []struct {
		name, answer, status string
		req                  gateways.Request
		want                 gateways.Status
		kind                 gateways.Kind
		part                 string
	}{
		{"confirmed before, by us", failed("51301"), good, captureOf, gateways.Succeeded, 0, ""},
		{"confirmed before, for another amount", failed("51301"), strings.Replace(good, `"order_capt_amt":1499.0`, `"order_capt_amt":1.0`, 1), captureOf, "", gateways.Unknown, "looking it up failed"},
		{"cancelled before", failed("51302"), cancelled, captureOf, "", gateways.Declined, "cancelled this payment before"},
		{"cancelled before, by us", failed("51302"), cancelled, voidOf, gateways.Succeeded, 0, ""},
		{"cancelling what was confirmed", failed("51301"), good, voidOf, "", gateways.Declined, "refund it"},
		{"in another state", failed("51303"), strings.Replace(waits, "Successful", "Awaited", 1), captureOf, "", gateways.Declined, "does not confirm or cancel"},
		{"unknown, with a blank", failed("51304 "), nothing, captureOf, "", gateways.Declined, "does not know this payment"},
		{"at risk", failed("51305"), waits, captureOf, "", gateways.Declined, "risk check"},
		{"another amount", failed("51306"), waits, captureOf, "", gateways.Declined, "does not accept this amount"},
		{"another payment failed", strings.Replace(failed("51304"), "112233445566", "1", 1), waits, captureOf, "", gateways.Unknown, "could not be understood"},
		{"one of two", `{"success_count":1,"failed_List":[{"reference_no":"1","error_code":"51304"}]}`, waits, captureOf, "", gateways.Unknown, "could not be understood"},
		{"nothing done and nothing failed", `{"success_count":0,"failed_List":[]}`, waits, captureOf, "", gateways.Unknown, "could not be understood"},
		{"an empty list", `{"success_count":0,"failed_List":"","error_desc":"x","error_code":"51205"}`, waits, captureOf, "", gateways.Declined, "did not understand"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, map[string]string{"confirmOrder": tt.answer, "cancelOrder": tt.answer, "orderStatusTracker": tt.status})
			result, err := gateways.Perform(t.Context(), s.open(t), tt.req)
			if result.Status != tt.want || (tt.want == "") != (err != nil) || err != nil && (gateways.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.part)) {
				t.Errorf("got %+v, %v", result, err)
			}
		})
	}
}

func TestFind(t *testing.T) {
	details := sample(t, "refund_details.json")
	word := func(w string) string { return strings.Replace(details, "TS-REFC", w, 1) }
	good := sample(t, "status.json")
	state := func(w, drawn string) string {
		return strings.NewReplacer(`"Shipped"`, `"`+w+`"`, `"order_capt_amt":1499.0`, `"order_capt_amt":`+drawn).Replace(good)
	}
	twice := strings.Replace(details, `"refund_list":[`, `"refund_list":[{"refund_amt":499.5,"refund_mer_ref_no":"KFRF1001A","refund_status":"TS-REFD"},`, 1)
	part := captureOf
	part.Amount = money.New(100000, "INR")
	tests := []struct {
		name, details, status string
		req                   gateways.Request
		want                  gateways.Status // "" when it is absent, or an error with part
		part                  string
	}{
		{"a refund that is done", details, "", refundOf, gateways.Succeeded, ""},
		{"awaited", word("TS-REFA"), "", refundOf, gateways.Pending, ""},
		{"failed", word("TS-REFF"), "", refundOf, gateways.Failed, ""},
		{"declined", word("TS-REFD"), "", refundOf, gateways.Failed, ""},
		{"in a word nobody knows", word("TS-REFX"), "", refundOf, gateways.Pending, ""},
		{"a declined one and a good one", twice, "", refundOf, gateways.Succeeded, ""},
		{"two good ones", strings.Replace(twice, "TS-REFD", "TS-REFA", 1), "", refundOf, "", "more than one refund"},
		{"one row that stands alone", `{"Refund_Details_Result":{"reference_no":112233445566,"order_curr":"INR","refund_list":{"refund":{"refund_amt":"499.50","refund_mer_ref_no":"KFRF1001A","refund_status":"TS-REFC"}}}}`, "", refundOf, gateways.Succeeded, ""},
		{"none at all", noRefund, "", refundOf, "", ""},
		{"none at all, said outside", "status=1&enc_response=Enc_request: No record found for given criteria.&enc_error_code=51419", "", refundOf, "", ""},
		{"none of ours", strings.Replace(details, "KFRF1001A", "OTHER", 1), "", refundOf, "", ""},
		{"of another amount", strings.Replace(details, "499.5", "4.5", 1), "", refundOf, "", "499.50 INR was asked"},
		{"of another payment", strings.Replace(details, "112233445566", "1", 1), "", refundOf, "", "another payment"},
		{"in another currency", strings.Replace(details, `"INR"`, `"USD"`, 1), "", refundOf, "", "another currency"},
		{"a list that is none", strings.Replace(details, `"refund_list":[`, `"refund_list":[7,`, 1), "", refundOf, "", "could not be understood"},
		{"a page", "<html>", "", refundOf, "", "could not be understood"},

		{"confirmed", "", good, captureOf, gateways.Succeeded, ""},
		{"confirmed and refunded since", "", state("Refunded", "1499.0"), captureOf, gateways.Succeeded, ""},
		{"confirmed in part", "", state("Shipped", "1000.0"), part, gateways.Succeeded, ""},
		{"confirmed for another amount", "", state("Shipped", "1000.0"), captureOf, "", "another amount"},
		{"not confirmed yet", "", state("Successful", "0.0"), captureOf, "", ""},
		{"given back by itself", "", state("Auto-Cancelled", "0.0"), captureOf, gateways.Failed, ""},
		{"cancelled", "", state("Cancelled", "0.0"), voidOf, gateways.Succeeded, ""},
		{"cancelled by itself", "", state("Auto-Cancelled", "0.0"), voidOf, gateways.Succeeded, ""},
		{"not cancelled", "", state("Successful", "0.0"), voidOf, "", ""},
		{"confirmed in place of cancelled", "", good, voidOf, gateways.Failed, ""},
		{"of another order", "", strings.Replace(good, "112233445566", "1", 1), captureOf, "", "another payment"},
		{"of another currency", "", strings.Replace(good, `"INR"`, `"USD"`, 1), captureOf, "", "was asked for"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			result, err := newShop(t, map[string]string{"getRefundDetails": tt.details, "orderStatusTracker": tt.status}).open(t).Find(t.Context(), tt.req)
			switch {
			case tt.want != "":
				if err != nil || result.Status != tt.want || result.Amount != tt.req.Amount || result.PaymentRef != tt.req.PaymentRef {
					t.Errorf("found %+v, %v", result, err)
				}
				if tt.want == gateways.Failed && result.Reason == "" {
					t.Error("nobody says why it failed")
				}
			case tt.part == "" && !errors.Is(err, gateways.ErrAbsent), tt.part != "" && (err == nil || !strings.Contains(err.Error(), tt.part)):
				t.Errorf("found %+v, %v, want %q", result, err, tt.part)
			}
		})
	}
}
