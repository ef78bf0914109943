package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// soldSvea is what somebody who made an order exist is told of it.
type soldSvea struct {
	Gateway     string   `json:"gateway"`
	ID          string   `json:"id"`
	Order       string   `json:"order"`
	State       string   `json:"state"`
	PaymentType string   `json:"payment_type"`
	AmountMinor int64    `json:"amount_minor"`
	Captured    int64    `json:"captured_minor"`
	Refunded    int64    `json:"refunded_minor"`
	Cancelled   int64    `json:"cancelled_minor"`
	Currency    string   `json:"currency"`
	Actions     []string `json:"actions"`
}

func (g *svea) sold(o *sveaOrder) soldSvea {
	o.act()
	e := &o.Entity
	return soldSvea{
		g.code(), o.key(), e.MerchantOrderID, e.Status, e.PaymentType, e.Amount, o.delivered(), o.back(), e.Cancelled, e.Currency, e.Actions,
	}
}

// back is what the buyer got back of what was delivered.
func (o *sveaOrder) back() int64 {
	sum := o.Late
	for _, d := range o.Entity.Deliveries {
		sum += d.Credited
	}
	return sum
}

// sveaTypes are the payment types an order can be made with.
var sveaTypes = []string{"Invoice", "AccountCredit", "PaymentPlan", "Card", "Vipps", "MobilePay", "Swish", "Trustly", "DirectBank"}

// sell makes an order exist: authorized (open), pending, captured (delivered), settled, refunded,
// cancelled or expired. An order whose id is known is returned as it is.
func (g *svea) sell(in paymentRequest) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if o := g.orders.get(in.ID); o != nil {
		return g.sold(o), nil
	}
	m := g.s.merchantOf(g.code(), in.KeyID)
	in.State, in.PaymentType = cmp.Or(in.State, "authorized"), cmp.Or(in.PaymentType, "Invoice")
	id := cmp.Or(in.ID, strconv.FormatInt(g.last+1, 10))
	switch {
	case m == nil:
		return nil, fmt.Errorf("svea has no merchant %q", in.KeyID)
	case number(id) <= 0 || strconv.FormatInt(number(id), 10) != id:
		return nil, errors.New("the id of an order at svea is a number")
	case !slices.Contains([]string{"authorized", "pending", "captured", "settled", "refunded", "cancelled", "expired"}, in.State):
		return nil, fmt.Errorf("an order at svea cannot be %q", in.State)
	case !slices.Contains(sveaTypes, in.PaymentType):
		return nil, fmt.Errorf("svea has no payment type %q", in.PaymentType)
	case in.Refunded < 0 || in.Refunded > in.AmountMinor:
		return nil, errors.New("refunded_minor is more than the amount")
	}
	var rows []sveaRow
	for _, l := range linesOf(in) {
		rows = append(rows, sveaRow{
			Article: l.Reference, Name: l.Name, Quantity: l.Quantity * 100, UnitPrice: l.UnitMinor, Vat: l.TaxRate, Unit: "st", Actions: []string{},
		})
		if bad := rows[len(rows)-1].bad(); bad != nil {
			return nil, fmt.Errorf("svea does not take the line: %s", bad.body)
		}
	}
	o := g.newOrder(m, number(id), in.PaymentType, rows, in.Currency)
	if o.Entity.Amount != in.AmountMinor {
		return nil, fmt.Errorf("the lines make %d, the amount is %d", o.Entity.Amount, in.AmountMinor)
	}
	e := &o.Entity
	e.MerchantOrderID, e.Email, e.Phone = in.Order, cmp.Or(in.Email, e.Email), cmp.Or(in.Contact, e.Phone)
	e.Billing = sveaAddress{Name: cmp.Or(in.Name, "Test Kund"), Street: "Gatan 1", Code: "11122", City: "Stockholm", Country: "SE"}
	o.PushURL = cmp.Or(in.PushURL, o.PushURL)
	if in.CreatedAt > 0 {
		o.date(time.Unix(in.CreatedAt, 0).UTC(), m.HoldDays)
	}
	if err := g.bring(o, in); err != nil {
		return nil, err
	}
	if in.Webhook {
		g.s.emit(g.push(o.PushURL, o.key()))
	}
	return g.sold(o), nil
}

// bring takes a new order to the state that is wanted. The caller holds the lock.
func (g *svea) bring(o *sveaOrder, in paymentRequest) error {
	if in.State == "pending" {
		o.hold()
	}
	g.place(o)
	g.tell(o, "CheckoutOrder.Created", nil)
	switch in.State {
	case "captured", "settled", "refunded":
		if o.kind() != "bank" {
			g.deliverAll(o)
		}
		o.Settled = in.State == "settled" || in.Refunded > 0 || in.State == "refunded"
	case "cancelled":
		if bad := g.cancel(o); bad != nil {
			return errors.New("this order cannot be cancelled")
		}
	case "expired":
		g.expire(o)
	}
	if in.State == "refunded" {
		in.Refunded = in.AmountMinor
	}
	if in.Refunded > 0 {
		return g.creditInPortal(o, in.Refunded)
	}
	g.orders.put(o.key(), o)
	return nil
}

// deliverAll delivers everything that is open. The caller holds the lock.
func (g *svea) deliverAll(o *sveaOrder) {
	parts := map[int64]int64{}
	for _, r := range o.Entity.Rows {
		if !r.Cancelled {
			parts[r.ID] = r.Quantity
		}
	}
	g.book(o, g.deliverParts(o, parts))
	g.orders.put(o.key(), o)
}

// creditInPortal gives an amount back, of one delivery after the other. The caller holds the lock.
func (g *svea) creditInPortal(o *sveaOrder, amount int64) error {
	o.act()
	if o.can("CanCancelAmount") && o.Entity.Status == "Delivered" {
		if g.cancelAmount(o, o.Entity.Cancelled+amount) != nil {
			return fmt.Errorf("%s %s are more than what is left", decimal(amount, o.Entity.Currency), o.Entity.Currency)
		}
		g.orders.put(o.key(), o)
		return nil
	}
	left := o.delivered() - o.back()
	if amount <= 0 || amount > left {
		return fmt.Errorf("%s %s are left to refund", decimal(left, o.Entity.Currency), o.Entity.Currency)
	}
	for i := range o.Entity.Deliveries {
		d := &o.Entity.Deliveries[i]
		if part := min(amount, d.Amount-d.Credited); part > 0 {
			g.giveBack(o, &sveaTask{
				Delivery: d.ID, Amount: part, Credit: o.nextCredit(),
				Rows: []sveaRow{{Name: "Refunded in the portal", Quantity: 100, UnitPrice: part}},
			})
			amount -= part
		}
	}
	g.orders.put(o.key(), o)
	return nil
}

// move brings an order to another state, as the portal, the bank or time would.
func (g *svea) move(payment, state string, _ bool) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	o := g.orders.get(payment)
	if o == nil {
		return nil, errNotMine
	}
	e := &o.Entity
	switch {
	case state == "captured" && o.can("CanDeliverOrder"):
		g.deliverAll(o)
	case state == "settled" && e.Status == "Delivered":
		o.Settled, e.SystemStatus = true, "Closed"
	case state == "cancelled" && o.can("CanCancelOrder"):
		_ = g.cancel(o) // it can
	case state == "expired" && e.Status == "Open":
		g.expire(o)
	case state == "pending" && e.Status == "Open":
		o.hold()
	case state == "released" && e.SystemStatus == "Pending":
		e.SystemStatus, e.SystemMessage = "Active", nil
		if o.kind() == "bank" {
			g.book(o, g.delivery(o, e.Amount))
		}
		g.tell(o, "CheckoutOrder.PendingStatusReleased", nil)
	case state == "closed" && e.SystemStatus == "Pending":
		e.Status, e.SystemStatus, e.SystemMessage, e.Cancelled = "Cancelled", "Closed", nil, e.Amount
		g.record("void", o, e.Amount, o.key())
		g.tell(o, "CheckoutOrder.Closed", map[string]any{"CloseReason": "Cancelled"})
	default:
		return nil, fmt.Errorf("an order that is %s and %s does not become %s", e.Status, e.SystemStatus, state)
	}
	g.orders.put(o.key(), o)
	return g.sold(o), nil
}

// portalRefund is a credit made in Svea's portal.
func (g *svea) portalRefund(payment string, amount int64, _ bool) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	o := g.orders.get(payment)
	if o == nil {
		return nil, errNotMine
	}
	if err := g.creditInPortal(o, cmp.Or(amount, o.delivered()-o.back())); err != nil {
		return nil, err
	}
	return g.sold(o), nil
}

// settleRefund has nothing to decide by id: faults make a credit fail.
func (g *svea) settleRefund(string, string, bool) (any, error) { return nil, errNotMine }

// controls are Svea's own routes of the sandbox.
func (g *svea) controls(mux *http.ServeMux) {
	mux.HandleFunc("POST /_sandbox/svea/orders/{id}", control(g.s, g.tune))
}

// tune answers POST /_sandbox/svea/orders/{id}: what the next task does, how answers look.
func (g *svea) tune(r *http.Request, in struct {
	NextTask  *string `json:"next_task"`  // fail, vanish (done, but nobody knows the task), stay (for an hour)
	NoRaise   *bool   `json:"no_raise"`   // the credit check of an increase says no
	Mark      *bool   `json:"mark"`       // JSON with a byte order mark in front
	NullLists *bool   `json:"null_lists"` // empty lists as null
	Status    *string `json:"status"`     // any word, also one nobody knows
},
) (any, error) {
	if in.NextTask != nil && !slices.Contains([]string{"", "fail", "vanish", "stay"}, *in.NextTask) {
		return nil, fmt.Errorf("a task does not %s; it can fail, vanish or stay", *in.NextTask)
	}
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	o := g.orders.get(r.PathValue("id"))
	if o == nil {
		return nil, errNotMine
	}
	set(&o.NextTask, in.NextTask)
	set(&o.NoRaise, in.NoRaise)
	set(&o.Mark, in.Mark)
	set(&o.NullLists, in.NullLists)
	set(&o.Entity.Status, in.Status)
	g.orders.put(o.key(), o)
	return g.sold(o), nil
}
