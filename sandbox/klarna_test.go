package sandbox

import (
	"encoding/json"
	"strings"
	"testing"
)

// klarna calls Klarna's API as the default merchant; headers are pairs of name and value.
func (b *bench) klarna(method, path, body string, headers ...string) answer {
	b.t.Helper()
	return b.do(method, "/klarna"+path, body, append(headers,
		"Authorization", "Basic SzEyMzQ1Nl8wYTFiMmMzZDRlNWY6c2FuZGJveC1zZWNyZXQ=", "Content-Type", "application/json")...)
}

// om calls Order Management about an order.
func (b *bench) om(method, id, path, body string, headers ...string) answer {
	b.t.Helper()
	return b.klarna(method, "/ordermanagement/v1/orders/"+id+path, body, headers...)
}

// klarnaSell makes an order of 250.00 SEK exist in a state and returns its id.
func (b *bench) klarnaSell(state string, more ...obj) string {
	b.t.Helper()
	in := obj{"gateway": "klarna", "order": "100234", "amount_minor": 25000, "currency": "SEK", "state": state}
	for _, m := range more {
		for name, value := range m {
			in[name] = value
		}
	}
	var out struct{ ID string }
	b.control("POST", "/payments", in, &out)
	return out.ID
}

// klarnaOrder reads an order.
func (b *bench) klarnaOrder(id string) klarnaEntity {
	b.t.Helper()
	got := b.om("GET", id, "", "")
	var e klarnaEntity
	if err := json.Unmarshal([]byte(got.body), &e); err != nil || got.status != 200 {
		b.t.Fatalf("order answered %d %s", got.status, got.body)
	}
	return e
}

// klarnaSays checks the status, the code and the first message of a refusal.
func (a answer) klarnaSays(t *testing.T, status int, code, message string) {
	t.Helper()
	var e klarnaError
	_ = json.Unmarshal([]byte(a.body), &e)
	text := ""
	if len(e.Messages) > 0 {
		text = e.Messages[0]
	}
	if a.status != status || e.Code != code || text != message {
		t.Errorf("answered %d %s, want %d %s %q", a.status, a.body, status, code, message)
	}
	if a.header.Get("Klarna-Correlation-Id") != e.CorrelationID || e.CorrelationID == "" {
		t.Errorf("correlation id %q in the body, %q in the header", e.CorrelationID, a.header.Get("Klarna-Correlation-Id"))
	}
}

// What each call of Order Management answers in each state.
func TestKlarnaStates(t *testing.T) {
	const fraction = `{"captured_amount":5000}`
	calls := map[string]func(b *bench, id string) answer{
		"capture": func(b *bench, id string) answer { return b.om("POST", id, "/captures", fraction) },
		"cancel":  func(b *bench, id string) answer { return b.om("POST", id, "/cancel", "") },
		"refund":  func(b *bench, id string) answer { return b.om("POST", id, "/refunds", `{"refunded_amount":5000}`) },
		"release": func(b *bench, id string) answer { return b.om("POST", id, "/release-remaining-authorization", "") },
		"update":  func(b *bench, id string) answer { return b.om("PATCH", id, "/authorization", `{"order_amount":24000}`) },
		"extend":  func(b *bench, id string) answer { return b.om("POST", id, "/extend-authorization-time", "") },
	}
	tests := []struct {
		state string
		more  obj
		want  map[string]int
	}{
		{"authorized", nil, map[string]int{"capture": 201, "cancel": 204, "refund": 403, "release": 403, "update": 204, "extend": 204}},
		{"authorized", obj{"fraud_status": "PENDING"}, map[string]int{"capture": 403, "cancel": 204, "refund": 403, "release": 403, "update": 403, "extend": 403}},
		{"part_captured", obj{"captured_minor": 10000}, map[string]int{"capture": 201, "cancel": 403, "refund": 201, "release": 204, "update": 204, "extend": 204}},
		{"captured", nil, map[string]int{"capture": 403, "cancel": 403, "refund": 201, "release": 204, "update": 403, "extend": 403}},
		{"cancelled", nil, map[string]int{"capture": 403, "cancel": 204, "refund": 403, "release": 403, "update": 403, "extend": 403}},
		{"expired", nil, map[string]int{"capture": 403, "cancel": 403, "refund": 403, "release": 403, "update": 403, "extend": 403}},
		{"closed", nil, map[string]int{"capture": 403, "cancel": 403, "refund": 403, "release": 403, "update": 403, "extend": 403}},
	}
	b := newBench(t)
	for _, tt := range tests {
		for name, call := range calls {
			id := ""
			if tt.state == "closed" {
				id = b.klarnaSell("captured")
				b.control("POST", "/payments/"+id+"/state", obj{"state": "closed"}, nil)
			} else {
				id = b.klarnaSell(tt.state, tt.more)
			}
			before := b.klarnaOrder(id)
			got := call(b, id)
			if got.status != tt.want[name] {
				t.Errorf("%s of %s %v answered %d %s, want %d", name, tt.state, tt.more, got.status, got.body, tt.want[name])
			}
			if after := b.klarnaOrder(id); got.status == 403 && string(compact(after)) != string(compact(before)) {
				t.Errorf("a refused %s of %s changed the order", name, tt.state)
			}
		}
	}
	part := b.klarnaSell("part_captured", obj{"captured_minor": 10000})
	b.control("POST", "/payments/"+part+"/state", obj{"state": "expired"}, nil)
	if got := b.om("POST", part, "/refunds", `{"refunded_amount":10000}`); got.status != 201 {
		t.Errorf("refund of what was captured before the expiry: %d %s", got.status, got.body)
	}
}

func TestKlarnaRefusals(t *testing.T) {
	b := newBench(t)
	open, taken := b.klarnaSell("authorized"), b.klarnaSell("captured")
	part := b.klarnaSell("part_captured", obj{"captured_minor": 10000})
	expired := b.klarnaSell("expired")
	const none = "11111111-2222-4333-8444-555555555555"
	tests := []struct {
		method, id, path, body string
		status                 int
		code, message          string
	}{
		{"GET", none, "", "", 404, "NO_SUCH_ORDER", "Order " + none + " cannot be found"},
		{"POST", none, "/acknowledge", "", 404, "NO_SUCH_ORDER", "Order " + none + " cannot be found. Acknowledgement not possible."},
		{"PATCH", none, "/merchant-references", "{}", 404, "NO_SUCH_ORDER", "Order " + none + " cannot be found. Merchant references cannot be updated."},
		{"POST", none, "/captures/x/shipping-info", "{}", 404, "NO_SUCH_ORDER", "Order " + none + " cannot be found. Shipping info cannot be added to capture x."},
		{"GET", "12", "", "", 400, "INVALID_ORDER_ID", "Order ID must be a valid UUID."},
		{"POST", open, "/captures", `{"captured_amount":25001}`, 403, "CAPTURE_NOT_ALLOWED", "Captured amount is higher than the remaining authorized amount. Capture not possible."},
		{"POST", expired, "/captures", `{"captured_amount":1}`, 403, "CAPTURE_NOT_ALLOWED", "Order " + expired + " is expired. Capture not possible."},
		{"POST", open, "/captures", `{}`, 400, "BAD_VALUE", "Bad value: captured_amount"},
		{"POST", open, "/captures", `{"captured_amount":"1"}`, 400, "BAD_VALUE", "Bad value: captured_amount"},
		{"POST", open, "/captures", `{"captured_amount":-1}`, 400, "BAD_VALUE", "Bad value: captured_amount"},
		{"POST", open, "/captures", `{"captured_amount":200000001}`, 400, "BAD_VALUE", "Bad value: captured_amount"},
		{"POST", open, "/captures", `{"captured_amount":1,"reference":"` + strings.Repeat("x", 256) + `"}`, 400, "BAD_VALUE", "Bad value: reference"},
		{"POST", open, "/captures", `{"captured_amount":1,"shipping_info":[{"shipping_company":"` + strings.Repeat("x", 101) + `"}]}`, 422, "UNPROCESSABLE_ENTITY", "The size of the shipping_info/shipping_company value must be between 0 and 100"},
		{"POST", part, "/cancel", "", 403, "CANCEL_NOT_ALLOWED", "Order has previous captures. Cancel not possible."},
		{"POST", open, "/refunds", `{"refunded_amount":1}`, 403, "REFUND_NOT_ALLOWED", "Order has no captures. Refund not possible"},
		{"POST", taken, "/refunds", `{"refunded_amount":25001}`, 403, "REFUND_NOT_ALLOWED", "Refunded amount is higher than the captured amount. Refund not possible."},
		{"GET", taken, "/refunds/" + none, "", 404, "NOT_FOUND", "Refund " + none + " cannot be found for order " + taken},
		{"GET", taken, "/refunds/x", "", 400, "NOT_FOUND", "Refund x cannot be found for order " + taken},
		{"POST", taken, "/captures/" + none + "/shipping-info", `{"shipping_info":[{}]}`, 404, "NO_SUCH_CAPTURE", "Capture could not be found. Shipping info cannot be added to capture " + none},
		{"PATCH", part, "/authorization", `{"order_amount":9999}`, 403, "NOT_ALLOWED", "Resulting authorization amount 9999 cannot be less than the captured amount 10000 for order. Order authorization cannot be updated"},
		{"PATCH", taken, "/authorization", `{"order_amount":25000}`, 403, "NOT_ALLOWED", "Update not allowed."},
		{"POST", expired, "/extend-authorization-time", "", 403, "NOT_ALLOWED", "Order is expired. Authorization time cannot be extended."},
		{"PATCH", open, "/customer-details", `{"billing_address":{"given_name":"Eva"}}`, 403, "NOT_ALLOWED", "Billing address cannot be updated for user account order. Customer details cannot be updated."},
		{"PATCH", open, "/customer-details", `{"shipping_address":{"given_name":"Eva"}}`, 422, "INVALID_ADDRESS", "The shipping and/or billing address is invalid"},
		{"PUT", open, "/cancel", "", 405, "HTTP_ERROR", ""},
		{"POST", open, "/nothing", "", 405, "HTTP_ERROR", ""},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+strings.TrimPrefix(tt.path, "/")+" "+tt.message, func(t *testing.T) {
			b.om(tt.method, tt.id, tt.path, tt.body).klarnaSays(t, tt.status, tt.code, tt.message)
		})
	}
	b.control("POST", "/klarna/orders/"+open, obj{"fail_capture": true, "fail_increase": true}, nil)
	b.om("POST", open, "/captures", `{"captured_amount":100}`).klarnaSays(t, 403, "PAYMENT_METHOD_FAILED", "Payment method failed")
	b.om("PATCH", open, "/authorization", `{"order_amount":25001}`).klarnaSays(t, 403, "NOT_ALLOWED", "Update not allowed.")
	card := b.klarnaSell("authorized", obj{"payment_type": "CARD"})
	b.om("PATCH", card, "/authorization", `{"order_amount":25001}`).klarnaSays(t, 403, "NOT_ALLOWED", "Update not allowed.")
	b.om("POST", card, "/extend-authorization-time", "").klarnaSays(t, 403, "NOT_ALLOWED", "Update not allowed.")
	if got := b.ledger(open, "capture"); len(got) != 0 {
		t.Errorf("refusals left %v", got)
	}
}

func TestKlarnaCredentials(t *testing.T) {
	b := newBench(t)
	id := b.klarnaSell("authorized")
	for _, header := range []string{"", "Basic eDp5", "Bearer x", "Basic SzEyMzQ1Nl8wYTFiMmMzZDRlNWY6c2FuZGJveA=="} {
		got := b.do("GET", "/klarna/ordermanagement/v1/orders/"+id, "", "Authorization", header)
		if got.status != 401 || got.header.Get("Content-Type") != "text/html" || got.header.Get("WWW-Authenticate") != `Basic realm="very closed site"` || json.Valid([]byte(got.body)) {
			t.Errorf("%q answered %d %s", header, got.status, got.body)
		}
	}
	b.control("POST", "/merchants", obj{"gateway": "klarna", "key_id": "other", "key_secret": "s"}, nil)
	other := b.do("GET", "/klarna/ordermanagement/v1/orders/"+id, "", "Authorization", "Basic b3RoZXI6cw==")
	other.klarnaSays(t, 404, "NO_SUCH_ORDER", "Order "+id+" cannot be found")
}
