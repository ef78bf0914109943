package handlers_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kartify/kartify/models"
)

func TestAKeyIsDoneOnce(t *testing.T) {
	o := openOffice(t)
	erp, other := o.erp(), o.program("Another", everyScope())
	order := o.order(nil)
	payment := o.payment(order, nil)
	path, body := moneyPath(order, payment, "refunds"), map[string]any{"amount": inr(10000), "reason": "returned"}

	first := erp.post(path, body, "Idempotency-Key: a-1").want(t, http.StatusAccepted, "")
	o.settle()
	again := erp.post(path, body, "Idempotency-Key: a-1").want(t, http.StatusAccepted, "")
	if again.text != first.text || again.header.Get("Location") != first.header.Get("Location") || again.header.Get("Idempotent-Replayed") != "true" || first.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("again %v %s\nfirst %v %s", again.header, again.text, first.header, first.text)
	}
	quoted := erp.post(path, `{"reason": "returned", "amount": {"currency": "INR", "amount_minor": 10000}}`, `Idempotency-Key: "a-1"`).want(t, http.StatusAccepted, "")
	if quoted.text != first.text {
		t.Error("the same request in other words is another one")
	}
	erp.post(path, map[string]any{"amount": inr(20000), "reason": "returned"}, "Idempotency-Key: a-1").want(t, http.StatusUnprocessableEntity, "idempotency-key-reused")
	erp.post(moneyPath(order, payment, "captures"), map[string]any{"full": true}, "Idempotency-Key: a-1").want(t, http.StatusUnprocessableEntity, "idempotency-key-reused")
	erp.post(path, body, "Idempotency-Key: ").want(t, http.StatusBadRequest, "idempotency-key-missing")
	erp.post(path, body, "Idempotency-Key: two words").want(t, http.StatusBadRequest, "idempotency-key-missing")
	if theirs := other.post(path, body, "Idempotency-Key: a-1").want(t, http.StatusAccepted, ""); theirs.id(t) == first.id(t) {
		t.Error("another program's key is the same key")
	}
	var n int
	if o.scan(&n, `SELECT count(*) FROM operations WHERE payment_id = $1`, payment); n != 2 {
		t.Errorf("%d operations were made, want one for each program", n)
	}
}

func TestARefusalLeavesTheKeyFree(t *testing.T) {
	o := openOffice(t)
	erp := o.erp()
	order := o.order(nil)
	payment := o.payment(order, nil)
	path := moneyPath(order, payment, "refunds")
	erp.post(path, map[string]any{"amount": inr(999999), "reason": "returned"}, "Idempotency-Key: b-1").want(t, http.StatusUnprocessableEntity, "invalid")
	erp.post(path, map[string]any{"amount": inr(9999), "reason": "returned"}, "Idempotency-Key: b-1").want(t, http.StatusAccepted, "")
	status := fmt.Sprintf("/orders/%d/status", order)
	erp.post(status, map[string]any{"status": "refunded"}, "Idempotency-Key: b-2").want(t, http.StatusUnprocessableEntity, "invalid")
	erp.post(status, map[string]any{"status": "shipped"}, "Idempotency-Key: b-2").want(t, http.StatusOK, "")
}

func TestFiftyAtOnceAreOne(t *testing.T) {
	o := openOffice(t)
	erp := o.erp()
	order := o.order(nil)
	payment := o.payment(order, nil)
	heldOrder, heldPayment := o.held()
	for _, tt := range []struct {
		name, path string
		body       map[string]any
		count      string
	}{
		{"refund", moneyPath(order, payment, "refunds"), map[string]any{"amount": inr(10000), "reason": "returned"}, fmt.Sprintf(`SELECT count(*) FROM operations WHERE payment_id = %d`, payment)},
		{"capture", moneyPath(heldOrder, heldPayment, "captures"), map[string]any{"full": true}, fmt.Sprintf(`SELECT count(*) FROM operations WHERE payment_id = %d`, heldPayment)},
		{"status", fmt.Sprintf("/orders/%d/status", order), map[string]any{"status": "shipped"}, fmt.Sprintf(`SELECT count(*) FROM order_history WHERE order_id = %d AND kind = 'status'`, order)},
		{
			"order", "/orders",
			map[string]any{"store_id": 40, "customer": map[string]any{"name": "Meera"}, "lines": []any{map[string]any{"name": "Kurta", "quantity": 1, "unit": inr(100)}}, "total": inr(100)},
			`SELECT count(*) FROM orders WHERE customer_name = 'Meera'`,
		},
	} {
		var group sync.WaitGroup
		answers := make([]told, 50)
		for i := range answers {
			group.Go(func() {
				answers[i] = (&program{office: o, token: erp.token}).post(tt.path, tt.body, "Idempotency-Key: race-"+tt.name)
			})
		}
		group.Wait()
		texts := map[string]int{}
		for _, a := range answers {
			if a.status == http.StatusConflict || a.status == http.StatusServiceUnavailable {
				a.want(t, a.status, "") // told to come again; nothing was done for it
				continue
			}
			texts[fmt.Sprint(a.status, a.text)]++
		}
		again := erp.post(tt.path, tt.body, "Idempotency-Key: race-"+tt.name)
		texts[fmt.Sprint(again.status, again.text)]++
		if len(texts) != 1 || again.status >= 300 || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: %d different answers: %v", tt.name, len(texts), texts)
		}
		var n int
		if o.scan(&n, tt.count); n != 1 {
			t.Errorf("%s: %d effects of one key", tt.name, n)
		}
	}
	o.settle()
	if n := len(o.bogus.Effects()); n != 2 {
		t.Errorf("the gateways did %d things, want one refund and one capture", n)
	}
}

// A process that is killed between the action and its answer leaves a claim without an answer: the program asks
// again and finds what was done.
func TestAKilledRequestIsFoundAgain(t *testing.T) {
	o := openOffice(t)
	erp := o.erp()
	order := o.order(nil)
	payment := o.payment(order, nil)
	path, body := moneyPath(order, payment, "refunds"), map[string]any{"amount": inr(10000), "reason": "returned"}
	first := erp.post(path, body, "Idempotency-Key: killed").want(t, http.StatusAccepted, "")
	o.exec(`UPDATE api_keys SET status = NULL, body = '', location = '' WHERE token_id = $1`, erp.id)
	again := erp.post(path, body, "Idempotency-Key: killed").want(t, http.StatusAccepted, "")
	if again.id(t) != first.id(t) || again.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("again %s, first %s", again.text, first.text)
	}
	erp.post(path, body, "Idempotency-Key: killed").want(t, http.StatusAccepted, "")
	o.exec(`UPDATE api_keys SET created_at = now() - interval '25 hours' WHERE token_id = $1`, erp.id)
	if gone, err := o.db.ForgetAPIAnswers(o.ctx); err != nil || gone != 1 {
		t.Errorf("%d answers were forgotten (%v), want 1", gone, err)
	}
	if late := erp.post(path, body, "Idempotency-Key: killed").want(t, http.StatusAccepted, ""); late.id(t) != first.id(t) {
		t.Errorf("after a day the key made another operation: %s", late.text)
	}
	o.exec(`DELETE FROM api_keys`)
	erp.post(path, map[string]any{"amount": inr(500), "reason": "returned"}, "Idempotency-Key: killed").want(t, http.StatusConflict, "conflict")
}

func TestWhatIsNoRequest(t *testing.T) {
	o := openOffice(t)
	erp := o.erp()
	order := o.order(nil)
	payment := o.payment(order, nil)
	path := moneyPath(order, payment, "refunds")
	for _, tt := range []struct {
		name, body, header string
		status             int
		kind               string
		pointers           []string
	}{
		{"no JSON", `amount=1`, "", 400, "bad-request", nil},
		{"two texts", `{"full":true,"reason":"returned"}{}`, "", 400, "bad-request", nil},
		{"nothing", ``, "", 400, "bad-request", nil},
		{"nested too deep", strings.Repeat("[", 50) + strings.Repeat("]", 50), "", 400, "bad-request", nil},
		{"broken UTF-8", "{\"reason\":\"\xff\"}", "", 400, "bad-request", nil},
		{"a form", `full=true`, "Content-Type: application/x-www-form-urlencoded", 415, "unsupported-media-type", nil},
		{"a list", `[]`, "", 422, "invalid", nil},
		{"unknown members", `{"full":true,"reason":"returned","Amount":1,"a/b":2}`, "", 422, "invalid", []string{"/Amount", "/a~1b"}},
		{"an amount twice", `{"amount":{"amount_minor":1,"amount_minor":100,"currency":"INR"},"reason":"returned"}`, "", 422, "invalid", []string{"/amount/amount_minor"}},
		{"an amount that is a text", `{"amount":"499.50","reason":"returned"}`, "", 422, "invalid", []string{"/amount"}},
		{"a fraction", `{"amount":{"amount_minor":1.5,"currency":"INR"},"reason":"returned"}`, "", 422, "invalid", []string{"/amount/amount_minor"}},
		{"a huge number", `{"amount":{"amount_minor":1e30,"currency":"INR"},"reason":"returned"}`, "", 422, "invalid", []string{"/amount/amount_minor"}},
		{"below zero", `{"amount":{"amount_minor":-1,"currency":"INR"},"reason":"returned"}`, "", 422, "invalid", []string{"/amount/amount_minor"}},
		{"zero", `{"amount":{"amount_minor":0,"currency":"INR"},"reason":"returned"}`, "", 422, "invalid", []string{"/amount/amount_minor"}},
		{"another currency", `{"amount":{"amount_minor":1,"currency":"SEK"},"reason":"returned"}`, "", 422, "invalid", []string{"/amount"}},
		{"how much is not said", `{"reason":"returned"}`, "", 422, "invalid", []string{"/amount"}},
		{"how much is said twice", `{"full":true,"amount":{"amount_minor":1,"currency":"INR"},"reason":"returned"}`, "", 422, "invalid", []string{"/amount"}},
		{"no reason", `{"full":true}`, "", 422, "invalid", []string{"/reason"}},
		{"a byte of nothing", `{"full":true,"reason":"a\u0000b"}`, "", 422, "invalid", []string{"/reason"}},
		{"too large", `{"full":true,"reason":"` + strings.Repeat("x", 300<<10) + `"}`, "", 413, "too-large", nil},
	} {
		headers := []string{}
		if tt.header != "" {
			headers = append(headers, tt.header)
		}
		answer := erp.post(path, tt.body, headers...).want(t, tt.status, tt.kind)
		if got := answer.pointers(); !slices.Equal(got, tt.pointers) {
			t.Errorf("%s is wrong at %q, want %q", tt.name, got, tt.pointers)
		}
		if answer.json["request_id"] != answer.header.Get("X-Request-Id") || answer.json["status"] != float64(tt.status) {
			t.Errorf("%s: %s with the request id %q", tt.name, answer.text, answer.header.Get("X-Request-Id"))
		}
	}
	var n int
	if o.scan(&n, `SELECT count(*) FROM operations`); n != 0 {
		t.Errorf("%d operations were made", n)
	}
	erp.ask(http.MethodPut, apiBase+"/orders", nil).want(t, http.StatusMethodNotAllowed, "method-not-allowed")
	erp.ask(http.MethodDelete, fmt.Sprintf("%s/orders/%d", apiBase, order), nil).want(t, http.StatusMethodNotAllowed, "method-not-allowed")
	erp.ask(http.MethodOptions, apiBase+"/orders", nil, "Origin: https://evil.example", "Access-Control-Request-Method: POST").want(t, http.StatusMethodNotAllowed, "method-not-allowed")
	if answer := erp.ask(http.MethodPost, apiBase+"/payments/1", nil).want(t, http.StatusMethodNotAllowed, "method-not-allowed"); answer.header.Get("Allow") != "GET" {
		t.Errorf("Allow is %q", answer.header.Get("Allow"))
	}
	erp.ask(http.MethodGet, apiBase+"/nowhere", nil).want(t, http.StatusNotFound, "not-found")
}

func TestPlanByAPI(t *testing.T) {
	o := openOffice(t)
	erp := o.erp()
	order, payment := o.held()
	path := fmt.Sprintf("/orders/%d/plan", order)
	will := erp.post(path, map[string]any{"payment_id": payment, "action": "capture", "full": true, "fresh": true}).want(t, http.StatusOK, "")
	if will.json["possible"] != true || will.json["sentence"] != "Capture 1,499.00 INR at CCAvenue." || len(will.json["steps"].([]any)) != 1 || will.json["fresh"] != true {
		t.Errorf("the plan reads %s", will.text)
	}
	wont := erp.post(path, map[string]any{"payment_id": payment, "action": "refund", "full": true}).want(t, http.StatusOK, "")
	if wont.json["possible"] != false || wont.json["code"] != "not_captured" {
		t.Errorf("the plan reads %s", wont.text)
	}
	erp.post(path, map[string]any{"payment_id": payment, "action": "steal", "full": true}).want(t, http.StatusUnprocessableEntity, "invalid")
	var n int
	if o.scan(&n, `SELECT count(*) FROM operations`); n != 0 {
		t.Errorf("a plan made %d operations", n)
	}
}

func TestPaceExpiryAndRevoking(t *testing.T) {
	o := openOffice(t)
	slow := o.program("slow", []models.Permission{models.OrdersRead})
	o.exec(`UPDATE api_tokens SET per_minute = 3 WHERE id = $1`, slow.id)
	o.exec(`INSERT INTO api_paces (token_id, minute, used) VALUES ($1, date_trunc('minute', now()) + interval '1 hour', 1)`, slow.id) // a minute that lasts
	for left := range 2 {
		answer := slow.get("/orders").want(t, http.StatusOK, "")
		if got := answer.header.Get("RateLimit-Remaining"); got != fmt.Sprint(1-left) || answer.header.Get("RateLimit-Limit") != "3" || !strings.HasPrefix(answer.header.Get("RateLimit"), `"token";r=`+got+";t=") ||
			answer.header.Get("RateLimit-Policy") != `"token";q=3;w=60` {
			t.Errorf("the headers are %v", answer.header)
		}
	}
	answer := slow.get("/orders").want(t, http.StatusTooManyRequests, "too-many-requests")
	if answer.header.Get("Retry-After") == "" || answer.header.Get("RateLimit-Remaining") != "0" {
		t.Errorf("the headers are %v", answer.header)
	}
	o.exec(`UPDATE api_paces SET minute = minute - interval '2 hours'`)
	slow.get("/orders").want(t, http.StatusOK, "")

	erp := o.erp()
	erp.get("/orders").want(t, http.StatusOK, "")
	var used bool
	if o.scan(&used, `SELECT last_used_at IS NOT NULL AND last_address = '127.0.0.1' FROM api_tokens WHERE id = $1`, erp.id); !used {
		t.Error("nobody knows that the token was used")
	}
	o.exec(`UPDATE api_tokens SET expires_at = now() - interval '1 second' WHERE id = $1`, erp.id)
	erp.get("/orders").want(t, http.StatusUnauthorized, "unauthorized")

	another := o.program("Another", everyScope())
	another.get("/orders").want(t, http.StatusOK, "")
	if err := o.db.RevokeAPIToken(o.ctx, models.SystemActor, another.id); err != nil {
		t.Fatal(err)
	}
	another.get("/orders").want(t, http.StatusUnauthorized, "unauthorized")
	wrong := &program{office: o, token: slow.token[:len(slow.token)-1] + "!"}
	wrong.get("/orders").want(t, http.StatusUnauthorized, "unauthorized")
	var kept string
	if o.scan(&kept, `SELECT coalesce(string_agg(t::text, ' '), '') FROM api_tokens t`); strings.Contains(kept, strings.SplitN(slow.token, "_", 3)[2]) {
		t.Error("the database holds a token as it is")
	}
}
