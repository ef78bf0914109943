package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways/gatewaytest"
)

func TestRefundMoney(t *testing.T) {
	o := openOffice(t)
	order := o.order(nil)
	payment := o.payment(order, nil)
	o.request(order, nil)
	asha := o.enter("support")
	form := asha.refundForm(order, payment)
	if form.Get("amount") != "499.00" || form.Get("mode") != "partial" {
		t.Errorf("the form begins with %s (%s), want the 499.00 Fynd asks for", form.Get("amount"), form.Get("mode"))
	}
	answer := asha.post(refunds(order, payment), form)
	op := answer.header.Get("X-Operation")
	if want := fmt.Sprintf("/sales/orders/%d#operation-%s", order, op); answer.status != http.StatusSeeOther || answer.header.Get("Location") != want || op == "" {
		t.Fatalf("answers %d to %q, want 303 to %q", answer.status, answer.header.Get("Location"), want)
	}
	page := asha.get(fmt.Sprintf("/sales/orders/%d", order))
	shown := page.Find("#operation-" + op)
	if shown.AttrOr("data-operation", "") != op || shown.AttrOr("data-state", "") != "queued" || !strings.Contains(text(shown), "Refund #"+op+" 499.00 INR Queued") {
		t.Errorf("the page shows the operation as %q", text(shown))
	}
	if got := text(page.Find("#totals")); !strings.Contains(got, "On its way back −499.00 Left 1,000.00 INR") {
		t.Errorf("the totals read %q", got)
	}
	if page.Find("#order[data-background][hx-trigger='every 2s']").Length() != 1 {
		t.Error("the page does not follow the refund by itself")
	}
	seen := page.Find("#order").AttrOr("hx-get", "")
	if still := asha.get(seen, "HX-Request: true"); still.status != http.StatusNoContent {
		t.Errorf("nothing has changed, and the progress answers %d", still.status)
	}
	if _, err := o.db.SettleDue(o.ctx); err != nil {
		t.Fatal(err)
	}
	if telling := asha.get(seen, "HX-Request: true"); telling.Find("[hx-trigger='every 2s']").Length() != 1 {
		t.Error("the page stops before Fynd has been told")
	}
	o.exec(`UPDATE partner_updates SET state = 'done', tries = 1, done_at = now()`)
	news := asha.get(seen, "HX-Request: true")
	if got := news.Find("#operation-"+op).AttrOr("data-state", ""); news.status != http.StatusOK || got != "succeeded" {
		t.Errorf("the progress answers %d with state %q", news.status, got)
	}
	if news.Find("[hx-trigger='every 2s']").Length() != 0 {
		t.Error("a settled page goes on asking")
	}
	if got := text(news.Find("h1 ~ [data-status]")); !strings.Contains(got, "Partially refunded") {
		t.Errorf("the order's badge reads %q", got)
	}
	if got := text(news.Find("#history")); !strings.Contains(got, "Refund of 499.00 INR done as bogus_1 (answer).") || !strings.Contains(got, "Asha Rao") {
		t.Errorf("the history reads %q", got)
	}
	if strings.Contains(text(news.Find(".banner")), "Fynd asks") {
		t.Error("the request still waits")
	}
}

func TestRefundMoneyOnceForOneForm(t *testing.T) {
	o := openOffice(t)
	order := o.order(nil)
	payment := o.payment(order, nil)
	asha := o.enter("support")
	form := asha.refundForm(order, payment, "mode", "partial", "amount", "100.00")
	var wait sync.WaitGroup
	named := make([]string, 50)
	for i := range named {
		wait.Go(func() { named[i] = asha.post(refunds(order, payment), form).header.Get("X-Operation") })
	}
	wait.Wait()
	for _, op := range named {
		if op == "" || op != named[0] {
			t.Fatalf("50 forms name the operations %q", named)
		}
	}
	if _, err := o.db.SettleDue(o.ctx); err != nil {
		t.Fatal(err)
	}
	if effects := o.bogus.Effects(); len(effects) != 1 {
		t.Errorf("the gateway moved money %d times", len(effects))
	}
	form.Set("amount", "200.00")
	if page := asha.post(refunds(order, payment), form); page.status != http.StatusUnprocessableEntity || !strings.Contains(text(page.Find("[role=alert]")), "This form was already used to refund 100.00 INR.") {
		t.Errorf("a used form with another wish answers %d %q", page.status, text(page.Find("[role=alert]")))
	}
}

func TestRefundMoneyRefused(t *testing.T) {
	o := openOffice(t)
	order := o.order(nil)
	payment := o.payment(order, nil)
	asha := o.enter("support")
	tests := []struct {
		name   string
		fields []string
		says   string
		where  string // the field the sentence stands at; "" for the top of the form
	}{
		{"more than is left", []string{"mode", "partial", "amount", "1499.01"}, "Only 1,499.00 INR is left to refund.", "amount"},
		{"nothing", []string{"mode", "partial", "amount", ""}, "Enter an amount", "amount"},
		{"zero", []string{"mode", "partial", "amount", "0"}, "Enter an amount above zero.", "amount"},
		{"a minus", []string{"mode", "partial", "amount", "-1"}, "without a minus sign", "amount"},
		{"a comma", []string{"mode", "partial", "amount", "1,000.00"}, "without commas", "amount"},
		{"an exponent", []string{"mode", "partial", "amount", "1e3"}, "digits 0 to 9 only", "amount"},
		{"three decimals", []string{"mode", "partial", "amount", "1.005"}, "INR has 2 decimals", "amount"},
		{"full-width digits", []string{"mode", "partial", "amount", "１００"}, "digits 0 to 9 only", "amount"},
		{"another currency", []string{"mode", "partial", "amount", "10", "currency", "SEK"}, "This payment is in INR", "amount"},
		{"no reason", []string{"mode", "partial", "amount", "10", "reason", ""}, "Choose a reason for the refund", "reason"},
		{"a reason without end", []string{"mode", "partial", "amount", "10", "reason", strings.Repeat("mood ", 50)}, "at most 200 characters", "reason"},
		{"no line", []string{"mode", "lines"}, "Choose at least one line to refund.", ""},
		{"a line of another order", []string{"mode", "lines", "line_99999", "1"}, "not part of this order", ""},
		{"half a line", []string{"mode", "lines", "line_1", "0.5"}, "is not a number of items", ""},
		{"a form nobody was shown", []string{"mode", "partial", "amount", "10", "token", "x"}, "does not belong to you", ""},
	}
	for _, tt := range tests {
		for _, htmx := range []bool{false, true} {
			headers := []string{}
			if htmx {
				headers = append(headers, "HX-Request: true")
			}
			form := asha.refundForm(order, payment, append([]string{"note", "Called twice"}, tt.fields...)...)
			page := asha.post(refunds(order, payment), form, headers...)
			dialog := page.Find(fmt.Sprintf("#refund-%d[open]", payment))
			if page.status != http.StatusUnprocessableEntity || !strings.Contains(text(dialog), tt.says) {
				t.Errorf("%s: answers %d %q, want 422 with %q", tt.name, page.status, text(dialog), tt.says)
				continue
			}
			if id := fmt.Sprintf("#refund-%d-%s-error", payment, tt.where); tt.where != "" && !strings.Contains(text(dialog.Find(id)), tt.says) {
				t.Errorf("%s: the sentence does not stand at its field", tt.name)
			}
			for _, name := range []string{"amount", "token"} {
				if got := dialog.Find("[name="+name+"]").AttrOr("value", ""); got != form.Get(name) {
					t.Errorf("%s: the form comes back with %s %q, want %q", tt.name, name, got, form.Get(name))
				}
			}
			if got := text(dialog.Find("textarea")); got != "Called twice" {
				t.Errorf("%s: the note comes back as %q", tt.name, got)
			}
		}
	}
	var operations int
	if o.scan(&operations, `SELECT count(*) FROM operations`); operations != 0 {
		t.Errorf("%d operations were made", operations)
	}
}

// TestAmountsInTheReadersLanguage types amounts as people write them where a comma stands before the decimals.
// What may mean two things is refused, and the sentence about it is theirs.
func TestAmountsInTheReadersLanguage(t *testing.T) {
	o := openOffice(t)
	order := o.order(nil)
	payment := o.payment(order, nil)
	asha := o.enter("support")
	left := int64(149900)
	for _, tt := range []struct {
		language, amount string
		minor            int64
		says             string
	}{
		{"ru", "499,50", 49950, ""},
		{"sv", "1,5", 150, ""},
		{"ru", "1,234", 0, "Запишите сумму без разделителей тысяч"},
		{"sv", "1,234.00", 0, "Skriv beloppet utan tusentalsavgränsare"},
		{"ru", "499,50 руб", 0, "только цифрами от 0 до 9"},
		{"ru", "ten", 0, "только цифрами от 0 до 9, например 1234.50"},
		{"ru", "1.005", 0, "В INR после запятой не больше 2 знаков"},
		{"ru", "", 0, "Введите сумму, например 1234.50."},
		{"en", "499,50", 0, "without commas"},
		{"hi", "499,50", 0, "बिना अल्पविराम"},
	} {
		o.exec(`UPDATE users SET preferences = jsonb_set(preferences, '{language}', to_jsonb($1::text))`, tt.language)
		page := asha.post(refunds(order, payment), asha.refundForm(order, payment, "mode", "partial", "amount", tt.amount))
		if tt.says != "" {
			if got := text(page.Find(fmt.Sprintf("#refund-%d-amount-error", payment))); page.status != http.StatusUnprocessableEntity || !strings.Contains(got, tt.says) {
				t.Errorf("%q in %s answers %d %q, want 422 with %q", tt.amount, tt.language, page.status, got, tt.says)
			}
			continue
		}
		var booked int64
		if o.scan(&booked, `SELECT amount_minor FROM operations ORDER BY id DESC LIMIT 1`); page.status != http.StatusSeeOther || booked != tt.minor {
			t.Errorf("%q in %s answers %d and refunds %d, want %d", tt.amount, tt.language, page.status, booked, tt.minor)
		}
		left -= tt.minor
	}
	var counted int64
	if o.scan(&counted, `SELECT captured_minor - refunded_minor - refund_reserved_minor FROM payments WHERE id = $1`, payment); counted != left {
		t.Errorf("%d is left, want %d", counted, left)
	}
}

func TestRefundMoneyByLine(t *testing.T) {
	o := openOffice(t)
	order := o.order(nil)
	payment := o.payment(order, nil)
	var dupatta int64
	o.scan(&dupatta, `SELECT id FROM order_items WHERE order_id = $1 AND position = 2`, order) // two for 752.50
	asha := o.enter("support")
	line := fmt.Sprintf("line_%d", dupatta)
	sum := asha.get(refunds(order, payment)+"/new?mode=lines&shipping=1&"+line+"=1", "HX-Request: true")
	if got := text(sum.Selection); !strings.Contains(got, "1 × Block print dupatta 376.25 tax 61.25") || !strings.Contains(got, "Shipping 50.30 tax 7.80") || !strings.Contains(got, "Refund 426.55 INR to Meera Nair by Razorpay.") {
		t.Errorf("the sum reads %q", got)
	}
	plain := asha.refundForm(order, payment, "mode", "lines", line, "1", "update", "1")
	page := asha.post(refunds(order, payment), plain)
	if got := page.Find(".will").AttrOr("data-total", ""); page.status != http.StatusOK || got != "376.25" {
		t.Errorf("Update total answers %d with %q", page.status, got)
	}
	first := asha.refundForm(order, payment, "mode", "lines", line, "1", "shipping", "1")
	if answer := asha.post(refunds(order, payment), first); answer.status != http.StatusSeeOther {
		t.Fatalf("the first answers %d %s", answer.status, text(answer.Find("[role=alert]")))
	}
	again := asha.refundForm(order, payment, "mode", "lines", line, "2")
	if page := asha.post(refunds(order, payment), again); !strings.Contains(text(page.Find("[role=alert]")), "Only 1 of “Block print dupatta” can still be refunded.") {
		t.Errorf("two more answers %d %q", page.status, text(page.Find("[role=alert]")))
	}
	second := asha.refundForm(order, payment, "mode", "lines", line, "1")
	if answer := asha.post(refunds(order, payment), second); answer.status != http.StatusSeeOther {
		t.Fatalf("the second answers %d", answer.status)
	}
	var total int64
	if o.scan(&total, `SELECT sum(amount_minor) FROM operations WHERE order_id = $1`, order); total != 75250+5030 {
		t.Errorf("both dupattas and the shipping come to %d, want 80280", total)
	}
}

// The form has an address of its own, and after it the way back to the list is not lost.
func TestRefundMoneyWithoutScripts(t *testing.T) {
	o := openOffice(t)
	order := o.order(nil)
	payment := o.payment(order, nil)
	asha := o.enter("support")
	const list = "/sales/orders?event=REFUND_INITIATED"
	page := asha.get(refunds(order, payment) + "/new?back=" + url.QueryEscape(list))
	if page.Find(fmt.Sprintf("#refund-%d[open] form", payment)).Length() != 1 {
		t.Error("the address of the form shows it closed")
	}
	form := asha.refundForm(order, payment, "back", list)
	answer := asha.post(refunds(order, payment), form)
	want := fmt.Sprintf("/sales/orders/%d?back=%s#operation-%s", order, url.QueryEscape(list), answer.header.Get("X-Operation"))
	if got := answer.header.Get("Location"); got != want {
		t.Errorf("leads to %q, want %q", got, want)
	}
	if got := asha.get(answer.header.Get("Location")).Find("a.back").AttrOr("href", ""); got != list {
		t.Errorf("the way back leads to %q", got)
	}
	for _, nowhere := range []string{refunds(order, payment+1), refunds(order+1, payment)} {
		if page := asha.get(nowhere + "/new"); page.status != http.StatusNotFound {
			t.Errorf("%s/new answers %d, want 404", nowhere, page.status)
		}
	}
}

func TestRefundMoneyWarnsOfATwin(t *testing.T) {
	o := openOffice(t)
	order := o.order(nil)
	payment := o.payment(order, nil)
	asha := o.enter("support")
	asha.post(refunds(order, payment), asha.refundForm(order, payment, "mode", "partial", "amount", "100.00"))
	sum := func(amount string) string {
		return text(asha.get(refunds(order, payment)+"/new?mode=partial&currency=INR&amount="+amount, "HX-Request: true").Selection)
	}
	if got := sum("100.00"); !strings.Contains(got, "100.00 INR was already refunded less than a minute ago by Asha Rao") {
		t.Errorf("the same amount again reads %q", got)
	}
	if got := sum("100.01"); strings.Contains(got, "already refunded") {
		t.Errorf("another amount reads %q", got)
	}
	o.exec(`UPDATE operations SET created_at = now() - interval '11 minutes'`)
	if got := sum("100.00"); strings.Contains(got, "already refunded") {
		t.Errorf("eleven minutes later it reads %q", got)
	}
}

func TestRefundMoneyIsNotOffered(t *testing.T) {
	o := openOffice(t)
	ravi := o.enter("owner")
	tests := []struct {
		name    string
		order   map[string]any
		payment map[string]any
		says    string
	}{
		{"cash on delivery", map[string]any{"gateway": "cod"}, nil, "Cash on delivery: no payment was taken online"},
		{"a store without FYND", map[string]any{"store_id": 43}, map[string]any{}, "No Razorpay settings are stored for Chandni in test mode."},
		{"paid by CCAvenue", map[string]any{"gateway": "ccavenue"}, map[string]any{"gateway": "ccavenue"}, "No CCAvenue settings are stored for Ruosh in test mode."},
		{"held only", nil, map[string]any{"status": "authorized", "captured_minor": 0}, "held but not captured yet"},
		{"declined", nil, map[string]any{"status": "failed", "captured_minor": 0, "authorized_minor": 0}, "This payment is failed"},
		{"all returned", nil, map[string]any{"status": "refunded", "refunded_minor": 149900}, "All of 1,499.00 INR has been returned."},
		{"all on its way", nil, map[string]any{"status": "refunding", "refund_reserved_minor": 149900}, "1,499.00 INR is already on its way back"},
		{"no Razorpay id", nil, map[string]any{"ref": nil}, "no Razorpay id yet"},
		{"live, without settings", nil, map[string]any{"mode": "live"}, "No Razorpay settings are stored for Ruosh in live mode."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			order := o.order(tt.order)
			var payment int64
			if tt.payment != nil {
				payment = o.payment(order, tt.payment)
			}
			page := ravi.get(fmt.Sprintf("/sales/orders/%d", order))
			if got := text(page.Find(".payment, #payments")); !strings.Contains(got, tt.says) {
				t.Errorf("the page says %q, want %q", got, tt.says)
			}
			if page.Find("form[action$='/refunds']").Length() != 0 || strings.Contains(text(page.Find("a, button")), "Refund Money") {
				t.Error("there is a button")
			}
			if payment == 0 {
				return
			}
			var owner int64
			o.scan(&owner, `SELECT id FROM users WHERE email = 'owner@ruosh.example'`)
			form := url.Values{"token": {o.db.FormToken(owner, "refund", payment)}, "amount": {"1.00"}, "currency": {"INR"}, "reason": {"returned"}}
			answer := ravi.post(refunds(order, payment), form)
			if answer.status != http.StatusUnprocessableEntity || answer.Find("[role=alert]").Length() == 0 {
				t.Errorf("asked all the same, it answers %d %q", answer.status, text(answer.Find("[role=alert]")))
			}
		})
	}
	var operations int
	if o.scan(&operations, `SELECT count(*) FROM operations`); operations != 0 {
		t.Errorf("%d operations were made", operations)
	}
}

func TestRefundMoneyNeedsTheRight(t *testing.T) {
	o := openOffice(t)
	order := o.order(nil)
	payment := o.payment(order, nil)
	form := o.enter("support").refundForm(order, payment)
	vera := o.enter("viewer")
	page := vera.get(fmt.Sprintf("/sales/orders/%d", order))
	if page.status != http.StatusOK || page.Find("dialog#status, dialog[id^=refund], a.primary").Length() != 0 {
		t.Error("a viewer is shown buttons")
	}
	if answer := vera.post(refunds(order, payment), form); answer.status != http.StatusForbidden {
		t.Errorf("a viewer's refund answers %d, want 403", answer.status)
	}
	if answer := vera.get(refunds(order, payment) + "/new"); answer.status != http.StatusForbidden {
		t.Errorf("a viewer's form answers %d, want 403", answer.status)
	}
	foreign := o.order(map[string]any{"store_id": 43})
	elsewhere := o.payment(foreign, nil)
	asha := o.enter("support")
	for _, path := range []string{refunds(foreign, elsewhere), refunds(order, elsewhere), refunds(order, 0), refunds(foreign, payment)} {
		var user int64
		o.scan(&user, `SELECT id FROM users WHERE email = 'support@ruosh.example'`)
		form := url.Values{"amount": {"1.00"}, "currency": {"INR"}, "reason": {"returned"}, "token": {o.db.FormToken(user, "refund", elsewhere)}}
		answer := asha.post(path, form)
		if answer.status != http.StatusNotFound && answer.status != http.StatusUnprocessableEntity {
			t.Errorf("%s answers %d", path, answer.status)
		}
	}
	if answer := asha.post(refunds(foreign, elsewhere), url.Values{"amount": {"1.00"}, "currency": {"INR"}, "reason": {"returned"}}); answer.status != http.StatusNotFound && answer.status != http.StatusForbidden {
		t.Errorf("another store's payment answers %d", answer.status)
	}
	var operations int
	if o.scan(&operations, `SELECT count(*) FROM operations`); operations != 0 {
		t.Errorf("%d operations were made", operations)
	}
}

func TestAskTheGatewayNow(t *testing.T) {
	o := openOffice(t)
	order := o.order(nil)
	payment := o.payment(order, nil)
	asha := o.enter("support")
	o.bogus.Next(gatewaytest.PendDropped)
	op := asha.post(refunds(order, payment), asha.refundForm(order, payment, "mode", "partial", "amount", "10.00")).header.Get("X-Operation")
	if _, err := o.db.SettleDue(o.ctx); err != nil {
		t.Fatal(err)
	}
	o.exec(`UPDATE operations SET next_at = now() + interval '1 hour'`)
	page := asha.get(fmt.Sprintf("/sales/orders/%d", order))
	shown := page.Find("#operation-" + op)
	if got := text(shown); !strings.Contains(got, "Unknown") || !strings.Contains(got, "nobody knows yet whether the money moved") || !strings.Contains(got, "Ask Razorpay now") {
		t.Errorf("an unanswered refund reads %q", got)
	}
	if got := text(page.Find(".facts")); !strings.Contains(got, "Left to refund 1,489.00 INR") {
		t.Errorf("its money is not set aside: %q", got)
	}
	answer := asha.post("/operations/"+op+"/retry", url.Values{})
	if want := fmt.Sprintf("/sales/orders/%d#operation-%s", order, op); answer.status != http.StatusSeeOther || answer.header.Get("Location") != want {
		t.Errorf("answers %d to %q, want 303 to %q", answer.status, answer.header.Get("Location"), want)
	}
	if _, err := o.db.SettleDue(o.ctx); err != nil {
		t.Fatal(err)
	}
	o.bogus.Settle(o.bogus.Effects()[0].Key, "succeeded")
	time.Sleep(20 * time.Millisecond)
	if _, err := o.db.SettleDue(o.ctx); err != nil {
		t.Fatal(err)
	}
	page = asha.get(fmt.Sprintf("/sales/orders/%d", order))
	if got := page.Find("#operation-"+op).AttrOr("data-state", ""); got != "succeeded" || len(o.bogus.Effects()) != 1 {
		t.Errorf("asked again, it is %s after %d effects", got, len(o.bogus.Effects()))
	}
	if refused := asha.post("/operations/"+op+"/retry", url.Values{}); refused.status != http.StatusUnprocessableEntity || !strings.Contains(text(refused.Find("[role=alert]")), "there is nothing to ask") {
		t.Errorf("asking about what is done answers %d", refused.status)
	}
	if refused := o.enter("viewer").post("/operations/"+op+"/retry", url.Values{}); refused.status != http.StatusForbidden {
		t.Errorf("a viewer gets %d, want 403", refused.status)
	}
}

func TestTellFyndAgain(t *testing.T) {
	o := openOffice(t)
	order := o.order(nil)
	update := o.insert("partner_updates", map[string]any{
		"store_id": 40, "order_id": order, "kind": "refund_session", "request_id": "16916747740991418099", "status": "refund_done",
		"amount_minor": 49900, "currency": "INR", "state": "failed", "tries": 50, "problem": "Fynd did not answer.",
	})
	asha := o.enter("support")
	page := asha.get(fmt.Sprintf("/sales/orders/%d", order))
	if got := text(page.Find("#partner")); !strings.Contains(got, "16916747740991418099 499.00 INR Failed Fynd did not answer. Tell Fynd again") {
		t.Errorf("what Fynd was told reads %q", got)
	}
	path := fmt.Sprintf("/sales/orders/%d/updates/%d/retry", order, update)
	if answer := asha.post(path, url.Values{}); answer.status != http.StatusSeeOther {
		t.Errorf("answers %d", answer.status)
	}
	var state string
	if o.scan(&state, `SELECT state FROM partner_updates WHERE id = $1`, update); state != "queued" {
		t.Errorf("the update is %s, want queued", state)
	}
	o.exec(`UPDATE partner_updates SET state = 'done', problem = 'Not told: Fynd knows the end of this refund already.', done_at = now() WHERE id = $1`, update)
	if got := text(asha.get(fmt.Sprintf("/sales/orders/%d", order)).Find("#partner")); !strings.Contains(got, "499.00 INR Not told Fynd knows more of this refund already.") || strings.Contains(got, "Tell Fynd again") {
		t.Errorf("what was overtaken reads %q", got)
	}
	if answer := asha.post(fmt.Sprintf("/sales/orders/%d/updates/%d/retry", o.order(nil), update), url.Values{}); answer.status != http.StatusNotFound {
		t.Errorf("under another order it answers %d, want 404", answer.status)
	}
	if answer := o.enter("viewer").post(path, url.Values{}); answer.status != http.StatusForbidden {
		t.Errorf("a viewer gets %d, want 403", answer.status)
	}
}

// TestTwoPeopleWithOnePartInMind lets two people fill in the same part on forms shown at the same time: the second
// is told of the first, sees what is left now, and may press again.
func TestTwoPeopleWithOnePartInMind(t *testing.T) {
	o := openOffice(t)
	order := o.order(nil)
	payment := o.payment(order, nil)
	asha, farah := o.enter("support"), o.enter("owner")
	hers, theirs := asha.refundForm(order, payment), farah.refundForm(order, payment)
	for _, form := range []url.Values{hers, theirs} {
		form.Set("mode", "partial")
		form.Set("amount", "450.00")
		form.Set("reason", "requested_by_customer")
	}
	if answer := asha.post(refunds(order, payment), hers); answer.status != http.StatusSeeOther {
		t.Fatalf("the first answers %d", answer.status)
	}
	again := farah.post(refunds(order, payment), theirs)
	if form := text(again.Find("dialog[open] form")); again.status != http.StatusUnprocessableEntity || !strings.Contains(form, "1,049.00 INR is left") {
		t.Errorf("the second answers %d with %q", again.status, form)
	}
	if repeated := asha.post(refunds(order, payment), hers); repeated.status != http.StatusSeeOther {
		t.Errorf("the first form sent twice answers %d", repeated.status)
	}
	if left := again.Find("dialog[open] input[name=full]").AttrOr("value", ""); left != "1049.00" {
		t.Errorf("the form shown again has %q left", left)
	}
	theirs.Set("full", "1049.00")
	if answer := farah.post(refunds(order, payment), theirs); answer.status != http.StatusSeeOther {
		t.Errorf("pressed again it answers %d", answer.status)
	}
}
