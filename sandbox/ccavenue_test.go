package sandbox

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

const workingKey = "4D1C5A7E9B0F2E3D6C8A7B5F1E0D9C3B"

// cc sends a command as the default merchant and returns what it says once decrypted; more are pairs
// that change the envelope.
func (b *bench) cc(command string, in any, more ...string) map[string]any {
	b.t.Helper()
	plain, outer := b.ccRaw(command, in, append([]string{"version", "1.2"}, more...)...)
	var out map[string]any
	if err := json.Unmarshal([]byte(plain), &out); err != nil {
		b.t.Fatalf("%s answered %s %s", command, outer.body, plain)
	}
	return out
}

func (b *bench) ccRaw(command string, in any, more ...string) (plain string, outer answer) {
	b.t.Helper()
	m := defaultCCAvenue
	fields := url.Values{
		"command": {command}, "access_code": {m.KeyID}, "request_type": {"JSON"},
		"enc_request": {strings.ToLower(m.encrypt(string(compact(in))))},
	}
	for i := 0; i < len(more); i += 2 {
		fields.Set(more[i], more[i+1])
	}
	outer = b.do("POST", "/ccavenue/apis/servlet/DoWebTrans", fields.Encode(), "Content-Type", form)
	if outer.status != 200 || !strings.HasPrefix(outer.body, "status=0&enc_response=") {
		return "", outer
	}
	text := strings.TrimPrefix(outer.body, "status=0&enc_response=")
	text, ended := strings.CutSuffix(text, "&enc_error_code=\r\n")
	if !ended || strings.ToUpper(text) != text {
		b.t.Errorf("not written as CCAvenue writes: %q", outer.body)
	}
	plain, err := m.decrypt(text)
	if err != nil {
		b.t.Fatal(err)
	}
	return plain, outer
}

// ccPay makes a transaction of 1499.00 INR for order 1022-1.
func (b *bench) ccPay(state string, more ...obj) string {
	b.t.Helper()
	in := obj{"gateway": "ccavenue", "order": "1022-1", "amount_minor": 149900, "name": "Lakshmi Iyer"}
	for _, m := range more {
		maps.Copy(in, m)
	}
	return b.pay(state, in)
}

func (b *bench) ccStatus(ref string) string {
	b.t.Helper()
	word, _ := b.cc("orderStatusTracker", obj{"reference_no": ref})["order_status"].(string)
	return word
}

// has checks members of a reply; numbers are compared as JSON reads them.
func has(t *testing.T, got map[string]any, want obj) {
	t.Helper()
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %v (%T), want %v in %v", name, got[name], got[name], value, got)
		}
	}
}

func TestCCAvenueOuterErrors(t *testing.T) {
	b := newBench(t)
	m := defaultCCAvenue
	stranger := m
	stranger.KeySecret = "0123456789ABCDEF0123456789ABCDEF"
	tests := []struct{ name, value, code, text string }{
		{"request_type", "", "51401", "Request_type: Required parameter missing"},
		{"command", "", "51402", "Command: Required parameter missing"},
		{"access_code", "", "51403", "Access_code: Required parameter missing"},
		{"enc_request", "", "51408", "Enc_request: Required parameter missing"},
		{"request_type", "TEXT", "51404", "Request Type: Invalid Parameter"},
		{"response_type", "TEXT", "51405", "Response Type: Invalid Parameter"},
		{"access_code", "AVKF00KF00KF00KFKX", "51407", "Access_code: Invalid Parameter"},
		{"command", "payEverybody", "51410", "Command: Invalid Parameter"},
		{"enc_request", m.encrypt("no JSON"), "51411", "JSON request format: Invalid Parameter format"},
		{"request_type", "XML", "51412", "XML request format: Invalid Parameter format"},
		{"version", "9.9", "51421", "API version: Invalid Parameter"},
		{"enc_request", "abc", "-1", "Enc_request: Invalid Request"},
	}
	for _, tt := range tests {
		_, got := b.ccRaw("orderStatusTracker", obj{"order_no": "1022-1"}, tt.name, tt.value)
		if want := "status=1&enc_response=" + tt.text + "&enc_error_code=" + tt.code + "\r\n"; got.status != 200 || got.body != want {
			t.Errorf("%s=%s answered %d %q", tt.name, tt.value, got.status, got.body)
		}
	}
	_, got := b.ccRaw("orderStatusTracker", nil, "enc_request", stranger.encrypt(`{"order_no":"1022-1"}`))
	if !strings.HasSuffix(got.body, "&enc_error_code=-1\r\n") && !strings.HasSuffix(got.body, "&enc_error_code=51411\r\n") {
		t.Errorf("another working key answered %q", got.body)
	}
	b.control("POST", "/merchants", obj{"gateway": "ccavenue", "options": obj{"allowed_ips": "192.0.2.1"}}, nil)
	if _, got := b.ccRaw("orderStatusTracker", obj{}); !strings.Contains(got.body, "51407") {
		t.Errorf("another address answered %q", got.body)
	}
	b.control("POST", "/merchants", obj{"gateway": "ccavenue", "options": obj{"allowed_ips": "192.0.2.1,127.0.0.1"}}, nil)
	has(t, b.cc("orderStatusTracker", obj{}), obj{"error_code": "51004", "status": 1.0})
}

func TestCCAvenueStatus(t *testing.T) {
	b := newBench(t)
	at := time.Date(2026, 11, 22, 19, 0, 0, 0, time.UTC) // the 23rd in India
	ref := b.ccPay("Shipped", obj{"created_at": at.Unix(), "notes": obj{"merchant_param1": "1022"}, "rrn": "654321"})
	if len(ref) != 12 {
		t.Errorf("tracking id %s", ref)
	}
	want := obj{
		"reference_no": ref, "order_no": "1022-1", "order_amt": 1499.0, "order_capt_amt": 1499.0, "order_currncy": "INR",
		"order_status": "Shipped", "order_bill_name": "Lakshmi Iyer", "param_value1": "1022", "order_bank_ref_no": "654321",
		"order_date_time": "2026-11-23 00:30:00.0", "status": 0.0, "error_code": "", "error_desc": "",
	}
	has(t, b.cc("orderStatusTracker", obj{"reference_no": ref}), want)
	has(t, b.cc("orderStatusTracker", obj{"order_no": "1022-1"}), want)
	plain, _ := b.ccRaw("orderStatusTracker", obj{"reference_no": ref})
	if !strings.HasPrefix(plain, `{"Order_Status_Result":{"reference_no":`+ref+`,"order_no":"1022-1"`) || !strings.Contains(plain, `"order_amt":1499.0,`) {
		t.Errorf("version 1.1 says %s", plain)
	}
	b.control("POST", "/merchants", obj{"gateway": "ccavenue", "key_id": "AVOTHER", "key_secret": "x", "account_id": "654321"}, nil)
	theirs := b.ccPay("Shipped", obj{"key_id": "AVOTHER", "order": "77"})
	for _, in := range []obj{{"reference_no": theirs}, {"order_no": "77"}, {"reference_no": ref, "order_no": "77"}, {"reference_no": "1"}} {
		has(t, b.cc("orderStatusTracker", in), obj{"error_desc": "Order List: Invalid Parameter", "error_code": "51313", "status": 1.0})
	}
	has(t, b.cc("orderStatusTracker", obj{"reference_no": "12a"}), obj{"error_code": "51002"})
	b.control("POST", "/merchants", obj{"gateway": "ccavenue", "key_id": "AVAPIPAIR", "key_secret": workingKey, "account_id": "123456"}, nil)
	has(t, b.cc("orderStatusTracker", obj{"reference_no": ref}, "access_code", "AVAPIPAIR"), obj{"order_status": "Shipped"})
}

// TestCCAvenueSeveralAttempts is one order number with a failure after a success: the status is the last
// attempt's, the lookup has both.
func TestCCAvenueSeveralAttempts(t *testing.T) {
	b := newBench(t)
	paid, failed := b.ccPay("Shipped"), b.ccPay("Unsuccessful")
	has(t, b.cc("orderStatusTracker", obj{"order_no": "1022-1"}), obj{"order_status": "Unsuccessful", "reference_no": failed})
	day := time.Now().In(india).Format("02-01-2006")
	list := b.cc("orderLookup", obj{"from_date": day, "to_date": day, "order_no": "1022-1", "page_number": 1})
	has(t, list, obj{"total_records": 2.0, "page_count": 1.0, "error_code": ""})
	rows := list["order_Status_List"].([]any)
	if got := []any{rows[0].(map[string]any)["order_status"], rows[1].(map[string]any)["order_status"]}; !slices.Contains(got, any("Shipped")) || !slices.Contains(got, any("Unsuccessful")) {
		t.Errorf("attempts %v", got)
	}
	double := b.ccPay("Shipped")
	b.effects(double, "payment", 1)
	b.control("POST", "/clock", obj{"advance_seconds": 24*3600 + 1}, nil)
	if got := b.ccStatus(double) + " " + b.ccStatus(paid); got != "Auto-Reversed Shipped" {
		t.Errorf("the next day they are %s", got)
	}
	b.effects(double, "refund", 1)
	b.effects(paid, "refund", 0)
}

func TestCCAvenueLookupPages(t *testing.T) {
	b := newBench(t)
	day := time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)
	for i := range 5 {
		state := []string{"Shipped", "Unsuccessful"}[i%2]
		b.ccPay(state, obj{"order": "20" + string(rune('0'+i)), "created_at": day.Add(time.Duration(i) * time.Minute).Unix(), "amount_minor": 10000 * (i + 1)})
	}
	look := func(more obj) map[string]any {
		in := obj{"from_date": "20-11-2026", "to_date": "20-11-2026", "page_number": "1"}
		maps.Copy(in, more)
		return b.cc("orderLookup", in)
	}
	count := func(more obj) int { list, _ := look(more)["order_Status_List"].([]any); return len(list) }
	has(t, look(obj{"no_of_records": "2"}), obj{"total_records": 5.0, "page_count": 3.0})
	for name, tt := range map[string]struct {
		in   obj
		want int
	}{
		"all":         {obj{}, 5},
		"first page":  {obj{"no_of_records": 2}, 2},
		"last page":   {obj{"no_of_records": 2, "page_number": 3}, 1},
		"behind it":   {obj{"no_of_records": 2, "page_number": 4}, 0},
		"by status":   {obj{"order_status": "Shipped|Refunded"}, 3},
		"from amount": {obj{"order_min_amount": "400.00"}, 2},
		"next day":    {obj{"from_date": "21-11-2026", "to_date": "21-11-2026"}, 0},
	} {
		if got := count(tt.in); got != tt.want {
			t.Errorf("%s has %d rows, want %d", name, got, tt.want)
		}
	}
	has(t, look(obj{"page_number": 9}), obj{"page_count": 0.0, "total_records": 0.0, "error_code": "51313"})
	for code, in := range map[string]obj{
		"51006": {"from_date": ""}, "51007": {"from_date": "2026-11-20"}, "51008": {"to_date": "31-02-2026"}, "51023": {"page_number": ""}, "51024": {"page_number": "0"},
	} {
		has(t, look(in), obj{"error_code": code})
	}
	plain, _ := b.ccRaw("orderLookup", obj{"from_date": "20-11-2026", "order_no": "200", "page_number": "1"}, "version", "1.2")
	if !strings.HasPrefix(plain, `{"order_Status_List":[{"reference_no":3`) {
		t.Errorf("a lookup says %s", plain)
	}
	file := b.do("GET", "/_sandbox/ccavenue/export.csv?from=20-11-2026&to=2026-11-20&status=Shipped", "")
	lines := strings.Split(strings.TrimSpace(file.body), "\r\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "CCAvenue Ref#,order type,Order No,") || !strings.Contains(lines[1], ",200,20/11/2026 11:30:00,") {
		t.Errorf("export %s", file.body)
	}
	if file := b.do("GET", "/_sandbox/ccavenue/export.xlsx?from=20-11-2026&to=20-11-2026", ""); !strings.HasPrefix(file.body, "PK\x03\x04") {
		t.Errorf("export %.40q", file.body)
	}
	for gateway, path := range map[string]string{"ccavenue": "/_sandbox/ccavenue/export", "paykeeper": "/_sandbox/paykeeper/registry"} {
		page := b.do("GET", "/_sandbox/portal/"+gateway, "").body
		for _, format := range []string{"csv", "xlsx"} {
			if !strings.Contains(page, `formaction="`+path+"."+format+`"`) {
				t.Errorf("the portal of %s offers no %s file", gateway, format)
			}
			file := portalFiles[gateway]
			if got := b.do("GET", path+"."+format+"?"+file.From+"=2026-11-20&"+file.To+"=2026-11-21&status="+file.Word, ""); got.status != 200 {
				t.Errorf("the %s file of %s answers %d %s", format, gateway, got.status, got.body)
			}
		}
	}
}

func TestCCAvenueConfirmAndCancel(t *testing.T) {
	b := newBench(t)
	order := func(ref, amount string) obj { return obj{"order_List": []obj{{"reference_no": ref, "amount": amount}}} }
	failed := func(got map[string]any) any {
		list, _ := got["failed_List"].([]any)
		if len(list) != 1 {
			return got
		}
		return list[0].(map[string]any)["error_code"]
	}
	waiting, shipped, aborted := b.ccPay("Successful"), b.ccPay("Shipped", obj{"order": "2"}), b.ccPay("Aborted", obj{"order": "3"})
	canceled, risky := b.ccPay("Cancelled", obj{"order": "4"}), b.ccPay("Successful", obj{"order": "5", "fraud_status": "High"})
	for _, tt := range []struct{ command, ref, amount, want string }{
		{"confirmOrder", shipped, "1499.00", "51301"},
		{"confirmOrder", canceled, "1499.00", "51302"},
		{"confirmOrder", aborted, "1499.00", "51303"},
		{"confirmOrder", "1", "1499.00", "51304 "},
		{"confirmOrder", risky, "1499.00", "51305"},
		{"confirmOrder", waiting, "1499.01", "51306"},
		{"confirmOrder", waiting, "0", "51306"},
		{"cancelOrder", waiting, "1.00", "51306"},
		{"cancelOrder", shipped, "1499.00", "51301"},
	} {
		got := b.cc(tt.command, order(tt.ref, tt.amount))
		if failed(got) != tt.want || got["success_count"] != 0.0 {
			t.Errorf("%s of %s: %v, want %s", tt.command, tt.ref, got, tt.want)
		}
	}
	has(t, b.cc("confirmOrder", obj{}), obj{"error_code": "51205", "success_count": 0.0})
	b.effects(waiting, "capture", 0)
	pending := b.cc("getPendingOrders", obj{"page_number": "1"})["pending_Orders"].([]any)
	if len(pending) != 2 || pending[0].(map[string]any)["order_risk_mitigation"] != "Y" || pending[1].(map[string]any)["order_tran_status"] != "TS-AUTC" {
		t.Errorf("pending %v", pending)
	}
	has(t, b.cc("orderStatusTracker", obj{"reference_no": waiting}), obj{"order_status": "Successful", "order_capt_amt": 0.0})
	has(t, b.cc("confirmOrder", order(waiting, "1000.00")), obj{"success_count": 1.0})
	has(t, b.cc("orderStatusTracker", obj{"reference_no": waiting}), obj{"order_status": "Shipped", "order_capt_amt": 1000.0})
	if void := b.ledger(waiting, "void"); len(void) != 1 || void[0].AmountMinor != 49900 {
		t.Errorf("what was not confirmed: %v", void)
	}
	b.control("POST", "/payments/"+risky+"/state", obj{"state": "Low"}, nil)
	has(t, b.cc("confirmOrder", order(risky, "1499.00")), obj{"success_count": 1.0})
	other := b.ccPay("Successful", obj{"order": "6"})
	plain, _ := b.ccRaw("cancelOrder", obj{"order_List": []obj{{"reference_no": other, "amount": "1499.00"}, {"reference_no": other, "amount": "1499.00"}}})
	want := `{"Order_Result":{"success_count":1,"failed_List":{"failed_order":{"reference_no":` + other + `,"reason":"Order List: Invalid Parameter","error_code":"51206"}},"error_desc":"","error_code":""}}`
	if plain != want {
		t.Errorf("version 1.1 says %s", plain)
	}
	b.effects(other, "void", 1)

	late := b.ccPay("Successful", obj{"order": "7"})
	b.control("POST", "/clock", obj{"advance_seconds": 11 * 24 * 3600}, nil)
	if got := b.ccStatus(late); got != "Successful" {
		t.Errorf("after 11 days it is %s", got)
	}
	b.control("POST", "/clock", obj{"advance_seconds": 25 * 3600}, nil)
	if got := b.ccStatus(late); got != "Auto-Cancelled" {
		t.Errorf("after 12 days it is %s", got)
	}
	b.effects(late, "void", 1)
}
