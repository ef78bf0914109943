package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// svea calls Svea's APIs as the default merchant, signed now.
func (b *bench) svea(method, path, body string) answer {
	b.t.Helper()
	return b.sveaSigned(method, path, body, time.Now().UTC().Format("2006-01-02 15:04:05"), "100001", "sandbox-secret")
}

func (b *bench) sveaSigned(method, path, body, timestamp, merchant, secret string) answer {
	b.t.Helper()
	token := base64.StdEncoding.EncodeToString([]byte(merchant + ":" + sveaHash([]byte(body), secret, timestamp)))
	return b.do(method, "/svea"+path, body, "Timestamp", timestamp, "Authorization", "Svea "+token)
}

// admin calls Payment Admin about an order.
func (b *bench) admin(method, id, path, body string) answer {
	b.t.Helper()
	return b.svea(method, "/admin/api/v1/orders/"+id+path, body)
}

// sveaSell makes an order of two mugs and freight, 250.00 SEK, in a state and returns its id.
func (b *bench) sveaSell(paymentType, state string, more ...obj) string {
	b.t.Helper()
	in := obj{
		"gateway": "svea", "order": "100235", "amount_minor": 25000, "currency": "SEK", "state": state, "payment_type": paymentType,
		"lines": []obj{
			{"reference": "A1", "name": "Mugg", "quantity": 2, "unit_minor": 10000, "tax_rate": 2500},
			{"reference": "frakt", "name": "Frakt", "quantity": 1, "unit_minor": 5000, "tax_rate": 2500},
		},
	}
	for _, m := range more {
		for name, value := range m {
			in[name] = value
		}
	}
	var out struct{ ID string }
	b.control("POST", "/payments", in, &out)
	return out.ID
}

func (b *bench) sveaOrder(id string) sveaEntity {
	b.t.Helper()
	got := b.admin("GET", id, "", "")
	var e sveaEntity
	if err := json.Unmarshal([]byte(got.body), &e); err != nil || got.status != 200 {
		b.t.Fatalf("order answered %d %s", got.status, got.body)
	}
	return e
}

// task waits for a task a 202 spoke of and returns its last answer.
func (b *bench) task(accepted answer) answer {
	b.t.Helper()
	at := strings.TrimPrefix(accepted.header.Get("Location"), b.url+"/svea")
	if accepted.status != 202 || !strings.HasPrefix(at, "/admin/api/v1/queue/") {
		b.t.Fatalf("answered %d %s at %q", accepted.status, accepted.body, at)
	}
	var got answer
	eventually(b.t, "the task ends", func() bool {
		got = b.svea("GET", at, "")
		return !strings.Contains(got.body, `"InProgress"`)
	})
	return got
}

// sveaField checks that an answer is a 400 about a member.
func (a answer) sveaField(t *testing.T, field string) {
	t.Helper()
	var e sveaError
	_ = json.Unmarshal([]byte(a.body), &e)
	if a.status != 400 || len(e.Errors) != 1 || e.Errors[0].Field != field || e.Errors[0].Message == "" {
		t.Errorf("answered %d %s, want 400 about %s", a.status, a.body, field)
	}
}

// The published formula on four known requests; the second and fourth have a body.
func TestSveaSignatureVectors(t *testing.T) {
	tests := []struct{ timestamp, body, want string }{
		{"2025-01-15 10:30:00", "", "58e8522b222b5a5aa5816e502913f4e1b4af3984a2344aef019cfdb18c717bbe3c4b8f3b2b997fe0ebc70dee12f19fc2472915895f9835b1a507f303419275ed"},
		{"2025-01-15 10:30:00", `{"OrderRowIds":[]}`, "06c3fc7bc94147c906e1a3b770fa3a81d551f34832a395e4f3ce013461a70446dc0149668af359dd8b08135f196187c18c2d8562f7400f070012d45b8d080a8b"},
		{"2025-01-15 10:30", `{"IsCancelled":true}`, "b894747fd3ff7159f5d507d2112111495baf0b95fbf610fdd1f201a9ca052c52f0718aaf3a97d8e3fb724ec4732d167f02020c77bbf27ec75c4e947220d8915d"},
		{"2025-01-15 10:30:00", `{"Name":"Återbetalning frakt","UnitPrice":9900}`, "b5196f1ba36b9d547379132dd932a4972c2bbef03a03166b7dfd63486588298e2db6f793c968ceb541eb803d021bf11938f64131760ea838cee7b478a2f5fa97"},
	}
	for _, tt := range tests {
		if got := sveaHash([]byte(tt.body), "sandbox-secret", tt.timestamp); got != tt.want {
			t.Errorf("hash of %q at %s is %s", tt.body, tt.timestamp, got)
		}
	}
}

func TestSveaCredentials(t *testing.T) {
	b := newBench(t)
	id := b.sveaSell("Invoice", "authorized")
	path := "/admin/api/v1/orders/" + id
	const seconds, minutes = "2006-01-02 15:04:05", "2006-01-02 15:04"
	now := time.Now().UTC()
	b.control("POST", "/merchants", obj{"gateway": "svea", "key_id": "100002", "key_secret": "other"}, nil)
	tests := []struct {
		name, timestamp, merchant, secret string
		want                              int
	}{
		{"seconds", now.Format(seconds), "100001", "sandbox-secret", 200},
		{"minutes", now.Format(minutes), "100001", "sandbox-secret", 200},
		{"four minutes ago", now.Add(-4 * time.Minute).Format(seconds), "100001", "sandbox-secret", 200},
		{"six minutes ago", now.Add(-6 * time.Minute).Format(seconds), "100001", "sandbox-secret", 401},
		{"six minutes ahead", now.Add(6 * time.Minute).Format(seconds), "100001", "sandbox-secret", 401},
		{"another shape", now.Format(time.RFC3339), "100001", "sandbox-secret", 401},
		{"wrong secret", now.Format(seconds), "100001", "sandbox", 401},
		{"nobody", now.Format(seconds), "100009", "sandbox-secret", 401},
		{"another merchant's order", now.Format(seconds), "100002", "other", 403},
	}
	for _, tt := range tests {
		if got := b.sveaSigned("GET", path, "", tt.timestamp, tt.merchant, tt.secret); got.status != tt.want || tt.want > 200 && got.body != "" {
			t.Errorf("%s answered %d %s, want %d", tt.name, got.status, got.body, tt.want)
		}
	}
	stamp := now.Format(seconds)
	upper := base64.StdEncoding.EncodeToString([]byte("100001:" + strings.ToUpper(sveaHash(nil, "sandbox-secret", stamp))))
	if got := b.do("GET", "/svea"+path, "", "Timestamp", stamp, "Authorization", "Svea "+upper); got.status != 200 {
		t.Errorf("a token in capitals answered %d", got.status)
	}
	body := base64.StdEncoding.EncodeToString([]byte("100001:" + sveaHash([]byte(`{"IsCancelled": true}`), "sandbox-secret", stamp)))
	if got := b.do("PATCH", "/svea"+path, `{"IsCancelled":true}`, "Timestamp", stamp, "Authorization", "Svea "+body); got.status != 401 {
		t.Errorf("a token of other bytes answered %d", got.status)
	}
	if got := b.do("GET", "/svea"+path, "", "Authorization", "Svea "+upper); got.status != 401 {
		t.Errorf("no timestamp answered %d", got.status)
	}
	for _, gone := range []string{"/admin/api/v1/orders/1", "/admin/api/v1/queue/1", "/admin/api/v1/orders/" + id + "/deliveries/1"} {
		if got := b.svea("GET", gone, ""); got.status != 404 {
			t.Errorf("%s answered %d", gone, got.status)
		}
	}
}

// What each payment type offers in each state.
func TestSveaActions(t *testing.T) {
	const six = "CanDeliverOrder CanDeliverPartially CanCancelOrder CanCancelOrderRow CanAddOrderRow CanUpdateOrderRow"
	const cancelCard = "CanCancelOrder CanCancelAmount"
	tests := []struct {
		kind, state, status          string
		order, row, delivery, inside string
	}{
		{"Invoice", "authorized", "Open", six, "CanDeliverRow CanCancelRow CanUpdateRow", "", ""},
		{"AccountCredit", "authorized", "Open", six, "CanDeliverRow CanCancelRow CanUpdateRow", "", ""},
		{"Invoice", "captured", "Delivered", "", "", "CanCreditNewRow CanCreditOrderRows", "CanCreditRow"},
		{"Invoice", "refunded", "Delivered", "", "", "", ""},
		{"AccountCredit", "refunded", "Cancelled", "", "", "", ""},
		{"PaymentPlan", "refunded", "Cancelled", "", "", "", ""},
		{"PaymentPlan", "authorized", "Open", "CanDeliverOrder CanCancelOrder CanAddOrderRow CanCancelOrderRow CanUpdateOrderRow", "CanCancelRow CanUpdateRow", "", ""},
		{"PaymentPlan", "captured", "Delivered", "", "", "CanCreditNewRow CanCreditOrderRows", "CanCreditRow"},
		{"Card", "authorized", "Open", "CanDeliverOrder " + cancelCard, "", "", ""},
		{"Card", "captured", "Delivered", cancelCard, "", "", ""},
		{"Vipps", "captured", "Delivered", cancelCard, "", "", ""},
		{"Card", "settled", "Delivered", "", "", "CanCreditAmount", ""},
		{"Swish", "authorized", "Delivered", "", "", "CanCreditAmount", ""},
		{"Trustly", "authorized", "Delivered", "", "", "CanCreditAmount", ""},
		{"Invoice", "cancelled", "Cancelled", "", "", "", ""},
		{"Invoice", "pending", "Open", "", "", "", ""},
		{"Card", "pending", "Open", "", "", "", ""},
	}
	b := newBench(t)
	for _, tt := range tests {
		e := b.sveaOrder(b.sveaSell(tt.kind, tt.state))
		row, delivery, inside := "", "", ""
		if len(e.Rows) > 0 {
			row = strings.Join(e.Rows[0].Actions, " ")
		}
		if len(e.Deliveries) > 0 {
			delivery = strings.Join(e.Deliveries[0].Actions, " ")
			inside = strings.Join(e.Deliveries[0].Rows[0].Actions, " ")
		}
		got := []string{e.Status, strings.Join(e.Actions, " "), row, delivery, inside}
		want := []string{tt.status, tt.order, tt.row, tt.delivery, tt.inside}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%s %s offers\n%v, want\n%v", tt.kind, tt.state, got, want)
		}
	}
}

func TestSveaRefusals(t *testing.T) {
	b := newBench(t)
	open, plan := b.sveaSell("Invoice", "authorized"), b.sveaSell("PaymentPlan", "authorized")
	card, bank, pending := b.sveaSell("Card", "authorized"), b.sveaSell("Swish", "authorized"), b.sveaSell("Invoice", "pending")
	taken := b.sveaSell("Invoice", "captured")
	delivery := func(id string) string { return "/deliveries/" + string(compact(b.sveaOrder(id).Deliveries[0].ID)) }
	at, swish := delivery(taken), delivery(bank)
	b.control("POST", "/svea/orders/"+open, obj{"no_raise": true}, nil)
	tests := []struct{ method, id, path, body, field string }{
		{"POST", taken, "/deliveries", `{"OrderRowIds":[]}`, "Actions"},
		{"POST", pending, "/deliveries", `{"OrderRowIds":[]}`, "Actions"},
		{"POST", plan, "/deliveries", `{"OrderRowIds":[1]}`, "Actions"},
		{"POST", open, "/deliveries", `{"OrderRowIds":[9]}`, "OrderRowIds"},
		{"POST", open, "/deliveries", `{"OrderRowIds":[1],"RowDeliveryOptions":[{"OrderRowId":1,"Quantity":300}]}`, "Quantity"},
		{"POST", open, "/deliveries/DeliverAndLowerAmount", `{"DeliveredAmount":100}`, "Actions"},
		{"POST", card, "/deliveries/DeliverAndLowerAmount", `{"DeliveredAmount":25001}`, "DeliveredAmount"},
		{"PATCH", open, "", `{"CancelledAmount":100}`, "Actions"},
		{"PATCH", card, "", `{"CancelledAmount":0}`, "CancelledAmount"},
		{"PATCH", card, "", `{"CancelledAmount":-1}`, "CancelledAmount"},
		{"PATCH", card, "", `{"CancelledAmount":25001}`, "CancelledAmount"},
		{"PATCH", card, "", `{"CancelledAmount":10000000000000}`, "CancelledAmount"},
		{"PATCH", card, "", `{}`, "IsCancelled"},
		{"PATCH", card, "", `nonsense`, "Body"},
		{"PATCH", taken, "", `{"IsCancelled":true}`, "Actions"},
		{"PATCH", card, "/rows/1", `{"Quantity":100}`, "Actions"},
		{"PUT", card, "/rows/replaceOrderRows", `{"OrderRows":[{"Name":"x","Quantity":100,"UnitPrice":1}]}`, "Actions"},
		{"POST", open, "/rows", `{"Name":"` + strings.Repeat("å", 41) + `","Quantity":100,"UnitPrice":1}`, "Name"},
		{"POST", open, "/rows", `{"Name":"x","Quantity":100,"UnitPrice":1000,"VatPercent":-1}`, "VatPercent"},
		{"POST", open, "/rows", `{"Name":"x","Quantity":100,"UnitPrice":1000,"DiscountPercent":100,"DiscountAmount":1}`, "DiscountAmount"},
		{"POST", open, "/rows", `{"Name":"x","Quantity":100,"UnitPrice":1000}`, "OrderRows"},
		{"POST", taken, at + "/credits", `{}`, "OrderRowIds"},
		{"POST", taken, at + "/credits", `{"OrderRowIds":[1],"RowCreditingOptions":[{"OrderRowId":1,"Quantity":201}]}`, "Quantity"},
		{"POST", taken, at + "/credits", `{"NewCreditOrderRow":{"Name":"x","UnitPrice":25001,"Quantity":100}}`, "UnitPrice"},
		{"POST", taken, at + "/credits/CreditWithFee", `{"OrderRowIds":[1]}`, "Fee"},
		{"PATCH", taken, at, `{"CreditedAmount":100}`, "Actions"},
		{"PATCH", bank, swish, `{"CreditedAmount":25001}`, "CreditedAmount"},
		{"PATCH", bank, swish, `{"CreditedAmount":0}`, "CreditedAmount"},
		{"POST", bank, swish + "/credits", `{"NewCreditOrderRow":{"Name":"x","UnitPrice":1,"Quantity":100}}`, "Actions"},
	}
	for _, tt := range tests {
		t.Run(tt.method+tt.path+tt.body, func(t *testing.T) {
			before := string(compact(b.sveaOrder(tt.id)))
			b.admin(tt.method, tt.id, tt.path, tt.body).sveaField(t, tt.field)
			if after := string(compact(b.sveaOrder(tt.id))); after != before {
				t.Errorf("a refusal changed the order: %s", after)
			}
		})
	}
	if got := b.svea("POST", "/admin/nothing", ""); got.status != http.StatusNotFound {
		t.Errorf("an unknown path answered %d", got.status)
	}
}
