package handlers_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
	"github.com/kartify/kartify/models/modelstest"
)

const (
	refundGID     = "TR64D4E4250DB0CBEF1D"
	refundRequest = "16916747740991418099"
	refundPath    = "/api/v1/payment_session/" + refundGID + "/refund"
	// The body of Fynd's own sample.
	refundBody = `{"gid":"TR64D4E4250DB0CBEF1D","pf_order_id":"FY64D4E4250DB0CBEF1D","request_id":"16916747740991418099","app_id":"` + cast.FyndApplication + `",` +
		`"amount":23000,"currency":"INR","status":"initiate","journey_type":"CANCEL/RETURN"}`
)

// paidSession is a payment of 230.00 INR that Fynd asked for, captured or not.
func (m *mall) paidSession(captured int64) {
	m.t.Helper()
	_, err := m.db.SaveSettings(modelstest.System(m.t.Context()), models.SettingsForm{
		StoreID: cast.Ruosh, Gateway: "razorpay", Mode: "test", Enabled: true, By: models.SystemActor, Values: map[string]string{"key_id": "rzp_test_1", "key_secret": "s", "webhook_secret": "w"},
	})
	if err != nil {
		m.t.Fatal(err)
	}
	m.exec(`INSERT INTO orders (id, store_id, partner_order_id, gid, status, gateway, currency, items_minor, total_minor) OVERRIDING SYSTEM VALUE
		VALUES (7001, 40, 'FY64D4E4250DB0CBEF1D', $1, 'processing', 'razorpay', 'INR', 23000, 23000)`, refundGID)
	m.exec(`INSERT INTO payments (order_id, store_id, gateway, mode, ref, order_ref, status, currency, amount_minor, authorized_minor, captured_minor)
		VALUES (7001, 40, 'razorpay', 'test', 'pay_1', 'order_1', $1, 'INR', 23000, $2, $2)`, map[bool]string{true: "success", false: "pending"}[captured > 0], captured)
	m.exec(`INSERT INTO fynd_sessions (id, extension_id, store_id, order_id, company_id, application_id, gid, pf_order_id, amount_minor, currency, mode, success_url, cancel_url, body, body_hash, expires_at)
		SELECT '64d4e4250db0cbef1d000001', id, 40, 7001, '1', $1, $2, 'FY64D4E4250DB0CBEF1D', 23000, 'INR', 'test', 'https://shop.example/ok', 'https://shop.example/no',
			'{"g_user_id":"u1","seller_locale":"en-IN","locale":"en","initiated_at":1691672790,"payment_methods":[{"code":"NB","name":"Net banking","sub_payment_mode":[{"code":"SBIN","name":"State Bank of India"}]}]}',
			'\x01', now() + interval '1 day' FROM fynd_extensions WHERE api_key = $3`, cast.FyndApplication, refundGID, cast.FyndKey)
}

// answered is what Fynd is answered.
type answered struct {
	status int
	body   string
	in     map[string]any
}

// fynd is a request of Fynd Platform, signed over message.
func (m *mall) fynd(method, path, body, message, secret string) answered {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.t.Context(), method, m.url+path, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if secret != "" {
		req.Header.Set("Checksum", gofynd.Checksum(secret, []byte(message)))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read
	text, err := io.ReadAll(res.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	answer := answered{status: res.StatusCode, body: string(text)}
	decoder := json.NewDecoder(strings.NewReader(answer.body))
	decoder.UseNumber()
	_ = decoder.Decode(&answer.in)
	return answer
}

// at is the text of a member at the end of a way.
func (a answered) at(way ...string) string {
	var value any = a.in
	for _, name := range way {
		switch v := value.(type) {
		case map[string]any:
			value = v[name]
		case []any:
			if len(v) != 1 {
				return fmt.Sprintf("%d of them", len(v))
			}
			value, _ = v[0].(map[string]any)
			value = value.(map[string]any)[name] //nolint:forcetypeassert // a list of objects
		}
	}
	return fmt.Sprint(value)
}

func TestFyndAsksForARefundOverHTTP(t *testing.T) {
	m := openMall(t)
	m.paidSession(23000)
	first := m.fynd("POST", refundPath, refundBody, refundBody, cast.FyndSecret)
	if first.status != http.StatusAccepted {
		t.Fatalf("%d %s", first.status, first.body)
	}
	for want, way := range map[string][]string{
		refundGID:              {"gid"},
		"FY64D4E4250DB0CBEF1D": {"pf_order_id"},
		"CANCEL/RETURN":        {"journey_type"},
		"pay_1":                {"aggregator_payment_details", "payment_id"},
		"order_1":              {"aggregator_payment_details", "aggregator_order_id"},
		"23000":                {"aggregator_payment_details", "amount_captured"},
		"0":                    {"aggregator_payment_details", "amound_refunded"},
		"1691672790":           {"aggregator_payment_details", "initiated_at"},
		"en-IN":                {"aggregator_payment_details", "merchant_locale"},
		"SBIN":                 {"aggregator_payment_details", "payment_methods", "sub_payment_mode", "code"},
		refundRequest:          {"aggregator_payment_refund_details", "request_id"},
		"refund_initiated":     {"aggregator_payment_refund_details", "status"},
		"INR":                  {"aggregator_payment_refund_details", "currency"},
	} {
		if got := first.at(way...); got != want {
			t.Errorf("%v is %s, want %s in %s", way, got, want, first.body)
		}
	}
	details, _ := first.in["aggregator_payment_refund_details"].(map[string]any)
	for _, name := range []string{"amount", "refund_utr", "payment_id", "reason", "receipt_number", "transfer_reversal", "source_transfer_reversal", "created", "balance_transaction"} {
		if _, ok := details[name]; !ok {
			t.Errorf("%s is not in %s", name, first.body)
		}
	}

	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			if again := m.fynd("POST", refundPath, refundBody, refundBody, cast.FyndSecret); again.status != first.status || again.body != first.body {
				t.Errorf("again: %d %s", again.status, again.body)
			}
		})
	}
	wait.Wait()
	if n := m.text(`SELECT concat_ws(' ', (SELECT count(*) FROM operations), (SELECT count(*) FROM fynd_refunds), (SELECT refund_reserved_minor FROM payments))`); n != "1 1 23000" {
		t.Errorf("operations, requests and money on its way: %s", n)
	}

	m.exec(`UPDATE operations SET state = 'succeeded', ref = 'rfnd_1', reference = 'UTR1', finished_at = now()`)
	m.exec(`UPDATE payments SET refunded_minor = 23000, refund_reserved_minor = 0, status = 'refunded'`)
	m.exec(`UPDATE fynd_sessions SET success_url = 'https://shop.fynd.com/thanks?a=1&b=2'`)
	for _, path := range []string{refundPath, refundPath + "/" + refundRequest} {
		shown := m.fynd("GET", path, "", refundGID, cast.FyndSecret)
		for want, way := range map[string][]string{
			"complete":    {"status"},
			"23000":       {"total_amount"},
			"refund_done": {"refund_details", "status"},
			"UTR1":        {"refund_details", "refund_utr"},
			refundRequest: {"aggregator_payment_refund_details", "request_id"},
			"pay_1":       {"payment_details", "payment_id"},
		} {
			if got := shown.at(way...); got != want {
				t.Errorf("%s: %v is %s, want %s in %s", path, way, got, want, shown.body)
			}
		}
		if !strings.Contains(shown.body, `"success_url":"https://shop.fynd.com/thanks?a=1&b=2"`) {
			t.Errorf("%s: the address is written otherwise in %s", path, shown.body)
		}
		if shown.status != http.StatusOK || shown.at("pf_order_id") != "FY64D4E4250DB0CBEF1D" || shown.at("payment_details", "amound_refunded") != "23000" ||
			shown.at("aggregator_payment_refund_details", "reason", "description") != "Asked for by Fynd: CANCEL/RETURN" {
			t.Errorf("%s: %d %s", path, shown.status, shown.body)
		}
	}
}

func TestRefundsThatFyndIsRefused(t *testing.T) {
	m := openMall(t)
	m.paidSession(23000)
	m.exec(`INSERT INTO fynd_extensions (name, gateway, api_key, api_secret) SELECT 'Other', 'razorpay', 'other', $1`, sealed(t, "fynd extension other secret", "other-secret"))
	change := func(old, text string) string { return strings.Replace(refundBody, old, text, 1) }
	if first := m.fynd("POST", refundPath, change("23000", "3000"), change("23000", "3000"), cast.FyndSecret); first.status != http.StatusAccepted {
		t.Fatalf("%d %s", first.status, first.body)
	}
	other := func(old, text string) string { // another request
		return strings.Replace(change(old, text), refundRequest, "16916747740991418100", 1)
	}
	tests := []struct {
		name, method, path, body, secret string
		status                           int
		title, want                      string
	}{
		{"no checksum", "POST", refundPath, other("", ""), "", 401, "Unauthorized", "Checksum"},
		{"another secret", "POST", refundPath, other("", ""), "wrong", 401, "Unauthorized", "Checksum"},
		{"another extension's payment", "POST", refundPath, other("", ""), "other-secret", 404, "Not Found", "transaction not found"},
		{"another channel's payment", "POST", refundPath, other(cast.FyndApplication, "64d24a8a911bf1c20ac36999"), cast.FyndSecret, 404, "Not Found", "transaction not found"},
		{"a payment nobody knows", "POST", strings.Replace(refundPath, refundGID, "TR1", 1), other(refundGID, "TR1"), cast.FyndSecret, 404, "Not Found", "transaction not found"},
		{"another payment in the address", "POST", strings.Replace(refundPath, refundGID, "TR1", 1), other("", ""), cast.FyndSecret, 400, "Request Validation Failed", "Only the body is signed"},
		{"another order", "POST", refundPath, other("FY64D4E4250DB0CBEF1D", "FY1"), cast.FyndSecret, 400, "Request Validation Failed", "is of the order"},
		{"another currency", "POST", refundPath, other("INR", "SEK"), cast.FyndSecret, 400, "Request Validation Failed", "is in INR"},
		{"another mode", "POST", refundPath, other(`"status"`, `"mode":"live","status"`), cast.FyndSecret, 400, "Request Validation Failed", "test mode"},
		{"more than is left", "POST", refundPath, other("23000", "20001"), cast.FyndSecret, 400, "Request Validation Failed", "Only 200.00 INR is left"},
		{"rupees", "POST", refundPath, other("23000", `"200.00"`), cast.FyndSecret, 400, "Request Validation Failed", "not a whole number"},
		{"no request", "POST", refundPath, strings.Replace(refundBody, `"request_id":"`+refundRequest+`",`, "", 1), cast.FyndSecret, 400, "Request Validation Failed", "lacks request_id"},
		{"no JSON", "POST", refundPath, "hello", cast.FyndSecret, 400, "Request Validation Failed", "not a JSON object"},
		{"another amount under its name", "POST", refundPath, change("23000", "3001"), cast.FyndSecret, 409, "Internal Server Error", "was made before, for 30.00 INR"},
		{"other words under its name", "POST", refundPath, strings.Replace(change("23000", "3000"), "CANCEL/RETURN", "CANCEL", 1), cast.FyndSecret, 409, "Internal Server Error", "in other words"},
		{"a request nobody made", "GET", refundPath + "/1", "", cast.FyndSecret, 404, "Not Found", "not found"},
		{"a payment of another extension", "GET", refundPath, "", "other-secret", 404, "Not Found", "transaction not found"},
		{"a question that is not signed", "GET", refundPath, "", "", 401, "Unauthorized", "Checksum"},
		{"a way that is not there", "PUT", refundPath, "{}", cast.FyndSecret, 405, "Method Not Allowed", "POST"},
	}
	for _, tt := range tests {
		message := tt.body
		if tt.method == "GET" {
			message = refundGID
		}
		got := m.fynd(tt.method, tt.path, tt.body, message, tt.secret)
		if got.status != tt.status || got.at("success") != "false" || got.at("title") != tt.title || !strings.Contains(got.at("message"), tt.want) {
			t.Errorf("%s: %d %s, want %d %s", tt.name, got.status, got.body, tt.status, tt.want)
		}
	}
	if n := m.text(`SELECT concat_ws(' ', count(*), sum(amount_minor)) FROM operations`); n != "1 3000" {
		t.Errorf("operations: %s", n)
	}
}

// A refund that Fynd asks for in another amount than there can be is refused, and stands on the limbo board, once, until
// Fynd asks for it rightly or a person says that it is settled.
func TestRefusedRefundsAreInLimbo(t *testing.T) {
	m := openMall(t)
	m.paidSession(23000)
	asks := func(request, amount string, status int) {
		t.Helper()
		body := strings.NewReplacer(refundRequest, request, "23000", amount).Replace(refundBody)
		if got := m.fynd("POST", refundPath, body, body, cast.FyndSecret); got.status != status {
			t.Errorf("%s of %s: %d %s", request, amount, got.status, got.body)
		}
	}
	board := func() string {
		t.Helper()
		page, err := m.db.Limbo(modelstest.System(t.Context()), models.LimboFilter{Kind: models.NeedAmount})
		if err != nil {
			t.Fatal(err)
		}
		var rows []string
		for _, r := range page.Rows {
			rows = append(rows, fmt.Sprintf("%s %s", r.Amount, r.Problem))
		}
		return strings.Join(rows, "; ")
	}
	for range 3 {
		asks("11", "2300000", http.StatusBadRequest)
	}
	asks("12", "23001", http.StatusBadRequest)
	const unit = "230.00 INR Fynd asks for a refund of 23,000.00 INR of " + refundGID + " as request 11, but only 230.00 INR is left: one of them is in another unit. The refund was refused."
	const paisa = "230.00 INR Fynd asks for a refund of 230.01 INR of " + refundGID + " as request 12, but only 230.00 INR is left. The refund was refused."
	if got := board(); got != unit+"; "+paisa {
		t.Errorf("the board shows %s", got)
	}
	if got := m.text(`SELECT concat_ws(' ', (SELECT string_agg(times::text, ' ' ORDER BY id) FROM refused_amounts), (SELECT count(*) FROM operations), (SELECT count(*) FROM fynd_refunds),
		(SELECT count(*) FROM order_history WHERE order_id = 7001 AND comment LIKE '%The refund was refused.'), (SELECT count(*) FROM audit_log WHERE action = 'fynd_refund.refused'))`); got != "3 1 0 0 2 4" {
		t.Errorf("how often they were asked for, operations, refunds, histories and audits: %s", got)
	}

	asks("12", "3000", http.StatusAccepted)
	if got := board(); got != unit {
		t.Errorf("asked for rightly, the board shows %s", got)
	}
	m.exec(`UPDATE orders SET status = 'cancelled' WHERE id = 7001`) // its money is still owed
	asks("12", "300000", http.StatusConflict)
	const before = "230.00 INR Fynd asks for a refund of 3,000.00 INR of " + refundGID + " as request 12, but it was for 30.00 INR before: one of them is in another unit. The refund was refused."
	if got := board(); got != unit+"; "+before {
		t.Errorf("asked for again otherwise, the board shows %s", got)
	}
	asks("12", "3000", http.StatusAccepted)
	asks("11", "20000", http.StatusAccepted)
	asks("13", "1", http.StatusBadRequest) // refused, but not for its amount
	if got := board(); got != "" {
		t.Errorf("after all of them the board shows %s", got)
	}
}

func TestRefundOfAPaymentThatWaits(t *testing.T) {
	m := openMall(t)
	m.paidSession(0)
	got := m.fynd("POST", refundPath, refundBody, refundBody, cast.FyndSecret)
	if got.status != http.StatusBadRequest || !strings.Contains(got.at("message"), "transaction pending") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if list := m.fynd("GET", refundPath, "", refundGID, cast.FyndSecret); list.status != http.StatusOK || list.at("refund_details") != "[]" {
		t.Errorf("%d %s", list.status, list.body)
	}
}

func sealed(t *testing.T, place, plain string) string {
	t.Helper()
	text, err := modelstest.Keys(t).Seal(place, plain)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// What Fynd is told passes the checks of Fynd's side: token, signature, checksum and every member that it demands.
func TestFyndTakesWhatItIsTold(t *testing.T) {
	m := openMall(t)
	m.paidSession(23000)
	if got := m.fynd("POST", refundPath, refundBody, refundBody, cast.FyndSecret); got.status != http.StatusAccepted {
		t.Fatalf("%d %s", got.status, got.body)
	}
	m.exec(`UPDATE operations SET state = 'succeeded', ref = 'rfnd_1', reference = 'UTR1', finished_at = now()`)
	m.exec(`INSERT INTO partner_updates (store_id, order_id, payment_id, session_id, kind, gid, status, amount_minor, currency, state, next_at)
		SELECT 40, 7001, id, '64d4e4250db0cbef1d000001', 'payment_session', $1, 'complete', 23000, 'INR', 'queued', now() FROM payments`, refundGID)
	m.exec(`INSERT INTO partner_updates (store_id, order_id, operation_id, session_id, kind, gid, request_id, status, amount_minor, currency, state, next_at)
		SELECT 40, 7001, id, '64d4e4250db0cbef1d000001', 'refund_session', $1, $2, 'refund_done', 23000, 'INR', 'queued', now() FROM operations`, refundGID, refundRequest)
	if _, err := m.db.TellDuePartners(modelstest.System(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got := m.text(`SELECT string_agg(concat_ws(' ', kind, status, state, problem), ', ' ORDER BY id) FROM partner_updates`); got != "payment_session complete done , refund_session refund_done done " {
		t.Errorf("Fynd was told %s\n%s", got, m.text(`SELECT string_agg(log::text, ' ') FROM partner_updates`))
	}
	support := modelstest.Person(t, m.db, "asha", models.Support, cast.Ruosh)
	page := m.as(support).get("/sales/orders/7001")
	if told := strings.Join(strings.Fields(page.Find("#partner").Text()), " "); !strings.Contains(told, "completePayment session230.00 INRDone") || !strings.Contains(told, "refund_done"+refundRequest+"230.00 INRDone") {
		t.Errorf("the order page says %s", told)
	}
}
