package sandbox

import (
	"net/http"
	"strconv"
)

// sveaPart is some of the quantity of a row.
type sveaPart struct {
	Row      int64 `json:"OrderRowId"`
	Quantity int64 `json:"Quantity"`
}

// deliver starts to deliver an order or some of its rows. The work is a task: 202 is not success.
func (g *svea) deliver(c *call, o *sveaOrder) reply {
	var in struct {
		IDs        []int64    `json:"OrderRowIds"`
		Options    []sveaPart `json:"RowDeliveryOptions"`
		How        any        `json:"InvoiceDistributionType"`
		CancelRest bool       `json:"CancelRemaining"`
	}
	if bad := readSvea(c, &in); bad != nil {
		return *bad
	}
	if !o.can("CanDeliverOrder") {
		return *sveaNoAction("CanDeliverOrder")
	}
	if len(in.IDs) == 0 {
		for _, r := range o.Entity.Rows {
			if !r.Cancelled {
				in.IDs = append(in.IDs, r.ID)
			}
		}
	}
	parts, bad := pick(in.IDs, in.Options, func(id int64) int64 {
		if r := o.row(id); r != nil && !r.Cancelled {
			return r.Quantity
		}
		return 0
	})
	if bad != nil {
		return *bad
	}
	whole := true
	for _, r := range o.Entity.Rows {
		whole = whole && (r.Cancelled || parts[r.ID] == r.Quantity)
	}
	if !whole && !o.can("CanDeliverPartially") {
		return *sveaNoAction("CanDeliverPartially")
	}
	return g.start(c, o, &sveaTask{Kind: "deliver", Parts: parts, CancelRest: in.CancelRest, Delivery: o.nextDelivery()})
}

// pick is how much of each row a request means: all of it, or what its options say. there is the
// quantity a row has, 0 for none.
func pick(ids []int64, options []sveaPart, there func(int64) int64) (map[int64]int64, *reply) {
	parts := map[int64]int64{}
	for _, id := range ids {
		if parts[id] = there(id); parts[id] <= 0 {
			return nil, sveaInvalid("OrderRowIds", "There is no such row "+strconv.FormatInt(id, 10)+".")
		}
	}
	for _, part := range options {
		if most, named := parts[part.Row]; !named || part.Quantity < 1 || part.Quantity > most {
			return nil, sveaInvalid("Quantity", "Row "+strconv.FormatInt(part.Row, 10)+" has another quantity.")
		}
		parts[part.Row] = part.Quantity
	}
	return parts, nil
}

// deliverLess starts to deliver a smaller amount of a card payment; the rest is given up.
func (g *svea) deliverLess(c *call, o *sveaOrder) reply {
	var in struct {
		Amount int64 `json:"DeliveredAmount"`
	}
	if bad := readSvea(c, &in); bad != nil {
		return *bad
	}
	left := o.Entity.Amount - o.Entity.Cancelled
	switch {
	case !o.can("CanDeliverOrder"):
		return *sveaNoAction("CanDeliverOrder")
	case !o.can("CanCancelAmount"):
		return *sveaNoAction("CanCancelAmount")
	case in.Amount <= 0 || in.Amount > sveaMost:
		return *sveaInvalid("DeliveredAmount", "The amount has 1 to 13 digits.")
	case in.Amount > left && g.s.capped(g.code()):
		return *sveaInvalid("DeliveredAmount", "The amount is more than what is left of the order.")
	}
	return g.start(c, o, &sveaTask{Kind: "lower", Amount: in.Amount, Delivery: o.nextDelivery()})
}

// nextDelivery is the id of the order's next delivery.
func (o *sveaOrder) nextDelivery() int64 {
	return 5600000 + o.Entity.ID%1000000*100 + int64(len(o.Entity.Deliveries)) + 1
}

// delivery makes a delivery of an amount without looking at rows: all of them go along. The caller
// holds the lock.
func (g *svea) delivery(o *sveaOrder, amount int64) sveaDelivery {
	d := g.emptyDelivery(o)
	d.Amount = amount
	d.Rows = append(d.Rows, o.Entity.Rows...)
	o.Entity.Rows = []sveaRow{}
	return d
}

func (g *svea) emptyDelivery(o *sveaOrder) sveaDelivery {
	now := g.s.clock()
	d := sveaDelivery{
		ID: o.nextDelivery(), CreatedAt: now.Format(sveaTime), Credits: []sveaCredit{}, Rows: []sveaRow{}, Actions: []string{},
	}
	if o.kind() == "rows" || o.kind() == "plan" {
		invoice, sent, due := d.ID-4400000, "Sent", now.AddDate(0, 0, 30).Format(sveaTime)
		d.InvoiceID, d.Status, d.DueDate = &invoice, &sent, &due
	}
	return d
}

// deliverParts moves rows, or some of their quantity, into a delivery. The caller holds the lock.
func (g *svea) deliverParts(o *sveaOrder, parts map[int64]int64) sveaDelivery {
	if o.kind() == "card" {
		return g.delivery(o, o.Entity.Amount-o.Entity.Cancelled)
	}
	d := g.emptyDelivery(o)
	var rest []sveaRow
	for _, r := range o.Entity.Rows {
		quantity := parts[r.ID]
		if quantity > 0 {
			gone := r
			gone.Quantity = quantity
			if quantity < r.Quantity {
				gone.Discount = r.Discount * quantity / r.Quantity
			}
			d.Rows = append(d.Rows, gone)
			d.Amount += gone.total()
			r.Discount -= gone.Discount
		}
		if r.Quantity -= quantity; r.Quantity > 0 {
			rest = append(rest, r)
		}
	}
	o.Entity.Rows = atLeastEmpty(rest)
	return d
}

// book adds a delivery to an order: now the money is taken. The caller holds the lock.
func (g *svea) book(o *sveaOrder, d sveaDelivery) {
	e := &o.Entity
	e.Deliveries = append(e.Deliveries, d)
	e.Status = "Delivered"
	for _, r := range e.Rows {
		if !r.Cancelled {
			e.Status = "Open"
		}
	}
	if e.Status == "Delivered" && o.kind() != "card" {
		e.SystemStatus = "Closed"
	}
	g.record("capture", o, d.Amount, strconv.FormatInt(d.ID, 10))
	g.tell(o, "CheckoutOrder.Delivered", map[string]any{"DeliveryId": d.ID})
}

// address is where Payment Admin serves an order.
func (g *svea) address(c *call, o *sveaOrder) string {
	return hostOf(c) + "/svea/admin/api/v1/orders/" + o.key()
}

// showCredit is what a task of a credit leads to.
func (g *svea) showCredit(c *call, o *sveaOrder) reply {
	id := number(c.PathValue("credit"))
	if o.delivery(number(c.PathValue("delivery"))) == nil || id == 0 {
		return sveaBare(http.StatusNotFound)
	}
	return jsonReply(http.StatusOK, map[string]int64{"CreditId": id})
}
