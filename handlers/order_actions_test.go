package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/money"
)

// held seeds an order whose payment is held by CCAvenue, Bogus under that name.
func (o *office) held() (order, payment int64) {
	o.Helper()
	o.exec(`INSERT INTO gateway_settings (store_id, gateway, mode, version, values) VALUES (40, 'ccavenue', 'test', 1, '{"key":"k","secret":"s"}') ON CONFLICT DO NOTHING`)
	order = o.order(map[string]any{"gateway": "ccavenue", "status": "pending"})
	ref := fmt.Sprintf("held_%d", time.Now().UnixNano())
	payment = o.payment(order, map[string]any{
		"gateway": "ccavenue", "ref": ref, "status": "authorized", "captured_minor": 0, "capture_before": time.Now().Add(76*time.Hour + 30*time.Minute),
		"order_ref": "", "rrn": "", "card_last4": "", "card_first6": "",
	})
	o.bogus.AddPayment(gateways.Payment{Ref: ref, Word: "Successful", Amount: money.New(149900, "INR"), Authorized: true})
	return order, payment
}

func (o *office) settle() {
	o.Helper()
	for range 20 {
		if _, err := o.db.SettleDue(o.ctx); err != nil {
			o.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// actionForm is the form of an action as the page shows it, filled in with fields.
func (p *person) actionForm(order, payment int64, what string, fields ...string) url.Values {
	p.Helper()
	page := p.get(fmt.Sprintf("/sales/orders/%d/payments/%d/%s/new", order, payment, what))
	form := url.Values{}
	page.Find(fmt.Sprintf("form[action$='/payments/%d/%s']", payment, what)).Find("input, select, textarea").Each(func(_ int, s *goquery.Selection) {
		name, kind := s.AttrOr("name", ""), s.AttrOr("type", "")
		if _, ticked := s.Attr("checked"); name == "" || (kind == "radio" || kind == "checkbox") && !ticked {
			return
		}
		form.Set(name, s.AttrOr("value", ""))
	})
	if form.Get("token") == "" {
		p.Fatalf("order %d shows no form for %s of payment %d", order, what, payment)
	}
	if page.Find("dialog[open]").Length() != 1 {
		p.Errorf("%d dialogs are open", page.Find("dialog[open]").Length())
	}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return form
}

func actions(order, payment int64, what string) string {
	return fmt.Sprintf("/sales/orders/%d/payments/%d/%s", order, payment, what)
}

func TestCaptureFromThePage(t *testing.T) {
	o := openOffice(t)
	order, payment := o.held()
	farah := o.enter("finance")
	page := farah.get(fmt.Sprintf("/sales/orders/%d", order))
	panel := text(page.Find(".payment"))
	if !strings.Contains(panel, "(3 d 4 h left)") || !strings.Contains(panel, "The money is held but not captured yet") {
		t.Errorf("the payment reads %q", panel)
	}
	if got := text(page.Find(fmt.Sprintf("#capture-%d .will", payment))); got != "Capture 1,499.00 INR at CCAvenue." {
		t.Errorf("the form says %q", got)
	}
	form := farah.actionForm(order, payment, "captures", "mode", "partial", "amount", "1500.00", "reason", "Sent today")
	refused := farah.post(actions(order, payment, "captures"), form)
	if refused.status != http.StatusUnprocessableEntity || !strings.Contains(text(refused.Find("dialog[open]")), "Only 1,499.00 INR is left to capture.") ||
		refused.Find("dialog[open] [name=amount]").AttrOr("value", "") != "1500.00" || refused.Find("dialog[open] [name=reason]").AttrOr("value", "") != "Sent today" {
		t.Errorf("too much: %d %q", refused.status, text(refused.Find("dialog[open]")))
	}
	form.Set("amount", "999.00")
	answer := farah.post(actions(order, payment, "captures"), form)
	op := answer.header.Get("X-Operation")
	if answer.status != http.StatusSeeOther || answer.header.Get("Location") != fmt.Sprintf("/sales/orders/%d#operation-%s", order, op) {
		t.Fatalf("captured: %d %v %q", answer.status, answer.header, text(answer.Find("dialog[open]")))
	}
	if again := farah.post(actions(order, payment, "captures"), form); again.header.Get("X-Operation") != op {
		t.Errorf("the form again made operation %q, not %q", again.header.Get("X-Operation"), op)
	}
	o.settle()
	page = farah.get(fmt.Sprintf("/sales/orders/%d", order))
	if got := text(page.Find("#operation-" + op)); !strings.Contains(got, "Capture #"+op+" 999.00 INR Done") || !strings.Contains(got, "The money is drawn.") {
		t.Errorf("the operation reads %q", got)
	}
	if got := text(page.Find(".payment .blocked")); !strings.Contains(got, "Change amount: The payment is captured, so its amount can no longer change.") {
		t.Errorf("after the capture: %q", got)
	}
	if page.Find(".payment .actions button[disabled]").Length() != 1 || page.Find("a[href$='/refunds/new']").Length() != 1 || strings.Contains(text(page.Find(".payment")), "Refund Money") {
		t.Errorf("the buttons are %q", text(page.Find(".payment .actions")))
	}
	if got := text(page.Find("#history, .timeline")); !strings.Contains(got, "Capture of 999.00 INR requested: Sent today.") {
		t.Errorf("history: %q", got)
	}
}

func TestCancelFromThePage(t *testing.T) {
	o := openOffice(t)
	order, payment := o.held()
	farah := o.enter("finance")
	form := farah.actionForm(order, payment, "cancellations")
	answer := farah.post(actions(order, payment, "cancellations"), form)
	if answer.status != http.StatusSeeOther {
		t.Fatalf("%d %q", answer.status, text(answer.Find("[role=alert]")))
	}
	o.settle()
	page := farah.get(fmt.Sprintf("/sales/orders/%d", order))
	if got := page.Find("[data-payment-status]").AttrOr("data-payment-status", ""); got != "canceled" {
		t.Errorf("the payment is %s", got)
	}
	if effects := o.bogus.Effects(); len(effects) != 1 || effects[0].Verb != gateways.Void {
		t.Errorf("the gateway did %+v", effects)
	}
	order, payment = o.held()
	form = farah.actionForm(order, payment, "cancellations")
	var ref string
	o.scan(&ref, `SELECT ref FROM payments WHERE id = $1`, payment)
	o.bogus.AddPayment(gateways.Payment{Ref: ref, Word: "Cancelled", Amount: money.New(149900, "INR"), Canceled: true, Voided: 149900})
	answer = farah.post(actions(order, payment, "cancellations"), form)
	if answer.status != http.StatusOK || !strings.Contains(text(answer.Find(".banner")), "The authorization was given back already") {
		t.Errorf("undone there: %d %q", answer.status, text(answer.Find("#order")))
	}
}

func TestAmountUpdateFromThePage(t *testing.T) {
	o := openOffice(t)
	order, payment := o.held()
	farah := o.enter("finance")
	var item int64
	o.scan(&item, `SELECT id FROM order_items WHERE order_id = $1 AND position = 3`, order)
	form := farah.actionForm(order, payment, "amount-updates")
	if form.Get("mode") != "lines" || form.Get(fmt.Sprintf("line_%d", item)) != "1" {
		t.Fatalf("the form begins as %v", form)
	}
	same := farah.post(actions(order, payment, "amount-updates"), form)
	if same.status != http.StatusUnprocessableEntity || !strings.Contains(text(same.Find("dialog[open]")), "The payment holds 1,499.00 INR already") {
		t.Errorf("unchanged: %d %q", same.status, text(same.Find("dialog[open]")))
	}
	form.Set(fmt.Sprintf("line_%d", item), "0")
	query := url.Values{}
	for name, values := range form {
		if name != "token" {
			query[name] = values
		}
	}
	if got := text(farah.get(actions(order, payment, "amount-updates")+"/new?"+query.Encode(), "HX-Request: true").Find(".will")); got != "Have CCAvenue hold 1,302.30 INR." {
		t.Errorf("adding up says %q", got)
	}
	answer := farah.post(actions(order, payment, "amount-updates"), form)
	if answer.status != http.StatusSeeOther {
		t.Fatalf("%d %q", answer.status, text(answer.Find("dialog[open]")))
	}
	o.settle()
	page := farah.get(fmt.Sprintf("/sales/orders/%d", order))
	if got := text(page.Find("#order")); !strings.Contains(got, "The order now comes to 1,302.30 INR: 0 instead of 1 × Leather mojari, 39.") {
		t.Errorf("the page says %q", got)
	}
}

// Every action is checked on the server, and nobody without the right is shown its button.
func TestActionsNeedTheRight(t *testing.T) {
	o := openOffice(t)
	order, payment := o.held()
	for _, who := range []string{"support", "viewer"} {
		p := o.enter(who)
		page := p.get(fmt.Sprintf("/sales/orders/%d", order))
		for _, what := range []string{"captures", "cancellations", "amount-updates"} {
			if page.Find(fmt.Sprintf("[href$='/%s/new'], form[action$='/%[1]s']", what)).Length() != 0 {
				t.Errorf("%s is shown %s", who, what)
			}
			if answer := p.get(actions(order, payment, what) + "/new"); answer.status != http.StatusForbidden {
				t.Errorf("%s opens %s: %d", who, what, answer.status)
			}
			if answer := p.post(actions(order, payment, what), url.Values{"token": {"x"}}); answer.status != http.StatusForbidden {
				t.Errorf("%s asks for %s: %d", who, what, answer.status)
			}
		}
	}
	var n int
	if o.scan(&n, `SELECT count(*) FROM operations`); n != 0 || len(o.bogus.Calls()) != 0 {
		t.Errorf("%d operations, %d calls", n, len(o.bogus.Calls()))
	}
	farah := o.enter("finance")
	form := farah.actionForm(order, payment, "captures")
	other, otherPayment := o.held()
	if answer := farah.post(actions(other, otherPayment, "captures"), form); answer.status != http.StatusUnprocessableEntity || !strings.Contains(text(answer.Find("[role=alert]")), "does not belong to you or to this payment") {
		t.Errorf("the token of another payment: %d %q", answer.status, text(answer.Find("[role=alert]")))
	}
	if answer := farah.post(actions(order, otherPayment, "captures"), form); answer.status != http.StatusUnprocessableEntity && answer.status != http.StatusNotFound {
		t.Errorf("a payment of another order: %d", answer.status)
	}
}

func TestDecideFromThePage(t *testing.T) {
	o := openOffice(t)
	order, payment := o.held()
	farah := o.enter("finance")
	o.bogus.Next(gatewaytest.DropBefore)
	answer := farah.post(actions(order, payment, "captures"), farah.actionForm(order, payment, "captures"))
	op := answer.header.Get("X-Operation")
	if err := o.db.DispatchOperation(o.ctx, number(t, op)); err != nil {
		t.Fatal(err)
	}
	review := "/operations/" + op + "/review"
	if early := farah.get(review); early.status != http.StatusUnprocessableEntity || !strings.Contains(text(early.Find("[role=alert]")), "there is nothing to decide") {
		t.Errorf("too early: %d %q", early.status, text(early.Find("[role=alert]")))
	}
	o.exec(`UPDATE operations SET state = 'needs_review', next_at = NULL, problem = 'Look.' WHERE id = $1`, number(t, op))
	if got := farah.get(fmt.Sprintf("/sales/orders/%d", order)).Find("a[href='" + review + "']").Length(); got != 1 {
		t.Errorf("%d ways to decide from the order", got)
	}
	page := farah.get(review)
	if page.status != http.StatusOK || !strings.Contains(text(page.Find("#listed")), "0.00 INR captured") {
		t.Errorf("the review: %d %q", page.status, text(page.Find("main")))
	}
	decide := "/operations/" + op + "/decision"
	form := url.Values{"decision": {"yes"}, "ref": {"cap_9"}, "reason": {"I feel so"}}
	refused := farah.post(decide, form)
	if refused.status != http.StatusUnprocessableEntity || !strings.Contains(text(refused.Find("[role=alert]")), "it did not happen") || refused.Find("[name=ref]").AttrOr("value", "") != "cap_9" {
		t.Errorf("against the gateway: %d %q", refused.status, text(refused.Find("main")))
	}
	if forbidden := o.enter("support").post(decide, form); forbidden.status != http.StatusForbidden {
		t.Errorf("support decides: %d", forbidden.status)
	}
	form.Set("decision", "no")
	if done := farah.post(decide, form); done.status != http.StatusSeeOther {
		t.Errorf("decided: %d %q", done.status, text(done.Find("[role=alert]")))
	}
	if got := text(farah.get(fmt.Sprintf("/sales/orders/%d", order)).Find("#operation-" + op)); !strings.Contains(got, "Failed") || !strings.Contains(got, "I feel so") {
		t.Errorf("the operation reads %q", got)
	}
}

func number(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
