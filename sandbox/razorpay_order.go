package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
)

// razorpayOrder is an order at Razorpay, made by the shop before anybody pays.
type razorpayOrder struct {
	Merchant string      `json:"merchant"`
	Manual   bool        `json:"manual"`         // its payments wait for a capture call
	Window   int64       `json:"window_minutes"` // how long they wait before the buyer gets the money back
	Entity   orderEntity `json:"entity"`
}

// orderEntity is an order as Razorpay writes it (Razorpay API docs, orders/entity).
type orderEntity struct {
	ID         string          `json:"id"`
	Entity     string          `json:"entity"`
	Amount     int64           `json:"amount"`
	AmountPaid int64           `json:"amount_paid"`
	AmountDue  int64           `json:"amount_due"`
	Currency   string          `json:"currency"`
	Receipt    *string         `json:"receipt"`
	OfferID    *string         `json:"offer_id"`
	Status     string          `json:"status"` // created, attempted, paid
	Attempts   int             `json:"attempts"`
	Notes      json.RawMessage `json:"notes"`
	CreatedAt  int64           `json:"created_at"`
	Payments   any             `json:"payments,omitempty"` // with expand[]=payments
}

// captureWindow is how long an authorized payment waits for its capture: three days, in minutes
// (Razorpay docs, payments/capture-settings).
const captureWindow = 3 * 24 * 60

// createOrder is POST /orders.
func (g *razorpay) createOrder(c *call, m *merchant) reply {
	o, bad := readOrder(c.body, m)
	if bad != nil {
		return *bad
	}
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	o.Entity.ID = newID("order_")
	o.Entity.CreatedAt = g.s.clock().Unix()
	g.orders.put(o.Entity.ID, o)
	g.hide(o.Entity.ID, c.plan)
	return jsonReply(http.StatusOK, o.Entity)
}

// readOrder checks what a shop sends to make an order.
func readOrder(body []byte, m *merchant) (*razorpayOrder, *reply) {
	in, bad := readRazorpay(body, "amount", "currency", "receipt", "notes", "partial_payment",
		"first_payment_min_amount", "payment_capture", "payment")
	if bad != nil {
		return nil, bad
	}
	refuse := func(field, text string) (*razorpayOrder, *reply) {
		bad := razorpayInvalid(field, text)
		return nil, &bad
	}
	if in["amount"] == nil {
		return nil, required("amount")
	}
	if in["currency"] == nil {
		return nil, required("currency")
	}
	currency, ok := readText(in["currency"])
	if !ok || len(currency) != 3 {
		return refuse("currency", "The currency is not supported.")
	}
	amount, bad := readRazorpayAmount(in["amount"], currency)
	if bad != nil {
		return nil, bad
	}
	notes, ok := readNotes(in["notes"])
	if !ok {
		return refuse("notes", "Notes validation failed.")
	}
	o := &razorpayOrder{Merchant: m.KeyID, Manual: m.ManualCapture, Window: captureWindow, Entity: orderEntity{
		Entity: "order", Amount: amount, AmountDue: amount, Currency: currency, Status: "created", Notes: notes,
	}}
	if raw := in["receipt"]; raw != nil && string(raw) != "null" {
		receipt, ok := readText(raw)
		if !ok || len(receipt) > 40 {
			return refuse("receipt", "The receipt may not be greater than 40 characters.")
		}
		o.Entity.Receipt = &receipt
	}
	if !o.readCapture(in["payment_capture"], in["payment"]) {
		return refuse("payment_capture", "The payment capture setting is not valid.")
	}
	return o, nil
}

// readCapture takes both ways of saying when payments of an order are captured: the old
// payment_capture and the newer payment.capture, which wins.
func (o *razorpayOrder) readCapture(old, newer json.RawMessage) bool {
	switch string(old) {
	case "":
	case "0", "false", `"0"`:
		o.Manual = true
	case "1", "true", `"1"`:
		o.Manual = false
	default:
		return false
	}
	if newer == nil {
		return true
	}
	var in struct {
		Capture string `json:"capture"`
		Options struct {
			Automatic   int64  `json:"automatic_expiry_period"`
			Manual      int64  `json:"manual_expiry_period"`
			RefundSpeed string `json:"refund_speed"`
		} `json:"capture_options"`
	}
	if json.Unmarshal(newer, &in) != nil || in.Capture != "automatic" && in.Capture != "manual" {
		return false
	}
	o.Manual = in.Capture == "manual"
	if in.Options.Manual > 0 {
		o.Window = in.Options.Manual
	}
	return true
}

// orderView is an order as lookups show it. The caller holds the lock.
func (g *razorpay) orderView(o *razorpayOrder) orderEntity {
	view := o.Entity
	for _, id := range g.paymentsOf[view.ID] {
		if p := g.payments.get(id); p.CapturedAt != 0 && !g.visible("capture:"+id) {
			view.AmountPaid -= p.Entity.Amount
			view.AmountDue += p.Entity.Amount
			view.Status = "attempted"
		}
	}
	return view
}

// order finds an order of a merchant, or says what Razorpay says. The caller holds the lock.
func (g *razorpay) order(m *merchant, id string) (*razorpayOrder, *reply) {
	if !razorpayID.MatchString(id) {
		return nil, &razorpayMalformed
	}
	o := g.orders.get(id)
	if o == nil || o.Merchant != m.KeyID || !g.visible(id) {
		return nil, &razorpayNoSuchID
	}
	return o, nil
}

func (g *razorpay) showOrder(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	o, bad := g.order(m, c.PathValue("id"))
	if bad != nil {
		return *bad
	}
	return jsonReply(http.StatusOK, g.orderView(o))
}

// listOrders is GET /orders; its receipt filter is how a lost answer to a create is found again.
func (g *razorpay) listOrders(c *call, m *merchant) reply {
	q := c.URL.Query()
	expand := q["expand[]"]
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	return listing(c, g.orders, func(id string, o *razorpayOrder) (orderEntity, bool) {
		view := g.orderView(o)
		if o.Merchant != m.KeyID || !g.visible(id) ||
			q.Has("receipt") && (view.Receipt == nil || *view.Receipt != q.Get("receipt")) ||
			q.Get("authorized") == "1" && !g.anyAuthorized(id) || q.Get("authorized") == "0" && g.anyAuthorized(id) {
			return view, false
		}
		if slices.Contains(expand, "payments") || slices.Contains(expand, "payments.card") {
			view.Payments = g.paymentsView(id, slices.Contains(expand, "payments.card"))
		}
		return view, true
	}, func(o orderEntity) int64 { return o.CreatedAt })
}

func (g *razorpay) anyAuthorized(order string) bool {
	return slices.ContainsFunc(g.paymentsOf[order], func(id string) bool {
		return g.payments.get(id).Entity.Status == "authorized"
	})
}

// listOrderPayments is every attempt to pay an order, failed ones included.
func (g *razorpay) listOrderPayments(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if _, bad := g.order(m, c.PathValue("id")); bad != nil {
		return *bad
	}
	card := slices.Contains(c.URL.Query()["expand[]"], "card")
	return jsonReply(http.StatusOK, g.paymentsView(c.PathValue("id"), card))
}

// paymentsView is the payments of an order as a collection, youngest first. The caller holds the lock.
func (g *razorpay) paymentsView(order string, card bool) collection[paymentEntity] {
	items := []paymentEntity{}
	for _, id := range slices.Backward(g.paymentsOf[order]) {
		if g.visible(id) {
			items = append(items, g.paymentView(g.payments.get(id), card))
		}
	}
	return collection[paymentEntity]{"collection", len(items), items}
}

func (g *razorpay) noteOrder(c *call, m *merchant) reply {
	notes, bad := readNotesOnly(c.body)
	if bad != nil {
		return *bad
	}
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	o, bad := g.order(m, c.PathValue("id"))
	if bad != nil {
		return *bad
	}
	o.Entity.Notes = notes
	g.orders.put(o.Entity.ID, o)
	return jsonReply(http.StatusOK, g.orderView(o))
}

// readNotesOnly reads the body of a PATCH, which can change nothing but the notes.
func readNotesOnly(body []byte) (json.RawMessage, *reply) {
	in, bad := readRazorpay(body, "notes")
	if bad != nil {
		return nil, bad
	}
	if in["notes"] == nil {
		return nil, required("notes")
	}
	notes, ok := readNotes(in["notes"])
	if !ok {
		bad := razorpayInvalid("notes", "Notes validation failed.")
		return nil, &bad
	}
	return notes, nil
}
