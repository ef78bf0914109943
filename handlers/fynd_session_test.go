package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gofynd"
)

// What Fynd asks for is an order here, with everything that Fynd said.
func TestFyndSessionIsAnOrder(t *testing.T) {
	p := openPlatform(t)
	got := p.asks("POST", fyndSession, sessionBody(t, nil))
	var reply map[string]any
	got.as(t, &reply)
	id, _ := reply["_id"].(string)
	if got.status != http.StatusOK || len(reply) != 4 || reply["success"] != true || len(id) != 24 || reply["gid"] != fyndGID || reply["redirect_url"] != p.url+"/api/v1/pgloader/"+id {
		t.Fatalf("the session answers %d %s", got.status, got.body)
	}
	var order string
	p.scan(&order, `SELECT concat_ws('|', store_id, partner_order_id, gid, status, total_minor, currency, gateway, payment_method, customer_name, customer_email, customer_phone,
		billing_address->>'line1', billing_address->>'landmark', billing_address->>'phone', billing_address->>'country', billing_address->'extra'->'geo_location'->>'latitude',
		shipping_address->>'postcode', shipping_address->>'phone', shipping_address->'extra'->>'sector') FROM orders`)
	if want := "40|FY64D4E0D50D7B9210BC|" + fyndGID + "|pending|23000|INR|razorpay|Net banking (State Bank of India) with Razorpay|sandbox user|test@example.com|9999999999|" +
		"12 Saki Vihar Road|Near the lake|+91 9999999999|IN|19.11|400072|+91 9999999999|5"; order != want {
		t.Errorf("the order is\n%s, want\n%s", order, want)
	}
	var kept string
	p.scan(&kept, `SELECT concat_ws('|', mode, amount_minor, body->>'g_user_id', body->'billing_address'->>'g_address_id', body->>'seller_locale', expires_at > now() + interval '23 hours') FROM fynd_sessions`)
	if kept != "test|23000|64d24a8a911bf1c20ac3685d|64d24a8a911bf1c20ac3685e|en-IN|t" {
		t.Errorf("the session keeps %s", kept)
	}
	if said := p.history(); said != "Placed at Fynd as FY64D4E0D50D7B9210BC. | Fynd asks for 230.00 INR as "+fyndGID+", to be paid with Razorpay in test mode. The buyer chose Net banking (State Bank of India)." {
		t.Errorf("the history says %q", said)
	}
	var audited string
	p.scan(&audited, `SELECT action || ' ' || actor_name FROM audit_log WHERE chain = 40 ORDER BY seq DESC LIMIT 1`)
	if audited != "fynd_session.started Fynd Platform" {
		t.Errorf("the audit says %q", audited)
	}
	page := p.enter("support").get("/sales/orders/" + p.text(`SELECT id::text FROM orders`))
	shown := text(page.Find("#fynd-sessions"))
	for _, said := range []string{fyndGID, "230.00 INR", "Test", "Net banking (State Bank of India)", "64d24a8a911bf1c20ac3685c", "To be paid until"} {
		if !strings.Contains(shown, said) {
			t.Errorf("the order page lacks %q: %q", said, shown)
		}
	}
}

func (o *office) text(sql string, args ...any) string {
	o.Helper()
	var text string
	o.scan(&text, sql, args...)
	return text
}

// The same request again, whenever and however often, is the same session and the same bytes.
func TestFyndSessionAgain(t *testing.T) {
	p := openPlatform(t)
	body := sessionBody(t, nil)
	answers := make([]heard, 50)
	var wait sync.WaitGroup
	for i := range answers {
		wait.Go(func() { answers[i] = p.asks("POST", fyndSession, body) })
	}
	wait.Wait()
	for _, again := range append(answers, p.asks("POST", fyndSession, body), p.asks("POST", fyndSession, sessionBody(t, map[string]any{}))) {
		if again.status != http.StatusOK || again.body != answers[0].body {
			t.Fatalf("asked again it answers %d %s, and first %s", again.status, again.body, answers[0].body)
		}
	}
	if got := p.text(`SELECT concat_ws(' ', (SELECT count(*) FROM fynd_sessions), (SELECT count(*) FROM orders), (SELECT count(*) FROM payment_links))`); got != "1 1 1" {
		t.Errorf("sessions, orders, links: %s", got)
	}
	for _, tt := range []struct {
		name    string
		changes map[string]any
		said    string
	}{
		{"another amount", map[string]any{"amount": 23001}, "asked for again for 230.01 INR it was refused"},
		{"the same in rupees", map[string]any{"amount": 230}, "asked for again for 2.30 INR, a hundred times more or less, it was refused"},
		{"paise upon paise", map[string]any{"amount": 2300000}, "for 23,000.00 INR, a hundred times more or less, it was refused"},
		{"another member", map[string]any{"cod_eligibility": true}, "asked for again with another body it was refused"},
		{"another buyer", map[string]any{"customer_email": "zoe@example.com"}, "asked for again with another body it was refused"},
	} {
		for range 2 {
			p.asks("POST", fyndSession, sessionBody(t, tt.changes)).refused(t, tt.name, http.StatusConflict, tt.said)
		}
		if said := p.history(); strings.Count(said, tt.said) != 1 {
			t.Errorf("%s: the history says %q", tt.name, said)
		}
	}
	if got := p.text(`SELECT concat_ws(' ', count(*), min(total_minor), max(total_minor)) FROM orders`); got != "1 23000 23000" {
		t.Errorf("after that the orders are %s", got)
	}
}

// Only a right checksum lets a request in; the gateway hears of no other.
func TestFyndChecksums(t *testing.T) {
	p := openPlatform(t)
	body := sessionBody(t, nil)
	sum := gofynd.Checksum(fyndSecret, body)
	for name, headers := range map[string][]string{
		"none":                  nil,
		"an empty one":          {"checksum: "},
		"another secret":        {"checksum: " + gofynd.Checksum("ext_secret_1234568", body)},
		"of another body":       {"checksum: " + gofynd.Checksum(fyndSecret, append([]byte(" "), body...))},
		"of the gid":            {"checksum: " + gofynd.Checksum(fyndSecret, []byte(fyndGID))},
		"in capitals":           {"checksum: " + strings.ToUpper(sum)},
		"twice":                 {"checksum: " + sum, "checksum: " + sum},
		"a wrong one first":     {"checksum: " + strings.Repeat("0", 64), "checksum_auth: " + sum},
		"the key of Fynd's SDK": {"checksum: " + gofynd.Checksum("1234567", body)},
	} {
		p.ask("POST", fyndSession, body, headers...).refused(t, name, http.StatusUnauthorized, "Checksum")
	}
	for _, flipped := range []int{0, len(body) / 2, len(body) - 2} {
		bad := append([]byte{}, body...)
		bad[flipped] ^= 1
		p.ask("POST", fyndSession, bad, "checksum: "+sum).refused(t, "one byte changed", http.StatusUnauthorized, "Invalid Checksum")
	}
	if got := p.text(`SELECT concat_ws(' ', (SELECT count(*) FROM fynd_sessions), (SELECT count(*) FROM orders))`); got != "0 0" || len(p.bogus.Checkouts()) != 0 {
		t.Errorf("a forged request made sessions and orders: %s", got)
	}
	spaced := []byte(strings.Replace(string(body), `"amount":23000`, `"amount" : 23000.0`, 1))
	for name, sent := range map[string]struct {
		body   []byte
		header string
	}{
		"its bytes":                  {body, "checksum: " + sum},
		"as JavaScript writes it":    {spaced, "checksum: " + sum},
		"under the second name":      {body, "checksum_auth: " + sum},
		"under the third name":       {body, "order_checksum_auth: " + sum},
		"under its name in capitals": {body, "Checksum: " + sum},
	} {
		if got := p.ask("POST", fyndSession, sent.body, sent.header); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	for name, header := range map[string]string{
		"of nothing": "checksum: " + gofynd.Checksum(fyndSecret, nil), "of an empty body": "checksum: " + gofynd.Checksum(fyndSecret, []byte("{}")), "of another gid": "checksum: " + gofynd.Checksum(fyndSecret, []byte("TR1")),
	} {
		p.ask("GET", fyndSession, nil, header).refused(t, "GET, "+name, http.StatusUnauthorized, "Invalid Checksum")
	}
	if got := p.asks("GET", fyndSession, nil); got.status != http.StatusOK {
		t.Errorf("GET with the gid's checksum answers %d %s", got.status, got.body)
	}
}

// Every refusal has Fynd's envelope, also where nothing is.
func TestFyndEnvelope(t *testing.T) {
	p := openPlatform(t)
	for _, path := range []string{"/api/v1/", "/api/v1/nothing", "/api/v1/payment_session", "/api/v1/payment_session/a/b/c/d", "/api/v1/../v1/x"} {
		p.ask("GET", path, nil).refused(t, path, http.StatusNotFound, "nothing at this address")
	}
	for _, method := range []string{"PUT", "PATCH", "DELETE", "OPTIONS"} {
		got := p.ask(method, fyndSession, nil)
		got.refused(t, method, http.StatusMethodNotAllowed, "This address takes POST and GET.")
		if allowed := got.header.Get("Allow"); allowed != "POST, GET" {
			t.Errorf("%s is told that it may %q", method, allowed)
		}
	}
	p.ask("POST", "/api/v1/pgloader/64d4e2c08e560b135e179538", nil).refused(t, "POST to the loader", http.StatusMethodNotAllowed, "takes GET")
	p.asks("POST", fyndSession, []byte(`{"gid":`)).refused(t, "half a body", http.StatusBadRequest, "not JSON")
	p.asks("POST", fyndSession, []byte(strings.Repeat(" ", 2<<20)+"{}")).refused(t, "too large", http.StatusRequestEntityTooLarge, "")
	p.asks("GET", "/api/v1/payment_session/TR0", nil).refused(t, "an unknown gid", http.StatusNotFound, "transaction not found")
	p.exec(`ALTER TABLE fynd_sessions RENAME TO gone`)
	got := p.asks("GET", fyndSession, nil)
	got.refused(t, "a database that fails", http.StatusInternalServerError, "Something went wrong on our side")
	if strings.Contains(got.body, "fynd_sessions") {
		t.Errorf("it tells of the inside: %s", got.body)
	}
}

// Who cannot be paid is told why, and nothing is booked.
func TestFyndSessionsRefused(t *testing.T) {
	p := openPlatform(t)
	for _, tt := range []struct {
		name    string
		changes map[string]any
		status  int
		said    string
	}{
		{"another company", map[string]any{"company_id": 2}, http.StatusForbidden, "Company 2 has not installed Ruosh Pay."},
		{"another channel", map[string]any{"app_id": "64d24a8a911bf1c20ac3685d"}, http.StatusForbidden, "is linked to no store here yet"},
		{"a channel that is no id", map[string]any{"app_id": "../1"}, http.StatusForbidden, "no id"},
		{"live before Fynd has accepted it", map[string]any{"mode": "live"}, http.StatusForbidden, "for test payments only"},
		{"another currency", map[string]any{"currency": "EUR"}, http.StatusBadRequest, "Ruosh Pay takes payments in INR, not in EUR."},
		{"a refused way to pay", map[string]any{"payment_methods": []any{map[string]any{"code": "PAYPAL"}}}, http.StatusBadRequest, "PayPal"},
		{"another gid", map[string]any{"gid": "TR2"}, http.StatusBadRequest, "not the one of the address"},
		{"no cancel address", map[string]any{"cancel_url": nil}, http.StatusBadRequest, "lacks cancel_url"},
		{"a shop that nobody listed", map[string]any{"success_url": "https://evil.example/thanks"}, http.StatusBadRequest, "evil.example, which is not one of the addresses"},
		{"one that only looks like Fynd", map[string]any{"success_url": "https://fynd.com.evil.example/"}, http.StatusBadRequest, "not one of the addresses"},
		{"one that ends like Fynd", map[string]any{"cancel_url": "https://notfynd.com/"}, http.StatusBadRequest, "not one of the addresses"},
		{"without TLS", map[string]any{"success_url": "http://shop.fynd.com/"}, http.StatusBadRequest, "https"},
		{"on this machine by name", map[string]any{"success_url": "http://localhost/"}, http.StatusBadRequest, "https"},
		{"with a user", map[string]any{"success_url": "https://shop.fynd.com@evil.example/"}, http.StatusBadRequest, "no user"},
		{"a script", map[string]any{"success_url": "javascript:alert(1)"}, http.StatusBadRequest, "cannot be one"},
		{"two units in one body", map[string]any{"amount": 388, "amount_captured": 38800}, http.StatusBadRequest, "another unit"},
	} {
		p.asks("POST", fyndSession, sessionBody(t, tt.changes)).refused(t, tt.name, tt.status, tt.said)
	}
	if got := p.text(`SELECT string_agg(action, ' ') FROM audit_log WHERE action = 'fynd_session.refused'`); got == "" {
		t.Error("a refused sum is nowhere to be seen")
	}
	p.exec(`UPDATE gateway_settings SET enabled = false`)
	p.asks("POST", fyndSession, sessionBody(t, nil)).refused(t, "switched off", http.StatusForbidden, "switched off")
	p.exec(`DELETE FROM gateway_settings`)
	p.asks("POST", fyndSession, sessionBody(t, nil)).refused(t, "no credentials", http.StatusForbidden, "The credentials of Razorpay for test payments are not stored yet.")
	p.settings()
	p.exec(`UPDATE fynd_installs SET uninstalled_at = now()`)
	p.asks("POST", fyndSession, sessionBody(t, nil)).refused(t, "uninstalled", http.StatusForbidden, "Company 1 has uninstalled Ruosh Pay.")
	if got := p.text(`SELECT concat_ws(' ', (SELECT count(*) FROM fynd_sessions), (SELECT count(*) FROM orders))`); got != "0 0" {
		t.Errorf("sessions and orders: %s", got)
	}
	p.exec(`UPDATE fynd_installs SET uninstalled_at = NULL`)
	p.exec(`UPDATE stores SET return_urls = '{https://shop.ruosh.example/cart,http://127.0.0.1:9000/}' WHERE id = 40`)
	for i, address := range []string{"https://shop.ruosh.example/cart/done?a=1", "http://127.0.0.1:9000/back", "https://fynd.com/x", "https://a.b.fynd.com/x"} {
		gid := fmt.Sprintf("TR%d", i)
		body := sessionBody(t, map[string]any{"gid": gid, "pf_order_id": "FY" + gid, "success_url": address})
		if got := p.asks("POST", "/api/v1/payment_session/"+gid, body); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", address, got.status, got.body)
		}
	}
}

// An order that is known is used when it comes to the same; what does not fit is refused, and its history tells.
func TestFyndSessionOfAKnownOrder(t *testing.T) {
	p := openPlatform(t)
	order := func(name string, total int64, change map[string]any) int64 {
		row := map[string]any{"store_id": 40, "partner_order_id": name, "status": "pending", "currency": "INR", "items_minor": total, "total_minor": total, "gateway": "", "customer_name": "Meera Nair"}
		for column, value := range change {
			row[column] = value
		}
		return p.insert("orders", row)
	}
	good := order("FYGOOD", 23000, nil)
	for i, tt := range []struct {
		name   string
		total  int64
		change map[string]any
		said   string
	}{
		{"FYHUNDRED", 230, nil, "this order comes to 2.30 INR: one of them is in another unit"},
		{"FYMORE", 2300000, nil, "this order comes to 23,000.00 INR: one of them is in another unit"},
		{"FYOTHER", 23050, nil, "but this order comes to 230.50 INR. The payment was refused."},
		{"FYEURO", 23000, map[string]any{"currency": "EUR"}, "but this order is in EUR"},
		{"FYDONE", 23000, map[string]any{"status": "processing"}, "but this order is processing"},
	} {
		id, gid := order(tt.name, tt.total, tt.change), fmt.Sprintf("TRBAD%d", i)
		p.asks("POST", "/api/v1/payment_session/"+gid, sessionBody(t, map[string]any{"gid": gid, "pf_order_id": tt.name})).refused(t, tt.name, http.StatusConflict, tt.said)
		if said := p.text(`SELECT coalesce(string_agg(comment, ' '), '') FROM order_history WHERE order_id = $1`, id); !strings.Contains(said, tt.said) {
			t.Errorf("%s: the history says %q", tt.name, said)
		}
	}
	paid := order("FYPAID", 23000, nil)
	p.payment(paid, map[string]any{"amount_minor": 23000, "authorized_minor": 23000, "captured_minor": 23000})
	p.asks("POST", "/api/v1/payment_session/TRPAID", sessionBody(t, map[string]any{"gid": "TRPAID", "pf_order_id": "FYPAID"})).refused(t, "paid", http.StatusConflict, "this order is paid")
	p.asks("POST", "/api/v1/payment_session/TRUNIT", sessionBody(t, map[string]any{"gid": "TRUNIT", "pf_order_id": "FYGOOD", "amount": 230, "total_amount": 23000})).refused(t, "two units", http.StatusBadRequest, "another unit")
	if said := p.text(`SELECT coalesce(string_agg(comment, ' '), '') FROM order_history WHERE order_id = $1`, good); !strings.Contains(said, "The payment TRUNIT that Fynd asks for was refused.") {
		t.Errorf("the history of the order says %q", said)
	}
	p.begins(map[string]any{"pf_order_id": "FYGOOD"})
	if got := p.text(`SELECT concat_ws(' ', o.gid, o.gateway, o.customer_name, s.order_id = o.id, (SELECT count(*) FROM orders WHERE partner_order_id = 'FYGOOD')) FROM orders o, fynd_sessions s WHERE o.id = $1`, good); got != fyndGID+" razorpay Meera Nair t 1" {
		t.Errorf("the known order is %s", got)
	}
}

// Ids of twenty digits come through every door as they are.
func TestFyndIDsOfTwentyDigits(t *testing.T) {
	p := openPlatform(t)
	const gid, order = "16916747740991418099", "99999999999999999999"
	body := []byte(strings.NewReplacer(`"gid":"`+fyndGID+`"`, `"gid":`+gid, `"pf_order_id":"FY64D4E0D50D7B9210BC"`, `"pf_order_id":`+order).Replace(string(sessionBody(t, nil))))
	got := p.asks("POST", "/api/v1/payment_session/"+gid, body)
	if got.status != http.StatusOK || !strings.Contains(got.body, `"gid":"`+gid+`"`) {
		t.Fatalf("it answers %d %s", got.status, got.body)
	}
	if kept := p.text(`SELECT concat_ws(' ', s.gid, s.pf_order_id, s.body->>'gid', o.partner_order_id, o.gid) FROM fynd_sessions s JOIN orders o ON o.id = s.order_id`); kept != strings.Join([]string{gid, order, gid, order, gid}, " ") {
		t.Errorf("kept are %s", kept)
	}
	if shown := p.asks("GET", "/api/v1/payment_session/"+gid, nil); !strings.Contains(shown.body, `"gid":"`+gid+`"`) || !strings.Contains(shown.body, `"pf_order_id":"`+order+`"`) {
		t.Errorf("asked about it is %s", shown.body)
	}
	p.asks("GET", "/api/v1/payment_session/16916747740991418098", nil).refused(t, "one digit off", http.StatusNotFound, "transaction not found")
}

// What a session tells follows its payments.
func TestFyndSessionStands(t *testing.T) {
	p := openPlatform(t)
	loader := p.begins(nil)
	type payment struct {
		PaymentID string `json:"payment_id"`
		Status    string
		Captured  bool
		Drawn     int64 `json:"amount_captured"`
		Misspelt  int64 `json:"amound_refunded"`
		Refunded  int64 `json:"amount_refunded"`
		Methods   []any `json:"payment_methods"`
		Billing   struct {
			City string `json:"city"`
		} `json:"billing_address"`
		Initiated int64 `json:"initiated_at"`
		Reason    *struct{ Code, Description string }
	}
	var standing struct {
		GID, Status, Currency string
		Total                 int64 `json:"total_amount"`
		Payments              []payment
		Details               []payment `json:"payment_details"`
		Order                 struct {
			Status, Aggregator string
		} `json:"order_details"`
	}
	p.asks("GET", fyndSession, nil).as(t, &standing)
	if standing.Status != "started" || standing.Total != 23000 || standing.Payments == nil || len(standing.Payments) != 0 || len(standing.Details) != 0 {
		t.Errorf("before anybody pays it is %+v", standing)
	}
	result := p.pays(loader, func(p *gateways.Payment) {
		p.Authorized, p.Captured, p.Word, p.Waits = false, 0, "requires_action", gateways.ForConsent
	})
	p.ask("GET", result, nil)
	p.asks("GET", fyndSession, nil).as(t, &standing)
	if standing.Status != "pending" || len(standing.Payments) != 1 || standing.Payments[0].Reason == nil || *standing.Payments[0].Reason != (struct{ Code, Description string }{"requires_action", "The payment needs action of the buyer: the bank asks to confirm it (3-D Secure)."}) {
		t.Errorf("while the buyer pays it is %+v", standing)
	}
	p.bogus.AddPayment(gateways.Payment{Ref: "pay_1", OrderRef: p.bogus.Checkouts()[0].OrderRef, Amount: rupees(23000), Word: "captured", Authorized: true, Captured: 23000})
	p.exec(`UPDATE payments SET status = 'partially_refunded', ref = 'pay_1', authorized_minor = 23000, captured_minor = 23000, refunded_minor = 5000`)
	p.asks("GET", fyndSession, nil).as(t, &standing)
	one := standing.Payments[0]
	if standing.Status != "complete" || standing.Order.Aggregator != "Razorpay" || one.PaymentID != "pay_1" || !one.Captured || one.Drawn != 23000 || one.Misspelt != 5000 || one.Refunded != 5000 ||
		len(one.Methods) != 1 || one.Billing.City != "Mumbai" || one.Initiated != 1691672790 || len(standing.Details) != 1 {
		t.Errorf("paid it is %+v", standing)
	}
}
