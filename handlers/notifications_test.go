package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
)

const notificationSettings = "/extensions/notifications"

// tell has Ruosh told of its payments by a POST.
func (o *office) tell() {
	o.Helper()
	err := o.db.SaveNotificationSettings(o.ctx, models.NotificationForm{
		StoreID: 40, Channel: models.NotifyPost, URL: "https://ruosh.example/payments?k=hidden-key", Secret: "a-secret-word", By: models.SystemActor,
	})
	if err != nil {
		o.Fatal(err)
	}
}

// untold seeds a stuck payment whose shop did not hear in fifty attempts.
func (o *office) untold() (order, payment int64) {
	o.Helper()
	order = o.fyndOrder()
	payment = o.payment(order, map[string]any{"status": "stuck", "notice": "untold"})
	o.exec(`INSERT INTO notifications (store_id, order_id, payment_id, state, tries, most, problem, done_at) VALUES (40, $1, $2, 'stuck', 50, 50, 'The shop answered 500 Internal Server Error instead of 200.', now())`, order, payment)
	o.exec(`INSERT INTO notification_series (notification_id, store_id, n, most) SELECT id, 40, 1, 50 FROM notifications WHERE payment_id = $1`, payment)
	o.exec(`INSERT INTO notification_attempts (notification_id, store_id, series, n, channel, receiver, outcome, http_status, problem, answer, sent, started_at, finished_at)
		SELECT id, 40, 1, k, 'post', 'https://ruosh.example/payments?…', CASE k WHEN 1 THEN 'timeout' ELSE 'refused' END, CASE k WHEN 1 THEN 0 ELSE 500 END, 'The shop answered 500 Internal Server Error instead of 200.',
			'<b>Fatal error</b> for meera.nair@mail.example', 'id=7&client_email=meera.nair%40mail.example', now() - (51 - k) * interval '1 minute', now()
		FROM notifications, generate_series(1, 50) k WHERE payment_id = $1`, payment)
	return order, payment
}

func notifications(payment int64) string {
	return fmt.Sprintf("/sales/payments/%d/notifications", payment)
}

// notice is the Send notification form of a payment as the page shows it.
func (p *person) notice(page string, payment int64) url.Values {
	p.Helper()
	token := p.get(page).Find(fmt.Sprintf("form[action='%s'] [name=token]", notifications(payment))).AttrOr("value", "")
	if token == "" {
		p.Fatalf("%s shows no Send notification form", page)
	}
	return url.Values{"token": {token}}
}

// A double press is one series, of fifty more attempts; the payment is received again until the shop has heard.
func TestSendNotificationPressedTwice(t *testing.T) {
	o := openOffice(t)
	o.tell()
	order, payment := o.untold()
	asha := o.enter("support")
	page := fmt.Sprintf("/sales/orders/%d", order)
	if got := text(asha.get(page).Find(".told")); !strings.Contains(got, "Not delivered") || !strings.Contains(got, "in 50 attempts") || !strings.Contains(got, "The latest 20 attempts") {
		t.Errorf("the order says %q", got)
	}
	if got := text(asha.get(page).Find(".told .timeline time").First()); !regexp.MustCompile(`[0-9]{2}:[0-9]{2}:[0-9]{2}$`).MatchString(got) {
		t.Errorf("an attempt is dated %q, want its seconds", got)
	}
	form := asha.notice(page, payment)
	for range 2 {
		res := asha.post(notifications(payment), form)
		if want := fmt.Sprintf("%s#payment-%d", page, payment); res.status != http.StatusSeeOther || res.header.Get("Location") != want {
			t.Fatalf("answered %d to %s, want %s", res.status, res.header.Get("Location"), want)
		}
	}
	o.wants(payment, "obtained queued 2 0 of 50, 2 series, Asha Rao")
	after := asha.get(page)
	if got := after.Find(fmt.Sprintf("form[action='%s']", notifications(payment))).Length(); got != 0 {
		t.Errorf("there is a button while the shop is being told")
	}
	if got := text(after.Find(".told")); !strings.Contains(got, "Queued") || !strings.Contains(got, "The first of 50 attempts is about to be made.") {
		t.Errorf("the order says %q", got)
	}
}

// wants checks what the database holds of telling the shop of a payment.
func (o *office) wants(payment int64, want string) {
	o.Helper()
	var got string
	o.scan(&got, `SELECT format('%s %s %s %s of %s, %s series, %s', p.status, n.state, n.series, n.tries, n.most, (SELECT count(*) FROM notification_series s WHERE s.notification_id = n.id),
		(SELECT requester FROM notification_series s WHERE s.notification_id = n.id ORDER BY s.n DESC LIMIT 1)) FROM payments p JOIN notifications n ON n.payment_id = p.id WHERE p.id = $1`, payment)
	if got != want {
		o.Errorf("payment %d: %s, want %s", payment, got, want)
	}
}

// The form on a payment's own page leads to its order, and tells it as the order's page does.
func TestSendNotificationFromThePayment(t *testing.T) {
	o := openOffice(t)
	o.tell()
	order, payment := o.untold()
	asha := o.enter("support")
	res := asha.post(notifications(payment), asha.notice(fmt.Sprintf("/sales/payments/%d", payment), payment))
	if want := fmt.Sprintf("/sales/orders/%d#payment-%d", order, payment); res.header.Get("Location") != want {
		t.Errorf("answered %d to %s, want %s", res.status, res.header.Get("Location"), want)
	}
	o.wants(payment, "obtained queued 2 0 of 50, 2 series, Asha Rao")
}

func TestSendNotificationIsRefused(t *testing.T) {
	o := openOffice(t)
	order, payment := o.untold()
	asha := o.enter("support")
	page := fmt.Sprintf("/sales/orders/%d", order)
	if asha.get(page).Find(fmt.Sprintf("form[action='%s']", notifications(payment))).Length() != 0 {
		t.Error("there is a button though nobody wants to be told")
	}
	o.tell()
	form := asha.notice(page, payment)
	foreign := o.order(map[string]any{"store_id": 43})
	elsewhere := o.payment(foreign, map[string]any{"status": "stuck"})
	for _, tt := range []struct {
		who, what string
		payment   int64
		form      url.Values
		status    int
		said      string
		before    string
	}{
		{"viewer", "somebody who may only look", payment, form, http.StatusForbidden, "", ""},
		{"support", "a payment of another store", elsewhere, form, http.StatusNotFound, "", ""},
		{"support", "no payment", 4711, form, http.StatusNotFound, "", ""},
		{"support", "no token", payment, url.Values{}, http.StatusUnprocessableEntity, "", ""},
		{"owner", "somebody else's form", payment, form, http.StatusUnprocessableEntity, "", ""},
		{"support", "a refunded payment", payment, form, http.StatusUnprocessableEntity, "Only a payment that is paid is told to the shop; this one is refunded.", `UPDATE payments SET status = 'refunded', refunded_minor = captured_minor, notice = '' WHERE id = $1`},
		{"support", "a payment that failed", payment, form, http.StatusUnprocessableEntity, "Only a payment that is paid is told to the shop; this one is failed.", `UPDATE payments SET status = 'failed', refunded_minor = 0, captured_minor = 0, authorized_minor = 0 WHERE id = $1`},
	} {
		if tt.before != "" {
			o.exec(tt.before, tt.payment)
		}
		res := o.enter(tt.who).post(notifications(tt.payment), tt.form)
		if res.status != tt.status || !strings.Contains(text(res.Find("[role=alert]")), tt.said) {
			t.Errorf("%s is answered %d %q, want %d %q", tt.what, res.status, text(res.Find("[role=alert]")), tt.status, tt.said)
		}
	}
	var series int
	o.scan(&series, `SELECT count(*) FROM notification_series`)
	if series != 1 {
		t.Errorf("%d series were begun by what was refused", series-1)
	}
	viewer := o.enter("viewer").get(page)
	if viewer.Find(fmt.Sprintf("form[action='%s']", notifications(payment))).Length() != 0 {
		t.Error("a viewer has the button")
	}
}

func TestNotificationSettingsAreSaved(t *testing.T) {
	o := openOffice(t)
	ravi := o.enter("owner")
	form := func(fields ...string) url.Values {
		v := url.Values{"store": {"40"}, "version": {"0"}, "channel": {"post"}, "url": {"https://ruosh.example/payments"}, "secret": {"a-secret-word"}, "email": {""}}
		for i := 0; i < len(fields); i += 2 {
			v.Set(fields[i], fields[i+1])
		}
		return v
	}
	secrets := []string{"a-secret-word", "another-secret-word"}
	for _, tt := range []struct {
		what  string
		form  url.Values
		field string // that the sentence stands at; "" when it is saved
		said  string
	}{
		{"no address", form("url", ""), "url", "write it as https://shop.example/payments"},
		{"this machine", form("url", "https://127.0.0.1/x"), "url", "127.0.0.1 is not an address of the public internet"},
		{"in the clear", form("url", "http://ruosh.example/payments"), "url", "only https:// is spoken"},
		{"no secret", form("secret", ""), "secret", "Enter the secret word"},
		{"a short secret", form("secret", "seven77"), "secret", "8 to 200 characters"},
		{"a channel there is not", form("channel", "pigeon"), "channel", "Choose how the shop is told"},
		{"an e-mail address that is none", form("channel", "email", "email", "nobody"), "email", "cannot be written to"},
		{"good", form(), "", ""},
		{"a form shown before", form("url", "https://late.example/payments"), "problem", "Somebody changed this while you looked at it."},
		{"another machine without the secret", form("version", "1", "url", "https://other.example/payments", "secret", ""), "secret", "Another machine is to be told; enter the secret word again."},
		{"another path without the secret", form("version", "1", "url", "https://ruosh.example/other", "secret", ""), "", ""},
		{"another machine with the secret", form("version", "2", "url", "https://other.example/payments", "secret", "another-secret-word"), "", ""},
		{"by e-mail", form("version", "3", "channel", "email", "email", "till@ruosh.example", "secret", ""), "", ""},
		{"not at all", form("version", "4", "channel", "off", "secret", ""), "", ""},
	} {
		res := ravi.post(notificationSettings, tt.form)
		if tt.field == "" {
			if res.status != http.StatusSeeOther || res.header.Get("Location") != notificationSettings+"?store=40" {
				t.Errorf("%s: answered %d %q", tt.what, res.status, text(res.Find(".error, [role=alert]")))
			}
			page := ravi.get(res.header.Get("Location"))
			if got := page.Find("[name=channel] [selected]").AttrOr("value", ""); got != tt.form.Get("channel") || !strings.Contains(text(page.Find(".banner")), "Saved.") {
				t.Errorf("%s: the page shows the channel %q and says %q", tt.what, got, text(page.Find(".banner")))
			}
			res = page
		} else {
			where := map[bool]string{true: "[role=alert]", false: "#field-" + tt.field + "-error"}[tt.field == "problem"]
			if got := text(res.Find(where)); res.status != http.StatusUnprocessableEntity || !strings.Contains(got, tt.said) {
				t.Errorf("%s: answered %d %q, want 422 %q", tt.what, res.status, got, tt.said)
			}
			for _, name := range []string{"url", "email"} {
				if got := res.Find("[name="+name+"]").AttrOr("value", ""); got != tt.form.Get(name) {
					t.Errorf("%s: what was typed as %s came back as %q", tt.what, name, got)
				}
			}
			if got := res.Find("[name=channel] [selected]").AttrOr("value", ""); got != tt.form.Get("channel") && tt.field != "channel" {
				t.Errorf("%s: the channel came back as %q", tt.what, got)
			}
		}
		for _, secret := range secrets {
			if strings.Contains(res.html, secret) {
				t.Errorf("%s: the page shows the secret word", tt.what)
			}
		}
	}
	var got string
	o.scan(&got, `SELECT concat_ws(' ', channel, version, secret NOT LIKE '%secret-word%', (SELECT count(*) FROM audit_log WHERE action = 'notification_settings.changed')) FROM notification_settings WHERE store_id = 40`)
	if got != "off 5 t 5" {
		t.Errorf("stored: %s", got)
	}
}

func TestNotificationSettingsNeedTheRight(t *testing.T) {
	o := openOffice(t)
	o.tell()
	form := url.Values{"store": {"40"}, "version": {"1"}, "channel": {"off"}}
	for _, tt := range []struct {
		who        models.Role
		see, write int
	}{
		{models.Owner, http.StatusOK, http.StatusSeeOther},
		{models.Finance, http.StatusOK, http.StatusForbidden},
		{models.Support, http.StatusForbidden, http.StatusForbidden},
		{models.Viewer, http.StatusForbidden, http.StatusForbidden},
	} {
		p := o.enterAs(tt.who)
		page := p.get(notificationSettings + "?store=40")
		if page.status != tt.see {
			t.Errorf("%s sees %d, want %d", tt.who, page.status, tt.see)
		}
		if got := page.Find("main form").Length() > 0; got != (tt.write == http.StatusSeeOther) {
			t.Errorf("%s has a form: %v", tt.who, got)
		}
		if got := text(page.Find("#settings")); tt.who == models.Finance && (!strings.Contains(got, "https://ruosh.example/payments?…") || strings.Contains(page.html, "hidden-key")) {
			t.Errorf("finance reads %q", got)
		}
		if tt.who != models.Owner {
			if got := p.post(notificationSettings, form).status; got != tt.write {
				t.Errorf("%s writes: %d, want %d", tt.who, got, tt.write)
			}
		}
	}
	farah := o.enter("finance")
	if got := farah.get(notificationSettings + "?store=43").status; got != http.StatusNotFound {
		t.Errorf("another store's settings: %d", got)
	}
	if got := o.enter("owner").get(notificationSettings + "?store=4711").status; got != http.StatusNotFound {
		t.Errorf("no store's settings: %d", got)
	}
}

// From the order one click leads to every attempt, and people are masked in what was said and answered.
func TestDataLogOfNotifications(t *testing.T) {
	o := openOffice(t)
	o.tell()
	order, _ := o.untold()
	other, _ := o.untold()
	mira := o.enterAs(models.Manager)
	path := mira.get(fmt.Sprintf("/sales/orders/%d", order)).Find(".told a[href*='data-log']").AttrOr("href", "")
	want := dataLog + "?" + url.Values{"table": {"notification"}, "gofynd_order_id": {fmt.Sprintf("FY%d", order)}}.Encode()
	if !sameQuery(path, want) {
		t.Fatalf("the order leads to %q, want %q", path, want)
	}
	for query, want := range map[string]int{"": 50, "&outcome=timeout": 1, "&outcome=refused": 49, "&outcome=accepted": 0, "&store=43": 0} {
		page := mira.get(path + query)
		if got := page.Find("tr[data-notice]").Length(); page.status != http.StatusOK || got != want {
			t.Errorf("%s shows %d attempts, want %d", query, got, want)
		}
	}
	page := mira.get(path)
	row := page.Find("tr[data-notice]").First()
	for _, want := range []string{"50 of 50", "series 1", "https://ruosh.example/payments?…", "Wrong answer", "500 Internal Server Error", fmt.Sprint(order)} {
		if got := text(row); !strings.Contains(got, want) {
			t.Errorf("the newest attempt reads %q, without %q", got, want)
		}
	}
	if strings.Contains(page.html, "meera.nair") || row.Find("pre b").Length() != 0 || !strings.Contains(text(row.Find("pre")), "<b>Fatal error</b>") {
		t.Errorf("what was said and answered is shown as %q", text(row.Find("pre")))
	}
	if got := mira.get(dataLog + "?table=notification&limit=100").Find("tr[data-notice]").Length(); got != 100 {
		t.Errorf("of two orders %d and %d: %d attempts", order, other, got)
	}
	if got := o.enter("viewer").get(path).status; got != http.StatusForbidden {
		t.Errorf("a viewer reads the log: %d", got)
	}
}

// sameQuery says whether two addresses ask the same.
func sameQuery(one, other string) bool {
	a, errA := url.Parse(one)
	b, errB := url.Parse(other)
	return errA == nil && errB == nil && a.Path == b.Path && a.Query().Encode() == b.Query().Encode()
}
