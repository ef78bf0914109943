package handlers_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kartify/kartify/handlers"
	"github.com/kartify/kartify/models"
)

func TestTheDescriptionIsValid(t *testing.T) {
	check, err := described()
	if err != nil {
		t.Fatal(err)
	}
	if ok, errs := check.ValidateDocument(); !ok {
		for _, e := range errs {
			t.Errorf("%s %s %v", e.Message, e.Reason, e.SchemaValidationErrors)
		}
	}
}

// happened is what happened to an order, without what differs by who asked and when.
func (o *office) happened(order int64) []string {
	o.Helper()
	rows, err := o.db.Pool().Query(o.ctx, `SELECT h.kind || ' | ' || coalesce(from_status, '') || ' | ' || coalesce(to_status, '') || ' | ' || comment || ' | ' || coalesce(p.kind || ' ' || p.state || ' ' || p.amount_minor, '')
		FROM order_history h LEFT JOIN operations p ON p.id = h.operation_id WHERE h.order_id = $1 ORDER BY h.id`, order)
	if err != nil {
		o.Fatal(err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			o.Fatal(err)
		}
		list = append(list, regexp.MustCompile(`#\d+|rfnd_\w+|bogus_\w+`).ReplaceAllString(line, "#"))
	}
	return list
}

func TestTheAPIFiresWhatTheButtonFires(t *testing.T) {
	o := openOffice(t)
	owner, erp := o.enter("owner"), o.erp()
	captured := func() (int64, int64) {
		order := o.order(nil)
		return order, o.payment(order, nil)
	}
	for _, tt := range []struct {
		name   string
		orders func() (order, payment int64)
		press  func(order, payment int64)
		call   func(order, payment int64) told
	}{
		{
			"refund", captured,
			func(order, payment int64) {
				owner.post(refunds(order, payment), owner.refundForm(order, payment, "mode", "partial", "amount", "499.50", "note", "Box 7"))
			},
			func(order, payment int64) told {
				return erp.post(moneyPath(order, payment, "refunds"), map[string]any{"amount": inr(49950), "reason": "returned", "note": "Box 7"})
			},
		},
		{
			"capture", o.held,
			func(order, payment int64) {
				owner.post(actions(order, payment, "captures"), owner.actionForm(order, payment, "captures", "mode", "full"))
			},
			func(order, payment int64) told {
				return erp.post(moneyPath(order, payment, "captures"), map[string]any{"full": true})
			},
		},
		{
			"cancellation", o.held,
			func(order, payment int64) {
				owner.post(actions(order, payment, "cancellations"), owner.actionForm(order, payment, "cancellations"))
			},
			func(order, payment int64) told {
				return erp.post(moneyPath(order, payment, "cancellations"), map[string]any{})
			},
		},
		{
			"amount update", o.held,
			func(order, payment int64) {
				owner.post(actions(order, payment, "amount-updates"), owner.actionForm(order, payment, "amount-updates", "mode", "partial", "amount", "1000.00"))
			},
			func(order, payment int64) told {
				return erp.post(moneyPath(order, payment, "amount-updates"), map[string]any{"amount": inr(100000)})
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pressed, payment := tt.orders()
			tt.press(pressed, payment)
			called, other := tt.orders()
			answer := tt.call(called, other).want(t, http.StatusAccepted, "")
			at := answer.header.Get("Location")
			if !strings.HasPrefix(at, apiBase+"/operations/") {
				t.Fatalf("Location is %q", at)
			}
			before := len(o.bogus.Effects())
			o.settle()
			if n := len(o.bogus.Effects()) - before; n != 2 {
				t.Errorf("the gateway did %d things, want one for each order", n)
			}
			byButton, byAPI := o.happened(pressed), o.happened(called)
			if !slices.Equal(byButton, byAPI) || len(byAPI) < 3 {
				t.Errorf("by the button:\n%s\nby the API:\n%s", strings.Join(byButton, "\n"), strings.Join(byAPI, "\n"))
			}
			op := erp.get(strings.TrimPrefix(at, apiBase)).want(t, http.StatusOK, "")
			if op.json["state"] != "succeeded" || op.json["source"] != "api" || op.json["final"] != true || op.json["requester"] != "ERP" {
				t.Errorf("the operation reads %s", op.text)
			}
		})
	}
}

func moneyPath(order, payment int64, what string) string {
	return fmt.Sprintf("/orders/%d/payments/%d/%s", order, payment, what)
}

func TestChangeStatusByAPI(t *testing.T) {
	o := openOffice(t)
	owner, erp := o.enter("owner"), o.erp()
	pressed, called := o.order(nil), o.order(nil)
	owner.post(fmt.Sprintf("/sales/orders/%d/status", pressed), map[string][]string{"status": {"shipped"}, "comment": {"On its way."}})
	answer := erp.post(fmt.Sprintf("/orders/%d/status", called), map[string]any{"status": "shipped", "comment": "On its way."}).want(t, http.StatusOK, "")
	if answer.json["status"] != "shipped" || answer.json["waits"] != false {
		t.Errorf("answered %s", answer.text)
	}
	if a, b := o.happened(pressed), o.happened(called); !slices.Equal(a, b) || len(b) < 2 {
		t.Errorf("by the form %q, by the API %q", a, b)
	}
	path := fmt.Sprintf("/orders/%d/status", called)
	for _, tt := range []struct {
		body    map[string]any
		status  int
		pointer string
	}{
		{map[string]any{"status": "refunded"}, http.StatusUnprocessableEntity, "/status"},
		{map[string]any{"status": "missing"}, http.StatusUnprocessableEntity, "/missing_reason"},
		{map[string]any{"status": "shipped"}, http.StatusUnprocessableEntity, "/status"},
		{map[string]any{"comment": "no status"}, http.StatusUnprocessableEntity, "/status"},
	} {
		if got := erp.post(path, tt.body).want(t, tt.status, "invalid").pointers(); !slices.Equal(got, []string{tt.pointer}) {
			t.Errorf("%v is wrong at %v, want %s", tt.body, got, tt.pointer)
		}
	}
	erp.post(path, map[string]any{"status": "complete", "version": 99}).want(t, http.StatusConflict, "conflict")
}

func TestScopeByRoute(t *testing.T) {
	o := openOffice(t)
	order := o.order(nil)
	payment := o.payment(order, nil)
	ids := strings.NewReplacer(":order", fmt.Sprint(order), ":payment", fmt.Sprint(payment), ":operation", "1")
	programs := map[models.Permission]*program{}
	for _, scope := range everyScope() {
		scopes := []models.Permission{scope}
		if scope == models.VoidMoney {
			scopes = append(scopes, models.RefundMoney)
		}
		programs[scope] = o.program("only "+string(scope), scopes)
	}
	checked := 0
	for _, route := range handlers.Table() {
		if !route.Bearer {
			continue
		}
		checked++
		if !slices.ContainsFunc(models.APIScopes, func(c models.Choice) bool { return c.Value == string(route.Permission) }) {
			t.Errorf("%s %s asks for %s, which no token can have", route.Method, route.Path, route.Permission)
		}
		path := ids.Replace(route.Path)
		for _, token := range []string{"", "kfy_aaaaaaaaaa_wrong", "x"} {
			nobody := &program{office: o, token: token}
			answer := nobody.ask(route.Method, path, nil).want(t, http.StatusUnauthorized, "unauthorized")
			if !strings.HasPrefix(answer.header.Get("WWW-Authenticate"), "Bearer ") {
				t.Errorf("%s %s without a token has no WWW-Authenticate", route.Method, path)
			}
		}
		for scope, p := range programs {
			has := scope == route.Permission || scope == models.VoidMoney && route.Permission == models.RefundMoney
			answer := p.ask(route.Method, path, nil)
			if !has {
				answer.want(t, http.StatusForbidden, "missing-scope")
			} else if answer.status == http.StatusForbidden || answer.status == http.StatusUnauthorized || answer.status >= 500 {
				t.Errorf("with the scope %s, %s %s answers %s", scope, route.Method, path, answer.text)
			}
		}
	}
	if checked < 12 {
		t.Errorf("only %d routes are for programs", checked)
	}
	void := o.program("void without refund", []models.Permission{models.VoidMoney, models.RefundMoney})
	o.exec(`UPDATE api_tokens SET scopes = '{void}' WHERE id = $1`, void.id)
	void.post(moneyPath(order, payment, "cancellations"), map[string]any{}).want(t, http.StatusForbidden, "missing-scope")
}

func TestAnotherStoreIsNotThereForPrograms(t *testing.T) {
	o := openOffice(t)
	order := o.order(map[string]any{"store_id": 43})
	payment := o.payment(order, nil)
	op := o.insert("operations", map[string]any{
		"store_id": 43, "order_id": order, "payment_id": payment, "kind": "refund", "source": "staff", "amount_minor": 1, "currency": "INR",
		"requester": "x", "digest": []byte("x"), "idempotency_key": "kfyabcdefghijkl", "state": "failed",
	})
	erp := o.erp()
	known := strings.NewReplacer(":order", fmt.Sprint(order), ":payment", fmt.Sprint(payment), ":operation", fmt.Sprint(op))
	unknown := strings.NewReplacer(":order", "987654321", ":payment", "987654321", ":operation", "987654321")
	bodies := map[string]any{
		"refunds": map[string]any{"full": true, "reason": "returned"}, "captures": map[string]any{"full": true}, "cancellations": map[string]any{}, "amount-updates": map[string]any{"amount": inr(1)},
		"status": map[string]any{"status": "shipped"}, "plan": map[string]any{"payment_id": payment, "action": "cancel"},
	}
	requestID := regexp.MustCompile(`"request_id":"[0-9a-f]+"`)
	for _, route := range handlers.Table() {
		if !route.Bearer || !strings.Contains(route.Path, ":") {
			continue
		}
		body := bodies[route.Path[strings.LastIndex(route.Path, "/")+1:]]
		var answers [2]told
		for i, ids := range []*strings.Replacer{known, unknown} {
			path := strings.TrimPrefix(ids.Replace(route.Path), apiBase)
			if route.Method == http.MethodPost {
				answers[i] = erp.post(path, body)
			} else {
				answers[i] = erp.get(path)
			}
			answers[i].want(t, http.StatusNotFound, "not-found")
		}
		if requestID.ReplaceAllString(answers[0].text, "") != requestID.ReplaceAllString(answers[1].text, "") {
			t.Errorf("%s %s tells a foreign record from none: %s %s", route.Method, route.Path, answers[0].text, answers[1].text)
		}
	}
	var changed int
	if o.scan(&changed, `SELECT count(*) FROM operations WHERE id <> $1`, op); changed != 0 {
		t.Errorf("%d operations were made", changed)
	}
}

// A change of status that is linked to a capture waits for it, and leaves the same behind whoever asked.
func TestALinkedStatusByAPI(t *testing.T) {
	o := openOffice(t)
	owner, erp := o.enter("owner"), o.erp()
	pressed, _ := o.held()
	called, _ := o.held()
	_, err := o.db.SaveStatusRules(o.ctx, models.StatusRuleForm{
		StoreID: 40, Gateway: "ccavenue", Groups: []models.StatusGroupForm{{Action: models.CaptureAction, Statuses: []string{"shipped"}}}, By: models.SystemActor,
	})
	if err != nil {
		t.Fatal(err)
	}
	owner.post(fmt.Sprintf("/sales/orders/%d/status", pressed), map[string][]string{"status": {"shipped"}})
	answer := erp.post(fmt.Sprintf("/orders/%d/status", called), map[string]any{"status": "shipped"}, "Idempotency-Key: ship").want(t, http.StatusAccepted, "")
	acts, _ := answer.json["actions"].([]any)
	if answer.json["waits"] != true || answer.json["status"] != "pending" || answer.json["wanted"] != "shipped" || len(acts) != 1 || answer.header.Get("Location") != fmt.Sprintf("%s/orders/%d", apiBase, called) {
		t.Errorf("answered %v %s", answer.header, answer.text)
	}
	for range 20 {
		if _, err := o.db.RunDueStatusActions(o.ctx); err != nil {
			t.Fatal(err)
		}
		o.settle()
		var left int
		if o.scan(&left, `SELECT count(*) FROM status_actions WHERE state <> 'done'`); left == 0 {
			break
		}
	}
	if shown := erp.get(fmt.Sprintf("/orders/%d", called)).want(t, http.StatusOK, ""); shown.json["status"] != "shipped" {
		t.Errorf("afterwards the order reads %s", shown.text)
	}
	if a, b := o.happened(pressed), o.happened(called); !slices.Equal(a, b) || len(b) < 4 {
		t.Errorf("by the form:\n%s\nby the API:\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
	if again := erp.post(fmt.Sprintf("/orders/%d/status", called), map[string]any{"status": "shipped"}, "Idempotency-Key: ship"); again.text != answer.text || again.status != http.StatusAccepted {
		t.Errorf("the same request again is answered %d %s", again.status, again.text)
	}
	if n := len(o.bogus.Effects()); n != 2 {
		t.Errorf("the gateway captured %d times, want once for each order", n)
	}
}
