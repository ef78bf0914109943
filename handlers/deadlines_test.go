package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// planForm is the Plan the capture form as the page of an order shows it, for a time.
func (p *person) planForm(order, payment int64, at string) url.Values {
	p.Helper()
	page := p.get(fmt.Sprintf("/sales/orders/%d", order))
	form := page.Find(fmt.Sprintf("form[action$='/payments/%d/planned-captures']", payment))
	if form.Length() != 1 {
		p.Fatalf("the page of order %d has %d forms to plan a capture: %q", order, form.Length(), text(page.Find(".payment")))
	}
	return url.Values{"at": {at}, "token": {form.Find("[name=token]").AttrOr("value", "")}}
}

func TestPlanCaptureFromThePage(t *testing.T) {
	o := openOffice(t)
	order, payment := o.held()
	path, page := actions(order, payment, "planned-captures"), fmt.Sprintf("/sales/orders/%d", order)
	farah := o.enter("finance")
	if got := text(farah.get(page).Find(".payment [data-deadline]")); got != "Capture before: 3 d left" {
		t.Errorf("the badge says %q", got)
	}
	kolkata := time.FixedZone("IST", 19800)
	at := time.Now().Add(50 * time.Hour).In(kolkata).Truncate(time.Minute)
	for _, x := range []struct{ at, want string }{
		{"soon", "Write the time as a date and an hour"},
		{time.Now().Add(-time.Hour).In(kolkata).Format("2006-01-02T15:04"), "Choose a time to come"},
		{time.Now().Add(90 * time.Hour).In(kolkata).Format("2006-01-02T15:04"), "Plan the capture for 15 minutes before that at the latest."},
	} {
		refused := farah.post(path, farah.planForm(order, payment, x.at))
		if refused.status != http.StatusUnprocessableEntity || !strings.Contains(text(refused.Find("details.plan-capture[open]")), x.want) ||
			refused.Find("details.plan-capture[open] [name=at]").AttrOr("value", "") != x.at {
			t.Errorf("%s: %d %q", x.at, refused.status, text(refused.Find("details.plan-capture")))
		}
	}
	form := farah.planForm(order, payment, at.Format("2006-01-02T15:04"))
	for range 2 { // the same form twice is one plan
		if answer := farah.post(path, form); answer.status != http.StatusSeeOther || answer.header.Get("Location") != fmt.Sprintf("%s#payment-%d", page, payment) {
			t.Fatalf("planned: %d %q", answer.status, text(answer.Find(".payment")))
		}
	}
	shown := farah.get(page)
	if got := text(shown.Find("[data-planned=waiting]")); !strings.HasPrefix(got, "Farah Khan planned the capture for "+at.Format("2 Jan 2006, 15:04")) {
		t.Errorf("the page says %q", got)
	}
	if shown.Find("details.plan-capture").Length() != 0 {
		t.Error("a second capture can be planned")
	}
	if got := text(o.enter("viewer").get(page).Find("[data-planned=waiting]")); !strings.Contains(got, "Farah Khan planned") || strings.Contains(got, "Cancel") {
		t.Errorf("a viewer sees %q", got)
	}
	for _, who := range []string{"viewer", "support"} {
		if answer := o.enter(who).post(path, form); answer.status != http.StatusForbidden {
			t.Errorf("%s plans a capture: %d", who, answer.status)
		}
		if answer := o.enter(who).post(path+"/cancellations", url.Values{}); answer.status != http.StatusForbidden {
			t.Errorf("%s cancels a plan: %d", who, answer.status)
		}
	}
	if answer := farah.post(path+"/cancellations", url.Values{}); answer.status != http.StatusSeeOther {
		t.Errorf("cancelled: %d", answer.status)
	}
	if shown = farah.get(page); shown.Find("[data-planned]").Length() != 0 || shown.Find("details.plan-capture").Length() != 1 {
		t.Errorf("after the cancel the page says %q", text(shown.Find(".payment")))
	}

	// Being made at this moment, it is too late.
	if answer := farah.post(path, farah.planForm(order, payment, at.Format("2006-01-02T15:04"))); answer.status != http.StatusSeeOther {
		t.Fatalf("planned again: %d", answer.status)
	}
	o.exec(`UPDATE planned_captures SET state = 'sending' WHERE state = 'waiting'`)
	late := farah.post(path+"/cancellations", url.Values{})
	if late.status != http.StatusUnprocessableEntity || !strings.Contains(text(late.Find("[role=alert]")), "it is too late to cancel it") {
		t.Errorf("cancelled while it is made: %d %q", late.status, text(late.Find("[role=alert]")))
	}
}

func TestOrdersByDeadline(t *testing.T) {
	o := openOffice(t)
	far, _ := o.held()
	near, payment := o.held()
	over, ended := o.held()
	o.exec(`UPDATE payments SET capture_before = now() + interval '26 hours 30 minutes' WHERE id = $1`, payment)
	o.exec(`UPDATE payments SET capture_before = now() - interval '1 hour' WHERE id = $1`, ended)
	captured, drawn := o.held()
	o.exec(`UPDATE payments SET status = 'success', captured_minor = authorized_minor, capture_before = now() + interval '1 hour' WHERE id = $1`, drawn)
	farah := o.enter("finance")
	for _, x := range []struct{ deadline, chip, want string }{
		{"48h", "ends within 48 hours", fmt.Sprintf("%d 26 h left", near)},
		{"7d", "ends within 7 days", fmt.Sprintf("%d 26 h left|%d 3 d left", near, far)},
		{"expired", "has ended", fmt.Sprintf("%d ended", over)},
	} {
		page := farah.get("/sales/orders?deadline=" + x.deadline)
		var rows []string
		for i := range page.Find("tr:has(a.open)").Length() {
			row := page.Find("tr:has(a.open)").Eq(i)
			rows = append(rows, text(row.Find("a.open"))+" "+text(row.Find("td.until time")))
		}
		if got := strings.Join(rows, "|"); got != x.want {
			t.Errorf("%s: %s, want %s", x.deadline, got, x.want)
		}
		if got := text(page.Find(".chip-line")); !strings.Contains(got, "Authorization") || !strings.Contains(got, x.chip) {
			t.Errorf("%s: the chips say %q", x.deadline, got)
		}
		if got := page.Find("select[name=deadline] option[selected]").AttrOr("value", ""); got != x.deadline {
			t.Errorf("%s: the form has %q chosen", x.deadline, got)
		}
	}
	if got := text(farah.get("/sales/orders?deadline=tomorrow").Find(".banner")); !strings.Contains(got, "“tomorrow” is not a deadline; write 48h, 7d or expired.") {
		t.Errorf("a word that is none: %q", got)
	}
	plain := farah.get("/sales/orders")
	if strings.Contains(text(plain.Find("thead")), "Capture before") {
		t.Error("the column is shown to those who have not chosen it")
	}
	chosen := farah.get("/sales/orders?cols=capture_before,status")
	if got := text(chosen.Find("thead")); !strings.Contains(got, "Capture before") {
		t.Errorf("chosen, the columns are %q", got)
	}
	if got := text(chosen.Find(rowOf(captured))); strings.Contains(got, "left") {
		t.Errorf("an order that is captured has a deadline: %q", got)
	}
}

func TestCaptureRulesPage(t *testing.T) {
	o := openOffice(t)
	order, payment := o.held()
	farah := o.enter("finance")
	page := farah.get("/system/capture-deadlines")
	if got := text(page.Find("[data-rule='40-ccavenue']")); !strings.HasPrefix(got, "Nothing is captured by itself.") {
		t.Errorf("at first: %q", got)
	}
	save := func(p *person, fields ...string) answer {
		form := url.Values{"store": {"40"}, "gateway": {"ccavenue"}}
		for i := 0; i < len(fields); i += 2 {
			form.Add(fields[i], fields[i+1])
		}
		return p.post("/system/capture-deadlines", form)
	}
	for _, x := range []struct {
		fields []string
		want   string
	}{
		{[]string{"hours", "soon", "status", "shipped"}, "Write whole hours in digits, such as 12, or nothing."},
		{[]string{"hours", "9999", "status", "shipped"}, "Choose from 1 to 720 hours."},
		{[]string{"hours", "12"}, "Choose at least one order status."},
	} {
		refused := save(farah, x.fields...)
		if refused.status != http.StatusUnprocessableEntity || !strings.Contains(text(refused.Find("#rule-40-ccavenue")), x.want) ||
			refused.Find("#rule-40-ccavenue [name=hours]").AttrOr("value", "") != x.fields[1] {
			t.Errorf("%v: %d %q", x.fields, refused.status, text(refused.Find("#rule-40-ccavenue")))
		}
	}
	if answer := save(farah, "hours", "12", "status", "shipped", "status", "pending"); answer.status != http.StatusSeeOther {
		t.Fatalf("saved: %d %q", answer.status, text(answer.Find("main")))
	}
	page = farah.get("/system/capture-deadlines")
	if got := text(page.Find("[data-rule='40-ccavenue']")); !strings.HasPrefix(got, "In force: captured 12 h before the end, of orders that are pending or shipped.") || !strings.Contains(got, "Set by Farah Khan") {
		t.Errorf("saved: %q", got)
	}
	if got := text(farah.get(fmt.Sprintf("/sales/orders/%d", order)).Find("[data-planned=rule]")); !strings.Contains(got, "if the order is pending or shipped then.") || !strings.Contains(got, "Do not capture by itself") {
		t.Errorf("the order says %q", got)
	}
	if answer := farah.post(actions(order, payment, "planned-captures")+"/cancellations", url.Values{}); answer.status != http.StatusSeeOther {
		t.Errorf("held back: %d", answer.status)
	}
	if farah.get(fmt.Sprintf("/sales/orders/%d", order)).Find("[data-planned=rule]").Length() != 0 {
		t.Error("held back, the order still announces it")
	}
	if answer := save(farah); answer.status != http.StatusSeeOther {
		t.Errorf("ended: %d", answer.status)
	}
	if got := text(farah.get("/system/capture-deadlines").Find("[data-rule='40-ccavenue']")); !strings.HasPrefix(got, "Nothing is captured by itself.") {
		t.Errorf("ended: %q", got)
	}
	for _, who := range []string{"support", "viewer"} {
		if answer := save(o.enter(who), "hours", "12", "status", "shipped"); answer.status != http.StatusForbidden {
			t.Errorf("%s sets it: %d", who, answer.status)
		}
	}
}

func TestRefundUnderWayTooLong(t *testing.T) {
	o := openOffice(t)
	order := o.order(nil)
	payment := o.payment(order, map[string]any{"ref": "pay_slow", "status": "refunding", "refund_reserved_minor": 10000, "refunding_since": time.Now().Add(-50 * time.Minute)})
	o.bogus.AddPayment(gateways.Payment{Ref: "pay_slow", Word: "captured", Amount: money.New(149900, "INR"), Authorized: true, Captured: 149900})
	page := fmt.Sprintf("/sales/orders/%d", order)
	farah := o.enter("finance")
	if farah.get(page).Find("[data-refund-overdue]").Length() != 0 {
		t.Error("a refund of fifty minutes is called late")
	}
	o.exec(`UPDATE payments SET refunding_since = now() - interval '3 hours 5 minutes' WHERE id = $1`, payment)
	if got := text(farah.get(page).Find("[data-refund-overdue]")); got != "The refund has been under way for 3 h. kartify keeps asking; do not refund again. Ask Razorpay: help@razorpay.example" {
		t.Errorf("after three hours: %q", got)
	}
}
