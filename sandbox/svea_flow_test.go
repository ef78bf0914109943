package sandbox

import (
	"fmt"
	"strings"
	"testing"
)

// part deliver → cancel the rest → credit what was delivered.
func TestSveaInvoice(t *testing.T) {
	b := newBench(t)
	id := b.sveaSell("Invoice", "authorized")
	done := b.task(b.admin("POST", id, "/deliveries", `{"orderRowIds":[1],"rowDeliveryOptions":[{"orderRowId":1,"quantity":100}]}`))
	if done.status != 303 || !strings.HasSuffix(done.header.Get("Location"), "/svea/admin/api/v1/orders/"+id) || !strings.Contains(done.body, `"Completed"`) {
		t.Errorf("the task ended with %d %s", done.status, done.body)
	}
	e := b.sveaOrder(id)
	d := e.Deliveries[0]
	if e.Status != "Open" || e.Amount != 25000 || e.Rows[0].Quantity != 100 || d.Amount != 10000 || *d.Status != "Sent" || d.Rows[0].Quantity != 100 {
		t.Errorf("part delivered: %s", compact(e))
	}
	if got := b.admin("PATCH", id, "/rows/cancelOrderRows", `{"OrderRowIds":[1,2]}`); got.status != 204 {
		t.Fatalf("cancelling the rest answered %d %s", got.status, got.body)
	}
	e = b.sveaOrder(id)
	if e.Status != "Delivered" || e.SystemStatus != "Closed" || e.Cancelled != 15000 || !e.Rows[0].Cancelled || len(e.Rows[0].Actions) != 0 {
		t.Errorf("the rest is cancelled: %s", compact(e))
	}
	path := fmt.Sprintf("/deliveries/%d/credits", d.ID)
	credit := b.task(b.admin("POST", id, path, `{"OrderRowIds":[1]}`))
	if got := b.svea("GET", strings.TrimPrefix(credit.header.Get("Location"), b.url+"/svea"), ""); !strings.HasPrefix(got.body, `{"CreditId":`) {
		t.Errorf("the credit is at %s: %d %s", credit.header.Get("Location"), got.status, got.body)
	}
	d = b.sveaOrder(id).Deliveries[0]
	if d.Credited != 10000 || len(d.Actions) != 0 || d.Credits[0].Amount != -10000 || d.Credits[0].Rows[0].Quantity != -100 {
		t.Errorf("credited: %s", compact(d))
	}
	for verb, amount := range map[string]int64{"payment": 25000, "capture": 10000, "void": 15000, "refund": 10000} {
		if got := b.ledger(id, verb); len(got) != 1 || got[0].AmountMinor != amount || got[0].IdempotencyKey != "" {
			t.Errorf("%s effects %v, want one of %d", verb, got, amount)
		}
	}
}

// Rows less a fee leave the fee: one action is left for it.
func TestSveaCreditWithFee(t *testing.T) {
	b := newBench(t)
	id := b.sveaSell("Invoice", "captured")
	path := fmt.Sprintf("/deliveries/%d/credits", b.sveaOrder(id).Deliveries[0].ID)
	b.task(b.admin("POST", id, path+"/CreditWithFee", `{"OrderRowIds":[1,2],"Fee":{"ArticleNumber":"fee","Name":"Avgift","UnitPrice":2000,"VatPercent":2500}}`))
	d := b.sveaOrder(id).Deliveries[0]
	if d.Credited != 23000 || len(d.Credits) != 1 || len(d.Credits[0].Rows) != 3 || strings.Join(d.Actions, " ") != "CanCreditNewRow" {
		t.Errorf("credited with a fee: %s", compact(d))
	}
	b.task(b.admin("POST", id, path, `{"NewCreditOrderRow":{"Name":"Resten","UnitPrice":2000,"VatPercent":2500,"Quantity":100}}`))
	if d := b.sveaOrder(id).Deliveries[0]; d.Credited != 25000 || len(d.Actions) != 0 {
		t.Errorf("all credited: %s", compact(d))
	}
}

// A card: amounts are new totals; after the delivery they go back without a credit until it is settled.
func TestSveaCard(t *testing.T) {
	b := newBench(t)
	id := b.sveaSell("Card", "authorized")
	for _, to := range []int{1000, 3000} {
		if got := b.admin("PATCH", id, "", fmt.Sprintf(`{"CancelledAmount":%d}`, to)); got.status != 204 || got.body != "" {
			t.Errorf("cancelling to %d answered %d %s", to, got.status, got.body)
		}
	}
	b.task(b.admin("POST", id, "/deliveries", `{"OrderRowIds":[]}`))
	e := b.sveaOrder(id)
	if e.Status != "Delivered" || e.Deliveries[0].Amount != 22000 || len(e.Rows) != 0 || e.Deliveries[0].InvoiceID != nil {
		t.Errorf("delivered: %s", compact(e))
	}
	b.admin("PATCH", id, "", `{"CancelledAmount":5000}`)
	b.control("POST", "/payments/"+id+"/state", obj{"state": "settled"}, nil)
	path := fmt.Sprintf("/deliveries/%d", e.Deliveries[0].ID)
	b.admin("PATCH", id, path, `{"CreditedAmount":20001}`).sveaField(t, "CreditedAmount")
	for _, to := range []int{4000, 20000} {
		if got := b.admin("PATCH", id, path, fmt.Sprintf(`{"CreditedAmount":%d}`, to)); got.status != 200 || !strings.Contains(got.body, "CreditId") {
			t.Errorf("crediting to %d answered %d %s", to, got.status, got.body)
		}
	}
	var amounts []int64
	for _, verb := range []string{"amount_update", "capture", "refund"} {
		for _, e := range b.ledger(id, verb) {
			amounts = append(amounts, e.AmountMinor)
		}
	}
	if got := fmt.Sprint(amounts); got != "[24000 22000 22000 2000 4000 16000]" {
		t.Errorf("effects %s", got)
	}

	whole := b.sveaSell("Card", "captured")
	b.admin("PATCH", whole, "", `{"IsCancelled":true}`)
	e = b.sveaOrder(whole)
	if e.Status != "Cancelled" || len(e.Deliveries) != 0 || len(e.Rows) != 2 || e.Rows[0].Cancelled || e.Cancelled != 25000 || len(e.Actions) != 0 {
		t.Errorf("cancelled after the delivery: %s", compact(e))
	}
	b.effects(whole, "refund", 1)

	less := b.sveaSell("Card", "authorized")
	accepted := b.admin("POST", less, "/deliveries/DeliverAndLowerAmount", `{"DeliveredAmount":20000}`)
	b.task(accepted)
	e = b.sveaOrder(less)
	if !strings.Contains(accepted.body, "DeliveryId") || e.Deliveries[0].Amount != 20000 || e.Cancelled != 5000 {
		t.Errorf("delivered less: %s", compact(e))
	}
}

// A bank answers later: until then nothing more can be credited.
func TestSveaBankCredit(t *testing.T) {
	b := newBench(t)
	id := b.sveaSell("Trustly", "authorized")
	path := fmt.Sprintf("/deliveries/%d", b.sveaOrder(id).Deliveries[0].ID)
	if got := b.admin("PATCH", id, path, `{"CreditedAmount":5000}`); got.status != 204 {
		t.Fatalf("answered %d %s", got.status, got.body)
	}
	if d := b.sveaOrder(id).Deliveries[0]; d.Credited != 0 || len(d.Actions) != 0 {
		t.Errorf("in flight: %s", compact(d))
	}
	b.effects(id, "refund", 0)
	b.admin("PATCH", id, path, `{"CreditedAmount":5000}`).sveaField(t, "Actions")
	b.control("POST", "/clock", obj{"advance_seconds": 3601}, nil)
	if d := b.sveaOrder(id).Deliveries[0]; d.Credited != 5000 || len(d.Actions) != 1 {
		t.Errorf("landed: %s", compact(d))
	}
	b.effects(id, "refund", 1)
}

func TestSveaRows(t *testing.T) {
	b := newBench(t)
	id := b.sveaSell("Invoice", "authorized")
	if got := b.admin("POST", id, "/rows", `{"ArticleNumber":"B","Name":"Sked","Quantity":300,"UnitPrice":1000,"VatPercent":2500,"Unit":"st"}`); got.status != 201 || got.body != `{"OrderRowId":3}` {
		t.Errorf("adding a row answered %d %s", got.status, got.body)
	}
	b.admin("PATCH", id, "/rows/1", `{"Quantity":100}`)
	b.admin("POST", id, "/rows/updateOrderRows", `{"OrderRows":[{"OrderRowId":2,"UnitPrice":4000}]}`)
	if e := b.sveaOrder(id); e.Amount != 17000 || e.Rows[0].Name != "Mugg" || e.Rows[1].UnitPrice != 4000 {
		t.Errorf("changed: %s", compact(e))
	}
	b.admin("PUT", id, "/rows/replaceOrderRows", `{"OrderRows":[{"Name":"Allt","Quantity":100,"UnitPrice":12000,"VatPercent":2500}]}`)
	e := b.sveaOrder(id)
	if e.Amount != 12000 || len(e.Rows) != 1 || e.Rows[0].ID != 4 {
		t.Errorf("replaced: %s", compact(e))
	}
	if got := b.ledger(id, "amount_update"); len(got) != 4 || got[3].AmountMinor != 12000 {
		t.Errorf("effects %v", got)
	}
	b.admin("PATCH", id, "/rows/4", `{"IsCancelled":true}`)
	if e := b.sveaOrder(id); e.Status != "Cancelled" || e.Cancelled != 12000 {
		t.Errorf("its last row is cancelled: %s", compact(e))
	}
}

// Two workers that read the same figure and write the same new total: one of them is told.
func TestSveaTwoWorkers(t *testing.T) {
	b := newBench(t)
	id := b.sveaSell("Card", "authorized")
	statuses := make(chan int)
	for range 2 {
		go func() { statuses <- b.admin("PATCH", id, "", `{"CancelledAmount":5000}`).status }()
	}
	if one, two := <-statuses, <-statuses; one+two != 204+400 {
		t.Errorf("answered %d and %d", one, two)
	}
	if e := b.sveaOrder(id); e.Cancelled != 5000 {
		t.Errorf("cancelled %d", e.Cancelled)
	}
	b.effects(id, "amount_update", 1)
}
