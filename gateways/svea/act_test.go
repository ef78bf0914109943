package svea

import (
	"errors"
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

const queued = "202 /api/v1/queue/7"

func of(req gateways.Request, ref string, minor int64, lines ...gateways.Line) gateways.Request {
	req.PaymentRef, req.Amount, req.Lines = ref, money.New(minor, "SEK"), lines
	return req
}

// What is sent follows the actions that the order lists.
func TestWhatIsSent(t *testing.T) {
	open, part := sample(t, "invoice_open.json"), sample(t, "invoice_part.json")
	card, delivered, swish := sample(t, "card_open.json"), sample(t, "card_delivered.json"), sample(t, "swish.json")
	plan := strings.NewReplacer(`"CanDeliverPartially",`, "", `"CanDeliverRow",`, "").Replace(open)
	settled := strings.NewReplacer(`"Actions":["CanCancelOrder","CanCancelAmount"]`, `"Actions":[]`, `"OrderRows":null,"Actions":[]`, `"OrderRows":null,"Actions":["CanCreditAmount"]`).Replace(delivered)
	free := strings.Replace(swish, "CanCreditAmount", "CanCreditNewRow", 1)
	flight := strings.Replace(swish, `"CanCreditAmount"`, "", 1)
	two := strings.Replace(swish, `"Deliveries":[`, `"Deliveries":[{"Id":5600004,"DeliveryAmount":10000,"CreditedAmount":0,"Actions":["CanCreditAmount"]},`, 1)
	two = strings.Replace(two, `"OrderAmount":25000`, `"OrderAmount":35000`, 1)
	lowered := strings.Replace(card, `"CancelledAmount":0`, `"CancelledAmount":5000`, 1)
	given := strings.NewReplacer(`"CancelledAmount":0`, `"CancelledAmount":5000`).Replace(delivered)
	late := strings.Replace(settled, `"CancelledAmount":0`, `"CancelledAmount":5000`, 1) // a part went back before it was settled
	mug := gateways.Line{Ref: "A1", Name: "Mugg", Quantity: 1, Unit: 10000, Total: 10000}
	freight := gateways.Line{Ref: "frakt", Name: "Frakt", Kind: gateways.Shipping, Quantity: 1, Unit: 5000, Total: 5000}
	tests := []struct {
		name, order string
		req         gateways.Request
		want        string // "" for nothing, and Declined
	}{
		{"deliver all", open, of(captureOf, "2300001", 25000), `POST /deliveries {"OrderRowIds":[]}`},
		{"deliver the rest", part, of(captureOf, "2300001", 5000), `POST /deliveries {"OrderRowIds":[]}`},
		{"deliver one mug", open, of(captureOf, "2300001", 10000, mug), `POST /deliveries {"OrderRowIds":[1],"RowDeliveryOptions":[{"OrderRowId":1,"Quantity":100}]}`},
		{"deliver a mug and the freight", open, of(captureOf, "2300001", 15000, mug, freight), `POST /deliveries {"OrderRowIds":[1,2],"RowDeliveryOptions":[{"OrderRowId":1,"Quantity":100}]}`},
		{"deliver a sum without rows", open, of(captureOf, "2300001", 10000), ""},
		{"deliver rows of another sum", open, of(captureOf, "2300001", 9999, mug), ""},
		{"deliver a part of a payment plan", plan, of(captureOf, "2300001", 10000, mug), ""},
		{"deliver more than is held", part, of(captureOf, "2300001", 5001), ""},
		{"deliver less of a card payment", card, of(captureOf, "2300002", 20000), `POST /deliveries/DeliverAndLowerAmount {"DeliveredAmount":20000}`},
		{"deliver twice", delivered, of(captureOf, "2300002", 25000), ""},

		{"cancel all", open, of(voidOf, "2300001", 25000), `PATCH  {"IsCancelled":true}`},
		{"cancel the rest", part, of(voidOf, "2300001", 5000), `PATCH /rows/cancelOrderRows {"OrderRowIds":[2]}`},
		{"cancel what is left of a card payment", lowered, of(voidOf, "2300002", 20000), `PATCH  {"IsCancelled":true}`},
		{"cancel another amount than is held", part, of(voidOf, "2300001", 25000), ""},
		{"cancel what is delivered", delivered, of(voidOf, "2300002", 25000), ""},

		{"change the rows", open, updateOf, `PUT /rows/replaceOrderRows {"OrderRows":[{"ArticleNumber":"A1","Name":"Mugg","Quantity":100,"UnitPrice":10000,"VatPercent":2500},{"ArticleNumber":"frakt","Name":"Frakt","Quantity":100,"UnitPrice":5000,"VatPercent":2500}]}`},
		{"change the total without rows", open, of(updateOf, "2300001", 15000), ""},
		{"lower a card payment", card, of(updateOf, "2300002", 15000), `PATCH  {"CancelledAmount":10000}`},
		{"lower it again", lowered, of(updateOf, "2300002", 15000), `PATCH  {"CancelledAmount":10000}`},
		{"raise a card payment", card, of(updateOf, "2300002", 25001), ""},
		{"change after delivery", part, updateOf, ""},

		{"credit all by rows", part, of(refundOf, "2300001", 20000), `POST /deliveries/5600001/credits {"OrderRowIds":[1]}`},
		{"credit a part by rows", part, of(refundOf, "2300001", 10000, mug), `POST /deliveries/5600001/credits {"OrderRowIds":[1],"RowCreditingOptions":[{"OrderRowId":1,"Quantity":100}]}`},
		{"credit a sum by a new row", part, of(refundOf, "2300001", 1234), `POST /deliveries/5600001/credits {"NewCreditOrderRow":{"Name":"Damaged","Quantity":100,"UnitPrice":1234,"VatPercent":2500}}`},
		{"credit by a new row of each VAT rate", free, of(refundOf, "2300003", 1000), `POST /deliveries/5600003/credits {"NewCreditOrderRow":{"Name":"Damaged","Quantity":100,"UnitPrice":800,"VatPercent":2500},"NewCreditOrderRows":[{"Name":"Damaged","Quantity":100,"UnitPrice":200,"VatPercent":600}]}`},
		{"credit an amount on top of one", swish, of(refundOf, "2300003", 3000), `PATCH /deliveries/5600003 {"CreditedAmount":8000}`},
		{"credit all that is left", swish, of(refundOf, "2300003", 20000), `PATCH /deliveries/5600003 {"CreditedAmount":25000}`},
		{"credit more than is left", swish, of(refundOf, "2300003", 20001), ""},
		{"credit while another is under way", flight, of(refundOf, "2300003", 3000), ""},
		{"credit two deliveries whole", two, of(refundOf, "2300003", 30000), `PATCH /deliveries/5600004 {"CreditedAmount":10000}; PATCH /deliveries/5600003 {"CreditedAmount":25000}`},
		{"credit what one of two has", two, of(refundOf, "2300003", 15000), `PATCH /deliveries/5600003 {"CreditedAmount":20000}`},
		{"credit what none of two has", two, of(refundOf, "2300003", 25000), ""},
		{"return an unsettled card payment", delivered, of(refundOf, "2300002", 25000), `PATCH  {"IsCancelled":true}`},
		{"return a part of it", delivered, of(refundOf, "2300002", 5000), `PATCH  {"CancelledAmount":5000}`},
		{"return another part of it", given, of(refundOf, "2300002", 7000), `PATCH  {"CancelledAmount":12000}`},
		{"return a settled card payment", settled, of(refundOf, "2300002", 7000), `PATCH /deliveries/5600002 {"CreditedAmount":7000}`},
		{"return the rest of a settled one", late, of(refundOf, "2300002", 20000), `PATCH /deliveries/5600002 {"CreditedAmount":20000}`},
		{"return a part of that rest", late, of(refundOf, "2300002", 7000), `PATCH /deliveries/5600002 {"CreditedAmount":7000}`},
		{"return more than that rest", late, of(refundOf, "2300002", 20001), ""},
		{"credit what was never delivered", open, of(refundOf, "2300001", 20000), ""},
		{"in another currency", strings.Replace(open, "SEK", "EUR", 1), captureOf, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, map[string]string{
				"POST /deliveries": queued, "POST /deliveries/DeliverAndLowerAmount": `200 {"DeliveryId":9}`, "PATCH ": "204", "PATCH /rows/cancelOrderRows": "204",
				"PUT /rows/replaceOrderRows": "204", "POST /deliveries/5600001/credits": queued, "POST /deliveries/5600003/credits": queued,
				"PATCH /deliveries/5600002": "204", "PATCH /deliveries/5600003": `200 {"CreditId":3}`, "PATCH /deliveries/5600004": "204",
				"GET /admin/api/v1/queue/7": "303 /api/v1/orders/2300001",
			}, tt.order)
			_, err := gateways.Perform(t.Context(), s.open(t), tt.req)
			if (err == nil) != (tt.want != "") || err != nil && gateways.KindOf(err) != gateways.Declined {
				t.Errorf("err = %v", err)
			}
			if got := strings.Join(s.changes, "; "); got != tt.want {
				t.Errorf("sent %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestOutcomes(t *testing.T) {
	open, part, swish := sample(t, "invoice_open.json"), sample(t, "invoice_part.json"), sample(t, "swish.json")
	mugs := of(captureOf, "2300001", 20000, gateways.Line{Ref: "A1", Quantity: 2, Total: 20000})
	queue := "GET /admin/api/v1/queue/7"
	credit := of(refundOf, "2300003", 3000)
	credited := strings.NewReplacer(`"CreditedAmount":5000`, `"CreditedAmount":8000`, `"Credits":[`, `"Credits":[{"Amount":-5000},`, `{"Amount":-5000,`, `{"Amount":-3000,`).Replace(swish)
	two := strings.NewReplacer(`"OrderAmount":25000`, `"OrderAmount":35000`, `"Deliveries":[`, `"Deliveries":[{"Id":5600004,"DeliveryAmount":10000,"CreditedAmount":0,"Actions":["CanCreditAmount"]},`).Replace(swish)
	tests := []struct {
		name    string
		req     gateways.Request
		answers map[string]string
		orders  []string
		status  gateways.Status
		ref     string
		kind    gateways.Kind
		sent    int
	}{
		{"done at once", mugs, map[string]string{"POST /deliveries": queued, queue: "303 /x"}, []string{open, part}, gateways.Succeeded, "5600001", 0, 1},
		{"done after a while", mugs, map[string]string{"POST /deliveries": queued, queue: `{"Id":7,"Status":"InProgress"}`}, []string{open, part}, gateways.Succeeded, "5600001", 0, 1},
		{"still working", mugs, map[string]string{"POST /deliveries": queued, queue: `{"Id":7,"Status":"InProgress"}`}, []string{open}, gateways.Pending, "", 0, 1},
		{"still working, with an id", mugs, map[string]string{"POST /deliveries": `202 {"DeliveryId":5600001}`}, []string{open}, gateways.Pending, "5600001", 0, 1},
		{"the task failed", mugs, map[string]string{"POST /deliveries": queued, queue: `{"Id":7,"Status":"Failed"}`}, []string{open}, gateways.Failed, "", 0, 1},
		{"the task failed, they say, and the order shows it", mugs, map[string]string{"POST /deliveries": queued, queue: `{"Id":7,"Status":"Failed"}`}, []string{open, part}, gateways.Succeeded, "5600001", 0, 1},
		{"the task is gone", mugs, map[string]string{"POST /deliveries": queued}, []string{open}, gateways.Pending, "", 0, 1},
		{"a task with a new word", mugs, map[string]string{"POST /deliveries": queued, queue: `{"Id":7,"Status":"Parked"}`}, []string{open}, gateways.Pending, "", 0, 1},
		{"the task is elsewhere", mugs, map[string]string{"POST /deliveries": "202 https://evil.example/api/v1/queue/7"}, []string{open}, "", "", gateways.Unknown, 1},
		{"another amount is delivered", of(captureOf, "2300001", 25000), map[string]string{"POST /deliveries": queued, queue: "303 /x"}, []string{open, part}, "", "", gateways.Unknown, 1},
		{"the order does not come again", mugs, map[string]string{"POST /deliveries": queued, queue: "303 /x"}, []string{open, "500 "}, gateways.Pending, "", 0, 1},
		{"refused", mugs, map[string]string{"POST /deliveries": `400 {"Code":400,"Message":"Validation error","Errors":[{"Code":400,"Field":"OrderRowIds","ErrorMessage":"no"}]}`}, []string{open}, "", "", gateways.Declined, 1},
		{"changed in the meantime", withBefore(mugs, gateways.Payment{Amount: money.New(25000, "SEK"), Captured: 5000}), nil, []string{open}, "", "", gateways.Declined, 0},
		{"as it was", withBefore(mugs, gateways.Payment{Amount: money.New(25000, "SEK")}), map[string]string{"POST /deliveries": queued, queue: "303 /x"}, []string{open, part}, gateways.Succeeded, "5600001", 0, 1},
		{"credited", credit, map[string]string{"PATCH /deliveries/5600003": "204"}, []string{swish, credited}, gateways.Succeeded, "5600003-2", 0, 1},
		{"a bank credit under way", credit, map[string]string{"PATCH /deliveries/5600003": "204"}, []string{swish}, gateways.Pending, "", 0, 1},
		{"only the first of two parts", of(refundOf, "2300003", 30000), map[string]string{"PATCH /deliveries/5600004": "204", "PATCH /deliveries/5600003": "400 "}, []string{two}, "", "", gateways.Unknown, 2},
		{"replaced, said oddly", updateOf, map[string]string{"PUT /rows/replaceOrderRows": `200 {"OrderRowIds":[3,4]}`}, []string{open, strings.Replace(open, `"OrderAmount":25000`, `"OrderAmount":15000`, 1)}, gateways.Succeeded, "", 0, 1},
		{"said oddly, and not replaced", updateOf, map[string]string{"PUT /rows/replaceOrderRows": `200 {"OrderRowIds":[3,4]}`}, []string{open}, "", "", gateways.Unknown, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, tt.answers, tt.orders...)
			result, err := gateways.Perform(t.Context(), s.open(t), tt.req)
			if result.Status != tt.status || (tt.status == "") != (err != nil) || err != nil && gateways.KindOf(err) != tt.kind || result.Ref != tt.ref {
				t.Errorf("got %+v, %v", result, err)
			}
			if err == nil && (result.Amount != tt.req.Amount || result.Status == gateways.Failed && result.Reason == "") {
				t.Errorf("result %+v", result)
			}
			if len(s.changes) != tt.sent {
				t.Errorf("sent %q", s.changes)
			}
		})
	}
}

func withBefore(req gateways.Request, before gateways.Payment) gateways.Request {
	req.Before = &before
	return req
}

// A look-up compares the order with how it was before the one send.
func TestFind(t *testing.T) {
	open, part, swish := sample(t, "invoice_open.json"), sample(t, "invoice_part.json"), sample(t, "swish.json")
	was := func(amount, captured, refunded, voided int64, refs ...string) gateways.Payment {
		p := gateways.Payment{Amount: money.New(amount, "SEK"), Captured: captured, Refunded: refunded, Voided: voided}
		for _, ref := range refs {
			p.Captures = append(p.Captures, gateways.Result{Ref: ref})
		}
		return p
	}
	cancelled := strings.NewReplacer(`"OrderStatus":"Open"`, `"OrderStatus":"Cancelled"`, `"CancelledAmount":0`, `"CancelledAmount":25000`).Replace(open)
	undone := strings.NewReplacer(`"OrderStatus":"Open"`, `"OrderStatus":"Cancelled"`).Replace(sample(t, "card_open.json"))
	tests := []struct {
		name, order string
		req         gateways.Request
		ref         string
		err         string // "" when it is found
	}{
		{"delivered", part, withBefore(of(captureOf, "2300001", 20000), was(25000, 0, 0, 0)), "5600001", ""},
		{"not delivered", open, withBefore(captureOf, was(25000, 0, 0, 0)), "", gateways.ErrAbsent.Error()},
		{"delivered before already", part, withBefore(of(captureOf, "2300001", 5000), was(25000, 20000, 0, 0, "5600001")), "", gateways.ErrAbsent.Error()},
		{"another sum is delivered", part, withBefore(captureOf, was(25000, 0, 0, 0)), "", "200.00 SEK moved where 250.00 SEK"},
		{"credited", swish, withBefore(of(refundOf, "2300003", 5000), was(25000, 25000, 0, 0, "5600003")), "5600003-1", ""},
		{"not credited", swish, withBefore(of(refundOf, "2300003", 5000), was(25000, 25000, 5000, 0, "5600003")), "", gateways.ErrAbsent.Error()},
		{"a delivered card payment cancelled", undone, withBefore(of(refundOf, "2300002", 25000), was(25000, 25000, 0, 0, "5600002")), "", ""},
		{"cancelled", cancelled, withBefore(voidOf, was(25000, 0, 0, 0)), "", ""},
		{"not cancelled", open, withBefore(voidOf, was(25000, 0, 0, 0)), "", gateways.ErrAbsent.Error()},
		{"updated", strings.Replace(open, `"OrderAmount":25000`, `"OrderAmount":15000`, 1), withBefore(updateOf, was(25000, 0, 0, 0)), "", ""},
		{"lowered", strings.Replace(open, `"CancelledAmount":0`, `"CancelledAmount":10000`, 1), withBefore(updateOf, was(25000, 0, 0, 0)), "", ""},
		{"not updated", open, withBefore(updateOf, was(25000, 0, 0, 0)), "", gateways.ErrAbsent.Error()},
		{"updated otherwise", strings.Replace(open, `"OrderAmount":25000`, `"OrderAmount":16000`, 1), withBefore(updateOf, was(25000, 0, 0, 0)), "", "another total"},
		{"nobody knows how it was", part, captureOf, "", "how the order was before is not known"},
		{"of another order", part, withBefore(of(captureOf, "2300003", 20000), was(25000, 0, 0, 0)), "", "another order"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, nil, tt.order)
			result, err := gateways.Find(t.Context(), s.open(t), tt.req)
			if tt.err == "" && (err != nil || result.Status != gateways.Succeeded || result.Amount != tt.req.Amount || result.Ref != tt.ref) {
				t.Errorf("got %+v, %v", result, err)
			}
			if tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err) || !errors.Is(err, gateways.ErrAbsent) && gateways.KindOf(err) != gateways.Unknown) {
				t.Errorf("err = %v, want %q", err, tt.err)
			}
			if len(s.changes) != 0 {
				t.Errorf("a look-up sent %q", s.changes)
			}
		})
	}
}

// A credit at the buyer's bank shows as an order that offers nothing; it is neither done nor absent.
func TestFindWhatIsUnderWay(t *testing.T) {
	swish := sample(t, "swish.json")
	before := gateways.Payment{Amount: money.New(25000, "SEK"), Captured: 25000, Refunded: 5000, Offers: []gateways.Verb{gateways.Refund}}
	req := withBefore(of(refundOf, "2300003", 3000), before)
	found, err := newShop(t, nil, strings.Replace(swish, `"CanCreditAmount"`, "", 1)).open(t).Find(t.Context(), req)
	if err != nil || found.Status != gateways.Pending || found.Amount != req.Amount {
		t.Errorf("under way: %+v, %v", found, err)
	}
	find := func(order, word string) (gateways.Result, error) {
		req.Word = word
		return newShop(t, nil, order).open(t).Find(t.Context(), req)
	}
	if _, err := find(swish, "accepted"); !errors.Is(err, gateways.ErrAbsent) {
		t.Errorf("never seen under way: %v", err)
	}
	again, err := find(swish, found.Word)
	if err != nil || again.Status != gateways.Pending {
		t.Errorf("offered again: %+v, %v", again, err)
	}
	if failed, err := find(swish, again.Word); err != nil || failed.Status != gateways.Failed || failed.Reason == "" {
		t.Errorf("offered again, still: %+v, %v", failed, err)
	}
	if back, err := find(strings.Replace(swish, `"CanCreditAmount"`, "", 1), again.Word); err != nil || back.Status != gateways.Pending || back.Word != found.Word {
		t.Errorf("under way again: %+v, %v", back, err)
	}
}
