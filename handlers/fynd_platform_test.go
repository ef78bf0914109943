package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
	"github.com/kartify/kartify/models/modelstest"
)

// refundEvent is a refund event in the envelope of the platform (Fynd docs, webhooks).
func refundEvent(id, application, order, request string) string {
	return fmt.Sprintf(`{"company_id":1,"application_id":%q,"contains":["refund"],"event":{"id":%q,"category":"application","name":"refund","type":"refund_initiated","version":"1","created_timestamp":1700000000000,"trace_id":["t1"]},`+
		`"payload":{"order_id":%q,"amount":100,"currency":"INR","request_id":%q}}`, application, id, order, request)
}

func (m *mall) hook(body string, header ...string) page {
	m.t.Helper()
	return m.browser().ask("POST", "/api/v1/webhooks/platform", strings.NewReader(body), append([]string{"Content-Type: application/json"}, header...)...)
}

func signedEvent(body, id string) []string {
	return []string{"X-Fp-Signature: " + gateways.SumHMAC([]byte(body), cast.FyndSecret), "X-Fp-Event-Id: " + id}
}

func TestPlatformWebhooks(t *testing.T) {
	m := openMall(t)
	m.order("FY1")
	good := refundEvent("e1", cast.FyndApplication, "FY1", "16916747740991418099")
	spaced := strings.Replace(good, `"amount":100`, `"amount": 100.0`, 1)
	asWritten := strings.Replace(good, "e1", "e9", 1)
	spaced = strings.Replace(spaced, "e1", "e9", 1)
	tests := []struct {
		name   string
		body   string
		header []string
		status int
		says   string
		row    string // of the inbox, "" for none
	}{
		{"good", good, signedEvent(good, "e1"), 200, `{"success":true}`, "40 verified received"},
		{"once more", good, signedEvent(good, "e1"), 200, `"duplicate":true`, "40 verified duplicate"},
		{"the same under another id", good, signedEvent(good, "e2"), 200, `"duplicate":true`, "40 verified duplicate"},
		{"another under the same id", strings.Replace(good, "8099", "8098", 1), signedEvent(strings.Replace(good, "8099", "8098", 1), "e1"), 200, `"duplicate":true`, "40 verified duplicate"},
		{"written as JavaScript would not, signed as it would", spaced, signedEvent(asWritten, "e9"), 200, `{"success":true}`, "40 verified received"},
		{"forged", strings.Replace(good, "FY1", "FY2", 1), signedEvent(good, "e3"), 401, `"success":false`, "0 forged refused"},
		{"not signed", good, nil, 401, `"success":false`, "0 forged refused"},
		{"with the store's own secret", good, []string{"X-Fp-Signature: " + gateways.SumHMAC([]byte(good), cast.GoFynd["secret_key"])}, 401, "", "0 forged refused"},
		{"an unsigned ping", `{"event":{"name":"ping","type":"ping"},"payload":{}}`, nil, 200, `{"success":true}`, ""},
		{"no JSON", `{`, signedEvent(`{`, "e4"), 400, "", "0 unreadable refused"},
		{"a form", `a=b`, []string{"Content-Encoding: gzip"}, 415, "", ""},
	}
	for _, tt := range tests {
		before := m.text(`SELECT coalesce(max(id), 0)::text FROM webhooks`)
		got := m.hook(tt.body, tt.header...)
		if got.StatusCode != tt.status || !strings.Contains(got.body, tt.says) {
			t.Errorf("%s: %d %s", tt.name, got.StatusCode, got.body)
		}
		if row := m.text(`SELECT coalesce(string_agg(concat_ws(' ', store_id, verdict, state), ','), '') FROM webhooks WHERE id > $1::bigint`, before); row != tt.row {
			t.Errorf("%s: stored as %q, want %q", tt.name, row, tt.row)
		}
	}
	m.processed(t, "FY1", 1)
	if got := m.text(`SELECT concat_ws(' ', event, request_id) FROM order_events WHERE store_id = 40 ORDER BY id LIMIT 1`); got != "REFUND_INITIATED 16916747740991418099" {
		t.Errorf("the order has %s", got)
	}
}

// processed acts on what has come for an order and wants it in so many events.
func (m *mall) processed(t *testing.T, order string, want int) {
	t.Helper()
	if _, err := m.db.ProcessDueWebhooks(modelstest.System(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got := m.text(`SELECT count(*)::text FROM order_events e JOIN orders o ON o.id = e.order_id WHERE o.partner_order_id = $1`, order); got != fmt.Sprint(want) {
		t.Errorf("order %s has %s events, want %d; %s", order, got, want, m.text(`SELECT string_agg(concat_ws(' ', store_id, state, effect), '; ') FROM webhooks`))
	}
}

func TestWebhooksOfAChannelWithoutStore(t *testing.T) {
	m := openMall(t)
	m.exec(`UPDATE stores SET fynd_application_id = NULL`)
	m.seller("company_id=1&application_id=new")
	m.order("FY7")
	event := refundEvent("e7", "new", "FY7", "77")
	if got := m.hook(event, signedEvent(event, "e7")...); got.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	m.processed(t, "FY7", 0)
	if got := m.text(`SELECT state||' '||effect FROM webhooks`); !strings.HasPrefix(got, "parked No store here is the sales channel") {
		t.Errorf("without a store it is %s", got)
	}
	owner := m.as(modelstest.Person(t, m.db, "Ravi", models.Owner))
	list := owner.get("/extensions/fynd/1/installs")
	if list.StatusCode != http.StatusOK || !strings.Contains(list.said("main"), "linked to no store here yet") || !strings.Contains(list.said("main"), "3.4.2") {
		t.Errorf("%d %s", list.StatusCode, list.said("main"))
	}
	path, _ := list.Find("[data-channel=new] form").Attr("action")
	if linked := owner.post(path, "store", "40"); linked.StatusCode != http.StatusSeeOther {
		t.Fatalf("link: %d %s", linked.StatusCode, linked.said("main"))
	}
	m.processed(t, "FY7", 1)
	if got := m.text(`SELECT concat_ws(' ', store_id, state) FROM webhooks`); got != "40 processed" {
		t.Errorf("afterwards it is %s", got)
	}
}

func TestStaffSeeWhoInstalledIt(t *testing.T) {
	m := openMall(t)
	owner := m.as(modelstest.Person(t, m.db, "Ravi", models.Owner))
	list := owner.get("/extensions/fynd/1/installs")
	for _, want := range []string{"Company 1", "Renewed when needed", "Not subscribed", "The credentials of Razorpay for test payments are not stored yet", "Ruosh Pay takes no live payments of company 1"} {
		if !strings.Contains(list.said("main"), want) {
			t.Errorf("the page does not say %q: %s", want, list.said("main"))
		}
	}
	path, _ := list.Find("#install-1 form[action$=subscriptions]").Attr("action")
	if got := owner.post(path); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("subscribe again: %d %s", got.StatusCode, got.said("main"))
	}
	if list = owner.get("/extensions/fynd/1/installs"); strings.Contains(list.said("main"), "Not subscribed") {
		t.Errorf("still not subscribed: %s", list.said("main"))
	}
	m.control("POST", "/fynd/revoke", map[string]any{"company_id": "1"})
	if got := owner.post(path); got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.said("main"), "Fynd") {
		t.Errorf("with a token that Fynd refuses: %d %s", got.StatusCode, got.said("main"))
	}
	for path, want := range map[string]int{"/extensions/fynd/99/installs": 404, "/extensions/fynd/1/installs": 200} {
		if got := owner.get(path); got.StatusCode != want {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
	for path, fields := range map[string][]string{
		"/extensions/fynd/1/installs/99/subscriptions": nil, "/extensions/fynd/99/channels/1/store": {"store", "40"}, "/extensions/fynd/1/channels/1/store": {"store", "77"},
	} {
		if got := owner.post(path, fields...); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
	viewer := m.as(modelstest.Person(t, m.db, "Vera", models.Viewer, 40))
	if got := viewer.get("/extensions/fynd/1/installs"); got.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer: %d", got.StatusCode)
	}
}

func TestBothDoorsHaveTheSameEffects(t *testing.T) {
	m := openMall(t)
	_, err := m.db.SaveSettings(modelstest.System(t.Context()), models.SettingsForm{StoreID: 40, Gateway: "gofynd", Mode: "test", Values: cast.GoFynd, Enabled: true, By: models.SystemActor})
	if err != nil {
		t.Fatal(err)
	}
	events := []struct{ name, kind, payload string }{
		{"order", "placed", `{"order":{"fynd_order_id":"FYx","amount":100,"currency":"INR"}}`},
		{"order", "payment_failed", `{"order":{"fynd_order_id":"FYx"}}`},
		{"shipment", "update", `{"shipment_id":"s1","shipment":{"fynd_order_id":"FYx","shipment_status":{"status":"bag_packed"}}}`},
		{"refund", "refund_initiated", `{"order_id":"FYx","amount":100,"currency":"INR","request_id":"16916747740991418099"}`},
		{"refund", "refund_done", `{"order_id":"FYx","amount":100,"currency":"INR","request_id":"16916747740991418099"}`},
		{"payment", "complete", `{"payment_object_list":[{"id":"TR1x","amount_in_paisa":"10000","currency":"INR","merchant_order_id":"FYx","current_status":"complete"}]}`},
	}
	for door, order := range map[string]string{"/callbacks/gofynd": "FYa", "/api/v1/webhooks/platform": "FYb"} {
		m.order(order)
		secret := map[string]string{"/callbacks/gofynd": cast.GoFynd["secret_key"], "/api/v1/webhooks/platform": cast.FyndSecret}[door]
		for i, e := range events {
			body := fmt.Sprintf(`{"company_id":1,"application_id":%q,"contains":["x"],"event":{"id":"%s%d","category":"application","name":%q,"type":%q,"version":"1","created_timestamp":%d},"payload":%s}`,
				cast.FyndApplication, order, i, e.name, e.kind, 1700000000000+i*1000, strings.ReplaceAll(strings.ReplaceAll(e.payload, "FYx", order), "TR1x", "TR"+order))
			got := m.browser().ask("POST", door, strings.NewReader(body), "Content-Type: application/json", "X-Fp-Signature: "+gateways.SumHMAC([]byte(body), secret), fmt.Sprintf("X-Fp-Event-Id: %s-%d", order, i))
			if got.StatusCode != http.StatusOK {
				t.Fatalf("%s %s: %d %s", door, e.kind, got.StatusCode, got.body)
			}
		}
	}
	m.processed(t, "FYa", len(events))
	m.processed(t, "FYb", len(events))
	state := func(order string) string {
		return m.text(`SELECT concat_ws(' | ', o.status, o.last_event, (SELECT string_agg(concat_ws(' ', event, request_id, shipment_id, amount_minor, unit_doubt), ', ' ORDER BY e.id) FROM order_events e WHERE e.order_id = o.id),
			(SELECT string_agg(concat_ws(' ', event, verdict, state), ', ' ORDER BY w.id) FROM webhooks w WHERE w.order_id = o.id)) FROM orders o WHERE partner_order_id = $1`, order)
	}
	if a, b := state("FYa"), state("FYb"); a != b || !strings.Contains(a, "16916747740991418099") {
		t.Errorf("by the store's door: %s\nby the extension's: %s", a, b)
	}
}
