package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// credited finds the delivery a credit is about, and whether it offers an action.
func (o *sveaOrder) credited(c *call, action string) (*sveaDelivery, *reply) {
	o.act()
	d := o.delivery(number(c.PathValue("delivery")))
	if d == nil {
		bad := sveaBare(http.StatusNotFound)
		return nil, &bad
	}
	if !slices.Contains(d.Actions, action) {
		return nil, sveaNoAction(action)
	}
	return d, nil
}

type sveaCreditRequest struct {
	IDs     []int64    `json:"OrderRowIds"`
	Options []sveaPart `json:"RowCreditingOptions"`
	Row     *sveaRow   `json:"NewCreditOrderRow"`
	Rows    []sveaRow  `json:"NewCreditOrderRows"`
	Fee     *sveaRow   `json:"Fee"`
}

// creditRows starts to give back rows of a delivery, or free rows of any text.
func (g *svea) creditRows(c *call, o *sveaOrder) reply {
	var in sveaCreditRequest
	if bad := readSvea(c, &in); bad != nil {
		return *bad
	}
	if in.Row != nil {
		in.Rows = append(in.Rows, *in.Row)
	}
	if len(in.Rows)+len(in.IDs) == 0 {
		return *sveaInvalid("OrderRowIds", "There is nothing to credit.")
	}
	return g.credit(c, o, in)
}

// creditWithFee starts to give back rows of a delivery less a fee.
func (g *svea) creditWithFee(c *call, o *sveaOrder) reply {
	var in sveaCreditRequest
	if bad := readSvea(c, &in); bad != nil {
		return *bad
	}
	if in.Fee == nil || len(in.IDs) == 0 || len(in.Rows) > 0 || in.Row != nil {
		return *sveaInvalid("Fee", "Rows and a fee are needed.")
	}
	in.Fee.Quantity = 100
	if bad := in.Fee.bad(); bad != nil {
		return *bad
	}
	return g.credit(c, o, in)
}

// credit checks what is to be given back and starts the task.
func (g *svea) credit(c *call, o *sveaOrder, in sveaCreditRequest) reply {
	var d *sveaDelivery
	var bad *reply
	var amount int64
	t := &sveaTask{Kind: "credit", Rows: in.Rows, Fee: in.Fee}
	if len(in.IDs) > 0 {
		if d, bad = o.credited(c, "CanCreditOrderRows"); bad != nil {
			return *bad
		}
		if t.Parts, bad = pick(in.IDs, in.Options, func(id int64) int64 { return o.creditable(d, id) }); bad != nil {
			return *bad
		}
		for i := range d.Rows {
			amount += d.Rows[i].part(t.Parts[d.Rows[i].ID])
		}
	}
	if len(in.Rows) > 0 {
		if d, bad = o.credited(c, "CanCreditNewRow"); bad != nil {
			return *bad
		}
	}
	for i := range in.Rows {
		if in.Rows[i].Quantity == 0 {
			in.Rows[i].Quantity = 100
		}
		if bad := in.Rows[i].bad(); bad != nil {
			return *bad
		}
		amount += in.Rows[i].total()
	}
	if in.Fee != nil {
		amount -= in.Fee.total()
	}
	if amount <= 0 || amount > d.Amount-d.Credited && g.s.capped(g.code()) {
		return *sveaInvalid("UnitPrice", "The amount is more than what is left of the delivery.")
	}
	t.Delivery, t.Amount = d.ID, amount
	return g.start(c, o, t)
}

// creditable is the quantity of a delivery's row that can be credited.
func (o *sveaOrder) creditable(d *sveaDelivery, id int64) int64 {
	for i := range d.Rows {
		if d.Rows[i].ID == id && o.Loose {
			return d.Rows[i].Quantity
		} else if d.Rows[i].ID == id {
			return o.left(d, &d.Rows[i])
		}
	}
	return 0
}

// creditAmount sets the credited amount of a delivery: a new total. A bank may take its time.
func (g *svea) creditAmount(c *call, o *sveaOrder) reply {
	var in struct {
		Amount *int64 `json:"CreditedAmount"`
	}
	if bad := readSvea(c, &in); bad != nil {
		return *bad
	}
	d, bad := o.credited(c, "CanCreditAmount")
	if bad != nil {
		return *bad
	}
	switch {
	case in.Amount == nil || *in.Amount < 0 || *in.Amount > sveaMost:
		return *sveaInvalid("CreditedAmount", "The amount has 1 to 13 digits.")
	case *in.Amount <= d.Credited:
		return *sveaInvalid("CreditedAmount", "The amount has to be more than what is credited already.")
	case *in.Amount > d.Amount-o.Late && g.s.capped(g.code()):
		return *sveaInvalid("CreditedAmount", "The amount is more than the delivery's.")
	}
	t := &sveaTask{Kind: "bank", Delivery: d.ID, Amount: *in.Amount - d.Credited, Credit: o.nextCredit()}
	slow := o.kind() == "bank" && !strings.EqualFold(o.Entity.PaymentType, "Swish")
	if slow || c.plan.fails {
		g.fly(o, t, c.plan)
		return sveaBare(http.StatusNoContent)
	}
	g.giveBack(o, t)
	return jsonReply(http.StatusOK, map[string]int64{"CreditId": t.Credit})
}

// nextCredit is the id of the order's next credit.
func (o *sveaOrder) nextCredit() int64 {
	n := 0
	for _, d := range o.Entity.Deliveries {
		n += len(d.Credits)
	}
	return 8800000 + o.Entity.ID%1000000*1000 + int64(n) + 1
}

// giveBack books a credit: now the money goes back. The caller holds the lock.
func (g *svea) giveBack(o *sveaOrder, t *sveaTask) {
	e, d := &o.Entity, o.delivery(t.Delivery)
	made := sveaCredit{Amount: -t.Amount, Rows: []sveaRow{}, Actions: []string{}}
	for i := range d.Rows {
		r := d.Rows[i]
		if quantity := t.Parts[r.ID]; quantity > 0 {
			o.Credited[rowKey(d.ID, r.ID)] += quantity
			r.Quantity, r.Actions = -quantity, []string{}
			made.Rows = append(made.Rows, r)
		}
	}
	for _, r := range t.Rows {
		r.Quantity, r.Actions = -r.Quantity, []string{}
		made.Rows = append(made.Rows, r)
	}
	if t.Fee != nil {
		fee := *t.Fee
		fee.Actions = []string{}
		made.Rows = append(made.Rows, fee)
	}
	d.Credits = append(d.Credits, made)
	d.Credited += t.Amount
	g.record("refund", o, t.Amount, strconv.FormatInt(t.Credit, 10))
	left := e.Status == "Open"
	for _, d := range e.Deliveries {
		left = left || d.Credited < d.Amount
	}
	if named := strings.ToLower(e.PaymentType); !left && (named == "accountcredit" || named == "paymentplan") {
		e.Status = "Cancelled"
	}
	g.tell(o, "CheckoutOrder.CreditSucceeded", map[string]any{"DeliveryId": d.ID, "CreditId": t.Credit})
}
