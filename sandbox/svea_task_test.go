package sandbox

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// 202 is not success: the work may still fail, or nobody remembers the task.
func TestSveaTasks(t *testing.T) {
	b := newBench(t)
	failing := b.sveaSell("Invoice", "authorized")
	b.control("POST", "/svea/orders/"+failing, obj{"next_task": "fail"}, nil)
	if got := b.task(b.admin("POST", failing, "/deliveries", `{"OrderRowIds":[]}`)); got.status != 200 || got.text(t, "Status") != "Failed" {
		t.Errorf("failing: %d %s", got.status, got.body)
	}
	b.effects(failing, "capture", 0)

	gone := b.sveaSell("Invoice", "authorized")
	b.control("POST", "/svea/orders/"+gone, obj{"next_task": "vanish"}, nil)
	if got := b.task(b.admin("POST", gone, "/deliveries", `{"OrderRowIds":[]}`)); got.status != 404 {
		t.Errorf("vanished: %d %s", got.status, got.body)
	}
	eventually(t, "it is delivered all the same", func() bool { return b.sveaOrder(gone).Status == "Delivered" })

	slow := b.sveaSell("Invoice", "authorized")
	b.control("POST", "/svea/orders/"+slow, obj{"next_task": "stay"}, nil)
	accepted := b.admin("POST", slow, "/deliveries", `{"OrderRowIds":[]}`)
	at := strings.TrimPrefix(accepted.header.Get("Location"), b.url+"/svea")
	if got := b.svea("GET", at, ""); got.status != 200 || got.text(t, "Status") != "InProgress" || b.sveaOrder(slow).Status != "Open" {
		t.Errorf("in progress: %d %s", got.status, got.body)
	}
	b.admin("POST", slow, "/deliveries", `{"OrderRowIds":[]}`).sveaField(t, "Order")
	b.control("POST", "/clock", obj{"advance_seconds": 3601}, nil)
	if got := b.svea("GET", at, ""); got.status != 303 {
		t.Errorf("then: %d %s", got.status, got.body)
	}
	b.effects(slow, "capture", 1)
}

func TestSveaCreditFails(t *testing.T) {
	b, s := newBench(t), newShop(t, always(200))
	b.subscribe(s.URL, "CheckoutOrder.CreditFailed")
	id := b.sveaSell("Invoice", "captured")
	path := fmt.Sprintf("/deliveries/%d/credits", b.sveaOrder(id).Deliveries[0].ID)
	b.control("PUT", "/faults", obj{"gateway": "svea", "verb": "refund", "mode": modePendingFails, "delay_ms": 50, "times": 1}, nil)
	if got := b.task(b.admin("POST", id, path, `{"OrderRowIds":[1]}`)); got.status != 303 {
		t.Errorf("the task: %d %s", got.status, got.body)
	}
	if d := b.sveaOrder(id).Deliveries[0]; d.Credited != 0 || len(d.Actions) != 0 {
		t.Errorf("not decided yet: %s", compact(d))
	}
	got := s.wait(t, 2)[1] // after the Ping
	if !strings.Contains(string(got.body), `"EventName":"CheckoutOrder.CreditFailed"`) {
		t.Errorf("told %s", got.body)
	}
	if d := b.sveaOrder(id).Deliveries[0]; d.Credited != 0 || len(d.Actions) != 2 {
		t.Errorf("failed: %s", compact(d))
	}
	b.effects(id, "refund", 0)
}

// subscribe wants events and answers the Ping; it returns the subscription's path.
func (b *bench) subscribe(to string, events ...string) string {
	b.t.Helper()
	const at = "/admin/api/v2/callbacks/subscriptions"
	made := b.svea("POST", at, string(compact(map[string]any{"CallbackUri": to, "Events": events})))
	var out struct {
		ID int64 `json:"SubscriptionId"`
	}
	if err := json.Unmarshal([]byte(made.body), &out); err != nil || out.ID == 0 {
		b.t.Fatalf("subscribing answered %d %s", made.status, made.body)
	}
	path := fmt.Sprintf("%s/%d", at, out.ID)
	if got := b.svea("POST", path+"/verify", ""); got.status != 204 {
		b.t.Fatalf("verifying answered %d %s", got.status, got.body)
	}
	return path
}

func TestSveaSubscriptions(t *testing.T) {
	b, s := newBench(t), newShop(t, func(n int) int {
		if n == 1 {
			return 500
		}
		return 200
	})
	path := b.subscribe(s.URL, "CheckoutOrder.Delivered", "CheckoutOrder.Created")
	if ping := string(s.wait(t, 1)[0].body); !strings.Contains(ping, `"EventName":"Ping"`) || !strings.Contains(ping, `"CorrelationId"`) {
		t.Errorf("ping %s", ping)
	}
	id := b.sveaSell("Swish", "authorized")
	got := s.wait(t, 4) // Ping, one event that is answered 500 and comes again, the other event
	text := ""
	for _, d := range got[1:] {
		text += string(d.body)
	}
	for _, want := range []string{`"CheckoutOrderId":` + id, `"EventName":"CheckoutOrder.Delivered"`, `"DeliveryId":`, `"IsPending":false`} {
		if !strings.Contains(text, want) {
			t.Errorf("events %s lack %s", text, want)
		}
	}
	b.svea("PUT", path, `{"CallbackUri":"http://127.0.0.1:1/x","Events":["CheckoutOrder.Delivered"]}`)
	if got := b.svea("GET", path, ""); !strings.Contains(got.body, `"IsVerified":false`) {
		t.Errorf("another address needs another Ping: %s", got.body)
	}
	b.svea("POST", path+"/verify", "").sveaField(t, "CallbackUri")
	if got := b.svea("DELETE", path, ""); got.status != 204 {
		t.Errorf("unsubscribing answered %d", got.status)
	}
	if got := b.svea("GET", "/admin/api/v2/callbacks/subscriptions", ""); got.body != "[]" {
		t.Errorf("left %s", got.body)
	}
}

func TestSveaFaults(t *testing.T) {
	tests := []struct {
		mode            string
		status, effects int
	}{
		{modeDropBefore, 0, 0},
		{modeDropAfter, 0, 1},
		{mode500Before, 500, 0},
		{mode500After, 502, 1},
		{mode429, 429, 0},
		{modeBusy, 400, 0},
		{modeGarbage, 200, 1},
		{modeWrongAmount, 0, 1},
		{modeHidden, 0, 1},
	}
	verbs := []struct {
		verb, kind, state, method, path, body string
		ok                                    int
	}{
		{"capture", "Invoice", "authorized", "POST", "/deliveries", `{"OrderRowIds":[]}`, 202},
		{"refund", "Invoice", "captured", "POST", "/deliveries/%d/credits", `{"OrderRowIds":[2]}`, 202},
		{"refund", "Swish", "captured", "PATCH", "/deliveries/%d", `{"CreditedAmount":5000}`, 200},
		{"refund", "Card", "captured", "PATCH", "", `{"CancelledAmount":5000}`, 204},
		{"void", "Invoice", "authorized", "PATCH", "", `{"IsCancelled":true}`, 204},
		{"amount_update", "Card", "authorized", "PATCH", "", `{"CancelledAmount":5000}`, 204},
	}
	for _, v := range verbs {
		for _, tt := range tests {
			t.Run(v.verb+" "+v.kind+" "+tt.mode, func(t *testing.T) {
				b := newBench(t)
				id := b.sveaSell(v.kind, v.state)
				path := v.path
				if strings.Contains(path, "%d") {
					path = fmt.Sprintf(path, b.sveaOrder(id).Deliveries[0].ID)
				}
				before := string(compact(b.sveaOrder(id)))
				b.control("PUT", "/faults", obj{"gateway": "svea", "verb": v.verb, "payment": id, "mode": tt.mode, "times": 1}, nil)
				got := b.admin(v.method, id, path, v.body)
				want := tt.status
				if tt.mode == modeWrongAmount || tt.mode == modeHidden {
					want = v.ok
				}
				if got.status != want {
					t.Errorf("answered %d %s, want %d", got.status, got.body, want)
				}
				eventually(t, "the effects are there", func() bool { return len(b.ledger(id, v.verb)) == tt.effects })
				if tt.effects == 0 {
					time.Sleep(5 * time.Millisecond)
					b.effects(id, v.verb, 0)
				}
				seen := string(compact(b.sveaOrder(id)))
				switch tt.mode {
				case modeHidden:
					if seen != before {
						t.Errorf("the effect is not hidden: %s", seen)
					}
					b.control("DELETE", "/faults", nil, nil)
					if string(compact(b.sveaOrder(id))) == before {
						t.Error("the effect stays hidden without faults")
					}
				case modeWrongAmount:
					if right := string(compact(b.sveaOrder(id))); right == seen {
						t.Errorf("the first read shows the right amount: %s", seen)
					}
				}
			})
		}
	}
}

// With the caps off nothing but the shop keeps a delivery from being credited twice.
func TestSveaCaps(t *testing.T) {
	b := newBench(t)
	rows, bank := b.sveaSell("Invoice", "captured"), b.sveaSell("Swish", "captured")
	path := func(id string) string { return fmt.Sprintf("/deliveries/%d", b.sveaOrder(id).Deliveries[0].ID) }
	b.control("PUT", "/caps", obj{"gateway": "svea", "enforce": false}, nil)
	for range 2 {
		b.task(b.admin("POST", rows, path(rows)+"/credits", `{"OrderRowIds":[1,2]}`))
	}
	for _, to := range []int{25000, 50000} {
		if got := b.admin("PATCH", bank, path(bank), fmt.Sprintf(`{"CreditedAmount":%d}`, to)); got.status != 200 {
			t.Errorf("crediting to %d answered %d %s", to, got.status, got.body)
		}
	}
	for _, id := range []string{rows, bank} {
		if d := b.sveaOrder(id).Deliveries[0]; d.Credited != 50000 || len(b.ledger(id, "refund")) != 2 {
			t.Errorf("credited %d", d.Credited)
		}
	}
	b.control("PUT", "/caps", obj{"gateway": "svea", "enforce": true}, nil)
	if d := b.sveaOrder(bank).Deliveries[0]; len(d.Actions) != 0 {
		t.Errorf("with the caps on it offers %v", d.Actions)
	}
}

func TestSveaDecoderTraps(t *testing.T) {
	b := newBench(t)
	id := b.sveaSell("Invoice", "authorized")
	b.control("POST", "/svea/orders/"+id, obj{"mark": true, "null_lists": true, "status": "Weird"}, nil)
	got := b.admin("GET", id, "", "")
	if !strings.HasPrefix(got.body, "\xef\xbb\xbf{") || !strings.Contains(got.body, `"Deliveries":null`) || !strings.Contains(got.body, `"OrderStatus":"Weird"`) {
		t.Errorf("order %s", got.body)
	}
}

// A sandbox that is started again goes on with its tasks, keys and orders.
func TestRestartOfKlarnaAndSvea(t *testing.T) {
	cfg := quick()
	cfg.Dir = t.TempDir()
	b := openBench(t, cfg)
	id, open := b.sveaSell("Invoice", "captured"), b.sveaSell("Invoice", "authorized")
	path := fmt.Sprintf("/deliveries/%d/credits", b.sveaOrder(id).Deliveries[0].ID)
	b.task(b.admin("POST", id, path, `{"OrderRowIds":[2]}`))
	b.control("POST", "/svea/orders/"+open, obj{"next_task": "stay"}, nil)
	b.admin("POST", open, "/deliveries", `{"OrderRowIds":[]}`)
	bank := b.klarnaSell("authorized")
	made := b.om("POST", bank, "/captures", `{"captured_amount":5000}`, klarnaKeyHeader, "k")
	before := string(compact(b.sveaOrder(id))) + string(compact(b.klarnaOrder(bank)))
	if err := b.box.Close(); err != nil {
		t.Fatal(err)
	}

	b = openBench(t, cfg)
	if after := string(compact(b.sveaOrder(id))) + string(compact(b.klarnaOrder(bank))); after != before {
		t.Errorf("before %s after %s", before, after)
	}
	again := b.om("POST", bank, "/captures", `{"captured_amount":5000}`, klarnaKeyHeader, "k")
	if again.header.Get("Capture-Id") != made.header.Get("Capture-Id") {
		t.Errorf("the key made another capture: %d %s", again.status, again.body)
	}
	b.effects(open, "capture", 0)
	b.control("POST", "/clock", obj{"advance_seconds": 29 * 24 * 3600}, nil)
	b.effects(open, "capture", 1)
	if e := b.klarnaOrder(bank); e.Status != "EXPIRED" {
		t.Errorf("after 29 days the order is %s", e.Status)
	}
}
