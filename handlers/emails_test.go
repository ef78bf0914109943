package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// email seeds an e-mail that was sent about an order.
func (o *office) email(order int64, change map[string]any) int64 {
	o.Helper()
	row := map[string]any{
		"store_id": 40, "order_id": order, "partner_order_id": "FY1", "kind": "event", "webhook_id": order, "claimed_store_id": "40", "event": "ORDER_PLACED",
		"occurrence": "ORDER_PLACED", "state": "sent", "recipient": "meera.nair@mail.example", "sender": "orders@ruosh.example", "subject": "Your order FY1",
		"html_body": "<p>Thank you</p><script>alert(1)</script>", "text_body": "Thank you\n", "message_id": fmt.Sprintf("kfy.%d@ruosh.example", order),
		"raw": []byte("Subject: =?UTF-8?q?=D0=9B=D0=B0?=\r\n vka\r\n\r\nThank you\r\n"), "answer": "2.0.0 OK", "server": "127.0.0.1:25", "tries": 1, "written_at": "2026-01-31",
	}
	for column, value := range change {
		row[column] = value
	}
	return o.insert("emails", row)
}

func TestEmailIsShownAsAForeignDocument(t *testing.T) {
	o := openOffice(t)
	path := fmt.Sprintf("/system/tools/emails/%d", o.email(o.order(nil), nil))
	support := o.enter("support")
	page := support.get(path)
	if frame := page.Find("iframe"); frame.AttrOr("src", "") != path+"/body" || frame.AttrOr("sandbox", "none") != "" {
		t.Errorf("the frame is %q with sandbox %q", frame.AttrOr("src", ""), frame.AttrOr("sandbox", "none"))
	}
	if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-src 'self'") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("the page's policy is %q", policy)
	}
	if strings.Contains(page.html, "alert(1)") {
		t.Error("the page holds what the e-mail holds")
	}
	if head := text(page.Find("#message dl")); !strings.Contains(head, "Subject Ла vka") {
		t.Errorf("the head is shown as %q", head)
	}
	for part, kind := range map[string]string{"/body": "text/html; charset=utf-8", "/text": "text/plain; charset=utf-8", "/message.eml": "message/rfc822"} {
		got := support.get(path + part)
		policy := got.header.Get("Content-Security-Policy")
		if got.status != http.StatusOK || got.header.Get("Content-Type") != kind || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %s", part, got.status, got.header.Get("Content-Type"))
		}
		if !strings.HasPrefix(policy, "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'") || strings.Contains(policy, "allow") || strings.Contains(policy, "script") {
			t.Errorf("%s: policy %q", part, policy)
		}
	}
	if got := support.get(path + "/message.eml").header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment; filename=\"email-") {
		t.Errorf("the file is %q", got)
	}
	if policy := support.get("/sales/orders").header.Get("Content-Security-Policy"); strings.Contains(policy, "frame-src") {
		t.Error("every page may show frames")
	}
}

func TestEmailsKeepToTheirStoreAndRights(t *testing.T) {
	o := openOffice(t)
	mine := fmt.Sprintf("/system/tools/emails/%d", o.email(o.order(nil), nil))
	foreign := fmt.Sprintf("/system/tools/emails/%d", o.email(o.order(map[string]any{"store_id": 43}), map[string]any{"store_id": 43}))
	unwritten := fmt.Sprintf("/system/tools/emails/%d", o.email(o.order(nil), map[string]any{"state": "not_sent", "cause": "store_zero", "why": "The webhook carries store_ID 0; the store is 40.", "raw": nil, "message_id": ""}))
	modelstest.Person(t, o.db, "Mira", models.Manager, 40)
	support, viewer, manager, owner := o.enter("support"), o.enter("viewer"), o.enter("mira"), o.enter("owner")
	for _, part := range []string{"", "/body", "/text", "/message.eml"} {
		if got := support.get(mine + part).status; got != http.StatusOK {
			t.Errorf("support %s: %d", part, got)
		}
		if got := support.get(foreign + part).status; got != http.StatusNotFound {
			t.Errorf("support reads another store's %s: %d", part, got)
		}
		if got := viewer.get(mine + part).status; got != http.StatusForbidden {
			t.Errorf("viewer %s: %d", part, got)
		}
		if got := manager.get(mine + part).status; got != http.StatusOK {
			t.Errorf("manager %s: %d", part, got)
		}
		if got := owner.get(foreign + part).status; got != http.StatusOK {
			t.Errorf("owner %s: %d", part, got)
		}
	}
	if got := support.get(unwritten + "/body").status; got != http.StatusNotFound {
		t.Errorf("the body of what was never written: %d", got)
	}
	if page := support.get(unwritten); page.Find(`[data-check="store_id"][data-result="failed"]`).Length() != 1 || page.Find("iframe").Length() != 0 {
		t.Error("a decision not to send is not explained")
	}
	if manager.get(mine).Find("#resend").Length() != 0 || manager.post(mine+"/resends", url.Values{"to": {"self"}}).status != http.StatusForbidden {
		t.Error("a manager, who may only read, can send e-mails again")
	}
	if got := support.post(foreign+"/resends", url.Values{"to": {"self"}}).status; got != http.StatusNotFound {
		t.Errorf("support sends another store's e-mail again: %d", got)
	}
	if page := viewer.get(fmt.Sprintf("/sales/orders/%d", o.orderOf(mine))); page.Find("#emails a").Length() != 0 || page.Find("#emails .mail-chain").Length() != 1 {
		t.Error("a viewer sees links to what they may not read, or no explanation")
	}
}

func (o *office) orderOf(path string) (order int64) {
	o.scan(&order, `SELECT order_id FROM emails WHERE id = $1::text::bigint`, path[strings.LastIndex(path, "/")+1:])
	return order
}

func TestResendGoesToOneselfUnlessTheCustomerIsChosen(t *testing.T) {
	o := openOffice(t)
	path := fmt.Sprintf("/system/tools/emails/%d", o.email(o.order(nil), nil))
	support := o.enter("support")
	form := func() url.Values {
		return url.Values{"token": {support.get(path).Find(`#resend input[name="token"]`).AttrOr("value", "")}}
	}
	if checked := support.get(path).Find(`#resend input[name="to"][checked]`).AttrOr("value", ""); checked != "self" {
		t.Errorf("the form sends to %q by default", checked)
	}
	last := func() (to string) {
		o.scan(&to, `SELECT audience || ' ' || recipient || ' ' || requester || ' ' || state FROM emails ORDER BY id DESC LIMIT 1`)
		return to
	}
	sent := form()
	for range 2 { // pressed twice
		if got := support.post(path+"/resends", sent); got.status != http.StatusSeeOther || !strings.HasPrefix(got.header.Get("Location"), "/system/tools/emails/") {
			t.Fatalf("resend: %d to %s", got.status, got.header.Get("Location"))
		}
	}
	var n int
	if o.scan(&n, `SELECT count(*) FROM emails WHERE kind = 'resend'`); n != 1 || last() != "self support@ruosh.example Asha Rao queued" {
		t.Errorf("%d e-mails, the last %q", n, last())
	}
	chosen := form()
	chosen.Set("to", "customer")
	if support.post(path+"/resends", chosen); last() != "customer meera.nair@mail.example Asha Rao queued" {
		t.Errorf("to the customer: %q", last())
	}
	if got := support.post(path+"/resends", url.Values{"token": {"made up"}}); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.html, "Reload the page") {
		t.Errorf("a form of somebody else: %d", got.status)
	}
	evil := form()
	evil.Set("to", "thief@mail.example")
	if got := support.post(path+"/resends", evil); got.status != http.StatusUnprocessableEntity {
		t.Errorf("to somebody else: %d", got.status)
	}
	if o.scan(&n, `SELECT count(*) FROM audit_log WHERE action = 'email.resent'`); n != 2 {
		t.Errorf("%d audit rows, want 2", n)
	}
}

func TestEmailRulesPage(t *testing.T) {
	o := openOffice(t)
	owner, support := o.enter("owner"), o.enter("support")
	page := owner.get("/system/emails?store=40")
	if page.Find(`input[value="ORDER_PLACED"][checked]`).Length() != 1 || page.Find(`input[value="SHIPMENT_CREATED"][checked]`).Length() != 0 {
		t.Error("the defaults are not shown")
	}
	if !strings.Contains(text(page.Find(".banner")), "No mail server is configured") {
		t.Error("nothing says that there is no mail server")
	}
	if got := owner.post("/system/emails", url.Values{"store": {"40"}, "event": {"SHIPMENT_CREATED", "REFUND_DONE"}}); got.status != http.StatusSeeOther {
		t.Fatalf("save: %d", got.status)
	}
	page = owner.get("/system/emails?store=40")
	if page.Find(`input[name="event"][checked]`).Length() != 2 || page.Find(`input[value="SHIPMENT_CREATED"][checked]`).Length() != 1 {
		t.Error("what was saved is not shown")
	}
	if other := owner.get("/system/emails?store=43"); other.Find(`input[name="event"][checked]`).Length() != 4 {
		t.Error("one store's choice is another's")
	}
	if support.get("/system/emails").Find("button.primary").Length() != 0 || support.post("/system/emails", url.Values{"store": {"40"}}).status != http.StatusForbidden {
		t.Error("support changes the rules")
	}
	if got := support.get("/system/emails?store=43").status; got != http.StatusNotFound {
		t.Errorf("the rules of another store: %d", got)
	}
	if got := owner.post("/system/emails", url.Values{"store": {"40"}, "event": {"<script>"}}).status; got != http.StatusUnprocessableEntity {
		t.Errorf("an event nobody knows: %d", got)
	}
}
