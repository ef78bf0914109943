package handlers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
)

const dataLog = "/system/tools/data-log"

// webhook seeds one of Fynd's about an order, with changes.
func (o *office) webhook(order int64, change map[string]any) int64 {
	o.Helper()
	body := fmt.Sprintf(`{"event":"ORDER_PLACED","gofynd_order_id":"FY%d","store_id":40, "customer":{"name":"Meera Nair","email":"meera.nair@mail.example","phone":"+919845012345"}}`, order)
	row := map[string]any{
		"source": "gofynd", "store_id": 40, "claimed_store_id": "40", "event": "ORDER_PLACED", "body_sha256": []byte(fmt.Sprint(time.Now().UnixNano())), "body": []byte(body),
		"verdict": "verified", "state": "processed", "effect": "ORDER_PLACED was recorded.", "order_id": order, "headers": `{"X-Fp-Signature": ["abc"]}`,
		"partner_order_id": fmt.Sprintf("FY%d", order), "received_at": time.Date(2026, 1, 31, 18, 30, 0, 0, time.UTC),
	}
	for column, value := range change {
		row[column] = value
	}
	return o.insert("webhooks", row)
}

// fyndOrder seeds an order that its webhooks name.
func (o *office) fyndOrder() int64 {
	id := o.order(nil)
	o.exec(`UPDATE orders SET partner_order_id = 'FY' || id WHERE id = $1`, id)
	return id
}

// enterAs signs somebody of a role in, who is put in when there is nobody yet.
func (o *office) enterAs(role models.Role) *person {
	o.Helper()
	email := string(role) + "@ruosh.example"
	if _, err := o.db.UserByEmail(o.ctx, email); err != nil {
		if _, err := o.db.SeedUser(o.ctx, models.UserDetails{Email: email, Name: role.Label(), Role: role, AllStores: true}, password); err != nil {
			o.Fatal(err)
		}
	}
	return o.enter(string(role))
}

// From an order one click leads into both logs, filtered by its partner order ID, and nobody needs to copy it.
func TestOrderLeadsIntoBothLogs(t *testing.T) {
	o := openOffice(t)
	order := o.fyndOrder()
	hook := o.webhook(order, nil)
	o.webhook(o.fyndOrder(), nil)
	mira := o.enterAs(models.Manager)
	page := mira.get(fmt.Sprintf("/sales/orders/%d", order))
	partner := fmt.Sprintf("FY%d", order)
	if page.Find(fmt.Sprintf("[data-copy][aria-label='Copy %s']", partner)).Length() == 0 {
		t.Error("the partner order ID cannot be copied")
	}
	for _, table := range []string{"gofynd_webhook", "gofynd_email"} {
		path := dataLog + "?" + url.Values{"table": {table}, "gofynd_order_id": {partner}}.Encode()
		if page.Find(fmt.Sprintf("a[href='%s']", path)).Length() == 0 {
			t.Errorf("no link leads to %s", path)
			continue
		}
		log := mira.get(path)
		if got := log.Find("[name=gofynd_order_id]").AttrOr("value", ""); got != partner {
			t.Errorf("%s is filtered by %q", table, got)
		}
		if rows := log.Find("#data-log tbody tr").Length(); table == "gofynd_webhook" && (rows != 1 || log.Find(fmt.Sprintf("#data-log tbody a[href*='/%d']", hook)).Length() == 0) {
			t.Errorf("%d rows of %s", rows, table)
		}
	}
}

func TestDataLogList(t *testing.T) {
	o := openOffice(t)
	order, other := o.fyndOrder(), o.fyndOrder()
	first := o.webhook(order, nil)
	o.webhook(order, map[string]any{"state": "duplicate", "duplicate_of": first, "effect": fmt.Sprintf("The same as webhook %d; nothing happened again.", first), "body": []byte{}})
	o.webhook(order, map[string]any{"event": "SHIPMENT_CREATED", "claimed_store_id": "0"})
	o.webhook(order, map[string]any{"event": "SHIPMENT_UPDATED", "claimed_store_id": "43"})
	o.webhook(other, map[string]any{"event": "REFUND_INITIATED"})
	o.webhook(other, map[string]any{"event": "REFUND_DONE", "order_id": nil, "partner_order_id": "FYnone", "state": "parked", "effect": "No order FYnone is known here yet.", "next_at": time.Now().Add(time.Hour)})
	o.webhook(other, map[string]any{"source": "razorpay", "event": "payment.captured", "claimed_store_id": "", "partner_order_id": "", "order_id": order})
	mira := o.enterAs(models.Manager)
	events := func(path string) string {
		var list []string
		for _, cell := range mira.get(path).Find("#data-log tbody a.open").EachIter() {
			list = append(list, cell.Text())
		}
		return strings.Join(list, " ")
	}
	page := mira.get(dataLog)
	if got := text(page.Find(".crumbs")); !strings.Contains(got, "Systems") || !strings.Contains(got, "Tools") || !strings.HasSuffix(got, "Data Log") {
		t.Errorf("the way here is %q", got)
	}
	if got := page.Find("#data-log-filter").Find("input:not([type=hidden]), select").First().AttrOr("name", ""); got != "table" {
		t.Errorf("the form begins with %q, want the table", got)
	}
	if got := text(page.Find("#log-table")); got != "Gofynd Webhook Gofynd Email All webhooks Gateway calls Notifications to shops" {
		t.Errorf("tables: %s", got)
	}
	for path, want := range map[string]string{
		fmt.Sprintf("?table=gofynd_webhook&gofynd_order_id=+FY%d+", order):           "SHIPMENT_UPDATED SHIPMENT_CREATED ORDER_PLACED ORDER_PLACED",
		fmt.Sprintf("?table=webhook&gofynd_order_id=FY%d", order):                    "payment.captured SHIPMENT_UPDATED SHIPMENT_CREATED ORDER_PLACED ORDER_PLACED",
		"?table=gofynd_webhook&mismatch=1":                                           "SHIPMENT_UPDATED SHIPMENT_CREATED",
		"?table=gofynd_webhook&state=parked":                                         "REFUND_DONE",
		"?table=gofynd_webhook&from=2026-02-01&to=2026-02-01&event=refund_initiated": "REFUND_INITIATED",
		"?table=gofynd_webhook&from=2026-01-31&to=2026-01-31":                        "",
	} {
		if got := events(dataLog + path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	list := mira.get(dataLog)
	for selector, want := range map[string]string{
		`tr[data-mark="zero"] .store-id`:                 "store_ID 0 no e-mail is sent to the customer",
		`tr[data-mark="wrong"] .store-id`:                "store_ID 43 wrong: the store is 40",
		`tr[data-state="duplicate"] .state`:              fmt.Sprintf("Duplicate of webhook %d", first),
		`tr[data-state="parked"] .badge.amber`:           "Parked",
		`tr[data-state="parked"] .effect`:                "No order FYnone is known here yet. Tried again by itself, next at " + time.Now().Add(time.Hour).In(time.FixedZone("IST", 19800)).Format("2 Jan 2006, 15:04"),
		fmt.Sprintf(`tr[data-webhook="%d"] time`, first): "1 Feb 2026, 00:00",
	} {
		if got := text(list.Find(selector)); got != want {
			t.Errorf("%s says %q, want %q", selector, got, want)
		}
	}
	if list.Find(fmt.Sprintf(`a[href="/sales/orders/%d"]`, order)).Length() == 0 || list.Find(fmt.Sprintf(`a[href="%s/webhooks/%d"]`, dataLog, first)).Length() < 2 {
		t.Error("no way to the order, or from the repeat to the first")
	}
	number := mira.get(fmt.Sprintf("%s?gofynd_order_id=%d", dataLog, order))
	if got := text(number.Find(`[data-field="gofynd_order_id"]`)); !strings.Contains(got, fmt.Sprintf("“%d” is our order number. These are the rows of its GoFynd order ID FY%d.", order, order)) || number.Find("tbody tr").Length() != 4 {
		t.Errorf("our own number: %q, %d rows", got, number.Find("tbody tr").Length())
	}
	part := mira.get(dataLog+"?table=gateway_call&gofynd_order_id=&store=40&verdict=forged", "HX-Request: true")
	if part.Find("nav.side, h1").Length() != 0 || part.Find("#data-log").Length() != 1 || part.header.Get("Hx-Push-Url") != dataLog+"?store=40&table=gateway_call" {
		t.Errorf("a part of the page: %q, pushed %q", text(part.Selection), part.header.Get("Hx-Push-Url"))
	}
	if chip := list.Find(".chips"); chip.Length() != 0 {
		t.Errorf("chips without a filter: %s", text(chip))
	}
	if got := text(mira.get(dataLog + "?mismatch=1&store=40").Find(".chips b")); got != "Ruosh 0 or wrong only" {
		t.Errorf("chips: %s", got)
	}
}

func TestDataLogByRight(t *testing.T) {
	o := openOffice(t)
	w := o.webhook(o.fyndOrder(), nil)
	page, reveal, replay := fmt.Sprintf("%s/webhooks/%d", dataLog, w), fmt.Sprintf("%s/webhooks/%d/reveals", dataLog, w), fmt.Sprintf("%s/webhooks/%d/replays", dataLog, w)
	for _, tt := range []struct {
		who                                  string
		log, emails, webhook, reveal, replay int
	}{
		{"owner", 200, 200, 200, 200, 200},
		{"manager", 200, 200, 200, 200, 403},
		{"support", 200, 200, 200, 403, 200},
		{"finance", 200, 403, 200, 403, 403},
		{"viewer", 403, 403, 403, 403, 403},
	} {
		o.Run(tt.who, func(t *testing.T) {
			p := o.enterAs(models.Role(tt.who))
			for _, ask := range []struct {
				name      string
				got, want int
			}{
				{"the log", p.get(dataLog).status, tt.log},
				{"e-mails", p.get(dataLog + "?table=gofynd_email").status, tt.emails},
				{"a webhook", p.get(page).status, tt.webhook},
				{"reveal", p.post(reveal, nil).status, tt.reveal},
				{"replay", p.post(replay, nil).status, tt.replay},
			} {
				if ask.got != ask.want {
					t.Errorf("%s: %d, want %d", ask.name, ask.got, ask.want)
				}
			}
			shown := p.get(page)
			if tt.webhook == 200 && (shown.Find(`form[action$="/reveals"]`).Length() == 1) != (tt.reveal == 200) {
				t.Error("the Reveal button is shown to somebody who may not, or the other way round")
			}
			if tt.webhook == 200 && (shown.Find(`form[action$="/replays"]`).Length() == 1) != (tt.replay == 200) {
				t.Error("the Apply again button is shown to somebody who may not, or the other way round")
			}
			if tt.emails == 403 && tt.log == 200 && p.get(dataLog).Find(`#log-table [value="gofynd_email"]`).Length() != 0 {
				t.Error("a table is offered that may not be read")
			}
		})
	}
}

func TestWebhookPageMasksUntilRevealed(t *testing.T) {
	o := openOffice(t)
	order := o.fyndOrder()
	w := o.webhook(order, map[string]any{"claimed_store_id": "0"})
	again := o.webhook(order, map[string]any{"state": "duplicate", "duplicate_of": w, "body": []byte{}, "effect": "The same."})
	mira := o.enterAs(models.Manager)
	path := fmt.Sprintf("%s/webhooks/%d", dataLog, w)
	page := mira.get(path)
	for _, personal := range []string{"Meera Nair", "meera.nair", "9845012345"} {
		if strings.Contains(page.html, personal) {
			t.Errorf("the page shows %s before anybody asked", personal)
		}
	}
	var raw string
	o.scan(&raw, `SELECT convert_from(body, 'UTF8') FROM webhooks WHERE id = $1`, w)
	if got, want := page.Find(`[data-body="raw"]`).Text(), models.MaskPersonal(raw); got != want || !strings.Contains(got, `"store_id":40, "customer"`) {
		t.Errorf("as received: %q, want %q", got, want)
	}
	if got := page.Find(`[data-body="pretty"]`).Text(); !strings.Contains(got, "\n  \"gofynd_order_id\": ") || !strings.Contains(got, "m•••@mail.example") {
		t.Errorf("laid out: %q", got)
	}
	for _, want := range []string{"store_ID 0: no e-mail is sent to the customer. The store is 40", "X-Fp-Signature: abc", fmt.Sprintf("Webhook %d", again), fmt.Sprintf("FY%d", order)} {
		if !strings.Contains(text(page.Selection), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if repeat := mira.get(fmt.Sprintf("%s/webhooks/%d", dataLog, again)); !strings.Contains(text(repeat.Selection), "A repeat is kept without its body.") || repeat.Find(fmt.Sprintf(`a[href="%s"]`, path)).Length() == 0 {
		t.Error("the repeat does not lead to the first")
	}
	shown := mira.post(path+"/reveals", nil)
	if got := shown.Find(`[data-body="raw"]`).Text(); shown.status != http.StatusOK || got != raw {
		t.Errorf("revealed: %d %q, want what was received", shown.status, got)
	}
	if part := mira.post(path+"/reveals", nil, "HX-Request: true"); part.Find("#webhook").Length() != 1 || part.Find("nav").Length() != 0 {
		t.Error("a part of the page is not just the webhook")
	}
	var audited int
	o.scan(&audited, `SELECT count(*) FROM audit_log WHERE action = 'webhook.revealed' AND object = $1 AND actor = 'user' AND details::text NOT LIKE '%eera%'`, fmt.Sprintf("webhook %d", w))
	if audited != 2 {
		t.Errorf("%d looks are in the audit log, want 2", audited)
	}
}

func TestReplayPage(t *testing.T) {
	o := openOffice(t)
	order := o.fyndOrder()
	o.payment(order, nil)
	body := fmt.Sprintf(`{"event":"REFUND_INITIATED","gofynd_order_id":"FY%d","store_id":40,"amount":"499.00","currency":"INR","request_id":"16916747740991418099"}`, order)
	w := o.webhook(order, map[string]any{"state": "parked", "event": "REFUND_INITIATED", "body": []byte(body), "order_id": nil, "effect": "No order is known here yet."})
	path := fmt.Sprintf("%s/webhooks/%d", dataLog, w)
	asha := o.enter("support")
	preview := asha.post(path+"/replays", nil)
	said := text(preview.Find("#replay"))
	for _, want := range []string{"This would change:", "New event", "event: REFUND_INITIATED", "waiting: yes", fmt.Sprintf("Order %d", order)} {
		if preview.status != http.StatusOK || !strings.Contains(said, want) {
			t.Errorf("the preview (%d) does not say %q: %s", preview.status, want, said)
		}
	}
	var events int
	o.scan(&events, `SELECT count(*) FROM order_events`)
	if events != 0 {
		t.Fatal("looking has changed something")
	}
	digest := preview.Find(`input[name="digest"]`).AttrOr("value", "")
	if wrong := asha.post(path+"/replays", url.Values{"digest": {"0123"}}); wrong.status != http.StatusUnprocessableEntity || !strings.Contains(text(wrong.Selection), "Something has changed since you looked.") {
		t.Errorf("what nobody looked at was answered with %d", wrong.status)
	}
	if done := asha.post(path+"/replays", url.Values{"digest": {digest}}); done.status != http.StatusSeeOther || done.header.Get("Location") != path {
		t.Errorf("applying was answered with %d", done.status)
	}
	o.scan(&events, `SELECT count(*) FROM order_events WHERE waiting AND webhook_id = $1`, w)
	if events != 1 {
		t.Errorf("%d requests wait, want 1", events)
	}
	again := asha.post(path+"/replays", nil, "HX-Request: true")
	if got := again.Find("[data-replay]"); got.AttrOr("data-replay", "") != "0" || text(got) != "Nothing would change." {
		t.Errorf("applied a second time: %s", text(again.Find("#replay")))
	}
	forged := o.webhook(order, map[string]any{"store_id": 40, "verdict": "forged", "state": "refused"})
	if got := asha.post(fmt.Sprintf("%s/webhooks/%d/replays", dataLog, forged), nil); got.status != http.StatusUnprocessableEntity || !strings.Contains(text(got.Selection), "it is never applied") {
		t.Errorf("a forged one: %d", got.status)
	}
}

// TestDataLogShowsTextAsText puts markup into everything that others write.
func TestDataLogShowsTextAsText(t *testing.T) {
	o := openOffice(t)
	evil := `"><script>alert(1)</script><img src=x onerror=alert(1)><a hx-get=/ hx-trigger=load>`
	order := o.order(map[string]any{"customer_name": evil, "partner_order_id": evil})
	payment := o.payment(order, nil)
	body, _ := json.Marshal(map[string]any{"event": evil, evil: evil, "customer": map[string]any{"name": evil, "email": evil}})
	headers, _ := json.Marshal(http.Header{evil: {evil}})
	w := o.webhook(order, map[string]any{
		"event": evil, "event_id": evil, "claimed_store_id": evil, "body": body, "headers": headers, "address": evil, "effect": evil, "partner_order_id": evil, "payment_ref": evil, "order_ref": evil,
	})
	o.webhook(order, map[string]any{"state": "duplicate", "duplicate_of": w, "effect": evil, "address": evil, "event": evil, "body": []byte{}})
	op := o.operation(order, payment, "failed", nil)
	exchanges, _ := json.Marshal([]map[string]any{{"Verb": evil, "Method": evil, "URL": evil, "Request": evil, "Answer": string(body), "Err": evil}})
	o.exec(`UPDATE operation_attempts SET outcome = $1, detail = $1, exchanges = $2 WHERE operation_id = $3`, evil, exchanges, op)
	o.exec(`INSERT INTO emails (store_id, order_id, partner_order_id, kind, webhook_id, event, occurrence, state, cause, why, recipient, subject) VALUES (40, $1, $2, 'event', $3, $2, $2, 'not_sent', 'x', $2, $2, $2)`, order, evil, w)
	owner := o.enter("owner")
	path := fmt.Sprintf("%s/webhooks/%d", dataLog, w)
	id := url.QueryEscape(evil)
	pages := map[string]answer{
		"revealed": owner.post(path+"/reveals", nil), "replay": owner.post(path+"/replays", nil), "replay refused": owner.post(path+"/replays", url.Values{"digest": {evil}}),
	}
	for _, p := range []string{
		dataLog, dataLog + "?table=webhook", dataLog + "?table=gofynd_email", dataLog + "?table=gateway_call", path,
		dataLog + "?table=" + id + "&gofynd_order_id=" + id + "&event=" + id + "&store=" + id + "&state=" + id + "&from=" + id + "&after=" + id, dataLog + "?gofynd_order_id=" + id,
	} {
		pages[p] = owner.get(p)
	}
	for name, page := range pages {
		if page.status != http.StatusOK && page.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, page.status)
		}
		if bad := page.Find("main").Find("script, img, [onerror], [hx-get='/'], [hx-trigger=load]"); bad.Length() != 0 {
			html, _ := bad.First().Html()
			t.Errorf("%s: %d elements of somebody else's making: %s", name, bad.Length(), html)
		}
		if !strings.Contains(page.html, "&lt;script&gt;alert(1)") && !strings.Contains(name, "replay refused") {
			t.Errorf("%s does not show the text at all", name)
		}
	}
}
